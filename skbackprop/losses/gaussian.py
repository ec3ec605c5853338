"""Gaussian negative log-likelihood: mean and variance from one network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .base import Loss, weighted_sum

if TYPE_CHECKING:
    from ..utils.typing import Array, FloatArray

_HALF_LOG_2_PI = float(0.5 * np.log(2 * np.pi))


@dataclass(frozen=True)
class GaussianNLL(Loss):
    """Negative log-likelihood of a normal distribution with predicted mean and variance.

    For each target the network predicts the mean ``m`` and a number ``u``. The log-variance is
    ``v = C tanh(u / C)``, and the loss is

    ``l = (v + (y - m)^2 exp(-v) + log(2 pi)) / 2``.

    The gradient is ``(m - y) exp(-v)`` with respect to ``m`` and
    ``(1 - (y - m)^2 exp(-v)) (1 - (v / C)^2) / 2`` with respect to ``u``.

    Parameters
    ----------
    max_log_variance : float, default=20.0
        Bound ``C`` of the log-variance, in (0, 80]. It keeps the standard deviation between
        ``exp(-C / 2)`` and ``exp(C / 2)``, by default 4.5e-5 and 2.2e4, even far from the training
        data, where ``u`` may take any value. Scale ``y`` so that this range is sufficient.

    Notes
    -----
    ``predict(X)`` returns the mean, ``predict(X, return_std=True)`` the standard deviation too,
    and ``sample_y`` draws targets. The standard deviation describes the noise in ``y``. It does
    not include the uncertainty of the predicted mean, and it is unreliable far from the training
    data.

    References
    ----------
    Nix & Weigend (1994), "Estimating the mean and variance of the target probability
    distribution", IEEE International Conference on Neural Networks, eq. 3 and 4.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop import BackpropRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(-1, 1, size=(500, 1))
    >>> y = X[:, 0] + rng.normal(scale=0.1 + 0.2 * (X[:, 0] > 0))
    >>> model = BackpropRegressor(
    ...     (5,), "tanh", loss="gaussian_nll", learning_rate_init=0.01, random_state=0
    ... ).fit(X, y)
    >>> mean, std = model.predict([[-0.5], [0.5]], return_std=True)
    >>> bool(std[1] > 2 * std[0])
    True
    """

    max_log_variance: float = 20.0
    raw_per_target = 2

    def __post_init__(self) -> None:
        if not 0 < self.max_log_variance <= 80:  # exp(80) is finite in float32
            raise ValueError(f"max_log_variance must be in (0, 80], got {self.max_log_variance}.")

    def _parts(self, raw: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return means and bounded log-variances, each of shape (n_rows, n_outputs)."""
        bound = self.max_log_variance
        return raw[:, 0::2], bound * np.tanh(raw[:, 1::2] / bound)

    def loss_gradient(
        self, y: Array, raw: FloatArray, sample_weight: FloatArray | None, out: FloatArray
    ) -> float:
        mean, log_variance = self._parts(raw)
        precision = np.exp(-log_variance)
        residual = mean - y
        scaled = residual * precision
        excess = residual * scaled
        slope = 1 - (log_variance / self.max_log_variance) ** 2
        weight = 1 if sample_weight is None else sample_weight
        np.multiply(scaled, weight, out=out[:, 0::2])
        np.multiply((0.5 - 0.5 * excess) * slope, weight, out=out[:, 1::2])
        losses = 0.5 * (log_variance + excess) + _HALF_LOG_2_PI
        return weighted_sum(losses, sample_weight)

    def predict(self, raw: FloatArray) -> FloatArray:
        """Return the means."""
        return np.ascontiguousarray(raw[:, 0::2])

    def std(self, raw: FloatArray) -> FloatArray:
        """Turn raw predictions into standard deviations.

        Parameters
        ----------
        raw : ndarray of shape (n_rows, n_raw)
            Raw predictions.

        Returns
        -------
        std : ndarray of shape (n_rows, n_outputs)
            Standard deviations.
        """
        return np.exp(0.5 * self._parts(raw)[1])
