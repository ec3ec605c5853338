"""The network: layers, their parameters, and the passes through them.

A ``Network`` is a stack of layers and holds no numbers; ``Parameters`` are all its numbers in one
vector; a ``FittedNetwork`` is both together, after training. A new kind of layer is a class like
``Dense`` and a line in ``LAYERS``.
"""

from typing import Literal, TypeAlias

from .dense import Dense
from .dropout import DropoutStream
from .embedding import PeriodicEmbedding
from .fitted import FittedNetwork
from .initializers import UnitVariance
from .network import Network, dense_network, output_layer
from .ordered import CumulativeLogit
from .prediction import blocks_of, raw_predictions, rows_per_block
from .starting_values import StartingValues
from .summary import layer_descriptions, network_in_a_line, network_table
from .workspace import Workspace

__all__ = [
    "EMBEDDINGS", "LAYERS", "CumulativeLogit", "Dense", "DropoutStream", "FittedNetwork",
    "Network", "PeriodicEmbedding", "StartingValues", "UnitVariance", "Workspace", "blocks_of",
    "dense_network", "layer_descriptions", "network_in_a_line", "network_table", "output_layer",
    "raw_predictions", "rows_per_block",
]  # fmt: skip

EmbeddingName: TypeAlias = Literal["periodic"]

#: Embeddings of numbers by name: layers that are made as ``embedding(fan_in, columns)``.
EMBEDDINGS = {"periodic": PeriodicEmbedding}

#: Kinds of layers by name.
LAYERS = {"dense": Dense, "cumulative_logit": CumulativeLogit, **EMBEDDINGS}
