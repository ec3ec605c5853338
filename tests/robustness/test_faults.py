"""What a fit leaves behind when it does not come to its end.

Ctrl-C publishes the last completed epoch; everything else leaves the estimator as it was, to the
byte of its pickle. The limit of the BLAS is lifted in any case. ``SKBACKPROP_PROFILE=long`` tries
every line and many more moments.
"""

import contextlib
import gc
import itertools
import linecache
import os
import pickle
import random
import signal
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from platforms import needs_known_blas
from processes import run_script
from sklearn import get_config, set_config
from sklearn.base import clone
from sklearn.datasets import make_classification
from threadpoolctl import threadpool_info, threadpool_limits

import skbackprop
from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.activations import Activation
from skbackprop.losses import SquaredError
from skbackprop.training.monitor import Monitor
from skbackprop.training.threads import row_threads
from skbackprop.utils import allowed_values

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

LONG = os.environ.get("SKBACKPROP_PROFILE") == "long"
PACKAGE = str(Path(skbackprop.__file__).parent)
DELICATE = {"base.py", "engine.py", "fitted_estimator.py", "monitor.py", "threads.py"}
SOLVERS = ["adam", "sgd", "lbfgs"]
SMALL = {"hidden_layer_sizes": (4,), "batch_size": 20, "max_iter": 3, "random_state": 0}

X, y = make_classification(n_samples=60, n_features=5, random_state=0)


