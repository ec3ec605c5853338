"""Kernels in NumPy, which define what each kernel computes.

A kernel is created once, for a component and a pass, and then called in each step. These kernels
call the NumPy methods of the component, so they work with every component, including a user's own.
The kernels of ``compiled`` do the same in one pass over the numbers, for components that have a
compiled equivalent.
"""

from typing import NamedTuple

import numpy as np

# Number of elements to process at a time: several vectors of this length fit a core's cache.
_PIECE = 1 << 16


class ActivationKernel:
    """Apply the bias and the activation of a layer, and back-propagate through both.

    Parameters
    ----------
    activation : Activation
        Activation of the layer.
    """

    def __init__(self, activation):
        self._activation = activation

    def forward(self, Z, bias, out):
        """Add the bias to the product ``Z``, in place; write ``f(Z)`` to ``out``.

        ``out`` may be ``Z`` itself if the pre-activations are not needed.
        """
        np.add(Z, bias, out=Z)
        self._activation.forward(Z, out)

    def backward(self, delta, H, Z, ones, bias_gradient):
        """Convert ``dLoss/dH`` to ``dLoss/dZ``, in place; write its sum over rows.

        ``H`` and ``Z`` are the results of ``forward``, and may be overwritten. ``ones`` has a 1
        for each row.
        """
        self._activation.backward(delta, H, Z)
        np.dot(ones, delta, out=bias_gradient)


class ProductKernel:
    """Multiply a layer's weights, ``coef`` of shape (fan_in, fan_out), with dense arrays."""

    def forward(self, inputs, coef, out):
        """Write the product ``inputs coef`` to ``out``."""
        np.dot(inputs, coef, out=out)

    def gradient(self, inputs, delta, out):
        """Write the gradient of the weights, ``inputs^T delta``."""
        np.dot(inputs.T, delta, out=out)

    def backward(self, delta, coef, out):
        """Write the gradient of the inputs, ``delta coef^T``."""
        np.dot(delta, coef.T, out=out)


class LossKernel:
    """Compute a loss and its gradient.

    Parameters
    ----------
    loss : Loss
        Loss of the targets and the raw predictions.
    """

    def __init__(self, loss):
        self._loss = loss

    def loss_gradient(self, y, raw, sample_weight, scale, out):
        """Return the weighted sum of the losses; write ``scale`` times its gradient to ``out``."""
        total = self._loss.loss_gradient(y, raw, sample_weight, out)
        np.multiply(out, scale, out=out)
        return total


class PenaltyKernel:
    """Compute the L2 penalty of some parameters and its gradient.

    Parameters
    ----------
    coefs, gradient : ndarray of shape (n_penalised,)
        The parameters, and the gradient to which that of the penalty is added.
    """

    def __init__(self, coefs, gradient):
        self._coefs = coefs
        size = min(coefs.size, _PIECE)
        scratch = np.empty(size, coefs.dtype)
        self._pieces = [
            (piece, gradient[start : start + size], scratch[: piece.size])
            for start in range(0, coefs.size, _PIECE)
            for piece in [coefs[start : start + size]]
        ]

    def add(self, factor):
        """Add ``factor`` times the parameters to the gradient; return their sum of squares."""
        for coefs, gradient, scratch in self._pieces:
            np.multiply(coefs, factor, out=scratch)
            np.add(gradient, scratch, out=gradient)
        return float(np.dot(self._coefs, self._coefs))


class Vectors(NamedTuple):
    """Store what an update reads and changes, as flat arrays of at most ``n_parameters``.

    Attributes
    ----------
    theta, gradient : ndarray of shape (n_parameters,)
        The parameters, and the gradient.

    moments : list of ndarrays of shape (n_parameters,)
        Moments of the update rule.

    decayed : ndarray of shape (n_penalised,) or None
        The first parameters, to which the weight decay applies.

    decays : ndarray of shape (n_penalised,) or None
        Factors of the decay; None for ones.

    average : ndarray of shape (n_parameters,) or None
        Moving average of the parameters.

    rates : ndarray of shape (n_parameters,) or None
        Factors of the learning rate; None for ones.
    """

    theta: np.ndarray
    gradient: np.ndarray
    moments: list
    decayed: np.ndarray | None = None
    decays: np.ndarray | None = None
    average: np.ndarray | None = None
    rates: np.ndarray | None = None


