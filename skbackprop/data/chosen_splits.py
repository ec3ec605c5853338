"""Splits chosen by the user: a scikit-learn splitter or pairs of positions."""

from itertools import islice

import numpy as np
from sklearn.model_selection import PredefinedSplit
from sklearn.utils import column_or_1d

from ..utils import about, rows_of, warn


def check_validation(validation, given, splits=True):
    """Raise ValueError if ``validation`` would have no effect; warn about unused groups.

    ``splits`` says whether the fit holds out validation rows.
    """
    if validation is None:
        if given.groups is not None:
            warn(
                "groups has no effect because validation is None. Set validation to a splitter "
                "that uses groups, such as GroupKFold(5)."
            )
        return
    if given.has_validation:
        raise ValueError(
            f"{_name(validation)} and X_val exclude each other: both define the validation data. "
            "Set validation=None, or do not pass X_val and y_val."
        )
    if not splits:
        raise ValueError(
            f"{_name(validation)} and early_stopping=False exclude each other: only early "
            "stopping splits the data. Set early_stopping=True or validation=None."
        )


def chosen_splits(validation, given, y, counts, most=1):
    """Return the first splits of the parameter ``validation``.

    A splitter sees only the rows with a weight above 0. Pairs of positions, and
    ``PredefinedSplit``, refer to all rows.

    Parameters
    ----------
    validation : splitter or list of pairs
        The parameter of the estimator.

    given : GivenData
        Data whose ``X`` and ``groups`` are passed to the splitter.

    y : ndarray
        Validated target of the rows with a weight above 0.

    counts : ndarray of bool of shape (n_samples,)
        Whether each row has a weight above 0.

    most : int, default=1
        Largest number of splits to return.

    Returns
    -------
    splits : list of tuples of ndarrays
        Training and validation rows of each split, as positions among all rows. Each part has at
        least one row with a weight above 0.
    """
    groups = _checked_groups(given.groups, len(counts))
    if _is_splitter(validation):
        positions = np.flatnonzero(counts)
        pairs = _pairs_of_splitter(validation, given.X, y, groups, counts, most)
    else:
        positions = np.arange(len(counts))
        pairs = list(islice(validation, most))
    splits = []
    for number, pair in enumerate(pairs):
        what = f"Split {number} of {_name(validation)}"
        split = tuple(positions[part] for part in _checked_pair(pair, what, len(positions)))
        _check_counts(split, what, counts)
        splits.append(split)
    if not splits:
        raise ValueError(f"{_name(validation)} provides no split; at least one is needed.")
    _warn_of_unused_rows(splits, validation, counts)
    return splits


def _is_splitter(validation):
    return hasattr(validation, "split")


def _name(validation):
    """Return the parameter for a message, without long lists of positions."""
    value = f"{type(validation).__name__}(...)" if _is_splitter(validation) else "[...]"
    return f"validation={value}"


def _checked_groups(groups, n_rows):
    if groups is None:
        return None
    with about("groups"):
        groups = column_or_1d(groups)
    if len(groups) != n_rows:
        raise ValueError(f"groups has {len(groups)} entries, but X has {n_rows} rows.")
    return groups


# scikit-learn casts targets to integers to test them; NumPy's warning about large ones is noise.
@np.errstate(all="ignore")
def _pairs_of_splitter(splitter, X, y, groups, counts, most):
    """Split the rows with a weight above 0; return positions among these rows."""
    name = _name(splitter)
    if isinstance(splitter, PredefinedSplit):
        splitter = _predefined(splitter, counts)
    if not counts.all():
        kept = np.flatnonzero(counts)
        X, groups = rows_of(X, kept), None if groups is None else groups[kept]
    try:
        return list(islice(splitter.split(X, y, groups), most))
    except (ValueError, TypeError) as error:
        hint = " Pass groups to fit." if groups is None and "groups" in str(error) else ""
        raise type(error)(f"Invalid {name}: {error}{hint}") from error


def _predefined(splitter, counts):
    """Return the same folds without the rows of weight 0."""
    if len(splitter.test_fold) != len(counts):
        raise ValueError(
            f"{_name(splitter)} has {len(splitter.test_fold)} entries in test_fold, but X has "
            f"{len(counts)} rows."
        )
    return PredefinedSplit(splitter.test_fold[counts])


def _checked_pair(pair, what, n_rows):
    """Check a split and return its training and validation rows, which must not overlap."""
    try:
        training, validation = pair
    except (TypeError, ValueError) as error:
        raise ValueError(f"{what} is not a pair of (train, test) positions: {pair!r}.") from error
    training = _checked_positions(training, f"{what} has training rows", n_rows)
    validation = _checked_positions(validation, f"{what} has validation rows", n_rows)
    in_both = np.intersect1d(training, validation)
    if len(in_both):
        raise ValueError(
            f"{what} has {len(in_both)} rows both in train and in test, the first at position "
            f"{in_both[0]}."
        )
    return training, validation


def _checked_positions(positions, what, n_rows):
    positions = np.asarray(positions)
    if positions.ndim != 1 or (len(positions) and positions.dtype.kind not in "iu"):
        raise ValueError(
            f"{what} that are not a 1-D array of integer positions, but a {positions.ndim}-D "
            f"array of {positions.dtype}."
        )
    positions = positions.astype(np.intp)
    outside = positions[(positions < 0) | (positions >= n_rows)]
    if len(outside):
        raise ValueError(
            f"{what} outside the data: position {outside[0]}, but there are {n_rows} rows."
        )
    if len(np.unique(positions)) < len(positions):
        raise ValueError(f"{what} that occur more than once.")
    return positions


def _check_counts(split, what, counts):
    for part, use in zip(split, ("to train on", "to validate with"), strict=True):
        if not counts[part].any():
            raise ValueError(f"{what} leaves no row {use} with a weight above 0.")


def _warn_of_unused_rows(splits, validation, counts):
    """Warn if at least half of the rows are in no part of the splits that are used."""
    unused = counts.copy()
    for split in splits:
        unused[np.concatenate(split)] = False
    if 2 * unused.sum() >= counts.sum():
        used = "only its first split" if len(splits) == 1 else f"its first {len(splits)} splits"
        warn(
            f"{_name(validation)} leaves {unused.sum()} of {counts.sum()} rows unused: the fit "
            f"uses {used}, in which they are neither training nor validation rows. Pass the split "
            "that you want as a pair of positions: validation=[(train, test)]."
        )
