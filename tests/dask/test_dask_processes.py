"""Fits and predictions with a scheduler and two workers begun from the command line.

They are processes of their own, as on several machines: what a graph or a message holds is
pickled, and a part of the cluster may end while the rest goes on.
"""

import pickle
import threading
import time

import cloudpickle
import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from distributed import Client, Future
from processes import dask_cluster

from skbackprop import BackpropClassifier, TabularClassifier
from skbackprop.dask import DaskBackpropClassifier
from skbackprop.training.monitor import Monitor

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:The .* partitions are small:UserWarning"),
]

FEATURES = ["a", "b", "c"]
PARAMS = {"hidden_layer_sizes": (5,), "solver": "lbfgs", "max_iter": 8, "random_state": 0}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Of a cluster that the tests leave as it is."""
    with (
        dask_cluster(tmp_path_factory.mktemp("cluster")) as (address, _),
        Client(address) as client,
    ):
        client.wait_for_workers(2, timeout=60)
        yield client


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    columns = FEATURES + [f"unused_{i}" for i in range(17)]
    table = pd.DataFrame(rng.normal(size=(2400, len(columns))), columns=columns)
    return table.assign(target=np.where(table.a * table.b > 0, "yes", "no"))


@pytest.fixture(scope="module")
def files(table, tmp_path_factory):
    """A folder of Parquet files, each of five row groups."""
    folder = tmp_path_factory.mktemp("parquet")
    for i in range(6):
        part = table[400 * i : 400 * (i + 1)]
        part.to_parquet(folder / f"part-{i}.parquet", row_group_size=80)
    return folder


# ---- files


@pytest.mark.parametrize("split", [False, True])
def test_a_fit_from_parquet_is_that_in_memory(client, table, files, split):
    frame = dd.read_parquet(files, split_row_groups=split)
    assert frame.npartitions == (30 if split else 6)
    params = PARAMS | {"max_iter": 3}
    on_dask = DaskBackpropClassifier(**params).fit(frame[FEATURES], frame["target"])
    local = BackpropClassifier(**params).fit(table[FEATURES], table["target"])
    np.testing.assert_allclose(on_dask.loss_curve_, local.loss_curve_, rtol=1e-9)
    assert list(on_dask.feature_names_in_) == FEATURES
    predicted = on_dask.predict(frame[FEATURES]).compute()
    np.testing.assert_array_equal(predicted, on_dask.to_local().predict(table[FEATURES]))


def test_only_the_columns_of_the_fit_are_read(client, files, monkeypatch):
    from skbackprop.dask import gate

    loaded = []
    original = gate.to_partitions

    def to_partitions(*arguments):
        loaded.extend(original(*arguments))
        return loaded

    monkeypatch.setattr(gate, "to_partitions", to_partitions)
    frame = dd.read_parquet(files)
    frame = frame.assign(ratio=frame["a"] / (1 + frame["b"] ** 2))
    params = PARAMS | {"max_iter": 1}
    DaskBackpropClassifier(**params).fit(frame[["a", "ratio"]], frame["target"])
    assert len(loaded) == 6
    read = {tuple(sorted(columns)) for part in loaded[0][:2] for columns in columns_read(part)}
    assert read == {("a", "b"), ("target",)}


def columns_read(part):
    """The columns of the frame that each task which reads a file gives."""
    graph = dict(part.dask)
    keys = [key for key in graph if str(key[0]).startswith(("read_parquet", "readparquet"))]
    assert keys
    return [list(found.columns) for found in dask.get(graph, [k for k in keys if k[1] == 0])]


def test_selections_that_are_divided_anew_are_refused(client, files):
    frame = dd.read_parquet(files, split_row_groups=True)
    with pytest.raises(
        ValueError,
        match=r"partitions: \[30, 5\].*Do not persist columns of a dataframe one by one",
    ):
        DaskBackpropClassifier(**PARAMS).fit(frame[FEATURES], frame["unused_0"].values)


# ---- predictions


@pytest.fixture(scope="module")
def large():
    """A fitted net of some 3 MB."""
    X = np.random.default_rng(0).normal(size=(300, 20))
    params = PARAMS | {"hidden_layer_sizes": (600, 600), "max_iter": 1, "dtype": "float64"}
    local = BackpropClassifier(**params).fit(X, X[:, 0] > 0)
    net = DaskBackpropClassifier(**params)
    vars(net).update(vars(local))
    return net


def collections(kind):
    if kind == "array":
        return da.zeros((1000, 20), chunks=(10, 20))
    return dd.from_pandas(pd.DataFrame(np.zeros((1000, 20))), npartitions=100)


@pytest.mark.parametrize("kind", ["array", "frame"])
def test_a_graph_of_predictions_holds_the_model_once(client, large, kind):
    size = len(pickle.dumps(large))
    lazy = large.predict_proba(collections(kind))
    graph = dict(dask.optimize(lazy)[0].__dask_graph__())
    tasks = [len(cloudpickle.dumps(task)) for task in graph.values()]
    assert len(tasks) > 100
    assert size < sum(tasks) < 1.5 * size


@pytest.fixture
def bytes_sent(client):
    """A function that says how many bytes scheduler and workers have sent until now."""

    def count():  # in a function: it is sent itself, and not the name of this module
        from distributed.comm.tcp import TCP

        if not hasattr(TCP, "n_sent"):
            original = TCP.write

            async def write(self, *arguments, **named):
                n_bytes = await original(self, *arguments, **named)
                TCP.n_sent += n_bytes
                return n_bytes

            TCP.write, TCP.n_sent = write, 0
        return TCP.n_sent

    def bytes_sent():
        return client.run_on_scheduler(count) + sum(client.run(count).values())

    bytes_sent()
    return bytes_sent


@pytest.mark.parametrize("kind", ["array", "frame"])
def test_the_workers_fetch_the_model_once(client, large, bytes_sent, kind):
    lazy = large.predict(collections(kind))
    before = bytes_sent()
    lazy.compute()
    size = len(pickle.dumps(large))
    assert size < bytes_sent() - before < 2.5 * size


# ---- ends in the midst of a fit


@pytest.fixture
def after_third(monkeypatch):
    """Have something done after the third iteration."""

    def install(action):
        original = Monitor.epoch_ends

        def epoch_ends(monitor, loss, parameters):
            original(monitor, loss, parameters)
            if monitor.n_iter == 3:
                action()

        monkeypatch.setattr(Monitor, "epoch_ends", epoch_ends)

    return install


def in_chunks(table, n_rows=200):
    X, y = table[FEATURES].to_numpy(), table["target"].to_numpy(str)
    return da.from_array(X, (n_rows, 3), name=False), da.from_array(y, n_rows, name=False)


def assert_published(model, words, n_iter=3):
    assert model.n_iter_ == len(model.loss_curve_) == n_iter
    assert model.stop_reason_.startswith(f"Interrupted after {n_iter} epochs: ")
    assert words in model.stop_reason_
    assert model.predict(np.zeros((1, 3))).shape == (1,)


@pytest.mark.parametrize(("solver", "during_one"), [("lbfgs", True), ("adam", False)])
def test_a_scheduler_that_dies(tmp_path, table, after_third, solver, during_one):
    params = {"solver": solver, "batch_size": 2400, "max_iter": 1000, "tol": 0.0}
    model = DaskBackpropClassifier(**PARAMS | params)
    with dask_cluster(tmp_path, 1) as (address, processes), Client(address) as client:
        client.wait_for_workers(1, timeout=60)
        kill = processes[0].kill
        if during_one:
            after_third(lambda: threading.Timer(0.01, kill).start())
        else:
            after_third(lambda: (kill(), time.sleep(0.5)))
        words = "The connection to the scheduler was lost"
        with pytest.raises(RuntimeError, match=words):
            model.fit(*in_chunks(table))
    assert model.n_iter_ == 3 or during_one
    assert_published(model, words, model.n_iter_)


def test_a_future_that_is_cancelled(client, table, after_third):
    def cancel():
        keys = [key for key in client.futures if str(key).startswith("hold_sample")]
        client.cancel([Future(key, client=client) for key in keys])

    after_third(cancel)
    model = DaskBackpropClassifier(**PARAMS)
    with pytest.raises(RuntimeError, match=r"hold_sample-.* cancelled"):
        model.fit(*in_chunks(table))
    assert_published(model, "was cancelled")


def test_a_worker_that_dies_changes_no_bit(tmp_path, client, table, after_third):
    """Neither does the number of workers: two, then one."""
    whole = DaskBackpropClassifier(**PARAMS).fit(*in_chunks(table))
    model = DaskBackpropClassifier(**PARAMS)
    with dask_cluster(tmp_path) as (address, processes), Client(address) as other:
        other.wait_for_workers(2, timeout=60)
        after_third(processes[1].kill)
        model.fit(*in_chunks(table))
        assert len(other.scheduler_info()["workers"]) == 1
    assert model.loss_curve_ == whole.loss_curve_
    np.testing.assert_array_equal(model.coefs_[0], whole.coefs_[0])


# ---- columns and labels that cannot be used


def test_labels_of_mixed_types_name_the_partition(client, table):
    X = dd.from_pandas(table[FEATURES], npartitions=2)
    y = [pd.Series(["a", "b"] * 600), pd.Series([0, 1] * 600)]
    for labels, words in (
        (y, r"Partition 1 has labels of kind \['numbers'\], but partition 0 has \['str'\]"),
        (
            [y[0], pd.Series(["a", 1] * 600, dtype=object)],
            "partition 1 of the data: .*not all labels are strings",
        ),
    ):
        parts = [dask.delayed(part) for part in labels]
        # With its conversion to strings, Dask makes "1" of 1 before a fit sees it.
        with dask.config.set({"dataframe.convert-string": False}):
            collection = dd.from_delayed(parts, meta=labels[0], verify_meta=False)
            with pytest.raises((TypeError, ValueError), match=words):
                DaskBackpropClassifier(**PARAMS).fit(X, collection)


def test_categories_are_to_be_made_numbers(client, table):
    frame = table[FEATURES].assign(city=pd.Categorical(["Rome", "Oslo"] * 1200), size=1)
    frames = dd.from_pandas(frame, npartitions=2)
    y = dd.from_pandas(table["target"], npartitions=2)
    with pytest.raises(ValueError, match=r"\['city'\] are not numeric: convert them"):
        DaskBackpropClassifier(**PARAMS).fit(frames, y)
    DaskBackpropClassifier(**PARAMS).fit(dd.get_dummies(frames), y)
    with pytest.raises(TypeError, match=r"Dask dataframe, .* Pass X.compute"):
        TabularClassifier().fit(frames, y)
