"""Anything at all as input: a sound model, or an error that says what is wrong.

Whatever is drawn, a call either gives a model whose attributes are finite and whose predictions
have the right shape, type, range and sums; or it raises a ValueError or TypeError on purpose, with
words for a user, and leaves the estimator as it was. Input is never written to, no limit of
threads stays behind, nothing runs for ever, and no warning is one of NumPy's.

``SKBACKPROP_PROFILE=long python -m pytest tests/robustness/test_fuzz.py -n 2`` makes 20,000
draws in ten parts, each with a seed of its own; ``-rP`` shows what became of them.
"""

import linecache
import os
import signal
import warnings
from collections import Counter
from contextlib import contextmanager
from numbers import Real

import numpy as np
import pandas as pd
import polars as pl
import pytest
from fuzz_strategies import calls
from hypothesis import event, given, settings
from hypothesis import seed as drawn_with
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import ThreadpoolController

LONG = os.environ.get("SKBACKPROP_PROFILE") == "long"
PARTS, DRAWS = (10, 2000) if LONG else (1, 150)
MOST_SECONDS = 60

# Errors that come out of NumPy's and SciPy's own conversions, with words a user understands.
FOREIGN_WORDS = (
    "could not convert string to float",
    "Cannot cast object dtype",
    "not understood",
    "inhomogeneous shape",
    "must be real number",
    "cannot convert NA to",
    "boolean value of NA is ambiguous",
    "to numpy array",
    "Expected unique column names",
    "does not support dtype",
)

POOLS = ThreadpoolController()


# ---- what must stay as it was


def fingerprint(data):
    """What a container holds, bit by bit."""
    if sparse.issparse(data):
        if data.format in ("csr", "csc"):
            parts = (data.data, data.indices, data.indptr)
        else:
            parts = (data.toarray(),)
        return (data.format, data.shape, *map(fingerprint, parts))
    if isinstance(data, np.ndarray):
        bits = repr(data.tolist()) if data.dtype == object else data.tobytes()
        return data.dtype.str, data.shape, data.strides, bits
    if isinstance(data, pd.DataFrame | pd.Series):
        values = data.to_numpy(dtype=object).tolist()
        return type(data), repr(values), str(data.index), str(getattr(data, "dtypes", ""))
    if isinstance(data, pl.DataFrame | pl.Series):
        values = data.rows() if isinstance(data, pl.DataFrame) else data.to_list()
        return type(data), data.shape, repr(values)
    return repr(data)


def surroundings(call):
    given_data = [vars(data) for _, data in call.steps] + [call.second]
    data = [array for arrays in given_data for array in arrays.values()]
    limits = [(pool["filepath"], pool["num_threads"]) for pool in POOLS.info()]
    return [*map(fingerprint, data), limits, np.geterr()]


def state_of(estimator):
    return {name: id(value) for name, value in vars(estimator).items()}


@contextmanager
def time_limit(seconds):
    """An error where a call does not come to its end, in seconds of the processor."""

    def too_long(*_):
        raise AssertionError(f"A call has taken more than {seconds} seconds.")

    if not hasattr(signal, "setitimer"):  # Windows, where faulthandler_timeout ends the run
        yield
        return
    before = signal.signal(signal.SIGPROF, too_long)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextmanager
def only_warnings_for_users():
    """An error at each warning that is not meant for the user of an estimator."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for category in (ConvergenceWarning, UserWarning, FutureWarning):
            warnings.simplefilter("ignore", category)
        yield


# ---- what an error must be


def assert_on_purpose(error):
    """An error with words, raised by a ``raise`` of ours or of scikit-learn's, not by accident."""
    message = str(error)
    assert len(message) > 10, error
    place = error.__traceback__
    while place.tb_next is not None:
        place = place.tb_next
    file = place.tb_frame.f_code.co_filename
    line = linecache.getline(file, place.tb_lineno)
    on_purpose = "raise" in line and any(room in file for room in ("skbackprop", "sklearn"))
    if not on_purpose and not any(words in message for words in FOREIGN_WORDS):
        raise AssertionError(f"raised by accident at {file}:{place.tb_lineno}") from error


# ---- what a model must be


def assert_model(estimator, data):
    arrays = [*estimator.coefs_, *estimator.intercepts_]
    assert all(np.isfinite(array).all() for array in arrays)
    dtype = arrays[0].dtype
    assert dtype in (np.float32, np.float64)
    assert dtype == (estimator.dtype or dtype)
    assert all(array.dtype == dtype for array in arrays)
    assert np.isfinite(estimator.loss_curve_).all()
    assert np.isfinite(estimator.loss_)
    assert estimator.best_loss_ is None or np.isfinite(estimator.best_loss_)
    assert 0 <= estimator.best_iter_ <= estimator.n_iter_ <= estimator.max_iter
    assert estimator.n_layers_ == len(estimator.coefs_) + 1
    assert estimator.stop_reason_
    if estimator.early_stopping:
        assert len(estimator.validation_scores_) == len(estimator.loss_curve_)


