"""Poisson, gamma and Tweedie deviances: losses with a log link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from scipy.special import xlogy

from .base import Loss, apply_weight, non_negative_sum, where_it_counts
from .links import Link, LogLink

if TYPE_CHECKING:
    from ..utils.typing import Array, FloatArray


def _check_sign(y: FloatArray, loss: str, may_be_zero: bool) -> None:
    if np.any(y < 0 if may_be_zero else y <= 0):
        wanted = "non-negative" if may_be_zero else "positive"
        raise ValueError(
            f"{loss} requires {wanted} y; the smallest value of y is {float(np.min(y)):g}."
        )


# Size of the terms from which on their rounding exceeds a deviance near 0, by bytes of a float.
_LARGE = {4: 100.0, 8: 1e10}


def _with_digits(
    losses: FloatArray, scale: FloatArray, y: FloatArray, raw: FloatArray, power: float
) -> FloatArray:
    """Recompute deviances near 0 without cancellation if ``scale``, ``y^(2 - p)``, is large.

    The textbook formula subtracts large terms: in float32 no correct digit would be left for
    counts of a million. With ``a = 1 - p`` and ``b = 2 - p``,
    ``l = y^b (((mu / y)^b - 1) / b - ((mu / y)^a - 1) / a)`` subtracts small terms instead.
    """
    if np.max(scale, initial=0.0) < _LARGE[raw.itemsize]:
        return losses
    y = y.astype(np.float64, copy=False)
    distance = raw - np.log(np.maximum(y, np.finfo(np.float64).tiny))  # log(mu / y)
    near = np.clip(distance, -1, 1)
    of_b, of_a = (np.expm1(k * near) / k if k else near for k in (2 - power, 1 - power))
    return np.where(near == distance, scale * (of_b - of_a), losses)


@dataclass(frozen=True)
class Poisson(Loss):
    """Half the Poisson deviance with a log link, for counts and other ``y >= 0``.

    ``l = y log(y / mu) - y + mu`` with ``mu = exp(raw)``. The gradient is ``mu - y``.

    References
    ----------
    McCullagh & Nelder (1989), "Generalized linear models", 2nd edition, section 2.3 and table 2.1.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> model = BackpropRegressor(loss="poisson")
    """

    link: ClassVar[Link] = LogLink()

    def loss_gradient(
        self, y: Array, raw: FloatArray, sample_weight: FloatArray | None, out: FloatArray
    ) -> float:
        raw = where_it_counts(raw, sample_weight)
        np.exp(raw, out=out)
        losses = _with_digits(xlogy(y, y) - y * raw - y + out, y, y, raw, power=1)
        np.subtract(out, y, out=out)
        apply_weight(out, sample_weight)
        return non_negative_sum(losses, sample_weight)

    def check_target(self, y: FloatArray) -> None:
        _check_sign(y, "loss='poisson'", may_be_zero=True)


@dataclass(frozen=True)
class Gamma(Loss):
    """Half the gamma deviance with a log link, for ``y > 0`` with a constant relative error.

    ``l = log(mu / y) + y / mu - 1`` with ``mu = exp(raw)``. The gradient is ``1 - y / mu``.

    References
    ----------
    McCullagh & Nelder (1989), "Generalized linear models", 2nd edition, chapter 8.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> model = BackpropRegressor(loss="gamma")
    """

    link: ClassVar[Link] = LogLink()

    def loss_gradient(
        self, y: Array, raw: FloatArray, sample_weight: FloatArray | None, out: FloatArray
    ) -> float:
        excess = where_it_counts(raw, sample_weight) - np.log(y)  # log(mu / y)
        np.negative(excess, out=out)
        np.expm1(out, out=out)
        losses = excess + out
        np.negative(out, out=out)
        apply_weight(out, sample_weight)
        return non_negative_sum(losses, sample_weight)

    def check_target(self, y: FloatArray) -> None:
        _check_sign(y, "loss='gamma'", may_be_zero=False)


@dataclass(frozen=True)
class Tweedie(Loss):
    """Half the Tweedie deviance with a log link: the variance is a power of the mean.

    With ``mu = exp(raw)``, ``l = y^(2-p) / ((1-p)(2-p)) - y mu^(1-p) / (1-p) + mu^(2-p) / (2-p)``.
    The gradient is ``mu^(2-p) - y mu^(1-p)``. Powers 1 and 2 give the Poisson and the gamma
    deviance. Powers between them suit sums of a random number of amounts, such as insurance
    claims, which have many zeros and a long tail.

    Parameters
    ----------
    power : float, default=1.5
        Power ``p`` of the variance, at least 1. ``y`` must be at least 0, and above 0 if the power
        is 2 or more.

    References
    ----------
    Jørgensen (1987), "Exponential dispersion models", Journal of the Royal Statistical Society B
    49:127-162.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.losses import Tweedie
    >>> BackpropRegressor(loss=Tweedie(power=1.7))
    BackpropRegressor(loss=Tweedie(power=1.7))
    """

    power: float = 1.5
    link: ClassVar[Link] = LogLink()

    def __post_init__(self) -> None:
        if not 1 <= self.power < np.inf:
            raise ValueError(
                f"power must be at least 1 (1 is Poisson, 2 gamma, 3 inverse Gaussian), got "
                f"{self.power}. For power 0, the normal distribution, use loss='squared_error'."
            )

    def loss_gradient(
        self, y: Array, raw: FloatArray, sample_weight: FloatArray | None, out: FloatArray
    ) -> float:
        if self.power in (1, 2):
            special = Poisson() if self.power == 1 else Gamma()
            return special.loss_gradient(y, raw, sample_weight, out)
        a, b = 1 - self.power, 2 - self.power
        raw = where_it_counts(raw, sample_weight)
        # Computed in logarithms, because 0 times an overflow would be NaN.
        log_y = np.log(y, out=np.full_like(y, -np.inf), where=y > 0)
        of_target = np.exp(a * raw + log_y)
        np.exp(b * raw, out=out)
        scale = np.exp(b * log_y)
        losses = scale / (a * b) - of_target / a + out / b
        losses = _with_digits(losses, scale, y, raw, self.power)
        np.subtract(out, of_target, out=out)
        apply_weight(out, sample_weight)
        return non_negative_sum(losses, sample_weight)

    def check_target(self, y: FloatArray) -> None:
        _check_sign(y, f"loss={self!r}", may_be_zero=self.power < 2)
