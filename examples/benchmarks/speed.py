"""Speed: the same fits by scikit-learn, skbackprop and PyTorch, side by side in one process.

    python examples/benchmarks/speed.py                      # everything, some minutes
    python examples/benchmarks/speed.py minibatch lbfgs      # some of the parts
    python examples/benchmarks/speed.py --json speed.json --plot speed.png

Every side does the same work on the same data. Each is measured with one BLAS thread and with as
many as there are, and the better one counts; repeats of the sides take turns, and the median
counts. "skbackprop" is its NumPy core, "compiled" the same with the kernels that numba compiles
(optional). "products" are the matrix products alone, without anything else: no program that uses
this BLAS could be faster. PyTorch (optional) runs its fused Adam; it draws other numbers, but
takes as many steps of the same kind.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from statistics import geometric_mean, median

import numpy as np
import scipy
import sklearn
from scipy import sparse
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from threadpoolctl import threadpool_limits

import skbackprop
from skbackprop import BackpropClassifier, BackpropRegressor, TabularClassifier, kernels

try:
    import torch
except ImportError:
    torch = None

try:
    import numba
except ImportError:
    numba = None


@dataclass(frozen=True)
class Shape:
    """Size of a fit; ``batch`` is 0 for L-BFGS."""

    rows: int
    features: int
    outputs: int
    hidden: tuple
    batch: int
    iterations: int

    def __str__(self):
        hidden = "-".join(map(str, self.hidden))
        how = f"batch {self.batch}" if self.batch else "all rows"
        return f"{self.rows:,} x {self.features} -> {hidden} -> {self.outputs}, {how}"


MINIBATCH = [
    Shape(20_000, 784, 10, (256, 128), 200, 3),
    Shape(10_000, 50, 5, (100,), 200, 10),
    Shape(1_797, 64, 10, (64,), 32, 20),
    Shape(20_000, 30, 2, (64, 64), 256, 10),
    Shape(500, 20, 3, (100,), 200, 200),
    Shape(150, 4, 3, (10,), 150, 300),
    Shape(5_000, 100, 10, (512, 512), 64, 3),
]
FULL_BATCH = [
    Shape(20_000, 784, 10, (256, 128), 0, 5),
    Shape(20_000, 30, 3, (64, 64), 0, 20),
    Shape(100_000, 20, 5, (100,), 0, 10),
    Shape(1_797, 64, 10, (64,), 0, 50),
    Shape(150, 4, 3, (10,), 0, 100),
]
DTYPES = (np.float64, np.float32)
BLOCK_ROWS = 1000  # of the products alone of a prediction


# ---------------------------------------------------------------- data and sides


def classification(shape, dtype):
    """Normal features; classes by a random network."""
    rng = np.random.RandomState(0)
    X = rng.randn(shape.rows, shape.features).astype(dtype)
    hidden = np.tanh(X @ rng.randn(shape.features, 32) / np.sqrt(shape.features))
    return X, (hidden @ rng.randn(32, shape.outputs)).argmax(axis=1)


def settings(shape):
    """Parameters for a fit of just so many iterations."""
    common = {"hidden_layer_sizes": shape.hidden, "max_iter": shape.iterations, "random_state": 0}
    if shape.batch:
        return common | {"batch_size": shape.batch, "tol": 0.0, "n_iter_no_change": 1000}
    return common | {"solver": "lbfgs", "tol": 0.0}


def fit(estimator_class, parameters, X, y):
    return estimator_class(**parameters).fit(X, y)


def using(name, run):
    """Run with one set of kernels."""
    kernels.use(name)
    return run()


def ours(run):
    """The same work by the NumPy core, and by compiled kernels where there are."""
    names = {"skbackprop": "numpy"} | ({} if numba is None else {"compiled": "numba"})
    return {side: partial(using, name, run) for side, name in names.items()}


def torch_fit(shape, X, y):
    """A PyTorch training loop as its tutorials have it, with the fused Adam."""
    torch.manual_seed(0)
    inputs, targets = torch.from_numpy(X), torch.from_numpy(y)
    units = [shape.features, *shape.hidden, shape.outputs]
    layers = []
    for fan_in, fan_out in pairwise(units):
        layers += [torch.nn.Linear(fan_in, fan_out, dtype=inputs.dtype), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.Adam(
        model.parameters(), lr=1e-3, weight_decay=1e-4 / shape.batch, fused=True
    )
    loss = torch.nn.CrossEntropyLoss()
    for _ in range(shape.iterations):
        order = torch.randperm(shape.rows)
        for start in range(0, shape.rows, shape.batch):
            index = order[start : start + shape.batch]
            optimizer.zero_grad()
            loss(model(inputs[index]), targets[index]).backward()
            optimizer.step()


def products(shape, dtype):
    """The matrix products of a fit, forward and backward, into arrays made before."""
    rng = np.random.RandomState(0)
    n_rows = shape.batch or shape.rows
    # scikit-learn's binary classification has one raw output; so has ours.
    units = [shape.features, *shape.hidden, 1 if shape.outputs == 2 else shape.outputs]
    H = [rng.randn(n_rows, n).astype(dtype) for n in units]
    delta = [rng.randn(n_rows, n).astype(dtype) for n in units]
    W = [rng.randn(*sizes).astype(dtype) for sizes in pairwise(units)]
    gradient = [np.empty_like(weights) for weights in W]
    passes = shape.iterations * -(-shape.rows // n_rows)

    def run():
        for _ in range(passes):
            for layer, weights in enumerate(W):
                np.dot(H[layer], weights, out=H[layer + 1])
            for layer in reversed(range(len(W))):
                np.dot(H[layer].T, delta[layer + 1], out=gradient[layer])
                if layer:
                    np.dot(delta[layer + 1], W[layer].T, out=delta[layer])

    return run


def forward_products(shape, dtype):
    """The matrix products of a prediction, in blocks of rows that fit the cache."""
    rng = np.random.RandomState(0)
    units = [shape.features, *shape.hidden, 1 if shape.outputs == 2 else shape.outputs]
    X = rng.randn(shape.rows, shape.features).astype(dtype)
    W = [rng.randn(*sizes).astype(dtype) for sizes in pairwise(units)]
    H = [np.empty((BLOCK_ROWS, n), dtype) for n in units[1:]]

    def run():
        for start in range(0, shape.rows, BLOCK_ROWS):
            inputs = X[start : start + BLOCK_ROWS]
            for weights, out in zip(W, H, strict=True):
                inputs = np.dot(inputs, weights, out=out[: len(inputs)])

    return run


# ---------------------------------------------------------------- measuring


def seconds(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def measure(sides, repeats, inner=1):
    """Median seconds of each side, at the better one of one BLAS thread and all of them.

    Parameters
    ----------
    sides : dict of callables
        What to measure.

    repeats : int
        Measurements of each side and number of threads.

    inner : int
        Calls in one measurement.
    """
    times = {name: {} for name in sides}
    for n_threads in (1, None):
        with threadpool_limits(n_threads):
            if torch is not None:
                torch.set_num_threads(n_threads or os.cpu_count())
            for run in sides.values():
                run()
            for _ in range(repeats):
                for name, run in sides.items():
                    measured = seconds(lambda run=run: [run() for _ in range(inner)]) / inner
                    times[name].setdefault(n_threads, []).append(measured)
    return {name: min(median(values) for values in by.values()) for name, by in times.items()}


def part_minibatch(repeats):
    for shape in MINIBATCH:
        for dtype in DTYPES:
            X, y = classification(shape, dtype)
            sides = {
                "sklearn": partial(fit, MLPClassifier, settings(shape), X, y),
                **ours(partial(fit, BackpropClassifier, settings(shape), X, y)),
                "products": products(shape, dtype),
            }
            if torch is not None:
                sides["torch"] = partial(torch_fit, shape, X, y)
            yield f"{shape}, {np.dtype(dtype)}", measure(sides, repeats)


def part_lbfgs(repeats):
    for shape in FULL_BATCH:
        for dtype in DTYPES:
            X, y = classification(shape, dtype)
            # The same number of evaluations, not of iterations: line searches differ in float32.
            parameters = settings(shape) | {"max_fun": shape.iterations, "max_iter": 10_000}
            endless = {"solver_options": {"ftol": 0.0}}
            sides = {
                "sklearn": partial(fit, MLPClassifier, parameters, X, y),
                **ours(partial(fit, BackpropClassifier, parameters | endless, X, y)),
                "products": products(shape, dtype),
            }
            yield f"{shape}, {np.dtype(dtype)}", measure(sides, repeats)


def part_sparse(repeats):
    rng = np.random.RandomState(0)
    X = sparse.random_array((20_000, 8_192), density=0.002, rng=rng, format="csr")
    y = rng.randint(0, 3, X.shape[0])
    for dtype in DTYPES:
        for layout in ("csr", "csc"):
            data = X.astype(dtype).asformat(layout)
            for how in (
                {"batch_size": 200, "max_iter": 1},
                {"solver": "lbfgs", "max_iter": 10_000, "max_fun": 5, "tol": 0.0},
            ):
                parameters = {"hidden_layer_sizes": (50,), "random_state": 0} | how
                sides = {
                    "sklearn": partial(fit, MLPClassifier, parameters, data, y),
                    **ours(partial(fit, BackpropClassifier, parameters, data, y)),
                }
                name = f"20,000 x 8,192, 0.2 % {layout}, {how.get('solver', 'adam')}"
                yield f"{name}, {np.dtype(dtype)}", measure(sides, repeats)


def part_wide(repeats):
    rng = np.random.RandomState(0)
    for dtype in DTYPES:
        X = rng.randn(5_000, 200).astype(dtype)
        Y = np.tanh(X @ rng.randn(200, 200) / 14).astype(dtype)
        for how in ({"batch_size": 200}, {"solver": "lbfgs"}):
            parameters = {"hidden_layer_sizes": (100,), "max_iter": 5, "random_state": 0} | how
            sides = {
                "sklearn": partial(fit, MLPRegressor, parameters, X, Y),
                **ours(partial(fit, BackpropRegressor, parameters, X, Y)),
            }
            name = f"5,000 x 200 -> 100 -> 200, {how.get('solver', 'adam')}"
            yield f"{name}, {np.dtype(dtype)}", measure(sides, repeats)


def _fitted(shape, dtype):
    X, y = classification(shape, dtype)
    parameters = settings(shape) | {"max_iter": 1}
    return X, [
        cls(**parameters).fit(X[:2000], y[:2000]) for cls in (MLPClassifier, BackpropClassifier)
    ]


def part_predict(repeats):
    for shape in MINIBATCH:
        for dtype in DTYPES:
            many = Shape(20_000, *list(vars(shape).values())[1:])
            X, (theirs, net) = _fitted(many, dtype)
            sides = {
                "sklearn": partial(theirs.predict_proba, X),
                **ours(partial(net.predict_proba, X)),
                "products": forward_products(many, dtype),
            }
            hidden = "-".join(map(str, shape.hidden))
            name = f"20,000 x {shape.features} -> {hidden} -> {shape.outputs}"
            yield f"{name}, {np.dtype(dtype)}", measure(sides, repeats)


def part_row(repeats):
    for method in ("predict_proba", "predict"):
        X, (theirs, net) = _fitted(Shape(2_000, 64, 10, (100,), 200, 1), np.float64)
        sides = {
            "sklearn": partial(getattr(theirs, method), X[:1]),
            **ours(partial(getattr(net, method), X[:1])),
        }
        yield f"{method}, 1 row x 64 -> 100 -> 10", measure(sides, repeats, inner=1000)


class _NumPy(BackpropClassifier):
    """Chooses its kernels in the worker."""

    def fit(self, X, y):
        return using("numpy", partial(super().fit, X, y))


class _Compiled(BackpropClassifier):
    def fit(self, X, y):
        return using("numba", partial(super().fit, X, y))


def part_search(repeats):
    X, y = load_digits(return_X_y=True)
    estimators = {"sklearn": MLPClassifier, "skbackprop": _NumPy}
    if numba is not None:
        estimators["compiled"] = _Compiled
    grid = {"hidden_layer_sizes": [(16,), (32,), (64,), (128,), (32, 32), (64, 64)]}
    for n_jobs in (1, 2):
        sides = {
            name: GridSearchCV(cls(max_iter=30, random_state=0), grid, cv=5, n_jobs=n_jobs)
            for name, cls in estimators.items()
        }
        runs = {name: partial(search.fit, X / 16, y) for name, search in sides.items()}
        yield f"digits, 6 hidden sizes x 5 folds, n_jobs={n_jobs}", measure(runs, repeats)


def part_tables(repeats):
    X, y = load_digits(return_X_y=True)
    for dtype in (np.float64, np.float32):
        data = X[:, 10:40].astype(dtype)
        model = TabularClassifier(max_iter=10, random_state=0)
        yield (
            f"digits as a table of 30 columns, {np.dtype(dtype)}",
            measure(ours(partial(model.fit, data, y)), repeats),
        )


def part_import(repeats):
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    modules = {"sklearn": "sklearn.neural_network", "skbackprop": "skbackprop"}
    sides = {
        side: partial(
            subprocess.run, [sys.executable, "-c", f"import {module}"], env=environment, check=True
        )
        for side, module in modules.items()
    }
    yield "import in a new process", measure(sides, repeats)


PARTS = {
    "minibatch": ("fits by adam on minibatches", part_minibatch),
    "lbfgs": ("fits by L-BFGS on all rows", part_lbfgs),
    "sparse": ("fits on sparse data", part_sparse),
    "wide": ("regression with many outputs", part_wide),
    "predict": ("predict_proba", part_predict),
    "row": ("one row", part_row),
    "search": ("GridSearchCV", part_search),
    "tables": ("TabularClassifier", part_tables),
    "import": ("import", part_import),
}


# ---------------------------------------------------------------- reporting


def conditions():
    """Where and with what this was measured."""
    with open("/proc/cpuinfo") if os.path.exists("/proc/cpuinfo") else open(os.devnull) as info:
        models = [line.split(":")[1].strip() for line in info if line.startswith("model name")]
    versions = {module.__name__: module.__version__ for module in (np, scipy, sklearn, skbackprop)}
    optional = {module.__name__: module.__version__ for module in (numba, torch) if module}
    versions |= optional
    return {
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {models[0] if models else platform.processor()}",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        **versions,
    }


OURS = ("skbackprop", "compiled")
COLUMNS = ("sklearn", "torch", "products", *OURS)

# Pairs of sides whose ratios are shown.
RATIOS = (
    ("sklearn", "skbackprop"),
    ("sklearn", "compiled"),
    ("torch", "compiled"),
    ("compiled", "products"),
)


def show_row(name, times):
    cells = [f"{name:58s}", *(f"{1000 * times.get(s, np.nan):10.2f}" for s in COLUMNS)]
    ratios = [times.get(a, np.nan) / times.get(b, np.nan) for a, b in RATIOS]
    print(*cells, *(f"{ratio:10.2f}" for ratio in ratios), flush=True)


def run_part(title, part, repeats):
    heads = [*COLUMNS, *(f"{a[:4]}/{b[:5]}" for a, b in RATIOS)]
    print(f"\n{title:58s}", *(f"{head:>10s}" for head in heads))
    rows = {}
    for name, times in part(repeats):
        rows[name] = times
        show_row(name, times)
    for slow, fast in RATIOS:
        ratios = [t[slow] / t[fast] for t in rows.values() if slow in t and fast in t]
        if ratios:
            mean, least, most = geometric_mean(ratios), min(ratios), max(ratios)
            print(f"  {slow}/{fast}: mean {mean:.2f}, from {least:.2f} to {most:.2f}")
    return rows


MARKS = {
    ("skbackprop", "float64"): ("o", "#0173b2", "none", "NumPy, float64"),
    ("skbackprop", "float32"): ("o", "#0173b2", "full", "NumPy, float32"),
    ("compiled", "float64"): ("D", "#de8f05", "none", "compiled, float64"),
    ("compiled", "float32"): ("D", "#de8f05", "full", "compiled, float32"),
}


def ratios_by_shape(results):
    """Lines of the figure: the name of a part and None, or a shape and its ratios."""
    lines = []
    for part, rows in results.items():
        by_shape = {}
        for name, times in rows.items():
            shape, _, dtype = name.rpartition(", ")
            if dtype not in ("float64", "float32"):
                shape, dtype = name, "float64"
            for side in OURS:
                if {"sklearn", side} <= times.keys():
                    ratio = times["sklearn"] / times[side]
                    by_shape.setdefault(shape, {})[side, dtype] = ratio
        if by_shape:
            lines += [(PARTS[part][0], None), *by_shape.items()]
    return lines


def plot(results, path):
    """Ratios by shape, with a mark for each set of kernels and type of the numbers."""
    import matplotlib.pyplot as plt

    lines = ratios_by_shape(results)
    figure, axes = plt.subplots(figsize=(8, 0.26 * len(lines) + 1.2), layout="constrained")
    for key, (marker, color, fill, label) in MARKS.items():
        points = [(r[key], i) for i, (_, r) in enumerate(lines) if r and key in r]
        x, y = zip(*points, strict=True) if points else ((), ())
        axes.plot(x, y, marker, color=color, fillstyle=fill, label=label)
    axes.set_yticks(range(len(lines)), [name for name, _ in lines])
    for tick, (_, ratios) in zip(axes.get_yticklabels(), lines, strict=True):
        tick.set_fontweight("bold" if ratios is None else "normal")
    axes.set_ylim(len(lines) - 0.4, -0.6)
    axes.set_xlim(left=0)
    axes.tick_params(axis="y", length=0)
    axes.axvline(1, color="0.4")
    axes.grid(alpha=0.3)
    axes.set_xlabel("time of scikit-learn / time of skbackprop")
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=len(MARKS))
    figure.savefig(path, dpi=150)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--repeats", type=int, default=5, help="measurements of each side")
    parser.add_argument("--json", metavar="FILE", help="where to write all times, in seconds")
    parser.add_argument("--plot", metavar="FILE", help="where to save a figure of the ratios")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")  # fits that stop before they have converged
    unknown = sorted(set(arguments.parts) - set(PARTS))
    if unknown:
        parser.error(f"unknown parts {unknown}; there are {list(PARTS)}")
    where = conditions()
    print(*(f"{key}: {value}" for key, value in where.items()), sep="\n")
    print("\nmilliseconds; ratios above 1 mean that skbackprop is faster")
    results = {
        name: run_part(*PARTS[name], arguments.repeats) for name in arguments.parts or PARTS
    }
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump({"conditions": where, "seconds": results}, file, indent=1)
    if arguments.plot:
        plot(results, arguments.plot)


if __name__ == "__main__":
    main()
