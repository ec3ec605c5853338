"""One gate for all data: what is refused in training is refused everywhere, in the same words."""

import copy
from functools import cache

import numpy as np
import pytest
from mistakes import LABELS, MULTILABEL, N_ROWS, NUMBERS, TEXTS, WEIGHTS, X, build, with_value
from mistakes import OURS as ESTIMATORS
from scipy import sparse

from skbackprop.data import GivenData
from skbackprop.inspection import backpropagate, check_gradient

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

COLUMNS = np.column_stack([LABELS, np.arange(N_ROWS) % 3 + 5])
SEVERAL = np.column_stack([NUMBERS, NUMBERS**2])
TARGETS = {
    "labels": ("classifier", LABELS, {"classes": [0, 1]}),
    "indicators": ("classifier", MULTILABEL, {}),
    "columns": ("classifier", COLUMNS, {"classes": [[0, 1], [5, 6, 7]]}),
    "number": ("regressor", NUMBERS, {}),
    "numbers": ("regressor", SEVERAL, {}),
}
INVALID = "Invalid X_val, y_val or sample_weight_val: "


def mistakes_of_any_target(y):
    """Features, target and weights of which one is wrong."""
    yield "rows of y", X, y[:-1], None
    yield "rows of X", X[:-1], y, None
    yield "no rows", X[:0], y[:0], None
    yield "1-D X", X[:, 0], y, None
    yield "3-D X", X[:, :, np.newaxis], y, None
    yield "NaN in X", with_value(X, np.nan), y, None
    yield "infinity in X", with_value(X, np.inf), y, None
    yield "NaN in a sparse X", sparse.csr_matrix(with_value(X, np.nan)), y, None
    yield "strings in X", TEXTS, y, None
    yield "complex X", X + 1j, y, None
    yield "NaN in y", X, with_value(y, np.nan), None
    yield "infinity in y", X, with_value(y, np.inf), None
    yield "complex y", X, y + 1j, None
    yield "3-D y", X, np.zeros((N_ROWS, 2, 2)), None
    yield "too few weights", X, y, WEIGHTS[:-1]
    yield "2-D weights", X, y, np.ones((N_ROWS, 2))
    yield "NaN in weights", X, y, with_value(WEIGHTS, np.nan)
    yield "infinity in weights", X, y, with_value(WEIGHTS, np.inf)
    yield "strings as weights", X, y, "heavy"
    yield "negative weights", X, y, with_value(WEIGHTS, -1)
    yield "all weights 0", X, y, np.zeros(N_ROWS)
    yield "too large weights", X.astype(np.float32), y, np.full(N_ROWS, 1e300)


# What only a network that is fitted already can refuse.
LATER = {
    "labels": [
        ("another class", LABELS + 1),
        ("indicators", MULTILABEL),
        ("sparse indicators", sparse.csr_matrix(MULTILABEL)),
        ("label columns", np.array([["x", 1]] * N_ROWS, dtype=object)),
        ("objects", LABELS.astype(object)),
        ("texts of the numbers", LABELS.astype(str)),
    ],
    "indicators": [
        ("one label fewer", MULTILABEL[:, :1]),
        ("no indicators", 7 * MULTILABEL),
    ],
    "columns": [
        ("another class", COLUMNS + 1),
        ("a column fewer", COLUMNS[:, 1]),
        ("sparse indicators", sparse.csr_matrix(MULTILABEL)),
    ],
    "number": [("two for one", SEVERAL)],
    "numbers": [("one for two", NUMBERS), ("three for two", np.ones((N_ROWS, 3)))],
}


@cache
def fitted(target, dtype="float64"):
    """A network that no test may change."""
    kind, y, classes = TARGETS[target]
    return build(ESTIMATORS, kind, random_state=0, dtype=dtype).partial_fit(X, y, **classes)


def new(target, dtype="float64"):
    return build(ESTIMATORS, TARGETS[target][0], random_state=0, dtype=dtype)


def fit(target, dtype, data):
    return new(target, dtype).fit(*data)


def first_partial_fit(target, dtype, data):
    return new(target, dtype).partial_fit(*data, **TARGETS[target][2])


def partial_fit(target, dtype, data):
    return copy.deepcopy(fitted(target, dtype)).partial_fit(*data)


