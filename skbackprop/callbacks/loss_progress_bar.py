"""A progress bar that shows the losses of each fit."""

from __future__ import annotations

from importlib.util import find_spec
from numbers import Integral
from threading import Lock
from typing import TYPE_CHECKING

from ..utils import Interval, refusal

if TYPE_CHECKING:
    from typing import Any

    from .display import Bar, Drawing


class LossProgressBar:
    """Show a progress bar with the training loss, and the validation loss if there is one.

    Each fit has a bar, and so has each member of a table estimator. In a search, the bar of a
    finished fit is removed when the next fit starts. ``set_callbacks`` of all estimators that
    support callbacks accepts it; the networks of this package show losses.

    Parameters
    ----------
    max_propagation_depth : int or None, default=1
        Levels of nested estimators that have bars below the bar of the outermost estimator. A
        network in a pipeline is one level down, a network in a pipeline in a search two. None
        means all levels.

    See Also
    --------
    sklearn.callback.ProgressBar : Bars without losses, also for fits in worker processes.

    Notes
    -----
    Needs scikit-learn 1.9 and rich: ``pip install "skbackprop[progress]"``.

    Bars are drawn by the process in which ``fit`` was called, for all its threads. A fit in a
    worker process has no bar: a search with ``n_jobs=2`` shows its own bar, which does not move
    until the search ends, and the bar of the refit.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.callbacks import LossProgressBar
    >>> X, y = load_iris(return_X_y=True)
    >>> net = BackpropClassifier(solver="lbfgs", max_iter=500, random_state=0)
    >>> net.set_callbacks(LossProgressBar()).fit(X, y)  # doctest: +SKIP
    BackpropClassifier ━━━━━━━━━━━━━━━━━━━━ 256/500 loss 0.0218 0:00:00
    """

    def __init__(self, max_propagation_depth: int | None = 1) -> None:
        if find_spec("rich") is None:
            raise ImportError('LossProgressBar needs rich: pip install "skbackprop[progress]".')
        allowed = [Interval(Integral, 0, None, closed="left"), None]
        message = refusal(
            "LossProgressBar", "max_propagation_depth", max_propagation_depth, allowed
        )
        if message is not None:
            raise ValueError(message)
        self.max_propagation_depth = max_propagation_depth
        self._begin()

    def _begin(self) -> None:
        self._lock = Lock()
        self._fits: set[Any] = set()
        self._bars: dict[tuple[Any, ...], Bar] = {}
        self._drawing: Drawing | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {"max_propagation_depth": self.max_propagation_depth}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Make a copy that draws nothing until its ``setup``, as in a worker process."""
        self.__dict__.update(state)
        self._begin()

    def setup(self, estimator: Any, context: Any) -> None:
        """Start to draw; scikit-learn calls this at the start of the outermost fit.

        Parameters
        ----------
        estimator : estimator
            The outermost estimator.

        context : CallbackContext
            The task of its fit.
        """
        from .display import Drawing

        with self._lock:
            self._fits.add(context.root_uuid)
            if self._drawing is None:
                self._drawing = Drawing()
                self._drawing.start()

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Add a bar, unless the task is an epoch or iteration.

        Parameters
        ----------
        estimator : estimator
            The estimator whose task starts.

        context : CallbackContext
            The task.
        """
        is_fit = context.parent is None or context.source_estimator_name is not None
        if self._drawing is None or not (is_fit or context.max_subtasks != 0):
            return
        from .display import Bar

        path = _path(context)
        name = context.estimator_name if is_fit else context.task_name
        text = "  " * (len(path) - 2) + name + _number(context)
        with self._lock:
            if is_fit:
                self._remove_ended(path[:-1])
            total = context.max_subtasks or None
            self._bars[path] = Bar(self._drawing, path, text, total, is_fit)

    def _remove_ended(self, parent: tuple[Any, ...]) -> None:
        """Remove the bars of the fits below a task that have ended, and of their members."""
        siblings = {path: bar for path, bar in self._bars.items() if path[:-1] == parent}
        ended = {path for path, bar in siblings.items() if bar.is_fit and bar.has_ended}
        for path in [path for path in self._bars if path[: len(parent) + 1] in ended]:
            self._bars.pop(path).remove()

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        """Advance the bar of the task around this one, and fill the bar of this one.

        Parameters
        ----------
        estimator : estimator
            The estimator whose task ends.

        context : CallbackContext
            The task; an epoch or iteration of this package has its losses as attributes.
        """
        if self._drawing is None:
            return
        path = _path(context)
        if path in self._bars:
            self._bars[path].end()
        if path[:-1] in self._bars:
            loss = getattr(context, "loss", None)
            losses = None if loss is None else (loss, context.validation_loss)
            self._bars[path[:-1]].advance(losses)

    def teardown(self, estimator: Any, context: Any) -> None:
        """Draw the last state; scikit-learn calls this at the end of the outermost fit.

        Parameters
        ----------
        estimator : estimator
            The outermost estimator.

        context : CallbackContext
            The task of its fit.
        """
        with self._lock:
            self._fits.discard(context.root_uuid)
            for path in [path for path in self._bars if path[0] == context.root_uuid]:
                self._bars.pop(path).update()
            if not self._fits and self._drawing is not None:
                self._drawing.stop()
                self._drawing = None


def _path(context: Any) -> tuple[Any, ...]:
    """Return the identifier of the outermost fit, and the numbers of the tasks down to this."""
    if context.parent is None:
        return context.root_uuid, context.task_id
    return (*_path(context.parent), context.task_id)


def _number(context: Any) -> str:
    """Return which one of several tasks of the same kind this is; steps in turn have none."""
    parent = context.parent
    if parent is None or parent.sequential_subtasks:
        return ""
    of_all = "" if parent.max_subtasks is None else f" of {parent.max_subtasks}"
    return f" {context.task_id + 1}{of_all}"
