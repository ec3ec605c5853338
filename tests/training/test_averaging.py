"""``average``: what is published and scored is the moving average of the parameters."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.kernels import reference
from skbackprop.training.solvers.averaging import MovingAverage
from skbackprop.training.solvers.update_rules import SGD, Adam

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
LABELS = (X[:, 0] + 0.3 * RNG.normal(size=60) > 0).astype(int)
NUMBERS = X[:, 0] - X[:, 1]
TARGETS = {BackpropClassifier: LABELS, BackpropRegressor: NUMBERS}
NOISY = {"learning_rate_init": 0.05, "batch_size": 10, "random_state": 0}

every_estimator = pytest.mark.parametrize("estimator_class", TARGETS)
every_solver = pytest.mark.parametrize("solver", ["sgd", "adam"])


def parameters(net):
    return net.coefs_ + net.intercepts_


def assert_same_parameters(one, other, rtol=0.0):
    for a, b in zip(parameters(one), parameters(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


def assert_other_parameters(one, other):
    assert not np.array_equal(one.coefs_[0], other.coefs_[0])


def classes_of(estimator_class):
    return {"classes": [0, 1]} if estimator_class is BackpropClassifier else {}


# ---- the formula


def path_and_average(decay, n_steps=15, n_parameters=5):
    """All iterates of a walk, and the average that the rule has kept."""
    rng = np.random.default_rng(0)
    theta, gradient = rng.normal(size=n_parameters), np.empty(n_parameters)
    rule = Adam(0.9, 0.999, 1e-8, average=decay)
    step = rule.bind(theta, gradient)
    path = []
    for _ in range(n_steps):
        gradient[...] = rng.normal(size=n_parameters)
        step(0.1)
        path.append(theta.copy())
    return np.array(path), rule.average.flat


@pytest.mark.parametrize("decay", [0.001, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("n_steps", [1, 2, 15])
def test_weights_fall_by_the_decay(decay, n_steps):
    path, average = path_and_average(decay, n_steps)
    weights = decay ** np.arange(n_steps)[::-1]
    np.testing.assert_allclose(average, np.average(path, axis=0, weights=weights), rtol=1e-12)


@pytest.mark.parametrize("decay", [1 - 1e-12, np.nextafter(1, 0)])
def test_the_limit_is_the_mean_of_all_steps(decay):
    path, average = path_and_average(decay)
    np.testing.assert_allclose(average, path.mean(axis=0), rtol=1e-10)


@pytest.mark.parametrize("rule_class", [lambda d: SGD(0.9, True, 0.1, d), lambda d: Adam(
    0.9, 0.999, 1e-8, 0.1, d)])  # fmt: skip
def test_in_pieces_is_the_same_as_in_one_piece(rule_class, monkeypatch):
    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=20), rng.normal(size=(4, 20))
    averages = []
    for piece in (8192, 7):
        monkeypatch.setattr(reference, "_PIECE", piece)
        theta, gradient, rule = start.copy(), np.empty(20), rule_class(0.7)
        step = rule.bind(theta, gradient, theta[:13])
        for g in gradients:
            gradient[...] = g
            step(0.1)
        averages.append(rule.average.flat)
    np.testing.assert_array_equal(*averages)


def test_an_average_begins_anew_at_parameters_that_are_not_its_own():
    average = MovingAverage(0.9)
    average.bind(np.zeros(3))
    assert average.next_weight() == pytest.approx(1)
    assert average.next_weight() < 0.6
    average.resume(np.ones(3))
    assert average.next_weight() == pytest.approx(1)


def test_average_of_float32_is_float32():
    average = MovingAverage(0.9)
    average.bind(np.zeros(3, np.float32))
    assert average.flat.dtype == np.float32


# ---- fits


@every_solver
@every_estimator
def test_published_is_the_average_of_the_steps(estimator_class, solver):
    """One step an epoch: the iterates are those of partial_fit without averaging."""
    y = TARGETS[estimator_class]
    net = estimator_class((4,), solver=solver, batch_size=60, max_iter=6, random_state=0)
    iterates = clone(net)
    path = []
    for call in range(6):
        iterates.partial_fit(X, y, **({} if call else classes_of(estimator_class)))
        path.append([array.copy() for array in parameters(iterates)])
    net.set_params(average=0.8).fit(X, y)
    weights = 0.8 ** np.arange(6)[::-1]
    for i, array in enumerate(parameters(net)):
        expected = np.average([step[i] for step in path], axis=0, weights=weights)
        np.testing.assert_allclose(array, expected, rtol=1e-10, atol=1e-14)


@every_solver
def test_training_itself_is_not_changed(solver):
    net = BackpropRegressor((4,), solver=solver, max_iter=8, **NOISY)
    plain = clone(net).fit(X, NUMBERS)
    averaged = clone(net).set_params(average=0.9).fit(X, NUMBERS)
    assert averaged.loss_curve_ == plain.loss_curve_
    assert_other_parameters(averaged, plain)


@every_solver
@pytest.mark.parametrize("average", [0.5, 0.99])
@every_estimator
def test_n_calls_of_partial_fit_are_a_fit(estimator_class, average, solver):
    y = TARGETS[estimator_class]
    net = estimator_class((4,), solver=solver, average=average, max_iter=5, **NOISY)
    whole = clone(net).fit(X, y)
    for call in range(5):
        net.partial_fit(X, y, **({} if call else classes_of(estimator_class)))
        net = pickle.loads(pickle.dumps(net))
    assert_same_parameters(net, whole)


@every_solver
@every_estimator
def test_a_warm_start_continues_it(estimator_class, solver):
    y = TARGETS[estimator_class]
    net = estimator_class((4,), solver=solver, average=0.95, max_iter=6, **NOISY)
    whole = clone(net).fit(X, y)
    halves = clone(net).set_params(max_iter=3, warm_start=True).fit(X, y).fit(X, y)
    assert_same_parameters(halves, whole)


def test_predictions_and_scores_are_those_of_the_average():
    net = BackpropClassifier((4,), average=0.9, max_iter=6, **NOISY)
    net.fit(X, LABELS, X_val=X, y_val=LABELS)
    assert net.validation_scores_[-1] == net.score(X, LABELS)
    raw = np.maximum(X @ net.coefs_[0] + net.intercepts_[0], 0) @ net.coefs_[1]
    np.testing.assert_allclose(
        net.decision_function(X), (raw + net.intercepts_[1])[:, 0], rtol=1e-10
    )


@every_solver
def test_early_stopping_publishes_the_best_average(solver):
    net = BackpropRegressor(
        (8,), solver=solver, average=0.9, early_stopping=True, scoring="loss", max_iter=40,
        n_iter_no_change=40, **NOISY,
    )  # fmt: skip
    net.fit(X, NUMBERS, X_val=X[:20] + 0.5, y_val=NUMBERS[:20])
    assert net.best_iter_ == 1 + np.argmin(net.validation_loss_curve_)
    again = clone(net).set_params(early_stopping=False, max_iter=net.best_iter_).fit(X, NUMBERS)
    assert_same_parameters(net, again)


def test_values_set_by_hand_are_where_it_goes_on():
    """Not the last iterate, of which these are not the average."""
    net = BackpropRegressor((4,), solver="sgd", average=0.9, **NOISY).partial_fit(X, NUMBERS)
    net.coefs_ = [np.zeros_like(W) for W in net.coefs_]
    net.intercepts_ = [np.zeros_like(b) for b in net.intercepts_]
    net.set_params(learning_rate_init=1e-300, momentum=0.0).partial_fit(X, NUMBERS)
    assert all(np.abs(array).max() < 1e-200 for array in parameters(net))


@every_solver
def test_can_be_switched_on_and_off_between_calls(solver):
    net = BackpropRegressor((4,), solver=solver, **NOISY).partial_fit(X, NUMBERS)
    plain = copy.deepcopy(net).partial_fit(X, NUMBERS)
    net.set_params(average=0.9).partial_fit(X, NUMBERS)
    assert_other_parameters(net, plain)
    published = [array.copy() for array in parameters(net)]
    net.set_params(average=False, learning_rate_init=1e-300, solver="sgd", momentum=0.0)
    net.partial_fit(X, NUMBERS)
    for ours, before in zip(parameters(net), published, strict=True):
        np.testing.assert_allclose(ours, before, rtol=1e-12)


def test_a_copy_goes_on_alone():
    net = BackpropRegressor((4,), average=0.9, **NOISY).partial_fit(X, NUMBERS)
    twin = copy.copy(net).partial_fit(X, NUMBERS)
    assert_other_parameters(net, twin)
    assert_same_parameters(net.partial_fit(X, NUMBERS), twin)


@pytest.mark.parametrize(("first", "then"), [("float32", "float64"), ("float64", "float32")])
def test_a_change_of_type_is_survived(first, then):
    net = BackpropRegressor((4,), average=0.9, dtype=first, **NOISY).partial_fit(X, NUMBERS)
    net.set_params(dtype=then).partial_fit(X, NUMBERS)
    assert {array.dtype for array in parameters(net)} == {np.dtype(then)}
    reference = BackpropRegressor((4,), average=0.9, **NOISY)
    reference.partial_fit(X, NUMBERS).partial_fit(X, NUMBERS)
    assert_same_parameters(net, reference, rtol=1e-4)


def test_a_pickle_holds_nothing_but_the_average():
    net = BackpropRegressor((300,), average=0.9, max_iter=2, **NOISY).fit(X, NUMBERS)
    weights = sum(array.nbytes for array in parameters(net))
    assert len(pickle.dumps(net)) < 1.02 * weights + 5000


def test_clone_and_grid_search():
    net = BackpropClassifier((4,), average=0.9, weight_decay=0.1, max_iter=3, random_state=0)
    assert clone(net).get_params() == net.get_params()
    search = GridSearchCV(net, {"average": [False, 0.5, 0.99]}, cv=2, error_score="raise")
    assert search.fit(X, LABELS).best_params_["average"] in (False, 0.5, 0.99)


def test_the_average_is_closer_to_the_optimum_than_the_last_step():
    """Noisy steps on a linear model with a constant rate: the loss over all rows."""
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(400, 5))
    y = Z @ rng.normal(size=5) + rng.normal(size=400)
    best = np.linalg.lstsq(np.column_stack([Z, np.ones(400)]), y, rcond=None)[1][0] / 400
    net = BackpropRegressor(
        (), solver="sgd", learning_rate_init=0.1, momentum=0.0, alpha=0.0, batch_size=10,
        max_iter=30, tol=0.0, n_iter_no_change=np.inf, random_state=0,
    )  # fmt: skip
    excess = {
        average: np.mean((clone(net).set_params(average=average).fit(Z, y).predict(Z) - y) ** 2)
        - best
        for average in (False, 0.99)
    }
    assert excess[0.99] < 0.1 * excess[False]
