"""Whatever reads raw outputs agrees on what they mean: every kind of target, every loss."""

import copy
from functools import cache

import numpy as np
import pytest
from component_tables import CLASSIFICATION_LOSSES as FORMS
from component_tables import VARIANTS
from scipy import sparse
from sklearn.base import is_classifier

from skbackprop import BackpropClassifier, BackpropRegressor, from_sklearn
from skbackprop.inspection import backpropagate, input_gradient, minimize_input
from skbackprop.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES, ClassificationLoss
from skbackprop.losses.links import SoftmaxLink
from skbackprop.plotting import NetworkDisplay

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
N_ROWS = 20
X = RNG.normal(size=(N_ROWS, 3))
WEIGHTS = RNG.uniform(0.5, 2.0, size=N_ROWS)
SIZES = np.digitize(X[:, 0], [-0.5, 0.5])
INDICATORS = (X[:, :2] > 0).astype(int)
SMALL = {"hidden_layer_sizes": (4,), "activation": "tanh", "solver": "lbfgs", "random_state": 0}

CLASS_TARGETS = {
    "one class": np.full(N_ROWS, "a"),
    "two classes": np.where(X[:, 0] > 0, "no", "yes"),
    "three classes": 10 * SIZES,
    "labels": INDICATORS,
    "sparse labels": sparse.csr_matrix(INDICATORS),
    "columns": np.column_stack([INDICATORS[:, 0] + 5, SIZES, np.full(N_ROWS, 7)]),
}
NUMBER_TARGETS = {
    "one number": np.exp(X[:, 0] / 2),
    "two numbers": np.exp(X[:, :2] @ [[0.5, 0.1], [-0.3, 0.4]]),
}
TARGETS = CLASS_TARGETS | NUMBER_TARGETS
OF_CLASS = {name: loss for name, loss in VARIANTS.items() if isinstance(loss, ClassificationLoss)}
CLASS_LOSSES = CLASSIFICATION_LOSSES | FORMS | OF_CLASS
NUMBER_LOSSES = REGRESSION_LOSSES | {
    name: loss for name, loss in VARIANTS.items() if name not in OF_CLASS
}


def cases():
    """Every kind of target with every loss that is for it."""
    for kind in CLASS_TARGETS:
        for name, loss in CLASS_LOSSES.items():
            if "labels" not in kind or not isinstance(loss.link, SoftmaxLink):
                yield kind, name
    for kind in NUMBER_TARGETS:
        yield from ((kind, name) for name in NUMBER_LOSSES)


CASES = [*cases()]
OF_CLASSES = [case for case in CASES if case[0] in CLASS_TARGETS]
OF_NUMBERS = [case for case in CASES if case[0] in NUMBER_TARGETS]
every_case = pytest.mark.parametrize(("kind", "name"), CASES)
of_classes = pytest.mark.parametrize(("kind", "name"), OF_CLASSES)
of_numbers = pytest.mark.parametrize(("kind", "name"), OF_NUMBERS)


@cache
def fitted(kind, name, max_iter=3):
    """A network that no test may change."""
    if kind in CLASS_TARGETS:
        estimator, loss = BackpropClassifier, CLASS_LOSSES[name]
    else:
        estimator, loss = BackpropRegressor, NUMBER_LOSSES[name]
    return estimator(**SMALL, loss=loss, max_iter=max_iter, alpha=0.1).fit(X, TARGETS[kind])


def outputs_of(net):
    """What a user can ask for, from the fitted attributes alone."""
    if not is_classifier(net):
        return [*range(net.coefs_[-1].shape[1])]
    if isinstance(net.classes_, list):
        return [(j, label) for j, own in enumerate(net.classes_) for label in own]
    return [*net.classes_]


def default_outputs_of(net, kind):
    """Of two classes, alone or in a column, the second one says all."""
    if kind == "columns":
        told = [classes[1:] if len(classes) == 2 else classes for classes in net.classes_]
        return [(j, label) for j, own in enumerate(told) for label in own]
    return outputs_of(net)[1:] if kind == "two classes" else outputs_of(net)


