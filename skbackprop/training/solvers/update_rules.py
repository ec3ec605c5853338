"""Update rules, which change a flat vector of parameters by a gradient, in place."""

import math
from copy import copy
from typing import Literal, TypeAlias

import numpy as np

from ...kernels import NUMPY, Vectors
from .averaging import MovingAverage


class UpdateRule:
    """Change parameters by a gradient, and keep moments between steps.

    Parameters
    ----------
    weight_decay : float, default=0.0
        Decoupled weight decay: each step first multiplies the penalised parameters by
        ``1 - rate weight_decay``, independently of the gradient.

    average : float or None, default=None
        Decay of the moving average of the parameters; None for no average.

    Attributes
    ----------
    moments : list of ndarrays of shape (n_parameters,)
        Running averages; empty before the first step.

    n_steps : int
        Number of steps so far.

    average : MovingAverage or None
        Average of the parameters over the steps.

    References
    ----------
    Loshchilov & Hutter (2019), "Decoupled weight decay regularization", ICLR, algorithms 1 and 2
    (which multiply the decay by the schedule only; here, as in most libraries, it is multiplied by
    the rate).
    """

    n_moments = 0

    @classmethod
    def from_settings(cls, settings):
        """Return the rule for the hyper-parameters."""
        raise NotImplementedError

    def __init__(self, weight_decay=0.0, average=None):
        self.weight_decay = weight_decay
        self.average = None if average is None else MovingAverage(average)
        self.moments = []
        self.n_steps = 0

    def bind(self, parameters, gradient, penalised=None, rates=None, decays=None, kernels=NUMPY):
        """Return a function that makes steps on ``parameters`` by the current ``gradient``.

        The weight decay applies to ``penalised``, a view of the first parameters. ``rates`` are
        factors of the learning rate, which do not apply to the decay, and ``decays`` are factors
        of the decay; None for ones. The function ``step(rate, strength=1.0)`` makes one step with
        this learning rate, and with the decay times ``strength``.
        """
        if not self.moments:
            self.moments = [np.zeros_like(parameters) for _ in range(self.n_moments)]
        self.moments = [moment.astype(parameters.dtype, copy=False) for moment in self.moments]
        decayed = penalised if self.weight_decay else None
        averaged = None
        if self.average is not None:
            self.average.bind(parameters)
            averaged = self.average.flat
        kernel = kernels.update(
            self, Vectors(parameters, gradient, self.moments, decayed, decays, averaged, rates)
        )

        def step(rate, strength=1.0):
            self.n_steps += 1
            lost = rate * self.weight_decay * strength
            weight = 0.0 if self.average is None else self.average.next_weight()
            kernel.change(self._factors(rate), lost, weight)

        return step

    def follow(self, earlier):
        """Continue with the moments and the average of an earlier rule of the same kind."""
        self.moments = earlier.moments
        self.n_steps = earlier.n_steps
        if self.average is not None and earlier.average is not None:
            self.average.follow(earlier.average)

    def take_moments(self, moments, n_steps):
        """Set the moments, in the scale of the textbook formulas, and the number of steps."""
        self.moments = moments
        self.n_steps = n_steps

    def textbook_moments(self):
        """Return copies of the moments in the scale of ``take_moments``."""
        return [moment.copy() for moment in self.moments]

    def copy(self):
        """Return an independent copy."""
        twin = copy(self)
        twin.moments = [moment.copy() for moment in self.moments]
        twin.average = None if self.average is None else self.average.copy()
        return twin

    def _factors(self, rate):
        """Return the factors that are the same for all parameters of a step."""
        raise NotImplementedError

    def update(self, theta, g, moments, step, factors, rates):
        """Change a part of the parameters and of the moments; ``step`` is a work buffer."""
        raise NotImplementedError


def _common(settings):
    """Return the settings that all rules use."""
    return {
        "weight_decay": float(settings.weight_decay),
        "average": None if settings.average is False else float(settings.average),
    }


