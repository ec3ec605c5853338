"""Rows of the common tests for the components that docs/developer/places.md adds.

A pytest plugin (``-p place_rows``), for copies of the package to which diffs of that page have
been applied: each component that is there gets its row.
"""

import math

import numpy as np
from component_tables import ARGUMENTS_OF_LAYERS, KINDS_OF_TARGETS, OTHER_RULES, RULES, STEPS
from reference_values import ACTIVATION_VALUES, INPUTS, LOSS_VALUES, RATES

from skbackprop.activations import ACTIVATIONS
from skbackprop.losses import REGRESSION_LOSSES, ClassificationLoss, LogLoss
from skbackprop.targets import classes
from skbackprop.training import SCHEDULES, UPDATE_RULES


class YesNoOnly(LogLoss):
    """A loss that has no form for several classes."""

    multiclass = ClassificationLoss.multiclass


def rmsprop_step(rule, theta, g, m, v, rate, t):
    """As in the lecture; ``m`` is not used."""
    v[...] = rule.beta_2 * v + (1 - rule.beta_2) * g**2
    return theta - rate * g / (np.sqrt(v) + rule.epsilon)


ARGUMENTS_OF_LAYERS["scale"] = lambda fan_in: ()
ARGUMENTS_OF_LAYERS["hinges"] = lambda fan_in: (np.array([0, fan_in - 1]),)

if "softsign" in ACTIVATIONS:
    ACTIVATION_VALUES["softsign"] = (
        [z / (1 + abs(z)) for z in INPUTS],
        [(1 + abs(z)) ** -2 for z in INPUTS],
    )

if "cauchy" in REGRESSION_LOSSES:
    LOSS_VALUES["cauchy"] = [
        (0.0, -1e4, math.log(50000001), -1e4 / 50000001),
        (1e4, -1e4, math.log(200000001), -2e4 / 200000001),
        (0.25, 0.25, 0.0, 0.0),
        (1.5, 0.5, math.log(1.5), -2 / 3),
        (-1.0, 1.0, math.log(3), 2 / 3),
    ]

if "linear" in SCHEDULES:
    RATES["linear"] = [({"fraction": 0.25}, 0.075), ({"fraction": 1.0}, 0.0)]

if "rmsprop" in UPDATE_RULES:
    RMSProp = UPDATE_RULES["rmsprop"]
    RULES["rmsprop"] = lambda: RMSProp(0.9, 1e-8)
    OTHER_RULES["rmsprop"] = lambda: RMSProp(0.5, 1e-3)
    STEPS[RMSProp] = rmsprop_step

if hasattr(classes, "OneVersusRestTarget"):
    KINDS_OF_TARGETS["one_versus_rest"] = YesNoOnly(), 4
