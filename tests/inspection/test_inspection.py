"""A look inside: deltas, gradients, hidden activations, inputs that give a wanted output."""

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import Bounds
from sklearn.datasets import make_classification, make_regression

from skbackprop import BackpropClassifier, BackpropRegressor, TabularRegressor, inspection
from skbackprop.inspection import input_gradient
from skbackprop.losses import Quantile, SquaredError
from skbackprop.losses.links import IdentityLink, LogitLink, LogLink, SoftmaxLink

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": (7, 4), "max_iter": 5, "random_state": 0, "alpha": 0.1}

X, y_multiclass = make_classification(
    n_samples=40, n_features=5, n_informative=4, n_redundant=0, n_classes=3, random_state=1
)
_, y_numbers = make_regression(n_samples=40, n_features=5, n_targets=2, random_state=1)
y_numbers = y_numbers / y_numbers.std(axis=0)

TASKS = {
    "binary": (BackpropClassifier, {}, np.where(y_multiclass > 0, "yes", "no")),
    "multiclass": (BackpropClassifier, {}, np.array(["a", "b", "c"])[y_multiclass]),
    "multilabel": (BackpropClassifier, {}, (y_numbers > 0).astype(int)),
    "number": (BackpropRegressor, {}, y_numbers[:, 0]),
    "numbers": (BackpropRegressor, {}, y_numbers),
    "count": (BackpropRegressor, {"loss": "poisson"}, np.floor(np.exp(y_numbers[:, 0]))),
}
WEIGHTS = np.random.default_rng(0).uniform(0.5, 2.0, size=40)


@pytest.fixture(params=["dense", "csr"])
def inputs(request):
    return X if request.param == "dense" else sparse.csr_matrix(X)


def fitted(task, **parameters):
    estimator_class, options, y = TASKS[task]
    return estimator_class(**SMALL | options | parameters).fit(X, y), y


def objective(net, X, y, weights=None):
    return inspection.backpropagate(net, X, y, weights).loss


def differences(function, x, step=1e-5):
    """Numerical derivatives of a function with respect to each entry of an array."""
    result = np.empty(x.shape)
    for index in np.ndindex(*x.shape):
        original = x[index]
        x[index] = original + step
        above = function()
        x[index] = original - step
        result[index] = (above - function()) / (2 * step)
        x[index] = original
    return result


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["unweighted", "weighted"])
def test_backpropagate_gives_the_gradients_of_its_loss(task, weights, inputs):
    net, y = fitted(task, activation="tanh")
    passes = inspection.backpropagate(net, inputs, y, weights)

    def loss():
        return objective(net, X, y, weights)

    for coef, grad in zip(net.coefs_, passes.coef_grads, strict=True):
        np.testing.assert_allclose(grad, differences(loss, coef), atol=1e-8)
    for intercept, grad in zip(net.intercepts_, passes.intercept_grads, strict=True):
        np.testing.assert_allclose(grad, differences(loss, intercept), atol=1e-8)
    moved = X[:3].copy()

    def loss_of_moved():
        return objective(net, np.vstack([moved, X[3:]]), y, weights)

    np.testing.assert_allclose(
        passes.input_gradient[:3], differences(loss_of_moved, moved), atol=1e-8
    )


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("task", TASKS)
def test_backpropagate_is_the_textbook(task, activation, inputs):
    net, y = fitted(task, activation=activation)
    passes = inspection.backpropagate(net, inputs, y)
    functions = {
        "identity": (lambda z: z, lambda z: np.ones_like(z)),
        "logistic": (
            lambda z: 1 / (1 + np.exp(-z)),
            lambda z: np.exp(-z) / (1 + np.exp(-z)) ** 2,
        ),
        "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
        "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(float)),
    }
    f, derivative = functions[activation]
    below = X
    for layer, (Z, H) in enumerate(zip(passes.preactivations, passes.activations, strict=True)):
        np.testing.assert_allclose(Z, below @ net.coefs_[layer] + net.intercepts_[layer])
        np.testing.assert_allclose(H, f(Z) if layer < 2 else Z)
        penalty = net.alpha * net.coefs_[layer] / len(X)
        delta = passes.deltas[layer]
        np.testing.assert_allclose(passes.coef_grads[layer], below.T @ delta + penalty)
        np.testing.assert_allclose(passes.intercept_grads[layer], delta.sum(axis=0), atol=1e-15)
        below = H
    for layer in (0, 1):
        above = passes.deltas[layer + 1] @ net.coefs_[layer + 1].T
        expected = above * derivative(passes.preactivations[layer])
        np.testing.assert_allclose(passes.deltas[layer], expected, atol=1e-15)
    np.testing.assert_allclose(passes.input_gradient, passes.deltas[0] @ net.coefs_[0].T)
    np.testing.assert_array_equal(passes.raw_prediction, passes.preactivations[-1])