def blas_threads():
    """The limit that is in force."""
    return {lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def settings_are_as_before():
    """Three BLAS threads are allowed, before and after, and scikit-learn checks parameters."""
    with threadpool_limits(3, user_api="blas"):
        yield
        assert blas_threads() <= {3}
    assert not get_config()["skip_parameter_validation"]


def learnt(net):
    """Public fitted attributes without the sentence that says why training stopped."""
    names = [name for name in vars(net) if name.endswith("_") and name != "stop_reason_"]
    return {name: getattr(net, name) for name in names}


def assert_same_learnt(net, other):
    assert learnt(net).keys() == learnt(other).keys()
    for name, value in learnt(net).items():
        np.testing.assert_equal(value, getattr(other, name), err_msg=name)


def assert_whole(net, before, references):
    """An estimator is as it was, or as a fit that ended after ``n_iter_`` epochs left it."""
    if pickle.dumps(net) != before:
        assert_same_learnt(net, references[net.n_iter_])
        assert net.predict(X).shape == (len(X),)


# ---- an error at any line


@cache
def is_with(file, number):
    return linecache.getline(file, number).lstrip().startswith("with ")


def leaves_a_with(frame, inside):
    """Whether a line event is the end of a ``with``: no signal comes before ``__exit__``."""
    if not is_with(frame.f_code.co_filename, frame.f_lineno):
        return False
    here = (frame, frame.f_lineno)
    leaves = here in inside
    inside ^= {here}
    return leaves


def trace_lines(function, at=None, error=None):
    """Call a function and list the lines of the package it runs; raise at the one of a number."""
    lines, inside = [], set()

    def local(frame, event, arg):
        if event == "line" and not leaves_a_with(frame, inside):
            lines.append((frame.f_code.co_filename, frame.f_lineno))
            if len(lines) - 1 == at:
                raise error
        return local

    def begin(frame, event, arg):
        return local if frame.f_code.co_filename.startswith(PACKAGE) else None

    before = sys.gettrace()
    sys.settrace(begin)
    try:
        function()
    finally:
        sys.settrace(before)
    return lines


def moments(lines, seed):
    """Numbers of lines to try: all, or some, most of them where it matters."""
    if LONG:
        return range(len(lines))
    publishing = {place: i for i, place in enumerate(lines) if place[0].endswith("atomic_fit.py")}
    chance = random.Random(seed)
    places = {}
    for number, place in enumerate(lines):
        places.setdefault(place, []).append(number)
    delicate, others = [], []
    for (file, _), numbers in places.items():
        (delicate if Path(file).name in DELICATE else others).append(chance.choice(numbers))
    chosen = [*chance.sample(delicate, 18), *chance.sample(others, 6), *publishing.values()]
    return sorted(set(chosen))


def assert_limit_is_lifted(place):
    """At the lines that set and lift it: by the next fit at the latest."""
    if blas_threads() != {3} and Path(place[0]).name == "threads.py":
        gc.collect()
        BackpropClassifier(**SMALL).fit(X, y)
    assert blas_threads() <= {3}, place


@needs_known_blas
@pytest.mark.parametrize("n_items", [1, 4])
def test_an_interruption_leaves_all_threads_to_the_next_use(n_items, request):
    def use():
        with row_threads() as threads:
            threads.map(str, range(n_items))

    lines = trace_lines(use)
    request.addfinalizer(gc.unfreeze)
    gc.freeze()  # of what is collected, nothing was there before
    for number in range(len(lines)):
        with contextlib.suppress(KeyboardInterrupt):
            trace_lines(use, number, KeyboardInterrupt)
        gc.collect()
        with row_threads() as threads:
            assert threads.n_threads == 3, lines[number]
        assert blas_threads() <= {3}
    assert len(lines) > 20


CASES = {
    "adam": {"solver": "adam"},
    "sgd, early stopping": {"solver": "sgd", "early_stopping": True, "tol": 0.0},
    "adam, average": {"solver": "adam", "average": 0.9},
    "lbfgs": {"solver": "lbfgs"},
}


def going_on(net, method):
    """What is tried: a first fit, one that goes on, or a call of ``partial_fit``."""
    if method == "warm":
        net = clone(net).set_params(warm_start=True).fit(X, y)
    if method == "partial_fit":
        net = clone(net).partial_fit(X, y, classes=[0, 1])
    return pickle.dumps(pickle.loads(pickle.dumps(net)))  # once more, to have the same bytes again


# A MemoryError meets the same code in all of them, to a line or two.
ERRORS = [
    (case, method, error)
    for case in CASES
    for method in ("fit", "warm", "partial_fit")
    for error in (KeyboardInterrupt, MemoryError)
    if hasattr(BackpropClassifier(**CASES[case]), method) or method == "warm"
    if error is KeyboardInterrupt or case == "adam" or LONG
]


@pytest.mark.parametrize(("case", "method", "error"), ERRORS)
def test_an_error_at_any_line_leaves_a_whole_estimator(case, method, error, seed):
    net = BackpropClassifier(**(SMALL | CASES[case]))
    call = "partial_fit" if method == "partial_fit" else "fit"
    before = going_on(net, method)

    def end_after(n_epochs):
        other = pickle.loads(before).set_params(max_iter=n_epochs)
        return getattr(other, call)(X, y)

    references = {n: end_after(n) for n in (1, 2, 3)}
    first = pickle.loads(before)
    lines = trace_lines(lambda: getattr(first, call)(X, y))
    ends = set()
    for number in moments(lines, seed):
        net = pickle.loads(before)
        with pytest.raises(error):
            trace_lines(lambda net=net: getattr(net, call)(X, y), number, error)
        assert_limit_is_lifted(lines[number])
        unchanged = pickle.dumps(net) == before
        ends.add(None if unchanged else net.n_iter_)
        if unchanged:
            continue
        assert_same_learnt(net, references[net.n_iter_])
        # At the last line of the fit: what comes then restores a setting of scikit-learn.
        is_at_end = all(file.endswith("allowed_values.py") for file, _ in lines[number + 1 :])
        assert error is KeyboardInterrupt or is_at_end, lines[number]
    if LONG and error is KeyboardInterrupt and call == "fit":
        assert ends == {None, 1, 2, 3}  # the test does reach all of them


# ---- Ctrl-C at any moment


def coverage_is_measured():
    coverage = sys.modules.get("coverage")
    return coverage is not None and coverage.Coverage.current() is not None


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer on this system")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("solver", SOLVERS)
def test_ctrl_c_at_a_random_moment(solver, seed):
    """Of the processor's time, so that it comes in the middle on a busy machine, too."""
    if coverage_is_measured():
        pytest.skip("Ctrl-C inside of what measures coverage leaves its lock taken")
    rng = np.random.default_rng(seed)
    X, y = make_classification(n_samples=4000, n_features=20, random_state=seed)
    net = BackpropClassifier((30,), solver=solver, max_iter=8, tol=0.0, random_state=0)
    references = {n: clone(net).set_params(max_iter=n).fit(X, y) for n in range(1, 9)}
    start = time.process_time()
    clone(net).fit(X, y)
    seconds = time.process_time() - start
    armed, ends = [], Counter()

    def ring(*_):
        if armed:
            armed.clear()
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGPROF, ring)
    try:
        while ends.total() - ends["in time"] < (100 if LONG else 6):
            stopped = clone(net)
            try:
                signal.setitimer(signal.ITIMER_PROF, rng.uniform(0.001, 1.1 * seconds))
                armed.append(True)  # not before: the timer of the last fit may still run
                stopped.fit(X, y)
                end = "in time"
                armed.clear()
            except KeyboardInterrupt:
                end = "interrupted before the first epoch's end"
            if hasattr(stopped, "coefs_"):
                assert_same_learnt(stopped, references[stopped.n_iter_])
                np.testing.assert_array_equal(
                    stopped.predict(X), references[stopped.n_iter_].predict(X)
                )
                end = end if end == "in time" else f"published {stopped.n_iter_}"
            ends[end] += 1
            assert blas_threads() <= {3}
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    print(solver, dict(sorted(ends.items())))


