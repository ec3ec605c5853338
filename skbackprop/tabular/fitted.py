"""What a fitted estimator for tables computes, step by step, for those who look inside."""

import numpy as np
from scipy import sparse

from ..data import CodedTable


class FittedEnsemble:
    """The networks of a table, and what lies between them and the user: inputs and outputs.

    Parameters
    ----------
    estimator : TabularClassifier or TabularRegressor
        A fitted estimator.

    averages_raw : bool
        Whether an output is that of the mean of the raw predictions, or the mean of the outputs.

    Attributes
    ----------
    networks : list of FittedNetwork
        The members.

    target : Target
        Reads their raw predictions.
    """

    has_members = True

    def __init__(self, estimator, averages_raw):
        self._estimator = estimator
        self._averages_raw = averages_raw
        self.networks = [member.network for member in estimator.members_]
        self.target = estimator._target

    def inputs(self, X):
        """What the networks see of a table: ``TableInputs``."""
        return TableInputs(self._estimator, X)

    # ---- outputs, of the raw predictions of each network

    def value(self, output, raws, after_link):
        """An output of the ensemble, of shape (n_samples,), as ``Target.value``."""
        if self._averages_raw:
            return self.target.value(output, np.mean(raws, axis=0), after_link)
        return np.mean([self.target.value(output, raw, after_link) for raw in raws], axis=0)

    def slopes(self, output, raws, after_link):
        """Gradients of an output with respect to each of the raw predictions."""
        if self._averages_raw:
            raws = [np.mean(raws, axis=0)] * len(raws)
        return [self.target.slope(output, raw, after_link) / len(raws) for raw in raws]

    # ---- categories

    def position_of_category(self, feature):
        """Position of a categorical feature, which is given by its name or position."""
        estimator = self._estimator
        names = list(getattr(estimator, "feature_names_in_", ()))
        positions = np.flatnonzero(estimator.encoder_.categorical_features_).tolist()
        j = names.index(feature) if feature in names else feature
        if isinstance(j, str | bool) or j not in positions:
            known = [names[j] for j in positions] if names else positions
            raise ValueError(f"feature={feature!r} is no categorical feature; these are: {known}.")
        return int(j)

    def levels(self, j):
        """Texts of the levels of a categorical feature, at position ``j``; None for missing."""
        return self._levels(j)[1].names

    def _levels(self, j):
        """Which of the categorical features it is, and its levels."""
        encoder = self._estimator.encoder_
        c = int(np.searchsorted(np.flatnonzero(encoder.categorical_features_), j))
        return c, encoder._levels[c]

    def inputs_by_level(self, X, j):
        """What the networks see of a table with one level after another in all of its rows."""
        estimator = self._estimator
        table = estimator.encoder_._encode(X, estimator)
        c, levels = self._levels(j)
        for column in range(levels.first, levels.first + len(levels.names)):
            positions = table.positions.copy()
            positions[:, c] = column
            numbers = table.levels.copy()
            numbers[:, c] = column - levels.first
            changed = CodedTable(table.numbers, positions, table.off, table.on, numbers)
            yield estimator._preprocessing.scaled(changed)


class TableInputs:
    """Rows of a table as the networks see them, and the way of a gradient back to the features.

    Attributes
    ----------
    Z : {CodedTable, ndarray, CSR array} of shape (n_samples, n_inputs)
        The inputs.

    n_features : int
        Number of features of the table.
    """

    def __init__(self, estimator, X):
        encoder, scaler = estimator.encoder_, estimator.scaler_
        if scaler is not None and sparse.issparse(X):
            X = X.toarray()
        self.Z = estimator._encoded(X)
        self.n_features = estimator.n_features_in_
        self._is_scaled = scaler is not None
        self._numeric, first = encoder._numeric, encoder._first_numbers
        if self._is_scaled and len(self._numeric):
            # Where a number does not vary, its slope is 0, and any input will do.
            self._positions = np.maximum(np.cumsum(estimator._preprocessing.varies)[first] - 1, 0)
            self._slopes = scaler._slopes(encoder._numbers_of_features(X), first)

    def gradient(self, of_inputs, start, stop):
        """A gradient with respect to the features, from one for the inputs of some rows.

        It is NaN for categories and missing values, and 0 for what does not vary.
        """
        if not self._is_scaled:
            return of_inputs
        gradient = np.full((len(of_inputs), self.n_features), np.nan)
        if len(self._numeric):
            of_numbers = of_inputs[:, self._positions]
            gradient[:, self._numeric] = of_numbers * self._slopes[start:stop]
        return gradient
