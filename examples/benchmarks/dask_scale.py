"""Scale on a LocalCluster: data of ten times a worker's memory, and what an evaluation takes.

    python examples/benchmarks/dask_scale.py
    python examples/benchmarks/dask_scale.py --only model --json scale.json

``large``: fits by lbfgs and adam to rows that are written to a temporary folder as Zarr, chunk by
chunk, ten times the memory limit of each of two workers; the peak memory of each worker is that of
its process (VmHWM), all that it has imported included. ``model``: seconds and bytes of an
evaluation for some numbers of parameters, rows, partitions and workers; a model of them is fitted
to two thirds of the points, and compared with all. Needs zarr; the folder is removed at the end.
"""

import argparse
import itertools
import json
import os
import tempfile
import time
import warnings
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import dask
import dask.array as da
import numpy as np
from distributed import Client
from scipy.optimize import nnls

from skbackprop.dask import DaskBackpropClassifier

N_FEATURES = 100
MEGABYTE = 10**6
CHUNKS_PER_MEMORY = 40  # a chunk is so small a part of a worker's memory
N_STEPS = 4  # of an epoch of adam


# ---- data of ten times the memory


def peak_megabytes():
    """Largest resident memory of this process so far."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except FileNotFoundError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    (line,) = (line for line in lines if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / MEGABYTE


def write_rows(folder, n_bytes, chunk_rows):
    """Rows of float32 and their labels, chunk by chunk."""
    import zarr

    n_rows = n_bytes // (4 * N_FEATURES * chunk_rows) * chunk_rows
    shapes = {"X": (n_rows, N_FEATURES), "y": (n_rows,)}
    files = {
        name: zarr.create_array(
            f"{folder}/{name}.zarr",
            shape=shape,
            chunks=(chunk_rows, *shape[1:]),
            dtype=np.float32 if name == "X" else np.int8,
            compressors=None,
        )
        for name, shape in shapes.items()
    }
    rng = np.random.default_rng(0)
    for start in range(0, n_rows, chunk_rows):
        rows = slice(start, start + chunk_rows)
        X = rng.standard_normal((chunk_rows, N_FEATURES), dtype=np.float32)
        files["X"][rows] = X
        files["y"][rows] = X[:, 0] + X[:, 1] * X[:, 2] > 0
    return n_rows


def fit_large(folder, solver, n_rows, memory_limit):
    """A fit, with the time and memory that it takes."""
    params = {"solver": solver, "max_iter": 3 if solver == "lbfgs" else 1, "random_state": 0}
    model = DaskBackpropClassifier((20,), batch_size=-(-n_rows // N_STEPS), **params)
    cluster = {"n_workers": 2, "threads_per_worker": 1, "memory_limit": memory_limit}
    with Client(**cluster, dashboard_address=":0") as client:
        X, y = (da.from_zarr(f"{folder}/{name}.zarr") for name in ("X", "y"))
        processes = client.run(os.getpid)
        before = list(client.run(peak_megabytes).values())
        start = time.perf_counter()
        model.fit(X, y)
        return {
            "solver": solver,
            "gigabytes": X.nbytes / 1e9,
            "memory_limit_mb": memory_limit / MEGABYTE,
            "n_partitions": X.numblocks[0],
            "seconds": time.perf_counter() - start,
            "loss_curve": model.loss_curve_,
            "peak_mb_before": before,
            "peak_mb": list(client.run(peak_megabytes).values()),
            "workers_restarted": processes != client.run(os.getpid),
        }


def measure_large(gigabytes, folder):
    limit = int(gigabytes * 1e9 / 10)
    chunk_rows = limit // CHUNKS_PER_MEMORY // (4 * N_FEATURES)
    results = []
    with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as here:
        start = time.perf_counter()
        n_rows = write_rows(here, int(gigabytes * 1e9), chunk_rows)
        print(f"{n_rows} rows written in {time.perf_counter() - start:.0f} s", flush=True)
        with dask.config.set({"temporary-directory": here}):
            for solver in ("lbfgs", "adam"):
                results.append(fit_large(here, solver, n_rows, limit))
                print(results[-1], flush=True)
    return results


# ---- seconds and bytes of an evaluation

N_STEPS_TIMED = 16
N_ROWS, N_PARTITIONS = (50_000, 100_000, 200_000), (4, 16)  # of the points of the model


class Clock:
    """As a learning rate, notes when each step begins; calls a function at the first one."""

    def __init__(self, at_first=None):
        self.times = []
        self.at_first = at_first

    def __call__(self, progress):
        if not self.times and self.at_first is not None:
            self.at_first()
        self.times.append(time.perf_counter())
        return 1.0

    def __reduce__(self):
        return Clock, ()  # the workers need no clock


def received_bytes(dask_worker):
    """What this worker has fetched from others since the last call."""
    log = dask_worker.transfer_incoming_log
    n_bytes = sum(entry["total"] for entry in log)
    log.clear()
    return n_bytes


def evaluation(client, hidden, X, y):
    """Seconds of the shortest step, and bytes between workers of the mean one."""
    clock = Clock(lambda: client.run(received_bytes))
    params = {"max_iter": N_STEPS_TIMED, "n_iter_no_change": np.inf, "random_state": 0}
    model = DaskBackpropClassifier((hidden,), batch_size=len(X), learning_rate=clock, **params)
    model.fit(X, y)
    n_bytes = sum(client.run(received_bytes).values()) / N_STEPS_TIMED
    return np.diff(clock.times[1:]).min(), n_bytes


def measure_points():
    points = []
    rng = np.random.default_rng(0)
    for n_workers in (1, 2):
        with Client(n_workers=n_workers, threads_per_worker=1, dashboard_address=":0") as client:
            for n_rows, k, hidden in itertools.product(N_ROWS, N_PARTITIONS, (10, 100)):
                X = rng.standard_normal((n_rows, N_FEATURES), dtype=np.float32)
                chunks = da.from_array(X, chunks=(n_rows // k, -1)).persist()
                y = da.from_array(X[:, 0] > 0, chunks=n_rows // k).persist()
                seconds, n_bytes = evaluation(client, hidden, chunks, y)
                point = {
                    "workers": n_workers,
                    "rows": n_rows,
                    "partitions": k,
                    "units": N_FEATURES + hidden + 1,
                    "parameters": (N_FEATURES + 2) * hidden + 1,
                    "seconds": float(seconds),
                    "bytes": n_bytes,
                }
                points.append(point)
                print(point, flush=True)
    return points


def bytes_between_workers(point):
    """Parameters to all workers but one; gradients that are added up where they are not made."""
    w, k = point["workers"], point["partitions"]
    return 4 * point["parameters"] * (w - 1) * (1 + k / w)


def terms(point):
    """A constant, tasks, arithmetic, numbers through memory, parameters on their way."""
    w, k, n_parameters = point["workers"], point["partitions"], point["parameters"]
    work = 6 * point["rows"] * n_parameters / w
    passing = point["rows"] * point["units"] / w
    travel = 3 * 4 * n_parameters + bytes_between_workers(point)
    return 1.0, float(k), work, passing, travel


def is_left_out(i):
    """Every third point only checks the model."""
    return i % 3 == 2


def fit_model(points):
    """Non-negative coefficients; relative errors count alike."""
    used = [point for i, point in enumerate(points) if not is_left_out(i)]
    A = np.array([terms(point) for point in used]) / [[p["seconds"]] for p in used]
    scale = A.max(axis=0)
    return nnls(A / scale, np.ones(len(used)))[0] / scale


def report_model(points):
    coefficients = fit_model(points)
    print(f"{'workers':>8s} {'rows':>8s} {'k':>4s} {'P':>7s} {'s':>8s} {'model':>8s}", end="")
    print(f" {'kB':>9s} {'model':>9s}")
    for i, point in enumerate(points):
        point["seconds_model"] = float(np.dot(coefficients, terms(point)))
        point["bytes_model"] = bytes_between_workers(point)
        point["fitted"] = not is_left_out(i)
        print(
            f"{point['workers']:8d} {point['rows']:8d} {point['partitions']:4d} "
            f"{point['parameters']:7d} {point['seconds']:8.3f} {point['seconds_model']:8.3f} "
            f"{point['bytes'] / 1e3:9.0f} {point['bytes_model'] / 1e3:9.0f}"
            f"{'' if point['fitted'] else '   (left out)'}"
        )
    constant, task, flop, number, byte = coefficients
    print(f"{1e3 * constant:.1f} ms + {1e3 * task:.2f} ms a partition; ", end="")
    for coefficient, unit in ((flop, "GFlop/s"), (number, "G numbers/s"), (byte, "GB/s")):
        print(f"{1e-9 / coefficient if coefficient else np.inf:.2g} {unit}; ", end="")
    print()
    return list(coefficients)


def report_scaling(points):
    """Strong: the same rows on 1 and 2 workers. Weak: rows in proportion to the workers."""
    seconds = {
        (p["workers"], p["rows"], p["partitions"], p["parameters"]): p["seconds"] for p in points
    }
    largest = max(p["parameters"] for p in points)
    for (kind, factor), n_rows, k in itertools.product(
        (("strong", 1), ("weak", 2)), N_ROWS, N_PARTITIONS
    ):
        if factor * n_rows not in N_ROWS:
            continue
        one, two = seconds[1, n_rows, k, largest], seconds[2, factor * n_rows, k, largest]
        print(
            f"{kind}, {n_rows} rows on 1 worker, {factor * n_rows} on 2, {k} partitions: "
            f"{one:.3f} s, {two:.3f} s: efficiency {factor * one / two / 2:.2f}"
        )


def main():
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=["large", "model"])
    parser.add_argument("--gigabytes", type=float, default=5.0, help="ten times a worker's memory")
    parser.add_argument("--folder", help="where the temporary folder is made; not in memory")
    parser.add_argument("--json", metavar="FILE", help="where to write all figures")
    arguments = parser.parse_args()
    results = {"cores": os.cpu_count()}
    if arguments.only != "model":
        results["large"] = measure_large(arguments.gigabytes, arguments.folder)
    if arguments.only != "large":
        results["points"] = measure_points()
        results["coefficients"] = report_model(results["points"])
        report_scaling(results["points"])
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(results, indent=1, default=float))


if __name__ == "__main__":
    main()
