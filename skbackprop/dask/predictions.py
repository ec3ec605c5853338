"""Predictions for collections: lazy, chunk by chunk."""

from functools import partial

import dask.array as da
import numpy as np
import pandas as pd

from .collections import single_column_of_chunks

__all__ = ["predict_lazily"]


def predict_lazily(estimator, method, X, **arguments):
    """Collection of what a method gives for each chunk of a collection.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        A plain fitted estimator; it travels to the workers.

    method : str
        Name of one of its methods.

    X : dask Array or dask DataFrame
        The data.

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
    return _of_each_output(example, partial(_map_partitions, estimator, function, X))


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


def _map_partitions(estimator, function, X, example, position):
    meta = _with_index(estimator, example[:0], X._meta.index)
    part = partial(_partition, estimator, function, position, example[:0])
    return X.map_partitions(part, meta=meta)


def _partition(estimator, function, position, empty, X):
    return _with_index(estimator, _block(function, position, empty, X), X.index)


def _with_index(estimator, values, index):
    """Predictions with the index of their rows."""
    if values.ndim == 1:
        return pd.Series(values, index=index)
    if values.ndim == 3:
        values = values.reshape(len(values), int(np.prod(values.shape[1:])))
    classes = getattr(estimator, "classes_", None)
    fits = isinstance(classes, np.ndarray) and len(classes) == values.shape[1]
    return pd.DataFrame(values, index=index, columns=classes if fits else None)
