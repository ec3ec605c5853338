"""Smooth activations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.special import ndtr

from ..losses.links import softmax
from .base import Activation

if TYPE_CHECKING:
    from ..utils.typing import FloatArray

_DENSITY_AT_ZERO = float(1 / np.sqrt(2 * np.pi))

# From this z on, tanh(log(1 + exp(z))) rounds to 1.
_LARGE = 40.0


def _bell(Z: FloatArray) -> FloatArray:
    """Return ``exp(-z^2 / 2)``."""
    bell = np.multiply(Z, Z)
    bell *= -0.5
    return np.exp(bell, out=bell)


@dataclass(frozen=True)
class Softplus(Activation):
    """Smooth ReLU, ``f(z) = log(1 + exp(z))`` with ``f' = 1 / (1 + exp(-z)) = 1 - exp(-f)``.

    Notes
    -----
    The initial weights have the variance ``2 / fan`` of He et al. (2015), as for rectifiers.

    References
    ----------
    Dugas, Bengio, Bélisle, Nadeau & Garcia (2001), "Incorporating second-order functional
    knowledge for better option pricing", NIPS.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> model = BackpropRegressor((5,), "softplus")
    """

    init_factor: ClassVar[float] = 12.0

    def forward(self, Z: FloatArray, out: FloatArray) -> None:
        # np.logaddexp(Z, 0) gives the same but is many times slower.
        below = np.abs(Z)
        np.negative(below, out=below)
        np.exp(below, out=below)
        np.log1p(below, out=below)
        np.maximum(Z, 0, out=out)
        out += below

    def backward(self, delta: FloatArray, H: FloatArray, Z: FloatArray) -> None:
        np.negative(H, out=H)
        np.expm1(H, out=H)
        np.negative(H, out=H)
        np.multiply(delta, H, out=delta)


@dataclass(frozen=True)
class GELU(Activation):
    """Exact Gaussian error linear unit, ``f(z) = z P(z)`` with ``f' = P(z) + z p(z)``.

    ``P`` and ``p`` are the distribution function and the density of the standard normal
    distribution.

    Notes
    -----
    The initial weights have the variance ``2 / fan`` of He et al. (2015), as for rectifiers.

    References
    ----------
    Hendrycks & Gimpel (2016), "Gaussian error linear units (GELUs)", arXiv:1606.08415.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> model = BackpropRegressor((5,), "gelu")
    """

    needs_input: ClassVar[bool] = True
    init_factor: ClassVar[float] = 12.0

    def forward(self, Z: FloatArray, out: FloatArray) -> None:
        np.multiply(Z, ndtr(Z), out=out)

    def backward(self, delta: FloatArray, H: FloatArray, Z: FloatArray) -> None:
        slope = np.divide(H, Z, out=np.full_like(Z, 0.5), where=Z != 0)
        density = _bell(Z)
        density *= _DENSITY_AT_ZERO
        density *= Z
        slope += density
        np.multiply(delta, slope, out=delta)


# Added to numerator and denominator so that 0 / 0 gives one half; too small to change others.
_TINY = 1e-30


@dataclass(frozen=True)
class SiLU(Activation):
    """Sigmoid linear unit (swish), ``f(z) = z s(z)`` with ``f' = s + f (1 - s)``.

    ``s`` is the logistic function.

    Notes
    -----
    The initial weights have the variance ``2 / fan`` of He et al. (2015), as for rectifiers.

    References
    ----------
    Elfwing, Uchibe & Doya (2018), "Sigmoid-weighted linear units for neural network function
    approximation in reinforcement learning", Neural Networks 107:3-11, eq. 5 and 8.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> model = BackpropRegressor((5,), "silu")
    """

    needs_input: ClassVar[bool] = True
    init_factor: ClassVar[float] = 12.0

    def forward(self, Z: FloatArray, out: FloatArray) -> None:
        room = None if out is Z else out
        if Z.dtype == np.float32:
            # s(z) = (1 + tanh(z / 2)) / 2; NumPy's tanh takes half the time of its exponential.
            sigmoid = np.multiply(Z, 0.5, out=room)
            np.tanh(sigmoid, out=sigmoid)
            np.multiply(sigmoid, 0.5, out=sigmoid)
            np.add(sigmoid, 0.5, out=sigmoid)
            np.multiply(Z, sigmoid, out=out)
            return
        # In float64 NumPy's exponential is faster than its tanh. SciPy's expit is not vectorised.
        divisor = np.negative(Z, out=room)
        with np.errstate(over="ignore"):  # the quotient by infinity is 0, which is right
            np.exp(divisor, out=divisor)
        np.add(divisor, 1, out=divisor)
        np.divide(Z, divisor, out=out)

    def backward(self, delta: FloatArray, H: FloatArray, Z: FloatArray) -> None:
        sigmoid = np.add(H, 0.5 * _TINY)
        np.add(Z, _TINY, out=Z)
        np.divide(sigmoid, Z, out=sigmoid)
        slope = np.subtract(1, sigmoid, out=Z)
        np.multiply(slope, H, out=slope)
        np.add(slope, sigmoid, out=slope)
        np.multiply(delta, slope, out=delta)


@dataclass(frozen=True)
class Mish(Activation):
    """Mish, ``f(z) = z t`` with ``t = tanh(log(1 + exp(z)))`` and ``f' = t + z s (1 - t^2)``.

    ``s`` is the logistic function.

    Notes
    -----
    With ``e = exp(z)`` and ``n = e (e + 2)``, ``t = n / (n + 2)`` and
    ``s (1 - t^2) = 4 e (e + 1) / (n + 2)^2``.

    The initial weights have the variance ``2 / fan`` of He et al. (2015), as for rectifiers.

    References
    ----------
    Misra (2020), "Mish: a self regularized non-monotonic activation function", BMVC, eq. 1 and 2.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> model = BackpropRegressor((5,), "mish")
    """

    needs_input: ClassVar[bool] = True
    init_factor: ClassVar[float] = 12.0

    def forward(self, Z: FloatArray, out: FloatArray) -> None:
        gate = np.exp(np.minimum(Z, _LARGE))
        gate *= gate + 2
        gate /= gate + 2
        np.multiply(Z, gate, out=out)

    def backward(self, delta: FloatArray, H: FloatArray, Z: FloatArray) -> None:
        e = np.exp(np.minimum(Z, _LARGE))
        n = e * (e + 2)
        n_plus_2 = n + 2
        slope = 4 * Z
        slope *= e / n_plus_2
        slope *= (e + 1) / n_plus_2
        slope += np.divide(n, n_plus_2, out=n)
        np.multiply(delta, slope, out=delta)


@dataclass(frozen=True)
class Gaussian(Activation):
    """Gaussian bump around zero, ``f(z) = exp(-z^2 / 2)`` with ``f' = -z f``.

    A network with one hidden layer is then a sum of ridges. Each ridge is different from zero only
    near its own hyperplane.

    References
    ----------
    Hartman, Keeler & Kowalski (1990), "Layered neural networks with Gaussian hidden units as
    universal approximations", Neural Computation 2:210-215.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> model = BackpropRegressor((5,), "gaussian")
    """

    needs_input: ClassVar[bool] = True

    def forward(self, Z: FloatArray, out: FloatArray) -> None:
        np.copyto(out, _bell(Z))

    def backward(self, delta: FloatArray, H: FloatArray, Z: FloatArray) -> None:
        np.multiply(delta, H, out=delta)
        np.multiply(delta, Z, out=delta)
        np.negative(delta, out=delta)


@dataclass(frozen=True)
class Softmax(Activation):
    """Softmax over the units of the layer, ``f_j = exp(z_j) / sum_k exp(z_k)``.

    The activations of a row sum to 1: the layer makes a soft choice between its units. The
    derivative is a full matrix, ``df_j/dz_k = f_j (1[j = k] - f_k)``, so the gradient ``delta``
    becomes ``f_j (delta_j - sum_k delta_k f_k)``.

    References
    ----------
    Bridle (1990), "Probabilistic interpretation of feedforward classification network outputs",
    in Neurocomputing, NATO ASI F68, Springer.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> model = BackpropRegressor((20, 5), ["relu", "softmax"])
    """

    def forward(self, Z: FloatArray, out: FloatArray) -> None:
        softmax(Z, out)

    def backward(self, delta: FloatArray, H: FloatArray, Z: FloatArray) -> None:
        mean = np.einsum("ij,ij->i", delta, H)
        np.subtract(delta, mean[:, np.newaxis], out=delta)
        np.multiply(delta, H, out=delta)
