"""Time budget of a fit."""

import threading
from time import perf_counter

# Largest number of members of a fit with a time budget.
_MOST_MEMBERS = 1000


class TimeBudget:
    """Decide whether the training of another member may start; safe in threads.

    It may start if the remaining time is at least the mean time of the members so far. The clock
    starts when the object is made.

    Parameters
    ----------
    seconds : float or None
        The budget. None has no limit.

    n_always : int
        Number of members that are trained in any case.
    """

    def __init__(self, seconds, n_always):
        self._end = None if seconds is None else perf_counter() + seconds
        self._n_always = n_always
        self._is_over = False
        self._spent, self._n_ended = 0.0, 0
        self._lock = threading.Lock()

    def allows(self, number):
        """Return whether member ``number`` may start; after a refusal, no later one may."""
        if self._end is None or self.requires(number):
            return True
        with self._lock:
            expected = self._spent / max(1, self._n_ended)
            self._is_over = self._is_over or perf_counter() + expected > self._end
            return not self._is_over

    def requires(self, number):
        """Return whether member ``number`` is trained in any case."""
        return number < self._n_always

    def add(self, seconds):
        """Record the time of the training of a member."""
        with self._lock:
            self._spent += seconds
            self._n_ended += 1


def most_members(settings):
    """Return the largest number of members that a fit may train."""
    if settings.time_budget is None:
        return settings.n_members
    return max(_MOST_MEMBERS, settings.n_members)


def why_no_partial_fit(estimator):
    """Return why these parameters rule out ``partial_fit``, or None if they do not."""
    return _why_not_with(estimator, "partial_fit")


def check_time_budget(estimator, goes_on):
    """Raise ValueError for a fit that a time budget excludes."""
    reason = _why_not_with(estimator, "warm_start=True") if estimator.warm_start else None
    if reason is not None:
        raise ValueError(reason)
    if goes_on and estimator.ensemble_loss_curve_ is not None:
        raise ValueError(
            "warm_start and partial_fit cannot continue a fit with a time budget, because its "
            "members have different recipes and weights. To start again, set warm_start=False and "
            "call fit."
        )


def _why_not_with(estimator, excluded):
    if estimator.time_budget is None:
        return None
    return (
        f"time_budget={estimator.time_budget!r} and {excluded} exclude each other: the members of "
        "a fit with a time budget are selected at its end. Set time_budget=None."
    )
