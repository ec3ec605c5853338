"""Compiled functions of one number: right to the rounding."""

import numpy as np
import pytest
from rounding import both_dtypes

pytest.importorskip("numba")

from skbackprop.kernels.compiled.exponential import exp, tanh
from skbackprop.kernels.compiled.jit import compiled


@compiled
def exp_of(x, out):
    for i in range(x.size):
        out[i] = exp(x[i])


@compiled
def tanh_of(x, out):
    for i in range(x.size):
        out[i] = tanh(x[i])


@both_dtypes
@pytest.mark.parametrize(("ours", "theirs"), [(exp_of, np.exp), (tanh_of, np.tanh)])
def test_functions_are_right_to_the_rounding(ours, theirs, dtype):
    x = np.concatenate([np.linspace(-100, 88, 200_001), np.geomspace(1e-30, 1, 10_001)])
    x = np.concatenate([x, -x[-10_001:], [0.0]]).astype(dtype)
    out = np.empty_like(x)
    ours(x, out)
    exact = theirs(x.astype(np.longdouble))
    unit = np.maximum(np.abs(exact) * np.finfo(dtype).eps, np.finfo(dtype).smallest_subnormal)
    assert np.max(np.abs(out - exact) / unit) < 2.0


@both_dtypes
@pytest.mark.parametrize(("ours", "theirs"), [(exp_of, np.exp), (tanh_of, np.tanh)])
def test_functions_at_their_ends(ours, theirs, dtype):
    x = np.array([-np.inf, -1e30, -800, -745, -710, 710, 800, 1e30, np.inf, np.nan, 0], dtype)
    out = np.empty_like(x)
    ours(x, out)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(out, theirs(x), rtol=1e-15)
