"""What the common tests of activations and losses share: the tables, and what to feed them.

Regression losses and activations come from the tables of the package itself; a new loss of
classification is a new row here.
"""

import copy
import pickle

import numpy as np

from skbackprop.activations import ACTIVATIONS
from skbackprop.losses import REGRESSION_LOSSES, LogLoss, Multinomial

__all__ = [
    "ACTIVATIONS",
    "CLASSIFICATION_LOSSES",
    "LOSSES",
    "assert_is_a_value",
    "draw_targets",
    "draw_weights",
    "read_only",
]

CLASSIFICATION_LOSSES = {"log_loss": LogLoss(), "multinomial": Multinomial()}

LOSSES = REGRESSION_LOSSES | CLASSIFICATION_LOSSES


def draw_targets(name, n_rows, n_outputs, rng, dtype=np.float64):
    """Targets in the domain of a loss, in the form that it wants."""
    if name == "multinomial":
        return rng.integers(n_outputs, size=n_rows)
    if name in CLASSIFICATION_LOSSES:
        return rng.integers(2, size=(n_rows, n_outputs)).astype(dtype)
    y = rng.normal(size=(n_rows, n_outputs))
    try:
        LOSSES[name].check_target(y)
    except ValueError:
        y = rng.poisson(2.0, size=(n_rows, n_outputs))
    return y.astype(dtype)


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
