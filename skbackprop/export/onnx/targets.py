"""Predictions from raw predictions, as ONNX operators.

A new link is a line in ``LINKS``, a new kind of target a function and a line in ``TARGETS``.
"""

import numpy as np

from ...losses import GaussianNLL, Loss, Quantile, loss_name
from ...losses.links import IdentityLink, LogitLink, LogLink, SoftmaxLink
from ...targets import (
    BinaryTarget,
    LabelColumnsTarget,
    MulticlassTarget,
    MultilabelTarget,
    NumericTarget,
    OrdinalTarget,
    ScaledTarget,
    SurvivalTarget,
)
from .graph import Tensor, entry

# Signs of the raw prediction for two classes.
_SIGNS = np.array([[-1, 1]], np.float32)

# Smallest probability, as in ``predict_proba`` of float32.
_SMALLEST = np.finfo(np.float32).tiny

#: Functions ``write(graph, raw)`` by class; each returns the name of the linked prediction.
LINKS = {
    IdentityLink: lambda graph, raw: raw,
    LogLink: lambda graph, raw: graph.add("Exp", raw),
    LogitLink: lambda graph, raw: graph.add("Sigmoid", raw),
    SoftmaxLink: lambda graph, raw: graph.add("Softmax", raw, axis=-1),
}


def _linked(graph, loss, raw):
    write = entry(
        LINKS,
        type(loss.link),
        f"the link of loss={loss_name(loss)}, which is Python code. Fit with a loss that has a "
        "link of skbackprop.losses.",
    )
    return write(graph, raw)


# ---- classes


def _labels(graph, classes, positions):
    """Write the classes at some positions as int64, string or double."""
    kind = {"f": "double", "U": "string", "O": "string"}.get(classes.dtype.kind, "int64")
    dtype = {"double": np.float64, "string": object, "int64": np.int64}[kind]
    if kind == "int64" and classes.max() > np.iinfo(np.int64).max:
        raise ValueError("to_onnx cannot express classes that are integers beyond int64.")
    labels = graph.constant(classes.tolist(), dtype)
    return Tensor(graph.add("Gather", labels, positions), kind, ())


def _probabilities(graph, loss, raw, width):
    floor = graph.constant(_SMALLEST)
    return Tensor(graph.add("Max", _linked(graph, loss, raw), floor), "float", (width,))


def _binary(graph, target, raw):
    column = graph.reshape(raw)
    positive = graph.add("Greater", column, graph.constant(0, np.float32))
    label = _labels(graph, target.classes, graph.cast(positive, "int64"))
    both = graph.add("Mul", raw, graph.constant(_SIGNS))
    return {"label": label, "probabilities": _probabilities(graph, target.loss, both, 2)}


def _one_class(graph, target, raw):
    never = graph.add("Less", raw, raw)
    label = _labels(graph, target.classes, graph.reshape(graph.cast(never, "int64")))
    ones = graph.cast(graph.add("Not", never), "float")
    return {"label": label, "probabilities": Tensor(ones, "float", (1,))}


def _binary_or_one(graph, target, raw):
    return (_binary if len(target.classes) == 2 else _one_class)(graph, target, raw)


def _multiclass(graph, target, raw):
    largest = graph.add("ArgMax", raw, axis=1, keepdims=0)
    probabilities = _probabilities(graph, target.loss, raw, target.n_raw)
    return {"label": _labels(graph, target.classes, largest), "probabilities": probabilities}


def _multilabel(graph, target, raw):
    positive = graph.add("Greater", raw, graph.constant(0, np.float32))
    label = Tensor(graph.cast(positive, "int64"), "int64", (target.n_raw,))
    return {
        "label": label,
        "probabilities": _probabilities(graph, target.loss, raw, target.n_raw),
    }


def _label_columns(graph, target, raw):
    outputs = {}
    for j, (column, own) in enumerate(zip(target.columns, target.loss.raw_slices, strict=True)):
        of_column = _of_classes(graph, column, graph.columns(raw, own.start, own.stop))
        outputs |= {f"{name}_{j}": tensor for name, tensor in of_column.items()}
    return outputs


# ---- numbers


def _by_link(graph, target, raw):
    return _linked(graph, target.loss, graph.cast(raw, "double")), (target.n_raw,)


def _means(graph, target, raw):
    positions = np.arange(0, target.n_raw, 2)
    return graph.cast(graph.take(raw, positions), "double"), (len(positions),)


