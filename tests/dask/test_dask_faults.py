"""What a fit does when workers come and go, or the client is interrupted."""

import itertools
import os
import signal
import time

import dask
import dask.array as da
import numpy as np
import pytest
from distributed import Client, LocalCluster
from scipy.stats import loguniform
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV

from skbackprop import BackpropClassifier
from skbackprop.dask import DaskBackpropClassifier
from skbackprop.losses import LogLoss
from skbackprop.training.monitor import Monitor

PARAMS = {"hidden_layer_sizes": (5,), "solver": "lbfgs", "max_iter": 8, "random_state": 0}

MEMORY = 2**30  # of a worker, in bytes

CONFIG = {
    "distributed.scheduler.work-stealing": False,  # it depends on the time
    "distributed.deploy.lost-worker-timeout": "10m",  # that a busy machine takes to begin one anew
}

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:The .* partitions are small:UserWarning"),
]


@pytest.fixture(scope="module")
def cluster():
    with (
        dask.config.set(CONFIG),
        LocalCluster(
            n_workers=2, threads_per_worker=1, memory_limit=MEMORY, dashboard_address=":0"
        ) as cluster,
    ):
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
    # new names: the scheduler remembers which tasks a worker has died of
    return da.from_array(X, (70, 4), name=False), da.from_array(y, 70, name=False)


@pytest.fixture
def after_iteration(monkeypatch):
    """Have something done in the middle of a fit, after a number of iterations."""

    def install(number, action):
        original = Monitor.epoch_ends

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


def kill_one(client):
    address, process = sorted(client.run(os.getpid).items())[0]
    os.kill(process, getattr(signal, "SIGKILL", signal.SIGTERM))  # on Windows, any ends it
    return address


def test_a_killed_worker_does_not_change_the_result(client, after_iteration):
    killed = []
    after_iteration(3, lambda: killed.append(kill_one(client)))
    model = DaskBackpropClassifier(**PARAMS).fit(*in_chunks())
    assert killed
    assert_same_as_local(model)
    client.wait_for_workers(2, timeout=120)  # the nanny has begun another


@pytest.mark.skipif(
    os.environ.get("SKBACKPROP_PROFILE") != "long", reason="takes long: SKBACKPROP_PROFILE=long"
)
def test_an_added_worker_does_not_change_the_result(cluster, client, after_iteration):
    after_iteration(3, lambda: (cluster.scale(3), client.wait_for_workers(3, timeout=120)))
    assert_same_as_local(DaskBackpropClassifier(**PARAMS).fit(*in_chunks()))
    cluster.scale(2)


def test_partitions_stay_where_they_are(client, after_iteration):
    """Even where the parameters are larger than a partition."""
    homes = []

    def look():
        homes.append(
            {k: v for k, v in client.who_has().items() if str(k).startswith("hold_sample")}
        )

    after_iteration(1, look)
    after_iteration(5, look)
    params = PARAMS | {"hidden_layer_sizes": (100, 100), "max_iter": 5}
    DaskBackpropClassifier(**params).fit(*in_chunks())
    assert len(homes[0]) == 6
    assert all(len(home) == 1 for home in homes[0].values())
    assert homes[0] == homes[1]


def test_arrays_of_the_client_are_lost_with_a_worker(client, after_iteration):
    after_iteration(3, lambda: kill_one(client))
    model = DaskBackpropClassifier(**PARAMS)
    X, y = make_data()
    with pytest.raises(RuntimeError, match="Pass Dask collections if workers may fail"):
        model.fit(np.tile(X, (3, 1)), np.tile(y, 3))
    client.wait_for_workers(2, timeout=120)


def fill_memory(block, marker=None):
    """The nanny ends a worker whose memory is full: the first, or each one that comes here."""
    if marker is None or not os.path.exists(marker):
        if marker is not None:
            with open(marker, "w"):
                pass
        filled = np.ones(int(1.2 * MEMORY), np.uint8)
        time.sleep(60)
        del filled
    return block


@pytest.mark.parametrize("every_time", [False, True])
def test_a_worker_out_of_memory(client, tmp_path, every_time):
    X, y = in_chunks()
    last = fill_memory, None if every_time else tmp_path / "marker"
    X = da.concatenate([X[:350], X[350:].map_blocks(*last, meta=np.empty((0, 0)))])
    model = DaskBackpropClassifier(**PARAMS)
    if every_time:
        client.run_on_scheduler(set_allowed_failures, 0)
        with pytest.raises(RuntimeError, match=r"too little memory.*Use smaller partitions"):
            model.fit(X, y)
        client.run_on_scheduler(set_allowed_failures, 3)
    else:
        assert_same_as_local(model.fit(X, y))
    client.wait_for_workers(2, timeout=120)


def set_allowed_failures(number, dask_scheduler):
    dask_scheduler.allowed_failures = number


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


@pytest.mark.skipif(os.name != "posix", reason="needs signals of POSIX")
def test_ctrl_c_while_the_workers_compute(monkeypatch):
    """The client waits for them, stops what they do, and keeps the iterations before."""
    original, calls = LogLoss.loss_gradient, itertools.count(1)

    def loss_gradient(*arguments):
        if next(calls) == 20:
            time.sleep(0.5)  # by then the client waits
            os.kill(os.getpid(), signal.SIGINT)
        return original(*arguments)

    monkeypatch.setattr(LogLoss, "loss_gradient", loss_gradient)
    model = DaskBackpropClassifier(**PARAMS)
    with Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=":0"):
        with pytest.raises(KeyboardInterrupt):
            model.fit(*in_chunks())
        assert 0 < model.n_iter_ == len(model.loss_curve_) < PARAMS["max_iter"]
        assert model.stop_reason_.startswith("Interrupted")


@pytest.mark.parametrize("kind", [GridSearchCV, RandomizedSearchCV])
def test_searches_over_the_workers(client, kind):
    joblib = pytest.importorskip("joblib")
    X, y = make_data()

    def search():
        model = BackpropClassifier(**PARAMS)
        if kind is GridSearchCV:
            return kind(model, {"alpha": [1e-3, 1.0]}, cv=2)
        alphas = loguniform(1e-3, 10)
        return kind(model, {"alpha": alphas}, n_iter=3, cv=2, random_state=0)

    with joblib.parallel_config("dask", scatter=[X, y]):
        there = search().fit(X, y)
    here = search().fit(X, y)
    assert there.best_params_ == here.best_params_
    np.testing.assert_allclose(
        there.cv_results_["mean_test_score"], here.cv_results_["mean_test_score"], rtol=1e-12
    )
    np.testing.assert_allclose(
        there.best_estimator_.loss_curve_, here.best_estimator_.loss_curve_, rtol=1e-12
    )
