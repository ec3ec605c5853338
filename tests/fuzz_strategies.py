"""Random estimators and random data: good ones, odd ones, and impossible ones.

What an example consists of is drawn by name, so that hypothesis can shrink it and a report can be
read; the numbers in the arrays come from a generator whose seed is drawn.
"""

import tempfile
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from component_tables import ACTIVATIONS, CLASSIFICATION_LOSSES, LOSSES
from hypothesis import strategies as st
from scipy import sparse
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    PredefinedSplit,
    StratifiedKFold,
    TimeSeriesSplit,
)

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.activations import ELU, LeakyReLU, from_functions
from skbackprop.losses import REGRESSION_LOSSES

__all__ = [
    "LABELS",
    "MISTAKES",
    "NUMBERS",
    "TARGET_CONTAINERS",
    "VALIDATION",
    "WEIGHTS",
    "Call",
    "Data",
    "calls",
    "one_of_each",
    "usually",
    "with_one",
]


def one_of_each(draw, choices):
    """One of the values of each name."""
    return {name: draw(st.sampled_from(values)) for name, values in choices.items()}


@dataclass
class Data:
    """Rows with their targets and weights; ``made_of`` names what they are."""

    X: Any
    y: Any
    sample_weight: Any
    n_rows: int
    made_of: dict = field(default_factory=dict)


@dataclass
class Call:
    """An estimator and what it is fitted to.

    ``steps`` are the methods to call, in order, each with its data; ``second`` is what ``fit`` is
    given beside its data.
    """

    estimator: Any
    steps: list
    second: dict = field(default_factory=dict)


# ---- features

FEATURES = {
    "normal": lambda rng, n, p: rng.normal(size=(n, p)),
    "uniform": lambda rng, n, p: rng.uniform(size=(n, p)),
    "counts": lambda rng, n, p: rng.integers(0, 4, size=(n, p)).astype(float),
    "mostly zeros": lambda rng, n, p: rng.normal(size=(n, p)) * (rng.uniform(size=(n, p)) < 0.2),
    "zeros": lambda rng, n, p: np.zeros((n, p)),
    "constant": lambda rng, n, p: np.full((n, p), 2.5),
    "equal columns": lambda rng, n, p: np.repeat(rng.normal(size=(n, 1)), p, axis=1),
    "equal rows": lambda rng, n, p: np.repeat(rng.normal(size=(1, p)), n, axis=0),
    "large": lambda rng, n, p: 1e6 * rng.normal(size=(n, p)),
    "huge": lambda rng, n, p: 1e300 * rng.uniform(-1, 1, size=(n, p)),
    "largest": lambda rng, n, p: np.finfo(float).max * rng.uniform(-1, 1, size=(n, p)),
    "tiny": lambda rng, n, p: 1e-300 * rng.normal(size=(n, p)),
    "subnormal": lambda rng, n, p: 1e-312 * rng.normal(size=(n, p)),
    "any scale": lambda rng, n, p: rng.uniform(-1, 1, (n, p)) * 10.0 ** rng.integers(-300, 301, p),
    "outlier": lambda rng, n, p: with_one(rng.normal(size=(n, p)), 1e150),
    "one NaN": lambda rng, n, p: with_one(rng.normal(size=(n, p)), np.nan),
    "one infinity": lambda rng, n, p: with_one(rng.normal(size=(n, p)), np.inf),
}

DTYPES = ["<f8", "<f4", "f8", "f4", ">f8", ">f4", "f2", "g", "i1", "u1", "<i4", ">i8", "?", "O"]


def with_one(array, value):
    """The array, its last entry replaced."""
    if array.size:
        array.flat[-1] = value
    return array


def partly(y, rng, value=np.nan):
    """Targets of which some are missing."""
    y = y.astype(float if value is np.nan else object)
    y[rng.uniform(size=y.shape) < 0.3] = value
    return y


def of_dtype(array, dtype):
    """A copy of another type; what does not fit is cut, without a warning."""
    with np.errstate(all="ignore"):
        return array.astype(dtype)


