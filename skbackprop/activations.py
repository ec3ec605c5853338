"""Activation functions of the hidden layers, and their derivatives.

Each is a small class with two methods: ``forward`` computes ``H = f(Z)``, ``backward`` multiplies
a delta by ``f'(Z)``. To add one, write the class and give it a name in ``ACTIVATIONS``; the common
tests then cover it.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

__all__ = ["ACTIVATIONS", "Activation", "Identity", "Logistic", "ReLU", "Tanh"]


class Activation:
    """An activation function ``H = f(Z)`` and the rule that takes a delta back through it.

    Attributes
    ----------
    needs_input : bool
        Whether ``backward`` needs the input ``Z``. Most derivatives are simple functions of the
        output ``H``; the network keeps ``Z`` only for those that are not.

    init_factor : float
        Numerator of the Glorot bound of the layer's starting weights.
    """

    needs_input = False
    init_factor = 6.0

    def forward(self, Z, out):
        """Write ``f(Z)`` into ``out``.

        Parameters
        ----------
        Z : ndarray of shape (n_rows, n_units)
            Pre-activations.

        out : ndarray of shape (n_rows, n_units)
            Receives the activations ``H``; may be ``Z`` itself unless ``needs_input``.
        """
        raise NotImplementedError

    def backward(self, delta, H, Z):
        """Turn ``dLoss/dH`` into ``dLoss/dZ``, in place.

        Parameters
        ----------
        delta : ndarray of shape (n_rows, n_units)
            The gradient with respect to ``H``; multiplied by the derivative.

        H : ndarray of shape (n_rows, n_units)
            Activations, as ``forward`` wrote them. The network does not need them any more: they
            may be overwritten.

        Z : ndarray of shape (n_rows, n_units) or None
            Pre-activations, given where ``needs_input``; may be overwritten as well.
        """
        raise NotImplementedError


@dataclass(frozen=True)
class Identity(Activation):
    """No activation, ``f(z) = z``: the layer is linear."""

    def forward(self, Z, out):
        if out is not Z:
            np.copyto(out, Z)

    def backward(self, delta, H, Z):
        pass


@dataclass(frozen=True)
class Logistic(Activation):
    """The logistic sigmoid, ``f(z) = 1 / (1 + exp(-z))`` with ``f' = f (1 - f)``."""

    init_factor = 2.0

    def forward(self, Z, out):
        expit(Z, out=out)

    def backward(self, delta, H, Z):
        np.multiply(delta, H, out=delta)
        np.subtract(1, H, out=H)
        np.multiply(delta, H, out=delta)


@dataclass(frozen=True)
class Tanh(Activation):
    """The hyperbolic tangent, ``f(z) = tanh(z)`` with ``f' = 1 - f^2``."""

    def forward(self, Z, out):
        np.tanh(Z, out=out)

    def backward(self, delta, H, Z):
        np.multiply(H, H, out=H)
        np.subtract(1, H, out=H)
        np.multiply(delta, H, out=delta)


@dataclass(frozen=True)
class ReLU(Activation):
    """The rectified linear unit, ``f(z) = max(0, z)`` with ``f' = 1`` where ``f > 0``, else 0."""

    def forward(self, Z, out):
        np.maximum(Z, 0, out=out)

    def backward(self, delta, H, Z):
        np.greater(H, 0, out=H)
        np.multiply(delta, H, out=delta)


ACTIVATIONS = {
    "identity": Identity(),
    "logistic": Logistic(),
    "tanh": Tanh(),
    "relu": ReLU(),
}
