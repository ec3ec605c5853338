"""Forward and backward passes over the layers of a network.

A layer computes

    Z = H_below W + b,        H = f(Z),

and back-propagation takes ``delta = dLoss/dH`` of a layer down through it:

    delta <- delta * f'(Z)                        (now dLoss/dZ)
    dLoss/dW = H_below^T delta,   dLoss/db = sum over rows of delta,
    dLoss/dH_below = delta W^T.
"""

from itertools import pairwise

import numpy as np

from ..activations import Identity
from .dense import Dense
from .initializers import GlorotUniform
from .ordered import CumulativeLogit
from .parameters import Parameters


class Network:
    """Stack of layers from the features to the raw prediction.

    The last layer is linear, because the inverse link belongs to the loss.

    Parameters
    ----------
    layers : list of layers
        Layers such as ``Dense``. Each has as many inputs as the layer below has units.

    dropout : sequence of float, default=None
        Dropout rates of the inputs of each layer; None for no dropout.

    Attributes
    ----------
    layer_units : tuple of int
        Number of features and numbers of units of each layer.
    """

    def __init__(self, layers, dropout=None):
        self.layers = layers
        self.layer_units = (layers[0].fan_in, *(layer.fan_out for layer in layers))
        self.dropout = dropout
        trained = (i for i, layer in enumerate(layers) if layer.parameter_shapes)
        self._first_trained = next(trained, len(layers))

    def n_products(self, n_rows, stored_per_row):
        """Estimate the number of multiplications in a forward pass.

        ``stored_per_row`` is the number of stored features per row, which is smaller than the
        number of features for sparse ``X``.
        """
        n_units = (stored_per_row, *self.layer_units[1:])
        return n_rows * sum(fan_in * fan_out for fan_in, fan_out in pairwise(n_units))

    @property
    def parameter_shapes(self):
        """Return the shapes of the parameters of each layer."""
        return [layer.parameter_shapes for layer in self.layers]

    def parameters(self, dtype, flat=None):
        """Return parameters with the shapes of this network."""
        return Parameters(self.parameter_shapes, dtype, flat)

    def draw(self, parameters, random_state):
        """Draw initial values, layer by layer from the first one."""
        for layer, arrays in zip(self.layers, parameters.layers, strict=True):
            layer.draw(arrays, random_state)

    def forward(self, parameters, X, workspace):
        """Return raw predictions of a block of rows, dense or CSR, as a view of the workspace.

        The activations of all layers are written into the workspace.
        """
        inputs = X
        masks = workspace.masks
        for i, buffers in enumerate(workspace.layers(X.shape[0])):
            if masks is not None:
                inputs = masks.apply(i, inputs)
            self.layers[i].forward(parameters.layers[i], inputs, buffers)
            inputs = buffers.H
        return inputs

    def backward(self, parameters, X, workspace, gradient):
        """Compute the gradient of the parameters and write it into ``gradient``.

        The workspace must hold the forward pass of the same block, and ``delta`` of the last layer
        must be the gradient of the loss with respect to the raw prediction. The pass ends at the
        lowest layer with trained parameters.
        """
        self._backward(parameters, X, workspace, gradient, self._first_trained)

    def _backward(self, parameters, X, workspace, gradient, lowest):
        """Run the backward pass down to the layer ``lowest``."""
        n_rows = X.shape[0]
        buffers = workspace.layers(n_rows)
        ones = workspace.ones[:n_rows]
        masks = workspace.masks
        for i in reversed(range(lowest, len(self.layers))):
            layer, arrays = self.layers[i], parameters.layers[i]
            inputs = buffers[i - 1].H if i else X
            if masks is not None:
                inputs = masks.dropped(i, inputs)
            layer.backward(arrays, inputs, buffers[i], ones, gradient.layers[i])
            if i > lowest:
                layer.backward_inputs(arrays, buffers[i], out=buffers[i - 1].delta)
                if masks is not None:
                    masks.backward(i, buffers[i - 1].delta)

    def backward_to_input(self, parameters, X, workspace, gradient):
        """Do the same as ``backward``, and return the gradient with respect to the input."""
        self._backward(parameters, X, workspace, gradient, 0)
        buffers = workspace.layers(X.shape[0])[0]
        out = np.empty(X.shape, buffers.delta.dtype)
        self.layers[0].backward_inputs(parameters.layers[0], buffers, out)
        return out


def output_layer(fan_in, fan_out, initializer, rates=(1.0, 1.0), ordered=()):
    """Return the last layer: dense, or with one score for each group of ``ordered`` outputs."""
    if ordered:
        return CumulativeLogit(fan_in, fan_out, ordered, initializer, rates)
    return Dense(fan_in, fan_out, Identity(), initializer, rates)


def dense_network(layer_units, activations, dropout=None, output_start=None, ordered=()):
    """Build a network of dense layers with a linear last layer, initialised as in scikit-learn.

    ``layer_units`` are the numbers of features, of units of each hidden layer, and of raw outputs.
    ``activations`` are those of the hidden layers. The last layer is initialised as a layer with
    the activation ``output_start``, by default the activation of the hidden layer below it. Each
    group of ``ordered`` raw outputs shares a score, as in ``CumulativeLogit``.
    """
    if output_start is None:
        output_start = activations[-1] if activations else Identity()
    starts = [GlorotUniform(one.init_factor) for one in (*activations, output_start)]
    *hidden, last = zip(layer_units[:-1], layer_units[1:], starts, strict=True)
    layers = [
        Dense(fan_in, fan_out, activation, start)
        for (fan_in, fan_out, start), activation in zip(hidden, activations, strict=True)
    ]
    return Network([*layers, output_layer(*last, ordered=ordered)], dropout)
