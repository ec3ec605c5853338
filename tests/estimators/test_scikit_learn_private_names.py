"""A release of scikit-learn without the private names that are used here breaks nothing."""

import sys

import numpy as np
import pytest
from processes import run_script
from scipy import sparse
from sklearn.base import BaseEstimator

import skbackprop
from skbackprop import BackpropClassifier, BackpropRegressor, SmoothClipScaler
from skbackprop.utils import check_weight, rows_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(30, 3))
y = np.arange(30) % 2

# All private names are refused to this package, and to it alone: scikit-learn needs its own.
SCRIPT = """
import builtins

imported = builtins.__import__
refused = set()


def refuse_private(name, globals=None, locals=None, fromlist=(), level=0):
    importer = (globals or {}).get("__name__", "")
    names = [*name.split("."), *(fromlist or ())]
    is_private = names[0] == "sklearn" and any(part.startswith("_") for part in names)
    if is_private and importer.split(".")[0] == "skbackprop":
        refused.add(names[-1])
        raise ImportError(f"cannot import {name} {fromlist}")
    return imported(name, globals, locals, fromlist, level)


builtins.__import__ = refuse_private

import warnings
import numpy as np
import pandas as pd
import skbackprop, skbackprop.dask, skbackprop.inspection, skbackprop.plotting
assert not refused, refused  # nothing is looked for before it is used

from sklearn.exceptions import ConvergenceWarning
warnings.simplefilter("ignore", ConvergenceWarning)
X = np.random.default_rng(0).normal(size=(30, 3))
y = np.arange(30) % 2
w = np.ones(30)

net = skbackprop.BackpropClassifier((3,), max_iter=3).fit(X, y, sample_weight=w)
assert net.predict(X).shape == (30,)
assert net.get_feature_names_out().shape == (3,)
assert "caption" not in net._repr_html_().split("</style>")[1]
assert "BackpropClassifier" in net._repr_html_()
assert net.to_sklearn().predict(X).tolist() == net.predict(X).tolist()  # nothing to go on from

skbackprop.BackpropRegressor((3,), max_iter=3, early_stopping=True).fit(X, X[:, 0])
net = skbackprop.BackpropClassifier((3,)).partial_fit(X, y, classes=[0, 1]).partial_fit(X, y)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    mlp = net.to_sklearn()
print(caught[0].category.__name__, caught[0].message, caught[0].filename)
mlp.partial_fit(X, y)

try:
    skbackprop.BackpropClassifier(alpha=-1).fit(X, y)
except (ValueError, TypeError) as error:
    print(type(error).__mro__, error)

frame = pd.DataFrame({"a": X[:, 0], "b": np.where(y, "x", "y")})
w[:3] = 0
model = skbackprop.TabularClassifier(1, max_iter=2, min_steps=0).fit(frame, y, sample_weight=w)
assert model.predict(frame).shape == (30,)
assert list(model.encoder_.get_feature_names_out())
print(*sorted(refused))
"""


@pytest.fixture(scope="module")
def without_private_names():
    """What a process says in which this package gets no private name of scikit-learn."""
    return run_script(SCRIPT)


def test_all_works_without_them(without_private_names):
    """The last line lists what was looked for: the whole list of what is left."""
    assert without_private_names[-1].split() == [
        "InvalidParameterError",
        "SGDOptimizer",
        "_VisualBlock",
    ]


def test_export_without_optimizers_says_what_follows(without_private_names):
    warning = without_private_names[0]
    assert warning.startswith("UserWarning The moments of solver='adam' are not exported")
    assert "the next partial_fit of the exported estimator starts with new moments" in warning
    assert warning.endswith("<string>")  # the line that called to_sklearn


def test_the_error_of_a_parameter_is_of_the_same_types(without_private_names):
    types, message = without_private_names[1].rsplit(")", 2)[0], without_private_names[1]
    assert "InvalidParameterError" in types
    assert "ValueError" in types
    assert "TypeError" in types
    assert message.endswith(
        "The 'alpha' parameter of BackpropClassifier must be a float in the range [0.0, inf). "
        "Got -1 instead."
    )


def test_captions_are_left_out(monkeypatch):
    net = BackpropClassifier((3,), max_iter=2).fit(X, y)
    assert "caption" in net._repr_html_().split("</style>")[1]
    monkeypatch.setitem(sys.modules, "sklearn.utils._repr_html.estimator", None)
    assert not hasattr(net, "_sk_visual_block_")


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_moments_are_left_out(monkeypatch, solver):
    net = BackpropRegressor((3,), solver=solver).partial_fit(X, X[:, 0])
    monkeypatch.setitem(sys.modules, "sklearn.neural_network._stochastic_optimizers", None)
    with pytest.warns(UserWarning, match=f"moments of solver='{solver}'"):
        mlp = net.to_sklearn()
    assert not hasattr(mlp, "_optimizer")
    np.testing.assert_allclose(mlp.predict(X), net.predict(X))
    before = mlp.coefs_[0].copy()
    assert not np.array_equal(mlp.partial_fit(X, X[:, 0]).coefs_[0], before)