def validation(target, dtype, data, **parameters):
    names = ("X_val", "y_val", "sample_weight_val")
    given = dict(zip(names, data, strict=False))
    return new(target, dtype).set_params(**parameters).fit(X, TARGETS[target][1], **given)


def early_stopping(target, dtype, data):
    return validation(target, dtype, data, early_stopping=True)


def inspection(target, dtype, data):
    return backpropagate(fitted(target, dtype), *data)


LATER_PLACES = [partial_fit, validation, early_stopping, inspection]


def refused(place, target, data, dtype="float64"):
    """The words in which data are refused; of validation data, behind those that say so."""
    with pytest.raises((ValueError, TypeError)) as caught:
        place(target, dtype, data)
    words = str(caught.value)
    if place in (validation, early_stopping):
        assert words.startswith(INVALID)
        words = words.removeprefix(INVALID)
    return type(caught.value), words


ANY_MISTAKE = [name for name, *_ in mistakes_of_any_target(LABELS)]
BY_TARGET = {
    (target, name): data
    for target, (_, y, _) in TARGETS.items()
    for name, *data in mistakes_of_any_target(y)
}


@pytest.mark.parametrize("mistake", ANY_MISTAKE)
@pytest.mark.parametrize("target", TARGETS)
def test_what_fit_refuses_is_refused_in_the_same_words(target, mistake):
    data = BY_TARGET[target, mistake]
    dtype = "float32" if mistake == "too large weights" else "float64"
    expected = refused(fit, target, data, dtype)
    for place in (first_partial_fit, *LATER_PLACES):
        assert refused(place, target, data, dtype) == expected, place.__name__


@pytest.mark.parametrize("place", LATER_PLACES)
@pytest.mark.parametrize("target", TARGETS)
def test_other_numbers_of_features_are_refused(target, place):
    error, words = refused(place, target, (X[:, :2], TARGETS[target][1]))
    name = type(fitted(target)).__name__
    assert (error, words) == (
        ValueError,
        f"X has 2 features, but {name} is expecting 3 features as input.",
    )


LATER_MISTAKES = [(target, name, y) for target, mistakes in LATER.items() for name, y in mistakes]


@pytest.mark.parametrize("place", [partial_fit, validation, early_stopping])
@pytest.mark.parametrize(
    ("target", "y"),
    [(target, y) for target, _, y in LATER_MISTAKES],
    ids=[f"{target}-{name}" for target, name, _ in LATER_MISTAKES],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.DataConversionWarning")
def test_another_target_is_refused_in_the_same_words(target, y, place):
    assert refused(place, target, (X, y)) == refused(inspection, target, (X, y))


@pytest.mark.parametrize("target", TARGETS)
def test_a_check_of_gradients_refuses_what_fit_does(target):
    for mistake in ("NaN in X", "rows of y", "negative weights", "all weights 0"):
        data = BY_TARGET[target, mistake]
        with pytest.raises(ValueError) as caught:
            check_gradient(fitted(target), *data)
        assert str(caught.value) == refused(fit, target, data)[1]


@pytest.mark.parametrize("part", [{"X_val": X}, {"y_val": LABELS}, {"sample_weight_val": WEIGHTS}])
def test_a_part_of_the_validation_data_is_refused(part):
    with pytest.raises(ValueError, match=f"but only {next(iter(part))} was given"):
        new("labels").fit(X, LABELS, **part)
    with pytest.raises(ValueError, match="need both X_val and y_val"):
        _ = GivenData(X, LABELS, **part).has_validation


@pytest.mark.parametrize("target", TARGETS)
def test_rows_of_weight_zero_count_nowhere(target):
    """Training data, further batches and validation data are as without them."""
    _, y, classes = TARGETS[target]
    weights = np.where(np.arange(N_ROWS) < 30, 1.5, 0.0)
    zeros, without = (X, y, weights), (X[:30], y[:30], weights[:30])
    one, other = (new(target).partial_fit(*data, **classes) for data in (zeros, without))
    np.testing.assert_array_equal(one.coefs_[0], other.coefs_[0])
    one, other = (validation(target, "float64", data) for data in (zeros, without))
    assert one.validation_loss_curve_ == other.validation_loss_curve_
    assert one.validation_scores_ == other.validation_scores_
