"""Starting values of the parameters."""

import numpy as np

__all__ = ["glorot_uniform", "unit_variance"]


def glorot_uniform(parameters, activations, random_state):
    """Draw weights and biases uniformly in ``±sqrt(f / (fan_in + fan_out))``.

    The factor ``f`` belongs to the hidden activation (``Activation.init_factor``; 6 for tanh and
    relu, 2 for the logistic function). Layer by layer, the weights are drawn first, then the
    biases, in float64 whatever the dtype of the parameters: the draws of scikit-learn.

    Parameters
    ----------
    parameters : Parameters
        Overwritten.

    activations : list of Activation
        The activation whose factor each layer uses.

    random_state : RandomState
        Source of the draws.

    References
    ----------
    Glorot & Bengio (2010), "Understanding the difficulty of training deep feedforward neural
    networks", AISTATS, eq. 16.
    """
    for (coef, intercept), activation in zip(parameters.layers, activations, strict=True):
        bound = np.sqrt(activation.init_factor / sum(coef.shape))
        coef[...] = random_state.uniform(-bound, bound, coef.shape)
        intercept[...] = random_state.uniform(-bound, bound, intercept.shape)


def unit_variance(arrays, random_state):
    """Draw weights from ``N(0, 1 / fan_in)`` and biases from ``N(0, 1)``.

    Inputs of variance 1 then give pre-activations of variance 2, whatever the width.

    Parameters
    ----------
    arrays : list of tuples of ndarrays
        Weights and biases of each layer; overwritten.

    random_state : RandomState
        Source of the draws, in float64, the weights of a layer first.
    """
    for coef, intercept in arrays:
        coef[...] = random_state.standard_normal(coef.shape) / np.sqrt(len(coef))
        intercept[...] = random_state.standard_normal(intercept.shape)
