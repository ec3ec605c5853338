"""The progress of a fit of several networks: what is printed, callbacks, and when to stop."""

import threading
from time import perf_counter

import numpy as np

from ..training import attributes_learnt, data_at_begin, data_at_end, has_callbacks, set_losses


class EnsembleProgress:
    """The course of a fit of several networks, which may run side by side.

    For the callbacks the fit is a task, in which each network is one, in which each of its epochs
    is one. They are called by one thread at a time, and see the data as ``given``.

    Once it is ``stopped`` (by Ctrl-C, if ``interrupted``), networks are to end after their epoch,
    and no further ones to begin.
    """

    def __init__(self, estimator, n_members, max_epochs, given, earlier=()):
        self.stopped = self.interrupted = False
        self._estimator = estimator
        self._given = given
        self._max_epochs = max_epochs
        self._begun, self._ended = {}, {}
        self._stories = {}
        self._earlier = dict(enumerate(earlier))
        self._lock = threading.Lock()
        self._root = None
        if has_callbacks(estimator):
            self._root = estimator._init_callback_context(
                max_subtasks=n_members, sequential_subtasks=False
            )
            self._tell_begin(self._root, None)

    @property
    def members(self):
        """Outcomes of the networks that have ended, or that an earlier fit has left, in order."""
        return self._in_order({})

    @property
    def has_new(self):
        """Whether a network has ended in this fit."""
        return bool(self._ended)

    def _in_order(self, running):
        outcomes = self._earlier | self._ended | running
        return [outcomes[number] for number in sorted(outcomes)]

    def member_tasks(self, number, monitor, outcome):
        """The tasks of a network, which begins, and which a monitor watches.

        ``outcome(reason, copied=True)`` is what the network would be if it ended now.
        """
        task = None
        with self._lock:
            self._begun[number] = perf_counter()
        if self._root is not None:
            task = self.begin(self._root, None, "member", number, max_subtasks=self._max_epochs)
        return _MemberTasks(self, number, monitor, outcome, task)

    def member_ends(self, number, outcome):
        """A network has ended."""
        seconds = perf_counter() - self._begun[number]
        losses = outcome.validation_losses
        best = losses[outcome.best_iter - 1] if losses else np.nan
        if np.isnan(best):
            story = f"{seconds:.1f} s, loss {outcome.loss:.4g}, {outcome.n_iter} epochs"
        else:
            story = f"{seconds:.1f} s, validation loss {best:.4g}, "
            story += f"best epoch {outcome.best_iter} of {outcome.n_iter}"
        self._ended[number] = outcome
        self._stories[number] = story
        self._say_in_order()

    def _say_in_order(self, up_to_now=False):
        """Print the lines of networks that have ended, once those before them have ended too."""
        with self._lock:
            running = self._begun.keys() - self._ended.keys()
            for number in sorted(self._stories):
                if up_to_now or all(number < other for other in running):
                    self._print(number, self._stories.pop(number))

    def begin(self, parent, running, *name, **expected):
        """A part of a task begins; ``running()`` is the network it is about, by its number."""
        with self._lock:
            task = parent.subcontext(*name, **expected)
            self._tell_begin(task, running)
        return task

    def end(self, task, running):
        """A task ends; return whether a callback asks to stop what the task is part of."""
        with self._lock:
            return task.call_on_fit_task_end(
                estimator=self._estimator,
                **data_at_end(self._given),
                reconstruction_attributes=lambda: self._fitted_attributes(running),
            )

    def stop(self, error=None):
        """Let the networks end after their epoch, because of an error or as a callback asks."""
        if isinstance(error, KeyboardInterrupt):  # only ever set: several threads may stop at once
            self.interrupted = True
        self.stopped = True

    def finish(self):
        """The fit ends."""
        self._say_in_order(up_to_now=True)
        if self._root is not None:
            self._root.call_on_fit_task_end(
                estimator=self._estimator,
                **data_at_end(self._given),
                reconstruction_attributes={},
            )

    def say(self, number, story):
        """Print a line about an epoch of a network, with ``verbose`` from 2 on."""
        if self._estimator.verbose >= 2:
            with self._lock:
                self._print(number, story)

    def _print(self, number, story):
        if self._estimator.verbose:
            print(f"Member {number + 1} of {self._estimator.n_members}, {story}")

    def _tell_begin(self, task, running):
        task.call_on_fit_task_begin(
            estimator=self._estimator,
            **data_at_begin(self._given),
            reconstruction_attributes=lambda: self._fitted_attributes(running),
        )

    def _fitted_attributes(self, running):
        """What the estimator would have, of the networks that have ended and of this one."""
        members = self._in_order({} if running is None else running())
        return attributes_learnt(self._estimator, members) if members else None


class _MemberTasks:
    """The tasks of one network, as its monitor wants them."""

    def __init__(self, progress, number, monitor, outcome, task):
        self._progress = progress
        self._number = number
        self._monitor = monitor
        self._outcome = outcome
        self._task = task
        self._epoch = None

    def begin(self):
        """An epoch begins."""
        if self._task is not None:
            running = self._running if self._monitor.n_iter else None
            self._epoch = self._progress.begin(self._task, running, "epoch")

    def end(self):
        """The epoch ends; return whether the network is to end here."""
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
        """The network ends; a callback that asks to stop here means all of them."""
        if self._task is not None and self._progress.end(self._task, None):
            self._progress.stop()

    def _running(self):
        """The network as if it ended now, by its number."""
        reason = f"Seen by a callback after {self._monitor.n_iter} epochs."
        return {self._number: self._outcome(reason, copied=True)}
