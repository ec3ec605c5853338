"""Targets with missing values: weight 0, and a known value in their place."""

from numbers import Number

import numpy as np
from scipy import sparse
from sklearn.utils import check_consistent_length

from .validation import check_weight

# By their names: pandas need not be installed.
MISSING_TYPES = {"NoneType", "NAType", "NaTType"}


def is_missing(cell):
    """Whether a cell is None, NaN, NaT, ``pandas.NA`` or ``pandas.NaT``."""
    if isinstance(cell, np.datetime64 | np.timedelta64):
        return np.isnat(cell)
    return cell != cell if isinstance(cell, Number) else type(cell).__name__ in MISSING_TYPES


def fill_missing(X, y, sample_weight, target=None, *, all_zero=False):
    """Replace missing targets by known ones, and give them weight 0.

    So all that follows sees ordinary targets, with weights.

    Parameters
    ----------
    X, y, sample_weight : object
        Features, targets and weights as the user gave them. Of ``X`` only the length is used.

    target : Target, default=None
        That of the fit, whose ``stand_ins`` fill columns without a known target. Before it is
        made, each column must have a known target of weight above 0.

    all_zero : bool, default=False
        Whether all of ``sample_weight`` may be 0.

    Returns
    -------
    y : object
        ``y`` itself if no target is missing, else an array.

    weight : ndarray of shape (n_samples,) or (n_samples, n_outputs), or None
        Weights of the rows, validated. There is one for each target if ``y`` has several columns
        and missing values.
    """
    if y is not None:
        check_consistent_length(X, y)
    of_rows = check_weight(sample_weight, X, all_zero=all_zero)
    values = _as_array(y)
    missing = _missing(values)
    if missing is None or not missing.any():
        return y, of_rows
    weight = ~missing * (1.0 if of_rows is None else of_rows[:, np.newaxis])
    if of_rows is None or of_rows.any():
        _check_known(y, weight, every_column=target is None)
    filled = _filled(values, missing, weight, None if target is None else target.stand_ins)
    return filled, weight[:, 0] if weight.shape[1] == 1 else weight


def known_for_score(estimator, X, y, sample_weight, target):
    """Targets and weights for a score: filled if the estimator ignores missing targets."""
    if estimator.missing_targets == "error":
        return y, sample_weight
    return fill_missing(X, y, sample_weight, target)


def check_classes(labels):
    """Refuse missing values among the declared classes of a column."""
    missing = _missing(_as_array(labels))
    if missing is not None and missing.any():
        raise ValueError(
            f"classes must list labels only, but has missing values: {list(labels)!r}."
        )


def _as_array(y):
    """Targets as an array that keeps missing values apart, or as a sparse matrix."""
    if sparse.issparse(y):
        return y
    # As an object: NumPy would make a text 'nan' of NaN among texts.
    return np.array(y, dtype=object) if isinstance(y, list | tuple) else np.asarray(y)


def _missing(values):
    """Mask of shape (n_samples, n_outputs); None if such values are never missing."""
    if values.ndim not in (1, 2) or values.dtype.kind not in "fO" or 0 in values.shape:
        return None
    if sparse.issparse(values):
        entries = values.tocoo()
        missing = np.zeros(values.shape, bool)
        missing[entries.row, entries.col] = np.isnan(entries.data)
        return missing
    columns = values.reshape(len(values), -1)
    if values.dtype.kind == "f":
        return np.isnan(columns)
    return np.array([is_missing(cell) for cell in columns.flat], bool).reshape(columns.shape)


def _check_known(y, weight, every_column):
    """Refuse targets of which none is known, or none in a column that must have one."""
    known = weight.any(axis=0)
    if not known.any():
        raise ValueError("y has no known target: all are missing, or have weight 0.")
    if every_column and not known.all():
        j = int(np.argmin(known))
        name = f" ({list(y.columns)[j]!r})" if hasattr(y, "columns") else ""
        raise ValueError(
            f"y has no known target in column {j}{name}: all are missing, or have weight 0."
        )


def _filled(values, missing, weight, stand_ins):
    """A copy without missing values."""
    if sparse.issparse(values):
        filled = values.tocsr(copy=True)
        filled.data[np.isnan(filled.data)] = 0
        return filled
    columns = values.reshape(missing.shape).copy()
    if stand_ins is None or len(stand_ins) != columns.shape[1]:
        stand_ins = [next(iter(columns[~missing]), 0.0)] * columns.shape[1]
    else:
        columns = columns.astype(object)  # labels may be of another type
    for column, *others in zip(columns.T, missing.T, weight.T, stand_ins, strict=True):
        column[others[0]] = _known_value(column, *others)
    return _narrowed(columns.reshape(values.shape))


def _known_value(column, missing, weight, stand_in):
    """A known value of a column, from a row that counts if there is one."""
    for candidates in (weight > 0, ~missing):
        if candidates.any():
            return column[np.argmax(candidates)]
    return stand_in


def _narrowed(values):
    """Numbers in an array of objects as an array of numbers."""
    if values.dtype != object or any(isinstance(value, str) for value in values.flat):
        return values
    return np.array(values.tolist())
