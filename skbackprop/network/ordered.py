"""The output layer for ordered classes: one score and thresholds."""

from typing import NamedTuple

import numpy as np
from scipy.special import expit, log_expit, logit

from .parameters import ParameterShape


class OrderedBuffers(NamedTuple):
    """Buffers of the layer between forward and backward pass, for a number of rows.

    Attributes
    ----------
    H : ndarray of shape (n_rows, fan_out)
        Outputs.

    delta : ndarray of shape (n_rows, fan_out) or None
        Gradient of the loss with respect to ``H``; None in a workspace for predictions.

    scores : ndarray of shape (n_rows, n_scores)
        Products of inputs and weights, without a bias.

    slopes : ndarray of shape (n_rows, n_scores) or None
        Gradient of the loss with respect to ``scores``.
    """

    H: np.ndarray
    delta: np.ndarray | None
    scores: np.ndarray
    slopes: np.ndarray | None

    @property
    def Z(self):
        """Return the outputs, because there is no activation."""
        return self.H

    def rows(self, n_rows):
        """Return views of the buffers for fewer rows."""
        return OrderedBuffers(*(None if array is None else array[:n_rows] for array in self))


class CumulativeLogit:
    """Output layer in which ordered classes share one score: proportional odds.

    For each group of ``K`` outputs, the layer computes one score ``s = inputs w`` and returns the
    logarithms of the probabilities of the ``K`` classes, which ``softmax`` turns back into
    probabilities:

        P(class <= k) = 1 / (1 + exp(-(theta_k - s))),   k = 1, ..., K - 1.

    The thresholds increase for all values of the biases ``b``: ``theta_1 = b_1``, and
    ``theta_k = theta_(k-1) + log(1 + exp(b_k))``. Initially all classes have the same probability.
    Outputs in no group are computed as in a dense layer.

    The weights have the shape (fan_in, n_scores), starting with the outputs in no group. The
    biases have the same order, with ``K - 1`` for each group.

    Parameters
    ----------
    fan_in, fan_out : int
        Numbers of inputs and of outputs.

    groups : sequence of sequences of int
        The outputs of each group, at least two, from the lowest class to the highest.

    initializer : callable
        As in ``Dense``; the thresholds are set afterwards.

    rates : tuple of two floats, default=(1.0, 1.0)
        As in ``Dense``.

    References
    ----------
    McCullagh (1980), "Regression models for ordinal data", Journal of the Royal Statistical
    Society B 42:109-142.
    """

    description = "cumulative_logit"

    def __init__(self, fan_in, fan_out, groups, initializer, rates=(1.0, 1.0)):
        self.fan_in = fan_in
        self.fan_out = fan_out
        self.initializer = initializer
        self.rates = rates
        self.groups = tuple(map(np.asarray, groups))
        grouped = {k for group in self.groups for k in group.tolist()}
        self.others = np.array([k for k in range(fan_out) if k not in grouped], int)
        self._n_scores = len(self.others) + len(self.groups)

    @property
    def parameter_shapes(self):
        """Return the shapes of the weights (penalised) and the biases (not penalised)."""
        n_biases = self.fan_out - len(self.groups)
        return (
            ParameterShape("coef", (self.fan_in, self._n_scores), True, rate=self.rates[0]),
            ParameterShape("intercept", (n_biases,), False, rate=self.rates[1]),
        )

    def draw(self, parameters, random_state):
        """Draw initial values; thresholds are set for equal probabilities."""
        self.initializer(*parameters, random_state)
        for group, _, biases in self.places(parameters[1]):
            theta = logit(np.arange(1, len(group)) / len(group))
            biases[0] = theta[0]
            biases[1:] = np.log(np.expm1(np.diff(theta)))

    def buffers(self, n_rows, dtype, kernels, *, backward=True, keep_inputs=False):
        """Return new buffers for blocks of at most ``n_rows`` rows."""
        H = np.empty((n_rows, self.fan_out), dtype)
        scores = np.empty((n_rows, self._n_scores), dtype)
        if not backward:
            return OrderedBuffers(H, None, scores, None)
        return OrderedBuffers(H, np.empty_like(H), scores, np.empty_like(scores))

    def forward(self, parameters, inputs, buffers):
        """Compute scores and logarithms of probabilities."""
        coef, intercept = parameters
        H, scores = buffers.H, buffers.scores
        scores[...] = inputs @ coef
        n_others = len(self.others)
        H[:, self.others] = scores[:, :n_others] + intercept[:n_others]
        for group, k, biases in self.places(intercept):
            H[:, group] = _log_probabilities(scores[:, k], biases)

    def backward(self, parameters, inputs, buffers, ones, gradient):
        """Write the gradient of the parameters."""
        coef_gradient, intercept_gradient = gradient
        n_others = len(self.others)
        slopes, delta = buffers.slopes, buffers.delta[:, self.others]
        slopes[:, :n_others] = delta
        intercept_gradient[:n_others] = ones @ delta
        gradients = self.places(intercept_gradient)
        for (group, k, biases), (_, _, out) in zip(
            self.places(parameters[1]), gradients, strict=True
        ):
            delta = buffers.delta[:, group]
            slopes[:, k] = _pull_back(delta, buffers.scores[:, k], biases, ones, out)
        coef_gradient[...] = inputs.T @ slopes

    def backward_inputs(self, parameters, buffers, out):
        """Write ``dLoss/dinputs`` into ``out``, from the slopes that ``backward`` computed."""
        np.dot(buffers.slopes, parameters[0].T, out=out)

    def places(self, intercept):
        """Yield outputs, position of the score and biases of each group."""
        start = n_others = len(self.others)
        for k, group in enumerate(self.groups):
            stop = start + len(group) - 1
            yield group, n_others + k, intercept[start:stop]
            start = stop


def _below(score, biases):
    """Return the logits of ``P(class <= k)``, of shape (n_rows, K - 1)."""
    steps = np.logaddexp(0, biases)
    steps[0] = biases[0]
    return np.cumsum(steps) - score[:, np.newaxis]


def _log_probabilities(score, biases):
    """Return the logarithms of the class probabilities, of shape (n_rows, K).

    ``P(j < class <= k) = P(class <= k) P(class > j) (1 - exp(theta_j - theta_k))``. This formula
    has no difference of probabilities, so nothing cancels.
    """
    below = _below(score, biases)
    logarithms = np.zeros((len(score), len(biases) + 1), score.dtype)
    logarithms[:, :-1] = log_expit(below)
    logarithms[:, 1:] += log_expit(-below)
    logarithms[:, 1:-1] += log_expit(biases[1:])
    return logarithms


def _pull_back(delta, score, biases, ones, out):
    """Return the gradient with respect to the score; write that of the biases into ``out``."""
    below = _below(score, biases)
    slope = delta[:, :-1] * expit(-below) - delta[:, 1:] * expit(below)
    # A bias moves its own threshold and all thresholds above it.
    out[...] = np.cumsum((ones @ slope)[::-1])[::-1]
    out[1:] *= expit(biases[1:])
    out[1:] += (ones @ delta[:, 1:-1]) * expit(-biases[1:])
    return -slope.sum(axis=1)
