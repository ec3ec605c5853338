"""The exponential moving average of the parameters over the steps of training."""

import math

import numpy as np


class MovingAverage:
    """``average <- average + w_t (theta - average)`` after each step ``t = 1, 2, ...``

    The weight is ``w_t = (1 - decay) / (1 - decay^t)``: the average is that of the iterates
    ``theta_1, ..., theta_t`` with weights ``decay^(t - i)``, and the starting values do not count.
    For ``decay`` towards 1 the weight becomes ``1 / t``, and the average that of Polyak and
    Ruppert.

    Parameters
    ----------
    decay : float
        Weight of a step relative to the next one, in (0, 1).

    Attributes
    ----------
    flat : ndarray of shape (n_parameters,) or None
        The average; None before the first step.

    n_steps : int
        Steps in it.

    References
    ----------
    Polyak & Juditsky (1992), "Acceleration of stochastic approximation by averaging", SIAM Journal
    on Control and Optimization 30:838-855.
    """

    def __init__(self, decay):
        self.decay = decay
        self.flat = None
        self.n_steps = 0
        self._iterate = None

    def bind(self, parameters):
        """Average a vector from now on; the vector is kept, to go on from it."""
        if self.flat is None:
            self.flat = np.zeros_like(parameters)
        self.flat = self.flat.astype(parameters.dtype, copy=False)
        self._iterate = parameters

    def next_weight(self):
        """Count a step and return its weight."""
        self.n_steps += 1
        return (1 - self.decay) / -math.expm1(self.n_steps * math.log(self.decay))

    def follow(self, earlier):
        """Go on with the average of another one."""
        self.flat, self.n_steps = earlier.flat, earlier.n_steps
        self._iterate = earlier._iterate

    def copy(self):
        """An average that goes on from here on its own."""
        twin = MovingAverage(self.decay)
        twin.follow(self)
        twin.flat = None if self.flat is None else self.flat.copy()
        return twin

    def resume(self, parameters):
        """Find the place to go on from, where the fit before ended.

        If ``parameters`` are the average, they receive the last iterate instead; else (the best
        epoch of early stopping, or values that the user has set), the average begins anew there.
        """
        if np.array_equal(parameters, self.flat.astype(parameters.dtype)):
            parameters[...] = self._iterate
        else:
            self.flat = None
            self.n_steps = 0
