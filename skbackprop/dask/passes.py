"""Objective and gradient as sums over partitions, each computed where it lies."""

from ..objective import Penalty
from .tasks import batch_gradient, exact_gradient

__all__ = ["DistributedBatchPass", "DistributedExactPass"]


class DistributedExactPass:
    """Objective and gradient over the rows of all partitions.

    Parameters
    ----------
    objective : Objective
        On ``DistributedRows``.

    parameters : Parameters
        Where it is evaluated, at each call as they are then.

    gradient : Parameters
        Receives the gradient.

    threads : RowThreads
        Not used: each worker has threads of its own.
    """

    def __init__(self, objective, parameters, gradient, threads):
        self._objective = objective
        self._parameters = parameters
        self._gradient = gradient
        self._penalty = Penalty(objective.alpha, parameters, gradient)

    def evaluate(self):
        """The objective; its gradient is in ``gradient``."""
        objective, divisor = self._objective, self._objective.total_weight
        message = (objective.network, objective.loss, divisor, self._parameters.flat.copy())
        value, self._gradient.flat[...] = objective.rows.add_up(exact_gradient, message)
        return value + self._penalty.add(divisor) / divisor


class DistributedBatchPass:
    """Objective and gradient over a minibatch with rows from every partition.

    Parameters
    ----------
    objective : Objective
        On ``DistributedRows``.

    parameters : Parameters
        Where it is evaluated, at each call as they are then.

    gradient : Parameters
        Receives the gradient.

    batch_size : int
        Number of rows, about.

    stream : DropoutStream, default=None
        Gives the seed of the masks of each step, and their strength.
    """

    def __init__(self, objective, parameters, gradient, batch_size, stream=None):
        n_partitions = len(objective.rows.partitions)
        if batch_size < n_partitions:
            raise ValueError(
                f"batch_size={batch_size} is less than the number of partitions, {n_partitions}, "
                "each of which gives rows to every step. Make it larger: on a cluster, a step "
                "should have thousands of rows."
            )
        self._objective = objective
        self._parameters = parameters
        self._gradient = gradient
        self._penalty = Penalty(objective.alpha, parameters, gradient)
        self._stream = stream

    def evaluate(self, step):
        """The objective times its divisor; the gradient, divided, is in ``gradient``."""
        objective = self._objective
        divisor = objective.rows.n_rows_of(step) * objective.mean_weight
        stream = self._stream
        dropout = None if stream is None else (int(stream.entries(1)[0]), stream.strength)
        flat = self._parameters.flat.copy()
        message = (objective.network, objective.loss, divisor, step, dropout, flat)
        total, self._gradient.flat[...] = objective.rows.add_up(batch_gradient, message)
        return total + self._penalty.add(divisor)
