"""Dropout masks from random bits."""

from ..reference import MaskKernel
from .jit import compiled


@compiled
def _drop(array, bits, threshold, scale, out):
    scale, zero = array.dtype.type(scale), array.dtype.type(0)
    for i in range(array.shape[0]):
        for j in range(array.shape[1]):
            out[i, j] = array[i, j] * (scale if bits[i, j] >= threshold else zero)


@compiled
def _drop_in_place(array, bits, threshold, scale):
    scale, zero = array.dtype.type(scale), array.dtype.type(0)
    for i in range(array.shape[0]):
        for j in range(array.shape[1]):
            array[i, j] *= scale if bits[i, j] >= threshold else zero


class CompiledMasks(MaskKernel):
    """Compiled ``MaskKernel``; see there."""

    def choose(self, bits, threshold, scale):
        self._chosen = bits, threshold, scale

    def drop(self, array, first_row, out):
        bits, threshold, scale = self._chosen
        if out is array:
            _drop_in_place(array, bits[first_row:], threshold, scale)
        else:
            _drop(array, bits[first_row:], threshold, scale, out)
