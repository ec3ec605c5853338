"""What the common tests of activations and losses share: the tables, and what to feed them.

Regression losses and activations come from the tables of the package itself; a new loss of
classification, or other parameters of a component, are a new row here.
"""

import copy
import pickle

import numpy as np

from skbackprop.activations import ACTIVATIONS
from skbackprop.links import SoftmaxLink
from skbackprop.losses import (
    REGRESSION_LOSSES,
    Brier,
    ClassificationLoss,
    Focal,
    GaussianNLL,
    Huber,
    LogLoss,
    Multinomial,
    MultinomialBrier,
    MultinomialFocal,
    Quantile,
    Tweedie,
)

__all__ = [
    "ACTIVATIONS",
    "CLASSIFICATION_LOSSES",
    "ELEMENTWISE",
    "LOSSES",
    "VARIANTS",
    "assert_is_a_value",
    "draw_targets",
    "draw_weights",
    "has_codes",
    "read_only",
]

# Activations of which each unit depends on its own input only.
ELEMENTWISE = [name for name in ACTIVATIONS if name != "softmax"]

CLASSIFICATION_LOSSES = {
    "log_loss": LogLoss(),
    "multinomial": Multinomial(),
    "brier": Brier(),
    "multinomial_brier": MultinomialBrier(),
    "focal": Focal(),
    "multinomial_focal": MultinomialFocal(),
}

# The same losses with other parameters.
VARIANTS = {
    "huber_narrow": Huber(0.2),
    "quantile_bands": Quantile((0.1, 0.5, 0.9)),
    "tweedie_3": Tweedie(3.0),
    "gaussian_nll_bounded": GaussianNLL(2.0),
    "log_loss_smooth": LogLoss(0.1),
    "multinomial_smooth": Multinomial(0.1),
    "focal_half": Focal(0.5),
    "multinomial_focal_half": MultinomialFocal(0.5),
}

LOSSES = REGRESSION_LOSSES | CLASSIFICATION_LOSSES | VARIANTS


def has_codes(name):
    """Whether the targets of a loss are class codes."""
    return isinstance(LOSSES[name].link, SoftmaxLink)


def draw_targets(name, n_rows, n_outputs, rng, dtype=np.float64):
    """Targets in the domain of a loss, in the form that it wants."""
    if has_codes(name):
        return rng.integers(n_outputs, size=n_rows)
    counts = rng.poisson(2.0, size=(n_rows, n_outputs)).astype(dtype)
    if isinstance(LOSSES[name], ClassificationLoss):
        return np.minimum(counts, 1)
    numbers = rng.normal(size=(n_rows, n_outputs)).astype(dtype)
    return next(y for y in (numbers, counts, counts + dtype(0.5)) if is_in_domain(name, y))


def is_in_domain(name, y):
    """Whether a loss allows the targets."""
    try:
        LOSSES[name].check_target(y)
    except ValueError:
        return False
    return True


def draw_weights(kind, n_rows, n_outputs, rng, dtype=np.float64):
    """Weights: None, of rows (one column), or of single targets (a column for each output)."""
    if kind == "none":
        return None
    n_columns = 1 if kind == "rows" else n_outputs
    return rng.uniform(0.5, 2.0, size=(n_rows, n_columns)).astype(dtype)


def assert_is_a_value(component, others):
    """A component is what its fields say: equal, hashable, printable, copied and pickled so."""
    twin = type(component)(**vars(component))
    copies = [twin, copy.copy(component), copy.deepcopy(component)]
    copies.append(pickle.loads(pickle.dumps(component)))
    for other in copies:
        assert other == component
        assert hash(other) == hash(component)
        assert repr(other) == repr(component)
    assert repr(component).startswith(type(component).__name__ + "(")
    assert all(component != other for other in others if other is not component)


def read_only(*arrays):
    """Copies that cannot be written to."""
    copies = [array if array is None else array.copy() for array in arrays]
    for array in copies:
        if array is not None:
            array.flags.writeable = False
    return copies
