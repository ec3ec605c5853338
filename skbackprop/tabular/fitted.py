"""Access to the computations of a fitted table estimator, for inspection."""

import numpy as np
from scipy import sparse

from ..data import CodedTable


class FittedEnsemble:
    """Compute inputs and outputs of the networks of a table estimator.

    Parameters
    ----------
    estimator : TabularClassifier or TabularRegressor
        A fitted estimator.

    averages_raw : bool
        Whether an output is computed from the mean of the raw predictions, or is the mean of the
        members' outputs.

    Attributes
    ----------
    networks : list of FittedNetwork
        The members.

    target : Target
        Converts their raw predictions to outputs.
    """

    has_members = True

    def __init__(self, estimator, averages_raw):
        self._estimator = estimator
        self._averages_raw = averages_raw
        self.networks = [member.network for member in estimator.members_]
        self._weights = estimator.member_weights_
        self.target = estimator._target

    def inputs(self, X):
        """Return the inputs of the networks for a table, as ``TableInputs``."""
        return TableInputs(self._estimator, X)

    # ---- outputs, from the raw predictions of each network

    def value(self, output, raws, after_link):
        """Return an output of the ensemble, of shape (n_samples,), as ``Target.value`` does."""
        if self._averages_raw:
            return self.target.value(output, self._mean(raws), after_link)
        return self._mean([self.target.value(output, raw, after_link) for raw in raws])

    def slopes(self, output, raws, after_link):
        """Return the gradients of an output for the raw predictions of each network."""
        if self._averages_raw:
            raws = [self._mean(raws)] * len(raws)
        return [
            weight * self.target.slope(output, raw, after_link)
            for weight, raw in zip(self._weights, raws, strict=True)
        ]

    def _mean(self, of_members):
        return np.average(of_members, axis=0, weights=self._weights)

    # ---- categories

    def position_of_category(self, feature):
        """Return the position of a categorical feature, given its name or position."""
        estimator = self._estimator
        names = list(getattr(estimator, "feature_names_in_", ()))
        positions = np.flatnonzero(estimator.encoder_.categorical_features_).tolist()
        j = names.index(feature) if feature in names else feature
        if isinstance(j, str | bool) or j not in positions:
            known = [names[j] for j in positions] if names else positions
            raise ValueError(
                f"feature={feature!r} is not a categorical feature. The categorical features are "
                f"{known}."
            )
        return int(j)

    def levels(self, j):
        """Return the levels of the categorical feature at position ``j``; None is missing."""
        return self._levels(j)[1].names

    def _levels(self, j):
        """Return the position of feature ``j`` among the categorical features, and its levels."""
        encoder = self._estimator.encoder_
        c = int(np.searchsorted(np.flatnonzero(encoder.categorical_features_), j))
        return c, encoder._levels[c]

    def inputs_by_level(self, X, j):
        """Yield the inputs of the networks for a table, with each level in turn in all rows."""
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
    """Store the inputs for the rows of a table, and propagate gradients to the features.

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
            # The slope of a constant number is 0, so its position is arbitrary.
            self._positions = np.maximum(np.cumsum(estimator._preprocessing.varies)[first] - 1, 0)
            self._slopes = scaler._slopes(encoder._numbers_of_features(X), first)

    def gradient(self, of_inputs, start, stop):
        """Convert a gradient with respect to the inputs to one with respect to the features.

        ``start`` and ``stop`` are the limits of the rows. The gradient is NaN for categories and
        missing values, and 0 for constant features.
        """
        if not self._is_scaled:
            return of_inputs
        gradient = np.full((len(of_inputs), self.n_features), np.nan)
        if len(self._numeric):
            of_numbers = of_inputs[:, self._positions]
            gradient[:, self._numeric] = of_numbers * self._slopes[start:stop]
        return gradient
