"""The columns of a table, whatever holds it: numbers as floats, categories as labels."""

import datetime
from numbers import Number

import numpy as np
from sklearn.utils import check_array

_MOMENTS = datetime.date, datetime.time, datetime.timedelta, np.datetime64, np.timedelta64


def _refuse_moments(name):
    raise TypeError(
        f"Column {name!r} holds dates or times, which have no one meaning as a number. Replace it "
        "by what may matter (year, month, day of the week, hour, seconds since some moment), or "
        "leave it out."
    )


def _is_missing(cell):
    """Whether a cell is None, NaN, ``pandas.NA`` or ``pandas.NaT``."""
    if isinstance(cell, Number):
        return cell != cell
    return cell is None or type(cell).__name__ in {"NAType", "NaTType"}


def _holds_labels(name, cells):
    """Whether cells, none of them missing, are not numbers throughout."""
    types = set(map(type, cells))
    if any(issubclass(cell, _MOMENTS) for cell in types):
        _refuse_moments(name)
    if any(issubclass(cell, complex | np.complexfloating) for cell in types):
        raise ValueError(f"Complex data not supported: column {name!r}")
    for cell in types:
        if not issubclass(cell, str | Number | np.bool_):
            raise TypeError(
                f"Column {name!r} holds a {cell.__name__}; the argument must be a string or a "
                "number."
            )
    return any(issubclass(cell, str) for cell in types)


def _label(cell):
    """A category as a string: the same for 1, 1.0 and "1"."""
    if isinstance(cell, float | np.floating) and float(cell).is_integer():
        return str(int(cell))
    return str(cell)


class Column:
    """One column of a table: cells, floating-point numbers or objects, and which are missing.

    It is ``categorical`` if it was declared to hold categories, or has strings.
    """

    def __init__(self, name, cells, missing, categorical=False):
        self.name = name
        self._cells = cells
        self._missing = missing
        self._is_float = cells.dtype.kind == "f"
        self._labels = not self._is_float and _holds_labels(name, cells[~missing])
        self.categorical = categorical or self._labels

    def numbers(self):
        """Cells as float64, NaN where one is missing."""
        if self._labels:
            raise ValueError(
                f"Column {self.name!r} holds strings where numbers are expected: it is not one "
                "of the categorical features."
            )
        if self._is_float:
            return self._cells
        numbers = np.full(len(self._cells), np.nan)
        try:
            numbers[~self._missing] = self._cells[~self._missing]
        except OverflowError as error:
            raise ValueError(
                f"Column {self.name!r} holds a number too large for float64."
            ) from error
        return numbers

    def labels(self):
        """Cells as strings, None where one is missing."""
        labels = np.full(len(self._cells), None, dtype=object)
        levels, codes = self._cells[~self._missing], slice(None)
        if self._is_float:
            levels, codes = np.unique(levels, return_inverse=True)
        labels[~self._missing] = np.array([_label(level) for level in levels], object)[codes]
        return labels


def _object_column(name, cells, categorical=False):
    missing = np.fromiter(map(_is_missing, cells), bool, len(cells))
    return Column(name, cells, missing, categorical)


def _float_column(name, cells):
    return Column(name, cells, np.isnan(cells))


def _pandas_column(name, series):
    dtype = series.dtype
    if dtype.kind in "mM" or str(dtype).startswith("period"):
        _refuse_moments(name)
    if dtype.kind in "iufb":
        return _float_column(name, series.to_numpy(np.float64, na_value=np.nan))
    cells = series.astype(object).to_numpy()
    return Column(name, cells, series.isna().to_numpy(bool), str(dtype) == "category")


def _polars_column(name, series):
    dtype = series.dtype
    if dtype.is_temporal():
        _refuse_moments(name)
    if dtype.is_float() or dtype.is_integer():
        return _float_column(name, series.to_numpy().astype(np.float64))
    categorical = type(dtype).__name__ in {"Categorical", "Enum"}
    cells = np.fromiter(series.to_list(), object, len(series))
    return _object_column(name, cells, categorical)


class NumericTable:
    """An array of numbers, taken in one piece where that is possible."""

    def __init__(self, X):
        self._X = X
        self.n_columns = X.shape[1]

    def categorical(self):
        """Which columns hold categories by their type: none."""
        return np.zeros(self.n_columns, dtype=bool)

    def numbers(self, columns):
        """Some columns as an array of floats."""
        X = self._X if len(columns) == self.n_columns else self._X[:, columns]
        return X if X.dtype.kind == "f" else X.astype(np.float64)

    def labels(self, columns):
        """Some columns as an array of strings."""
        numbers = self._X[:, columns].astype(np.float64).T
        return np.array([_float_column(None, cells).labels() for cells in numbers]).T


class ColumnTable:
    """A table of columns of several types."""

    def __init__(self, columns):
        self._columns = columns
        self.n_columns = len(columns)

    def categorical(self):
        """Which columns hold categories by their type or by what they hold."""
        return np.array([column.categorical for column in self._columns], dtype=bool)

    def numbers(self, columns):
        """Some columns as an array of floats."""
        return np.stack([self._columns[j].numbers() for j in columns], axis=1)

    def labels(self, columns):
        """Some columns as an array of strings."""
        return np.stack([self._columns[j].labels() for j in columns], axis=1)


def _read_array(X, estimator):
    if isinstance(X, list | tuple):
        # NumPy would make strings of the numbers beside a string.
        array = np.asarray(X)
        X = np.asarray(X, dtype=object) if array.dtype.kind in "US" else array
    X = check_array(X, dtype=None, ensure_all_finite="allow-nan", estimator=estimator)
    if X.dtype.kind in "iufb":
        return NumericTable(X)
    names = [f"x{j}" for j in range(X.shape[1])]
    if X.dtype.kind in "mM":
        _refuse_moments(names[0])
    cells = X.astype(object).T
    return ColumnTable(list(map(_object_column, names, cells)))


def read_table(X, estimator):
    """The columns of a data frame of pandas or polars, or of an array-like.

    They have ``n_columns``, ``categorical()``, ``numbers(columns)`` and ``labels(columns)``.
    Messages name the estimator.
    """
    if hasattr(X, "__dask_graph__"):
        raise TypeError(
            "X is a Dask collection, but this estimator is for data in memory: give X.compute(), "
            "or give numbers to the estimators of skbackprop.dask."
        )
    if hasattr(X, "iloc") and hasattr(X, "columns"):
        series = [X.iloc[:, j] for j in range(X.shape[1])]
        column = _pandas_column
    elif hasattr(X, "get_columns") and hasattr(X, "schema"):
        series, column = X.get_columns(), _polars_column
    else:
        return _read_array(X, estimator)
    if 0 in X.shape:
        kind = "sample" if X.shape[0] == 0 else "feature"
        raise ValueError(f"Found array with 0 {kind}(s) (shape={X.shape}) where 1 is required.")
    return ColumnTable(list(map(column, X.columns, series)))
