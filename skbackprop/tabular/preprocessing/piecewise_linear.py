"""Piecewise-linear encoding of numbers."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from ...network import ClippedLines
from ...utils import (
    DocumentationLink,
    Interval,
    StrOptions,
    check_parameters,
    draft_of,
    fit_context,
    input_feature_names,
    one_fit_of,
)

if TYPE_CHECKING:
    from typing import Any, Literal, Self

    from ...utils.typing import Array, ArrayLike, FloatArray, MatrixLike

_TYPES = np.float64, np.float32

# Minimum number of rows in a bin of a tree, and minimum fraction of all rows.
_MIN_ROWS, _MIN_SHARE = 8, 1 / 500


def quantile_edges(x, n_bins):
    """Return the edges of at most ``n_bins`` bins with equal numbers of rows.

    None for a column with two values or fewer. If most rows have the same value, this value is an
    edge, and the bins are those of the other rows.
    """
    if not has_three_values(x):
        return None
    edges = np.unique(np.quantile(x, np.linspace(0, 1, n_bins + 1)))
    if len(edges) >= 3:
        return edges
    middle = np.median(x)
    others = np.quantile(x[x != middle], np.linspace(0, 1, n_bins // 2 + 1))
    return np.unique([x.min(), middle, *others, x.max()])


def tree_edges(x, n_bins, y, sample_weight=None):
    """Return the splits of a decision tree on one column as edges; None as above.

    ``y`` are classes if they are integers, and numbers if they are floats.
    """
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor  # slow import

    if not has_three_values(x):
        return None
    cls = DecisionTreeRegressor if y.dtype.kind == "f" else DecisionTreeClassifier
    smallest = max(_MIN_ROWS, int(_MIN_SHARE * len(x)))
    tree = cls(max_leaf_nodes=n_bins, min_samples_leaf=smallest, random_state=0)
    tree = tree.fit(x[:, np.newaxis], y, sample_weight).tree_
    return np.unique([x.min(), *tree.threshold[tree.feature >= 0], x.max()])


def has_three_values(x):
    """Return whether a column has more than two values."""
    return ((x > x.min()) & (x < x.max())).any()


class PiecewiseLinearEncoder(DocumentationLink, TransformerMixin, BaseEstimator):
    r"""Encode numbers by their bin and the position within it (piecewise-linear encoding).

    A column with bin edges :math:`b_0 < ... < b_T` becomes the :math:`T` columns

    .. math:: e_t = \min(\max((x - b_{t-1}) / (b_t - b_{t-1}), 0), 1).

    A column is 1 for bins below ``x``, 0 for bins above, and the position within the bin that
    contains ``x``. A linear model of these columns is a continuous function of ``x`` that is
    linear in each bin.

    Parameters
    ----------
    n_bins : int, default=16
        Maximum number of bins of a column, at least 2.

    strategy : {'quantile', 'tree'}, default='quantile'
        How to choose the edges. 'quantile' uses quantiles of the column. 'tree' uses the splits
        of a decision tree with at most ``n_bins`` leaves that predicts ``y`` from this column
        alone.

    Attributes
    ----------
    edges_ : list of ndarray of shape (n_bins_of_column + 1,) or None
        Edges of the bins of each column, in increasing order; None for a column with two values
        or fewer, which is not changed.

    n_features_in_ : int
        Number of features seen during ``fit``.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features. Defined only if ``X`` has feature names that are all strings.

    See Also
    --------
    SmoothClipScaler : Scales columns without changing their number.
    sklearn.preprocessing.KBinsDiscretizer : Encodes only the bin, not the position within it.
    sklearn.preprocessing.SplineTransformer : Uses smooth pieces instead of linear ones.

    Notes
    -----
    The first bin has no lower limit and the last bin no upper limit: outside the training range,
    :math:`e_1` decreases to -3 and :math:`e_T` increases to 4. A bin of a tree contains at least 8
    rows, and at least 1 in 500.

    The result has the unchanged columns first, then the bins of each other column.

    References
    ----------
    Gorishniy, Rubachev & Babenko (2022), "On embeddings for numerical features in tabular deep
    learning", NeurIPS, section 3.2.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop import PiecewiseLinearEncoder
    >>> X = np.arange(9.0)[:, np.newaxis]
    >>> encoder = PiecewiseLinearEncoder(n_bins=2).fit(X)
    >>> encoder.transform([[1.0], [4.0], [7.0]])
    array([[0.25, 0.  ],
           [1.  , 0.  ],
           [1.  , 0.75]])
    """

    edges_: list[Any]
    n_features_in_: int
    feature_names_in_: Array

    _doc_page = "user_guide/tables.md"
    _allowed_values: ClassVar = {
        "n_bins": [Interval(Integral, 2, None, closed="left")],
        "strategy": [StrOptions({"quantile", "tree"})],
    }
    _validate_params = check_parameters

    def __init__(
        self, n_bins: int = 16, strategy: Literal["quantile", "tree"] = "quantile"
    ) -> None:
        self.n_bins = n_bins
        self.strategy = strategy

    @fit_context
    def fit(self, X: MatrixLike, y: ArrayLike | None = None) -> Self:
        """Find the bin edges.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The data.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Target for ``strategy='tree'``: numbers or class labels. Otherwise ignored.

        Returns
        -------
        self : PiecewiseLinearEncoder
            The fitted encoder.
        """
        with draft_of(self) as (draft, _):
            draft._fit(X, y)
        return self

    def _fit(self, X, y):
        if self.strategy == "quantile":
            X = self._checked(X, reset=True)
            self._check_ranges(X)
            self.edges_ = [quantile_edges(x, self.n_bins) for x in X.T]
            return
        X, y = validate_data(self, X, y, dtype=_TYPES, multi_output=True)
        self._check_ranges(X)
        if not type_of_target(y).startswith("continuous"):
            y = np.unique(y, return_inverse=True)[1].reshape(y.shape)
        self.edges_ = [tree_edges(x, self.n_bins, y) for x in X.T]

    def transform(self, X: MatrixLike) -> FloatArray | Any:
        """Encode data.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The data.

        Returns
        -------
        Z : ndarray of shape (n_samples, n_outputs), or as ``set_output`` says
            Unchanged columns, then the bins of the others, with the floating-point type of ``X``.
        """
        now = one_fit_of(self)
        check_is_fitted(now)
        X = now._checked(X, reset=False)
        lines = now._lines().astype(X.dtype)
        return lines.values(X, np.empty((len(X), len(lines.columns)), X.dtype))

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> Array:
        """Return the names of the columns of the result, such as ``age_bin1``.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the features, if the data of ``fit`` had none.

        Returns
        -------
        names : ndarray of str objects
            The names.
        """
        check_is_fitted(self)
        named = list(zip(input_feature_names(self, input_features), self.edges_, strict=True))
        stay = [name for name, edges in named if edges is None]
        bins = [
            f"{name}_bin{number}"
            for name, edges in named
            if edges is not None
            for number in range(1, len(edges))
        ]
        return np.array(stay + bins, dtype=object)

    def _lines(self):
        edges = {i: edges for i, edges in enumerate(self.edges_) if edges is not None}
        stay = [i for i, edges in enumerate(self.edges_) if edges is None]
        return ClippedLines.of_table(stay, edges)

    def _checked(self, X, reset):
        return validate_data(self, X, reset=reset, dtype=_TYPES)

    def _check_ranges(self, X):
        with np.errstate(over="ignore"):
            wide = np.flatnonzero(np.isinf(X.max(axis=0) - X.min(axis=0)))
        if len(wide):
            raise ValueError(
                f"Column {wide[0]} of X has a range that is wider than {X.dtype} can hold. Scale "
                "it first."
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = self.strategy == "tree"
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
