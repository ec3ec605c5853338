"""Order and threads of the computations on rows.

An exact pass processes all rows in blocks that fit the cache, on Python threads, and adds up the
gradients of parts in a fixed order. A minibatch is one block. It uses the threads of the BLAS,
which start faster than Python threads.
"""

from collections import deque
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ..data import RowBuffers
from ..network import Workspace, blocks_of, raw_predictions, rows_per_block
from .objective import Penalty

# Largest number of partial sums in an exact pass, and of elements in all their gradients. Neither
# depends on the number of threads, so the result does not either.
_MAX_PARTS = 32
_PARTS_ELEMENTS = 1 << 21


def _parts(n_rows, block_rows, n_parts):
    """Divide rows into parts of whole blocks: a list of lists of (start, stop)."""
    blocks = blocks_of(n_rows, block_rows)
    bounds = np.linspace(0, len(blocks), min(n_parts, len(blocks)) + 1).astype(int)
    return [blocks[a:b] for a, b in pairwise(bounds)]


class _Worker:
    """Buffers that one thread needs to process blocks of rows."""

    def __init__(self, objective, parameters, n_rows):
        self.workspace = Workspace(
            objective.network, n_rows, parameters.flat.dtype, objective.kernels
        )
        self.buffers = RowBuffers(objective.rows, n_rows)
        self.gradient = parameters.empty_like()


class ExactPass:
    """Compute objective and gradient over all rows, block by block.

    Each call evaluates the objective at the current ``parameters`` and writes its gradient into
    ``gradient``. The result does not depend on the threads. By default the size of a block is
    chosen for the cache. A loss that couples rows has one block.
    """

    def __init__(self, objective, parameters, gradient, threads, block_rows=None):
        if block_rows is None:
            block_rows = rows_per_block(objective.network, objective.rows.X)
        n_rows = len(objective.rows)
        if objective.loss.couples_rows:
            block_rows = n_rows
        n_parts = min(_MAX_PARTS, max(2, _PARTS_ELEMENTS // parameters.flat.size))
        parts = _parts(n_rows, block_rows, n_parts)
        self._objective = objective
        self._parameters = parameters
        self._gradient = gradient
        self._penalty = Penalty(objective, parameters, gradient)
        gradients = [gradient, *(parameters.empty_like() for _ in parts[1:])]
        self._parts = list(zip(parts, gradients, strict=True))
        self._threads = threads
        n_workers = min(threads.n_threads, len(parts))
        self._idle = deque(
            _Worker(objective, parameters, min(block_rows, n_rows)) for _ in range(n_workers)
        )

    def evaluate(self):
        """Return the objective, and write its gradient into ``gradient``."""
        total = self._threads.sum(self._sum_part, self._parts)
        flat = self._gradient.flat
        for _, partial in self._parts[1:]:
            np.add(flat, partial.flat, out=flat)
        divisor = self._objective.total_weight
        return (total + self._penalty.add(divisor)) / divisor

    def _sum_part(self, part):
        """Return the sum of the losses over the blocks of a part, and compute its gradient."""
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
    """Compute objective and gradient over a minibatch of at most ``batch_size`` rows.

    ``parameters`` and ``gradient`` are used as in ``ExactPass``. Dropout needs a ``stream`` of
    random bits.
    """

    def __init__(self, objective, parameters, gradient, batch_size, stream=None):
        self._objective = objective
        self._parameters = parameters
        self._gradient = gradient
        self._penalty = Penalty(objective, parameters, gradient)
        dtype = parameters.flat.dtype
        self._workspace = Workspace(
            objective.network, batch_size, dtype, objective.kernels, stream=stream
        )

    def evaluate(self, batch):
        """Return the objective times its divisor, so that the values of an epoch can be summed.

        The gradient of the divided objective is written into ``gradient``.
        """
        divisor = batch.y.shape[0] * self._objective.mean_weight
        self._workspace.draw_masks(batch.X)
        total = self._objective.loss_gradient(
            self._parameters, batch, self._workspace, divisor, self._gradient
        )
        return total + self._penalty.add(divisor)


class Backend(NamedTuple):
    """Hold the computations on rows, which differ between memory and a cluster.

    Attributes
    ----------
    exact_pass : type
        ``ExactPass``, or a class with the same constructor and ``evaluate``.

    batch_pass : type
        ``BatchPass``, or a class with the same constructor and ``evaluate``.

    raw_predictions : callable
        ``raw_predictions(network, parameters, rows, kernels)``.
    """

    exact_pass: type
    batch_pass: type
    raw_predictions: object


IN_MEMORY = Backend(ExactPass, BatchPass, raw_predictions)
