"""Penalty, decay, update and average of the parameters, in blocks that stay in the cache."""

import numpy as np

from ..reference import PenaltyKernel, UpdateKernel
from .jit import compiled, compiled_sum, inlined

# Number of elements that stay in the L1 cache between the loops over them.
_BLOCK = 512


@compiled_sum
def _add_penalty(coefs, gradient, factor):
    factor, squares = coefs.dtype.type(factor), coefs.dtype.type(0)
    for i in range(coefs.size):
        gradient[i] += factor * coefs[i]
        squares += coefs[i] * coefs[i]
    return squares


@inlined
def _decay(theta, decays, lost):
    if decays.size:
        lost = theta.dtype.type(lost)
        for i in range(theta.size):
            theta[i] -= decays[i] * lost * theta[i]
    else:
        kept = theta.dtype.type(1 - lost)
        for i in range(theta.size):
            theta[i] *= kept


@inlined
def _add_to_average(average, theta, weight):
    weight = theta.dtype.type(weight)
    for i in range(average.size):
        average[i] += weight * (theta[i] - average[i])


# Few arrays in each loop, so that the compiler can check whether they overlap.
@inlined
def _adam_block(theta, g, m, v, rates, numbers):
    beta_1, beta_2, factor, epsilon = numbers
    beta_1, beta_2 = theta.dtype.type(beta_1), theta.dtype.type(beta_2)
    factor, epsilon = theta.dtype.type(factor), theta.dtype.type(epsilon)
    for i in range(theta.size):
        m[i] = beta_1 * m[i] + g[i]
        v[i] = beta_2 * v[i] + g[i] * g[i]
    if rates.size:
        for i in range(theta.size):
            theta[i] += factor * rates[i] * m[i] / (np.sqrt(v[i]) + epsilon)
    else:
        for i in range(theta.size):
            theta[i] += factor * m[i] / (np.sqrt(v[i]) + epsilon)


@compiled
def _adam(vectors, lost, weight, numbers):
    theta, g, m, v, decayed, decays, average, rates = vectors
    for start in range(0, theta.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        piece = theta[block]
        _decay(decayed[block], decays[block], lost)
        _adam_block(piece, g[block], m[block], v[block], rates[block], numbers)
        _add_to_average(average[block], piece, weight)


@inlined
def _sgd_block(theta, g, v, rates, numbers, nesterov):
    momentum, rate = numbers
    momentum, rate = theta.dtype.type(momentum), theta.dtype.type(rate)
    if rates.size:
        for i in range(theta.size):
            step = rate * g[i] * rates[i]
            v[i] = momentum * v[i] - step
            theta[i] += momentum * v[i] - step if nesterov else v[i]
    else:
        for i in range(theta.size):
            step = rate * g[i]
            v[i] = momentum * v[i] - step
            theta[i] += momentum * v[i] - step if nesterov else v[i]


@compiled
def _sgd(vectors, lost, weight, numbers, nesterov):
    theta, g, v, decayed, decays, average, rates = vectors
    for start in range(0, theta.size, _BLOCK):
        block = slice(start, start + _BLOCK)
        piece = theta[block]
        _decay(decayed[block], decays[block], lost)
        _sgd_block(piece, g[block], v[block], rates[block], numbers, nesterov)
        _add_to_average(average[block], piece, weight)


class CompiledPenalty(PenaltyKernel):
    """Compiled ``PenaltyKernel``; see there."""

    def __init__(self, coefs, gradient):
        self._coefs, self._gradient = coefs, gradient

    def add(self, factor):
        return float(_add_penalty(self._coefs, self._gradient, factor))


class _Compiled(UpdateKernel):
    def __init__(self, rule, vectors):
        self._rule = rule
        none = vectors.theta[:0]
        self._vectors = (
            vectors.theta,
            vectors.gradient,
            *vectors.moments,
            *(
                none if vector is None else vector
                for vector in (vectors.decayed, vectors.decays, vectors.average, vectors.rates)
            ),
        )


class _Adam(_Compiled):
    def change(self, factors, lost, weight):
        numbers = self._rule.beta_1, self._rule.beta_2, *factors
        _adam(self._vectors, lost, weight, numbers)


class _SGD(_Compiled):
    def change(self, factors, lost, weight):
        rule = self._rule
        _sgd(self._vectors, lost, weight, (rule.momentum, factors), rule.nesterov)


#: Kernels by the name of the update rule's class.
UPDATE_RULES = {"Adam": _Adam, "SGD": _SGD}
