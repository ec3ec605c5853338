"""What a loss is."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from .links import IdentityLink, Link

if TYPE_CHECKING:
    from ..utils.typing import Array, FloatArray


class Loss:
    """A loss of one row, ``l(y, raw_prediction)``, with its gradient and its link.

    Subclass it, write ``loss_gradient`` (and ``check_target`` where not every number will do), and
    give an instance to :class:`~skbackprop.BackpropRegressor` as ``loss``. A frozen dataclass
    serves best: it can be compared, printed, copied and searched over. For a classifier, subclass
    :class:`~skbackprop.losses.ClassificationLoss`.

    Attributes
    ----------
    link : object
        Its ``inverse(raw, out)`` turns raw predictions into predictions; its ``name`` is what
        ``out_activation_`` tells.

    raw_per_target : int
        How many raw predictions the loss wants for each target; those of one target lie side by
        side.

    couples_rows : bool
        Whether the loss of a row depends on the other rows, so that the loss of all rows is not
        the sum of those of parts. 'lbfgs' then works on all rows at once, and what needs losses of
        single rows or of partitions is refused. False by default.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import numpy as np
    >>> from skbackprop import BackpropRegressor
    >>> from skbackprop.losses import Loss
    >>> @dataclass(frozen=True)
    ... class FourthPower(Loss):
    ...     def loss_gradient(self, y, raw, sample_weight, out):
    ...         residual = raw - y
    ...         weight = 1 if sample_weight is None else sample_weight
    ...         out[...] = weight * residual**3
    ...         return float(np.sum(weight * residual**4)) / 4
    >>> X = np.linspace(-1, 1, 50)[:, np.newaxis]
    >>> model = BackpropRegressor((5,), "tanh", loss=FourthPower(), solver="lbfgs", random_state=0)
    >>> model.fit(X, X[:, 0] ** 2).score(X, X[:, 0] ** 2) > 0.9
    True
    """

    link: ClassVar[Link] = IdentityLink()
    raw_per_target: int = 1
    couples_rows: bool = False

    def n_raw(self, n_outputs: int) -> int:
        """Tell how many raw predictions the network needs for a row.

        Parameters
        ----------
        n_outputs : int
            Number of targets of a row.

        Returns
        -------
        n_raw : int
            Number of raw predictions.
        """
        return n_outputs * self.raw_per_target

    def loss_gradient(
        self, y: Array, raw: FloatArray, sample_weight: FloatArray | None, out: FloatArray
    ) -> float:
        """Sum of the weighted losses over rows and outputs, and its gradient.

        Parameters
        ----------
        y : ndarray of shape (n_rows, n_outputs), or (n_rows,) of class codes
            Targets.

        raw : ndarray of shape (n_rows, n_raw)
            Raw predictions.

        sample_weight : ndarray of shape (n_rows, 1) or (n_rows, n_outputs), or None
            Weights of rows, or of single targets, at least 0; None for ones. Loss and gradient of
            weight 0 must be 0, and not NaN: ``y`` is any valid value where a target is missing.

        out : ndarray of shape (n_rows, n_raw)
            Receives the gradient of the sum with respect to ``raw``. C-contiguous.

        Returns
        -------
        total : float
            The sum, accumulated in float64.
        """
        raise NotImplementedError

    def loss(self, y: Array, raw: FloatArray, sample_weight: FloatArray | None) -> float:
        """Sum of the weighted losses, without the gradient.

        Parameters
        ----------
        y : ndarray of shape (n_rows, n_outputs), or (n_rows,) of class codes
            Targets.

        raw : ndarray of shape (n_rows, n_raw)
            Raw predictions.

        sample_weight : ndarray of shape (n_rows, 1) or (n_rows, n_outputs), or None
            Weights of rows, or of single targets; None for ones.

        Returns
        -------
        total : float
            The sum.
        """
        return self.loss_gradient(y, raw, sample_weight, np.empty_like(raw))

    def check_target(self, y: FloatArray) -> None:
        """Raise ValueError where ``y`` has values for which the loss is not defined.

        Parameters
        ----------
        y : ndarray of shape (n_rows, n_outputs)
            Targets.
        """

    def predict(self, raw: FloatArray) -> FloatArray:
        """Make predictions of raw predictions.

        Parameters
        ----------
        raw : ndarray of shape (n_rows, n_raw)
            Raw predictions; may be overwritten.

        Returns
        -------
        prediction : ndarray of shape (n_rows, n_outputs)
            Predictions.
        """
        self.link.inverse(raw, out=raw)
        return raw

    def score(
        self, y: Array, prediction: FloatArray, sample_weight: FloatArray | None
    ) -> float | None:
        """How good a prediction is, 1 at best; None where that is R^2.

        Parameters
        ----------
        y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
            Targets.

        prediction : ndarray
            What ``predict`` of the estimator gives.

        sample_weight : ndarray of shape (n_rows,) or None
            Weights of rows.
        """


def weighted_sum(losses: FloatArray, sample_weight: FloatArray | None) -> float:
    """Sum of ``losses``, weighted, in float64."""
    if sample_weight is not None:
        losses = losses * sample_weight
    return float(np.add.reduce(losses, axis=None, dtype=np.float64))


def non_negative_sum(losses: FloatArray, sample_weight: FloatArray | None) -> float:
    """The same for losses of which none is below 0 but by rounding: not below 0."""
    total = weighted_sum(losses, sample_weight)
    return 0.0 if total < 0 else total


def where_it_counts(raw: FloatArray, sample_weight: FloatArray | None) -> FloatArray:
    """Raw predictions, 0 where the weight is 0: an infinite loss times 0 would be NaN there."""
    return raw if sample_weight is None else np.where(sample_weight > 0, raw, 0)


def apply_weight(gradient: FloatArray, sample_weight: FloatArray | None) -> None:
    """Multiply a gradient by the weights, if there are any."""
    if sample_weight is not None:
        np.multiply(gradient, sample_weight, out=gradient)
