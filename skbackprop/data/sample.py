"""Checked data, in the user's terms and in the network's."""

from dataclasses import dataclass

import numpy as np

from .rows import Rows


@dataclass(frozen=True)
class Sample:
    """Rows of data.

    Attributes
    ----------
    y : ndarray
        Target as the user gave it, validated.

    sample_weight : ndarray of shape (n_samples,) or (n_samples, n_outputs), or None
        Weights of the rows for metrics, those of their classes included; or of single targets, of
        which some are missing and have weight 0.

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

    def targets(self):
        """``y`` and weights for metrics, then encoded targets and weights for the loss."""
        return self.y, self.sample_weight, *self.rows.targets()

    @property
    def X(self):
        """Features of the rows, copied where they are a subset."""
        rows = self.rows
        return rows.X if rows.subset is None else rows.X[rows.subset]
