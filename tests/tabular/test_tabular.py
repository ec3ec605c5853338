"""The estimators for tables: whatever comes in, and what comes out."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from scipy import sparse
from scipy.special import softmax
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.linear_model import Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

from skbackprop import SmoothClipScaler, TabularClassifier, TabularRegressor
from skbackprop.losses import Quantile

QUICK = {
    "n_members": 2,
    "hidden_layer_sizes": (16, 16),
    "max_iter": 20,
    "min_steps": 150,
    "random_state": 0,
}


def classifier(**parameters):
    return TabularClassifier(**(QUICK | parameters))


def regressor(**parameters):
    return TabularRegressor(**(QUICK | parameters))


@pytest.fixture(scope="module")
def iris():
    return load_iris(return_X_y=True)


@pytest.fixture(scope="module")
def waves():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(400, 3))
    return X, 1e6 + 1e4 * np.sin(5 * X[:, 0])


def test_the_default_networks_do_well_in_a_few_steps():
    X, y = load_breast_cancer(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0, stratify=y)
    model = TabularClassifier(n_members=2, min_steps=100, max_iter=1, random_state=0).fit(X, y)
    assert model.score(X_test, y_test) > 0.93


def test_regression_of_what_is_not_linear(waves):
    X, y = waves
    model = regressor(min_steps=400).fit(X[:300], y[:300])
    assert model.score(X[300:], y[300:]) > 0.9
    assert Ridge().fit(X[:300], y[:300]).score(X[300:], y[300:]) < 0.5


def test_waves_help_with_waves(waves):
    X, y = waves
    with_waves, without = (
        regressor(embedding=embedding, min_steps=300).fit(X, y).score(X, y)
        for embedding in ("periodic", None)
    )
    assert with_waves > without


def test_fast_waves_are_learned_in_a_few_steps():
    X = np.linspace(-1, 1, 600)[:, np.newaxis]
    y = np.sin(15 * X[:, 0])
    model = regressor(min_steps=300).fit(X[::2], y[::2])
    assert model.score(X[1::2], y[1::2]) > 0.5  # 0.2 at most with slow waves only


@pytest.mark.parametrize("kind", ["strings", "numbers", "booleans"])
def test_one_label_a_row(iris, kind):
    X, y = iris
    if kind == "booleans":
        y = y > 0
    elif kind == "strings":
        y = np.array(["a", "b", "c"])[y]
    model = classifier().fit(X, y)
    probabilities = model.predict_proba(X)
    assert model.score(X, y) > 0.9
    np.testing.assert_array_equal(model.classes_, np.unique(y))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_array_equal(model.predict(X), model.classes_[probabilities.argmax(axis=1)])
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), probabilities, atol=1e-12)


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_matrix], ids=["dense", "sparse"])
def test_several_labels(iris, container):
    X, y = iris
    Y = np.column_stack([y == 0, y < 2]).astype(int)
    model = classifier().fit(X, container(Y))
    predicted = model.predict(X)
    assert sparse.issparse(predicted) == (container is sparse.csr_matrix)
    predicted = predicted.toarray() if sparse.issparse(predicted) else predicted
    assert (predicted == Y).mean() > 0.9
    np.testing.assert_array_equal(model.predict_proba(X) > 0.5, predicted)


def test_columns_of_labels(iris):
    X, y = iris
    Y = np.column_stack([np.array(["a", "b", "c"])[y], np.array(["x", "y"])[(y > 0) * 1]])
    model = classifier().fit(X, Y)
    assert [p.shape for p in model.predict_proba(X)] == [(150, 3), (150, 2)]
    assert model.predict(X).shape == Y.shape
    assert model.score(X, Y) > 0.9
    assert len(model.predict_log_proba(X)) == 2


def test_several_outputs(waves):
    X, y = waves
    Y = np.column_stack([y, -X[:, 1]])
    model = regressor(min_steps=400).fit(X, Y)
    mean, std = model.predict(X, return_std=True)
    assert mean.shape == std.shape == Y.shape
    assert model.score(X, Y) > 0.8
    assert (std > 0).all()


def test_quantiles_are_sorted_and_in_the_units_of_the_target(waves):
    X, y = waves
    levels = (0.1, 0.5, 0.9)
    model = regressor(loss=Quantile(levels), min_steps=400).fit(X, y)
    quantiles = model.predict(X)
    assert quantiles.shape == (400, 3)
    assert (np.diff(quantiles) >= 0).all()
    assert 0.6 < np.mean((quantiles[:, 0] < y) & (y < quantiles[:, 2])) < 1
    Y = np.column_stack([y, X[:, 1]])
    assert regressor(loss=Quantile(levels)).fit(X, Y).predict(X).shape == (400, 2, 3)


def test_noise_and_spread():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(600, 1))
    noise = np.where(X[:, 0] > 0, 20.0, 2.0)
    y = 1000 + noise * rng.standard_normal(600)
    model = regressor(loss="gaussian_nll", min_steps=400).fit(X, y)
    mean, std = model.predict([[-0.5], [0.5]], return_std=True)
    np.testing.assert_allclose(std, [2, 20], rtol=0.5)
    np.testing.assert_allclose(mean, 1000, atol=10)
    raw, target, _ = model._raw_predictions([[-0.5]])
    spread = np.std([target.predict(each) for each in raw])
    assert 0 < spread < std[0]


def test_counts():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(400, 2))
    y = rng.poisson(np.exp(3 + X[:, 0]))
    model = regressor(loss="poisson").fit(X, y)
    assert (model.predict(X) > 0).all()
    assert model.predict(X).mean() == pytest.approx(y.mean(), rel=0.1)
    with pytest.raises(ValueError, match="negative"):
        regressor(loss="poisson").fit(X, y - 5)


def frame(module):
    rng = np.random.default_rng(0)
    size = rng.choice(["small", "large", None], 300)
    width = rng.normal(size=300)
    return module.DataFrame(
        {
            "size": size.tolist(),
            "width": [None if w > 1 else w for w in width.tolist()],
            "new": rng.uniform(size=300) < 0.5,
            "shop": [f"shop {number}" for number in rng.integers(200, size=300)],
        }
    ), (size == "large") ^ (width > 0)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_frame_without_any_preparation(library):
    X, y = frame(pytest.importorskip(library))
    model = classifier(min_steps=400).fit(X[:250], y[:250])
    assert model.score(X[250:], y[250:]) > 0.8
    assert list(model.feature_names_in_) == ["size", "width", "new", "shop"]
    assert regressor().fit(X, y * 1.0).predict(X[:5]).shape == (5,)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_dates_are_learned_from(library):
    """The target is higher at weekends, and rises."""
    days = np.arange("2019-01-01", "2021-01-01", dtype="M8[D]")
    weekend = (days.astype(int) + 3) % 7 >= 5
    y = 3.0 * weekend + np.linspace(0, 1, len(days))
    X = pytest.importorskip(library).DataFrame({"day": days.astype("M8[ms]")})
    model = regressor(min_steps=500).fit(X, y)
    assert model.score(X, y) > 0.9


def test_sparse_tables():
    rng = np.random.default_rng(0)
    X = sparse.csr_array(rng.uniform(size=(200, 50)) * (rng.uniform(size=(200, 50)) < 0.2))
    y = np.asarray(X[:, :10].sum(axis=1)).ravel()
    model = regressor().fit(X, y)
    assert model.score(X, y) > 0.5
    assert len(model.members_[0].network.layers) == 3  # none of which is an embedding


def test_sparse_tables_after_a_dense_one():
    X = np.random.default_rng(0).normal(size=(60, 4))
    model = regressor(max_iter=2).fit(X, X[:, 0], X_val=sparse.csr_array(X), y_val=X[:, 0])
    dense = regressor(max_iter=2).fit(X, X[:, 0], X_val=X, y_val=X[:, 0])
    assert model.validation_loss_curve_ == dense.validation_loss_curve_
    for layout in (sparse.csr_array, sparse.coo_matrix):
        np.testing.assert_array_equal(model.predict(layout(X)), dense.predict(X))


@pytest.mark.parametrize("build", [classifier, regressor])
def test_the_number_of_threads_makes_no_difference(build, iris):
    X, y = iris
    one, two = (build(n_members=3).fit for _ in range(2))
    with threadpool_limits(1):
        one(X, y)
    with threadpool_limits(2):
        two(X, y)
    for first, second in zip(one.__self__.members_, two.__self__.members_, strict=True):
        for coef, other in zip(first.network.coefs, second.network.coefs, strict=True):
            np.testing.assert_array_equal(coef, other)


def test_members_differ_and_their_raw_predictions_are_averaged(iris):
    X, y = iris
    model = classifier(n_members=3).fit(X, y)
    raw = model._raw_predictions(X)[0]
    assert not np.allclose(raw[0], raw[1])
    np.testing.assert_allclose(model.decision_function(X), np.mean(raw, axis=0))
    probabilities = [softmax(each, axis=1) for each in raw]
    geometric = np.exp(np.mean(np.log(probabilities), axis=0))
    geometric /= geometric.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(X), geometric, atol=1e-12)


def test_validation_data_of_your_own(iris):
    X, y = iris
    pd = pytest.importorskip("pandas")
    X, X_val, y, y_val = train_test_split(pd.DataFrame(X), y, random_state=0)
    model = classifier().fit(X, y, X_val=X_val, y_val=y_val)
    for member, raw in zip(model.members_, model._raw_predictions(X_val)[0], strict=True):
        best = member.validation_losses[member.best_iter - 1]
        reached = log_loss(y_val, softmax(raw, axis=1))
        assert reached == pytest.approx(best, rel=0.3)  # of the network before it is softened
    with pytest.raises(ValueError, match="X_val"):
        classifier().fit(X, y, X_val=X_val)


def test_validation_targets_are_in_the_same_units(waves):
    X, y = waves
    model = regressor().fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
    best = min(model.members_[0].validation_losses)
    raw, target, _ = model._raw_predictions(X[300:])
    prediction = target.predict(raw[0])
    expected = 0.5 * np.mean((prediction - y[300:]) ** 2) / model.scale_[0] ** 2
    assert best == pytest.approx(expected, rel=1e-3)


def test_weights(iris):
    X, y = iris
    weight = np.where(y == 2, 0.0, 1.0)
    model = classifier().fit(X, y, weight)
    assert model.predict_proba(X[y == 2])[:, 2].max() < 0.5
    balanced = classifier(class_weight={0: 1, 1: 1, 2: 50}).fit(X, y)
    assert (
        balanced.predict_proba(X)[:, 2].mean()
        > classifier().fit(X, y).predict_proba(X)[:, 2].mean()
    )


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_rows_of_weight_zero_are_as_if_they_were_not_there(library):
    X, y = frame(pytest.importorskip(library))
    weight = np.ones(300)
    weight[::4] = 0
    model = classifier(validation_fraction=0).fit(X, y, weight)
    kept = X[np.flatnonzero(weight)] if library == "polars" else X[weight > 0]
    alone = classifier(validation_fraction=0).fit(kept, y[weight > 0], np.ones(225))
    np.testing.assert_array_equal(model.predict_proba(X), alone.predict_proba(X))


def test_weights_of_the_target(waves):
    X, y = waves
    weight = np.where(X[:, 0] > 0, 1.0, 0.0)
    model = regressor().fit(X, y, weight)
    assert model.center_[0] == pytest.approx(y[X[:, 0] > 0].mean())


def test_early_end(iris):
    X, y = iris
    rng = np.random.default_rng(0)
    y = rng.permutation(y)  # nothing to learn
    long, short = (classifier(n_iter_no_change=n).fit(X, y) for n in (np.inf, 5))
    assert short.n_iter_ < long.n_iter_ == 75  # 150 steps
    for member in short.members_:
        assert member.n_iter == member.best_iter + 6


def test_steps_and_curves(iris):
    X, y = iris
    model = classifier(max_iter=3, min_steps=10, batch_size=50).fit(X, y)
    # 127 rows are three minibatches of 50, 50 and 27.
    assert model.n_iter_ == 4
    assert len(model.loss_curve_) == len(model.validation_loss_curve_) == 4
    mean = np.mean([member.loss_curve for member in model.members_], axis=0)
    np.testing.assert_allclose(model.loss_curve_, mean)
    model = classifier(max_iter=3, min_steps=10, batch_size=60).fit(X, y)
    assert model.n_iter_ == 5  # a last minibatch of 7 is left out


def test_without_validation(iris):
    X, y = iris
    model = classifier(validation_fraction=0).fit(X, y)
    assert model.validation_loss_curve_ is None
    assert all(member.best_iter == member.n_iter for member in model.members_)


@pytest.mark.parametrize("n_rows", [1, 2, 5, 12])
def test_few_rows(n_rows, waves):
    X, y = waves
    assert np.isfinite(regressor(min_steps=5).fit(X[:n_rows], y[:n_rows]).predict(X)).all()
    labels = np.arange(n_rows) % 4
    assert classifier(min_steps=5).fit(X[:n_rows], labels).predict(X).shape == (400,)


def test_constant_columns_and_constant_targets():
    X, y = np.ones((30, 2)), np.full(30, 7.0)
    np.testing.assert_array_equal(regressor().fit(X, y).predict(X), y)
    X[:, 1] = np.arange(30)
    model = classifier().fit(X, np.zeros(30))
    np.testing.assert_array_equal(model.predict_proba(X), np.ones((30, 1)))
    assert model.members_[0].network.layer_units[0] == 1


def test_label_smoothing(iris):
    X, y = iris
    sharp, smooth = (classifier(label_smoothing=s).fit(X, y) for s in (0.0, 0.3))
    assert smooth.predict_proba(X).max() < sharp.predict_proba(X).max()
    with pytest.raises(ValueError, match="label_smoothing"):
        classifier(label_smoothing=0.1, loss="focal").fit(X, y)


@pytest.mark.parametrize("build", [classifier, regressor])
def test_repeatable_clonable_and_picklable(build, iris):
    X, y = iris
    model = build().fit(X, y)
    again = clone(model).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), again.predict(X))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


def test_a_failed_fit_changes_nothing(iris):
    X, y = iris
    model = classifier().fit(X, y)
    before = model.predict_proba(X)
    with pytest.raises(ValueError, match="class_weight"):
        model.set_params(class_weight={0: -1}).fit(X, y)
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_verbose(iris, capsys):
    X, y = iris
    classifier(verbose=True).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == ["Member 1 of 2", "Member 2 of 2"]


def test_log_probabilities_of_zero_are_finite(iris):
    X, y = iris
    model = classifier().fit(X, y)
    for member in model.members_:
        member.network.coefs[-1][...] *= 1e4
    assert model.predict_proba(X).min() == np.finfo(float).tiny
    logarithms = model.predict_log_proba(X)
    assert np.isfinite(logarithms).all()
    assert logarithms.min() < -1000
    np.testing.assert_allclose(np.exp(logarithms).sum(axis=1), 1)


def test_a_prediction_that_overflows_is_refused(iris):
    X, y = iris
    model = classifier().fit(X, y)
    for member in model.members_:
        for coef in member.network.coefs:
            coef[...] = np.inf
    with pytest.raises(ValueError, match="prediction is not finite"):
        model.predict(X)


X = np.random.default_rng(0).normal(size=(20, 3))


def test_huge_targets_are_scaled_without_overflow():
    """Their scale was infinite, with a warning of NumPy's, and predictions NaN."""
    parameters = {"hidden_layer_sizes": (3,), "max_iter": 2, "min_steps": 0, "random_state": 0}
    plain = TabularRegressor(**parameters).fit(X, X[:, 0]).predict(X)
    huge = TabularRegressor(**parameters).fit(X, 1e300 * X[:, 0]).predict(X)
    np.testing.assert_allclose(huge, 1e300 * plain, rtol=1e-4)


