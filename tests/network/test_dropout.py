"""Dropout: masks, scaling, its own random stream, and what excludes it."""

import pickle

import numpy as np
import pytest
from mistakes import KINDS, TARGETS, assert_refused
from mistakes import X as FEATURES
from scipy import sparse
from sklearn.base import clone
from threadpoolctl import threadpool_limits

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.activations import Softmax, Tanh
from skbackprop.inspection import check_directional_derivatives
from skbackprop.kernels import kernels_for
from skbackprop.losses import SquaredError
from skbackprop.network import Workspace, dense_network
from skbackprop.network.dropout import DropoutMasks, DropoutStream

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ESTIMATORS = {"classifier": BackpropClassifier, "regressor": BackpropRegressor}
SMALL = {"hidden_layer_sizes": (8, 6), "max_iter": 6, "batch_size": 16, "random_state": 3}


def stream(seed=0):
    return DropoutStream(np.random.RandomState(seed))


def fitted(kind, X=FEATURES, **parameters):
    return ESTIMATORS[kind](**(SMALL | parameters)).fit(X, TARGETS[kind])


# ---- masks


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("rate", [0.1, 0.5, 0.93])
def test_masks_drop_their_share_and_keep_the_mean(rate, dtype):
    masks = DropoutMasks([0.0, rate], [3, 50], 400, dtype, stream(), kernels_for(1, 1))
    ones = np.ones((400, 50), dtype)
    total = np.zeros((400, 50))
    n_draws = 20
    for _ in range(n_draws):
        masks.draw(np.ones((400, 3), dtype))
        dropped = masks.apply(1, ones)
        assert dropped.dtype == dtype
        assert len(np.unique(dropped)) == 2
        total += dropped
    share = np.mean(total == 0)
    tolerance = 6 * np.sqrt(rate / (1 - rate) / (n_draws * total.size))
    assert np.mean(total) / n_draws == pytest.approx(1, abs=tolerance)
    assert share == pytest.approx(rate**n_draws, abs=0.02)
    assert masks.apply(0, ones) is ones


@pytest.mark.parametrize(("rate", "strength"), [(0.001, 1.0), (0.15, 0.037), (0.9995, 1.0)])
def test_rates_between_multiples_of_a_256th_are_right_on_average(rate, strength):
    source = stream()
    masks = DropoutMasks([0.0, rate], [3, 40], 50, np.float64, source, kernels_for(1, 1))
    shares = []
    for _ in range(400):
        source.begin_step(strength)
        masks.draw(np.ones((50, 3)))
        dropped = masks.apply(1, np.ones((50, 40)))
        shares.append(np.mean(dropped == 0))
    expected = min(rate * strength, 255 / 256)
    assert np.mean(shares) == pytest.approx(expected, abs=5e-4)


def test_masks_of_units_and_rows_are_independent():
    masks = DropoutMasks([0.5, 0.5], [16, 16], 4000, np.float64, stream(), kernels_for(1, 1))
    masks.draw(np.ones((4000, 16)))
    both = np.hstack([masks.apply(i, np.ones((4000, 16))) for i in (0, 1)])
    correlation = np.corrcoef(both.T) - np.eye(32)
    assert np.abs(correlation).max() < 0.08
    assert np.corrcoef(both[:-1].ravel(), both[1:].ravel())[0, 1] < 0.02


def test_layers_of_any_widths_and_rates_and_fewer_rows():
    rates, units = [0.2, 0.5, 0.2, 0.5], [5, 30, 70, 11]
    masks = DropoutMasks(rates, units, 2000, np.float64, stream(), kernels_for(1, 1))
    for n_rows in (1200, 2000, 1999):
        masks.draw(np.ones((n_rows, 5)))
        for i, (rate, width) in enumerate(zip(rates, units, strict=True)):
            dropped = masks.apply(i, np.ones((n_rows, width)))
            assert dropped.shape == (n_rows, width)
            assert np.mean(dropped == 0) == pytest.approx(rate, abs=0.03)
            delta = np.ones((n_rows, width))
            masks.backward(i, delta)
            np.testing.assert_array_equal(delta, dropped)


