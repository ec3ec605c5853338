"""Random tables, and what is to be made of them: encoders, scalers and estimators for tables."""

import datetime
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from component_tables import CLASSIFICATION_LOSSES, LOSSES
from fuzz_strategies import (
    LABELS,
    MISTAKES,
    NUMBERS,
    TARGET_CONTAINERS,
    VALIDATION,
    WEIGHTS,
    usually,
    with_one,
)
from hypothesis import reject
from hypothesis import strategies as st
from scipy import sparse

from skbackprop import SmoothClipScaler, TableEncoder, TabularClassifier, TabularRegressor
from skbackprop.activations import LeakyReLU
from skbackprop.losses import REGRESSION_LOSSES

__all__ = ["Table", "TableCall", "encoder_calls", "scaler_calls", "tabular_calls"]

WORDS = np.array(["ash", "oak", "Ömsk", "", "elm ", "1", "1.0", "nan", "None", "a" * 300], object)


@dataclass
class Table:
    """A table, other rows of the same kinds of columns, and how they were made."""

    X: Any
    others: Any
    n_rows: int
    made_of: dict


@dataclass
class TableCall:
    """What is fitted to a table; targets and weights for those that take them."""

    estimator: Any
    table: Table
    y: Any = None
    sample_weight: Any = None
    made_of: dict = field(default_factory=dict)
    validation: dict = field(default_factory=dict)


# ---- columns


def words(rng, n, n_levels=5):
    return WORDS[rng.integers(0, n_levels, n)]


def days(rng, n):
    return rng.integers(0, 20_000, n).astype("M8[D]")


def with_holes(values, rng, hole):
    """A list of objects, some of them replaced by what means that nothing is there."""
    cells = np.array(values, dtype=object)
    cells[rng.uniform(size=len(cells)) < 0.3] = hole
    return cells


