"""Compiled kernels of losses beside NumPy's: the same sums and gradients."""

import numpy as np
import pytest
from component_tables import LOSSES, draw_targets, draw_weights, has_codes
from rounding import TOLERANCE, assert_close, both_dtypes

from skbackprop.kernels import NUMPY

pytest.importorskip("numba")

from skbackprop.kernels.compiled import COMPILED
from skbackprop.kernels.compiled import LOSSES as COMPILED_LOSSES


def assert_same_losses(name, y, raw, weight, scale):
    """Compiled and NumPy's kernels give the same loss and the same gradient."""
    results = []
    for kernels in (COMPILED, NUMPY):
        out = np.empty_like(raw)
        total = kernels.loss(LOSSES[name]).loss_gradient(y, raw, weight, scale, out)
        results.append((total, out))
    (our_total, ours), (their_total, theirs) = results
    assert isinstance(our_total, float)
    np.testing.assert_allclose(our_total, their_total, rtol=TOLERANCE[raw.dtype.name])
    assert_close(ours, theirs, raw.dtype.name)


@both_dtypes
@pytest.mark.parametrize("weights", ["none", "rows", "targets", "missing"])
@pytest.mark.parametrize("name", LOSSES)
def test_losses(name, weights, dtype, seed):
    if weights in ("targets", "missing") and has_codes(name):
        weights = "rows"
    rng = np.random.default_rng(seed)
    y = draw_targets(name, 40, 3, rng, np.dtype(dtype).type)
    raw = rng.normal(scale=4, size=(40, LOSSES[name].n_raw(3))).astype(dtype)
    weight = draw_weights(weights, 40, 3, rng, np.dtype(dtype).type)
    assert_same_losses(name, y, raw, weight, 0.25)


@both_dtypes
@pytest.mark.parametrize("size", [1e3, 1e4])
@pytest.mark.parametrize("name", ["log_loss", "multinomial", "multinomial_smooth"])
def test_log_losses_of_extreme_raw_predictions(name, size, dtype):
    raw = np.array([[size, -size, 0.0], [-size, -size, size]], dtype)
    y = np.array([0, 1]) if has_codes(name) else np.array([[1, 0, 1], [1, 0, 0]], dtype)
    assert_same_losses(name, y, raw, None, 1.0)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["log_loss", "multinomial", "squared_error"])
def test_a_loss_of_what_is_not_finite_is_not_finite(name, bad):
    raw = np.array([[0.0, bad, 1.0]])
    y = np.array([0]) if has_codes(name) else np.zeros((1, 3))
    out = np.empty_like(raw)
    total = COMPILED.loss(LOSSES[name]).loss_gradient(y, raw, None, 1.0, out)
    assert not np.isfinite(total)


def test_every_compiled_loss_is_one_of_the_package():
    assert set(COMPILED_LOSSES) <= {type(one).__name__ for one in LOSSES.values()}
