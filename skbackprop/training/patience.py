"""When to stop: patience with a number that is to become smaller."""

import math

import numpy as np


class Patience:
    """Counts epochs without an improvement, and runs out.

    An epoch counts where its value is above ``best - tol``; a score that is to become larger is
    given with its sign changed. Patience has run out after *more* than ``n_iter_no_change`` such
    epochs in a row (one more than the name says: the rule of scikit-learn).

    Parameters
    ----------
    tol : float
        Least improvement that ends a row of epochs without one.

    n_iter_no_change : int or inf
        Length of the row.

    Attributes
    ----------
    best : float
        Smallest value so far.

    count : int
        Length of the current row.
    """

    def __init__(self, tol, n_iter_no_change):
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.best = np.inf
        self.count = 0

    def update(self, value):
        """Take in the value of an epoch; return whether it is the best so far.

        NaN, an undefined score, is no improvement.
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
        """Whether the row has become too long."""
        return self.count > self.n_iter_no_change

    def renew(self):
        """Begin a new row; the best value stays."""
        self.count = 0

    def follow(self, earlier):
        """Go on with the count and the best value of another patience, if there is one."""
        if earlier is not None:
            self.best, self.count = earlier.best, earlier.count

    def forget_all_but(self, values):
        """Take the best of some values for the best so far, after an interruption."""
        self.best = min(values)
