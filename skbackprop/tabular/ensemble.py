"""Members of a fitted ensemble, with their weights and curves."""

from dataclasses import dataclass
from itertools import zip_longest

import numpy as np


@dataclass(frozen=True)
class Ensemble:
    """Store the members of an ensemble.

    Attributes
    ----------
    members : list of Outcome
        The members.

    weights : ndarray of shape (n_members,)
        Their weights, whose sum is 1.

    recipes : list of dict
        Their recipes.

    curve : list of float or None
        Validation loss of the ensemble selected from the first members, for each number of them.
        None without a selection.

    held_out_raw : ndarray of shape (n_given, n_raw) or None
        Mean raw predictions for the rows of the training data by the members that held them out;
        NaN for rows that none did. None without a selection, or if the validation data are others.
    """

    members: list
    weights: np.ndarray
    recipes: list
    curve: list | None = None
    held_out_raw: np.ndarray | None = None

    @classmethod
    def of_all(cls, members, recipes):
        """Return an ensemble with equal weights; ``members`` are outcomes by number."""
        weights = np.full(len(members), 1 / len(members))
        return cls(list(members.values()), weights, [recipes[number] for number in members])


def mean_curve(curves):
    """Return the mean of each epoch, over the members that reached it."""
    if len(set(map(len, curves))) == 1:
        return np.mean(curves, axis=0).tolist()
    return [
        float(np.mean([value for value in epoch if value is not None]))
        for epoch in zip_longest(*curves)
    ]
