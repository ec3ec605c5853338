"""One run of training, from network, target, recipe and rows to a fitted network."""

from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ..kernels import kernels_for
from ..network import FittedNetwork
from ..utils import warn
from .monitor import Divergence, Monitor, NothingLearned, Validation, ValidationLoss
from .objective import Objective
from .passes import IN_MEMORY
from .patience import Patience
from .solvers.lbfgs import minimize_lbfgs
from .solvers.stochastic import minimize_stochastic
from .threads import restore_forgotten_settings, row_threads


class Interruption(RuntimeError):
    """Signal that training cannot continue; completed epochs are kept, as after Ctrl-C."""


class Stop(NamedTuple):
    """Hold the reason why training stopped, and whether it converged according to ``tol``."""

    reason: str
    converged: bool = False


@dataclass(frozen=True)
class Outcome:
    """Hold the result of a run of training, at its end or after any epoch.

    Attributes
    ----------
    network : FittedNetwork
        Network with the parameters that are kept.

    loss, best_loss : float
        Objective of the last epoch, and the smallest one (None with early stopping).

    loss_curve, validation_losses, validation_scores : list of float
        One entry per epoch. The last two are empty without validation rows.

    n_iter, best_iter : int
        Number of completed epochs, and the epoch whose parameters are kept.

    n_samples_seen : int
        Number of training rows processed by update rules, including earlier fits.

    stop_reason : str
        Why training stopped.

    unit : str
        Name of what is counted: 'epoch' or 'iteration'.
    """

    network: FittedNetwork
    loss: float
    best_loss: float | None
    loss_curve: list = field(repr=False)
    validation_losses: list = field(repr=False)
    validation_scores: list = field(repr=False)
    n_iter: int
    best_iter: int
    n_samples_seen: int
    stop_reason: str
    unit: str


class Training:
    """Train a network once.

    Parameters
    ----------
    network, target, recipe : Network, Target, Recipe
        The network to train, the meaning of ``y`` with its loss, and the settings.

    state : TrainingState
        State from which 'sgd' and 'adam' continue.

    parameters : Parameters
        Initial parameters; changed in place.

    sample, held_out : Sample
        Training rows, and validation rows or None.

    score : callable or None
        ``score(raw_prediction, parameters)`` for the validation rows; None for the negative loss.

    backend : Backend, default=IN_MEMORY
        Computations on the rows, in memory or on a cluster.

    Attributes
    ----------
    monitor : Monitor
        Records of the epochs so far.

    objective : Objective
        The function to minimise.
    """

    def __init__(
        self,
        network,
        target,
        recipe,
        state,
        parameters,
        sample,
        *,
        held_out=None,
        score=None,
        backend=IN_MEMORY,
    ):
        self._network = network
        self._target = target
        self._recipe = recipe
        self._state = state
        self._parameters = parameters
        self._backend = backend
        kernels = _kernels_of_run(recipe, network, sample.rows)
        self.objective = Objective(
            network, target.loss, sample.rows, recipe.alpha, kernels=kernels
        )
        self._validation = None if held_out is None else self._validate_with(held_out, score)
        self._early_stopping = recipe.early_stopping and held_out is not None
        self._seen_before = state.progress.n_samples_seen
        self.monitor = self._new_monitor()

    # ---- the run

    def run(self, tasks=None):
        """Train, call the callbacks through ``tasks`` (see ``Monitor.tell``); return a ``Stop``.

        Raises NothingLearned if training diverges and there are no best parameters to restore.
        """
        self.monitor.tell(tasks)
        minimize = self._by_lbfgs if self._recipe.solver == "lbfgs" else self._by_minibatches
        try:
            with np.errstate(all="ignore"):  # the monitor detects values that are not finite
                return minimize()
        except Divergence as divergence:
            if not self.monitor.has_best:
                raise NothingLearned(self._divergence_message()) from divergence
            self.go_back()
            return self._kept_best()

    def _new_monitor(self):
        recipe, state = self._recipe, self._state
        if recipe.one_pass:
            patience = state.patience_of_pass(recipe.tol, recipe.n_iter_no_change)
        else:
            state.progress.begin_fit()
            to_the_end = recipe.planned and not self._early_stopping
            n_iter_no_change = np.inf if to_the_end else recipe.n_iter_no_change
            patience = Patience(recipe.tol, n_iter_no_change)
        return Monitor(patience, self._validation, self._early_stopping, recipe.verbose)

    def _validate_with(self, held_out, score):
        """Return the loss and the score of the validation rows as an object."""
        loss = self._recipe.validation_loss or self._target.loss
        predict = partial(
            self._backend.raw_predictions,
            self._network,
            rows=held_out.rows,
            kernels=self.objective.kernels,
        )
        return Validation(predict, ValidationLoss(loss, held_out), score)

    # ---- solvers

    def _by_minibatches(self):
        recipe, state, monitor = self._recipe, self._state, self.monitor
        recipe = replace(recipe, batch_size=_batch_size(recipe, len(self.objective.rows)))
        state.use_rule(recipe.rule.copy())
        restore_forgotten_settings()
        new_pass = partial(self._backend.batch_pass, self.objective)
        reason = minimize_stochastic(
            self.objective, self._parameters, recipe, state, monitor, new_pass
        )
        if recipe.one_pass:
            _warn_of_the_end(recipe, state.progress)
            return Stop("partial_fit made one pass over the data.")
        if reason is not None:
            return Stop(reason, converged=not monitor.stop_requested)
        if recipe.planned:
            return Stop(
                f"The schedule learning_rate={recipe.learning_rate!r} ended after "
                f"max_iter={recipe.max_iter} epochs."
            )
        warn(
            f"Stochastic Optimizer: Maximum iterations ({recipe.max_iter}) reached and the "
            "optimization hasn't converged yet.",
            ConvergenceWarning,
        )
        return Stop(f"Maximum iterations (max_iter={recipe.max_iter}) reached.")

    def _by_lbfgs(self):
        recipe, monitor = self._recipe, self.monitor
        self._state.drop_rule()
        options = _lbfgs_options(recipe, self._parameters.flat.dtype)
        with row_threads() as threads:
            new_pass = partial(self._backend.exact_pass, self.objective, threads=threads)
            result = minimize_lbfgs(new_pass, self._parameters, options, monitor)
        if monitor.stop_requested:
            return Stop(f"A callback asked to stop after iteration {monitor.n_iter}.")
        if monitor.stops_early:
            return Stop(monitor.patience_message())
        if result.status != 0:
            _warn_of_lbfgs(recipe, result)
        return Stop(f"L-BFGS stopped: {result.message}", converged=result.status == 0)

    # ---- divergence and interruptions

    def _divergence_message(self):
        recipe = self._recipe
        return (
            "Solver produced non-finite parameter weights. The input data may contain large "
            "values and need to be preprocessed. (Loss or parameters were not finite at "
            f"{recipe.unit} {self.monitor.n_iter + 1}, with "
            f"learning_rate_init={recipe.learning_rate_init}; the largest absolute value of X is "
            f"{self.objective.rows.largest_feature():.3g}.)"
        )

    def _kept_best(self):
        monitor = self.monitor
        reason = (
            f"Training diverged in epoch {monitor.n_iter + 1}; the estimator keeps the parameters "
            f"of the best epoch, {monitor.best_iter}."
        )
        warn(f"{reason} Lower learning_rate_init, or scale the data.", ConvergenceWarning)
        return Stop(reason)

    def go_back(self):
        """Restore the state after the last complete epoch, without moments; return its number."""
        self.monitor.forget_incomplete()
        self._state.drop_rule()
        if self._recipe.solver != "lbfgs":
            seen = self.monitor.n_iter * len(self.objective.rows)
            self._state.progress.go_on_from(self._seen_before + seen)
        return self.monitor.n_iter

    # ---- results

    @property
    def judged_by_loss(self):
        """Return whether a loss, and not a score, decides when training stops."""
        return not self._early_stopping or self._validation.judges_by_loss

    def outcome(self, stop_reason, copied=False):
        """Return the current ``Outcome``; ``copied`` if training continues in the same arrays."""
        monitor, kept = self.monitor, self.monitor.kept()
        flat = self._parameters.flat if kept is None else kept
        parameters = self._network.parameters(flat.dtype, flat.copy() if copied else flat)
        return Outcome(
            network=FittedNetwork(self._network, parameters.layers, self._recipe.predicts_in),
            loss=monitor.last_loss,
            best_loss=monitor.best_loss,
            loss_curve=list(monitor.loss_curve),
            validation_losses=list(monitor.validation_losses),
            validation_scores=list(monitor.validation_scores),
            n_iter=monitor.n_iter,
            best_iter=monitor.kept_iter,
            n_samples_seen=self._state.progress.n_samples_seen,
            stop_reason=stop_reason,
            unit=self._recipe.unit,
        )

    def validation_of(self, fitted):
        """Return raw predictions of a fitted network for the validation rows, and their loss.

        The loss is a ``ValidationLoss``, a function of raw predictions. Both are None without
        validation rows.
        """
        if self._validation is None:
            return None, None
        parameters = fitted.parameters(self._parameters.flat.dtype)
        return self._validation.predict(parameters), self._validation.loss


