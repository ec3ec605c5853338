"""Fitted attributes of an estimator, and the methods that use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ..network import FittedNetwork, network_in_a_line, network_table
from ..utils import (
    available_unless,
    check_features,
    check_finite_prediction,
    one_fit_of,
    visual_block,
    why_no_visual_block,
)
from .to_sklearn import to_sklearn

if TYPE_CHECKING:
    from typing import Any

    from sklearn.neural_network import MLPClassifier, MLPRegressor

    from ..utils.typing import Array, FloatArray, MatrixLike


def _why_not(estimator, has_hidden_layer):
    if has_hidden_layer:
        return None
    return (
        f"This {type(estimator).__name__!r} has no hidden layer (hidden_layer_sizes=()), so it "
        "does not transform."
    )


def why_no_features(estimator: Any) -> str | None:
    """Return why the next fit will have no hidden features, or None if it will have them."""
    sizes = estimator.hidden_layer_sizes
    return _why_not(estimator, not np.iterable(sizes) or len(sizes) > 0)


def why_no_transform(estimator: Any) -> str | None:
    """Return why an estimator has no hidden features, or None if it has or is not fitted."""
    network = vars(estimator).get("_network")
    if network is None:
        return why_no_features(estimator)
    return _why_not(estimator, len(network.hidden_layers) > 0)


class FittedEstimator(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Set the fitted attributes of a Backprop estimator, and use them.

    Predictions need only ``_target`` and ``_network``. ``_state``, if it exists, is the state from
    which training can continue. ``_unit`` is the name of an epoch or iteration. Attributes that
    end in an underscore are public. Attributes of the features, and ``classes_``, are set where
    the data are checked.
    """

    coefs_: list[FloatArray]
    intercepts_: list[FloatArray]
    loss_: float
    loss_curve_: list[float]
    best_loss_: float | None
    validation_scores_: list[float] | None
    validation_loss_curve_: list[float] | None
    best_validation_score_: float | None
    best_iter_: int
    n_iter_: int
    stop_reason_: str
    t_: int
    n_features_in_: int
    feature_names_in_: Array
    n_layers_: int
    n_outputs_: int
    out_activation_: str | Any  # a list of them for label columns

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = tags.target_tags.multi_output = True
        if why_no_transform(self) is not None:
            tags.transformer_tags = None
        else:
            dtypes = ["float64", "float32"] if self.dtype is None else [self.dtype]
            tags.transformer_tags.preserves_dtype = dtypes
        return tags

    # ---- fitted attributes

    def _use_target(self, target):
        self._target = target

    def _keep_state(self, state):
        """Keep a ``TrainingState`` to continue from; it is at least as large as the weights."""
        self._state = state

    def _use_network(self, network):
        target = self._target
        vars(self).update(
            _network=network,
            coefs_=list(network.coefs),
            intercepts_=list(network.intercepts),
            n_layers_=len(network.layer_units),
            n_outputs_=target.n_outputs,
            out_activation_=target.out_activation,
        )

    def _take(self, outcome, in_place=False):
        """Set the fitted attributes; with ``in_place``, extend the loss curve in place."""
        curve = getattr(self, "loss_curve_", [])
        if in_place:
            curve += outcome.loss_curve
        else:
            curve = [*curve, *outcome.loss_curve]
        scores = outcome.validation_scores
        defined = [score for score in scores if not np.isnan(score)]
        self._use_network(outcome.network)
        vars(self).update(
            loss_=outcome.loss,
            best_loss_=outcome.best_loss,
            loss_curve_=curve,
            validation_scores_=self._longer("validation_scores_", scores, len(curve)),
            validation_loss_curve_=self._longer(
                "validation_loss_curve_", outcome.validation_losses, len(curve)
            ),
            best_validation_score_=max(defined, default=np.nan) if scores else None,
            n_iter_=outcome.n_iter,
            best_iter_=outcome.best_iter,
            t_=outcome.n_samples_seen,
            stop_reason_=outcome.stop_reason,
            _unit=outcome.unit,
        )

    def _longer(self, name, new, n_epochs):
        """Return a validation curve extended by new values, or None if it is empty.

        It is as long as ``loss_curve_``, with NaN for epochs of fits without validation data.
        """
        earlier = getattr(self, name, None) or []
        if not (earlier or new):
            return None
        return [*earlier, *[np.nan] * (n_epochs - len(earlier) - len(new)), *new]

    def __getstate__(self) -> dict[str, Any]:
        """Return a copy of the state that holds each array once."""
        state = dict(super().__getstate__())
        if "_network" in state:
            # Unlike pickle, joblib would store the arrays of coefs_ and intercepts_ twice.
            state["_network"] = state["_network"].without_arrays()
            # partial_fit extends the curve in place.
            state["loss_curve_"] = list(state["loss_curve_"])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if "_network" in state:
            arrays = self.coefs_, self.intercepts_
            self._network = FittedNetwork.joined(state["_network"], *arrays)

    def _fitted(self):
        """Return network and target.

        The weights are those in ``coefs_`` and ``intercepts_``, which users may replace.
        """
        now = one_fit_of(self)
        if "_network" not in vars(now):
            check_is_fitted(now, "_network")
        return now._network.with_arrays(now.coefs_, now.intercepts_), now._target

    # ---- predictions, features, descriptions

    def _raw_prediction(self, X):
        """Return raw predictions of shape (n_samples, n_raw), and their target."""
        now = one_fit_of(self)
        network, target = now._fitted()
        raw_prediction = network.raw_prediction(check_features(now, X))
        check_finite_prediction(raw_prediction)
        return raw_prediction, target

    @property
    def _n_features_out(self):
        return self.coefs_[-1].shape[0]

    def transform(self, X: MatrixLike) -> FloatArray | Any:
        """Compute the activations of the last hidden layer, the features learnt by the network.

        Not available with ``hidden_layer_sizes=()``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        H : ndarray of shape (n_samples, n_units), or as configured by ``set_output``
            Activations, with the floating-point type of the fit.
        """
        now = one_fit_of(self)
        network, _ = now._fitted()
        last = network.hidden_layers[-1]
        return network.hidden_activations(check_features(now, X), [last])[0]

    def summary(self) -> str:
        """Describe the fitted network.

        Returns
        -------
        text : str
            One line that describes the network, then a table with one row per layer.

        Examples
        --------
        >>> from sklearn.datasets import load_digits
        >>> from skbackprop import BackpropClassifier
        >>> X, y = load_digits(return_X_y=True)
        >>> net = BackpropClassifier(random_state=0, learning_rate_init=0.01).fit(X, y)
        >>> print(net.summary())
        64 -> 100 relu -> 10 softmax, 7,510 parameters
        <BLANKLINE>
        layer     units  activation   weights  parameters
        input        64
        hidden 1    100  relu        64 x 100       6,500
        output       10  softmax     100 x 10       1,010
        """
        network, target = self._fitted()
        described = network, target.out_activation
        return "\n".join([network_in_a_line(*described), "", *network_table(*described)])

    @available_unless(why_no_visual_block)
    def _sk_visual_block_(self):
        """Return scikit-learn's block for notebooks, with the network in its caption."""
        if "_network" not in vars(self):
            return visual_block(self, None)
        network, target = self._fitted()
        return visual_block(self, network_in_a_line(network, target.out_activation))

    def to_sklearn(self) -> MLPClassifier | MLPRegressor:
        """Convert to a fitted estimator of scikit-learn that predicts the same.

        The result works with every tool written for
        :class:`~sklearn.neural_network.MLPClassifier` or
        :class:`~sklearn.neural_network.MLPRegressor`, such as exporters to other formats.

        Returns
        -------
        mlp : MLPClassifier or MLPRegressor
            A fitted estimator with copies of the parameters. You can continue training with
            ``partial_fit``; it uses the moments of 'sgd' or 'adam' if this estimator has kept them
            (after ``partial_fit``, or with ``warm_start=True``). Hyper-parameters that
            scikit-learn does not have, or whose values it does not accept, are left out, because
            they affect training only. This includes a loss that does not affect predictions.

        Raises
        ------
        ValueError
            If scikit-learn cannot express the predictions; the message says why.

        See Also
        --------
        skbackprop.from_sklearn : Convert in the other direction.

        Notes
        -----
        In float64, the predictions agree up to rounding. If this estimator was fitted in float32,
        it predicts in float32 for any type of ``X``; the type of scikit-learn's predictions
        depends on ``X``.

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
        return to_sklearn(self)


# scikit-learn wraps ``transform`` for ``set_output`` when the class is created. The wrapper of
# ``available_unless`` must be the outermost, so it is applied afterwards.
for _name, _why in (
    ("transform", why_no_transform),
    ("get_feature_names_out", why_no_transform),
    ("fit_transform", why_no_features),
):
    _method = getattr(FittedEstimator, _name)
    setattr(FittedEstimator, _name, available_unless(_why)(_method))