# ---- what the features are kept in


def reversed_view(X):
    return np.ascontiguousarray(X[::-1, ::-1])[::-1, ::-1]


def strided_view(X):
    wide = np.zeros((2 * X.shape[0], 3 * X.shape[1]), X.dtype)
    wide[::2, ::3] = X
    return wide[::2, ::3]


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def memory_map(X):
    if X.dtype == object or not X.size:
        return X
    with tempfile.TemporaryFile() as file:
        X.tofile(file)
        file.flush()
        return np.memmap(file, X.dtype, "r", shape=X.shape)


def plain(X):
    """In a type that sparse matrices and polars know."""
    kept = X.dtype.isnative and (X.dtype.char in "fd" or X.dtype.kind in "iub")
    return X if kept else of_dtype(X, np.float64)


def explicit_zeros(X):
    matrix = sparse.csr_array(plain(X))
    matrix.data[::2] = 0
    return matrix


def wide_indices(X):
    matrix = sparse.csr_array(plain(X))
    matrix.indices = matrix.indices.astype(np.int64)
    matrix.indptr = matrix.indptr.astype(np.int64)
    return matrix


def unsorted_indices(X):
    matrix = sparse.csr_array(plain(X))
    for start, stop in zip(matrix.indptr[:-1], matrix.indptr[1:]):
        for array in (matrix.indices, matrix.data):
            array[start:stop] = array[start:stop][::-1].copy()
    matrix.has_sorted_indices = False
    return matrix


def repeated_entries(X):
    X = plain(X)
    rows, columns = np.nonzero(X)
    values = X[rows, columns]
    twice = (np.tile(rows, 2), np.tile(columns, 2))
    matrix = sparse.coo_array((np.tile(values, 2), twice), X.shape)
    order = np.argsort(twice[0], kind="stable")
    indptr = np.searchsorted(twice[0][order], np.arange(len(X) + 1))
    return sparse.csr_array((matrix.data[order], twice[1][order], indptr), X.shape)


def odd_index(n_rows):
    return [f"row {i % 3}" for i in range(n_rows)]


def pandas_frame(X):
    return pd.DataFrame(plain(X), index=odd_index(len(X)))


def named_frame(X):
    return pd.DataFrame(plain(X), columns=[f"x{i}" for i in range(X.shape[1])])


def nullable_frame(X):
    with np.errstate(invalid="ignore"):  # which pandas 2 is not careful about
        return pandas_frame(X).convert_dtypes()


def mixed_frame(X):
    frame = pandas_frame(X)
    dtypes = ["float32", "float64", "Float32", "object"]
    with np.errstate(all="ignore"):
        return frame.astype({c: dtypes[i % 4] for i, c in enumerate(frame.columns)})


def polars_frame(X):
    return pl.DataFrame({f"x{i}": column for i, column in enumerate(plain(X).T)})


CONTAINERS = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "reversed": reversed_view,
    "strided": strided_view,
    "read-only": read_only,
    "memory map": memory_map,
    "list": lambda X: X.tolist(),
    "csr_array": lambda X: sparse.csr_array(plain(X)),
    "csr_matrix": lambda X: sparse.csr_matrix(plain(X)),
    "csc_array": lambda X: sparse.csc_array(plain(X)),
    "coo_array": lambda X: sparse.coo_array(plain(X)),
    "lil_array": lambda X: sparse.lil_array(plain(X)),
    "dok_matrix": lambda X: sparse.dok_matrix(plain(X)),
    "explicit zeros": explicit_zeros,
    "int64 indices": wide_indices,
    "unsorted indices": unsorted_indices,
    "repeated entries": repeated_entries,
    "pandas": pandas_frame,
    "pandas, named": named_frame,
    "pandas, nullable": nullable_frame,
    "pandas, mixed": mixed_frame,
    "polars": polars_frame,
}


# ---- targets

NAMES = np.array(["ant", "bee", "cow", "dog", "elk"])

