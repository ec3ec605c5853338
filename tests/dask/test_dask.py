"""Fits on a cluster are those of the local estimators on the same rows.

The loss curve of L-BFGS is compared to 1e-9 over ten iterations, and parameters with it, for every
kind of target, container and partition. One cluster of two processes serves the module.
"""

import pickle
import subprocess
import sys

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
from distributed import Client, LocalCluster
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.dask import DaskBackpropClassifier, DaskBackpropRegressor

N_ROWS, N_FEATURES = 210, 5

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:The .* partitions are small:UserWarning"),
]


@pytest.fixture(scope="module")
def client():
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        yield client


def make_X(seed=0):
    return np.random.default_rng(seed).normal(size=(N_ROWS, N_FEATURES))


def make_y(task, X):
    noise = np.random.default_rng(1).normal(size=(len(X), 3))
    noisy = X[:, :3] + noise
    if task == "binary":
        return np.array(["ham", "spam"])[(noisy[:, 0] > 0).astype(int)]
    if task == "multiclass":
        return np.array([3, 5, 9])[noisy.argmax(axis=1)]
    if task == "multilabel":
        return (noisy > 0.3).astype(int)
    if task == "columns":
        return np.column_stack([noisy.argmax(axis=1), 5 + (noisy[:, 1] > 0)])
    if task == "regression":
        return noisy[:, 0]
    return noisy if task == "regression_3" else np.floor(np.exp(noisy[:, 0]))


CLASSIFICATION = ["binary", "multiclass", "multilabel", "columns"]
REGRESSION = ["regression", "regression_3", "counts"]


def estimator_pair(task, **params):
    """Local estimator and that for a cluster."""
    params = {"hidden_layer_sizes": (6,), "max_iter": 10, "random_state": 0} | params
    if task in CLASSIFICATION:
        return BackpropClassifier(**params), DaskBackpropClassifier(**params)
    params.setdefault("loss", "poisson" if task == "counts" else "squared_error")
    return BackpropRegressor(**params), DaskBackpropRegressor(**params)


def in_chunks(array, chunks):
    return da.from_array(array, chunks=(chunks, *array.shape[1:]))


def assert_same_fit(ours, theirs, rtol=1e-9):
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=rtol)
    assert ours.n_iter_ == theirs.n_iter_
    assert ours.stop_reason_ == theirs.stop_reason_
    assert ours.n_features_in_ == theirs.n_features_in_
    for mine, other in zip(
        ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True
    ):
        assert mine.dtype == other.dtype
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e3 * rtol * np.abs(other).max())


@pytest.mark.parametrize("task", CLASSIFICATION + REGRESSION)
def test_every_kind_of_target(client, task):
    X = make_X()
    y = make_y(task, X)
    local, on_dask = estimator_pair(task, solver="lbfgs")
    local.fit(X, y)
    on_dask.fit(in_chunks(X, 90), in_chunks(y, 90))
    assert_same_fit(on_dask, local)
    if task in CLASSIFICATION:
        for mine, other in zip(on_dask.classes_, local.classes_, strict=True):
            np.testing.assert_array_equal(mine, other)
    np.testing.assert_allclose(
        np.asarray(on_dask.score(X, y)), np.asarray(local.score(X, y)), rtol=1e-6
    )


PARAMETERS = [
    {"hidden_layer_sizes": ()},
    {"hidden_layer_sizes": (4, 3), "activation": "tanh", "alpha": 0.0},
    {"activation": ["gelu"], "alpha": 3.0},
    {"class_weight": "balanced"},
    {"class_weight": {3: 2.0, 5: 0.5, 9: 0.0}},
    {"loss": "focal", "solver_options": {"maxcor": 3}},
    {"tol": 0.05, "max_iter": 100},
]


@pytest.mark.parametrize("params", PARAMETERS, ids=str)
def test_parameters_mean_what_they_mean_locally(client, params):
    X = make_X()
    y = make_y("multiclass", X)
    local, on_dask = estimator_pair("multiclass", solver="lbfgs", **params)
    assert_same_fit(on_dask.fit(in_chunks(X, 75), in_chunks(y, 75)), local.fit(X, y))


@pytest.mark.parametrize("chunks", [210, 100, (1, 150, 59), (0, 70, 0, 140), 11])
def test_the_partitions_do_not_matter(client, chunks):
    X = make_X()
    y = make_y("binary", X)
    local, on_dask = estimator_pair("binary", solver="lbfgs")
    on_dask.fit(da.from_array(X, chunks=(chunks, 3)), y)
    assert_same_fit(on_dask, local.fit(X, y))


