"""Target encoding of categories with many levels."""

from dataclasses import dataclass

import numpy as np

from .smooth_clip import SmoothClipScaler

# Categories with more levels than this have target means in addition to one-hot columns.
_MANY_LEVELS = 8

# Cross-fitting: the number of folds, and the seed that assigns the rows to them.
_FOLDS, _SEED = 5, 0


@dataclass(frozen=True)
class CategoryMeans:
    r"""Store scaled means of the target by level, for categories with many levels.

    The mean of a level :math:`i` with :math:`n_i` rows is shrunk towards the mean of all rows:

    .. math:: m_i = \lambda_i \bar y_i + (1 - \lambda_i) \bar y, \qquad
        \lambda_i = \frac{n_i \tau^2}{n_i \tau^2 + \sigma^2},

    where :math:`\sigma^2` is the variance within levels and :math:`\tau^2` that of the true means
    of the levels. Analysis of variance estimates both (Searle et al., section 3.6);
    :math:`\tau^2` is 0 if levels differ no more than by chance. For classes, these are the means
    of indicators of 0 and 1 for each class. Rows count with their weights, multiplied by a factor
    that makes their sum the effective number of rows (Kish, section 8.2), so that the unit of the
    weights does not matter.

    Training rows get means from the rows of other folds (cross-fitting), because the networks
    would rely too much on a mean that includes the row's own target.

    Attributes
    ----------
    categories : ndarray of int of shape (n_categories,)
        Positions, among the categorical features, of those that have means.

    of_levels : list of ndarray of shape (n_levels + 1, n_outputs)
        Scaled means of the levels of each feature; the last one is for unseen levels.

    varies : list of ndarray of bool of shape (n_outputs,)
        Which means of each feature vary between the training rows; constant ones are dropped.

    References
    ----------
    Micci-Barreca (2001), "A preprocessing scheme for high-cardinality categorical attributes in
    classification and prediction problems", SIGKDD Explorations 3:27-32.

    Kish (1965), "Survey sampling", Wiley.

    Searle, Casella & McCulloch (1992), "Variance components", Wiley.

    Pargent, Pfisterer, Thomas & Bischl (2022), "Regularized target encoding outperforms
    traditional methods in supervised machine learning with high cardinality features",
    Computational Statistics 37:2671-2692, on cross-fitting.
    """

    categories: np.ndarray
    of_levels: list[np.ndarray]
    varies: list[np.ndarray]

    @classmethod
    def fitted_to(cls, table, targets, sample_weight):
        """Return the means for a CodedTable, and those of its rows, (n_samples, n_means).

        Parameters
        ----------
        table : CodedTable
            The encoded table.

        targets : ndarray of shape (n_samples, n_columns)
            Floats for numbers, integers for classes.

        sample_weight : ndarray of shape (n_samples,) or (n_samples, n_columns), or None
            Weights of the rows, or of single targets; None for ones.
        """
        y, weight = _outputs_of(targets, sample_weight)
        n_levels = np.array([len(np.unique(column)) for column in table.levels.T])
        categories = np.flatnonzero(n_levels > max(_MANY_LEVELS, y.shape[1]))
        of_levels, varies, of_rows = [], [], [np.empty((len(y), 0), np.float32)]
        for level in table.levels.T[categories]:
            scaler = SmoothClipScaler().set_output(transform="default")
            own = scaler.fit_transform(_cross_fitted(level, y, weight))
            varies.append(~np.isnan(scaler.scale_))
            of_levels.append(scaler.transform(_shrunk_means(level, y, weight)))
            of_rows.append(own[:, varies[-1]].astype(np.float32))
        return cls(categories, of_levels, varies), np.hstack(of_rows)

    @classmethod
    def none(cls):
        """Return an instance without means."""
        return cls(np.arange(0), [], [])

    def of_rows(self, table):
        """Return scaled means for the rows of another table."""
        found = [np.empty((len(table.numbers), 0), np.float32)]
        for c, of_levels, varies in self:
            found.append(of_levels[:, varies].astype(np.float32)[table.levels[:, c]])
        return np.hstack(found)

    def __iter__(self):
        """Iterate over the position of each category, its means, and which of them vary."""
        return zip(self.categories, self.of_levels, self.varies, strict=True)

    @property
    def n_means(self):
        """Return the number of columns."""
        return sum(int(varies.sum()) for varies in self.varies)


def _outputs_of(targets, sample_weight):
    """Return columns of numbers, or indicators of each class (of two, the second), and weights."""
    weights = np.ones(len(targets)) if sample_weight is None else sample_weight
    weights = np.broadcast_to(weights.reshape(len(targets), -1), targets.shape)
    columns, of_columns = [], []
    for target, weight in zip(targets.T, weights.T, strict=True):
        values = [target]
        if target.dtype.kind != "f":
            classes = np.unique(target)
            values = [target == label for label in classes[len(classes) == 2 :]]
        columns += values
        of_columns += [weight] * len(values)
    y = np.column_stack(columns).astype(np.float64)
    return y, _in_effective_rows(np.column_stack(of_columns))


def _in_effective_rows(weight):
    """Return weights of which each column adds up to its effective number of rows."""
    largest = weight.max(axis=0)
    weight = weight / np.where(largest > 0, largest, 1)
    squares = (weight**2).sum(axis=0)
    return weight * (weight.sum(axis=0) / np.where(squares > 0, squares, 1))


def _shrunk_means(level, y, weight):
    """Return the shrunk means of the levels 0 to the largest, and the mean of all rows."""
    n_levels = level.max() + 1
    level = np.where(level < 0, n_levels, level)
    with np.errstate(all="ignore"):
        count = _sums(level, n_levels, weight)
        mean = np.where(count > 0, _sums(level, n_levels, weight * y) / count, 0)
        total = weight.sum(axis=0)
        of_all = np.nan_to_num((weight * y).sum(axis=0) / total)
        used = (count > 0).sum(axis=0)
        within = (weight * (y - mean[level]) ** 2).sum(axis=0) / np.maximum(total - used, 1)
        between = (count * (mean - of_all) ** 2).sum(axis=0) - (used - 1) * within
        between = np.maximum(between / (total - (count**2).sum(axis=0) / total), 0)
        share = count * between / (count * between + within)
        means = share * mean + (1 - share) * of_all
    return np.where(np.isfinite(means) & (count > 0), means, of_all)


def _sums(level, n_levels, values):
    """Return sums of the columns by level; the last row is for rows without a level."""
    return np.column_stack([np.bincount(level, column, n_levels + 1) for column in values.T])


def _cross_fitted(level, y, weight):
    """Return the mean for each row, computed from the rows of other folds."""
    fold = np.random.RandomState(_SEED).permutation(len(y)) % _FOLDS
    means = np.empty_like(y)
    for k in range(min(_FOLDS, len(y))):
        own, others = fold == k, fold != k
        found = _shrunk_means(level[others], y[others], weight[others])
        known = np.where(level[own] < len(found) - 1, level[own], -1)
        means[own] = found[known]
    return means
