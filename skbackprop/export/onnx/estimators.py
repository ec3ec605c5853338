"""Estimators as ONNX operators, with their inputs and outputs.

A new kind of estimator is a function and a line in ``ESTIMATORS``.
"""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ...classifier import BackpropClassifier
from ...regressor import BackpropRegressor
from ...tabular import SmoothClipScaler, TableEncoder, TabularClassifier, TabularRegressor
from ...utils import input_feature_names
from .columns import Columns
from .graph import Graph, Tensor
from .network import raw_prediction
from .tables import encoded, network_inputs, scaled
from .targets import outputs_of

# Element type of the input for a column, by the kind of the column in ``fit``.
_KINDS = {
    "integer": "int64",
    "float": "float",
    "text": "string",
    "timedelta": "float",  # seconds
    "datetime": "float",  # refused in ``tables.numbers``
}


def _backprop(graph, estimator, columns):
    network, target = estimator._fitted()
    raw = raw_prediction(graph, network, _all_numbers(estimator, columns, "float"))
    return outputs_of(graph, target, [raw], [1.0], with_std=getattr(target, "has_std", False))


def _tabular(graph, estimator, columns):
    inputs = network_inputs(graph, estimator, columns)
    members = [raw_prediction(graph, member.network, inputs) for member in estimator.members_]
    weights = estimator.member_weights_.tolist()
    return outputs_of(graph, estimator._target, members, weights, with_std=True)


def _encoder(graph, encoder, columns):
    return _transformed(encoded(graph, encoder, columns), encoder.n_features_out_)


def _scaler(graph, scaler, columns):
    """Write scaled numbers; missing values stay missing."""
    values = _all_numbers(scaler, columns, "double")
    kept = np.arange(scaler.n_features_in_)
    limited = scaled(graph, scaler, values, kept)
    limited = graph.add("Where", graph.add("IsNaN", values), values, limited)
    return _transformed(graph.cast(limited, "float"), len(kept))


def _all_numbers(estimator, columns, kind):
    return columns.numbers(range(estimator.n_features_in_), kind)


def _transformed(tensor, width):
    return {"variable": Tensor(tensor, "float", (width,))}


#: Functions ``write(graph, estimator, columns)`` by class; each returns the outputs by name.
ESTIMATORS = {
    BackpropClassifier: _backprop,
    BackpropRegressor: _backprop,
    TabularClassifier: _tabular,
    TabularRegressor: _tabular,
    TableEncoder: _encoder,
    SmoothClipScaler: _scaler,
}


def is_ours(estimator):
    """Return whether there is a converter for an estimator."""
    return isinstance(estimator, tuple(ESTIMATORS))


def written(graph, estimator, inputs):
    """Write a fitted estimator; return its outputs, a dict of Tensor."""
    check_is_fitted(estimator)
    write = next(write for kind, write in ESTIMATORS.items() if isinstance(estimator, kind))
    columns = Columns(graph, inputs, input_feature_names(estimator, None))
    return write(graph, estimator, columns)


def inputs_of(estimator):
    """Return the inputs for a fitted estimator: columns of a frame or an array, as in ``fit``."""
    check_is_fitted(estimator)
    encoder = getattr(estimator, "encoder_", estimator)
    kinds = getattr(encoder, "_kinds", None)
    if kinds is not None:
        columns = zip(kinds, encoder.categorical_features_, strict=True)
        kinds = [
            _KINDS[kind] if kind != "text" or is_level else "float" for kind, is_level in columns
        ]
    elif hasattr(estimator, "feature_names_in_"):
        kinds = ["float"] * estimator.n_features_in_
    else:
        return [Tensor("X", "float", (estimator.n_features_in_,))]
    names = Graph()
    return [
        Tensor(names.unique(name), kind, (1,))
        for name, kind in zip(input_feature_names(estimator, None), kinds, strict=True)
    ]
