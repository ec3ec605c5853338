"""The weights and biases of a network, as views of one flat vector."""

from typing import NamedTuple

import numpy as np


class ParameterShape(NamedTuple):
    """Shape of one parameter array of a layer, with factors for its training.

    Attributes
    ----------
    name : str
        Name of the array in its layer.

    shape : tuple of int
        Shape of the array.

    penalised : bool
        Whether the L2 penalty and the weight decay apply to it.

    rate : float, default=1.0
        Factor of the learning rate.

    decay : float, default=1.0
        Factor of the weight decay, if that applies.
    """

    name: str
    shape: tuple
    penalised: bool
    rate: float = 1.0
    decay: float = 1.0


class Parameters:
    """All parameters of a network in one flat array, with views for each layer.

    The penalised arrays of all layers come first, then the others; each group is ordered by
    layer. For a network of dense layers this is ``W_1, ..., W_L, b_1, ..., b_L``, as in
    scikit-learn. The penalised part is then one slice.

    A gradient has the same structure and is an instance of the same class.

    Parameters
    ----------
    shapes : sequence of sequences of ParameterShape
        The arrays of each layer, as ``Network.parameter_shapes`` declares them.

    dtype : dtype
        Floating-point type of the flat array.

    flat : ndarray of shape (n_parameters,), default=None
        Array to use; by default a new, uninitialised one.

    Attributes
    ----------
    flat : ndarray of shape (n_parameters,)
        All parameters.

    penalised : ndarray of shape (n_penalised,)
        The part of ``flat`` that the L2 penalty applies to.

    layers : list of tuples of ndarrays
        The arrays of each layer, views of ``flat``.
    """

    def __init__(self, shapes, dtype, flat=None):
        self.shapes = shapes
        sizes = [[int(np.prod(array.shape)) for array in layer] for layer in shapes]
        n_parameters = sum(map(sum, sizes))
        self.flat = np.empty(n_parameters, dtype) if flat is None else flat
        views = {}
        start = 0
        for i, j in self._packing():
            stop = start + sizes[i][j]
            views[i, j] = self.flat[start:stop].reshape(shapes[i][j].shape)
            start = stop
        self.layers = [
            tuple(views[i, j] for j in range(len(layer))) for i, layer in enumerate(shapes)
        ]
        n_penalised = sum(
            size
            for layer, of_layer in zip(shapes, sizes, strict=True)
            for array, size in zip(layer, of_layer, strict=True)
            if array.penalised
        )
        self.penalised = self.flat[:n_penalised]

    def _packing(self):
        """Return layer and position in the layer of each array, in the order of ``flat``."""
        return [
            (i, j)
            for penalised in (True, False)
            for i, layer in enumerate(self.shapes)
            for j, array in enumerate(layer)
            if array.penalised is penalised
        ]

    def _factors(self, name):
        """Return a factor of each parameter, in the order of ``flat``, or None if all are 1."""
        arrays = [self.shapes[i][j] for i, j in self._packing()]
        factors = [getattr(array, name) for array in arrays]
        if all(factor == 1 for factor in factors):
            return None
        sizes = [int(np.prod(array.shape)) for array in arrays]
        return np.repeat(np.array(factors, self.flat.dtype), sizes)

    @property
    def rates(self):
        """Return the factor of the learning rate of each parameter, or None if all are 1."""
        return self._factors("rate")

    @property
    def decays(self):
        """Return the factor of the decay of each penalised parameter, or None if all are 1."""
        factors = self._factors("decay")
        return None if factors is None else factors[: self.penalised.size]

    def named(self, name):
        """Return the arrays with a name, layer by layer."""
        return [
            array
            for arrays, declared in zip(self.layers, self.shapes, strict=True)
            for array, declaration in zip(arrays, declared, strict=True)
            if declaration.name == name
        ]

    @property
    def coefs(self):
        """Return the weights ``W`` of each layer that has them, of shape (fan_in, fan_out)."""
        return self.named("coef")

    @property
    def intercepts(self):
        """Return the biases ``b`` of each layer that has them, of shape (fan_out,)."""
        return self.named("intercept")

    def empty_like(self):
        """Return uninitialised parameters with the same shapes and dtype, for a gradient."""
        return Parameters(self.shapes, self.flat.dtype)


class LayerArrays(NamedTuple):
    """Parameters as separate arrays, as in a fitted network.

    Attributes
    ----------
    layers : list of tuples of ndarrays
        As in ``Parameters``.
    """

    layers: list
