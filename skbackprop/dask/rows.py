"""Rows on the workers, and sums over their partitions."""

from concurrent.futures import CancelledError
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

import dask
import numpy as np
from distributed import KilledWorker
from distributed.comm import CommClosedError

from ..training import Interruption
from .tasks import add_up, constant_loss, itself, rows_of_step, target_sums, targets_of

# Messages of distributed about futures that cannot be recomputed.
_LOST = "lost dependencies", "already forgotten"

# Number of parts that one task adds up.
_FAN_IN = 8


@contextmanager
def losses_explained(client):
    """Raise Interruption with an explanation if scheduler, workers or futures are lost."""
    try:
        yield
    except (CancelledError, CommClosedError) as error:
        raise Interruption(_what_was_lost(client, str(error))) from error
    except KilledWorker as error:
        raise Interruption(
            "Workers died while they processed a partition, most likely because of too little "
            f"memory ({error}). Use smaller partitions, or give the workers more memory "
            "(memory_limit)."
        ) from error


def _what_was_lost(client, words):
    if client.status != "running" or "scheduler-" in words:
        return (
            "The connection to the scheduler was lost, and with it all data that the workers held "
            "for this client: the scheduler has stopped or restarted. Connect a new Client, and "
            "fit again."
        )
    if any(lost in words for lost in _LOST):
        return (
            "Rows were lost with a worker. Arrays in the memory of the client are sent to "
            "the workers once and cannot be recomputed. Pass Dask collections if workers may fail."
        )
    return f"A future that the fit needs was cancelled, perhaps by other code: {words}"


class Partition(NamedTuple):
    """A partition of the data with at least one row."""

    number: int  # its position in the collection
    sample: object  # future of a ``HeldSample`` on a worker
    n_rows: int
    total_weight: float
    largest_feature: float  # in absolute value
    home: tuple  # addresses of the workers that hold it


class Step(NamedTuple):
    """Identify the rows of the partitions that form a minibatch."""

    seed: int | None  # seed of the order of the rows in this epoch; None for that of the data
    position: int  # position among the steps of the epoch
    n_steps: int


