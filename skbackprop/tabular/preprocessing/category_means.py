"""Categories of many levels as means of the target."""

from dataclasses import dataclass

import numpy as np

from .smooth_clip import SmoothClipScaler

# Categories with more levels than this have means as well as columns of 0 and 1.
_MANY_LEVELS = 8

# Cross-fitting: the number of folds, and the seed that assigns the rows to them.
_FOLDS, _SEED = 5, 0


@dataclass(frozen=True)
class CategoryMeans:
    r"""Means of the target by level, for the categories that have many levels, scaled.

    The mean of a level :math:`i` with :math:`n_i` rows is shrunk towards the mean of all rows:

    .. math:: m_i = \lambda_i \bar y_i + (1 - \lambda_i) \bar y, \qquad
        \lambda_i = \frac{n_i s^2}{n_i s^2 + s_i^2},

    with the variances :math:`s^2` of all rows and :math:`s_i^2` of those of the level. For
    classes, these are means of 0 and 1 for each class. Rows are counted by their weights.

    Training rows get means from the rows of other folds (cross-fitting): a mean that contains the
    row's own target would be trusted too much.

    Attributes
    ----------
    categories : ndarray of int of shape (n_categories,)
        Positions, among all categories, of those that have means.

    of_levels : ndarray of shape (n_levels + n_categories, n_outputs)
        Scaled means of all levels, by their columns of 0 and 1, then of what is no known level of
        each category. Rows of other categories are not used.

    varies : ndarray of bool of shape (n_categories, n_outputs)
        Which means differ between the training rows; others are left out.

    References
    ----------
    Micci-Barreca (2001), "A preprocessing scheme for high-cardinality categorical attributes in
    classification and prediction problems", SIGKDD Explorations 3:27-32.

    Pargent, Pfisterer, Thomas & Bischl (2022), "Regularized target encoding outperforms
    traditional methods in supervised machine learning with high cardinality features",
    Computational Statistics 37:2671-2692, on cross-fitting.
    """

    categories: np.ndarray
    of_levels: np.ndarray
    varies: np.ndarray

    @classmethod
    def fitted_to(cls, table, targets, sample_weight):
        """The means of a CodedTable, and those of its rows, of shape (n_samples, n_means).

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
        n_levels = np.array([len(np.unique(column)) for column in table.positions.T])
        categories = np.flatnonzero(n_levels > max(_MANY_LEVELS, y.shape[1]))
        of_levels = np.zeros((len(table.off) + len(categories), y.shape[1]))
        varies = np.zeros((len(categories), y.shape[1]), bool)
        of_rows = [np.empty((len(y), 0))]
        for i, c in enumerate(categories):
            used, level = np.unique(table.positions[:, c].astype(np.intp), return_inverse=True)
            scaler = SmoothClipScaler().set_output(transform="default")
            own = scaler.fit_transform(_cross_fitted(level, y, weight))
            varies[i] = ~np.isnan(scaler.scale_)
            means, of_all = _shrunk_means(level, len(used), y, weight)
            of_levels[len(table.off) + i] = scaler.transform(of_all[np.newaxis])[0]
            of_levels[np.where(used < 0, len(table.off) + i, used)] = scaler.transform(means)
            of_rows.append(own[:, varies[i]])
        return cls(categories, of_levels, varies), np.hstack(of_rows)

    @classmethod
    def none_of(cls, table):
        """No means of a CodedTable."""
        return cls(np.arange(0), np.zeros((len(table.off), 0)), np.zeros((0, 0), bool))

    def of_rows(self, table):
        """Scaled means for the rows of another table."""
        found = [np.empty((len(table.positions), 0))]
        for i, (c, varies) in enumerate(zip(self.categories, self.varies, strict=True)):
            positions = table.positions[:, c].astype(np.intp)
            rows = self.of_levels[np.where(positions < 0, self.n_levels + i, positions)]
            found.append(rows[:, varies])
        return np.hstack(found)

    @property
    def n_levels(self):
        """Number of levels of all categories."""
        return len(self.of_levels) - len(self.categories)

    @property
    def n_means(self):
        """Number of columns."""
        return int(self.varies.sum())


def _outputs_of(targets, sample_weight):
    """Columns of numbers, and of 0 and 1 for each class (of two, the second), with weights."""
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
    return np.column_stack(columns).astype(np.float64), np.column_stack(of_columns)


def _shrunk_means(level, n_levels, y, weight):
    """Means of each level, shrunk, and that of all rows."""
    with np.errstate(all="ignore"):
        count = _sums(level, n_levels, weight)
        mean = _sums(level, n_levels, weight * y) / count
        total = weight.sum(axis=0)
        of_all = np.nan_to_num((weight * y).sum(axis=0) / total)
        variance = (weight * (y - of_all) ** 2).sum(axis=0) / total
        within = _sums(level, n_levels, weight * (y - mean[level]) ** 2) / count
        share = count * variance / (count * variance + within)
        means = share * mean + (1 - share) * of_all
    return np.where(np.isfinite(means), means, of_all), of_all


def _sums(level, n_levels, values):
    """Sums of the columns by level."""
    return np.column_stack([np.bincount(level, column, n_levels) for column in values.T])


def _cross_fitted(level, y, weight):
    """Means for each row, from the rows of other folds."""
    fold = np.random.RandomState(_SEED).permutation(len(y)) % _FOLDS
    means = np.empty_like(y)
    for k in range(min(_FOLDS, len(y))):
        own, others = fold == k, fold != k
        found = _shrunk_means(level[others], level.max() + 1, y[others], weight[others])[0]
        means[own] = found[level[own]]
    return means
