"""Choice of the kernels that a fit or a prediction uses."""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from typing import Literal, get_args

from .reference import NUMPY

Choice = Literal["auto", "numpy", "numba"]
_CHOICES = get_args(Choice)

# Estimated seconds from which on compiled kernels save more time than importing numba and loading
# them from its cache takes.
_WORTHWHILE = 1.0

# Seconds in NumPy for the calls of a step, and for both passes of one row through one parameter.
_SECONDS_OF_STEP, _SECONDS_OF_PRODUCT = 60e-6, 1.5e-10

_ENVIRONMENT = "SKBACKPROP_KERNELS"
_NOT_INSTALLED = 'compiled kernels need numba: pip install "skbackprop[fast]"'

_chosen = os.environ.get(_ENVIRONMENT) or "auto"


def use(kernels: Choice) -> None:
    """Choose the kernels of all later fits and predictions of this process.

    Parameters
    ----------
    kernels : {'auto', 'numpy', 'numba'}
        Which kernels to use:

        * 'numpy': the reference;
        * 'numba': compiled kernels, which do the same in one pass over the numbers; results differ
          in rounding. Anything without a compiled equivalent, such as your own activation or loss,
          uses NumPy;
        * 'auto', the default: compiled kernels if numba is installed and the estimated time in
          NumPy, from rows, parameters and epochs, is more than a second.

        The environment variable ``SKBACKPROP_KERNELS`` sets the initial choice; it is read at
        import.

    Raises
    ------
    ValueError
        If ``kernels`` is not one of these.

    ImportError
        With 'numba', if numba is not installed.

    See Also
    --------
    compile_all : Compile all kernels, once after an installation.

    Examples
    --------
    >>> from skbackprop import kernels
    >>> before = kernels.chosen()
    >>> kernels.use("numpy")
    >>> kernels.chosen()
    'numpy'
    >>> kernels.use(before)
    """
    global _chosen
    _check(kernels, "kernels")
    if kernels == "numba":
        _compiled()
    _chosen = kernels


def chosen() -> Choice:
    """Return the current choice of kernels; see :func:`use`.

    Returns
    -------
    kernels : {'auto', 'numpy', 'numba'}
        The argument of the last call of ``use``, otherwise the environment variable
        ``SKBACKPROP_KERNELS``, otherwise 'auto'.

    Examples
    --------
    >>> from skbackprop import kernels
    >>> kernels.chosen() in ("auto", "numpy", "numba")
    True
    """
    return _chosen


def compile_all() -> None:
    """Compile all kernels and keep them in numba's cache.

    Call this once after an installation. Otherwise each kernel is compiled when a fit first needs
    it, which takes some seconds in total.

    Raises
    ------
    ImportError
        If numba is not installed.

    See Also
    --------
    use : Choose the kernels.

    Examples
    --------
    >>> from skbackprop import kernels
    >>> kernels.compile_all()  # doctest: +SKIP
    """
    _compiled()
    import_module(".compiled", __package__).compile_all()


def kernels_for(n_steps, n_products):
    """Return the kernels for some work.

    ``n_steps`` is the number of steps or blocks, ``n_products`` the number of rows times the
    number of parameters, both summed over all epochs.
    """
    choice = _chosen  # read once, because another thread may change it
    _check(choice, _ENVIRONMENT)
    if choice == "numba":
        return _compiled()
    seconds = n_steps * _SECONDS_OF_STEP + n_products * _SECONDS_OF_PRODUCT
    if choice == "auto" and seconds > _WORTHWHILE:
        return _compiled_if_possible()
    return NUMPY


def _check(kernels, name):
    if kernels not in _CHOICES:
        raise ValueError(f"{name} must be one of {', '.join(_CHOICES)}, got {kernels!r}.")


@cache  # exceptions are not cached
def _compiled():
    try:
        return import_module(".compiled", __package__).COMPILED
    except Exception as error:  # such as a numba that does not support this NumPy
        raise ImportError(f"{_NOT_INSTALLED} ({error})") from error


@cache
def _compiled_if_possible():
    try:
        return _compiled()
    except ImportError:
        return NUMPY


def kernels_named(name):
    """Return the set of kernels with this name; that of NumPy if numba is not installed."""
    return NUMPY if name == "numpy" else _compiled_if_possible()
