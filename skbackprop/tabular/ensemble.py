"""Training the networks of a table, side by side."""

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
    """Where the rows of a sample are among those that were given.

    ``positions`` are theirs, ``n_given`` is how many were given, those of weight 0 included.
    """

    positions: np.ndarray
    n_given: int

    @classmethod
    def of(cls, all_rows, sample):
        """That of a sample of the rows of ``all_rows``, which are Checked, that count."""
        positions, subset = all_rows.positions_that_count(), sample.rows.subset
        return cls(positions if subset is None else positions[subset], all_rows.y.shape[0])

    def chosen_splits(self, settings, given, sample):
        """The splits that the user chooses, of the rows of the sample; None for random ones.

        Of ``settings``, an estimator, only hyper-parameters are read.
        """
        if settings.validation is None or given.is_part:
            return None
        counts = np.isin(np.arange(self.n_given), self.positions)
        chosen = chosen_splits(settings.validation, given, sample.y, counts, settings.n_members)
        return [split_among(self.positions, split, self.n_given) for split in chosen]


def n_trained_on(settings, n_rows, held_out, splits):
    """How many rows each network trains on, at least, and whether others validate it.

    Of ``settings``, an estimator, only hyper-parameters are read.
    """
    if splits is not None:
        return min(len(training) for training, _ in splits), True
    n_set_aside = int(np.ceil(settings.validation_fraction * n_rows))
    if held_out is None and 2 <= n_set_aside < n_rows:
        return n_rows - n_set_aside, True
    return n_rows, held_out is not None


@dataclass(frozen=True)
class Plan:
    """What is to be trained: a network for each member, and what these have in common.

    Where no rows are ``held_out`` for all, network ``i`` uses split ``i`` of ``splits``, pairs of
    positions in the sample that begin anew after the last. Where these are None, each network
    sets aside ``validation_fraction`` of the sample.

    Raw predictions that are ``calibrated``, those of classes without an order, are divided by a
    temperature.
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
    """Train a network from each start, on as many threads as the BLAS may use now.

    ``starts`` are by the numbers of the networks.

    ``progress``, an EnsembleProgress, is told of all of them, and is where they end up: one that
    is interrupted, too, if it has completed an epoch.
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
    """The run of one network, with its own starting values and validation rows."""
    network, parameters = start.begin(plan.networks[number], plan.sample.rows.dtype)
    sample, held_out = plan.sample, plan.held_out
    if held_out is None and plan.recipe.early_stopping:
        sample, held_out = map(sample.select, _split(plan, number, start.state))
        check_known_columns(sample)
    return Training(
        network, plan.target, plan.recipe, start.state, parameters, sample, held_out=held_out
    )


def _split(plan, number, state):
    """Positions of the rows that a network trains on, and of those it is validated with.

    Where they are drawn, they are those of the fit that is continued, and stratified, unless a
    class is too small for that.
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
    """The outcome of a run, as sure of itself as its validation rows allow.

    Raw predictions are divided by a temperature, at least 1, that makes the loss of the validation
    rows least: probabilities of a network that has seen few rows are too sure. The division is
    part of the last layer.
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
    """Mean over the members that were trained so long, epoch by epoch."""
    if len(set(map(len, curves))) == 1:
        return np.mean(curves, axis=0).tolist()
    return [
        float(np.mean([value for value in epoch if value is not None]))
        for epoch in zip_longest(*curves)
    ]