def test_ctrl_c_while_scikit_learns_setting_is_restored(monkeypatch):
    """Otherwise no parameter of any estimator would be checked from then on."""

    class Interrupted:
        """A context that Ctrl-C ends before it has restored the setting."""

        def __enter__(self):
            set_config(skip_parameter_validation=True)

        def __exit__(self, *error):
            raise KeyboardInterrupt

    monkeypatch.setattr(allowed_values, "config_context", lambda **settings: Interrupted())
    with pytest.raises(KeyboardInterrupt):
        BackpropClassifier(**SMALL).fit(X, y)
    assert not get_config()["skip_parameter_validation"]


# ---- exceptions of what users write


def test_ctrl_c_at_the_end_of_an_epoch_keeps_the_epoch(monkeypatch):
    """Its loss is known; what is left is done after the interruption."""
    net = BackpropClassifier((4,), max_iter=6, random_state=0)
    expected = clone(net).set_params(max_iter=3).fit(X, y)
    original, interrupted = Monitor._keep, []

    def keep(monitor, parameters):
        if monitor.n_iter == 2 and not interrupted:
            interrupted.append(True)
            raise KeyboardInterrupt
        original(monitor, parameters)

    monkeypatch.setattr(Monitor, "_keep", keep)
    with pytest.raises(KeyboardInterrupt):
        net.fit(X, y)
    assert net.n_iter_ == 3
    assert net.loss_curve_ == expected.loss_curve_
    np.testing.assert_array_equal(net.coefs_[0], expected.coefs_[0])


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_ctrl_c_before_an_epoch_is_complete_changes_nothing(method):
    net = BackpropRegressor((4,), max_iter=6, random_state=0).fit(X, y)
    before = pickle.dumps(net.set_params(learning_rate=interrupting_rate))
    with pytest.raises(KeyboardInterrupt):
        getattr(net, method)(X, y)
    assert pickle.dumps(net) == before


def interrupting_rate(progress):
    raise KeyboardInterrupt


class Broken(Exception):
    """Raised by the components below."""


class Fuse:
    """Blows at the n-th call."""

    def __init__(self):
        self.left = np.inf

    def burn(self):
        self.left -= 1
        if self.left == 0:
            raise Broken("as it was meant to")


