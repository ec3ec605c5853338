"""Python threads for blocks of rows, while the BLAS is limited to one thread.

NumPy releases the interpreter lock in products and element-wise loops. Python threads, each with
its own blocks of rows, therefore use all cores for all computations, not for products alone. The
threads of the BLAS would compete with them. There are as many Python threads as the BLAS may use
when the work starts, so ``OMP_NUM_THREADS``, ``threadpoolctl.threadpool_limits`` and the inner
limits of joblib apply.

Two settings are changed for the whole process: the number of threads of the BLAS and, for short
steps, Python's switch interval. Concurrent fits share the settings, and the last one restores the
original values.
"""

import os
import sys
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from weakref import WeakSet, ref

import numpy as np
from threadpoolctl import ThreadpoolController

# Switch interval in seconds; Python's default is 0.005.
_TURN = 1e-3

# Seconds between checks for Ctrl-C in a waiting thread.
_MOMENT = 0.1

_BUSY = threading.local()


class _Use:
    """Represent a ``with`` block; the object is alive as long as the block is active."""


@contextmanager
def _busy():
    """Mark this thread as one of several, so that nested calls start no further threads.

    The mark ends with its block, even if Ctrl-C prevents its removal.
    """
    use = _Use()
    before = getattr(_BUSY, "use", None)
    _BUSY.use = ref(use)
    try:
        yield
    finally:
        _BUSY.use = before


def _is_busy():
    use = getattr(_BUSY, "use", None)
    return use is not None and use() is not None


@cache
def _blas_controllers():
    """Return objects that read and set the number of threads of each BLAS in the process."""
    return ThreadpoolController().select(user_api="blas").lib_controllers


def _free_control():
    """Let any thread set the limit; threadpoolctl 3.8 and later accept only the first thread."""
    for blas in _blas_controllers():
        free = getattr(blas, "clear_controlling_thread", None)
        if free is not None:
            free(force=True)


def _set_blas_threads(numbers):
    _free_control()
    for blas, number in zip(_blas_controllers(), numbers, strict=True):
        blas.set_num_threads(number)


def _limit_this_thread():
    """Limit a BLAS that uses OpenMP, where each thread has its own limit."""
    for blas in _blas_controllers():
        if getattr(blas, "threading_layer", None) == "openmp":
            blas.set_num_threads(1)


