"""Multi-layer perceptrons trained by back-propagation, for scikit-learn."""

from .classifier import BackpropClassifier
from .from_sklearn import from_sklearn
from .regressor import BackpropRegressor
from .tabular import (
    PiecewiseLinearEncoder,
    SmoothClipScaler,
    TableEncoder,
    TabularClassifier,
    TabularRegressor,
)

__all__ = [
    "BackpropClassifier", "BackpropRegressor", "PiecewiseLinearEncoder", "SmoothClipScaler",
    "TableEncoder", "TabularClassifier", "TabularRegressor", "__version__", "from_sklearn",
]  # fmt: skip

__version__ = "0.1.0"
