"""The check of gradients: what is right passes, and what is wrong by 0.1 % is caught."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from component_tables import ACTIVATIONS, LOSSES
from objectives import check, make_objective

from skbackprop.activations import Activation
from skbackprop.inspection import check_directional_derivatives
from skbackprop.losses import Loss, SquaredError
from skbackprop.training.objective import Objective


class WrongActivation(Activation):
    """An activation whose derivative is too large by 0.1 %."""

    def __init__(self, right):
        self.right = right
        self.needs_input = right.needs_input

    def forward(self, Z, out):
        self.right.forward(Z, out)

    def backward(self, delta, H, Z):
        self.right.backward(delta, H, Z)
        delta *= 1.001


class WrongLoss(Loss):
    """A loss whose gradient is too large by 0.1 %."""

    def __init__(self, right):
        self.right = right

    def loss_gradient(self, y, raw, sample_weight, out):
        total = self.right.loss_gradient(y, raw, sample_weight, out)
        out *= 1.001
        return total


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_wrong_derivative_of_an_activation_is_caught(activation, depth, seed):
    for rule in (ACTIVATIONS[activation], WrongActivation(ACTIVATIONS[activation])):
        rng = np.random.default_rng(seed)
        objective = make_objective(rng, "squared_error", rule, depth=depth, outputs=3)
        right = not isinstance(rule, WrongActivation)
        assert check(objective, rng, seed, n_directions=5).ok(rtol=1e-6) is right


@pytest.mark.parametrize("loss", LOSSES)
def test_a_wrong_gradient_of_a_loss_is_caught(loss, seed):
    rng = np.random.default_rng(seed)
    objective = make_objective(rng, loss, ACTIVATIONS["tanh"], outputs=3)
    wrong = WrongLoss(objective.loss)
    objective = Objective(objective.network, wrong, objective.rows, objective.alpha)
    result = check(objective, rng, seed, n_directions=5)
    assert not result.ok(rtol=1e-6)
    assert 1e-4 < result.max_relative_error < 1.1e-3


def exponentials(theta):
    return np.sum(np.exp(theta)), np.exp(theta)


def test_result_tells_derivatives_and_errors(seed):
    theta = np.array([0.3, -0.2])
    result = check_directional_derivatives(exponentials, theta, n_directions=7, random_state=seed)
    assert len(result.analytic) == len(result.numerical) == len(result.relative_errors) == 7
    assert result.analytic == pytest.approx(result.numerical, rel=1e-8, abs=1e-9)
    assert result.max_relative_error == max(result.relative_errors)
    assert result.ok(rtol=result.max_relative_error)
    assert not result.ok(rtol=0.99 * result.max_relative_error)
    with pytest.raises(FrozenInstanceError):
        result.analytic = ()


def test_directions_follow_the_seed():
    first, same, other = (
        check_directional_derivatives(exponentials, [0.3, -0.2, 1.0], random_state=seed)
        for seed in (3, 3, 4)
    )
    assert first == same
    assert first.analytic != other.analytic


def test_theta_is_left_alone():
    theta = np.array([0.3, -0.2])

    def careless(point):
        result = exponentials(point)
        point[...] = 0
        return result

    assert check_directional_derivatives(careless, theta, random_state=0).ok(1e-8)
    np.testing.assert_array_equal(theta, [0.3, -0.2])


def test_stencil_is_exact_up_to_the_fourth_power():
    def quartic(theta):
        return np.sum(theta**4 - theta**3 + theta), 4 * theta**3 - 3 * theta**2 + 1

    theta = np.linspace(-1, 1, 6)
    result = check_directional_derivatives(quartic, theta, step=0.5, random_state=0)
    assert result.ok(rtol=1e-12)


def test_a_zero_gradient_is_right_for_constants_only():
    zero = np.zeros(3)
    right = check_directional_derivatives(lambda theta: (1.7, zero), np.ones(3), random_state=0)
    wrong = check_directional_derivatives(
        lambda theta: (np.sum(theta), zero), np.ones(3), random_state=0
    )
    assert right.ok(1e-12)
    assert wrong.relative_errors == (1.0,) * 5


def test_nan_in_the_gradient_is_an_error():
    result = check_directional_derivatives(
        lambda theta: (np.sum(theta), np.array([1.0, np.nan])), np.ones(2), random_state=0
    )
    assert not result.ok(rtol=np.inf)


@pytest.mark.parametrize("factor", [1.0, 1.001])
def test_stencils_across_a_kink_are_not_used(factor, seed):
    """All stencils of the first step size would cross |t| at 0."""
    theta = np.array([1e-4, -2e-4, 3e-4, 1e-4])

    def absolute(point):
        return np.sum(np.abs(point) + point**2), factor * (np.sign(point) + 2 * point)

    result = check_directional_derivatives(absolute, theta, random_state=seed)
    assert result.ok(rtol=1e-6) is (factor == 1.0)


@pytest.mark.parametrize("step", [0.2, 1.0, 3.0, 100.0])
def test_kinks_that_cancel_in_central_differences_are_seen(step):
    """With steps of 0.5 and more, all central differences of this function are 0."""

    def two_kinks(theta):
        left, right = 1 - 2 * theta, 1 + 3 * theta
        slope = -2 * np.sign(left) + 3 * np.sign(right)
        return float(np.sum(np.abs(left) + np.abs(right))), slope

    result = check_directional_derivatives(two_kinks, [0.0], step=step, random_state=0)
    assert result.ok(rtol=1e-9)
    assert np.abs(result.numerical) == pytest.approx(1.0)


class SlopesOf:
    """The sum of ``function`` over the parameters, with the gradient of zero slopes."""

    def __init__(self, function):
        self.function = function

    def __call__(self, theta):
        return np.sum(self.function(theta)), np.zeros_like(theta)


@pytest.mark.parametrize(
    "function",
    [
        lambda theta: np.sqrt(np.abs(theta)) * np.sin(1e9 * theta),
        lambda theta: np.where(theta > 0, np.inf, theta),
        lambda theta: np.full_like(theta, np.nan),
        lambda theta: np.maximum(theta, 0),
        lambda theta: np.abs(theta),
    ],
    ids=["rough", "infinite", "nan", "relu at its kink", "absolute value at its kink"],
)
def test_a_function_that_is_not_smooth_is_refused(function):
    with pytest.raises(ValueError, match="not smooth near theta, or not finite"):
        check_directional_derivatives(SlopesOf(function), np.zeros(3), random_state=0)


def test_a_sparse_gradient_of_a_wide_function_is_checked(seed):
    """A mistake in one of many parameters shows."""
    rng = np.random.default_rng(seed)
    A, b = rng.normal(size=(30, 200)), rng.normal(size=(30, 1))

    def least_squares(theta):
        out = np.empty((30, 1))
        value = SquaredError().loss_gradient(b, (A @ theta)[:, np.newaxis], None, out)
        return value, A.T @ out[:, 0]

    def wrong(theta):
        value, gradient = least_squares(theta)
        gradient[17] *= 1.001
        return value, gradient

    theta = rng.normal(size=200)
    assert check_directional_derivatives(least_squares, theta, random_state=seed).ok(1e-9)
    assert not check_directional_derivatives(wrong, theta, random_state=seed).ok(1e-7)
