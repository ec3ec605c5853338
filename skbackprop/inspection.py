"""A look inside a fitted network: everything that back-propagation computes, for a user to take.

In the symbols of the textbook, for a layer with input ``H_below``::

    Z = H_below W + b,    H = f(Z),    delta = dF/dZ,
    dF/dW = H_below^T delta + alpha W / sum(s),    dF/db = sum over rows of delta,
    dF/dH_below = delta W^T, which for the first layer is the gradient of the input.
"""

import numpy as np
from scipy import sparse
from scipy.optimize import Bounds, minimize
from sklearn.base import is_classifier
from sklearn.utils import Bunch
from sklearn.utils.validation import check_is_fitted

from .batches import RowBuffers, Rows
from .drafts import of_one_fit
from .gradient_check import check_directional_derivatives
from .hidden_features import hidden_activations
from .network import Workspace
from .objective import Objective
from .outputs import has_label_columns, raw_outputs
from .passes import ExactPass, rows_per_block
from .threads import row_threads
from .validation import check_features, check_features_and_target, check_weight

__all__ = [
    "backpropagate",
    "check_gradient",
    "input_gradient",
    "layer_outputs",
    "minimize_input",
]


def _checked_rows(estimator, X, y, sample_weight, dtype=None):
    """Rows with encoded targets and weights, as ``fit`` makes them; zero weights are kept."""
    check_is_fitted(estimator)
    X, y = check_features_and_target(
        estimator, X, y, reset=False, y_numeric=not is_classifier(estimator)
    )
    dtype = estimator.coefs_[0].dtype if dtype is None else dtype
    weight = check_weight(sample_weight, X, dtype)
    targets = estimator._encode(y, dtype)
    if estimator._n_raw(targets) != estimator.coefs_[-1].shape[1]:
        raise ValueError(
            f"y of shape {y.shape} has not as many outputs as the fitted network, which has "
            f"{estimator.coefs_[-1].shape[1]}."
        )
    weight = estimator._loss_weight(weight, targets)
    return Rows(X, targets, None if weight is None else weight.astype(dtype), dtype)


def _textbook_workspace(network, n_rows, dtype):
    """A workspace in which every layer keeps its pre-activations."""
    workspace = Workspace(network, n_rows, dtype)
    for buffers in workspace.layers(n_rows):
        if buffers.Z is None:
            buffers.Z = np.empty_like(buffers.H)
    return workspace


def _whole(rows):
    """All rows as one batch."""
    return rows.block(0, len(rows), RowBuffers(rows, len(rows)))


def _backward_to_input(network, parameters, X, workspace, gradient):
    """Back-propagate the last delta; return the gradient of the input."""
    network.backward(parameters, X, workspace, gradient)
    buffers = workspace.layers(X.shape[0])[0]
    out = np.empty(X.shape, buffers.delta.dtype)
    network.layers[0].backward_inputs(parameters.layers[0], buffers, out)
    return out


@of_one_fit
def backpropagate(estimator, X, y, sample_weight=None):
    """One forward and one backward pass, with everything they compute.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        A fitted estimator. It is not changed.

    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The data.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights; ones by default. Those of the classes come on top, as in ``fit``.

    Returns
    -------
    passes : Bunch
        All gradients are those of ``loss``. Lists have an entry for each layer, hidden ones first.

        loss : float
            The objective that ``fit`` minimises, over all rows: weighted mean loss and penalty.

        raw_prediction : ndarray of shape (n_samples, n_raw)
            What the last layer computes, before the inverse link.

        preactivations : list of ndarrays of shape (n_samples, n_units)
            ``Z``; the last one is the raw prediction.

        activations : list of ndarrays of shape (n_samples, n_units)
            ``H = f(Z)``; the last layer is linear.

        deltas : list of ndarrays of shape (n_samples, n_units)
            ``dF/dZ``.

        coef_grads, intercept_grads : lists of ndarrays
            ``dF/dW``, the penalty's part included, and ``dF/db``.

        input_gradient : ndarray of shape (n_samples, n_features)
            ``dF/dX``.

    See Also
    --------
    input_gradient : Gradient of an output, instead of the loss.

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
    rows = _checked_rows(estimator, X, y, sample_weight)
    network, fitted = estimator._fitted_network()
    parameters = _as_parameters(network, fitted, rows.dtype)
    gradient = parameters.empty_like()
    objective = Objective(network, estimator._loss(), rows, estimator.alpha)
    with row_threads() as threads:
        loss = ExactPass(objective, parameters, gradient, threads).evaluate()

    batch = _whole(rows)
    workspace = _textbook_workspace(network, len(rows), rows.dtype)
    raw_prediction = network.forward(parameters, batch.X, workspace)
    layers = workspace.layers(len(rows))
    # Activations may be overwritten on the way back.
    preactivations = [buffers.Z.copy() for buffers in layers]
    activations = [buffers.H.copy() for buffers in layers]
    delta = layers[-1].delta
    objective.loss.loss_gradient(batch.y, raw_prediction, batch.sample_weight, delta)
    delta /= objective.total_weight
    scratch = parameters.empty_like()
    gradient_of_input = _backward_to_input(network, parameters, batch.X, workspace, scratch)
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


def _as_parameters(network, fitted, dtype):
    """The fitted arrays copied into one flat vector."""
    parameters = network.parameters(dtype)
    for arrays, fitted_arrays in zip(parameters.layers, fitted.layers, strict=True):
        for array, fitted_array in zip(arrays, fitted_arrays, strict=True):
            array[...] = fitted_array
    return parameters


@of_one_fit
def layer_outputs(estimator, X):
    """Activations of the hidden layers.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        A fitted estimator.

    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The data.

    Returns
    -------
    activations : list of ndarrays of shape (n_samples, n_units)
        One for each hidden layer, the first one first; the last one is ``transform(X)``.

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
    check_is_fitted(estimator)
    return hidden_activations(estimator, X, range(len(estimator.coefs_) - 1))


