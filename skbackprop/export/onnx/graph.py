"""A graph of ONNX operators while it is written: plain records, without the onnx package.

`model` makes a file of it, and `with_skl2onnx` copies it into the graph of a pipeline.
"""

from typing import NamedTuple

import numpy as np

# Element types, as ``onnx.TensorProto`` numbers them.
ELEMENT_TYPES = {"float": 1, "int64": 7, "string": 8, "bool": 9, "double": 11}

# Operator sets: the oldest in which all operators of these graphs are as they are today.
OPSETS = {"": 13, "ai.onnx.ml": 2}


class Node(NamedTuple):
    """One operator."""

    op_type: str
    inputs: tuple
    outputs: tuple
    domain: str
    attributes: dict


class Tensor(NamedTuple):
    """A tensor that goes into or out of a graph: ``kind`` is its element type.

    ``shape`` is that of one row, with None where it is not known.
    """

    name: str
    kind: str
    shape: tuple


class Graph:
    """Operators and constants, in the order in which they are computed.

    Parameters
    ----------
    taken : iterable of str
        Names that are not to be used, those of the inputs.
    """

    def __init__(self, taken=()):
        self.nodes = []
        self.constants = {}
        self._taken = set(taken)

    def unique(self, name):
        """The name, or with a number appended, if it is taken."""
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
        """Give outputs the names that a user asks for them by.

        Parameters
        ----------
        outputs : dict of Tensor
            By the wanted names. One that an input has gets a number.

        Returns
        -------
        named : list of Tensor
            The same under their new names.
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
        """Add a constant in float32; ``what`` it is, for the error where it does not fit."""
        with np.errstate(over="ignore"):
            rounded = np.asarray(values).astype(np.float32)
        if not np.isfinite(rounded).all():
            raise ValueError(f"to_onnx computes in float32, for which the {what} are too large.")
        return self.constant(rounded)

    def cast(self, tensor, kind):
        """Convert to another element type."""
        return self.add("Cast", tensor, to=ELEMENT_TYPES[kind])

    def reshape(self, tensor, *shape):
        """Give another shape to each row."""
        return self.add("Reshape", tensor, self.constant([-1, *shape], np.int64))

    def columns(self, tensor, start, stop):
        """Some columns that lie side by side."""
        axis = 1
        bounds = [self.constant([number], np.int64) for number in (start, stop, axis)]
        return self.add("Slice", tensor, *bounds)

    def take(self, tensor, positions):
        """Columns at some positions."""
        return self.add("Gather", tensor, self.constant(positions, np.int64), axis=1)

    def side_by_side(self, tensors):
        """One tensor with the columns of several."""
        return tensors[0] if len(tensors) == 1 else self.add("Concat", *tensors, axis=1)

    def mean(self, tensors, dtype):
        """Mean of tensors of a type."""
        if len(tensors) == 1:
            return tensors[0]
        total = self.add("Sum", *tensors)
        return self.add("Mul", total, self.constant(1 / len(tensors), dtype))


def entry(table, key, refusal):
    """The entry of a table of converters; ValueError with ``refusal`` where there is none."""
    if key not in table:
        raise ValueError(f"to_onnx cannot express {refusal}")
    return table[key]