FUSE = Fuse()


@dataclass(frozen=True)
class BrokenForward(Activation):
    def forward(self, Z, out):
        FUSE.burn()
        np.tanh(Z, out=out)

    def backward(self, delta, H, Z):
        delta *= 1 - H * H


@dataclass(frozen=True)
class BrokenBackward(BrokenForward):
    def forward(self, Z, out):
        np.tanh(Z, out=out)

    def backward(self, delta, H, Z):
        FUSE.burn()
        super().backward(delta, H, Z)


@dataclass(frozen=True)
class BrokenLoss(SquaredError):
    def loss_gradient(self, y, raw, sample_weight, out):
        FUSE.burn()
        return super().loss_gradient(y, raw, sample_weight, out)


def broken_scorer(estimator, X, y):
    FUSE.burn()
    return 1.0


def broken_rate(progress):
    FUSE.burn()
    return 1.0


class BrokenCallback:
    """A callback that fails when an epoch ends."""

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context, **told):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None, **told):
        FUSE.burn()


BROKEN = {
    "activation, forward": {"activation": BrokenForward()},
    "activation, backward": {"activation": BrokenBackward()},
    "loss": {"loss": BrokenLoss()},
    "scorer": {"scoring": broken_scorer},
    "schedule": {"learning_rate": broken_rate},
    "callback": {},
}


def broken_net(what, solver):
    net = BackpropRegressor(**(SMALL | {"solver": solver, "warm_start": True} | BROKEN[what]))
    if what == "callback":
        pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 has callbacks")
        net.set_callbacks(BrokenCallback())
    return net


@pytest.mark.parametrize("at_call", [1, 2, 3])
@pytest.mark.parametrize(
    ("what", "solver"),
    [
        (what, solver)
        for what in BROKEN
        for solver in SOLVERS
        if (what, solver) != ("schedule", "lbfgs")  # it has no learning rate
    ],
)
def test_an_exception_of_a_component_changes_nothing(what, solver, at_call):
    validation = {"X_val": X, "y_val": y} if what == "scorer" else {}
    FUSE.left = np.inf
    net = broken_net(what, solver)
    for _ in range(2):  # a first fit, and one that goes on
        before = pickle.dumps(net)
        FUSE.left = at_call
        with pytest.raises(Broken, match="meant to"):
            net.fit(X, y, **validation)
        assert pickle.dumps(net) == before
        assert blas_threads() <= {3}
        net.fit(X, y, **validation)  # and can go on


@pytest.mark.parametrize("what", ["activation, forward", "activation, backward", "loss"])
def test_an_exception_in_partial_fit_changes_nothing(what):
    """The batch can be given once more, and nothing is lost or done twice."""
    FUSE.left = np.inf
    net, twin = broken_net(what, "adam"), broken_net(what, "adam")
    for _ in range(3):
        net.partial_fit(X, y)
        twin.partial_fit(X, y)
        FUSE.left = 2
        with pytest.raises(Broken):
            net.partial_fit(X, y)
    assert_same_learnt(net, twin)
    assert len(net.loss_curve_) == 3


def broken_in_a_helper(Z):
    if threading.current_thread() is threading.main_thread():
        assert HELPER_WORKS.wait(30), "no other thread works on the rows"
    else:
        HELPER_WORKS.set()
        raise Broken("in a thread")
    return Z


HELPER_WORKS = threading.Event()


@needs_known_blas
def test_an_exception_in_another_thread_comes_out():
    HELPER_WORKS.clear()
    X = np.random.default_rng(0).normal(size=(5000, 3))
    activation = skbackprop.activations.from_functions(broken_in_a_helper, np.ones_like)
    net = BackpropRegressor((4,), activation, solver="lbfgs")
    with pytest.raises(Broken, match="in a thread"):
        net.fit(X, X[:, 0])
    assert HELPER_WORKS.is_set()
    assert not hasattr(net, "coefs_")


# ---- too little memory, unreadable files