def column_of(table, classes, label):
    """What a table of scores or probabilities says about a label."""
    k = [*classes].index(label)
    if table.ndim == 1:
        return -table if len(classes) == 2 and k == 0 else table
    return table[:, k]


def of_output(net, output, method):
    """A score or probability of one output, as a function of the features."""

    def function(features):
        tables = getattr(net, method)(features)
        if isinstance(tables, list):
            j, label = output
            return column_of(tables[j], net.classes_[j], label)
        return column_of(tables, net.classes_, output)

    return function


def raw_prediction(net, features):
    (W1, W2), (b1, b2) = net.coefs_, net.intercepts_
    return np.tanh(features @ W1 + b1) @ W2 + b2


def differences(function, step=1e-5):
    """Numerical derivatives of a number of each row by each feature."""
    gradient = np.empty_like(X)
    for j, direction in enumerate(step * np.eye(X.shape[1])):
        gradient[:, j] = (function(X + direction) - function(X - direction)) / (2 * step)
    return gradient


def dense(table):
    return table.toarray() if sparse.issparse(table) else table


def assert_close(result, expected):
    np.testing.assert_allclose(result, expected, rtol=1e-6, atol=1e-8)


# ---- gradients of outputs


@of_classes
def test_input_gradient_is_that_of_the_decision(kind, name):
    net = fitted(kind, name)
    for output in outputs_of(net):
        numerical = differences(of_output(net, output, "decision_function"))
        assert_close(input_gradient(net, X, output), numerical)


@of_classes
def test_input_gradient_is_that_of_the_probability(kind, name):
    net = fitted(kind, name)
    for output in outputs_of(net):
        numerical = differences(of_output(net, output, "predict_proba"))
        assert_close(input_gradient(net, X, output, "probability"), numerical)


@of_numbers
def test_input_gradient_is_that_of_the_raw_prediction(kind, name):
    net = fitted(kind, name)
    for output in outputs_of(net):
        numerical = differences(lambda Z, k=output: raw_prediction(net, Z)[:, k])
        assert_close(input_gradient(net, X, output), numerical)


@of_numbers
def test_input_gradient_is_that_of_the_prediction(kind, name):
    net = fitted(kind, name)
    for output in outputs_of(net):
        if net.coefs_[-1].shape[1] > np.size(TARGETS[kind][0]):
            with pytest.raises(ValueError, match="depends on several raw outputs"):
                input_gradient(net, X, output, "prediction")
        else:
            numerical = differences(lambda Z, k=output: net.predict(Z).reshape(len(Z), -1)[:, k])
            assert_close(input_gradient(net, X, output, "prediction"), numerical)


@every_case
def test_no_output_stands_for_all_that_say_something(kind, name):
    net = fitted(kind, name)
    after_link = "probability" if is_classifier(net) else "prediction"
    has_one = is_classifier(net) or net.n_outputs_ == net.coefs_[-1].shape[1]
    for of in ("raw", after_link) if has_one else ("raw",):
        each = [input_gradient(net, X, output, of) for output in default_outputs_of(net, kind)]
        expected = each[0] if len(each) == 1 else np.stack(each, axis=1)
        np.testing.assert_array_equal(input_gradient(net, X, of=of), expected)


@every_case
def test_the_target_names_the_outputs(kind, name):
    net = fitted(kind, name)
    target = net._target
    assert [*target.outputs] == outputs_of(net)
    assert [*target.default_outputs] == default_outputs_of(net, kind)
    assert len(target.score_names) == net.coefs_[-1].shape[1]
    assert len(target.raw_names) == target.n_raw == net._network.layer_units[-1]
    for of in ("raw", "probability" if is_classifier(net) else "prediction"):
        with pytest.raises(ValueError, match=r"is unknown; allowed are|several raw outputs"):
            input_gradient(net, X, "no such output", of)


# ---- gradients of the loss


