"""Embeddings of the numeric columns: the layers below the first dense layer."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from scipy.special import ndtr

from ..data import CodedTable
from ..network import NormalScores, PeriodicEmbedding, PiecewiseLinearEncoding
from .preprocessing.piecewise_linear import has_three_values, quantile_edges, tree_edges

# Factors of the learning rate and of the weight decay of a periodic embedding.
_RATE = _DECAY = 0.1

# Bins and knots: maximum of a column, maximum of all columns, and minimum of a column.
_BINS = (16, 1024), 2
_KNOTS = (25, 4096), 9

# Normal scores lie between this and its negative.
_LARGEST_SCORE = 3.0


@dataclass(frozen=True)
class TrainingInputs:
    """Store the inputs for the training rows of a table, and the target.

    Attributes
    ----------
    X : {CodedTable, ndarray, CSR array} of shape (n_samples, n_inputs)
        The inputs. Each network uses a part of them.

    numeric : ndarray of int of shape (n_numeric,)
        Positions of the inputs that are numbers with more than two values; they come first.

    targets : ndarray of shape (n_samples, n_columns)
        Columns of the target, for the choice of bins: floats for numbers, integers for classes.

    sample_weight : ndarray of shape (n_samples,) or (n_samples, n_columns), or None
        Weights of the rows, or of single targets.
    """

    X: object
    numeric: np.ndarray
    targets: np.ndarray
    sample_weight: np.ndarray | None

    @property
    def fan_in(self):
        """Return the number of inputs."""
        return self.X.shape[1]

    def by_column(self, find, n_columns_each, fewest):
        """Return the results of ``find(numbers, n)`` by numeric column, without those of None.

        ``n``, the number of bins or knots of a column, is smaller if there are many columns. If it
        would be less than ``fewest``, the result is empty.
        """
        each, at_most = n_columns_each
        n = min(each, at_most // max(1, len(self.numeric)))
        if n < fewest:
            return {}
        dense = self.X.numbers if isinstance(self.X, CodedTable) else self.X
        found = {j: find(dense[:, j], n) for j in self.numeric.tolist()}
        return {column: each for column, each in found.items() if each is not None}


def as_they_are(inputs, seen):
    """Return the layers that leave the columns unchanged."""
    return [] if len(seen) == inputs.fan_in else [PiecewiseLinearEncoding(inputs.fan_in, seen)]


def periodic(inputs, seen):
    """Return the layers that append periodic functions of the numbers."""
    return _with_periodic(as_they_are(inputs, seen), inputs, len(seen))


def quantile_bins(inputs, seen):
    """Return the layers that append an encoding of the numbers by quantile bins."""
    edges = inputs.by_column(quantile_edges, *_BINS)
    return _encoded(inputs, seen, seen, edges)


def tree_bins(inputs, seen):
    """Return the layers that replace numbers by their encoding with bins of decision trees."""

    weight = inputs.sample_weight
    if weight is not None and weight.ndim == 2:
        weight = weight.max(axis=1)

    def find(x, n_bins):
        return tree_edges(x, n_bins, inputs.targets, weight)

    edges = inputs.by_column(find, *_BINS)
    return _encoded(inputs, seen, np.setdiff1d(seen, list(edges)), edges)


def _encoded(inputs, seen, kept, edges):
    if not edges:
        return as_they_are(inputs, seen)
    return [PiecewiseLinearEncoding(inputs.fan_in, kept, edges)]


def normal_scores(inputs, seen):
    """Return the layers that append the normal scores of the numbers."""
    knots = inputs.by_column(normal_knots, *_KNOTS)
    return [NormalScores(inputs.fan_in, seen, knots)] if knots else as_they_are(inputs, seen)


def normal_scores_periodic(inputs, seen):
    """Return the layers that append normal scores and periodic functions of the numbers."""
    below = normal_scores(inputs, seen)
    return _with_periodic(below, inputs, below[-1].fan_out if below else inputs.fan_in)


def _with_periodic(below, inputs, n_columns):
    """Append a periodic embedding to layers that keep the numbers in front."""
    if not len(inputs.numeric):
        return below
    return [*below, PeriodicEmbedding(n_columns, inputs.numeric, rate=_RATE, decay=_DECAY)]


def normal_knots(x, n_knots):
    """Return the knots of a column and their normal scores; None for two values or fewer.

    The scores are evenly spaced from -3 to 3. Equal knots get the mean of their scores.
    """
    if not has_three_values(x):
        return None
    scores = np.linspace(-_LARGEST_SCORE, _LARGEST_SCORE, n_knots)
    knots, group = np.unique(np.quantile(x, ndtr(scores)), return_inverse=True)
    if len(knots) < 2:
        return None
    return knots, np.bincount(group, scores) / np.bincount(group)


EmbeddingName: TypeAlias = Literal[
    "periodic",
    "quantile_bins",
    "tree_bins",
    "normal_scores",
    "normal_scores_periodic",
]

Embeddings: TypeAlias = (
    EmbeddingName
    | Literal["auto"]
    | list[EmbeddingName | None]
    | tuple[EmbeddingName | None, ...]
    | None
)

#: Embeddings by name: functions that create the layers below the first dense layer.
EMBEDDINGS = {
    "periodic": periodic,
    "quantile_bins": quantile_bins,
    "tree_bins": tree_bins,
    "normal_scores": normal_scores,
    "normal_scores_periodic": normal_scores_periodic,
}


def layers_below(name, inputs, seen):
    """Return the layers of the embedding with this name; None leaves numbers unchanged.

    ``seen`` are the positions of the inputs that the network uses, in increasing order.
    """
    return (as_they_are if name is None else EMBEDDINGS[name])(inputs, seen)


def embeddings_in_turn(embedding, default):
    """Return the embeddings that are assigned to the networks in turn, as a list.

    ``default`` are those of 'auto'.

    Raises
    ------
    ValueError
        If ``embedding`` is an empty list or has unknown names.
    """
    if embedding == "auto":
        embedding = default
    if embedding is None or isinstance(embedding, str):
        embedding = [embedding]
    if not embedding or any(name not in [None, *EMBEDDINGS] for name in embedding):
        raise ValueError(
            f"embedding={embedding!r} must be 'auto', None, one of {sorted(EMBEDDINGS)}, or a "
            "non-empty list of None and these names."
        )
    return list(embedding)