def _quantiles(graph, target, raw):
    """Write quantiles sorted along the levels, which are the last axis."""
    n_levels, n_outputs = target.loss.raw_per_target, target.n_outputs
    raw = graph.cast(raw, "double")
    if n_levels == 1:
        return raw, (n_outputs,)
    shape = (n_levels,) if n_outputs == 1 else (n_outputs, n_levels)
    n_smallest = graph.constant([n_levels], np.int64)
    split = graph.reshape(raw, *shape)
    ordered = graph.add("TopK", split, n_smallest, axis=-1, largest=0, n_outputs=2)
    return ordered, shape


#: Functions ``write(graph, target, raw)`` by the ``predict`` of the loss; each returns a name and
#: the shape of a row.
PREDICTIONS = {
    Loss.predict: _by_link,
    GaussianNLL.predict: _means,
    Quantile.predict: _quantiles,
}


def _in_units(graph, target, values, n_axes, *, with_center):
    """Write predictions or standard deviations in the units of ``y``."""
    if not isinstance(target, ScaledTarget):
        return values
    center, scale = (unit.reshape(-1, *[1] * (n_axes - 1)) for unit in _units(target))
    scaled = graph.add("Mul", values, graph.constant(scale))
    return graph.add("Add", scaled, graph.constant(center)) if with_center else scaled


def _units(target):
    with np.errstate(over="ignore"):
        units = np.array([target.center, target.scale])
        if not np.isfinite(units.astype(np.float32)).all():
            raise ValueError("y is too large for float32, in which to_onnx predicts. Scale y.")
    return units


def _prediction(graph, target, raw):
    loss = target.loss
    write = entry(
        PREDICTIONS,
        type(loss).predict,
        f"loss={loss_name(loss)}, whose predict is Python code. Fit with a loss of "
        "skbackprop.losses, or inherit predict from one.",
    )
    values, shape = write(graph, target, raw)
    return _in_units(graph, target, values, len(shape), with_center=True), shape


def _noise_variance(graph, target, raw):
    """Write the noise variance ``exp(C tanh(u / C))``; ``u`` are the odd raw predictions."""
    bound = target.loss.max_log_variance
    u = graph.take(raw, np.arange(1, target.n_raw, 2))
    tanh = graph.add("Tanh", graph.add("Div", u, graph.constant(bound, np.float32)))
    half = graph.add("Mul", graph.cast(tanh, "double"), graph.constant(bound / 2))
    std = _in_units(graph, target, graph.add("Exp", half), 1, with_center=False)
    return graph.add("Mul", std, std)


def _spread(graph, predictions, mean, weights):
    """Write the variance over the members."""
    deviations = [graph.add("Sub", one, mean) for one in predictions]
    return graph.mean([graph.add("Mul", one, one) for one in deviations], weights, np.float64)


def _of_numbers(graph, target, members, weights, with_std):
    """Write the mean of the members' predictions, and the standard deviation.

    Computations are in float64, because the spread may be small relative to the mean.
    """
    predictions, shapes = zip(*(_prediction(graph, target, raw) for raw in members), strict=True)
    mean = graph.mean(predictions, weights, np.float64)
    outputs = {"variable": Tensor(graph.cast(mean, "float"), "float", shapes[0])}
    if with_std:
        variance = _spread(graph, predictions, mean, weights)
        if target.has_std:
            noise = [_noise_variance(graph, target, raw) for raw in members]
            variance = graph.add("Add", variance, graph.mean(noise, weights, np.float64))
        std = graph.cast(graph.add("Sqrt", variance), "float")
        outputs["std"] = Tensor(std, "float", shapes[0])
    return outputs


# ---- all kinds

#: Functions ``write(graph, target, raw)`` by class; each returns the outputs by name.
TARGETS = {
    BinaryTarget: _binary_or_one,
    MulticlassTarget: _multiclass,
    OrdinalTarget: _multiclass,
    MultilabelTarget: _multilabel,
    LabelColumnsTarget: _label_columns,
}


def _of_classes(graph, target, raw):
    write = entry(TARGETS, type(target), f"a target of the kind {type(target).__name__}.")
    return write(graph, target, raw)


def outputs_of(graph, target, members, weights, *, with_std):
    """Write the predictions from the raw predictions of one or several networks.

    ``weights`` are those of the networks, which add up to 1.

    Returns
    -------
    outputs : dict of Tensor
        Outputs by the names that skl2onnx uses: 'label' and 'probabilities', with a number for
        each of several label columns, or 'variable', and 'std' if ``with_std``.
    """
    if isinstance(target, NumericTarget | SurvivalTarget):
        return _of_numbers(graph, target, members, weights, with_std)
    return _of_classes(graph, target, graph.mean(members, weights, np.float32))
