"""Losses, each with its link, as functions of the raw prediction.

To add one, write the class and give it a name in the table of the estimators that may use it; the
common tests then cover it.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, xlogy

from .links import IdentityLink, LogitLink, LogLink, SoftmaxLink, softmax

__all__ = [
    "REGRESSION_LOSSES",
    "LogLoss",
    "Loss",
    "Multinomial",
    "Poisson",
    "SquaredError",
]


class Loss:
    """A loss of one row, ``l(y, raw_prediction)``, with its gradient and its link.

    Attributes
    ----------
    link : object
        Its ``inverse(raw, out)`` turns raw predictions into predictions; its ``name`` is what
        ``out_activation_`` tells.
    """

    link = IdentityLink()

    def loss_gradient(self, y, raw, sample_weight, out):
        """Sum of the weighted losses over rows and outputs, and its gradient.

        Parameters
        ----------
        y : ndarray of shape (n_rows, n_outputs), or (n_rows,) of class codes
            Targets.

        raw : ndarray of shape (n_rows, n_outputs)
            Raw predictions.

        sample_weight : ndarray of shape (n_rows, 1) or (n_rows, n_outputs), or None
            Weights of rows, or of single targets; None for ones.

        out : ndarray of shape (n_rows, n_outputs)
            Receives the gradient of the sum with respect to ``raw``. C-contiguous.

        Returns
        -------
        total : float
            The sum, accumulated in float64.
        """
        raise NotImplementedError

    def loss(self, y, raw, sample_weight):
        """Sum of the weighted losses, without the gradient."""
        return self.loss_gradient(y, raw, sample_weight, np.empty_like(raw))

    def check_target(self, y):
        """Raise ValueError where ``y`` has values for which the loss is not defined."""


def _weighted_sum(losses, sample_weight):
    if sample_weight is not None:
        losses = losses * sample_weight
    return float(np.sum(losses, dtype=np.float64))


def _apply_weight(gradient, sample_weight):
    if sample_weight is not None:
        np.multiply(gradient, sample_weight, out=gradient)


@dataclass(frozen=True)
class SquaredError(Loss):
    """Half the squared error, summed over the outputs: ``l = |raw - y|^2 / 2``.

    The gradient is ``raw - y``.

    Notes
    -----
    scikit-learn reports the mean over the outputs but descends the gradient of the sum
    (scikit-learn #8349). Here both are those of the sum.
    """

    def loss_gradient(self, y, raw, sample_weight, out):
        np.subtract(raw, y, out=out)
        total = 0.5 * _weighted_sum(out * out, sample_weight)
        _apply_weight(out, sample_weight)
        return total


@dataclass(frozen=True)
class Poisson(Loss):
    """Half the Poisson deviance with a log link, for counts and other ``y >= 0``.

    ``l = y log(y / mu) - y + mu`` with ``mu = exp(raw)``; the gradient is ``mu - y``.
    """

    link = LogLink()

    def loss_gradient(self, y, raw, sample_weight, out):
        np.exp(raw, out=out)
        losses = xlogy(y, y) - y * raw - y + out
        np.subtract(out, y, out=out)
        _apply_weight(out, sample_weight)
        return _weighted_sum(losses, sample_weight)

    def check_target(self, y):
        if np.any(y < 0):
            raise ValueError(
                "loss='poisson' requires non-negative y; the smallest value of y is "
                f"{float(np.min(y)):g}."
            )


@dataclass(frozen=True)
class LogLoss(Loss):
    """Log loss of independent yes/no targets: two classes, or several labels.

    ``l = log(1 + exp(raw)) - y raw``, summed over the outputs; the gradient is ``p - y`` with
    ``p = 1 / (1 + exp(-raw))``.
    """

    link = LogitLink()

    def loss_gradient(self, y, raw, sample_weight, out):
        losses = np.logaddexp(0, raw)
        losses -= y * raw
        expit(raw, out=out)
        np.subtract(out, y, out=out)
        _apply_weight(out, sample_weight)
        return _weighted_sum(losses, sample_weight)


@dataclass(frozen=True)
class Multinomial(Loss):
    """Log loss of one out of several classes: softmax with cross entropy.

    ``l = log(sum_k exp(raw_k)) - raw_y`` for a row of class ``y``; the gradient is ``p - e_y``,
    the probabilities less the indicator of the class. Targets are class codes, so that indicators
    of all rows are never stored.
    """

    link = SoftmaxLink()

    def loss_gradient(self, y, raw, sample_weight, out):
        n_rows, n_classes = raw.shape
        target = np.arange(0, n_rows * n_classes, n_classes)
        target += y
        losses = softmax(raw, out)
        losses -= np.take(raw, target)[:, np.newaxis]
        out.reshape(-1)[target] -= 1
        _apply_weight(out, sample_weight)
        return _weighted_sum(losses, sample_weight)


REGRESSION_LOSSES = {"squared_error": SquaredError(), "poisson": Poisson()}