@pytest.mark.parametrize("loss", ["poisson", "gamma", "tweedie", "squared_error"])
def test_a_constant_target(loss):
    """Exactly it without a link; with a logarithmic one as near as training comes."""
    X = np.random.default_rng(0).normal(size=(60, 3))
    net = TabularRegressor(
        loss=loss, hidden_layer_sizes=(8,), n_members=2, max_iter=20, min_steps=150, random_state=0
    ).fit(X, np.full(60, 5.0))
    rtol = 0 if loss == "squared_error" else 0.05
    np.testing.assert_allclose(net.predict(X), 5.0, rtol=rtol)


PARAMETERS_CHANGED = {
    "n_members": 3, "max_iter": 1, "alpha": 3.0, "hidden_layer_sizes": (7, 2), "dropout": 0.5,
    "verbose": 1, "random_state": 7, "learning_rate_init": 0.5, "batch_size": 5, "n_jobs": 2,
    "min_steps": 1, "validation_fraction": 0.4, "weight_decay": 0.5, "class_weight": "balanced",
    "categorical_features": [0], "n_iter_no_change": 1, "loss": "focal", "activation": "tanh",
    "embedding": None, "label_smoothing": 0.3, "validation": [([0, 1], [2])], "warm_start": True,
    "missing_targets": "ignore", "time_budget": 1.0,
}  # fmt: skip


