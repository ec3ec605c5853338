"""Tables and columns that are rare: what is learnt from them, or what is said."""

import datetime as dt
from zoneinfo import ZoneInfoNotFoundError

import numpy as np
import pytest
from mistakes import assert_refused
from sklearn.metrics import log_loss

from skbackprop import TableEncoder, TabularClassifier, TabularRegressor
from skbackprop.tabular.embeddings import EMBEDDINGS
from skbackprop.tabular.preprocessing import datetimes

pd = pytest.importorskip("pandas")

QUICK = {
    "n_members": 2,
    "hidden_layer_sizes": (6,),
    "max_iter": 3,
    "min_steps": 0,
    "random_state": 0,
}
RNG = np.random.default_rng(0)
N_ROWS = 120


# ---- numbers


def test_three_values_of_which_nearly_all_are_the_same():
    """There are too few others for ranks to tell them apart."""
    x = np.zeros((4000, 1))
    x[:2] = [[-1.0], [1.0]]
    model = TabularRegressor(embedding="normal_scores", validation_fraction=0, **QUICK)
    assert np.isfinite(model.fit(x, RNG.normal(size=4000)).predict(x)).all()


@pytest.mark.parametrize("embedding", EMBEDDINGS)
def test_three_values_of_which_two_are_scaled_to_the_same(embedding):
    x = np.tile([0.0, 1e20, 1e20, 1e-5, 1e20], 24)[:, np.newaxis]
    model = TabularRegressor(embedding=embedding, **QUICK).fit(x, x[:, 0] > 0)
    assert np.isfinite(model.predict(x)).all()


def test_bins_of_trees_where_targets_are_missing():
    """A row counts for the bins of a number if any of its targets is known."""
    X = RNG.normal(size=(N_ROWS, 3))
    Y = np.column_stack([X[:, 0] > 0, X[:, 1]]).astype(float)
    Y[::7, 0] = Y[1::7, 1] = np.nan
    model = TabularRegressor(embedding="tree_bins", missing_targets="ignore", **QUICK).fit(X, Y)
    assert model.predict(X).shape == Y.shape


# ---- categories


def test_many_levels_whose_means_do_not_vary():
    """The networks that see means keep the columns of the levels."""
    X = pd.DataFrame({"one": [f"level {i // 4}" for i in range(N_ROWS)], "x": np.arange(N_ROWS)})
    model = TabularRegressor(**QUICK).fit(X, np.full(N_ROWS, 3.0))
    np.testing.assert_allclose(model.predict(X), 3.0)


# ---- dates and time spans


def test_spans_that_are_all_missing_later():
    X = pd.DataFrame({"span": pd.to_timedelta(np.arange(N_ROWS), unit="h")})
    encoder = TableEncoder().fit(X)
    later = encoder.transform(pd.DataFrame({"span": np.full(4, None, object)}))
    missing = encoder.transform(pd.DataFrame({"span": pd.to_timedelta([None] * 4)}))
    np.testing.assert_array_equal(later, missing)
    with pytest.raises(TypeError, match="'span'"):
        encoder.transform(pd.DataFrame({"span": np.array(["a", "b"], object)}))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (dt.datetime(2020, 2, 29, 12), np.datetime64("2020-02-29T12:00")),
        (dt.timedelta(hours=30), np.timedelta64(30, "h")),
        (dt.timedelta(hours=5), dt.time(5)),
    ],
    ids=["dates", "spans", "times of the day"],
)
def test_objects_of_python_and_numpy_are_the_same(one, other):
    cells = np.empty(4, object)
    cells[:] = [one, other, one, other]
    frame = pd.DataFrame({"when": pd.Series(cells, dtype=object)})
    rows = np.asarray(TableEncoder().fit_transform(frame))
    np.testing.assert_array_equal(rows, rows[[0] * 4])


def test_a_time_zone_that_this_computer_does_not_know(monkeypatch):
    pl = pytest.importorskip("polars")
    when = pl.Series([dt.datetime(2020, 1, day, tzinfo=dt.UTC) for day in range(1, 9)])
    frame = pl.DataFrame({"when": when.dt.convert_time_zone("Europe/Berlin")})

    def unknown(key):
        raise ZoneInfoNotFoundError(key)

    monkeypatch.setattr(datetimes, "ZoneInfo", unknown)
    with pytest.raises(ValueError, match=r"'when' has the time zone 'Europe/Berlin', which this"):
        TableEncoder().fit(frame)


# ---- tables


@pytest.mark.parametrize(("shape", "what"), [((0, 2), "0 sample"), ((3, 0), "0 feature")])
def test_frames_without_rows_or_columns(shape, what):
    frame = pd.DataFrame(np.zeros(shape))
    error = assert_refused(TabularRegressor(**QUICK), lambda e: e.fit(frame, np.zeros(shape[0])))
    assert isinstance(error, ValueError)
    assert what in str(error)


def test_frames_of_dask_are_to_be_computed():
    dd = pytest.importorskip("dask.dataframe")
    frame = dd.from_pandas(pd.DataFrame({"x": np.arange(9.0)}), npartitions=2)
    error = assert_refused(TabularRegressor(**QUICK), lambda e: e.fit(frame, np.arange(9.0)))
    assert isinstance(error, TypeError)
    assert "Pass X.compute()" in str(error)


# ---- training


def test_without_a_seed_training_goes_on():
    X, y = RNG.normal(size=(N_ROWS, 3)), np.arange(N_ROWS) % 2
    model = TabularClassifier(**QUICK | {"random_state": None}).partial_fit(X, y, classes=[0, 1])
    first = log_loss(y, model.predict_proba(X))
    for _ in range(20):
        model.partial_fit(X, y)
    assert log_loss(y, model.predict_proba(X)) < first


def test_divergence_names_the_largest_number_of_a_table_with_categories():
    x = np.r_[np.linspace(-1, 1, N_ROWS - 1), 1e9]  # scaled, it is nearly 3
    X = pd.DataFrame({"x": x, "level": pd.Categorical(np.arange(N_ROWS) % 3)})
    model = TabularRegressor(**QUICK | {"learning_rate_init": 1e200, "validation_fraction": 0})
    error = assert_refused(model, lambda e: e.fit(X, RNG.normal(size=N_ROWS)))
    assert isinstance(error, ValueError)
    assert "the largest absolute value of X is 3.)" in str(error)