def test_dropout_of_sparse_entries_leaves_the_matrix_alone():
    rng = np.random.default_rng(0)
    X = sparse.csr_array(rng.normal(size=(300, 40)) * (rng.uniform(size=(300, 40)) < 0.3))
    before = X.copy()
    masks = DropoutMasks([0.25, 0.0], [40, 5], 300, np.float64, stream(), kernels_for(1, 1))
    masks.draw(X)
    dropped = masks.apply(0, X)
    assert (X != before).nnz == 0
    kept = dropped.data != 0
    assert np.mean(~kept) == pytest.approx(0.25, abs=0.03)
    np.testing.assert_allclose(dropped.data[kept], X.data[kept] / 0.75)


# ---- gradients


@pytest.mark.parametrize("csr", [False, True], ids=["dense", "csr"])
@pytest.mark.parametrize("activation", [Tanh(), Softmax()], ids=str)
def test_gradient_is_that_of_the_network_without_the_dropped(activation, csr, seed):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(9, 5)), rng.normal(size=(9, 2))
    X = sparse.csr_array(X) if csr else X
    network = dense_network([5, 6, 4, 2], [activation] * 2, dropout=[0.3, 0.5, 0.2])
    workspace = Workspace(network, 9, np.float64, kernels_for(1, 1), stream=stream(seed))
    workspace.draw_masks(X)

    def value_and_gradient(theta):
        parameters = network.parameters(np.float64, np.array(theta))
        gradient = parameters.empty_like()
        raw = network.forward(parameters, X, workspace)
        total = SquaredError().loss_gradient(y, raw, None, workspace.layers(9)[-1].delta)
        network.backward(parameters, X, workspace, gradient)
        return total, gradient.flat

    theta = rng.normal(size=network.parameters(np.float64).flat.size)
    assert check_directional_derivatives(value_and_gradient, theta, random_state=seed).ok(1e-7)


# ---- the stream


@pytest.mark.parametrize("kind", KINDS)
def test_no_dropout_is_the_same_trajectory(kind):
    plain = fitted(kind)
    for dropout in (0, [0.0, 0.0]):
        assert fitted(kind, dropout=dropout).loss_curve_ == plain.loss_curve_


@pytest.mark.parametrize("seed_of", [lambda: 5, lambda: np.random.RandomState(5)])
def test_other_draws_are_those_without_dropout(seed_of):
    """Starting weights, split and order: the generator given ends in the same state."""
    states, splits = [], []
    for dropout in (0.0, 0.5):
        random_state = np.random.RandomState(5)
        net = ESTIMATORS["classifier"](
            **(SMALL | {"random_state": random_state}),
            dropout=dropout,
            early_stopping=True,
            warm_start=True,
        ).fit(FEATURES, TARGETS["classifier"])
        _, key, position, *_ = random_state.get_state()
        states.append((key.tolist(), position))
        splits.append(np.concatenate([*net._state.split, net._state._order]).tolist())
    assert states[0] == states[1]
    assert splits[0] == splits[1]
    first = [
        fitted("regressor", random_state=seed_of(), dropout=rate, learning_rate_init=1e-12)
        for rate in (0.0, 0.5)
    ]
    for coef, other in zip(first[0].coefs_, first[1].coefs_, strict=True):
        np.testing.assert_allclose(coef, other, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_fit_other_seed_another(kind):
    curves = [fitted(kind, dropout=0.5, random_state=seed).loss_curve_ for seed in (1, 1, 2)]
    assert curves[0] == curves[1] != curves[2]
    assert fitted(kind, dropout=0.4, random_state=1).loss_curve_ != curves[0]


def test_float32_drops_the_same_units():
    exact, rounded = (fitted("regressor", dropout=0.5, dtype=d) for d in ("float64", "float32"))
    assert rounded.coefs_[0].dtype == np.float32
    np.testing.assert_allclose(rounded.loss_curve_, exact.loss_curve_, rtol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_calls_of_partial_fit_are_a_fit(kind):
    parameters = SMALL | {"dropout": 0.3, "input_dropout": 0.1}
    whole = ESTIMATORS[kind](**parameters).fit(FEATURES, TARGETS[kind])
    parts = ESTIMATORS[kind](**parameters)
    for call in range(SMALL["max_iter"]):
        keyword = {"classes": [0, 1]} if kind == "classifier" and call == 0 else {}
        parts.partial_fit(FEATURES, TARGETS[kind], **keyword)
        if call == 2:
            parts = pickle.loads(pickle.dumps(parts))
    assert parts.loss_curve_ == whole.loss_curve_


def test_number_of_threads_does_not_change_what_is_dropped():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 60))
    curves = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads, user_api="blas"):
            net = BackpropRegressor((200, 200), dropout=0.5, batch_size=1000, max_iter=3)
            curves.append(net.set_params(random_state=0).fit(X, X[:, 0]).loss_curve_)
    np.testing.assert_allclose(curves[0], curves[1], rtol=1e-9)


