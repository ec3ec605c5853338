"""Checks of a table and its targets, before anything is learned from them."""

from copy import copy

from sklearn.utils import check_consistent_length
from sklearn.utils.validation import validate_data

from ..data import Checked
from ..utils import check_target, check_weight, fill_missing


def check_table(estimator, X, y, sample_weight, target=None):
    """Check a table, its targets and weights; ravel a column of targets, with a warning.

    Without the ``target`` of a previous fit, each column needs at least one known target.
    """
    ignores_missing = estimator.missing_targets == "ignore"
    if ignores_missing:
        y, weight = fill_missing(X, y, sample_weight, target)
    # On a copy: without X, validate_data deletes the feature names.
    y = check_target(estimator, validate_data(copy(estimator), y=y, multi_output=True))
    check_consistent_length(X, y)
    return Checked(X, y, weight if ignores_missing else check_weight(sample_weight, X))
