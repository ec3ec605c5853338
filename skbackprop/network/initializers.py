"""Initial values of the weights and biases of a layer."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class GlorotUniform:
    """Draw weights and biases uniformly from ``±sqrt(factor / (fan_in + fan_out))``.

    The weights are drawn first, then the biases, in float64 for every dtype of the parameters, as
    in scikit-learn.

    Parameters
    ----------
    factor : float
        ``Activation.init_factor``: 6 for tanh and relu, 2 for the logistic function.

    References
    ----------
    Glorot & Bengio (2010), "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS, eq. 16.
    """

    factor: float

    def __call__(self, coef, intercept, random_state):
        """Overwrite the weights and the biases of a layer."""
        bound = np.sqrt(self.factor / sum(coef.shape))
        coef[...] = random_state.uniform(-bound, bound, coef.shape)
        intercept[...] = random_state.uniform(-bound, bound, intercept.shape)


@dataclass(frozen=True)
class UnitVariance:
    """Draw weights from ``N(0, 1 / fan_in)`` and biases from ``N(0, 1)``, in float64.

    For inputs of variance 1, the pre-activations have variance 2 for every width.
    """

    def __call__(self, coef, intercept, random_state):
        """Overwrite the weights and the biases of a layer."""
        coef[...] = random_state.standard_normal(coef.shape) / np.sqrt(len(coef))
        intercept[...] = random_state.standard_normal(intercept.shape)
