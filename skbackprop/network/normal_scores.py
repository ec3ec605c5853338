"""A layer that maps numeric columns to normal scores."""

import numpy as np

from .piecewise_linear import ClippedLines, EncodingBuffers


class NormalScoreBuffers(EncodingBuffers):
    """Buffers of an encoding, with ``steps`` between knots, ``first`` scores and ``sums``."""

    __slots__ = ("first", "steps", "sums")

    def __init__(self, H, delta, steps, lines, first, sums):
        super().__init__(H, delta, lines)
        self.steps = steps
        self.first = first
        self.sums = sums

    def rows(self, n_rows):
        """Return views of the buffers for fewer rows."""
        delta = None if self.delta is None else self.delta[:n_rows]
        steps = self.steps[:n_rows]
        return NormalScoreBuffers(self.H[:n_rows], delta, steps, self.lines, self.first, self.sums)


class NormalScores:
    r"""Layer that passes on columns and appends the normal scores of some of them.

    A column has knots :math:`x_0 < ... < x_T` with scores :math:`z_0 < ... < z_T`. Between the
    knots the score is linear:

    .. math:: s(x) = z_0 + \sum_t (z_t - z_{t-1})
        \min(\max((x - x_{t-1}) / (x_t - x_{t-1}), 0), 1).

    Beyond the knots it is constant. The outputs are the kept columns, then the scores. The layer
    has no trained parameters.

    Parameters
    ----------
    fan_in : int
        Number of features.

    kept : sequence of int
        Columns that are outputs without change.

    knots : dict of int to pairs of ndarrays of shape (n_knots,)
        Knots and their scores, both in increasing order, for each column with scores.
    """

    description = "normal_scores"
    parameter_shapes = ()

    def __init__(self, fan_in, kept, knots):
        self.fan_in = fan_in
        self.kept = np.asarray(kept, dtype=np.intp)
        self.knots = dict(knots)
        self.fan_out = len(self.kept) + len(self.knots)

    def draw(self, parameters, random_state):
        """Do nothing: the layer has no parameters."""

    def functions(self):
        """Return rises between knots as functions of the columns, first scores, and a matrix.

        The scores are the first scores plus the values of ``lines`` times the matrix ``sums``, of
        shape (n_functions, n_scores).
        """
        lines = ClippedLines.joined(
            [ClippedLines.steps(column, *pair) for column, pair in self.knots.items()]
        )
        first = np.array([scores[0] for _, scores in self.knots.values()])
        sums = lines.columns[:, np.newaxis] == np.array([*self.knots])
        return lines, first, sums.astype(np.float64)

    def buffers(self, n_rows, dtype, kernels, *, backward=True, keep_inputs=False):
        """Return new buffers for blocks of at most ``n_rows`` rows."""
        H = np.empty((n_rows, self.fan_out), dtype)
        lines, first, sums = self.functions()
        steps = np.empty((n_rows, len(lines.columns)), dtype)
        typed = lines.astype(dtype), first.astype(dtype), sums.astype(dtype)
        return NormalScoreBuffers(H, np.empty_like(H) if backward else None, steps, *typed)

    def forward(self, parameters, inputs, buffers):
        """Compute columns and scores as columns of one array."""
        n_kept = len(self.kept)
        steps = buffers.lines.values(inputs, buffers.steps)
        buffers.H[:, :n_kept] = inputs[:, self.kept]
        np.add(steps @ buffers.sums, buffers.first, out=buffers.H[:, n_kept:])

    def backward(self, parameters, inputs, buffers, ones, gradient):
        """Do nothing: the layer has no parameters."""

    def backward_inputs(self, parameters, buffers, out):
        """Write ``dLoss/dinputs`` into ``out``."""
        delta, n_kept = buffers.delta, len(self.kept)
        out[...] = 0
        out[:, self.kept] = delta[:, :n_kept]
        through = (delta[:, n_kept:] @ buffers.sums.T) * buffers.lines.slopes(buffers.steps)
        np.add.at(out.T, buffers.lines.columns, through.T)