LABELS = {
    "two": lambda rng, n: rng.integers(0, 2, n),
    "two texts": lambda rng, n: NAMES[rng.integers(0, 2, n)],
    "two floats": lambda rng, n: rng.integers(0, 2, n) * 2.0 - 1.0,
    "booleans": lambda rng, n: rng.uniform(size=n) < 0.5,
    "two objects": lambda rng, n: NAMES[rng.integers(0, 2, n)].astype(object),
    "big-endian": lambda rng, n: rng.integers(0, 3, n).astype(">i4"),
    "three": lambda rng, n: rng.integers(-1, 2, n),
    "five texts": lambda rng, n: NAMES[rng.integers(0, 5, n)],
    "all different": lambda rng, n: rng.permutation(n),
    "one class": lambda rng, n: np.full(n, 7),
    "one of a class": lambda rng, n: np.arange(n) // max(1, n - 1),
    "several": lambda rng, n: rng.integers(0, 2, (n, 3)),
    "several, constant": lambda rng, n: np.tile([0, 1], (n, 1)),
    "several, sparse": lambda rng, n: sparse.csr_array(rng.integers(0, 2, (n, 3))),
    "columns": lambda rng, n: rng.integers(0, 4, (n, 2)) + 2,
    "columns of texts": lambda rng, n: NAMES[rng.integers(0, 3, (n, 2))].astype(object),
    "a column": lambda rng, n: rng.integers(0, 2, (n, 1)),
    "numbers": lambda rng, n: rng.normal(size=n),
    "one too many": lambda rng, n: rng.integers(0, 2, n + 1),
    "NaN": lambda rng, n: with_one(rng.integers(0, 2, n).astype(float), np.nan),
    "several, missing": lambda rng, n: partly(rng.integers(0, 2, (n, 3)), rng),
    "columns, missing": lambda rng, n: partly(rng.integers(0, 4, (n, 2)) + 2, rng),
    "columns of texts, missing": lambda rng, n: partly(
        NAMES[rng.integers(0, 3, (n, 2))], rng, None
    ),
}

NUMBERS = {
    "positive": lambda rng, n: rng.gamma(2.0, size=n),
    "two positive": lambda rng, n: rng.gamma(2.0, size=(n, 2)),
    "float32": lambda rng, n: rng.gamma(2.0, size=(n, 2)).astype(np.float32),
    "normal": lambda rng, n: rng.normal(size=n),
    "counts": lambda rng, n: rng.poisson(1.5, size=n),
    "booleans": lambda rng, n: rng.uniform(size=n) < 0.5,
    "constant": lambda rng, n: np.full(n, 3.0),
    "zero": lambda rng, n: np.zeros(n),
    "tiny": lambda rng, n: 1e-300 * rng.gamma(2.0, size=n),
    "subnormal": lambda rng, n: 1e-312 * rng.gamma(2.0, size=n),
    "large": lambda rng, n: 1e6 * rng.gamma(2.0, size=n),
    "huge": lambda rng, n: 1e300 * rng.uniform(size=n),
    "any scale": lambda rng, n: 10.0 ** rng.uniform(-300, 300, size=n),
    "big-endian": lambda rng, n: rng.gamma(2.0, size=n).astype(">f4"),
    "a column": lambda rng, n: rng.gamma(2.0, size=(n, 1)),
    "texts": lambda rng, n: NAMES[rng.integers(0, 2, n)],
    "one too many": lambda rng, n: rng.normal(size=n + 1),
    "NaN": lambda rng, n: with_one(rng.normal(size=n), np.nan),
    "missing": lambda rng, n: partly(rng.gamma(2.0, size=(n, 2)), rng),
    "missing, objects": lambda rng, n: partly(rng.gamma(2.0, size=(n, 2)), rng, None),
}


def target_frame(y):
    if sparse.issparse(y):
        return y
    if y.ndim == 2:
        return pd.DataFrame(y, index=odd_index(len(y)))
    y = y if y.dtype.isnative else y.astype(y.dtype.newbyteorder("="))
    return pd.Series(y, index=odd_index(len(y)))


