"""Base class of loss functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from .links import IdentityLink, Link

if TYPE_CHECKING:
    from ..utils.typing import Array, FloatArray


class Loss:
    """Define a loss ``l(y, raw_prediction)`` of one row, its gradient and its link.

    To define your own loss, subclass it, write ``loss_gradient``, and pass an instance to
    :class:`~skbackprop.BackpropRegressor` as ``loss``. Write ``check_target`` too if the loss is
    not defined for all numbers. Make the subclass a frozen dataclass: then instances can be
    compared, printed and copied, and used in a grid search. For a classifier, subclass
    :class:`~skbackprop.losses.ClassificationLoss`.

    Attributes
    ----------
    link : object
        Link with a method ``inverse(raw, out)``, which turns raw predictions into predictions, and
        a ``name``, which becomes ``out_activation_``.

    raw_per_target : int
        Number of raw predictions for each target. Those of one target are in adjacent columns.

    couples_rows : bool
        Whether the loss of a row depends on other rows, so that the total loss is not a sum over
        parts of the data. 'lbfgs' then processes all rows at once, and methods that need the loss
        of single rows or of partitions raise an error. False by default.

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
        """Return the number of raw predictions that the network computes for a row.

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
        """Compute the sum of the weighted losses over rows and outputs, and its gradient.

        Parameters
        ----------
        y : ndarray of shape (n_rows, n_outputs), or (n_rows,) of class codes
            Targets.

        raw : ndarray of shape (n_rows, n_raw)
            Raw predictions.

        sample_weight : ndarray of shape (n_rows, 1) or (n_rows, n_outputs), or None
            Weights of rows, or of single targets, at least 0; None for ones. Where the weight is
            0, loss and gradient must be 0 and not NaN: ``y`` holds an arbitrary valid value where
            a target is missing.

        out : ndarray of shape (n_rows, n_raw)
            Array for the gradient of the sum with respect to ``raw``. C-contiguous.

        Returns
        -------
        total : float
            The sum, accumulated in float64.
        """
        raise NotImplementedError

    def loss(self, y: Array, raw: FloatArray, sample_weight: FloatArray | None) -> float:
        """Compute the sum of the weighted losses without the gradient.

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
        """Raise ValueError if the loss is not defined for all values of ``y``.

        Parameters
        ----------
        y : ndarray of shape (n_rows, n_outputs)
            Targets.
        """

    def predict(self, raw: FloatArray) -> FloatArray:
        """Turn raw predictions into predictions.

        Parameters
        ----------
        raw : ndarray of shape (n_rows, n_raw)
            Raw predictions. The method may overwrite them.

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
        """Return the score of predictions, at most 1; None means that the score is R^2.

        Parameters
        ----------
        y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
            Targets.

        prediction : ndarray
            Predictions of the estimator's ``predict``.

        sample_weight : ndarray of shape (n_rows,) or None
            Weights of rows.
        """


def weighted_sum(losses: FloatArray, sample_weight: FloatArray | None) -> float:
    """Return the weighted sum of ``losses``, accumulated in float64."""
    if sample_weight is not None:
        losses = losses * sample_weight
    return float(np.add.reduce(losses, axis=None, dtype=np.float64))


def non_negative_sum(losses: FloatArray, sample_weight: FloatArray | None) -> float:
    """Return the weighted sum of losses that are negative only by rounding, at least 0."""
    total = weighted_sum(losses, sample_weight)
    return 0.0 if total < 0 else total


def where_it_counts(raw: FloatArray, sample_weight: FloatArray | None) -> FloatArray:
    """Set raw predictions to 0 where the weight is 0; an infinite loss times 0 would be NaN."""
    return raw if sample_weight is None else np.where(sample_weight > 0, raw, 0)


def apply_weight(gradient: FloatArray, sample_weight: FloatArray | None) -> None:
    """Multiply a gradient by the weights, if there are any."""
    if sample_weight is not None:
        np.multiply(gradient, sample_weight, out=gradient)
