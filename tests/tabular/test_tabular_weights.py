"""Rows of weight 0 of a table are as if absent, whatever is in them."""

import numpy as np
import pandas as pd
import pytest

from skbackprop import TabularClassifier, TabularRegressor

X = np.random.default_rng(0).normal(size=(40, 3))
NUMBERS = np.exp(X[:, 0])
LABELS = np.where(X[:, 1] > 0, "high", "low")
WEIGHTS = np.where(np.arange(40) == 5, 0.0, 1.0)
PRESENT = np.flatnonzero(WEIGHTS)
TABLE = {"n_members": 2, "hidden_layer_sizes": (4,), "max_iter": 3, "min_steps": 1}


def with_bad(array, value, dtype=float):
    """A copy with a value in the row of weight 0."""
    changed = np.array(array, dtype=dtype)
    changed[5, ...] = value
    return changed


BAD_TABLES = {
    "infinity": with_bad(X, np.inf),
    "text": with_bad(X, "blue", object),
    "frame": pd.DataFrame(with_bad(X, "blue", object)),
    "list": with_bad(X, "blue", object).tolist(),
}
every_model = pytest.mark.parametrize("model", [TabularClassifier, TabularRegressor])
every_table = pytest.mark.parametrize("table", BAD_TABLES)


def target_of(model):
    return LABELS if model is TabularClassifier else NUMBERS


def fitted(model, *args, loss=None, **kwargs):
    losses = {} if loss is None else {"loss": loss}
    return model(**TABLE, **losses, random_state=0).fit(*args, **kwargs)


def assert_same(one, other):
    names = pd.DataFrame(X) if hasattr(one, "feature_names_in_") else X
    np.testing.assert_array_equal(one.predict(names), other.predict(X))
    assert one.loss_curve_ == other.loss_curve_
    assert one.validation_loss_curve_ == other.validation_loss_curve_


@every_table
@every_model
def test_what_a_row_of_weight_zero_holds_does_not_count(model, table):
    y = target_of(model)
    absent = fitted(model, X[PRESENT], y[PRESENT], WEIGHTS[PRESENT])
    assert_same(fitted(model, BAD_TABLES[table], y, WEIGHTS), absent)


@pytest.mark.parametrize("value", [-1.0, 1e160, -1.7e308])
@pytest.mark.parametrize("loss", ["squared_error", "poisson", "quantile"])
def test_the_number_of_a_row_of_weight_zero_does_not_count(loss, value):
    """It does not decide the units, which its square would overflow in."""
    y = with_bad(NUMBERS, value)
    absent = fitted(TabularRegressor, X[PRESENT], y[PRESENT], WEIGHTS[PRESENT], loss=loss)
    present = fitted(TabularRegressor, X, y, WEIGHTS, loss=loss)
    assert_same(present, absent)
    assert present.scale_ == absent.scale_


@every_table
@every_model
def test_nor_does_it_in_validation_rows(model, table):
    y = target_of(model)
    absent = fitted(model, X, y, X_val=X[PRESENT], y_val=y[PRESENT])
    bad = {"X_val": BAD_TABLES[table], "y_val": y, "sample_weight_val": WEIGHTS}
    if table == "frame":
        assert_same(fitted(model, pd.DataFrame(X), y, **bad), absent)
    else:
        assert_same(fitted(model, X, y, **bad), absent)


@pytest.mark.parametrize("value", [1e160, -1e300])
def test_nor_does_its_number_in_validation_rows(value):
    absent = fitted(TabularRegressor, X, NUMBERS, X_val=X[PRESENT], y_val=NUMBERS[PRESENT])
    bad = {"X_val": X, "y_val": with_bad(NUMBERS, value), "sample_weight_val": WEIGHTS}
    assert_same(fitted(TabularRegressor, X, NUMBERS, **bad), absent)


def test_the_class_of_a_row_of_weight_zero_is_known():
    model = fitted(TabularClassifier, X, with_bad(LABELS, "middle", object), WEIGHTS)
    assert [*model.classes_] == ["high", "low", "middle"]


NUMBER = np.linspace(0, 2, 40)[:, None]
HIGH_ONLY = TABLE | {"class_weight": {"low": 0, "high": 1}, "random_state": 0}


def test_rows_of_a_class_of_weight_zero_have_no_part_in_quantile_bins():
    """Only the rows with a number above 1 count."""
    model = TabularClassifier(**HIGH_ONLY, embedding="quantile_bins")
    model.fit(NUMBER, np.where(NUMBER[:, 0] > 1, "high", "low"))
    inputs = model._encoded(NUMBER)
    lowest_edge = model.members_[0].network.network.layers[0].lines.low[1]
    assert lowest_edge == pytest.approx(inputs[NUMBER > 1].min())


def test_rows_of_a_class_of_weight_zero_have_no_part_in_tree_bins():
    model = TabularClassifier(**HIGH_ONLY, embedding="tree_bins")
    model.fit(NUMBER, np.where(NUMBER[:, 0] > 1, "high", "low"))
    assert (model.predict(NUMBER) == "high").all()
