"""The weights and biases of a network, as views of one flat vector."""

from typing import NamedTuple

import numpy as np

__all__ = ["LayerArrays", "ParameterShape", "Parameters"]


class ParameterShape(NamedTuple):
    """Shape of one parameter array of a layer, and whether the L2 penalty applies to it."""

    shape: tuple
    penalised: bool


class Parameters:
    """All parameters of a network in one flat array, seen layer by layer.

    The penalised arrays of all layers come first, then the others; each group is ordered by
    layer. For a network of dense layers this is ``W_1, ..., W_L, b_1, ..., b_L``, which is how
    scikit-learn packs them, and it makes the penalised part one slice.

    A gradient has the same structure and is an instance of the same class.

    Parameters
    ----------
    shapes : sequence of sequences of ParameterShape
        The arrays of each layer, as ``Network.parameter_shapes`` declares them.

    dtype : dtype
        Floating-point type of the flat array.

    flat : ndarray of shape (n_parameters,), default=None
        The array to see; an uninitialised one is made by default.

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
        for penalised in (True, False):
            for i, layer in enumerate(shapes):
                for j, array in enumerate(layer):
                    if array.penalised is penalised:
                        stop = start + sizes[i][j]
                        views[i, j] = self.flat[start:stop].reshape(array.shape)
                        start = stop
            if penalised:
                self.penalised = self.flat[:start]
        self.layers = [
            tuple(views[i, j] for j in range(len(layer))) for i, layer in enumerate(shapes)
        ]

    @property
    def coefs(self):
        """Weights ``W`` of each layer, of shape (fan_in, fan_out)."""
        return [layer[0] for layer in self.layers]

    @property
    def intercepts(self):
        """Biases ``b`` of each layer, of shape (fan_out,)."""
        return [layer[1] for layer in self.layers]

    def empty_like(self):
        """Uninitialised parameters of the same shapes and dtype: a place for a gradient."""
        return Parameters(self.shapes, self.flat.dtype)


class LayerArrays(NamedTuple):
    """Parameters that exist as separate arrays only: those of a fitted estimator.

    Attributes
    ----------
    layers : list of tuples of ndarrays
        As in ``Parameters``.
    """

    layers: list
