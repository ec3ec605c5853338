"""Columns of a table in any container: numbers as floats, dates, categories as levels.

A level is identified by the text of its value, which does not depend on container and type.
"""

import datetime
from decimal import Decimal
from math import inf
from numbers import Integral, Number

import numpy as np
from sklearn.utils import check_array

from ...utils import MISSING_TYPES, is_missing
from .column import BaseColumn
from .datetimes import (
    DatetimeColumn,
    column_of_objects,
    is_moment,
    moments_column,
    time_zone,
)

# Names of types, because pandas may not be installed.
_WITH_LEVELS = {"StringDtype", "IntervalDtype", "PeriodDtype"}

# From here on, floats cannot distinguish integers.
_INEXACT = 2**53


def _is_compound(kind):
    return issubclass(kind, tuple) or kind.__name__ == "Interval"


def _check_type(name, kind):
    """Raise an error for cells that are neither numbers, dates nor categories."""
    if kind.__name__ in MISSING_TYPES or kind.__name__ == "Period" or _is_compound(kind):
        return
    if is_moment(kind):
        return
    if issubclass(kind, complex | np.complexfloating):
        raise ValueError(f"Complex data not supported: column {name!r}")
    if not issubclass(kind, str | Number | np.bool_):
        raise TypeError(
            f"Column {name!r} holds a {kind.__name__}. Values must be strings, numbers, dates or "
            "time spans (or intervals, periods or tuples, which are categories)."
        )


def _text(name, cell):
    """Return the text that identifies a category: one text for one value of any type."""
    kind = type(cell)
    if _is_compound(kind):
        if kind.__name__ != "Interval":
            return str(tuple(None if is_missing(part) else _text(name, part) for part in cell))
        ends = f"{_text(name, cell.left)}, {_text(name, cell.right)}"
        left, right = ("[" if cell.closed_left else "("), ("]" if cell.closed_right else ")")
        return left + ends + right
    if not isinstance(cell, Number) or isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, Integral):
        return str(int(cell))
    return _text_of_real(name, cell)


def _text_of_real(name, cell):
    """Return the text of the integer if it is one, else the shortest that gives the number."""
    is_float = isinstance(cell, float | np.floating)
    if cell in (inf, -inf) or (is_float and cell != np.rint(cell)):
        return str(float(cell) if isinstance(cell, np.longdouble | Decimal) else cell)
    if is_float and abs(cell) >= _INEXACT:
        raise ValueError(
            f"Column {name!r} holds {cell!s} as a category, but floating-point numbers of 2**53 "
            "and above cannot distinguish integers. Pass integers (with a nullable type if some "
            "are missing) or strings."
        )
    if cell == int(cell):
        return str(int(cell))
    short = str(float(cell))
    if type(cell)(short) == cell:
        return short
    return f"{cell:f}".rstrip("0") if isinstance(cell, Decimal) else str(cell)


def _common_kind(cells):
    """Return the kind of NumPy dtype that fits all objects: 'b', 'i', 'f', or 'O' for none."""
    is_bool = {isinstance(cell, bool | np.bool_) for cell in cells}
    if is_bool == {True}:
        return "b"
    if True in is_bool or not all(isinstance(cell, Number) for cell in cells):
        return "O"  # 1 and True are two levels
    return "i" if len(cells) and all(isinstance(cell, Integral) for cell in cells) else "f"