def test_delta_of_the_output_is_probability_less_target():
    net, y = fitted("multiclass")
    passes = inspection.backpropagate(net, X, y)
    indicator = y[:, np.newaxis] == net.classes_
    np.testing.assert_allclose(passes.deltas[-1] * len(X), net.predict_proba(X) - indicator)


def test_a_step_down_the_gradients_is_a_step_of_sgd():
    options = {"solver": "sgd", "momentum": 0.0, "batch_size": 40, "learning_rate_init": 0.3}
    net = BackpropRegressor(**SMALL | options).partial_fit(X, y_numbers)
    passes = inspection.backpropagate(net, X, y_numbers)
    expected = [W - 0.3 * g for W, g in zip(net.coefs_, passes.coef_grads, strict=True)]
    for coef, after in zip(net.partial_fit(X, y_numbers).coefs_, expected, strict=True):
        np.testing.assert_allclose(coef, after)


def test_weights_of_rows_and_classes_count_as_in_fit():
    y = TASKS["multiclass"][2]
    net = BackpropClassifier(**SMALL, solver="lbfgs", class_weight="balanced").fit(X, y, WEIGHTS)
    assert objective(net, X, y, WEIGHTS) == pytest.approx(net.loss_, rel=1e-12)


def test_a_row_of_weight_zero_has_no_delta():
    net, y = fitted("number")
    weights = WEIGHTS.copy()
    weights[3] = 0
    passes = inspection.backpropagate(net, X, y, weights)
    assert not passes.deltas[0][3].any()
    assert passes.input_gradient.shape == X.shape
    keep = np.arange(40) != 3
    assert passes.loss == pytest.approx(objective(net, X[keep], y[keep], weights[keep]))


def test_float32_stays_float32():
    net = BackpropRegressor(**SMALL).fit(X.astype(np.float32), y_numbers)
    passes = inspection.backpropagate(net, X, y_numbers)
    arrays = [*passes.preactivations, *passes.deltas, *passes.coef_grads, passes.input_gradient]
    arrays += [inspection.input_gradient(net, X), *inspection.layer_outputs(net, X)]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def test_targets_of_another_shape_are_refused():
    net, _ = fitted("numbers")
    with pytest.raises(ValueError, match="outputs"):
        inspection.backpropagate(net, X, y_numbers[:, 0])


def test_the_estimator_is_left_alone():
    net, y = fitted("multiclass")
    coefs = [coef.copy() for coef in net.coefs_]
    names = set(vars(net))
    inspection.backpropagate(net, X, y)
    inspection.check_gradient(net, X, y, random_state=0)
    inspection.input_gradient(net, X, of="probability")
    inspection.minimize_input(net, X[:2], "a", distance=1.0)
    for coef, before in zip(net.coefs_, coefs, strict=True):
        np.testing.assert_array_equal(coef, before)
    assert set(vars(net)) == names


# ---- input_gradient


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("of", ["raw", "after the link"])
def test_input_gradient_is_that_of_the_output(task, of, inputs):
    net, _ = fitted(task, activation="tanh")
    is_classifier = hasattr(net, "classes_")
    if of != "raw":
        of = "probability" if is_classifier else "prediction"

    def outputs(X):
        if of == "raw" and is_classifier:
            return net.decision_function(X)
        if of == "raw":
            return np.log(net.predict(X)) if task == "count" else net.predict(X)
        if is_classifier:
            return net.predict_proba(X)[:, 1:] if task == "binary" else net.predict_proba(X)
        return net.predict(X)

    gradient = inspection.input_gradient(net, inputs, of=of).reshape(40, -1, 5)
    step = 1e-6
    for j in range(5):
        e = step * np.eye(5)[j]
        difference = (outputs(X + e) - outputs(X - e)) / (2 * step)
        np.testing.assert_allclose(gradient[:, :, j], difference.reshape(40, -1), atol=1e-7)


