"""Activations that are linear for positive inputs and not zero for negative ones.

The output has the sign of the input, so the derivatives are computed from the output.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from .base import Activation

if TYPE_CHECKING:
    from ..utils.typing import FloatArray


@dataclass(frozen=True)
class LeakyReLU(Activation):
    """ReLU with a small slope for negative inputs, so that every unit always has a gradient.

    ``f(z) = z`` for ``z > 0``, else ``a z``; ``f' = 1`` or ``a``.

    Parameters
    ----------
    negative_slope : float, default=0.01
        Slope ``a`` for negative inputs, in [0, 1).

    Notes
    -----
    The initial weights have variance ``2 / ((1 + a^2) fan)``: He et al. (2015), eq. 15.

    References
    ----------
    Maas, Hannun & Ng (2013), "Rectifier nonlinearities improve neural network acoustic models",
    ICML workshop.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.activations import LeakyReLU
    >>> BackpropRegressor(activation=LeakyReLU(0.2))
    BackpropRegressor(activation=LeakyReLU(negative_slope=0.2))
    """

    negative_slope: float = 0.01

    def __post_init__(self) -> None:
        if not 0 <= self.negative_slope < 1:
            raise ValueError(f"negative_slope must be in [0, 1), got {self.negative_slope}.")

    @property
    def init_factor(self) -> float:  # type: ignore[override]
        """Return ``12 / (1 + a^2)``."""
        return 12.0 / (1.0 + self.negative_slope**2)

    def forward(self, Z: FloatArray, out: FloatArray) -> None:
        below = np.minimum(Z, 0)
        below *= self.negative_slope
        np.maximum(Z, 0, out=out)
        out += below

    def backward(self, delta: FloatArray, H: FloatArray, Z: FloatArray) -> None:
        np.greater(H, 0, out=H)
        H *= 1 - self.negative_slope
        H += self.negative_slope
        np.multiply(delta, H, out=delta)


class _ExponentialLinear(Activation):
    """``f(z) = s z`` for ``z > 0``, else ``s a (exp(z) - 1)``; ``f' = s`` or ``f + s a``."""

    alpha: float
    _scale: ClassVar[float] = 1.0

    def forward(self, Z: FloatArray, out: FloatArray) -> None:
        below = np.minimum(Z, 0)
        np.expm1(below, out=below)
        below *= self.alpha
        np.maximum(Z, 0, out=out)
        out += below
        if self._scale != 1:
            out *= self._scale

    def backward(self, delta: FloatArray, H: FloatArray, Z: FloatArray) -> None:
        positive = H > 0
        H += self._scale * self.alpha
        np.copyto(H, self._scale, where=positive)
        np.multiply(delta, H, out=delta)


@dataclass(frozen=True)
class ELU(_ExponentialLinear):
    """Exponential linear unit: saturates at ``-alpha``, which brings mean activations near zero.

    ``f(z) = z`` for ``z > 0``, else ``alpha (exp(z) - 1)``; ``f' = 1`` or ``f + alpha``.

    Parameters
    ----------
    alpha : float, default=1.0
        Size of the limit ``-alpha`` for large negative inputs, in (0, inf).

    Notes
    -----
    The initial weights have the variance ``2 / fan`` of He et al. (2015), as in the reference.

    References
    ----------
    Clevert, Unterthiner & Hochreiter (2016), "Fast and accurate deep network learning by
    exponential linear units (ELUs)", ICLR, eq. 15.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.activations import ELU
    >>> BackpropRegressor(activation=ELU(alpha=0.5))
    BackpropRegressor(activation=ELU(alpha=0.5))
    """

    alpha: float = 1.0
    init_factor: ClassVar[float] = 12.0

    def __post_init__(self) -> None:
        if not 0 < self.alpha < np.inf:
            raise ValueError(f"alpha must be above 0 and finite, got {self.alpha}.")


@dataclass(frozen=True)
class SELU(_ExponentialLinear):
    """Scaled exponential linear unit: activations tend to mean 0 and variance 1 in each layer.

    ``f(z) = s z`` for ``z > 0``, else ``s a (exp(z) - 1)``, with ``s = 1.0507`` and
    ``a = 1.6733``; ``f' = s`` or ``f + s a``.

    Notes
    -----
    Scale the features first. The initial weights have variance ``1 / fan``, which the derivation
    in the reference assumes.

    References
    ----------
    Klambauer, Unterthiner, Mayr & Hochreiter (2017), "Self-normalizing neural networks", NIPS,
    eq. 2 and 14.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> model = BackpropRegressor((50, 50, 50), "selu")
    """

    # Klambauer et al. (2017), eq. 14: mean 0 and variance 1 are a fixed point.
    alpha: ClassVar[float] = 1.6732632423543772  # type: ignore[misc]
    _scale: ClassVar[float] = 1.0507009873554805
