"""Hyper-parameters out of range: the type of the error, its words, and that nothing changes.

Where scikit-learn's MLP refuses the same value, the test asks it: the type of our error and the
start of its text are then the MLP's, because callers match on them.
"""

import pytest
from mistakes import (
    KINDS,
    LABELS,
    NUMBERS,
    OURS,
    TARGETS,
    THEIRS,
    X,
    assert_names_any,
    assert_refused,
    build,
    error_of,
    start_of,
    unfitted_and_fitted,
)
from sklearn.model_selection import KFold
from sklearn.neural_network import MLPRegressor

from skbackprop import BackpropRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# Hyper-parameters: name, a value that is refused, words of the message.

OUT_OF_RANGE = [
    ("hidden_layer_sizes", 0, "0"),
    ("hidden_layer_sizes", -1, "-1"),
    ("hidden_layer_sizes", (5, 0), "(5, 0)|[5, 0]"),
    ("hidden_layer_sizes", (5, -2), "(5, -2)|[5, -2]"),
    ("hidden_layer_sizes", "wide", "wide"),
    ("activation", "softplusser", "relu"),
    ("activation", 1, "relu"),
    ("solver", "newton", "lbfgs"),
    ("alpha", -1.0, "-1"),
    ("alpha", "small", "small"),
    ("alpha", float("nan"), "nan"),
    ("batch_size", 0, "auto"),
    ("batch_size", 2.5, "2.5"),
    ("batch_size", "big", "auto"),
    ("learning_rate", "cyclical", "invscaling"),
    ("learning_rate_init", 0.0, "0.0"),
    ("learning_rate_init", -0.1, "-0.1"),
    ("power_t", -1.0, "-1"),
    ("max_iter", 0, "0"),
    ("max_iter", 1.5, "1.5"),
    ("shuffle", "yes", "yes"),
    ("random_state", "seed", "seed"),
    ("tol", -1e-4, "-0.0001"),
    ("verbose", -1, "-1"),
    ("verbose", "loud", "loud"),
    ("warm_start", "yes", "yes"),
    ("momentum", 1.5, "1.5"),
    ("momentum", -0.1, "-0.1"),
    ("nesterovs_momentum", "yes", "yes"),
    ("early_stopping", "yes", "yes"),
    ("validation_fraction", 1.0, "1.0"),
    ("validation_fraction", -0.1, "-0.1"),
    ("beta_1", 1.0, "1.0"),
    ("beta_2", -0.1, "-0.1"),
    ("epsilon", 0.0, "0.0"),
    ("n_iter_no_change", 0, "0"),
    ("max_fun", 0, "0"),
]

NEW_OUT_OF_RANGE = [
    ("hidden_layer_sizes", (2.5,), "2.5"),
    ("hidden_layer_sizes", None, "None"),
    ("dtype", "float16", "float32"),
    ("dtype", "int64", "float64"),
    ("dtype", 32, "float32"),
    ("scoring", 3, "scoring"),
    ("scoring", "acuracy", "acuracy"),
    ("solver_options", "maxcor", "dict"),
    ("solver_options", [("maxcor", 5)], "dict"),
    ("validation", 5, "'split'"),
    ("validation", "KFold", "'split'"),
    ("validation", KFold, "'split'"),
    ("validation", {0: 1}, "list of (train, test) pairs"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("name", "value", "words"), OUT_OF_RANGE)
def test_parameter_out_of_range(kind, name, value, words):
    theirs = error_of(build(THEIRS, kind, **{name: value}).fit, X, TARGETS[kind])
    for estimator in unfitted_and_fitted(kind, {name: value}):
        error = assert_refused(estimator, lambda e: e.fit(X, TARGETS[kind]))
        assert isinstance(error, (ValueError, TypeError))
        assert type(error) is type(theirs) or type(theirs) in type(error).__mro__
        assert str(error).startswith(start_of(str(theirs)))
        assert name in str(error)
        assert_names_any(str(error), words)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("name", "value", "words"), NEW_OUT_OF_RANGE)
def test_new_parameter_out_of_range(kind, name, value, words):
    # A scorer is asked for only where there is validation data.
    parameters = {name: value, "early_stopping": True}
    for estimator in unfitted_and_fitted(kind, parameters):
        error = assert_refused(estimator, lambda e: e.fit(X, TARGETS[kind]))
        assert isinstance(error, (ValueError, TypeError))
        assert name in str(error)
        assert_names_any(str(error), words)


@pytest.mark.parametrize(
    ("class_weight", "words"),
    [
        ("balance", "balanced"),
        (3, "balanced"),
        ({5: 2.0}, "class_weight"),
        ({0: 1.0, 1: -1.0}, "negative"),
        ({0: 1.0, 1: "heavy"}, "class_weight"),
        ({0: 1.0, 1: float("nan")}, "class_weight"),
    ],
)
def test_class_weight_out_of_range(class_weight, words):
    for estimator in unfitted_and_fitted("classifier", {"class_weight": class_weight}):
        error = assert_refused(estimator, lambda e: e.fit(X, LABELS))
        assert isinstance(error, (ValueError, TypeError))
        assert "class_weight" in str(error)
        assert words in str(error)


def test_unknown_loss_lists_the_known_ones():
    for estimator in unfitted_and_fitted("regressor", {"loss": "hinge"}):
        error = assert_refused(estimator, lambda e: e.fit(X, NUMBERS))
        theirs = error_of(MLPRegressor(loss="hinge").fit, X, NUMBERS)
        assert isinstance(error, type(theirs))
        assert str(error).startswith(start_of(str(theirs)))
        assert "poisson" in str(error)
        assert "squared_error" in str(error)


def test_loss_given_by_position_is_named():
    error = assert_refused(BackpropRegressor("poisson"), lambda e: e.fit(X, NUMBERS))
    assert isinstance(error, (ValueError, TypeError))
    assert "hidden_layer_sizes" in str(error)
    assert "loss=" in str(error)


def test_unknown_solver_option_is_named():
    for estimator in unfitted_and_fitted(
        "regressor", {"solver": "lbfgs", "solver_options": {"max_corrections": 5}}
    ):
        error = assert_refused(estimator, lambda e: e.fit(X, NUMBERS))
        assert isinstance(error, (ValueError, TypeError))
        assert "solver_options" in str(error)
        assert "max_corrections" in str(error)


@pytest.mark.parametrize("kind", KINDS)
def test_parameters_after_the_second_are_keyword_only(kind):
    with pytest.raises(TypeError, match="positional"):
        OURS[kind]((5,), "relu", "sgd")
