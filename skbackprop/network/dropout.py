"""Dropout: set random inputs of layers to 0 in a training step.

The dropped inputs are features for the first layer and units of the layer below for the others.
The remaining inputs are scaled up, which keeps expectations, so predictions need no change.

The masks use a separate stream of random bits. Layers with the same rate share the bits of a
minibatch, each shifted by one more row. The masks of one row are therefore independent between
layers, and three layers need only a third of the bits.

References
----------
Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov (2014), "Dropout: a simple way to prevent
neural networks from overfitting", JMLR 15:1929-1958.
"""

from copy import deepcopy
from numbers import Real

import numpy as np
from scipy import sparse

# A unit is dropped if a random number of 8 bits is below a threshold. Rates that are no multiples
# of 1 / 256 are correct on average over the steps: each step rounds them up or down depending on
# the fractional part of a multiple of the golden section, and these are spread evenly.
_RANGE = 1 << 8
_PER_WORD = 8
_GOLDEN_SECTION = 0.6180339887498949


def dropout_rates(dropout, input_dropout, n_hidden):
    """Return the dropout rates of the inputs of each layer, features first, or None.

    ``dropout`` is one rate for all hidden layers, or a list with one rate per hidden layer. The
    result is None if all rates are 0.
    """
    rates = [dropout] * n_hidden if isinstance(dropout, Real) else list(dropout)
    if len(rates) != n_hidden:
        raise ValueError(
            f"dropout has {len(rates)} rates, but hidden_layer_sizes has {n_hidden} hidden "
            "layers. Pass a single rate, or one rate per hidden layer."
        )
    if not all(isinstance(rate, Real) and 0 <= rate < 1 for rate in rates):
        raise ValueError(f"dropout must be in [0, 1), got {dropout!r}.")
    if not any(rates) and not input_dropout:
        return None
    return [float(rate) for rate in (input_dropout, *rates)]


class DropoutStream:
    """Stream of random bits for masks.

    The seed is drawn from a copy of ``random_state``, so that the draws of the original do not
    change.

    Attributes
    ----------
    strength : float
        Factor of all rates, in [0, 1].

    offset : float
        Number in [0, 1) that is added before rounding down.
    """

    def __init__(self, random_state, strength=1.0):
        self.strength = strength
        seed = deepcopy(random_state).randint(1 << 32, size=8, dtype=np.uint32)
        self.offset = float(seed[0]) / (1 << 32)
        rows, entries = np.random.SeedSequence(seed.tolist()).spawn(2)
        self._rows = np.random.SFC64(rows)
        self._entries = np.random.SFC64(entries)

    def begin_step(self, strength):
        """Set the factor and the rounding of the rates for a step."""
        self.strength = strength
        self.offset = (self.offset + _GOLDEN_SECTION) % 1

    def rows(self, n_rows, n_columns):
        """Return random numbers of 8 bits, of shape (n_rows, n_columns or a few more)."""
        n_words = -(-n_columns // _PER_WORD)
        bits = self._rows.random_raw(n_rows * n_words).view(np.uint8)
        return bits.reshape(n_rows, n_words * _PER_WORD)

    def entries(self, n_entries):
        """Return random numbers of 64 bits for the stored entries of a sparse matrix."""
        return self._entries.random_raw(n_entries)


class DropoutMasks:
    """Masks of the current rows in one workspace, and the masked inputs.

    ``rates`` are the dropout rates and ``units`` the numbers of inputs of each layer.
    """

    def __init__(self, rates, units, n_rows, dtype, stream, kernels):
        self._stream = stream
        self._units = units
        self._rates = rates
        self._thresholds = None
        dropping = [i for i, rate in enumerate(rates) if rate]
        self._room = {i: np.empty((n_rows, units[i]), dtype) for i in dropping}
        self._kernels = {i: kernels.masks(dtype) for i in dropping}
        self._masks = {}
        self._dropped = {}
        self._entries_mask = None

    def _set_thresholds(self):
        """Round the rates to 8 bits; ``_scale`` uses the rounded rates, so expectations agree."""
        scale, offset = _RANGE * self._stream.strength, self._stream.offset
        self._thresholds = [min(int(scale * rate + offset), _RANGE - 1) for rate in self._rates]

    def draw(self, X):
        """Draw the masks of the rows ``X``."""
        self._set_thresholds()
        is_sparse = sparse.issparse(X)
        by_rate = {}
        for i in self._room:
            if i or not is_sparse:
                by_rate.setdefault(self._rates[i], []).append(i)
        for layers in by_rate.values():
            self._draw_shared(X.shape[0], layers)
        if is_sparse and 0 in self._room:
            kept = self._stream.entries(X.nnz) >= self._thresholds[0] * (1 << 56)
            self._entries_mask = kept * X.dtype.type(self._scale(0))

    def _draw_shared(self, n_rows, layers):
        """Draw masks of layers with the same rate, as overlapping parts of one table of bits."""
        bits = self._stream.rows(n_rows + len(layers) - 1, max(self._units[i] for i in layers))
        kernel = self._kernels[layers[0]]
        kernel.choose(bits, self._thresholds[layers[0]], self._scale(layers[0]))
        for first_row, i in enumerate(layers):
            self._masks[i] = kernel, first_row

    def _scale(self, layer):
        return _RANGE / (_RANGE - self._thresholds[layer])

    def apply(self, layer, inputs):
        """Return the masked inputs of a layer, which are kept for the backward pass."""
        if layer not in self._room:
            return inputs
        if sparse.issparse(inputs):
            data = inputs.data * self._entries_mask
            dropped = type(inputs)((data, inputs.indices, inputs.indptr), inputs.shape)
        else:
            n_rows = len(inputs)
            dropped = self._room[layer][:n_rows]
            kernel, first_row = self._masks[layer]
            kernel.drop(inputs, first_row, dropped)
        self._dropped[layer] = dropped
        return dropped

    def dropped(self, layer, inputs):
        """Return the inputs that ``apply`` returned last."""
        return self._dropped.get(layer, inputs)

    def backward(self, layer, delta):
        """Turn the gradient with respect to the masked inputs into one for the inputs."""
        if layer in self._masks:
            kernel, first_row = self._masks[layer]
            kernel.drop(delta, first_row, delta)