def _kernels_of_run(recipe, network, rows):
    """Return the kernels for the largest amount of work that a run may need."""
    n_epochs = recipe.n_epochs
    batch_size = 200 if recipe.batch_size == "auto" else int(recipe.batch_size)
    n_steps = 1 if recipe.solver == "lbfgs" else -(-len(rows) // batch_size)
    n_products = network.n_products(len(rows), rows.stored_per_row)
    of_updates = n_steps * network.n_products(1, rows.n_features)
    return kernels_for(n_epochs * n_steps, n_epochs * (n_products + of_updates))


def _batch_size(recipe, n_rows):
    if recipe.batch_size == "auto":
        return min(200, n_rows)
    if recipe.batch_size > n_rows:
        warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped "
            f"(batch_size={recipe.batch_size}, training samples: {n_rows}).",
        )
    return min(int(recipe.batch_size), n_rows)


def _lbfgs_options(recipe, dtype):
    """Return the options of SciPy's solver; in float32, ``ftol`` is above the rounding errors."""
    if dtype != np.float32:
        return recipe.lbfgs_options
    return {"ftol": 10 * float(np.finfo(dtype).eps)} | recipe.lbfgs_options


def _warn_of_the_end(recipe, progress):
    if recipe.schedule.planned and progress.epoch > recipe.max_iter:
        warn(
            f"partial_fit has been called more than max_iter={recipe.max_iter} times. The "
            f"schedule learning_rate={recipe.learning_rate!r} ended at the rate 0 with call "
            f"{recipe.max_iter}, so later calls change nothing. Set max_iter to the number of "
            "calls.",
        )


def _warn_of_lbfgs(recipe, result):
    advice = (
        f"Increase the number of iterations to improve the convergence "
        f"(max_iter={recipe.max_iter}).\n"
        if result.nit >= recipe.max_iter
        else ""
    )
    warn(
        f"lbfgs failed to converge after {result.nit} iteration(s) "
        f"(status={result.status}):\n{result.message}\n\n{advice}"
        "You might also want to scale the data, for example with StandardScaler in a Pipeline.",
        ConvergenceWarning,
    )