def polars_target(y):
    if sparse.issparse(y) or not y.dtype.isnative:
        return y
    return pl.Series(y.tolist()) if y.ndim == 1 else pl.DataFrame(y.tolist(), orient="row")


def nullable_target(y):
    y = target_frame(y)
    with np.errstate(invalid="ignore"):
        return y if sparse.issparse(y) else y.convert_dtypes()


def categories(y):
    y = target_frame(y)
    return y.astype("category") if isinstance(y, pd.Series) else y


TARGET_CONTAINERS = {
    "array": lambda y: y,
    "list": lambda y: y if sparse.issparse(y) else y.tolist(),
    "reversed": lambda y: y if sparse.issparse(y) else y[::-1].copy()[::-1],
    "read-only": lambda y: y if sparse.issparse(y) else read_only(y),
    "pandas": target_frame,
    "pandas, nullable": nullable_target,
    "pandas, categories": categories,
    "polars": polars_target,
}

WEIGHTS = {
    "none": lambda rng, n: None,
    "uniform": lambda rng, n: rng.uniform(size=n),
    "ones": lambda rng, n: np.ones(n, dtype=int),
    "some zero": lambda rng, n: rng.integers(0, 2, n).astype(float),
    "list": lambda rng, n: rng.uniform(size=n).tolist(),
    "float32, big-endian": lambda rng, n: rng.uniform(size=n).astype(">f4"),
    "huge": lambda rng, n: 1e300 * rng.uniform(size=n),
    "tiny": lambda rng, n: 1e-300 * rng.uniform(size=n),
    "any scale": lambda rng, n: 10.0 ** rng.uniform(-300, 300, size=n),
    "one number": lambda rng, n: 2.0,
    "zero": lambda rng, n: np.zeros(n),
    "negative": lambda rng, n: rng.normal(size=n),
    "too few": lambda rng, n: np.ones(n - 1),
}


# ---- hyper-parameters


def halved(progress):
    return 0.5**progress.epoch


def any_scorer(estimator, X, y):
    return -float(np.size(estimator.predict(X)))


def signed_square(Z):
    return Z * np.abs(Z)


def slope_of_signed_square(Z):
    return 2 * np.abs(Z)


SQUARE = from_functions(signed_square, slope_of_signed_square)
SOME_ACTIVATIONS = [*ACTIVATIONS, LeakyReLU(0.2), ELU(0.5), SQUARE]

