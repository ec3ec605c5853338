"""Row threads: order, exceptions, and the limit of the BLAS that they set and lift."""

import gc
import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest
from platforms import needs_known_blas
from threadpoolctl import threadpool_info, threadpool_limits

import skbackprop
from skbackprop import BackpropRegressor
from skbackprop.training.threads import row_threads, short_turns

pytestmark = needs_known_blas

WAIT = 60  # seconds after which a test that hangs fails; nothing waits for so long

every_number = pytest.mark.parametrize("n_threads", [1, 2, 4])


def blas_threads():
    """Threads that the BLAS libraries may use: one number if they agree."""
    numbers = {lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"}
    assert len(numbers) == 1
    return numbers.pop()


@pytest.fixture(autouse=True)
def three_blas_threads():
    """A limit to recognise, whatever the machine; nobody may leave another one behind."""
    with threadpool_limits(3, user_api="blas"):
        yield
        assert blas_threads() == 3


def helpers():
    return [thread for thread in threading.enumerate() if thread.name.startswith("skbackprop")]


# ---- the limit


def test_blas_has_one_thread_inside_and_its_own_limit_afterwards():
    with row_threads() as threads:
        assert threads.n_threads == 3
        assert blas_threads() == 1
    assert blas_threads() == 3


@every_number
def test_as_many_row_threads_as_the_blas_may_use(n_threads):
    with threadpool_limits(n_threads, user_api="blas"):
        with row_threads() as threads:
            assert threads.n_threads == n_threads
        assert blas_threads() == n_threads


def test_max_threads():
    for max_threads, expected in ((1, 1), (2, 2), (99, 3)):
        with row_threads(max_threads) as threads:
            assert threads.n_threads == expected
            assert blas_threads() == 1


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("max_threads", [1, 3])
def test_limit_is_lifted_after_an_exception(max_threads, error):
    with pytest.raises(error), row_threads(max_threads):
        raise error
    assert blas_threads() == 3
    assert not helpers()


def test_nested_uses():
    with row_threads(), row_threads() as inner:
        assert inner.n_threads == 3
        assert blas_threads() == 1
    assert blas_threads() == 3


def test_a_part_starts_no_further_threads():
    def n_threads(item):
        with row_threads() as inner:
            return inner.n_threads

    with row_threads() as threads:
        assert threads.map(n_threads, range(3)) == [1, 1, 1]


@pytest.mark.parametrize("first_to_leave", ["main", "other"])
def test_overlapping_uses_from_two_threads(first_to_leave):
    """The last one to leave lifts the limit, whichever came first."""
    entered, leave = threading.Event(), threading.Event()
    seen = []

    def other():
        with row_threads() as threads:
            seen.append(threads.n_threads)
            entered.set()
            assert leave.wait(WAIT)

    thread = threading.Thread(target=other, daemon=True)
    with row_threads() as threads:
        thread.start()
        assert entered.wait(WAIT)
        assert (threads.n_threads, seen) == (3, [3])
        if first_to_leave == "other":
            leave.set()
            thread.join(WAIT)
        assert blas_threads() == 1
    if first_to_leave == "main":
        assert blas_threads() == 1
        leave.set()
        thread.join(WAIT)
    assert not thread.is_alive()
    assert blas_threads() == 3


# ---- map


@every_number
@pytest.mark.parametrize("n_items", [0, 1, 2, 50])
def test_results_come_in_the_order_of_the_items(n_threads, n_items):
    items = list(range(n_items))
    with row_threads(n_threads) as threads:
        for _ in range(5):
            assert threads.map(lambda i: i * i, items) == [i * i for i in items]


def test_every_item_is_worked_on_once():
    calls = []
    with row_threads() as threads:
        threads.map(calls.append, range(200))
    assert sorted(calls) == list(range(200))


def test_parts_run_at_the_same_time():
    """Each of three parts waits until all three are there."""
    barrier = threading.Barrier(3, timeout=WAIT)
    with row_threads() as threads:
        waited = threads.map(lambda item: barrier.wait(), range(3))
    assert sorted(waited) == [0, 1, 2]


def test_one_thread_is_the_calling_thread():
    with row_threads(1) as threads:
        names = threads.map(lambda item: threading.current_thread().name, range(3))
        assert set(names) == {threading.current_thread().name}
        assert not helpers()


def test_helpers_are_gone_afterwards():
    with row_threads() as threads:
        threads.map(lambda item: None, range(3))
        assert len(helpers()) <= 2
    assert not helpers()


@every_number
@pytest.mark.parametrize("bad_item", [0, 7, 19])
def test_an_exception_in_any_item_comes_out(n_threads, bad_item):
    def function(item):
        if item == bad_item:
            raise ArithmeticError(f"item {item}")
        return item

    with row_threads(n_threads) as threads:
        with pytest.raises(ArithmeticError, match=f"item {bad_item}"):
            threads.map(function, range(20))
        assert threads.map(abs, [-1, -2]) == [1, 2]  # and they can be used again
    assert blas_threads() == 3


@pytest.mark.parametrize("in_helper", [False, True], ids=["calling thread", "helper"])
def test_an_exception_in_either_thread_comes_out(in_helper):
    """Both threads have an item before one of them fails."""
    barrier = threading.Barrier(2, timeout=WAIT)
    caller = threading.current_thread()

    def function(item):
        barrier.wait()
        if (threading.current_thread() is not caller) is in_helper:
            raise ArithmeticError

    with row_threads(2) as threads, pytest.raises(ArithmeticError):
        threads.map(function, range(2))
    assert blas_threads() == 3


def test_no_item_is_begun_after_ctrl_c():
    begun = []

    def function(item):
        begun.append(item)
        if item == 2:
            raise KeyboardInterrupt

    with row_threads(1) as threads, pytest.raises(KeyboardInterrupt):
        threads.map(function, range(10))
    assert begun == [0, 1, 2]


@every_number
def test_overflow_does_not_warn_in_any_thread(n_threads):
    """Warnings are errors in these tests; divergence is looked for elsewhere."""
    large = np.array([1e300])
    with row_threads(n_threads) as threads:
        assert all(np.isinf(threads.map(lambda item: large * large, range(8))))
    with pytest.warns(RuntimeWarning, match="overflow"):
        large * large


class OpenMPBlas:
    """A BLAS that uses OpenMP: each thread has a limit of its own."""

    threading_layer = "openmp"

    def __init__(self):
        self._of_thread = threading.local()

    def get_num_threads(self):
        return getattr(self._of_thread, "limit", 3)

    def set_num_threads(self, number):
        self._of_thread.limit = number


def test_a_blas_of_openmp_has_one_thread_in_every_thread(monkeypatch):
    blas, barrier = OpenMPBlas(), threading.Barrier(3, timeout=WAIT)
    monkeypatch.setattr(skbackprop.training.threads, "_blas_controllers", lambda: [blas])

    def limit(item):
        barrier.wait()
        return blas.get_num_threads()

    with row_threads() as threads:
        assert threads.map(limit, range(3)) == [1, 1, 1]
    assert blas.get_num_threads() == 3


# ---- other threads and processes, each case in a process of its own

PREAMBLE = """
import os
import threading

import scipy.linalg
from skbackprop.training.threads import row_threads
from threadpoolctl import threadpool_info, threadpool_limits


# Since threadpoolctl 3.8 the thread that sets a limit keeps others from it while it is alive.
limit = threading.Thread(target=threadpool_limits, args=(3, "blas"))
limit.start()
limit.join()


def blas_threads():
    return {lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"}


def report(who):
    before = blas_threads()
    with row_threads() as threads:
        squares = threads.map(lambda i: i * i, [1, 2, 3])
        inside = blas_threads()
    print(who, before, inside, threads.n_threads, squares, blas_threads(), flush=True)


def fork_and_report():
    child = os.fork()
    if child == 0:
        report("child")
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def enter_in_other_thread():
    entered, leave = threading.Event(), threading.Event()

    def use():
        with row_threads():
            entered.set()
            leave.wait()

    thread = threading.Thread(target=use, daemon=True)
    thread.start()
    entered.wait()
    return thread, leave
"""

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


def run_script(script):
    """Run Python code with the limit of three threads; return what it prints, by line."""
    package = Path(skbackprop.__file__).parent.parent
    paths = [str(package), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PREAMBLE + textwrap.dedent(script)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=WAIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def as_usual(who):
    return f"{who} {{3}} {{1}} 3 [1, 4, 9] {{3}}"


def test_threads_that_come_and_go():
    """Uses begin and end in different threads; the limit is lifted at the end all the same."""
    printed = run_script(
        """
        report("main")
        first, leave_first = enter_in_other_thread()
        second, leave_second = enter_in_other_thread()
        with row_threads():
            leave_first.set()
            first.join()
            print(blas_threads())
        print(blas_threads())
        leave_second.set()
        second.join()
        report("main")
        """
    )
    assert printed == [as_usual("main"), "{1}", "{1}", as_usual("main")]


def test_limits_of_others_work_afterwards():
    """A use in the main thread does not stop another thread from setting limits of its own."""
    printed = run_script(
        """
        def other():
            with threadpool_limits(2, user_api="blas"):
                print(blas_threads())

        report("main")
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        report("main")
        """
    )
    assert printed == [as_usual("main"), "{2}", as_usual("main")]


@needs_fork
def test_a_child_does_not_inherit_the_uses_of_other_threads():
    """In the child the limit is lifted, and set again by its own uses."""
    printed = run_script(
        """
        thread, leave = enter_in_other_thread()
        fork_and_report()
        report("parent")
        leave.set()
        thread.join()
        report("afterwards")
        """
    )
    assert printed == [
        as_usual("child"),
        "parent {1} {1} 3 [1, 4, 9] {1}",
        as_usual("afterwards"),
    ]


@needs_fork
def test_a_child_that_begins_inside_a_use():
    printed = run_script(
        """
        with row_threads():
            fork_and_report()
        report("parent")
        """
    )
    assert printed == [as_usual("child"), as_usual("parent")]


@needs_fork
def test_a_child_that_leaves_a_use_which_its_parent_began():
    printed = run_script(
        """
        with row_threads():
            child = os.fork()
            assert child == 0 or os.waitpid(child, 0)[1] == 0
        report("parent" if child else "child")
        """
    )
    assert printed == [as_usual("child"), as_usual("parent")]


@pytest.mark.skipif(os.name != "posix", reason="needs signals of POSIX")
def test_ctrl_c_wakes_a_waiting_thread_beside_polars():
    """Which lets a thread sleep on where a signal has come while it waits for a lock."""
    pytest.importorskip("polars")
    printed = run_script("""
        import signal, time

        signal.signal(signal.SIGINT, signal.default_int_handler)
        import polars  # takes the place of the handler

        polars.DataFrame({"a": [1, 2]}).lazy().select(polars.col("a") * 2).collect()
        begun, interrupted = threading.Event(), threading.Event()

        def work(item):
            if threading.current_thread() is threading.main_thread():
                begun.wait(30)
                return
            begun.set()
            time.sleep(0.3)
            os.kill(os.getpid(), signal.SIGINT)
            print(interrupted.wait(10))

        with threadpool_limits(2), row_threads() as threads:
            try:
                threads.map(work, range(2))
            except KeyboardInterrupt:
                interrupted.set()
    """)
    assert printed[-1] == "True"


# ---- the switch interval


@pytest.fixture
def known_interval():
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.004)
    yield
    assert sys.getswitchinterval() == pytest.approx(0.004)
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("known_interval")
def test_turns_are_short_while_any_use_of_several_threads_lasts():
    with threadpool_limits(2), row_threads() as threads, short_turns(threads):
        with short_turns(threads):
            short = sys.getswitchinterval()
        assert sys.getswitchinterval() == short < 0.004


@pytest.mark.usefixtures("known_interval")
def test_turns_are_as_before_after_an_exception():
    with (
        pytest.raises(KeyboardInterrupt),
        threadpool_limits(2),
        row_threads() as threads,
        short_turns(threads),
    ):
        raise KeyboardInterrupt


@pytest.mark.usefixtures("known_interval")
def test_turns_are_left_alone_with_one_thread():
    with row_threads(1) as threads, short_turns(threads):
        assert sys.getswitchinterval() == pytest.approx(0.004)


def test_turns_that_are_shorter_already_stay_so():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    with threadpool_limits(2), row_threads() as threads, short_turns(threads):
        assert sys.getswitchinterval() == pytest.approx(1e-5)
    assert sys.getswitchinterval() == pytest.approx(1e-5)
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("known_interval")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_turns_that_ctrl_c_left_short_end_with_the_next_fit(monkeypatch):
    def interrupted(use):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, threadpool_limits(2), row_threads() as threads:
        patch.setattr(skbackprop.training.threads._SHORT_TURNS, "release", interrupted)
        try:
            with short_turns(threads):
                pass
        except KeyboardInterrupt:
            pass  # nothing keeps the traceback
        else:
            raise AssertionError
    assert sys.getswitchinterval() < 0.004
    gc.collect()
    BackpropRegressor((2,), max_iter=1).fit([[0.0], [1.0]], [0, 1])
