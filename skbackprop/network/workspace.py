"""The buffers of a network for forward and backward passes."""

import numpy as np

from ..kernels import NUMPY
from .dropout import DropoutMasks


class Workspace:
    """All buffers of a network for blocks of at most ``n_rows`` rows.

    Without ``backward`` there are no deltas. Dropout needs a ``stream`` of random bits. With
    ``keep_inputs`` all layers keep their pre-activations, for inspection.

    Attributes
    ----------
    masks : DropoutMasks or None
        Dropout masks; None without dropout.
    """

    def __init__(
        self,
        network,
        n_rows,
        dtype,
        kernels=NUMPY,
        *,
        backward=True,
        stream=None,
        keep_inputs=False,
    ):
        self.n_rows = n_rows
        self.masks = None
        if stream is not None:
            units = network.layer_units[:-1]
            self.masks = DropoutMasks(network.dropout, units, n_rows, dtype, stream, kernels)
        self.ones = np.ones(n_rows, dtype) if backward else None
        self._layers = {
            n_rows: [
                layer.buffers(n_rows, dtype, kernels, backward=backward, keep_inputs=keep_inputs)
                for layer in network.layers
            ]
        }

    def draw_masks(self, X):
        """Draw the dropout masks for the next forward and backward pass over ``X``."""
        if self.masks is not None:
            self.masks.draw(X)

    def layers(self, n_rows):
        """Return the buffers of each layer for a block of ``n_rows`` rows."""
        if n_rows not in self._layers:
            full = self._layers[self.n_rows]
            # Only two sizes recur: the full block and the last, shorter one.
            self._layers = {self.n_rows: full, n_rows: [layer.rows(n_rows) for layer in full]}
        return self._layers[n_rows]
