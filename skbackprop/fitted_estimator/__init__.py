"""Fitted attributes, and the methods that use them: predictions, features, conversion."""

from .fitted_estimator import FittedEstimator, why_no_features, why_no_transform
from .validation_score import score_of

__all__ = ["FittedEstimator", "score_of", "why_no_features", "why_no_transform"]
