"""Conversion of a fitted MLPClassifier or MLPRegressor of scikit-learn."""

from __future__ import annotations

from typing import overload

import numpy as np
from scipy import sparse
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.validation import check_is_fitted

from .classifier import BackpropClassifier
from .data import Checked
from .losses import Multinomial
from .network import FittedNetwork
from .regressor import BackpropRegressor
from .training import SGD, Adam, Adaptive, Outcome, TrainingState


@overload
def from_sklearn(mlp: MLPClassifier) -> BackpropClassifier: ...


@overload
def from_sklearn(mlp: MLPRegressor) -> BackpropRegressor: ...


def from_sklearn(mlp: MLPClassifier | MLPRegressor) -> BackpropClassifier | BackpropRegressor:
    """Convert a fitted MLP of scikit-learn to an estimator that predicts the same.

    Parameters
    ----------
    mlp : MLPClassifier or MLPRegressor
        A fitted estimator of scikit-learn. It is not changed.

    Returns
    -------
    estimator : BackpropClassifier or BackpropRegressor
        An estimator with the same hyper-parameters and copies of the fitted parameters.
        ``hidden_layer_sizes`` and, for a regressor, ``loss`` are the values used in the fit, even
        if they were changed afterwards. ``partial_fit`` (or ``fit`` with ``warm_start=True``)
        continues training with the moments of 'sgd' or 'adam' stored in ``mlp``.

    Raises
    ------
    TypeError
        If ``mlp`` is not an MLPClassifier or MLPRegressor.

    NotFittedError
        If ``mlp`` is not fitted.

    See Also
    --------
    BackpropClassifier.to_sklearn : Convert in the other direction.

    Notes
    -----
    ``loss_`` and ``loss_curve_`` are copied unchanged. For several outputs, scikit-learn reports
    the mean of their squared errors and this package the sum (scikit-learn #8349), so the curve
    has a step where training continues. With one class in the training data, ``predict_proba`` has
    one column instead of two.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neural_network import MLPClassifier
    >>> from skbackprop import from_sklearn
    >>> X, y = load_iris(return_X_y=True)
    >>> X = X - X.mean(axis=0)
    >>> mlp = MLPClassifier((5,), solver="lbfgs", alpha=1, random_state=0).fit(X, y)
    >>> net = from_sklearn(mlp)
    >>> net
    BackpropClassifier(alpha=1, hidden_layer_sizes=(5,), random_state=0, solver='lbfgs')
    >>> bool((net.predict(X) == mlp.predict(X)).all())
    True
    """
    estimator_class = _counterpart(mlp)
    check_is_fitted(mlp)
    parameters = mlp.get_params(deep=False) | _parameters_of_fit(mlp)
    known = estimator_class().get_params(deep=False)
    estimator = estimator_class(**{name: parameters[name] for name in known if name in parameters})
    estimator.n_features_in_ = mlp.n_features_in_
    if hasattr(mlp, "feature_names_in_"):
        estimator.feature_names_in_ = mlp.feature_names_in_.copy()
    if mlp.out_activation_ == "softmax" and mlp.n_outputs_ == 2:
        estimator.loss = Multinomial()  # only ``to_sklearn`` makes two outputs for two classes
    target = estimator._target_for(Checked(None, _example_of_target(mlp), None), None)
    estimator._use_target(target)
    dtype = np.result_type(np.float32, *mlp.coefs_, *mlp.intercepts_)  # users may change types
    layers = zip(mlp.coefs_, mlp.intercepts_, strict=True)
    arrays = [(np.array(coef, dtype), np.array(bias, dtype)) for coef, bias in layers]
    network = estimator._new_network(mlp.n_features_in_, target)
    estimator._take(_outcome(mlp, FittedNetwork(network, arrays)))
    _copy_moments(mlp, estimator)
    return estimator


def _counterpart(mlp):
    if isinstance(mlp, MLPClassifier):
        return BackpropClassifier
    if isinstance(mlp, MLPRegressor):
        return BackpropRegressor
    raise TypeError(
        "mlp must be a fitted MLPClassifier or MLPRegressor of scikit-learn, got "
        f"{type(mlp).__name__}."
    )


def _parameters_of_fit(mlp):
    """Return the parameters that our predictions depend on, with their values in the fit."""
    found = {"hidden_layer_sizes": tuple(map(len, mlp.intercepts_[:-1]))}
    if isinstance(mlp, MLPRegressor):
        found["loss"] = "poisson" if mlp.out_activation_ == "exp" else "squared_error"
    return found


def _example_of_target(mlp):
    """Return an example of ``y`` with all classes, or with the same number of outputs."""
    if isinstance(mlp, MLPRegressor):
        return np.zeros((1, mlp.n_outputs_) if mlp.n_outputs_ > 1 else 1)
    binarizer = mlp._label_binarizer
    if not binarizer.y_type_.startswith("multilabel"):
        return binarizer.classes_
    indicators = np.eye(len(binarizer.classes_), dtype=np.int64)
    return sparse.csr_matrix(indicators) if binarizer.sparse_input_ else indicators


def _outcome(mlp, network):
    """Return the result of scikit-learn's fit; its L-BFGS records no loss curve."""
    scores = [float(score) for score in getattr(mlp, "validation_scores_", None) or []]
    best_loss = getattr(mlp, "best_loss_", None if scores else mlp.loss_)
    best_iter = mlp.n_iter_
    if scores and best_loss is None:  # the scores of earlier warm starts do not count
        best_iter = int(np.argmax(scores[-mlp.n_iter_ :])) + 1
    return Outcome(
        network=network,
        loss=mlp.loss_,
        best_loss=best_loss,
        loss_curve=[float(loss) for loss in getattr(mlp, "loss_curve_", [])],
        validation_losses=[],
        validation_scores=scores,
        n_iter=mlp.n_iter_,
        best_iter=best_iter,
        n_samples_seen=mlp.t_,
        stop_reason=f"Fitted by scikit-learn's {type(mlp).__name__}.",
        unit="iteration" if mlp.solver == "lbfgs" else "epoch",
    )


def _copy_moments(mlp, estimator):
    """Copy the state from which ``partial_fit`` continues."""
    optimizer = getattr(mlp, "_optimizer", None)
    if hasattr(optimizer, "ms"):
        rule = Adam(mlp.beta_1, mlp.beta_2, mlp.epsilon)
        rule.take_moments([_flat(optimizer.ms), _flat(optimizer.vs)], optimizer.t)
    elif hasattr(optimizer, "velocities"):
        rule = SGD(mlp.momentum, mlp.nesterovs_momentum)
        rule.take_moments([_flat(optimizer.velocities)], 0)
    else:
        return
    state = TrainingState(estimator.random_state)
    state.use_rule(rule)
    state.progress.go_on_from(int(mlp.t_), _n_plateaus(mlp))
    estimator._keep_state(state)


def _n_plateaus(mlp):
    """Return how often 'adaptive' has lowered the learning rate."""
    optimizer = mlp._optimizer
    if getattr(optimizer, "lr_schedule", None) != "adaptive":
        return 0
    lowered = optimizer.learning_rate_init / optimizer.learning_rate
    return round(np.log(lowered) / np.log(Adaptive.divisor))


def _flat(arrays):
    return np.concatenate([np.ravel(array) for array in arrays])