class _SharedSetting:
    """Change a setting of the whole process, shared by all fits that need it.

    The first use sets it, and the last one restores the original value, so that overlapping fits
    in several threads do not restore each other's setting. If Ctrl-C prevents the release of a use
    (in a few instructions this is possible), the use ends with its block, and the next fit
    restores the setting.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._uses = WeakSet()
        self._before = None  # the original value, or None if the setting is not changed
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._reset_after_fork)

    def acquire(self, use):
        """Change the setting; return its original value."""
        with self._lock:
            if self._before is None:
                self._before = self._get()
            self._uses.add(use)
            if len(self._uses) == 1:
                self._set()
            return self._before

    def release(self, use):
        """Undo one ``acquire``, unless it was incomplete or made in a parent process."""
        with self._lock:
            if use in self._uses:
                self._uses.discard(use)
                if not self._uses:
                    self._restore_before()

    def restore_if_forgotten(self):
        """Restore the original value if no use is active any more."""
        if self._before is not None:
            with self._lock:
                if self._before is not None and not self._uses:
                    self._restore_before()

    def _reset_after_fork(self):
        """Forget the fits of the parent process, which do not continue in the child."""
        self._lock = threading.Lock()
        self._uses = WeakSet()
        if self._before is not None:
            self._restore_before()

    def _restore_before(self):
        self._restore(self._before)
        self._before = None


class _SingleThreadedBlas(_SharedSetting):
    """Limit the BLAS to one thread."""

    def _get(self):
        return [blas.get_num_threads() for blas in _blas_controllers()]

    def _set(self):
        _set_blas_threads([1] * len(self._before))

    def _restore(self, before):
        _set_blas_threads(before)
        _free_control()


class _ShortTurns(_SharedSetting):
    """Set a short switch interval of Python threads."""

    def _get(self):
        return sys.getswitchinterval()

    def _set(self):
        sys.setswitchinterval(min(self._before, _TURN))

    def _restore(self, before):
        sys.setswitchinterval(before)


_SINGLE_THREADED_BLAS = _SingleThreadedBlas()
_SHORT_TURNS = _ShortTurns()


def restore_forgotten_settings():
    """Restore original values that Ctrl-C prevented an earlier fit from restoring."""
    for setting in (_SINGLE_THREADED_BLAS, _SHORT_TURNS):
        setting.restore_if_forgotten()


def _wait_for(future):
    """Return the result of a future, and let Ctrl-C interrupt the wait.

    Some libraries, such as Polars, handle signals in a way that does not wake a thread that waits
    for a lock. Therefore it wakes up regularly to check for them.
    """
    while not future.done():
        with suppress(TimeoutError):
            future.result(_MOMENT)
    return future.result()


class RowThreads:
    """Run a function over parts of the rows.

    Parameters
    ----------
    n_threads : int
        Largest number of parts that run at the same time.

    executor : Executor or None
        Executor for the other threads; None to run everything in the calling thread.
    """

    def __init__(self, n_threads, executor):
        self.n_threads = n_threads
        self._executor = executor

    def sum(self, function, items):
        """Return the sum of ``function(item)``, with a fast path for a single item."""
        if len(items) == 1:
            return function(items[0])
        return sum(self.map(function, items))

    def map(self, function, items):
        """Return the list of ``function(item)`` in the order of the items."""
        n_helpers = min(self.n_threads, len(items)) - 1
        if n_helpers < 1:
            with np.errstate(all="ignore"), _busy():
                return [function(item) for item in items]
        results = [None] * len(items)
        waiting = deque(range(len(items)))

        def next_item():
            try:
                return waiting.popleft()
            except IndexError:
                return None

        def work():
            # The monitor checks for overflow; NumPy would emit warnings from any thread.
            with np.errstate(all="ignore"), _busy():
                while (i := next_item()) is not None:
                    results[i] = function(items[i])

        helpers = [self._executor.submit(work) for _ in range(n_helpers)]
        try:
            work()
        finally:
            waiting.clear()
        for helper in helpers:
            if not helper.cancel():  # a helper that has not started has nothing left to do
                _wait_for(helper)
        return results


@contextmanager
def row_threads(max_threads=None):
    """Limit the BLAS to one thread and provide Python threads instead.

    Parameters
    ----------
    max_threads : int, default=None
        Largest number of threads, for example the number of parts.

    Yields
    ------
    threads : RowThreads
        Valid inside the ``with`` block. At its end, also after an exception or Ctrl-C, the limit
        is lifted and the threads are stopped.
    """
    use = _Use()
    try:
        n_threads = min(_SINGLE_THREADED_BLAS.acquire(use), default=1)
        if max_threads is not None:
            n_threads = min(n_threads, max_threads)
        if _is_busy():
            n_threads = 1
        if n_threads < 2:
            yield RowThreads(1, None)
            return
        executor = ThreadPoolExecutor(
            n_threads - 1, thread_name_prefix="skbackprop", initializer=_limit_this_thread
        )
        try:
            yield RowThreads(n_threads, executor)
        finally:
            executor.shutdown(wait=True, cancel_futures=True)
    finally:
        _SINGLE_THREADED_BLAS.release(use)


@contextmanager
def short_turns(threads):
    """Reduce the time that concurrent threads with short steps wait for the interpreter.

    A thread that wakes up and finds the interpreter lock taken again must wait once more. With
    Python's default interval, this wait is as long as several steps of a small network.

    Parameters
    ----------
    threads : RowThreads
        The threads. Nothing is changed for a single thread.
    """
    if threads.n_threads < 2:
        yield
        return
    use = _Use()
    try:
        _SHORT_TURNS.acquire(use)
        yield
    finally:
        _SHORT_TURNS.release(use)
