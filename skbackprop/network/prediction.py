"""Forward passes over any number of rows, block by block.

Each block uses the threads of the BLAS, which start faster than Python threads.
"""

import numpy as np
from scipy import sparse

from ..data.rows import RowBuffers
from ..kernels import kernels_for
from .workspace import Workspace

# The activations of a block should fit the private cache of a core.
_BLOCK_ELEMENTS = 1 << 17
_MAX_BLOCK_ROWS = 1024
_MIN_BLOCK_ROWS = 512
_SPARSE_BLOCK_FACTOR = 8

# Blocks of predictions are larger, because several threads of the BLAS, each with its own cache,
# share a block.
_MAX_PREDICTED_ROWS = 2048


def rows_per_block(network, X, max_rows=_MAX_BLOCK_ROWS):
    """Return the number of rows of a block, so that its data stay in the cache.

    Sparse blocks are larger, so that adding up their dense gradients is a small part of the work.
    """
    if sparse.issparse(X):
        stored_per_row = max(1, X.nnz // max(1, X.shape[0]))
        return max(_MIN_BLOCK_ROWS, _SPARSE_BLOCK_FACTOR * X.shape[1] // stored_per_row)
    rows = _BLOCK_ELEMENTS // max(network.layer_units)
    return min(max(rows, _MIN_BLOCK_ROWS), max_rows)


def blocks_of(n_rows, block_rows):
    """Return the bounds (start, stop) of the blocks in their order."""
    return [(start, min(start + block_rows, n_rows)) for start in range(0, n_rows, block_rows)]


def _kernels_for(network, rows, n_blocks):
    return kernels_for(n_blocks, network.n_products(len(rows), rows.stored_per_row))


def _forward_passes(network, parameters, rows, kernels=None):
    """Process all rows; yield the bounds of each block and the buffers of its layers."""
    n_rows = len(rows)
    block_rows = min(rows_per_block(network, rows.X, _MAX_PREDICTED_ROWS), n_rows)
    blocks = blocks_of(n_rows, block_rows)
    if kernels is None:
        kernels = _kernels_for(network, rows, len(blocks))
    workspace = Workspace(network, block_rows, rows.dtype, kernels, backward=False)
    buffers = RowBuffers(rows, block_rows)
    for start, stop in blocks:
        network.forward(parameters, rows.block(start, stop, buffers).X, workspace)
        yield start, stop, workspace.layers(stop - start)


def raw_predictions(network, parameters, rows, kernels=None):
    """Return raw predictions of all rows, of shape (n_rows, n_raw).

    By default the kernels are chosen by the amount of work.
    """
    n_rows = len(rows)
    if n_rows <= _MIN_BLOCK_ROWS:  # one block: of a row, the way there is most of the time
        if kernels is None:
            kernels = _kernels_for(network, rows, 1)
        workspace = Workspace(network, n_rows, rows.dtype, kernels, backward=False)
        X = rows.block(0, n_rows, RowBuffers(rows, n_rows)).X
        return network.forward(parameters, X, workspace)
    raw_prediction = None
    for start, stop, layers in _forward_passes(network, parameters, rows, kernels):
        if stop - start == n_rows:
            return layers[-1].H
        if raw_prediction is None:
            raw_prediction = np.empty((n_rows, network.layer_units[-1]), rows.dtype)
        raw_prediction[start:stop] = layers[-1].H
    return raw_prediction


def hidden_activations(network, parameters, rows, layers):
    """Return the activations of some layers for all rows; 0 is the first layer."""
    outputs = [np.empty((len(rows), network.layers[i].fan_out), rows.dtype) for i in layers]
    for start, stop, computed in _forward_passes(network, parameters, rows):
        for i, output in zip(layers, outputs, strict=True):
            output[start:stop] = computed[i].H
    return outputs