class DistributedRows:
    """Represent the rows of partitions for training, like ``Rows`` but without the data."""

    def __init__(self, client, partitions, n_features, dtype):
        self.client = client
        self.partitions = partitions
        self.n_features = self.stored_per_row = n_features
        self.dtype = dtype

    def __len__(self):
        return sum(partition.n_rows for partition in self.partitions)

    @property
    def total_weight(self):
        """Return the sum of the weights of all rows."""
        return sum(partition.total_weight for partition in self.partitions)

    def largest_feature(self):
        """Return the largest absolute value of the features."""
        return max(partition.largest_feature for partition in self.partitions)

    def target_sums(self):
        """Return sums of the weights and of the weighted targets, of shape (2, n_outputs)."""
        return self.add_up(target_sums, None)[1]

    def loss_of_constant(self, loss, raw):
        """Return the sum of the losses if all rows have the same raw prediction."""
        return self.add_up(constant_loss, (loss, raw.astype(self.dtype)))[0]

    def select(self, subset):
        """Return some of the partitions."""
        chosen = [self.partitions[i] for i in subset]
        return DistributedRows(self.client, chosen, self.n_features, self.dtype)

    # ---- minibatches

    def next_order(self, state):
        """Return a seed from which each worker draws the order of the rows in its partitions."""
        return int(state.random_state.randint(1 << 31))

    def minibatches(self, batch_size, shuffle):
        """Return the steps of epochs; each takes rows from every partition in proportion."""
        return _Steps(-(-len(self) // batch_size))

    def n_rows_of(self, step):
        """Return the number of rows of a step."""
        bounds = (
            rows_of_step(partition.n_rows, step.position, step.n_steps)
            for partition in self.partitions
        )
        return sum(stop - start for start, stop in bounds)

    # ---- computations on the partitions

    def add_up(self, function, message):
        """Return the sums over the partitions of the number and vector that a function returns.

        It is called as ``function(sample, number, message)``; each worker gets the message once.
        The sums form a tree with a fixed shape, in the order of the partitions.
        """
        with losses_explained(self.client):
            total = self._tree(self._map(function, message))
            return self._wait_for([total], total.result)

    def collect(self, function, message):
        """Return a list of ``function(sample, number, message)`` in the order of partitions."""
        with losses_explained(self.client):
            parts = self._map(function, message)
            return self._wait_for(parts, partial(self.client.gather, parts))

    def _map(self, function, message):
        """Return futures of a function of each partition, computed on the worker that holds it."""
        for partition in self.partitions:  # otherwise tasks would wait for a new connection
            if partition.sample.cancelled():
                partition.sample.result()
        sent = self._send(message)
        homes = {}
        for partition in self.partitions:
            homes.setdefault(partition.home, []).append(partition)
        futures = {}
        for home, there in homes.items():
            numbers = [partition.number for partition in there]
            mapped = self.client.map(
                function,
                [partition.sample for partition in there],
                numbers,
                [sent] * len(there),
                workers=list(home),
                allow_other_workers=True,
                pure=False,
            )
            futures |= zip(numbers, mapped, strict=True)
        return [futures[partition.number] for partition in self.partitions]

    def _send(self, message):
        """Return a future of a message, which the workers fetch from each other."""
        # Unlike scattered data, a task is sent again if it is lost with a worker.
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1TB"}):
            return self.client.submit(partial(itself, message), pure=False)

    def _wait_for(self, futures, result):
        try:
            return result()
        except KeyboardInterrupt:
            self.client.cancel(futures)
            raise

    def _tree(self, parts):
        """Return a future of the sum of all parts; parts are released when they are added."""
        while len(parts) > 1:
            n_full = len(parts) // _FAN_IN * _FAN_IN
            columns = [parts[i:n_full:_FAN_IN] for i in range(_FAN_IN)]
            options = {"pure": False, "priority": 1}
            sums = self.client.map(add_up, *columns, **options) if n_full else []
            if n_full < len(parts):
                sums.append(self.client.submit(add_up, *parts[n_full:], **options))
            parts = sums
        return parts[0]


class _Steps(NamedTuple):
    """Iterate over steps, like ``Minibatches`` for data in memory."""

    n_steps: int

    def epoch(self, seed):
        """Iterate over the steps of an epoch."""
        return (Step(seed, position, self.n_steps) for position in range(self.n_steps))


class DaskSample:
    """Represent rows on the workers, like a ``Sample`` but without the data."""

    def __init__(self, rows):
        self.rows = rows

    def select(self, positions):
        """Return some of the partitions."""
        return DaskSample(self.rows.select(positions))

    def targets(self):
        """Fetch ``y`` and weights for metrics, and encoded targets and weights for the loss."""
        y, of_metrics, encoded, of_loss = zip(*self.rows.collect(targets_of, None), strict=True)
        lengths = [len(part) for part in y]
        weights, loss_weights = (_joined(parts, lengths) for parts in (of_metrics, of_loss))
        return np.concatenate(y), weights, np.concatenate(encoded), loss_weights


def _joined(weights, lengths):
    """Join the weights of all partitions, as weights of single targets if any partition has them.

    Returns None for ones.
    """
    given = [weight for weight in weights if weight is not None]
    if not given:
        return None
    of_row = max((weight.shape[1:] for weight in given), key=lambda shape: (len(shape), shape))
    dtype = given[0].dtype
    parts = []
    for weight, n_rows in zip(weights, lengths, strict=True):
        weight = np.ones(n_rows, dtype) if weight is None else weight
        columns = weight if weight.ndim > len(of_row) else weight[:, np.newaxis]
        parts.append(np.broadcast_to(columns, (n_rows, *of_row)))
    return np.concatenate(parts)
