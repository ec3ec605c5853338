"""Gradients against numerical derivatives, through objective, network and loss together."""

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from component_tables import ACTIVATIONS, LOSSES, draw_targets, draw_weights, has_codes
from scipy import sparse

from skbackprop.activations import Activation
from skbackprop.batches import RowBuffers, Rows
from skbackprop.gradient_check import check_directional_derivatives
from skbackprop.losses import Loss, SquaredError
from skbackprop.network import Network
from skbackprop.objective import Objective
from skbackprop.passes import BatchPass, ExactPass
from skbackprop.threads import RowThreads, row_threads

N_FEATURES = 4
HIDDEN = {0: (), 1: (5,), 3: (5, 4, 3)}
THREADS = RowThreads(1, None)


def make_objective(
    rng, loss, activation, *, depth=1, outputs=1, weights="none", alpha=0.0, n_rows=20, csr=False
):
    """An objective over random data in several blocks; ``loss`` is a name."""
    X = rng.normal(size=(n_rows, N_FEATURES))
    if csr:
        X = sparse.csr_array(np.where(rng.uniform(size=X.shape) < 0.5, X, 0.0))
    rows = Rows(
        X,
        draw_targets(loss, n_rows, outputs, rng),
        draw_weights(weights, n_rows, outputs, rng),
        np.float64,
    )
    n_raw = LOSSES[loss].n_raw(outputs)
    network = Network([N_FEATURES, *HIDDEN[depth], n_raw], [activation] * depth)
    return Objective(network, LOSSES[loss], rows, alpha)


def random_parameters(objective, rng):
    parameters = objective.network.parameters(np.float64)
    parameters.flat[:] = rng.normal(scale=0.6, size=parameters.flat.shape)
    return parameters


def value_and_gradient(objective, theta, block_rows=8):
    parameters = objective.network.parameters(np.float64, np.array(theta))
    gradient = parameters.empty_like()
    gradient.flat[:] = np.nan
    value = ExactPass(objective, parameters, gradient, THREADS, block_rows).evaluate()
    return value, gradient.flat


def check(objective, rng, seed, n_directions=2):
    theta = random_parameters(objective, rng).flat
    return check_directional_derivatives(
        lambda point: value_and_gradient(objective, point),
        theta,
        n_directions=n_directions,
        random_state=seed,
    )


def activations_to_check(loss, depth):
    if depth == 0:
        return ["identity"]
    return ACTIVATIONS if loss in ("squared_error", "multinomial") else ["tanh", "gelu"]


def gradient_cases():
    """Loss, activation, depth, outputs, weights; those that make no difference left out.

    All losses with one activation of each kind, and all activations with one loss of each kind.
    """
    for loss in LOSSES:
        for depth in HIDDEN:
            for activation in activations_to_check(loss, depth):
                for outputs in (3,) if has_codes(loss) else (1, 3):
                    per_target = outputs > 1 and not has_codes(loss)
                    for weights in ("none", "rows", "targets") if per_target else ("none", "rows"):
                        yield loss, activation, depth, outputs, weights


@pytest.mark.parametrize("alpha", [0.0, 0.7])
@pytest.mark.parametrize("csr", [False, True], ids=["dense", "csr"])
@pytest.mark.parametrize(
    ("loss", "activation", "depth", "outputs", "weights"), [*gradient_cases()]
)
def test_gradient(loss, activation, depth, outputs, weights, csr, alpha, seed):
    rng = np.random.default_rng(seed)
    objective = make_objective(
        rng,
        loss,
        ACTIVATIONS[activation],
        depth=depth,
        outputs=outputs,
        weights=weights,
        alpha=alpha,
        csr=csr,
    )
    assert check(objective, rng, seed).ok(rtol=1e-6)


@pytest.mark.parametrize("weights", ["none", "rows", "targets"])
def test_value_is_the_formula_of_the_documentation(weights, seed):
    rng = np.random.default_rng(seed)
    objective = make_objective(
        rng, "squared_error", ACTIVATIONS["tanh"], outputs=3, weights=weights, alpha=0.7
    )
    parameters = random_parameters(objective, rng)
    (W1, b1), (W2, b2) = parameters.layers
    rows = objective.rows
    s = np.ones_like(rows.y)
    if rows.sample_weight is not None:
        s *= rows.sample_weight
    raw = np.tanh(rows.X @ W1 + b1) @ W2 + b2
    penalty = 0.35 * (np.sum(W1**2) + np.sum(W2**2))
    expected = (np.sum(s * (raw - rows.y) ** 2) / 2 + penalty) / np.sum(s.mean(axis=1))
    assert value_and_gradient(objective, parameters.flat)[0] == pytest.approx(expected, rel=1e-13)


