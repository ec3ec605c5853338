"""Steps of sgd and adam on a cluster: large batches with rows from every partition.

The workers are threads here: what is computed does not depend on it.
"""

import dask.array as da
import numpy as np
import pytest
from distributed import Client

from skbackprop import BackpropClassifier
from skbackprop.dask import DaskBackpropClassifier

N_ROWS = 240

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:The .* partitions are small:UserWarning"),
]


@pytest.fixture(scope="module", params=[1, 2])
def client(request):
    with Client(
        processes=False, n_workers=request.param, threads_per_worker=1, dashboard_address=":0"
    ) as client:
        yield client


def make_data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, 4))
    return X, np.array(["a", "b", "c"])[(X[:, :3] + rng.normal(size=(N_ROWS, 3))).argmax(axis=1)]


def estimator_pair(**params):
    params = {"hidden_layer_sizes": (6,), "max_iter": 4, "random_state": 0} | params
    return BackpropClassifier(**params), DaskBackpropClassifier(**params)


def fit_on_dask(model, chunks):
    X, y = make_data()
    return model.fit(da.from_array(X, chunks=(chunks, 4)), da.from_array(y, chunks=chunks))


@pytest.mark.parametrize(
    "params",
    [
        {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.1},
        {"solver": "adam", "weight_decay": 0.01, "warmup_fraction": 0.5},
        {"solver": "adam", "average": 0.9, "class_weight": "balanced"},
    ],
    ids=str,
)
def test_a_step_of_all_rows_is_the_local_one(client, params):
    X, y = make_data()
    local, on_dask = estimator_pair(batch_size=N_ROWS, **params)
    local.fit(X, y)
    fit_on_dask(on_dask, 70)
    np.testing.assert_allclose(on_dask.loss_curve_, local.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(on_dask.coefs_[0], local.coefs_[0], rtol=1e-7)


def test_unshuffled_steps_take_rows_of_every_partition(client):
    X, y = make_data()
    local, on_dask = estimator_pair(solver="sgd", batch_size=80, shuffle=False)
    fit_on_dask(on_dask, (120, 60, 60))
    starts = (0, 120, 180)
    order = np.concatenate(
        [
            np.arange(start + step * length // 3, start + (step + 1) * length // 3)
            for step in range(3)
            for start, length in zip(starts, (120, 60, 60), strict=True)
        ]
    )
    local.fit(X[order], y[order])
    np.testing.assert_allclose(on_dask.loss_curve_, local.loss_curve_, rtol=1e-9)


CURVES = {}  # with the number of workers that comes first


def test_neither_worker_nor_repetition_matters_but_the_seed_does(client):
    curves = [
        fit_on_dask(estimator_pair(batch_size=80, dropout=0.3, random_state=seed)[1], 70)
        for seed in (0, 0, 1)
    ]
    first, again, other = (model.loss_curve_ for model in curves)
    assert first == again != other
    assert CURVES.setdefault("first", first) == first
    assert len(first) == 4


def test_every_row_is_seen_once_an_epoch():
    from skbackprop.dask.tasks import rows_of_step

    for n_rows in (1, 7, 100):
        bounds = [rows_of_step(n_rows, step, 7) for step in range(7)]
        assert [start for start, _ in bounds[1:]] == [stop for _, stop in bounds[:-1]]
        assert (bounds[0][0], bounds[-1][1]) == (0, n_rows)


def test_a_batch_has_a_row_of_each_partition(client):
    _, on_dask = estimator_pair(batch_size=5)
    with pytest.raises(ValueError, match="batch_size=5 is less than the number of partitions, 24"):
        fit_on_dask(on_dask, 10)


def test_warm_start_goes_on_with_the_moments(client):
    _, on_dask = estimator_pair(batch_size=N_ROWS, warm_start=True, max_iter=3)
    local, _ = estimator_pair(batch_size=N_ROWS, warm_start=True, max_iter=3)
    for _ in range(2):
        fit_on_dask(on_dask, 70)
        local.fit(*make_data())
    np.testing.assert_allclose(on_dask.loss_curve_, local.loss_curve_, rtol=1e-9)
