"""``coef_init`` and ``intercept_init``: where training starts."""

import re
from itertools import pairwise

import numpy as np
import pytest
from sklearn.base import clone

from skbackprop import BackpropClassifier, BackpropRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
LABELS = np.arange(60) % 3
NUMBERS = X[:, 0] - X[:, 1]
TARGETS = {BackpropClassifier: LABELS, BackpropRegressor: NUMBERS}
STANDING_STILL = {"solver": "sgd", "learning_rate_init": 1e-300, "max_iter": 1}

every_estimator = pytest.mark.parametrize("estimator_class", TARGETS)
every_solver = pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])


def starting_values(estimator_class, rng=RNG):
    units = [3, 4, 3 if estimator_class is BackpropClassifier else 1]
    coefs = [rng.normal(size=shape) for shape in pairwise(units)]
    return coefs, [rng.normal(size=n) for n in units[1:]]


def assert_same_parameters(one, other):
    for a, b in zip(one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        np.testing.assert_array_equal(a, b)


@every_estimator
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_fit_that_stands_still_publishes_them(estimator_class, dtype):
    coefs, intercepts = starting_values(estimator_class)
    net = estimator_class((4,), dtype=dtype, **STANDING_STILL)
    net.fit(X, TARGETS[estimator_class], coef_init=coefs, intercept_init=intercepts)
    for ours, given in zip(net.coefs_ + net.intercepts_, coefs + intercepts, strict=True):
        np.testing.assert_array_equal(ours, given.astype(dtype))
        assert not np.shares_memory(ours, given)


@every_solver
@every_estimator
def test_what_is_drawn_otherwise_gives_the_same_fit(estimator_class, solver):
    """Starting values are drawn all the same, so that the order of the rows does not change."""
    y = TARGETS[estimator_class]
    net = estimator_class((4,), max_iter=5, batch_size=16, random_state=0)
    start = clone(net).set_params(**STANDING_STILL).fit(X, y)
    net.set_params(solver=solver)
    drawn = clone(net).fit(X, y)
    given = clone(net).fit(X, y, coef_init=start.coefs_, intercept_init=start.intercepts_)
    assert_same_parameters(given, drawn)


@every_estimator
def test_the_others_are_drawn_as_ever(estimator_class):
    y = TARGETS[estimator_class]
    net = estimator_class((4,), random_state=0, **STANDING_STILL)
    drawn = clone(net).fit(X, y)
    coefs, intercepts = starting_values(estimator_class)
    only_one = clone(net).fit(X, y, coef_init=[None, coefs[1]])
    np.testing.assert_array_equal(only_one.coefs_[0], drawn.coefs_[0])
    np.testing.assert_array_equal(only_one.coefs_[1], coefs[1])
    only_biases = clone(net).fit(X, y, intercept_init=intercepts)
    np.testing.assert_array_equal(only_biases.coefs_[0], drawn.coefs_[0])
    np.testing.assert_array_equal(only_biases.intercepts_[1], intercepts[1])


@every_solver
def test_from_the_optimum_training_stays_there(solver):
    best = BackpropRegressor((4,), "tanh", solver="lbfgs", alpha=0.1, max_iter=5000, tol=1e-9)
    best.set_params(random_state=0).fit(X, NUMBERS)
    again = clone(best).set_params(
        solver=solver, max_iter=1, batch_size=60, learning_rate_init=1e-6
    )
    again.fit(X, NUMBERS, coef_init=best.coefs_, intercept_init=best.intercepts_)
    assert again.loss_ == pytest.approx(best.loss_, rel=1e-6)


@every_estimator
def test_lists_of_lists_are_arrays_too(estimator_class):
    coefs, intercepts = starting_values(estimator_class)
    net = estimator_class((4,), **STANDING_STILL)
    net.fit(
        X,
        TARGETS[estimator_class],
        coef_init=tuple(W.tolist() for W in coefs),
        intercept_init=[b.tolist() for b in intercepts],
    )
    np.testing.assert_array_equal(net.coefs_[0], coefs[0])


def wrong(name, layer, value, *words):
    return pytest.param(name, layer, value, words, id=f"{name}[{layer}]-{words[-1]}")


@pytest.mark.parametrize(
    ("name", "layer", "value", "words"),
    [
        wrong("coef_init", 0, np.zeros((3, 5)), "layer 1", "(3, 5)", "(3, 4)"),
        wrong("coef_init", 1, np.zeros((1, 4)), "layer 2", "(1, 4)", "(4, 1)"),
        wrong("coef_init", 1, np.zeros(4), "layer 2", "(4,)", "(4, 1)"),
        wrong("intercept_init", 0, np.zeros(3), "layer 1", "(3,)", "(4,)"),
        wrong("intercept_init", 1, np.zeros((1, 1)), "layer 2", "(1, 1)", "(1,)"),
        wrong("coef_init", 0, np.full((3, 4), np.nan), "layer 1", "not finite"),
        wrong("intercept_init", 0, [1.0, "a", 2.0, 3.0], "not an array of numbers"),
        wrong("coef_init", 0, [[1.0], [1.0, 2.0]], "not an array of numbers"),
        wrong("coef_init", 0, np.ones((3, 4), dtype=complex), "complex128"),
        wrong("intercept_init", 0, ["1", "2", "3", "4"], "<U1"),
    ],
)
def test_what_does_not_fit_is_named(name, layer, value, words):
    values = dict(
        zip(("coef_init", "intercept_init"), starting_values(BackpropRegressor), strict=True)
    )[name]
    values[layer] = value
    net = BackpropRegressor((4,))
    with pytest.raises(ValueError, match=re.escape(f"{name}[{layer}]")) as caught:
        net.fit(X, NUMBERS, **{name: values})
    assert all(word in str(caught.value) for word in words)
    assert not hasattr(net, "coefs_")


@pytest.mark.parametrize("name", ["coef_init", "intercept_init"])
@pytest.mark.parametrize("n_arrays", [1, 3])
def test_a_wrong_number_of_layers_is_named(name, n_arrays):
    with pytest.raises(ValueError, match=rf"{name} has {n_arrays} arrays.*2 layers"):
        BackpropRegressor((4,)).fit(X, NUMBERS, **{name: [None] * n_arrays})


@pytest.mark.parametrize("name", ["coef_init", "intercept_init"])
def test_what_is_no_list_is_named(name):
    with pytest.raises(ValueError, match=rf"{name} has 1 arrays.*2 layers"):
        BackpropRegressor((4,)).fit(X, NUMBERS, **{name: 3})


@every_estimator
@pytest.mark.parametrize("name", ["coef_init", "intercept_init"])
def test_a_warm_start_that_goes_on_refuses_them(estimator_class, name):
    y = TARGETS[estimator_class]
    values = dict(
        zip(("coef_init", "intercept_init"), starting_values(estimator_class), strict=True)
    )[name]
    net = estimator_class((4,), warm_start=True, max_iter=2, random_state=0)
    net.fit(X, y, **{name: values})
    before = [array.copy() for array in net.coefs_]
    with pytest.raises(ValueError, match=rf"{name} and warm_start=True exclude each other"):
        net.fit(X, y, **{name: values})
    for ours, old in zip(net.coefs_, before, strict=True):
        np.testing.assert_array_equal(ours, old)
    net.set_params(warm_start=False).fit(X, y, **{name: values})


def test_values_that_float32_cannot_hold_are_refused():
    with pytest.raises(ValueError, match=r"coef_init\[0\].*not finite"):
        BackpropRegressor((4,), dtype="float32").fit(
            X, NUMBERS, coef_init=[np.full((3, 4), 1e300), None]
        )