@every_case
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["unweighted", "weighted"])
def test_backpropagate_gives_gradients_of_its_loss(kind, name, weights):
    """Along a random direction of all inputs, and of all weights and biases."""
    net, y = fitted(kind, name), TARGETS[kind]
    passes = backpropagate(net, X, y, weights)
    rng = np.random.default_rng(1)

    def loss_at(step, towards):
        moved = copy.copy(net)
        moved.coefs_ = [W + step * D for W, D in zip(net.coefs_, towards[1], strict=True)]
        moved.intercepts_ = [b + step * d for b, d in zip(net.intercepts_, towards[2])]
        return backpropagate(moved, X + step * towards[0], y, weights).loss

    def random_like(arrays):
        return [rng.normal(size=np.shape(array)) for array in arrays]

    def zeros_like(arrays):
        return [np.zeros(np.shape(array)) for array in arrays]

    inputs = rng.normal(size=X.shape), zeros_like(net.coefs_), zeros_like(net.intercepts_)
    parameters = 0 * X, random_like(net.coefs_), random_like(net.intercepts_)
    gradients = passes.input_gradient, passes.coef_grads, passes.intercept_grads
    for towards in (inputs, parameters):
        numerical = (loss_at(1e-5, towards) - loss_at(-1e-5, towards)) / 2e-5
        slope = np.sum(gradients[0] * towards[0])
        for grads, directions in zip(gradients[1:], towards[1:]):
            slope += sum(np.sum(G * D) for G, D in zip(grads, directions, strict=True))
        assert slope == pytest.approx(numerical, rel=1e-5, abs=1e-8)


# ---- inputs that give a wanted output


@of_classes
def test_inputs_are_found_for_every_class(kind, name):
    net = fitted(kind, name, max_iter=200)
    for wanted in np.unique(dense(TARGETS[kind]), axis=0):
        found = minimize_input(net, X[:4], wanted, bounds=(X.min(axis=0), X.max(axis=0)))
        predicted = dense(net.predict(found.X))
        np.testing.assert_array_equal(predicted, np.broadcast_to(wanted, predicted.shape))


@of_numbers
def test_inputs_are_found_for_wanted_numbers(kind, name):
    """Where there are several quantiles, the number comes to lie among them."""
    net = fitted(kind, name, max_iter=200)
    levels = (*np.shape(TARGETS[kind][:1]), -1)
    wanted = np.median(net.predict(X[4:5]).reshape(levels), axis=-1)[0]
    found = minimize_input(net, X[:3], wanted)
    predicted = net.predict(found.X).reshape(3, *levels[1:])
    assert np.all(predicted.min(axis=-1) <= wanted + 1e-2)
    assert np.all(predicted.max(axis=-1) >= wanted - 1e-2)


# ---- displays and exports


@every_case
def test_a_display_names_every_raw_output(kind, name, monkeypatch):
    monkeypatch.setattr(NetworkDisplay, "plot", lambda display, ax: display)  # nothing is drawn
    net = fitted(kind, name)
    names = NetworkDisplay.from_estimator(net).output_names
    assert len(names) == net.coefs_[-1].shape[1]
    assert len({str(each) for each in names}) == len(names)


def why_not_scikit_learn(net, kind):
    if kind == "columns":
        return "several label columns"
    if kind == "one class":
        return "a single class"
    if "cumulative_logit" in {layer.description for layer in net._network.network.layers}:
        return "ordered classes"
    if net.n_outputs_ != net.coefs_[-1].shape[1]:
        return "several raw outputs for a target"
    return None


@every_case
def test_scikit_learn_and_back_predicts_the_same(kind, name):
    net = fitted(kind, name)
    reason = why_not_scikit_learn(net, kind)
    if reason is not None:
        with pytest.raises(ValueError, match=reason):
            net.to_sklearn()
        return
    mlp = net.to_sklearn()
    back = from_sklearn(mlp)
    for other in (mlp, back):
        if not is_classifier(net):
            np.testing.assert_allclose(other.predict(X), net.predict(X), rtol=1e-12)
            continue
        np.testing.assert_array_equal(dense(other.predict(X)), dense(net.predict(X)))
        np.testing.assert_allclose(other.predict_proba(X), net.predict_proba(X), rtol=1e-12)
        np.testing.assert_array_equal(other.classes_, net.classes_)
    if is_classifier(net):
        assert_close(back.decision_function(X), net.decision_function(X))


