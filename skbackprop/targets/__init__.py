"""Targets: from ``y`` to what a network is trained on, and from raw outputs back.

A target is made by ``fit``, from the labels or numbers in ``y`` and a loss, and is kept by the
fitted estimator. Whatever reads raw outputs (predictions, scores, gradients, displays, exports)
asks it what they mean.
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
