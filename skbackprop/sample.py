"""Validated data, in the user's terms and in the network's."""

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import train_test_split

from .batches import Rows

__all__ = ["Sample", "can_stratify", "split_positions"]


@dataclass(frozen=True)
class Sample:
    """Rows of data.

    Attributes
    ----------
    y : ndarray
        Target as the user gave it, validated.

    sample_weight : ndarray of shape (n_samples,) or None
        Weights of the rows for metrics, those of their classes included.

    rows : Rows
        Features, encoded targets and weights for the loss.
    """

    y: np.ndarray
    sample_weight: np.ndarray | None
    rows: Rows

    def select(self, positions):
        """Some of the rows; the features are not copied."""
        weight = self.sample_weight
        return Sample(
            self.y[positions],
            None if weight is None else weight[positions],
            self.rows.select(positions),
        )

    def without_zero_weights(self):
        """The rows that count."""
        if self.rows.sample_weight is None:
            return self
        counts = self.rows.sample_weight.any(axis=1)
        return self if counts.all() else self.select(np.flatnonzero(counts))

    @property
    def X(self):
        """Features of the rows, copied where they are a subset."""
        rows = self.rows
        return rows.X if rows.subset is None else rows.X[rows.subset]


def split_positions(strata, n_samples, validation_fraction, random_state):
    """Positions of training and validation rows, drawn as scikit-learn draws them.

    Parameters
    ----------
    strata : ndarray of shape (n_samples,) or None
        Classes to keep in proportion; where a class is too small for that, a warning is given
        instead.

    n_samples : int
        Number of rows.

    validation_fraction : float
        Share of the rows to set aside.

    random_state : RandomState
        Source of the draws.

    Returns
    -------
    training, validation : ndarray of int

    Raises
    ------
    ValueError
        Where fewer than two rows would be set aside, or none would be left.
    """
    n_validation = int(np.ceil(n_samples * validation_fraction))
    if n_validation < 2 or n_validation >= n_samples:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the size of your "
            f"dataset: validation_fraction={validation_fraction} of {n_samples} samples leaves "
            f"{n_validation} for validation, where at least 2, and 1 for training, are needed. Or "
            "give validation data to fit as X_val and y_val."
        )
    if strata is not None and not can_stratify(strata, n_validation):
        warnings.warn(
            "The early-stopping split is not stratified: a class has fewer than 2 samples, or "
            "there are more classes than samples on one side of the split. Give validation data "
            "to fit as X_val and y_val to choose them yourself.",
            UserWarning,
            stacklevel=2,
        )
        strata = None
    return train_test_split(
        np.arange(n_samples),
        test_size=validation_fraction,
        random_state=random_state,
        stratify=strata,
    )


def can_stratify(strata, n_validation):
    """Whether each class can be kept in proportion when so many rows are set aside."""
    counts = np.unique(strata, return_counts=True)[1]
    return counts.min() >= 2 and len(counts) <= min(n_validation, len(strata) - n_validation)
