"""One battery for all kinds of targets of one class a row: there and back, weights, slopes."""

import pickle
import re

import numpy as np
import pytest
from component_tables import KINDS_OF_TARGETS
from sklearn.base import clone

from skbackprop import BackpropClassifier
from skbackprop.inspection import check_gradient, input_gradient
from skbackprop.targets import target_of
from skbackprop.targets.classes import CLASS_TARGETS
from skbackprop.training import UPDATE_RULES

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

every_kind = pytest.mark.parametrize("kind", KINDS_OF_TARGETS)
every_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])

N_ROWS = 40
WORDS = np.array(["ant", "bee", "cow", "dog"])


def draw(kind, seed, **parameters):
    """A classifier, data that can be learnt, and labels."""
    loss, n_classes = KINDS_OF_TARGETS[kind]
    rng = np.random.default_rng(seed)
    codes = np.arange(N_ROWS) % n_classes
    X = np.eye(4)[codes] + 0.3 * rng.normal(size=(N_ROWS, 4))
    settings = {"solver": "lbfgs", "max_iter": 20, "random_state": seed} | parameters
    return BackpropClassifier((5,), "tanh", loss=loss, **settings), X, WORDS[codes]


def target_for(kind, seed):
    net, _, labels = draw(kind, seed)
    return target_of(labels, net.loss), labels


def test_every_kind_has_a_row():
    assert {type(target_for(kind, 0)[0]) for kind in KINDS_OF_TARGETS} == set(CLASS_TARGETS)


@every_dtype
@every_kind
def test_raw_outputs_that_are_certain_give_the_labels_back(kind, dtype, seed):
    target, labels = target_for(kind, seed)
    raw = sure_of(target, labels).astype(dtype)
    np.testing.assert_array_equal(target.predict(raw.copy()), labels)
    assert target.score_raw(labels, raw.copy(), None) == 1
    probabilities = target.probabilities(raw.copy())
    assert probabilities.dtype == dtype
    np.testing.assert_array_equal(target.classes[probabilities.argmax(axis=1)], labels)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)


def sure_of(target, labels, strength=6.0):
    """Raw outputs: large for the class, or of the sign of the only one."""
    of_classes = np.where(labels[:, np.newaxis] == target.classes, strength, -strength)
    return of_classes if target.n_raw > 1 else of_classes[:, 1:]


@every_kind
def test_encoded_targets_have_least_loss_where_they_are_right(kind, seed):
    target, labels = target_for(kind, seed)
    encoded = target.encode(labels, np.float64)
    right = target.loss.loss(encoded, sure_of(target, labels), None)
    wrong = target.loss.loss(encoded, sure_of(target, np.roll(labels, 1)), None)
    assert right < 0.1 * wrong
    assert len(target.raw_names) == target.n_raw


@every_kind
def test_classes_to_split_by_are_those_of_the_labels(kind, seed):
    target, labels = target_for(kind, seed)
    strata = target.strata(target.encode(labels, np.float64)).astype(int)
    np.testing.assert_array_equal(target.classes[strata], labels)


@every_kind
def test_probabilities_are_exact_far_out(kind, seed):
    target, labels = target_for(kind, seed)
    raw = sure_of(target, labels, 1e4)
    logarithms = target.log_probabilities(raw.copy())
    assert np.isfinite(logarithms).all()
    assert np.isfinite(target.probabilities(raw)).all()


@every_kind
def test_unknown_labels_are_refused(kind, seed):
    target, _ = target_for(kind, seed)
    with pytest.raises(ValueError, match="classes not in"):
        target.encode(np.array(["emu"]), np.float64)


@every_kind
def test_weights_of_classes_are_weights_of_rows(kind, seed):
    net, X, y = draw(kind, seed, max_iter=5)
    weights = {label: 1.0 + k for k, label in enumerate(np.unique(y))}
    of_rows = np.vectorize(weights.get)(y)
    by_class = clone(net).set_params(class_weight=weights).fit(X, y)
    np.testing.assert_allclose(
        by_class.loss_curve_, clone(net).fit(X, y, of_rows).loss_curve_, rtol=1e-12
    )


@pytest.mark.parametrize("solver", ["lbfgs", *UPDATE_RULES])
@every_kind
def test_every_solver_learns(kind, solver, seed):
    net, X, y = draw(kind, seed, solver=solver, max_iter=150, learning_rate_init=0.03)
    assert net.fit(X, y).score(X, y) > 0.9
    np.testing.assert_allclose(np.exp(net.predict_log_proba(X)), net.predict_proba(X))
    assert net.set_params(early_stopping=True, max_iter=5).fit(X, y).validation_scores_


@every_kind
def test_gradient_of_the_objective(kind, seed):
    net, X, y = draw(kind, seed, max_iter=3)
    weights = np.random.default_rng(seed).uniform(0.5, 2.0, N_ROWS)
    net.set_params(class_weight="balanced").fit(X, y, weights)
    assert check_gradient(net, X, y, weights, random_state=seed).ok(1e-6)


@pytest.mark.parametrize("of", ["raw", "probability"])
@every_kind
def test_slopes_are_those_of_the_outputs(kind, of, seed):
    net, X, y = draw(kind, seed)
    net.fit(X, y)
    step = np.array([1e-6, 0, 0, 0])
    for k, label in enumerate(net.classes_):
        above, below = (outputs(net, X + e, of)[:, k] for e in (step, -step))
        slope = input_gradient(net, X, output=label, of=of)[:, 0]
        np.testing.assert_allclose(slope, (above - below) / 2e-6, atol=1e-6)


def outputs(net, X, of):
    """What the slopes are of: a column a class."""
    if of == "probability":
        return net.predict_proba(X)
    decision = net.decision_function(X)
    return np.column_stack([-decision, decision]) if decision.ndim == 1 else decision


@every_dtype
@every_kind
def test_calls_of_partial_fit_are_a_fit(kind, dtype, seed):
    net, X, y = draw(kind, seed, solver="adam", max_iter=4)
    X = X.astype(dtype)
    parts = clone(net)
    for _ in range(4):
        parts.partial_fit(X, y, classes=np.unique(y))
    assert parts.loss_curve_ == net.fit(X, y).loss_curve_
    assert net.predict_proba(X).dtype == dtype


@every_kind
def test_clone_pickle_summary_and_export(kind, seed):
    net, X, y = draw(kind, seed)
    twin = pickle.loads(pickle.dumps(clone(net).fit(X, y)))
    np.testing.assert_array_equal(twin.predict_proba(X), net.fit(X, y).predict_proba(X))
    assert twin.out_activation_ in net.summary()
    obstacle = net._target.obstacle
    if obstacle is not None:
        with pytest.raises(ValueError, match=re.escape(obstacle)):
            net.to_sklearn()
        return
    mlp = net.to_sklearn()
    np.testing.assert_array_equal(mlp.predict(X), net.predict(X))
    np.testing.assert_allclose(mlp.predict_proba(X), net.predict_proba(X), atol=1e-12)


@every_kind
def test_a_column_of_labels_may_be_of_any_kind(kind, seed):
    net, X, y = draw(kind, seed)
    columns = np.column_stack([y, np.where(X[:, 0] > 0, "yes", "no")])
    net.fit(X, columns)
    assert net.score(X, columns) > 0.9
    assert check_gradient(net.set_params(max_iter=3).fit(X, columns), X, columns).ok(1e-6)
