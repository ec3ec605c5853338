"""Lazy predictions for collections, chunk by chunk."""

from functools import partial

import dask
import dask.array as da
import numpy as np
import pandas as pd

from .collections import single_column_of_chunks


def predict_lazily(estimator, method, X, names=None, **arguments):
    """Return the lazy result of a method of a local estimator, divided like the collection.

    A method that returns a list or a tuple gives a list or tuple of collections. The columns of a
    dataframe get ``names`` if these are an array of the right length.
    """
    function = partial(_predict, method, arguments)
    # The model is a separate task, so that the workers fetch it only once, from each other.
    model = dask.delayed(estimator, pure=True, traverse=False)
    if isinstance(X, da.Array):
        X = single_column_of_chunks(X)
        example = function(np.zeros((1, X.shape[1]), X.dtype), estimator)
        lazy = partial(_map_blocks, function, X, model)
    else:
        example = function(X._meta_nonempty, estimator)
        lazy = partial(_map_partitions, names, function, X, model)
    if isinstance(example, list | tuple):
        return type(example)(lazy(part, position) for position, part in enumerate(example))
    return lazy(example, None)


def _predict(method, arguments, X, model):
    return getattr(model, method)(X, **arguments)


def _block(function, position, empty, X, model):
    if X.shape[0] == 0:
        return empty
    result = function(X, model)
    return result if position is None else result[position]


def _map_blocks(function, X, model, example, position):
    empty = example[:0]
    shape = {
        1: {"drop_axis": 1},
        2: {"chunks": (X.chunks[0], example.shape[1:2])},
        3: {"chunks": (X.chunks[0], *((n,) for n in example.shape[1:])), "new_axis": 2},
    }[example.ndim]
    block = partial(_block, function, position, empty)
    return X.map_blocks(block, model=model, dtype=example.dtype, meta=empty, **shape)


def _map_partitions(names, function, X, model, example, position):
    empty = example[:0]
    part = partial(_partition, names, function, position, empty)
    return X.map_partitions(part, model, meta=_with_index(names, empty, X._meta.index))


def _partition(names, function, position, empty, X, model):
    return _with_index(names, _block(function, position, empty, X, model), X.index)


def _with_index(names, values, index):
    """Return predictions with the index of their rows, and column names if they fit."""
    if values.ndim == 1:
        return pd.Series(values, index=index)
    if values.ndim == 3:
        values = values.reshape(len(values), int(np.prod(values.shape[1:])))
    fits = isinstance(names, np.ndarray) and len(names) == values.shape[1]
    return pd.DataFrame(values, index=index, columns=names if fits else None)
