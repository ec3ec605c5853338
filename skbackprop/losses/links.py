"""Links between raw predictions and predictions.

The last layer of a network is linear and computes *raw predictions*. The inverse link turns them
into predictions: probabilities, positive means, or the raw predictions themselves. Losses take raw
predictions, for which their formulas are numerically stable; ``predict`` applies the inverse link.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from scipy.special import expit, log_expit, logit

if TYPE_CHECKING:
    from ..utils.typing import FloatArray

# Below this magnitude neither exp() nor a sum of exp() overflows or underflows, without a shift.
_SAFE_EXPONENT = {4: 60.0, 8: 600.0}  # by bytes of a float


@lru_cache(maxsize=16)
def _column_of_ones(n_rows: int, dtype: np.dtype[Any]) -> FloatArray:
    ones = np.ones((n_rows, 1), dtype)
    ones.flags.writeable = False
    return ones


def _within_safe_exponents(raw: FloatArray) -> bool:
    """Return whether exp() needs no shift; the sum of squares is the fastest sufficient test."""
    if raw.size == 0:
        return False
    limit = _SAFE_EXPONENT[raw.itemsize]
    flat = raw.ravel()
    if np.vdot(flat, flat) < limit * limit:  # dot() would warn of an overflow
        return True
    return -limit < np.minimum.reduce(flat) and np.maximum.reduce(flat) < limit


def _row_max(raw: FloatArray) -> FloatArray:
    """Return the maximum of each row as a column; NumPy is slow along short axes."""
    return np.maximum.reduce(raw.T.copy(), axis=0)[:, np.newaxis]


def _normalised(raw: FloatArray, out: FloatArray) -> tuple[FloatArray, FloatArray | None]:
    """Write the softmax of each row; return its divisor, and what was subtracted before."""
    shift = None
    if _within_safe_exponents(raw):
        np.exp(raw, out=out)
    else:
        shift = _row_max(raw)
        with np.errstate(over="ignore"):  # minus infinity has the right exponential, 0
            np.subtract(raw, shift, out=out)
        np.exp(out, out=out)
    total = np.dot(out, _column_of_ones(raw.shape[1], raw.dtype))
    np.divide(out, total, out=out)
    return total, shift


def softmax(raw: FloatArray, out: FloatArray) -> FloatArray:
    """Write ``exp(raw) / sum(exp(raw))``, row by row, into ``out``, which may be ``raw``.

    Returns ``log(sum(exp(raw)))`` of each row as a column, which the log loss needs.
    """
    total, shift = _normalised(raw, out)
    np.log(total, out=total)
    if shift is not None:
        total += shift
    return total


def log_sum_exp(raw: FloatArray) -> FloatArray:
    """Return ``log(sum(exp(raw)))`` of each row as a column."""
    return softmax(raw, np.empty_like(raw))


class Link:
    """Define how a raw prediction becomes a prediction: ``prediction = inverse(raw)``.

    A link needs ``name`` and ``inverse``. The other methods are optional. Without them, only the
    features named here are missing:

    - ``pull_back(gradient, prediction)`` turns a gradient with respect to the prediction into one
      with respect to ``raw``, in place. Needed for gradients of predictions.
    - ``link(prediction)`` returns the raw prediction that belongs to a prediction. Needed for the
      warning about the scale of ``y``.
    - ``log_inverse(raw)`` returns the logarithm of the prediction without rounding the prediction
      first. Needed for ``predict_log_proba``.

    Attributes
    ----------
    name : str
        Name of the inverse link, which becomes ``out_activation_``.

    units : {'affine', 'scale'} or None
        How ``y`` may be scaled before a fit, and predictions scaled back, without changing the
        meaning of the loss: 'affine' allows a shift and a scale, 'scale' a scale only, None
        neither.
    """

    name: ClassVar[str] = ""
    units: ClassVar[Literal["affine", "scale"] | None] = None

    def inverse(self, raw: FloatArray, out: FloatArray) -> None:
        """Write the prediction into ``out``, which may be ``raw``."""
        raise NotImplementedError


class IdentityLink(Link):
    """Identity link: the prediction is the raw prediction."""

    name = "identity"
    units: ClassVar[Literal["affine", "scale"] | None] = "affine"

    def inverse(self, raw: FloatArray, out: FloatArray) -> None:
        if out is not raw:
            np.copyto(out, raw)

    def pull_back(self, gradient: FloatArray, prediction: FloatArray) -> None:
        """Leave the gradient unchanged: both gradients are the same."""

    def link(self, prediction: FloatArray) -> FloatArray:
        return prediction


class LogLink(Link):
    """Log link: the prediction ``exp(raw)`` is positive."""

    name = "exp"
    units: ClassVar[Literal["affine", "scale"] | None] = "scale"

    def inverse(self, raw: FloatArray, out: FloatArray) -> None:
        np.exp(raw, out=out)

    def pull_back(self, gradient: FloatArray, prediction: FloatArray) -> None:
        np.multiply(gradient, prediction, out=gradient)

    def link(self, prediction: FloatArray) -> FloatArray:
        return np.log(prediction)


class LogitLink(Link):
    """Logit link: each column is a separate probability, ``1 / (1 + exp(-raw))``."""

    name = "logistic"

    def inverse(self, raw: FloatArray, out: FloatArray) -> None:
        expit(raw, out=out)

    def pull_back(self, gradient: FloatArray, prediction: FloatArray) -> None:
        np.multiply(gradient, prediction * (1 - prediction), out=gradient)

    def link(self, prediction: FloatArray) -> FloatArray:
        return logit(prediction)

    def log_inverse(self, raw: FloatArray) -> FloatArray:
        return log_expit(raw)


class SoftmaxLink(Link):
    """Softmax link: the columns are the class probabilities, ``exp(raw) / sum(exp(raw))``."""

    name = "softmax"

    def inverse(self, raw: FloatArray, out: FloatArray) -> None:
        _normalised(raw, out)

    def pull_back(self, gradient: FloatArray, prediction: FloatArray) -> None:
        mean = np.sum(gradient * prediction, axis=1, keepdims=True)
        np.subtract(gradient, mean, out=gradient)
        np.multiply(gradient, prediction, out=gradient)

    def link(self, prediction: FloatArray) -> FloatArray:
        return np.log(prediction)

    @np.errstate(over="ignore")  # differences may become minus infinity
    def log_inverse(self, raw: FloatArray) -> FloatArray:
        shifted = raw - _row_max(raw)  # rounding must not give a logarithm above 0
        return shifted - log_sum_exp(shifted)
