"""Memory: peak above the data of fits and predictions, and sizes of pickles.

    python examples/benchmarks/memory.py
    python examples/benchmarks/memory.py --json memory.json

Each figure is the peak of what Python and NumPy have allocated while the fit ran, above what was
there before (``tracemalloc``); a memory map is on disk and does not count.
"""

import argparse
import json
import os
import pickle
import tempfile
import tracemalloc
import warnings

import numpy as np
from sklearn.neural_network import MLPClassifier

from skbackprop import BackpropClassifier

CLASSES = {"sklearn": MLPClassifier, "skbackprop": BackpropClassifier}
MEGABYTE = 2**20

CASES = {
    "lbfgs, 40,000 x 20, hidden 200 and 100": ("lbfgs", 40_000),
    "lbfgs, 400,000 x 20, hidden 200 and 100": ("lbfgs", 400_000),
    "adam, 40,000 x 20, hidden 200 and 100": ("adam", 40_000),
    "sgd, 40,000 x 20, hidden 200 and 100": ("sgd", 40_000),
    "adam with early stopping, 40,000 x 20": ("adam-stopping", 40_000),
    "predict_proba, 40,000 x 20": ("predict", 40_000),
    "adam on a float32 memory map, 2,000,000 x 64": ("adam-map", 2_000_000),
    "lbfgs on a float32 memory map, 2,000,000 x 64": ("lbfgs-map", 2_000_000),
}


def data(rows, path=None):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, rows)
    if path is None:
        return rng.normal(size=(rows, 20)), y
    X = np.memmap(path, np.float32, "w+", shape=(rows, 64))
    for start in range(0, rows, 10_000):
        X[start : start + 10_000] = rng.normal(size=(10_000, 64))
    X.flush()
    return np.memmap(path, np.float32, "r", shape=(rows, 64)), y


def run(cls, how, X, y):
    """One fit, or one prediction."""
    solver, _, variant = how.partition("-")
    if how == "predict":
        return cls((200, 100), max_iter=1).fit(X[:500], y[:500]).predict_proba(X)
    parameters = {"hidden_layer_sizes": (200, 100), "max_iter": 3, "random_state": 0}
    if variant == "map":
        parameters |= {"hidden_layer_sizes": (20,), "max_iter": 1, "batch_size": 1000}
    return cls(solver=solver, early_stopping=variant == "stopping", **parameters).fit(X, y)


def measure(cls, how, rows):
    """Bytes above the data."""
    with tempfile.NamedTemporaryFile() as file:
        X, y = data(rows, file.name if how.endswith("map") else None)
        run(cls, how, X[:500].copy(), np.arange(500) % 3)  # what is loaded once does not count
        tracemalloc.start()
        run(cls, how, X, y)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak


def pickle_ratio(cls, solver):
    """Size of a pickle in sizes of the weights."""
    X, y = data(1000)
    model = cls((200, 200), solver=solver, max_iter=2, random_state=0).fit(X, y)
    weights = sum(array.nbytes for array in [*model.coefs_, *model.intercepts_])
    return len(pickle.dumps(model)) / weights


def main():
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", metavar="FILE", help="where to write all figures")
    arguments = parser.parse_args()
    results = {}
    print(f"{'peak above the data, MB':50s} {'sklearn':>10s} {'skbackprop':>10s}")
    for name, (how, rows) in CASES.items():
        results[name] = {side: measure(cls, how, rows) / MEGABYTE for side, cls in CLASSES.items()}
        print(f"{name:50s}", *(f"{value:10.1f}" for value in results[name].values()), flush=True)
    print(f"{'size of a pickle, in sizes of the weights':50s}")
    for solver in ("adam", "sgd", "lbfgs"):
        ratios = {side: pickle_ratio(cls, solver) for side, cls in CLASSES.items()}
        results[f"pickle, {solver}"] = ratios
        print(f"{solver:50s}", *(f"{value:10.2f}" for value in ratios.values()), flush=True)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump({"cores": os.cpu_count(), "figures": results}, file, indent=1)


if __name__ == "__main__":
    main()
