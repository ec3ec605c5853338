"""What a fitted estimator has, and what is made of it: predictions, features, other estimators."""

from .fitted_estimator import FittedEstimator, why_no_features, why_no_transform
from .validation_score import score_of

__all__ = ["FittedEstimator", "score_of", "why_no_features", "why_no_transform"]
