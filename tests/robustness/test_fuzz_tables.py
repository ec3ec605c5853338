"""Any table at all: sound numbers and models, or an error that says what is wrong.

As ``test_fuzz.py``, for :class:`TableEncoder`, :class:`SmoothClipScaler` and the estimators for
tables: columns of numbers of any scale, words, categories, booleans, holes of all kinds, dates,
in pandas, polars, arrays, lists and sparse matrices.

``SKBACKPROP_PROFILE=long python -m pytest tests/robustness/test_fuzz_tables.py -n 2 -rP`` makes
6,000 draws and shows what became of them.
"""

import os
import pickle
from collections import Counter
from numbers import Real

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import seed as drawn_with
from scipy import sparse
from sklearn.base import is_classifier
from table_strategies import encoder_calls, scaler_calls, tabular_calls
from test_fuzz import (
    MOST_SECONDS,
    assert_on_purpose,
    assert_probabilities,
    fingerprint,
    only_warnings_for_users,
    state_of,
    time_limit,
)

LONG = os.environ.get("SKBACKPROP_PROFILE") == "long"
PARTS, DRAWS = (20, 100) if LONG else (1, 40)


def dense(Z):
    return Z.toarray() if sparse.issparse(Z) else Z


def rows(X, n):
    """The first rows of a table."""
    if hasattr(X, "iloc"):
        return X.iloc[:n]
    return X.tocsr()[:n] if sparse.issparse(X) else X[:n]


def assert_encoded(encoder, table):
    """Finite numbers of the type that is asked for, row by row the same."""
    Z = encoder.transform(table.X)
    n_rows, dtype = table.n_rows, np.dtype(encoder.dtype)
    assert Z.shape == (n_rows, encoder.n_features_out_)
    assert len(encoder.get_feature_names_out()) == encoder.n_features_out_
    assert Z.dtype == dtype
    assert np.isfinite(dense(Z)).all()
    assert np.isfinite(encoder.medians_).all() or sparse.issparse(table.X)
    again = pickle.loads(pickle.dumps(encoder))
    np.testing.assert_array_equal(dense(again.fit_transform(table.X)), dense(Z))
    np.testing.assert_array_equal(dense(encoder.transform(rows(table.X, 1))), dense(Z)[:1])


def assert_scaled(scaler, table):
    """Between the limits, in the order of the values, and holes where they were."""
    Z = scaler.transform(table.X)
    assert Z.dtype in (np.float32, np.float64)
    X = np.asarray(table.X)
    np.testing.assert_array_equal(np.isnan(Z), np.isnan(X))
    limit = max(scaler.clip, float(np.finfo(Z.dtype).tiny)) * (1 + 1e-6)
    assert (np.abs(Z[~np.isnan(Z)].astype(float)) <= limit).all()
    for x, z in zip(X.T, Z.T):
        in_order = z[np.argsort(x)][: np.count_nonzero(~np.isnan(x))]
        assert (np.diff(in_order.astype(float)) >= -1e-6 * limit).all()
    np.testing.assert_array_equal(scaler.transform(X[:1]), Z[:1])


def assert_classifier(model, call):
    X, n_rows = call.table.X, call.table.n_rows
    labels, probabilities = model.predict(X), model.predict_proba(X)
    logarithms = model.predict_log_proba(X)
    assert labels.shape[0] == n_rows
    if isinstance(model.classes_, list):
        for j, classes in enumerate(model.classes_):
            assert probabilities[j].shape == (n_rows, len(classes))
            assert_probabilities(probabilities[j], logarithms[j], n_rows, np.float64, True)
            assert set(labels[:, j].tolist()) <= set(classes.tolist())
        return
    several = labels.ndim == 2
    assert probabilities.shape == (n_rows, len(model.classes_))
    assert_probabilities(probabilities, logarithms, n_rows, np.float64, not several)
    assert np.isin(dense(labels), [0, 1] if several else model.classes_).all()


def assert_regressor(model, call):
    with np.errstate(over="ignore"):
        prediction, std = model.predict(call.table.X, return_std=True)
    np.testing.assert_array_equal(prediction, model.predict(call.table.X))
    assert prediction.dtype == np.float64
    assert prediction.shape[0] == call.table.n_rows
    assert prediction.shape == std.shape
    assert not np.isnan(prediction).any()
    assert not (std < 0).any()


def assert_model(model, call):
    for member in model.members_:
        assert all(
            np.isfinite(array).all() for arrays in member.network.layers for array in arrays
        )
    assert len(model.members_) == model.n_members
    assert np.isfinite(model.loss_curve_).all()
    assert len(model.loss_curve_) == model.n_iter_
    look = assert_classifier if is_classifier(model) else assert_regressor
    look(model, call)
    with np.errstate(all="ignore"):  # sums of squares in scikit-learn's metrics
        assert isinstance(model.score(call.table.X, call.y), Real)


def fit(call):
    if call.y is None:
        return call.estimator.fit(call.table.X)
    return call.estimator.fit(call.table.X, call.y, call.sample_weight, **call.validation)


def refused(do):
    """Whether something is refused, for a good reason."""
    try:
        do()
    except (ValueError, TypeError) as error:
        assert_on_purpose(error)
        return True
    return False


def outcome(call, look):
    """'fitted' or 'refused', after having looked at everything."""
    data = [call.table.X, call.y, call.sample_weight]
    before, state = list(map(fingerprint, data)), state_of(call.estimator)
    try:
        if refused(lambda: fit(call)):
            assert state_of(call.estimator) == state
            return "refused"
        if refused(lambda: look(call.estimator, call)):
            return "fitted, predictions refused"
        method = "transform" if call.y is None else "predict"
        state = state_of(call.estimator)
        if refused(lambda: getattr(call.estimator, method)(call.table.others)):
            return "fitted, other rows refused"
        assert state_of(call.estimator) == state
    finally:
        assert list(map(fingerprint, data)) == before
    return "fitted"


WHAT = {
    "encoder": (encoder_calls, lambda encoder, call: assert_encoded(encoder, call.table)),
    "scaler": (scaler_calls, lambda scaler, call: assert_scaled(scaler, call.table)),
    "model": (tabular_calls, assert_model),
}


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("what", WHAT)
def test_sound_numbers_or_a_useful_error(what, part, capsys):
    calls, look = WHAT[what]
    outcomes = Counter()

    @drawn_with(part)
    @settings(max_examples=DRAWS)
    @given(call=calls())
    def look_at_draws(call):
        with time_limit(MOST_SECONDS), only_warnings_for_users():
            outcomes[outcome(call, look)] += 1

    look_at_draws()
    print(f"{what}, part {part}: {outcomes.total()} draws, {dict(outcomes)}")
    assert outcomes["fitted"] > 0.1 * outcomes.total()
