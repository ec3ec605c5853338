"""Objective and gradient as sums over partitions, each computed on its worker."""

import numpy as np

from ..training import Backend, Penalty
from .tasks import batch_gradient, exact_gradient, raw_prediction


class _DistributedPass:
    """Base class of both passes, with an objective on ``DistributedRows`` and its gradient.

    Each evaluation uses the current values of the parameters.
    """

    def __init__(self, objective, parameters, gradient):
        self._objective = objective
        self._parameters = parameters
        self._gradient = gradient
        self._penalty = Penalty(objective, parameters, gradient)

    def _add_up(self, function, divisor, *details):
        """Return the sum over the partitions and the penalty, and compute their gradient."""
        objective, flat = self._objective, self._parameters.flat.copy()
        message = (objective.network, objective.loss, objective.kernels, divisor, *details, flat)
        value, self._gradient.flat[...] = objective.rows.add_up(function, message)
        return value, self._penalty.add(divisor)


class DistributedExactPass(_DistributedPass):
    """Compute objective and gradient over the rows of all partitions.

    ``threads`` are not used, because each worker has its own threads.
    """

    def __init__(self, objective, parameters, gradient, threads):
        super().__init__(objective, parameters, gradient)

    def evaluate(self):
        """Return the objective, and write its gradient into ``gradient``."""
        divisor = self._objective.total_weight
        value, penalty = self._add_up(exact_gradient, divisor)
        return value + penalty / divisor


class DistributedBatchPass(_DistributedPass):
    """Compute objective and gradient over a minibatch with rows from every partition.

    ``stream`` provides the seed and the strength of the dropout masks of each step.
    """

    def __init__(self, objective, parameters, gradient, batch_size, stream=None):
        n_partitions = len(objective.rows.partitions)
        if batch_size < n_partitions:
            raise ValueError(
                f"batch_size={batch_size} is less than the number of partitions, {n_partitions}, "
                "but each step takes rows from every partition. Increase batch_size: on a "
                "cluster, a step should have thousands of rows."
            )
        super().__init__(objective, parameters, gradient)
        self._stream = stream

    def evaluate(self, step):
        """Return the objective times its divisor; write the divided gradient to ``gradient``."""
        objective, stream = self._objective, self._stream
        divisor = objective.rows.n_rows_of(step) * objective.mean_weight
        dropout = None if stream is None else (int(stream.entries(1)[0]), stream.strength)
        return sum(self._add_up(batch_gradient, divisor, step, dropout))


def _raw_predictions(network, parameters, rows, kernels):
    """Return raw predictions of all rows, in the memory of the client."""
    return np.vstack(rows.collect(raw_prediction, (network, kernels, parameters.flat.copy())))


ON_WORKERS = Backend(DistributedExactPass, DistributedBatchPass, _raw_predictions)
