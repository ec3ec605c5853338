"""A fitted network: layers and their trained parameters in one object."""

from operator import is_

import numpy as np

from ..data.rows import Rows
from .parameters import LayerArrays
from .prediction import hidden_activations, raw_predictions
from .summary import network_in_a_line

_NAMED = ("coef", "intercept")


class FittedNetwork:
    """Immutable network with its parameters.

    Predictions, hidden features, inspection, summaries, plots and exports use it, so none of them
    needs to know the kinds of layers. A reference to it is enough for a prediction, even if
    another thread refits the estimator at the same time.

    Parameters
    ----------
    network : Network
        The layers.

    layers : sequence of tuples of ndarrays
        The arrays of each layer.

    dtype : dtype, default=None
        Floating-point type of the computations; that of the arrays by default.

    Attributes
    ----------
    coefs, intercepts : tuple of ndarrays
        Weights and biases of the layers that have them.
    """

    def __init__(self, network, layers, dtype=None):
        self.network = network
        self.layers = tuple(layers)
        self.coefs = self._arrays_named("coef")
        self.intercepts = self._arrays_named("intercept")
        self._dtype = dtype

    def without_arrays(self):
        """Return everything except the weights and biases, for a pickle that stores these itself.

        Each is replaced by the name of its type, because arrays set by users may have another.
        """
        shapes = self.network.parameter_shapes
        layers = [
            [
                array.dtype.name if one.name in _NAMED else array
                for one, array in zip(*layer, strict=True)
            ]
            for layer in zip(shapes, self.layers, strict=True)
        ]
        return self.network, layers, self._dtype

    @classmethod
    def joined(cls, rest, coefs, intercepts):
        """Restore a network from the result ``rest`` of ``without_arrays``."""
        network, layers, *dtype = rest  # early pickles have no dtype
        named = dict(zip(_NAMED, map(iter, (coefs, intercepts)), strict=True))
        shapes = network.parameter_shapes
        layers = [
            tuple(
                np.asanyarray(next(named[one.name]), array) if one.name in _NAMED else array
                for one, array in zip(*layer, strict=True)
            )
            for layer in zip(shapes, layers, strict=True)
        ]
        return cls(network, layers, *dtype)

    def __repr__(self):
        return f"<{type(self).__name__} {network_in_a_line(self, 'identity')}>"

    def __reduce__(self):
        """Store each array once; the constructor finds ``coefs`` and ``intercepts`` again."""
        return FittedNetwork, (self.network, self.layers, self._dtype)

    def _arrays_named(self, name):
        return tuple(
            array
            for arrays, declared in zip(self.layers, self.network.parameter_shapes, strict=True)
            for array, declaration in zip(arrays, declared, strict=True)
            if declaration.name == name
        )

    @property
    def dtype(self):
        """Return the floating-point type of the computations."""
        return self.layers[-1][0].dtype if self._dtype is None else np.dtype(self._dtype)

    @property
    def layer_units(self):
        """Return the number of features and the numbers of units of each layer."""
        return self.network.layer_units

    @property
    def hidden_layers(self):
        """Return the positions of the layers before the last one."""
        return range(len(self.layers) - 1)

    def with_arrays(self, coefs, intercepts):
        """Return the network with other weights and biases, or itself if they are the same.

        Raises
        ------
        ValueError
            If the shape of an array is wrong.
        """
        given, own = (*coefs, *intercepts), (*self.coefs, *self.intercepts)
        if len(given) == len(own) and all(map(is_, given, own)):
            return self
        shapes, needed = (
            [[np.shape(array) for array in arrays] for arrays in pair]
            for pair in ((coefs, intercepts), (self.coefs, self.intercepts))
        )
        if shapes != needed:
            raise ValueError(
                f"coefs_ and intercepts_ have shapes {shapes}, but the layers need {needed}."
            )
        typed = (np.asarray(array, self.dtype) for array in given)
        new = dict(zip(map(id, own), typed, strict=True))
        layers = [tuple(new.get(id(array), array) for array in arrays) for arrays in self.layers]
        return FittedNetwork(self.network, layers, self._dtype)

    def parameters(self, dtype):
        """Return a copy of the arrays as ``Parameters`` with a given type."""
        parameters = self.network.parameters(dtype)
        self.copy_into(parameters)
        return parameters

    def copy_into(self, parameters):
        """Copy the arrays into parameters with the same shapes."""
        for arrays, own in zip(parameters.layers, self.layers, strict=True):
            for array, value in zip(arrays, own, strict=True):
                array[...] = value

    def raw_prediction(self, X):
        """Return raw predictions for validated features, of shape (n_samples, n_raw)."""
        rows = Rows.of_features(X, self.dtype)
        with np.errstate(all="ignore"):
            return raw_predictions(self.network, self._arrays(), rows)

    def hidden_activations(self, X, layers):
        """Return activations of some layers (0 is the first one) for validated features."""
        rows = Rows.of_features(X, self.dtype)
        return hidden_activations(self.network, self._arrays(), rows, layers)

    def _arrays(self):
        if self._dtype is None:
            return LayerArrays(self.layers)
        return LayerArrays(
            [tuple(np.asarray(array, self.dtype) for array in arrays) for arrays in self.layers]
        )
