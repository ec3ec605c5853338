"""The state that a continued fit needs from earlier fits."""

from copy import deepcopy
from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state

from ..network import DropoutStream
from .patience import Patience
from .schedules import CountedProgress


class TrainingState:
    """Hold the random number generator, order of the rows, split, update rule and progress.

    ``warm_start`` and ``partial_fit`` continue from it. A plain ``fit`` drops it at its end.

    Attributes
    ----------
    random_state : RandomState
        Random number generator. It draws in the order of scikit-learn: initial weights, split,
        shuffles.

    update_rule, patience, progress : UpdateRule, Patience, CountedProgress
        The rule with its moments, and the patience of the last call of ``partial_fit``.

    split : tuple of ndarrays or None
        Positions of training rows, validation rows, and optionally of rows left out.

    dropout_stream : DropoutStream or None
        Random bits for dropout; None before the first step with dropout.
    """

    def __init__(self, seed):
        self.seed = seed
        self.random_state = check_random_state(seed)
        self.update_rule = None
        self.patience = None
        self.progress = CountedProgress()
        self.split = None
        self.dropout_stream = None
        self._order = None

    def is_of(self, seed):
        """Return whether the estimator's ``random_state`` is the one this state started with."""
        if isinstance(seed, Integral) and isinstance(self.seed, Integral):
            return seed == self.seed
        return seed is self.seed

    def copy(self):
        """Return an independent copy of the state.

        A generator that was passed as an instance, or is NumPy's global one, stays shared, as
        everywhere in scikit-learn.
        """
        twin = TrainingState(self.seed)
        twin.random_state = (
            deepcopy(self.random_state) if isinstance(self.seed, Integral) else self.random_state
        )
        twin.update_rule = None if self.update_rule is None else self.update_rule.copy()
        twin.patience = deepcopy(self.patience)
        twin.progress = deepcopy(self.progress)
        twin.split = self.split
        twin.dropout_stream = deepcopy(self.dropout_stream)
        twin._order = self._order
        return twin

    def next_order(self, n_rows):
        """Return the order of the rows for the next epoch, a permutation of the last one."""
        permutation = np.arange(n_rows)
        self.random_state.shuffle(permutation)
        if self._order is None or len(self._order) != n_rows:
            self._order = permutation
        else:
            self._order = self._order[permutation]
        return self._order

    def patience_of_pass(self, tol, n_iter_no_change):
        """Return the patience of a call of ``partial_fit``, which continues the last one."""
        patience = Patience(tol, n_iter_no_change)
        patience.follow(self.patience)
        self.patience = patience
        return patience

    def use_dropout(self):
        """Return the stream of random bits for dropout, a new one if there is none."""
        if self.dropout_stream is None:
            self.dropout_stream = DropoutStream(self.random_state)
        return self.dropout_stream

    def resume_average(self, theta):
        """If the last fit kept averaged parameters, restore its last iterate into ``theta``."""
        rule = self.update_rule
        if rule is not None and rule.average is not None:
            rule.average.resume(theta)

    def drop_rule(self):
        """Drop the moments, because they do not belong to the current parameters."""
        self.update_rule = None

    def use_rule(self, rule):
        """Continue with a rule, and with the moments of the earlier one if it is of its kind."""
        if type(rule) is type(self.update_rule):
            rule.follow(self.update_rule)
        self.update_rule = rule
