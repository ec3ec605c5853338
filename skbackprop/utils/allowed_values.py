"""Checks of hyper-parameters, with the messages of scikit-learn.

Callers match on these messages. The checks are not imported from scikit-learn because its classes
are private, and the values they accept are part of the contract of this package.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from functools import cache, wraps
from numbers import Integral, Real
from typing import Any, TypeVar, cast

import numpy as np
from scipy import sparse
from sklearn import config_context, get_config, set_config

from .scikit_learn import invalid_parameter_error

_Method = TypeVar("_Method", bound=Callable[..., Any])


class Kind:
    """Describe a kind of values: its name in messages, and which values it accepts."""

    def __init__(self, words, accepts):
        self.words = words
        self.accepts = accepts


class Interval(Kind):
    """Accept real or integral numbers between two bounds, but neither NaN nor a Fraction.

    An int is Real, too. ``right=None`` means infinity. ``closed`` says which bounds belong to the
    interval: 'left', 'both' or 'neither'.
    """

    def __init__(self, type, left, right, *, closed):
        self.type, self.left, self.right, self.closed = type, left, right, closed
        low, high = left, np.inf if right is None else right
        name, numbers = "an int", Integral
        if type is Real:
            low, high = float(low), float(high)
            # NumPy numbers times other Real types, such as Fraction, have dtype object.
            name, numbers = "a float", (float, int, np.floating, np.integer)
        bracket, is_above = ("(", operator.gt) if closed == "neither" else ("[", operator.ge)
        end, is_below = ("]", operator.le) if closed == "both" else (")", operator.lt)
        super().__init__(
            f"{name} in the range {bracket}{low}, {high}{end}",
            lambda value: (
                isinstance(value, numbers) and is_above(value, low) and is_below(value, high)
            ),
        )


class Options(Kind):
    """Accept some values of a type (False is not 0 here); messages list them in sorted order."""

    def __init__(self, type, options):
        self.type, self.options = type, frozenset(options)
        name = "float" if type is Real else type.__name__
        super().__init__(
            f"a {name} among {{{', '.join(sorted(map(repr, options)))}}}",
            lambda value: isinstance(value, type) and value in self.options,
        )


def StrOptions(options):
    """Accept some strings."""
    return Options(str, options)


def _instances(type):
    module = "" if type.__module__ == "builtins" else f"{type.__module__}."
    words = f"an instance of '{module}{type.__qualname__}'"
    return Kind(words, lambda value: isinstance(value, type))


def _listed(kinds):
    """Return the names of several kinds as ``a, b or c``."""
    *others, last = (kind.words for kind in kinds)
    return f"{', '.join(others)} or {last}" if others else last


def _either(*kinds):
    return Kind(_listed(kinds), lambda value: any(kind.accepts(value) for kind in kinds))


def _is_array_like(value):
    looks = any(hasattr(value, name) for name in ("__len__", "shape", "__array__"))
    return looks and not np.isscalar(value) and not sparse.issparse(value)


def _is_splitter(value):
    return callable(getattr(value, "split", None)) and not isinstance(value, (str, bytes, type))


def _is_list(value):
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


_NONE = Kind("None", lambda value: value is None)
_BOOLEANS = _instances(bool), _instances(np.bool_)

# Kinds by their key in ``_allowed_values``; a type there stands for its instances.
_KINDS = {
    None: _NONE,
    callable: Kind("a callable", callable),
    "array-like": Kind("an array-like", _is_array_like),
    "boolean": _either(*_BOOLEANS),
    "verbose": _either(Interval(Integral, 0, None, closed="left"), *_BOOLEANS),
    "splitter": Kind("an object implementing 'split'", _is_splitter),
    "splits": Kind("a list of (train, test) pairs of positions", _is_list),
    "random_state": _either(
        Interval(Integral, 0, 2**32 - 1, closed="both"), _instances(np.random.RandomState), _NONE
    ),
}


@cache
def _kind(entry):
    """Return the kind for an entry of ``_allowed_values``."""
    if isinstance(entry, Kind):
        return entry
    return _KINDS[entry] if entry in _KINDS else _instances(entry)


def did_you_mean(value: object, names: Iterable[str]) -> str:
    """Return a sentence that suggests the most similar name, or an empty string."""
    if not isinstance(value, str):
        return ""
    nearest = get_close_matches(value.lower(), sorted(names), n=1)
    return f" Did you mean {nearest[0]!r}?" if nearest else ""


def refusal(owner, name, value, allowed):
    """Return the message for an invalid value of a parameter, or None if it is valid.

    ``allowed`` lists what is valid: kinds, types, and 'array-like', 'boolean', 'verbose',
    'random_state', 'splitter', 'splits', ``callable`` or None.
    """
    for entry in allowed:
        if _kind(entry).accepts(value):
            return None
    kinds = [_kind(entry) for entry in allowed]
    names = [
        option for kind in kinds if getattr(kind, "type", None) is str for option in kind.options
    ]
    return (
        f"The {name!r} parameter of {owner} must be {_listed(kinds)}. Got {value!r} instead."
        f"{did_you_mean(value, names)}"
    )


def check_parameters(estimator):
    """Raise InvalidParameterError for hyper-parameters of a wrong type or out of range.

    ``_allowed_values`` of the estimator lists the valid values of each, in the form of
    ``refusal``.
    """
    for name, allowed in sorted(estimator._allowed_values.items()):
        message = refusal(type(estimator).__name__, name, getattr(estimator, name), allowed)
        if message is not None:
            raise invalid_parameter_error()(message)


def fit_context(method: _Method) -> _Method:
    """Decorate ``fit`` or ``partial_fit`` so that each call checks the hyper-parameters.

    There are no checks under ``sklearn.config_context(skip_parameter_validation=True)``. As in
    scikit-learn's estimators, scikit-learn's functions skip their checks inside a fit, which makes
    the score of each epoch faster.
    """

    @wraps(method)
    def checked(estimator, *args, **kwargs):
        if get_config()["skip_parameter_validation"]:
            return method(estimator, *args, **kwargs)
        estimator._validate_params()
        try:
            with config_context(skip_parameter_validation=True):
                return method(estimator, *args, **kwargs)
        finally:  # once more, because Ctrl-C may have come while the context was ending
            set_config(skip_parameter_validation=False)

    return cast(_Method, checked)
