"""Plan of a fit: the members to train, and the rows that each of them uses."""

from dataclasses import dataclass

import numpy as np

from ..data import Sample, chosen_splits, split_among
from ..losses import Loss
from ..targets import Target
from .designs import MemberDesigns
from .time_budget import TimeBudget


@dataclass(frozen=True)
class Among:
    """Locate the rows of a sample among the rows that were passed to ``fit``.

    ``positions`` are the positions of the sample's rows, ``n_given`` is the number of rows passed
    to ``fit``, including those with weight 0.
    """

    positions: np.ndarray
    n_given: int

    @classmethod
    def of(cls, all_rows, sample):
        """Locate a sample of the rows with a weight in ``all_rows``, a Checked."""
        positions, subset = all_rows.positions_that_count(), sample.rows.subset
        return cls(positions if subset is None else positions[subset], all_rows.y.shape[0])

    def chosen_splits(self, validation, given, sample, most):
        """Return the first splits of the sample by the parameter ``validation``."""
        counts = np.isin(np.arange(self.n_given), self.positions)
        chosen = chosen_splits(validation, given, sample.y, counts, most)
        return [split_among(self.positions, split, self.n_given) for split in chosen]


@dataclass(frozen=True)
class MemberRows:
    """Store the rows of a fit, and how the members hold out a part of them.

    ``held_out`` are the validation data of all members. If it is None, member ``i`` uses split
    ``i`` of ``splits``, pairs of positions in the sample, modulo their number. If ``splits`` is
    None too, each member holds out ``validation_fraction`` of the sample.
    """

    sample: Sample
    among: Among
    held_out: Sample | None
    splits: list | None
    validation_fraction: float

    @property
    def n_training(self):
        """Return the minimum number of training rows of a member."""
        n_rows = len(self.sample.rows)
        if self.splits is not None:
            return min(len(training) for training, _ in self.splits)
        return n_rows - self._n_set_aside

    @property
    def stops_early(self):
        """Return whether members have validation rows."""
        return not (self.held_out is None and self.splits is None and not self._n_set_aside)

    @property
    def _n_set_aside(self):
        n_rows = len(self.sample.rows)
        n_validation = int(np.ceil(self.validation_fraction * n_rows))
        return n_validation if self.held_out is None and 2 <= n_validation < n_rows else 0

    def split_number(self, number):
        """Return the number of the split of a member; 0 if all have the same validation data."""
        return number % len(self.splits) if self.held_out is None else 0

    def held_out_of(self, split):
        """Return the validation data of a split."""
        if self.held_out is not None:
            return self.held_out
        return self.sample.select(self.splits[split][1])

    def of_held_out(self, values):
        """Return the mean, for each row passed to ``fit``, of values for the rows of each split.

        It is NaN for rows that no split holds out, and None if the validation data are others.
        """
        if self.held_out is not None:
            return None
        n_columns = next(iter(values.values())).shape[1]
        total, n_values = np.zeros((self.among.n_given, n_columns)), np.zeros(self.among.n_given)
        for split, of_split in values.items():
            positions = self.among.positions[self.splits[split][1]]
            total[positions] += of_split
            n_values[positions] += 1
        total[n_values == 0] = np.nan
        return total / np.maximum(n_values, 1)[:, np.newaxis]


@dataclass(frozen=True)
class Plan:
    """Store what a fit trains, by which target and loss, on which rows, and for how long.

    If ``calibrated`` is set, which requires classes without an order, raw predictions are divided
    by a temperature.
    """

    designs: MemberDesigns
    target: Target
    validation_loss: Loss
    rows: MemberRows
    budget: TimeBudget
    calibrated: bool