@pytest.mark.parametrize(
    ("task", "class_weight"),
    [("regression", None), *((task, "balanced") for task in CLASSIFICATION)],
)
def test_weights_count_as_they_do_locally(client, task, class_weight):
    X = make_X()
    y = make_y(task, X)
    weight = np.random.default_rng(2).uniform(0, 2, size=N_ROWS).round()
    weight[:100] = 0  # one partition is left with no row that counts
    local, on_dask = estimator_pair(task, solver="lbfgs", max_iter=5)
    if task in CLASSIFICATION:
        for model in (local, on_dask):
            model.set_params(class_weight=class_weight)
    on_dask.fit(in_chunks(X, 100), in_chunks(y, 100), in_chunks(weight, 100))
    assert_same_fit(on_dask, local.fit(X, y, weight))


def test_chunks_of_sparse_matrices(client):
    X = sparse.random(N_ROWS, N_FEATURES, density=0.4, format="csr", random_state=0)
    y = make_y("binary", X.toarray())
    chunks = in_chunks(X.toarray(), 80).map_blocks(sparse.csr_matrix)
    local, on_dask = estimator_pair("binary", solver="lbfgs")
    assert_same_fit(on_dask.fit(chunks, in_chunks(y, 80)), local.fit(X, y))
    np.testing.assert_allclose(
        on_dask.predict_proba(chunks).compute(), local.predict_proba(X), rtol=1e-6
    )


@pytest.mark.parametrize("plain", [np.asarray, pd.DataFrame, sparse.csr_array, np.ndarray.tolist])
def test_plain_data_are_sent_to_the_workers(client, plain):
    X = np.tile(make_X(), (3, 1))
    y = make_y("binary", X)
    local, on_dask = estimator_pair("binary", solver="lbfgs", max_iter=3)
    data = plain(X)
    if plain is pd.DataFrame:
        data.columns = list("abcde")
    assert_same_fit(on_dask.fit(data, y), local.fit(X, y))


def test_dataframes(client):
    X = make_X()
    frame = pd.DataFrame(X, columns=list("abcde")).assign(
        target=make_y("multiclass", X), weight=np.arange(N_ROWS) % 3
    )
    frame.index = 10 * frame.index
    frames = dd.from_pandas(frame, npartitions=3)
    names = list("abcde")
    local, on_dask = estimator_pair("multiclass", solver="lbfgs")
    local.fit(frame[names], frame["target"], frame["weight"])
    on_dask.fit(frames[names], frames["target"], frames["weight"])
    assert_same_fit(on_dask, local)
    assert list(on_dask.feature_names_in_) == names
    predicted = on_dask.predict(frames[names]).compute()
    assert predicted.index.equals(frame.index)
    np.testing.assert_array_equal(predicted, local.predict(frame[names]))
    probabilities = on_dask.predict_proba(frames[names]).compute()
    assert list(probabilities.columns) == [3, 5, 9]
    np.testing.assert_allclose(probabilities, local.predict_proba(frame[names]), rtol=1e-6)


def test_single_precision_is_kept(client):
    X = make_X().astype(np.float32)
    y = make_y("regression", X)
    local, on_dask = estimator_pair("regression", solver="lbfgs", max_iter=3)
    assert_same_fit(on_dask.fit(in_chunks(X, 70), in_chunks(y, 70)), local.fit(X, y), rtol=1e-4)
    assert on_dask.predict(in_chunks(X, 70)).dtype == np.float32


@pytest.mark.parametrize("task", ["multiclass", "columns", "regression_3"])
def test_predictions_are_lazy(client, task):
    X = make_X()
    local, on_dask = estimator_pair(task, solver="lbfgs", max_iter=2)
    on_dask.fit(X, make_y(task, X))
    local = on_dask.to_local()
    chunks = in_chunks(X, (60, 0, 150))
    methods = ["predict"]
    if task in CLASSIFICATION:
        methods += ["predict_proba", "predict_log_proba", "decision_function"]
    for method in methods:
        lazy, eager = getattr(on_dask, method)(chunks), getattr(local, method)(X)
        lazy, eager = (lazy, eager) if isinstance(eager, list) else ([lazy], [eager])
        for collection, array in zip(lazy, eager, strict=True):
            assert dask.is_dask_collection(collection)
            assert (collection.shape, collection.dtype) == (array.shape, array.dtype)
            np.testing.assert_array_equal(collection.compute(), array)


