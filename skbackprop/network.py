"""Forward and backward passes over the layers of a network.

In the lecture notes' symbols, a layer computes

    Z = H_below W + b,        H = f(Z),

and back-propagation takes ``delta = dLoss/dH`` of a layer down through it:

    delta <- delta * f'(Z)                        (now dLoss/dZ)
    dLoss/dW = H_below^T delta,   dLoss/db = sum over rows of delta,
    dLoss/dH_below = delta W^T.
"""

import numpy as np

from .activations import Identity
from .dropout import DropoutMasks
from .parameters import Parameters, ParameterShape

__all__ = ["Dense", "Network", "Workspace"]


class LayerBuffers:
    """What one layer keeps between forward and backward, for a number of rows.

    Attributes
    ----------
    H : ndarray of shape (n_rows, n_units)
        Activations.

    Z : ndarray of shape (n_rows, n_units) or None
        Pre-activations, where the activation needs them (else they are overwritten by ``H``).

    delta : ndarray of shape (n_rows, n_units) or None
        Gradient of the loss with respect to ``H``, then ``Z``; None in a workspace that only
        predicts.
    """

    __slots__ = ("H", "Z", "delta")

    def __init__(self, H, Z, delta):
        self.H = H
        self.Z = Z
        self.delta = delta

    def rows(self, n_rows):
        """The same buffers for fewer rows."""
        return LayerBuffers(
            *(None if array is None else array[:n_rows] for array in (self.H, self.Z, self.delta))
        )


class Workspace:
    """All buffers of a network for blocks of at most ``n_rows`` rows.

    Parameters
    ----------
    network : Network
        The network they are for.

    n_rows : int
        Largest number of rows of a block.

    dtype : dtype
        Floating-point type of the buffers.

    backward : bool, default=True
        Whether deltas are needed.

    stream : DropoutStream, default=None
        Random bits for dropout; without them nothing is dropped.

    Attributes
    ----------
    masks : DropoutMasks or None
        What is dropped.
    """

    def __init__(self, network, n_rows, dtype, backward=True, stream=None):
        self.n_rows = n_rows
        self.masks = None
        if stream is not None:
            units = network.layer_units[:-1]
            self.masks = DropoutMasks(network.dropout, units, n_rows, dtype, stream)
        self.ones = np.ones(n_rows, dtype) if backward else None
        self._layers = {
            n_rows: [layer.buffers(n_rows, dtype, backward) for layer in network.layers]
        }

    def draw_masks(self, X):
        """Choose what is dropped in the next forward and backward pass over ``X``."""
        if self.masks is not None:
            self.masks.draw(X)

    def layers(self, n_rows):
        """Buffers of each layer for a block of ``n_rows`` rows."""
        if n_rows not in self._layers:
            full = self._layers[self.n_rows]
            # The full block and the last, shorter one are what recurs.
            self._layers = {self.n_rows: full, n_rows: [layer.rows(n_rows) for layer in full]}
        return self._layers[n_rows]


class Dense:
    """A fully connected layer: product, bias, activation.

    Parameters
    ----------
    fan_in, fan_out : int
        Numbers of inputs and of units.

    activation : Activation
        Applied to the pre-activations.

    rates : tuple of two floats, default=(1.0, 1.0)
        Factors of the learning rate, of weights and of biases.
    """

    def __init__(self, fan_in, fan_out, activation, rates=(1.0, 1.0)):
        self.fan_in = fan_in
        self.fan_out = fan_out
        self.activation = activation
        self.rates = rates

    @property
    def parameter_shapes(self):
        """Weights (penalised) and biases (not)."""
        return (
            ParameterShape((self.fan_in, self.fan_out), penalised=True, rate=self.rates[0]),
            ParameterShape((self.fan_out,), penalised=False, rate=self.rates[1]),
        )

    def buffers(self, n_rows, dtype, backward):
        """New buffers for blocks of at most ``n_rows`` rows."""
        H = np.empty((n_rows, self.fan_out), dtype)
        Z = np.empty_like(H) if backward and self.activation.needs_input else None
        return LayerBuffers(H, Z, np.empty_like(H) if backward else None)

    def forward(self, parameters, inputs, buffers):
        """Compute ``H = f(inputs W + b)``."""
        coef, intercept = parameters
        Z = buffers.H if buffers.Z is None else buffers.Z
        if isinstance(inputs, np.ndarray):
            np.dot(inputs, coef, out=Z)
            np.add(Z, intercept, out=Z)
        else:
            np.add(inputs @ coef, intercept, out=Z)
        self.activation.forward(Z, buffers.H)

    def backward(self, parameters, inputs, buffers, ones, gradient):
        """Turn the layer's delta into ``dLoss/dZ`` and write the gradient of its parameters."""
        delta = buffers.delta
        self.activation.backward(delta, buffers.H, buffers.Z)
        coef_gradient, intercept_gradient = gradient
        if isinstance(inputs, np.ndarray):
            np.dot(inputs.T, delta, out=coef_gradient)
        else:
            coef_gradient[...] = inputs.T @ delta
        np.dot(ones, delta, out=intercept_gradient)

    def backward_inputs(self, parameters, buffers, out):
        """Write ``dLoss/dinputs = delta W^T`` into ``out``."""
        np.dot(buffers.delta, parameters[0].T, out=out)


