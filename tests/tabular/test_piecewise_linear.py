"""PiecewiseLinearEncoder: its formula, its bins, its place in pipelines."""

from itertools import pairwise

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from skbackprop import PiecewiseLinearEncoder

pd = pytest.importorskip("pandas")

RNG = np.random.default_rng(0)
X = RNG.standard_cauchy((300, 3))
STEPS = np.where(X[:, 0] > 0.4, 5.0, -5.0) + 0.1 * X[:, 1].clip(-3, 3)


@parametrize_with_checks(
    [
        PiecewiseLinearEncoder(),
        PiecewiseLinearEncoder(n_bins=3),
        PiecewiseLinearEncoder(strategy="tree"),
    ]
)
def test_check(estimator, check):
    check(estimator)


def expected(x, edges):
    """By the definition: the position within each bin, of which the outer ones are open."""
    columns = []
    for t, (low, high) in enumerate(pairwise(edges)):
        lowest = -3 if t == 0 else 0
        highest = 4 if t == len(edges) - 2 else 1
        columns.append(np.clip((x - low) / (high - low), lowest, highest))
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("strategy", ["quantile", "tree"])
@pytest.mark.parametrize("n_bins", [2, 5, 16])
def test_formula(strategy, n_bins):
    encoder = PiecewiseLinearEncoder(n_bins, strategy).fit(X[:200], STEPS[:200])
    assert all(2 <= len(edges) <= n_bins + 1 for edges in encoder.edges_)
    Z = np.hstack([expected(x, edges) for x, edges in zip(X.T, encoder.edges_, strict=True)])
    np.testing.assert_allclose(encoder.transform(X), Z, rtol=1e-9, atol=1e-12)
    assert encoder.get_feature_names_out()[0] == "x0_bin1"
    assert len(encoder.get_feature_names_out()) == Z.shape[1]


def test_quantile_bins_have_equal_numbers_of_rows():
    edges = PiecewiseLinearEncoder(n_bins=4).fit(X).edges_[0]
    np.testing.assert_allclose(edges, np.quantile(X[:, 0], [0, 0.25, 0.5, 0.75, 1]))


@pytest.mark.parametrize("y", [STEPS, (STEPS > 0).astype(int), np.where(STEPS > 0, "a", "b")])
def test_a_tree_splits_where_the_target_changes(y):
    encoder = PiecewiseLinearEncoder(n_bins=2, strategy="tree").fit(X[:, :1], y)
    below, above = X[X[:, 0] <= 0.4, 0].max(), X[X[:, 0] > 0.4, 0].min()
    assert below <= encoder.edges_[0][1] <= above


def test_bins_of_a_tree_have_at_least_eight_rows():
    y = RNG.normal(size=len(X))
    edges = PiecewiseLinearEncoder(n_bins=64, strategy="tree").fit(X, y).edges_[0]
    assert np.histogram(X[:, 0], edges)[0].min() >= 8


def test_a_column_where_most_values_are_the_same():
    x = np.concatenate([np.zeros(900), np.linspace(1, 2, 100)])[:, np.newaxis]
    edges = PiecewiseLinearEncoder(n_bins=8).fit(x).edges_[0]
    assert {0.0, 1.0, 2.0} <= set(edges)
    assert len(edges) > 4


def test_columns_of_two_values_stay_and_come_first():
    data = pd.DataFrame({"a": X[:, 0], "on": (X[:, 1] > 0).astype(float), "same": 7.0})
    encoder = PiecewiseLinearEncoder(n_bins=2).set_output(transform="pandas").fit(data)
    Z = encoder.transform(data)
    assert [*Z.columns] == ["on", "same", "a_bin1", "a_bin2"]
    pd.testing.assert_series_equal(Z["on"], data["on"])


def test_a_linear_model_becomes_piecewise_linear():
    x = np.linspace(-2, 2, 401)[:, np.newaxis]
    model = make_pipeline(PiecewiseLinearEncoder(n_bins=4), LinearRegression())
    assert model.fit(x, np.abs(x[:, 0])).score(x, np.abs(x[:, 0])) > 1 - 1e-12
    classes = np.abs(x[:, 0]) > 1
    steps = make_pipeline(PiecewiseLinearEncoder(strategy="tree"), LogisticRegression(C=100))
    assert LogisticRegression(C=100).fit(x, classes).score(x, classes) < 0.6
    assert steps.fit(x, classes).score(x, classes) > 0.95


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_type_of_the_data_is_kept(dtype):
    assert PiecewiseLinearEncoder().fit_transform(X.astype(dtype)).dtype == dtype


def test_a_tree_needs_a_target():
    with pytest.raises(ValueError, match="requires y to be passed"):
        PiecewiseLinearEncoder(strategy="tree").fit(X)


def test_a_range_without_a_width_is_refused():
    far = np.array([[-1.0], [0.0], [1.0]]) * np.finfo(float).max
    with pytest.raises(ValueError, match=r"Column 0 of X .* is wider than float64 can hold"):
        PiecewiseLinearEncoder().fit(far)


@pytest.mark.parametrize("parameters", [{"n_bins": 1}, {"n_bins": 2.5}, {"strategy": "kmeans"}])
def test_bad_parameters(parameters):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        PiecewiseLinearEncoder(**parameters).fit(X)


def test_a_fit_that_is_refused_changes_nothing():
    encoder = PiecewiseLinearEncoder().fit(X)
    edges = encoder.edges_
    with pytest.raises(ValueError, match="NaN"):
        encoder.fit([[np.nan, 1.0]])
    assert encoder.edges_ is edges


@pytest.mark.parametrize("strategy", ["quantile", "tree"])
@pytest.mark.parametrize(("width", "dtype"), [(1e-310, np.float64), (1e-42, np.float32)])
def test_bins_of_subnormal_width_give_finite_columns(width, dtype, strategy):
    """The inverse of such a width is infinite."""
    X = np.repeat([0, width, 3 * width], 100).astype(dtype)[:, np.newaxis]
    encoder = PiecewiseLinearEncoder(strategy=strategy)
    Z = encoder.fit(X, np.arange(300.0) % 7).transform(X)
    assert np.isfinite(Z).all()
    assert (np.diff(Z, axis=0) >= 0).all()
