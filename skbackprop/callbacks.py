"""Callbacks: the public interface ``sklearn.callback`` of scikit-learn 1.9 and newer.

A fit is a task, and each of its epochs (or iterations of L-BFGS) is a task in it. Callbacks are
told when a task begins and when it ends, and may ask to stop.
"""

from copy import copy, deepcopy
from dataclasses import dataclass

import sklearn

try:
    from sklearn.callback import CallbackSupportMixin as CallbackSupport
    from sklearn.callback import with_callbacks
except ImportError:

    class CallbackSupport:
        """Stands in where scikit-learn has no callbacks."""

        def set_callbacks(self, *callbacks):
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


__all__ = [
    "CallbackSupport",
    "FitData",
    "FitTasks",
    "attributes_learnt",
    "begin_tasks",
    "fitted_copy",
    "with_callbacks",
]


@dataclass(frozen=True)
class FitData:
    """What the user gave to ``fit`` or ``partial_fit``.

    Attributes
    ----------
    X, y, sample_weight, X_val, y_val, sample_weight_val
        As they were given.
    """

    X: object
    y: object
    sample_weight: object = None
    X_val: object = None
    y_val: object = None
    sample_weight_val: object = None

    def at_begin(self):
        """What callbacks are told at the beginning of a task: all of it."""
        return self._told("sample_weight", "X_val", "y_val", "sample_weight_val")

    def at_end(self):
        """What they are told at its end: what ``score`` could be given.

        scikit-learn's ``ScoringMonitor`` hands it on to a scorer.
        """
        return self._told("sample_weight")

    def _told(self, *names):
        given = {name: getattr(self, name) for name in names}
        metadata = {name: value for name, value in given.items() if value is not None}
        return {"X": self.X, "y": self.y, "metadata": metadata or None}


def begin_tasks(estimator, fit, data):
    """Tell the callbacks of an estimator that its fit begins.

    Parameters
    ----------
    estimator : BaseBackprop
        The estimator.

    fit : object
        The fit, with ``monitor`` and ``one_pass``, as the estimator's ``_publish`` wants it.

    data : FitData
        What the callbacks may see.

    Returns
    -------
    tasks : FitTasks or None
        None where there are no callbacks.
    """
    return FitTasks(estimator, fit, data) if getattr(estimator, "_skl_callbacks", None) else None


def fitted_copy(estimator, fit, reason):
    """What an estimator would be if its fit stopped now.

    Parameters
    ----------
    estimator : BaseBackprop
        The estimator.

    fit : object
        The fit, as the estimator's ``_publish`` wants it.

    reason : str
        ``stop_reason_`` of the copy.

    Returns
    -------
    fitted : BaseBackprop
        A copy, with parameters of its own: training goes on in the same arrays.
    """
    fitted = copy(estimator)
    fitted._publish(fit, reason)
    for name in fitted._of_parameters(fit.parameters):
        setattr(fitted, name, deepcopy(getattr(fitted, name)))
    return fitted


def attributes_learnt(estimator, fitted):
    """What a fitted copy of an estimator has, by name, that the estimator has not."""
    before = vars(estimator)
    return {
        name: value
        for name, value in vars(fitted).items()
        if name not in before or value is not before[name]
    }


class FitTasks:
    """The tasks of one fit, one after the other.

    Parameters
    ----------
    estimator, fit, data
        Those of ``begin_tasks``.
    """

    def __init__(self, estimator, fit, data):
        self._estimator = estimator
        self._fit = fit
        self._begin_data, self._end_data = data.at_begin(), data.at_end()
        self._task_name = "iteration" if estimator.solver == "lbfgs" else "epoch"
        self._open = None
        self._root = estimator._init_callback_context(
            max_subtasks=1 if fit.one_pass else estimator.max_iter
        )
        self._root.call_on_fit_task_begin(
            estimator=estimator,
            **self._begin_data,
            reconstruction_attributes=self._fitted_attributes,
        )

    def begin(self):
        """An epoch begins, unless it has begun already."""
        if self._open is None:
            self._open = self._root.subcontext(task_name=self._task_name)
            self._open.call_on_fit_task_begin(
                estimator=self._estimator,
                **self._begin_data,
                reconstruction_attributes=self._fitted_attributes,
            )

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
        """What ``fit`` would publish if it stopped now."""
        n_iter = self._fit.monitor.n_iter
        reason = f"Seen by a callback after {n_iter} {self._task_name}s."
        fitted = fitted_copy(self._estimator, self._fit, reason)
        return attributes_learnt(self._estimator, fitted)
