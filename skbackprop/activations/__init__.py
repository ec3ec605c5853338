"""Activation functions of the hidden layers, and their derivatives.

An estimator takes an activation as a name, as an object with parameters of its own, or as a list
with one of either for each hidden layer:

>>> from skbackprop import BackpropRegressor
>>> from skbackprop.activations import LeakyReLU
>>> one = BackpropRegressor((20, 20), activation="gelu")
>>> another = BackpropRegressor((20, 20), activation=LeakyReLU(0.2))
>>> several = BackpropRegressor((20, 20), activation=["tanh", LeakyReLU(0.2)])

Each activation is a small class with two methods: ``forward`` computes ``H = f(Z)``, and
``backward`` multiplies a gradient by ``f'(Z)``. To define your own, pass two functions to
:func:`from_functions` or subclass :class:`Activation`.
"""

from collections.abc import Sequence
from typing import Literal, TypeAlias

from ..utils import did_you_mean
from .base import Activation, FromFunctions, from_functions
from .classic import Identity, Logistic, ReLU, Tanh
from .rectifiers import ELU, SELU, LeakyReLU
from .smooth import GELU, Gaussian, Mish, SiLU, Softmax, Softplus

__all__ = [
    "ACTIVATIONS", "ELU", "GELU", "SELU", "Activation", "FromFunctions", "Gaussian",
    "Identity", "LeakyReLU", "Logistic", "Mish", "ReLU", "SiLU", "Softmax", "Softplus", "Tanh",
    "from_functions",
]  # fmt: skip

ActivationName: TypeAlias = Literal[
    "identity", "logistic", "tanh", "relu", "leaky_relu", "elu", "selu", "softplus", "gelu",
    "silu", "mish", "gaussian", "softmax",
]  # fmt: skip

# Allowed types of the hyper-parameter ``activation``.
LayerActivations: TypeAlias = ActivationName | Activation | Sequence[ActivationName | Activation]

#: Activations by name.
ACTIVATIONS: dict[ActivationName, Activation] = {
    "identity": Identity(),
    "logistic": Logistic(),
    "tanh": Tanh(),
    "relu": ReLU(),
    "leaky_relu": LeakyReLU(),
    "elu": ELU(),
    "selu": SELU(),
    "softplus": Softplus(),
    "gelu": GELU(),
    "silu": SiLU(),
    "mish": Mish(),
    "gaussian": Gaussian(),
    "softmax": Softmax(),
}


def activations_of_layers(
    activation: str | Activation | Sequence[str | Activation], n_hidden: int
) -> list[Activation]:
    """Return a list with the ``Activation`` of each hidden layer."""
    if not isinstance(activation, (list, tuple)):
        return [_activation(activation)] * n_hidden
    if len(activation) != n_hidden:
        raise ValueError(
            f"activation is a list of {len(activation)}, but hidden_layer_sizes has {n_hidden} "
            "hidden layers. The list must have one activation per hidden layer."
        )
    return [_activation(one) for one in activation]


def _activation(activation: object) -> Activation:
    if isinstance(activation, Activation):
        return activation
    if isinstance(activation, str) and activation in ACTIVATIONS:
        return ACTIVATIONS[activation]
    raise ValueError(
        f"activation has {activation!r} in its list. Allowed are instances of Activation and "
        f"{sorted(ACTIVATIONS)}.{did_you_mean(activation, ACTIVATIONS)}"
    )


def activation_name(activation: Activation) -> str:
    """Return the name of an activation, or its ``repr`` if it has no name."""
    for name, known in ACTIVATIONS.items():
        if activation == known:
            return name
    return repr(activation)
