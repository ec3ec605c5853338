"""Missing targets: they get weight 0 and are replaced by a known value."""

from numbers import Number

import numpy as np
from scipy import sparse
from sklearn.utils import check_consistent_length

from .validation import check_weight

# Types by name, because pandas may not be installed.
MISSING_TYPES = {"NoneType", "NAType", "NaTType"}


def is_missing(cell):
    """Return whether a cell is None, NaN, NaT, ``pandas.NA`` or ``pandas.NaT``."""
    if isinstance(cell, np.datetime64 | np.timedelta64):
        return np.isnat(cell)
    return cell != cell if isinstance(cell, Number) else type(cell).__name__ in MISSING_TYPES


def fill_missing(X, y, sample_weight, target=None, *, all_zero=False):
    """Replace missing targets by known ones and give them weight 0.

    All later steps then see complete targets with weights.

    Parameters
    ----------
    X, y, sample_weight : object
        Features, targets and weights as passed by the user. Only the length of ``X`` is used.

    target : Target, default=None
        Target of the fit, whose ``stand_ins`` fill columns without a known target. Without it,
        each column must have a known target with a weight above 0.

    all_zero : bool, default=False
        Whether all of ``sample_weight`` may be 0.

    Returns
    -------
    y : object
        ``y`` itself if no target is missing, otherwise an array.

    weight : ndarray of shape (n_samples,) or (n_samples, n_outputs), or None
        Validated weights of the rows, or of single targets if ``y`` has several columns and
        missing values.
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
    """Return targets and weights for a score, without missing ones if these are ignored."""
    if estimator.missing_targets == "error":
        return y, sample_weight
    return fill_missing(X, y, sample_weight, target)


def check_classes(labels):
    """Raise ValueError for missing values among the declared classes of a column."""
    missing = _missing(_as_array(labels))
    if missing is not None and missing.any():
        raise ValueError(
            f"classes must contain labels only, but has missing values: {list(labels)!r}."
        )


def _as_array(y):
    """Return targets as an array in which missing values can be found, or as sparse matrix."""
    if sparse.issparse(y):
        return y
    # With dtype object, because NumPy would turn NaN among strings into the string 'nan'.
    return np.array(y, dtype=object) if isinstance(y, list | tuple) else np.asarray(y)


def _missing(values):
    """Return a mask of shape (n_samples, n_outputs), or None if the type has no missing values."""
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
    """Raise ValueError if no target is known, or none in a column that needs one."""
    known = weight.any(axis=0)
    if not known.any():
        raise ValueError("y has no known target: all are missing or have weight 0.")
    if every_column and not known.all():
        j = int(np.argmin(known))
        name = f" ({list(y.columns)[j]!r})" if hasattr(y, "columns") else ""
        raise ValueError(
            f"y has no known target in column {j}{name}: all are missing or have weight 0."
        )


def _filled(values, missing, weight, stand_ins):
    """Return a copy in which missing values are replaced."""
    if sparse.issparse(values):
        filled = values.tocsr(copy=True)
        filled.data[np.isnan(filled.data)] = 0
        return filled
    columns = values.reshape(missing.shape).copy()
    if stand_ins is None or len(stand_ins) != columns.shape[1]:
        stand_ins = [next(iter(columns[~missing]), 0.0)] * columns.shape[1]
    else:
        columns = columns.astype(object)  # stand-ins may have another type
    for column, *others in zip(columns.T, missing.T, weight.T, stand_ins, strict=True):
        column[others[0]] = _known_value(column, *others)
    return _narrowed(columns.reshape(values.shape))


def _known_value(column, missing, weight, stand_in):
    """Return a known value of a column, if possible from a row with a positive weight."""
    for candidates in (weight > 0, ~missing):
        if candidates.any():
            return column[np.argmax(candidates)]
    return stand_in


def _narrowed(values):
    """Convert an array of objects to numbers, unless it contains strings."""
    if values.dtype != object or any(isinstance(value, str) for value in values.flat):
        return values
    return np.array(values.tolist())
