"""Convert tables to numbers: columns of any type, categories, missing values, scaling."""

from .encoder import TableEncoder
from .piecewise_linear import PiecewiseLinearEncoder
from .preprocessing import TablePreprocessing
from .smooth_clip import SmoothClipScaler

__all__ = ["PiecewiseLinearEncoder", "SmoothClipScaler", "TableEncoder", "TablePreprocessing"]
