"""Deprecation over two minor releases, see the policies in the developer guide."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from .user_warnings import warn

_Function = TypeVar("_Function", bound=Callable[..., Any])


def deprecated(*, since: str, instead: str) -> Callable[[_Function], _Function]:
    """Return a decorator for a function or method that still works but will be removed.

    Each call emits a ``FutureWarning`` that points to the line of the user. The second minor
    release after ``since`` removes the function: its attribute ``removed_in`` names the release,
    and a test fails when that is reached. To deprecate a class, decorate its ``__init__``.

    Parameters
    ----------
    since : str
        Minor release that deprecates the function, such as '0.5'.

    instead : str
        What to do instead, such as 'use ``layer_outputs``'.

    Returns
    -------
    decorator : callable
        Decorator for the function.
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
