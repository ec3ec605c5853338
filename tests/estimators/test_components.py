"""Activations and losses as hyper-parameters: names, objects, lists, one's own."""

import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from component_tables import ACTIVATIONS
from mistakes import LABELS, MULTILABEL, NUMBERS, assert_refused
from mistakes import X as FEATURES
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.activations import ELU, Activation, LeakyReLU, Tanh, from_functions
from skbackprop.losses import (
    CLASSIFICATION_LOSSES,
    REGRESSION_LOSSES,
    Focal,
    GaussianNLL,
    Huber,
    LogLoss,
    Loss,
    Multinomial,
    Quantile,
    Tweedie,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": (6, 4), "max_iter": 5, "random_state": 0}
POSITIVE = np.exp(NUMBERS)
THREE = np.arange(len(FEATURES)) % 3


def same_fit(one, other, y):
    one, other = (net.set_params(**SMALL).fit(FEATURES, y) for net in (one, other))
    return one.loss_curve_ == other.loss_curve_


# ---- every name fits, in both types and from both kinds of matrices


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation_fits(activation, dtype):
    X = FEATURES.astype(dtype)
    net = BackpropRegressor(activation=activation, **SMALL).fit(X, NUMBERS)
    assert net.predict(X).dtype == net.coefs_[0].dtype == dtype
    assert net.loss_curve_[-1] < net.loss_curve_[0]
    np.testing.assert_allclose(net.predict(sparse.csr_array(X)), net.predict(X), rtol=1e-4)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
def test_every_loss_of_the_regressor_fits(loss, dtype):
    X = FEATURES.astype(dtype)
    for y in (POSITIVE, np.column_stack([POSITIVE, POSITIVE + 1])):
        net = BackpropRegressor(loss=loss, early_stopping=True, **SMALL).fit(X, y)
        assert net.predict(X).dtype == net.coefs_[0].dtype == dtype
        assert net.predict(X).shape == y.shape
        assert net.n_outputs_ == (1 if y.ndim == 1 else 2)
        assert np.isfinite(net.score(X, y))
        assert net.validation_scores_[-1] <= 1


@pytest.mark.parametrize("y", [LABELS, THREE, MULTILABEL], ids=["binary", "multiclass", "labels"])
@pytest.mark.parametrize("loss", [*CLASSIFICATION_LOSSES, LogLoss(0.1), Focal(0.5)], ids=str)
def test_every_loss_of_the_classifier_fits(loss, y):
    parameters = SMALL | {"max_iter": 200, "learning_rate_init": 0.02}
    net = BackpropClassifier(loss=loss, **parameters).fit(FEATURES, y)
    probabilities = net.predict_proba(FEATURES)
    assert probabilities.min() >= 0
    if y.ndim == 1:
        np.testing.assert_allclose(probabilities.sum(axis=1), 1)
        np.testing.assert_array_equal(net.predict(FEATURES), probabilities.argmax(axis=1))
    np.testing.assert_allclose(np.exp(net.predict_log_proba(FEATURES)), probabilities)
    assert net.loss_curve_[-1] < net.loss_curve_[0]


def test_losses_of_the_classifier_differ():
    curves = {
        tuple(BackpropClassifier(loss=loss, **SMALL).fit(FEATURES, THREE).loss_curve_)
        for loss in CLASSIFICATION_LOSSES
    }
    assert len(curves) == len(CLASSIFICATION_LOSSES)


# ---- names, objects, lists


def test_a_name_and_its_object_are_the_same():
    for name, activation in ACTIVATIONS.items():
        one, other = BackpropRegressor(activation=name), BackpropRegressor(activation=activation)
        assert same_fit(one, other, NUMBERS)
    for name, loss in REGRESSION_LOSSES.items():
        assert same_fit(BackpropRegressor(loss=name), BackpropRegressor(loss=loss), POSITIVE)
    for name, loss in CLASSIFICATION_LOSSES.items():
        assert same_fit(BackpropClassifier(loss=name), BackpropClassifier(loss=loss), THREE)


def test_a_list_has_one_activation_for_each_hidden_layer():
    net = BackpropRegressor(activation=["tanh", LeakyReLU(0.2)], **SMALL).fit(FEATURES, NUMBERS)
    (W1, W2, W3), (b1, b2, b3) = net.coefs_, net.intercepts_
    Z = np.tanh(FEATURES @ W1 + b1) @ W2 + b2
    expected = np.where(Z > 0, Z, 0.2 * Z) @ W3 + b3
    np.testing.assert_allclose(net.predict(FEATURES), expected[:, 0], rtol=1e-12)
    assert same_fit(
        BackpropRegressor(activation=["elu", "elu"]), BackpropRegressor(activation="elu"), NUMBERS
    )
    assert BackpropRegressor((), [], max_iter=2).fit(FEATURES, NUMBERS).n_layers_ == 2


@pytest.mark.parametrize(
    ("activation", "words"),
    [
        (["tanh"], "activation is a list of 1, but hidden_layer_sizes has 2"),
        (["tanh", "tanhh"], "tanhh"),
        (["tanh", Tanh], "Tanh"),
        (Tanh, "activation"),
    ],
)
def test_activations_that_are_refused(activation, words):
    net = BackpropRegressor(activation=activation, **SMALL)
    error = assert_refused(net, lambda net: net.fit(FEATURES, NUMBERS))
    assert isinstance(error, ValueError)
    assert words in str(error)


@pytest.mark.parametrize(
    "bad",
    [
        lambda: LeakyReLU(1.0),
        lambda: ELU(0.0),
        lambda: Huber(0.0),
        lambda: Quantile((0.5, 0.1)),
        lambda: Quantile((0.0, 0.5)),
        lambda: Quantile(()),
        lambda: Tweedie(0.5),
        lambda: GaussianNLL(100.0),
        lambda: LogLoss(1.0),
        lambda: Multinomial(-0.1),
        lambda: Focal(-1.0),
        lambda: LeakyReLU(float("nan")),
    ],
)
def test_parameters_of_components_are_checked(bad):
    with pytest.raises(ValueError, match="must be"):
        bad()


def test_losses_of_the_other_estimator_are_refused():
    for net, y, word in (
        (BackpropRegressor(loss=LogLoss()), NUMBERS, "BackpropClassifier"),
        (BackpropClassifier(loss=Huber()), LABELS, "loss"),
        (BackpropClassifier(loss="huber"), LABELS, "loss"),
        (BackpropRegressor(loss="focal"), NUMBERS, "loss"),
        (BackpropRegressor(loss=Huber), NUMBERS, "loss"),
    ):
        error = assert_refused(net, lambda net, y=y: net.fit(FEATURES, y))
        assert isinstance(error, ValueError)
        assert word in str(error)


# ---- clones, searches, pickles


def test_components_are_cloned_and_printed():
    net = BackpropRegressor(activation=[LeakyReLU(0.2), "elu"], loss=Quantile((0.1, 0.9)))
    twin = clone(net)
    assert twin.get_params() == net.get_params()
    assert "LeakyReLU(negative_slope=0.2)" in repr(net)
    assert "Quantile(levels=(0.1, 0.9))" in repr(net)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_grid_search_over_objects(n_jobs):
    grid = {
        "activation": ["tanh", LeakyReLU(0.2), ["elu", LeakyReLU(0.1)]],
        "loss": ["squared_error", Huber(0.5)],
    }
    search = GridSearchCV(BackpropRegressor(**SMALL), grid, cv=2, n_jobs=n_jobs)
    search.fit(FEATURES, NUMBERS)
    assert len(search.cv_results_["params"]) == 6
    assert search.best_params_["activation"] in grid["activation"]


@pytest.mark.parametrize("loss", [*REGRESSION_LOSSES, Huber(0.5), Quantile((0.1, 0.9))], ids=str)
def test_regressors_are_pickled(loss):
    net = BackpropRegressor(loss=loss, activation=LeakyReLU(0.2), **SMALL).fit(FEATURES, POSITIVE)
    twin = pickle.loads(pickle.dumps(net))
    assert twin.get_params() == net.get_params()
    np.testing.assert_array_equal(twin.predict(FEATURES), net.predict(FEATURES))


@pytest.mark.parametrize("loss", [*CLASSIFICATION_LOSSES, Multinomial()], ids=str)
def test_classifiers_are_pickled(loss):
    net = BackpropClassifier(loss=loss, **SMALL).fit(FEATURES, LABELS)
    twin = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(twin.predict_proba(FEATURES), net.predict_proba(FEATURES))


# ---- one's own


def test_activation_from_functions_is_the_same_as_the_class():
    own = from_functions(np.tanh, lambda H: 1 - H * H, needs_input=False)
    curves = [
        BackpropRegressor(activation=activation, **SMALL).fit(FEATURES, NUMBERS).loss_curve_
        for activation in (own, "tanh")
    ]
    np.testing.assert_allclose(*curves, rtol=1e-12)


def test_activation_from_functions_is_pickled_if_they_can_be():
    sine = from_functions(np.sin, np.cos)
    assert pickle.loads(pickle.dumps(sine)) == sine == clone(sine, safe=False)
    net = BackpropRegressor(activation=sine, **SMALL).fit(FEATURES, NUMBERS)
    twin = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(twin.predict(FEATURES), net.predict(FEATURES))


@dataclass(frozen=True)
class Cube(Activation):
    """z^3, which needs its input."""

    needs_input = True

    def forward(self, Z, out):
        np.power(Z, 3, out=out)

    def backward(self, delta, H, Z):
        delta *= 3 * Z**2


@dataclass(frozen=True)
class Expectile(Loss):
    """Squared error of unequal weights above and below."""

    level: float = 0.9

    def loss_gradient(self, y, raw, sample_weight, out):
        residual = raw - y
        weight = np.where(residual > 0, 1 - self.level, self.level)
        if sample_weight is not None:
            weight = weight * sample_weight
        np.multiply(weight, residual, out=out)
        return 0.5 * float(np.sum(weight * residual**2))


def test_own_activation_and_own_loss():
    net = BackpropRegressor((3,), Cube(), loss=Expectile(0.8), solver="lbfgs", random_state=0)
    net.fit(FEATURES, NUMBERS)
    assert net.score(FEATURES, NUMBERS) > 0.9
    twin = pickle.loads(pickle.dumps(clone(net))).fit(FEATURES, NUMBERS)
    np.testing.assert_array_equal(twin.predict(FEATURES), net.predict(FEATURES))
    constant = BackpropRegressor((), loss=Expectile(0.5), solver="lbfgs", random_state=0)
    constant.fit(np.zeros((40, 1)), NUMBERS)
    assert constant.predict([[0.0]])[0] == pytest.approx(NUMBERS.mean(), abs=1e-3)


# ---- another loss, and several columns of labels


def test_partial_fit_and_warm_start_take_up_another_loss():
    net = BackpropClassifier(warm_start=True, **SMALL).fit(FEATURES, LABELS)
    before = net.coefs_
    net.set_params(loss="focal").fit(FEATURES, LABELS)
    assert net.loss_curve_[5] < 0.7 * net.loss_curve_[4]
    assert net.coefs_ is not before
    error = assert_refused(
        net.set_params(loss=Multinomial()), lambda net: net.fit(FEATURES, LABELS)
    )
    assert "warm_start" in str(error)


@pytest.mark.parametrize("loss", [*CLASSIFICATION_LOSSES, Multinomial()], ids=str)
def test_calls_of_partial_fit_are_a_fit(loss):
    whole = BackpropClassifier(loss=loss, **SMALL).fit(FEATURES, LABELS)
    parts = BackpropClassifier(loss=loss, **SMALL)
    for _ in range(5):
        parts.partial_fit(FEATURES, LABELS, classes=[0, 1])
    assert parts.loss_curve_ == whole.loss_curve_


@pytest.mark.parametrize("loss", [*CLASSIFICATION_LOSSES, Multinomial(), LogLoss(0.1)], ids=str)
def test_every_loss_works_with_several_label_columns(loss):
    y = np.column_stack([LABELS, THREE])
    parameters = SMALL | {"max_iter": 100, "learning_rate_init": 0.02}
    net = BackpropClassifier(loss=loss, **parameters).fit(FEATURES, y)
    assert [p.shape[1] for p in net.predict_proba(FEATURES)] == [2, 3]
    assert net.coefs_[-1].shape[1] == {Multinomial(): 5, "ordinal": 2}.get(loss, 4)
    assert net.loss_curve_[-1] < 0.9 * net.loss_curve_[0]
    parts = BackpropClassifier(loss=loss, **SMALL)
    for _ in range(5):
        parts.partial_fit(FEATURES, y, classes=[[0, 1], [0, 1, 2]])
    np.testing.assert_array_equal(
        parts.loss_curve_, BackpropClassifier(loss=loss, **SMALL).fit(FEATURES, y).loss_curve_
    )
