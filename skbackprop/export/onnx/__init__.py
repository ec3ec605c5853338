"""Conversion to ONNX. Each component has one small function, registered in one table."""

from .model import to_onnx
from .with_skl2onnx import register_converters

__all__ = ["register_converters", "to_onnx"]
