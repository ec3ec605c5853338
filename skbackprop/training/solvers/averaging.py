"""The exponential moving average of the parameters over the steps of training."""

import math

import numpy as np


class MovingAverage:
    """``average <- average + w_t (theta - average)`` after each step ``t = 1, 2, ...``

    The weight is ``w_t = (1 - decay) / (1 - decay^t)``: it is the average of the iterates
    ``theta_1, ..., theta_t`` with weights ``decay^(t - i)``, without the initial parameters. For
    ``decay`` near 1 the weight approaches ``1 / t``, which gives Polyak-Ruppert averaging.

    Parameters
    ----------
    decay : float
        Weight of a step relative to the next one, in (0, 1).

    Attributes
    ----------
    flat : ndarray of shape (n_parameters,) or None
        The average; None before the first step.

    n_steps : int
        Number of steps in the average.

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
        """Average a vector from now on, and keep a reference to it, the last iterate."""
        if self.flat is None:
            self.flat = np.zeros_like(parameters)
        self.flat = self.flat.astype(parameters.dtype, copy=False)
        self._iterate = parameters

    def next_weight(self):
        """Count a step and return its weight."""
        self.n_steps += 1
        return (1 - self.decay) / -math.expm1(self.n_steps * math.log(self.decay))

    def follow(self, earlier):
        """Continue the average of another object."""
        self.flat, self.n_steps = earlier.flat, earlier.n_steps
        self._iterate = earlier._iterate

    def copy(self):
        """Return an independent copy."""
        twin = MovingAverage(self.decay)
        twin.follow(self)
        twin.flat = None if self.flat is None else self.flat.copy()
        return twin

    def resume(self, parameters):
        """Restore the iterate from which a later fit continues.

        If ``parameters`` are the average, the last iterate is written into them. Otherwise (best
        epoch of early stopping, or values set by the user) a new average starts there.
        """
        if np.array_equal(parameters, self.flat.astype(parameters.dtype)):
            parameters[...] = self._iterate
        else:
            self.flat = None
            self.n_steps = 0
