"""Callbacks: the public interface ``sklearn.callback`` of scikit-learn 1.9 and newer.

A fit is a task, and each of its epochs (or iterations of L-BFGS) is a subtask. Callbacks are
called at the start and at the end of each task, and may stop the fit.
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
        """Declare scikit-learn's mixin for type checkers, for all versions of scikit-learn."""

        def set_callbacks(self, *callbacks: Callback) -> Self:
            """Set the callbacks of later fits."""

    def with_callbacks(method: _Method) -> _Method:
        """End the callbacks together with the fit."""
else:
    try:
        from sklearn.callback import CallbackSupportMixin as CallbackSupport
        from sklearn.callback import with_callbacks
    except ImportError:

        class CallbackSupport:
            """Replace scikit-learn's mixin in versions without callbacks."""

            def set_callbacks(self, *callbacks: Callback) -> NoReturn:
                """Raise an error: this version of scikit-learn has no callbacks.

                Raises
                ------
                ImportError
                    Always. The message names the required version.
                """
                raise ImportError(
                    "set_callbacks needs sklearn.callback, which is available in scikit-learn 1.9 "
                    f"and later; the installed version is {sklearn.__version__}."
                )

        def with_callbacks(method):
            """Return the method unchanged, because there are no callbacks to end."""
            return method


def data_at_begin(given):
    """Return the data that callbacks get at the start of a task."""
    return _data(given, "sample_weight", "groups", "X_val", "y_val", "sample_weight_val")


def data_at_end(given):
    """Return the data that callbacks get at the end of a task, all of which ``score`` accepts.

    scikit-learn's ``ScoringMonitor`` passes them to a scorer.
    """
    return _data(given, "sample_weight")


def _data(given, *names):
    metadata = {name: getattr(given, name) for name in names}
    metadata = {name: value for name, value in metadata.items() if value is not None}
    return {"X": given.X, "y": given.y, "metadata": metadata or None}


def set_losses(task, monitor):
    """Set the losses of an epoch that ends as attributes of its task, where they cost nothing."""
    task.loss = monitor.last_loss
    task.validation_loss = monitor.validation_losses[-1] if monitor.validation_losses else None


def has_callbacks(estimator):
    """Return whether an estimator has callbacks."""
    return bool(getattr(estimator, "_skl_callbacks", None))


def attributes_learnt(estimator, outcome):
    """Return the attributes, by name, that ``_take(outcome)`` would set if the fit ended now."""
    fitted, before = copy(estimator), vars(estimator)
    fitted._take(outcome)
    return {
        name: value
        for name, value in vars(fitted).items()
        if name not in before or value is not before[name]
    }


class EpochTasks:
    """Call the callbacks for the fit and for its epochs, one after the other.

    Callbacks get the unchecked data of the user. ``task_name`` is their name for an epoch.
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
        """Start an epoch, unless it has started already."""
        if self._open is None:
            self._open = self._root.subcontext(task_name=self._task_name)
            self._tell_begin(self._open)

    def end(self):
        """End the epoch; return whether a callback stops the fit."""
        task, self._open = self._open, None
        set_losses(task, self._training.monitor)
        return task.call_on_fit_task_end(
            estimator=self._estimator,
            **self._end_data,
            reconstruction_attributes=self._fitted_attributes,
        )

    def finish(self):
        """End the fit. An iteration that L-BFGS has not completed ends without data."""
        if self._open is not None:
            self._open.call_on_fit_task_end(estimator=self._estimator)
        self._root.call_on_fit_task_end(
            estimator=self._estimator, **self._end_data, reconstruction_attributes={}
        )

    def _fitted_attributes(self):
        """Return the attributes that ``fit`` would set if it stopped now."""
        n_iter = self._training.monitor.n_iter
        reason = f"Read by a callback after {n_iter} {self._task_name}s."
        return attributes_learnt(self._estimator, self._training.outcome(reason, copied=True))
