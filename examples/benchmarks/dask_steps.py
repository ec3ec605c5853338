"""Time of an evaluation of L-BFGS and of a step of adam on a LocalCluster.

    python examples/benchmarks/dask_steps.py

Prints a line for each number of workers (processes of one thread) and each number of rows of a
step: the shortest step, and the median. Rows have 100 features, the network 100 hidden units.
"local" is the step in one process.
"""

import os
import time
import warnings

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import dask.array as da
import numpy as np
from distributed import Client

from skbackprop import BackpropClassifier
from skbackprop.dask import DaskBackpropClassifier

N_ROWS, N_FEATURES, N_PARTITIONS, N_STEPS = 160_000, 100, 4, 24


class Clock:
    """As a learning rate, notes when each step begins."""

    def __init__(self):
        self.times = []

    def __call__(self, progress):
        self.times.append(time.perf_counter())
        return 1.0


def milliseconds(estimator, X, y, batch_size):
    """The shortest step, and the one in the middle."""
    clock = Clock()
    n_epochs = -(-N_STEPS * batch_size // N_ROWS) + 1
    params = {"max_iter": n_epochs, "n_iter_no_change": np.inf, "random_state": 0}
    estimator(batch_size=batch_size, learning_rate=clock, **params).fit(X, y)
    steps = 1e3 * np.diff(clock.times)
    return steps.min(), np.median(steps)


def main():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, N_FEATURES)).astype(np.float32)
    y = (X[:, 0] * X[:, 1] > 0).astype(int)
    chunk = N_ROWS // N_PARTITIONS
    for n_workers in (0, 1, 2):
        if n_workers == 0:
            report("local", BackpropClassifier, X, y)
            continue
        with Client(n_workers=n_workers, threads_per_worker=1, dashboard_address=":0"):
            data = [da.from_array(X, chunks=(chunk, -1)), da.from_array(y, chunks=chunk)]
            report(f"{n_workers} worker(s)", DaskBackpropClassifier, *data)


def report(name, estimator, X, y):
    for batch_size in (2_000, 10_000, 40_000, 160_000):
        least, middle = milliseconds(estimator, X, y, batch_size)
        print(
            f"{name:12s} {batch_size:8d} rows a step: {least:8.1f} ms, median {middle:8.1f} ms",
            flush=True,
        )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
