"""Long runs: memory, time a call, threads and open files must not grow.

::

    python endurance.py stream --minutes 60 --json stream.jsonl
    python endurance.py fits --count 10000 --json fits.jsonl

``stream`` calls ``partial_fit`` on one new batch after another and writes a line each minute;
``fits`` makes many small fits of all solvers and writes a line for each twentieth of them. The
first lines are for warming up. Each tenth batch is also passed to a young network, which is new
with each line: the ratio of the CPU times of the two calls measures the speed even if other
programs use the machine. Memory and threads are read from ``/proc``, so this needs Linux.
"""

import argparse
import json
import os
import statistics
import time
import warnings

import numpy as np

from skbackprop import BackpropClassifier, BackpropRegressor

N_FEATURES, N_CLASSES, BATCH_ROWS = 20, 4, 256
SOLVERS = ("adam", "sgd", "lbfgs")


def of_process():
    """Resident memory in kB, threads and open files of this process."""
    with open("/proc/self/status") as file:
        status = dict(line.split(":", 1) for line in file)
    return {
        "rss_kb": int(status["VmRSS"].split()[0]),
        "threads": int(status["Threads"]),
        "open_files": len(os.listdir("/proc/self/fd")),
    }


def write(file, **figures):
    line = json.dumps(figures | of_process())
    print(line, file=file, flush=True)
    if file is not None:
        print(line, flush=True)


class Stream:
    """Batches without end; what belongs to which class turns slowly."""

    def __init__(self):
        self._rng = np.random.default_rng(0)
        self._directions = self._rng.normal(size=(N_FEATURES, N_CLASSES))

    def __next__(self):
        self._directions += 1e-3 * self._rng.normal(size=self._directions.shape)
        X = self._rng.normal(size=(BATCH_ROWS, N_FEATURES))
        return X, (X @ self._directions).argmax(axis=1)


def new_network(X, y):
    net = BackpropClassifier((50,), random_state=0)
    return net.partial_fit(X, y, classes=np.arange(N_CLASSES))


def cpu_ms(net, X, y):
    """Milliseconds of the processor's time that a call of ``partial_fit`` takes."""
    start = time.process_time()
    net.partial_fit(X, y)
    return 1e3 * (time.process_time() - start)


def stream(minutes, file, line_seconds):
    """Times of a call of ``partial_fit``, and the accuracy on batches before they are seen."""
    batches = Stream()
    net, young = new_network(*next(batches)), new_network(*next(batches))
    begin = time.perf_counter()
    calls, line = 1, 1
    times, pairs, accuracies = [], [], []
    while (now := time.perf_counter() - begin) < 60 * minutes:
        X, y = next(batches)
        if calls % 100 == 0:
            accuracies.append(net.score(X, y))
        times.append(cpu_ms(net, X, y))
        if calls % 10 == 0:
            pairs.append((times[-1], cpu_ms(young, X, y)))
        calls += 1
        if now >= line * line_seconds and accuracies:
            own, of_young = np.median(pairs, axis=0)
            write(
                file,
                seconds=round(now),
                calls=calls,
                cpu_ms=round(statistics.median(times), 4),
                young_cpu_ms=round(of_young, 4),
                ratio=round(own / of_young, 4),
                accuracy=round(statistics.fmean(accuracies), 4),
                losses=len(net.loss_curve_),
            )
            young = new_network(X, y)
            times, pairs, accuracies = [], [], []
            line += 1


def small_fits(count, file):
    """Many estimators, one after the other."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 5))
    labels, numbers = rng.integers(0, 3, len(X)), rng.normal(size=len(X))
    start = time.perf_counter()
    for i in range(1, count + 1):
        cls, y = ((BackpropClassifier, labels), (BackpropRegressor, numbers))[i % 2]
        net = cls(
            (6,), solver=SOLVERS[i % 3], max_iter=3, random_state=i, early_stopping=i % 5 == 0
        )
        net.fit(X, y).predict(X)
        if i % max(1, count // 20) == 0:
            write(file, fits=i, seconds=round(time.perf_counter() - start, 1))


def main():
    warnings.filterwarnings("ignore", category=UserWarning)  # three epochs do not converge
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["stream", "fits"])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--line-seconds", type=float, default=60, help="time between two lines")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--json", metavar="FILE", help="where to write the lines as well")
    arguments = parser.parse_args()
    file = open(arguments.json, "w") if arguments.json else None  # noqa: SIM115
    if arguments.what == "stream":
        stream(arguments.minutes, file, arguments.line_seconds)
    else:
        small_fits(arguments.count, file)
    if file is not None:
        file.close()


if __name__ == "__main__":
    main()
