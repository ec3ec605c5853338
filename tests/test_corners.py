"""Corners that a measurement of coverage has shown no other test to turn."""

import numpy as np
import pytest
from sklearn.base import clone

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.activations import LeakyReLU, ReLU, Tanh
from skbackprop.inspection import input_gradient
from skbackprop.losses import (
    ClassificationLoss,
    Focal,
    Gamma,
    GaussianNLL,
    MultinomialBrier,
    MultinomialFocal,
    Poisson,
    Quantile,
    Tweedie,
)
from skbackprop.network import Dense
from skbackprop.solvers.updates import SGD, Adam

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
POSITIVE = np.exp(X[:, 0] + 0.1 * RNG.normal(size=40))
WORDS = np.array(["a", "b", "c"])[np.digitize(X[:, 0], [-0.5, 0.5])]
COLUMNS = np.column_stack([WORDS, np.where(X[:, 1] > 0, "yes", "no")])
LABELS = (X > 0).astype(int)
SMALL = {"hidden_layer_sizes": (3,), "max_iter": 3, "random_state": 0}


@pytest.mark.parametrize(("power", "loss"), [(1, Poisson()), (2, Gamma())])
def test_tweedie_of_these_powers_is_another_loss(power, loss):
    tweedie = BackpropRegressor(**SMALL, loss=Tweedie(power)).fit(X, POSITIVE)
    other = BackpropRegressor(**SMALL, loss=loss).fit(X, POSITIVE)
    np.testing.assert_array_equal(tweedie.coefs_[0], other.coefs_[0])
    assert tweedie.loss_curve_ == other.loss_curve_


@pytest.mark.parametrize(("power", "refused"), [(1, False), (1.9, False), (2, True), (3, True)])
def test_tweedie_takes_zeros_below_power_two(power, refused):
    net = BackpropRegressor(**SMALL, loss=Tweedie(power))
    with_zero = np.append(POSITIVE[1:], 0.0)
    if refused:
        with pytest.raises(ValueError, match="power"):
            net.fit(X, with_zero)
    else:
        assert np.isfinite(net.fit(X, with_zero).loss_)


@pytest.mark.parametrize("gamma", [-0.5, np.inf, np.nan])
@pytest.mark.parametrize("loss", [Focal, MultinomialFocal])
def test_the_focus_of_a_focal_loss_is_a_number_from_zero_on(loss, gamma):
    with pytest.raises(ValueError, match="gamma must be at least 0 and finite"):
        loss(gamma)


@pytest.mark.parametrize("limit", [0, -1, 80.5, np.inf])
def test_log_variances_need_a_limit_that_float32_can_hold(limit):
    assert GaussianNLL(max_log_variance=80).max_log_variance == 80
    with pytest.raises(ValueError, match="max_log_variance must be in"):
        GaussianNLL(max_log_variance=limit)


@pytest.mark.parametrize("levels", [(), (0.5, 0.5), (0.6, 0.4), (0, 0.5), (0.5, 1)])
def test_levels_of_quantiles_increase_between_zero_and_one(levels):
    with pytest.raises(ValueError, match="increasing"):
        Quantile(levels)


def test_gradient_of_a_class_in_a_column_of_labels():
    net = BackpropClassifier(**SMALL).fit(X, COLUMNS)
    yes, no = (input_gradient(net, X, output=(1, word)) for word in ("yes", "no"))
    np.testing.assert_array_equal(yes, -no)
    step = 1e-6 * np.eye(3)[0]
    raw = [net.decision_function(X + sign * step)[0][:, 2] for sign in (1, -1)]
    slope = input_gradient(net, X, output=(0, "c"))[:, 0]
    np.testing.assert_allclose(slope, (raw[0] - raw[1]) / 2e-6, atol=1e-6)
    with pytest.raises(ValueError, match="several columns of labels"):
        input_gradient(net, X, output=(0, "c"), of="probability")


def test_gradient_of_a_prediction_of_several_raw_outputs_is_refused():
    net = BackpropRegressor(**SMALL, loss=Quantile((0.1, 0.9))).fit(X, POSITIVE)
    with pytest.raises(ValueError, match="several raw outputs"):
        input_gradient(net, X, output=0, of="prediction")


@pytest.mark.parametrize(
    ("net", "y", "words"),
    [
        (BackpropClassifier(**SMALL), COLUMNS, "several columns of labels"),
        (BackpropClassifier(**SMALL), np.zeros(40), "single class"),
        (BackpropClassifier(**SMALL, activation="gelu"), WORDS, "activation='gelu'"),
        (BackpropRegressor(**SMALL, loss=Quantile((0.1, 0.9))), POSITIVE, "several raw outputs"),
    ],
    ids=["columns", "one class", "activation", "quantiles"],
)
def test_what_scikit_learn_cannot_express_is_named(net, y, words):
    with pytest.raises(ValueError, match=words):
        clone(net).fit(X, y).to_sklearn()


@pytest.mark.parametrize(
    ("y", "weights", "words"),
    [(LABELS, [None, None], "2 labels, but y has 3"), (WORDS, [None], "is a list")],
    ids=["too short", "for one label"],
)
def test_wrong_lists_of_class_weights(y, weights, words):
    with pytest.raises(ValueError, match=words):
        BackpropClassifier(**SMALL, class_weight=weights).fit(X, y)


def test_validation_targets_of_another_width():
    net = BackpropRegressor(**SMALL)
    with pytest.raises(ValueError, match="has not as many outputs"):
        net.fit(X, np.column_stack([POSITIVE] * 2), X_val=X, y_val=np.column_stack([POSITIVE] * 3))


