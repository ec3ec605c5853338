"""From hyper-parameters to a running solver, and what to say when it has stopped."""

import warnings
from functools import partial
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from .monitor import Divergence
from .passes import BatchPass, ExactPass
from .schedules import Adaptive, Constant, Cosine, InvScaling, Multiple, OneCycle, WarmUp
from .solvers.lbfgs import minimize_lbfgs
from .solvers.stochastic import EpochPlan, minimize_stochastic
from .solvers.updates import SGD, Adam
from .threads import restore_forgotten_settings, row_threads

__all__ = ["IN_MEMORY", "STOCHASTIC_SOLVERS", "Passes", "train"]

STOCHASTIC_SOLVERS = ("sgd", "adam")


class Passes(NamedTuple):
    """How objective and gradient are computed.

    Attributes
    ----------
    exact : type
        ``ExactPass``, or what is made and evaluated in the same way.

    batch : type
        ``BatchPass``, in the same way.
    """

    exact: type
    batch: type


IN_MEMORY = Passes(ExactPass, BatchPass)


def train(settings, objective, parameters, state, monitor):
    """Minimise an objective as the hyper-parameters say.

    Parameters
    ----------
    settings : BaseBackprop
        Only its hyper-parameters are read.

    objective : Objective
        What to minimise.

    parameters : Parameters
        Starting point; changed in place.

    state : TrainingState
        What sgd and adam go on from.

    monitor : Monitor
        Is shown every epoch or iteration.

    Returns
    -------
    stop_reason : str
        A sentence.

    Raises
    ------
    ValueError
        Where training diverges and there are no best parameters to go back to.
    """
    minimize = _train_lbfgs if settings.solver == "lbfgs" else _train_stochastic
    try:
        with np.errstate(all="ignore"):  # the monitor looks for what is not finite
            return minimize(settings, objective, parameters, state, monitor)
    except Divergence as divergence:
        if not monitor.has_best:
            raise ValueError(_divergence_message(settings, objective, monitor)) from divergence
        return _keep_best(monitor)


def _train_stochastic(settings, objective, parameters, state, monitor):
    plan = EpochPlan(
        batch_size=_batch_size(settings, len(objective.rows)),
        shuffle=settings.shuffle,
        max_iter=1 if monitor.one_pass else settings.max_iter,
        schedule=settings._own_schedule() or _schedule(settings),
        planned_epochs=settings.max_iter,
        strength=settings._strength_schedule,
        last_batch=settings._last_batch,
    )
    state.use_rule(_update_rule(settings))
    if plan.schedule.planned and not monitor.early_stopping:
        monitor.patience.n_iter_no_change = np.inf  # to the end of the plan
    restore_forgotten_settings()
    new_pass = partial(settings._passes.batch, objective)
    stop_reason = minimize_stochastic(objective, parameters, state, plan, monitor, new_pass)
    if monitor.one_pass:
        return _after_one_pass(settings, plan.schedule, state.progress)
    if stop_reason is not None:
        monitor.converged = not monitor.stop_requested
        return stop_reason
    if plan.schedule.planned:
        return (
            f"The {settings.max_iter} epochs (max_iter) that "
            f"learning_rate={settings.learning_rate!r} is planned for have been made."
        )
    warnings.warn(
        f"Stochastic Optimizer: Maximum iterations ({settings.max_iter}) reached and the "
        "optimization hasn't converged yet.",
        ConvergenceWarning,
        stacklevel=2,
    )
    return f"Maximum iterations (max_iter={settings.max_iter}) reached."


def _after_one_pass(settings, schedule, progress):
    if schedule.planned and progress.epoch > settings.max_iter:
        warnings.warn(
            f"partial_fit has been called more than max_iter={settings.max_iter} times: "
            f"learning_rate={settings.learning_rate!r} came to its end, 0, with call "
            f"{settings.max_iter}, and later calls change nothing. Set max_iter to the number of "
            "calls.",
            UserWarning,
            stacklevel=2,
        )
    return "partial_fit made one pass over the data."


