"""Links between what a network computes and what its user is told.

A network's last layer is linear: it gives the *raw prediction*. The inverse link turns it into
the prediction: probabilities, positive means, or just itself. The losses work on raw predictions,
where their formulas are stable; ``predict`` applies the inverse link.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from scipy.special import expit, log_expit, logit

if TYPE_CHECKING:
    from ..utils.typing import FloatArray

# Below this magnitude neither exp() nor a sum of it overflows or underflows: no shift is needed.
_SAFE_EXPONENT = {4: 60.0, 8: 600.0}  # by bytes of a float


@lru_cache(maxsize=16)
def _column_of_ones(n_rows: int, dtype: np.dtype[Any]) -> FloatArray:
    ones = np.ones((n_rows, 1), dtype)
    ones.flags.writeable = False
    return ones


def _within_safe_exponents(raw: FloatArray) -> bool:
    """Whether all exponentials can be taken as they are; the sum of squares often tells it."""
    if raw.size == 0:
        return False
    limit = _SAFE_EXPONENT[raw.itemsize]
    flat = raw.ravel()
    if np.vdot(flat, flat) < limit * limit:  # unlike dot(), without a warning of overflow
        return True
    return -limit < np.minimum.reduce(flat) and np.maximum.reduce(flat) < limit


def _row_max(raw: FloatArray) -> FloatArray:
    """Largest number of each row, as a column; NumPy is slow along an axis that is short."""
    return np.maximum.reduce(raw.T.copy(), axis=0)[:, np.newaxis]


def _normalised(raw: FloatArray, out: FloatArray) -> tuple[FloatArray, FloatArray | None]:
    """Write the softmax of each row; return its divisor, and what was subtracted before."""
    shift = None
    if _within_safe_exponents(raw):
        np.exp(raw, out=out)
    else:
        shift = _row_max(raw)
        with np.errstate(over="ignore"):  # to minus infinity, and then 0
            np.subtract(raw, shift, out=out)
        np.exp(out, out=out)
    total = np.dot(out, _column_of_ones(raw.shape[1], raw.dtype))
    np.divide(out, total, out=out)
    return total, shift


def softmax(raw: FloatArray, out: FloatArray) -> FloatArray:
    """Write ``exp(raw) / sum(exp(raw))``, row by row, into ``out``, which may be ``raw``.

    Returns ``log(sum(exp(raw)))`` of each row, as a column: the log loss is computed by it.
    """
    total, shift = _normalised(raw, out)
    np.log(total, out=total)
    if shift is not None:
        total += shift
    return total


def log_sum_exp(raw: FloatArray) -> FloatArray:
    """``log(sum(exp(raw)))`` of each row, as a column."""
    return softmax(raw, np.empty_like(raw))


class Link:
    """How a prediction is made of a raw prediction: ``prediction = inverse(raw)``.

    A link needs ``name`` and ``inverse``. The other methods are for what wants more of it, and
    only that is refused, or left out, where a link does not have them:

    - ``pull_back(gradient, prediction)`` turns a gradient with respect to the prediction into one
      for ``raw``, in place: for gradients of predictions.
    - ``link(prediction)`` is the raw prediction that belongs to a prediction: for that of a
      constant (a warning about the scale of ``y``).
    - ``log_inverse(raw)`` is the logarithm of the prediction, without rounding the prediction
      first: for ``predict_log_proba``.

    Attributes
    ----------
    name : str
        What ``out_activation_`` tells.

    units : {'affine', 'scale'} or None
        What ``y`` may be divided by before a fit, and predictions multiplied by after it, without
        another meaning of the loss: center and scale, a scale alone, or nothing.
    """

    name: ClassVar[str] = ""
    units: ClassVar[Literal["affine", "scale"] | None] = None

    def inverse(self, raw: FloatArray, out: FloatArray) -> None:
        """Write the prediction into ``out`` (which may be ``raw``)."""
        raise NotImplementedError


class IdentityLink(Link):
    """The prediction is the raw prediction."""

    name = "identity"
    units: ClassVar[Literal["affine", "scale"] | None] = "affine"

    def inverse(self, raw: FloatArray, out: FloatArray) -> None:
        if out is not raw:
            np.copyto(out, raw)

    def pull_back(self, gradient: FloatArray, prediction: FloatArray) -> None:
        """The two gradients are the same."""

    def link(self, prediction: FloatArray) -> FloatArray:
        return prediction


class LogLink(Link):
    """The prediction is positive: ``exp(raw)``."""

    name = "exp"
    units: ClassVar[Literal["affine", "scale"] | None] = "scale"

    def inverse(self, raw: FloatArray, out: FloatArray) -> None:
        np.exp(raw, out=out)

    def pull_back(self, gradient: FloatArray, prediction: FloatArray) -> None:
        np.multiply(gradient, prediction, out=gradient)

    def link(self, prediction: FloatArray) -> FloatArray:
        return np.log(prediction)


class LogitLink(Link):
    """Each column is a probability of its own: ``1 / (1 + exp(-raw))``."""

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
    """The columns are the probabilities of the classes: ``exp(raw) / sum(exp(raw))``."""

    name = "softmax"

    def inverse(self, raw: FloatArray, out: FloatArray) -> None:
        _normalised(raw, out)

    def pull_back(self, gradient: FloatArray, prediction: FloatArray) -> None:
        mean = np.sum(gradient * prediction, axis=1, keepdims=True)
        np.subtract(gradient, mean, out=gradient)
        np.multiply(gradient, prediction, out=gradient)

    def link(self, prediction: FloatArray) -> FloatArray:
        return np.log(prediction)

    @np.errstate(over="ignore")  # differences to minus infinity
    def log_inverse(self, raw: FloatArray) -> FloatArray:
        shifted = raw - _row_max(raw)  # so that no logarithm is above 0
        return shifted - log_sum_exp(shifted)
