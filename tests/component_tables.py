"""What the common tests of components share: the tables, and what to feed them.

What is registered in the package comes from its own tables. A row here is needed for a new loss of
classification, for a layer that is made in a way of its own, for an update rule (its formula),
for a kind of target (a loss that leads to it), and for other parameters of a component; values to
compare with are in ``reference_values``. A pytest plugin (``-p name``) may add rows as well,
before tests are collected: ``place_rows`` does so for the components of
docs/developer/places.md.
"""

import copy
import pickle

import numpy as np

from skbackprop.activations import ACTIVATIONS
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
    ProportionalOdds,
    Quantile,
    Tweedie,
)
from skbackprop.losses.links import SoftmaxLink
from skbackprop.network import LAYERS, UnitVariance
from skbackprop.training import SGD, Adam

__all__ = [
    "ACTIVATIONS",
    "CLASSIFICATION_LOSSES",
    "ELEMENTWISE",
    "KINDS_OF_TARGETS",
    "LOSSES",
    "OTHER_RULES",
    "RULES",
    "STEPS",
    "VARIANTS",
    "assert_is_a_value",
    "draw_targets",
    "draw_weights",
    "has_codes",
    "make_layer",
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
    "ordinal": ProportionalOdds(),
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
    "ordinal_descending": ProportionalOdds((20, 10, 2, 1, 0)),
}

LOSSES = REGRESSION_LOSSES | CLASSIFICATION_LOSSES | VARIANTS

# Kinds of targets of one class a row: a loss and a number of classes that lead to each.
KINDS_OF_TARGETS = {
    "binary": (LogLoss(), 2),
    "multiclass": (LogLoss(), 3),
    "two_by_softmax": (Multinomial(), 2),
    "ordinal": (ProportionalOdds(["bee", "emu", "ant", "cow"]), 3),
}

# What a layer is made of besides the number of its inputs.
EDGES = np.array([-1.1, -0.3, 0.2, 0.9])
ARGUMENTS_OF_LAYERS = {
    "dense": lambda fan_in: (6, ACTIVATIONS["tanh"]),
    "cumulative_logit": lambda fan_in: (7, [[3, 0, 5, 1], [6, 2]], UnitVariance()),
    "periodic": lambda fan_in: (np.array([0, fan_in - 1]),),
    "piecewise_linear": lambda fan_in: (range(1, fan_in), {0: EDGES, fan_in - 1: EDGES[1:]}),
    "normal_scores": lambda fan_in: (
        range(fan_in),
        {1: (EDGES, np.array([-2.0, -0.5, 0.5, 2.0])), fan_in - 1: (EDGES[:2], EDGES[:2])},
    ),
}


def make_layer(name, fan_in):
    """A layer by the name of its kind."""
    return LAYERS[name](fan_in, *ARGUMENTS_OF_LAYERS[name](fan_in))


# Update rules, the same with other parameters, and the formula of a step.
RULES = {
    "sgd": lambda: SGD(0.0, False),
    "momentum": lambda: SGD(0.9, False),
    "nesterov": lambda: SGD(0.9, True),
    "adam": lambda: Adam(0.9, 0.999, 1e-8),
    "adam without memory": lambda: Adam(0.0, 0.0, 1e-3),
}
OTHER_RULES = {
    "sgd": lambda: SGD(0.5, False),
    "momentum": lambda: SGD(0.3, True),
    "nesterov": lambda: SGD(0.9, False),
    "adam": lambda: Adam(0.7, 0.9, 1e-3),
    "adam without memory": lambda: Adam(0.5, 0.5, 1e-8),
}


def sgd_step(rule, theta, g, m, v, rate, t):
    """As in the paper; ``m`` and ``v`` are moments, which are overwritten."""
    v[...] = rule.momentum * v - rate * g
    return theta + (rule.momentum * v - rate * g if rule.nesterov else v)


def adam_step(rule, theta, g, m, v, rate, t):
    """As in the paper, in the same way."""
    m[...] = rule.beta_1 * m + (1 - rule.beta_1) * g
    v[...] = rule.beta_2 * v + (1 - rule.beta_2) * g**2
    corrected = rate * np.sqrt(1 - rule.beta_2**t) / (1 - rule.beta_1**t)
    return theta - corrected * m / (np.sqrt(v) + rule.epsilon)


STEPS = {SGD: sgd_step, Adam: adam_step}


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
    """Weights: None, of rows (one column), or of single targets (a column for each output).

    Of the latter, 'missing' makes some 0.
    """
    if kind == "none":
        return None
    n_columns = 1 if kind == "rows" else n_outputs
    weights = rng.uniform(0.5, 2.0, size=(n_rows, n_columns)).astype(dtype)
    if kind == "missing":
        weights[rng.uniform(size=weights.shape) < 0.4] = 0
    return weights


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
