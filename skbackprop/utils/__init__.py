"""Shared helpers: checks of parameters and data, docstrings, warnings, fits as transactions.

Nothing here depends on networks. Only ``scikit_learn`` imports private names of scikit-learn.
"""

from .allowed_values import (
    Interval,
    Options,
    StrOptions,
    check_parameters,
    did_you_mean,
    fit_context,
    refusal,
)
from .atomic_fit import draft_of, one_fit_of
from .availability import available_unless
from .docstrings import with_shared_parameters
from .documentation import DocumentationLink
from .missing_targets import (
    MISSING_TYPES,
    check_classes,
    fill_missing,
    is_missing,
    known_for_score,
)
from .scikit_learn import (
    accepted_parameters,
    mlp_optimizer,
    visual_block,
    why_no_visual_block,
)
from .user_warnings import warn
from .validation import (
    about,
    check_features,
    check_features_and_target,
    check_finite_prediction,
    check_target,
    check_weight,
    input_feature_names,
    labels_as_array,
    ordered_categories,
    rows_of,
)

__all__ = [
    "MISSING_TYPES", "DocumentationLink", "Interval", "Options", "StrOptions", "about",
    "accepted_parameters", "available_unless", "check_classes", "check_features",
    "check_features_and_target", "check_finite_prediction", "check_parameters", "check_target",
    "check_weight", "did_you_mean", "draft_of", "fill_missing", "fit_context",
    "input_feature_names", "is_missing", "known_for_score", "labels_as_array", "mlp_optimizer",
    "one_fit_of", "ordered_categories", "refusal", "rows_of", "visual_block", "warn",
    "why_no_visual_block", "with_shared_parameters",
]  # fmt: skip
