"""Loss functions of the raw prediction, each with its link.

An estimator takes a loss as a name, or as an object with parameters of its own:

>>> from skbackprop import BackpropRegressor
>>> from skbackprop.losses import Huber
>>> one = BackpropRegressor(loss="absolute_error")
>>> another = BackpropRegressor(loss=Huber(delta=2.0))

To define your own loss, subclass :class:`Loss`, or :class:`ClassificationLoss` for a classifier.
"""

from typing import Any, Literal, TypeAlias

import numpy as np

from .base import Loss
from .classification import ClassificationLoss, LogLoss, Multinomial
from .deviance import Gamma, Poisson, Tweedie
from .gaussian import GaussianNLL
from .ordinal import ProportionalOdds
from .probabilities import Brier, Focal, MultinomialBrier, MultinomialFocal
from .quantile import Quantile
from .regression import AbsoluteError, Huber, LogCosh, SquaredError
from .survival import Cox

__all__ = [
    "CLASSIFICATION_LOSSES", "REGRESSION_LOSSES", "SURVIVAL_LOSSES", "AbsoluteError", "Brier",
    "ClassificationLoss", "Cox", "Focal", "Gamma", "GaussianNLL", "Huber", "LogCosh", "LogLoss",
    "Loss", "Multinomial", "MultinomialBrier", "MultinomialFocal", "Poisson",
    "ProportionalOdds", "Quantile", "SquaredError", "Tweedie",
]  # fmt: skip

RegressionLossName: TypeAlias = Literal[
    "squared_error", "poisson", "absolute_error", "huber", "log_cosh", "quantile", "gamma",
    "tweedie", "gaussian_nll",
]  # fmt: skip

#: Losses of the regressor by name.
REGRESSION_LOSSES: dict[RegressionLossName, Loss] = {
    "squared_error": SquaredError(),
    "poisson": Poisson(),
    "absolute_error": AbsoluteError(),
    "huber": Huber(),
    "log_cosh": LogCosh(),
    "quantile": Quantile(),
    "gamma": Gamma(),
    "tweedie": Tweedie(),
    "gaussian_nll": GaussianNLL(),
}

SurvivalLossName: TypeAlias = Literal["cox"]

#: Survival losses of the regressor by name.
SURVIVAL_LOSSES: dict[SurvivalLossName, Loss] = {"cox": Cox()}

ClassificationLossName: TypeAlias = Literal["log_loss", "squared_error", "focal", "ordinal"]

#: Losses of the classifier by name.
CLASSIFICATION_LOSSES: dict[ClassificationLossName, ClassificationLoss] = {
    "log_loss": LogLoss(),
    "squared_error": Brier(),
    "focal": Focal(),
    "ordinal": ProportionalOdds(),
}


def loss_name(loss: object) -> str:
    """Return the quoted name of a loss, or its ``repr`` if it has no name, for messages."""
    for losses in (REGRESSION_LOSSES, SURVIVAL_LOSSES, CLASSIFICATION_LOSSES):
        for name, known in losses.items():
            if loss == known:
                return repr(name)
    return repr(loss)


def refuses_negative(loss: Any) -> bool:
    """Return whether a loss, given as name or object, is undefined for negative ``y``."""
    loss = REGRESSION_LOSSES.get(loss) if isinstance(loss, str) else loss  # type: ignore[call-overload]
    try:
        if isinstance(loss, Loss):  # scikit-learn reads tags before parameters are checked
            loss.check_target(np.array([[-1.0]]))
    except ValueError:
        return True
    return False


def numeric_loss(loss: str | Loss) -> Loss:
    """Return the loss of a regressor as an object."""
    return (REGRESSION_LOSSES | SURVIVAL_LOSSES)[loss] if isinstance(loss, str) else loss  # type: ignore[index]