def test_input_gradient_of_one_output():
    net, _ = fitted("multiclass")
    every = inspection.input_gradient(net, X, of="probability")
    for k, label in enumerate("abc"):
        one = inspection.input_gradient(net, X, output=label, of="probability")
        np.testing.assert_array_equal(one, every[:, k])
    np.testing.assert_allclose(every.sum(axis=1), 0, atol=1e-15)


def test_input_gradients_of_two_classes_are_opposite():
    net, _ = fitted("binary")
    for of in ("raw", "probability"):
        no = inspection.input_gradient(net, X, output="no", of=of)
        np.testing.assert_array_equal(inspection.input_gradient(net, X, output="yes", of=of), -no)
        np.testing.assert_array_equal(inspection.input_gradient(net, X, of=of), -no)


def test_input_gradient_of_many_rows_is_that_of_each():
    net, _ = fitted("number")
    many = np.tile(X, (40, 1))
    gradient = inspection.input_gradient(net, many)
    np.testing.assert_allclose(gradient, np.tile(inspection.input_gradient(net, X), (40, 1)))


@pytest.mark.parametrize(
    ("task", "options", "words"),
    [
        ("multiclass", {"output": "d"}, "'d' is unknown; allowed are"),
        ("number", {"output": 1}, "1 is unknown; allowed are"),
        ("number", {"of": "probability"}, "'prediction'"),
        ("binary", {"of": "prediction"}, "'probability'"),
    ],
)
def test_outputs_that_do_not_exist(task, options, words):
    net, _ = fitted(task)
    with pytest.raises(ValueError, match=words):
        inspection.input_gradient(net, X, **options)


@pytest.mark.parametrize("link", [IdentityLink(), LogLink(), LogitLink(), SoftmaxLink()])
def test_links_pull_gradients_back(link):
    rng = np.random.default_rng(0)
    raw, gradient = rng.normal(size=(2, 6, 3))
    prediction = np.empty_like(raw)

    def value():
        link.inverse(raw, out=prediction)
        return np.sum(gradient * prediction)

    expected = differences(value, raw)
    value()
    pulled = gradient.copy()
    link.pull_back(pulled, prediction)
    np.testing.assert_allclose(pulled, expected, atol=1e-8)


# ---- layer_outputs


def test_layer_outputs(inputs):
    net, _ = fitted("numbers", activation="tanh")
    first, second = inspection.layer_outputs(net, inputs)
    np.testing.assert_allclose(first, np.tanh(X @ net.coefs_[0] + net.intercepts_[0]))
    np.testing.assert_allclose(second, np.tanh(first @ net.coefs_[1] + net.intercepts_[1]))
    np.testing.assert_array_equal(second, net.transform(inputs))


def test_layer_outputs_without_a_hidden_layer():
    net = BackpropRegressor((), max_iter=2).fit(X, y_numbers)
    assert inspection.layer_outputs(net, X) == []


# ---- check_gradient


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_check_gradient_finds_the_gradient_right(task, activation, inputs):
    net, y = fitted(task, activation=activation)
    check = inspection.check_gradient(net, inputs, y, WEIGHTS, random_state=0)
    assert check.ok(rtol=1e-6), check


def test_check_gradient_finds_a_wrong_gradient(monkeypatch):
    net, y = fitted("number", activation="tanh")
    loss = SquaredError
    right = loss.loss_gradient

    def wrong(self, y, raw, sample_weight, out):
        total = right(self, y, raw, sample_weight, out)
        out *= 1.001
        return total

    monkeypatch.setattr(loss, "loss_gradient", wrong)
    check = inspection.check_gradient(net, X, y, random_state=0)
    assert not check.ok(rtol=1e-6)
    assert check.max_relative_error == pytest.approx(1e-3, rel=0.1)


