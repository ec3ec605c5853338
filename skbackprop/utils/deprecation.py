"""Deprecation over two minor releases, as the policies of the developer guide promise."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from .user_warnings import warn

_Function = TypeVar("_Function", bound=Callable[..., Any])


def deprecated(*, since: str, instead: str) -> Callable[[_Function], _Function]:
    """Make a decorator of a function or method that still works, but is to be removed.

    Each call gives a ``FutureWarning`` at the line of the user. The second minor release after
    ``since`` removes it: ``removed_in`` of the decorated function says which that is, and a test
    fails when it is reached. To deprecate a class, decorate its ``__init__``.

    Parameters
    ----------
    since : str
        Minor release that deprecates it, such as '0.5'.

    instead : str
        What to do instead, such as 'use ``layer_outputs``'.

    Returns
    -------
    decorator : callable
        To be applied to the function.
    """
    major, minor = map(int, since.split("."))
    removed_in = f"{major}.{minor + 2}"

    def decorate(function: _Function) -> _Function:
        name = function.__qualname__.removesuffix(".__init__")

        @wraps(function)
        def warning(*args: Any, **kwargs: Any) -> Any:
            warn(
                f"{name} is deprecated since version {since} and will be removed in {removed_in}; "
                f"{instead}.",
                FutureWarning,
            )
            return function(*args, **kwargs)

        warning.removed_in = removed_in  # type: ignore[attr-defined]
        return cast(_Function, warning)

    return decorate