# ---- parameters that are changed after the fit


def readings(net):
    """All that a fitted network tells without being given targets."""
    methods = ["predict", "predict_proba", "predict_log_proba", "decision_function", "transform"]
    tables = [getattr(net, method)(X) for method in methods if hasattr(net, method)]
    try:
        exported = net.to_sklearn().predict(X)
    except ValueError as error:
        exported = str(error)
    told = [net.summary(), net.out_activation_, net.n_outputs_, exported]
    return [*tables, input_gradient(net, X), *told, score_of(net), hasattr(net, "sample_y")]


def score_of(net):
    """Of predictions that are all right, or of those of a middle level."""
    prediction = net.predict(X)
    if is_classifier(net) or net.n_outputs_ == net.coefs_[-1].shape[1]:
        return net.score(X, prediction)
    return net.score(X, NUMBER_TARGETS["one number" if net.n_outputs_ == 1 else "two numbers"])


@cache
def readings_of(kind, name):
    return readings(fitted(kind, name))


def assert_nothing_changes(kind, name, **parameters):
    changed = copy.copy(fitted(kind, name)).set_params(**parameters)
    for now, then in zip(readings(changed), readings_of(kind, name), strict=True):
        for a, b in zip(*(each if isinstance(each, list) else [each] for each in (now, then))):
            np.testing.assert_array_equal(dense(a), dense(b))


# One of each link and of each number of raw outputs.
OTHER_CLASS_LOSSES = [FORMS["brier"], FORMS["multinomial"]]
OTHER_NUMBER_LOSSES = [
    NUMBER_LOSSES[name] for name in ("huber", "poisson", "quantile_bands", "gaussian_nll")
]


@every_case
def test_the_loss_of_a_fit_is_kept(kind, name):
    for loss in OTHER_CLASS_LOSSES if kind in CLASS_TARGETS else OTHER_NUMBER_LOSSES:
        assert_nothing_changes(kind, name, loss=loss)


CHANGED = {
    "hidden_layer_sizes": (7, 2),
    "activation": "softmax",
    "solver": "sgd",
    "alpha": 3.0,
    "batch_size": 5,
    "learning_rate": "cosine",
    "learning_rate_init": 0.5,
    "power_t": 0.1,
    "max_iter": 1,
    "shuffle": False,
    "random_state": 3,
    "tol": 0.5,
    "verbose": 1,
    "warm_start": True,
    "momentum": 0.2,
    "nesterovs_momentum": False,
    "early_stopping": True,
    "validation_fraction": 0.4,
    "validation": [([0, 1], [2])],
    "beta_1": 0.1,
    "beta_2": 0.1,
    "epsilon": 1e-3,
    "n_iter_no_change": 1,
    "max_fun": 1,
    "scoring": "loss",
    "dtype": "float32",
    "solver_options": {"maxcor": 3},
    "dropout": 0.5,
    "input_dropout": 0.5,
    "warmup_fraction": 0.5,
    "weight_decay": 0.5,
    "missing_targets": "ignore",
    "average": 0.5,
    "class_weight": "balanced",
}


@pytest.mark.parametrize("estimator", [BackpropClassifier, BackpropRegressor])
def test_no_parameter_is_left_out_of_the_table(estimator):
    parameters = estimator(**SMALL).get_params()
    assert set(parameters) - {"loss"} <= set(CHANGED)
    assert all(CHANGED[name] != parameters[name] for name in CHANGED if name in parameters)


@pytest.mark.parametrize("parameter", CHANGED)
@pytest.mark.parametrize("kind", TARGETS)
def test_a_parameter_changed_after_the_fit_changes_nothing(kind, parameter):
    if parameter not in fitted(kind, "squared_error").get_params():
        pytest.skip("the classifier's alone")
    assert_nothing_changes(kind, "squared_error", **{parameter: CHANGED[parameter]})
