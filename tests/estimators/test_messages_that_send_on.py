"""Refusals that say where to go: to the estimators for tables, or to numbers in y."""

import datetime

import numpy as np
import pandas as pd
import pytest

from skbackprop import BackpropClassifier, BackpropRegressor, TabularClassifier, TabularRegressor

X = np.random.default_rng(0).normal(size=(40, 3))
NUMBERS = X[:, 0]
LABELS = np.arange(40) % 2
SHORT = {"hidden_layer_sizes": (3,), "max_iter": 2}
ADVICE = (
    "TabularClassifier and TabularRegressor accept strings and missing values. In a pipeline, "
    "TableEncoder converts them to numbers."
)


def with_cell(value):
    changed = X.astype(object)
    changed[3, 1] = value
    return changed


TEXT = "could not convert string to float"
TABLES = {
    "text": (with_cell("blue"), TEXT),
    "list": (with_cell("blue").tolist(), TEXT),
    "text array": (np.full((40, 3), "blue"), TEXT),
    "frame": (pd.DataFrame(with_cell("blue")), TEXT),
    "categories": (pd.DataFrame({f"x{j}": pd.Categorical(["a", "b"] * 20) for j in "012"}), TEXT),
    "NaN": (with_cell(np.nan).astype(float), "Input X contains NaN"),
    "None": (with_cell(None), "Input X contains NaN"),
    "NA": (with_cell(pd.NA), "float() argument must be"),
}
every_table = pytest.mark.parametrize("table", TABLES)
every_net = pytest.mark.parametrize(
    ("net", "y"), [(BackpropClassifier, LABELS), (BackpropRegressor, NUMBERS)]
)


def refusal(call, *args, **kwargs):
    with pytest.raises((ValueError, TypeError)) as caught:
        call(*args, **kwargs)
    return str(caught.value)


@every_table
@every_net
def test_strings_and_missing_values_are_sent_to_the_table_estimators(net, y, table):
    given, beginning = TABLES[table]
    message = refusal(net(**SHORT).fit, given, y)
    assert message.startswith(beginning)
    assert message.endswith(f"\n{ADVICE}")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@every_net
def test_also_later_on(net, y):
    fitted = net(**SHORT).fit(X, y)
    for name in ("text", "NaN"):
        given, beginning = TABLES[name]
        assert refusal(fitted.predict, given).startswith(beginning)
        assert refusal(fitted.predict, given).endswith(ADVICE)
        assert refusal(fitted.fit, X, y, X_val=given, y_val=y).endswith(ADVICE)
        assert refusal(fitted.partial_fit, given, y).endswith(ADVICE)


@every_net
def test_other_refusals_do_not_send_on(net, y):
    assert ADVICE not in refusal(net(**SHORT).fit, np.full((40, 3), np.inf), y)
    assert ADVICE not in refusal(net(**SHORT).fit, X, np.full(40, np.nan))
    assert ADVICE not in refusal(net(**SHORT).fit, X, y, np.full(40, "heavy"))


NO_NUMBERS = {
    "text": np.full(40, "high"),
    "objects": np.full(40, "high", dtype=object),
    "list": ["high"] * 40,
    "categories": pd.Series(pd.Categorical(["a", "b"] * 20)),
    "columns": np.full((40, 2), "high"),
    "days": np.full(40, "2020-02-29", dtype="M8[D]"),
    "dates": [datetime.date(2020, 2, 29)] * 40,
    "series of dates": pd.Series(pd.date_range("2020-02-29", periods=40)),
    "spans": np.arange(40).astype("m8[s]"),
}


@pytest.mark.parametrize("name", NO_NUMBERS)
@pytest.mark.parametrize("model", [BackpropRegressor, TabularRegressor])
def test_a_regressor_wants_numbers(model, name):
    message = refusal(model(**SHORT).fit, X, NO_NUMBERS[name])
    assert message.endswith(f"\ny of {model.__name__} must be numbers.")
    assert ADVICE not in message
    assert "ufunc" not in message


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_numbers_that_are_written_as_text_are_numbers():
    nets = [BackpropRegressor(**SHORT, random_state=0) for _ in range(2)]
    one, other = (net.fit(X, y) for net, y in zip(nets, [LABELS, LABELS.astype(str)], strict=True))
    np.testing.assert_array_equal(one.predict(X), other.predict(X))


@pytest.mark.parametrize(
    ("loss", "y", "smallest"),
    [("poisson", 1000 + 2000 * NUMBERS, None), ("gamma", np.where(LABELS, 5000.0, 0.0), "0")],
)
@pytest.mark.parametrize("model", [BackpropRegressor, TabularRegressor])
def test_the_smallest_y_is_named_in_the_units_of_the_user(model, loss, y, smallest):
    smallest = smallest or f"{y.min():.6g}"
    message = refusal(model(**SHORT, loss=loss).fit, X, y)
    assert message.endswith(f"the smallest value of y is {smallest}.")


def test_a_table_takes_what_is_sent_to_it():
    for name, (given, _) in TABLES.items():
        model = TabularClassifier(**SHORT, n_members=1, min_steps=1, random_state=0)
        assert model.fit(given, LABELS).predict(given).shape == (40,), name