NUMERIC = {
    "normal": lambda rng, n: rng.normal(size=n),
    "holes": lambda rng, n: np.where(rng.uniform(size=n) < 0.3, np.nan, rng.normal(size=n)),
    "nothing": lambda rng, n: np.full(n, np.nan),
    "constant": lambda rng, n: np.full(n, -2.5),
    "constant and holes": lambda rng, n: np.where(rng.uniform(size=n) < 0.3, np.nan, 1e300),
    "two values": lambda rng, n: rng.integers(0, 2, n) * 3.0,
    "counts": lambda rng, n: rng.poisson(2.0, size=n),
    "booleans": lambda rng, n: rng.uniform(size=n) < 0.5,
    "int8": lambda rng, n: rng.integers(-128, 128, n).astype("i1"),
    "long integers": lambda rng, n: rng.integers(-(2**62), 2**62, n),
    "uint64": lambda rng, n: rng.integers(0, 2**63, n).astype("u8") * 2,
    "float32": lambda rng, n: rng.normal(size=n).astype("f4"),
    "half": lambda rng, n: rng.normal(size=n).astype("f2"),
    "large": lambda rng, n: 1e30 * rng.normal(size=n),
    "huge": lambda rng, n: 1e300 * rng.normal(size=n),
    "largest": lambda rng, n: np.finfo(float).max * rng.uniform(-1, 1, size=n),
    "tiny": lambda rng, n: 1e-300 * rng.normal(size=n),
    "subnormal": lambda rng, n: 1e-312 * rng.normal(size=n),
    "any scale": lambda rng, n: rng.normal(size=n) * 10.0 ** rng.integers(-300, 301, n),
    "outlier": lambda rng, n: with_one(rng.normal(size=n), 1e200),
    "infinite": lambda rng, n: with_one(rng.normal(size=n), np.inf),
}
OBJECTS = {
    "words": words,
    "many words": lambda rng, n: np.array([f"w{i}" for i in rng.permutation(n)], dtype=object),
    "one word": lambda rng, n: np.full(n, "oak", dtype=object),
    "any words": lambda rng, n: words(rng, n, len(WORDS)),
    "words, None": lambda rng, n: with_holes(words(rng, n), rng, None),
    "words, NaN": lambda rng, n: with_holes(words(rng, n), rng, np.nan),
    "words, NA": lambda rng, n: with_holes(words(rng, n), rng, pd.NA),
    "nothing, None": lambda rng, n: np.full(n, None, dtype=object),
    "numbers, None": lambda rng, n: with_holes(rng.normal(size=n), rng, None),
    "numbers as objects": lambda rng, n: rng.integers(0, 4, n).astype(object),
    "booleans, None": lambda rng, n: with_holes(rng.uniform(size=n) < 0.5, rng, None),
    "words and numbers": lambda rng, n: np.where(
        rng.uniform(size=n) < 0.5, "oak", rng.integers(3)
    ),
    "dates": lambda rng, n: np.array(["2020-01-01"] * n, dtype="M8[D]").astype(object),
    "dates, None": lambda rng, n: with_holes(days(rng, n).astype("M8[us]"), rng, None),
    "dates and words": lambda rng, n: with_one(days(rng, n).astype(object), "oak"),
    "times": lambda rng, n: np.array([datetime.time(h) for h in rng.integers(0, 24, n)], object),
    "decimals": lambda rng, n: np.array([Decimal(i) / 10 for i in rng.integers(0, 3, n).tolist()]),
    "bytes": lambda rng, n: np.full(n, b"oak", dtype=object),
    "lists": lambda rng, n: with_one(np.full(n, "oak", dtype=object), ("a", "tuple")),
    "complex": lambda rng, n: rng.normal(size=n).astype(complex).astype(object),
    "big integers": lambda rng, n: np.full(n, 10**400, dtype=object),
}
# Columns that only pandas knows.
OF_PANDAS = {
    "category": lambda rng, n: pd.Categorical(words(rng, n), categories=list(WORDS)),
    "ordered category": lambda rng, n: pd.Categorical(
        words(rng, n, 4), list(WORDS[:4]), ordered=True
    ),
    "category of numbers": lambda rng, n: pd.Categorical(rng.integers(0, 3, n) / 2),
    "string": lambda rng, n: pd.array(with_holes(words(rng, n), rng, pd.NA), dtype="string"),
    "Int64": lambda rng, n: pd.array(with_holes(rng.integers(0, 9, n), rng, pd.NA), "Int64"),
    "Float32": lambda rng, n: pd.array(with_holes(rng.normal(size=n), rng, pd.NA), "Float32"),
    "boolean": lambda rng, n: pd.array(
        with_holes(rng.uniform(size=n) < 0.5, rng, pd.NA), "boolean"
    ),
    "sparse": lambda rng, n: pd.arrays.SparseArray(rng.integers(0, 2, n).astype(float)),
    "moments": lambda rng, n: pd.date_range("2020", periods=n),
    "moments of any year": lambda rng, n: pd.Series(
        rng.integers(-(2**39), 2**39, n).astype("M8[s]")
    ),
    "moments, NaT": lambda rng, n: pd.Series(days(rng, n).astype("M8[ns]")).where(
        rng.uniform(size=n) < 0.7
    ),
    "moments of a zone": lambda rng, n: pd.Series(days(rng, n).astype("M8[s]")).dt.tz_localize(
        "Europe/Berlin"
    ),
    "periods": lambda rng, n: pd.period_range("2020", periods=n, freq="D"),
    "spans": lambda rng, n: pd.timedelta_range("1 day", periods=n),
    "intervals": lambda rng, n: pd.interval_range(0, n, periods=n),
    "cut": lambda rng, n: pd.cut(rng.normal(size=n), [-9, -1, 0, 1, 9]),
    "category of booleans": lambda rng, n: pd.Categorical(rng.uniform(size=n) < 0.5),
    "category of periods": lambda rng, n: pd.Categorical(
        pd.period_range("2020", periods=n, freq="D")
    ),
    "category of float32": lambda rng, n: pd.Categorical(rng.integers(0, 3, n).astype("f4") / 10),
    "long Int64": lambda rng, n: pd.array(
        with_holes(2**60 + rng.integers(0, 9, n), rng, pd.NA), "Int64"
    ),
    "tuples": lambda rng, n: pd.Series([(i, "oak") for i in rng.integers(0, 3, n).tolist()]),
}
COLUMNS = NUMERIC | OBJECTS | OF_PANDAS


# ---- what the columns are kept in


