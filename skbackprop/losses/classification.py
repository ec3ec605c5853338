"""Log losses of classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from scipy.special import expit

from .base import Loss, apply_weight, non_negative_sum, weighted_sum
from .links import Link, LogitLink, SoftmaxLink, softmax

if TYPE_CHECKING:
    from ..utils.typing import Array, FloatArray


class ClassificationLoss(Loss):
    """A loss of classes, which may have one form for yes/no targets and one for many classes.

    The form for yes/no targets, of two classes or of several labels, gets ``y`` of zeros and ones
    of shape (n_rows, n_outputs) and has a logistic link, or another one with
    ``inverse(-raw) = 1 - inverse(raw)``. The form for one out of many classes gets class codes of
    shape (n_rows,) and has a softmax link.

    Examples
    --------
    >>> from skbackprop.losses import ClassificationLoss, LogLoss, Multinomial
    >>> isinstance(LogLoss(), ClassificationLoss)
    True
    >>> LogLoss().multiclass() == Multinomial()
    True
    """

    link: ClassVar[Link] = LogitLink()

    def multiclass(self) -> ClassificationLoss:
        """The same loss for one out of many classes.

        Returns
        -------
        loss : ClassificationLoss
            With a softmax link; the object itself, where it has one already: then two classes have
            two raw predictions as well.
        """
        raise ValueError(f"loss={self!r} is for two classes, or for several labels, only.")


class LossOfManyClasses(ClassificationLoss):
    """A loss that has the form for one out of many classes only."""

    link: ClassVar[Link] = SoftmaxLink()

    def multiclass(self) -> Self:
        return self


def entries_of_classes(codes: Array, n_classes: int) -> Array:
    """Where the entry of each row's class is in an array that is C-contiguous and made flat."""
    entries = np.arange(0, len(codes) * n_classes, n_classes)
    entries += codes
    return entries


def _check_smoothing(label_smoothing: float) -> None:
    if not 0 <= label_smoothing < 1:
        raise ValueError(f"label_smoothing must be in [0, 1), got {label_smoothing}.")


@dataclass(frozen=True)
class LogLoss(ClassificationLoss):
    """Log loss of independent yes/no targets: two classes, or several labels.

    ``l = log(1 + exp(raw)) - y raw``, summed over the outputs; the gradient is ``p - y`` with
    ``p = 1 / (1 + exp(-raw))``. For more classes it is :class:`Multinomial`.

    Parameters
    ----------
    label_smoothing : float, default=0.0
        In [0, 1): how much of each label is spread evenly over the classes. With ``s``, ``y`` is
        replaced by ``(1 - s) y + s / 2``, which keeps the probabilities away from 0 and 1 [1]_.

    References
    ----------
    .. [1] Szegedy, Vanhoucke, Ioffe, Shlens & Wojna (2016), "Rethinking the Inception architecture
       for computer vision", CVPR, section 7.

    Examples
    --------
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.losses import LogLoss
    >>> BackpropClassifier(loss=LogLoss(label_smoothing=0.1))
    BackpropClassifier(loss=LogLoss(label_smoothing=0.1))
    """

    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        _check_smoothing(self.label_smoothing)

    def multiclass(self) -> Multinomial:
        return Multinomial(self.label_smoothing)

    def loss_gradient(
        self, y: Array, raw: FloatArray, sample_weight: FloatArray | None, out: FloatArray
    ) -> float:
        if self.label_smoothing:
            y = (1 - self.label_smoothing) * y + 0.5 * self.label_smoothing
        losses = np.logaddexp(0, raw)
        losses -= y * raw
        expit(raw, out=out)
        np.subtract(out, y, out=out)
        apply_weight(out, sample_weight)
        return weighted_sum(losses, sample_weight)


@dataclass(frozen=True)
class Multinomial(LossOfManyClasses):
    """Log loss of one out of several classes: softmax with cross entropy.

    ``l = log(sum_k exp(raw_k)) - raw_y`` for a row of class ``y``; the gradient is ``p - e_y``,
    the probabilities less the indicator of the class. Targets are class codes, so that indicators
    of all rows are never stored.

    Given to a classifier as an object, it makes two raw predictions even for two classes, of which
    ``decision_function`` tells the difference.

    Parameters
    ----------
    label_smoothing : float, default=0.0
        In [0, 1): how much of each label is spread evenly over the ``K`` classes. With ``s``,
        ``e_y`` is replaced by ``(1 - s) e_y + s / K`` [1]_.

    References
    ----------
    .. [1] Szegedy, Vanhoucke, Ioffe, Shlens & Wojna (2016), "Rethinking the Inception architecture
       for computer vision", CVPR, section 7.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import scale
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.losses import Multinomial
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> model = BackpropClassifier((5,), loss=Multinomial(), solver="lbfgs", random_state=0)
    >>> model.fit(scale(X), y).coefs_[-1].shape
    (5, 2)
    """

    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        _check_smoothing(self.label_smoothing)

    def loss_gradient(
        self, y: Array, raw: FloatArray, sample_weight: FloatArray | None, out: FloatArray
    ) -> float:
        n_classes = raw.shape[1]
        target = entries_of_classes(y, n_classes)
        losses = softmax(raw, out)
        of_class = raw.take(target)
        if self.label_smoothing:
            of_class *= 1 - self.label_smoothing
        losses -= of_class[:, np.newaxis]
        out.reshape(-1)[target] -= 1 - self.label_smoothing
        if self.label_smoothing:
            share = self.label_smoothing / n_classes
            losses -= share * raw.sum(axis=1, keepdims=True)
            out -= share
        apply_weight(out, sample_weight)
        return non_negative_sum(losses, sample_weight)
