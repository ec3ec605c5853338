"""A pytest plugin that runs the compiled kernels as plain Python.

    PYTHONPATH=tests python -m pytest -p uncompiled_kernels tests/kernels

Compiled code shows neither which of its lines run nor an index beyond the end of an array. Here
NumPy checks each index, tools for coverage see each line, and a change of the code needs no
compilation. Processes that tests begin compile as usual.
"""

import functools
import importlib

import numpy as np


def _njit(**options):
    """Return a decorator like numba's, without compilation.

    As in compiled code, nothing warns, and numbers are returned as those of Python.
    """

    def decorate(function):
        @functools.wraps(function)
        def run(*arguments):
            with np.errstate(all="ignore"):
                result = function(*arguments)
            return float(result) if isinstance(result, np.floating) else result

        return run

    return decorate


def _overload(function, **options):
    """Return a decorator like numba's: the function calls what is chosen for the type."""
    from numba import from_dtype

    def decorate(choose):
        def run(x):
            return choose(from_dtype(x.dtype))(x)

        function.__globals__[function.__name__] = run
        return choose

    return decorate


def _converted_to(dtype):
    """Return a conversion that takes NaN as well, as machine code does."""
    return lambda number: np.asarray(number).astype(dtype)[()]


def pytest_configure():
    """Begin, where this is a plugin."""
    import numba
    import numba.extending

    numba.njit = _njit
    numba.extending.register_jitable = lambda function: function
    numba.extending.overload = _overload
    exponential = importlib.import_module("skbackprop.kernels.compiled.exponential")
    exponential.I4, exponential.I8 = _converted_to(np.int32), _converted_to(np.int64)
