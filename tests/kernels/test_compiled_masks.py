"""Compiled masks beside NumPy's; sets of kernels in another process."""

import pickle

import numpy as np
import pytest
from rounding import both_dtypes

from skbackprop.kernels import NUMPY

pytest.importorskip("numba")

from skbackprop.kernels.compiled import COMPILED


@both_dtypes
@pytest.mark.parametrize("in_place", [False, True])
def test_masks_drop_the_same_entries(in_place, dtype, seed):
    rng = np.random.default_rng(seed)
    bits = rng.integers(256, size=(12, 16), dtype=np.uint8)
    array = rng.normal(size=(9, 13)).astype(dtype)
    results = []
    for kernels in (COMPILED, NUMPY):
        masks = kernels.masks(dtype)
        masks.choose(bits, 60, 1.3)
        given = array.copy()
        out = given if in_place else np.empty_like(given)
        masks.drop(given, 2, out)
        results.append(out)
    np.testing.assert_array_equal(*results)
    assert 0 < (results[0] == 0).mean() < 1


@pytest.mark.parametrize("kernels", [COMPILED, NUMPY])
def test_masks_of_one_kernel_may_have_different_shapes(kernels, seed):
    rng = np.random.default_rng(seed)
    masks = kernels.masks("float64")
    for shape in [(5, 8), (5, 16), (3, 16), (9, 16), (9, 8), (20, 3)]:
        bits = rng.integers(256, size=shape, dtype=np.uint8)
        masks.choose(bits, 60, 2.0)
        out = np.empty(shape)
        masks.drop(np.ones(shape), 0, out)
        np.testing.assert_array_equal(out, np.where(bits >= 60, 2.0, 0.0))


@pytest.mark.parametrize("kernels", [COMPILED, NUMPY])
def test_kernels_can_be_sent_to_another_process(kernels):
    assert pickle.loads(pickle.dumps(kernels)).name == kernels.name
