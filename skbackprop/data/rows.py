"""Rows of the data as blocks in their order, and as shuffled minibatches.

The data set is never copied as a whole. A block is a view if possible. A subset of the rows,
integers, another float type or coded categories are gathered into a buffer.
"""

from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy import sparse

from .coded import CodedTable

# Size up to which several minibatches are gathered at once: few calls that still fit the cache.
_GATHER_BYTES = 1 << 20


class Batch(NamedTuple):
    """Hold features, targets and weights (None for ones) of some rows."""

    X: object
    y: np.ndarray
    sample_weight: np.ndarray | None

    def part(self, start, stop):
        """Return the rows from ``start`` to ``stop``."""
        weight = self.sample_weight
        return Batch(
            self.X[start:stop], self.y[start:stop], None if weight is None else weight[start:stop]
        )


class RowBuffers:
    """Buffers for a gathered copy of up to ``n_rows`` rows, allocated on first use."""

    def __init__(self, rows, n_rows):
        self._rows = rows
        self._n_rows = n_rows

    @cached_property
    def X(self):
        """Return the buffer for the features of dense rows."""
        return self._empty(self._rows.X, self._rows.dtype)

    @cached_property
    def y(self):
        """Return the buffer for the targets."""
        return self._empty(self._rows.y, self._rows.y.dtype)

    @cached_property
    def sample_weight(self):
        """Return the buffer for the weights, if there are any."""
        return self._empty(self._rows.sample_weight, self._rows.sample_weight.dtype)

    def _empty(self, array, dtype):
        return np.empty((self._n_rows, *array.shape[1:]), dtype)


def _take(array, index, out):
    """Gather rows into ``out``, converted to its type if necessary."""
    if array.dtype == out.dtype and array.flags.c_contiguous and array.flags.aligned:
        array.take(index, axis=0, out=out, mode="clip")  # "clip" avoids a buffer; no index clips
    else:
        out[...] = array[index]
    return out


