"""What a fitted estimator has, and what is made of it: predictions, features, other estimators."""

from .fitted_estimator import FittedEstimator, why_no_features, why_no_transform

__all__ = ["FittedEstimator", "why_no_features", "why_no_transform"]
