"""Losses with their gradients in one pass."""

import math

import numpy as np

from ..reference import LossKernel
from .exponential import exp
from .jit import compiled

# Replaces None for no weights, because the functions are compiled for arrays only.
_NO_WEIGHT = {np.dtype(t): np.ones((0, 1), t) for t in (np.float32, np.float64)}


@compiled
def _multinomial(y, raw, weight, label_smoothing, scale, out):
    n_rows, n_classes, zero = raw.shape[0], raw.shape[1], raw.dtype.type(0)
    for i in range(n_rows):
        largest = raw[i, 0]
        for k in range(1, n_classes):
            largest = raw[i, k] if raw[i, k] > largest else largest
        for k in range(n_classes):
            out[i, k] = raw[i, k] - largest
    total = 0.0
    share = label_smoothing / n_classes
    of_class = 1 - label_smoothing
    for i in range(n_rows):
        w = weight[i, 0] if weight.shape[0] else raw.dtype.type(1)
        total -= w * (of_class * out[i, y[i]])
        if share:
            for k in range(n_classes):
                total -= w * (share * out[i, k])
    flat = out.reshape(-1)
    for i in range(flat.size):
        flat[i] = exp(flat[i])
    scale, share = raw.dtype.type(scale), raw.dtype.type(share)
    of_class = raw.dtype.type(of_class)
    for i in range(n_rows):
        normaliser = zero
        for k in range(n_classes):
            normaliser += out[i, k]
        w = weight[i, 0] if weight.shape[0] else raw.dtype.type(1)
        total += w * math.log(normaliser)
        w *= scale
        inverse = w / normaliser
        for k in range(n_classes):
            out[i, k] = out[i, k] * inverse - w * share
        out[i, y[i]] -= w * of_class
    return max(total, 0.0) if total == total else total


@compiled
def _log_loss(y, raw, weight, label_smoothing, scale, out):
    one = raw.dtype.type(1)
    scale = raw.dtype.type(scale)
    sharp, spread = raw.dtype.type(1 - label_smoothing), raw.dtype.type(0.5 * label_smoothing)
    last = weight.shape[1] - 1
    total = 0.0
    for i in range(raw.shape[0]):
        for j in range(raw.shape[1]):
            z, target = raw[i, j], sharp * y[i, j] + spread
            w = weight[i, min(j, last)] if weight.shape[0] else one
            e = exp(-abs(z))
            total += w * (max(z, raw.dtype.type(0)) + math.log1p(e) - target * z)
            p = (one if z >= 0 else e) / (one + e)
            out[i, j] = (p - target) * w * scale
    return total


@compiled
def _squared_error(y, raw, weight, scale, out):
    last, scale = weight.shape[1] - 1, raw.dtype.type(scale)
    total = 0.0
    for i in range(raw.shape[0]):
        for j in range(raw.shape[1]):
            w = weight[i, min(j, last)] if weight.shape[0] else raw.dtype.type(1)
            difference = raw[i, j] - y[i, j]
            total += w * (difference * difference)
            out[i, j] = difference * w * scale
    return 0.5 * total


class _Compiled(LossKernel):
    def loss_gradient(self, y, raw, sample_weight, scale, out):
        weight = _NO_WEIGHT[raw.dtype] if sample_weight is None else sample_weight
        return self._compiled(y, raw, weight, *self._settings(), scale, out)

    def _settings(self):
        return ()


class _SquaredError(_Compiled):
    _compiled = staticmethod(_squared_error)


class _Smoothed(_Compiled):
    def _settings(self):
        return (float(self._loss.label_smoothing),)


class _LogLoss(_Smoothed):
    _compiled = staticmethod(_log_loss)


class _Multinomial(_Smoothed):
    _compiled = staticmethod(_multinomial)


#: Kernels by the name of the loss's class.
LOSSES = {
    "LogLoss": _LogLoss, "Multinomial": _Multinomial, "SquaredError": _SquaredError,
}  # fmt: skip
