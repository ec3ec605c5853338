"""Targets with missing values of the estimators for tables."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, log_expit
from sklearn.metrics import r2_score

from skbackprop import TabularClassifier, TabularRegressor
from skbackprop.losses import REGRESSION_LOSSES

N_ROWS = 120
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_ROWS, 3))
WEIGHTS = RNG.uniform(0.5, 2.0, size=N_ROWS)
NUMBERS = np.column_stack([100 * X[:, 0] + 1000, np.exp(X[:, 1]), X[:, 2] ** 2])
LABELS = (X > 0).astype(float)
COLUMNS = np.column_stack(
    [np.where(X[:, 0] > 0, "up", "down"), np.digitize(X[:, 1], [-1, 1]).astype(str), X[:, 2] > 0]
)
MISSING = RNG.uniform(size=(N_ROWS, 3)) < 0.3
MISSING[0] = True
KNOWN = ~MISSING
TABLE = {"n_members": 2, "hidden_layer_sizes": (8,), "max_iter": 10, "min_steps": 1}
TARGETS = {
    "numbers": (TabularRegressor, np.where(MISSING, np.nan, NUMBERS)),
    "labels": (TabularClassifier, np.where(MISSING, np.nan, LABELS)),
    "columns": (TabularClassifier, np.where(MISSING, None, COLUMNS)),
}
every_kind = pytest.mark.parametrize("kind", TARGETS)


def ignoring(kind, **parameters):
    settings = TABLE | {"random_state": 0, "missing_targets": "ignore"} | parameters
    return TARGETS[kind][0](**settings)


def assert_same(one, other):
    np.testing.assert_array_equal(one.predict(X), other.predict(X))
    assert one.loss_curve_ == other.loss_curve_
    assert one.validation_loss_curve_ == other.validation_loss_curve_


@every_kind
def test_a_row_without_known_targets_is_as_if_absent(kind):
    y = TARGETS[kind][1]
    rows = np.flatnonzero(KNOWN.any(axis=1))
    expected = ignoring(kind).fit(X[rows], y[rows], WEIGHTS[rows])
    assert_same(ignoring(kind).fit(X, y, WEIGHTS), expected)


@every_kind
def test_containers(kind):
    y = TARGETS[kind][1]
    expected = ignoring(kind).fit(X, y)
    for other in (y.tolist(), pd.DataFrame(y), np.where(MISSING, None, y.astype(object))):
        net = ignoring(kind).fit(X, other)
        assert_same(net, expected)
        assert net.score(X, other) == expected.score(X, y)


@pytest.mark.parametrize("weight", [None, WEIGHTS])
def test_units_are_those_of_the_known_numbers(weight):
    net = ignoring("numbers").fit(X, TARGETS["numbers"][1], weight)
    for j, rows in enumerate(KNOWN.T):
        own = np.ones(rows.sum()) if weight is None else weight[rows]
        mean = np.average(NUMBERS[rows, j], weights=own)
        assert net.center_[j] == pytest.approx(mean)
        variance = np.average((NUMBERS[rows, j] - mean) ** 2, weights=own)
        assert net.scale_[j] == pytest.approx(np.sqrt(variance))


@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
def test_every_loss(loss):
    y = np.where(MISSING, np.nan, np.abs(NUMBERS) + 0.1)
    net = ignoring("numbers", loss=loss, n_members=1).fit(X, y)
    assert np.isfinite(net.loss_curve_).all()
    assert net.loss_curve_[-1] < net.loss_curve_[0]
    assert np.isfinite(net.score(X, y))


def test_a_constant_output():
    y = TARGETS["numbers"][1].copy()
    y[KNOWN[:, 1], 1] = 7.0
    np.testing.assert_allclose(ignoring("numbers").fit(X, y).predict(X)[:, 1], 7.0)


def test_the_score_is_the_mean_over_the_outputs():
    y = TARGETS["numbers"][1]
    net = ignoring("numbers").fit(X, y)
    prediction = net.predict(X)
    scores = [r2_score(y[rows, j], prediction[rows, j]) for j, rows in enumerate(KNOWN.T)]
    assert net.score(X, y) == pytest.approx(np.mean(scores))


@pytest.mark.parametrize("kind", ["labels", "columns"])
def test_class_weights_count_known_labels(kind):
    y = TARGETS[kind][1]
    net = ignoring(kind, class_weight="balanced").fit(X, y)
    column = KNOWN[:, 0]
    of_class = [np.sum(y[column, 0] == label) for label in np.unique(y[column, 0])]
    weights = column.sum() / (2 * np.array(of_class))
    target = net._target
    found = target.class_weight[0] if kind == "labels" else target.columns[0].class_weight
    np.testing.assert_allclose(found, weights)


@every_kind
def test_validation_data(kind):
    y = TARGETS[kind][1]
    net = ignoring(kind).fit(X[40:], y[40:], X_val=X[:40], y_val=y[:40])
    absent = ignoring(kind).fit(X[40:], y[40:], X_val=X[1:40], y_val=y[1:40])
    assert_same(net, absent)
    with pytest.raises(ValueError, match=r"Invalid X_val, y_val .*: y has no known target"):
        ignoring(kind).fit(X[40:], y[40:], X_val=X[:1], y_val=y[:1])


@every_kind
def test_a_column_may_be_missing_in_validation_data(kind):
    y = TARGETS[kind][1]
    y_val = y[:40].copy()
    y_val[:, 0] = None if kind == "columns" else np.nan
    net = ignoring(kind).fit(X[40:], y[40:], X_val=X[:40], y_val=y_val)
    assert np.isfinite(net.validation_loss_curve_).all()


def test_the_temperature_is_that_of_the_known_labels():
    """Log loss of known labels, and of a quarter of an error among as many."""
    y = TARGETS["labels"][1]
    parameters = {"n_members": 1, "min_steps": 300, "n_iter_no_change": np.inf}
    y_val = np.where(RNG.uniform(size=LABELS.shape) < 0.3, 1 - y, y)  # some are wrong
    net = ignoring("labels", **parameters).fit(X, y, X_val=X, y_val=y_val)
    raw = net._raw_predictions(X)[0][0]
    n_known = KNOWN.sum() / 3

    def mean(labels, softened):
        signed = np.where(labels == 1, softened, -softened)
        return -np.sum(log_expit(signed)[KNOWN]) / n_known

    def objective(temperature):
        wrong = raw <= 0
        return mean(y_val, raw / temperature) + 0.25 / n_known * mean(wrong, raw / temperature)

    assert objective(1.0) <= min(objective(0.95), objective(1.05))
    assert expit(raw).max() < 0.999


@every_kind
def test_complete_targets_are_fitted_as_always(kind):
    y = {"numbers": NUMBERS, "labels": LABELS, "columns": COLUMNS}[kind]
    always = ignoring(kind, missing_targets="error").fit(X, y, WEIGHTS)
    assert_same(ignoring(kind).fit(X, y, WEIGHTS), always)


@pytest.mark.parametrize("model", [TabularClassifier, TabularRegressor])
def test_of_one_output_the_rows_are_left_out(model):
    y = LABELS[:, 0] if model is TabularClassifier else NUMBERS[:, 0]
    rows = KNOWN[:, 0]
    net = model(**TABLE, random_state=0, missing_targets="ignore")
    partly = net.fit(X, np.where(rows, y, np.nan)).predict(X)
    without = net.fit(X[rows], y[rows], np.ones(rows.sum())).predict(X)
    np.testing.assert_array_equal(partly, without)


@every_kind
def test_refused(kind):
    y = TARGETS[kind][1].copy()
    with pytest.raises(ValueError, match=r"NaN|must be all strings"):
        ignoring(kind, missing_targets="error").fit(X, y)
    y[:, 2] = None if kind == "columns" else np.nan
    with pytest.raises(ValueError, match="y has no known target in column 2"):
        ignoring(kind).fit(X, y)
    y = TARGETS[kind][1].copy()
    y[1:, 2] = None if kind == "columns" else np.nan
    y[0] = ["up", "1", "True"] if kind == "columns" else 1.0
    with pytest.raises(ValueError, match="no known target in column 2 of y to train on"):
        ignoring(kind, validation_fraction=0.95).fit(X, y)


def test_number_of_a_row_of_weight_zero():
    y, weight = np.where(MISSING, np.nan, NUMBERS**2), np.ones(N_ROWS)
    y[0], weight[0] = -1.7e308, 0
    one = ignoring("numbers", loss="poisson").fit(X, y, weight)
    assert_same(one, ignoring("numbers", loss="poisson").fit(X[1:], y[1:], weight[1:]))
