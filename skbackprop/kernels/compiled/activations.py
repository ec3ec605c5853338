"""Bias and activation of a layer in one pass, and their gradients with the sum for the biases.

A function ``forward(H, bias)`` works in place, for activations that do not need their
pre-activations. ``forward(Z, bias, H)`` reads one array and writes the other.
"""

from ..reference import ActivationKernel
from .exponential import exp, tanh
from .jit import compiled


@compiled
def _add_bias(H, bias):
    for i in range(H.shape[0]):
        for j in range(H.shape[1]):
            H[i, j] += bias[j]


@compiled
def _sum_rows(delta, sums):
    sums[:] = 0
    for i in range(delta.shape[0]):
        for j in range(delta.shape[1]):
            sums[j] += delta[i, j]


@compiled
def _relu(H, bias):
    zero = H.dtype.type(0)
    for i in range(H.shape[0]):
        for j in range(H.shape[1]):
            z = H[i, j] + bias[j]
            H[i, j] = zero if z < zero else z


@compiled
def _relu_backward(delta, H, sums):
    zero, one = H.dtype.type(0), H.dtype.type(1)
    sums[:] = zero
    for i in range(H.shape[0]):
        for j in range(H.shape[1]):
            d = delta[i, j] * (one if H[i, j] > zero else zero)
            delta[i, j] = d
            sums[j] += d


@compiled
def _logistic(H, bias):
    one = H.dtype.type(1)
    for i in range(H.shape[0]):
        for j in range(H.shape[1]):
            H[i, j] = one / (one + exp(-(H[i, j] + bias[j])))


@compiled
def _logistic_backward(delta, H, sums):
    zero, one = H.dtype.type(0), H.dtype.type(1)
    sums[:] = zero
    for i in range(H.shape[0]):
        for j in range(H.shape[1]):
            d = delta[i, j] * (H[i, j] * (one - H[i, j]))
            delta[i, j] = d
            sums[j] += d


@compiled
def _tanh(H, bias):
    for i in range(H.shape[0]):
        for j in range(H.shape[1]):
            H[i, j] = tanh(H[i, j] + bias[j])


@compiled
def _tanh_backward(delta, H, sums):
    zero, one = H.dtype.type(0), H.dtype.type(1)
    sums[:] = zero
    for i in range(H.shape[0]):
        for j in range(H.shape[1]):
            d = delta[i, j] * (one - H[i, j] * H[i, j])
            delta[i, j] = d
            sums[j] += d


@compiled
def _silu(Z, bias, H):
    one = H.dtype.type(1)
    for i in range(H.shape[0]):
        for j in range(H.shape[1]):
            z = Z[i, j] + bias[j]
            Z[i, j] = z
            H[i, j] = z / (one + exp(-z))


@compiled
def _silu_in_place(H, bias):
    one = H.dtype.type(1)
    for i in range(H.shape[0]):
        for j in range(H.shape[1]):
            z = H[i, j] + bias[j]
            H[i, j] = z / (one + exp(-z))


@compiled
def _silu_backward(delta, H, Z, sums):
    zero, one = H.dtype.type(0), H.dtype.type(1)
    sums[:] = zero
    for i in range(H.shape[0]):
        for j in range(H.shape[1]):
            s = one / (one + exp(-Z[i, j]))
            d = delta[i, j] * (s + H[i, j] * (one - s))
            delta[i, j] = d
            sums[j] += d


class _Identity(ActivationKernel):
    def forward(self, Z, bias, out):
        _add_bias(Z, bias)
        if out is not Z:
            out[...] = Z

    def backward(self, delta, H, Z, ones, bias_gradient):
        _sum_rows(delta, bias_gradient)


class _OfOutputs(ActivationKernel):
    """Compute an activation whose derivative is a function of its output."""

    def forward(self, Z, bias, out):
        if out is not Z:
            out[...] = Z
            _add_bias(Z, bias)
        self._forward(out, bias)

    def backward(self, delta, H, Z, ones, bias_gradient):
        self._backward(delta, H, bias_gradient)


class _ReLU(_OfOutputs):
    _forward, _backward = staticmethod(_relu), staticmethod(_relu_backward)


class _Logistic(_OfOutputs):
    _forward, _backward = staticmethod(_logistic), staticmethod(_logistic_backward)


class _Tanh(_OfOutputs):
    _forward, _backward = staticmethod(_tanh), staticmethod(_tanh_backward)


class _SiLU(ActivationKernel):
    def forward(self, Z, bias, out):
        if out is Z:
            _silu_in_place(Z, bias)
        else:
            _silu(Z, bias, out)

    def backward(self, delta, H, Z, ones, bias_gradient):
        _silu_backward(delta, H, Z, bias_gradient)


#: Kernels by the name of the activation's class.
ACTIVATIONS = {
    "Identity": _Identity, "Logistic": _Logistic, "ReLU": _ReLU, "SiLU": _SiLU, "Tanh": _Tanh,
}  # fmt: skip
