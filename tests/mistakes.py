"""What the tests of bad input share: small data, estimators side by side, and one assertion."""

import re

import joblib
import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skbackprop import BackpropClassifier, BackpropRegressor

N_ROWS = 40
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_ROWS, 3))
LABELS = np.arange(N_ROWS) % 2
MULTILABEL = np.column_stack([LABELS, np.arange(N_ROWS) % 3 == 0]).astype(int)
NUMBERS = X[:, 0] + 0.1 * RNG.normal(size=N_ROWS)
WEIGHTS = np.ones(N_ROWS)
TEXTS = np.array([["a", "b", "c"]] * N_ROWS, dtype=object)

OURS = {"classifier": BackpropClassifier, "regressor": BackpropRegressor}
THEIRS = {"classifier": MLPClassifier, "regressor": MLPRegressor}
TARGETS = {"classifier": LABELS, "regressor": NUMBERS}
KINDS = tuple(OURS)


def with_value(array, value, dtype=float):
    """A copy with ``value`` somewhere in its first row."""
    changed = np.array(array, dtype=dtype)
    changed.flat[0] = value
    return changed


def build(classes, kind, **parameters):
    return classes[kind](**({"hidden_layer_sizes": (3,), "max_iter": 2} | parameters))


def error_of(action, *args):
    with pytest.raises(Exception) as caught:
        action(*args)
    return caught.value


def assert_refused(estimator, action):
    """Return the error of ``action(estimator)``, which must leave the estimator as it was."""
    before = joblib.hash(vars(estimator))
    names = set(vars(estimator))
    error = error_of(action, estimator)
    assert set(vars(estimator)) == names
    assert joblib.hash(vars(estimator)) == before
    return error


def unfitted_and_fitted(kind, parameters):
    """Our estimator with the parameters, new and after a fit with good ones."""
    yield build(OURS, kind, **parameters)
    if "hidden_layer_sizes" not in parameters:
        yield build(OURS, kind).fit(X, TARGETS[kind]).set_params(**parameters)


def start_of(message):
    """The part of scikit-learn's sentence that callers match on, under our class names."""
    message = message.replace("MLP", "Backprop")
    return re.split(r" must be|[:\n]|\. |\.$", message)[0]


def assert_names_any(message, words):
    assert any(word in message for word in words.split("|")), message
