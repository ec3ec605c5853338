"""What a fit does when workers come and go, or the client is interrupted."""

import os
import signal
import time

import dask.array as da
import numpy as np
import pytest
from distributed import Client, LocalCluster
from sklearn.model_selection import GridSearchCV

from skbackprop import BackpropClassifier
from skbackprop.dask import DaskBackpropClassifier
from skbackprop.monitor import Monitor

PARAMS = {"hidden_layer_sizes": (5,), "solver": "lbfgs", "max_iter": 8, "random_state": 0}

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:The .* partitions are small:UserWarning"),
]


@pytest.fixture(scope="module")
def cluster():
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        yield cluster


@pytest.fixture(scope="module")
def client(cluster):
    with Client(cluster) as client:
        yield client


def make_data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(400, 4))
    return X, (X[:, 0] * X[:, 1] + rng.normal(size=400) > 0).astype(int)


def in_chunks():
    X, y = make_data()
    return da.from_array(X, chunks=(70, 4)), da.from_array(y, chunks=70)


@pytest.fixture
def after_iteration(monkeypatch):
    """Have something done in the middle of a fit, after a number of iterations."""
    original = Monitor.epoch_ends

    def install(number, action):
        def epoch_ends(monitor, loss, parameters):
            original(monitor, loss, parameters)
            if monitor.n_iter == number:
                action()

        monkeypatch.setattr(Monitor, "epoch_ends", epoch_ends)

    return install


def assert_same_as_local(model):
    local = BackpropClassifier(**PARAMS).fit(*make_data())
    np.testing.assert_allclose(model.loss_curve_, local.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(model.coefs_[0], local.coefs_[0], rtol=1e-7)


def test_a_killed_worker_does_not_change_the_result(client, after_iteration):
    killed = []

    def kill():
        address, process = sorted(client.run(os.getpid).items())[0]
        killed.append(address)
        os.kill(process, signal.SIGKILL)

    after_iteration(3, kill)
    model = DaskBackpropClassifier(**PARAMS).fit(*in_chunks())
    assert killed
    assert_same_as_local(model)
    client.wait_for_workers(2, timeout=60)  # the nanny has begun another


@pytest.mark.skipif(
    os.environ.get("SKBACKPROP_PROFILE") != "long", reason="takes long: SKBACKPROP_PROFILE=long"
)
def test_an_added_worker_does_not_change_the_result(cluster, client, after_iteration):
    after_iteration(3, lambda: (cluster.scale(3), client.wait_for_workers(3, timeout=60)))
    assert_same_as_local(DaskBackpropClassifier(**PARAMS).fit(*in_chunks()))
    cluster.scale(2)


def test_an_interruption_leaves_nothing_running(client, after_iteration):
    after_iteration(3, lambda: signal.raise_signal(signal.SIGINT))
    model = DaskBackpropClassifier(**PARAMS)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*in_chunks())
    assert model.n_iter_ == len(model.loss_curve_) == 3
    assert model.stop_reason_.startswith("Interrupted")
    assert model.predict(make_data()[0]).shape == (400,)
    deadline = time.monotonic() + 30
    while any(client.processing().values()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(client.processing().values())


def test_grid_search_over_the_workers(client):
    joblib = pytest.importorskip("joblib")
    X, y = make_data()
    grid = {"alpha": [1e-3, 1.0]}
    search = GridSearchCV(BackpropClassifier(**PARAMS), grid, cv=2)
    with joblib.parallel_config("dask", scatter=[X, y]):
        search.fit(X, y)
    here = GridSearchCV(BackpropClassifier(**PARAMS), grid, cv=2).fit(X, y)
    np.testing.assert_allclose(
        search.cv_results_["mean_test_score"], here.cv_results_["mean_test_score"], rtol=1e-12
    )