def test_parameters_changed_after_the_fit_change_nothing(iris):
    X, y = iris
    for net in (classifier(), TabularRegressor(hidden_layer_sizes=(4,), max_iter=2, n_members=2)):
        net.fit(X, y)
        method = "predict_proba" if hasattr(net, "predict_proba") else "predict"
        expected, score = getattr(net, method)(X), net.score(X, y)
        assert not set(net.get_params()) - set(PARAMETERS_CHANGED)
        changed = {k: v for k, v in PARAMETERS_CHANGED.items() if k in net.get_params()}
        if method == "predict":
            changed["loss"] = "poisson"
        for name, value in changed.items():
            net.set_params(**{name: value})
            np.testing.assert_array_equal(getattr(net, method)(X), expected)
            assert net.score(X, y) == score


def table_of_categories():
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(7)
    n = 240
    frame = pd.DataFrame(
        {
            "width": np.where(rng.uniform(size=n) < 0.1, np.nan, rng.normal(size=n)),
            "city": rng.choice(["Bonn", "Kiel", "Ulm", None], n, p=[0.6, 0.3, 0.08, 0.02]),
            "rooms": pd.Categorical(rng.integers(1, 12, n)),
            "shop": [f"shop {i}" for i in rng.integers(40, size=n)],
            "new": rng.uniform(size=n) < 0.8,
            "same": "one",
        }
    )
    return frame, (frame["city"] == "Bonn").to_numpy() ^ (
        frame["rooms"].astype(int) > 6
    ).to_numpy()


