"""Fitted networks: what may be edited, what is kept, and a contract for every kind of layer."""

import copy
import io
import pickle

import joblib
import numpy as np
import pytest

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.activations import Identity, Tanh
from skbackprop.inspection import check_directional_derivatives, layer_outputs
from skbackprop.kernels import kernels_for
from skbackprop.network import (
    LAYERS,
    CumulativeLogit,
    Dense,
    FittedNetwork,
    Network,
    NormalScores,
    PeriodicEmbedding,
    PiecewiseLinearEncoding,
    UnitVariance,
    Workspace,
    network_in_a_line,
    network_table,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(30, 3))
SMALL = {"hidden_layer_sizes": (5, 4), "activation": "tanh", "max_iter": 3, "random_state": 0}
TASKS = {
    "classifier": (BackpropClassifier, (X[:, 0] > 0).astype(int)),
    "classes": (BackpropClassifier, np.digitize(X[:, 0], [-0.5, 0.5])),
    "regressor": (BackpropRegressor, X[:, 0]),
}
every_task = pytest.mark.parametrize("task", TASKS)


def fit(task="regressor", **parameters):
    estimator, y = TASKS[task]
    return estimator(**SMALL | parameters).fit(X, y)


def forward(net, features):
    """Activations of all layers, by hand."""
    H = [features]
    for W, b in zip(net.coefs_[:-1], net.intercepts_[:-1], strict=True):
        H.append(np.tanh(H[-1] @ W + b))
    return [*H[1:], H[-1] @ net.coefs_[-1] + net.intercepts_[-1]]


# ---- coefs_ and intercepts_ in a user's hands


@every_task
def test_predictions_follow_arrays_edited_in_place(task):
    net = fit(task)
    for arrays in (net.coefs_, net.intercepts_):
        for array in arrays:
            array += 0.1
            raw = net._raw_prediction(X)[0]
            np.testing.assert_allclose(raw, forward(net, X)[-1], rtol=1e-12)


@every_task
@pytest.mark.parametrize("how", ["entry", "list", "lists of numbers"])
def test_predictions_follow_replaced_arrays(task, how):
    net = fit(task)
    if how == "entry":
        net.coefs_[1] = 2 * net.coefs_[1]
        net.intercepts_[0] = net.intercepts_[0] - 1
    elif how == "list":
        net.coefs_ = [2 * W for W in net.coefs_]
    else:
        net.intercepts_ = [(b + 1).tolist() for b in net.intercepts_]
    by_hand = copy.copy(net)
    by_hand.intercepts_ = [np.array(b) for b in net.intercepts_]
    np.testing.assert_allclose(net._raw_prediction(X)[0], forward(by_hand, X)[-1], rtol=1e-12)
    for ours, expected in zip(layer_outputs(net, X), forward(by_hand, X), strict=False):
        np.testing.assert_allclose(ours, expected, rtol=1e-12)


@every_task
@pytest.mark.parametrize("last", [np.int64, np.float32])
@pytest.mark.parametrize("twin_of", [lambda net: net, copy.deepcopy])
def test_the_type_of_replaced_arrays_is_not_that_of_the_computation(task, last, twin_of):
    net = fit(task)
    net.coefs_ = [np.round(4 * W) for W in net.coefs_]
    expected = forward(net, X)[-1]
    net.coefs_[0], net.coefs_[-1] = net.coefs_[0].astype(int), net.coefs_[-1].astype(last)
    net = twin_of(net)
    raw, _ = net._raw_prediction(X)
    assert raw.dtype == np.float64
    np.testing.assert_allclose(raw, expected, rtol=1e-12)
    net.set_params(warm_start=True).fit(X, TASKS[task][1])


@pytest.mark.parametrize(
    "change",
    [
        lambda net: net.coefs_.__setitem__(0, net.coefs_[0].T),
        lambda net: net.coefs_.pop(),
        lambda net: net.intercepts_.append(np.zeros(1)),
        lambda net: net.intercepts_.__setitem__(1, np.zeros((4, 1))),
        lambda net: setattr(net, "coefs_", []),
    ],
)
def test_arrays_of_other_shapes_are_refused(change):
    net = fit()
    change(net)
    for action in (net.predict, net.transform, lambda X: net.partial_fit(X, X[:, 0])):
        with pytest.raises(ValueError):
            action(X)


def test_a_warm_start_goes_on_from_edited_arrays():
    edited, drawn = fit(warm_start=True, shuffle=False), fit(warm_start=True, shuffle=False)
    for array in (*edited.coefs_, *edited.intercepts_):
        array *= 1.5
    start = [W.copy() for W in edited.coefs_]
    edited.set_params(learning_rate_init=1e-12).fit(X, X[:, 0])
    for now, then, other in zip(edited.coefs_, start, drawn.coefs_, strict=True):
        np.testing.assert_allclose(now, then, atol=1e-9)
        assert not np.allclose(now, other)


