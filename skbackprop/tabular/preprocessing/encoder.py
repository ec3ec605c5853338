"""Encoder that converts a table with columns of any type to numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils import check_array
from sklearn.utils.validation import check_is_fitted, validate_data

from ...data import CodedTable
from ...utils import DocumentationLink, draft_of, input_feature_names, one_fit_of
from .columns import read_table
from .datetimes import DatetimeParts
from .free_text import is_free_text, warn_of_free_text

if TYPE_CHECKING:
    from typing import Any, Literal, Self

    from numpy.typing import DTypeLike

    from ...utils.typing import Array, ArrayLike, FloatArray, MatrixLike


def _medians(numbers):
    """Return the median of each column, ignoring missing values; 0 if all are missing."""
    halves = numbers / 2  # the mean of the middle two cannot overflow
    if not np.isnan(numbers).any():
        return 2 * np.median(halves, axis=0)
    empty = np.isnan(numbers).all(axis=0)
    return 2 * np.nanmedian(np.where(empty, 0.0, halves), axis=0)


def _more_than_two_values(numbers):
    """Return which columns have more than two different values, not counting NaN."""
    low, high = np.fmin.reduce(numbers, axis=0), np.fmax.reduce(numbers, axis=0)
    return ((numbers > low) & (numbers < high)).any(axis=0)


def _as_mask(features, names, n_features):
    """Return ``categorical_features``, a mask, positions or names, as a mask."""
    features = np.asarray(features)
    if features.ndim != 1 or (features.size and features.dtype.kind not in "biuUO"):
        raise ValueError(
            "categorical_features must be 'from_dtype', None, or a list of booleans, positions "
            f"or names; got {features!r}"
        )
    if features.dtype.kind == "b":
        if len(features) != n_features:
            raise ValueError(
                f"categorical_features has {len(features)} booleans for {n_features} features"
            )
        return features
    return np.isin(np.arange(n_features), [_position(f, names, n_features) for f in features])


def _position(feature, names, n_features):
    if isinstance(feature, str):
        if feature in names:
            return names.index(feature)
        raise ValueError(f"categorical_features has {str(feature)!r}, which is not a feature name")
    if not -n_features <= feature < n_features:
        raise ValueError(
            f"categorical_features has {feature}, but there are {n_features} features"
        )
    return int(feature) % n_features


def _as_array(table):
    return table.dense() if isinstance(table, CodedTable) else table


def _unique(names):
    """Return unique names: append a number to repeated ones."""
    found = {}
    for name in names:
        own, number = name, 1
        while own in found:
            number += 1
            own = f"{name}_{number}"
        found[own] = None
    return np.array([*found], dtype=object)


class _Levels:
    """Map the levels of a categorical feature to columns; rare levels share the last one.

    ``first`` is the position of the first column, ``counts`` the number of rows of each level,
    ``rare`` the positions of the rare levels.
    """

    def __init__(self, levels, counts, rare, first):
        self.first = first
        rare = set(rare)
        kept = [level for i, level in enumerate(levels) if i not in rare]
        self.names = kept + ["infrequent_sklearn"] * bool(rare)
        columns = {level: first + i for i, level in enumerate(kept)}
        self._unseen = first + len(kept) if rare else -1
        # Kept apart because skops cannot load a dict with None among its keys.
        self._missing = columns.pop(None, self._unseen)
        self._columns = columns
        repeated = [i for i in sorted(rare) if counts[i] > 1 and levels[i] is not None]
        self._rare = {levels[i]: first + len(self.names) + k for k, i in enumerate(repeated)}

    def positions(self, texts, codes):
        """Return the column of each row; -1 for none."""
        columns = [self._columns.get(text, self._unseen) for text in texts]
        return np.array([*columns, self._missing])[codes]  # a code of -1 selects the last

    def numbers(self, texts, codes):
        """Return the level of each row, counted from 0; -1 for none.

        A level with a column of its own has the number of this column. Rare levels follow. Rare
        levels with a single row are treated as unseen ones.
        """
        columns, rare, unseen = self._columns, self._rare, self._unseen
        known = [columns.get(text, rare.get(text, unseen)) for text in texts]
        numbers = np.array([*known, self._missing])
        return np.where(numbers < 0, -1, numbers - self.first)[codes]

    @property
    def texts(self):
        """Return the levels that have a number, without the missing one."""
        return [*self._columns, *self._rare]


class TableEncoder(DocumentationLink, TransformerMixin, BaseEstimator):
    """Convert a table with columns of any type to numbers without missing values.

    The encoder keeps numbers, converts dates to several numbers, one-hot encodes categories, and
    imputes missing values and marks them. It does not scale; see :class:`SmoothClipScaler`.

    Parameters
    ----------
    categorical_features : 'from_dtype', None, or array-like of bool, int or str, \
            default='from_dtype'
        Which features are categorical:

        * 'from_dtype': features with a categorical, string or interval dtype, or with strings,
          intervals or tuples among their values;
        * None: no feature;
        * an array-like: a mask, or the positions or names of the features.

        All other features must be numbers, booleans, dates or time spans. A column of objects
        counts as numeric if all values are missing. Columns of periods must be listed here, or
        have a categorical dtype.

    min_frequency : int, float or None, default=5
        Smallest frequency of a level, as a number or a fraction of rows, as in
        :class:`~sklearn.preprocessing.OneHotEncoder`. Rarer levels share a column, which is also
        used for levels that ``fit`` has not seen. If there are no rare levels, unseen levels are 0
        in all columns.

    max_categories : int or None, default=100
        Maximum number of columns of a categorical feature. Its rarest levels share the last one.

    dtype : dtype, default=numpy.float32
        Type of the result. float32 keeps 7 digits: longer numbers, such as seconds since 1970, may
        become equal. Use float64 for these.

    Attributes
    ----------
    categorical_features_ : ndarray of shape (n_features,) of bool
        Which features are categorical.

    datetime_features_ : ndarray of shape (n_features,) of bool
        Which features are dates, with or without a time.

    timedelta_features_ : ndarray of shape (n_features,) of bool
        Which features are time spans or times of the day.

    numeric_columns_ : ndarray of int
        Positions of the columns of the result that are numbers with more than two values. Empty
        for sparse data.

    medians_ : ndarray of float
        Values that replace missing ones, for each column of the result that is a number, a part of
        a date or a time span. NaN for sparse data, which have no missing values.

    n_features_out_ : int
        Number of columns of the result.

    n_features_in_ : int
        Number of features seen during ``fit``.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features. Defined only if ``X`` has feature names that are all strings.

    See Also
    --------
    SmoothClipScaler : Scales the result of this encoder.

    Notes
    -----
    The result has these columns, in this order:

    1. numbers, booleans, dates and time spans, where the median replaces missing values;
    2. an indicator of 0 and 1 for each of these features that had missing values in ``fit``;
    3. a one-hot column for each level of each categorical feature, where "missing" is a level.

    ``None``, NaN, NaT and the missing values of pandas and polars are missing.

    A date ``bought`` becomes ``bought_days``, the number of days since the earliest date of the
    training data, including fractions. It also becomes ``bought_year``, ``bought_month``,
    ``bought_day_of_year``, ``bought_weekday`` (1 is Monday) and ``bought_hour``, except for those
    that are constant in the training data. The names follow skrub's ``DatetimeEncoder``. Dates of
    pandas, polars, Arrow, NumPy and Python's ``datetime`` give the same result in any unit, with a
    precision of microseconds. With a time zone, the parts from year to hour are local times in the
    time zone of the training data, ``bought_days`` counts days of 24 hours, and dates in another
    time zone are converted. A time zone only in ``transform``, or only in ``fit``, raises an
    error. Time spans become seconds; times of the day become seconds since midnight.

    A level is identified by its value, independent of the container and the type. Equal numbers
    are the same level, and integers of any size are compared exactly. Floats are identified by the
    shortest decimal of their precision, so 0.1 in float32 equals 0.1 in float64. ``True`` is
    different from 1. Intervals, periods and tuples are identified by their parts. A string is the
    same level as the value that it spells: 1, 1.0 and "1" are one level. Floats of 2**53 and above
    cannot distinguish integers, and raise an error in categorical features.

    ``fit`` warns about columns of more than 100 strings if more than 90 % of them are different,
    because free text and identifiers are not categories. To avoid the warning, list the column in
    ``categorical_features``. Sparse data must be numbers without missing values, and stay sparse.

    Examples
    --------
    >>> import pandas as pd
    >>> from skbackprop import TableEncoder
    >>> X = pd.DataFrame({"age": [31.0, None, 53.0], "city": ["Bonn", "Kiel", None]})
    >>> encoder = TableEncoder(min_frequency=None).fit(X)
    >>> encoder.transform(X)
    array([[31.,  0.,  1.,  0.,  0.],
           [42.,  1.,  0.,  1.,  0.],
           [53.,  0.,  0.,  0.,  1.]], dtype=float32)
    >>> list(encoder.get_feature_names_out())
    ['age', 'missing_age', 'city_Bonn', 'city_Kiel', 'city_None']
    """

    categorical_features_: Array
    datetime_features_: Array
    timedelta_features_: Array
    numeric_columns_: Array
    medians_: FloatArray
    n_features_out_: int
    n_features_in_: int
    feature_names_in_: Array

    _doc_page = "user_guide/tables.md"

    def __init__(
        self,
        categorical_features: ArrayLike | Literal["from_dtype"] | None = "from_dtype",
        *,
        min_frequency: float | None = 5,
        max_categories: int | None = 100,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self.categorical_features = categorical_features
        self.min_frequency = min_frequency
        self.max_categories = max_categories
        self.dtype = dtype

    def fit(self, X: MatrixLike, y: object = None) -> Self:
        """Find levels, medians and columns with missing values.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            The table.

        y : None
            Not used.

        Returns
        -------
        self : TableEncoder
            The fitted encoder.
        """
        self.fit_transform(X)
        return self

    def fit_transform(self, X: MatrixLike, y: object = None) -> FloatArray | Any:
        """Fit the encoder to a table and encode the same table.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            The table.

        y : None
            Not used.

        Returns
        -------
        Z : {ndarray, CSR array} of shape (n_samples, n_outputs)
            The encoded table, as returned by ``transform``.
        """
        with draft_of(self) as (draft, _):
            return _as_array(draft._fit_encode(X))

    def transform(self, X: MatrixLike) -> FloatArray | Any:
        """Encode a table.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            The table.

        Returns
        -------
        Z : {ndarray, CSR array} of shape (n_samples, n_outputs), or as ``set_output`` says
            The encoded table: finite numbers of type ``dtype``. A CSR array or matrix for sparse
            data.
        """
        now = one_fit_of(self)
        check_is_fitted(now)
        return _as_array(now._encode(X, now))

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> Array:
        """Return the names of the columns of the result.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the features, if the data of ``fit`` had none.

        Returns
        -------
        names : ndarray of str objects
            The names. A number is appended to repeated names.
        """
        check_is_fitted(self)
        names = input_feature_names(self, input_features)
        found = []
        for j in self._numeric:
            parts = self._datetimes[j].names if j in self._datetimes else None
            found += [names[j]] if parts is None else [f"{names[j]}_{part}" for part in parts]
        found += [f"missing_{name}" for name in names[self._numeric[self._had_missing]]]
        for name, levels in zip(names[self._categorical], self._levels, strict=True):
            found += [f"{name}_{level}" for level in levels.names]
        return _unique(found)

    @np.errstate(all="ignore")  # values that overflow raise an error later
    def _fit_encode(self, X):
        """Fit and encode; a dense table becomes a CodedTable."""
        if sparse.issparse(X):
            return self._fit_sparse(X)
        table = read_table(X, self)
        validate_data(self, X, reset=True, skip_check_array=True)
        self._kinds = table.cell_kinds()
        self.categorical_features_ = self._find_categorical(table.categorical())
        self._fit_numbers(table)
        self._fit_categories(table)
        return self._coded(table)

    @np.errstate(all="ignore")
    def _numbers_of_features(self, X):
        """Return one number for each non-categorical feature, for dates the days; NaN if missing.

        ``_first_numbers`` are their positions in the result, ``_numeric`` those of the features.
        """
        return self._numbers(read_table(X, self))[:, self._first_numbers]

    @np.errstate(all="ignore")
    def _encode(self, X, named=None):
        """Encode; a dense table becomes a CodedTable.

        ``named`` is the estimator whose features the table must have; None if this was checked.
        """
        is_sparse = sparse.issparse(X)
        if is_sparse and (self._had_missing.any() or len(self._categorical)):
            raise ValueError(
                "This TableEncoder was fitted on a dense table with categories or missing values. "
                "Pass a dense table."
            )
        if is_sparse:
            table = check_array(X, accept_sparse="csr", dtype=self.dtype, estimator=self)
        else:
            table = read_table(X, self)
        if named is not None:
            validate_data(named, X, reset=False, skip_check_array=True)
        return table if is_sparse else self._coded(table)

    def _coded(self, table):
        """Return the encoding of a dense table, with categories as positions of columns."""
        coded = [table.column(j).levels() for j in self._categorical]
        if len(self._numeric):
            numbers = self._filled(self._numbers(table))
        else:
            numbers = np.empty((len(coded[0][1]), 0), self.dtype)
        n_columns = self.n_features_out_ - self._n_numbers
        off, on = np.zeros(n_columns, self.dtype), np.ones(n_columns, self.dtype)
        if not coded:
            none = np.empty((len(numbers), 0), np.int8)
            return CodedTable(numbers, none, off, on, none)
        found = list(zip(self._levels, coded, strict=True))
        positions = np.stack([levels.positions(*cells) for levels, cells in found], axis=1)
        level_numbers = np.stack([levels.numbers(*cells) for levels, cells in found], axis=1)
        positions = positions.astype(np.min_scalar_type(-n_columns))
        return CodedTable(numbers, positions, off, on, level_numbers.astype(np.int32))

    @property
    def _n_numbers(self):
        """Return the number of columns of the result before those of the categories."""
        return self.n_features_out_ - sum(len(levels.names) for levels in self._levels)

    @property
    def _numeric(self):
        return np.flatnonzero(~self.categorical_features_)

    @property
    def _categorical(self):
        return np.flatnonzero(self.categorical_features_)

    def _find_categorical(self, by_type):
        wanted = self.categorical_features
        if wanted is None:
            return np.zeros_like(by_type)
        if isinstance(wanted, str) and wanted == "from_dtype":
            return by_type
        names = list(getattr(self, "feature_names_in_", ()))
        return _as_mask(wanted, names, self.n_features_in_)

    @property
    def _feature_of_number(self):
        """Return the position of the feature of each column of numbers."""
        widths = [
            len(self._datetimes[j].names) if j in self._datetimes else 1 for j in self._numeric
        ]
        return np.repeat(self._numeric, widths)

    @property
    def _first_numbers(self):
        """Return the position of the first column of each non-categorical feature."""
        return np.unique(self._feature_of_number, return_index=True)[1]

    def _numbers(self, table):
        """Return all numbers, including those of dates and time spans; NaN if missing."""
        if self.datetime_features_.any() or self.timedelta_features_.any():
            columns = (self._numbers_of(j, table.column(j)) for j in self._numeric)
            numbers = np.column_stack(list(columns))
        else:
            numbers = table.numbers(self._numeric)
        return check_array(
            numbers,
            dtype=(np.float64, np.float32),
            ensure_all_finite="allow-nan",
            estimator=self,
            input_name="X",
        )

    def _numbers_of(self, j, column):
        """Return the numbers of a column, which is that of feature ``j``."""
        if j in self._datetimes:
            return self._datetimes[j].numbers(column.datetimes())
        return column.seconds() if self.timedelta_features_[j] else column.numbers()

    def _fit_numbers(self, table):
        self.datetime_features_ = table.holds("datetime") & ~self.categorical_features_
        self.timedelta_features_ = table.holds("timedelta") & ~self.categorical_features_
        self._datetimes = {
            j: DatetimeParts.fitted_to(table.column(j).datetimes())
            for j in np.flatnonzero(self.datetime_features_).tolist()
        }
        self.numeric_columns_ = np.arange(0)
        self.medians_ = np.empty(0)
        self._had_missing = np.zeros(0, dtype=bool)
        self.n_features_out_ = 0
        if len(self._numeric) == 0:
            return
        numbers = self._numbers(table)
        self._had_missing = np.isnan(numbers[:, self._first_numbers]).any(axis=0)
        self.medians_ = _medians(numbers)
        self.numeric_columns_ = np.flatnonzero(_more_than_two_values(numbers))
        self.n_features_out_ = numbers.shape[1] + int(self._had_missing.sum())

    def _filled(self, numbers):
        """Return the imputed numbers and the indicators of missing values."""
        missing = np.isnan(numbers)
        if missing.any() and np.isnan(self.medians_).any():
            raise ValueError(
                "X has missing values, but this encoder was fitted on sparse data, without any."
            )
        filled = np.where(missing, self.medians_, numbers).astype(self.dtype)
        check_array(filled, dtype=None, estimator=self, input_name="X")
        marked = missing[:, self._first_numbers[self._had_missing]]
        return np.hstack([filled, marked.astype(self.dtype)])

    def _fit_categories(self, table):
        self._levels, free_texts, n_columns = [], [], 0
        for column in map(table.column, self._categorical):
            texts, codes = column.levels()
            if is_free_text(column, texts, codes):
                free_texts.append(column.name)
            self._levels.append(self._fit_levels(texts, codes, n_columns))
            n_columns += len(self._levels[-1].names)
        self.n_features_out_ += n_columns
        if isinstance(self.categorical_features, str):  # not named by the user
            warn_of_free_text(free_texts)

    def _fit_levels(self, texts, codes, first):
        """Find the columns of a category, in the order of the texts, then the missing level."""
        order = sorted(range(len(texts)), key=texts.__getitem__)
        ranks = np.append(np.argsort(order), len(texts))  # the last is for code -1
        levels = [texts[i] for i in order] + [None] * bool((codes < 0).any())
        one_hot = OneHotEncoder(
            handle_unknown="infrequent_if_exist",
            min_frequency=self.min_frequency,
            max_categories=self.max_categories,
        ).fit(ranks[codes][:, np.newaxis])
        rare = getattr(one_hot, "infrequent_categories_", [None])[0]
        counts = np.bincount(ranks[codes], minlength=len(levels))
        return _Levels(levels, counts, () if rare is None else rare.tolist(), first)

    def _fit_sparse(self, X):
        X = validate_data(self, X, accept_sparse="csr", dtype=self.dtype)
        by_type = np.zeros(self.n_features_in_, dtype=bool)
        self.categorical_features_ = self._find_categorical(by_type)
        if self.categorical_features_.any():
            raise ValueError("Sparse data cannot have categorical_features. Pass a dense table.")
        self.datetime_features_ = self.timedelta_features_ = by_type
        self._datetimes = {}
        self.numeric_columns_ = np.arange(0)
        self.medians_ = np.full(self.n_features_in_, np.nan)
        self._had_missing = np.zeros(self.n_features_in_, dtype=bool)
        self._kinds = None
        self._levels = []
        self.n_features_out_ = self.n_features_in_
        return X

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = isinstance(self.categorical_features, str | None)
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.transformer_tags.preserves_dtype = [np.dtype(self.dtype).name]
        return tags
