"""Checked data, both as passed by the user and as encoded for the network."""

from dataclasses import dataclass

import numpy as np

from .rows import Rows


@dataclass(frozen=True)
class Sample:
    """Hold rows of checked data.

    Attributes
    ----------
    y : ndarray
        Validated target, not encoded.

    sample_weight : ndarray of shape (n_samples,) or (n_samples, n_outputs), or None
        Weights for metrics: of rows, including class weights, or of single targets if some targets
        are missing and have weight 0.

    rows : Rows
        Features, encoded targets and weights for the loss.
    """

    y: np.ndarray
    sample_weight: np.ndarray | None
    rows: Rows

    def select(self, positions):
        """Return some of the rows without copying the features."""
        weight = self.sample_weight
        return Sample(
            self.y[positions],
            None if weight is None else weight[positions],
            self.rows.select(positions),
        )

    def without_zero_weights(self):
        """Return the rows with a weight above 0."""
        if self.rows.sample_weight is None:
            return self
        counts = self.rows.sample_weight.any(axis=1)
        return self if counts.all() else self.select(np.flatnonzero(counts))

    def targets(self):
        """Return ``y`` and weights for metrics, encoded targets and weights for the loss."""
        return self.y, self.sample_weight, *self.rows.targets()

    @property
    def X(self):
        """Return the features of the rows, copied if the rows are a subset."""
        rows = self.rows
        return rows.X if rows.subset is None else rows.X[rows.subset]
