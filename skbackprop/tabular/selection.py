"""Selection of the members by their loss on rows that they have not seen."""

from dataclasses import dataclass

import numpy as np

from ..training import ValidationLoss, row_threads

# Number of members, with repetitions, that are chosen at most from those of a fold.
_MOST_CHOSEN = 25


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


def selected_by_loss(plan, members, recipes):
    """Return the ensemble of the members that are selected greedily, with their weights.

    The members of each split are selected by the loss of the mean of their raw predictions for
    its validation rows, on which none of them was trained. Every split has the same total weight.

    Parameters
    ----------
    plan : Plan
        The plan of the fit.

    members : dict of Outcome
        Trained members by number.

    recipes : MemberRecipes
        Recipes by number.

    References
    ----------
    Caruana, Niculescu-Mizil, Crew & Ksikes (2004), "Ensemble selection from libraries of models",
    ICML.
    """
    groups = {}
    for number in members:
        groups.setdefault(plan.rows.split_number(number), []).append(number)

    def select(split):
        networks = [members[number].network for number in groups[split]]
        return _path_of_split(plan.rows.held_out_of(split), plan.validation_loss, networks)

    with row_threads(max_threads=len(groups)) as threads:
        paths = dict(zip(groups, threads.map(select, list(groups)), strict=True))
    weights = {}
    for split, numbers in groups.items():
        weights |= zip(numbers, paths[split].weights / len(groups), strict=True)
    chosen = [number for number in members if weights[number] > 0]
    return Ensemble(
        [members[number] for number in chosen],
        np.array([weights[number] for number in chosen]),
        [recipes[number] for number in chosen],
        _curve(groups, paths),
        plan.rows.of_held_out({split: path.mean for split, path in paths.items()}),
    )


@dataclass(frozen=True)
class _Path:
    """Store what was selected from the members of a split.

    ``losses`` are those of the best ensembles of the first members, for each number of them. The
    last ensemble has the ``weights``, and its raw predictions are the ``mean``.
    """

    losses: list
    weights: np.ndarray
    mean: np.ndarray


def _path_of_split(held_out, loss, networks):
    mean_loss = ValidationLoss(loss, held_out)
    raws = [network.raw_prediction(held_out.X) for network in networks]
    losses, weights = [np.inf], None
    for k in range(1, len(raws) + 1):
        loss, found = greedy_weights(raws[:k], mean_loss)
        if loss < losses[-1]:
            weights = found
        losses.append(min(loss, losses[-1]))
    weights = np.append(weights, np.zeros(len(raws) - len(weights)))
    return _Path(losses[1:], weights, np.average(raws, axis=0, weights=weights))


def greedy_weights(raws, mean_loss):
    """Return the smallest loss that greedy selection finds, and the weights of the members.

    In each step, the member that makes the mean of the chosen ones best is chosen, possibly again.

    Parameters
    ----------
    raws : list of ndarray
        Raw predictions of each member.

    mean_loss : callable
        Returns the mean loss of raw predictions.
    """
    total, counts = 0.0, np.zeros(len(raws))
    best, best_counts = np.inf, counts
    for n_chosen in range(_MOST_CHOSEN):
        losses = [mean_loss((total + raw) / (n_chosen + 1)) for raw in raws]
        k = int(np.argmin(losses))
        total = total + raws[k]
        counts[k] += 1
        if losses[k] < best:
            best, best_counts = losses[k], counts.copy()
    return best, best_counts / best_counts.sum()


def _curve(groups, paths):
    """Return the mean loss of the splits that have a member, for each number of members."""
    latest, curve = {}, []
    ends = sorted((number, split) for split, numbers in groups.items() for number in numbers)
    for number, split in ends:
        latest[split] = paths[split].losses[groups[split].index(number)]
        curve.append(float(np.mean(list(latest.values()))))
    return curve
