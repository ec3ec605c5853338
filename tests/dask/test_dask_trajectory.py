"""The battery of parameters of "same trajectory", local against Dask.

There, fits are compared to scikit-learn's; here, fits on partitions are compared to those in
memory. Each step of sgd and adam takes all rows, for in smaller ones they come in another order;
early stopping is on given data, for Dask holds out whole partitions.
"""

import dask.array as da
import numpy as np
import pytest
from scipy import sparse
from trajectories import (
    ACTIVATIONS,
    CLASSIFICATION,
    N_ROWS,
    TASKS,
    assert_close,
    covering_cases,
    make_data,
    names_of,
)

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.dask import DaskBackpropClassifier, DaskBackpropRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:The .* partitions are small:UserWarning"),
]


def in_chunks(array):
    dense = array.toarray() if sparse.issparse(array) else np.asarray(array)
    chunks = da.from_array(dense, chunks=((7, 40, 20), *dense.shape[1:]))
    return chunks.map_blocks(type(array)) if sparse.issparse(array) else chunks


def fit_pair(case, seed, weighted=False):
    """Fit on Dask and in memory on the data of a case; returns both, and X."""
    params = {"learning_rate_init": 0.01, "max_iter": 10, "tol": 1e-2, "random_state": seed}
    params.update(case)
    task, container = params.pop("task"), params.pop("container")
    X, y = make_data(seed, task, container)
    columns = [X, y]
    if weighted:
        columns.append(np.random.default_rng(seed).uniform(0.2, 3.0, size=N_ROWS))
    validation = dict(zip(("X_val", "y_val"), make_data(seed + 1, task, container), strict=True))
    validation = validation if params.get("early_stopping") else {}
    if task in CLASSIFICATION:
        pair = DaskBackpropClassifier(**params), BackpropClassifier(**params)
    else:
        params["loss"] = "poisson" if task.startswith("poisson") else "squared_error"
        pair = DaskBackpropRegressor(**params), BackpropRegressor(**params)
    on_dask, local = pair
    on_dask.fit(
        *map(in_chunks, columns), **{name: in_chunks(data) for name, data in validation.items()}
    )
    return on_dask, local.fit(*columns, **validation), X


def assert_same_fit(on_dask, local, X, rtol):
    for name in ("n_iter_", "n_outputs_", "out_activation_", "n_features_in_", "stop_reason_"):
        assert getattr(on_dask, name) == getattr(local, name), name
    assert_close(on_dask.loss_curve_, local.loss_curve_, 1e-9)
    for mine, other in zip(
        on_dask.coefs_ + on_dask.intercepts_, local.coefs_ + local.intercepts_, strict=True
    ):
        assert_close(mine, other, rtol)
    if local.validation_scores_ is not None:
        assert on_dask.best_iter_ == local.best_iter_
        assert_close(on_dask.validation_scores_, local.validation_scores_, 1e-7)
    method = "predict_proba" if hasattr(local, "predict_proba") else "predict"
    assert_close(getattr(on_dask, method)(X), getattr(local, method)(X), 10 * rtol)


# Both solvers, each task and activation; the other settings in turn.
STOCHASTIC_CASES = [case | {"batch_size": N_ROWS} for case in covering_cases()[::9]]


@pytest.mark.parametrize("case", STOCHASTIC_CASES, ids=names_of)
def test_steps_of_all_rows(client, case, seed):
    assert_same_fit(*fit_pair(case, seed), rtol=1e-8)


@pytest.mark.parametrize("second", [0, 1])
@pytest.mark.parametrize("task", TASKS)
def test_iterations_of_lbfgs(client, task, second):
    position = TASKS.index(task) + 2 * second
    case = {
        "task": task,
        "activation": ACTIVATIONS[position % 4],
        "solver": "lbfgs",
        "alpha": (0.0, 0.3)[second],
        "hidden_layer_sizes": ((5,), (6, 3), ())[position % 3],
        "container": ("dense", "csr")[(position + second) % 2],
        "tol": 1e-6,
    }
    assert_same_fit(*fit_pair(case, 0, weighted=position % 3 == 0), rtol=1e-6)
