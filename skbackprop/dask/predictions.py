"""Predictions for collections: lazy, chunk by chunk."""

from functools import partial

import dask.array as da
import numpy as np
import pandas as pd

from .collections import single_column_of_chunks

__all__ = ["predict_lazily"]


def predict_lazily(estimator, method, X, names=None, **arguments):
    """Collection of what a method gives for each chunk of a collection.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        A plain fitted estimator; it travels to the workers.

    method : str
        Name of one of its methods.

    X : dask Array or dask DataFrame
        The data.

    names : ndarray or object, default=None
        Names of the columns of a dataframe, if they are an array with as many as there are.

    **arguments
        Further arguments of the method.

    Returns
    -------
    predictions : dask Array, Series or DataFrame, or list or tuple of such
        Divided as ``X``.
    """
    function = partial(_predict, estimator, method, arguments)
    if isinstance(X, da.Array):
        X = single_column_of_chunks(X)
        return _of_each_output(_example(function, X), partial(_map_blocks, function, X))
    example = function(X._meta_nonempty)
    return _of_each_output(example, partial(_map_partitions, names, function, X))


def _predict(estimator, method, arguments, X):
    return getattr(estimator, method)(X, **arguments)


def _example(function, X):
    """What the function gives for one row."""
    return function(np.zeros((1, X.shape[1]), X.dtype))


def _of_each_output(example, lazy):
    """One collection for each output of a method that gives several."""
    if isinstance(example, list | tuple):
        return type(example)(lazy(part, position) for position, part in enumerate(example))
    return lazy(example, None)


def _pick(function, position, X):
    result = function(X)
    return result if position is None else result[position]


def _block(function, position, empty, X):
    return empty if X.shape[0] == 0 else _pick(function, position, X)


def _map_blocks(function, X, example, position):
    empty = example[:0]
    shape = {
        1: {"drop_axis": 1},
        2: {"chunks": (X.chunks[0], example.shape[1:2])},
        3: {"chunks": (X.chunks[0], *((n,) for n in example.shape[1:])), "new_axis": 2},
    }[example.ndim]
    block = partial(_block, function, position, empty)
    return X.map_blocks(block, dtype=example.dtype, meta=empty, **shape)


def _map_partitions(names, function, X, example, position):
    meta = _with_index(names, example[:0], X._meta.index)
    part = partial(_partition, names, function, position, example[:0])
    return X.map_partitions(part, meta=meta)


def _partition(names, function, position, empty, X):
    return _with_index(names, _block(function, position, empty, X), X.index)


def _with_index(names, values, index):
    """Predictions with the index of their rows, and the names of their columns if they fit."""
    if values.ndim == 1:
        return pd.Series(values, index=index)
    if values.ndim == 3:
        values = values.reshape(len(values), int(np.prod(values.shape[1:])))
    fits = isinstance(names, np.ndarray) and len(names) == values.shape[1]
    return pd.DataFrame(values, index=index, columns=names if fits else None)