def test_weights_of_classes_that_leave_nothing():
    with pytest.raises(ValueError, match="leave no sample a weight above 0"):
        BackpropClassifier(**SMALL, class_weight=dict.fromkeys("abc", 0.0)).fit(X, WORDS)


def test_numbers_that_the_dtype_cannot_hold():
    with (
        pytest.raises(ValueError, match="too large for dtype=float32"),
        np.errstate(over="ignore"),
    ):
        BackpropRegressor(**SMALL, dtype="float32").fit(X, POSITIVE * 1e200)


def test_labels_of_another_number():
    net = BackpropClassifier(**SMALL).partial_fit(X, LABELS)
    with pytest.raises(ValueError, match="3 labels"):
        net.partial_fit(X, LABELS[:, :2])


def test_leaky_relu_of_slope_zero_is_relu():
    Z = X.copy()
    leaky, relu = np.empty_like(Z), np.empty_like(Z)
    LeakyReLU(0.0).forward(Z, leaky)
    ReLU().forward(Z, relu)
    np.testing.assert_array_equal(leaky, relu)


@pytest.mark.parametrize("rule", [SGD(0.9, True), Adam(0.9, 0.999, 1e-8)], ids=["sgd", "adam"])
def test_update_rule_decays_nothing_unless_asked(rule):
    theta = np.ones(3)
    rule.bind(theta, np.zeros(3), penalised=theta)(0.1)
    np.testing.assert_array_equal(theta, 1.0)


@pytest.mark.parametrize("rule", [SGD(0.9, True, 0.1), Adam(0.9, 0.999, 1e-8, 0.1)])
def test_each_parameter_decays_by_its_own_factor(rule):
    theta, decays = np.array([1.0, -2.0, 3.0]), np.array([1.0, 0.5, 0.0])
    rule.bind(theta, np.zeros(3), penalised=theta, decays=decays)(0.2)
    np.testing.assert_allclose(theta, [0.98, -1.98, 3.0], rtol=1e-12)


def test_starting_weights_of_a_leaky_relu_know_its_slope():
    assert LeakyReLU(0.5).init_factor == 12 / 1.25


def test_a_loss_for_several_classes_is_taken_as_it_is():
    assert MultinomialBrier().multiclass() == MultinomialBrier()
    loss = MultinomialFocal(1.0)
    assert loss.multiclass() is loss
    named = BackpropClassifier(**SMALL, loss=loss).fit(X, WORDS)
    assert named.predict_proba(X).shape == (40, 3)


def test_a_loss_for_two_classes_only_says_so():
    class TwoClasses(ClassificationLoss):
        def loss_gradient(self, y, raw, sample_weight, out):
            raise AssertionError("nothing is to be fitted")

    with pytest.raises(ValueError, match="is for two classes, or for several labels, only"):
        BackpropClassifier(**SMALL, loss=TwoClasses()).fit(X, WORDS)


def test_weights_and_biases_of_a_layer_have_rates_of_their_own():
    weights, biases = Dense(3, 4, Tanh(), (0.5, 0.1)).parameter_shapes
    assert (weights.rate, biases.rate) == (0.5, 0.1)


def test_decays_of_their_own_end_with_the_penalised_parameters():
    theta, gradient = np.ones(5), np.zeros(5)
    step = SGD(0.0, False, weight_decay=0.1).bind(
        theta, gradient, theta[:3], decays=np.array([1.0, 2.0, 0.0])
    )
    step(1.0)
    np.testing.assert_allclose(theta, [0.9, 0.8, 1, 1, 1])


def test_a_warm_start_with_several_labels_goes_on():
    twice = BackpropClassifier(**SMALL, warm_start=True).fit(X, LABELS).fit(X, LABELS)
    once = BackpropClassifier(**SMALL | {"max_iter": 6}).fit(X, LABELS)
    np.testing.assert_array_equal(twice.coefs_[0], once.coefs_[0])
    with pytest.raises(ValueError, match="indicators of 3 labels"):
        twice.fit(X, LABELS[:, :2])


def test_a_type_error_of_a_scorer_comes_out():
    """It is not taken for a scorer that wants no weights."""

    def scorer(net, X, y):
        return len(3)

    for weights in ({}, {"sample_weight_val": np.ones(40)}):
        net = BackpropClassifier(**SMALL, scoring=scorer)
        with pytest.raises(TypeError, match="has no len"):
            net.fit(X, WORDS, X_val=X, y_val=WORDS, **weights)


@pytest.mark.parametrize(("loss", "factor"), [("squared_error", 1.7e308), ("poisson", 1e5)])
def test_a_validation_score_that_overflows_is_nan(loss, factor):
    """Infinite raw predictions, and predictions that are infinite only as exponentials."""
    far = factor * np.sign(X)
    net = BackpropRegressor(**SMALL, loss=loss).fit(X, POSITIVE, X_val=far, y_val=POSITIVE)
    assert np.isnan(net.validation_scores_).all()
    assert np.isnan(net.best_validation_score_)
    assert np.isfinite(net.loss_curve_).all()


def test_lbfgs_that_diverges_at_its_first_step_says_so():
    with pytest.raises(ValueError, match="non-finite parameter weights"):
        BackpropRegressor(**SMALL, solver="lbfgs").fit(X, 1e200 * X[:, 0])


def test_hyper_parameters_that_scikit_learn_does_not_know_are_left_out():
    net = BackpropRegressor(**SMALL, learning_rate="cosine", learning_rate_init=0.01)
    mlp = net.fit(X, POSITIVE).to_sklearn()
    assert (mlp.learning_rate, mlp.learning_rate_init) == ("constant", 0.01)
