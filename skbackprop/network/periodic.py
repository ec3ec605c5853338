"""A layer that adds periodic features of numeric columns to the features."""

import numpy as np

from .parameters import ParameterShape

# Initial frequencies, in periods: their standard deviations for the first and the last cosine of a
# column. Low frequencies fit trends, high ones fit steps and bumps.
_SLOW, _FAST = 0.1, 2.0


class EmbeddingBuffers:
    """Buffers of the layer between forward and backward pass, for a number of rows.

    ``H`` are the outputs, ``delta`` the gradient with respect to them, ``x`` the embedded columns.
    ``waves`` and ``cosines``, of shape (n_columns, n_waves, n_rows), are the arguments and the
    values of the cosine. ``outputs``, of shape (n_columns, n_outputs, n_rows), are the linear
    combinations of the cosines, and their gradients in the backward pass.
    """

    __slots__ = ("H", "cosines", "delta", "outputs", "waves", "x")

    @property
    def Z(self):
        """Return the outputs, because the layer has no activation."""
        return self.H

    def __init__(self, H, delta, x, waves, cosines, outputs):
        self.H = H
        self.delta = delta
        self.x = x
        self.waves = waves
        self.cosines = cosines
        self.outputs = outputs

    def rows(self, n_rows):
        """Return views of the buffers for fewer rows."""
        return EmbeddingBuffers(
            self.H[:n_rows],
            None if self.delta is None else self.delta[:n_rows],
            *(array[..., :n_rows] for array in (self.x, self.waves, self.cosines, self.outputs)),
        )


class PeriodicEmbedding:
    r"""Layer that appends learnt periodic features of some columns to all features.

    For a column ``x``, ``u = x w + a`` and ``e = V cos(u) + c``. The outputs are all features,
    followed by ``e`` of the first embedded column, of the second, and so on. Each column has its
    own ``w``, ``a``, ``V`` and ``c``. The backward pass is

        dV = de cos(u)^T,  dc = sum de,  du = -sin(u) (V^T de),  dw = du x,  da = sum du,

    with sums over rows.

    Parameters
    ----------
    fan_in : int
        Number of features.

    columns : ndarray of int of shape (n_columns,)
        Positions of the embedded columns.

    n_waves : int, default=16
        Number of cosines per column.

    n_outputs : int, default=3
        Number of linear combinations per column.

    rate, decay : float, default=1.0
        Factors of the learning rate and of the weight decay of all parameters. The rate of ``w``
        and ``a`` is larger by the factor ``2 pi``, because their natural unit is a period.

    References
    ----------
    Gorishniy, Rubachev & Babenko (2022), "On embeddings for numerical features in tabular deep
    learning", NeurIPS; Holzmüller, Grinsztajn & Steinwart (2024), "Better by default: strong
    pre-tuned MLPs and boosted trees on tabular data", NeurIPS (PBLD).
    """

    description = "periodic"

    def __init__(self, fan_in, columns, n_waves=16, n_outputs=3, rate=1.0, decay=1.0):
        self.fan_in = fan_in
        self.columns = np.asarray(columns)
        self.n_waves = n_waves
        self.n_outputs = n_outputs
        self.fan_out = fan_in + len(self.columns) * n_outputs
        self.rate = rate
        self.decay = decay

    @property
    def parameter_shapes(self):
        """Return the shapes of ``w``, ``a``, ``V`` and ``c``."""
        n_columns, of_waves = len(self.columns), 2 * np.pi * self.rate
        return tuple(
            ParameterShape(name, (n_columns, *shape), True, rate=rate, decay=self.decay)
            for name, shape, rate in (
                ("w", (self.n_waves, 1), of_waves),
                ("a", (self.n_waves, 1), of_waves),
                ("V", (self.n_outputs, self.n_waves), self.rate),
                ("c", (self.n_outputs, 1), self.rate),
            )
        )

    def draw(self, parameters, random_state):
        """Draw initial values.

        Parameters
        ----------
        parameters : tuple of ndarrays
            Arrays to overwrite: ``w`` from ``2 pi s N(0, 1)``, where ``s`` is a geometric series
            from 0.1 to 2 over the cosines of a column; ``a`` uniform in one period; ``V`` and
            ``c`` uniform in ``±1 / sqrt(n_waves)``.

        random_state : RandomState
            Random number generator.
        """
        w, a, V, c = parameters
        bound = 1 / np.sqrt(self.n_waves)
        deviations = np.geomspace(_SLOW, _FAST, self.n_waves)[:, np.newaxis]
        w[...] = 2 * np.pi * deviations * random_state.standard_normal(w.shape)
        a[...] = random_state.uniform(-np.pi, np.pi, a.shape)
        V[...] = random_state.uniform(-bound, bound, V.shape)
        c[...] = random_state.uniform(-bound, bound, c.shape)

    def buffers(self, n_rows, dtype, kernels, *, backward=True, keep_inputs=False):
        """Return new buffers for blocks of at most ``n_rows`` rows."""
        n_columns = len(self.columns)
        H = np.empty((n_rows, self.fan_out), dtype)
        waves = np.empty((n_columns, self.n_waves, n_rows), dtype)
        return EmbeddingBuffers(
            H,
            np.empty_like(H) if backward else None,
            np.empty((n_columns, n_rows), dtype),
            waves,
            np.empty_like(waves) if backward else waves,
            np.empty((n_columns, self.n_outputs, n_rows), dtype),
        )

    def forward(self, parameters, inputs, buffers):
        """Compute features and embeddings as columns of one array."""
        w, a, V, c = parameters
        buffers.x[...] = inputs.T[self.columns]
        waves = buffers.waves
        np.multiply(buffers.x[:, np.newaxis], w, out=waves)
        np.add(waves, a, out=waves)
        np.cos(waves, out=buffers.cosines)
        np.matmul(V, buffers.cosines, out=buffers.outputs)
        np.add(buffers.outputs, c, out=buffers.outputs)
        buffers.H[:, : self.fan_in] = inputs
        buffers.H[:, self.fan_in :] = buffers.outputs.reshape(-1, len(inputs)).T

    def backward(self, parameters, inputs, buffers, ones, gradient):
        """Write the gradient of the parameters."""
        V = parameters[2]
        dw, da, dV, dc = gradient
        delta, waves = buffers.outputs, buffers.waves
        delta.reshape(-1, len(inputs))[...] = buffers.delta[:, self.fan_in :].T
        np.matmul(delta, buffers.cosines.transpose(0, 2, 1), out=dV)
        np.matmul(delta, ones[:, np.newaxis], out=dc)
        np.sin(waves, out=waves)
        np.matmul(V.transpose(0, 2, 1), delta, out=buffers.cosines)
        np.multiply(waves, buffers.cosines, out=waves)
        np.negative(waves, out=waves)
        np.matmul(waves, buffers.x[:, :, np.newaxis], out=dw)
        np.matmul(waves, ones[:, np.newaxis], out=da)

    def backward_inputs(self, parameters, buffers, out):
        """Write ``dLoss/dinputs`` into ``out``; ``backward`` has stored ``du`` in ``waves``."""
        w = parameters[0]
        out[...] = buffers.delta[:, : self.fan_in]
        out[:, self.columns] += np.einsum("kwr,kw->rk", buffers.waves, w[:, :, 0])
