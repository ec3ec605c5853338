"""Objective and gradient as sums over partitions, each computed where it lies."""

import numpy as np

from ..training import Backend, Penalty
from .tasks import batch_gradient, exact_gradient, raw_prediction


class _DistributedPass:
    """What both passes have: an objective on ``DistributedRows``, and room for its gradient.

    The parameters are taken at each evaluation as they are then.
    """

    def __init__(self, objective, parameters, gradient):
        self._objective = objective
        self._parameters = parameters
        self._gradient = gradient
        self._penalty = Penalty(objective, parameters, gradient)

    def _add_up(self, function, divisor, *details):
        """Sum over the partitions, and the penalty; ``gradient`` is that of both."""
        objective, flat = self._objective, self._parameters.flat.copy()
        message = (objective.network, objective.loss, objective.kernels, divisor, *details, flat)
        value, self._gradient.flat[...] = objective.rows.add_up(function, message)
        return value, self._penalty.add(divisor)


class DistributedExactPass(_DistributedPass):
    """Objective and gradient over the rows of all partitions.

    It has no use for ``threads``: each worker has threads of its own.
    """

    def __init__(self, objective, parameters, gradient, threads):
        super().__init__(objective, parameters, gradient)

    def evaluate(self):
        """The objective; its gradient is in ``gradient``."""
        divisor = self._objective.total_weight
        value, penalty = self._add_up(exact_gradient, divisor)
        return value + penalty / divisor


class DistributedBatchPass(_DistributedPass):
    """Objective and gradient over a minibatch with rows from every partition.

    The stream gives the seed of the masks of each step, and their strength.
    """

    def __init__(self, objective, parameters, gradient, batch_size, stream=None):
        n_partitions = len(objective.rows.partitions)
        if batch_size < n_partitions:
            raise ValueError(
                f"batch_size={batch_size} is less than the number of partitions, {n_partitions}, "
                "each of which gives rows to every step. Make it larger: on a cluster, a step "
                "should have thousands of rows."
            )
        super().__init__(objective, parameters, gradient)
        self._stream = stream

    def evaluate(self, step):
        """The objective times its divisor; the gradient, divided, is in ``gradient``."""
        objective, stream = self._objective, self._stream
        divisor = objective.rows.n_rows_of(step) * objective.mean_weight
        dropout = None if stream is None else (int(stream.entries(1)[0]), stream.strength)
        return sum(self._add_up(batch_gradient, divisor, step, dropout))


def _raw_predictions(network, parameters, rows, kernels):
    """Raw predictions of all rows, brought to the client."""
    return np.vstack(rows.collect(raw_prediction, (network, kernels, parameters.flat.copy())))


ON_WORKERS = Backend(DistributedExactPass, DistributedBatchPass, _raw_predictions)
