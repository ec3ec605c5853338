"""Which rows are worked on when, and by which thread.

An exact pass goes over all rows in blocks that fit the cache, on Python threads; gradients of
parts are added up in a fixed order. A minibatch, and a block of a prediction, are worked on as a
whole, with the BLAS's own threads: they need not be woken, as Python's must.
"""

from collections import deque
from itertools import pairwise

import numpy as np
from scipy import sparse

from .batches import RowBuffers
from .network import Workspace
from .objective import Penalty

__all__ = ["BatchPass", "ExactPass", "predict_raw", "rows_per_block"]

# A block's activations should fit the cache that a core has to itself.
_BLOCK_ELEMENTS = 1 << 17
_MAX_BLOCK_ROWS = 1024
_MIN_BLOCK_ROWS = 512
_SPARSE_BLOCK_FACTOR = 8

# An exact pass sums in at most so many parts, with at most so many elements of gradients in all.
# Neither depends on the number of threads, and so the result does not.
_MAX_PARTS = 32
_PARTS_ELEMENTS = 1 << 21

# A prediction's blocks are larger: the BLAS's own threads share one, each with its own cache.
_MAX_PREDICTED_ROWS = 2048


def rows_per_block(network, X, max_rows=_MAX_BLOCK_ROWS):
    """Rows of a block, so that what belongs to it stays in the cache.

    Sparse blocks are larger: adding up their dense gradients should be a small part of the work.
    """
    if sparse.issparse(X):
        stored_per_row = max(1, X.nnz // max(1, X.shape[0]))
        return max(_MIN_BLOCK_ROWS, _SPARSE_BLOCK_FACTOR * X.shape[1] // stored_per_row)
    rows = _BLOCK_ELEMENTS // max(network.layer_units)
    return min(max(rows, _MIN_BLOCK_ROWS), max_rows)


def _parts(n_rows, block_rows, n_parts):
    """Cut rows into parts of whole blocks: a list of lists of (start, stop)."""
    blocks = _blocks(n_rows, block_rows)
    bounds = np.linspace(0, len(blocks), min(n_parts, len(blocks)) + 1).astype(int)
    return [blocks[a:b] for a, b in pairwise(bounds)]


def _blocks(n_rows, block_rows):
    return [(start, min(start + block_rows, n_rows)) for start in range(0, n_rows, block_rows)]


class _Worker:
    """The buffers that one thread needs to go through blocks of rows."""

    def __init__(self, objective, parameters, n_rows):
        self.workspace = Workspace(objective.network, n_rows, parameters.flat.dtype)
        self.buffers = RowBuffers(objective.rows, n_rows)
        self.gradient = parameters.empty_like()


class ExactPass:
    """Objective and gradient over all rows, block by block.

    Parameters
    ----------
    objective : Objective
        What to evaluate.

    parameters : Parameters
        Where it is evaluated, at each call as they are then.

    gradient : Parameters
        Receives the gradient.

    threads : RowThreads
        What the parts of the rows run on; the result does not depend on it.

    block_rows : int, default=None
        Rows of a block; chosen for the cache by default.
    """

    def __init__(self, objective, parameters, gradient, threads, block_rows=None):
        if block_rows is None:
            block_rows = rows_per_block(objective.network, objective.rows.X)
        n_rows = len(objective.rows)
        n_parts = min(_MAX_PARTS, max(2, _PARTS_ELEMENTS // parameters.flat.size))
        parts = _parts(n_rows, block_rows, n_parts)
        self._objective = objective
        self._parameters = parameters
        self._gradient = gradient
        self._penalty = Penalty(objective.alpha, parameters, gradient)
        gradients = [gradient, *(parameters.empty_like() for _ in parts[1:])]
        self._parts = list(zip(parts, gradients, strict=True))
        self._threads = threads
        n_workers = min(threads.n_threads, len(parts))
        self._idle = deque(
            _Worker(objective, parameters, min(block_rows, n_rows)) for _ in range(n_workers)
        )

    def evaluate(self):
        """The objective; its gradient is in ``gradient``."""
        total = self._threads.sum(self._sum_part, self._parts)
        flat = self._gradient.flat
        for _, partial in self._parts[1:]:
            np.add(flat, partial.flat, out=flat)
        divisor = self._objective.total_weight
        return (total + self._penalty.add(divisor)) / divisor

    def _sum_part(self, part):
        """Sum of the losses over the blocks of a part, in their order, and its gradient."""
        blocks, gradient = part
        objective = self._objective
        worker = self._idle.pop()
        total = 0.0
        for i, (start, stop) in enumerate(blocks):
            batch = objective.rows.block(start, stop, worker.buffers)
            target = worker.gradient if i else gradient
            total += objective.loss_gradient(
                self._parameters, batch, worker.workspace, objective.total_weight, target
            )
            if i:
                np.add(gradient.flat, target.flat, out=gradient.flat)
        self._idle.append(worker)
        return total


class BatchPass:
    """Objective and gradient over a minibatch.

    Parameters
    ----------
    objective : Objective
        What to evaluate.

    parameters : Parameters
        Where it is evaluated, at each call as they are then.

    gradient : Parameters
        Receives the gradient.

    batch_size : int
        Largest number of rows.

    stream : DropoutStream, default=None
        Random bits for dropout; without them nothing is dropped.
    """

    def __init__(self, objective, parameters, gradient, batch_size, stream=None):
        self._objective = objective
        self._parameters = parameters
        self._gradient = gradient
        self._penalty = Penalty(objective.alpha, parameters, gradient)
        dtype = parameters.flat.dtype
        self._workspace = Workspace(objective.network, batch_size, dtype, stream=stream)

    def evaluate(self, batch):
        """The objective times its divisor, so that an epoch's values add up.

        The gradient, divided, is in ``gradient``.
        """
        divisor = batch.y.shape[0] * self._objective.mean_weight
        self._workspace.draw_masks(batch.X)
        total = self._objective.loss_gradient(
            self._parameters, batch, self._workspace, divisor, self._gradient
        )
        return total + self._penalty.add(divisor)


def predict_raw(network, parameters, rows):
    """Raw predictions of all rows, computed block by block.

    Parameters
    ----------
    network : Network
        The network.

    parameters : Parameters or LayerArrays
        Its parameters.

    rows : Rows
        What to predict for; targets and weights are not looked at.

    Returns
    -------
    raw_prediction : ndarray of shape (n_rows, n_raw)
    """
    n_rows = len(rows)
    block_rows = min(rows_per_block(network, rows.X, _MAX_PREDICTED_ROWS), n_rows)
    workspace = Workspace(network, block_rows, rows.dtype, backward=False)
    buffers = RowBuffers(rows, block_rows)
    raw_prediction = np.empty((n_rows, network.layer_units[-1]), rows.dtype)
    for start, stop in _blocks(n_rows, block_rows):
        X = rows.block(start, stop, buffers).X
        raw_prediction[start:stop] = network.forward(parameters, X, workspace)
    return raw_prediction
