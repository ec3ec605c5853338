"""The columns of a table in a graph, in one or several inputs."""

from itertools import groupby

import numpy as np


class Columns:
    """Give access to features that are columns of one or several inputs.

    Parameters
    ----------
    graph : Graph
        Graph to which operators are added.

    inputs : list of Tensor
        Inputs, each of shape (n_samples, n_columns).

    names : sequence of str
        A name for each column, for messages.
    """

    def __init__(self, graph, inputs, names):
        self._graph = graph
        self._names = list(names)
        self._places = [
            (tensor, k) for tensor in inputs for k in range(_width(tensor, inputs, names))
        ]
        if len(self._places) != len(names):
            raise ValueError(
                f"The inputs have {len(self._places)} columns, but the estimator was fitted on "
                f"{len(names)} features."
            )

    def name(self, j):
        """Return the name of a column."""
        return self._names[j]

    def kind(self, j):
        """Return the element type of a column."""
        return self._places[j][0].kind

    def one(self, j):
        """Return a column with its own type, of shape (n_samples, 1)."""
        tensor, k = self._places[j]
        return self._part(tensor, [k])

    def numbers(self, columns, kind):
        """Return some columns as numbers of a floating-point type, in one tensor.

        Columns of the same type are converted together, then all are put into their order.
        """
        for j in columns:
            if self.kind(j) == "string":
                raise ValueError(
                    f"Column {self._names[j]!r} is numeric, but its input has the type string. "
                    "Use an input of type float or int64."
                )
        by_kind = sorted(columns, key=lambda j: (self.kind(j), j))
        parts = [
            self._converted([*group], own, kind) for own, group in groupby(by_kind, self.kind)
        ]
        joined = self._graph.side_by_side(parts)
        order = np.argsort(by_kind)
        return joined if by_kind == list(columns) else self._graph.take(joined, order)

    def _converted(self, columns, own, kind):
        by_input = groupby((self._places[j] for j in columns), lambda place: place[0])
        parts = [self._part(tensor, [k for _, k in places]) for tensor, places in by_input]
        joined = self._graph.side_by_side(parts)
        return joined if own == kind else self._graph.cast(joined, kind)

    def _part(self, tensor, positions):
        """Return some columns of an input."""
        width = sum(place[0] is tensor for place in self._places)
        if positions == list(range(width)):
            return tensor.name
        return self._graph.take(tensor.name, positions)


def _width(tensor, inputs, names):
    """Return the number of columns of an input, which skl2onnx does not always declare."""
    (width,) = tensor.shape
    if width is not None:
        return width
    return len(names) if len(inputs) == 1 else 1
