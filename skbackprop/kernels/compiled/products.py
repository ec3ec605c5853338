"""Products with weights that have few columns, as in an output layer.

A BLAS works on tiles of four, eight or more columns, and with three or five columns takes up to
three times as long as loops over the rows. All inner loops are over inputs, along which arrays are
contiguous.
"""

import numpy as np

from ..reference import PRODUCTS, ProductKernel
from .jit import compiled, compiled_sum, inlined

# Maximum number of columns for which loops are faster, in the forward and in the backward pass;
# minimum number of bytes of a row.
_COLUMNS, _COLUMNS_BACK, _BYTES_OF_ROW = 12, 4, 256

# Number of multiplications from which on a multi-threaded BLAS would divide the product.
_DIVIDED = 1 << 20


@inlined
def _transposed(coef, n_rows):
    """Return the columns as rows, padded with rows of zeros."""
    out = np.zeros((n_rows, coef.shape[0]), coef.dtype)
    for i in range(coef.shape[0]):
        for j in range(coef.shape[1]):
            out[j, i] = coef[i, j]
    return out


@compiled_sum
def _forward(inputs, coef, out):
    last_row, last_column = len(inputs) - 1, coef.shape[1] - 1
    columns, zero = _transposed(coef, coef.shape[1]), coef.dtype.type(0)
    # Two rows by two columns, so that loaded numbers are used twice. The last row or column may be
    # computed twice.
    for r in range(0, len(inputs), 2):
        s = min(r + 1, last_row)
        x, y = inputs[r], inputs[s]
        for j in range(0, coef.shape[1], 2):
            k = min(j + 1, last_column)
            v, w = columns[j], columns[k]
            xv, xw, yv, yw = zero, zero, zero, zero
            for i in range(len(coef)):
                xv += x[i] * v[i]
                xw += x[i] * w[i]
                yv += y[i] * v[i]
                yw += y[i] * w[i]
            out[r, j], out[r, k], out[s, j], out[s, k] = xv, xw, yv, yw


@compiled_sum
def _gradient(inputs, delta, out):
    columns = np.zeros((delta.shape[1], inputs.shape[1]), out.dtype)
    n_eights = len(inputs) // 8 * 8
    # Eight rows, so that the sums are loaded and stored once for all of them.
    for r in range(0, n_eights, 8):
        a, b, c, d = inputs[r], inputs[r + 1], inputs[r + 2], inputs[r + 3]
        e, f, g, h = inputs[r + 4], inputs[r + 5], inputs[r + 6], inputs[r + 7]
        for j in range(len(columns)):
            sums = columns[j]
            p, q, s, t = delta[r, j], delta[r + 1, j], delta[r + 2, j], delta[r + 3, j]
            u, v, w, x = delta[r + 4, j], delta[r + 5, j], delta[r + 6, j], delta[r + 7, j]
            for i in range(sums.size):
                sums[i] += (p * a[i] + q * b[i] + s * c[i] + t * d[i]) + (
                    u * e[i] + v * f[i] + w * g[i] + x * h[i]
                )
    for r in range(n_eights, len(inputs)):
        for j in range(len(columns)):
            p, sums = delta[r, j], columns[j]
            for i in range(sums.size):
                sums[i] += p * inputs[r, i]
    for i in range(inputs.shape[1]):
        for j in range(len(columns)):
            out[i, j] = columns[j, i]


@compiled
def _backward(delta, coef, out):
    columns, zero, n_columns = _transposed(coef, 4), coef.dtype.type(0), coef.shape[1]
    a, b, c, d = columns[0], columns[1], columns[2], columns[3]
    for r in range(len(delta)):
        p = delta[r, 0]
        q = delta[r, 1] if n_columns > 1 else zero
        s = delta[r, 2] if n_columns > 2 else zero
        t = delta[r, 3] if n_columns > 3 else zero
        row = out[r]
        for i in range(row.size):
            row[i] = p * a[i] + q * b[i] + s * c[i] + t * d[i]


def _is_plain(array):
    """Return whether an array has the layout for which the functions are compiled."""
    return array.flags.carray


class _FewColumns(ProductKernel):
    """Use loops for arrays that are C-contiguous and writable, as in training."""

    def forward(self, inputs, coef, out):
        if _is_plain(inputs) and _is_plain(coef):
            _forward(inputs, coef, out)
        else:
            super().forward(inputs, coef, out)

    def gradient(self, inputs, delta, out):
        if _is_plain(inputs):
            _gradient(inputs, delta, out)
        else:
            super().gradient(inputs, delta, out)


class _FewerColumns(_FewColumns):
    """Use loops in the backward pass too."""

    def backward(self, delta, coef, out):
        if _is_plain(coef):
            _backward(delta, coef, out)
        else:
            super().backward(delta, coef, out)


class _OneColumn(_FewerColumns):
    """Use BLAS for the matrix-vector products, at which it is fast, and loops otherwise."""

    forward, gradient = ProductKernel.forward, ProductKernel.gradient


_FEW, _FEWER, _ONE = _FewColumns(), _FewerColumns(), _OneColumn()


def products(n_rows, fan_in, fan_out, dtype):
    """Return the kernel for weights of some shape."""
    if (
        fan_out > _COLUMNS
        or fan_in * dtype.itemsize < _BYTES_OF_ROW
        or n_rows * fan_in * fan_out > _DIVIDED
    ):
        return PRODUCTS
    if fan_out == 1:
        return _ONE
    return _FEWER if fan_out <= _COLUMNS_BACK else _FEW
