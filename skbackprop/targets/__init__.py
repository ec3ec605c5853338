"""Targets: encode ``y`` for training, and turn raw outputs into predictions.

``fit`` makes a target from ``y`` and the loss, and the fitted estimator keeps it. Everything that
reads raw outputs (predictions, scores, gradients, displays, exports) uses it to interpret them.
"""

from .base import Target
from .classes import BinaryTarget, MulticlassTarget, MultilabelTarget, OrdinalTarget, target_of
from .going_on import refuse_balanced, target_going_on
from .label_columns import (
    LabelColumnsTarget,
    check_labels,
    has_columns,
    lists_columns,
    target_of_classes,
    target_of_labels,
)
from .numbers import NumericTarget, ScaledTarget, target_of_numbers
from .predictions import PredictsClasses
from .survival import SurvivalTarget

__all__ = [
    "BinaryTarget", "LabelColumnsTarget", "MulticlassTarget", "MultilabelTarget",
    "NumericTarget", "OrdinalTarget", "PredictsClasses", "ScaledTarget", "SurvivalTarget",
    "Target", "check_labels", "has_columns", "lists_columns", "refuse_balanced",
    "target_going_on", "target_of", "target_of_classes", "target_of_labels", "target_of_numbers",
]  # fmt: skip