ALLOCATORS = ("empty", "zeros", "empty_like", "zeros_like", "arange", "ascontiguousarray")


@pytest.mark.parametrize("solver", SOLVERS)
def test_memory_that_is_refused_at_any_allocation(monkeypatch, solver):
    net = BackpropClassifier(**SMALL, solver=solver, warm_start=True).fit(X, y)
    before = pickle.dumps(net)
    expected = pickle.loads(before).fit(X, y)
    refuse_at, calls = [0], [0]

    def limited(allocate):
        def allocate_or_refuse(*args, **kwargs):
            calls[0] += 1
            if calls[0] == refuse_at[0]:
                raise MemoryError
            return allocate(*args, **kwargs)

        return allocate_or_refuse

    for name in ALLOCATORS:
        monkeypatch.setattr(np, name, limited(getattr(np, name)))
    for refuse_at[0] in itertools.count(1):
        calls[0] = 0
        try:
            net.fit(X, y)
        except MemoryError:
            assert pickle.dumps(net) == before
        else:
            break
    assert calls[0] < refuse_at[0]  # none was swallowed
    assert refuse_at[0] > 10
    assert_same_learnt(net, expected)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit of the address space")
def test_a_real_lack_of_memory():
    printed = run_script("""
        import pickle, resource
        import numpy as np
        from skbackprop import BackpropRegressor

        X = np.random.default_rng(0).normal(size=(200, 50))
        net = BackpropRegressor((5,), max_iter=3).fit(X, X[:, 0])
        before = pickle.dumps(net.set_params(hidden_layer_sizes=(10_000, 10_000)))
        in_use = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (in_use + 2**29, resource.RLIM_INFINITY))
        for solver in ("adam", "sgd", "lbfgs"):
            net.set_params(solver=solver)
            try:
                net.fit(X, X[:, 0])
            except MemoryError:
                print("refused", pickle.dumps(net.set_params(solver="adam")) == before)
        print(net.set_params(hidden_layer_sizes=(5,)).fit(X, X[:, 0]).n_iter_)
    """)
    assert printed == ["refused True"] * 3 + ["3"]


class Unreadable:
    """Stands in for an array in a file of which a part cannot be read."""

    shape = (60, 5)

    def __len__(self):
        return 60

    def __array__(self, dtype=None, copy=None):
        raise OSError(5, "Input/output error")


@pytest.mark.parametrize("solver", SOLVERS)
def test_data_that_cannot_be_read(solver):
    net = BackpropClassifier(**SMALL, solver=solver, warm_start=True).fit(X, y)
    before = pickle.dumps(net)
    for arguments in ((Unreadable(), y), (X, y, Unreadable())):
        with pytest.raises(OSError, match="Input/output"):
            net.fit(*arguments)
        assert pickle.dumps(net) == before
    with pytest.raises(OSError, match="Input/output"):
        net.predict(Unreadable())


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit of the size of files")
def test_a_full_disk_while_a_memory_map_is_read():
    """No byte can be written to a file any more: fits and predictions write none."""
    printed = run_script("""
        import resource, signal, tempfile
        import numpy as np
        from skbackprop import BackpropClassifier

        file = tempfile.NamedTemporaryFile()
        X = np.memmap(file, np.float32, "w+", shape=(30_000, 8))
        X[:] = np.random.default_rng(0).normal(size=X.shape)
        X.flush()
        X = np.memmap(file.name, np.float32, "r", shape=X.shape)
        y = (X[:, 0] > X[:, 1]).astype(int)
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        try:
            tempfile.TemporaryFile(buffering=0).write(b"x")
        except OSError:
            print("full")
        for solver in ("adam", "sgd", "lbfgs"):
            net = BackpropClassifier((5,), solver=solver, max_iter=2, random_state=0)
            expected = net.fit(np.array(X), y).predict_proba(np.array(X))
            print((net.fit(X, y).predict_proba(X) == expected).all())
    """)
    assert printed == ["full"] + ["True"] * 3
