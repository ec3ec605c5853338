"""A layer that encodes numeric columns piecewise linearly, by bins."""

from dataclasses import dataclass

import numpy as np

# Distance in bin widths that values may lie outside the first and the last bin before they are
# clipped.
_OVERSHOOT = 3.0


@dataclass(frozen=True)
class ClippedLines:
    """Functions ``clip((x - low) * scale, lowest, highest)``, each of one column.

    Attributes
    ----------
    columns : ndarray of int of shape (n_functions,)
        Column of each function.

    low, scale : ndarray of shape (n_functions,)
        Zero and slope of each function.

    lowest, highest : ndarray of shape (n_functions,)
        Bounds of the values.
    """

    columns: np.ndarray
    low: np.ndarray
    scale: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray

    @classmethod
    def of_table(cls, kept, edges):
        """Return identity functions of kept columns, then the bins of others by ``edges``."""
        encoded = [cls.of_bins(*item) for item in edges.items()]
        return cls.joined([cls.same(kept), *encoded])

    @classmethod
    def joined(cls, parts):
        """Join several sets of functions."""
        names = cls.__dataclass_fields__
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    @classmethod
    def same(cls, columns):
        """Return identity functions of columns."""
        columns = np.asarray(columns, dtype=np.intp)
        shape = columns.shape
        zeros, ones, limits = np.zeros(shape), np.ones(shape), np.full(shape, np.inf)
        return cls(columns, zeros, ones, -limits, limits)

    @classmethod
    def of_bins(cls, column, edges):
        """Return one function for each bin of a column; the outer bins are open.

        ``edges``, of shape (n_bins + 1,), are in increasing order.
        """
        low, widths = edges[:-1], np.diff(edges)
        lowest, highest = np.zeros_like(low), np.ones_like(low)
        lowest[0], highest[-1] = -_OVERSHOOT, 1 + _OVERSHOOT
        with np.errstate(over="ignore"):
            scale = 1 / widths
        return cls(np.full(len(low), column, dtype=np.intp), low, scale, lowest, highest)

    @classmethod
    def steps(cls, column, knots, values):
        """Return functions of a column whose sum is a piecewise linear function.

        ``values`` are the values of this function at the knots, relative to the first one. Beyond
        the knots it is constant.
        """
        rises = np.diff(values)
        columns = np.full(len(rises), column, dtype=np.intp)
        return cls(columns, knots[:-1], rises / np.diff(knots), np.zeros_like(rises), rises)

    def astype(self, dtype):
        """Return the same functions for inputs of a floating-point type."""
        # An infinite slope, the inverse of a subnormal width, would give NaN at its zero.
        scale = np.minimum(self.scale, np.finfo(dtype).max)
        numbers = (self.low, scale, self.lowest, self.highest)
        return ClippedLines(self.columns, *(array.astype(dtype) for array in numbers))

    def values(self, inputs, out):
        """Write the values of all functions, of shape (n_rows, n_functions), into ``out``."""
        np.take(inputs, self.columns, axis=1, out=out, mode="clip")
        np.subtract(out, self.low, out=out)
        np.multiply(out, self.scale, out=out)
        np.maximum(out, self.lowest, out=out)
        np.minimum(out, self.highest, out=out)
        return out

    def slopes(self, values):
        """Return the derivatives of the functions from their values; 0 at a bound."""
        between = (values > self.lowest) & (values < self.highest)
        return between * self.scale


class EncodingBuffers:
    """Buffers of the layer: outputs ``H``, their gradient ``delta``, and functions ``lines``."""

    __slots__ = ("H", "delta", "lines")

    @property
    def Z(self):
        """Return the outputs, because the layer has no activation."""
        return self.H

    def __init__(self, H, delta, lines):
        self.H = H
        self.delta = delta
        self.lines = lines

    def rows(self, n_rows):
        """Return views of the buffers for fewer rows."""
        delta = None if self.delta is None else self.delta[:n_rows]
        return EncodingBuffers(self.H[:n_rows], delta, self.lines)


class PiecewiseLinearEncoding:
    r"""Layer that passes on some columns and encodes others by bins.

    A column with the bin edges :math:`b_0 < ... < b_T` becomes the :math:`T` outputs

    .. math:: e_t = \min(\max((x - b_{t-1}) / (b_t - b_{t-1}), 0), 1).

    The first output has the lower bound -3 and the last output the upper bound 4 instead, so that
    they are linear outside the edges too. Bins below that of ``x`` are 1 and those above are 0, so
    a dense layer on top is a function of the column that is linear in each bin. The layer has no
    trained parameters.

    Parameters
    ----------
    fan_in : int
        Number of features.

    kept : sequence of int
        Columns that are outputs without change.

    edges : dict of int to ndarray of shape (n_bins + 1,), default=()
        Edges of the bins, in increasing order, for each encoded column.

    References
    ----------
    Gorishniy, Rubachev & Babenko (2022), "On embeddings for numerical features in tabular deep
    learning", NeurIPS, equation (1).
    """

    parameter_shapes = ()

    def __init__(self, fan_in, kept, edges=()):
        self.fan_in = fan_in
        self.lines = ClippedLines.of_table(kept, dict(edges))
        self.fan_out = len(self.lines.columns)
        self._n_kept = len(kept)

    @property
    def description(self):
        """Return a name for the layer."""
        return "piecewise_linear" if len(self.lines.columns) > self._n_kept else "columns"

    def draw(self, parameters, random_state):
        """Do nothing: the layer has no parameters."""

    def buffers(self, n_rows, dtype, kernels, *, backward=True, keep_inputs=False):
        """Return new buffers for blocks of at most ``n_rows`` rows."""
        H = np.empty((n_rows, self.fan_out), dtype)
        return EncodingBuffers(H, np.empty_like(H) if backward else None, self.lines.astype(dtype))

    def forward(self, parameters, inputs, buffers):
        """Compute columns and encodings as columns of one array."""
        buffers.lines.values(inputs, buffers.H)

    def backward(self, parameters, inputs, buffers, ones, gradient):
        """Do nothing: the layer has no parameters."""

    def backward_inputs(self, parameters, buffers, out):
        """Write ``dLoss/dinputs`` into ``out``."""
        out[...] = 0
        through = buffers.delta * buffers.lines.slopes(buffers.H)
        np.add.at(out.T, self.lines.columns, through.T)
