"""Base class of classification losses, and the log loss."""

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
    """Define a classification loss, with a binary form and optionally a multiclass form.

    The binary form, for two classes or several labels, takes ``y`` of zeros and ones of shape
    (n_rows, n_outputs). It has a logistic link, or another link with
    ``inverse(-raw) = 1 - inverse(raw)``. The multiclass form, returned by ``multiclass``, takes
    class codes of shape (n_rows,) and has a softmax link.

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
        """Return the multiclass form of the loss.

        Returns
        -------
        loss : ClassificationLoss
            A loss with a softmax link. It is the object itself if that has a softmax link already;
            then two classes have two raw predictions too.

        Raises
        ------
        ValueError
            If the loss has only a binary form.
        """
        raise ValueError(
            f"loss={self!r} has no form for more than two classes. It works with two classes or "
            "with several labels."
        )


class LossOfManyClasses(ClassificationLoss):
    """Define a loss that has only the multiclass form."""

    link: ClassVar[Link] = SoftmaxLink()

    def multiclass(self) -> Self:
        return self


def entries_of_classes(codes: Array, n_classes: int) -> Array:
    """Return the flat index of each row's class in a C-contiguous (n_rows, n_classes) array."""
    entries = np.arange(0, len(codes) * n_classes, n_classes)
    entries += codes
    return entries


def _check_smoothing(label_smoothing: float) -> None:
    if not 0 <= label_smoothing < 1:
        raise ValueError(f"label_smoothing must be in [0, 1), got {label_smoothing}.")


@dataclass(frozen=True)
class LogLoss(ClassificationLoss):
    """Log loss (cross entropy) of binary targets: two classes, or several labels.

    ``l = log(1 + exp(raw)) - y raw``, summed over the outputs. The gradient is ``p - y`` with
    ``p = 1 / (1 + exp(-raw))``. A classifier of more than two classes uses :class:`Multinomial`.

    Parameters
    ----------
    label_smoothing : float, default=0.0
        Part ``s`` of each label that is spread evenly over the classes, in [0, 1). ``y`` is
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
    """Multiclass log loss: softmax with cross entropy.

    ``l = log(sum_k exp(raw_k)) - raw_y`` for a row of class ``y``. The gradient is ``p - e_y``,
    the probabilities minus the one-hot vector of the class. Targets are class codes, so the
    one-hot matrix is never stored.

    If you pass it to a classifier of two classes, the network makes two raw predictions, and
    ``decision_function`` returns their difference.

    Parameters
    ----------
    label_smoothing : float, default=0.0
        Part ``s`` of each label that is spread evenly over the ``K`` classes, in [0, 1). ``e_y``
        is replaced by ``(1 - s) e_y + s / K`` [1]_.

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