class Network:
    """A stack of layers, from the features to the raw prediction.

    The last layer is linear: the inverse link belongs to the loss.

    Parameters
    ----------
    layer_units : sequence of int
        Number of features, units of each hidden layer, raw outputs.

    activations : sequence of Activation
        One for each hidden layer.

    dropout : sequence of float, default=None
        Share of the inputs of each layer to leave out of a step of training; None for none.
    """

    linear = Identity()  # the activation of the last layer

    def __init__(self, layer_units, activations, dropout=None):
        units, activations = layer_units, (*activations, self.linear)
        self._use_layers(
            [
                Dense(fan_in, fan_out, activation)
                for fan_in, fan_out, activation in zip(
                    units[:-1], units[1:], activations, strict=True
                )
            ],
            dropout,
        )

    @classmethod
    def of_layers(cls, layers, dropout=None):
        """A network of layers that may be of any kind.

        Parameters
        ----------
        layers : list of layers
            Such as ``Dense``, each with as many inputs as the one below has units.

        dropout : sequence of float, default=None
            As above.

        Returns
        -------
        network : Network
        """
        network = cls.__new__(cls)
        network._use_layers(layers, dropout)
        return network

    def _use_layers(self, layers, dropout):
        self.layers = layers
        self.layer_units = (layers[0].fan_in, *(layer.fan_out for layer in layers))
        self.activations = tuple(layer.activation for layer in layers)
        self.dropout = dropout

    @property
    def parameter_shapes(self):
        """Shapes of the parameters of each layer."""
        return [layer.parameter_shapes for layer in self.layers]

    def parameters(self, dtype, flat=None):
        """Parameters of this network's shapes."""
        return Parameters(self.parameter_shapes, dtype, flat)

    def forward(self, parameters, X, workspace):
        """Raw prediction of a block of rows, in the workspace.

        Parameters
        ----------
        parameters : Parameters
            Weights and biases.

        X : {ndarray, CSR matrix} of shape (n_rows, n_features)
            The block.

        workspace : Workspace
            Receives the activations of all layers.

        Returns
        -------
        raw_prediction : ndarray of shape (n_rows, n_raw)
            A view of the workspace, valid until its next use.
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
        """Gradient of the parameters, from the delta which the loss left in the last layer.

        Parameters
        ----------
        parameters : Parameters
            Those of the forward pass.

        X : {ndarray, CSR matrix} of shape (n_rows, n_features)
            The block of the forward pass.

        workspace : Workspace
            As the forward pass left it, ``delta`` of the last layer set to the gradient of the
            loss with respect to the raw prediction.

        gradient : Parameters
            Overwritten.
        """
        n_rows = X.shape[0]
        buffers = workspace.layers(n_rows)
        ones = workspace.ones[:n_rows]
        masks = workspace.masks
        for i in reversed(range(len(self.layers))):
            layer, arrays = self.layers[i], parameters.layers[i]
            inputs = buffers[i - 1].H if i else X
            if masks is not None:
                inputs = masks.dropped(i, inputs)
            layer.backward(arrays, inputs, buffers[i], ones, gradient.layers[i])
            if i:
                layer.backward_inputs(arrays, buffers[i], out=buffers[i - 1].delta)
                if masks is not None:
                    masks.backward(i, buffers[i - 1].delta)
