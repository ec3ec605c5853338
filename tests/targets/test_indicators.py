"""Targets of several labels a row, as a matrix of indicators."""

import numpy as np
import pandas as pd
import pytest

from skbackprop import BackpropClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
LABELS = (X > 0).astype(int)
SMALL = {"hidden_layer_sizes": (3,), "max_iter": 3, "random_state": 0}
FEATURES = np.random.default_rng(0).normal(size=(20, 3))
THREE_CLASSES = np.arange(20) % 3
TWO_EPOCHS = {"hidden_layer_sizes": (3,), "max_iter": 2, "random_state": 0}


def test_partial_fit_refuses_another_number_of_labels():
    net = BackpropClassifier(**SMALL).partial_fit(X, LABELS)
    with pytest.raises(ValueError, match="3 labels"):
        net.partial_fit(X, LABELS[:, :2])


def test_a_warm_start_with_several_labels_goes_on():
    twice = BackpropClassifier(**SMALL, warm_start=True).fit(X, LABELS).fit(X, LABELS)
    once = BackpropClassifier(**SMALL | {"max_iter": 6}).fit(X, LABELS)
    np.testing.assert_array_equal(twice.coefs_[0], once.coefs_[0])
    with pytest.raises(ValueError, match="indicators of 3 labels"):
        twice.fit(X, LABELS[:, :2])


def test_score_of_indicators_in_a_nullable_frame():
    """It was fitted, but not scored."""
    indicators = pd.DataFrame(np.column_stack([THREE_CLASSES, THREE_CLASSES[::-1]]) > 0).astype(
        "Int64"
    )
    model = BackpropClassifier(**TWO_EPOCHS).fit(FEATURES, indicators)
    assert model.score(FEATURES, indicators) == model.score(FEATURES, indicators.to_numpy(int))


def test_indicators_in_a_list_in_partial_fit():
    """It was an AttributeError: a list has no shape."""
    indicators = np.column_stack([THREE_CLASSES > 0, THREE_CLASSES > 1]).astype(int)
    of_list, of_array = (
        BackpropClassifier(**TWO_EPOCHS).partial_fit(FEATURES, y)
        for y in (indicators.tolist(), indicators)
    )
    np.testing.assert_array_equal(
        of_list.predict_proba(FEATURES), of_array.predict_proba(FEATURES)
    )