def test_penalty_of_a_network_with_many_weights(seed):
    """The penalty is on all weights and on no bias, also where they are worked on in pieces."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(5, 150)), rng.normal(size=(5, 120))
    network = Network([150, 120], [])
    theta = rng.normal(size=150 * 120 + 120)
    plain, penalised = (
        value_and_gradient(
            Objective(network, SquaredError(), Rows(X, y, None, np.float64), alpha), theta
        )
        for alpha in (0.0, 0.7)
    )
    W = np.where(np.arange(theta.size) < 150 * 120, theta, 0)
    assert penalised[0] - plain[0] == pytest.approx(0.35 * np.sum(W**2) / 5, rel=1e-10)
    np.testing.assert_allclose(penalised[1] - plain[1], 0.7 * W / 5, rtol=1e-8, atol=1e-10)


# ---- minibatches and blocks


@pytest.mark.parametrize("weights", ["none", "rows"])
@pytest.mark.parametrize("loss", LOSSES)
def test_equal_minibatches_average_to_the_full_gradient(loss, weights, seed):
    rng = np.random.default_rng(seed)
    n_batches, batch_size = 6, 10
    whole = make_objective(
        rng,
        loss,
        ACTIVATIONS["tanh"],
        outputs=3,
        weights=weights,
        alpha=0.7,
        n_rows=n_batches * batch_size,
    )
    # Each batch brings the whole penalty, over its own divisor.
    parts = Objective(whole.network, whole.loss, whole.rows, whole.alpha / n_batches)
    parameters = random_parameters(whole, rng)
    gradient = parameters.empty_like()
    batch_pass = BatchPass(parts, parameters, gradient, batch_size)
    buffers = RowBuffers(whole.rows, whole.rows.gather_size(batch_size))
    values, gradients = [], []
    for batch in whole.rows.batches(rng.permutation(len(whole.rows)), batch_size, buffers):
        values.append(batch_pass.evaluate(batch))
        gradients.append(gradient.flat.copy())
    value, full = value_and_gradient(whole, parameters.flat)
    assert len(gradients) == n_batches
    assert sum(values) / whole.total_weight == pytest.approx(value, rel=1e-12)
    np.testing.assert_allclose(np.mean(gradients, axis=0), full, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("csr", [False, True], ids=["dense", "csr"])
@pytest.mark.parametrize("loss", LOSSES)
def test_block_size_does_not_change_value_or_gradient(loss, csr, seed):
    rng = np.random.default_rng(seed)
    objective = make_objective(
        rng, loss, ACTIVATIONS["relu"], outputs=3, weights="rows", alpha=0.7, n_rows=100, csr=csr
    )
    theta = random_parameters(objective, rng).flat
    results = [
        value_and_gradient(objective, theta, block_rows) for block_rows in (1, 7, 50, 1000, None)
    ]
    for value, gradient in results[1:]:
        assert value == pytest.approx(results[0][0], rel=1e-13)
        np.testing.assert_allclose(gradient, results[0][1], rtol=1e-10, atol=1e-14)


def test_repeated_passes_give_the_same_bits(seed):
    rng = np.random.default_rng(seed)
    objective = make_objective(rng, "log_loss", ACTIVATIONS["relu"], n_rows=100, alpha=0.7)
    theta = random_parameters(objective, rng).flat
    first, again = (value_and_gradient(objective, theta) for _ in range(2))
    assert first[0] == again[0]
    np.testing.assert_array_equal(first[1], again[1])


# ---- the checker itself, with rules that are wrong by 0.1 %


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
    objective.loss = WrongLoss(objective.loss)
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


def test_a_zero_gradient_is_right_for_a_constant_and_wrong_for_anything_else():
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


# ---- minibatches


@pytest.mark.parametrize("n_rows", [64, 40, 33])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_minibatch_of_all_rows_has_the_exact_gradient(loss, n_rows, seed):
    """Times the divisor, and in a workspace that has room for more rows."""
    rng = np.random.default_rng(seed)
    objective = make_objective(
        rng, loss, ACTIVATIONS["tanh"], outputs=3, weights="rows", alpha=0.7, n_rows=n_rows
    )
    parameters = random_parameters(objective, rng)
    exact, gradient = parameters.empty_like(), parameters.empty_like()
    with row_threads() as threads:
        value = ExactPass(objective, parameters, exact, threads).evaluate()
    batch = objective.rows.block(0, n_rows, RowBuffers(objective.rows, n_rows))
    total = BatchPass(objective, parameters, gradient, 64).evaluate(batch)
    assert total == pytest.approx(value * objective.total_weight, rel=1e-12)
    np.testing.assert_allclose(gradient.flat, exact.flat, rtol=1e-10, atol=1e-14)
