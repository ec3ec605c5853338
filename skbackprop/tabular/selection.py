"""Selection of the members by their loss on rows that they have not seen."""

from dataclasses import dataclass

import numpy as np

from ..training import ValidationLoss, row_threads
from .ensemble import Ensemble

# Number of members, with repetitions, that are chosen at most from those of a fold.
_MOST_CHOSEN = 25


def selected_by_loss(plan, members):
    """Return the ensemble of the members that are selected greedily, with their weights.

    The members of each split are selected by the loss of the mean of their raw predictions for
    its validation rows, on which none of them was trained. Every split has the same total weight.

    Parameters
    ----------
    plan : Plan
        The plan of the fit.

    members : dict of Outcome
        Trained members by number.

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
        [plan.designs.recipes[number] for number in chosen],
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
    selection, X, losses = GreedySelection(ValidationLoss(loss, held_out)), held_out.X, []
    for network in networks:
        selection.add(network.raw_prediction(X))
        losses.append(selection.loss)
    return _Path(losses, selection.weights, selection.mean)


class GreedySelection:
    """Select members greedily from a growing list.

    In each step, the member that makes the mean of the chosen ones best is chosen, possibly again.
    A further member changes only the steps from the first one in which it would be chosen.

    Parameters
    ----------
    mean_loss : callable
        Returns the mean loss of raw predictions.

    Attributes
    ----------
    loss : float
        Smallest loss of any step, for any number of members so far.

    weights : ndarray of shape (n_members,)
        Weights of the members in this step; their sum is 1.

    mean : ndarray
        Their mean raw predictions in this step.
    """

    def __init__(self, mean_loss):
        self._mean_loss = mean_loss
        self._raws = []
        self.loss, self.weights, self.mean = np.inf, None, None
        # Of each step: the member that was chosen, the loss, and the sum of all chosen so far.
        self._chosen, self._losses, self._sums = [], [], []

    def add(self, raw):
        """Add the raw predictions of a further member."""
        newest = len(self._raws)
        self._raws.append(raw)
        if newest:
            self.weights = np.append(self.weights, 0.0)
        for step in range(max(1, len(self._losses))):
            loss = self._loss_with(newest, step)
            if not newest or loss < self._losses[step]:
                self._choose_again_from(step, newest, loss)
                self._keep_best(is_first=not newest)
                return

    def _keep_best(self, is_first):
        n_chosen = int(np.argmin(self._losses)) + 1
        loss = self._losses[n_chosen - 1]
        if is_first or loss < self.loss:
            self.loss, self.mean = loss, self._sums[n_chosen - 1] / n_chosen
            counts = np.bincount(self._chosen[:n_chosen], minlength=len(self._raws))
            self.weights = counts / n_chosen

    def _choose_again_from(self, step, member, loss):
        """Repeat the steps from this one, in which ``member`` is chosen, with this loss."""
        del self._chosen[step:], self._losses[step:], self._sums[step:]
        self._choose(member, loss)
        members = range(len(self._raws))
        for later in range(step + 1, _MOST_CHOSEN):
            losses = [self._loss_with(k, later) for k in members]
            k = int(np.argmin(losses))
            self._choose(k, losses[k])

    def _choose(self, member, loss):
        sums, raw = self._sums, self._raws[member]
        sums.append(sums[-1] + raw if sums else raw)
        self._chosen.append(member)
        self._losses.append(loss)

    def _loss_with(self, member, step):
        """Return the loss if this member is chosen in a step; infinite if it is not a number."""
        raw = self._raws[member]
        loss = self._mean_loss((self._sums[step - 1] + raw) / (step + 1) if step else raw)
        return np.inf if np.isnan(loss) else loss


def _curve(groups, paths):
    """Return the mean loss of the splits that have a member, for each number of members."""
    latest, curve = {}, []
    ends = sorted((number, split) for split, numbers in groups.items() for number in numbers)
    for number, split in ends:
        latest[split] = paths[split].losses[groups[split].index(number)]
        curve.append(float(np.mean(list(latest.values()))))
    return curve
