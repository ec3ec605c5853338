"""Methods that exist only for some parameters of an estimator."""

from __future__ import annotations

from collections.abc import Callable
from types import MethodType
from typing import Any, TypeVar

_Method = TypeVar("_Method", bound=Callable[..., Any])


class NotAvailable(AttributeError, ValueError):
    """Signal that an estimator with these parameters does not have a method.

    It is both AttributeError and ValueError, because scikit-learn raises one or the other.
    """


class available_unless:
    """Decorate a method that some parameters exclude; ``hasattr`` is False for them.

    ``why_not(estimator)`` returns the reason, or None if the method is available.
    """

    def __init__(self, why_not: Callable[[Any], str | None]) -> None:
        self._why_not = why_not

    def __call__(self, method: _Method) -> _Method:
        self._method = method
        self.__doc__ = method.__doc__
        return self  # type: ignore[return-value]  # the descriptor returns the method

    def __get__(self, estimator: Any, owner: type | None = None) -> Any:
        if estimator is None:
            return self._method
        reason = self._why_not(estimator)
        if reason is not None:
            raise NotAvailable(reason)
        return MethodType(self._method, estimator)
