"""The network: layers, their parameters, forward and backward passes.

A ``Network`` is a stack of layers without numbers. ``Parameters`` hold all its numbers in one
vector. A ``FittedNetwork`` combines both after training. A new kind of layer is a class like
``Dense`` and a line in ``LAYERS``.
"""

from .dense import Dense
from .dropout import DropoutStream
from .fitted import FittedNetwork
from .initializers import UnitVariance
from .network import Network, dense_network, output_layer
from .normal_scores import NormalScores
from .ordered import CumulativeLogit
from .periodic import PeriodicEmbedding
from .piecewise_linear import ClippedLines, PiecewiseLinearEncoding
from .prediction import blocks_of, raw_predictions, rows_per_block
from .starting_values import StartingValues
from .summary import layer_descriptions, network_in_a_line, network_table
from .workspace import Workspace

__all__ = [
    "LAYERS", "ClippedLines", "CumulativeLogit", "Dense", "DropoutStream", "FittedNetwork",
    "Network", "NormalScores", "PeriodicEmbedding", "PiecewiseLinearEncoding", "StartingValues",
    "UnitVariance", "Workspace", "blocks_of", "dense_network", "layer_descriptions",
    "network_in_a_line", "network_table", "output_layer", "raw_predictions", "rows_per_block",
]  # fmt: skip

#: Kinds of layers by name.
LAYERS = {
    "dense": Dense,
    "cumulative_logit": CumulativeLogit,
    "periodic": PeriodicEmbedding,
    "piecewise_linear": PiecewiseLinearEncoding,
    "normal_scores": NormalScores,
}
