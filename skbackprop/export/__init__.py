"""Fitted estimators for production: as ONNX models, and in files of skops.

ONNX needs the packages of the extra ``skbackprop[onnx]``.
"""

from .onnx import register_converters, to_onnx
from .trusted_types import TRUSTED_TYPES

__all__ = ["TRUSTED_TYPES", "register_converters", "to_onnx"]
