"""The way in: from a fitted MLPClassifier or MLPRegressor of scikit-learn."""

import numpy as np
from scipy import sparse
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.validation import check_is_fitted

from .classifier import BackpropClassifier
from .regressor import BackpropRegressor
from .solvers.updates import SGD, Adam
from .state import TrainingState

__all__ = ["from_sklearn"]


def from_sklearn(mlp):
    """Estimator of this package that predicts what a fitted one of scikit-learn predicts.

    Parameters
    ----------
    mlp : MLPClassifier or MLPRegressor
        A fitted estimator of scikit-learn. It is not changed.

    Returns
    -------
    estimator : BackpropClassifier or BackpropRegressor
        With the same hyper-parameters and copies of the fitted parameters. It goes on with
        ``partial_fit`` (or with ``fit``, where ``warm_start=True``) from the moments of 'sgd' or
        'adam' that ``mlp`` has kept.

    Raises
    ------
    TypeError
        Where ``mlp`` is neither of the two.

    NotFittedError
        Where it is not fitted.

    See Also
    --------
    BackpropClassifier.to_sklearn : The way out.

    Notes
    -----
    ``loss_`` and ``loss_curve_`` are taken over as they are. For several outputs, scikit-learn's
    squared error is their mean and ours is their sum (scikit-learn #8349), so a continued curve
    has a step there. With one class in the training data, ``predict_proba`` has one column, not
    two.

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
    parameters = mlp.get_params(deep=False)
    known = estimator_class().get_params(deep=False)
    estimator = estimator_class(**{name: parameters[name] for name in known if name in parameters})
    estimator.n_features_in_ = mlp.n_features_in_
    if hasattr(mlp, "feature_names_in_"):
        estimator.feature_names_in_ = mlp.feature_names_in_
    if isinstance(mlp, MLPClassifier):
        estimator._learn_target(_example_of_labels(mlp._label_binarizer), None, fixed=False)
    _copy_network(mlp, estimator)
    _copy_history(mlp, estimator)
    _copy_moments(mlp, estimator)
    return estimator


def _counterpart(mlp):
    if isinstance(mlp, MLPClassifier):
        return BackpropClassifier
    if isinstance(mlp, MLPRegressor):
        return BackpropRegressor
    raise TypeError(
        "from_sklearn takes a fitted MLPClassifier or MLPRegressor of scikit-learn, got "
        f"{type(mlp).__name__}."
    )


def _example_of_labels(binarizer):
    """A target that has all the labels."""
    if not binarizer.y_type_.startswith("multilabel"):
        return binarizer.classes_
    indicators = np.eye(len(binarizer.classes_), dtype=np.int64)
    return sparse.csr_matrix(indicators) if binarizer.sparse_input_ else indicators


def _copy_network(mlp, estimator):
    estimator.coefs_ = [np.array(coef) for coef in mlp.coefs_]
    estimator.intercepts_ = [np.array(intercept) for intercept in mlp.intercepts_]
    estimator.n_layers_ = mlp.n_layers_
    estimator.n_outputs_ = mlp.n_outputs_
    estimator.out_activation_ = mlp.out_activation_


def _copy_history(mlp, estimator):
    """Curves and counters; L-BFGS has no curve there."""
    scores = getattr(mlp, "validation_scores_", None) or None
    estimator.loss_ = mlp.loss_
    estimator.loss_curve_ = [float(loss) for loss in getattr(mlp, "loss_curve_", [])]
    estimator.best_loss_ = getattr(mlp, "best_loss_", None if scores else mlp.loss_)
    estimator.validation_scores_ = None if scores is None else [float(score) for score in scores]
    estimator.validation_loss_curve_ = None
    estimator.best_validation_score_ = None if scores is None else float(max(scores))
    estimator.n_iter_ = mlp.n_iter_
    estimator.t_ = mlp.t_
    estimator.best_iter_ = mlp.n_iter_ if scores is None else int(np.argmax(scores)) + 1
    estimator.stop_reason_ = f"Fitted by scikit-learn's {type(mlp).__name__}."


def _copy_moments(mlp, estimator):
    """Begin the state that ``partial_fit`` goes on from."""
    state = TrainingState(estimator.random_state)
    state.progress.n_samples_seen = int(mlp.t_)
    optimizer = getattr(mlp, "_optimizer", None)
    if hasattr(optimizer, "ms"):
        state.update_rule = Adam(mlp.beta_1, mlp.beta_2, mlp.epsilon)
        # Adam keeps its moments divided by 1 - beta.
        first, second = _flat(optimizer.ms), _flat(optimizer.vs)
        state.update_rule.moments = [first / (1 - mlp.beta_1), second / (1 - mlp.beta_2)]
        state.update_rule.n_steps = optimizer.t
    elif hasattr(optimizer, "velocities"):
        state.update_rule = SGD(mlp.momentum, mlp.nesterovs_momentum)
        state.update_rule.moments = [_flat(optimizer.velocities)]
    if state.update_rule is not None:
        estimator._state = state


def _flat(arrays):
    return np.concatenate([np.ravel(array) for array in arrays])