@pytest.mark.parametrize("estimator", [BackpropRegressor((3,), alpha=-1), SmoothClipScaler(-1)])
def test_errors_are_of_our_own_class_where_there_is_no_other(monkeypatch, estimator):
    monkeypatch.setitem(sys.modules, "sklearn.utils._param_validation", None)
    with pytest.raises(
        skbackprop.utils.scikit_learn.InvalidParameterError, match="must be a float"
    ):
        estimator.fit(X, X[:, 0])


@pytest.mark.parametrize(
    "estimator",
    [BackpropRegressor((3,), max_iter=2), SmoothClipScaler()],
)
def test_validation_asks_nothing_of_the_base_class(monkeypatch, estimator):
    def missing(estimator):
        raise AttributeError

    monkeypatch.setattr(BaseEstimator, "_validate_params", missing, raising=False)
    estimator.fit(X, X[:, 0])


# ---- lines of our own, where scikit-learn's were private


@pytest.mark.parametrize(
    ("weight", "words"),
    [
        (np.ones(29), r"sample_weight.shape == \(29,\), expected \(30,\)!"),
        (np.ones((30, 1)), "Sample weights must be 1D array or scalar, got 2D array"),
        (np.zeros(30), "Sample weights must contain at least one non-zero number"),
        (0, "Sample weights must contain at least one non-zero number"),
        (-np.ones(30), "Negative values in data passed to `sample_weight`"),
        (-1.0, "Negative values in data passed to `sample_weight`"),
        ([np.nan] * 30, "Input sample_weight contains NaN"),
        ([None] * 30, "Input sample_weight contains NaN"),
        (np.nan, "Input sample_weight contains NaN"),
        (np.inf, "Input sample_weight contains infinity"),
        (["heavy"] * 30, "could not convert string to float: 'heavy'"),
        ("heavy", "could not convert string to float: 'heavy'"),
        (1j, "Complex data not supported"),
    ],
)
def test_weights_that_are_refused(weight, words):
    with pytest.raises(ValueError, match=words):
        check_weight(weight, X)


@pytest.mark.parametrize("weight", [2, np.float32(2), [2] * 30, np.full(60, 2.0)[::2]])
@pytest.mark.parametrize("table", [X, X.tolist()])
def test_weights_that_are_taken(weight, table):
    checked = check_weight(weight, table)
    np.testing.assert_array_equal(checked, np.full(30, 2.0), strict=True)
    assert checked.flags.c_contiguous
    assert check_weight(None, table) is None


class OnlyConvertible:
    """Neither its length is known nor its shape."""

    def __array__(self, dtype=None, copy=None):
        return np.arange(12.0).reshape(4, 3)


def _of_sparse(kind):
    return (
        lambda: getattr(sparse, kind)(np.arange(12.0).reshape(4, 3))
    ), lambda rows: rows.toarray().tolist()


TABLES = {
    "array": (lambda: np.arange(12.0).reshape(4, 3), lambda rows: rows.tolist()),
    "lists": (lambda: np.arange(12.0).reshape(4, 3).tolist(), list),
    "convertible": (OnlyConvertible, lambda rows: rows.tolist()),
    "csr": _of_sparse("csr_array"),
    "csc": _of_sparse("csc_matrix"),
    "coo": _of_sparse("coo_matrix"),
}


@pytest.mark.parametrize("kind", TABLES)
def test_rows_of_tables(kind):
    make, as_lists = TABLES[kind]
    assert len(check_weight(1.0, make())) == 4
    rows = as_lists(rows_of(make(), np.array([3, 1])))
    assert rows == [[9.0, 10.0, 11.0], [3.0, 4.0, 5.0]]


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_rows_of_frames(library):
    module = pytest.importorskip(library)
    make = module.table if library == "pyarrow" else module.DataFrame
    frame = make({"a": [1, 2, 3], "b": ["x", "y", "z"]})
    if library == "pandas":
        frame.index = [7, 7, 0]  # positions count, not labels
    rows = rows_of(frame, np.array([2, 0]))
    assert type(rows) is type(frame)
    assert [list(map(str, rows[name].__array__())) for name in "ab"] == [["3", "1"], ["z", "x"]]


def test_classes_of_partial_fit():
    net = BackpropClassifier((3,))
    with pytest.raises(
        ValueError, match="classes must be passed on the first call to partial_fit"
    ):
        net.partial_fit(X, y)
    net.partial_fit(X, y, classes=[0, 1]).partial_fit(X, y).partial_fit(X, y, classes=[1, 0])
    was = r"^`classes=\[0, 1, 2\]` is not the same as on last call to partial_fit, was: array"
    with pytest.raises(ValueError, match=was):
        net.partial_fit(X, y, classes=[0, 1, 2])


def test_names_of_features():
    pd = pytest.importorskip("pandas")
    encoder = skbackprop.TableEncoder().fit(pd.DataFrame(X, columns=["a", "b", "c"]))
    assert list(encoder.get_feature_names_out()) == ["a", "b", "c"]
    with pytest.raises(ValueError, match="input_features is not equal to feature_names_in_"):
        encoder.get_feature_names_out(["a", "b", "d"])
    encoder.fit(X)
    assert list(encoder.get_feature_names_out()) == ["x0", "x1", "x2"]
    length = r"input_features should have length equal to number of features \(3\), got 2"
    with pytest.raises(ValueError, match=length):
        encoder.get_feature_names_out(["a", "b"])
