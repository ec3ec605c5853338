"""Methods that an estimator has or has not, as its parameters say."""

from types import MethodType


class NotAvailable(AttributeError, ValueError):
    """A method that an estimator of these parameters does not have.

    scikit-learn raises the one or the other, depending on the reason.
    """


class available_unless:
    """Decorator of a method that some parameters exclude: ``hasattr`` is then False.

    ``why_not(estimator)`` gives the reason, or None where the method is available.
    """

    def __init__(self, why_not):
        self._why_not = why_not

    def __call__(self, method):
        self._method = method
        self.__doc__ = method.__doc__
        return self

    def __get__(self, estimator, owner=None):
        if estimator is None:
            return self._method
        reason = self._why_not(estimator)
        if reason is not None:
            raise NotAvailable(reason)
        return MethodType(self._method, estimator)
