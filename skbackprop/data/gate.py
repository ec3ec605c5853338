"""The one way of data into a fit: checked, encoded by the target, weighted.

Training data, further batches, validation data and what inspection is given with targets pass
the functions here, in memory and on the workers of a cluster, so that what is refused in one is
refused in all.
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
    """What the user gave to ``fit`` or ``partial_fit``, as it was given.

    Attributes
    ----------
    X, y, sample_weight : object
        Training data.

    X_val, y_val, sample_weight_val : object
        Validation data; None without.

    is_part : bool
        Whether this is a call of ``partial_fit``, so that not all classes need to be there.

    classes : object
        All classes there will be, where they are declared.

    groups : object
        Group of each row of the training data, for a splitter; None without.
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
        """Whether there are validation data.

        Raises
        ------
        ValueError
            Where there is only a part of them.
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
    """Validated features, target and weights (None for ones) of some rows.

    Where targets are missing, any other is in their place, and weights are those of the targets,
    of the shape of ``y``: 0 for what is missing.
    """

    X: object
    y: np.ndarray
    sample_weight: np.ndarray | None

    def positions_that_count(self):
        """Positions of the rows with a weight above 0, for one of their targets at least."""
        weight = self.sample_weight
        if weight is None:
            return np.arange(self.y.shape[0])
        return np.flatnonzero(weight if weight.ndim == 1 else weight.any(axis=1))

    def without_zero_weights(self):
        """The rows that count, so that nothing in the others is looked at."""
        kept = self.positions_that_count()
        if len(kept) == self.y.shape[0]:
            return self
        return Checked(rows_of(self.X, kept), self.y[kept], self.sample_weight[kept])


def check_data(estimator, X, y, sample_weight, *, reset, is_part=False, target=None):
    """Check data of an estimator whose features are numbers, as they were given.

    Number and names of features are compared with those of the estimator, or set where ``reset``.
    Where ``is_part`` says that there are more data, all weights of these may be 0. Without the
    ``target`` of a fit, targets may be missing, but not all of a column.
    """
    if estimator.missing_targets == "error":
        X, y = check_features_and_target(estimator, X, y, reset=reset)
        return Checked(X, y, check_weight(sample_weight, X, all_zero=is_part))
    y, weight = fill_missing(X, y, sample_weight, target, all_zero=is_part)
    return Checked(*check_features_and_target(estimator, X, y, reset=reset), weight)


def float_type(wanted, X_dtype, earlier):
    """Floating-point type of a fit: the wanted one, or that of the fit it continues, or of X."""
    if wanted is not None:
        return np.dtype(wanted)
    if earlier is not None:
        return earlier
    return np.dtype(np.float32 if X_dtype == np.float32 else np.float64)


def loss_weight(target, encoded, sample_weight):
    """Weights in the loss: those of the rows times those of the classes; None for ones.

    Their shape is (n_samples, 1), or (n_samples, n_outputs) where single targets have weights.
    """
    of_rows = sample_weight
    if of_rows is not None and of_rows.ndim == 1:
        of_rows = of_rows[:, np.newaxis]
    of_classes = target.row_weight(encoded)
    if of_rows is None or of_classes is None:
        return of_rows if of_classes is None else of_classes
    return of_classes * of_rows


def sample_of(checked, target, dtype):
    """Checked data as a sample, encoded by the target; rows of weight zero are included."""
    encoded = target.encode(checked.y, dtype)
    sample_weight = checked.sample_weight
    weight = loss_weight(target, encoded, sample_weight)
    if weight is not None:
        weight = _as_type(weight, dtype)
        if weight.shape[1] == 1:
            sample_weight = weight[:, 0]
    return Sample(checked.y, sample_weight, Rows(checked.X, encoded, weight, dtype))


def _as_type(weight, dtype):
    with np.errstate(over="ignore"):  # infinite then, and refused
        weight = weight.astype(dtype)
    if not np.isfinite(weight).all():
        raise ValueError(
            f"sample_weight or class_weight has values too large for dtype={np.dtype(dtype).name}."
        )
    return weight


def counted(sample):
    """The sample without the rows of weight zero."""
    weight = sample.rows.sample_weight
    if weight is not None and not weight.any():
        raise ValueError("class_weight and sample_weight leave no sample a weight above 0.")
    return sample.without_zero_weights()


def check_known_columns(training):
    """Refuse the training part of a split if no target of a column is known there."""
    weight = training.sample_weight
    if weight is not None and weight.ndim == 2 and not (known := weight.any(axis=0)).all():
        raise ValueError(
            f"The split for validation leaves no known target in column {int(np.argmin(known))} "
            "of y to train on. Give validation data to fit as X_val and y_val."
        )


class Gate:
    """The way of data in memory into the fit of an estimator, which says what ``y`` means."""

    def __init__(self, estimator):
        self._estimator = estimator

    def training(self, given, known, earlier_dtype):
        """Target and sample of training data.

        ``known`` is the target of an earlier fit, or None; a fit that goes on is known by its
        ``earlier_dtype``.
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
        """Sample of validation data."""
        with about("X_val, y_val or sample_weight_val"):
            checked = check_data(
                *(self._estimator, given.X_val, given.y_val, given.sample_weight_val),
                reset=False,
                target=target,
            )
            return counted(sample_of(checked, target, dtype))

    def split(self, given, sample, target, state):
        """Training and validation part; the same rows as in the fit that is continued."""
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
        """The user's split; rows in neither part of it, or unknown to the splitter, stay out."""
        counts = np.isin(np.arange(n_given), positions)
        (split,) = chosen_splits(self._estimator.validation, given, sample.y, counts)
        return *split, np.setdiff1d(np.arange(n_given), np.concatenate(split))