def test_check_gradient_of_a_float32_fit():
    net = BackpropRegressor(**SMALL, activation="tanh").fit(X.astype(np.float32), y_numbers)
    assert inspection.check_gradient(net, X, y_numbers, random_state=0).ok(rtol=1e-6)


# ---- minimize_input


@pytest.mark.parametrize("target", [np.array([0.5], object), ["0.5"]], ids=["objects", "texts"])
def test_a_wanted_number_may_be_of_any_type(target):
    net = BackpropRegressor((4,), max_iter=9, random_state=0).fit(X, X[:, 0])
    found, expected = (inspection.minimize_input(net, X[:2], one) for one in (target, 0.5))
    np.testing.assert_array_equal(found.X, expected.X)


@pytest.mark.parametrize(
    ("task", "target"),
    [("binary", "yes"), ("binary", "no"), ("multiclass", "c"), ("multilabel", [1, 0])],
)
def test_inputs_for_a_wanted_class(task, target, inputs):
    net, _ = fitted(task, solver="lbfgs", max_iter=100, activation="tanh")
    start = inputs[:12]
    found = inspection.minimize_input(net, start, target, bounds=(-3.0, 3.0))
    assert np.abs(found.X).max() <= 3.0
    reached = (net.predict(found.X) == np.asarray(target)).reshape(12, -1).all(axis=1)
    assert reached.mean() >= 0.8  # a few may end in a local minimum
    before = inspection.minimize_input(net, start, target, bounds=(-3.0, 3.0), max_iter=0)
    assert np.all(found.loss <= before.loss)


def test_inputs_for_wanted_numbers():
    net, _ = fitted("numbers", solver="lbfgs", max_iter=100, activation="tanh")
    wanted = net.predict(X[20:30])
    found = inspection.minimize_input(net, X[:10], wanted)
    reached = np.abs(net.predict(found.X) - wanted).max(axis=1) < 1e-3
    assert reached.mean() >= 0.6  # the others end in a local minimum
    assert found.success.all()
    np.testing.assert_allclose(
        found.loss, 0.5 * np.sum((net.predict(found.X) - wanted) ** 2, axis=1), atol=1e-12
    )


def test_bounds_of_each_feature_hold_some_fixed():
    net, _ = fitted("number", solver="lbfgs", max_iter=100)
    row = X[:1]
    lower, upper = np.full(5, -np.inf), np.full(5, np.inf)
    lower[2:], upper[2:] = row[0, 2:], row[0, 2:]
    for bounds in [(lower, upper), Bounds(lower, upper)]:
        found = inspection.minimize_input(net, row, 1.0, bounds=bounds)
        np.testing.assert_array_equal(found.X[:, 2:], row[:, 2:])
        assert np.any(found.X[:, :2] != row[:, :2])


def test_a_linear_network_has_a_known_nearest_input():
    net = BackpropRegressor((), solver="lbfgs", random_state=0).fit(X, y_numbers[:, 0])
    w, b = net.coefs_[0][:, 0], net.intercepts_[0][0]
    found = inspection.minimize_input(net, X[:4], 2.0, distance=0.5, tol=1e-10)
    # Minimum of (w x + b - 2)^2 / 2 + 0.5 |x - x0|^2 / 2.
    residual = (X[:4] @ w + b - 2.0) / (w @ w + 0.5)
    np.testing.assert_allclose(found.X, X[:4] - residual[:, np.newaxis] * w, atol=1e-5)


def test_larger_distances_stay_nearer():
    net, _ = fitted("multiclass", solver="lbfgs", max_iter=100)
    moves = [
        np.linalg.norm(inspection.minimize_input(net, X[:9], "a", distance=distance).X - X[:9])
        for distance in (0.3, 3.0, 30.0, 1e6)
    ]
    assert moves == sorted(moves, reverse=True)
    assert moves[-1] < 1e-3


def test_bounds_the_wrong_way_round():
    net, _ = fitted("number")
    with pytest.raises(ValueError, match="lower <= upper"):
        inspection.minimize_input(net, X, 1.0, bounds=(1.0, -1.0))


