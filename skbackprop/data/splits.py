"""Splits of the rows into training and validation rows."""

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state

from ..utils import warn


def split_positions(strata, n_samples, validation_fraction, random_state):
    """Draw positions of training and validation rows in the same way as scikit-learn.

    ``strata`` are the classes for stratification, or None. If a class is too small, the split is
    not stratified, with a warning.
    """
    n_validation = int(np.ceil(n_samples * validation_fraction))
    if n_validation < 2 or n_validation >= n_samples:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the size of your "
            f"dataset: validation_fraction={validation_fraction} of {n_samples} samples leaves "
            f"{n_validation} for validation, but at least 2 are needed, and 1 for training. You "
            "can also pass validation data to fit as X_val and y_val."
        )
    if strata is not None and not can_stratify(strata, n_validation):
        warn(
            "The early-stopping split is not stratified: a class has fewer than 2 samples, or "
            "there are more classes than samples on one side of the split. To choose the "
            "validation data yourself, pass them to fit as X_val and y_val.",
        )
        strata = None
    return train_test_split(
        np.arange(n_samples),
        test_size=validation_fraction,
        random_state=random_state,
        stratify=strata,
    )


def folds(strata, n_samples, n_folds, random_state):
    """Divide the rows at random into folds; each split has one of them for validation.

    ``strata`` are classes, which are distributed evenly over the folds, or None. With few rows,
    there are fewer folds, of at least 2 rows.

    Returns
    -------
    splits : list of tuples of ndarrays
        Positions of the training rows and of the validation rows of each split.
    """
    n_folds = min(n_folds, n_samples // 2)
    if n_folds < 2:
        raise ValueError(
            f"{n_samples} samples are too few for folds; at least 4 are needed. You can also pass "
            "validation data to fit as X_val and y_val."
        )
    order = check_random_state(random_state).permutation(n_samples)
    if strata is not None:
        order = order[np.argsort(strata[order], kind="stable")]
    fold = np.empty(n_samples, dtype=int)
    fold[order] = np.arange(n_samples) % n_folds
    return [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(n_folds)]


def lasting_split(state, positions, n_given, draw):
    """Return positions of training and validation rows among the rows with a weight above 0.

    ``positions`` are the positions of these rows among all ``n_given`` rows. The split in
    ``state`` is one of all rows, so that no row changes sides in a continued fit even if weights
    change. ``draw()`` makes it: training rows, validation rows, and optionally rows to leave out.
    """
    if state.split is None or sum(map(len, state.split)) != n_given:
        state.split = draw()
    training, validation = split_among(positions, state.split[:2], n_given)
    if not (len(training) and len(validation)):
        raise ValueError(
            "warm_start keeps the split of the previous fit, but with the current weights one "
            "part of it has no row with a weight above 0. Pass validation data to fit as X_val "
            "and y_val, or set warm_start=False."
        )
    return training, validation


def sides_of_all(split, positions, n_given):
    """Extend a split of the rows with a weight above 0 to all rows.

    The other rows become training rows, because they were not drawn for validation. They are used
    if they have a weight in a later fit.
    """
    training, validation = (positions[part] for part in split)
    others = np.setdiff1d(np.arange(n_given), positions)
    return np.append(training, others), validation


def split_among(positions, split, n_given):
    """Restrict a split of all ``n_given`` rows to the rows at some positions."""
    place = np.full(n_given, -1)
    place[positions] = np.arange(len(positions))
    return tuple(part[part >= 0] for part in (place[side] for side in split))


def can_stratify(strata, n_validation):
    """Return whether a split with so many validation rows can be stratified."""
    counts = np.unique(strata, return_counts=True)[1]
    return counts.min() >= 2 and len(counts) <= min(n_validation, len(strata) - n_validation)
