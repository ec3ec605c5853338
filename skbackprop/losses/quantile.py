"""The pinball loss for one or several quantiles."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import d2_pinball_score

from .base import Loss, weighted_sum

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..utils.typing import Array, FloatArray


@dataclass(frozen=True)
class Quantile(Loss):
    """Pinball loss, summed over levels; the best constant predictions are the quantiles [1]_.

    At the level ``q``, with ``r = y - raw``, ``l = q r`` if ``r >= 0``, otherwise ``(q - 1) r``.
    The gradient is ``-q`` if ``r > 0``, ``1 - q`` if ``r < 0``, and 0 if ``r = 0``.

    Parameters
    ----------
    levels : float or tuple of float, default=(0.5,)
        Quantile levels, in (0, 1) and increasing. One network predicts all of them from the same
        hidden layers.

    Notes
    -----
    With several levels, ``predict`` returns an array of shape (n_samples, n_levels) for one
    target, and (n_samples, n_outputs, n_levels) for several. The quantiles of a row are sorted, so
    they never cross; sorting can only lower the loss [2]_.

    ``score`` is D^2, the fraction by which the loss is lower than that of the best constant
    quantiles, averaged over levels and targets (:func:`sklearn.metrics.d2_pinball_score`).

    The loss has a kink, where the line search of L-BFGS may fail. 'adam' and 'sgd' have no such
    problem.

    References
    ----------
    .. [1] Koenker & Bassett (1978), "Regression quantiles", Econometrica 46:33-50.

    .. [2] Chernozhukov, Fernández-Val & Galichon (2010), "Quantile and probability curves without
       crossing", Econometrica 78:1093-1125, proposition 4.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.losses import Quantile
    >>> BackpropRegressor(loss=Quantile((0.1, 0.5, 0.9)))
    BackpropRegressor(loss=Quantile(levels=(0.1, 0.5, 0.9)))
    """

    levels: tuple[float, ...] = (0.5,)

    if TYPE_CHECKING:

        def __init__(self, levels: float | Sequence[float] = (0.5,)) -> None: ...

    def __post_init__(self) -> None:
        levels = tuple(float(level) for level in np.atleast_1d(self.levels))
        increasing = all(a < b for a, b in pairwise(levels))
        if not (levels and increasing and 0 < levels[0] and levels[-1] < 1):
            raise ValueError(f"levels must be in (0, 1) and increasing, got {self.levels!r}.")
        object.__setattr__(self, "levels", levels)

    @property
    def raw_per_target(self) -> int:  # type: ignore[override]
        """Return the number of levels: each has one raw prediction."""
        return len(self.levels)

    def loss_gradient(
        self, y: Array, raw: FloatArray, sample_weight: FloatArray | None, out: FloatArray
    ) -> float:
        shape = (*y.shape, len(self.levels))
        excess = raw.reshape(shape) - y[..., np.newaxis]
        levels = np.array(self.levels, raw.dtype)
        slope = out.reshape(shape)
        np.subtract(excess > 0, levels, out=slope)
        np.copyto(slope, 0, where=excess == 0)
        if sample_weight is not None:
            np.multiply(slope, sample_weight[..., np.newaxis], out=slope)
        return weighted_sum(slope * excess, None)

    def predict(self, raw: FloatArray) -> FloatArray:
        """Return the quantiles, sorted along the levels; several levels are on the last axis."""
        if len(self.levels) == 1:
            return raw
        quantiles = np.sort(raw.reshape(len(raw), -1, len(self.levels)), axis=2)
        return quantiles[:, 0] if quantiles.shape[1] == 1 else quantiles

    def score(self, y: Array, prediction: FloatArray, sample_weight: FloatArray | None) -> float:
        """Return D^2 of the pinball loss, averaged over levels and targets."""
        prediction = prediction.reshape(*np.shape(y), len(self.levels))
        scores = [
            d2_pinball_score(y, prediction[..., k], sample_weight=sample_weight, alpha=level)
            for k, level in enumerate(self.levels)
        ]
        return float(np.mean(scores))