class SGD(UpdateRule):
    """Stochastic gradient descent with classical or Nesterov momentum.

    ``v <- momentum v - rate g``, then ``theta <- theta + v``, or with Nesterov's momentum
    ``theta <- theta + momentum v - rate g``.

    Parameters
    ----------
    momentum : float
        Fraction of the last step that is added to the next, in [0, 1].

    nesterov : bool
        Whether to use Nesterov momentum.

    weight_decay, average : float
        As in ``UpdateRule``.

    References
    ----------
    Sutskever, Martens, Dahl & Hinton (2013), "On the importance of initialization and momentum in
    deep learning", ICML, eq. 1-4.
    """

    n_moments = 1

    @classmethod
    def from_settings(cls, settings):
        return cls(settings.momentum, settings.nesterovs_momentum, **_common(settings))

    def __init__(self, momentum, nesterov, weight_decay=0.0, average=None):
        super().__init__(weight_decay, average)
        self.momentum = momentum
        self.nesterov = nesterov

    def _factors(self, rate):
        return rate

    def update(self, theta, g, moments, step, rate, rates):
        (v,) = moments
        np.multiply(g, rate, out=step)
        if rates is not None:
            np.multiply(step, rates, out=step)
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

    The rule stores ``m / (1 - beta_1)`` and ``v / (1 - beta_2)``, which saves one multiplication
    each.

    Parameters
    ----------
    beta_1, beta_2 : float
        Decay rates of the moments, in [0, 1).

    epsilon : float
        Constant that keeps the divisor away from zero.

    weight_decay, average : float
        As in ``UpdateRule``.

    References
    ----------
    Kingma & Ba (2015), "Adam: a method for stochastic optimization", ICLR, section 2 (the form in
    which epsilon is added before the bias correction of ``v``).
    """

    n_moments = 2

    @classmethod
    def from_settings(cls, settings):
        betas = settings.beta_1, settings.beta_2
        return cls(*betas, settings.epsilon, **_common(settings))

    def __init__(self, beta_1, beta_2, epsilon, weight_decay=0.0, average=None):
        super().__init__(weight_decay, average)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon

    def take_moments(self, moments, n_steps):
        m, v = moments
        super().take_moments([m / (1 - self.beta_1), v / (1 - self.beta_2)], n_steps)

    def textbook_moments(self):
        m, v = self.moments
        return [(1 - self.beta_1) * m, (1 - self.beta_2) * v]

    def follow(self, earlier):
        super().follow(earlier)
        factors = (
            (1 - earlier.beta_1) / (1 - self.beta_1),
            (1 - earlier.beta_2) / (1 - self.beta_2),
        )
        for moment, factor in zip(self.moments, factors, strict=False):
            if factor != 1:
                np.multiply(moment, factor, out=moment)

    def _factors(self, rate):
        t = self.n_steps
        corrected = rate * math.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        root = math.sqrt(1 - self.beta_2)
        return -corrected * (1 - self.beta_1) / root, self.epsilon / root

    def update(self, theta, g, moments, step, factors, rates):
        m, v = moments
        factor, epsilon = factors
        np.multiply(m, self.beta_1, out=m)
        np.add(m, g, out=m)
        np.multiply(v, self.beta_2, out=v)
        np.multiply(g, g, out=step)
        np.add(v, step, out=v)
        np.sqrt(v, out=step)
        np.add(step, epsilon, out=step)
        np.divide(m, step, out=step)
        np.multiply(step, factor, out=step)
        if rates is not None:
            np.multiply(step, rates, out=step)
        np.add(theta, step, out=theta)


SolverName: TypeAlias = Literal["lbfgs", "sgd", "adam"]

#: Update rules by the name of the solver. A new one is a class like ``SGD`` and a line here.
UPDATE_RULES = {"sgd": SGD, "adam": Adam}
