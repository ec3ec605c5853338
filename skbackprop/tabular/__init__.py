"""Estimators for tables as they come: several networks, by a recipe that needs no tuning."""

from .classifier import TabularClassifier
from .regressor import TabularRegressor

__all__ = ["TabularClassifier", "TabularRegressor"]
