"""Quantiles, mean with standard deviation, and robust losses, through the regressor."""

import numpy as np
import pytest
from mistakes import NUMBERS, assert_refused
from mistakes import X as FEATURES
from sklearn.base import clone
from sklearn.metrics import d2_pinball_score, r2_score

from skbackprop import BackpropRegressor
from skbackprop.losses import Gamma, GaussianNLL, Poisson, Quantile, Tweedie

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

LEVELS = (0.1, 0.5, 0.9)
FIT = {"hidden_layer_sizes": (20,), "learning_rate_init": 0.01, "random_state": 0}
TWO = np.column_stack([NUMBERS, -NUMBERS])


@pytest.fixture(scope="module")
def noisy():
    """y = x with a noise whose standard deviation grows from 0.1 to 0.5."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, size=(2000, 1))
    std = 0.3 + 0.2 * X[:, 0]
    return X, X[:, 0] + std * rng.normal(size=2000), std


# ---- quantiles


def test_quantiles_cover_their_level(noisy):
    X, y, _ = noisy
    net = BackpropRegressor(loss=Quantile(LEVELS), **FIT).fit(X, y)
    below = y[:, np.newaxis] < net.predict(X)
    np.testing.assert_allclose(below.mean(axis=0), LEVELS, atol=0.03)
    wide, narrow = (below[side].mean(axis=0) for side in (X[:, 0] > 0, X[:, 0] < 0))
    np.testing.assert_allclose(wide, LEVELS, atol=0.06)
    np.testing.assert_allclose(narrow, LEVELS, atol=0.06)


def test_shapes_of_quantiles():
    for levels, y, shape in (
        (0.3, NUMBERS, (40,)),
        ((0.3,), TWO, (40, 2)),
        (LEVELS, NUMBERS, (40, 3)),
        (LEVELS, TWO, (40, 2, 3)),
    ):
        net = BackpropRegressor(loss=Quantile(levels), max_iter=3, random_state=0)
        net.fit(FEATURES, y)
        assert net.predict(FEATURES).shape == shape
        assert net.predict(FEATURES[:1]).shape == (1, *shape[1:])
        assert net.n_outputs_ == (1 if y.ndim == 1 else 2)
        assert net.coefs_[-1].shape[1] == net.n_outputs_ * np.size(levels)


@pytest.mark.parametrize("y", [NUMBERS, TWO], ids=["one", "two"])
def test_quantiles_never_cross(y):
    """Even where the network has learnt next to nothing."""
    levels = tuple(np.linspace(0.05, 0.95, 10))
    net = BackpropRegressor(loss=Quantile(levels), max_iter=1, random_state=0).fit(FEATURES, y)
    assert (np.diff(net.predict(50 * FEATURES), axis=-1) >= 0).all()


def test_score_of_quantiles_is_d2():
    net = BackpropRegressor(loss=Quantile(LEVELS), **FIT).fit(FEATURES, NUMBERS)
    weight = np.arange(40.0)
    prediction = net.predict(FEATURES)
    expected = np.mean(
        [
            d2_pinball_score(NUMBERS, prediction[:, k], sample_weight=weight, alpha=level)
            for k, level in enumerate(LEVELS)
        ]
    )
    assert net.score(FEATURES, NUMBERS, weight) == pytest.approx(expected)
    assert net.score(FEATURES, NUMBERS.tolist()) > 0.5


def test_early_stopping_of_quantiles_by_d2():
    net = BackpropRegressor(loss=Quantile(LEVELS), early_stopping=True, max_iter=20, **FIT)
    net.fit(FEATURES, NUMBERS, X_val=FEATURES, y_val=NUMBERS)
    assert net.validation_scores_[net.best_iter_ - 1] == pytest.approx(
        net.score(FEATURES, NUMBERS)
    )


def test_one_level_is_twice_less_than_the_absolute_error():
    """With plain gradient descent, half the loss is half the rate."""
    parameters = {"solver": "sgd", "alpha": 0.0, "max_iter": 20, "random_state": 0}
    quantile = BackpropRegressor(loss="quantile", learning_rate_init=0.02, **parameters)
    absolute = BackpropRegressor(loss="absolute_error", learning_rate_init=0.01, **parameters)
    for net in (quantile, absolute):
        net.fit(FEATURES, NUMBERS)
    np.testing.assert_allclose(quantile.predict(FEATURES), absolute.predict(FEATURES))


# ---- mean and standard deviation


def test_standard_deviation_follows_the_noise(noisy):
    X, y, std = noisy
    net = BackpropRegressor(loss="gaussian_nll", **FIT).fit(X, y)
    mean, predicted = net.predict(X, return_std=True)
    np.testing.assert_array_equal(mean, net.predict(X))
    assert np.mean(np.abs(mean - X[:, 0])) < 0.05
    assert np.mean(np.abs(predicted - std)) < 0.05


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_far_from_the_data_everything_is_finite(noisy, activation, dtype):
    X, y, _ = noisy
    net = BackpropRegressor(
        activation=activation, loss="gaussian_nll", dtype=dtype.__name__, **FIT
    )
    mean, std = net.fit(X, y).predict([[-1e6], [1e6]], return_std=True)
    assert mean.dtype == std.dtype == dtype
    assert np.isfinite(mean).all()
    assert (std > 4e-5).all()
    assert (std < 2.3e4).all()


def test_bound_of_the_variance():
    net = BackpropRegressor(loss=GaussianNLL(max_log_variance=1.0), **FIT).fit(FEATURES, NUMBERS)
    std = net.predict(1e3 * FEATURES, return_std=True)[1]
    assert (std >= np.exp(-0.5)).all()
    assert (std <= np.exp(0.5)).all()


def test_samples_have_mean_and_standard_deviation(noisy):
    X, y, _ = noisy
    net = BackpropRegressor(loss="gaussian_nll", **FIT).fit(X, y)
    mean, std = net.predict(X[:5], return_std=True)
    samples = net.sample_y(X[:5], 20000, random_state=0)
    assert samples.shape == (5, 20000)
    np.testing.assert_allclose(samples.mean(axis=1), mean, atol=0.02)
    np.testing.assert_allclose(samples.std(axis=1), std, rtol=0.03)
    np.testing.assert_array_equal(samples, net.sample_y(X[:5], 20000, random_state=0))
    assert net.sample_y(X[:5]).shape == (5, 1)


def test_two_means_and_standard_deviations():
    net = BackpropRegressor(loss="gaussian_nll", dtype="float32", **FIT).fit(FEATURES, TWO)
    mean, std = net.predict(FEATURES, return_std=True)
    assert mean.shape == std.shape == (40, 2)
    samples = net.sample_y(FEATURES, 3, random_state=np.random.RandomState(0))
    assert samples.shape == (40, 2, 3)
    assert samples.dtype == np.float32
    assert net.score(FEATURES, TWO) == pytest.approx(r2_score(TWO, mean))


def test_only_distributions_have_a_deviation_and_samples():
    net = BackpropRegressor(max_iter=2, random_state=0).fit(FEATURES, NUMBERS)
    error = assert_refused(net, lambda net: net.predict(FEATURES, return_std=True))
    assert "return_std" in str(error)
    assert "squared_error" in str(error)
    assert not hasattr(net, "sample_y")
    assert not hasattr(net.set_params(loss=GaussianNLL()), "sample_y")  # it was fitted by another
    assert hasattr(clone(net), "sample_y")
    with pytest.raises(AttributeError, match="gaussian_nll"):
        BackpropRegressor().sample_y(FEATURES)


# ---- domains


@pytest.mark.parametrize(
    ("loss", "bad", "words"),
    [
        (
            "poisson",
            -0.5,
            "loss='poisson' requires non-negative y; the smallest value of y is -0.5",
        ),
        ("gamma", 0.0, "loss='gamma' requires positive y; the smallest value of y is 0"),
        ("tweedie", -2.0, "requires non-negative y; the smallest value of y is -2"),
        (Tweedie(2.5), 0.0, "Tweedie(power=2.5) requires positive y"),
    ],
)
def test_targets_outside_of_the_domain(loss, bad, words):
    y = np.exp(NUMBERS)
    good = BackpropRegressor(loss=loss, max_iter=2, random_state=0).fit(FEATURES, y)
    assert (good.predict(FEATURES) > 0).all()
    y[3] = bad
    for fit in (
        lambda net: net.fit(FEATURES, y),
        lambda net: net.partial_fit(FEATURES, y),
        lambda net: net.fit(FEATURES, np.exp(NUMBERS), X_val=FEATURES, y_val=y),
    ):
        error = assert_refused(good, fit)
        assert isinstance(error, ValueError)
        assert words in str(error)


def test_zero_is_a_target_of_poisson_and_of_tweedie():
    y = np.maximum(NUMBERS, 0)
    for loss in ("poisson", "tweedie"):
        net = BackpropRegressor(loss=loss, **FIT).fit(FEATURES, y)
        assert (net.predict(FEATURES) > 0).all()


# ---- robustness


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "log_cosh", "quantile"])
def test_robust_losses_do_not_follow_an_outlier(loss):
    X = np.linspace(-1, 1, 101)[:, np.newaxis]
    y = X[:, 0].copy()
    y[::10] += 50
    errors = {}
    for name in (loss, "squared_error"):
        net = BackpropRegressor(
            (), loss=name, learning_rate_init=0.05, max_iter=500, random_state=0
        )
        errors[name] = np.abs(net.fit(X, y).predict(X) - X[:, 0]).max()
    assert errors[loss] < 0.5 < errors["squared_error"]


# ---- powers of Tweedie

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
POSITIVE = np.exp(X[:, 0] + 0.1 * RNG.normal(size=40))
SMALL = {"hidden_layer_sizes": (3,), "max_iter": 3, "random_state": 0}


@pytest.mark.parametrize(("power", "loss"), [(1, Poisson()), (2, Gamma())])
def test_tweedie_of_power_one_is_poisson_and_of_two_is_gamma(power, loss):
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