def test_scaled_codes_are_the_scaled_columns():
    X, y = table_of_categories()
    model = classifier(min_steps=1, max_iter=1).fit(X, y)
    scaler = SmoothClipScaler().fit(model.encoder_.transform(X))
    np.testing.assert_array_equal(model.scaler_.center_, scaler.center_)
    np.testing.assert_array_equal(model.scaler_.scale_, scaler.scale_)
    columns = scaler.transform(model.encoder_.transform(X))[:, ~np.isnan(scaler.scale_)]
    inputs = model._encoded(X).dense()
    seen = model._preprocessing.inputs_seen(with_means=False)
    np.testing.assert_array_equal(inputs[:, seen], columns.astype("f4"))


MEMORY = """
import resource
import numpy as np, pandas as pd
from skbackprop import TabularClassifier

def frame(n):
    codes = rng.integers(0, 100, (10, n)).astype("i1")
    levels = [f"level {i}" for i in range(100)]
    return pd.DataFrame({f"c{j}": pd.Categorical.from_codes(codes[j], levels) for j in range(10)})

rng = np.random.default_rng(0)
model = TabularClassifier(n_members=1, max_iter=1, min_steps=0, random_state=0)
few, X = frame(300), frame(50_000)
model.fit(few, np.arange(300) % 2).predict(few)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
model.fit(X, rng.integers(0, 2, len(X))).predict(X)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is counted in other units")
def test_memory_of_many_levels():
    """10 categories of 100 levels in 50,000 rows took 1.7 GB."""
    pytest.importorskip("pandas")
    result = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", MEMORY], capture_output=True, check=True, text=True
    )
    assert float(result.stdout) < 100


def test_one_warning_of_missing_names_about_the_estimator():
    pd = pytest.importorskip("pandas")
    model = classifier(min_steps=1, max_iter=1).fit(pd.DataFrame(X, columns=[*"abc"]), X[:, 0] > 0)
    with pytest.warns(UserWarning, match="feature names") as caught:
        model.predict(X)
    (warning,) = caught
    assert "but TabularClassifier was fitted with feature names" in str(warning.message)


@pytest.mark.parametrize("dtype", ["Int64", "boolean"])
def test_a_nullable_frame_of_labels_is_scored(dtype):
    pd = pytest.importorskip("pandas")
    Y = pd.DataFrame({"a": X[:, 0] > 0, "b": X[:, 1] > 0}).astype(dtype)
    assert 0 <= classifier(min_steps=1, max_iter=1).fit(X, Y).score(X, Y) <= 1