class Column(BaseColumn):
    """Represent a column of numbers or categories.

    ``cells`` are an array of numbers, where NaN is missing, or of objects. ``codes`` are the
    position of each row's cell, -1 if it is missing; with None, row ``i`` has cell ``i``. A column
    is ``categorical`` if it was declared so, or has strings, intervals or tuples. Its levels are
    ``closed`` if a categorical dtype defines them.
    """

    kind = "number"

    def __init__(self, name, cells, codes=None, categorical=False, closed=False):
        self.name = name
        self._cells = cells
        self._codes = codes
        kinds = set(map(type, cells)) if cells.dtype.kind == "O" else set()
        self._has_periods = any(kind.__name__ == "Period" for kind in kinds)
        self._has_strings = any(issubclass(kind, str) for kind in kinds)
        self.categorical = categorical or self._has_strings
        self.is_text = self._has_strings and not closed
        self.holds = "strings" if self._has_strings else "numbers"

    def take(self, codes, categorical, closed=False):
        """Return a column of the cells at the given positions; -1 is a missing value."""
        if self._codes is not None:
            codes = np.append(self._codes, -1)[codes]
        return Column(self.name, self._cells, codes, categorical or self.categorical, closed)

    def datetimes(self):
        """Return a column of missing dates; raise TypeError if any value is not missing."""
        if not self._is_missing():
            self._refuse("dates or times")
        return DatetimeColumn(self.name, np.full(self._n_rows, "NaT", "M8[us]"))

    def seconds(self):
        """Return missing time spans; raise TypeError if any value is not missing."""
        if not self._is_missing():
            self._refuse("time spans")
        return np.full(self._n_rows, np.nan)

    @property
    def _n_rows(self):
        return len(self._cells if self._codes is None else self._codes)

    def _is_missing(self):
        """Return whether all cells are missing."""
        if self._codes is not None:
            return bool((self._codes < 0).all())
        return self._cells.dtype.kind == "f" and bool(np.isnan(self._cells).all())

    @property
    def cell_kind(self):
        kind, has_missing = self._cells.dtype.kind, self._codes is not None and -1 in self._codes
        if kind == "O":
            kind = _common_kind(self._cells)
        if kind in "iub":
            return "float" if has_missing else "integer"
        return "float" if kind == "f" else "text"

    def numbers(self):
        """Return the cells as float64, with NaN for missing values."""
        if self._has_periods:
            raise TypeError(
                f"Column {self.name!r} holds periods, which are not numbers. List the column in "
                "categorical_features, or convert it to dates (.dt.to_timestamp() in pandas)."
            )
        if self._has_strings:
            raise ValueError(
                f"Column {self.name!r} holds strings where numbers are expected. It is not one "
                "of the categorical features."
            )
        try:
            numbers = self._cells.astype(np.float64, copy=False)
        except OverflowError as error:
            raise ValueError(
                f"Column {self.name!r} holds a number too large for float64."
            ) from error
        return numbers if self._codes is None else np.append(numbers, np.nan)[self._codes]

    def levels(self):
        """Return the distinct categories as texts, and the position of each row's; -1 for none."""
        cells, codes = self._cells, self._codes
        if cells.dtype.kind != "O":
            cells, inverse = np.unique(cells, return_inverse=True)
            codes = inverse if codes is None else np.append(inverse, -1)[codes]
        used = np.bincount(codes + 1, minlength=len(cells) + 1)[1:] > 0
        levels, positions = {}, np.full(len(cells) + 1, -1, dtype=np.int32)
        for i in np.flatnonzero(used):
            if not is_missing(cells[i]):
                positions[i] = levels.setdefault(_text(self.name, cells[i]), len(levels))
        return list(levels), positions[codes]


def _object_column(name, cells, categorical=False, closed=False):
    """Return a column of objects; equal objects of one type are one cell."""
    kinds = set(map(type, cells))
    for kind in kinds:
        _check_type(name, kind)
    if any(map(is_moment, kinds)):
        return column_of_objects(name, cells, np.fromiter(map(is_missing, cells), bool))
    if any(map(_is_compound, kinds)):  # (1,) == (True,), and ("a", []) is not hashable
        closed = True
        cells = [_text(name, cell) if _is_compound(type(cell)) else cell for cell in cells]
    seen = {}
    codes = [seen.setdefault(key, len(seen)) for key in zip(map(type, cells), cells, strict=True)]
    found = np.fromiter((cell for _, cell in seen), object, len(seen))
    missing = np.fromiter(map(is_missing, found), bool, len(found))
    positions = np.where(missing, -1, np.cumsum(~missing) - 1).astype(np.int32)
    return Column(name, found[~missing], positions[codes], categorical, closed)


def _number_column(name, numbers, missing):
    """Return a column of numbers; the values of ``numbers`` where ``missing`` are ignored."""
    codes = np.where(missing, -1, np.arange(len(numbers))) if missing.any() else None
    return Column(name, numbers, codes)


def _pandas_column(name, series):
    dtype = series.dtype
    if dtype.kind in "mM":
        return _pandas_moments(name, series)
    if str(dtype) == "category":
        levels = _pandas_column(name, series.cat.categories.to_series())
        return levels.take(series.cat.codes.to_numpy(), True, True)
    if dtype.kind in "iufb":
        missing = series.isna().to_numpy(bool)
        own = getattr(dtype, "numpy_dtype", getattr(dtype, "subtype", dtype))  # nullable, sparse
        fill = {"na_value": np.nan if dtype.kind == "f" else own.type(0)} if missing.any() else {}
        return _number_column(name, series.to_numpy(own, **fill), missing)
    if type(dtype).__name__ in _WITH_LEVELS:
        codes, levels = series.factorize()
        by_type = type(dtype).__name__ != "PeriodDtype"  # also where all are missing
        closed = type(dtype).__name__ != "StringDtype"
        return _object_column(name, np.asarray(levels, dtype=object)).take(codes, by_type, closed)
    return _object_column(name, series.astype(object).to_numpy(), dtype.kind == "U")