def assert_probabilities(probabilities, logarithms, n_rows, dtype, sum_to_one):
    assert probabilities.shape == logarithms.shape
    assert len(probabilities) == n_rows
    assert probabilities.dtype == logarithms.dtype == dtype
    assert (probabilities >= 0).all()
    assert (probabilities <= 1).all()
    assert np.isfinite(logarithms).all()
    assert (logarithms <= 0).all()
    if sum_to_one:
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=0, atol=1e-5)
    np.testing.assert_allclose(np.exp(logarithms), probabilities, rtol=0, atol=1e-5)


def assert_class_predictions(estimator, data):
    n_rows, dtype = data.n_rows, estimator.coefs_[0].dtype
    labels = estimator.predict(data.X)
    probabilities = estimator.predict_proba(data.X)
    logarithms = estimator.predict_log_proba(data.X)
    raw = estimator.decision_function(data.X)
    if isinstance(estimator.classes_, list):
        assert labels.shape == (n_rows, len(estimator.classes_))
        for j, classes in enumerate(estimator.classes_):
            assert set(labels[:, j].tolist()) <= set(classes.tolist())
            assert probabilities[j].shape == (n_rows, len(classes))
            assert_probabilities(probabilities[j], logarithms[j], n_rows, dtype, True)
            assert np.isfinite(raw[j]).all()
        return
    assert np.isfinite(raw).all()
    assert raw.dtype == dtype
    assert labels.shape[0] == n_rows
    several = labels.ndim == 2
    assert probabilities.shape == (n_rows, len(estimator.classes_))
    assert_probabilities(probabilities, logarithms, n_rows, dtype, not several)
    if several:
        labels = labels.toarray() if sparse.issparse(labels) else labels
        np.testing.assert_array_equal(labels, raw > 0)
    else:
        assert labels.dtype == estimator.classes_.dtype
        assert np.isin(labels, estimator.classes_).all()


def assert_number_predictions(estimator, data):
    loss = estimator._target.loss
    with np.errstate(over="ignore"):
        prediction = estimator.predict(data.X)
    assert prediction.dtype == estimator.coefs_[0].dtype
    assert prediction.shape[0] == data.n_rows
    assert prediction.shape[1:] == np.shape(data.y)[1:] or np.size(prediction) % data.n_rows == 0
    if loss.link.name == "exp":  # the mean may be beyond the largest number
        assert (prediction >= 0).all()
    else:
        assert np.isfinite(prediction).all()
    if estimator.loss == "gaussian_nll":
        mean, std = estimator.predict(data.X, return_std=True)
        np.testing.assert_array_equal(mean, prediction)
        assert np.isfinite(std).all()
        assert (std > 0).all()


def look_at(estimator, data):
    assert_model(estimator, data)
    look = assert_class_predictions if is_classifier(estimator) else assert_number_predictions
    look(estimator, data)
    with np.errstate(all="ignore"):  # sums of squares in scikit-learn's metrics
        assert isinstance(estimator.score(data.X, data.y), Real)


# ---- a draw


def classes_of(data):
    """All the labels, for the first call of ``partial_fit``."""
    y = data.y
    if data.made_of["target"].startswith("columns"):
        return {"classes": [np.unique(column[pd.notna(column)]) for column in np.array(y).T]}
    if data.made_of["target"].startswith("several"):
        return {}
    return {"classes": np.unique(np.asarray(y))}


def take(name, data, call):
    arguments = call.second
    if name == "partial_fit":
        arguments = classes_of(call.steps[0][1]) if is_classifier(call.estimator) else {}
    return getattr(call.estimator, name)(data.X, data.y, data.sample_weight, **arguments)


def outcome(call):
    """'fitted' or 'refused', after having looked at everything."""
    before = surroundings(call)
    try:
        for name, data in call.steps:
            state = state_of(call.estimator)
            try:
                take(name, data, call)
            except (ValueError, TypeError) as error:
                assert_on_purpose(error)
                assert state_of(call.estimator) == state
                return "refused"
            try:
                look_at(call.estimator, data)
            except (ValueError, TypeError) as error:
                assert_on_purpose(error)
                return "fitted, predictions refused"
    finally:
        assert surroundings(call) == before
    return "fitted"


@pytest.mark.parametrize("part", range(PARTS))
def test_a_sound_model_or_a_useful_error(part, capsys):
    outcomes = Counter()

    @drawn_with(part)
    @settings(max_examples=DRAWS)
    @given(call=calls())
    def look_at_draws(call):
        with time_limit(MOST_SECONDS), only_warnings_for_users():
            result = outcome(call)
        event(result)
        outcomes[result] += 1

    look_at_draws()
    print(f"part {part}: {outcomes.total()} draws, {dict(outcomes)}")
    assert outcomes["fitted"] > 0.25 * outcomes.total()
