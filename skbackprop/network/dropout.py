"""Dropout: leaving inputs of layers out of a step, at random.

What is dropped are inputs of layers: features for the first one, units of the layer below for the
others. The rest is scaled up, so that expectations stay, and predictions need no change.

The masks come from a stream of random bits of their own. Layers with the same rate share what is
drawn for a minibatch, each one row further down: what a row drops in one layer is independent of
what it drops in the others, and a third of the bits is enough for three layers.

References
----------
Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov (2014), "Dropout: a simple way to prevent
neural networks from overfitting", JMLR 15:1929-1958.
"""

from copy import deepcopy
from numbers import Real

import numpy as np
from scipy import sparse

# A unit is dropped where 8 random bits, as a number, are below a threshold. What a rate is more
# than a multiple of 1 / 256 is made up for by the steps in which it is rounded up: those in which
# multiples of the golden section, which are spread evenly, have a large fractional part.
_RANGE = 1 << 8
_PER_WORD = 8
_GOLDEN_SECTION = 0.6180339887498949


def dropout_rates(dropout, input_dropout, n_hidden):
    """Rates of the inputs of each layer, the features first; None where nothing is dropped.

    ``dropout`` is the rate of all hidden layers, or a list with one for each.
    """
    rates = [dropout] * n_hidden if isinstance(dropout, Real) else list(dropout)
    if len(rates) != n_hidden:
        raise ValueError(
            f"dropout has {len(rates)} rates, but hidden_layer_sizes has {n_hidden} hidden "
            "layers; give one rate, or one for each of them."
        )
    if not all(isinstance(rate, Real) and 0 <= rate < 1 for rate in rates):
        raise ValueError(f"dropout must be in [0, 1), got {dropout!r}.")
    if not any(rates) and not input_dropout:
        return None
    return [float(rate) for rate in (input_dropout, *rates)]


class DropoutStream:
    """Random bits for masks.

    The seed comes from a copy of ``random_state``, so that its own draws stay what they are.

    Attributes
    ----------
    strength : float
        Factor of all rates, in [0, 1].

    offset : float
        Added to numbers of which the integer part is taken, in [0, 1).
    """

    def __init__(self, random_state, strength=1.0):
        self.strength = strength
        seed = deepcopy(random_state).randint(1 << 32, size=8, dtype=np.uint32)
        self.offset = float(seed[0]) / (1 << 32)
        rows, entries = np.random.SeedSequence(seed.tolist()).spawn(2)
        self._rows = np.random.SFC64(rows)
        self._entries = np.random.SFC64(entries)

    def begin_step(self, strength):
        """Set the factor of the rates for a step, and how they are rounded in it."""
        self.strength = strength
        self.offset = (self.offset + _GOLDEN_SECTION) % 1

    def rows(self, n_rows, n_columns):
        """Random numbers of 8 bits, of shape (n_rows, n_columns or a few more)."""
        n_words = -(-n_columns // _PER_WORD)
        bits = self._rows.random_raw(n_rows * n_words).view(np.uint8)
        return bits.reshape(n_rows, n_words * _PER_WORD)

    def entries(self, n_entries):
        """Random numbers of 64 bits, for the stored entries of a sparse matrix."""
        return self._entries.random_raw(n_entries)


class DropoutMasks:
    """What one workspace drops: masks of the current rows, and the inputs after them.

    ``rates`` and ``units`` are the share and the number of the inputs of each layer.
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
        """Rates to 8 bits: rounded, but then exact, as the scale belongs to the rounded rate."""
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
        """Masks of layers with the same rate: overlapping parts of one table of bits."""
        bits = self._stream.rows(n_rows + len(layers) - 1, max(self._units[i] for i in layers))
        kernel = self._kernels[layers[0]]
        kernel.choose(bits, self._thresholds[layers[0]], self._scale(layers[0]))
        for first_row, i in enumerate(layers):
            self._masks[i] = kernel, first_row

    def _scale(self, layer):
        return _RANGE / (_RANGE - self._thresholds[layer])

    def apply(self, layer, inputs):
        """The inputs of a layer without those that are dropped; kept for the backward pass."""
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
        """The inputs as ``apply`` gave them last."""
        return self._dropped.get(layer, inputs)

    def backward(self, layer, delta):
        """Turn the gradient with respect to the inputs after dropping into that before it."""
        if layer in self._masks:
            kernel, first_row = self._masks[layer]
            kernel.drop(delta, first_row, delta)
