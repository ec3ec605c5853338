"""One battery for all kinds of layers: gradients, blocks of rows, types, starting values."""

import numpy as np
import pytest
from component_tables import make_layer
from scipy import sparse

from skbackprop.activations import Identity, Tanh
from skbackprop.inspection import check_directional_derivatives
from skbackprop.losses import SquaredError
from skbackprop.network import LAYERS, Dense, Network, Workspace

N_ROWS, FAN_IN = 7, 4

every_layer = pytest.mark.parametrize("name", LAYERS)
every_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def network_with(name, above=True):
    """A layer between dense ones, or as the first of the two layers."""
    below = [] if above else [Dense(FAN_IN, FAN_IN, Tanh())]
    layer = make_layer(name, FAN_IN)
    return Network([*below, layer, Dense(layer.fan_out, 2, Identity())])


def drawn(network, seed, dtype=np.float64):
    """Starting values, a little moved: none is 0."""
    parameters = network.parameters(dtype)
    parameters.flat[:] = np.nan
    network.draw(parameters, np.random.RandomState(seed))
    assert np.isfinite(parameters.flat).all()
    parameters.flat += np.random.default_rng(seed).normal(scale=0.1, size=parameters.flat.size)
    return parameters


def draw_rows(seed, n_rows=N_ROWS, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_rows, FAN_IN)).astype(dtype), rng.normal(size=(n_rows, 2))


def passes(network, parameters, X, y, weight=None):
    """Loss, gradient of the parameters, gradient of the input."""
    workspace = Workspace(network, len(X), X.dtype)
    gradient = parameters.empty_like()
    gradient.flat[:] = np.nan
    raw = network.forward(parameters, X, workspace)
    delta = workspace.layers(len(X))[-1].delta
    total = SquaredError().loss_gradient(y.astype(X.dtype), raw, weight, delta)
    return total, gradient, network.backward_to_input(parameters, X, workspace, gradient)


@pytest.mark.parametrize("above", [True, False], ids=["first", "second"])
@every_layer
def test_gradient_of_parameters_is_that_of_the_loss(name, above, seed):
    network = network_with(name, above)
    X, y = draw_rows(seed)
    weight = np.random.default_rng(seed).uniform(0.5, 2.0, size=(N_ROWS, 1))

    def value_and_gradient(theta):
        parameters = network.parameters(np.float64, np.array(theta))
        total, gradient, _ = passes(network, parameters, X, y, weight)
        return total, gradient.flat

    theta = drawn(network, seed).flat
    check = check_directional_derivatives(value_and_gradient, theta, random_state=seed)
    assert check.ok(rtol=1e-6)


@every_layer
def test_gradient_of_the_input_is_that_of_the_loss(name, seed):
    network = network_with(name)
    parameters = drawn(network, seed)
    X, y = draw_rows(seed)

    def value_and_gradient(x):
        total, _, slope = passes(network, parameters, x.reshape(X.shape), y)
        return total, slope.ravel()

    check = check_directional_derivatives(value_and_gradient, X.ravel(), random_state=seed)
    assert check.ok(rtol=1e-6)


@every_layer
def test_a_block_of_fewer_rows_uses_the_same_buffers(name, seed):
    network = network_with(name)
    parameters = drawn(network, seed)
    X, _ = draw_rows(seed)
    workspace = Workspace(network, N_ROWS, np.float64, backward=False)
    whole = network.forward(parameters, X, workspace).copy()
    np.testing.assert_allclose(network.forward(parameters, X[:3], workspace), whole[:3])


@every_dtype
@every_layer
def test_the_type_is_kept(name, dtype, seed):
    network = network_with(name)
    parameters = drawn(network, seed, dtype)
    X, y = draw_rows(seed, dtype=dtype)
    _, gradient, slope = passes(network, parameters, X, y)
    assert gradient.flat.dtype == slope.dtype == dtype
    _, exact, exact_slope = passes(
        network, network.parameters(np.float64, parameters.flat.astype(float)), X.astype(float), y
    )
    np.testing.assert_allclose(gradient.flat, exact.flat, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(slope, exact_slope, rtol=1e-4, atol=1e-4)


@every_dtype
@every_layer
def test_large_inputs_give_finite_outputs(name, dtype, seed):
    network = network_with(name)
    X, _ = draw_rows(seed, dtype=dtype)
    workspace = Workspace(network, N_ROWS, dtype, backward=False)
    assert np.isfinite(
        network.forward(drawn(network, seed, dtype), X * dtype(1e4), workspace)
    ).all()


@every_layer
def test_inputs_are_left_alone(name, seed):
    network = network_with(name)
    X, y = draw_rows(seed)
    X.flags.writeable = False
    passes(network, drawn(network, seed), X, y)


@pytest.mark.parametrize("name", ["dense", "cumulative_logit"])
def test_sparse_inputs_are_the_same(name, seed):
    network = network_with(name)
    parameters = drawn(network, seed)
    X = np.where(draw_rows(seed)[0] > 0, draw_rows(seed)[0], 0)
    gradients = []
    for inputs in (X, sparse.csr_array(X)):
        workspace = Workspace(network, N_ROWS, np.float64)
        workspace.layers(N_ROWS)[-1].delta[...] = network.forward(parameters, inputs, workspace)
        gradient = parameters.empty_like()
        network.backward(parameters, inputs, workspace, gradient)
        gradients.append(gradient.flat)
    np.testing.assert_allclose(*gradients, rtol=1e-12)


@every_layer
def test_starting_values_are_those_of_the_random_state(name, seed):
    network = network_with(name)
    one, other = (drawn(network, seed).flat for _ in range(2))
    np.testing.assert_array_equal(one, other)


@every_layer
def test_pre_activations_are_there_to_be_looked_at(name, seed):
    """Of a layer without an activation they are its outputs."""
    network = network_with(name)
    X, _ = draw_rows(seed)
    workspace = Workspace(network, N_ROWS, np.float64, keep_inputs=True)
    network.forward(drawn(network, seed), X, workspace)
    for buffers, layer in zip(workspace.layers(N_ROWS), network.layers, strict=True):
        assert buffers.Z.shape == buffers.H.shape == (N_ROWS, layer.fan_out)
        assert np.isfinite(buffers.Z).all()


@every_layer
def test_a_layer_says_what_it_is(name):
    layer = make_layer(name, FAN_IN)
    assert layer.fan_in == FAN_IN
    assert isinstance(layer.description, str)
    if name != "dense":  # which is called by its activation
        assert layer.description == name
