"""Training of the ensemble members in parallel."""

from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np

from ..data import (
    Sample,
    can_stratify,
    check_known_columns,
    chosen_splits,
    lasting_split,
    sides_of_all,
    split_among,
    split_positions,
)
from ..network import FittedNetwork, Network
from ..targets import Target
from ..training import Recipe, Training, row_threads, short_turns
from .temperature import temperature


@dataclass(frozen=True)
class Among:
    """Locate the rows of a sample among the rows that were passed to ``fit``.

    ``positions`` are the positions of the sample's rows, ``n_given`` is the number of rows passed
    to ``fit``, including those with weight 0.
    """

    positions: np.ndarray
    n_given: int

    @classmethod
    def of(cls, all_rows, sample):
        """Locate a sample of the rows with a weight in ``all_rows``, a Checked."""
        positions, subset = all_rows.positions_that_count(), sample.rows.subset
        return cls(positions if subset is None else positions[subset], all_rows.y.shape[0])

    def chosen_splits(self, settings, given, sample):
        """Return the splits of the sample by ``validation``; None for random ones.

        ``settings`` is an estimator, of which only hyper-parameters are read.
        """
        if settings.validation is None or given.is_part:
            return None
        counts = np.isin(np.arange(self.n_given), self.positions)
        chosen = chosen_splits(settings.validation, given, sample.y, counts, settings.n_members)
        return [split_among(self.positions, split, self.n_given) for split in chosen]


def n_trained_on(settings, n_rows, held_out, splits):
    """Return the minimum number of training rows of a network, and whether it has validation rows.

    ``settings`` is an estimator, of which only hyper-parameters are read.
    """
    if splits is not None:
        return min(len(training) for training, _ in splits), True
    n_set_aside = int(np.ceil(settings.validation_fraction * n_rows))
    if held_out is None and 2 <= n_set_aside < n_rows:
        return n_rows - n_set_aside, True
    return n_rows, held_out is not None


@dataclass(frozen=True)
class Plan:
    """Store what a fit trains: a network for each member, and the data and settings of all.

    ``held_out`` are the validation data of all members. If it is None, network ``i`` uses split
    ``i`` of ``splits``, pairs of positions in the sample, modulo their number. If ``splits`` is
    None too, each network holds out ``validation_fraction`` of the sample.

    If ``calibrated`` is set, which requires classes without an order, raw predictions are divided
    by a temperature.
    """

    networks: list[Network]
    target: Target
    recipe: Recipe
    sample: Sample
    among: Among
    held_out: Sample | None
    splits: list | None
    validation_fraction: float
    calibrated: bool


def train_members(plan, starts, progress):
    """Train a network from each start, on as many threads as the BLAS may use.

    ``starts`` is a dict by the number of the network. ``progress``, an EnsembleProgress, reports
    the progress of all networks and stores their outcomes, including that of an interrupted
    network if it completed an epoch.
    """

    def train(number):
        if progress.stopped:
            return
        try:
            _train_member(plan, number, starts[number], progress)
        except BaseException as error:
            progress.stop(error)
            raise

    with row_threads(max_threads=len(starts)) as threads, short_turns(threads):
        try:
            threads.map(train, list(starts))
        except BaseException as error:
            progress.stop(error)
            raise


def _train_member(plan, number, start, progress):
    training = _new_training(plan, number, start)

    def member(reason, copied=False):
        return start.whole_story(_member(plan, training, reason, copied))

    tasks = progress.member_tasks(number, training.monitor, member)
    try:
        stop = training.run(tasks)
    except KeyboardInterrupt:
        n_iter = training.go_back()
        if n_iter:
            progress.member_ends(number, member(_interrupted(n_iter)))
        raise
    reason = stop.reason
    if progress.interrupted and training.monitor.stop_requested:
        reason = _interrupted(training.monitor.n_iter)
    progress.member_ends(number, member(reason))
    tasks.finish()


def _interrupted(n_iter):
    return f"Interrupted by the user after {n_iter} epochs."


def _new_training(plan, number, start):
    """Return the training of one network, with its own initial weights and validation rows."""
    network, parameters = start.begin(plan.networks[number], plan.sample.rows.dtype)
    sample, held_out = plan.sample, plan.held_out
    if held_out is None and plan.recipe.early_stopping:
        sample, held_out = map(sample.select, _split(plan, number, start.state))
        check_known_columns(sample)
    return Training(
        network, plan.target, plan.recipe, start.state, parameters, sample, held_out=held_out
    )


def _split(plan, number, state):
    """Return the positions of the training rows and the validation rows of a network.

    A random split is that of the continued fit, if there is one. It is stratified unless a class
    is too small.
    """
    if plan.splits is not None:
        return plan.splits[number % len(plan.splits)]
    rows, fraction, among = plan.sample.rows, plan.validation_fraction, plan.among

    def draw():
        strata = plan.target.strata(rows.targets()[0])
        if strata is not None and not can_stratify(strata, int(np.ceil(len(rows) * fraction))):
            strata = None
        split = split_positions(strata, len(rows), fraction, state.random_state)
        return sides_of_all(split, among.positions, among.n_given)

    return lasting_split(state, among.positions, among.n_given, draw)


def _member(plan, training, reason, copied=False):
    """Return the outcome of a training, calibrated on the validation rows.

    Raw predictions are divided by the temperature, at least 1, that minimises the validation loss,
    because a network trained on few rows is overconfident. The division is part of the last layer.
    """
    outcome = training.outcome(reason, copied)
    raw, mean_loss = training.validation_of(outcome.network)
    if raw is None or not plan.calibrated:
        return outcome
    factor = 1 / temperature(raw, mean_loss, plan.recipe.validation_loss)
    fitted = outcome.network
    *below, last = fitted.layers
    last = tuple(array * array.dtype.type(factor) for array in last)
    softened = FittedNetwork(fitted.network, [*below, last], fitted.dtype)
    return replace(outcome, network=softened)


def mean_curve(curves):
    """Return the mean of each epoch, over the members that reached it."""
    if len(set(map(len, curves))) == 1:
        return np.mean(curves, axis=0).tolist()
    return [
        float(np.mean([value for value in epoch if value is not None]))
        for epoch in zip_longest(*curves)
    ]
