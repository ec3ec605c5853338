"""Rows over Python threads, while the BLAS keeps to one thread.

NumPy releases the interpreter lock in products and element-wise loops, so that Python threads,
each with its own rows, use all cores; the BLAS's own threads gain less on products of this size
and get in the way of each other. How many threads: as many as the BLAS may use when the work
begins, so that ``OMP_NUM_THREADS``, ``threadpoolctl.threadpool_limits`` and the inner limits of
joblib are obeyed.
"""

import os
import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache

import numpy as np
from threadpoolctl import ThreadpoolController

__all__ = ["RowThreads", "row_threads"]


@cache
def _controller():
    return ThreadpoolController()


class _SingleThreadedBlas:
    """The process-wide limit of the BLAS to one thread, counted over all fits that want it.

    The first one in sets the limit, the last one out restores what was there: fits and predictions
    that overlap in several threads do not restore each other's limits.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._users = 0
        self._limiter = None
        self._allowed = 1

    def acquire(self):
        """Limit the BLAS; return how many threads it was allowed."""
        with self._lock:
            if self._users == 0:
                blas = [lib for lib in _controller().info() if lib["user_api"] == "blas"]
                self._allowed = min((lib["num_threads"] for lib in blas), default=1)
                self._limiter = _controller().limit(limits=1, user_api="blas")
            self._users += 1
            return self._allowed

    def release(self):
        """Undo one ``acquire``."""
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._limiter.restore_original_limits()

    def reset_after_fork(self):
        """Forget the fits of the parent's other threads, which do not exist in the child."""
        self._lock = threading.Lock()
        if self._users:
            self._users = 0
            self._limiter.restore_original_limits()


_SINGLE_THREADED_BLAS = _SingleThreadedBlas()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_SINGLE_THREADED_BLAS.reset_after_fork)


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

    def map(self, function, items):
        """List of ``function(item)``, in the order of the items."""
        results = [None] * len(items)
        waiting = deque(range(len(items)))

        def next_item():
            try:
                return waiting.popleft()
            except IndexError:
                return None

        def work():
            # Overflow is looked for where it matters; NumPy would warn from any thread.
            with np.errstate(all="ignore"):
                while (i := next_item()) is not None:
                    results[i] = function(items[i])

        n_helpers = min(self.n_threads, len(items)) - 1
        helpers = [self._executor.submit(work) for _ in range(n_helpers)]
        try:
            work()
        finally:
            waiting.clear()
        for helper in helpers:
            helper.result()
        return results


@contextmanager
def row_threads():
    """Limit the BLAS to one thread and give out the row threads to use instead.

    Yields
    ------
    threads : RowThreads
        Valid inside the ``with`` block. The limit is lifted and the threads are gone at its end,
        an exception or Ctrl-C included.
    """
    n_threads = _SINGLE_THREADED_BLAS.acquire()
    try:
        if n_threads < 2:
            yield RowThreads(1, None)
            return
        executor = ThreadPoolExecutor(n_threads - 1, thread_name_prefix="skbackprop")
        try:
            yield RowThreads(n_threads, executor)
        finally:
            executor.shutdown(wait=True, cancel_futures=True)
    finally:
        _SINGLE_THREADED_BLAS.release()
