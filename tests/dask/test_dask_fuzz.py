"""Random partitions on a cluster: the fit of the local estimator, or refused where that refuses.

Partitions of any size, none of it and single rows too, of any numeric type, dense, sparse or of a
dataframe, with weights of zero. Only where all the rows of a step are the same can the fits be
compared: L-BFGS, and a batch of all rows for sgd and adam.

``SKBACKPROP_PROFILE=long python -m pytest tests/dask/test_dask_fuzz.py -rP`` makes 400 pairs of
fits.
"""

import os
import warnings
from collections import Counter

import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
from fuzz_strategies import one_of_each
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.dask import DaskBackpropClassifier, DaskBackpropRegressor

DRAWS = 400 if os.environ.get("SKBACKPROP_PROFILE") == "long" else 15

PARAMETERS = {
    "hidden_layer_sizes": [(4,), (), (3, 2)],
    "activation": ["relu", "tanh", "silu"],
    "alpha": [1e-4, 0.0, 1.0],
    "dtype": [None, "float32", "float64"],
    "solver": ["lbfgs", "lbfgs", "sgd", "adam"],
}
OF_CLASSIFIER = {"class_weight": [None, None, "balanced"], "loss": ["log_loss", "focal"]}
OF_REGRESSOR = {"loss": ["squared_error", "huber", "poisson"]}
DATA = {
    "dtype": ["f8", "f8", "f4", ">f8", "i4", "u1", "?"],
    "container": ["array", "sparse", "frame"],
    "task": ["binary", "multiclass", "multilabel", "one class", "regression", "regression_2"],
    "weights": ["none", "uniform", "some zero"],
}


@st.composite
def cases(draw):
    data = one_of_each(draw, DATA)
    own = OF_REGRESSOR if data["task"].startswith("regression") else OF_CLASSIFIER
    parameters = one_of_each(draw, PARAMETERS | own)
    sizes = st.one_of(st.integers(5, 30), st.sampled_from([0, 1, 2]))
    data["sizes"] = tuple(draw(st.lists(sizes, min_size=1, max_size=5)))
    data["seed"] = draw(st.integers(0, 2**20))
    return parameters, data


def target(rng, X, task):
    noisy = X[:, :1] + rng.normal(size=(len(X), 3))
    if task == "binary":
        return np.where(noisy[:, 0] > 0, "spam", "ham")
    if task == "multiclass":
        return noisy.argmax(axis=1)
    if task == "multilabel":
        return (noisy > 0).astype(int)
    if task == "one class":
        return np.zeros(len(X), dtype=int)
    return np.exp(0.3 * noisy[:, 0] if task == "regression" else 0.3 * noisy[:, :2])


def local_data(data):
    rng = np.random.default_rng(data["seed"])
    n_rows = sum(data["sizes"])
    X = 3 * np.abs(rng.normal(size=(n_rows, 4)))
    weights = {
        "none": None,
        "uniform": rng.uniform(0.1, 2, n_rows),
        "some zero": rng.integers(0, 2, n_rows).astype(float),
    }[data["weights"]]
    native = data["dtype"].lstrip(">") if data["container"] != "array" else data["dtype"]
    return X.astype(native), target(rng, X, data["task"]), weights


def frame(array, sizes):
    ends = np.cumsum(sizes)
    whole = pd.DataFrame(array) if array.ndim == 2 else pd.Series(array)
    whole = whole.rename(columns=str) if array.ndim == 2 else whole
    parts = [whole.iloc[end - size : end] for end, size in zip(ends, sizes)]
    return dd.from_map(lambda i: parts[i], range(len(parts)), meta=whole.iloc[:0])


def on_cluster(X, y, weights, data):
    sizes = data["sizes"]
    if data["container"] == "frame":
        return tuple(None if a is None else frame(a, sizes) for a in (X, y, weights))

    def in_chunks(array):
        return None if array is None else da.from_array(array, (sizes, *array.shape[1:]))

    X = in_chunks(X)
    if data["container"] == "sparse":
        X = X.map_blocks(sparse.csr_array, meta=sparse.csr_array((0, 4), dtype=X.dtype))
    return X, in_chunks(y), in_chunks(weights)


def fitted(estimator, data):
    """The estimator, or the error that says why not."""
    try:
        return estimator.fit(*data)
    except (ValueError, TypeError) as error:
        return error


def outcome(parameters, data):
    X, y, weights = local_data(data)
    parameters = parameters | {"max_iter": 4, "random_state": 0, "batch_size": max(len(X), 1)}
    is_regressor = data["task"].startswith("regression")
    cls = BackpropRegressor if is_regressor else BackpropClassifier
    on_dask = DaskBackpropRegressor if is_regressor else DaskBackpropClassifier
    local_X = sparse.csr_array(X) if data["container"] == "sparse" and len(X) else X
    local = fitted(cls(**parameters), (local_X, y, weights))
    remote = fitted(on_dask(**parameters), on_cluster(X, y, weights, data))
    if isinstance(local, Exception):
        assert isinstance(remote, ValueError | TypeError), local
        return "refused by both"
    assert not isinstance(remote, Exception), remote
    rtol = 1e-9 if local.coefs_[0].dtype == np.float64 else 1e-4
    np.testing.assert_allclose(remote.loss_curve_, local.loss_curve_, rtol=rtol)
    for mine, other in zip(remote.coefs_, local.coefs_, strict=True):
        assert mine.dtype == other.dtype
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e3 * rtol * np.abs(other).max())
    return "same"


def test_partitions_of_any_size_and_type(client):
    outcomes = Counter()

    @settings(max_examples=DRAWS)
    @given(case=cases())
    def compare(case):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            outcomes[outcome(*case)] += 1

    compare()
    print(f"{outcomes.total()} pairs of fits: {dict(outcomes)}")
    assert outcomes["same"] > 0.3 * outcomes.total()
