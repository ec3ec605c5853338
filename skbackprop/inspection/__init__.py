"""Inspection of fitted networks: hidden layers, gradients, and inputs for a wanted output.

In textbook notation, for a layer with input ``H_below``::

    Z = H_below W + b,    H = f(Z),    delta = dF/dZ,
    dF/dW = H_below^T delta + alpha W / sum(s),    dF/db = sum over rows of delta,
    dF/dH_below = delta W^T, which for the first layer is the gradient with respect to the input.
"""

from .backward import backpropagate, check_gradient, layer_outputs
from .gradient_check import GradientCheck, check_directional_derivatives
from .inputs import input_gradient, minimize_input
from .levels import level_contrasts

__all__ = [
    "GradientCheck", "backpropagate", "check_directional_derivatives", "check_gradient",
    "input_gradient", "layer_outputs", "level_contrasts", "minimize_input",
]  # fmt: skip
