"""Division of Dask collections and of data in memory into partitions."""

from itertools import pairwise

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
from distributed import futures_of

# Largest number of partitions for data in memory, and smallest number of rows of each. The number
# does not depend on the cluster, so the result does not either.
_MAX_SCATTERED = 32
_MIN_SCATTERED_ROWS = 256


def is_collection(data):
    """Return whether data are a Dask array, dataframe or series."""
    return dask.is_dask_collection(data)


def to_partitions(client, X, y, sample_weight):
    """Return features, targets and weights (or None) of each partition.

    They are futures for data that are on the workers, otherwise ``Delayed``. If the chunks of the
    collection ``X`` are known, targets and weights may be in memory.
    """
    named = {"X": X, "y": y, "sample_weight": sample_weight}
    if not is_collection(X):
        for name, data in named.items():
            if is_collection(data):
                raise TypeError(
                    f"{name} is a Dask collection, but X is not. Pass both as collections or "
                    "both in memory."
                )
        return _scatter(client, X, y, sample_weight)
    if isinstance(X, da.Array):
        X = single_column_of_chunks(X)
    delayed = [_delayed(name, data, X) for name, data in named.items() if data is not None]
    numbers = [len(parts) for parts in delayed]
    if len(set(numbers)) > 1:
        raise ValueError(
            f"X, y and sample_weight have different numbers of partitions: {numbers}. "
            "Divide them in the same way. Do not persist columns of a dataframe one by one or "
            "convert them to values, because Dask may then repartition them."
        )
    if sample_weight is None:
        delayed.append([None] * numbers[0])
    return list(zip(*delayed, strict=True))


def single_column_of_chunks(X):
    """Return an array in which each chunk has all features."""
    return X if X.ndim < 2 or X.numblocks[1] == 1 else X.rechunk({1: -1})


def _delayed(name, data, X):
    """Return the partitions of a collection, divided like those of ``X`` if they are known."""
    if not is_collection(data):
        data = _cut_like(name, data, X)
    if isinstance(data, da.Array):
        data = single_column_of_chunks(data)
        known = isinstance(X, da.Array) and not np.isnan([*data.chunks[0], *X.chunks[0]]).any()
        if known and data.chunks[0] != X.chunks[0]:
            if data.shape[0] != X.shape[0]:
                raise ValueError(f"X has {X.shape[0]} rows, but {name} has {data.shape[0]}.")
            data = data.rechunk({0: X.chunks[0]})
    there = {future.key: future for future in futures_of(data)}  # if the collection is persisted
    options = {}
    if hasattr(data, "simplify"):  # reads only the needed columns, but does not merge files
        data, options = data.simplify(), {"optimize_graph": False}
    return [there.get(part.key, part) for part in np.ravel(data.to_delayed(**options))]


def _cut_like(name, data, X):
    if isinstance(X, dd.DataFrame) or np.isnan(X.chunks[0]).any():
        raise TypeError(
            f"{name} is not a Dask collection, but X is one whose partitions have unknown "
            f"lengths. Pass {name} as a collection that is divided like X."
        )
    data = np.asarray(data)
    if len(data) != X.shape[0]:
        raise ValueError(f"X has {X.shape[0]} rows, but {name} has {len(data)}.")
    return da.from_array(data, chunks=(X.chunks[0], *((n,) for n in data.shape[1:])))


def _scatter(client, X, y, sample_weight):
    """Divide data in memory, and send the pieces to the workers."""
    X = X if hasattr(X, "shape") else np.asarray(X)
    n_rows = X.shape[0]
    n_parts = min(max(1, n_rows // _MIN_SCATTERED_ROWS), _MAX_SCATTERED)
    bounds = np.linspace(0, n_rows, n_parts + 1).astype(int)
    columns = []
    for data in (X, y, sample_weight):
        if data is None:
            columns.append([None] * n_parts)
            continue
        data = data if hasattr(data, "shape") else np.asarray(data)
        if data.shape[0] != n_rows:
            raise ValueError(
                "Found input variables with inconsistent numbers of samples: "
                f"{[n_rows, data.shape[0]]}"
            )
        pieces = [
            data.iloc[start:stop] if hasattr(data, "iloc") else data[start:stop]
            for start, stop in pairwise(bounds)
        ]
        columns.append(client.scatter(pieces, hash=False))
    return list(zip(*columns, strict=True))
