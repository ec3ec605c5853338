"""Compilation of the kernels.

numba's cache recompiles the functions of a file that has changed, but not the functions of other
files that call them. After a change of such a file, for example ``exponential``, remove
``__pycache__/*.nb?``.
"""

from contextlib import suppress

from numba import config, njit
from numba.core.caching import FunctionCache

if config.DISABLE_JIT:
    raise ImportError("NUMBA_DISABLE_JIT is set, which disables compilation")

# Allow fused multiply-add; divisions by zero give infinity, as in NumPy.
_OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}
_OF_SUMS = _OPTIONS | {"fastmath": {"contract", "reassoc"}}


class _Cache(FunctionCache):
    """Wrap numba's cache, and work without it if the disk is full or a file is damaged."""

    def load_overload(self, sig, target_context):
        try:
            return super().load_overload(sig, target_context)
        except Exception:
            return None

    def save_overload(self, sig, data):
        with suppress(Exception):
            super().save_overload(sig, data)


def _compiled(function, options):
    compiled = njit(**options)(function)
    with suppress(RuntimeError):  # no writable folder
        compiled._cache = _Cache(function)
    return compiled


def compiled(function):
    """Compile a function at its first call with arrays of some type, or load it from the cache."""
    return _compiled(function, _OPTIONS)


def inlined(function):
    """Compile a function as a part of the functions that call it.

    A function that is compiled separately may round differently in the process that compiles it
    than in those that load it from the cache, because only the former can inline it.
    """
    return njit(inline="always", **_OPTIONS)(function)


def compiled_sum(function):
    """Compile a function as ``compiled`` does, and allow its sums in any order."""
    return _compiled(function, _OF_SUMS)
