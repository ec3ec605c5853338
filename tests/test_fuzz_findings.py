"""What random input has found, each as a test of its own."""

import pickle

import numpy as np
import pandas as pd
import pytest

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    SmoothClipScaler,
    TableEncoder,
    TabularRegressor,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(20, 3))
LABELS = np.arange(20) % 3
SMALL = {"hidden_layer_sizes": (3,), "max_iter": 2, "random_state": 0}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_rows", [20, 40_000])
def test_a_prediction_that_is_not_finite_is_refused(dtype, n_rows):
    """It was NaN, with NumPy's warning or, of many rows, without."""
    huge = np.resize(np.sign(X), (n_rows, 3)).astype(dtype) * np.finfo(dtype).max
    parameters = SMALL | {"activation": "identity", "learning_rate_init": 10.0}
    classifier = BackpropClassifier(**parameters).fit(X.astype(dtype), LABELS)
    regressor = BackpropRegressor(**parameters).fit(X.astype(dtype), LABELS)
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        with pytest.raises(ValueError, match=r"prediction is not finite.*Scale X"):
            getattr(classifier, method)(huge)
    with pytest.raises(ValueError, match=r"prediction is not finite.*Scale X"):
        regressor.predict(huge)


@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame])
def test_a_sum_of_features_that_overflows_is_no_warning(container):
    """The check for NaN adds up X; it overflowed to inf - inf."""
    huge = container(np.tile([[1e308, -1e308]], (20, 40)))
    with pytest.raises(ValueError, match=r"non-finite|not finite"):
        BackpropRegressor(**SMALL).fit(huge, LABELS).predict(huge)


def test_weights_too_large_for_float32():
    """NumPy warned of an overflow before the error."""
    with pytest.raises(ValueError, match="sample_weight contains infinity"):
        BackpropRegressor(**SMALL, dtype="float32").fit(X, LABELS, np.full(20, 1e200))


@pytest.mark.parametrize("estimator_class", [BackpropClassifier, BackpropRegressor])
def test_frame_without_columns(estimator_class):
    """The error spoke of dtypes."""
    with pytest.raises(ValueError, match=r"0 feature\(s\) \(shape=\(20, 0\)\)"):
        estimator_class(**SMALL).fit(pd.DataFrame(index=range(20)), LABELS)


def test_nan_in_labels_of_partial_fit():
    """NumPy warned of an invalid cast before the error."""
    with pytest.raises(ValueError, match="NaN"):
        BackpropClassifier(**SMALL).partial_fit(
            X, np.where(LABELS > 1, np.nan, LABELS), classes=[0, 1]
        )


def test_targets_too_large_for_float32():
    """NumPy warned of an overflow before the error."""
    with pytest.raises(ValueError, match="too large for dtype=float32"):
        BackpropRegressor(**SMALL).fit(X.astype(np.float32), 1e200 * X[:, 0])


def test_score_of_indicators_in_a_nullable_frame():
    """It was fitted, but not scored."""
    indicators = pd.DataFrame(np.column_stack([LABELS, LABELS[::-1]]) > 0).astype("Int64")
    model = BackpropClassifier(**SMALL).fit(X, indicators)
    assert model.score(X, indicators) == model.score(X, indicators.to_numpy(int))


def test_indicators_in_a_list_in_partial_fit():
    """It was an AttributeError: a list has no shape."""
    indicators = np.column_stack([LABELS > 0, LABELS > 1]).astype(int)
    of_list, of_array = (
        BackpropClassifier(**SMALL).partial_fit(X, y) for y in (indicators.tolist(), indicators)
    )
    np.testing.assert_array_equal(of_list.predict_proba(X), of_array.predict_proba(X))


# ---- tables


LARGEST = np.finfo(float).max


def test_the_range_of_a_column_may_be_beyond_the_largest_number():
    """It was infinite, and what was divided by it NaN."""
    column = LARGEST * np.array([[-1.0], [-0.9], [0.2], [0.8], [1.0]])
    Z = SmoothClipScaler().fit_transform(column).ravel()
    assert Z[2] == 0
    assert (np.diff(Z) > 0.05).all()
    assert (np.abs(Z) < 3).all()


def test_the_middle_of_two_numbers_may_be_near_the_largest():
    frame = pd.DataFrame({"x": [LARGEST, LARGEST, np.nan]})
    encoder = TableEncoder(dtype=np.float64).fit(frame)
    np.testing.assert_array_equal(encoder.medians_, [LARGEST])


@pytest.mark.parametrize("clip", [1e-300, 1e300])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_limit_beyond_the_type(clip, dtype):
    """In float32 it was 0 or infinite, and the middle of a column 0 / 0."""
    Z = SmoothClipScaler(clip).fit_transform(X.astype(dtype))
    assert Z.dtype == dtype
    assert not np.isnan(Z).any()
    if clip > 1:
        np.testing.assert_allclose(Z, SmoothClipScaler(1e6).fit_transform(X), rtol=1e-5)


def test_an_integer_beyond_the_largest_number():
    """It was an OverflowError of Python's."""
    frame = pd.DataFrame({"x": [1, 10**400, 3]}, dtype=object)
    with pytest.raises(ValueError, match="Column 'x' holds a number too large"):
        TableEncoder().fit(frame)


@pytest.mark.parametrize("fitted", [False, True])
def test_an_encoder_that_refuses_a_table_is_as_before(fitted):
    """It had the medians and the names of what it refused."""
    encoder, frame = TableEncoder(), pd.DataFrame({"a": [1.0, np.nan, 2.0]})
    if fitted:
        encoder.fit(frame)
    before = pickle.dumps(encoder)
    with pytest.raises(ValueError, match="infinity"):
        encoder.fit(pd.DataFrame({"b": [1e300, 1.0], "c": ["x", "y"]}))
    assert pickle.dumps(encoder) == before


@pytest.mark.filterwarnings("error")
def test_a_table_of_large_numbers_is_refused_without_warnings_of_numpy():
    frame = pd.DataFrame({"x": np.linspace(-1, 1, 20) * LARGEST})
    with pytest.raises(ValueError, match="too large for dtype"):
        TableEncoder().fit(frame)


def test_targets_whose_squares_overflow():
    """Their scale was infinite, with a warning of NumPy's, and predictions NaN."""
    parameters = {"hidden_layer_sizes": (3,), "max_iter": 2, "min_steps": 0, "random_state": 0}
    plain = TabularRegressor(**parameters).fit(X, X[:, 0]).predict(X)
    huge = TabularRegressor(**parameters).fit(X, 1e300 * X[:, 0]).predict(X)
    np.testing.assert_allclose(huge, 1e300 * plain, rtol=1e-4)


@pytest.mark.parametrize("method", ["predict_proba", "predict_log_proba"])
def test_probabilities_of_raw_predictions_whose_squares_overflow(method):
    """NumPy warned of the sum of their squares, which is only looked at."""
    net = BackpropClassifier(**SMALL, activation="identity").fit(X, LABELS)
    found = getattr(net, method)(1e250 * X)
    probabilities = found if method == "predict_proba" else np.exp(found)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(probabilities.max(axis=1), 1)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_tolerance_near_the_largest_number(solver):
    """Its square was an OverflowError."""
    net = BackpropRegressor(**SMALL | {"solver": solver, "tol": 1e300, "n_iter_no_change": 1})
    assert np.isfinite(net.fit(X, X[:, 0]).loss_)