def test_a_network_is_itself_with_its_own_arrays():
    network, _ = fit()._fitted()
    assert network.with_arrays(list(network.coefs), list(network.intercepts)) is network
    other = network.with_arrays([2 * W for W in network.coefs], network.intercepts)
    assert other is not network
    np.testing.assert_array_equal(2 * network.coefs[0], other.coefs[0])


def test_another_fit_leaves_the_network_of_the_last_one():
    net = fit()
    network, target = net._fitted()
    before = [W.copy() for W in network.coefs], network.raw_prediction(X)
    net.partial_fit(X, X[:, 0])
    net.fit(X[:, :2], X[:, 0])
    np.testing.assert_array_equal(network.raw_prediction(X), before[1])
    for now, then in zip(network.coefs, before[0], strict=True):
        np.testing.assert_array_equal(now, then)
    assert target is not net._target


# ---- copies and types


@every_task
@pytest.mark.parametrize("dump", [pickle.dump, joblib.dump])
def test_a_pickle_holds_each_array_once(task, dump):
    """A thousand units more make a pickle longer by their own bytes, and by little else."""
    sizes = []
    for n_units in (100, 1100):
        file = io.BytesIO()
        net = fit(task, hidden_layer_sizes=(n_units,), solver="lbfgs", max_iter=1)
        dump(net, file)
        sizes.append(len(file.getvalue()) - sum(a.nbytes for a in net.coefs_ + net.intercepts_))
    assert abs(sizes[1] - sizes[0]) < 500