VALIDATION = [
    KFold(2),
    GroupKFold(2),
    StratifiedKFold(2, shuffle=True),
    TimeSeriesSplit(4),
    PredefinedSplit([-1, 0, 1] * 3),
    [([0, 1, 3], [2, 4])],
    [([0, 1], [1])],
    [([], [0.5], "x")],
]
PARAMETERS = {
    "hidden_layer_sizes": [(3,), 4, (), (5, 2), [1], np.array([3, 4]), (2, 3, 4), (150,)],
    "activation": SOME_ACTIVATIONS,
    "solver": ["adam", "sgd", "lbfgs"],
    "alpha": [0, 1e-4, 0.5, 1e3, 1e300],
    "batch_size": ["auto", 1, 7, 32, 100],
    "learning_rate": ["constant", "invscaling", "adaptive", "cosine", "one_cycle", halved],
    "learning_rate_init": [1e-3, 0.1, 1e-300, 10.0, 1e5, 1e300],
    "power_t": [0.5, 0.0, 3.0, 400.0],
    "max_iter": [2, 1, 6],
    "shuffle": [True, False],
    "tol": [1e-4, 0.0, 0.3, 1e300],
    "verbose": [False, True],
    "warm_start": [False, True],
    "momentum": [0.9, 0.0, 1.0],
    "nesterovs_momentum": [True, False],
    "early_stopping": [False, True],
    "validation_fraction": [0.1, 0.5, 0.9, 0.0],
    "beta_1": [0.9, 0.0, 0.999999],
    "beta_2": [0.999, 0.0, 0.5],
    "epsilon": [1e-8, 1e-300, 1.0, 1e300],
    "n_iter_no_change": [10, 1, np.inf],
    "max_fun": [15000, 1, 3],
    "dtype": [None, "float32", "float64"],
    "solver_options": [None, {"maxcor": 2}, {"ftol": 0.0, "gtol": 0.0, "maxls": 3}, {}],
    "dropout": [0.0, 0.5, 0.99],
    "input_dropout": [0.0, 0.3, 0.99],
    "warmup_fraction": [0.0, 0.5],
    "weight_decay": [0.0, 0.1, 1e4],
    "missing_targets": ["ignore", "error"],
    "average": [False, 0.5, 0.999],
    "validation": [None, *VALIDATION],
}
OF_CLASSIFIER = {
    "loss": ["log_loss", *CLASSIFICATION_LOSSES.values(), "focal", "squared_error"]
    + [LOSSES[name] for name in ("log_loss_smooth", "multinomial_smooth", "focal_half")],
    "class_weight": [None, "balanced", {0: 2.0, 1: 0.5}, {"ant": 3}, [{0: 1, 1: 2}] * 3],
    "scoring": [None, "loss", "accuracy", "f1_macro", "neg_log_loss", "roc_auc", any_scorer],
}
OF_REGRESSOR = {
    "loss": [*REGRESSION_LOSSES]
    + [LOSSES[name] for name in ("quantile_bands", "tweedie_3", "huber_narrow")],
    "scoring": [None, "loss", "r2", "neg_mean_squared_error", "max_error", any_scorer],
}
MISTAKES = [None, -1, 0, 1.5, "x", np.nan, np.inf, [], {}, (1,), True, np.float32(0.5), b"adam"]
KINDS = {
    "classifier": (BackpropClassifier, PARAMETERS | OF_CLASSIFIER, LABELS),
    "regressor": (BackpropRegressor, PARAMETERS | OF_REGRESSOR, NUMBERS),
}
SMALL = {"hidden_layer_sizes": (3,), "max_iter": 2, "random_state": 0}
USUAL = {
    "features": "normal",
    "dtype": "<f8",
    "container": "C",
    "target container": "array",
    "weights": "none",
}
STARTING_VALUES = {
    "coef_init": [
        lambda p: [np.full((p, 3), 0.1), None],
        lambda p: [np.full((p, 3), "0.1"), None],
        lambda p: [np.full((p, 3), np.nan), None],
        lambda p: [np.full((p, 3), 1e300), None],
        lambda p: [np.zeros((3, p)).tolist(), None],
        lambda p: [None],
        lambda p: np.zeros((p, 3)),
    ],
    "intercept_init": [
        lambda p: [[1, 2, 3], None],
        lambda p: [np.ones(3, dtype=complex), None],
        lambda p: [[np.inf] * 3, None],
        lambda p: [np.zeros((3, 1)), None],
        lambda p: [],
        lambda p: "zeros",
        lambda p: 3,
    ],
}


def usually(first, others):
    """The first in about half the draws; hypothesis shrinks to it."""
    return st.one_of(st.just(first), st.sampled_from(others))


@st.composite
def estimators(draw, estimator_class, values):
    names = draw(st.lists(st.sampled_from(sorted(values)), unique=True, max_size=9))
    parameters = SMALL | {name: draw(st.sampled_from(values[name])) for name in names}
    n_hidden = np.size(parameters["hidden_layer_sizes"])
    one_each = draw(usually(None, ["activation", "dropout", "random_state", "mistake"]))
    if one_each == "activation":
        parameters["activation"] = [
            draw(st.sampled_from(SOME_ACTIVATIONS)) for _ in range(n_hidden)
        ]
    elif one_each == "dropout":
        parameters["dropout"] = [draw(st.sampled_from([0.0, 0.5])) for _ in range(n_hidden)]
    elif one_each == "random_state":
        parameters["random_state"] = np.random.RandomState(draw(st.integers(0, 99)))
    elif one_each == "mistake":
        parameters[draw(st.sampled_from(sorted(values)))] = draw(st.sampled_from(MISTAKES))
    return estimator_class(**parameters)


