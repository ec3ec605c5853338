"""Compiled kernels of activations beside NumPy's: the same numbers, forwards and backwards."""

import numpy as np
import pytest
from component_tables import ACTIVATIONS
from rounding import assert_close, both_dtypes

from skbackprop.activations import Activation
from skbackprop.activations.classic import ReLU
from skbackprop.kernels import NUMPY
from skbackprop.kernels.reference import ActivationKernel

pytest.importorskip("numba")

from skbackprop.kernels.compiled import ACTIVATIONS as COMPILED_ACTIVATIONS
from skbackprop.kernels.compiled import COMPILED

every_shape = pytest.mark.parametrize("shape", [(1, 1), (7, 3), (33, 130)], ids=str)


def pre_activations(seed, shape, dtype):
    """Numbers of all sizes, zeros of both signs among them."""
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=shape) * 10.0 ** rng.integers(-3, 3, shape)
    Z.flat[:: Z.size // 3 + 1] = 0.0
    return Z.astype(dtype), rng.normal(size=shape[1]).astype(dtype)


def forward(kernels, activation, Z, bias, kept):
    Z = Z.copy()
    H = np.empty_like(Z) if kept else Z
    with np.errstate(all="ignore"):
        kernels.activation(activation).forward(Z, bias, H)
    return H, Z


@both_dtypes
@every_shape
@pytest.mark.parametrize("kept", [False, True], ids=["in place", "kept"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name, kept, shape, dtype, seed):
    activation = ACTIVATIONS[name]
    Z, bias = pre_activations(seed, shape, dtype)
    for ours, theirs in zip(
        forward(COMPILED, activation, Z, bias, kept),
        forward(NUMPY, activation, Z, bias, kept),
        strict=True,
    ):
        if ours is not None:
            assert_close(ours, theirs, dtype)


@both_dtypes
@every_shape
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_backwards(name, shape, dtype, seed):
    activation = ACTIVATIONS[name]
    Z, bias = pre_activations(seed, shape, dtype)
    kept = activation.needs_input
    H, Z = forward(NUMPY, activation, Z, bias, kept)
    delta = np.random.default_rng(seed + 1).normal(size=shape).astype(dtype)
    results = []
    for kernels in (COMPILED, NUMPY):
        moved, sums, ones = delta.copy(), np.empty(shape[1], dtype), np.ones(shape[0], dtype)
        with np.errstate(all="ignore"):
            kernel = kernels.activation(activation)
            kernel.backward(moved, H.copy(), Z.copy() if kept else None, ones, sums)
        results.append((moved, sums))
    (ours, our_sums), (theirs, their_sums) = results
    assert_close(ours, theirs, dtype)
    assert_close(our_sums, their_sums, dtype, scale=shape[0])


@pytest.mark.parametrize("name", COMPILED_ACTIVATIONS)
def test_what_is_not_finite_stays_so(name):
    """A training that diverges is noticed by that."""
    activation = {type(one).__name__: one for one in ACTIVATIONS.values()}[name]
    Z = np.array([[np.nan, np.inf, -np.inf]])
    ours, theirs = (
        forward(kernels, activation, Z, np.zeros(3), kept=activation.needs_input)[0]
        for kernels in (COMPILED, NUMPY)
    )
    np.testing.assert_array_equal(ours, theirs)


def test_every_compiled_activation_is_one_of_the_package():
    assert set(COMPILED_ACTIVATIONS) <= {type(one).__name__ for one in ACTIVATIONS.values()}


class Doubled(ReLU):
    """A user's own: what it inherits from has a compiled twin, which would be wrong."""

    def forward(self, Z, out):
        super().forward(Z, out)
        out *= 2


def test_a_users_own_activation_goes_through_numpy():
    own = Doubled()
    assert isinstance(own, Activation)
    assert type(COMPILED.activation(own)) is ActivationKernel
    H, _ = forward(COMPILED, own, np.array([[1.0, -1.0]]), np.zeros(2), kept=False)
    np.testing.assert_array_equal(H, [[2.0, 0.0]])
