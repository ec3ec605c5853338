"""Methods that an estimator has or has not, as its parameters say."""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any, TypeVar

_Method = TypeVar("_Method", bound=Callable[..., Any])


class NotAvailable(AttributeError, ValueError):
    """A method that an estimator of these parameters does not have.

    scikit-learn raises the one or the other, depending on the reason.
    """


class available_unless:
    """Decorator of a method that some parameters exclude: ``hasattr`` is then False.

    ``why_not(estimator)`` gives the reason, or None where the method is available.
    """

    def __init__(self, why_not: Callable[[Any], str | None]) -> None:
        self._why_not = why_not

    def __call__(self, method: _Method) -> _Method:
        self._method = method
        self.__doc__ = method.__doc__
        return self  # type: ignore[return-value]  # which gives the method where it is available

    def __get__(self, estimator: Any, owner: type | None = None) -> Any:
        if estimator is None:
            return self._method
        reason = self._why_not(estimator)
        if reason is not None:
            raise NotAvailable(reason)
        return MethodType(self._method, estimator)
