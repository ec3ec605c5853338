"""A fully connected layer."""

import numpy as np

from ..activations import activation_name
from .initializers import GlorotUniform
from .parameters import ParameterShape


class DenseBuffers:
    """Buffers of one layer between forward and backward pass, for a number of rows.

    Attributes
    ----------
    H : ndarray of shape (n_rows, n_units)
        Activations.

    Z : ndarray of shape (n_rows, n_units) or None
        Pre-activations if the activation needs them; otherwise ``H`` overwrites them.

    delta : ndarray of shape (n_rows, n_units) or None
        Gradient of the loss with respect to ``H``, then ``Z``; None in a workspace for
        predictions.

    kernel : ActivationKernel or None
        Function that adds the bias and applies the activation; None if there is none.

    products : ProductKernel or None
        Function that multiplies by the weights; None if there are none.
    """

    __slots__ = ("H", "Z", "delta", "kernel", "products")

    def __init__(self, H, Z, delta, kernel=None, products=None):
        self.H = H
        self.Z = Z
        self.delta = delta
        self.kernel = kernel
        self.products = products

    def rows(self, n_rows):
        """Return views of the buffers for fewer rows."""
        arrays = (
            None if array is None else array[:n_rows] for array in (self.H, self.Z, self.delta)
        )
        return DenseBuffers(*arrays, self.kernel, self.products)


class Dense:
    """Fully connected layer: product, bias, activation.

    Parameters
    ----------
    fan_in, fan_out : int
        Numbers of inputs and of units.

    activation : Activation
        Activation function.

    initializer : callable, default=None
        ``initializer(coef, intercept, random_state)`` draws the initial values. The default is
        ``GlorotUniform`` for the activation.

    rates : tuple of two floats, default=(1.0, 1.0)
        Factors of the learning rate for weights and for biases.
    """

    def __init__(self, fan_in, fan_out, activation, initializer=None, rates=(1.0, 1.0)):
        self.fan_in = fan_in
        self.fan_out = fan_out
        self.activation = activation
        self.initializer = initializer or GlorotUniform(activation.init_factor)
        self.rates = rates

    @property
    def description(self):
        """Return the name of the activation."""
        return activation_name(self.activation)

    @property
    def parameter_shapes(self):
        """Return the shapes of the weights (penalised) and the biases (not penalised)."""
        return (
            ParameterShape("coef", (self.fan_in, self.fan_out), True, rate=self.rates[0]),
            ParameterShape("intercept", (self.fan_out,), False, rate=self.rates[1]),
        )

    def draw(self, parameters, random_state):
        """Draw initial values."""
        self.initializer(*parameters, random_state)

    def buffers(self, n_rows, dtype, kernels, *, backward=True, keep_inputs=False):
        """Return new buffers for blocks of at most ``n_rows`` rows.

        ``keep_inputs`` keeps the pre-activations even if the activation does not need them.
        """
        H = np.empty((n_rows, self.fan_out), dtype)
        kept = keep_inputs or (backward and self.activation.needs_input)
        Z = np.empty_like(H) if kept else None
        delta = np.empty_like(H) if backward else None
        products = kernels.products(n_rows, self.fan_in, self.fan_out, dtype)
        return DenseBuffers(H, Z, delta, kernels.activation(self.activation), products)

    def forward(self, parameters, inputs, buffers):
        """Compute ``H = f(inputs W + b)``."""
        coef, intercept = parameters
        Z = buffers.H if buffers.Z is None else buffers.Z
        if isinstance(inputs, np.ndarray):
            buffers.products.forward(inputs, coef, Z)
        elif buffers.Z is None:
            Z = inputs @ coef
        else:
            Z[...] = inputs @ coef
        buffers.kernel.forward(Z, intercept, buffers.H)

    def backward(self, parameters, inputs, buffers, ones, gradient):
        """Turn the layer's delta into ``dLoss/dZ``, and write the gradient of its parameters."""
        delta = buffers.delta
        coef_gradient, intercept_gradient = gradient
        buffers.kernel.backward(delta, buffers.H, buffers.Z, ones, intercept_gradient)
        if isinstance(inputs, np.ndarray):
            buffers.products.gradient(inputs, delta, coef_gradient)
        else:
            coef_gradient[...] = inputs.T @ delta

    def backward_inputs(self, parameters, buffers, out):
        """Write ``dLoss/dinputs = delta W^T`` into ``out``."""
        buffers.products.backward(buffers.delta, parameters[0], out)
