"""A graph of ONNX operators as plain records, without the onnx package.

`model` converts it to an ONNX model, and `with_skl2onnx` copies it into the graph of a pipeline.
"""

from typing import NamedTuple

import numpy as np

# Numbers of the element types in ``onnx.TensorProto``.
ELEMENT_TYPES = {"float": 1, "int64": 7, "string": 8, "bool": 9, "double": 11}

# Oldest operator sets in which all operators of these graphs have their current meaning.
OPSETS = {"": 13, "ai.onnx.ml": 2}


class Node(NamedTuple):
    """One operator."""

    op_type: str
    inputs: tuple
    outputs: tuple
    domain: str
    attributes: dict


class Tensor(NamedTuple):
    """An input or output of a graph, with the element type ``kind``.

    ``shape`` is the shape of one row, with None for unknown sizes.
    """

    name: str
    kind: str
    shape: tuple


class Graph:
    """Operators and constants, in the order in which they are computed.

    Parameters
    ----------
    taken : iterable of str
        Reserved names, such as those of the inputs.
    """

    def __init__(self, taken=()):
        self.nodes = []
        self.constants = {}
        self._taken = set(taken)

    def unique(self, name):
        """Return the name, with a number appended if it is taken."""
        own, number = name, 0
        while own in self._taken:
            number += 1
            own = f"{name}_{number}"
        self._taken.add(own)
        return own

    def add(self, op_type, *inputs, domain="", n_outputs=1, **attributes):
        """Add an operator; return the name of its first output, the only one that is used."""
        outputs = tuple(self.unique(op_type.lower()) for _ in range(n_outputs))
        self.nodes.append(Node(op_type, inputs, outputs, domain, attributes))
        return outputs[0]

    def name_outputs(self, outputs):
        """Set the public names of the outputs.

        Parameters
        ----------
        outputs : dict of Tensor
            Outputs by public name. A number is appended to a name that an input has.

        Returns
        -------
        named : list of Tensor
            The outputs with their new names.
        """
        named = []
        for name, tensor in outputs.items():
            own = self.unique(name)
            self.nodes.append(Node("Identity", (tensor.name,), (own,), "", {}))
            named.append(tensor._replace(name=own))
        return named

    def constant(self, values, dtype=None):
        """Add a constant; return its name."""
        name = self.unique("constant")
        self.constants[name] = np.array(values, dtype)
        return name

    def single(self, values, what):
        """Add a float32 constant; ``what`` describes it in the error if it is too large."""
        with np.errstate(over="ignore"):
            rounded = np.asarray(values).astype(np.float32)
        if not np.isfinite(rounded).all():
            raise ValueError(f"The {what} are too large for float32, in which to_onnx computes.")
        return self.constant(rounded)

    def cast(self, tensor, kind):
        """Convert to another element type."""
        return self.add("Cast", tensor, to=ELEMENT_TYPES[kind])

    def reshape(self, tensor, *shape):
        """Reshape each row."""
        return self.add("Reshape", tensor, self.constant([-1, *shape], np.int64))

    def columns(self, tensor, start, stop):
        """Return adjacent columns."""
        axis = 1
        bounds = [self.constant([number], np.int64) for number in (start, stop, axis)]
        return self.add("Slice", tensor, *bounds)

    def take(self, tensor, positions):
        """Return the columns at some positions."""
        return self.add("Gather", tensor, self.constant(positions, np.int64), axis=1)

    def side_by_side(self, tensors):
        """Return one tensor with the columns of several."""
        return tensors[0] if len(tensors) == 1 else self.add("Concat", *tensors, axis=1)

    def mean(self, tensors, weights, dtype):
        """Return the weighted mean of tensors with a given type; the weights add up to 1."""
        if len(tensors) == 1:
            return tensors[0]
        if min(weights) == max(weights):
            return self.add("Mul", self.add("Sum", *tensors), self.constant(weights[0], dtype))
        parts = [
            self.add("Mul", tensor, self.constant(weight, dtype))
            for tensor, weight in zip(tensors, weights, strict=True)
        ]
        return self.add("Sum", *parts)


def entry(table, key, refusal):
    """Return an entry of a table of converters; raise ValueError with ``refusal`` if missing."""
    if key not in table:
        raise ValueError(f"to_onnx cannot express {refusal}")
    return table[key]
