"""Where the time of a step goes: the pieces of a minibatch fit beside its matrix products alone.

    python examples/benchmarks/step_profile.py

Every call of a piece is timed, with one thread, and the median counts, so that what else the
machine does hardly matters. "other" is what lies between the pieces: the loop, the shuffle, and
the beginning of the fit.
"""

import time
import warnings
from collections import defaultdict
from contextlib import ExitStack
from functools import partial
from statistics import median
from unittest import mock

import numpy as np
from speed import DTYPES, MINIBATCH, classification, fit, products, settings
from threadpoolctl import threadpool_limits

from skbackprop import BackpropClassifier, kernels
from skbackprop.data.rows import Rows
from skbackprop.kernels.reference import LossKernel, UpdateKernel
from skbackprop.network import Network
from skbackprop.training.objective import Penalty

PIECES = {
    "gather": [(Rows, "_gather")],
    "forward": [(Network, "forward")],
    "loss": [(LossKernel, "loss_gradient")],
    "backward": [(Network, "backward")],
    "penalty": [(Penalty, "add")],
    "update": [(UpdateKernel, "change")],
}


def timed(function, seconds):
    """The same function, which notes how long each call takes."""

    def wrapper(*args, **kwargs):
        start = time.thread_time()
        result = function(*args, **kwargs)
        seconds.append(time.thread_time() - start)
        return result

    return wrapper


def profile(run, n_steps):
    """Microseconds a step of each piece."""
    seconds = defaultdict(list)
    with ExitStack() as patches:
        for piece, methods in PIECES.items():
            for owner, name in methods:
                wrapper = timed(getattr(owner, name), seconds[piece])
                patches.enter_context(mock.patch.object(owner, name, wrapper))
        run()
    return {
        piece: 1e6 * median(values) * len(values) / n_steps for piece, values in seconds.items()
    }


def fastest(run, repeats=5):
    """Seconds of processor time, the least of some repeats."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def main():
    warnings.filterwarnings("ignore")
    kernels.use("numpy")
    heads = ["products", "step", *PIECES, "other"]
    print(f"{'microseconds a step, one thread':52s}", *(f"{head:>9s}" for head in heads))
    for shape in MINIBATCH:
        n_steps = shape.iterations * -(-shape.rows // shape.batch)
        for dtype in DTYPES:
            X, y = classification(shape, dtype)
            run = partial(fit, BackpropClassifier, settings(shape), X, y)
            with threadpool_limits(1):
                bound = 1e6 * fastest(products(shape, dtype)) / n_steps
                step = 1e6 * fastest(run) / n_steps
                pieces = profile(run, n_steps)
            values = [bound, step, *pieces.values(), step - sum(pieces.values())]
            name = f"{shape}, {np.dtype(dtype)}"
            print(f"{name:52s}", *(f"{value:9.1f}" for value in values), flush=True)


if __name__ == "__main__":
    main()