@st.composite
def data(draw, targets, like=None):
    """A :class:`Data`; in each respect about half the draws are ``like`` others."""
    sizes = st.one_of(st.integers(2, 40), st.sampled_from([2, 1, 3, 5, 300, 9, 8, 7, 6, 0]))
    widths = st.one_of(st.integers(1, 6), st.sampled_from([1, 40, 3, 4, 5, 6, 7, 8, 0]))
    usual = like or USUAL | {"target": next(iter(targets))}
    made_of = {
        "n_rows": draw(sizes),
        "n_features": draw(st.one_of(st.just(like["n_features"]), widths) if like else widths),
        "features": draw(usually(usual["features"], list(FEATURES))),
        "dtype": draw(usually(usual["dtype"], DTYPES)),
        "container": draw(usually(usual["container"], list(CONTAINERS))),
        "target": draw(usually(usual["target"], list(targets))),
        "target container": draw(usually(usual["target container"], list(TARGET_CONTAINERS))),
        "weights": draw(usually(usual["weights"], list(WEIGHTS))),
        "seed": draw(st.integers(0, 2**20)),
    }
    rng, n_rows = np.random.default_rng(made_of["seed"]), made_of["n_rows"]
    features = FEATURES[made_of["features"]](rng, n_rows, made_of["n_features"])
    X = CONTAINERS[made_of["container"]](of_dtype(features, made_of["dtype"]))
    y = TARGET_CONTAINERS[made_of["target container"]](targets[made_of["target"]](rng, n_rows))
    return Data(X, y, WEIGHTS[made_of["weights"]](rng, max(n_rows, 1)), n_rows, made_of)


@st.composite
def validation_data(draw, targets, first):
    """No validation data, the training data, or any others."""
    which = draw(usually("none", ["none", "same", "same", "other", "without targets"]))
    if which == "none":
        return {}
    if which == "without targets":
        return {"X_val": first.X}
    given_data = first if which == "same" else draw(data(targets, like=first.made_of))
    return {
        "X_val": given_data.X,
        "y_val": given_data.y,
        "sample_weight_val": given_data.sample_weight,
    }


@st.composite
def groups(draw, n_rows):
    """Groups for a splitter, some of another length or kind."""
    kinds = [
        np.arange(n_rows) // 3,
        (np.arange(n_rows) % 3).astype(str).tolist(),
        np.arange(n_rows + 1),
        np.full(n_rows, np.nan),
        np.zeros((n_rows, 2)),
        3,
    ]
    which = draw(usually(None, range(len(kinds))))
    return {} if which is None else {"groups": kinds[which]}


@st.composite
def starting_values(draw, n_features):
    """Weights and biases to start from, right ones for networks of 3 hidden units."""
    return {
        name: values(n_features)
        for name in draw(usually([], [[], [], ["coef_init"], ["intercept_init"]]))
        for values in [draw(st.sampled_from(STARTING_VALUES[name]))]
    }


@st.composite
def calls(draw):
    """A :class:`Call` of either estimator."""
    estimator_class, values, targets = KINDS[draw(st.sampled_from(["classifier", "regressor"]))]
    first = draw(data(targets))
    names = draw(usually(("fit",), [("partial_fit",) * 2, ("fit", "fit"), ("fit", "partial_fit")]))
    steps = [(names[0], first)]
    for name in names[1:]:
        steps.append((name, draw(st.one_of(st.just(first), data(targets, like=first.made_of)))))
    return Call(
        estimator=draw(estimators(estimator_class, values)),
        steps=steps,
        second=draw(validation_data(targets, first))
        | draw(groups(first.n_rows))
        | draw(starting_values(first.made_of["n_features"])),
    )
