"""Checks, encoding and weights of all data that enter a fit.

Training data, further batches, validation data and data for inspection pass these functions, in
memory and on the workers of a cluster, so that the same data are refused everywhere.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..utils import about, check_features_and_target, check_weight, fill_missing, rows_of
from .chosen_splits import chosen_splits
from .rows import Rows
from .sample import Sample
from .splits import lasting_split, sides_of_all, split_positions


@dataclass(frozen=True)
class GivenData:
    """Hold the unchecked arguments of ``fit`` or ``partial_fit``.

    Attributes
    ----------
    X, y, sample_weight : object
        Training data.

    X_val, y_val, sample_weight_val : object
        Validation data, or None.

    is_part : bool
        Whether this is a call of ``partial_fit``, whose data need not contain all classes.

    classes : object
        All classes, as declared in ``partial_fit``, or None.

    groups : object
        Group of each row of the training data, for a splitter, or None.
    """

    X: object
    y: object
    sample_weight: object = None
    X_val: object = None
    y_val: object = None
    sample_weight_val: object = None
    is_part: bool = False
    classes: object = None
    groups: object = None

    @property
    def has_validation(self):
        """Return whether there are validation data.

        Raises
        ------
        ValueError
            If only one of ``X_val`` and ``y_val`` is given.
        """
        given = {
            name: value
            for name, value in vars(self).items()
            if name.endswith("_val") and value is not None
        }
        if given and not {"X_val", "y_val"} <= given.keys():
            raise ValueError(
                "Validation data need both X_val and y_val, but only "
                f"{' and '.join(given)} was given."
            )
        return bool(given)


class Checked(NamedTuple):
    """Hold validated features, target and weights (None for ones).

    If targets are missing, they are replaced by arbitrary valid values, and the weights have the
    shape of ``y``, with 0 for missing targets.
    """

    X: object
    y: np.ndarray
    sample_weight: np.ndarray | None

    def positions_that_count(self):
        """Return the positions of the rows with a weight above 0 for at least one target."""
        weight = self.sample_weight
        if weight is None:
            return np.arange(self.y.shape[0])
        return np.flatnonzero(weight if weight.ndim == 1 else weight.any(axis=1))

    def without_zero_weights(self):
        """Return the rows with a weight above 0, so that the others are never read."""
        kept = self.positions_that_count()
        if len(kept) == self.y.shape[0]:
            return self
        return Checked(rows_of(self.X, kept), self.y[kept], self.sample_weight[kept])


def check_data(estimator, X, y, sample_weight, *, reset, is_part=False, target=None):
    """Check the data of an estimator with numeric features.

    With ``reset``, number and names of the features are set, otherwise they are compared with
    those of the estimator. With ``is_part``, all weights may be 0, because there are more data.
    Without the ``target`` of a fit, each column needs a known target.
    """
    if estimator.missing_targets == "error":
        X, y = check_features_and_target(estimator, X, y, reset=reset)
        return Checked(X, y, check_weight(sample_weight, X, all_zero=is_part))
    y, weight = fill_missing(X, y, sample_weight, target, all_zero=is_part)
    return Checked(*check_features_and_target(estimator, X, y, reset=reset), weight)


def float_type(wanted, X_dtype, earlier):
    """Return the floating-point type of a fit: as requested, of the earlier fit, or of X."""
    if wanted is not None:
        return np.dtype(wanted)
    if earlier is not None:
        return earlier
    return np.dtype(np.float32 if X_dtype == np.float32 else np.float64)


def loss_weight(target, encoded, sample_weight):
    """Return the weights in the loss, row weights times class weights, or None for ones.

    The shape is (n_samples, 1), or (n_samples, n_outputs) if single targets have weights.
    """
    of_rows = sample_weight
    if of_rows is not None and of_rows.ndim == 1:
        of_rows = of_rows[:, np.newaxis]
    of_classes = target.row_weight(encoded)
    if of_rows is None or of_classes is None:
        return of_rows if of_classes is None else of_classes
    return of_classes * of_rows


def sample_of(checked, target, dtype):
    """Encode checked data and return them as a sample, including rows of weight 0."""
    encoded = target.encode(checked.y, dtype)
    sample_weight = checked.sample_weight
    weight = loss_weight(target, encoded, sample_weight)
    if weight is not None:
        weight = _as_type(weight, dtype)
        if weight.shape[1] == 1:
            sample_weight = weight[:, 0]
    return Sample(checked.y, sample_weight, Rows(checked.X, encoded, weight, dtype))


def _as_type(weight, dtype):
    with np.errstate(over="ignore"):  # infinite weights are refused below
        weight = weight.astype(dtype)
    if not np.isfinite(weight).all():
        raise ValueError(
            f"sample_weight or class_weight has values too large for dtype={np.dtype(dtype).name}."
        )
    return weight


def counted(sample):
    """Return the sample without the rows of weight 0."""
    weight = sample.rows.sample_weight
    if weight is not None and not weight.any():
        raise ValueError("class_weight and sample_weight give all samples the weight 0.")
    return sample.without_zero_weights()


def check_known_columns(training):
    """Raise ValueError if a column has no known target in the training part of a split."""
    weight = training.sample_weight
    if weight is not None and weight.ndim == 2 and not (known := weight.any(axis=0)).all():
        raise ValueError(
            f"The validation split leaves no known target in column {int(np.argmin(known))} "
            "of y to train on. Pass validation data to fit as X_val and y_val."
        )


class Gate:
    """Check and encode data in memory for the fit of an estimator, which makes the target."""

    def __init__(self, estimator):
        self._estimator = estimator

    def training(self, given, known, earlier_dtype):
        """Return target and sample of training data.

        ``known`` is the target of an earlier fit, or None. ``earlier_dtype`` is None unless the
        fit continues an earlier one.
        """
        estimator, begins = self._estimator, earlier_dtype is None
        checked = check_data(
            *(estimator, given.X, given.y, given.sample_weight),
            reset=begins,
            target=known if given.is_part else None,
        )
        target = estimator._target_for(checked, known, given)
        dtype = float_type(estimator.dtype, checked.X.dtype, earlier_dtype)
        return target, counted(sample_of(checked, target, dtype))

    def validation(self, given, target, dtype):
        """Return the sample of validation data."""
        with about("X_val, y_val or sample_weight_val"):
            checked = check_data(
                *(self._estimator, given.X_val, given.y_val, given.sample_weight_val),
                reset=False,
                target=target,
            )
            return counted(sample_of(checked, target, dtype))

    def split(self, given, sample, target, state):
        """Split a sample into training and validation part; a continued fit keeps its split."""
        rows = sample.rows
        n_given = rows.X.shape[0]
        positions = np.arange(n_given) if rows.subset is None else rows.subset

        def draw():
            estimator = self._estimator
            if estimator.validation is not None:
                return self._chosen(given, sample, positions, n_given)
            strata, fraction = target.strata(rows.targets()[0]), estimator.validation_fraction
            split = split_positions(strata, len(rows), fraction, state.random_state)
            return sides_of_all(split, positions, n_given)

        parts = [sample.select(part) for part in lasting_split(state, positions, n_given, draw)]
        check_known_columns(parts[0])
        return parts

    def _chosen(self, given, sample, positions, n_given):
        """Return the split in ``validation``, and the rows that are in neither part."""
        counts = np.isin(np.arange(n_given), positions)
        (split,) = chosen_splits(self._estimator.validation, given, sample.y, counts)
        return *split, np.setdiff1d(np.arange(n_given), np.concatenate(split))
