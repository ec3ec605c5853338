"""The quantities that back-propagation computes, and a check of its gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import Bunch

from ..data import RowBuffers, check_data, sample_of
from ..network import Workspace
from ..training import ExactPass, Objective, row_threads
from ..utils import one_fit_of
from .ensemble import ensemble_of
from .gradient_check import check_directional_derivatives

if TYPE_CHECKING:
    from typing import Any

    from ..fitted_estimator import FittedEstimator
    from ..tabular.base import BaseTabular
    from ..utils.typing import ArrayLike, FloatArray, MatrixLike, RandomState
    from .gradient_check import GradientCheck

    class Passes(Bunch):
        """The result of ``backpropagate``."""

        loss: float
        raw_prediction: FloatArray
        preactivations: list[FloatArray]
        activations: list[FloatArray]
        deltas: list[FloatArray]
        coef_grads: list[FloatArray]
        intercept_grads: list[FloatArray]
        input_gradient: FloatArray


def backpropagate(
    estimator: FittedEstimator,
    X: MatrixLike,
    y: MatrixLike,
    sample_weight: ArrayLike | None = None,
) -> Passes:
    """Run one forward and one backward pass, and return all intermediate results.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        A fitted estimator. It is not changed.

    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The data.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.

    sample_weight : array-like of shape (n_samples,), default=None
        Sample weights; ones by default. They are multiplied by class weights, as in ``fit``.

    Returns
    -------
    passes : Bunch
        All gradients are gradients of ``loss``. Lists have one entry per layer, hidden layers
        first.

        loss : float
            The objective of ``fit`` over all rows: weighted mean loss plus penalty.

        raw_prediction : ndarray of shape (n_samples, n_raw)
            Output of the last layer, before the inverse link.

        preactivations : list of ndarrays of shape (n_samples, n_units)
            Pre-activations ``Z``; the last one is the raw prediction.

        activations : list of ndarrays of shape (n_samples, n_units)
            Activations ``H = f(Z)``; the last layer is linear.

        deltas : list of ndarrays of shape (n_samples, n_units)
            Gradients ``dF/dZ``.

        coef_grads, intercept_grads : lists of ndarrays
            Gradients ``dF/dW``, including the penalty, and ``dF/db``.

        input_gradient : ndarray of shape (n_samples, n_features)
            Gradient ``dF/dX``.

    See Also
    --------
    input_gradient : Compute the gradient of an output instead of the loss.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.inspection import backpropagate
    >>> X, y = load_iris(return_X_y=True)
    >>> X = X - X.mean(axis=0)
    >>> net = BackpropClassifier((5,), solver="lbfgs", alpha=1, random_state=0).fit(X, y)
    >>> passes = backpropagate(net, X, y)
    >>> [delta.shape for delta in passes.deltas]
    [(150, 5), (150, 3)]
    >>> bool(abs(passes.loss - net.loss_) < 1e-12)
    True
    """
    objective, parameters, gradient = _objective(estimator, X, y, sample_weight)
    with row_threads() as threads:
        loss = ExactPass(objective, parameters, gradient, threads).evaluate()

    network, rows = objective.network, objective.rows
    batch = rows.block(0, len(rows), RowBuffers(rows, len(rows)))
    workspace = Workspace(network, len(rows), rows.dtype, keep_inputs=True)
    raw_prediction = network.forward(parameters, batch.X, workspace)
    layers = workspace.layers(len(rows))
    # The backward pass may overwrite activations.
    preactivations = [buffers.Z.copy() for buffers in layers]
    activations = [buffers.H.copy() for buffers in layers]
    delta = layers[-1].delta
    objective.loss.loss_gradient(batch.y, raw_prediction, batch.sample_weight, delta)
    delta /= objective.total_weight
    scratch = parameters.empty_like()
    gradient_of_input = network.backward_to_input(parameters, batch.X, workspace, scratch)
    return Bunch(
        loss=loss,
        raw_prediction=activations[-1],
        preactivations=preactivations,
        activations=activations,
        deltas=[buffers.delta for buffers in layers],
        coef_grads=gradient.coefs,
        intercept_grads=gradient.intercepts,
        input_gradient=gradient_of_input,
    )


def _objective(estimator, X, y, sample_weight, dtype=None):
    """Return the objective of ``fit`` including rows of weight 0, parameters, and a buffer."""
    estimator = one_fit_of(estimator)
    network, target = estimator._fitted()
    checked = check_data(estimator, X, y, sample_weight, reset=False, target=target)
    rows = sample_of(checked, target, network.dtype if dtype is None else dtype).rows
    parameters = network.parameters(rows.dtype)
    objective = Objective(network.network, target.loss, rows, estimator.alpha)
    return objective, parameters, parameters.empty_like()


def layer_outputs(
    estimator: FittedEstimator | BaseTabular, X: MatrixLike
) -> list[FloatArray] | Any:  # a list of such lists for tables
    """Compute the activations of the hidden layers.

    Parameters
    ----------
    estimator : BackpropClassifier, BackpropRegressor, TabularClassifier or TabularRegressor
        A fitted estimator.

    X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
        The data.

    Returns
    -------
    activations : list of ndarrays of shape (n_samples, n_units), or list of such lists
        One array per hidden layer, in order; the last one is ``transform(X)``. For an estimator
        for tables, one list per member. The first layer of a member may be an embedding of
        numbers, see ``summary()``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.inspection import layer_outputs
    >>> X, y = load_iris(return_X_y=True)
    >>> X = X - X.mean(axis=0)
    >>> net = BackpropClassifier((5, 3), solver="lbfgs", alpha=1, random_state=0).fit(X, y)
    >>> [H.shape for H in layer_outputs(net, X)]
    [(150, 5), (150, 3)]
    """
    ensemble = ensemble_of(estimator)
    Z = ensemble.inputs(X).Z
    outputs = [each.hidden_activations(Z, each.hidden_layers) for each in ensemble.networks]
    return outputs if ensemble.has_members else outputs[0]


def check_gradient(
    estimator: FittedEstimator,
    X: MatrixLike,
    y: MatrixLike,
    sample_weight: ArrayLike | None = None,
    *,
    n_directions: int = 5,
    step: float | None = None,
    random_state: RandomState = None,
) -> GradientCheck:
    """Compare the gradient of the training objective with numerical derivatives.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        A fitted estimator. The gradient is checked at its parameters. It is not changed.

    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The data.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.

    sample_weight : array-like of shape (n_samples,), default=None
        Sample weights; ones by default.

    n_directions : int, default=5
        Number of random directions in the space of the parameters.

    step : float, default=None
        Step of the finite differences. The default suits parameters of the order of one.

    random_state : int, RandomState instance or None, default=None
        Random number generator for the directions.

    Returns
    -------
    check : GradientCheck
        Result with ``check.max_relative_error`` and, for assertions, ``check.ok(rtol)``.

    Raises
    ------
    ValueError
        If no numerical derivative can be computed, for example at a kink of ReLU.

    See Also
    --------
    skbackprop.inspection.check_directional_derivatives : Check the gradient of any function.

    Notes
    -----
    All computations are in float64. Errors are relative to the gradient. After an L-BFGS fit with
    a very small ``tol`` the gradient is hardly more than rounding errors; check an estimator with
    fewer iterations instead.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.inspection import check_gradient
    >>> X, y = load_iris(return_X_y=True)
    >>> net = BackpropClassifier((5,), activation="tanh", random_state=0).partial_fit(
    ...     X, y, None, [0, 1, 2]
    ... )
    >>> check = check_gradient(net, X, y, random_state=0)
    >>> assert check.ok(rtol=1e-6)
    """
    objective, parameters, gradient = _objective(estimator, X, y, sample_weight, np.float64)
    start = parameters.flat.copy()
    with row_threads() as threads:
        exact_pass = ExactPass(objective, parameters, gradient, threads)

        def value_and_gradient(theta):
            parameters.flat[...] = theta
            return exact_pass.evaluate(), gradient.flat

        return check_directional_derivatives(
            value_and_gradient,
            start,
            n_directions=n_directions,
            step=step,
            random_state=random_state,
        )
