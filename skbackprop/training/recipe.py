"""The settings of one run of training."""

from dataclasses import dataclass, field
from functools import partial

from ..losses import Loss
from ..utils import warn
from .schedules import SCHEDULES, Constant, Multiple, Schedule, WarmUp
from .solvers.update_rules import UPDATE_RULES, UpdateRule


@dataclass(frozen=True)
class Recipe:
    """Hold everything that training needs besides network, target and rows.

    Attributes named like a hyper-parameter of the estimators have the same meaning.

    Attributes
    ----------
    one_pass : bool
        Whether this is a call of ``partial_fit``: one epoch that never stops early.

    last_batch : float
        The last minibatch of an epoch is left out if it has at most this fraction of
        ``batch_size`` rows. The order of the rows changes, so other rows are left out each time.

    schedule, strength : Schedule
        Learning rate, and factor of weight decay and dropout, as functions of progress.

    rule : UpdateRule or None
        The update rule, before its first step.

    learning_rate, learning_rate_init : object
        Names of the schedule and its rate for messages.

    lbfgs_options : dict
        Options of SciPy's solver.

    validation_loss : Loss or None
        Loss of the validation rows; None for the training loss.

    predicts_in : str or None
        Floating-point type of predictions; None for that of the parameters.
    """

    solver: str
    max_iter: int
    alpha: float = 0.0
    tol: float = 0.0
    n_iter_no_change: float = 10
    early_stopping: bool = False
    verbose: int = 0
    one_pass: bool = False
    batch_size: object = "auto"
    last_batch: float = 0.0
    shuffle: bool = True
    schedule: Schedule | None = None
    strength: Schedule = field(default_factory=partial(Constant, 1.0))
    rule: UpdateRule | None = None
    learning_rate: object = "constant"
    learning_rate_init: float = 0.0
    lbfgs_options: dict = field(default_factory=dict)
    validation_loss: Loss | None = None
    predicts_in: str | None = None

    @property
    def unit(self):
        """Return what ``max_iter`` counts."""
        return "iteration" if self.solver == "lbfgs" else "epoch"

    @property
    def n_epochs(self):
        """Return the largest number of epochs of this run."""
        return 1 if self.one_pass else int(self.max_iter)

    @property
    def planned(self):
        """Return whether training should run for all ``max_iter`` epochs of its schedule."""
        return self.solver != "lbfgs" and self.schedule.planned


_COMMON = (
    *("solver", "alpha", "max_iter", "tol", "n_iter_no_change", "early_stopping", "verbose"),
    *("batch_size", "shuffle", "learning_rate", "learning_rate_init"),
)


def recipe_of(settings, one_pass=False):
    """Return the recipe for the hyper-parameters of an estimator, the only thing it reads."""
    common = {name: getattr(settings, name) for name in _COMMON} | {"one_pass": one_pass}
    if settings.solver == "lbfgs":
        options = {"maxfun": settings.max_fun, "maxiter": settings.max_iter, "gtol": settings.tol}
        return Recipe(**common, lbfgs_options=options | (settings.solver_options or {}))
    return Recipe(
        **common,
        schedule=_schedule(settings),
        rule=UPDATE_RULES[settings.solver].from_settings(settings),
    )


def _schedule(settings):
    """Return the learning rate schedule."""
    schedule = _schedule_without_warmup(settings)
    if settings.warmup_fraction:
        return WarmUp(schedule, float(settings.warmup_fraction))
    return schedule


def _schedule_without_warmup(settings):
    name = settings.learning_rate
    kind = Multiple if callable(name) else SCHEDULES[name]
    if kind.sgd_only and settings.solver != "sgd":
        warn(
            f"learning_rate={name!r} has no effect with solver={settings.solver!r}, "
            "whose rate stays at learning_rate_init, as in scikit-learn. Use solver='sgd', or "
            "learning_rate='constant', 'cosine', 'one_cycle' or a function.",
        )
        kind = Constant
    return kind.from_settings(settings)
