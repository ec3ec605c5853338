"""The way of a table to the inputs of the networks: encoded, then scaled."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ...utils import warn
from .encoder import TableEncoder
from .smooth_clip import SmoothClipScaler


@dataclass(frozen=True)
class TablePreprocessing:
    """What makes of a table the inputs of its networks.

    Attributes
    ----------
    encoder : TableEncoder
        Makes numbers of the table.

    scaler : SmoothClipScaler or None
        Scales them; None for sparse data.
    """

    encoder: TableEncoder
    scaler: SmoothClipScaler | None

    @classmethod
    def fitted_to(cls, X, categorical_features):
        """That of a table, and the inputs for its rows."""
        is_sparse = sparse.issparse(X)
        encoder = TableEncoder(categorical_features, dtype=np.float32 if is_sparse else np.float64)
        encoded = encoder.set_output(transform="default")._fit_encode(X)
        scaler = None
        if not is_sparse:
            scaler = SmoothClipScaler().set_output(transform="default")._fit_coded(encoded)
        found = cls(encoder, scaler)
        return found, found.scaled(encoded)

    def inputs(self, X):
        """The inputs for a table of the same columns."""
        Z = self.encoder._encode(X)
        if sparse.issparse(Z) and self.scaler is not None:  # fitted on a dense table
            Z = self.encoder._encode(Z.toarray())
        return self.scaled(Z)

    def scaled(self, Z):
        """The inputs for an encoded table."""
        if self.scaler is None:
            return Z if sparse.issparse(Z) else Z.numbers
        Z = self.scaler._transform_coded(Z).select_columns(self.varies, np.float32)
        return Z if len(Z.off) else Z.numbers

    @property
    def varies(self):
        """Which columns of the encoded and scaled table are inputs: those that vary."""
        varies = ~np.isnan(self.scaler.scale_)
        if not varies.any():
            varies[:1] = True  # a network needs an input
        return varies

    @property
    def numeric(self):
        """Which inputs are numbers with more than two values, which an embedding is for."""
        if self.scaler is None:
            return np.arange(0)
        columns = np.arange(self.encoder.n_features_out_)
        return np.flatnonzero(np.isin(columns, self.encoder.numeric_columns_)[self.varies])

    def warn_if_constant(self):
        """Warn where the first rows say nothing of any column."""
        if self.scaler is not None and np.isnan(self.scaler.scale_).all():
            warn(
                "No column of X varies in the first call of partial_fit, which says how the table "
                "is scaled, and which columns the networks see. Begin with more rows.",
            )