@every_task
@pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_a_copy_has_arrays_of_its_own_that_it_predicts_by(task, twin_of):
    net = fit(task)
    twin = twin_of(net)
    np.testing.assert_array_equal(twin.predict(X), net.predict(X))
    twin.coefs_[-1][...] = 0
    twin.intercepts_[-1][...] = 1
    np.testing.assert_array_equal(twin._raw_prediction(X)[0], 1)
    assert not np.all(net._raw_prediction(X)[0] == 1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@every_task
def test_the_type_of_the_fit_is_that_of_all_it_computes(task, dtype):
    net = fit(task, dtype=dtype)
    network, _ = net._fitted()
    assert network.dtype == dtype
    for array in (*net.coefs_, *net.intercepts_, net._raw_prediction(X)[0], net.transform(X)):
        assert array.dtype == dtype
    assert {H.dtype for H in layer_outputs(net, X)} == {np.dtype(dtype)}


def test_a_network_can_predict_in_another_type():
    network, _ = fit(dtype="float32")._fitted()
    wide = FittedNetwork(network.network, network.layers, np.float64)
    assert wide.dtype == wide.raw_prediction(X).dtype == np.float64
    np.testing.assert_allclose(wide.raw_prediction(X), network.raw_prediction(X), atol=1e-5)
    assert wide.parameters(np.float32).flat.dtype == np.float32


@every_task
@pytest.mark.parametrize("n_rows", [1, 30, 5000])
def test_hidden_activations_are_those_of_the_formula(task, n_rows):
    net = fit(task)
    network, _ = net._fitted()
    features = np.random.default_rng(1).normal(size=(n_rows, 3))
    *hidden, raw = forward(net, features)
    assert [*network.hidden_layers] == [0, 1]
    for order in ([0, 1], [1, 0], [1]):
        for i, H in zip(order, network.hidden_activations(features, order), strict=True):
            np.testing.assert_allclose(H, hidden[i], rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(network.raw_prediction(features), raw, rtol=1e-10, atol=1e-14)


# ---- every kind of layer

EDGES = np.array([-1.5, -0.2, 0.4, 1.1])
MADE = {
    "dense": lambda: Dense(3, 4, Tanh()),
    "cumulative_logit": lambda: CumulativeLogit(3, 5, [[4, 0, 2]], UnitVariance()),
    "periodic": lambda: PeriodicEmbedding(3, [0, 2], n_waves=5, n_outputs=2),
    "piecewise_linear": lambda: PiecewiseLinearEncoding(3, [0, 1], {2: EDGES, 0: EDGES[1:]}),
    "normal_scores": lambda: NormalScores(3, [0, 2], {1: (EDGES, np.array([-3.0, 0, 1, 3]))}),
}
every_layer = pytest.mark.parametrize("name", LAYERS)


def network_with(name):
    """The layer below a dense one with two outputs."""
    layer = MADE[name]()
    return Network([layer, Dense(layer.fan_out, 2, Identity())])


def drawn(network, seed=0):
    parameters = network.parameters(np.float64)
    network.draw(parameters, np.random.RandomState(seed))
    return parameters


def test_every_layer_has_an_example():
    assert set(MADE) == set(LAYERS)
    assert all(type(MADE[name]()) is LAYERS[name] for name in LAYERS)


def value_and_gradients(network, parameters, features):
    """Half the sum of squares of the raw prediction, its gradients by parameters and input."""
    workspace = Workspace(network, len(features), np.float64, kernels_for(1, 1))
    raw = network.forward(parameters, features, workspace).copy()
    workspace.layers(len(features))[-1].delta[...] = raw
    gradient = parameters.empty_like()
    of_input = network.backward_to_input(parameters, features, workspace, gradient)
    return 0.5 * np.sum(raw**2), gradient.flat, of_input.ravel()


@every_layer
def test_the_gradient_by_the_parameters_is_right(name, seed):
    network = network_with(name)

    def function(theta):
        parameters = network.parameters(np.float64, theta.copy())
        return value_and_gradients(network, parameters, X)[:2]

    theta = drawn(network, seed).flat
    assert check_directional_derivatives(function, theta, random_state=seed).ok(1e-6)


@every_layer
def test_the_gradient_by_the_input_is_right(name, seed):
    network = network_with(name)
    parameters = drawn(network, seed)

    def function(features):
        return value_and_gradients(network, parameters, features.reshape(X.shape))[::2]

    assert check_directional_derivatives(function, X.ravel(), random_state=seed).ok(1e-6)


@every_layer
def test_starting_values_follow_the_generator(name):
    network = network_with(name)
    one, same, other = (drawn(network, seed).flat for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert np.isfinite(one).all()
    assert not np.array_equal(one, other)


@every_layer
def test_declared_shapes_are_those_of_the_arrays(name):
    network = network_with(name)
    layer, parameters = network.layers[0], drawn(network)
    shapes = [declared.shape for declared in layer.parameter_shapes]
    assert [array.shape for array in parameters.layers[0]] == shapes
    assert len({declared.name for declared in layer.parameter_shapes}) == len(shapes)
    assert network.layer_units == (3, layer.fan_out, 2)
    sizes = sum(np.prod(shape, dtype=int) for shape in shapes)
    assert parameters.flat.size == sizes + 2 * layer.fan_out + 2


@every_layer
@pytest.mark.parametrize("n_rows", [30, 7, 1])
def test_fewer_rows_than_the_buffers_have_make_no_difference(name, n_rows):
    network = network_with(name)
    parameters = drawn(network)
    workspace = Workspace(network, 30, np.float64)
    whole = network.forward(parameters, X, workspace).copy()
    part = network.forward(parameters, X[:n_rows], workspace)
    np.testing.assert_allclose(part, whole[:n_rows], rtol=1e-12)


@every_layer
def test_a_summary_has_a_row_for_every_layer(name):
    network = network_with(name)
    fitted = FittedNetwork(network, drawn(network).layers)
    rows = network_table(fitted, "identity")
    layer = network.layers[0]
    n_parameters = sum(array.size for array in fitted.layers[0])
    assert [row.split("  ")[0] for row in rows] == ["layer", "input", "hidden 1", "output"]
    assert layer.description in rows[2]
    assert rows[2].endswith(f"{n_parameters:,}")
    assert f"{layer.fan_out} {layer.description}" in network_in_a_line(fitted, "identity")


@every_layer
def test_a_fitted_network_computes_what_the_layers_do(name):
    network = network_with(name)
    parameters = drawn(network)
    fitted = FittedNetwork(network, parameters.layers)
    workspace = Workspace(network, 30, np.float64, backward=False)
    raw = network.forward(parameters, X, workspace)
    np.testing.assert_allclose(fitted.raw_prediction(X), raw, rtol=1e-12)
    (hidden,) = fitted.hidden_activations(X, [0])
    np.testing.assert_allclose(hidden, workspace.layers(30)[0].H, rtol=1e-12)
    np.testing.assert_array_equal(fitted.parameters(np.float64).flat, parameters.flat)


@pytest.mark.parametrize("name", ["piecewise_linear", "normal_scores"])
def test_training_goes_down_to_the_first_layer_with_parameters(name, monkeypatch):
    """Gradients of inputs that nothing needs are not computed."""
    network = network_with(name)
    parameters, features = drawn(network), np.ones((4, 3))
    workspace = Workspace(network, 4, np.float64, kernels_for(1, 1))
    network.forward(parameters, features, workspace)
    workspace.layers(4)[-1].delta[...] = 1
    for layer in network.layers:
        monkeypatch.delattr(type(layer), "backward_inputs", raising=False)
    network.backward(parameters, features, workspace, parameters.empty_like())
    with pytest.raises(AttributeError):
        network.backward_to_input(parameters, features, workspace, parameters.empty_like())
