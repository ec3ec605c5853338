"""The stopping rule: patience with a number that should decrease."""

import math

import numpy as np


class Patience:
    """Count consecutive epochs without an improvement.

    An epoch has no improvement if its value is above ``best - tol``. Scores, which should
    increase, are passed with the opposite sign. Patience is exhausted after *more* than
    ``n_iter_no_change`` such epochs, as in scikit-learn.

    Parameters
    ----------
    tol : float
        Smallest improvement that counts.

    n_iter_no_change : int or inf
        Allowed number of consecutive epochs without an improvement.

    Attributes
    ----------
    best : float
        Smallest value so far.

    count : int
        Current number of consecutive epochs without an improvement.
    """

    def __init__(self, tol, n_iter_no_change):
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.best = np.inf
        self.count = 0

    def update(self, value):
        """Record the value of an epoch; return whether it is the best so far.

        NaN, an undefined score, is not an improvement.
        """
        if value > self.best - self.tol or math.isnan(value):
            self.count += 1
        else:
            self.count = 0
        if value < self.best:
            self.best = value
            return True
        return False

    @property
    def exhausted(self):
        """Return whether there were too many epochs without an improvement."""
        return self.count > self.n_iter_no_change

    def renew(self):
        """Reset the count, but keep the best value."""
        self.count = 0

    def follow(self, earlier):
        """Take over the count and the best value of another patience, if there is one."""
        if earlier is not None:
            self.best, self.count = earlier.best, earlier.count

    def forget_all_but(self, values):
        """Recompute the best value from the completed epochs, after an interruption."""
        self.best = min(values)
