"""Collections, and plain data, as partitions."""

from itertools import pairwise

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
from distributed import futures_of

# Plain data are cut into so many partitions at most, of so many rows at least. The number does not
# depend on the cluster, and so the result does not.
_MAX_SCATTERED = 32
_MIN_SCATTERED_ROWS = 256


def is_collection(data):
    """Whether data are a Dask array or dataframe (or series)."""
    return dask.is_dask_collection(data)


def to_partitions(client, X, y, sample_weight):
    """Features, targets and weights (None without weights) of each partition.

    They are futures of what is on the workers already, ``Delayed`` else. Targets and weights of a
    collection may be plain where the chunks of ``X`` are known.
    """
    named = {"X": X, "y": y, "sample_weight": sample_weight}
    if not is_collection(X):
        for name, data in named.items():
            if is_collection(data):
                raise TypeError(f"{name} is a Dask collection, but X is not: give both or none.")
        return _scatter(client, X, y, sample_weight)
    if isinstance(X, da.Array):
        X = single_column_of_chunks(X)
    delayed = [_delayed(name, data, X) for name, data in named.items() if data is not None]
    numbers = [len(parts) for parts in delayed]
    if len(set(numbers)) > 1:
        raise ValueError(
            f"X, y and sample_weight have different numbers of partitions: {numbers}. "
            "Divide them in the same way, and give columns of a dataframe as they are: persisted "
            "one by one, or as values, they may be divided anew by Dask."
        )
    if sample_weight is None:
        delayed.append([None] * numbers[0])
    return list(zip(*delayed, strict=True))


def single_column_of_chunks(X):
    """An array of which each chunk has all features."""
    return X if X.ndim < 2 or X.numblocks[1] == 1 else X.rechunk({1: -1})


def _delayed(name, data, X):
    """The partitions of a collection, cut as those of X where that is known."""
    if not is_collection(data):
        data = _cut_like(name, data, X)
    if isinstance(data, da.Array):
        data = single_column_of_chunks(data)
        known = isinstance(X, da.Array) and not np.isnan([*data.chunks[0], *X.chunks[0]]).any()
        if known and data.chunks[0] != X.chunks[0]:
            if data.shape[0] != X.shape[0]:
                raise ValueError(f"X has {X.shape[0]} rows, but {name} has {data.shape[0]}.")
            data = data.rechunk({0: X.chunks[0]})
    there = {future.key: future for future in futures_of(data)}  # of a persisted collection
    options = {}
    if hasattr(data, "simplify"):  # no columns too many, and no files joined as the columns are
        data, options = data.simplify(), {"optimize_graph": False}
    return [there.get(part.key, part) for part in np.ravel(data.to_delayed(**options))]


def _cut_like(name, data, X):
    if isinstance(X, dd.DataFrame) or np.isnan(X.chunks[0]).any():
        raise TypeError(
            f"{name} is not a Dask collection, but X is one whose partitions have unknown "
            f"lengths. Give {name} as a collection that is divided as X."
        )
    data = np.asarray(data)
    if len(data) != X.shape[0]:
        raise ValueError(f"X has {X.shape[0]} rows, but {name} has {len(data)}.")
    return da.from_array(data, chunks=(X.chunks[0], *((n,) for n in data.shape[1:])))


def _scatter(client, X, y, sample_weight):
    """Cut plain data, and put the pieces on the workers."""
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