class UpdateKernel:
    """Perform a step on the parameters: decay, update, average.

    The vectors are processed in pieces, so that each piece is loaded once.

    Parameters
    ----------
    rule : UpdateRule
        Rule that computes the update.

    vectors : Vectors
        Arrays that the rule reads and changes.
    """

    def __init__(self, rule, vectors):
        self._rule = rule
        scratch = np.empty_like(vectors.theta[:_PIECE])
        self._pieces = [
            (scratch, [_piece(moment, start) for moment in vectors.moments])
            + tuple(_piece(vector, start) for vector in (
                vectors.theta, vectors.gradient, vectors.decayed, vectors.decays,
                vectors.average, vectors.rates,
            ))
            for start in range(0, vectors.theta.size, _PIECE)
        ]  # fmt: skip

    def change(self, factors, lost, weight):
        """Perform a step.

        ``factors`` are the numbers that the rule derives from the learning rate, ``lost`` is the
        fraction that the decay subtracts, ``weight`` is the weight of the step in the average.
        """
        for scratch, moments, theta, gradient, decayed, decays, average, rates in self._pieces:
            work = scratch[: theta.size]
            if decayed is not None:
                _decay(decayed, lost, decays, work)
            self._rule.update(theta, gradient, moments, work, factors, rates)
            if average is not None:
                _add_to_average(average, theta, weight, work)


def _piece(vector, start):
    """Return a piece of a vector; None if the vector is None or ends before."""
    ended = vector is None or start >= vector.size
    return None if ended else vector[start : start + _PIECE]


def _decay(theta, lost, decays, work):
    """Subtract a fraction of some parameters, times the factor of each."""
    if decays is None:
        np.multiply(theta, 1 - lost, out=theta)
        return
    work = work[: theta.size]
    np.multiply(decays, lost, out=work)
    np.multiply(work, theta, out=work)
    np.subtract(theta, work, out=theta)


def _add_to_average(average, theta, weight, scratch):
    """``average <- average + weight (theta - average)``, in place."""
    np.subtract(theta, average, out=scratch)
    np.multiply(scratch, weight, out=scratch)
    np.add(average, scratch, out=average)


class MaskKernel:
    """Drop entries of arrays at random, and scale up the others.

    Parameters
    ----------
    dtype : dtype
        Floating-point type of the arrays.
    """

    def __init__(self, dtype):
        self._room = np.empty((0, 0), dtype)
        self._factors = None

    def choose(self, bits, threshold, scale):
        """Set the mask: drop entries whose ``bits`` are below the threshold, scale the others.

        ``bits`` have the shape (n_rows or more, n_columns or more) and the type uint8.
        """
        n_rows, n_columns = bits.shape
        if self._room.shape[1] != n_columns or len(self._room) < n_rows:
            self._room = np.empty(bits.shape, self._room.dtype)
        self._factors = self._room[:n_rows]
        np.greater_equal(bits, threshold, out=self._factors)
        np.multiply(self._factors, scale, out=self._factors)

    def drop(self, array, first_row, out):
        """Write ``array`` with dropped entries, by the bits from ``first_row`` on, to ``out``.

        ``out`` may be ``array`` itself.
        """
        n_rows, n_columns = array.shape
        factors = self._factors[first_row : first_row + n_rows, :n_columns]
        np.multiply(array, factors, out=out)


class Kernels:
    """Create the kernel for each component."""

    name = "numpy"

    def activation(self, activation):
        """Return an ``ActivationKernel``."""
        return ActivationKernel(activation)

    def loss(self, loss):
        """Return a ``LossKernel``."""
        return LossKernel(loss)

    def masks(self, dtype):
        """Return a ``MaskKernel``."""
        return MaskKernel(dtype)

    def penalty(self, coefs, gradient):
        """Return a ``PenaltyKernel``."""
        return PenaltyKernel(coefs, gradient)

    def products(self, n_rows, fan_in, fan_out, dtype):
        """Return a ``ProductKernel`` for at most ``n_rows`` rows."""
        return PRODUCTS

    def update(self, rule, vectors):
        """Return an ``UpdateKernel``."""
        return UpdateKernel(rule, vectors)


#: The kernel for products of all shapes.
PRODUCTS = ProductKernel()

NUMPY = Kernels()
