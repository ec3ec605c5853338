"""Numbers: all gradients, single precision on real data, the same bits in every process."""

import hashlib
import os
import subprocess
import sys

import numpy as np
import pytest
from component_tables import ACTIVATIONS, LOSSES, draw_targets, draw_weights, has_codes
from scipy import sparse
from sklearn import datasets
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.dropout import DropoutStream
from skbackprop.gradient_check import check_directional_derivatives
from skbackprop.losses import LogLoss, Multinomial, SquaredError
from skbackprop.network import Network, Workspace

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


# ---- gradients: every activation x every loss x dropout x weights


def value_and_gradient_of(network, loss, X, y, weights, workspace):
    """The sum of the losses as a function of the parameters, the masks of dropout held."""

    def value_and_gradient(theta):
        parameters = network.parameters(np.float64, np.array(theta))
        gradient = parameters.empty_like()
        raw = network.forward(parameters, X, workspace)
        out = workspace.layers(len(X))[-1].delta
        total = loss.loss_gradient(y, raw, weights, out)
        network.backward(parameters, X, workspace, gradient)
        return total, gradient.flat

    return value_and_gradient


def kinds_of_weights(loss):
    return ["none", "rows"] if has_codes(loss) else ["none", "rows", "targets"]


@pytest.mark.parametrize("dropout", [None, [0.2, 0.4, 0.3]], ids=["whole", "dropout"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_gradient_of_every_combination(loss, activation, dropout, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(8, 4))
    hidden = [ACTIVATIONS[activation]] * 2
    network = Network([4, 5, 3, LOSSES[loss].n_raw(3)], hidden, dropout=dropout)
    for weights in kinds_of_weights(loss):
        stream = None if dropout is None else DropoutStream(np.random.RandomState(seed))
        workspace = Workspace(network, 8, np.float64, stream=stream)
        workspace.draw_masks(X)
        targets = draw_targets(loss, 8, 3, rng), draw_weights(weights, 8, 3, rng)
        function = value_and_gradient_of(network, LOSSES[loss], X, *targets, workspace)
        theta = rng.normal(scale=0.6, size=network.parameters(np.float64).flat.size)
        check = check_directional_derivatives(function, theta, n_directions=2, random_state=seed)
        assert check.ok(rtol=1e-6), weights


# ---- single precision


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
    network = Network([X.shape[1], 20, 10, n_raw], [ACTIVATIONS["tanh"]] * 2)
    parameters = network.parameters(theta.dtype, theta)
    workspace = Workspace(network, X.shape[0], theta.dtype)
    gradient = parameters.empty_like()
    targets = y if y.ndim == 1 else y.astype(theta.dtype)
    raw = network.forward(parameters, X.astype(theta.dtype), workspace)
    total = loss.loss_gradient(targets, raw, None, workspace.layers(X.shape[0])[-1].delta)
    network.backward(parameters, X.astype(theta.dtype), workspace, gradient)
    return total, gradient.flat


@pytest.mark.parametrize("name", DATA_SETS)
def test_loss_and_gradient_in_float32_are_those_of_float64_but_for_rounding(name, seed):
    """The loss to 20, the gradient to 100 times the rounding of one number of float32."""
    X, y = scaled_data(name)
    loss, y = loss_of(y, name in NUMERIC)
    n_raw = int(y.max()) + 1 if y.ndim == 1 else y.shape[1]
    rng = np.random.default_rng(seed)
    n_theta = Network([X.shape[1], 20, 10, n_raw], [None] * 2).parameters(np.float64).flat.size
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


# ---- the same bits in every process

FITS = [
    BackpropClassifier((6,), solver="adam", dropout=0.3, early_stopping=True, average=0.9),
    BackpropClassifier((6,), solver="sgd", learning_rate="adaptive", class_weight="balanced"),
    BackpropClassifier((6,), "gelu", solver="lbfgs"),
    BackpropRegressor((6, 4), "mish", solver="adam", loss="gaussian_nll", input_dropout=0.1),
    BackpropRegressor((6,), solver="sgd", loss="huber", weight_decay=0.01, dtype="float32"),
]


def digest_of_fits():
    """A digest of the parameters of some fits, bit by bit."""
    X, y = datasets.load_wine(return_X_y=True)
    X = StandardScaler().fit_transform(X)
    digest = hashlib.sha256()
    for estimator in FITS:
        estimator.set_params(max_iter=8, random_state=5).fit(X, y)
        for array in [*estimator.coefs_, *estimator.intercepts_, estimator.predict(X)]:
            digest.update(array.tobytes())
    return digest.hexdigest()


PROGRAM = """
import warnings
warnings.simplefilter("ignore")
from test_numbers import digest_of_fits
print(digest_of_fits())
"""


def test_equal_seeds_give_the_same_bits_in_every_process():
    tests = os.path.dirname(__file__)
    path = os.pathsep.join([tests, *filter(None, sys.path)])
    digests = {digest_of_fits()}
    for hash_seed in ("1", "2"):
        environment = os.environ | {"PYTHONPATH": path, "PYTHONHASHSEED": hash_seed}
        result = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
        digests.add(result.stdout.strip())
    assert len(digests) == 1
