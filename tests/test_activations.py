"""One battery for all activations: values at extreme inputs, derivatives, dtype, aliasing."""

import numpy as np
import pytest
from component_tables import ACTIVATIONS, assert_is_a_value, read_only

from skbackprop.gradient_check import check_directional_derivatives

INPUTS = [-1e4, -800.0, -40.0, -1.5, 0.0, 1.5, 40.0, 800.0, 1e4]

# f(z) and f'(z) at INPUTS, computed with mpmath to 60 digits. At its kink relu has slope 0.
LOGISTIC = [0.0, 0.0, 4.248354255291589e-18, 0.18242552380635635, 0.5, 0.8175744761936437]
LOGISTIC_SLOPE = [0.0, 0.0, 4.248354255291589e-18, 0.14914645207033286, 0.25]
TANH_SLOPE = [0.0, 0.0, 7.219405551381661e-35, 0.18070663892364852, 1.0]
REFERENCE = {
    "identity": (INPUTS, [1.0] * 9),
    "logistic": (LOGISTIC + [1.0] * 3, LOGISTIC_SLOPE + LOGISTIC_SLOPE[3::-1]),
    "tanh": (
        [-1.0, -1.0, -1.0, -0.9051482536448664, 0.0, 0.9051482536448664, 1.0, 1.0, 1.0],
        TANH_SLOPE + TANH_SLOPE[3::-1],
    ),
    "relu": ([0.0] * 5 + INPUTS[5:], [0.0] * 5 + [1.0] * 4),
}

every_activation = pytest.mark.parametrize("name", ACTIVATIONS)
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
    assert set(REFERENCE) == set(ACTIVATIONS)


@every_dtype
@every_activation
def test_values_and_slopes_at_extreme_inputs(name, dtype):
    activation = ACTIVATIONS[name]
    Z = np.array([INPUTS, INPUTS], dtype)
    tolerance = 1e-14 if dtype == np.float64 else 5e-7
    value, slope = REFERENCE[name]
    H = forward(activation, Z)
    delta = backward(activation, np.ones_like(Z), Z)
    assert H.dtype == delta.dtype == dtype
    np.testing.assert_allclose(H, [value, value], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(delta, [slope, slope], rtol=tolerance, atol=tolerance)


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
    if not activation.needs_input:
        activation.forward(Z, Z)
        np.testing.assert_array_equal(Z, expected)


@every_activation
def test_forward_leaves_a_separate_input_alone(name, seed):
    Z = np.random.default_rng(seed).normal(size=(4, 3))
    (locked,) = read_only(Z)
    forward(ACTIVATIONS[name], locked)
    np.testing.assert_array_equal(locked, Z)


@every_activation
def test_backward_multiplies_the_delta(name, seed):
    rng = np.random.default_rng(seed)
    Z, delta = rng.normal(size=(2, 4, 3))
    slope = backward(ACTIVATIONS[name], np.ones_like(Z), Z)
    result = backward(ACTIVATIONS[name], delta, Z)
    np.testing.assert_allclose(result, delta * slope, rtol=1e-14, atol=0)


@every_activation
def test_is_a_value(name):
    assert_is_a_value(ACTIVATIONS[name], ACTIVATIONS.values())


@every_activation
def test_starting_weights_have_the_bound_of_scikit_learn(name):
    assert ACTIVATIONS[name].init_factor == (2 if name == "logistic" else 6)
