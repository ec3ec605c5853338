"""Update rules: what a step does with a gradient, on flat vectors and in place."""

import math
from copy import copy

import numpy as np

__all__ = ["SGD", "Adam", "UpdateRule"]

# Elements that a rule works on at a time: several vectors of this length fit a core's cache.
_PIECE = 1 << 16


def _pieces(*vectors):
    """Cut vectors of equal length into pieces that fit the cache."""
    return [
        tuple(vector[start : start + _PIECE] for vector in vectors)
        for start in range(0, vectors[0].size, _PIECE)
    ]


class UpdateRule:
    """Changes parameters by a gradient; remembers what it needs between steps.

    Attributes
    ----------
    moments : list of ndarrays of shape (n_parameters,)
        Running averages; empty before the first step.

    n_steps : int
        Steps made so far.
    """

    n_moments = 0

    def __init__(self):
        self.moments = []
        self.n_steps = 0

    def bind(self, parameters, gradient):
        """Steps on two vectors.

        Parameters
        ----------
        parameters : ndarray of shape (n_parameters,)
            What each step changes.

        gradient : ndarray of shape (n_parameters,)
            Where each step finds the gradient of the objective at ``parameters``.

        Returns
        -------
        step : callable
            ``step(rate)`` makes one step with that learning rate.
        """
        if not self.moments:
            self.moments = [np.zeros_like(parameters) for _ in range(self.n_moments)]
        pieces = _pieces(parameters, gradient, *self.moments)
        scratch = np.empty_like(pieces[0][0])

        def step(rate):
            self.n_steps += 1
            self._update(pieces, scratch, rate)

        return step

    def follow(self, earlier):
        """Go on with the moments of an earlier rule of the same kind."""
        self.moments = earlier.moments
        self.n_steps = earlier.n_steps

    def copy(self):
        """A rule that goes on from here on its own."""
        twin = copy(self)
        twin.moments = [moment.copy() for moment in self.moments]
        return twin

    def _update(self, pieces, scratch, rate):
        """Change the parameters, piece by piece."""
        raise NotImplementedError


class SGD(UpdateRule):
    """Gradient descent with momentum, classical or Nesterov's.

    ``v <- momentum v - rate g``, then ``theta <- theta + v``, or with Nesterov's momentum
    ``theta <- theta + momentum v - rate g``.

    Parameters
    ----------
    momentum : float
        Share of the last step that is kept, in [0, 1].

    nesterov : bool
        Whether the gradient is applied once more after the momentum.

    References
    ----------
    Sutskever, Martens, Dahl & Hinton (2013), "On the importance of initialization and momentum in
    deep learning", ICML, eq. 1-4.
    """

    n_moments = 1

    def __init__(self, momentum, nesterov):
        super().__init__()
        self.momentum = momentum
        self.nesterov = nesterov

    def _update(self, pieces, scratch, rate):
        for theta, g, v in pieces:
            step = scratch[: theta.size]
            np.multiply(g, rate, out=step)
            np.multiply(v, self.momentum, out=v)
            np.subtract(v, step, out=v)
            if self.nesterov:
                np.subtract(theta, step, out=theta)
                np.multiply(v, self.momentum, out=step)
                np.add(theta, step, out=theta)
            else:
                np.add(theta, v, out=theta)


class Adam(UpdateRule):
    """Adam: steps scaled by running moments of the gradient.

    ``m <- beta_1 m + (1 - beta_1) g``, ``v <- beta_2 v + (1 - beta_2) g^2``, then at step ``t``
    ``theta <- theta - rate sqrt(1 - beta_2^t) / (1 - beta_1^t) m / (sqrt(v) + epsilon)``.

    Kept are ``m / (1 - beta_1)`` and ``v / (1 - beta_2)``, which saves a multiplication each.

    Parameters
    ----------
    beta_1, beta_2 : float
        Decay rates of the moments, in [0, 1).

    epsilon : float
        Keeps the divisor away from zero.

    References
    ----------
    Kingma & Ba (2015), "Adam: a method for stochastic optimization", ICLR, section 2 (the form in
    which epsilon is added before the bias correction of ``v``).
    """

    n_moments = 2

    def __init__(self, beta_1, beta_2, epsilon):
        super().__init__()
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def follow(self, earlier):
        super().follow(earlier)
        factors = (
            (1 - earlier.beta_1) / (1 - self.beta_1),
            (1 - earlier.beta_2) / (1 - self.beta_2),
        )
        for moment, factor in zip(self.moments, factors, strict=False):
            if factor != 1:
                np.multiply(moment, factor, out=moment)

    def _update(self, pieces, scratch, rate):
        t = self.n_steps
        corrected = rate * math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        root = math.sqrt(1 - self.beta_2)
        factor = -corrected * (1 - self.beta_1) / root
        epsilon = self.epsilon / root
        for theta, g, m, v in pieces:
            step = scratch[: theta.size]
            np.multiply(m, self.beta_1, out=m)
            np.add(m, g, out=m)
            np.multiply(v, self.beta_2, out=v)
            np.multiply(g, g, out=step)
            np.add(v, step, out=v)
            np.sqrt(v, out=step)
            np.add(step, epsilon, out=step)
            np.divide(m, step, out=step)
            np.multiply(step, factor, out=step)
            np.add(theta, step, out=theta)
