"""The four activations of scikit-learn, with its bounds for the initial weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from scipy.special import expit

from .base import Activation

if TYPE_CHECKING:
    from ..utils.typing import FloatArray

# Largest array, in elements, for which an array of zeros of the same shape is kept.
_FEW = 1 << 16


@lru_cache(maxsize=16)
def _zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> FloatArray:
    zeros = np.zeros(shape, dtype)
    zeros.flags.writeable = False
    return zeros


def _zeros_for(Z: FloatArray) -> FloatArray:
    """Return zeros to compare ``Z`` with: of its shape if it is small, otherwise one row.

    NumPy's maximum takes up to twice as long against a row, and four times against a scalar.
    """
    return _zeros(Z.shape if Z.size <= _FEW else Z.shape[-1:], Z.dtype)


@dataclass(frozen=True)
class Identity(Activation):
    """Identity, ``f(z) = z``: the layer is linear.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> model = BackpropRegressor((5,), "identity")
    """

    def forward(self, Z: FloatArray, out: FloatArray) -> None:
        if out is not Z:
            np.copyto(out, Z)

    def backward(self, delta: FloatArray, H: FloatArray, Z: FloatArray) -> None:
        pass


@dataclass(frozen=True)
class Logistic(Activation):
    """Logistic sigmoid, ``f(z) = 1 / (1 + exp(-z))`` with ``f' = f (1 - f)``.

    References
    ----------
    Rumelhart, Hinton & Williams (1986), "Learning representations by back-propagating errors",
    Nature 323:533-536.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> model = BackpropRegressor((5,), "logistic")
    """

    init_factor: ClassVar[float] = 2.0

    def forward(self, Z: FloatArray, out: FloatArray) -> None:
        expit(Z, out=out)

    def backward(self, delta: FloatArray, H: FloatArray, Z: FloatArray) -> None:
        np.multiply(delta, H, out=delta)
        np.subtract(1, H, out=H)
        np.multiply(delta, H, out=delta)


@dataclass(frozen=True)
class Tanh(Activation):
    """Hyperbolic tangent, ``f(z) = tanh(z)`` with ``f' = 1 - f^2``.

    References
    ----------
    LeCun, Bottou, Orr & Müller (1998), "Efficient BackProp", in Neural Networks: Tricks of the
    Trade, section 4.4.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> model = BackpropRegressor((5,), "tanh")
    """

    def forward(self, Z: FloatArray, out: FloatArray) -> None:
        np.tanh(Z, out=out)

    def backward(self, delta: FloatArray, H: FloatArray, Z: FloatArray) -> None:
        np.multiply(H, H, out=H)
        np.subtract(1, H, out=H)
        np.multiply(delta, H, out=delta)


@dataclass(frozen=True)
class ReLU(Activation):
    """Rectified linear unit, ``f(z) = max(0, z)`` with ``f' = 1`` where ``f > 0``, else 0.

    References
    ----------
    Nair & Hinton (2010), "Rectified linear units improve restricted Boltzmann machines", ICML.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> model = BackpropRegressor((5,), "relu")
    """

    def forward(self, Z: FloatArray, out: FloatArray) -> None:
        np.maximum(Z, _zeros_for(Z), out=out)

    def backward(self, delta: FloatArray, H: FloatArray, Z: FloatArray) -> None:
        np.greater(H, 0, out=H)
        np.multiply(delta, H, out=delta)
