"""The way out: a real, fitted MLPClassifier or MLPRegressor of scikit-learn."""

import numpy as np
from sklearn.base import is_classifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from .activations import ACTIVATIONS
from .drafts import of_one_fit
from .outputs import has_label_columns
from .parameters import Parameters
from .validation import accepted_parameters, mlp_optimizer

__all__ = ["Exportable"]

_ACTIVATIONS = ("identity", "logistic", "tanh", "relu")

# A regressor's prediction depends on the loss through this alone.
_LOSS_BY_OUTPUT = {"identity": "squared_error", "exp": "poisson"}

# Fitted attributes that have the same name and meaning there.
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


class Exportable:
    """``to_sklearn``, for both estimators."""

    @of_one_fit
    def to_sklearn(self):
        """Fitted estimator of scikit-learn that predicts the same.

        Every tool that was written for :class:`~sklearn.neural_network.MLPClassifier` or
        :class:`~sklearn.neural_network.MLPRegressor`, say an exporter to another format, works
        with it.

        Returns
        -------
        mlp : MLPClassifier or MLPRegressor
            With copies of the parameters. It can go on with ``partial_fit``, with the moments of
            'sgd' or 'adam' where this estimator has kept them (after ``partial_fit``, or with
            ``warm_start=True``). Hyper-parameters that scikit-learn does not have, or whose
            values it does not know, concern training alone and are left out: the loss, too, as
            far as predictions do not depend on it.

        Raises
        ------
        ValueError
            Where a prediction cannot be expressed there; the message names what cannot.

        See Also
        --------
        skbackprop.from_sklearn : The way in.

        Notes
        -----
        In float64 predictions agree to rounding. An estimator fitted in float32 predicts in
        float32 here, whatever the type of ``X``; scikit-learn's follows ``X``.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skbackprop import BackpropClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> X = X - X.mean(axis=0)
        >>> net = BackpropClassifier((5,), solver="lbfgs", alpha=1, random_state=0).fit(X, y)
        >>> mlp = net.to_sklearn()
        >>> type(mlp).__name__
        'MLPClassifier'
        >>> bool((mlp.predict(X) == net.predict(X)).all())
        True
        """
        check_is_fitted(self)
        obstacles = [*_obstacles(self)]
        if obstacles:
            target = "MLPClassifier" if is_classifier(self) else "MLPRegressor"
            raise ValueError(f"{target} cannot express {', '.join(obstacles)}.")
        mlp_class = MLPClassifier if is_classifier(self) else MLPRegressor
        mlp = mlp_class(**_parameters(self, mlp_class))
        _copy_fitted(self, mlp)
        if is_classifier(self):
            _copy_labels(self, mlp)
        _copy_moments(self, mlp)
        return mlp


def _obstacles(estimator):
    """What a prediction of scikit-learn's estimators does not know."""
    if len(estimator.coefs_) > 1 and _activation(estimator) is None:
        yield f"activation={estimator.activation!r}"
    if is_classifier(estimator):
        if has_label_columns(estimator):
            yield "several columns of labels"
        elif len(estimator.classes_) == 1:
            yield "a single class (its predict_proba has two columns)"
    elif estimator.n_outputs_ != estimator.coefs_[-1].shape[1]:
        yield f"loss={estimator.loss!r} (several raw outputs for a target)"
    elif estimator.out_activation_ not in _LOSS_BY_OUTPUT:
        yield f"loss={estimator.loss!r}"


def _activation(estimator):
    """The activation of all hidden layers by its name there; None where there is no such name."""
    given = estimator.activation
    of_layers = given if isinstance(given, (list, tuple)) else [given]
    for name in _ACTIVATIONS:
        if all(each in (name, ACTIVATIONS[name]) for each in of_layers):
            return name
    return None


def _parameters(estimator, mlp_class):
    """Hyper-parameters that scikit-learn's estimator has and accepts."""
    parameters = estimator.get_params(deep=False)
    parameters["activation"] = _activation(estimator)
    parameters["loss"] = _LOSS_BY_OUTPUT.get(estimator.out_activation_)
    return accepted_parameters(mlp_class, parameters)


def _copy_fitted(estimator, mlp):
    for name in _SHARED_ATTRIBUTES:
        if hasattr(estimator, name):
            setattr(mlp, name, getattr(estimator, name))
    mlp.coefs_ = [np.array(coef) for coef in estimator.coefs_]
    mlp.intercepts_ = [np.array(intercept) for intercept in estimator.intercepts_]
    mlp.loss_curve_ = list(estimator.loss_curve_)
    mlp._no_improvement_count = 0
    mlp._random_state = check_random_state(estimator.random_state)


def _copy_labels(estimator, mlp):
    """``classes_`` and the binarizer that decodes predictions there."""
    example = estimator.classes_
    if estimator._labels.n_raw == len(example) and estimator.out_activation_ == "logistic":
        example = np.eye(len(example), dtype=np.int64)  # several labels
    mlp._label_binarizer = LabelBinarizer().fit(example)
    mlp._label_binarizer.sparse_input_ = getattr(estimator._labels, "is_sparse", False)
    mlp.classes_ = mlp._label_binarizer.classes_


def _copy_moments(estimator, mlp):
    """Hand on the moments of a training that can be continued."""
    state = getattr(estimator, "_state", None)
    if state is None or state.update_rule is None or not state.update_rule.moments:
        return
    shapes = estimator._fitted_network()[0].parameter_shapes
    moments = [
        Parameters(shapes, moment.dtype, moment.copy()) for moment in state.update_rule.moments
    ]
    mlp._optimizer = mlp_optimizer(
        mlp, [[*m.coefs, *m.intercepts] for m in moments], state.update_rule.n_steps
    )
