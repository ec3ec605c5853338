"""Progress of a fit of several networks: printed lines, callbacks and stopping."""

import threading
from collections import deque
from time import perf_counter

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ..training import attributes_learnt, data_at_begin, data_at_end, has_callbacks, set_losses
from ..utils import warn
from .ensemble import Ensemble


class EnsembleProgress:
    """Report the progress of a fit of several networks, which may be trained in parallel.

    For the callbacks, the fit is a task, its subtasks are the networks, and their subtasks are the
    epochs. Callbacks are called by one thread at a time, with the data in ``given``.
    ``numbers`` are those of the networks that may be trained, in order.

    When the progress is ``stopped`` (if also ``interrupted``, by Ctrl-C), each network ends after
    its current epoch, and no further networks start.
    """

    def __init__(self, estimator, numbers, designs, given):
        self.stopped = self.interrupted = False
        self._estimator = estimator
        self._given = given
        self._designs = designs
        self._to_print = deque(numbers)
        self._begun, self._ended = {}, {}
        self._stories = {}
        self._earlier = dict(enumerate(designs.members))
        self._lock = threading.Lock()
        self._root = None
        if has_callbacks(estimator):
            n_members = len(numbers) if estimator.time_budget is None else None
            self._root = estimator._init_callback_context(
                max_subtasks=n_members, sequential_subtasks=False
            )
            self._tell_begin(self._root, None)

    @property
    def members(self):
        """Return the outcomes of the finished networks and of an earlier fit, by number."""
        return self._in_order({})

    @property
    def has_new(self):
        """Return whether a network has ended in this fit."""
        return bool(self._ended)

    def _in_order(self, running):
        outcomes = self._earlier | self._ended | running
        return {number: outcomes[number] for number in sorted(outcomes)}

    def member_tasks(self, number, max_epochs, monitor, outcome):
        """Begin the task of a network and return its tasks; a monitor records its training.

        ``outcome(reason, copied=True)`` returns the outcome as if training ended now.
        """
        task = None
        with self._lock:
            self._begun[number] = perf_counter()
        if self._root is not None:
            task = self.begin(self._root, None, "member", number, max_subtasks=max_epochs)
        return _MemberTasks(self, number, monitor, outcome, task)

    def member_ends(self, number, outcome):
        """Store the outcome of a network that has ended, and print its line."""
        seconds = perf_counter() - self._begun[number]
        losses = outcome.validation_losses
        best = losses[outcome.best_iter - 1] if losses else np.nan
        if np.isnan(best):
            story = f"{seconds:.1f} s, loss {outcome.loss:.4g}, {outcome.n_iter} epochs"
        else:
            story = f"{seconds:.1f} s, validation loss {best:.4g}, "
            story += f"best epoch {outcome.best_iter} of {outcome.n_iter}"
        self._ended[number] = outcome
        self._say_in_order(number, story)

    def member_diverges(self, number):
        """Warn that a network has no outcome, and print its line."""
        warn(
            f"Training of network {number + 1} diverged. The ensemble has no network with this "
            "recipe. Lower learning_rate_init.",
            ConvergenceWarning,
        )
        self._say_in_order(number, "left out because its training diverged")

    def _say_in_order(self, number, story):
        """Print the lines of finished networks, in order; wait for those before them."""
        with self._lock:
            self._stories[number] = story
            while self._to_print and self._to_print[0] in self._stories:
                number = self._to_print.popleft()
                self._print(number, self._stories.pop(number))

    def begin(self, parent, running, *name, **expected):
        """Begin a subtask; ``running()`` returns a dict of its network's number and outcome."""
        with self._lock:
            task = parent.subcontext(*name, **expected)
            self._tell_begin(task, running)
        return task

    def end(self, task, running):
        """End a task; return whether a callback asks to stop the parent task."""
        with self._lock:
            return task.call_on_fit_task_end(
                estimator=self._estimator,
                **data_at_end(self._given),
                reconstruction_attributes=lambda: self._fitted_attributes(running),
            )

    def stop(self, error=None):
        """Stop the networks after their current epoch, because of an error or a callback."""
        if isinstance(error, KeyboardInterrupt):  # never reset, because several threads may stop
            self.interrupted = True
        self.stopped = True

    def finish(self):
        """End the task of the fit, and print the remaining lines."""
        with self._lock:
            for number in sorted(self._stories):
                self._print(number, self._stories.pop(number))
        if self._root is not None:
            self._root.call_on_fit_task_end(
                estimator=self._estimator,
                **data_at_end(self._given),
                reconstruction_attributes={},
            )

    def say(self, number, story):
        """Print a line about an epoch of a network if ``verbose`` is 2 or more."""
        if self._estimator.verbose >= 2:
            with self._lock:
                self._print(number, story)

    def _print(self, number, story):
        if self._estimator.verbose:
            n_members = self._estimator.n_members
            of_all = "" if self._estimator.time_budget is not None else f" of {n_members}"
            print(f"Member {number + 1}{of_all}, {story}")

    def _tell_begin(self, task, running):
        task.call_on_fit_task_begin(
            estimator=self._estimator,
            **data_at_begin(self._given),
            reconstruction_attributes=lambda: self._fitted_attributes(running),
        )

    def _fitted_attributes(self, running):
        """Return the fitted attributes for the finished networks and the running one."""
        members = self._in_order({} if running is None else running())
        if not members:
            return None
        return attributes_learnt(self._estimator, Ensemble.of_all(members, self._designs.recipes))


class _MemberTasks:
    """Report the tasks of one network: its training and its epochs."""

    def __init__(self, progress, number, monitor, outcome, task):
        self._progress = progress
        self._number = number
        self._monitor = monitor
        self._outcome = outcome
        self._task = task
        self._epoch = None

    def begin(self):
        """Begin an epoch."""
        if self._task is not None:
            running = self._running if self._monitor.n_iter else None
            self._epoch = self._progress.begin(self._task, running, "epoch")

    def end(self):
        """End the epoch; return whether training of the network stops."""
        monitor = self._monitor
        story = f"epoch {monitor.n_iter}, loss {monitor.last_loss:.4g}"
        if monitor.validation_losses:
            story += f", validation loss {monitor.validation_losses[-1]:.4g}"
        self._progress.say(self._number, story)
        asked = False
        if self._task is not None:
            set_losses(self._epoch, monitor)
            asked = self._progress.end(self._epoch, self._running)
        return asked or self._progress.stopped

    def finish(self):
        """End the task of the network; a callback that asks to stop here stops all networks."""
        if self._task is not None and self._progress.end(self._task, None):
            self._progress.stop()

    def _running(self):
        """Return a dict of the network's number and its outcome as if it ended now."""
        reason = f"Seen by a callback after {self._monitor.n_iter} epochs."
        return {self._number: self._outcome(reason, copied=True)}
