"""Checks of arrays, tables, weights and labels."""

from contextlib import contextmanager
from math import isfinite
from numbers import Number

import numpy as np
from scipy import sparse
from sklearn.base import OneToOneFeatureMixin, is_classifier
from sklearn.exceptions import DataConversionWarning
from sklearn.utils import check_array, column_or_1d
from sklearn.utils.validation import check_non_negative, validate_data

from .user_warnings import warn

# Largest X, in elements, for which the time of the checks matters.
_SMALL = 1 << 14

# Beginnings of the messages of NumPy and scikit-learn about strings and missing values.
_TEXT_OR_MISSING = ("could not convert", "float() argument must be", "Input X contains NaN")
_FOR_TABLES = (
    "TabularClassifier and TabularRegressor accept strings and missing values. In a pipeline, "
    "TableEncoder converts them to numbers."
)

# Returns the given feature names, after comparison with those of ``fit``, or default names.
input_feature_names = OneToOneFeatureMixin.get_feature_names_out


@contextmanager
def about(names):
    """Put the names of the checked arguments before the message of an error in the block."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise type(error)(f"Invalid {names}: {error}") from error


@contextmanager
def _advising(advice, *, of=""):
    """Append advice to an error whose message starts with ``of``; its beginning is unchanged."""
    try:
        yield
    except (ValueError, TypeError) as error:
        if not str(error).startswith(of):
            raise
        raise type(error)(f"{error}\n{advice}") from error


def _seen(table):
    """Return the table, as an array if it has neither a shape nor a length."""
    return table if hasattr(table, "shape") or hasattr(table, "__len__") else np.asarray(table)


def rows_of(table, positions):
    """Select rows of an array, sparse matrix, list, or frame of pandas, polars or pyarrow."""
    table = _seen(table)
    if sparse.issparse(table):
        return table.tocsr()[positions]
    if hasattr(table, "iloc") or hasattr(table, "column_names"):
        return table.take(positions)
    if hasattr(table, "shape"):
        return table[positions]
    return [table[position] for position in positions]


def _float_dtypes(X):
    """Return the allowed types, or None for integers, which are converted block by block."""
    is_array = isinstance(X, np.ndarray) or sparse.issparse(X)
    return None if is_array and X.dtype.kind in "iub" else (np.float64, np.float32)


def _as_csr(X):
    return X.tocsr() if sparse.issparse(X) else X


def _all_finite(array):
    """Whether all numbers are finite; the sum of their squares tells it, if it is itself."""
    return isfinite(np.vdot(array, array)) or bool(np.isfinite(array).all())


def _needs_no_check(estimator, X):
    """Return whether X is small and valid; scikit-learn's checks are slow for single rows."""
    return (
        type(X) is np.ndarray
        and X.ndim == 2
        and X.dtype.char in "fd"
        and X.dtype.isnative
        and X.shape[1] == estimator.n_features_in_
        and 0 < X.size <= _SMALL
        and not hasattr(estimator, "feature_names_in_")
        and _all_finite(X)
    )


def _validated(estimator, X, **options):
    """Validate numeric features, and optionally a target, by scikit-learn's checks."""
    with _advising(_FOR_TABLES, of=_TEXT_OR_MISSING):
        return validate_data(
            estimator, X, accept_sparse=("csr", "csc"), dtype=_float_dtypes(X), **options
        )


def check_features(estimator, X):
    """Validate the features for a fitted estimator."""
    if _needs_no_check(estimator, X):
        return X
    with np.errstate(all="ignore"):
        return _as_csr(_validated(estimator, X, reset=False))


# What does not fit into a type becomes infinite and is refused; NumPy's warning says no more.
@np.errstate(all="ignore")
def check_features_and_target(estimator, X, y, *, reset):
    """Validate features and target; a column of targets becomes 1-D, with a warning."""
    if hasattr(X, "columns") and X.shape[1] == 0:  # scikit-learn's message is about dtypes
        raise ValueError(
            f"Found array with 0 feature(s) (shape={X.shape}) while a minimum of 1 is required by "
            f"{type(estimator).__name__}."
        )
    X, y = _validated(estimator, X, y=y, multi_output=True, reset=reset)
    return _as_csr(X), check_target(estimator, y)


@np.errstate(all="ignore")
def check_target(estimator, y):
    """Validate a target: numbers for a regressor; a column becomes 1-D, with a warning."""
    if not is_classifier(estimator) and y.dtype.kind not in "biufV":  # V: the target checks it
        with _advising(f"y of {type(estimator).__name__} must be numbers."):
            if y.dtype.kind in "mM":
                raise TypeError(f"y holds dates or times ({y.dtype}).")
            y = y.astype(np.float64)
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y)
        warn(
            "A column-vector y was passed when a 1d array was expected. Please change the shape "
            "of y to (n_samples, ), for example using ravel().",
            DataConversionWarning,
        )
    return y


def labels_as_array(y):
    """Return labels for a metric; nullable integers of a frame must not become objects."""
    if getattr(y, "ndim", 1) == 2 and hasattr(y, "dtypes"):
        return check_array(y, dtype=None)
    return y


def ordered_categories(y: object) -> list[object]:
    """Return the categories of an ordered column of pandas or an Enum of polars, otherwise []."""
    dtype = getattr(y, "dtype", None)
    is_enumeration = type(dtype).__name__ == "Enum"
    if is_enumeration or getattr(dtype, "ordered", False):
        return list(dtype.categories)
    return []


def check_finite_prediction(raw_prediction):
    """Raise ValueError if a prediction has NaN or infinity."""
    if not _all_finite(raw_prediction):
        raise ValueError(
            "The prediction is not finite: X has values too large for the parameters of this "
            f"network in dtype={raw_prediction.dtype.name}. Scale X, or train with a smaller "
            "learning_rate_init."
        )


@np.errstate(all="ignore")
def check_weight(sample_weight, X, all_zero=False):
    """Validate weights of shape (n_samples,), a number for all rows, or None.

    Not all weights may be 0, unless ``all_zero``.
    """
    if sample_weight is None:
        return None
    X = _seen(X)
    n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
    if isinstance(sample_weight, Number):
        sample_weight = np.full(n_rows, sample_weight)
    weight = check_array(
        sample_weight, ensure_2d=False, dtype=np.float64, order="C", input_name="sample_weight"
    )
    if weight.ndim != 1:
        raise ValueError(
            f"Sample weights must be 1D array or scalar, got {weight.ndim}D array. Expected "
            f"either a scalar value or a 1D array of length {n_rows}."
        )
    if len(weight) != n_rows:
        raise ValueError(f"sample_weight.shape == {weight.shape}, expected {(n_rows,)}!")
    if not (all_zero or weight.any()):
        raise ValueError("Sample weights must contain at least one non-zero number.")
    check_non_negative(weight, "`sample_weight`")
    return weight