@pytest.mark.parametrize("bounds", [(np.nan, 1.0), (0.0, np.nan), Bounds(np.nan, np.nan)])
def test_bounds_that_are_no_numbers(bounds):
    net, _ = fitted("number")
    with pytest.raises(ValueError, match="without NaN"):
        inspection.minimize_input(net, X, 1.0, bounds=bounds)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("distance", value) for value in (-1.0, np.nan, np.inf, "far", None, [1.0])],
        *[("max_iter", value) for value in (-1, 2.5, np.nan, "many", None)],
        *[("tol", value) for value in (-1e-9, np.nan, np.inf, "small", None)],
    ],
)
def test_settings_of_the_search_that_are_refused(name, value):
    net, _ = fitted("number")
    with pytest.raises(ValueError, match=f"{name!r} parameter of minimize_input must be"):
        inspection.minimize_input(net, X, 1.0, **{name: value})


# ---- columns of labels, and several raw outputs

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(40, 3))
POSITIVE = np.exp(FEATURES[:, 0] + 0.1 * RNG.normal(size=40))
WORDS = np.array(["a", "b", "c"])[np.digitize(FEATURES[:, 0], [-0.5, 0.5])]
COLUMNS = np.column_stack([WORDS, np.where(FEATURES[:, 1] > 0, "yes", "no")])
THREE_UNITS = {"hidden_layer_sizes": (3,), "max_iter": 3, "random_state": 0}


def test_gradient_of_a_class_in_a_column_of_labels():
    net = BackpropClassifier(**THREE_UNITS).fit(FEATURES, COLUMNS)
    yes, no = (input_gradient(net, FEATURES, output=(1, word)) for word in ("yes", "no"))
    np.testing.assert_array_equal(yes, -no)
    step = 1e-6 * np.eye(3)[0]
    raw = [net.decision_function(FEATURES + sign * step)[0][:, 2] for sign in (1, -1)]
    slope = input_gradient(net, FEATURES, output=(0, "c"))[:, 0]
    np.testing.assert_allclose(slope, (raw[0] - raw[1]) / 2e-6, atol=1e-6)
    probability = [net.predict_proba(FEATURES + sign * step)[0][:, 2] for sign in (1, -1)]
    slope = input_gradient(net, FEATURES, output=(0, "c"), of="probability")[:, 0]
    np.testing.assert_allclose(slope, (probability[0] - probability[1]) / 2e-6, atol=1e-6)


def test_gradient_of_a_prediction_needs_one_raw_output():
    net = BackpropRegressor(**THREE_UNITS, loss=Quantile((0.1, 0.9))).fit(FEATURES, POSITIVE)
    with pytest.raises(ValueError, match="several raw outputs"):
        input_gradient(net, FEATURES, output=0, of="prediction")


def test_wanted_labels_may_be_sparse():
    """They are in the form of y, which was sparse."""
    net, y = fitted("multilabel")
    wanted = sparse.csr_matrix(y[:3])
    found = inspection.minimize_input(net, X[:3], wanted, distance=0.1)
    np.testing.assert_array_equal(
        found.X, inspection.minimize_input(net, X[:3], y[:3], distance=0.1).X
    )


def test_a_wanted_number_that_is_nan_is_named():
    net, _ = fitted("number")
    with pytest.raises(ValueError, match=r"Invalid target: .*NaN"):
        inspection.minimize_input(net, X[:3], np.nan)


def test_outputs_that_exist_are_told_as_they_can_be_asked_for():
    net, _ = fitted("binary")
    with pytest.raises(ValueError, match=r"is unknown; allowed are \['no', 'yes'\]"):
        input_gradient(net, X, "maybe")


def test_table_estimators_say_that_they_have_several_networks():
    net = TabularRegressor(2, (3,), max_iter=1, min_steps=0).fit(FEATURES, POSITIVE)
    for look in (
        lambda: inspection.backpropagate(net, FEATURES, POSITIVE),
        lambda: inspection.minimize_input(net, FEATURES, 1.0),
        lambda: inspection.check_gradient(net, FEATURES, POSITIVE),
    ):
        with pytest.raises(TypeError, match=r"TabularRegressor has several"):
            look()