def _pandas_moments(name, series):
    """Return a column of dates or time spans with NumPy, pandas or Arrow dtypes."""
    dtype = series.dtype
    if dtype.type is datetime.date:  # of Arrow
        return _object_column(name, series.to_numpy(object))
    own = getattr(dtype, "pyarrow_dtype", dtype)
    zone = getattr(own, "tz", None)
    if zone is None:
        return moments_column(name, np.asarray(series))
    if isinstance(zone, str):
        zone = time_zone(name, zone)
    return moments_column(name, np.asarray(series, f"M8[{own.unit}]"), zone)


def _polars_column(name, series):
    dtype = series.dtype
    kind = str(dtype).split("(")[0]
    if kind in {"Date", "Datetime", "Duration"}:
        return _polars_moments(name, series, kind)
    if kind == "Boolean" or (dtype.is_numeric() and kind not in {"Decimal", "Int128", "UInt128"}):
        numbers = series.fill_null(False if kind == "Boolean" else 0).to_numpy()
        return _number_column(name, numbers, series.is_null().to_numpy())
    cells = np.fromiter(series.to_list(), object, len(series))
    closed = kind in {"Categorical", "Enum"}
    return _object_column(name, cells, closed or kind == "String", closed)


def _polars_moments(name, series, kind):
    """Return dates or time spans via integers; polars 1.0 crashes otherwise with NumPy 2."""
    dtype = series.dtype
    unit = {"Date": "D"}.get(kind) or dtype.time_unit
    counts = series.to_physical().fill_null(0).to_numpy().astype(np.int64)
    moments = counts.view(f"{'m' if kind == 'Duration' else 'M'}8[{unit}]")
    moments[series.is_null().to_numpy()] = "NaT"
    key = getattr(dtype, "time_zone", None)
    return moments_column(name, moments, None if key is None else time_zone(name, key))


class NumericTable:
    """Represent a table that is one array of numbers."""

    def __init__(self, X):
        self._X = X
        self.n_columns = X.shape[1]

    def categorical(self):
        """Return which columns are categorical: none."""
        return np.zeros(self.n_columns, dtype=bool)

    def holds(self, kind):
        """Return which columns are of a kind: all are numbers."""
        return np.full(self.n_columns, kind == "number")

    def column(self, j):
        """Return column ``j``."""
        return Column(f"x{j}", self._X[:, j])

    def cell_kinds(self):
        """Return None, because all columns are one array."""

    def numbers(self, columns):
        """Return some columns as an array of floats."""
        X = self._X if len(columns) == self.n_columns else self._X[:, columns]
        return X if X.dtype.kind == "f" else X.astype(np.float64)


class ColumnTable:
    """Represent a table of columns of several types."""

    def __init__(self, columns):
        self._columns = columns
        self.n_columns = len(columns)

    def categorical(self):
        """Return which columns are categorical because of their dtype or their values."""
        return np.array([column.categorical for column in self._columns], dtype=bool)

    def holds(self, kind):
        """Return which columns are of a kind, if they are not categorical."""
        return np.array([column.kind == kind for column in self._columns], dtype=bool)

    def column(self, j):
        """Return column ``j``."""
        return self._columns[j]

    def cell_kinds(self):
        """Return the ``cell_kind`` of each column; see ``BaseColumn``."""
        return [column.cell_kind for column in self._columns]

    def numbers(self, columns):
        """Return some columns as an array of floats."""
        return np.stack([self._columns[j].numbers() for j in columns], axis=1)


def _exact_array(X):
    """Convert a list of rows to an array, of objects if NumPy would change the values.

    NumPy would convert numbers beside a string to strings, integers beside floats to floats,
    booleans beside integers to integers, and floats to the widest type.
    """
    cells = np.asarray(X, dtype=object)
    kinds = {np.dtype(kind) for kind in set(map(type, cells.flat))}
    if len(kinds) != 1 or next(iter(kinds)).kind not in "iufb":
        return cells
    array = np.asarray(X)
    return array if {array.dtype} == kinds else cells


def _read_array(X, estimator):
    if isinstance(X, list | tuple):
        X = _exact_array(X)
    X = check_array(X, dtype=None, ensure_all_finite="allow-nan", estimator=estimator)
    if X.dtype.kind in "iufb":
        return NumericTable(X)
    names = [f"x{j}" for j in range(X.shape[1])]
    if X.dtype.kind in "mM":
        return ColumnTable(list(map(moments_column, names, X.T)))
    cells = X.astype(object).T
    return ColumnTable(list(map(_object_column, names, cells)))


def read_table(X, estimator):
    """Read a pandas or polars data frame, or an array-like.

    The result has ``n_columns``, ``categorical()``, ``holds(kind)``, ``cell_kinds()``,
    ``column(j)`` and ``numbers(columns)``. Error messages name the estimator.
    """
    if hasattr(X, "__dask_graph__") and hasattr(X, "columns"):
        raise TypeError(
            "X is a Dask dataframe, but this estimator needs data in memory. Pass X.compute(), or "
            "pass numeric data to the estimators of skbackprop.dask."
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
