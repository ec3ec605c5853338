"""What a continued fit needs from the fits before it."""

from copy import deepcopy
from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state

from ..network import DropoutStream
from .patience import Patience
from .schedules import CountedProgress


class TrainingState:
    """Generator, order of the rows, split, update rule and progress.

    ``warm_start`` and ``partial_fit`` go on from it; a plain ``fit`` drops it at its end.

    Attributes
    ----------
    random_state : RandomState
        Source of all draws, in the order of scikit-learn: starting values, split, shuffles.

    update_rule, patience, progress : UpdateRule, Patience, CountedProgress
        The rule with its moments; the patience of the last call of ``partial_fit``.

    split : tuple of ndarrays or None
        Positions of the training rows, of the validation rows, and perhaps of those left out.

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
        """Whether the estimator's ``random_state`` is still the one this state began with."""
        if isinstance(seed, Integral) and isinstance(self.seed, Integral):
            return seed == self.seed
        return seed is self.seed

    def copy(self):
        """A state that goes on from here on its own.

        A generator that was given as an instance, or is NumPy's global one, stays shared, as
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
        """Order of the rows for the next epoch: a permutation of the last one."""
        permutation = np.arange(n_rows)
        self.random_state.shuffle(permutation)
        if self._order is None or len(self._order) != n_rows:
            self._order = permutation
        else:
            self._order = self._order[permutation]
        return self._order

    def patience_of_pass(self, tol, n_iter_no_change):
        """The patience of a call of ``partial_fit``, which goes on with that of the last one."""
        patience = Patience(tol, n_iter_no_change)
        patience.follow(self.patience)
        self.patience = patience
        return patience

    def use_dropout(self):
        """Go on with the random bits for dropout, or begin them."""
        if self.dropout_stream is None:
            self.dropout_stream = DropoutStream(self.random_state)
        return self.dropout_stream

    def resume_average(self, theta):
        """Where the fit before has published an average, go on from what it is the average of."""
        rule = self.update_rule
        if rule is not None and rule.average is not None:
            rule.average.resume(theta)

    def drop_rule(self):
        """Begin with fresh moments: these do not belong to the parameters to go on from."""
        self.update_rule = None

    def use_rule(self, rule):
        """Go on by a rule, with the moments of the earlier one if it was of the same kind."""
        if type(rule) is type(self.update_rule):
            rule.follow(self.update_rule)
        self.update_rule = rule
