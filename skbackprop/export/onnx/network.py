"""Networks as ONNX operators. A new kind of layer is a function and a line in ``LAYERS``."""

import numpy as np

from ...network import (
    CumulativeLogit,
    Dense,
    NormalScores,
    PeriodicEmbedding,
    PiecewiseLinearEncoding,
)
from .activations import activated
from .graph import entry

# A threshold larger than any score.
_FAR = 1e30


def _dense(graph, layer, arrays, inputs):
    coef, intercept = (graph.single(array, "weights of a layer") for array in arrays)
    return activated(graph, layer.activation, graph.add("Gemm", inputs, coef, intercept))


def _periodic(graph, layer, arrays, inputs):
    """Write features and ``e = V cos(u) + c``.

    ``u = x w + a`` is reduced to half a period on either side in float64, because cosines of large
    arguments are inaccurate in float32.
    """
    w, a, V, c = (np.asarray(array, np.float64) for array in arrays)
    columns = graph.add("Transpose", graph.take(inputs, layer.columns), perm=[1, 0])
    x = graph.cast(graph.add("Unsqueeze", columns, graph.constant([2], np.int64)), "double")
    period = 2 * np.pi
    scaled = graph.add("Mul", x, graph.constant(w.transpose(0, 2, 1) / period))
    periods = graph.add("Add", scaled, graph.constant(a.transpose(0, 2, 1) / period))
    rest = graph.cast(graph.add("Sub", periods, graph.add("Round", periods)), "float")
    waves = graph.add("Cos", graph.add("Mul", rest, graph.constant(period, np.float32)))
    outputs = graph.add("MatMul", waves, graph.single(V.transpose(0, 2, 1), "weights of a layer"))
    outputs = graph.add("Add", outputs, graph.single(c.transpose(0, 2, 1), "weights of a layer"))
    outputs = graph.add("Transpose", outputs, perm=[1, 0, 2])
    embedded = graph.reshape(outputs, len(layer.columns) * layer.n_outputs)
    return graph.side_by_side([inputs, embedded])


def _clipped_lines(graph, lines, inputs):
    """Write functions of one column each that are linear between two bounds."""
    values = graph.cast(graph.take(inputs, lines.columns), "double")
    low, scale = (graph.constant(array, np.float64) for array in (lines.low, lines.scale))
    values = graph.add("Mul", graph.add("Sub", values, low), scale)
    bounds = np.clip([lines.lowest, lines.highest], -_FAR, _FAR)
    lowest, highest = (graph.constant(bound, np.float64) for bound in bounds)
    return graph.add("Min", graph.add("Max", values, lowest), highest)


def _piecewise_linear(graph, layer, arrays, inputs):
    return graph.cast(_clipped_lines(graph, layer.lines, inputs), "float")


def _normal_scores(graph, layer, arrays, inputs):
    """Write kept columns, and scores as sums of the rises between knots."""
    lines, first, sums = layer.functions()
    rises = _clipped_lines(graph, lines, inputs)
    scores = graph.add("MatMul", rises, graph.constant(sums, np.float64))
    scores = graph.add("Add", scores, graph.constant(first, np.float64))
    return graph.side_by_side([graph.take(inputs, layer.kept), graph.cast(scores, "float")])


def _cumulative_logit(graph, layer, arrays, inputs):
    """Write the logarithms of the probabilities of ordered classes, computed from scores."""
    coef, intercept = arrays
    products = graph.add("MatMul", inputs, graph.single(coef, "weights of a layer"))
    parts, order, n_others = [], [*layer.others], len(layer.others)
    if n_others:
        own = graph.columns(products, 0, n_others)
        biases = graph.single(intercept[:n_others], "weights of a layer")
        parts.append(graph.add("Add", own, biases))
    for group, k, biases in layer.places(intercept):
        score = graph.columns(products, k, k + 1)
        parts.append(_log_probabilities(graph, score, np.asarray(biases, np.float64)))
        order += [*group]
    return graph.take(graph.side_by_side(parts), np.argsort(order))


def _log_probabilities(graph, score, biases):
    """Write ``log P(class <= k) + log P(class > k - 1) + log(1 - exp(theta_(k-1) - theta_k))``."""
    steps = np.logaddexp(0, biases)
    steps[0] = biases[0]
    thresholds = np.cumsum(steps)
    from_below = graph.single(np.append(thresholds, _FAR)[np.newaxis], "thresholds")
    from_above = graph.single(np.append(-_FAR, thresholds)[np.newaxis], "thresholds")
    between = np.concatenate([[0], -np.logaddexp(0, -biases[1:]), [0]])
    not_below = graph.add("Softplus", graph.add("Sub", score, from_below))
    not_above = graph.add("Softplus", graph.add("Sub", from_above, score))
    constant = graph.single(between[np.newaxis], "thresholds")
    return graph.add("Sub", constant, graph.add("Add", not_below, not_above))


#: Functions ``write(graph, layer, arrays, inputs)`` by class; each returns the name of the output.
LAYERS = {
    Dense: _dense,
    PeriodicEmbedding: _periodic,
    PiecewiseLinearEncoding: _piecewise_linear,
    NormalScores: _normal_scores,
    CumulativeLogit: _cumulative_logit,
}


def raw_prediction(graph, fitted, inputs):
    """Write the layers of a FittedNetwork."""
    for layer, arrays in zip(fitted.network.layers, fitted.layers, strict=True):
        write = entry(LAYERS, type(layer), f"a layer of the kind {type(layer).__name__}.")
        inputs = write(graph, layer, arrays, inputs)
    return inputs
