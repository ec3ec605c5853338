"""Links between what a network computes and what its user is told.

A network's last layer is linear: it gives the *raw prediction*. The inverse link turns it into
the prediction: probabilities, positive means, or just itself. The losses work on raw predictions,
where their formulas are stable; ``predict`` applies the inverse link.
"""

from functools import lru_cache

import numpy as np
from scipy.special import expit, log_expit, logit

__all__ = ["IdentityLink", "LogLink", "LogitLink", "SoftmaxLink", "log_sum_exp", "softmax"]

# Below this magnitude neither exp() nor a sum of it overflows or underflows: no shift is needed.
_SAFE_EXPONENT = {4: 60.0, 8: 600.0}  # by bytes of a float


@lru_cache(maxsize=16)
def _column_of_ones(n_rows, dtype):
    ones = np.ones((n_rows, 1), dtype)
    ones.flags.writeable = False
    return ones


def _within_safe_exponents(raw):
    """Whether all exponentials can be taken as they are; the sum of squares often tells it."""
    if raw.size == 0:
        return False
    limit = _SAFE_EXPONENT[raw.itemsize]
    flat = raw.ravel()
    if np.vdot(flat, flat) < limit * limit:  # unlike dot(), without a warning of overflow
        return True
    return -limit < np.minimum.reduce(flat) and np.maximum.reduce(flat) < limit


def _row_max(raw):
    """Largest number of each row, as a column; NumPy is slow along an axis that is short."""
    return np.maximum.reduce(raw.T.copy(), axis=0)[:, np.newaxis]


def _exponentials(raw, out):
    """Write ``exp(raw - shift)`` into ``out``; return the row sums and the shift, if any."""
    shift = None
    if _within_safe_exponents(raw):
        np.exp(raw, out=out)
    else:
        shift = _row_max(raw)
        with np.errstate(over="ignore"):  # to minus infinity, and then 0
            np.subtract(raw, shift, out=out)
        np.exp(out, out=out)
    total = np.dot(out, _column_of_ones(raw.shape[1], raw.dtype))
    return total, shift


def softmax(raw, out):
    """Write ``exp(raw) / sum(exp(raw))``, row by row, into ``out``; return ``log(sum(exp(raw)))``.

    Parameters
    ----------
    raw : ndarray of shape (n_rows, n_classes)
        Raw predictions.

    out : ndarray of shape (n_rows, n_classes)
        Receives the probabilities; may be ``raw``.

    Returns
    -------
    log_normaliser : ndarray of shape (n_rows, 1)
        Logarithm of the sum of the exponentials, by which the log loss is computed.
    """
    total, shift = _exponentials(raw, out)
    np.divide(out, total, out=out)
    np.log(total, out=total)
    if shift is not None:
        total += shift
    return total


def log_sum_exp(raw):
    """``log(sum(exp(raw)))`` of each row, as a column."""
    return softmax(raw, np.empty_like(raw))


class IdentityLink:
    """The prediction is the raw prediction."""

    name = "identity"

    def inverse(self, raw, out):
        """Write the prediction into ``out`` (which may be ``raw``)."""
        if out is not raw:
            np.copyto(out, raw)

    def pull_back(self, gradient, prediction):
        """Turn a gradient with respect to the prediction into one for ``raw``, in place."""

    def link(self, prediction):
        """Raw prediction that belongs to a prediction."""
        return prediction


class LogLink:
    """The prediction is positive: ``exp(raw)``."""

    name = "exp"

    def inverse(self, raw, out):
        """Write the prediction into ``out`` (which may be ``raw``)."""
        np.exp(raw, out=out)

    def pull_back(self, gradient, prediction):
        """Turn a gradient with respect to the prediction into one for ``raw``, in place."""
        np.multiply(gradient, prediction, out=gradient)

    def link(self, prediction):
        """Raw prediction that belongs to a prediction."""
        return np.log(prediction)


class LogitLink:
    """Each column is a probability of its own: ``1 / (1 + exp(-raw))``."""

    name = "logistic"

    def inverse(self, raw, out):
        """Write the prediction into ``out`` (which may be ``raw``)."""
        expit(raw, out=out)

    def pull_back(self, gradient, prediction):
        """Turn a gradient with respect to the prediction into one for ``raw``, in place."""
        np.multiply(gradient, prediction * (1 - prediction), out=gradient)

    def link(self, prediction):
        """Raw prediction that belongs to a prediction."""
        return logit(prediction)

    def log_inverse(self, raw):
        """Logarithm of the prediction, without rounding the prediction first."""
        return log_expit(raw)


class SoftmaxLink:
    """The columns are the probabilities of the classes: ``exp(raw) / sum(exp(raw))``."""

    name = "softmax"

    def inverse(self, raw, out):
        """Write the prediction into ``out`` (which may be ``raw``)."""
        softmax(raw, out)

    def pull_back(self, gradient, prediction):
        """Turn a gradient with respect to the prediction into one for ``raw``, in place."""
        mean = np.sum(gradient * prediction, axis=1, keepdims=True)
        np.subtract(gradient, mean, out=gradient)
        np.multiply(gradient, prediction, out=gradient)

    def link(self, prediction):
        """Raw prediction that belongs to a prediction."""
        return np.log(prediction)

    @np.errstate(over="ignore")  # differences to minus infinity
    def log_inverse(self, raw):
        """Logarithm of the prediction, without rounding the prediction first."""
        shifted = raw - _row_max(raw)  # so that no logarithm is above 0
        return shifted - log_sum_exp(shifted)