# ---- training and prediction


def test_prediction_and_validation_use_all_units():
    net = ESTIMATORS["regressor"](**SMALL, dropout=0.5, input_dropout=0.2, scoring="loss")
    net.fit(FEATURES, TARGETS["regressor"], X_val=FEATURES, y_val=TARGETS["regressor"])
    first = net.predict(FEATURES)
    np.testing.assert_array_equal(first, net.predict(FEATURES))
    H = FEATURES
    for coef, intercept in zip(net.coefs_[:-1], net.intercepts_[:-1], strict=True):
        H = np.maximum(H @ coef + intercept, 0)
    raw = H @ net.coefs_[-1] + net.intercepts_[-1]
    np.testing.assert_allclose(first, raw[:, 0])
    half_squares = 0.5 * np.mean((first - TARGETS["regressor"]) ** 2)
    assert net.validation_loss_curve_[-1] == pytest.approx(half_squares)


def test_input_dropout_of_a_linear_model_is_a_ridge_penalty():
    """Expected squared error with dropped inputs: a penalty by the columns' squares."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 4)) * [1.0, 2.0, 0.5, 1.0]
    y = X @ [1.0, -1.0, 2.0, 0.5] + 0.1 * rng.normal(size=2000)
    rate = 0.5
    net = BackpropRegressor(
        (), alpha=0, input_dropout=rate, learning_rate_init=3e-3, max_iter=300, random_state=0
    ).fit(X, y)
    ridge = rate / (1 - rate) * np.diag(np.sum(X**2, axis=0))
    expected = np.linalg.solve(X.T @ X + ridge, X.T @ y)
    np.testing.assert_allclose(net.coefs_[0][:, 0], expected, atol=0.12)


def test_dropout_of_units_is_the_same_for_sparse_features():
    dense, csr = (
        fitted("regressor", X=X, dropout=0.5) for X in (FEATURES, sparse.csr_array(FEATURES))
    )
    np.testing.assert_allclose(csr.loss_curve_, dense.loss_curve_, rtol=1e-10)


@pytest.mark.parametrize("parameters", [{"dropout": [0.5, 0.0]}, {"input_dropout": 0.5}])
@pytest.mark.parametrize("X", [FEATURES, sparse.csr_array(FEATURES)], ids=["dense", "csr"])
def test_training_data_are_left_alone(X, parameters):
    before = X.copy()
    for shuffle in (True, False):
        net = fitted("regressor", X=X, shuffle=shuffle, **parameters)
        assert np.isfinite(net.loss_)
    assert abs(X - before).max() == 0


def test_dropout_is_a_hyper_parameter_like_others():
    net = ESTIMATORS["classifier"](dropout=[0.5, 0.2], input_dropout=0.1)
    assert clone(net).get_params() == net.get_params()
    assert "dropout=[0.5, 0.2]" in repr(net)


# ---- refusals


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"dropout": 1.0}, "dropout"),
        ({"dropout": -0.1}, "dropout"),
        ({"dropout": [0.5, 1.0]}, "dropout must be in [0, 1)"),
        ({"dropout": ["a", 0.5]}, "dropout must be in [0, 1)"),
        ({"dropout": [0.5]}, "dropout has 1 rates, but hidden_layer_sizes has 2"),
        ({"input_dropout": 1.0}, "input_dropout"),
        ({"dropout": 0.5, "solver": "lbfgs"}, "dropout=0.5 does not work with solver='lbfgs'"),
        ({"dropout": [0.0, 0.1], "solver": "lbfgs"}, "does not work with solver='lbfgs'"),
        ({"input_dropout": 0.5, "solver": "lbfgs"}, "input_dropout=0.5 does not work with solver"),
    ],
)
def test_dropout_that_is_refused(kind, parameters, words):
    net = ESTIMATORS[kind](**(SMALL | parameters))
    error = assert_refused(net, lambda net: net.fit(FEATURES, TARGETS[kind]))
    assert isinstance(error, ValueError)
    assert words in str(error)


def test_lbfgs_without_dropout_is_fine():
    assert fitted("regressor", solver="lbfgs", dropout=[0.0, 0.0]).n_iter_ > 0
