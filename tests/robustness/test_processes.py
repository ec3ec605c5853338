"""Fits in other processes: forks, killed workers, the same bits, nothing left behind."""

import hashlib
import os
import subprocess
import sys

import pytest
from processes import run_script
from sklearn import datasets
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

LONG = os.environ.get("SKBACKPROP_PROFILE") == "long"
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

# ---- forks and killed workers

FORK = """
    import os, signal
    import numpy as np
    from threadpoolctl import threadpool_limits
    from skbackprop import BackpropClassifier

    threadpool_limits(2, user_api="blas")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(3000, 8))
    y = (X[:, 0] > X[:, 1]).astype(int)
    calls, child = [], None

    def new(**parameters):
        parameters |= {{"solver": {solver!r}, "max_iter": 4, "random_state": 0}}
        return BackpropClassifier((20,), **parameters)

    def fork_at_second_call(estimator, X, y):
        global child
        calls.append(1)
        if len(calls) == 2:
            child = os.fork()
            if child == 0:
                signal.alarm(60)
                if {new!r}:
                    same = np.array_equal(new().fit(*DATA).predict_proba(DATA[0]), expected)
                    os._exit(0 if same else 1)
        return 0.5

    DATA = X, y
    expected = new().fit(X, y).predict_proba(X)
    net = new(scoring=fork_at_second_call).fit(X, y, X_val=X[:9], y_val=y[:9])
    same = np.array_equal(net.predict_proba(X), expected)
    if child == 0:
        os._exit(0 if same else 1)
    print(same, os.waitpid(child, 0)[1])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("new", [True, False], ids=["a new fit", "the same fit goes on"])
def test_a_fork_in_the_middle_of_a_fit(solver, new):
    """Parent and child both come to the result of a fit without a fork, to the bit."""
    assert run_script(FORK.format(solver=solver, new=new)) == ["True 0"]


WORKERS = """
    import os, signal, sys, tempfile, time
    from concurrent.futures import BrokenExecutor
    import numpy as np
    from joblib import Parallel, delayed
    from skbackprop import BackpropClassifier

    folder = tempfile.TemporaryDirectory()
    path = os.path.join(folder.name, "X")
    rng = np.random.default_rng(0)
    X = np.memmap(path, np.float64, "w+", shape=(20_000, 8))
    X[:] = rng.normal(size=X.shape)
    X.flush()
    X = np.memmap(path, np.float64, "r", shape=X.shape)
    y = (X[:, 0] > X[:, 1]).astype(int)

    def fit(net, X, y, fault=None):
        def scorer(estimator, X_val, y_val):
            fault()
            return 0.5

        net.set_params(scoring=None if fault is None else scorer)
        return net.fit(X, y, X_val=X[:9], y_val=y[:9]).n_iter_

    def kill():
        os.kill(os.getpid(), signal.SIGKILL)

    def cut():
        os.truncate(path, 0)

    def run(*faults):
        net = BackpropClassifier((5,), solver={solver!r}, max_iter=3, random_state=0)
        return Parallel(2)(delayed(fit)(net, X, y, fault) for fault in faults)

    start = time.monotonic()
    try:
        run(None, {fault}, None)
    except BrokenExecutor:  # of a worker that has ended, or cannot map what has been cut
        print("terminated", time.monotonic() - start < 60)
    if {fault} is kill:
        print(run(None, None))
"""


@ON_LINUX
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_killed_worker_does_not_hang_its_parent(solver):
    printed = run_script(WORKERS.format(solver=solver, fault="kill"))
    assert printed == ["terminated True", "[3, 3]"]


@ON_LINUX
def test_a_cut_memory_map_does_not_hang_the_parent():
    """Reading beyond the end of a mapped file ends a process; no exception can be caught."""
    assert run_script(WORKERS.format(solver="adam", fault="cut")) == ["terminated True"]


# ---- many fits; examples/benchmarks/endurance.py makes them in full

GROWTH = """
    import gc, os, threading, tracemalloc
    import numpy as np
    from skbackprop import (
        BackpropClassifier, BackpropRegressor, TabularClassifier, TabularRegressor
    )

    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 5))
    labels, numbers = rng.integers(0, 3, len(X)), rng.normal(size=len(X))

    def fits(n):
        for i in range(n):
            if i % 20:
                cls = BackpropClassifier if i % 2 else BackpropRegressor
                own = dict(solver=("adam", "sgd", "lbfgs")[i % 3], early_stopping=i % 5 == 0)
            else:
                cls = TabularClassifier if i % 40 else TabularRegressor
                own = dict(n_members=2, min_steps=0)
            net = cls(hidden_layer_sizes=(6,), max_iter=3, random_state=i, **own)
            net.fit(X, labels if hasattr(net, "predict_proba") else numbers).predict(X)

    def count():
        gc.collect()
        with open("/proc/self/status") as file:
            status = dict(line.split(":", 1) for line in file)
        return {{
            "threads": int(status["Threads"]),
            "Python threads": threading.active_count(),
            "files": len(os.listdir("/proc/self/fd")),
            "objects": len(gc.get_objects()),
            "bytes": tracemalloc.get_traced_memory()[0],
        }}

    tracemalloc.start()
    fits(80)
    before = count()
    fits({n_fits})
    after = count()
    for name in before:
        print(name, after[name] - before[name])
"""


@ON_LINUX
def test_many_fits_leave_no_threads_files_or_objects_behind():
    printed = run_script(GROWTH.format(n_fits=2000 if LONG else 200), timeout=3600)
    growth = {name: int(number) for name, number in (line.rsplit(" ", 1) for line in printed)}
    assert max(growth["threads"], growth["Python threads"], growth["files"]) <= 0, growth
    assert growth["objects"] < 100, growth  # some 35 belong to one fitted estimator
    assert growth["bytes"] < 50_000, growth


# ---- the same bits in every process

FITS = [
    BackpropClassifier((6,), solver="adam", dropout=0.3, early_stopping=True, average=0.9),
    BackpropClassifier((6,), solver="sgd", learning_rate="adaptive", class_weight="balanced"),
    BackpropClassifier((6,), "gelu", solver="lbfgs"),
    BackpropRegressor((6, 4), "mish", solver="adam", loss="gaussian_nll", input_dropout=0.1),
    BackpropRegressor((6,), solver="sgd", loss="huber", weight_decay=0.01, dtype="float32"),
]


def digest_of_fits():
    """A digest of the parameters of some fits, bit by bit."""
    X, y = datasets.load_wine(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    digest = hashlib.sha256()
    for estimator in FITS:
        estimator.set_params(max_iter=8, random_state=5).fit(X, y)
        for array in [*estimator.coefs_, *estimator.intercepts_, estimator.predict(X)]:
            digest.update(array.tobytes())
    return digest.hexdigest()


PROGRAM = """
import warnings
warnings.simplefilter("ignore")
from test_processes import digest_of_fits
print(digest_of_fits())
"""


def test_equal_seeds_give_the_same_bits_in_every_process():
    tests = os.path.dirname(__file__)
    path = os.pathsep.join([tests, *filter(None, sys.path)])
    digests = {digest_of_fits()}
    for hash_seed in ("1", "2"):
        environment = os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": hash_seed}
        result = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
        digests.add(result.stdout.strip())
    assert len(digests) == 1