class Rows:
    """Give access to the rows of a data set, or a subset, with targets and weights.

    Parameters
    ----------
    X : {ndarray, CSR matrix, CodedTable} of shape (n_samples, n_features)
        Features, of any real type.

    y : ndarray of shape (n_samples, n_outputs) or (n_samples,)
        Targets in the form that the loss takes.

    sample_weight : ndarray of shape (n_samples, 1) or (n_samples, n_outputs), or None
        Weights; None for ones.

    dtype : dtype
        Floating-point type of the blocks.

    subset : ndarray of int, default=None
        The rows to use, all by default.
    """

    def __init__(self, X, y, sample_weight, dtype, subset=None):
        self.X = X if sparse.issparse(X) or isinstance(X, CodedTable) else np.asarray(X)
        self.y = y
        self.sample_weight = sample_weight
        self.dtype = np.dtype(dtype)
        self.subset = subset

    @classmethod
    def of_features(cls, X, dtype):
        """Return rows without targets, for predictions."""
        return cls(X, np.empty((X.shape[0], 0), dtype), None, dtype)

    def __len__(self):
        return self.X.shape[0] if self.subset is None else len(self.subset)

    @property
    def n_features(self):
        """Return the number of features."""
        return self.X.shape[1]

    @property
    def stored_per_row(self):
        """Return the mean number of stored features per row of ``X``."""
        X = self.X
        return X.nnz / max(1, X.shape[0]) if sparse.issparse(X) else X.shape[1]

    @property
    def total_weight(self):
        """Return the sum of the weights of the rows, each averaged over the outputs."""
        if self.sample_weight is None:
            return float(len(self))
        weight = self.sample_weight
        if self.subset is not None:
            weight = weight[self.subset]
        return float(weight.sum(dtype=np.float64)) / weight.shape[1]

    def largest_feature(self):
        """Return the largest absolute value of the features."""
        values = self.X if isinstance(self.X, np.ndarray) else self.X.data
        return max(abs(float(values.max())), abs(float(values.min()))) if values.size else 0.0

    def target_sums(self):
        """Return sums of the weights and of the weighted targets, of shape (2, n_outputs)."""
        targets, weight = self.targets()
        weight = np.ones(1) if weight is None else weight.astype(np.float64)
        weights = np.broadcast_to(weight, targets.shape)
        return np.array([weights.sum(axis=0), np.einsum("ij,ij->j", weights, targets)])

    def loss_of_constant(self, loss, raw):
        """Return the sum of the losses if all rows have the same raw prediction."""
        targets, weight = self.targets()
        with np.errstate(all="ignore"):
            return loss.loss(targets, np.tile(raw, (len(targets), 1)), weight)

    def select(self, subset):
        """Return some of these rows without a copy."""
        if self.subset is not None:
            subset = self.subset[subset]
        return Rows(self.X, self.y, self.sample_weight, self.dtype, subset)

    def targets(self):
        """Return targets and weights of the rows in their order."""
        if self.subset is None:
            return self.y, self.sample_weight
        weight = self.sample_weight
        return self.y[self.subset], None if weight is None else weight[self.subset]

    def block(self, start, stop, buffers):
        """Return the rows from ``start`` to ``stop``, as views if possible."""
        if self.subset is not None:
            return self._gather(self.subset[start:stop], buffers)
        weight = None if self.sample_weight is None else self.sample_weight[start:stop]
        X = self.X[start:stop]
        if X.dtype != self.dtype:
            X = self._convert(X, buffers)
        return Batch(X, self.y[start:stop], weight)

    def next_order(self, state):
        """Return the order of the rows for the next epoch, from the state of the training."""
        return state.next_order(len(self))

    def minibatches(self, batch_size, shuffle):
        """Return the ``Minibatches`` of the rows."""
        return Minibatches(self.row_major() if shuffle else self, batch_size)

    def row_major(self):
        """Return the same rows, with arrays in memory in row-major order for fast gathering."""
        in_memory = isinstance(self.X, np.ndarray) and not _is_mapped(self.X)
        if not in_memory or self.X.flags.c_contiguous:
            return self
        X = np.ascontiguousarray(self.X)
        return Rows(X, self.y, self.sample_weight, self.dtype, self.subset)

    def ordered_block(self, order, start, stop, buffers):
        """Return the rows from ``start`` to ``stop`` of an order; None is that of the data."""
        if order is None:
            return self.block(start, stop, buffers)
        index = order[start:stop]
        return self._gather(index if self.subset is None else self.subset[index], buffers)

    def _convert(self, X, buffers):
        if sparse.issparse(X):
            return X.astype(self.dtype)
        out = buffers.X[: X.shape[0]]
        if isinstance(X, CodedTable):
            return X.fill(out)
        out[...] = X
        return out

    def _gather(self, index, buffers):
        n_rows = len(index)
        if sparse.issparse(self.X):
            X = self.X[index].astype(self.dtype, copy=False)
        elif isinstance(self.X, CodedTable):
            X = self._convert(self.X[index], buffers)
        else:
            X = _take(self.X, index, buffers.X[:n_rows])
        weight = self.sample_weight
        if weight is not None:
            weight = _take(weight, index, buffers.sample_weight[:n_rows])
        return Batch(X, _take(self.y, index, buffers.y[:n_rows]), weight)


class Minibatches:
    """Iterate over minibatches of rows, which are gathered several at a time.

    Parameters
    ----------
    rows : Rows
        The rows.

    batch_size : int
        Number of rows of a minibatch; the last one of an epoch may have fewer.
    """

    def __init__(self, rows, batch_size):
        self._rows = rows
        self._batch_size = batch_size
        self._chunk = self._gathered_at_once()
        self._buffers = RowBuffers(rows, self._chunk)

    def _gathered_at_once(self):
        """Return the number of rows to gather at once, a multiple of the minibatch size."""
        rows, size = self._rows, self._batch_size
        bytes_per_batch = size * rows.X.shape[1] * rows.dtype.itemsize
        n_batches = max(1, _GATHER_BYTES // bytes_per_batch)
        return min(size * n_batches, -(-len(rows) // size) * size)

    def epoch(self, order):
        """Iterate over the minibatches of an epoch; the next one overwrites the current one.

        ``order`` is the order of the rows; None for the order of the data.
        """
        n_rows, size = len(self._rows), self._batch_size
        for start in range(0, n_rows, self._chunk):
            stop = min(start + self._chunk, n_rows)
            rows = self._rows.ordered_block(order, start, stop, self._buffers)
            if stop - start <= size:
                yield rows
                continue
            for first in range(0, stop - start, size):
                yield rows.part(first, min(first + size, stop - start))


def _is_mapped(array):
    """Return whether an array is in a memory-mapped file."""
    while array is not None:
        if isinstance(array, np.memmap):
            return True
        array = getattr(array, "base", None)
    return False
