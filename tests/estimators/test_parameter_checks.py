"""What hyper-parameters may be: as scikit-learn's classes would say, in every thread alike."""

import re
import warnings
from fractions import Fraction

import numpy as np
import pytest
from scipy import sparse
from sklearn import config_context, get_config
from threadpoolctl import threadpool_limits

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    PiecewiseLinearEncoder,
    SmoothClipScaler,
    TabularClassifier,
    TabularRegressor,
)
from skbackprop.activations import ReLU
from skbackprop.losses import LogLoss, SquaredError
from skbackprop.utils import Interval, Options, refusal

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(30, 3))
TARGETS = {
    BackpropClassifier: np.arange(30) % 2,
    TabularClassifier: np.arange(30) % 2,
    BackpropRegressor: X[:, 0],
    TabularRegressor: X[:, 0],
}
VALIDATED = [*TARGETS, PiecewiseLinearEncoder, SmoothClipScaler]

VALUES = [
    *(0, 1, -1, 2.5, 0.5, 1.0, -0.0, 2**32 - 1, 2**32, 10**400, 1j, True, False),
    *(float("nan"), float("inf"), -float("inf"), np.float32(0.5), np.int64(3), np.bool_(True)),
    *("", "relu", "Relu", "auto", "balanced", "loss", "float32", np.str_("adam"), b"relu", None),
    *((), (3,), [1, 2], {}, {1: 2}, {3}, np.ones(2), np.array(2), sparse.csr_array(np.eye(2))),
    *(len, ReLU, ReLU(), LogLoss(), SquaredError(), object, np.random, np.random.RandomState(0)),
]


@pytest.mark.parametrize(
    ("estimator_class", "name"),
    [
        (validated, name)
        for validated in VALIDATED
        for name in validated._allowed_values
        if name != "validation"  # for which they have no words
    ],
)
def test_same_verdicts_and_words_as_scikit_learns_classes(estimator_class, name):
    """Its classes are private: where they are no longer there, there is nothing to compare."""
    theirs = pytest.importorskip("sklearn.utils._param_validation")
    allowed = estimator_class._allowed_values[name]
    constraints = [_as_theirs(theirs, entry) for entry in allowed]
    for value in VALUES:
        ours = refusal("E", name, value, allowed) or ""
        expected = _their_refusal(theirs, name, value, constraints)
        assert _unordered(ours.split(" Did you mean")[0]) == _unordered(expected), value


def _as_theirs(theirs, entry):
    """Their class for an entry of our tables."""
    if isinstance(entry, Interval):
        return theirs.Interval(entry.type, entry.left, entry.right, closed=entry.closed)
    if isinstance(entry, Options):
        return theirs.Options(entry.type, set(entry.options))
    return entry


def _their_refusal(theirs, name, value, constraints):
    try:
        theirs.validate_parameter_constraints({name: constraints}, {name: value}, "E")
    except theirs.InvalidParameterError as error:
        return str(error)
    return ""


def _unordered(message):
    """Their sets of names are printed in any order."""
    return sorted(message.replace("{", " ").replace("}", " ").replace(",", " ").split())


@pytest.mark.parametrize("estimator_class", VALIDATED)
def test_each_parameter_has_an_entry(estimator_class):
    assert set(estimator_class._allowed_values) == set(estimator_class().get_params())


def test_a_fraction_is_refused():
    """It is Real, but makes objects of NumPy's numbers."""
    with pytest.raises(ValueError, match=r"'alpha' parameter .* Got Fraction\(1, 2\) instead"):
        BackpropRegressor(alpha=Fraction(1, 2)).fit(X, X[:, 0])


# ---- names


@pytest.mark.parametrize(
    ("estimator_class", "name", "value", "meant"),
    [
        (BackpropClassifier, "activation", "rellu", "relu"),
        (BackpropRegressor, "activation", "ReLU", "relu"),
        (BackpropRegressor, "activation", ["gelo"], "gelu"),
        (BackpropRegressor, "solver", "adamw", "adam"),
        (BackpropRegressor, "loss", "squared-error", "squared_error"),
        (BackpropClassifier, "loss", "logloss", "log_loss"),
        (BackpropClassifier, "learning_rate", "onecycle", "one_cycle"),
        (BackpropClassifier, "scoring", "acuracy", "accuracy"),
        (BackpropClassifier, "class_weight", "balance", "balanced"),
        (TabularClassifier, "activation", "Mish ", "mish"),
        (TabularRegressor, "loss", "gausian_nll", "gaussian_nll"),
    ],
)
def test_the_nearest_name_is_suggested(estimator_class, name, value, meant):
    with pytest.raises(ValueError, match=name) as caught:
        estimator_class(**{name: value, "hidden_layer_sizes": (3,)}).fit(
            X, TARGETS[estimator_class]
        )
    assert str(caught.value).endswith(f" Did you mean {meant!r}?")


@pytest.mark.parametrize(("name", "value"), [("activation", "zzz"), ("solver", 3)])
def test_nothing_is_suggested_where_nothing_is_near(name, value):
    with pytest.raises(ValueError, match=rf"'{name}' parameter.* Got {value!r} instead\.$"):
        BackpropRegressor(**{name: value}).fit(X, X[:, 0])


@pytest.mark.parametrize("name", ["activation", "solver", "loss", "learning_rate"])
def test_names_are_listed_in_order(name):
    with pytest.raises(ValueError, match=name) as caught:
        BackpropRegressor(**{name: "zzz"}).fit(X, X[:, 0])
    listed = str(caught.value).split("{")[1].split("}")[0].split(", ")
    assert listed == sorted(listed)
    assert len(listed) > 2


# ---- when


@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_loss_of_classes_is_refused_with_any_number_of_threads(n_threads):
    """scikit-learn's setting that parameters are not checked twice is one of each thread."""
    with (
        threadpool_limits(n_threads),
        pytest.raises(ValueError, match=r"is a classification loss\. Use T"),
    ):
        TabularRegressor(2, loss=LogLoss()).fit(X, X[:, 0])


def test_validation_can_be_skipped():
    net = BackpropRegressor((3,), max_iter=2, verbose=-1)
    with config_context(skip_parameter_validation=True):
        net.fit(X, X[:, 0]).partial_fit(X, X[:, 0])
    with pytest.raises(ValueError, match="'verbose' parameter"):
        net.partial_fit(X, X[:, 0])
    with pytest.raises(ValueError, match="'verbose' parameter"):
        net.fit(X, X[:, 0])


def test_scikit_learns_setting_is_restored():
    asked = []

    def score(estimator, X, y):
        asked.append(get_config()["skip_parameter_validation"])
        return 0.0

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        BackpropRegressor((3,), max_iter=2, early_stopping=True, scoring=score).fit(X, X[:, 0])
    assert set(asked) == {True}
    assert not get_config()["skip_parameter_validation"]
    with pytest.raises(ValueError, match="alpha"):
        BackpropRegressor(alpha=-1).fit(X, X[:, 0])
    assert not get_config()["skip_parameter_validation"]


@pytest.mark.parametrize("sizes", [(64, 64), [64]])
@pytest.mark.parametrize("table", [TabularClassifier, TabularRegressor])
def test_sizes_of_layers_are_not_the_first_parameter_for_tables(table, sizes):
    expected = rf"'n_members' .* Did you mean hidden_layer_sizes={re.escape(repr(sizes))}\?"
    with pytest.raises(ValueError, match=expected):
        table(sizes).fit(X, X[:, 0] > 0)