@of_one_fit
def check_gradient(
    estimator, X, y, sample_weight=None, *, n_directions=5, step=None, random_state=None
):
    """Compare the gradient of the training objective with numerical derivatives.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        A fitted estimator, at whose parameters the gradient is checked. It is not changed.

    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The data.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Targets.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights; ones by default.

    n_directions : int, default=5
        Number of random directions in the space of the parameters.

    step : float, default=None
        Step of the differences; chosen for parameters of the order of one by default.

    random_state : int, RandomState instance or None, default=None
        Source of the directions.

    Returns
    -------
    check : GradientCheck
        ``check.max_relative_error`` and, for an assertion, ``check.ok(rtol)``.

    Raises
    ------
    ValueError
        Where there is no numerical derivative to compare with, say at a kink of ReLU.

    See Also
    --------
    skbackprop.gradient_check.check_directional_derivatives : The same for any function.

    Notes
    -----
    All is computed in float64. Errors are relative to the gradient, of which hardly more than
    rounding is left after an L-BFGS fit with a very small ``tol``: check at an earlier stage then.

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
    rows = _checked_rows(estimator, X, y, sample_weight, np.float64)
    network, fitted = estimator._fitted_network()
    parameters = _as_parameters(network, fitted, np.float64)
    gradient = parameters.empty_like()
    objective = Objective(network, estimator._loss(), rows, estimator.alpha)
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


@of_one_fit
def input_gradient(estimator, X, output=None, of="raw"):
    """How an output of the network changes with each feature, row by row.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        A fitted estimator.

    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        The data.

    output : label, int or tuple, default=None
        A class of ``classes_``, or the position of a target; where there are several columns of
        labels, a tuple of the column's position and the class. By default the only output, or all
        of them.

    of : {'raw', 'probability', 'prediction'}, default='raw'
        What is differentiated: the raw prediction (``decision_function``), or what the inverse
        link makes of it, a classifier's probability or a regressor's prediction.

    Returns
    -------
    gradient : ndarray of shape (n_samples, n_features) or (n_samples, n_outputs, n_features)
        Three-dimensional where ``output`` is None and there are several outputs. The only output
        of a binary classifier is that of ``classes_[1]``.

    Raises
    ------
    ValueError
        Where there is no such output.

    Notes
    -----
    The raw prediction of the first of two classes is minus that of the second.

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
    check_is_fitted(estimator)
    X = check_features(estimator, X)
    network, fitted = estimator._fitted_network()
    link = _link(estimator, of)
    if output is None:
        columns = [(column, 1) for column in range(network.layer_units[-1])]
    else:
        columns = [_raw_column(estimator, output)]
    rows = Rows.of_features(X, estimator.coefs_[0].dtype)
    gradients = np.empty((len(rows), len(columns), X.shape[1]), rows.dtype)
    block_rows = min(rows_per_block(network, rows.X), len(rows))
    differentiator = _Differentiator(network, fitted, link, block_rows, rows.dtype)
    buffers = RowBuffers(rows, block_rows)
    for start in range(0, len(rows), block_rows):
        stop = min(start + block_rows, len(rows))
        batch = rows.block(start, stop, buffers)
        for k, (column, sign) in enumerate(columns):
            gradients[start:stop, k] = differentiator(batch.X, column)
            gradients[start:stop, k] *= sign
    return gradients[:, 0] if len(columns) == 1 else gradients


class _Differentiator:
    """Gradients of single outputs with respect to the input, block by block."""

    def __init__(self, network, fitted, link, n_rows, dtype):
        self._network = network
        self._parameters = fitted
        self._link = link
        self._workspace = Workspace(network, n_rows, dtype)
        self._scratch = network.parameters(dtype)

    def __call__(self, X, column):
        raw = self._network.forward(self._parameters, X, self._workspace)
        delta = self._workspace.layers(X.shape[0])[-1].delta
        delta[...] = 0
        delta[:, column] = 1
        if self._link is not None:
            self._link.inverse(raw, out=raw)
            self._link.pull_back(delta, raw)
        return _backward_to_input(
            self._network, self._parameters, X, self._workspace, self._scratch
        )


