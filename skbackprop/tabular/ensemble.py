"""Training the networks of a table, side by side."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ..data import Sample, can_stratify, check_known_columns, split_positions
from ..network import FittedNetwork, Network
from ..targets import Target
from ..training import Recipe, Training, TrainingState, row_threads, short_turns
from .temperature import temperature


@dataclass(frozen=True)
class Plan:
    """What all networks of a table have in common.

    Each sets aside ``validation_fraction`` of the sample, where no rows are ``held_out`` for all.
    Raw predictions that are ``calibrated``, those of classes, are divided by a temperature.
    """

    network: Network
    target: Target
    recipe: Recipe
    sample: Sample
    held_out: Sample | None
    validation_fraction: float
    calibrated: bool


def train_members(plan, seeds, progress):
    """Train a network for each seed, on as many threads as the BLAS may use now.

    ``progress``, an EnsembleProgress, is told of all of them, and is where they end up: one that
    is interrupted, too, if it has completed an epoch.
    """

    def train(number):
        if progress.stopped:
            return
        try:
            _train_member(plan, number, seeds[number], progress)
        except BaseException as error:
            progress.stop(error)
            raise

    with row_threads(max_threads=len(seeds)) as threads, short_turns(threads):
        try:
            threads.map(train, range(len(seeds)))
        except BaseException as error:
            progress.stop(error)
            raise


def _train_member(plan, number, seed, progress):
    training = _new_training(plan, seed)
    tasks = progress.member_tasks(number, training.monitor, partial(_member, plan, training))
    try:
        stop = training.run(tasks)
    except KeyboardInterrupt:
        n_iter = training.go_back()
        if n_iter:
            progress.member_ends(number, _member(plan, training, _interrupted(n_iter)))
        raise
    reason = stop.reason
    if progress.interrupted and training.monitor.stop_requested:
        reason = _interrupted(training.monitor.n_iter)
    progress.member_ends(number, _member(plan, training, reason))
    tasks.finish()


def _interrupted(n_iter):
    return f"Interrupted by the user after {n_iter} epochs."


def _new_training(plan, seed):
    """The run of one network, with its own starting values and rows set aside.

    These are stratified, unless a class is too small for that.
    """
    state = TrainingState(seed)
    parameters = plan.network.parameters(plan.sample.rows.dtype)
    plan.network.draw(parameters, state.random_state)
    sample, held_out = plan.sample, plan.held_out
    if held_out is None and plan.recipe.early_stopping:
        n_rows, fraction = len(sample.rows), plan.validation_fraction
        strata = plan.target.strata(sample.rows.targets()[0])
        if strata is not None and not can_stratify(strata, int(np.ceil(n_rows * fraction))):
            strata = None
        positions = split_positions(strata, n_rows, fraction, state.random_state)
        sample, held_out = map(plan.sample.select, positions)
        check_known_columns(sample)
    return Training(
        plan.network, plan.target, plan.recipe, state, parameters, sample, held_out=held_out
    )


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