def pandas_table(columns):
    frame = pd.DataFrame({f"x{i}": column for i, column in enumerate(columns)})
    return frame.set_axis([f"row {i % 3}" for i in range(len(frame))])


def numbered_table(columns):
    return pandas_table(columns).set_axis(range(len(columns)), axis=1)


def repeated_names(columns):
    return pandas_table(columns).set_axis(["x"] * len(columns), axis=1)


def nullable_table(columns):
    with np.errstate(invalid="ignore"):  # which pandas 2 is not careful about
        return pandas_table(columns).convert_dtypes()


def polars_table(columns):
    """A polars frame; what polars does not know becomes text."""
    series = []
    for i, column in enumerate(columns):
        cells = [None if pd.isna(cell) else cell for cell in list(column)]
        # polars 1.0 does not know half floats.
        cells = [np.float32(cell) if isinstance(cell, np.float16) else cell for cell in cells]
        series.append(pl.Series(f"x{i}", cells, strict=False))
    return pl.DataFrame(series)


def polars_categories(columns):
    return polars_table(columns).with_columns(pl.col(pl.String).cast(pl.Categorical))


def object_array(columns):
    return np.array([np.array(column, dtype=object) for column in columns], dtype=object).T


def number_array(columns):
    return np.array([np.asarray(column, dtype=float) for column in columns]).T


TABLES = {
    "pandas": pandas_table,
    "pandas, numbered": numbered_table,
    "pandas, repeated names": repeated_names,
    "pandas, nullable": nullable_table,
    "polars": polars_table,
    "polars, categories": polars_categories,
    "objects": object_array,
    "lists": lambda columns: object_array(columns).tolist(),
}
ARRAYS = {
    "array": number_array,
    "float32": lambda columns: clipped(number_array(columns)).astype("f4"),
    "big-endian": lambda columns: number_array(columns).astype(">f8"),
    "Fortran": lambda columns: np.asfortranarray(number_array(columns)),
    "CSR": lambda columns: sparse.csr_array(number_array(columns)),
    "CSC": lambda columns: sparse.csc_matrix(number_array(columns)),
}
NEEDS_PANDAS = {"pandas", "pandas, numbered", "pandas, repeated names", "pandas, nullable"}


def clipped(X):
    return np.clip(X, -1e38, 1e38)


@st.composite
def tables(draw, only_arrays=False):
    """A :class:`Table`."""
    container = draw(st.sampled_from([*ARRAYS] if only_arrays else [*TABLES, *TABLES, *ARRAYS]))
    kinds = NUMERIC
    if container in TABLES:
        kinds = COLUMNS if container in NEEDS_PANDAS else NUMERIC | OBJECTS
    usual = st.sampled_from([kind for kind in list(kinds)[:4] + ["words"] if kind in kinds])
    column = st.one_of(usual, st.sampled_from(list(kinds)))
    made_of = {
        "container": container,
        "columns": draw(st.lists(column, min_size=1, max_size=5)),
        "n_rows": draw(st.one_of(st.integers(5, 40), st.sampled_from([1, 2, 3, 200, 0]))),
        "seed": draw(st.integers(0, 2**20)),
    }

    def make(seed, n_rows):
        rng = np.random.default_rng(seed)
        columns = [kinds[kind](rng, n_rows) for kind in made_of["columns"]]
        try:
            return (TABLES | ARRAYS)[container](columns)
        except OverflowError:  # pandas 2 cannot hold the big integers
            reject()

    n_rows = made_of["n_rows"]
    return Table(make(made_of["seed"], n_rows), make(made_of["seed"] + 1, 7), n_rows, made_of)


# ---- what is fitted

