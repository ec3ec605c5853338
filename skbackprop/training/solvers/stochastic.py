"""Training on minibatches: the loop over epochs."""

from itertools import islice

from ..schedules import rates_of_epoch


def steps_of_epoch(n_rows, batch_size, last_batch):
    """Return the number of minibatches, without a last one of at most that fraction of a batch."""
    full, rest = divmod(n_rows, batch_size)
    return max(1, full + (rest > last_batch * batch_size))


def minimize_stochastic(objective, parameters, recipe, state, monitor, new_pass):
    """Minimise an objective by steps on minibatches.

    Parameters
    ----------
    objective, parameters : Objective, Parameters
        The function to minimise, and the initial parameters, which are changed in place.

    recipe : Recipe
        The settings. The batch size must be a number.

    state : TrainingState
        Update rule, random number generator, order of the rows and progress; changed in place.

    monitor : Monitor
        Records every epoch.

    new_pass : callable
        ``new_pass(parameters, gradient, batch_size, stream=stream)`` returns an object that
        evaluates the objective on a minibatch, such as a ``BatchPass``.

    Returns
    -------
    stop_reason : str or None
        Why training stopped; None after all epochs.
    """
    rows, batch_size = objective.rows, recipe.batch_size
    minibatches = rows.minibatches(batch_size, recipe.shuffle)
    stream = None if objective.network.dropout is None else state.use_dropout()
    gradient = parameters.empty_like()
    batch_pass = new_pass(parameters, gradient, batch_size, stream=stream)
    step = state.update_rule.bind(
        parameters.flat,
        gradient.flat,
        parameters.penalised,
        parameters.rates,
        parameters.decays,
        objective.kernels,
    )
    evaluated = _evaluated(objective.network, parameters, state.update_rule)
    n_steps = steps_of_epoch(len(rows), batch_size, recipe.last_batch)
    n_seen = min(len(rows), n_steps * batch_size)
    seen_weight = objective.total_weight * (n_seen / len(rows))
    for _ in range(recipe.n_epochs):
        monitor.epoch_begins()
        rates, strengths = (
            rates_of_epoch(schedule, state.progress, n_steps, recipe.max_iter)
            for schedule in (recipe.schedule, recipe.strength)
        )
        order = rows.next_order(state) if recipe.shuffle else None
        total = 0.0
        batches = islice(minibatches.epoch(order), n_steps)
        for batch, rate, strength in zip(batches, rates, strengths):
            if stream is not None:
                stream.begin_step(strength)
            total += batch_pass.evaluate(batch)
            step(rate, strength)
        state.progress.end_epoch(n_seen, n_steps, recipe.max_iter)
        monitor.epoch_ends(total / seen_weight, evaluated)
        if monitor.stop_requested:
            return f"A callback asked to stop after epoch {monitor.n_iter}."
        if monitor.patience.exhausted:
            stop_reason = _plateau(recipe, state.progress, monitor)
            if stop_reason is not None:
                return stop_reason
    return None


def _evaluated(network, parameters, rule):
    """Return the parameters to evaluate and keep: their average if there is one."""
    if rule.average is None:
        return parameters
    return network.parameters(parameters.flat.dtype, rule.average.flat)


def _plateau(recipe, progress, monitor):
    """Handle a plateau: lower the rate and return None, or return why training stops."""
    message, schedule = monitor.patience_message(), recipe.schedule
    if not schedule.survives_plateau(progress):
        if not recipe.one_pass:
            monitor.print("%s Stopping.", message)
        return message
    progress.meet_plateau()
    monitor.patience.renew()
    monitor.print("%s Setting learning rate to %f", message, schedule(progress))
    return None
