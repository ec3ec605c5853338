"""Gradients with respect to the input, and inputs for a wanted output."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, minimize
from sklearn.utils import Bunch

from ..data import RowBuffers, Rows
from ..network import Workspace, blocks_of, rows_per_block
from ..training import row_threads
from ..utils import Interval, about, check_features, one_fit_of, refusal
from .ensemble import ensemble_of, is_after_link

if TYPE_CHECKING:
    from typing import Any, Literal

    from ..fitted_estimator import FittedEstimator
    from ..tabular.base import BaseTabular
    from ..utils.typing import Array, ArrayLike, FloatArray, MatrixLike

    class FoundInputs(Bunch):
        """The result of ``minimize_input``."""

        X: FloatArray
        loss: FloatArray
        success: Array


def input_gradient(
    estimator: FittedEstimator | BaseTabular,
    X: MatrixLike,
    output: Any = None,
    of: Literal["raw", "probability", "prediction"] = "raw",
) -> FloatArray:
    """Compute the gradient of an output with respect to the features, for each row.

    Parameters
    ----------
    estimator : BackpropClassifier, BackpropRegressor, TabularClassifier or TabularRegressor
        A fitted estimator.

    X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
        The data.

    output : label, int or tuple, default=None
        A class of ``classes_``, or the position of a target. For several label columns, a tuple of
        the position of the column and the class. By default all outputs.

    of : {'raw', 'probability', 'prediction'}, default='raw'
        Function to differentiate: the raw prediction (``decision_function``), or the result of the
        inverse link, which is a probability for a classifier and a prediction for a regressor.

    Returns
    -------
    gradient : ndarray of shape (n_samples, n_features) or (n_samples, n_outputs, n_features)
        Gradients. Three-dimensional if ``output`` is None and there are several outputs. A binary
        classifier has one output, that of ``classes_[1]``. For tables, the entries of categories
        and of missing values are NaN.

    Raises
    ------
    ValueError
        If the output does not exist.

    See Also
    --------
    level_contrasts : Compute effects of categories, which have no gradient.

    Notes
    -----
    The raw prediction of the first of two classes is the negative of that of the second.

    For an estimator for tables, an output is that of the whole ensemble. With ``of='raw'`` it is
    the mean of the raw predictions of the members; for :class:`~skbackprop.TabularRegressor` with
    an identity link it is in the units of ``y``. Gradients include encoding and scaling, so they
    are per unit of a number in the table. Gradients of dates are per day and those of time spans
    per second; year, month, weekday and hour of a date are held constant. Features that were
    constant in ``fit`` have a gradient of 0.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.inspection import input_gradient
    >>> X, y = load_iris(return_X_y=True)
    >>> X = X - X.mean(axis=0)
    >>> net = BackpropClassifier((5,), solver="lbfgs", alpha=1, random_state=0).fit(X, y)
    >>> input_gradient(net, X, output=2, of="probability").shape
    (150, 4)
    >>> input_gradient(net, X).shape
    (150, 3, 4)
    """
    ensemble = ensemble_of(estimator)
    after_link = is_after_link(estimator, of)
    outputs = ensemble.target.default_outputs if output is None else [output]
    inputs = ensemble.inputs(X)
    rows = Rows.of_features(inputs.Z, ensemble.networks[0].dtype)
    gradients = np.empty((len(rows), len(outputs), inputs.n_features), rows.dtype)
    block_rows = min(rows_per_block(ensemble.networks[0], rows.X), len(rows))
    passes = [_BackwardToInput(each, block_rows, rows.dtype) for each in ensemble.networks]
    buffers = RowBuffers(rows, block_rows)
    for start, stop in blocks_of(len(rows), block_rows):
        block = rows.block(start, stop, buffers).X
        for k, each in enumerate(outputs):
            raws = [one.raw_prediction(block) for one in passes]
            slopes = ensemble.slopes(each, raws, after_link)
            of_inputs = sum(map(_BackwardToInput.gradient, passes, [block] * len(passes), slopes))
            gradients[start:stop, k] = inputs.gradient(of_inputs, start, stop)
    return gradients[:, 0] if len(outputs) == 1 else gradients


class _BackwardToInput:
    """Forward and backward passes for the gradient of the input only."""

    def __init__(self, fitted, n_rows, dtype):
        self._network = fitted.network
        self._parameters = fitted.parameters(dtype)
        self._workspace = Workspace(self._network, n_rows, dtype)
        self._scratch = self._parameters.empty_like()

    def raw_prediction(self, X):
        """Run the forward pass and return raw predictions."""
        return self._network.forward(self._parameters, X, self._workspace)

    def gradient(self, X, delta):
        """Run the backward pass from a gradient with respect to the raw prediction."""
        self._workspace.layers(X.shape[0])[-1].delta[...] = delta
        return self._network.backward_to_input(self._parameters, X, self._workspace, self._scratch)


def minimize_input(
    estimator: FittedEstimator,
    X0: MatrixLike,
    target: Any,
    bounds: tuple[ArrayLike, ArrayLike] | Bounds | None = None,
    *,
    distance: float = 0.0,
    max_iter: int = 200,
    tol: float = 1e-6,
) -> FoundInputs:
    r"""Find inputs near given ones for which the network predicts a wanted output.

    For each row, it minimises over ``x`` within the bounds

    .. math:: l(\mathrm{target}, x) + \frac{\mathrm{distance}}{2} \|x - x_0\|^2

    where ``l`` is the loss of the estimator, by L-BFGS-B with the gradient with respect to the
    input. Use it to generate data under constraints, or to find the nearest input with another
    prediction (a counterfactual).

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        A fitted estimator. It is not changed.

    X0 : {array-like, sparse matrix} of shape (n_samples, n_features)
        Initial inputs.

    target : label, number or array-like
        The wanted output in the form of ``y``: one for all rows, or one for each row.

    bounds : tuple (lower, upper) or scipy.optimize.Bounds, default=None
        Box constraints, each a number or of shape (n_features,). Equal bounds keep a feature
        fixed.

    distance : float, default=0.0
        Strength of the penalty on the distance from ``X0``, in [0, inf).

    max_iter : int, default=200
        Maximum number of iterations for each row.

    tol : float, default=1e-6
        The search for a row stops when no entry of the (projected) gradient is larger than this.

    Returns
    -------
    result : Bunch
        X : ndarray of shape (n_samples, n_features)
            The inputs found.

        loss : ndarray of shape (n_samples,)
            Their losses, without the distance.

        success : ndarray of bool of shape (n_samples,)
            Whether the minimisation has converged.

    Notes
    -----
    A classification loss has no minimum if the network can become ever more certain. Set
    ``bounds`` or ``distance`` in this case; otherwise the search ends when the improvement becomes
    small.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.inspection import minimize_input
    >>> X, y = load_iris(return_X_y=True)
    >>> X = X - X.mean(axis=0)
    >>> net = BackpropClassifier((5,), solver="lbfgs", alpha=1, random_state=0).fit(X, y)
    >>> found = minimize_input(net, X[:3], target=2, bounds=(X.min(axis=0), X.max(axis=0)))
    >>> net.predict(X[:3]), net.predict(found.X)
    (array([0, 0, 0]), array([2, 2, 2]))
    """
    estimator = one_fit_of(estimator)
    network, meaning = estimator._fitted()
    settings = ("distance", distance, Real), ("max_iter", max_iter, Integral), ("tol", tol, Real)
    for name, value, kind in settings:
        message = refusal("minimize_input", name, value, [Interval(kind, 0, None, closed="left")])
        if message is not None:
            raise ValueError(message)
    X0 = check_features(estimator, X0)
    X0 = np.asarray(X0.toarray() if sparse.issparse(X0) else X0, np.float64)
    if meaning.loss.couples_rows:
        raise ValueError(
            "minimize_input needs a loss of single rows, but the loss of this estimator compares "
            "rows with each other."
        )
    search = _InputSearch(network, meaning.loss, distance)
    with about("target"):
        targets = meaning.encode(meaning.broadcast(target, len(X0)), np.dtype(np.float64))
    limits = _broadcast_bounds(bounds, X0.shape[1])
    result = Bunch(X=np.empty_like(X0), loss=np.empty(len(X0)), success=np.empty(len(X0), bool))
    with row_threads(max_threads=1):
        for i, start in enumerate(np.clip(X0, limits.lb, limits.ub)):
            target_of_row = targets[i : i + 1]
            found = minimize(
                search.value_and_gradient,
                start,
                args=(X0[i], target_of_row),
                method="L-BFGS-B",
                jac=True,
                bounds=limits,
                options={"maxiter": max_iter, "gtol": tol},
            )
            result.X[i], result.success[i] = found.x, found.success
            result.loss[i] = search.loss(found.x, target_of_row)[0]
    return result


class _InputSearch:
    """Compute the loss of one row as a function of the input, in float64."""

    def __init__(self, network, loss, distance):
        self._loss = loss
        self._distance = distance
        self._backward = _BackwardToInput(network, 1, np.float64)

    def loss(self, x, target):
        """Return the loss and its gradient with respect to the raw prediction."""
        raw = self._backward.raw_prediction(x[np.newaxis])
        delta = np.empty_like(raw)
        return self._loss.loss_gradient(target, raw, None, delta), delta

    def value_and_gradient(self, x, start, target):
        """Return loss plus distance, and the gradient of this sum."""
        loss, delta = self.loss(x, target)
        gradient = self._backward.gradient(x[np.newaxis], delta)
        step = x - start
        value = loss + 0.5 * self._distance * np.dot(step, step)
        return value, gradient[0] + self._distance * step


def _broadcast_bounds(bounds, n_features):
    """Return the bounds of each feature."""
    if bounds is None:
        lower, upper = -np.inf, np.inf
    elif isinstance(bounds, Bounds):
        lower, upper = bounds.lb, bounds.ub
    else:
        lower, upper = bounds
    lower, upper = np.broadcast_arrays(lower, upper, np.empty(n_features))[:2]
    if not np.all(lower <= upper):  # also False for NaN
        raise ValueError("bounds must be (lower, upper) with lower <= upper, without NaN.")
    return Bounds(lower, upper)
