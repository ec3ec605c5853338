"""Rows that lie on the workers, and sums over their partitions."""

from concurrent.futures import CancelledError
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

import dask
import numpy as np
from distributed import KilledWorker

from ..batches import Rows
from .tasks import add_up, itself, raw_prediction, rows_of_step, targets_of

__all__ = ["DaskSample", "DistributedRows", "Partition", "Step", "losses_explained"]

# Parts that one task adds up.
_FAN_IN = 8


@contextmanager
def losses_explained():
    """Say what to do where a worker is lost, and with it what cannot be computed anew."""
    try:
        yield
    except CancelledError as error:
        raise RuntimeError(
            "Rows were lost with a worker. Arrays in the client's memory are sent to the "
            "workers once, and cannot be computed anew: give Dask collections where workers "
            "may fail."
        ) from error
    except KilledWorker as error:
        raise RuntimeError(
            f"Workers died at work on a partition, most likely for want of memory ({error}). Use "
            "smaller partitions, or give the workers more memory (memory_limit)."
        ) from error


class Partition(NamedTuple):
    """A partition of the data.

    Attributes
    ----------
    number : int
        Its position in the collection.

    sample : Future
        Of a ``HeldSample`` on a worker.

    n_rows : int
        Number of rows.

    total_weight : float
        Sum of their weights.

    largest_feature : float
        Largest absolute value of the features.

    home : tuple of str
        Addresses of the workers where it lies.
    """

    number: int
    sample: object
    n_rows: int
    total_weight: float
    largest_feature: float
    home: tuple


class Step(NamedTuple):
    """Which rows of the partitions make a minibatch.

    Attributes
    ----------
    seed : int or None
        Of the order of the rows in this epoch; None for the order of the data.

    position, n_steps : int
        The step, and the number of steps of the epoch.
    """

    seed: int | None
    position: int
    n_steps: int


class DistributedRows(Rows):
    """The rows of partitions, as ``Rows`` without the data.

    Parameters
    ----------
    client : Client
        Of the cluster.

    partitions : list of Partition
        In their order; none is empty.

    n_features : int
        Number of features.

    n_targets : tuple
        Shape of the encoded target of a row.

    dtype : dtype
        Floating-point type of the fit.
    """

    def __init__(self, client, partitions, n_features, n_targets, dtype):
        super().__init__(np.empty((0, n_features)), np.empty((0, *n_targets)), None, dtype)
        self.client = client
        self.partitions = partitions

    def __len__(self):
        return sum(partition.n_rows for partition in self.partitions)

    @property
    def total_weight(self):
        """Sum of the weights of all rows."""
        return sum(partition.total_weight for partition in self.partitions)

    def largest_feature(self):
        """Largest absolute value of the features."""
        return max(partition.largest_feature for partition in self.partitions)

    def release(self):
        """Let the workers forget the partitions."""
        for partition in self.partitions:
            partition.sample.release()

    def select(self, subset):
        """Some of the partitions."""
        chosen = [self.partitions[i] for i in subset]
        return DistributedRows(self.client, chosen, self.X.shape[1], self.y.shape[1:], self.dtype)

    # ---- minibatches

    def next_order(self, state):
        """A seed, from which each worker draws the order of the rows in its partitions."""
        return int(state.random_state.randint(1 << 31))

    def row_major(self):
        """These rows: there is nothing here to be copied."""
        return self

    def gather_size(self, batch_size):
        """No row is gathered here."""
        return 0

    def batches(self, order, batch_size, buffers):
        """The steps of an epoch; each takes rows from every partition, in proportion."""
        n_steps = -(-len(self) // batch_size)
        for position in range(n_steps):
            yield Step(order, position, n_steps)

    def n_rows_of(self, step):
        """Number of rows of a step."""
        bounds = (
            rows_of_step(partition.n_rows, step.position, step.n_steps)
            for partition in self.partitions
        )
        return sum(stop - start for start, stop in bounds)

    # ---- work on the partitions

    def add_up(self, function, message):
        """Sum of ``function(sample, number, message)`` over the partitions.

        Parameters
        ----------
        function : callable
            Gives a number and a vector.

        message : object
            Sent once to each worker.

        Returns
        -------
        total : float

        vector : ndarray
            Added up as a tree of a fixed shape, in the order of the partitions.
        """
        total = self._tree(self._map(function, message))
        return self._wait_for([total], total.result)

    def collect(self, function, message):
        """List of ``function(sample, number, message)``, in the order of the partitions."""
        parts = self._map(function, message)
        return self._wait_for(parts, partial(self.client.gather, parts))

    def _map(self, function, message):
        """Futures of a function of each partition, each where the partition lies."""
        sent = self._send(message)
        homes = {}
        for position, partition in enumerate(self.partitions):
            homes.setdefault(partition.home, []).append(position)
        futures = [None] * len(self.partitions)
        for home, positions in homes.items():
            there = [self.partitions[position] for position in positions]
            mapped = self.client.map(
                function,
                [partition.sample for partition in there],
                [partition.number for partition in there],
                [sent] * len(there),
                workers=list(home),
                allow_other_workers=True,
                pure=False,
            )
            for position, future in zip(positions, mapped, strict=True):
                futures[position] = future
        return futures

    def _send(self, message):
        """A future of a message, for the workers to fetch from each other."""
        # A task, and not scattered data: it is sent again where it is lost with a worker.
        with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1TB"}):
            return self.client.submit(partial(itself, message), pure=False)

    def _wait_for(self, futures, result):
        try:
            with losses_explained():
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

    def raw_prediction(self, network, parameters):
        """Raw predictions of all rows, brought here."""
        message = (network, parameters.flat.copy())
        return np.vstack(self.collect(raw_prediction, message))


class DaskSample:
    """Rows of data on the workers: a ``Sample`` without the data.

    Parameters
    ----------
    rows : DistributedRows
        The rows.

    y_shape : tuple
        Shape of the target of a row, as given.
    """

    def __init__(self, rows, y_shape):
        self.rows = rows
        self.y_shape = y_shape

    def select(self, positions):
        """Some of the partitions."""
        return DaskSample(self.rows.select(positions), self.y_shape)

    def targets(self):
        """Targets as given, weights of the rows, encoded targets, their weights: brought here."""
        columns = zip(*self.rows.collect(targets_of, None), strict=True)
        return [None if column[0] is None else np.concatenate(column) for column in columns]
