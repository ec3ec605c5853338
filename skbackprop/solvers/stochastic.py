"""Training by minibatches: the loop over epochs."""

from dataclasses import dataclass

from ..batches import RowBuffers
from ..passes import BatchPass
from ..schedules import rates_of_epoch

__all__ = ["EpochPlan", "minimize_stochastic"]


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
    """

    batch_size: int
    shuffle: bool
    max_iter: int
    schedule: object
    planned_epochs: int

    def n_steps(self, n_rows):
        """Steps of an epoch."""
        return -(-n_rows // self.batch_size)


def minimize_stochastic(objective, parameters, state, plan, monitor, threads):
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

    threads : RowThreads
        What the lanes of large minibatches run on.

    Returns
    -------
    stop_reason : str or None
        Why training stopped; None where all epochs were made.
    """
    rows = objective.rows.row_major() if plan.shuffle else objective.rows
    buffers = RowBuffers(rows, rows.gather_size(plan.batch_size))
    stream = None if objective.network.dropout is None else state.use_dropout()
    gradient = parameters.empty_like()
    batch_pass = BatchPass(objective, parameters, gradient, plan.batch_size, threads, stream)
    step = state.update_rule.bind(parameters.flat, gradient.flat, parameters.penalised)
    shown = _published(objective.network, parameters, state.update_rule)
    n_steps = plan.n_steps(len(rows))
    for _ in range(plan.max_iter):
        monitor.epoch_begins()
        rates = rates_of_epoch(plan.schedule, state.progress, n_steps, plan.planned_epochs)
        order = state.next_order(len(rows)) if plan.shuffle else None
        total = 0.0
        for batch, rate in zip(rows.batches(order, plan.batch_size, buffers), rates):
            total += batch_pass.evaluate(batch)
            step(rate)
        state.progress.end_epoch(len(rows), n_steps, plan.planned_epochs)
        monitor.epoch_ends(total / objective.total_weight, shown)
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
