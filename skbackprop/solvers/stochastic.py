"""Training by minibatches: the loop over epochs."""

from dataclasses import dataclass
from itertools import islice

from ..batches import RowBuffers
from ..schedules import Constant, rates_of_epoch

__all__ = ["EpochPlan", "minimize_stochastic", "steps_of_epoch"]


def steps_of_epoch(n_rows, batch_size, last_batch=0.0):
    """Number of minibatches; a last one of no more than that share of the others is left out."""
    full, rest = divmod(n_rows, batch_size)
    return max(1, full + (rest > last_batch * batch_size))


@dataclass(frozen=True)
class EpochPlan:
    """How the epochs go.

    Attributes
    ----------
    batch_size : int
        Rows of a minibatch.

    shuffle : bool
        Whether each epoch takes the rows in a new order.

    max_iter : int
        Number of epochs at most.

    schedule : callable
        Learning rate by progress.

    planned_epochs : int
        Number of epochs that the schedule is planned for.

    strength : callable, default=Constant(1.0)
        Factor of weight decay and dropout, by progress.

    last_batch : float, default=0.0
        Where the last minibatch of an epoch has no more than this share of ``batch_size`` rows,
        it is left out (in another order of the rows, it is others that are).
    """

    batch_size: int
    shuffle: bool
    max_iter: int
    schedule: object
    planned_epochs: int
    strength: object = Constant(1.0)
    last_batch: float = 0.0

    def n_steps(self, n_rows):
        """Steps of an epoch."""
        return steps_of_epoch(n_rows, self.batch_size, self.last_batch)


def minimize_stochastic(objective, parameters, state, plan, monitor, new_pass):
    """Minimise an objective by steps on minibatches.

    Parameters
    ----------
    objective : Objective
        What to minimise.

    parameters : Parameters
        Starting point; changed in place.

    state : TrainingState
        Update rule, generator, order of the rows and progress; goes on from where it is.

    plan : EpochPlan
        Batches, epochs and learning rate.

    monitor : Monitor
        Is shown every epoch.

    new_pass : callable
        ``new_pass(parameters, gradient, batch_size, stream=stream)`` gives what evaluates the
        objective on a minibatch, a ``BatchPass`` say.

    Returns
    -------
    stop_reason : str or None
        Why training stopped; None where all epochs were made.
    """
    rows = objective.rows.row_major() if plan.shuffle else objective.rows
    buffers = RowBuffers(rows, rows.gather_size(plan.batch_size))
    stream = None if objective.network.dropout is None else state.use_dropout()
    gradient = parameters.empty_like()
    batch_pass = new_pass(parameters, gradient, plan.batch_size, stream=stream)
    step = state.update_rule.bind(
        parameters.flat,
        gradient.flat,
        parameters.penalised,
        parameters.rates,
        parameters.decays,
    )
    shown = _published(objective.network, parameters, state.update_rule)
    n_steps = plan.n_steps(len(rows))
    n_seen = min(len(rows), n_steps * plan.batch_size)
    seen_weight = objective.total_weight * (n_seen / len(rows))
    for _ in range(plan.max_iter):
        monitor.epoch_begins()
        rates, strengths = (
            rates_of_epoch(schedule, state.progress, n_steps, plan.planned_epochs)
            for schedule in (plan.schedule, plan.strength)
        )
        order = rows.next_order(state) if plan.shuffle else None
        batches = islice(rows.batches(order, plan.batch_size, buffers), n_steps)
        total = 0.0
        for batch, rate, strength in zip(batches, rates, strengths):
            if stream is not None:
                stream.begin_step(strength)
            total += batch_pass.evaluate(batch)
            step(rate, strength)
        state.progress.end_epoch(n_seen, n_steps, plan.planned_epochs)
        monitor.epoch_ends(total / seen_weight, shown)
        if monitor.stop_requested:
            return f"A callback asked to stop after epoch {monitor.n_iter}."
        if monitor.patience.exhausted:
            stop_reason = _plateau(plan.schedule, state.progress, monitor)
            if stop_reason is not None:
                return stop_reason
    return None


def _published(network, parameters, rule):
    """What is evaluated and published: the average of the parameters, where there is one."""
    if rule.average is None:
        return parameters
    return network.parameters(parameters.flat.dtype, rule.average.flat)


def _plateau(schedule, progress, monitor):
    """Lower the rate and return None, or return why training stops."""
    message = monitor.patience_message()
    if not schedule.survives_plateau(progress):
        if not monitor.one_pass:
            monitor.print("%s Stopping.", message)
        return message
    progress.n_plateaus += 1
    monitor.patience.renew()
    monitor.print("%s Setting learning rate to %f", message, schedule(progress))
    return None
