"""Scaling by quantiles, with a smooth limit for outliers."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from ...data import CodedTable
from ...utils import (
    DocumentationLink,
    Interval,
    check_parameters,
    draft_of,
    fit_context,
    one_fit_of,
)

if TYPE_CHECKING:
    from typing import Any, Self

    from ...utils.typing import Array, FloatArray, MatrixLike

# At this size, a value equals the limit within rounding; its square still fits float32.
_FAR = 1e15

# A limit of this size or larger has no effect.
_NO_LIMIT = 1e30


def _centers_and_scales(X):
    """Return the median and the scale of each column; the scale of a constant column is NaN."""
    has_values = ~np.isnan(X).all(axis=0)
    halves = np.where(has_values, X / 2, X.dtype.type(0))  # their range cannot overflow
    quantile = np.nanquantile if np.isnan(X).any() else np.quantile
    low, center, high = quantile(halves, [0.25, 0.5, 0.75], axis=0)
    half_range = np.nanmax(halves, axis=0) - np.nanmin(halves, axis=0)
    scale = _within(np.where(high > low, 2 * (high - low), half_range), X.dtype)
    return 2 * center, np.where(scale > 0, scale, np.nan)


def _centers_and_scales_of_indicators(counts, n_rows):
    """Return the same for columns of 0 and 1 with ``counts`` ones."""
    position = np.array([[0.25], [0.5], [0.75]]) * (n_rows - 1)
    low, center, high = np.clip(position - (n_rows - 1 - counts), 0, 1)
    half_range = np.where((counts > 0) & (counts < n_rows), 0.5, np.nan)
    return center, np.where(high > low, high - low, half_range)


def _within(values, dtype):
    """Return values as a type, clipped to its range."""
    limit = np.finfo(dtype).max
    return np.clip(values, -limit, limit).astype(dtype)


class SmoothClipScaler(DocumentationLink, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Scale columns by median and interquartile range, and clip outliers smoothly.

    Parameters
    ----------
    clip : float, default=3.0
        Limit, in (0, inf): all results are between ``-clip`` and ``clip``.

    Attributes
    ----------
    center_ : ndarray of shape (n_features,)
        Median of each column.

    scale_ : ndarray of shape (n_features,)
        Value by which each column is divided; NaN for constant columns.

    n_features_in_ : int
        Number of features seen during ``fit``.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features. Defined only if ``X`` has feature names that are all strings.

    See Also
    --------
    sklearn.preprocessing.RobustScaler : The same without the limit.
    TableEncoder : Converts a table to numbers, which this scaler can scale.

    Notes
    -----
    A column is scaled to :math:`z = (x - \\mathrm{median}) / \\mathrm{IQR}`, or, if the
    interquartile range is 0, to :math:`z = 2 (x - \\mathrm{median}) / (\\max - \\min)`. The
    result is :math:`z / \\sqrt{1 + (z / c)^2}`, which hardly changes values much smaller than the
    limit :math:`c` and keeps the order of all values. Constant columns become 0. Missing values
    (NaN) are ignored in the statistics and stay missing. There is no ``inverse_transform``.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop import SmoothClipScaler
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0], [1000.0]])
    >>> SmoothClipScaler().fit_transform(X).ravel().round(3)
    array([-0.949, -0.493,  0.   ,  0.493,  3.   ])
    """

    center_: FloatArray
    scale_: FloatArray
    n_features_in_: int
    feature_names_in_: Array

    _doc_page = "user_guide/tables.md"
    _allowed_values: ClassVar = {"clip": [Interval(Real, 0, None, closed="neither")]}
    _validate_params = check_parameters

    def __init__(self, clip: float = 3.0) -> None:
        self.clip = clip

    @fit_context
    def fit(self, X: MatrixLike, y: object = None) -> Self:
        """Compute the medians and the scales.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The data.

        y : None
            Not used.

        Returns
        -------
        self : SmoothClipScaler
            The fitted scaler.
        """
        with draft_of(self) as (draft, _), np.errstate(all="ignore"):
            X = draft._checked(X, reset=True)
            draft.center_, draft.scale_ = _centers_and_scales(X)
        return self

    def transform(self, X: MatrixLike) -> FloatArray | Any:
        """Scale data.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The data.

        Returns
        -------
        Z : ndarray of shape (n_samples, n_features), or as ``set_output`` says
            The scaled data, with the floating-point type of ``X``.
        """
        now = one_fit_of(self)
        check_is_fitted(now)
        with np.errstate(all="ignore"):
            return now._scaled(now._checked(X, reset=False), slice(None))

    def _scaled(self, X, columns):
        """Scale some of the columns: ``clip * t / sqrt(1 + t^2)`` with limited ``t``."""
        t, clip, constant = self._in_limits(X, columns)
        t *= clip / np.sqrt(1 + t * t)
        t[:, constant] *= 0
        return t

    def _slopes(self, X, columns):
        """Return the derivatives of ``_scaled``: ``(1 + t^2)^(-3/2) / scale``."""
        t, _, constant = self._in_limits(X, columns)
        with np.errstate(all="ignore"):
            slopes = (1 + t * t) ** -1.5 / np.where(constant, 1, self.scale_[columns])
        slopes[:, constant] *= 0
        return slopes

    def _in_limits(self, X, columns):
        """Return ``t = (X - center) / (scale * clip)``, the limit, and the constant columns."""
        with np.errstate(all="ignore"):
            center = _within(self.center_[columns], X.dtype)
            scale = _within(self.scale_[columns], X.dtype)
            constant = np.isnan(scale)
            t = (X / 2 - center / 2) / np.where(constant, 1, scale / 2)
            clip = np.clip(self.clip, np.finfo(X.dtype).tiny, _NO_LIMIT)
            t /= clip
        np.clip(t, -_FAR, _FAR, out=t)
        return t, clip, constant

    def _fit_coded(self, table):
        """Fit to a CodedTable."""
        with np.errstate(all="ignore"):
            of_numbers = _centers_and_scales(table.numbers)
        of_others = _centers_and_scales_of_indicators(table.counts(), len(table.numbers))
        self.center_, self.scale_ = map(np.append, of_numbers, of_others)
        self.n_features_in_ = len(self.scale_)
        return self

    def _transform_coded(self, table):
        """Scale a CodedTable."""
        n_numbers = table.numbers.shape[1]
        off, on = self._scaled(np.array([table.off, table.on]), slice(n_numbers, None))
        numbers = self._scaled(table.numbers, slice(n_numbers))
        return CodedTable(numbers, table.positions, off, on)

    def _checked(self, X, reset):
        return validate_data(
            self, X, reset=reset, dtype=(np.float64, np.float32), ensure_all_finite="allow-nan"
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
