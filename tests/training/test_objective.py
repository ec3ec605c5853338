"""Gradients against numerical derivatives, through objective, network and loss together."""

import numpy as np
import pytest
from component_tables import ACTIVATIONS, LOSSES, has_codes
from objectives import HIDDEN, check, make_objective, random_parameters, value_and_gradient

from skbackprop.data.rows import Rows
from skbackprop.losses import SquaredError
from skbackprop.network import dense_network
from skbackprop.training.objective import Objective


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
                    of_targets = ("targets", "missing") if per_target else ()
                    for weights in ("none", "rows", *of_targets):
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


@pytest.mark.parametrize("weights", ["none", "rows", "targets", "missing"])
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
    network = dense_network([150, 120], [])
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
