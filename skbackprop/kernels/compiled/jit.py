"""How kernels are compiled.

numba's cache compiles anew what is in a file that has changed. It does not see that a file has
whose functions others use, as ``exponential``: then remove ``__pycache__/*.nb?``.
"""

from numba import njit

# A product and a sum may be one instruction, and divisions by zero give infinity, as in NumPy.
_OPTIONS = {"nogil": True, "error_model": "numpy", "fastmath": {"contract"}}
_OF_SUMS = _OPTIONS | {"fastmath": {"contract", "reassoc"}}


def _compiled(function, options):
    try:
        return njit(cache=True, **options)(function)
    except RuntimeError:  # no folder that can be written to
        return njit(**options)(function)


def compiled(function):
    """Compile a function at its first call with arrays of some type, or load it from the cache."""
    return _compiled(function, _OPTIONS)


def compiled_sum(function):
    """The same, of a sum that may be made in any order."""
    return _compiled(function, _OF_SUMS)
