"""Training: objective, solvers, learning rate schedules, early stopping, threads, callbacks.

``Training`` is one run. It minimises an ``Objective`` with a solver. A ``Monitor`` records each
epoch, and a later fit can continue from its ``TrainingState``. A new schedule or update rule is a
class and a line in ``SCHEDULES`` or ``UPDATE_RULES``.
"""

from .callbacks import (
    CallbackSupport,
    EpochTasks,
    attributes_learnt,
    data_at_begin,
    data_at_end,
    has_callbacks,
    set_losses,
    with_callbacks,
)
from .engine import Interruption, Outcome, Training
from .monitor import NothingLearned, ValidationLoss
from .objective import Objective, Penalty
from .passes import IN_MEMORY, Backend, BatchPass, ExactPass
from .recipe import Recipe, recipe_of
from .schedules import (
    SCHEDULES,
    Adaptive,
    Constant,
    HeldCosine,
    Progress,
    ThenConstant,
    WarmUpThenCosine,
)
from .solvers.stochastic import steps_of_epoch
from .solvers.update_rules import SGD, UPDATE_RULES, Adam
from .state import TrainingState
from .threads import row_threads, short_turns

__all__ = [
    "IN_MEMORY", "SCHEDULES", "SGD", "UPDATE_RULES", "Adam", "Adaptive", "Backend", "BatchPass",
    "CallbackSupport", "Constant", "EpochTasks", "ExactPass", "HeldCosine", "Interruption",
    "NothingLearned", "Objective", "Outcome", "Penalty", "Progress", "Recipe", "ThenConstant",
    "Training", "TrainingState", "ValidationLoss", "WarmUpThenCosine", "attributes_learnt",
    "data_at_begin", "data_at_end", "has_callbacks", "recipe_of", "row_threads", "set_losses",
    "short_turns", "steps_of_epoch", "with_callbacks",
]  # fmt: skip
