"""Fits beside other threads and processes: copies, forks, killed workers; long runs in small."""

import copy
import os
import pickle
import sys
import threading
import time

import numpy as np
import pandas as pd
import pytest
from processes import run_script
from sklearn.base import clone
from sklearn.datasets import make_classification

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    SmoothClipScaler,
    TableEncoder,
    TabularClassifier,
    TabularRegressor,
)
from skbackprop.activations import from_functions
from skbackprop.inspection import input_gradient, layer_outputs

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

LONG = os.environ.get("SKBACKPROP_PROFILE") == "long"
SOLVERS = ["adam", "sgd", "lbfgs"]
ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

X, y = make_classification(n_samples=80, n_features=5, random_state=0)


def learnt(net):
    """Public fitted attributes, as they are now."""
    attributes = {name: value for name, value in vars(net).items() if name.endswith("_")}
    return attributes | {"loss_curve_": list(net.loss_curve_)}


@pytest.fixture
def restless_threads():
    """The interpreter changes threads as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def meanwhile(work, look):
    """Call ``look`` again and again while ``work`` runs in another thread; list what it gives."""
    failed = []

    def run():
        try:
            work()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    seen = [look()]
    while thread.is_alive():
        seen.append(look())
        time.sleep(1e-3)
    thread.join()
    assert not failed
    return seen


# ---- one estimator, looked at while it is fitted in another thread


@pytest.mark.parametrize("copy_of", [pickle.dumps, copy.copy])
@pytest.mark.parametrize(
    ("solver", "method"),
    [*((solver, "fit") for solver in SOLVERS), ("adam", "partial_fit"), ("sgd", "partial_fit")],
)
def test_a_copy_made_during_a_fit_is_no_mixture(restless_threads, solver, method, copy_of):
    """It is what an earlier fit left or what a later one did, and goes on as that would."""
    n_fits = 400 if LONG else 60
    net = BackpropClassifier(
        (3,), solver=solver, max_iter=2, batch_size=40, warm_start=True, random_state=0
    ).fit(X, y)
    reference, states = pickle.loads(pickle.dumps(net)), {}
    for n in range(n_fits + 1):
        states[reference.coefs_[0].tobytes()] = n, learnt(reference)
        getattr(reference, method)(X, y)

    def work():
        for _ in range(n_fits):
            getattr(net, method)(X, y)

    seen = set()
    for one in meanwhile(work, lambda: copy_of(net)):
        twin = pickle.loads(one) if isinstance(one, bytes) else one
        n, state = states[twin.coefs_[0].tobytes()]
        if method == "partial_fit":  # which makes the curve longer in place, a moment before
            del twin.loss_curve_[len(state["loss_curve_"]) :]
        np.testing.assert_equal(learnt(twin), state)
        if n < n_fits and n not in seen and len(seen) < 5:
            following = getattr(twin, method)(X, y)
            assert states[following.coefs_[0].tobytes()][0] == n + 1
        seen.add(n)
    assert len(seen) > 2


OTHER_DATA = {
    "binary": (X, y),
    "texts": (X[:50, :3], np.array(["a", "b", "c", "d", "e"])[np.arange(50) % 5]),
    "frame": (pd.DataFrame(X[:40, :4], columns=[*"pqrs"]), X[:40] > 0),
    "numbers": (X[:, :2], X[:, 2]),
    "columns": (X[:50, :3], X[:50, 3:] @ np.ones((2, 3))),
    "named": (pd.DataFrame(X[:40, :4], columns=[*"pqrs"]), X[:40, 4]),
}
FEW_STEPS = {"hidden_layer_sizes": (3,), "max_iter": 1, "random_state": 0}
TABULAR = FEW_STEPS | {"n_members": 1, "min_steps": 0}


@pytest.mark.parametrize("copy_of", [pickle.dumps, copy.copy])
@pytest.mark.parametrize(
    ("net", "kinds"),
    [
        (BackpropClassifier(**FEW_STEPS), ["binary", "texts", "frame"]),
        (BackpropRegressor(**FEW_STEPS, solver="lbfgs"), ["numbers", "columns", "named"]),
        (TabularClassifier(**TABULAR), ["binary", "texts", "frame"]),
        (TabularRegressor(**TABULAR), ["numbers", "columns", "named"]),
    ],
)
def test_a_copy_made_while_a_fit_begins_anew_is_no_mixture(restless_threads, net, kinds, copy_of):
    """Other features, other names, other classes: the copy is of one fit in all of them."""
    net, data = clone(net), [OTHER_DATA[kind] for kind in kinds]
    states = []
    for X, y in data:
        fitted = clone(net).fit(X, y)
        states.append((fitted.n_features_in_, X, fitted.predict(X), vars(fitted).keys()))
    net.fit(*data[0])

    def work():
        for i in range(1, (600 if LONG else 60) + 1):
            net.fit(*data[i % len(data)])

    seen = set()
    for one in meanwhile(work, lambda: copy_of(net)):
        twin = pickle.loads(one) if isinstance(one, bytes) else one
        n_features, X, predicted, names = states[[s[0] for s in states].index(twin.n_features_in_)]
        assert vars(twin).keys() == names
        np.testing.assert_array_equal(twin.predict(X), predicted)
        seen.add(n_features)
    assert len(seen) > 1


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_what_is_set_during_a_fit_stays(method):
    """Of the attributes a fit changes those which it has learnt, and no others."""
    net = BackpropRegressor(**FEW_STEPS, learning_rate=lambda progress: set_note(net))
    getattr(net, method)(X, y)
    assert net.note == "written meanwhile"
    assert net.n_iter_ == 1


def set_note(net):
    net.note = "written meanwhile"
    return 1.0


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_prediction_during_a_fit_is_of_one_state(restless_threads, method):
    n_fits = 400 if LONG else 60
    net = BackpropRegressor((3,), max_iter=1, warm_start=True, random_state=0).fit(X, y)
    reference, expected = pickle.loads(pickle.dumps(net)), set()
    for _ in range(n_fits + 1):
        expected.add(reference.predict(X).tobytes())
        getattr(reference, method)(X, y)
    seen = meanwhile(
        lambda: [getattr(net, method)(X, y) for _ in range(n_fits)],
        lambda: net.predict(X).tobytes(),
    )
    assert set(seen) <= expected
    assert len(set(seen)) > 2


MEANWHILE = []


def meanwhile_once():
    """Do what is to be done in the middle of a prediction."""
    if MEANWHILE:
        MEANWHILE.pop()()


def interrupted_tanh(Z):
    meanwhile_once()
    return np.tanh(Z)


class Interrupted:
    """An array that takes its time to be read."""

    def __init__(self, array):
        self._array, self.shape = array, array.shape

    def __len__(self):
        return len(self._array)

    def __array__(self, dtype=None, copy=None):
        meanwhile_once()
        return np.array(self._array, dtype)


HOOKED = FEW_STEPS | {"activation": from_functions(interrupted_tanh, lambda H: 1 - H * H)}
PROBABILITIES = ["predict_proba", "predict_log_proba", "predict", "score"]
PREDICTIONS = [
    *((BackpropClassifier(**HOOKED), m) for m in [*PROBABILITIES, "decision_function"]),
    (BackpropClassifier(**HOOKED).set_output(transform="pandas"), "transform"),
    (BackpropClassifier(**HOOKED), layer_outputs),
    (BackpropClassifier(**HOOKED), input_gradient),
    *((BackpropRegressor(**HOOKED), m) for m in ["predict", "score"]),
    *((TabularClassifier(**HOOKED, n_members=2, min_steps=0), m) for m in PROBABILITIES),
    *((TabularRegressor(**HOOKED, n_members=2, min_steps=0), m) for m in ["predict", "score"]),
]


@pytest.mark.parametrize("where", ["in the data", "in the network"])
@pytest.mark.parametrize(("net", "method"), PREDICTIONS)
def test_a_prediction_is_of_one_fit_where_another_ends_in_its_middle(net, method, where):
    """Another fit, with other features, units and classes: for the next prediction only."""
    net = clone(net)
    if hasattr(net, "predict_proba"):
        data, others = OTHER_DATA["binary"], OTHER_DATA["texts"]
    else:
        data, others = OTHER_DATA["named"], OTHER_DATA["columns"]
        data = np.array(data[0]), 1000 * data[1]  # in other units
    ask = method if callable(method) else lambda net, X, *y: getattr(net, method)(X, *y)
    targets = [data[1]] if method == "score" else []

    def refit():
        net.set_params(hidden_layer_sizes=(4,)).fit(*others)

    expected = ask(net.fit(*data), data[0], *targets)
    X = data[0]
    if where == "in the data":
        X = Interrupted(X)
    MEANWHILE.append(refit)
    found = ask(net, X, *targets)
    assert not MEANWHILE
    assert net.n_features_in_ == others[0].shape[1]
    if method == "transform":
        pd.testing.assert_frame_equal(found, expected)
    else:
        np.testing.assert_equal(found, expected)


@pytest.mark.parametrize("transformer", [TableEncoder(), SmoothClipScaler()])
def test_a_frame_of_transformed_data_is_of_one_fit_where_another_ends_in_its_middle(transformer):
    """Its numbers, and the names of its columns, which are asked for last."""
    X = OTHER_DATA["named"][0].to_numpy()
    transformer.set_output(transform="pandas")
    expected = transformer.fit(X).transform(X)
    MEANWHILE.append(lambda: transformer.fit(np.c_[X, X]))
    found = transformer.transform(Interrupted(X))
    assert not MEANWHILE
    assert transformer.n_features_in_ == 2 * X.shape[1]
    pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize("solvers", [("adam", "lbfgs"), ("sgd", "adam"), ("lbfgs", "lbfgs")])
def test_two_fits_and_predictions_give_what_they_give_alone(restless_threads, solvers):
    X, y = make_classification(n_samples=3000, n_features=10, random_state=0)
    nets = [BackpropClassifier((20,), solver=s, max_iter=6, random_state=0) for s in solvers]
    alone = [clone(net).fit(X, y) for net in nets]
    third = BackpropClassifier((30,), max_iter=2, random_state=1).fit(X, y)
    expected = third.predict_proba(X)

    def work():
        threads = [threading.Thread(target=net.fit, args=(X, y)) for net in nets]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    for predicted in meanwhile(work, lambda: third.predict_proba(X)):
        np.testing.assert_array_equal(predicted, expected)
    for net, other in zip(nets, alone, strict=True):
        np.testing.assert_equal(learnt(net), learnt(other))


# ---- processes

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
def test_a_worker_that_is_killed_does_not_hang_its_parent(solver):
    printed = run_script(WORKERS.format(solver=solver, fault="kill"))
    assert printed == ["terminated True", "[3, 3]"]


@ON_LINUX
def test_a_worker_whose_memory_map_is_cut_does_not_hang_its_parent():
    """Reading beyond the end of a mapped file ends a process; no exception can be caught."""
    assert run_script(WORKERS.format(solver="adam", fault="cut")) == ["terminated True"]


# ---- long runs, in small; examples/benchmarks/endurance.py makes them in full


def test_a_call_of_partial_fit_does_not_copy_the_losses_of_all_calls_before():
    net = BackpropClassifier((3,), random_state=0).partial_fit(X, y, classes=[0, 1])
    curve = net.loss_curve_
    twin = copy.copy(net)
    net.partial_fit(X, y)
    assert net.loss_curve_ is curve
    assert (len(curve), len(twin.loss_curve_)) == (2, 1)  # but a copy has its own


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
