"""How kernels are compiled.

numba's cache compiles anew what is in a file that has changed. It does not see that a file has
whose functions others use, as ``exponential``: then remove ``__pycache__/*.nb?``.
"""

from contextlib import suppress

from numba import config, njit
from numba.core.caching import FunctionCache

if config.DISABLE_JIT:
    raise ImportError("NUMBA_DISABLE_JIT is set, by which nothing is compiled")

# A product and a sum may be one instruction, and divisions by zero give infinity, as in NumPy.
_OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}
_OF_SUMS = _OPTIONS | {"fastmath": {"contract", "reassoc"}}


class _Cache(FunctionCache):
    """numba's cache, without which it does where a disk is full or a file is damaged."""

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
    with suppress(RuntimeError):  # no folder that can be written to
        compiled._cache = _Cache(function)
    return compiled


def compiled(function):
    """Compile a function at its first call with arrays of some type, or load it from the cache."""
    return _compiled(function, _OPTIONS)


def inlined(function):
    """Compile a function as a part of those that call it.

    A function with a compilation of its own is rounded otherwise in the process that compiles it
    than in those that load it: only the former sees into it.
    """
    return njit(inline="always", **_OPTIONS)(function)


def compiled_sum(function):
    """The same, of a sum that may be made in any order."""
    return _compiled(function, _OF_SUMS)
