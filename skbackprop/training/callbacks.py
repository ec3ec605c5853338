"""Callbacks: the public interface ``sklearn.callback`` of scikit-learn 1.9 and newer.

A fit is a task, and each of its epochs (or iterations of L-BFGS) is a task in it. Callbacks are
told when a task begins and when it ends, and may ask to stop.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

import sklearn

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn, Self, TypeVar

    from ..utils.typing import Callback

    _Method = TypeVar("_Method", bound=Callable[..., Any])

    class CallbackSupport:
        """scikit-learn's mixin as type checkers see it, be there callbacks or not."""

        def set_callbacks(self, *callbacks: Callback) -> Self:
            """Tell these callbacks of the fits to come."""

    def with_callbacks(method: _Method) -> _Method:
        """Let callbacks end with the fit."""
else:
    try:
        from sklearn.callback import CallbackSupportMixin as CallbackSupport
        from sklearn.callback import with_callbacks
    except ImportError:

        class CallbackSupport:
            """Stands in where scikit-learn has no callbacks."""

            def set_callbacks(self, *callbacks: Callback) -> NoReturn:
                """Not available with this version of scikit-learn.

                Raises
                ------
                ImportError
                    Always; it names the version that is needed.
                """
                raise ImportError(
                    "set_callbacks needs sklearn.callback, which came with scikit-learn 1.9; the "
                    f"installed version is {sklearn.__version__}."
                )

        def with_callbacks(method):
            """Return the method: there are no callbacks whose end it would have to care for."""
            return method


def data_at_begin(given):
    """Return the data that callbacks get when a task begins: all of them."""
    return _told(given, "sample_weight", "groups", "X_val", "y_val", "sample_weight_val")


def data_at_end(given):
    """Return the data that callbacks get when a task ends: those that ``score`` takes.

    scikit-learn's ``ScoringMonitor`` hands it on to a scorer.
    """
    return _told(given, "sample_weight")


def _told(given, *names):
    metadata = {name: getattr(given, name) for name in names}
    metadata = {name: value for name, value in metadata.items() if value is not None}
    return {"X": given.X, "y": given.y, "metadata": metadata or None}


def has_callbacks(estimator):
    """Whether an estimator has callbacks to tell."""
    return bool(getattr(estimator, "_skl_callbacks", None))


def attributes_learnt(estimator, outcome):
    """What an estimator would have, by name, if its fit ended by ``_take(outcome)`` now."""
    fitted, before = copy(estimator), vars(estimator)
    fitted._take(outcome)
    return {
        name: value
        for name, value in vars(fitted).items()
        if name not in before or value is not before[name]
    }


class EpochTasks:
    """The tasks of one fit, one after the other.

    Callbacks see the data as they were given; ``task_name`` is what they call an epoch.
    """

    def __init__(self, estimator, training, given, max_epochs, task_name):
        self._estimator = estimator
        self._training = training
        self._begin_data, self._end_data = data_at_begin(given), data_at_end(given)
        self._task_name = task_name
        self._open = None
        self._root = estimator._init_callback_context(max_subtasks=max_epochs)
        self._tell_begin(self._root)

    def _tell_begin(self, task):
        task.call_on_fit_task_begin(
            estimator=self._estimator,
            **self._begin_data,
            reconstruction_attributes=self._fitted_attributes,
        )

    def begin(self):
        """An epoch begins, unless it has begun already."""
        if self._open is None:
            self._open = self._root.subcontext(task_name=self._task_name)
            self._tell_begin(self._open)

    def end(self):
        """The epoch ends; return whether a callback asks to stop."""
        task, self._open = self._open, None
        return task.call_on_fit_task_end(
            estimator=self._estimator,
            **self._end_data,
            reconstruction_attributes=self._fitted_attributes,
        )

    def finish(self):
        """The fit ends. An iteration that L-BFGS has not completed ends without data."""
        if self._open is not None:
            self._open.call_on_fit_task_end(estimator=self._estimator)
        self._root.call_on_fit_task_end(
            estimator=self._estimator, **self._end_data, reconstruction_attributes={}
        )

    def _fitted_attributes(self):
        """What ``fit`` would leave if it stopped now."""
        n_iter = self._training.monitor.n_iter
        reason = f"Seen by a callback after {n_iter} {self._task_name}s."
        return attributes_learnt(self._estimator, self._training.outcome(reason, copied=True))