def test_several_outputs_a_target_are_predicted_lazily(client):
    X = make_X()
    chunks = in_chunks(X, 90)
    y = make_y("regression_3", X)
    model = DaskBackpropRegressor((4,), loss="quantile", solver="lbfgs", max_iter=2).fit(X, y)
    np.testing.assert_array_equal(model.predict(chunks), model.predict(X))
    from skbackprop.losses import Quantile

    model.set_params(loss=Quantile((0.1, 0.9))).fit(X, y)
    assert model.predict(chunks).shape == (N_ROWS, 3, 2)
    np.testing.assert_array_equal(model.predict(chunks), model.predict(X))
    model.set_params(loss="gaussian_nll").fit(X, y[:, 0])
    for lazy, eager in zip(
        model.predict(chunks, return_std=True), model.predict(X, return_std=True), strict=True
    ):
        np.testing.assert_array_equal(lazy, eager)


@pytest.mark.parametrize("output", ["default", "pandas"])
def test_hidden_features_are_lazy(client, output):
    X = make_X()
    _, on_dask = estimator_pair("binary", hidden_layer_sizes=(2,), solver="lbfgs", max_iter=2)
    on_dask.set_output(transform=output).fit(X, make_y("binary", X))
    features = on_dask.to_local().set_output(transform="default").transform(X)
    lazy = on_dask.transform(in_chunks(X, (60, 0, 150)))
    assert dask.is_dask_collection(lazy)
    assert (lazy.shape, lazy.dtype) == (features.shape, features.dtype)
    np.testing.assert_array_equal(lazy.compute(), features)
    frame = on_dask.transform(dd.from_pandas(pd.DataFrame(X), npartitions=2)).compute()
    assert list(frame.columns) == list(on_dask.get_feature_names_out())
    np.testing.assert_array_equal(frame, features)
    assert isinstance(on_dask.transform(X), pd.DataFrame if output == "pandas" else np.ndarray)
    assert not hasattr(clone(on_dask).set_params(hidden_layer_sizes=()), "transform")


def test_to_local_is_plain(client):
    X = make_X()
    y = make_y("binary", X)
    _, on_dask = estimator_pair("binary", solver="lbfgs", max_iter=2)
    local = on_dask.fit(X, y).to_local()
    assert type(local) is BackpropClassifier
    assert local.get_params() == on_dask.get_params()
    np.testing.assert_array_equal(local.predict(X), on_dask.predict(X))
    again = pickle.loads(pickle.dumps(on_dask))
    np.testing.assert_array_equal(again.predict(X), on_dask.predict(X))
    assert on_dask.client_ is client
    assert not hasattr(clone(on_dask), "coefs_")
    assert not hasattr(on_dask, "partial_fit")


def test_large_labels_of_partitions_of_two_types_are_told_apart(client):
    X = make_X()
    y = 2**53 + (X[:, 0] > 0) + 2 * (X[:, 1] > 0)
    halves = y[:100], y[100:].astype(np.uint64)
    chunks = [da.from_delayed(dask.delayed(half), (len(half),), dtype=np.int64) for half in halves]
    net = DaskBackpropClassifier((), solver="lbfgs", random_state=0)
    net.fit(da.from_array(X, chunks=((100, 110), N_FEATURES)), da.concatenate(chunks))
    assert net.classes_.tolist() == [2**53 + k for k in range(4)]
    assert net.to_local().score(X, y) > 0.9


@pytest.mark.parametrize("seed", [0, np.random.RandomState(0)])
def test_training_goes_on_to_local(client, seed):
    """The moments go along, but not the split: that one is of partitions."""
    X, options = make_X(), {"max_iter": 4, "random_state": seed, "warm_start": True}
    y = make_y("binary", X)
    on_dask = DaskBackpropClassifier((4,), early_stopping=True, **options)
    local = on_dask.fit(in_chunks(X, 1), in_chunks(y, 1)).to_local()
    local.set_params(early_stopping=False).partial_fit(X, y)
    assert local._state.update_rule.n_steps == on_dask._state.update_rule.n_steps + 2
    local.set_params(early_stopping=True).fit(X, y)
    assert len(local._state.split[1]) == N_ROWS // 10


def test_warm_start_goes_on(client):
    X = make_X()
    y = make_y("regression", X)
    local, on_dask = estimator_pair("regression", solver="lbfgs", warm_start=True, max_iter=3)
    for _ in range(2):
        local.fit(X, y)
        on_dask.fit(in_chunks(X, 90), in_chunks(y, 90))
    assert len(on_dask.loss_curve_) == 6
    assert_same_fit(on_dask, local)


