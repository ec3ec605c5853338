"""Brier score and focal loss, which are functions of the predicted probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, log_expit

from .base import apply_weight, weighted_sum
from .classification import ClassificationLoss, LossOfManyClasses, entries_of_classes
from .links import softmax

if TYPE_CHECKING:
    from ..utils.typing import Array, FloatArray


@dataclass(frozen=True)
class Brier(ClassificationLoss):
    """Brier score, half the squared error of the probabilities, for binary targets.

    ``l = (p - y)^2 / 2`` with ``p = 1 / (1 + exp(-raw))``. The gradient is ``(p - y) p (1 - p)``.
    A classifier of more than two classes uses :class:`MultinomialBrier`.

    Notes
    -----
    The loss is bounded, so wrong labels influence it less than the log loss. It is not convex even
    without a hidden layer, and rows that are wrong with a probability near 1 have a gradient near
    0.

    References
    ----------
    Brier (1950), "Verification of forecasts expressed in terms of probability", Monthly Weather
    Review 78:1-3.

    Examples
    --------
    >>> from skbackprop import BackpropClassifier
    >>> model = BackpropClassifier(loss="squared_error")
    """

    def multiclass(self) -> MultinomialBrier:
        return MultinomialBrier()

    def loss_gradient(
        self, y: Array, raw: FloatArray, sample_weight: FloatArray | None, out: FloatArray
    ) -> float:
        p, q = expit(raw), expit(-raw)
        difference = np.where(y > 0.5, -q, p)
        np.multiply(p, q, out=out)
        np.multiply(out, difference, out=out)
        apply_weight(out, sample_weight)
        return 0.5 * weighted_sum(difference * difference, sample_weight)


@dataclass(frozen=True)
class MultinomialBrier(LossOfManyClasses):
    """Multiclass Brier score: half the squared error of the probabilities.

    ``l = |p - e_y|^2 / 2`` with ``p = softmax(raw)``. With ``d = p - e_y``, the gradient is
    ``p_k (d_k - sum_j p_j d_j)``.

    References
    ----------
    Brier (1950), "Verification of forecasts expressed in terms of probability", Monthly Weather
    Review 78:1-3, eq. 2.

    Examples
    --------
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.losses import MultinomialBrier
    >>> model = BackpropClassifier(loss=MultinomialBrier())
    """

    def loss_gradient(
        self, y: Array, raw: FloatArray, sample_weight: FloatArray | None, out: FloatArray
    ) -> float:
        p = np.empty_like(raw, order="C")
        softmax(raw, p)
        difference = p.copy()
        difference.reshape(-1)[entries_of_classes(y, p.shape[1])] -= 1
        mean = np.einsum("ij,ij->i", p, difference)
        np.subtract(difference, mean[:, np.newaxis], out=out)
        np.multiply(out, p, out=out)
        apply_weight(out, sample_weight)
        losses = np.einsum("ij,ij->i", difference, difference)
        return 0.5 * weighted_sum(losses[:, np.newaxis], sample_weight)


def _check_gamma(gamma: float) -> None:
    if not 0 <= gamma < np.inf:
        raise ValueError(f"gamma must be at least 0 and finite, got {gamma}.")


def _focal(
    log_p: FloatArray, log_q: FloatArray, q: FloatArray, gamma: float
) -> tuple[FloatArray, FloatArray]:
    """Return ``-q^gamma log(p)`` with ``q = 1 - p``, and its derivative by ``log(p)``."""
    modulator = np.exp(gamma * log_q) if gamma else np.ones_like(q)
    # log(p) / q tends to -1 where p rounds to 1.
    ratio = np.divide(log_p, q, out=np.full_like(q, -1), where=q > 0)
    value = -modulator * log_p
    return value, modulator * (gamma * np.exp(log_p) * ratio - 1)


@dataclass(frozen=True)
class Focal(ClassificationLoss):
    """Focal loss for binary targets: the log loss with less weight on easy rows.

    ``l = -(1 - p)^gamma log(p)``, where ``p`` is the probability of the true class. If the sign of
    ``raw`` is such that positive values favour this class, the gradient is
    ``(1 - p)^gamma (gamma p log(p) - (1 - p))``. A classifier of more than two classes uses
    :class:`MultinomialFocal`.

    Parameters
    ----------
    gamma : float, default=2.0
        Exponent of the weight ``(1 - p)^gamma``, at least 0. 0 gives the log loss; larger values
        put less weight on rows that are already classified well.

    Notes
    -----
    The probabilities are biased towards one half. Calibrate them
    (:class:`sklearn.calibration.CalibratedClassifierCV`) if you need their values. Class weights,
    ``alpha`` in the reference, are the parameter ``class_weight`` of the classifier.

    References
    ----------
    Lin, Goyal, Girshick, He & Dollár (2017), "Focal loss for dense object detection", ICCV, eq. 4.

    Examples
    --------
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.losses import Focal
    >>> BackpropClassifier(loss=Focal(gamma=1.0), class_weight="balanced")
    BackpropClassifier(class_weight='balanced', loss=Focal(gamma=1.0))
    """

    gamma: float = 2.0

    def __post_init__(self) -> None:
        _check_gamma(self.gamma)

    def multiclass(self) -> MultinomialFocal:
        return MultinomialFocal(self.gamma)

    def loss_gradient(
        self, y: Array, raw: FloatArray, sample_weight: FloatArray | None, out: FloatArray
    ) -> float:
        right = np.where(y > 0.5, raw, -raw)
        q = expit(-right)
        losses, slope = _focal(log_expit(right), log_expit(-right), q, self.gamma)
        np.multiply(slope, q, out=out)
        np.negative(out, out=out, where=y <= 0.5)
        apply_weight(out, sample_weight)
        return weighted_sum(losses, sample_weight)


@dataclass(frozen=True)
class MultinomialFocal(LossOfManyClasses):
    """Multiclass focal loss: the log loss with less weight on easy rows.

    ``l = -(1 - p_y)^gamma log(p_y)`` with ``p = softmax(raw)``. The gradient is that of the log
    loss, ``p - e_y``, times ``(1 - p_y)^gamma - gamma (1 - p_y)^(gamma - 1) p_y log(p_y)``.

    Parameters
    ----------
    gamma : float, default=2.0
        Exponent of the weight ``(1 - p_y)^gamma``, at least 0. 0 gives the log loss; larger values
        put less weight on rows that are already classified well.

    References
    ----------
    Lin, Goyal, Girshick, He & Dollár (2017), "Focal loss for dense object detection", ICCV, eq. 4.

    Examples
    --------
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.losses import MultinomialFocal
    >>> model = BackpropClassifier(loss=MultinomialFocal(gamma=1.0))
    """

    gamma: float = 2.0

    def __post_init__(self) -> None:
        _check_gamma(self.gamma)

    def loss_gradient(
        self, y: Array, raw: FloatArray, sample_weight: FloatArray | None, out: FloatArray
    ) -> float:
        target = (np.arange(len(y)), y)
        log_normaliser = softmax(raw, out)[:, 0]
        out[target] = 0
        q = out.sum(axis=1)  # avoids the cancellation in 1 - p
        log_p = np.where(q < 0.5, np.log1p(-np.minimum(q, 0.5)), raw[target] - log_normaliser)
        log_q = np.log(q, out=np.full_like(q, -np.inf), where=q > 0)
        losses, slope = _focal(log_p, log_q, q, self.gamma)
        out[target] = -q
        out *= -slope[:, np.newaxis]
        apply_weight(out, sample_weight)
        return weighted_sum(losses[:, np.newaxis], sample_weight)
