"""Targets with missing values on Dask: as in memory, if each partition knows some of all."""

import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.dask import DaskBackpropClassifier, DaskBackpropRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:The .* partitions are small:UserWarning"),
    pytest.mark.filterwarnings("ignore:The partitions are uneven:UserWarning"),
]

RNG = np.random.default_rng(0)
N_ROWS, CHUNKS = 80, (30, 10, 40)
X = RNG.normal(size=(N_ROWS, 3))
WEIGHTS = RNG.uniform(0.5, 2.0, size=N_ROWS)
MISSING = RNG.uniform(size=X.shape) < 0.3
MISSING[30:40] = False  # a partition whose weights are of rows only
MISSING[0] = True
NUMBERS = np.where(MISSING, np.nan, X + RNG.normal(size=X.shape))
TARGETS = {
    "numbers": (DaskBackpropRegressor, BackpropRegressor, NUMBERS),
    "labels": (
        DaskBackpropClassifier, BackpropClassifier, np.where(MISSING, np.nan, NUMBERS > 0)
    ),
    "columns": (
        DaskBackpropClassifier,
        BackpropClassifier,
        np.where(MISSING, np.nan, np.digitize(NUMBERS, [-0.5, 0.5]) + 3.0),
    ),
}  # fmt: skip
QUICK = {"activation": "tanh", "max_iter": 15, "random_state": 0, "missing_targets": "ignore"}

NAMES_OF_VALIDATION = "X_val", "y_val", "sample_weight_val"

every_kind = pytest.mark.parametrize("kind", TARGETS)


def in_chunks(array, chunks=CHUNKS):
    return da.from_array(array, chunks=(chunks, *array.shape[1:]))


def assert_same(one, other, rtol=1e-8):
    for a, b in zip(one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@every_kind
def test_fit_is_that_in_memory(client, kind, solver, class_weight):
    on_dask, local, y = TARGETS[kind]
    if kind == "numbers" and class_weight is not None:
        pytest.skip("the classifier's alone")
    settings = QUICK | ({} if class_weight is None else {"class_weight": class_weight})
    settings |= {"solver": solver, "early_stopping": True}
    validation = X[:40], y[:40], WEIGHTS[:40]
    net = local((5,), **settings).fit(
        X, y, WEIGHTS, **dict(zip(NAMES_OF_VALIDATION, validation, strict=True))
    )
    far = [in_chunks(array, (30, 10)) for array in validation]
    ours = on_dask((5,), **settings).fit(
        *map(in_chunks, (X, y, WEIGHTS)), **dict(zip(NAMES_OF_VALIDATION, far, strict=True))
    )
    np.testing.assert_allclose(ours.loss_curve_, net.loss_curve_, rtol=1e-8)
    np.testing.assert_allclose(ours.validation_loss_curve_, net.validation_loss_curve_, rtol=1e-8)
    np.testing.assert_allclose(ours.validation_scores_, net.validation_scores_, rtol=1e-6)
    assert_same(ours, net, 1e-5 if solver == "lbfgs" else 1e-8)
    assert ours.score(in_chunks(X), in_chunks(y)) == pytest.approx(net.score(X, y))


def test_a_partition_of_weight_0(client):
    weights = np.where(np.arange(N_ROWS) < CHUNKS[0], 0.0, WEIGHTS)
    settings = QUICK | {"solver": "lbfgs", "hidden_layer_sizes": (4,)}
    model = DaskBackpropRegressor(**settings)
    model.fit(in_chunks(X), in_chunks(NUMBERS), in_chunks(weights))
    assert_same(model, BackpropRegressor(**settings).fit(X, NUMBERS, weights), 1e-5)


def test_frames(client):
    y = pd.DataFrame(TARGETS["columns"][2]).astype("Int64")
    net = BackpropClassifier((5,), solver="lbfgs", **QUICK).fit(X, y)
    frames = (dd.from_pandas(pd.DataFrame(data), npartitions=3) for data in (X, y))
    ours = DaskBackpropClassifier((5,), solver="lbfgs", **QUICK).fit(*frames)
    np.testing.assert_allclose(ours.loss_curve_, net.loss_curve_, rtol=1e-8)


@every_kind
def test_a_split_of_partitions(client, kind):
    on_dask, _, y = TARGETS[kind]
    net = on_dask((5,), solver="adam", early_stopping=True, validation_fraction=0.1, **QUICK)
    assert np.isfinite(net.fit(in_chunks(X), in_chunks(y)).validation_scores_).all()


@every_kind
def test_refused(client, kind):
    on_dask, _, y = TARGETS[kind]
    with pytest.raises(ValueError, match=r"partition 0 .*NaN"):
        on_dask().fit(in_chunks(X), in_chunks(y))
    partly = y.copy()
    partly[30:40, 2] = np.nan
    with pytest.raises(ValueError, match=r"partition 1 .*: y has no known target in column 2"):
        on_dask(**QUICK).fit(in_chunks(X), in_chunks(partly))


def test_a_constant_of_a_small_scale(client):
    """What the warning of the scale is made of: means over the known targets of each output."""
    y = np.where(MISSING, np.nan, 1e-4 * X)
    settings = QUICK | {"solver": "lbfgs", "max_iter": 1000}
    with pytest.warns(match="large for the scale of y") as local:
        BackpropRegressor((), **settings).fit(X, y)
    with pytest.warns(match="large for the scale of y") as far:
        DaskBackpropRegressor((), **settings).fit(in_chunks(X), in_chunks(y))
    assert str(local[-1].message) == str(far[-1].message)
