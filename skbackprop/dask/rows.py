"""Rows that lie on the workers, and sums over their partitions."""

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

# What distributed says of futures that cannot be computed anew.
_LOST = "lost dependencies", "already forgotten"

# Parts that one task adds up.
_FAN_IN = 8


@contextmanager
def losses_explained(client):
    """Say what happened, and what to do, where scheduler or workers are lost, or futures."""
    try:
        yield
    except (CancelledError, CommClosedError) as error:
        raise Interruption(_what_was_lost(client, str(error))) from error
    except KilledWorker as error:
        raise Interruption(
            f"Workers died at work on a partition, most likely for want of memory ({error}). Use "
            "smaller partitions, or give the workers more memory (memory_limit)."
        ) from error


def _what_was_lost(client, words):
    if client.status != "running" or "scheduler-" in words:
        return (
            "The connection to the scheduler was lost, and all that the workers held for this "
            "client: the scheduler has ended or begun anew. Connect a new Client, and fit again."
        )
    if any(lost in words for lost in _LOST):
        return (
            "Rows were lost with a worker. Arrays in the client's memory are sent to the workers "
            "once, and cannot be computed anew: give Dask collections where workers may fail."
        )
    return f"A future that the fit needs was cancelled, say by someone else's code: {words}"


class Partition(NamedTuple):
    """A partition of the data, which is never empty."""

    number: int  # its position in the collection
    sample: object  # future of a ``HeldSample`` on a worker
    n_rows: int
    total_weight: float
    largest_feature: float  # in absolute value
    home: tuple  # addresses of the workers where it lies


class Step(NamedTuple):
    """Which rows of the partitions make a minibatch."""

    seed: int | None  # of the order of the rows in this epoch; None for the order of the data
    position: int  # among the steps of the epoch
    n_steps: int


class DistributedRows:
    """The rows of partitions: what ``Rows`` is to training, without the data."""

    def __init__(self, client, partitions, n_features, dtype):
        self.client = client
        self.partitions = partitions
        self.n_features = self.stored_per_row = n_features
        self.dtype = dtype

    def __len__(self):
        return sum(partition.n_rows for partition in self.partitions)

    @property
    def total_weight(self):
        """Sum of the weights of all rows."""
        return sum(partition.total_weight for partition in self.partitions)

    def largest_feature(self):
        """Largest absolute value of the features."""
        return max(partition.largest_feature for partition in self.partitions)

    def target_sums(self):
        """Sums of the weights, and of the weighted targets, of shape (2, n_outputs)."""
        return self.add_up(target_sums, None)[1]

    def loss_of_constant(self, loss, raw):
        """Sum of the losses where all rows have the same raw prediction."""
        return self.add_up(constant_loss, (loss, raw.astype(self.dtype)))[0]

    def select(self, subset):
        """Some of the partitions."""
        chosen = [self.partitions[i] for i in subset]
        return DistributedRows(self.client, chosen, self.n_features, self.dtype)

    # ---- minibatches

    def next_order(self, state):
        """A seed, from which each worker draws the order of the rows in its partitions."""
        return int(state.random_state.randint(1 << 31))

    def minibatches(self, batch_size, shuffle):
        """Steps of epochs; each takes rows from every partition, in proportion."""
        return _Steps(-(-len(self) // batch_size))

    def n_rows_of(self, step):
        """Number of rows of a step."""
        bounds = (
            rows_of_step(partition.n_rows, step.position, step.n_steps)
            for partition in self.partitions
        )
        return sum(stop - start for start, stop in bounds)

    # ---- work on the partitions

    def add_up(self, function, message):
        """Sums over the partitions of the number and of the vector that a function gives.

        It is called as ``function(sample, number, message)``; each worker gets the message once.
        The sums are made as a tree of a fixed shape, in the order of the partitions.
        """
        with losses_explained(self.client):
            total = self._tree(self._map(function, message))
            return self._wait_for([total], total.result)

    def collect(self, function, message):
        """List of ``function(sample, number, message)``, in the order of the partitions."""
        with losses_explained(self.client):
            parts = self._map(function, message)
            return self._wait_for(parts, partial(self.client.gather, parts))

    def _map(self, function, message):
        """Futures of a function of each partition, each where the partition lies."""
        for partition in self.partitions:  # else what is asked for waits for a new connection
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
        """A future of a message, for the workers to fetch from each other."""
        # A task, and not scattered data: it is sent again where it is lost with a worker.
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1TB"}):
            return self.client.submit(partial(itself, message), pure=False)

    def _wait_for(self, futures, result):
        try:
            return result()
        except KeyboardInterrupt:
            self.client.cancel(futures)
            raise

    def _tree(self, parts):
        """Future of the sum of all parts; no part is asked to be kept once it is added up."""
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
    """What ``Minibatches`` is to training."""

    n_steps: int

    def epoch(self, seed):
        """Iterate over the steps of an epoch."""
        return (Step(seed, position, self.n_steps) for position in range(self.n_steps))


class DaskSample:
    """Rows of data on the workers: a ``Sample`` without the data."""

    def __init__(self, rows):
        self.rows = rows

    def select(self, positions):
        """Some of the partitions."""
        return DaskSample(self.rows.select(positions))

    def targets(self):
        """``y`` and weights for metrics, then encoded targets and weights: brought here."""
        y, of_metrics, encoded, of_loss = zip(*self.rows.collect(targets_of, None), strict=True)
        lengths = [len(part) for part in y]
        weights, loss_weights = (_joined(parts, lengths) for parts in (of_metrics, of_loss))
        return np.concatenate(y), weights, np.concatenate(encoded), loss_weights


def _joined(weights, lengths):
    """Weights of all partitions, of single targets if those of one are; None for ones."""
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
