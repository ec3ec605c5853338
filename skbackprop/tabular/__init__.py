"""Tables without tuning: several networks by a recipe, and what prepares a table for them."""

from .classifier import TabularClassifier
from .preprocessing import PiecewiseLinearEncoder, SmoothClipScaler, TableEncoder
from .regressor import TabularRegressor

__all__ = [
    "PiecewiseLinearEncoder", "SmoothClipScaler", "TableEncoder", "TabularClassifier",
    "TabularRegressor",
]  # fmt: skip