def test_a_warm_start_validates_with_no_partition_that_it_was_trained_on(client):
    X = make_X()
    options = {"early_stopping": True, "warm_start": True, "max_iter": 1, "random_state": 0}
    on_dask = DaskBackpropRegressor((3,), **options)
    splits = []
    for left_out in (0, 9):
        weight = (np.arange(N_ROWS) // 21 != left_out).astype(float)
        on_dask.fit(*(in_chunks(data, 21) for data in (X, X[:, 0], weight)))
        splits.append([*map(list, on_dask._state.split)])
    assert splits[0] == splits[1]
    assert sorted(splits[0][0] + splits[0][1]) == list(range(10))


@pytest.mark.parametrize(("task", "scoring"), [("columns", None), ("counts", "loss")])
def test_early_stopping_on_given_data(client, task, scoring):
    X, X_val = make_X(), make_X(7)
    y, y_val = make_y(task, X), make_y(task, X_val)
    local, on_dask = estimator_pair(
        task, solver="lbfgs", early_stopping=True, scoring=scoring, n_iter_no_change=2, max_iter=12
    )
    local.fit(X, y, X_val=X_val, y_val=y_val)
    on_dask.fit(
        in_chunks(X, 90), in_chunks(y, 90), X_val=in_chunks(X_val, 80), y_val=in_chunks(y_val, 80)
    )
    assert_same_fit(on_dask, local)
    assert on_dask.best_iter_ == local.best_iter_
    np.testing.assert_allclose(on_dask.validation_scores_, local.validation_scores_, rtol=1e-7)
    np.testing.assert_allclose(
        on_dask.validation_loss_curve_, local.validation_loss_curve_, rtol=1e-8
    )


def test_early_stopping_holds_out_partitions(client):
    X = make_X()
    y = make_y("binary", X)
    _, on_dask = estimator_pair(
        "binary", solver="lbfgs", early_stopping=True, validation_fraction=0.3
    )
    on_dask.fit(in_chunks(X, 70), in_chunks(y, 70))
    fits = []
    for held_out in range(3):
        kept = np.arange(N_ROWS) // 70 != held_out
        local, _ = estimator_pair("binary", solver="lbfgs", early_stopping=True)
        fits.append(local.fit(X[kept], y[kept], X_val=X[~kept], y_val=y[~kept]))
    errors = [abs(fit.loss_curve_[0] / on_dask.loss_curve_[0] - 1) for fit in fits]
    assert min(errors) < 1e-9
    np.testing.assert_allclose(
        on_dask.validation_scores_, fits[np.argmin(errors)].validation_scores_, rtol=1e-9
    )
    with pytest.raises(ValueError, match="whole partitions are held out"):
        on_dask.fit(in_chunks(X, 210), in_chunks(y, 210))


@pytest.mark.parametrize("solver", ["lbfgs", "sgd"])
@pytest.mark.parametrize("stop_after", [None, 3])
def test_callbacks_run_on_the_client(client, solver, stop_after):
    pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 has callbacks")
    from recorder import Recorder

    X = make_X()
    y = make_y("binary", X)
    recorders = [Recorder(stop_after), Recorder(stop_after)]
    models = estimator_pair("binary", solver=solver, batch_size=N_ROWS, max_iter=4)
    for model, recorder in zip(models, recorders, strict=True):
        model.set_callbacks(recorder)
    local, on_dask = models
    local.fit(X, y)
    on_dask.fit(in_chunks(X, 90), in_chunks(y, 90))
    assert recorders[1].names() == recorders[0].names()
    assert on_dask.n_iter_ == (stop_after or 4)
    assert_same_fit(on_dask, local)
    task = "iteration" if solver == "lbfgs" else "epoch"
    for mine, other in zip(*(recorder.told("end", task) for recorder in recorders), strict=True):
        assert mine["fitted"].n_iter_ == other["fitted"].n_iter_
        np.testing.assert_allclose(
            mine["fitted"].predict_proba(X), other["fitted"].predict_proba(X), rtol=1e-7
        )


def test_more_parameters_than_a_graph_should_have(client):
    """They are no graph: there is no advice about large ones, and no data moves for them."""
    X = make_X()
    y = make_y("regression", X)
    local, on_dask = estimator_pair(
        "regression", solver="lbfgs", max_iter=1, hidden_layer_sizes=(1200, 1200)
    )
    chunks = in_chunks(X, 105).persist()
    assert_same_fit(on_dask.fit(chunks, in_chunks(y, 105)), local.fit(X, y))
    assert sum(W.nbytes for W in on_dask.coefs_) > 10e6


# ---- what is refused, and what is warned of


def fit_binary(X, y, **arguments):
    _, on_dask = estimator_pair("binary", solver="lbfgs", max_iter=2)
    return on_dask.fit(X, y, **arguments)


def test_nan_names_its_partition(client):
    X = make_X()
    X[150, 2] = np.nan
    with pytest.raises(ValueError, match=r"partition 2 of the data: Input X contains NaN"):
        fit_binary(in_chunks(X, 70), make_y("binary", make_X()))


def test_partitions_with_other_columns(client):
    frame = pd.DataFrame(make_X(), columns=list("abcde"))
    parts = [frame[:100], frame[100:].rename(columns={"b": "z"})]
    X = dd.from_delayed([dask.delayed(part) for part in parts], meta=parts[0], verify_meta=False)
    y = da.from_array(make_y("binary", make_X()), chunks=((100, 110),))
    with pytest.raises(ValueError, match=r"Partition 1 has features .*'z'.*, but partition 0 has"):
        fit_binary(X, y)
    blocks = [in_chunks(make_X()[:100], 100), in_chunks(make_X()[100:, :4], 110)]
    lengths = [block.to_delayed().item() for block in blocks]
    X = da.concatenate(
        [da.from_delayed(block, (rows, 5), float) for block, rows in zip(lengths, (100, 110))]
    )
    with pytest.raises(ValueError, match=r"Partition 1 has features .4, None., but partition 0"):
        fit_binary(X, y)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: (X, y[:200]), "X has 210 rows, but y has 200"),
        (lambda X, y: (X[:0], y[:0]), "all partitions are empty"),
        (lambda X, y: (X, X[:, 0]), "partition 0 of the data: Unknown label type"),
        (lambda X, y: (X, y, in_chunks(np.zeros(N_ROWS), 70)), "at least one non-zero"),
        (lambda X, y: (X, y, in_chunks(-np.ones(N_ROWS), 70)), "[Nn]egative"),
    ],
)
def test_bad_data(client, change, message):
    X = make_X()
    X, y, *weight = change(in_chunks(X, 70), in_chunks(make_y("binary", X), 70))
    with pytest.raises(ValueError, match=message):
        fit_binary(X, y, sample_weight=weight[0] if weight else None)


