"""The function that training minimises, and its gradient.

    F(theta) = [ sum_i s_i l_i(theta) + alpha/2 |W|^2 ] / sum_i s_i

over the rows ``i`` with weights ``s_i`` and losses ``l_i``; ``W`` are the penalised parameters. On
a minibatch ``B`` the sums run over its rows and the divisor is ``|B|`` times the mean weight of
the training rows, which keeps the expected step that of the weighted objective. With unit weights
this is scikit-learn's objective.

This is the only place that knows row blocks, threads, weights, normalisation and penalty.
"""

from collections import deque
from itertools import pairwise

import numpy as np

from .batches import RowBuffers
from .network import Workspace

__all__ = ["Objective", "predict_raw", "rows_per_block"]

# A block's activations should fit the cache that a core has to itself.
_BLOCK_ELEMENTS = 1 << 18
_MAX_BLOCK_ROWS = 1024
_MIN_BLOCK_ROWS = 64

# An exact pass sums in at most so many parts, with at most so many elements of gradients in all.
# Neither depends on the number of threads, and so the result does not.
_MAX_PARTS = 32
_PARTS_ELEMENTS = 1 << 21

# Elements of the penalty's gradient to add at a time, within the cache.
_PENALTY_PIECE = 8192


def rows_per_block(network):
    """Rows of a block of an exact pass, so that what belongs to it stays in the cache."""
    rows = _BLOCK_ELEMENTS // max(network.layer_units)
    return int(np.clip(rows, _MIN_BLOCK_ROWS, _MAX_BLOCK_ROWS))


def _parts(n_rows, block_rows, n_parts):
    """Cut rows into parts of whole blocks: a list of lists of (start, stop)."""
    blocks = [(start, min(start + block_rows, n_rows)) for start in range(0, n_rows, block_rows)]
    bounds = np.linspace(0, len(blocks), min(n_parts, len(blocks)) + 1).astype(int)
    return [blocks[a:b] for a, b in pairwise(bounds)]


class _Worker:
    """The buffers that one thread needs to go through blocks of rows."""

    def __init__(self, objective, parameters):
        n_rows = min(objective.block_rows, len(objective.rows))
        self.workspace = Workspace(objective.network, n_rows, parameters.flat.dtype)
        self.buffers = RowBuffers(objective.rows, n_rows)
        self.gradient = parameters.empty_like()


