"""Multi-layer perceptrons trained by back-propagation, for scikit-learn."""

from .classifier import BackpropClassifier
from .interop import from_sklearn
from .regressor import BackpropRegressor
from .smooth_clip import SmoothClipScaler
from .table_encoder import TableEncoder
from .tabular import TabularClassifier, TabularRegressor

__all__ = [
    "BackpropClassifier",
    "BackpropRegressor",
    "SmoothClipScaler",
    "TableEncoder",
    "TabularClassifier",
    "TabularRegressor",
    "__version__",
    "from_sklearn",
]

__version__ = "0.1.0"
