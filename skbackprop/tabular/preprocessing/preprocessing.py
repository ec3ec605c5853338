"""Preprocessing of a table for the networks: encoding, then scaling."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ...utils import warn
from .category_means import CategoryMeans
from .encoder import TableEncoder
from .smooth_clip import SmoothClipScaler


@dataclass(frozen=True)
class TablePreprocessing:
    """Convert a table to the inputs of its networks.

    The inputs are the numbers that vary, the target means of categories with many levels, and the
    one-hot columns that vary. No network uses both the means and the columns of a category.

    Attributes
    ----------
    encoder : TableEncoder
        Converts the table to numbers.

    scaler : SmoothClipScaler or None
        Scales the numbers; None for sparse data.

    means : CategoryMeans or None
        Means of the target by level; None for sparse data.
    """

    encoder: TableEncoder
    scaler: SmoothClipScaler | None
    means: CategoryMeans | None

    @classmethod
    def fitted_to(cls, checked, targets, categorical_features):
        """Fit to a table; return the preprocessing and the inputs for the rows of the table.

        ``checked`` is a Checked. ``targets`` are the columns of its target, floats for numbers
        and integers for classes; None for no target means.
        """
        is_sparse = sparse.issparse(checked.X)
        encoder = TableEncoder(categorical_features, dtype=np.float32 if is_sparse else np.float64)
        encoded = encoder.set_output(transform="default")._fit_encode(checked.X)
        if is_sparse:
            found = cls(encoder, None, None)
            return found, found.scaled(encoded)
        scaler = SmoothClipScaler().set_output(transform="default")._fit_coded(encoded)
        if targets is None:
            found = cls(encoder, scaler, CategoryMeans.none())
            return found, found.scaled(encoded)
        means, of_rows = CategoryMeans.fitted_to(encoded, targets, checked.sample_weight)
        found = cls(encoder, scaler, means)
        return found, found._joined(encoded, of_rows)

    def inputs(self, X):
        """Return the inputs for a table with the same columns."""
        Z = self.encoder._encode(X)
        if sparse.issparse(Z) and self.scaler is not None:  # fitted on a dense table
            Z = self.encoder._encode(Z.toarray())
        return self.scaled(Z)

    def scaled(self, Z):
        """Return the inputs for an encoded table."""
        if self.scaler is None:
            return Z if sparse.issparse(Z) else Z.numbers
        return self._joined(Z, self.means.of_rows(Z))

    def _joined(self, encoded, of_rows):
        """Return the scaled columns that vary, with the means after the numbers."""
        Z = self.scaler._transform_coded(encoded).select_columns(self.varies, np.float32)
        Z = Z.with_numbers(of_rows)
        return Z if len(Z.off) else Z.numbers

    @property
    def varies(self):
        """Return which columns of the encoded and scaled table are inputs: those that vary."""
        varies = ~np.isnan(self.scaler.scale_)
        if not varies.any():
            varies[:1] = True  # a network needs an input
        return varies

    @property
    def numeric(self):
        """Return which inputs are numbers with more than two values, which can be embedded."""
        if self.scaler is None:
            return np.arange(0)
        columns = np.arange(self.encoder.n_features_out_)
        return np.flatnonzero(np.isin(columns, self.encoder.numeric_columns_)[self.varies])

    @property
    def n_inputs(self):
        """Return the number of inputs."""
        if self.scaler is None:
            return self.encoder.n_features_out_
        return int(self.varies.sum()) + self.means.n_means

    def inputs_seen(self, with_means):
        """Return the inputs of a network, with the means or with the columns they replace."""
        if self.scaler is None:
            return np.arange(self.n_inputs)
        n_numbers = self.encoder._n_numbers
        first_mean = int(self.varies[:n_numbers].sum())
        means = first_mean + np.arange(self.means.n_means)
        if not with_means:
            return np.setdiff1d(np.arange(self.n_inputs), means)
        replaced = np.zeros(len(self.varies), bool)
        for c, _, varies in self.means:
            levels = self.encoder._levels[c]
            if not varies.any():
                continue
            first = n_numbers + levels.first
            replaced[first : first + len(levels.names)] = True
        of_others = len(means) + np.cumsum(self.varies) - 1
        return np.setdiff1d(np.arange(self.n_inputs), of_others[replaced & self.varies])

    def warn_if_constant(self):
        """Warn if all columns of the first call of ``partial_fit`` are constant."""
        if self.scaler is not None and np.isnan(self.scaler.scale_).all():
            warn(
                "No column of X varies in the first call of partial_fit, which fits the scaling "
                "and selects the columns that the networks use. Start with more rows.",
            )