def test_both_are_collections_or_none(client):
    X = make_X()
    y = make_y("binary", X)
    with pytest.raises(TypeError, match="y is a Dask collection, but X is not"):
        fit_binary(X, in_chunks(y, 70))
    with pytest.raises(TypeError, match="unknown lengths"):
        fit_binary(dd.from_pandas(pd.DataFrame(X), npartitions=2), y)


def test_other_scorings_are_refused(client):
    _, on_dask = estimator_pair("binary", early_stopping=True, scoring="roc_auc", solver="lbfgs")
    with pytest.raises(ValueError, match="On Dask, scoring must be None or 'loss'"):
        on_dask.fit(in_chunks(make_X(), 70), in_chunks(make_y("binary", make_X()), 70))


@pytest.mark.parametrize(
    ("chunks", "message"),
    [((1050,) * 2, None), ((500, 500), "2 partitions are small"), ((9000,), None)]
    + [((7000, 100, 100, 100), "partitions are uneven: the largest has 7000 rows")],
)
@pytest.mark.filterwarnings("error")
def test_sizes_that_cost_time_are_warned_of(client, chunks, message):
    X = da.zeros((sum(chunks), 1), chunks=(chunks, 1))
    model = DaskBackpropRegressor((), solver="lbfgs", max_iter=1, tol=10)
    if message is None:
        model.fit(X, X[:, 0])
    else:
        with pytest.warns(UserWarning, match=message):
            model.fit(X, X[:, 0])


def test_the_scale_of_the_target_is_warned_of_as_locally(client):
    X = make_X()
    y = 1e-4 * X[:, 0]
    messages = []
    for model in estimator_pair("regression", solver="lbfgs", max_iter=100):
        with pytest.warns(ConvergenceWarning, match="large for the scale of y") as record:
            model.fit(X, y)
        messages.append(str(record[-1].message))
    assert messages[0] == messages[1]


def test_without_dask_the_extra_is_named():
    script = "import sys; sys.modules['distributed'] = None; import skbackprop.dask"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert 'pip install "skbackprop[dask]"' in done.stderr.splitlines()[-1]
