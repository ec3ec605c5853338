"""Splits of the rows into those to train on and those to validate with."""

import numpy as np
from sklearn.model_selection import train_test_split

from ..utils import warn


def split_positions(strata, n_samples, validation_fraction, random_state):
    """Positions of training and validation rows, drawn as scikit-learn draws them.

    ``strata`` are classes to keep in proportion, or None; where a class is too small for that, a
    warning is given instead.
    """
    n_validation = int(np.ceil(n_samples * validation_fraction))
    if n_validation < 2 or n_validation >= n_samples:
        raise ValueError(
            "The validation set is too small. Increase 'validation_fraction' or the size of your "
            f"dataset: validation_fraction={validation_fraction} of {n_samples} samples leaves "
            f"{n_validation} for validation, where at least 2, and 1 for training, are needed. Or "
            "give validation data to fit as X_val and y_val."
        )
    if strata is not None and not can_stratify(strata, n_validation):
        warn(
            "The early-stopping split is not stratified: a class has fewer than 2 samples, or "
            "there are more classes than samples on one side of the split. Give validation data "
            "to fit as X_val and y_val to choose them yourself.",
        )
        strata = None
    return train_test_split(
        np.arange(n_samples),
        test_size=validation_fraction,
        random_state=random_state,
        stratify=strata,
    )


def lasting_split(state, positions, n_given, draw):
    """Positions, among the rows that count, of those to train on and those to validate with.

    ``positions`` are those of the rows that count among all ``n_given`` ones, and the split in
    ``state`` is one of all: in a fit that goes on, no row changes sides, whatever the weights have
    become. ``draw()`` makes it: training rows, validation rows, and perhaps rows to leave out.
    """
    if state.split is None or sum(map(len, state.split)) != n_given:
        state.split = draw()
    training, validation = split_among(positions, state.split[:2], n_given)
    if not (len(training) and len(validation)):
        raise ValueError(
            "The weights leave no row of the split that warm_start goes on with to train on, or "
            "none to validate with. Give validation data to fit as X_val and y_val, or set "
            "warm_start=False."
        )
    return training, validation


def sides_of_all(split, positions, n_given):
    """A split of the rows that count as one of all: the others are to be trained on.

    A row that counts only later may then be trained on, since it was drawn to neither side.
    """
    training, validation = (positions[part] for part in split)
    others = np.setdiff1d(np.arange(n_given), positions)
    return np.append(training, others), validation


def split_among(positions, split, n_given):
    """A split of all ``n_given`` rows as one of those at some positions: the others drop out."""
    place = np.full(n_given, -1)
    place[positions] = np.arange(len(positions))
    return tuple(part[part >= 0] for part in (place[side] for side in split))


def can_stratify(strata, n_validation):
    """Whether each class can be kept in proportion when so many rows are set aside."""
    counts = np.unique(strata, return_counts=True)[1]
    return counts.min() >= 2 and len(counts) <= min(n_validation, len(strata) - n_validation)
