"""Kernels compiled by numba, which compute the same as ``reference`` in one pass over the numbers.

The module is imported only when it is used, because it imports numba. Components without a
compiled equivalent use NumPy.
"""

from types import SimpleNamespace

import numpy as np

from ..choice import kernels_named
from ..reference import Kernels, Vectors
from .activations import ACTIVATIONS
from .losses import LOSSES
from .masks import CompiledMasks
from .products import products
from .update_rules import UPDATE_RULES, CompiledPenalty


def _twin(component, twins, make):
    """Return the compiled equivalent of a component of this package, or ``make``.

    Only the exact class counts, because a subclass may compute something else.
    """
    kind = type(component)
    return twins.get(kind.__name__, make) if kind.__module__.startswith("skbackprop.") else make


class CompiledKernels(Kernels):
    """Create compiled kernels if they exist, otherwise those of NumPy."""

    name = "numba"

    def __reduce__(self):
        return kernels_named, (self.name,)

    def activation(self, activation):
        return _twin(activation, ACTIVATIONS, super().activation)(activation)

    def loss(self, loss):
        return _twin(loss, LOSSES, super().loss)(loss)

    def masks(self, dtype):
        return CompiledMasks(dtype)

    def penalty(self, coefs, gradient):
        return CompiledPenalty(coefs, gradient)

    def products(self, n_rows, fan_in, fan_out, dtype):
        return products(n_rows, fan_in, fan_out, np.dtype(dtype))

    def update(self, rule, vectors):
        return _twin(rule, UPDATE_RULES, super().update)(rule, vectors)


COMPILED = CompiledKernels()


def compile_all():
    """Call every kernel once with each floating-point type."""
    loss = SimpleNamespace(label_smoothing=0.0)
    rule = SimpleNamespace(beta_1=0.9, beta_2=0.9, momentum=0.9, nesterov=True)
    for dtype in (np.float64, np.float32):
        Z, H = np.zeros((3, 3), dtype), np.zeros((3, 3), dtype)
        theta, gradient, *moments = np.zeros((4, 3), dtype)
        for make in ACTIVATIONS.values():
            make(None).forward(Z, theta, H)
            make(None).forward(Z, theta, Z)
            make(None).backward(Z, H, Z, None, gradient)
        for name, make in LOSSES.items():
            y = np.zeros(3, np.intp) if name == "Multinomial" else Z
            make(loss).loss_gradient(y, Z, None, 1.0, H)
        inputs, weights = np.zeros((3, 64), dtype), np.zeros((64, 3), dtype)
        product = products(3, 64, 3, np.dtype(dtype))
        product.forward(inputs, weights, H)
        product.gradient(inputs, Z, weights)
        product.backward(Z, weights, inputs)
        masks = CompiledMasks(dtype)
        masks.choose(np.zeros((3, 3), np.uint8), 1, 1.0)
        masks.drop(Z, 0, Z)
        masks.drop(Z, 0, H)
        CompiledPenalty(theta, gradient).add(1.0)
        adam, sgd = UPDATE_RULES["Adam"], UPDATE_RULES["SGD"]
        adam(rule, Vectors(theta, gradient, moments)).change((1.0, 1.0), 0.0, 0.0)
        sgd(rule, Vectors(theta, gradient, moments[:1])).change(1.0, 0.0, 0.0)
