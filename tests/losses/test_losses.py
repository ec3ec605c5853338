"""One battery for all losses: extreme raw predictions, gradients, weights, known answers."""

from functools import partial

import numpy as np
import pytest
from component_tables import (
    LOSSES,
    VARIANTS,
    assert_is_a_value,
    draw_targets,
    draw_weights,
    has_codes,
    read_only,
)
from reference_values import LOSS_VALUES
from scipy.optimize import minimize
from scipy.stats import norm
from sklearn.metrics import (
    brier_score_loss,
    log_loss,
    mean_absolute_error,
    mean_gamma_deviance,
    mean_pinball_loss,
    mean_poisson_deviance,
    mean_squared_error,
    mean_tweedie_deviance,
)

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.inspection import check_directional_derivatives
from skbackprop.losses import (
    ClassificationLoss,
    Focal,
    GaussianNLL,
    MultinomialBrier,
    MultinomialFocal,
    Quantile,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N_ROWS, N_OUTPUTS = 40, 3

every_loss = pytest.mark.parametrize("name", LOSSES)
every_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def loss_gradient(name, y, raw, sample_weight=None):
    gradient = np.full(raw.shape, np.nan, raw.dtype)
    return LOSSES[name].loss_gradient(y, raw, sample_weight, gradient), gradient


def draw(name, seed, weights="none", dtype=np.float64):
    """Targets, raw predictions of some spread, weights."""
    rng = np.random.default_rng(seed)
    y = draw_targets(name, N_ROWS, N_OUTPUTS, rng, dtype)
    raw = rng.normal(scale=2, size=(N_ROWS, LOSSES[name].n_raw(N_OUTPUTS))).astype(dtype)
    return y, raw, draw_weights(weights, N_ROWS, N_OUTPUTS, rng, dtype)


def weight_kinds(name):
    return ("rows",) if has_codes(name) else ("rows", "targets", "missing")


every_loss_and_weight = pytest.mark.parametrize(
    ("name", "weights"), [(name, kind) for name in LOSSES for kind in weight_kinds(name)]
)


def indicators(y):
    return np.eye(N_OUTPUTS)[y] if y.ndim == 1 else y


# ---- values


def test_every_loss_has_reference_values():
    assert set(LOSS_VALUES) == set(LOSSES) - set(VARIANTS)


def reference_cases():
    """The rows of the table in each dtype that can hold them."""
    for dtype in (np.float64, np.float32):
        for name, rows in LOSS_VALUES.items():
            for row in rows:
                if row[2] < float(np.finfo(dtype).max):
                    yield name, row, dtype


@pytest.mark.parametrize(("name", "row", "dtype"), [*reference_cases()])
def test_value_and_gradient_at_extreme_raw_predictions(name, row, dtype):
    """Right to the rounding of the formula's largest term, ``y raw`` or the raw prediction."""
    target, raw, expected, expected_gradient = row
    raw = np.atleast_2d(raw).astype(dtype)
    y = np.array([target]) if has_codes(name) else np.array([[target]], dtype)
    total, gradient = loss_gradient(name, y, raw)
    unit = 1e-14 if dtype == np.float64 else 1e-6
    if name in ("gamma", "tweedie", "gaussian_nll"):  # exp() of a rounded number
        unit *= 1 + min(np.max(np.abs(raw)), 700) / 4
    scale = max(1.0, abs(expected), np.max(np.abs(raw)) * max(1.0, target))
    assert abs(total - expected) <= unit * scale
    assert gradient.dtype == dtype
    np.testing.assert_allclose(gradient[0], expected_gradient, rtol=unit, atol=unit)


@every_dtype
def test_a_poisson_mean_that_overflows_is_infinite_not_nan(dtype):
    """Which is how a solver sees that it diverges."""
    raw = np.array([[1e4], [1e4]], dtype)
    with np.errstate(over="ignore"):
        total, gradient = loss_gradient("poisson", np.array([[0.0], [3.0]], dtype), raw)
    assert total == np.inf
    assert np.all(gradient == np.inf)


@every_loss
def test_loss_is_finite_for_random_extreme_raw_predictions(name, seed):
    y, raw, _ = draw(name, seed)
    raw = np.clip(raw * 1e4, -300, 300) if LOSSES[name].link.name == "exp" else raw * 1e4
    total, gradient = loss_gradient(name, y, raw)
    assert np.isfinite(total)
    assert np.isfinite(gradient).all()


@every_loss
def test_gradient_is_that_of_the_value(name, seed):
    y, raw, _ = draw(name, seed)

    def value_and_gradient(theta):
        total, gradient = loss_gradient(name, y, theta.reshape(raw.shape))
        return total, gradient.ravel()

    result = check_directional_derivatives(value_and_gradient, raw.ravel(), random_state=seed)
    assert result.ok(rtol=1e-8)


@every_loss
def test_loss_alone_is_the_same_number(name, seed):
    y, raw, weight = draw(name, seed, "rows")
    assert LOSSES[name].loss(y, raw, weight) == loss_gradient(name, y, raw, weight)[0]


# ---- weights and sums


def row_losses(name, y, raw):
    """The loss of each row alone."""
    return np.array(
        [LOSSES[name].loss(y[i : i + 1], raw[i : i + 1], None) for i in range(len(raw))]
    )


@every_loss_and_weight
def test_weights_multiply(name, weights, seed):
    y, raw, weight = draw(name, seed, weights)
    total, gradient = loss_gradient(name, y, raw, weight)
    _, plain = loss_gradient(name, y, raw)
    n_raw = LOSSES[name].raw_per_target
    repeated = weight if weights == "rows" else np.repeat(weight, n_raw, axis=1)
    np.testing.assert_allclose(gradient, repeated * plain, rtol=1e-14)
    if weights == "rows":
        expected = row_losses(name, y, raw) @ weight[:, 0]
    else:
        expected = sum(
            row_losses(name, y[:, k : k + 1], raw[:, k * n_raw : (k + 1) * n_raw]) @ weight[:, k]
            for k in range(N_OUTPUTS)
        )
    assert total == pytest.approx(expected, rel=1e-12)


@every_loss
def test_equal_weights_in_both_shapes_are_the_same(name, seed):
    y, raw, _ = draw(name, seed)
    total, gradient = loss_gradient(name, y, raw, np.full((N_ROWS, 1), 2.5))
    plain_total, plain = loss_gradient(name, y, raw)
    assert total == pytest.approx(2.5 * plain_total, rel=1e-13)
    np.testing.assert_allclose(gradient, 2.5 * plain, rtol=1e-14)
    if "targets" in weight_kinds(name):
        wide_total, wide = loss_gradient(name, y, raw, np.full((N_ROWS, N_OUTPUTS), 2.5))
        assert wide_total == total
        np.testing.assert_array_equal(wide, gradient)


@pytest.mark.parametrize("name", ["multinomial", "poisson", "gamma", "tweedie"])
@every_dtype
def test_no_rounding_makes_a_loss_negative(name, dtype, seed):
    """Of a row that is predicted with certainty, or to the last digit."""
    rng = np.random.default_rng(seed)
    for right in rng.uniform(-1, 1, size=300).astype(dtype):
        if name == "multinomial":
            y, raw = np.array([0]), np.array([[right, -60, -60]], dtype)
        else:
            raw = np.array([[right]])
            y = np.exp(raw)
        assert 0 <= loss_gradient(name, y, raw)[0] < 1e-5


@every_dtype
@pytest.mark.parametrize("name", ["poisson", "gamma", "tweedie", "tweedie_3"])
def test_small_deviances_of_large_numbers(name, dtype, seed):
    """Right to the digits that the raw prediction leaves, though their terms are far larger."""
    rng = np.random.default_rng(seed)
    power = {"poisson": 1, "gamma": 2, "tweedie": 1.5, "tweedie_3": 3}[name]
    for size in (1e-6, 1e2, 1e6, 1e12, 1e15):
        y = (size * rng.uniform(1, 2, size=(N_ROWS, 1))).astype(dtype)
        distance = rng.uniform(1e-3, 0.3, size=(N_ROWS, 1))  # beside which those digits are small
        raw = (np.log(y.astype(np.longdouble)) + distance).astype(dtype)
        distance = raw - np.log(y.astype(np.longdouble))
        a, b = 1 - power, 2 - power
        of_b, of_a = (np.expm1(k * distance) / k if k else distance for k in (b, a))
        expected = np.sum(y.astype(np.longdouble) ** b * (of_b - of_a))
        relative = 1e-3 if dtype == np.float32 else 1e-10
        assert loss_gradient(name, y, raw)[0] == pytest.approx(float(expected), rel=relative)


@pytest.mark.parametrize("loss", ["poisson", "tweedie"])
def test_lbfgs_fits_large_counts_in_float32_as_in_float64(loss):
    """Sums of rounded terms stopped it at nearly three times the deviance."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(500, 3))
    y = rng.poisson(1e6 * np.exp(0.3 * X[:, 0] - 0.2 * X[:, 1])).astype(float)
    X = np.column_stack([X, np.full(500, 10.0)])  # so that few steps lead to such counts
    deviance = {}
    for dtype in ("float32", "float64"):
        net = BackpropRegressor(
            (8,), loss=loss, solver="lbfgs", max_iter=300, alpha=0, random_state=2, dtype=dtype
        ).fit(X, y)
        scale, metric = METRICS[loss]
        deviance[dtype] = scale * metric(y, net.predict(X).astype(float))
        assert net.loss_ == pytest.approx(deviance[dtype], rel=1e-3)
    if loss == "poisson":  # that of Tweedie is below the tolerance of a stop
        assert deviance["float32"] == pytest.approx(deviance["float64"], rel=0.02)


def test_sum_is_accumulated_in_float64():
    """2^25 and 1000 halves: in float32 the halves would be lost beside the large number."""
    raw = np.ones((1001, 1), np.float32)
    raw[0] = 2**13
    total, _ = loss_gradient("squared_error", np.zeros_like(raw), raw)
    assert total == 2**25 + 500


# ---- arrays


@every_loss_and_weight
@every_dtype
def test_inputs_are_only_read(name, weights, dtype, seed):
    arrays = draw(name, seed, weights, dtype)
    locked = read_only(*arrays)
    total, gradient = loss_gradient(name, *locked)
    assert isinstance(total, float)
    assert gradient.dtype == dtype
    assert np.isfinite(gradient).all()
    for before, after in zip(arrays, locked, strict=True):
        np.testing.assert_array_equal(before, after)


@every_loss_and_weight
def test_float32_agrees_with_float64(name, weights, seed):
    y, raw, weight = draw(name, seed, weights, np.float32)
    exact = (y if y.ndim == 1 else y.astype(float), raw.astype(float), weight.astype(float))
    total, gradient = loss_gradient(name, y, raw, weight)
    exact_total, exact_gradient = loss_gradient(name, *exact)
    assert total == pytest.approx(exact_total, rel=1e-6)
    np.testing.assert_allclose(gradient, exact_gradient, rtol=2e-6, atol=2e-6)


# ---- known answers


MEAN_LOSSES = ("squared_error", "poisson", "gamma", "tweedie", "tweedie_3", "log_loss")
MEAN_LOSSES += ("multinomial", "brier", "multinomial_brier")


def best_constant(name, y, weight):
    def mean_loss(constant):
        raw = np.tile(constant, (N_ROWS, 1))
        total, gradient = loss_gradient(name, y, raw, weight)
        return total / N_ROWS, gradient.sum(axis=0) / N_ROWS

    start = np.zeros(LOSSES[name].n_raw(N_OUTPUTS))
    return minimize(mean_loss, start, jac=True, tol=1e-9).x, mean_loss


@pytest.mark.parametrize("weights", ["none", "rows"])
@pytest.mark.parametrize("name", MEAN_LOSSES)
def test_best_constant_is_the_link_of_the_mean(name, weights, seed):
    y, _, weight = draw(name, seed, weights)
    if name == "squared_error":
        y = y + 5.0
    loss = LOSSES[name]
    best, mean_loss = best_constant(name, y, weight)
    row_weight = None if weight is None else weight[:, 0]
    expected = loss.link.link(np.average(indicators(y), axis=0, weights=row_weight))
    if has_codes(name):  # a constant may be added to all raw predictions
        best, expected = best - best.mean(), expected - expected.mean()
    np.testing.assert_allclose(best, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(mean_loss(expected)[1], 0, atol=1e-12)


@pytest.mark.parametrize("name", ["absolute_error", "quantile", "quantile_bands"])
def test_no_constant_is_better_than_the_quantiles(name, seed):
    y, _, _ = draw(name, seed)
    levels = getattr(LOSSES[name], "levels", (0.5,))
    quantiles = np.quantile(y, levels, axis=0, method="inverted_cdf").T.ravel()

    def loss_of(constant):
        return LOSSES[name].loss(y, np.tile(constant, (N_ROWS, 1)), None)

    for step in np.random.default_rng(seed).normal(scale=0.1, size=(50, quantiles.size)):
        assert loss_of(quantiles + step) >= loss_of(quantiles)


@pytest.mark.parametrize("name", ["gaussian_nll", "gaussian_nll_bounded"])
def test_best_constants_of_gaussian_nll_are_mean_and_variance(name, seed):
    y, _, _ = draw(name, seed)
    best, _ = best_constant(name, y, None)
    loss = LOSSES[name]
    raw = best[np.newaxis]
    np.testing.assert_allclose(loss.predict(raw)[0], y.mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(loss.std(raw)[0], y.std(axis=0), rtol=1e-5)


METRICS = {
    "squared_error": (0.5, mean_squared_error),
    "absolute_error": (1.0, mean_absolute_error),
    "quantile": (1.0, mean_pinball_loss),
    "poisson": (0.5, mean_poisson_deviance),
    "gamma": (0.5, mean_gamma_deviance),
    "tweedie": (0.5, partial(mean_tweedie_deviance, power=1.5)),
    "tweedie_3": (0.5, partial(mean_tweedie_deviance, power=3.0)),
    "log_loss": (1.0, log_loss),
    "brier": (0.5, brier_score_loss),
    "multinomial": (1.0, log_loss),
}


@pytest.mark.parametrize("weights", ["none", "rows"])
@pytest.mark.parametrize("name", METRICS)
def test_agrees_with_the_metrics_of_scikit_learn(name, weights, seed):
    y, raw, weight = draw(name, seed, weights)
    prediction = np.empty_like(raw)
    LOSSES[name].link.inverse(raw, prediction)
    factor, metric = METRICS[name]
    row_weight = None if weight is None else weight[:, 0]
    total_weight = N_ROWS if weight is None else weight.sum()
    if y.ndim == 1:
        columns = [(y, prediction)]
    else:
        columns = [(y[:, k], prediction[:, k]) for k in range(N_OUTPUTS)]
    mean = factor * sum(metric(*column, sample_weight=row_weight) for column in columns)
    total = LOSSES[name].loss(y, raw, weight)
    assert total / total_weight == pytest.approx(mean, rel=1e-10)


def test_gaussian_nll_is_minus_the_log_density(seed):
    y, raw, weight = draw("gaussian_nll", seed, "targets")
    std = LOSSES["gaussian_nll"].std(raw)
    np.testing.assert_allclose(std, np.exp(raw[:, 1::2] / 2), rtol=0.1)
    expected = -np.sum(weight * norm.logpdf(y, raw[:, 0::2], std))
    assert LOSSES["gaussian_nll"].loss(y, raw, weight) == pytest.approx(expected, rel=1e-12)


def test_brier_loss_is_the_squared_error_of_probabilities(seed):
    y, raw, weight = draw("multinomial_brier", seed, "rows")
    probabilities = np.empty_like(raw)
    LOSSES["multinomial_brier"].link.inverse(raw, probabilities)
    expected = 0.5 * np.sum(weight * (probabilities - indicators(y)) ** 2)
    assert LOSSES["multinomial_brier"].loss(y, raw, weight) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", ["log_loss", "multinomial"])
def test_label_smoothing_mixes_the_loss_with_that_of_all_labels(name, seed):
    y, raw, weight = draw(name, seed, "rows")
    plain = LOSSES[name].loss(y, raw, weight)
    if name == "log_loss":
        of_all = [LOSSES[name].loss(np.full_like(y, label), raw, weight) for label in (0, 1)]
    else:
        of_all = [LOSSES[name].loss(np.full_like(y, k), raw, weight) for k in range(N_OUTPUTS)]
    expected = 0.9 * plain + 0.1 * np.mean(of_all)
    smooth = LOSSES[f"{name}_smooth"].loss(y, raw, weight)
    assert smooth == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("focal", "plain"), [(Focal, "log_loss"), (MultinomialFocal, "multinomial")]
)
def test_focal_loss_without_focus_is_the_log_loss(focal, plain, seed):
    y, raw, weight = draw(plain, seed, "rows")
    total, gradient = loss_gradient(plain, y, raw, weight)
    out = np.empty_like(raw)
    assert focal(0.0).loss_gradient(y, raw, weight, out) == pytest.approx(total, rel=1e-12)
    np.testing.assert_allclose(out, gradient, rtol=1e-10, atol=1e-14)


SKLEARN_LOSSES = {
    "squared_error": ("HalfSquaredError", {}),
    "absolute_error": ("AbsoluteError", {}),
    "quantile": ("PinballLoss", {"quantile": 0.5}),
    "huber": ("HuberLoss", {"delta": 1.35}),
    "poisson": ("HalfPoissonLoss", {}),
    "gamma": ("HalfGammaLoss", {}),
    "tweedie": ("HalfTweedieLoss", {"power": 1.5}),
    "log_loss": ("HalfBinomialLoss", {}),
    "multinomial": ("HalfMultinomialLoss", {"n_classes": N_OUTPUTS}),
}
WITH_CONSTANT = ("poisson", "gamma", "tweedie")


@pytest.mark.parametrize("weights", ["none", "rows"])
@pytest.mark.parametrize("name", SKLEARN_LOSSES)
def test_agrees_with_the_loss_functions_of_scikit_learn(name, weights, seed):
    module = pytest.importorskip("sklearn._loss.loss")
    y, raw, weight = draw(name, seed, weights)
    row_weight = None if weight is None else weight[:, 0]
    total, gradient = loss_gradient(name, y, raw, weight)
    class_name, parameters = SKLEARN_LOSSES[name]
    theirs = getattr(module, class_name)(**parameters)
    if has_codes(name):
        columns = [(y.astype(float), raw, gradient)]
    else:
        columns = [(y[:, k].copy(), raw[:, k].copy(), gradient[:, k]) for k in range(N_OUTPUTS)]
    their_total = 0.0
    for target, raw_column, gradient_column in columns:
        losses, their_gradient = theirs.loss_gradient(target, raw_column, row_weight)
        their_total += losses.sum()
        if name in WITH_CONSTANT:
            their_total += theirs.constant_to_optimal_zero(target, row_weight).sum()
        np.testing.assert_allclose(gradient_column, their_gradient, rtol=1e-10, atol=1e-14)
    assert total == pytest.approx(their_total, rel=1e-12)


# ---- targets that a loss does not allow, and losses as values


@every_loss
def test_targets_in_the_domain_are_allowed(name, seed):
    y, _, _ = draw(name, seed)
    assert LOSSES[name].check_target(y) is None


def test_poisson_refuses_negative_targets():
    message = "loss='poisson' requires non-negative y; the smallest value of y is -0.5"
    with pytest.raises(ValueError, match=message):
        LOSSES["poisson"].check_target(np.array([[1.0], [-0.5], [0.0]]))
    with pytest.raises(ValueError, match=message):
        BackpropRegressor(loss="poisson").fit([[1.0], [2.0], [3.0]], [1.0, -0.5, 0.0])


@every_loss
def test_is_a_value(name):
    assert_is_a_value(LOSSES[name], LOSSES.values())


# ---- parameters of losses


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


# ---- losses of two classes and of several

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
WORDS = np.array(["a", "b", "c"])[np.digitize(X[:, 0], [-0.5, 0.5])]
SMALL = {"hidden_layer_sizes": (3,), "max_iter": 3, "random_state": 0}


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

    with pytest.raises(ValueError, match="has no form for more than two classes"):
        BackpropClassifier(**SMALL, loss=TwoClasses()).fit(X, WORDS)
