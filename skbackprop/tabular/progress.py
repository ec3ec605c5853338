"""How far the networks of a fit are: who is told of it, and when they are to stop."""

import threading
from copy import copy

from ..callbacks import attributes_learnt, fitted_copy

__all__ = ["FitProgress", "MemberTasks"]


class FitProgress:
    """The course of a fit of several networks, which may run side by side.

    For the callbacks the fit is a task, in which each network is one, in which each of its epochs
    is one. They are called by one thread at a time.

    Parameters
    ----------
    estimator : BaseTabular
        What is fitted.

    members : list of Member
        Its networks.

    data : FitData
        What the callbacks may see.

    Attributes
    ----------
    stopped : bool
        Whether networks are to end after their epoch, and no further ones to begin.

    interrupted : bool
        Whether that is because of Ctrl-C.
    """

    def __init__(self, estimator, members, data):
        self.stopped = self.interrupted = False
        self._estimator = estimator
        self._members = members
        self._data = data
        self._lock = threading.Lock()
        self._root = None
        if getattr(estimator, "_skl_callbacks", None):
            self._root = estimator._init_callback_context(
                max_subtasks=len(members), sequential_subtasks=False
            )
            self._tell_begin(self._root)

    def begin_member(self, member):
        """The task of a network, which begins; None where there are no callbacks."""
        if self._root is None:
            return None
        with self._lock:
            task = self._root.subcontext("member", member.number, max_subtasks=member.max_iter)
            self._tell_begin(task)
        return task

    def begin_epoch(self, task, running):
        """The task of an epoch, which begins, of a network's task."""
        with self._lock:
            epoch = task.subcontext("epoch")
            self._tell_begin(epoch, running)
        return epoch

    def end(self, task, running):
        """A task ends; return whether a callback asks to stop what the task is part of.

        ``running()`` is the network it is about, as it is now.
        """
        with self._lock:
            return task.call_on_fit_task_end(
                estimator=self._estimator,
                **self._data.at_end(),
                reconstruction_attributes=lambda: self._fitted_attributes(running),
            )

    def stop(self, error=None):
        """Let the networks end after their epoch, because of an error or as a callback asks."""
        self.interrupted = isinstance(error, KeyboardInterrupt)
        self.stopped = True

    def finish(self):
        """The fit ends."""
        if self._root is not None:
            self._root.call_on_fit_task_end(
                estimator=self._estimator, **self._data.at_end(), reconstruction_attributes={}
            )

    def say(self, member, story, level=1):
        """Print a line about a network, if the estimator's ``verbose`` is so high."""
        if self._estimator.verbose < level:
            return
        with self._lock:
            print(f"Member {member.number + 1}: {story}")

    def _tell_begin(self, task, running=None):
        task.call_on_fit_task_begin(
            estimator=self._estimator,
            **self._data.at_begin(),
            reconstruction_attributes=lambda: self._fitted_attributes(running),
        )

    def _fitted_attributes(self, running):
        """What the estimator would have, of the networks that have ended and of this one."""
        fitted = copy(self._estimator)
        fitted.members_ = [member for member in self._members if hasattr(member, "coefs_")]
        if running is not None:
            fitted.members_.append(running())
        if not fitted.members_:
            return None
        fitted._publish()
        return attributes_learnt(self._estimator, fitted)


class MemberTasks:
    """The tasks of one network, as its monitor wants them.

    Parameters
    ----------
    progress : FitProgress
        That of all networks.

    member : Member
        The network.

    fit : object
        Its fit, as its ``_publish`` wants it.
    """

    def __init__(self, progress, member, fit):
        self._progress = progress
        self._member = member
        self._fit = fit
        self._task = progress.begin_member(member)
        self._epoch = None

    def begin(self):
        """An epoch begins."""
        if self._task is not None:
            running = self._running if self._fit.monitor.n_iter else None
            self._epoch = self._progress.begin_epoch(self._task, running)

    def end(self):
        """The epoch ends; return whether the network is to end here."""
        self._progress.say(self._member, self._story(), level=2)
        asked = self._task is not None and self._progress.end(self._epoch, self._running)
        return asked or self._progress.stopped

    def finish(self):
        """The network ends; a callback that asks to stop here means all of them."""
        if self._task is not None and self._progress.end(self._task, None):
            self._progress.stop()

    def _running(self):
        """The network as if it ended now."""
        n_iter = self._fit.monitor.n_iter
        return fitted_copy(self._member, self._fit, f"Seen by a callback after {n_iter} epochs.")

    def _story(self):
        monitor = self._fit.monitor
        story = f"epoch {monitor.n_iter}, loss {monitor.last_loss:.6g}"
        if not monitor.validation_losses:
            return story
        return f"{story}, validation loss {monitor.validation_losses[-1]:.6g}"
