"""Passes over the rows: blocks and minibatches come to the same sums."""

import numpy as np
import pytest
from component_tables import ACTIVATIONS, LOSSES
from objectives import make_objective, random_parameters, value_and_gradient

from skbackprop.data.rows import RowBuffers
from skbackprop.training.objective import Objective
from skbackprop.training.passes import BatchPass, ExactPass
from skbackprop.training.threads import row_threads


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
    minibatches = whole.rows.minibatches(batch_size, shuffle=True)
    values, gradients = [], []
    for batch in minibatches.epoch(rng.permutation(len(whole.rows))):
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
