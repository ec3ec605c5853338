"""Single precision on real data: what differs from double precision is rounding."""

import numpy as np
import pytest
from component_tables import ACTIVATIONS
from scipy import sparse
from sklearn import datasets
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.losses import LogLoss, Multinomial, SquaredError
from skbackprop.network import Workspace, dense_network

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def sparse_counts():
    rng = np.random.default_rng(0)
    X = sparse.csr_array(rng.uniform(size=(300, 200)) * (rng.uniform(size=(300, 200)) < 0.05))
    return X, (np.asarray(X.sum(axis=1)).ravel() > 5).astype(int)


DATA_SETS = {
    "iris": lambda: datasets.load_iris(return_X_y=True),
    "wine": lambda: datasets.load_wine(return_X_y=True),
    "breast cancer": lambda: datasets.load_breast_cancer(return_X_y=True),
    "digits": lambda: datasets.load_digits(return_X_y=True),
    "moons": lambda: datasets.make_moons(400, noise=0.2, random_state=0),
    "several labels": lambda: datasets.make_multilabel_classification(300, random_state=0),
    "sparse": sparse_counts,
    "diabetes": lambda: datasets.load_diabetes(return_X_y=True),
    "linnerud": lambda: datasets.load_linnerud(return_X_y=True),
    "friedman": lambda: datasets.make_friedman1(400, noise=0.1, random_state=0),
}
NUMERIC = ("diabetes", "linnerud", "friedman")


def scaled_data(name):
    X, y = DATA_SETS[name]()
    if not sparse.issparse(X):
        X = StandardScaler().fit_transform(X)
    if name in NUMERIC:
        y = StandardScaler().fit_transform(y.reshape(len(y), -1))
        y = y if y.shape[1] > 1 else y[:, 0]
    # the same numbers in both types: what differs is only the rounding of the computation
    return X.astype(np.float32).astype(np.float64), y


def loss_of(y, numeric):
    if numeric:
        return SquaredError(), y.reshape(len(y), -1)
    if y.ndim == 2 or y.max() == 1:
        return LogLoss(), y.reshape(len(y), -1).astype(float)
    return Multinomial(), y


def sum_and_gradient(X, y, loss, theta, n_raw):
    network = dense_network([X.shape[1], 20, 10, n_raw], [ACTIVATIONS["tanh"]] * 2)
    parameters = network.parameters(theta.dtype, theta)
    workspace = Workspace(network, X.shape[0], theta.dtype)
    gradient = parameters.empty_like()
    targets = y if y.ndim == 1 else y.astype(theta.dtype)
    raw = network.forward(parameters, X.astype(theta.dtype), workspace)
    total = loss.loss_gradient(targets, raw, None, workspace.layers(X.shape[0])[-1].delta)
    network.backward(parameters, X.astype(theta.dtype), workspace, gradient)
    return total, gradient.flat


@pytest.mark.parametrize("name", DATA_SETS)
def test_loss_and_gradient_differ_by_rounding_only(name, seed):
    """The loss to 20, the gradient to 100 times the rounding of one number of float32."""
    X, y = scaled_data(name)
    loss, y = loss_of(y, name in NUMERIC)
    n_raw = int(y.max()) + 1 if y.ndim == 1 else y.shape[1]
    rng = np.random.default_rng(seed)
    network = dense_network([X.shape[1], 20, 10, n_raw], [ACTIVATIONS["tanh"]] * 2)
    n_theta = network.parameters(np.float64).flat.size
    theta = rng.normal(scale=0.3, size=n_theta).astype(np.float32)
    single, double = (
        sum_and_gradient(X, y, loss, theta.astype(dtype), n_raw)
        for dtype in (np.float32, np.float64)
    )
    assert single[1].dtype == np.float32
    rounding = float(np.finfo(np.float32).eps)
    assert single[0] == pytest.approx(double[0], rel=20 * rounding)
    error = np.linalg.norm(single[1] - double[1])
    assert error < 100 * rounding * np.linalg.norm(double[1])


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize("name", DATA_SETS)
def test_fit_in_float32_follows_that_in_float64(name, solver):
    X, y = scaled_data(name)
    estimator_class = BackpropRegressor if name in NUMERIC else BackpropClassifier
    single, double = (
        estimator_class(
            (10,), "tanh", solver=solver, max_iter=5, batch_size=20, random_state=0, dtype=dtype
        ).fit(X[:400], y[:400])
        for dtype in ("float32", "float64")
    )
    assert single.coefs_[0].dtype == np.float32
    np.testing.assert_allclose(single.loss_curve_, double.loss_curve_, rtol=1e-4)
    for ours, theirs in zip(single.coefs_, double.coefs_, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-3 * np.abs(theirs).max())
