"""Numbers near the largest one: they are named or worked with, without warnings of NumPy."""

import numpy as np
import pandas as pd
import pytest

from skbackprop import BackpropClassifier, BackpropRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(20, 3))
LABELS = np.arange(20) % 3
SMALL = {"hidden_layer_sizes": (3,), "max_iter": 2, "random_state": 0}
RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(40, 3))
POSITIVE = np.exp(FEATURES[:, 0] + 0.1 * RNG.normal(size=40))
THREE_EPOCHS = {"hidden_layer_sizes": (3,), "max_iter": 3, "random_state": 0}


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


def test_weights_too_large_for_float32_are_refused():
    """NumPy warned of an overflow before the error."""
    with pytest.raises(ValueError, match="too large for dtype=float32"):
        BackpropRegressor(**SMALL, dtype="float32").fit(X, LABELS, np.full(20, 1e200))


def test_targets_too_large_for_float32_are_refused():
    """NumPy warned of an overflow before the error."""
    with pytest.raises(ValueError, match="too large for dtype=float32"):
        BackpropRegressor(**SMALL).fit(X.astype(np.float32), 1e200 * X[:, 0])


@pytest.mark.parametrize("method", ["predict_proba", "predict_log_proba"])
def test_probabilities_of_huge_raw_predictions_sum_to_one(method):
    """NumPy warned of the sum of their squares, which is only looked at."""
    net = BackpropClassifier(**SMALL, activation="identity").fit(X, LABELS)
    found = getattr(net, method)(1e250 * X)
    probabilities = found if method == "predict_proba" else np.exp(found)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(probabilities.max(axis=1), 1)


def test_targets_too_large_for_the_chosen_dtype_are_refused():
    with (
        pytest.raises(ValueError, match="too large for dtype=float32"),
        np.errstate(over="ignore"),
    ):
        BackpropRegressor(**THREE_EPOCHS, dtype="float32").fit(FEATURES, POSITIVE * 1e200)