class _ExactPass:
    """What passes over all rows reuse: parts with their gradients, a worker for each thread."""

    def __init__(self, objective, parameters, n_threads):
        n_parts = min(_MAX_PARTS, max(2, _PARTS_ELEMENTS // parameters.flat.size))
        blocks = _parts(len(objective.rows), objective.block_rows, n_parts)
        self.parts = [(part, parameters.empty_like()) for part in blocks]
        n_workers = min(n_threads, len(self.parts))
        self.idle_workers = deque(_Worker(objective, parameters) for _ in range(n_workers))


class Objective:
    """The training objective of a network on rows of data.

    Parameters
    ----------
    network : Network
        Computes raw predictions.

    loss : Loss
        Of the targets and the raw predictions.

    rows : Rows
        The training rows.

    alpha : float
        Strength of the L2 penalty.

    block_rows : int, default=None
        Rows of a block of an exact pass; chosen for the cache by default.
    """

    def __init__(self, network, loss, rows, alpha, block_rows=None):
        self.network = network
        self.loss = loss
        self.rows = rows
        self.alpha = alpha
        self.block_rows = rows_per_block(network) if block_rows is None else block_rows
        self.total_weight = rows.total_weight
        self._mean_weight = self.total_weight / len(rows)
        self._exact_pass = None
        self._scratch = None

    def loss_gradient(self, parameters, batch, workspace, scale, gradient):
        """Sum of the losses of a batch; ``gradient`` receives ``scale`` times its gradient."""
        raw = self.network.forward(parameters, batch.X, workspace)
        delta = workspace.layers(batch.X.shape[0])[-1].delta
        total = self.loss.loss_gradient(batch.y, raw, batch.sample_weight, delta)
        np.multiply(delta, scale, out=delta)
        self.network.backward(parameters, batch.X, workspace, gradient)
        return total

    def value_and_gradient(self, parameters, gradient, threads):
        """Objective over all rows.

        Parameters
        ----------
        parameters : Parameters
            Where to evaluate.

        gradient : Parameters
            Receives the gradient.

        threads : RowThreads
            What the parts of the rows run on; the result does not depend on it.

        Returns
        -------
        value : float
        """
        if self._exact_pass is None:
            self._exact_pass = _ExactPass(self, parameters, threads.n_threads)
        parts = self._exact_pass.parts
        totals = threads.map(lambda part: self._sum_part(parameters, *part), parts)
        np.copyto(gradient.flat, parts[0][1].flat)
        for _, partial in parts[1:]:
            np.add(gradient.flat, partial.flat, out=gradient.flat)
        return self._add_penalty(parameters, sum(totals), self.total_weight, gradient)

    def _sum_part(self, parameters, blocks, gradient):
        """Sum of the losses over blocks, in their order, and its scaled gradient."""
        idle = self._exact_pass.idle_workers
        worker = idle.pop()
        scale = 1.0 / self.total_weight
        total = 0.0
        for i, (start, stop) in enumerate(blocks):
            batch = self.rows.block(start, stop, worker.buffers)
            target = worker.gradient if i else gradient
            total += self.loss_gradient(parameters, batch, worker.workspace, scale, target)
            if i:
                np.add(gradient.flat, target.flat, out=gradient.flat)
        idle.append(worker)
        return total

    def batch_value_and_gradient(self, parameters, batch, workspace, gradient):
        """Objective over a minibatch; ``gradient`` receives its gradient.

        The value is in units of the whole objective's sum: it is not divided by the divisor, so
        that an epoch's values add up.
        """
        divisor = batch.y.shape[0] * self._mean_weight
        total = self.loss_gradient(parameters, batch, workspace, 1.0 / divisor, gradient)
        return divisor * self._add_penalty(parameters, total, divisor, gradient)

    def _add_penalty(self, parameters, total, divisor, gradient):
        """Add the penalty's gradient; return loss and penalty over the divisor."""
        if self.alpha == 0:
            return total / divisor
        coefs = parameters.penalised
        if self._scratch is None:
            self._scratch = np.empty(min(coefs.size, _PENALTY_PIECE), coefs.dtype)
        for start in range(0, coefs.size, _PENALTY_PIECE):
            piece = slice(start, start + _PENALTY_PIECE)
            scratch = self._scratch[: coefs[piece].size]
            np.multiply(coefs[piece], self.alpha / divisor, out=scratch)
            np.add(gradient.penalised[piece], scratch, out=gradient.penalised[piece])
        return (total + 0.5 * self.alpha * float(np.dot(coefs, coefs))) / divisor


def predict_raw(network, parameters, rows, threads):
    """Raw predictions of all rows, computed block by block.

    Parameters
    ----------
    network : Network
        The network.

    parameters : Parameters
        Its parameters.

    rows : Rows
        What to predict for; targets and weights are not looked at.

    threads : RowThreads
        What the parts of the rows run on.

    Returns
    -------
    raw_prediction : ndarray of shape (n_rows, n_raw)
    """
    dtype = rows.dtype
    raw_prediction = np.empty((len(rows), network.layer_units[-1]), dtype)
    block_rows = min(rows_per_block(network), len(rows))
    parts = _parts(len(rows), block_rows, threads.n_threads)

    def predict_part(blocks):
        workspace = Workspace(network, block_rows, dtype, backward=False)
        buffers = RowBuffers(rows, block_rows)
        for start, stop in blocks:
            batch = rows.block(start, stop, buffers)
            raw_prediction[start:stop] = network.forward(parameters, batch.X, workspace)

    threads.map(predict_part, parts)
    return raw_prediction
