"""Which kernels a fit or a prediction uses."""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from typing import Literal, get_args

from .reference import NUMPY

Choice = Literal["auto", "numpy", "numba"]
_CHOICES = get_args(Choice)

# Seconds, by the estimate below, from which on compiled kernels gain more than it takes to import
# numba and to load them from its cache.
_WORTHWHILE = 1.0

# Seconds of a step's calls, and of a row's way through one parameter and back, in NumPy.
_SECONDS_OF_STEP, _SECONDS_OF_PRODUCT = 60e-6, 1.5e-10

_ENVIRONMENT = "SKBACKPROP_KERNELS"
_NOT_INSTALLED = 'compiled kernels need numba: pip install "skbackprop[fast]"'

_chosen = os.environ.get(_ENVIRONMENT) or "auto"


def use(kernels: Choice) -> None:
    """Choose the kernels of all fits and predictions of this process from now on.

    Parameters
    ----------
    kernels : {'auto', 'numpy', 'numba'}
        'numpy' is the reference, 'numba' are compiled kernels, which do the same in one pass over
        the numbers, with results that differ in the rounding; whatever has no compiled twin, an
        activation or loss of your own say, goes through NumPy. 'auto', the choice at the start,
        takes compiled ones where numba is installed and an estimate of the work, from rows,
        parameters and epochs, says that NumPy would take more than a second. The environment
        variable ``SKBACKPROP_KERNELS`` is read at import.

    Raises
    ------
    ValueError
        Where there is no such choice.

    ImportError
        With 'numba', where it is not installed.

    See Also
    --------
    compile_all : Compiles all kernels, once for an installation.

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
    """The choice: 'auto', 'numpy' or 'numba'; see :func:`use`.

    Returns
    -------
    kernels : {'auto', 'numpy', 'numba'}
        What was given to ``use``, or by the environment variable ``SKBACKPROP_KERNELS``.

    Examples
    --------
    >>> from skbackprop import kernels
    >>> kernels.chosen() in ("auto", "numpy", "numba")
    True
    """
    return _chosen


def compile_all() -> None:
    """Compile all kernels and keep them in numba's cache, as once after an installation.

    Without it, each is compiled where a fit first needs it, which takes some seconds in all.

    Raises
    ------
    ImportError
        Where numba is not installed.

    See Also
    --------
    use : Chooses the kernels.

    Examples
    --------
    >>> from skbackprop import kernels
    >>> kernels.compile_all()  # doctest: +SKIP
    """
    _compiled()
    import_module(".compiled", __package__).compile_all()


def kernels_for(n_steps, n_products):
    """The kernels for some work.

    ``n_steps`` are the steps or blocks, ``n_products`` the rows times the parameters, each as
    often as it comes.
    """
    choice = _chosen  # read once: another thread may choose meanwhile
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


@cache  # not of an exception
def _compiled():
    try:
        return import_module(".compiled", __package__).COMPILED
    except Exception as error:  # also of a numba that does not know this NumPy
        raise ImportError(f"{_NOT_INSTALLED} ({error})") from error


@cache
def _compiled_if_possible():
    try:
        return _compiled()
    except ImportError:
        return NUMPY


def kernels_named(name):
    """The set of kernels of that name; NumPy's where numba is not installed."""
    return NUMPY if name == "numpy" else _compiled_if_possible()
