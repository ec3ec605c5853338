"""The exponential function, in operations that a compiler converts to vector instructions.

``exp(x) = 2^k exp(r)``, where ``k`` is the integer nearest to ``x / log 2`` and
``r = x - k log 2`` is computed in two parts to avoid cancellation. ``exp(r)``, for
``|r| <= log(2) / 2``, is its Taylor polynomial, accurate to rounding. ``2^k`` is built from bits,
as the product of two powers, so that infinity and subnormal numbers are correct.

References
----------
Cody & Waite (1980), "Software manual for the elementary functions", ch. 6.
"""

import numpy as np
from numba import types
from numba.extending import overload, register_jitable

F4, I4, F8, I8 = np.float32, np.int32, np.float64, np.int64

# _HIGH has few bits, so that its product with any k is exact; _LOW is the rest of log 2.
_LOG2_E, _HIGH, _LOW = 1.4426950408889634, 0.693145751953125, 1.42860682030941723212e-6
_LOG2_E_4, _HIGH_4, _LOW_4 = F4(_LOG2_E), F4(0.693359375), F4(-2.12194440e-4)
_LEAST, _LARGEST, _LEAST_4, _LARGEST_4 = -746.0, 710.0, F4(-104.0), F4(89.0)
_HALF, _ONE, _BIAS, _BITS = F4(0.5), F4(1.0), I4(127), I4(23)
_C3, _C4, _C5, _C6, _C7 = F4(1 / 6), F4(1 / 24), F4(1 / 120), F4(1 / 720), F4(1 / 5040)


@register_jitable
def _exp_of_double(x):
    x = min(max(x, _LEAST), _LARGEST)
    k = np.floor(x * _LOG2_E + 0.5)
    r = (x - k * _HIGH) - k * _LOW
    p = 1 / 6227020800
    p = p * r + 1 / 479001600
    p = p * r + 1 / 39916800
    p = p * r + 1 / 3628800
    p = p * r + 1 / 362880
    p = p * r + 1 / 40320
    p = p * r + 1 / 5040
    p = p * r + 1 / 720
    p = p * r + 1 / 120
    p = p * r + 1 / 24
    p = p * r + 1 / 6
    p = p * r + 0.5
    p = p * r + 1.0
    p = p * r + 1.0
    k = I8(k)
    half = k >> 1
    return p * I8((half + 1023) << 52).view(F8) * I8((k - half + 1023) << 52).view(F8)


@register_jitable
def _exp_of_single(x):
    x = min(max(x, _LEAST_4), _LARGEST_4)
    k = np.floor(x * _LOG2_E_4 + _HALF)
    r = (x - k * _HIGH_4) - k * _LOW_4
    p = _C7
    p = p * r + _C6
    p = p * r + _C5
    p = p * r + _C4
    p = p * r + _C3
    p = p * r + _HALF
    p = p * r + _ONE
    p = p * r + _ONE
    k = I4(k)
    half = I4(k >> I4(1))
    first, second = I4((half + _BIAS) << _BITS), I4((I4(k - half) + _BIAS) << _BITS)
    return p * I4(first).view(F4) * I4(second).view(F4)


# Cephes' rational function for small arguments.
_P = -9.64399179425052238628e-1, -9.92877231001918586564e1, -1.61468768441708447952e3
_Q = 1.12811678491632931402e2, 2.23548839060100448583e3, 4.84406305325125486048e3


@register_jitable
def _tanh_of_double(x):
    z = x * x
    above = (_P[0] * z + _P[1]) * z + _P[2]
    below = ((z + _Q[0]) * z + _Q[1]) * z + _Q[2]
    small = x + x * z * above / below
    a = abs(x)
    large = 1 - 2 / (_exp_of_double(2 * a) + 1)
    return small if a < 0.625 else np.copysign(large, x)


_T = F4(-5.70498872745e-3), F4(2.06390887954e-2), F4(-5.37397155531e-2), F4(1.33314422036e-1)
_T_LAST, _TWO, _LIMIT = F4(-3.33332819422e-1), F4(2), F4(0.625)


@register_jitable
def _tanh_of_single(x):
    z = x * x
    p = (((_T[0] * z + _T[1]) * z + _T[2]) * z + _T[3]) * z + _T_LAST
    small = x + x * z * p
    a = abs(x)
    large = _ONE - _TWO / (_exp_of_single(_TWO * a) + _ONE)
    return small if a < _LIMIT else np.copysign(large, x)


def tanh(x):
    """Return ``tanh(x)`` of a float, with its type; for use in compiled code."""
    raise NotImplementedError


@overload(tanh, inline="never")
def _tanh(x):
    return {types.float64: _tanh_of_double, types.float32: _tanh_of_single}.get(x)


def exp(x):
    """Return ``e^x`` of a float, with its type; for use in compiled code."""
    raise NotImplementedError


@overload(exp, inline="never")
def _exp(x):
    return {types.float64: _exp_of_double, types.float32: _exp_of_single}.get(x)
