"""SmoothClipScaler: its formula, its limits, its place in pipelines."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from skbackprop import SmoothClipScaler


@parametrize_with_checks([SmoothClipScaler(), SmoothClipScaler(clip=1.5)])
def test_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize("clip", [0.5, 3.0, 7])
def test_formula(clip):
    X = np.random.default_rng(0).standard_cauchy((101, 4)) * [1, 10, 1e-6, 1e9] + [0, 5, 0, 1e9]
    low, median, high = np.percentile(X, [25, 50, 75], axis=0)
    z = (X - median) / (high - low)
    expected = z / np.sqrt(1 + (z / clip) ** 2)
    np.testing.assert_allclose(SmoothClipScaler(clip).fit_transform(X), expected, rtol=1e-12)


def test_a_column_whose_quartiles_agree_is_scaled_by_its_range():
    x = np.array([0.0] * 9 + [5.0])[:, None]
    z = 2 * x / 5
    np.testing.assert_allclose(
        SmoothClipScaler().fit_transform(x), z / np.sqrt(1 + (z / 3) ** 2), rtol=1e-12
    )


def test_constant_columns_become_zero_whatever_comes():
    scaler = SmoothClipScaler().fit(np.full((5, 1), 7.0))
    np.testing.assert_array_equal(scaler.transform([[7.0], [1e300], [-3.0]]), np.zeros((3, 1)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nothing_is_too_far_out(dtype):
    X = np.array([[-1.0], [0.0], [1.0]], dtype)
    far = np.array([[-1.0], [1.0]], dtype) * np.finfo(dtype).max
    result = SmoothClipScaler().fit(X).transform(far)
    assert result.dtype == dtype
    np.testing.assert_allclose(result.ravel(), [-3, 3], rtol=1e-6)


def test_order_is_kept():
    x = np.sort(np.random.default_rng(0).standard_cauchy(200))[:, None]
    assert (np.diff(SmoothClipScaler().fit_transform(x), axis=0) > 0).all()


def test_missing_values_pass_and_do_not_count():
    X = np.random.default_rng(0).normal(size=(20, 3))
    holes = X.copy()
    holes = np.vstack([holes, np.full((4, 3), np.nan)])
    plain, scaler = SmoothClipScaler().fit(X), SmoothClipScaler().fit(holes)
    np.testing.assert_array_equal(scaler.center_, plain.center_)
    np.testing.assert_array_equal(scaler.scale_, plain.scale_)
    assert np.isnan(scaler.transform(holes)[20:]).all()


def test_a_column_without_values_stays_empty():
    X = np.array([[np.nan, 1.0], [np.nan, 2.0], [np.nan, 4.0]])
    result = SmoothClipScaler().fit_transform(X)
    assert np.isnan(result[:, 0]).all()
    assert np.isfinite(result[:, 1]).all()


def test_the_data_are_not_changed():
    X = np.arange(6.0).reshape(3, 2)
    X.flags.writeable = False
    SmoothClipScaler().fit_transform(X)


@pytest.mark.parametrize("clip", [0, -1.0, "3", None])
def test_bad_clip(clip):
    with pytest.raises(ValueError, match="clip"):
        SmoothClipScaler(clip).fit([[1.0], [2.0]])


def test_names_and_frames():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [0.0, 0.0, 1.0]})
    scaler = SmoothClipScaler().set_output(transform="pandas").fit(frame)
    assert list(scaler.get_feature_names_out()) == ["a", "b"]
    assert list(scaler.transform(frame).columns) == ["a", "b"]


def test_in_a_pipeline():
    X = np.random.default_rng(0).standard_cauchy((200, 2))
    y = X[:, 0] > 0
    assert make_pipeline(SmoothClipScaler(), LogisticRegression()).fit(X, y).score(X, y) > 0.95


# ---- numbers near the largest

X = np.random.default_rng(0).normal(size=(20, 3))
LARGEST = np.finfo(float).max


def test_the_range_of_a_column_may_be_beyond_the_largest_number():
    """It was infinite, and what was divided by it NaN."""
    column = LARGEST * np.array([[-1.0], [-0.9], [0.2], [0.8], [1.0]])
    Z = SmoothClipScaler().fit_transform(column).ravel()
    assert Z[2] == 0
    assert (np.diff(Z) > 0.05).all()
    assert (np.abs(Z) < 3).all()


@pytest.mark.parametrize("clip", [1e-300, 1e300])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_clip_beyond_the_dtype_gives_no_nan(clip, dtype):
    """In float32 it was 0 or infinite, and the middle of a column 0 / 0."""
    Z = SmoothClipScaler(clip).fit_transform(X.astype(dtype))
    assert Z.dtype == dtype
    assert not np.isnan(Z).any()
    if clip > 1:
        np.testing.assert_allclose(Z, SmoothClipScaler(1e6).fit_transform(X), rtol=1e-5)