def _batch_size(settings, n_rows):
    if settings.batch_size == "auto":
        return min(200, n_rows)
    if settings.batch_size > n_rows:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped "
            f"(batch_size={settings.batch_size}, training samples: {n_rows}).",
            UserWarning,
            stacklevel=2,
        )
    return min(int(settings.batch_size), n_rows)


def _schedule(settings):
    """Learning rate by progress."""
    schedule = _schedule_without_warmup(settings)
    if settings.warmup_fraction:
        return WarmUp(schedule, float(settings.warmup_fraction))
    return schedule


def _schedule_without_warmup(settings):
    rate = float(settings.learning_rate_init)
    name = settings.learning_rate
    if callable(name):
        return Multiple(rate, name)
    if name == "cosine":
        return Cosine(rate)
    if name == "one_cycle":
        return OneCycle(rate)
    if name != "constant" and settings.solver == "adam":
        warnings.warn(
            f"learning_rate={name!r} has no effect with solver='adam', "
            "whose rate stays learning_rate_init, as in scikit-learn. Use solver='sgd', or "
            "learning_rate='constant', 'cosine', 'one_cycle' or a function.",
            UserWarning,
            stacklevel=2,
        )
        return Constant(rate)
    if name == "invscaling":
        return InvScaling(rate, settings.power_t)
    return Adaptive(rate) if name == "adaptive" else Constant(rate)


def _update_rule(settings):
    common = {
        "weight_decay": float(settings.weight_decay),
        "average": None if settings.average is False else float(settings.average),
    }
    if settings.solver == "adam":
        return Adam(settings.beta_1, settings.beta_2, settings.epsilon, **common)
    return SGD(settings.momentum, settings.nesterovs_momentum, **common)


def _train_lbfgs(settings, objective, parameters, state, monitor):
    options = _lbfgs_options(settings, parameters.flat.dtype)
    with row_threads() as threads:
        new_pass = partial(settings._passes.exact, objective, threads=threads)
        result = minimize_lbfgs(new_pass, parameters, options, monitor)
    if monitor.stop_requested:
        return f"A callback asked to stop after iteration {monitor.n_iter}."
    if monitor.stops_early:
        return monitor.patience_message()
    monitor.converged = result.status == 0
    if not monitor.converged:
        advice = (
            f"Increase the number of iterations to improve the convergence "
            f"(max_iter={settings.max_iter}).\n"
            if result.nit >= settings.max_iter
            else ""
        )
        warnings.warn(
            f"lbfgs failed to converge after {result.nit} iteration(s) "
            f"(status={result.status}):\n{result.message}\n\n{advice}"
            "You might also want to scale the data, say by a StandardScaler in a Pipeline.",
            ConvergenceWarning,
            stacklevel=2,
        )
    return f"L-BFGS stopped: {result.message}"


def _lbfgs_options(settings, dtype):
    """Options of SciPy's solver; in float32 it need not look for differences in the rounding."""
    options = {
        "maxfun": settings.max_fun,
        "maxiter": settings.max_iter,
        "gtol": settings.tol,
    }
    if dtype == np.float32:
        options["ftol"] = 10 * float(np.finfo(dtype).eps)
    return options | (settings.solver_options or {})


def _divergence_message(settings, objective, monitor):
    unit = "iteration" if settings.solver == "lbfgs" else "epoch"
    return (
        "Solver produced non-finite parameter weights. The input data may contain large values "
        f"and need to be preprocessed. (Loss or parameters were not finite at "
        f"{unit} {monitor.n_iter + 1}, with learning_rate_init={settings.learning_rate_init}; the "
        f"largest absolute value of X is {objective.rows.largest_feature():.3g}.)"
    )


def _keep_best(monitor):
    reason = (
        f"Training diverged at epoch {monitor.n_iter + 1}; the parameters of the best epoch, "
        f"{monitor.best_iter}, are kept."
    )
    warnings.warn(
        f"{reason} Lower learning_rate_init, or scale the data.", ConvergenceWarning, stacklevel=2
    )
    return reason
