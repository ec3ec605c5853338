"""How the networks of a table see its numbers: the layers below the first dense one."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from scipy.special import ndtr

from ..data import CodedTable
from ..network import NormalScores, PeriodicEmbedding, PiecewiseLinearEncoding
from .preprocessing.piecewise_linear import has_three_values, quantile_edges, tree_edges

# Factors of the learning rate and of the weight decay of a periodic embedding.
_RATE = _DECAY = 0.1

# Bins of a column, and knots: so many, so many of all columns together, at least so many or none.
_BINS = (16, 1024), 2
_KNOTS = (25, 4096), 9

# Normal scores lie between this and its negative.
_LARGEST_SCORE = 3.0


@dataclass(frozen=True)
class TableInputs:
    """The inputs for a table's training rows, of which a network sees a part, and the target.

    Attributes
    ----------
    X : {CodedTable, ndarray, CSR array} of shape (n_samples, n_inputs)
        The inputs.

    numeric : ndarray of int of shape (n_numeric,)
        Those that are numbers with more than two values; they come first.

    targets : ndarray of shape (n_samples, n_columns)
        Columns of the target, by which bins are found: floats for numbers, integers for classes.

    sample_weight : ndarray of shape (n_samples,) or (n_samples, n_columns), or None
        Weights of the rows, or of single targets.
    """

    X: object
    numeric: np.ndarray
    targets: np.ndarray
    sample_weight: np.ndarray | None

    @property
    def fan_in(self):
        """Number of inputs."""
        return self.X.shape[1]

    def by_column(self, find, n_columns_each, fewest):
        """What ``find(numbers, n)`` finds for each numeric column, None left out.

        ``n``, the number of bins or knots of a column, is smaller where there are many columns,
        and nothing is found where it would be less than ``fewest``.
        """
        each, at_most = n_columns_each
        n = min(each, at_most // max(1, len(self.numeric)))
        if n < fewest:
            return {}
        dense = self.X.numbers if isinstance(self.X, CodedTable) else self.X
        found = {j: find(dense[:, j], n) for j in self.numeric.tolist()}
        return {column: each for column, each in found.items() if each is not None}


def as_they_are(inputs, seen):
    """The columns themselves."""
    return [] if len(seen) == inputs.fan_in else [PiecewiseLinearEncoding(inputs.fan_in, seen)]


def periodic(inputs, seen):
    """The columns, and periodic functions of the numbers."""
    return _with_periodic(as_they_are(inputs, seen), inputs, len(seen))


def quantile_bins(inputs, seen):
    """The columns, and the numbers encoded by bins of equal numbers of rows."""
    edges = inputs.by_column(quantile_edges, *_BINS)
    return _encoded(inputs, seen, seen, edges)


def tree_bins(inputs, seen):
    """The columns, of which numbers are encoded by bins that trees find for the target."""

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
    """The columns, and the numbers by their ranks, as if they were normally distributed."""
    knots = inputs.by_column(normal_knots, *_KNOTS)
    return [NormalScores(inputs.fan_in, seen, knots)] if knots else as_they_are(inputs, seen)


def normal_scores_periodic(inputs, seen):
    """As ``normal_scores``, and periodic functions of the numbers."""
    below = normal_scores(inputs, seen)
    return _with_periodic(below, inputs, below[-1].fan_out if below else inputs.fan_in)


def _with_periodic(below, inputs, n_columns):
    """Layers that keep the numbers in front, and an embedding of these upon them."""
    if not len(inputs.numeric):
        return below
    return [*below, PeriodicEmbedding(n_columns, inputs.numeric, rate=_RATE, decay=_DECAY)]


def normal_knots(x, n_knots):
    """Knots of a column, and their normal scores; None for a column of two values or fewer.

    Scores are evenly spaced from -3 to 3. What is the same value has the mean of their scores.
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

#: How numbers are shown, by name: functions that make the layers below the first dense one.
EMBEDDINGS = {
    "periodic": periodic,
    "quantile_bins": quantile_bins,
    "tree_bins": tree_bins,
    "normal_scores": normal_scores,
    "normal_scores_periodic": normal_scores_periodic,
}


def layers_below(name, inputs, seen):
    """The layers of an embedding, by its name; None for numbers as they are.

    ``seen`` are the positions of the inputs that the network sees, in increasing order.
    """
    return (as_they_are if name is None else EMBEDDINGS[name])(inputs, seen)


def embeddings_of_members(embedding, n_members):
    """The embedding of each network: of several, one after another."""
    if embedding is None or isinstance(embedding, str):
        embedding = [embedding]
    return [embedding[number % len(embedding)] for number in range(n_members)]


def check_embedding(embedding):
    """Refuse lists that are empty or have names that are not known."""
    if embedding is None or isinstance(embedding, str):
        return
    unknown = [name for name in embedding if name not in [None, *EMBEDDINGS]]
    if not embedding or unknown:
        raise ValueError(
            f"embedding={embedding!r} must be 'auto', None, one of {sorted(EMBEDDINGS)}, or a "
            "list of None and these with an entry at least."
        )


def check_same_embeddings(asked, had):
    """Refuse other embeddings than those of the networks that a fit goes on with."""
    if any(new != old for new, old in zip(asked, had, strict=False)):
        raise ValueError(
            f"embedding now asks for networks with {asked}, but those that warm_start or "
            f"partial_fit goes on with have {had}. To begin anew, set warm_start=False and call "
            "fit."
        )
