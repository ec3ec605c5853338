"""Compiled products with few columns beside NumPy's."""

import numpy as np
import pytest
from rounding import assert_close, both_dtypes

from skbackprop.kernels import NUMPY
from skbackprop.kernels.reference import ProductKernel

pytest.importorskip("numba")

from skbackprop.kernels.compiled import COMPILED


def as_columns(array):
    return np.asfortranarray(array)


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def products_of(kernels, inputs, coef, delta):
    """The three products of a layer."""
    kernel = kernels.products(len(inputs), *coef.shape, coef.dtype)
    out = [np.full_like(like, 7, order="C") for like in (delta, coef, inputs)]
    kernel.forward(inputs, coef, out[0])
    kernel.gradient(inputs, delta, out[1])
    kernel.backward(delta, coef, out[2])
    return out


@both_dtypes
@pytest.mark.parametrize("layout", [np.copy, as_columns, read_only])
@pytest.mark.parametrize("n_rows", [1, 2, 7, 8, 33])
@pytest.mark.parametrize("fan_out", [1, 2, 3, 4, 5, 12, 13])
@pytest.mark.parametrize("fan_in", [3, 64, 131])
def test_products(fan_in, fan_out, n_rows, layout, dtype, seed):
    rng = np.random.default_rng(seed)
    shapes = (n_rows, fan_in), (fan_in, fan_out), (n_rows, fan_out)
    inputs, coef, delta = (rng.normal(size=shape).astype(dtype) for shape in shapes)
    given = layout(inputs), layout(coef), delta
    results = [products_of(kernels, *given) for kernels in (COMPILED, NUMPY)]
    for ours, theirs in zip(*results, strict=True):
        assert_close(ours, theirs, dtype, scale=max(fan_in, n_rows) ** 0.5)


@pytest.mark.parametrize(
    ("n_rows", "fan_in", "fan_out", "looped"),
    [
        (200, 64, 3, {"forward", "gradient", "backward"}),
        (200, 64, 10, {"forward", "gradient"}),
        (200, 64, 1, {"backward"}),
        (200, 64, 13, set()),
        (200, 32, 3, {"forward", "gradient", "backward"}),
        (200, 31, 3, set()),
        (2**12, 64, 4, {"forward", "gradient", "backward"}),
        (2**12 + 1, 64, 4, set()),
    ],
)
def test_loops_are_for_few_columns_of_many_inputs(n_rows, fan_in, fan_out, looped):
    kernel = COMPILED.products(n_rows, fan_in, fan_out, np.float64)
    methods = ("forward", "gradient", "backward")
    assert looped == {
        name for name in methods if getattr(type(kernel), name) is not getattr(ProductKernel, name)
    }


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_products_of_what_is_not_finite_are_not_finite(bad):
    inputs, coef, delta = np.ones((9, 64)), np.ones((64, 3)), np.ones((9, 3))
    inputs[4] = delta[4] = bad
    raw, gradient, back = products_of(COMPILED, inputs, coef, delta)
    assert np.isfinite(raw).all(axis=1).tolist() == [i != 4 for i in range(9)]
    assert not np.isfinite(gradient).any()
    assert np.isfinite(back).all(axis=1).tolist() == [i != 4 for i in range(9)]
