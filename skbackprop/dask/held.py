"""Partitions as a worker holds them: in its memory, or on its disk where that has no room."""

import numpy as np
from dask.sizeof import sizeof
from distributed import get_worker

from ..data import Sample


class Held:
    """Part of the data, of a size that ``dask.sizeof`` knows, for a worker to hold.

    Where the worker's memory has no room for it and for as much again, it claims to be larger
    than all that may be in memory. Distributed then writes it to disk once, and reads it each time
    that it is asked for; what it spills by itself it writes anew after each use. The room is
    the share ``distributed.worker.memory.target`` of the worker's ``memory_limit``.
    """

    def __init__(self, value):
        self.value = value
        self.n_bytes = sizeof(value)  # what it claims
        worker = get_worker()
        room = _room(worker)
        if worker.monitor.get_process_memory() + self.n_bytes > room:
            self.n_bytes = int(room) + 1


def _room(worker):
    """Bytes from which on distributed spills."""
    manager = worker.memory_manager
    if not (manager.memory_limit and manager.memory_target_fraction):
        return np.inf
    return manager.memory_limit * manager.memory_target_fraction


class HeldSample(Held):
    """A ``Sample`` of the rows of a partition."""

    def __init__(self, sample):
        super().__init__(sample)
        self._order = None, None

    @property
    def rows(self):
        """The rows of the sample."""
        return self.value.rows

    def order(self, seed, number):
        """Order of the rows in an epoch: a function of the arguments and of the length alone."""
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
    if np.ndim(sample.sample_weight) == 2:  # else a part of the weights of the rows
        arrays.append(sample.sample_weight)
    return sum(sizeof(array) for array in arrays if array is not None)
