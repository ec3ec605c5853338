"""Rows over Python threads, while the BLAS keeps to one thread.

NumPy releases the interpreter lock in products and element-wise loops, so that Python threads,
each with its own blocks of rows, use all cores for everything, and not for the products alone; the
BLAS's own threads would get in their way. How many threads: as many as the BLAS may use when the
work begins, so that ``OMP_NUM_THREADS``, ``threadpoolctl.threadpool_limits`` and the inner limits
of joblib are obeyed.

What is set for that is the whole process's: the threads of the BLAS, and for short steps Python's
switch interval. Fits share the settings, and the last one restores what was there.
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

# Seconds after which a thread that waits for the interpreter asks for it; Python waits for 0.005.
_TURN = 1e-3

# Seconds for which a thread waits without looking for Ctrl-C.
_MOMENT = 0.1

_BUSY = threading.local()


class _Use:
    """A ``with`` block: as long as it is there, it is in use."""


@contextmanager
def _busy():
    """Mark this thread as one of several: what it calls is to use no further ones.

    The mark ends with its block, even if Ctrl-C keeps it from being taken away.
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
    """What reads and sets the number of threads of each BLAS in the process."""
    return ThreadpoolController().select(user_api="blas").lib_controllers


def _free_control():
    """Let any thread set the limit: since 3.8 threadpoolctl ignores all but the first to do so."""
    for blas in _blas_controllers():
        free = getattr(blas, "clear_controlling_thread", None)
        if free is not None:
            free(force=True)


def _set_blas_threads(numbers):
    _free_control()
    for blas, number in zip(_blas_controllers(), numbers, strict=True):
        blas.set_num_threads(number)


def _limit_this_thread():
    """Limit a BLAS whose limit, being that of OpenMP, is each thread's own."""
    for blas in _blas_controllers():
        if getattr(blas, "threading_layer", None) == "openmp":
            blas.set_num_threads(1)


class _SharedSetting:
    """A setting of the whole process, shared by all fits that want it.

    The first use in sets it, the last one out restores what was there: fits that overlap in
    several threads do not restore each other's setting. A use that Ctrl-C keeps from being
    released, in the few instructions where it can, ends with its block, and the next fit restores
    the setting.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._uses = WeakSet()
        self._before = None  # what to restore, while there is something to restore
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._reset_after_fork)

    def acquire(self, use):
        """Set it; return what was there before any use."""
        with self._lock:
            if self._before is None:
                self._before = self._get()
            self._uses.add(use)
            if len(self._uses) == 1:
                self._set()
            return self._before

    def release(self, use):
        """Undo one ``acquire``, unless it was not completed or that of a parent process."""
        with self._lock:
            if use in self._uses:
                self._uses.discard(use)
                if not self._uses:
                    self._restore_before()

    def restore_if_forgotten(self):
        """Restore what was there before, if no use has the setting any more."""
        if self._before is not None:
            with self._lock:
                if self._before is not None and not self._uses:
                    self._restore_before()

    def _reset_after_fork(self):
        """Forget the fits of the parent, which do not go on in the child."""
        self._lock = threading.Lock()
        self._uses = WeakSet()
        if self._before is not None:
            self._restore_before()

    def _restore_before(self):
        self._restore(self._before)
        self._before = None


class _SingleThreadedBlas(_SharedSetting):
    """The limit of the BLAS to one thread."""

    def _get(self):
        return [blas.get_num_threads() for blas in _blas_controllers()]

    def _set(self):
        _set_blas_threads([1] * len(self._before))

    def _restore(self, before):
        _set_blas_threads(before)
        _free_control()


class _ShortTurns(_SharedSetting):
    """A short switch interval of Python's threads."""

    def _get(self):
        return sys.getswitchinterval()

    def _set(self):
        sys.setswitchinterval(min(self._before, _TURN))

    def _restore(self, before):
        sys.setswitchinterval(before)


_SINGLE_THREADED_BLAS = _SingleThreadedBlas()
_SHORT_TURNS = _ShortTurns()


def restore_forgotten_settings():
    """Restore what was there, where Ctrl-C has kept the use of a setting from doing so."""
    for setting in (_SINGLE_THREADED_BLAS, _SHORT_TURNS):
        setting.restore_if_forgotten()


def _wait_for(future):
    """Result of a future; Ctrl-C ends the waiting, too.

    Some libraries, as Polars, handle signals so that a thread that waits for a lock does not wake
    up: it looks for them itself every now and then.
    """
    while not future.done():
        with suppress(TimeoutError):
            future.result(_MOMENT)
    return future.result()


class RowThreads:
    """Runs a function over parts of the rows.

    Parameters
    ----------
    n_threads : int
        How many parts may run at the same time.

    executor : Executor or None
        What runs them; None for the calling thread.
    """

    def __init__(self, n_threads, executor):
        self.n_threads = n_threads
        self._executor = executor

    def sum(self, function, items):
        """Sum of ``function(item)``; a single item, as in small fits, needs no preparations."""
        if len(items) == 1:
            return function(items[0])
        return sum(self.map(function, items))

    def map(self, function, items):
        """List of ``function(item)``, in the order of the items."""
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
            # Overflow is looked for where it matters; NumPy would warn from any thread.
            with np.errstate(all="ignore"), _busy():
                while (i := next_item()) is not None:
                    results[i] = function(items[i])

        helpers = [self._executor.submit(work) for _ in range(n_helpers)]
        try:
            work()
        finally:
            waiting.clear()
        for helper in helpers:
            if not helper.cancel():  # one that has not begun has nothing left to do
                _wait_for(helper)
        return results


@contextmanager
def row_threads(max_threads=None):
    """Limit the BLAS to one thread and give out the row threads to use instead.

    Parameters
    ----------
    max_threads : int, default=None
        No more threads than that, say because there are no more parts.

    Yields
    ------
    threads : RowThreads
        Valid inside the ``with`` block. The limit is lifted and the threads are gone at its end,
        an exception or Ctrl-C included.
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
    """Let threads that make many short steps side by side wait less for the interpreter.

    A thread that has waited for it too long and wakes up to find it taken again waits on, for a
    time which with Python's default is that of several steps of a small network.

    Parameters
    ----------
    threads : RowThreads
        Where it is a single one, nothing is changed.
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
