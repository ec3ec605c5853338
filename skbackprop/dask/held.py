"""Partitions on a worker, in its memory or, if that is too small, on its disk."""

import numpy as np
from dask.sizeof import sizeof
from distributed import get_worker

from ..data import Sample


class Held:
    """Hold a part of the data on a worker, with a size for ``dask.sizeof``.

    If the worker's memory cannot hold it twice, it reports a size larger than the allowed memory.
    Distributed then writes it to disk once and reads it for each use. Data that distributed spills
    by its own rules are written again after each use. The allowed memory is the fraction
    ``distributed.worker.memory.target`` of the worker's ``memory_limit``.
    """

    def __init__(self, value):
        self.value = value
        self.n_bytes = sizeof(value)  # the reported size
        worker = get_worker()
        room = _room(worker)
        if worker.monitor.get_process_memory() + self.n_bytes > room:
            self.n_bytes = int(room) + 1


def _room(worker):
    """Return the number of bytes above which distributed spills to disk."""
    manager = worker.memory_manager
    if not (manager.memory_limit and manager.memory_target_fraction):
        return np.inf
    return manager.memory_limit * manager.memory_target_fraction


class HeldSample(Held):
    """Hold a ``Sample`` of the rows of a partition on a worker."""

    def __init__(self, sample):
        super().__init__(sample)
        self._order = None, None

    @property
    def rows(self):
        """Return the rows of the sample."""
        return self.value.rows

    def order(self, seed, number):
        """Return the order of the rows in an epoch, which depends on arguments and length only."""
        known_by, order = self._order
        if known_by != (seed, number):
            order = np.random.default_rng([seed, number]).permutation(len(self.rows))
            self._order = (seed, number), order
        return order

    def __getstate__(self):
        return vars(self) | {"_order": (None, None)}


@sizeof.register(Held)
def _claimed_size(held):
    return held.n_bytes


@sizeof.register(Sample)
def _size_of_sample(sample):
    rows = sample.rows
    arrays = [rows.X, rows.y, rows.sample_weight, rows.subset, sample.y]
    if np.ndim(sample.sample_weight) == 2:  # otherwise it shares memory with ``rows``
        arrays.append(sample.sample_weight)
    return sum(sizeof(array) for array in arrays if array is not None)
