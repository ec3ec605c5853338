"""One battery for all activations: values at extreme inputs, derivatives, dtype, aliasing."""

from inspect import signature

import numpy as np
import pytest
from component_tables import ACTIVATIONS, ELEMENTWISE, assert_is_a_value, read_only
from reference_values import ACTIVATION_VALUES, INPUTS, SOFTMAX_DELTA, SOFTMAX_VALUES

from skbackprop.activations import FromFunctions, LeakyReLU, ReLU, from_functions
from skbackprop.inspection import check_directional_derivatives

every_activation = pytest.mark.parametrize("name", ACTIVATIONS)
every_elementwise = pytest.mark.parametrize("name", ELEMENTWISE)
every_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def forward(activation, Z):
    H = np.full_like(Z, np.nan)
    activation.forward(Z, H)
    return H


def backward(activation, delta, Z):
    """``delta`` times the derivative; the activation may use up what it is given."""
    delta = delta.copy()
    Z_or_none = Z.copy() if activation.needs_input else None
    activation.backward(delta, forward(activation, Z), Z_or_none)
    return delta


def test_every_activation_has_reference_values():
    assert set(ACTIVATION_VALUES) == set(ELEMENTWISE)


@every_dtype
@every_elementwise
def test_values_and_slopes_at_extreme_inputs(name, dtype):
    activation = ACTIVATIONS[name]
    Z = np.array([INPUTS, INPUTS], dtype)
    tolerance = 1e-14 if dtype == np.float64 else 5e-7
    value, slope = ACTIVATION_VALUES[name]
    H = forward(activation, Z)
    delta = backward(activation, np.ones_like(Z), Z)
    assert H.dtype == delta.dtype == dtype
    np.testing.assert_allclose(H, [value, value], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(delta, [slope, slope], rtol=tolerance, atol=tolerance)


@every_dtype
def test_softmax_and_its_jacobian_at_extreme_inputs(dtype):
    Z, value, expected = (np.array(rows, dtype) for rows in zip(*SOFTMAX_VALUES, strict=True))
    tolerance = 1e-14 if dtype == np.float64 else 5e-7
    delta = backward(ACTIVATIONS["softmax"], np.tile(dtype(SOFTMAX_DELTA), (len(Z), 1)), Z)
    assert delta.dtype == dtype
    np.testing.assert_allclose(forward(ACTIVATIONS["softmax"], Z), value, atol=tolerance)
    np.testing.assert_allclose(delta, expected, rtol=10 * tolerance, atol=tolerance)


@every_activation
def test_derivative_is_that_of_the_value(name, seed):
    activation = ACTIVATIONS[name]
    rng = np.random.default_rng(seed)
    direction = rng.normal(size=(4, 3))

    def value_and_gradient(theta):
        Z = theta.reshape(4, 3)
        return np.sum(direction * forward(activation, Z)), backward(
            activation, direction, Z
        ).ravel()

    theta = rng.normal(scale=2, size=12)
    assert check_directional_derivatives(value_and_gradient, theta, random_state=seed).ok(1e-8)


@every_activation
def test_forward_may_overwrite_its_input(name, seed):
    activation = ACTIVATIONS[name]
    Z = np.random.default_rng(seed).normal(size=(4, 3))
    expected = forward(activation, Z)
    activation.forward(Z, Z)
    np.testing.assert_array_equal(Z, expected)


@every_activation
def test_forward_leaves_a_separate_input_alone(name, seed):
    Z = np.random.default_rng(seed).normal(size=(4, 3))
    (locked,) = read_only(Z)
    forward(ACTIVATIONS[name], locked)
    np.testing.assert_array_equal(locked, Z)


@every_elementwise
def test_backward_multiplies_the_delta(name, seed):
    rng = np.random.default_rng(seed)
    Z, delta = rng.normal(size=(2, 4, 3))
    slope = backward(ACTIVATIONS[name], np.ones_like(Z), Z)
    result = backward(ACTIVATIONS[name], delta, Z)
    np.testing.assert_allclose(result, delta * slope, rtol=1e-14, atol=0)


@every_activation
def test_is_a_value(name):
    assert_is_a_value(ACTIVATIONS[name], ACTIVATIONS.values())


@pytest.mark.parametrize("name", ["identity", "logistic", "tanh", "relu"])
def test_starting_weights_have_the_bound_of_scikit_learn(name):
    assert ACTIVATIONS[name].init_factor == (2 if name == "logistic" else 6)


@pytest.mark.parametrize("name", ["elu", "softplus", "gelu", "silu", "mish"])
def test_smooth_rectifiers_start_with_twice_the_variance(name):
    assert ACTIVATIONS[name].init_factor == 12


@pytest.mark.parametrize("name", ["leaky_relu", "elu", "selu", "softplus", "gelu", "silu", "mish"])
def test_signals_pass_through_many_layers(name, seed):
    """With the starting weights, activations neither die out nor explode."""
    activation = ACTIVATIONS[name]
    rng = np.random.default_rng(seed)
    H = rng.normal(size=(200, 100))
    bound = np.sqrt(activation.init_factor / 200)
    for _ in range(8):
        H = forward(activation, H @ rng.uniform(-bound, bound, size=(100, 100)))
    assert 0.05 < np.sqrt(np.mean(H**2)) < 20


# ---- activations of users


def test_an_activation_of_functions_is_a_value():
    """With the defaults that are documented, and a hash, for dicts and caches."""
    sine = FromFunctions(np.sin, np.cos)
    assert_is_a_value(sine, [FromFunctions(np.cos, np.sin)])
    assert sine == from_functions(np.sin, np.cos, needs_input=True, init_factor=6.0)
    assert len({sine, from_functions(np.sin, np.cos)}) == 1


def test_the_function_and_its_class_have_the_same_parameters():
    def arguments(callable_):
        return [(p.name, p.kind, p.default) for p in signature(callable_).parameters.values()]

    assert arguments(from_functions) == arguments(FromFunctions)


# ---- parameters of activations

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))


def test_leaky_relu_of_slope_zero_is_relu():
    Z = X.copy()
    leaky, relu = np.empty_like(Z), np.empty_like(Z)
    LeakyReLU(0.0).forward(Z, leaky)
    ReLU().forward(Z, relu)
    np.testing.assert_array_equal(leaky, relu)


def test_starting_weights_of_a_leaky_relu_know_its_slope():
    assert LeakyReLU(0.5).init_factor == 12 / 1.25
