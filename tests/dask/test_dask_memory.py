"""Data that have no room in the workers' memory, and what is left on the workers after a fit.

The workers are threads here, and their memory is said to be full from the first partition on.
"""

import gc
import time

import dask
import dask.array as da
import numpy as np
import pytest
from distributed import Client
from scipy import sparse

from skbackprop import BackpropClassifier
from skbackprop.dask import DaskBackpropClassifier
from skbackprop.dask.held import Held
from skbackprop.training.monitor import Monitor

N_ROWS, N_PARTITIONS = 300, 4
PARAMS = {"hidden_layer_sizes": (5,), "max_iter": 5, "random_state": 0, "batch_size": N_ROWS}

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:The .* partitions are small:UserWarning"),
]

SMALL_TARGET = {
    "distributed.worker.memory.target": 0.1,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
}


@pytest.fixture(scope="module")
def client():
    with (
        dask.config.set(SMALL_TARGET),
        Client(
            processes=False,
            n_workers=1,
            threads_per_worker=1,
            memory_limit="300MB",
            dashboard_address=":0",
        ) as client,
    ):
        yield client


def make_data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N_ROWS, 4)) * (rng.uniform(size=(N_ROWS, 4)) < 0.5)
    return X, (X[:, 0] + rng.normal(size=N_ROWS) > 0).astype(int)


def in_chunks(*data):
    chunk = N_ROWS // N_PARTITIONS
    return [da.from_array(array, chunks=(chunk, *array.shape[1:])) for array in data]


def spilled(dask_worker):
    """Partitions on the worker's disk, and how much has been written and read."""
    metrics = dask_worker.data.cumulative_metrics
    keys = [key for key in dask_worker.data.disk if str(key).startswith("hold_sample")]
    return len(keys), *(metrics[f"disk-{what}", "count"] for what in ("write", "read"))


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_matrix])
def test_partitions_are_written_to_disk_once(client, monkeypatch, solver, container):
    states = []
    original = Monitor.epoch_ends

    def epoch_ends(monitor, *arguments):
        states.extend(client.run(spilled).values())
        original(monitor, *arguments)

    monkeypatch.setattr(Monitor, "epoch_ends", epoch_ends)
    X, y = make_data()
    chunks, labels = in_chunks(X, y)
    on_dask = DaskBackpropClassifier(solver=solver, **PARAMS)
    on_dask.fit(chunks.map_blocks(container), labels)
    local = BackpropClassifier(solver=solver, **PARAMS).fit(container(X), y)
    np.testing.assert_allclose(on_dask.loss_curve_, local.loss_curve_, rtol=1e-9)
    assert [on_disk for on_disk, _, _ in states[:5]] == [N_PARTITIONS] * 5
    assert states[0][1] == states[4][1]  # nothing more is written
    assert states[4][2] - states[0][2] >= 4 * N_PARTITIONS


@pytest.fixture
def no_garbage_collection():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def assert_nothing_is_left(client):
    deadline = time.monotonic() + 30
    while any(client.has_what().values()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(client.has_what().values())


def test_workers_without_a_limit_keep_everything_in_memory():
    X, y = make_data()
    with Client(
        processes=False,
        n_workers=1,
        threads_per_worker=1,
        memory_limit=0,
        dashboard_address=":0",
    ):
        model = DaskBackpropClassifier(solver="lbfgs", **PARAMS).fit(*in_chunks(X, y))
    local = BackpropClassifier(solver="lbfgs", **PARAMS).fit(X, y)
    np.testing.assert_allclose(model.coefs_[0], local.coefs_[0], rtol=1e-7)


def held_rows():
    gc.collect()
    return [thing for thing in gc.get_objects() if issubclass(type(thing), Held)]


@pytest.mark.parametrize("validation", ["given", "split", None])
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_nothing_is_left_on_the_workers_after_a_fit(
    client, no_garbage_collection, solver, validation
):
    others = set(map(id, before := held_rows()))  # of an earlier test
    X, y = make_data()
    given = {"X_val": X, "y_val": y} if validation == "given" else {}
    model = DaskBackpropClassifier(solver=solver, **PARAMS)
    model.set_params(early_stopping=validation == "split", batch_size=N_ROWS // 2)
    model.fit(*in_chunks(X, y), **given)
    assert_nothing_is_left(client)
    assert others.issuperset(map(id, held_rows()))
    del before


@pytest.mark.parametrize("when", ["in the data", "before training", "in training"])
def test_nothing_is_left_on_the_workers_while_an_error_is_looked_at(
    client, no_garbage_collection, monkeypatch, when
):
    def fail(*arguments):
        raise ZeroDivisionError

    X, y = make_data()
    more = {"X_val": X[:100], "y_val": y[:100]}
    if when == "in the data":
        X[-1, 0] = np.nan
    if when == "before training":
        more["coef_init"] = [np.ones((1, 1))]
    if when == "in training":
        monkeypatch.setattr(Monitor, "epoch_ends", fail)
    model = DaskBackpropClassifier(**PARAMS)
    with pytest.raises((ValueError, ZeroDivisionError)) as caught:
        model.fit(*in_chunks(X, y), **more)
    assert_nothing_is_left(client)
    assert caught.value is not None  # it holds the frames that it came through
