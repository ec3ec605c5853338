"""Training of the members in parallel."""

from dataclasses import replace
from time import perf_counter

import numpy as np

from ..data import (
    can_stratify,
    check_known_columns,
    lasting_split,
    sides_of_all,
    split_positions,
)
from ..network import FittedNetwork
from ..training import NothingLearned, Training, row_threads, short_turns
from .temperature import temperature


def train_members(plan, starts, progress, *, keep_starts):
    """Train networks as long as the time lasts, on as many threads as the BLAS may use.

    Parameters
    ----------
    plan : Plan
        The plan of the fit. Networks that its budget does not require are left out of the ensemble
        if their training diverges, because their recipe is not the user's choice.

    starts : dict
        Start of the training of each network that may be trained, by its number.

    progress : EnsembleProgress
        Reports the progress of all networks and stores their outcomes, including that of an
        interrupted network if it completed an epoch.

    keep_starts : bool
        Whether a later fit continues from the states of ``starts``. Otherwise, each is removed
        when its network is trained, because it needs twice the memory of the network.
    """

    def train(number):
        if progress.stopped or not plan.budget.allows(number):
            return
        begin = perf_counter()
        try:
            start = starts[number] if keep_starts else starts.pop(number)
            _train_member(plan, number, start, progress)
        except BaseException as error:
            if plan.budget.requires(number) or not isinstance(error, NothingLearned):
                progress.stop(error)
                raise
            progress.member_diverges(number)
        plan.budget.add(perf_counter() - begin)

    with row_threads(max_threads=len(starts)) as threads, short_turns(threads):
        try:
            threads.map(train, list(starts))
        except BaseException as error:
            progress.stop(error)
            raise


def _train_member(plan, number, start, progress):
    design = plan.designs[number]
    training = _new_training(plan, design, number, start)

    def member(reason, copied=False):
        return start.whole_story(_member(plan, training, reason, copied))

    tasks = progress.member_tasks(number, design.recipe.n_epochs, training.monitor, member)
    try:
        stop = training.run(tasks)
    except NothingLearned:
        tasks.finish()
        raise
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


def _new_training(plan, design, number, start):
    """Return the training of one network, with its own initial weights and validation rows."""
    rows, recipe = plan.rows, design.recipe
    sample, held_out = rows.sample, rows.held_out
    network, parameters = start.begin(design.network, sample.rows.dtype)
    if held_out is None and recipe.early_stopping:
        sample, held_out = map(sample.select, _split(plan, number, start.state))
        check_known_columns(sample)
    return Training(
        network, plan.target, recipe, start.state, parameters, sample, held_out=held_out
    )


def _split(plan, number, state):
    """Return the positions of the training rows and the validation rows of a network.

    A random split is that of the continued fit, if there is one. It is stratified unless a class
    is too small.
    """
    if plan.rows.splits is not None:
        return plan.rows.splits[plan.rows.split_number(number)]
    rows, fraction, among = plan.rows.sample.rows, plan.rows.validation_fraction, plan.rows.among

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
    factor = 1 / temperature(raw, mean_loss, plan.validation_loss)
    fitted = outcome.network
    *below, last = fitted.layers
    last = tuple(array * array.dtype.type(factor) for array in last)
    softened = FittedNetwork(fitted.network, [*below, last], fitted.dtype)
    return replace(outcome, network=softened)
