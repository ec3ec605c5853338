"""Activations as ONNX operators. A new one is a function and a line in ``ACTIVATIONS``."""

import numpy as np

from ...activations import (
    ELU,
    GELU,
    SELU,
    Gaussian,
    Identity,
    LeakyReLU,
    Logistic,
    Mish,
    ReLU,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from .graph import entry


def _operator(op_type, **attributes):
    """Return the converter of an activation that is an ONNX operator."""
    return lambda graph, activation, Z: graph.add(op_type, Z, **attributes)


def _identity(graph, activation, Z):
    return Z


def _leaky_relu(graph, activation, Z):
    return graph.add("LeakyRelu", Z, alpha=float(activation.negative_slope))


def _elu(graph, activation, Z):
    return graph.add("Elu", Z, alpha=float(activation.alpha))


def _gelu(graph, activation, Z):
    erf = graph.add("Erf", graph.add("Mul", Z, graph.constant(np.sqrt(0.5), np.float32)))
    distribution = graph.add("Add", erf, graph.constant(1, np.float32))
    return graph.add("Mul", graph.add("Mul", Z, distribution), graph.constant(0.5, np.float32))


def _silu(graph, activation, Z):
    return graph.add("Mul", Z, graph.add("Sigmoid", Z))


def _mish(graph, activation, Z):
    return graph.add("Mul", Z, graph.add("Tanh", graph.add("Softplus", Z)))


def _gaussian(graph, activation, Z):
    square = graph.add("Mul", Z, Z)
    return graph.add("Exp", graph.add("Mul", square, graph.constant(-0.5, np.float32)))


#: Functions ``write(graph, activation, Z)`` by class; each returns the name of ``f(Z)``.
ACTIVATIONS = {
    Identity: _identity,
    Logistic: _operator("Sigmoid"),
    Tanh: _operator("Tanh"),
    ReLU: _operator("Relu"),
    LeakyReLU: _leaky_relu,
    ELU: _elu,
    SELU: _operator("Selu", alpha=SELU.alpha, gamma=SELU._scale),
    Softplus: _operator("Softplus"),
    GELU: _gelu,
    SiLU: _silu,
    Mish: _mish,
    Gaussian: _gaussian,
    Softmax: _operator("Softmax", axis=-1),
}


def activated(graph, activation, Z):
    """Write an activation function."""
    write = entry(
        ACTIVATIONS,
        type(activation),
        f"activation={activation!r}, which is Python code. Fit with an activation of "
        "skbackprop.activations.",
    )
    return write(graph, activation, Z)
