"""Conversion to a fitted MLPClassifier or MLPRegressor of scikit-learn."""

from __future__ import annotations

from copy import copy, deepcopy
from typing import Any

import numpy as np
import sklearn
from sklearn.base import is_classifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import check_random_state

from ..activations import ACTIVATIONS
from ..losses import loss_name
from ..network import Dense
from ..targets import MultilabelTarget
from ..training import SCHEDULES, SGD, Adam
from ..utils import accepted_parameters, mlp_optimizer, warn

_RULES = {"sgd": SGD, "adam": Adam}
_ACTIVATIONS = {"identity", "logistic", "tanh", "relu"}

# The predictions of a regressor depend on the loss only through ``out_activation_``.
_LOSS_BY_OUTPUT = {"identity": "squared_error", "exp": "poisson"}

# Fitted attributes with the same name and meaning in scikit-learn.
_SHARED_ATTRIBUTES = (
    "n_features_in_",
    "feature_names_in_",
    "n_layers_",
    "n_outputs_",
    "out_activation_",
    "n_iter_",
    "t_",
    "loss_",
    "best_loss_",
    "validation_scores_",
    "best_validation_score_",
)


def to_sklearn(estimator: Any) -> MLPClassifier | MLPRegressor:
    """Convert an estimator to a fitted MLPClassifier or MLPRegressor."""
    network, target = estimator._fitted()
    obstacles = [*_obstacles(estimator, network, target)]
    mlp_class = MLPClassifier if is_classifier(estimator) else MLPRegressor
    if obstacles:
        raise ValueError(f"{mlp_class.__name__} cannot express {', '.join(obstacles)}.")
    parameters = estimator.get_params(deep=False) | {
        "activation": _activation(network),
        "hidden_layer_sizes": network.layer_units[1:-1],
    }
    if not is_classifier(estimator):
        parameters["loss"] = _LOSS_BY_OUTPUT[target.out_activation]
    if parameters["solver"] not in {"lbfgs", *_RULES}:
        del parameters["solver"]
    mlp = mlp_class(**accepted_parameters(mlp_class, parameters))
    _copy_fitted(estimator, network, mlp)
    if is_classifier(estimator):
        _copy_labels(target, mlp)
    _copy_moments(estimator, network, mlp)
    return mlp


def _obstacles(estimator, network, target):
    """Yield what scikit-learn's estimators cannot express, in words."""
    *layers, _ = network.network.layers  # ``target.obstacle`` describes the last layer
    others = {layer.description for layer in layers if not isinstance(layer, Dense)}
    if others:
        yield f"layers of kind {sorted(others)}"
    elif _activation(network) is None:
        yield f"activation={_told(network)}"
    if target.obstacle is not None:
        yield target.obstacle
    elif is_classifier(estimator):
        if len(target.classes) == 1:
            yield "a single class (its predict_proba has two columns)"
    elif target.n_outputs != target.n_raw:
        yield f"loss={loss_name(target.loss)} (several raw outputs for a target)"
    elif target.out_activation not in _LOSS_BY_OUTPUT:
        yield f"loss={loss_name(target.loss)}"


def _told(network):
    """Return the activation of the fit in the form of the parameter."""
    names = [layer.description for layer in network.network.layers[:-1]]
    told = [repr(name) if name in ACTIVATIONS else name for name in names]
    return told[0] if len(set(told)) == 1 else f"[{', '.join(told)}]"


def _activation(network):
    """Return scikit-learn's name of the activation of all hidden layers, or None."""
    names = {layer.description for layer in network.network.layers[:-1]} or {"relu"}
    return names.pop() if len(names) == 1 and names <= _ACTIVATIONS else None


def _copy_fitted(estimator, network, mlp):
    for name in _SHARED_ATTRIBUTES:
        if hasattr(estimator, name):
            setattr(mlp, name, copy(getattr(estimator, name)))
    mlp.coefs_ = [np.array(coef) for coef in network.coefs]
    mlp.intercepts_ = [np.array(intercept) for intercept in network.intercepts]
    # A warm start with early stopping restores these parameters if no epoch is better.
    mlp._best_coefs, mlp._best_intercepts = deepcopy((mlp.coefs_, mlp.intercepts_))
    mlp.loss_curve_ = list(estimator.loss_curve_)
    mlp._no_improvement_count = 0
    mlp._random_state = check_random_state(estimator.random_state)


def _copy_labels(target, mlp):
    """Set ``classes_`` and the binarizer with which scikit-learn decodes predictions."""
    example = target.classes
    if isinstance(target, MultilabelTarget):
        example = np.eye(len(example), dtype=np.int64)
    mlp._label_binarizer = LabelBinarizer().fit(example)
    mlp._label_binarizer.sparse_input_ = getattr(target, "is_sparse", False)
    mlp.classes_ = mlp._label_binarizer.classes_


def _copy_moments(estimator, network, mlp):
    """Copy the moments of a training that can be continued."""
    state = vars(estimator).get("_state")  # of ``FittedEstimator._keep_state``
    rule = None if state is None else state.update_rule
    if type(rule) is not _RULES.get(mlp.solver) or not rule.moments:
        return
    moments = [network.network.parameters(m.dtype, m) for m in rule.textbook_moments()]
    optimizer = mlp_optimizer(mlp, [[*m.coefs, *m.intercepts] for m in moments], rule.n_steps)
    if optimizer is None:
        warn(
            f"The moments of solver={mlp.solver!r} are not exported: scikit-learn "
            f"{sklearn.__version__} has no optimizers that this version of skbackprop knows. "
            "Predictions are the same, but the next partial_fit of the exported estimator starts "
            "with new moments.",
        )
        return
    mlp._optimizer = optimizer
    if mlp.solver == "sgd":  # 'adaptive' and 'invscaling' have changed the rate
        schedule = SCHEDULES[mlp.learning_rate].from_settings(mlp)
        optimizer.learning_rate = schedule(state.progress)
