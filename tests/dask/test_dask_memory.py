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
    chunk = N_ROWS // N_PARTITIONS
    chunks = da.from_array(X, chunks=(chunk, 4)).map_blocks(container)
    on_dask = DaskBackpropClassifier(solver=solver, **PARAMS)
    on_dask.fit(chunks, da.from_array(y, chunks=chunk))
    local = BackpropClassifier(solver=solver, **PARAMS).fit(container(X), y)
    np.testing.assert_allclose(on_dask.loss_curve_, local.loss_curve_, rtol=1e-9)
    assert [on_disk for on_disk, _, _ in states[:5]] == [N_PARTITIONS] * 5
    assert states[0][1] == states[4][1]  # nothing more is written
    assert states[4][2] - states[0][2] >= 4 * N_PARTITIONS


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_nothing_is_left_on_the_workers_after_a_fit(client, solver):
    X, y = make_data()
    DaskBackpropClassifier(solver=solver, **PARAMS).fit(X, y)
    deadline = time.monotonic() + 30
    while any(client.has_what().values()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(client.has_what().values())
    gc.collect()
    assert not any(type(thing) is Held for thing in gc.get_objects())
