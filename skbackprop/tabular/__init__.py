"""Estimators for tables without tuning, and their preprocessing."""

from .classifier import TabularClassifier
from .preprocessing import PiecewiseLinearEncoder, SmoothClipScaler, TableEncoder
from .regressor import TabularRegressor

__all__ = [
    "PiecewiseLinearEncoder", "SmoothClipScaler", "TableEncoder", "TabularClassifier",
    "TabularRegressor",
]  # fmt: skip
