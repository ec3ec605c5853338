"""Regression losses with an identity link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .base import Loss, apply_weight, weighted_sum

if TYPE_CHECKING:
    from ..utils.typing import Array, FloatArray


@dataclass(frozen=True)
class SquaredError(Loss):
    """Half the squared error, summed over the outputs: ``l = |raw - y|^2 / 2``.

    The gradient is ``raw - y``. The best constant prediction is the mean.

    Notes
    -----
    scikit-learn reports the mean over the outputs but follows the gradient of the sum
    (scikit-learn #8349). This package uses the sum for both.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> model = BackpropRegressor(loss="squared_error")
    """

    def loss_gradient(
        self, y: Array, raw: FloatArray, sample_weight: FloatArray | None, out: FloatArray
    ) -> float:
        np.subtract(raw, y, out=out)
        total = 0.5 * weighted_sum(out * out, sample_weight)
        apply_weight(out, sample_weight)
        return total


@dataclass(frozen=True)
class AbsoluteError(Loss):
    """Absolute error, ``l = |raw - y|``; the best constant prediction is the median.

    The gradient is the sign of ``raw - y``, which is 0 if they are equal.

    Notes
    -----
    The loss has a kink, where the line search of L-BFGS may fail. 'adam' and 'sgd' have no such
    problem.

    References
    ----------
    Koenker & Bassett (1978), "Regression quantiles", Econometrica 46:33-50.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> model = BackpropRegressor(loss="absolute_error")
    """

    def loss_gradient(
        self, y: Array, raw: FloatArray, sample_weight: FloatArray | None, out: FloatArray
    ) -> float:
        np.subtract(raw, y, out=out)
        total = weighted_sum(np.abs(out), sample_weight)
        np.sign(out, out=out)
        apply_weight(out, sample_weight)
        return total


@dataclass(frozen=True)
class Huber(Loss):
    """Huber loss: squared for small residuals, absolute for large ones.

    With ``r = raw - y``, ``l = r^2 / 2`` if ``|r| <= delta``, otherwise
    ``delta (|r| - delta / 2)``. The gradient is ``r``, clipped to ``[-delta, delta]``, so the
    influence of outliers is bounded.

    Parameters
    ----------
    delta : float, default=1.35
        Residual at which the loss changes from squared to absolute, in (0, inf), in units of
        ``y``. At 1.35 times the standard deviation of normal noise, the loss has 95 % of the
        efficiency of least squares.

    References
    ----------
    Huber (1964), "Robust estimation of a location parameter", Annals of Mathematical Statistics
    35:73-101.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.losses import Huber
    >>> BackpropRegressor(loss=Huber(delta=2.0))
    BackpropRegressor(loss=Huber(delta=2.0))
    """

    delta: float = 1.35

    def __post_init__(self) -> None:
        if not 0 < self.delta < np.inf:
            raise ValueError(f"delta must be above 0 and finite, got {self.delta}.")

    def loss_gradient(
        self, y: Array, raw: FloatArray, sample_weight: FloatArray | None, out: FloatArray
    ) -> float:
        residual = raw - y
        np.clip(residual, -self.delta, self.delta, out=out)
        losses = out * (residual - 0.5 * out)
        apply_weight(out, sample_weight)
        return weighted_sum(losses, sample_weight)


@dataclass(frozen=True)
class LogCosh(Loss):
    """Log-cosh loss, a smooth variant of Huber: ``l = log(cosh(r))`` with ``r = raw - y``.

    The loss is about ``r^2 / 2`` for small residuals and ``|r| - log(2)`` for large ones. The
    gradient is ``tanh(r)``. The transition is at a fixed size: scale ``y`` so that typical noise
    is about 1.

    References
    ----------
    Green (1990), "Bayesian reconstructions from emission tomography data using a modified EM
    algorithm", IEEE Transactions on Medical Imaging 9:84-93.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> model = BackpropRegressor(loss="log_cosh")
    """

    def loss_gradient(
        self, y: Array, raw: FloatArray, sample_weight: FloatArray | None, out: FloatArray
    ) -> float:
        residual = raw - y
        np.tanh(residual, out=out)
        apply_weight(out, sample_weight)
        return weighted_sum(_log_cosh(residual), sample_weight)


def _log_cosh(residual: FloatArray) -> FloatArray:
    """Return ``log(cosh(r))``, near zero as ``log(1 + 2 sinh(r/2)^2)``, which does not cancel."""
    size = np.abs(residual)
    near = np.minimum(size, 1)
    exact = np.log1p(2 * np.sinh(near / 2) ** 2)
    return np.where(size < 1, exact, size + np.log1p(np.exp(-2 * size)) - np.log(2))
