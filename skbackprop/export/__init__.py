"""Fitted estimators for production: as ONNX models.

ONNX needs the packages of the extra ``skbackprop[onnx]``.
"""

from .onnx import register_converters, to_onnx

__all__ = ["register_converters", "to_onnx"]
