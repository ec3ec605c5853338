"""Export of fitted estimators to ONNX models and skops files.

Both need packages of the extra: ``pip install "skbackprop[onnx]"``.
"""

from .onnx import register_converters, to_onnx
from .trusted_types import TRUSTED_TYPES

__all__ = ["TRUSTED_TYPES", "register_converters", "to_onnx"]
