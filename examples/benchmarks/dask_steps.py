"""Time of an evaluation of L-BFGS and of a step of adam on a LocalCluster.

    python examples/benchmarks/dask_steps.py

Prints a line for each number of workers (processes of one thread) and each number of rows of a
step; rows have 100 features, the network 100 hidden units. "local" is the step in one process.
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

N_ROWS, N_FEATURES, N_PARTITIONS, N_EPOCHS = 160_000, 100, 4, 2


def seconds_of(model, X, y):
    start = time.perf_counter()
    model.fit(X, y)
    return time.perf_counter() - start


def seconds_per_step(estimator, X, y, batch_size):
    """Time of two epochs less that of one: what comes before the first step cancels."""
    params = {"random_state": 0, "n_iter_no_change": np.inf, "batch_size": batch_size}
    fits = [
        min(seconds_of(estimator(max_iter=n, **params), X, y) for _ in range(2))
        for n in (1, 1 + N_EPOCHS)
    ]
    return (fits[1] - fits[0]) / (N_EPOCHS * -(-N_ROWS // batch_size))


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
        seconds = seconds_per_step(estimator, X, y, batch_size)
        print(f"{name:12s} {batch_size:8d} rows a step: {1e3 * seconds:8.1f} ms", flush=True)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