ENCODER = {
    "categorical_features": ["from_dtype", None, [0], [-1], ["x0"], [], [True], [5], "x0", [1.5]],
    "min_frequency": [5, None, 1, 2, 0.3, 1000, 0, -1.0],
    "max_categories": [100, None, 1, 2, 3, 0],
    "dtype": [np.float32, np.float64, "float64", np.float16, int, "text"],
}
SCALER = {"clip": [3.0, 1, 1e-300, 1e300, 0.1, 0, np.inf, np.nan, "x"]}
TABULAR = {
    "n_members": [1, 2, 3],
    "hidden_layer_sizes": [(3,), 4, (5, 2), ()],
    "activation": ["silu", "relu", "tanh", "softmax", LeakyReLU(0.2), ["relu"]],
    "learning_rate_init": [0.08, 1e-300, 1.0, 1e10],
    "dropout": [0.15, 0.0, 0.9, [0.5]],
    "weight_decay": [0.02, 0.0, 10.0],
    "max_iter": [2, 1, 5],
    "min_steps": [0, 7],
    "batch_size": ["auto", 1, 5, 1000],
    "validation_fraction": [0.15, 0.0, 0.5, 0.9],
    "validation": [None, *VALIDATION],
    "n_iter_no_change": [30, 1, np.inf],
    "embedding": ["auto", "periodic", None],
    "categorical_features": ["from_dtype", None, [0], [-1], ["x0"]],
    "missing_targets": ["ignore", "error"],
    "verbose": [False, True],
}
OF_CLASSIFIER = {
    "label_smoothing": [0.0, 0.1, 1.0],
    "class_weight": [None, "balanced", {0: 2.0, 1: 0.5}, {"ant": 3}, [{0: 1, 1: 2}] * 3],
    "loss": ["log_loss", *CLASSIFICATION_LOSSES.values(), "focal", "squared_error"],
}
OF_REGRESSOR = {
    "loss": [*REGRESSION_LOSSES]
    + [LOSSES[name] for name in ("quantile_bands", "tweedie_3", "huber_narrow")],
}
SMALL = {"hidden_layer_sizes": (3,), "n_members": 2, "max_iter": 2, "min_steps": 0}
KINDS = {
    "classifier": (TabularClassifier, TABULAR | OF_CLASSIFIER, LABELS),
    "regressor": (TabularRegressor, TABULAR | OF_REGRESSOR, NUMBERS),
}


def chosen(draw, values, most, mistakes=False):
    """Some parameters, at most so many of them other than usual."""
    names = draw(st.lists(st.sampled_from(sorted(values)), unique=True, max_size=most))
    parameters = {name: draw(st.sampled_from(values[name])) for name in names}
    if mistakes and draw(st.integers(0, 7)) == 7:
        parameters[draw(st.sampled_from(sorted(values)))] = draw(st.sampled_from(MISTAKES))
    return parameters


@st.composite
def encoder_calls(draw):
    """A :class:`TableCall` of ``TableEncoder``."""
    return TableCall(TableEncoder(**chosen(draw, ENCODER, 2)), draw(tables()))


@st.composite
def scaler_calls(draw):
    """A :class:`TableCall` of ``SmoothClipScaler``."""
    table = draw(tables(only_arrays=True))
    return TableCall(SmoothClipScaler(**chosen(draw, SCALER, 1)), table)


@st.composite
def tabular_calls(draw):
    """A :class:`TableCall` of an estimator for tables."""
    estimator_class, values, targets = KINDS[draw(st.sampled_from(["classifier", "regressor"]))]
    table = draw(tables())
    made_of = {
        "target": draw(usually(next(iter(targets)), list(targets))),
        "target container": draw(usually("array", list(TARGET_CONTAINERS))),
        "weights": draw(usually("none", list(WEIGHTS))),
        "validation": draw(usually("none", ["none", "same", "other targets", "other table"])),
    }
    rng = np.random.default_rng(table.made_of["seed"])
    y = TARGET_CONTAINERS[made_of["target container"]](
        targets[made_of["target"]](rng, table.n_rows)
    )
    parameters = {"random_state": 0} | SMALL | chosen(draw, values, 6, mistakes=True)
    other_y = targets[draw(st.sampled_from(list(targets)))](rng, table.n_rows)
    other_table = draw(tables())
    validation = {
        "none": {},
        "same": {"X_val": table.X, "y_val": y},
        "other targets": {"X_val": table.X, "y_val": other_y},
        "other table": {
            "X_val": other_table.X,
            "y_val": targets[made_of["target"]](rng, other_table.n_rows),
        },
    }
    return TableCall(
        estimator_class(**parameters),
        table,
        y,
        WEIGHTS[made_of["weights"]](rng, max(table.n_rows, 1)),
        made_of,
        validation[made_of["validation"]],
    )