def _link(estimator, of):
    """The link whose inverse is part of what is differentiated; None for raw predictions."""
    after_link = "probability" if is_classifier(estimator) else "prediction"
    if of not in ("raw", after_link):
        raise ValueError(f"of must be 'raw' or {after_link!r} here, got {of!r}.")
    if of == "raw":
        return None
    link = estimator._loss().link
    if not is_classifier(estimator) and estimator.n_outputs_ != estimator.coefs_[-1].shape[1]:
        raise ValueError(
            f"With loss={estimator.loss!r}, a prediction is made of several raw outputs; use "
            "of='raw'."
        )
    if not hasattr(link, "pull_back"):
        raise ValueError("With several columns of labels, use of='raw'.")
    return link


def _raw_column(estimator, output):
    """Column of an output in the raw predictions, and the sign with which it stands there."""
    outputs = raw_outputs(estimator)
    if output not in outputs:
        raise ValueError(f"output={output!r} is none of {list(outputs)}.")
    return outputs[output]


@of_one_fit
def minimize_input(estimator, X0, target, bounds=None, *, distance=0.0, max_iter=200, tol=1e-6):
    r"""Move inputs so that the network gives a wanted output.

    Row by row, what is minimised over ``x`` within the bounds is

    .. math:: l(\mathrm{target}, x) + \frac{\mathrm{distance}}{2} \|x - x_0\|^2

    with the loss ``l`` of the estimator, by L-BFGS-B and the gradient of the input: data are
    generated under a constraint, or the nearest input found for which the prediction is another.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        A fitted estimator. It is not changed.

    X0 : {array-like, sparse matrix} of shape (n_samples, n_features)
        Where to start.

    target : label, number or array-like
        The wanted output, in the form of ``y``: one for all rows, or one for each.

    bounds : tuple (lower, upper) or scipy.optimize.Bounds, default=None
        Box constraints, each a number or of shape (n_features,). Equal bounds hold a feature
        fixed.

    distance : float, default=0.0
        Strength with which inputs are held near ``X0``.

    max_iter : int, default=200
        Most iterations for a row.

    tol : float, default=1e-6
        A row is done where no entry of the (projected) gradient is larger.

    Returns
    -------
    result : Bunch
        X : ndarray of shape (n_samples, n_features)
            The inputs that were found.

        loss : ndarray of shape (n_samples,)
            Their losses, without the distance.

        success : ndarray of bool of shape (n_samples,)
            Whether the minimisation has converged.

    Notes
    -----
    The loss of a class has no minimum where the network can become ever more certain. Give bounds
    or a distance then; else the search ends when the gain has become small.

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
    check_is_fitted(estimator)
    X0 = check_features(estimator, X0)
    X0 = np.asarray(X0.toarray() if sparse.issparse(X0) else X0, np.float64)
    search = _InputSearch(estimator, distance)
    targets = search.targets(target, len(X0))
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
            result.loss[i] = search.loss(found.x, target_of_row)
    return result


class _InputSearch:
    """Loss of one input as a function of the input, in float64."""

    def __init__(self, estimator, distance):
        self._estimator = estimator
        self._distance = distance
        self._loss = estimator._loss()
        self._network, fitted = estimator._fitted_network()
        self._parameters = _as_parameters(self._network, fitted, np.float64)
        self._workspace = Workspace(self._network, 1, np.float64)
        self._scratch = self._parameters.empty_like()

    def targets(self, target, n_rows):
        """Encoded targets, one for each row."""
        n_columns = _n_target_columns(self._estimator)
        y = np.broadcast_to(target, (n_rows, n_columns) if n_columns > 1 else (n_rows,))
        return self._estimator._encode(y, np.dtype(np.float64))

    def loss(self, x, target):
        """The loss; leaves its gradient in the last delta."""
        raw = self._network.forward(self._parameters, x[np.newaxis], self._workspace)
        return self._loss.loss_gradient(target, raw, None, self._workspace.layers(1)[-1].delta)

    def value_and_gradient(self, x, start, target):
        """Loss and distance, and their gradient."""
        loss = self.loss(x, target)
        gradient = _backward_to_input(
            self._network, self._parameters, x[np.newaxis], self._workspace, self._scratch
        )
        step = x - start
        value = loss + 0.5 * self._distance * np.dot(step, step)
        return value, gradient[0] + self._distance * step


def _n_target_columns(estimator):
    """Number of columns of ``y``."""
    if not is_classifier(estimator):
        return estimator.n_outputs_
    several_labels = estimator.out_activation_ == "logistic" and estimator.n_outputs_ > 1
    return len(estimator.classes_) if several_labels or has_label_columns(estimator) else 1


def _broadcast_bounds(bounds, n_features):
    """Bounds of each feature."""
    if bounds is None:
        lower, upper = -np.inf, np.inf
    elif isinstance(bounds, Bounds):
        lower, upper = bounds.lb, bounds.ub
    else:
        lower, upper = bounds
    lower, upper = np.broadcast_arrays(lower, upper, np.empty(n_features))[:2]
    if np.any(lower > upper):
        raise ValueError("bounds must be (lower, upper) with lower <= upper.")
    return Bounds(lower, upper)
