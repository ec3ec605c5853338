"""Rows of the data, as blocks in their order and as shuffled minibatches.

The rows are never copied as a whole: a block is a view where it can be, and gathered into a buffer
where it cannot (a subset of the rows, integers, another float type).
"""

from typing import NamedTuple

import numpy as np
from scipy import sparse

__all__ = ["Batch", "RowBuffers", "Rows"]

# Several minibatches are gathered at once, up to this size: few calls, and it stays in the cache.
_GATHER_BYTES = 1 << 20


class Batch(NamedTuple):
    """Some rows: features, targets, weights (None for ones)."""

    X: object
    y: np.ndarray
    sample_weight: np.ndarray | None

    def part(self, start, stop):
        """The rows from ``start`` to ``stop``."""
        weight = self.sample_weight
        return Batch(
            self.X[start:stop], self.y[start:stop], None if weight is None else weight[start:stop]
        )


class RowBuffers:
    """Room for the gathered copy of up to ``n_rows`` rows.

    Parameters
    ----------
    rows : Rows
        Where the rows come from.

    n_rows : int
        Largest number of rows.
    """

    def __init__(self, rows, n_rows):
        dense = not sparse.issparse(rows.X)
        self.X = np.empty((n_rows, rows.X.shape[1]), rows.dtype) if dense else None
        self.y = np.empty((n_rows, *rows.y.shape[1:]), rows.y.dtype)
        weight = rows.sample_weight
        self.sample_weight = (
            None if weight is None else np.empty((n_rows, *weight.shape[1:]), weight.dtype)
        )


def _take(array, index, out):
    """Gather rows into ``out``, converting to its type where they differ."""
    if array.dtype == out.dtype and array.flags.c_contiguous and array.flags.aligned:
        array.take(index, axis=0, out=out, mode="clip")  # clip: unbuffered; all are valid
    else:
        out[...] = array[index]
    return out


class Rows:
    """The rows of a data set, or a subset of them, with targets and weights.

    Parameters
    ----------
    X : {ndarray, CSR matrix} of shape (n_samples, n_features)
        Features, of any real type.

    y : ndarray of shape (n_samples, n_outputs) or (n_samples,)
        Targets, as the loss wants them.

    sample_weight : ndarray of shape (n_samples, 1) or (n_samples, n_outputs), or None
        Weights; None for ones.

    dtype : dtype
        Floating-point type of the blocks.

    subset : ndarray of int, default=None
        The rows to use, all by default.
    """

    def __init__(self, X, y, sample_weight, dtype, subset=None):
        self.X = X if sparse.issparse(X) else np.asarray(X)
        self.y = y
        self.sample_weight = sample_weight
        self.dtype = np.dtype(dtype)
        self.subset = subset

    @classmethod
    def of_features(cls, X, dtype):
        """Rows without targets, to predict for."""
        return cls(X, np.empty((X.shape[0], 0), dtype), None, dtype)

    def __len__(self):
        return self.X.shape[0] if self.subset is None else len(self.subset)

    @property
    def total_weight(self):
        """Sum of the weights of the rows (of their means over the outputs)."""
        if self.sample_weight is None:
            return float(len(self))
        weight = self.sample_weight
        if self.subset is not None:
            weight = weight[self.subset]
        return float(weight.sum(dtype=np.float64)) / weight.shape[1]

    def largest_feature(self):
        """Largest absolute value of the features."""
        values = self.X.data if sparse.issparse(self.X) else self.X
        return max(abs(float(values.max())), abs(float(values.min()))) if values.size else 0.0

    def select(self, subset):
        """Some of these rows, without a copy."""
        if self.subset is not None:
            subset = self.subset[subset]
        return Rows(self.X, self.y, self.sample_weight, self.dtype, subset)

    def targets(self):
        """Targets and weights of the rows, in their order."""
        if self.subset is None:
            return self.y, self.sample_weight
        weight = self.sample_weight
        return self.y[self.subset], None if weight is None else weight[self.subset]

    def block(self, start, stop, buffers):
        """The rows from ``start`` to ``stop``, as views where possible."""
        if self.subset is not None:
            return self._gather(self.subset[start:stop], buffers)
        weight = None if self.sample_weight is None else self.sample_weight[start:stop]
        X = self.X[start:stop]
        if X.dtype != self.dtype:
            X = self._convert(X, buffers)
        return Batch(X, self.y[start:stop], weight)

    def batches(self, order, batch_size, buffers):
        """Iterate over minibatches.

        Parameters
        ----------
        order : ndarray of shape (n_rows,), or None
            The order in which the rows come; None for the order of the data.

        batch_size : int
            Rows of a minibatch; the last one may have fewer.

        buffers : RowBuffers
            Room for ``gather_size(batch_size)`` rows.

        Yields
        ------
        batch : Batch
            Valid until the next one is asked for.
        """
        chunk = self.gather_size(batch_size)
        for start in range(0, len(self), chunk):
            stop = min(start + chunk, len(self))
            if order is None:
                rows = self.block(start, stop, buffers)
            else:
                index = order[start:stop]
                rows = self._gather(index if self.subset is None else self.subset[index], buffers)
            if stop - start <= batch_size:
                yield rows
                continue
            for first in range(0, stop - start, batch_size):
                yield rows.part(first, min(first + batch_size, stop - start))

    def next_order(self, state):
        """The order of the rows for the next epoch, from the state of the training."""
        return state.next_order(len(self))

    def gather_size(self, batch_size):
        """Rows to gather at once: a number of whole minibatches."""
        bytes_per_batch = batch_size * self.X.shape[1] * self.dtype.itemsize
        n_batches = max(1, _GATHER_BYTES // bytes_per_batch)
        return min(batch_size * n_batches, -(-len(self) // batch_size) * batch_size)

    def row_major(self):
        """The same rows, ``X`` in row-major order if it is an array in memory: for gathering."""
        if sparse.issparse(self.X) or self.X.flags.c_contiguous or _is_mapped(self.X):
            return self
        X = np.ascontiguousarray(self.X)
        return Rows(X, self.y, self.sample_weight, self.dtype, self.subset)

    def _convert(self, X, buffers):
        if sparse.issparse(X):
            return X.astype(self.dtype)
        out = buffers.X[: X.shape[0]]
        out[...] = X
        return out

    def _gather(self, index, buffers):
        n_rows = len(index)
        if sparse.issparse(self.X):
            X = self.X[index].astype(self.dtype, copy=False)
        else:
            X = _take(self.X, index, buffers.X[:n_rows])
        weight = self.sample_weight
        if weight is not None:
            weight = _take(weight, index, buffers.sample_weight[:n_rows])
        return Batch(X, _take(self.y, index, buffers.y[:n_rows]), weight)


def _is_mapped(array):
    """Whether an array lies in a memory-mapped file."""
    while array is not None:
        if isinstance(array, np.memmap):
            return True
        array = getattr(array, "base", None)
    return False
