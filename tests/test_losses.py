"""One battery for all losses: extreme raw predictions, gradients, weights, known answers."""

import numpy as np
import pytest
from component_tables import (
    LOSSES,
    assert_is_a_value,
    draw_targets,
    draw_weights,
    read_only,
)
from scipy.optimize import minimize
from sklearn.metrics import log_loss, mean_poisson_deviance, mean_squared_error

from skbackprop import BackpropRegressor
from skbackprop.gradient_check import check_directional_derivatives

# Target, raw prediction, loss and gradient, computed with mpmath to 60 digits.
REFERENCE = {
    "squared_error": [
        (0.0, -1e4, 5e7, -1e4),
        (1e4, -1e4, 2e8, -2e4),
        (-1.5, 800.0, 321201.125, 801.5),
        (0.25, 0.25, 0.0, 0.0),
        (2.0, 0.5, 1.125, -1.5),
        (3.0, 1e4, 49970004.5, 9997.0),
    ],
    "log_loss": [
        (0.0, -1e4, 0.0, 0.0),
        (0.0, -800.0, 0.0, 0.0),
        (0.0, -40.0, 4.248354255291589e-18, 4.248354255291589e-18),
        (0.0, -1.5, 0.2014132779827524, 0.18242552380635635),
        (0.0, 0.0, 0.6931471805599453, 0.5),
        (0.0, 1.5, 1.7014132779827524, 0.8175744761936437),
        (0.0, 800.0, 800.0, 1.0),
        (0.0, 1e4, 1e4, 1.0),
        (1.0, -1e4, 1e4, -1.0),
        (1.0, -800.0, 800.0, -1.0),
        (1.0, -40.0, 40.0, -1.0),
        (1.0, -1.5, 1.7014132779827524, -0.8175744761936437),
        (1.0, 0.0, 0.6931471805599453, -0.5),
        (1.0, 1.5, 0.2014132779827524, -0.18242552380635635),
        (1.0, 40.0, 4.248354255291589e-18, -4.248354255291589e-18),
        (1.0, 800.0, 0.0, 0.0),
        (1.0, 1e4, 0.0, 0.0),
    ],
    "poisson": [
        (0.0, -1e4, 0.0, 0.0),
        (0.0, -40.0, 4.248354255291589e-18, 4.248354255291589e-18),
        (0.0, 1.5, 4.4816890703380645, 4.4816890703380645),
        (0.0, 700.0, 1.0142320547350045e304, 1.0142320547350045e304),
        (0.5, -1e4, 4999.15342640972, -0.5),
        (0.5, -1.5, 0.12655656986845717, -0.27686983985157015),
        (3.0, -1e4, 30000.295836866004, -3.0),
        (3.0, -800.0, 2400.2958368660043, -3.0),
        (3.0, -1.5, 5.018967026152759, -2.77686983985157),
        (3.0, 0.0, 1.2958368660043291, -2.0),
        (3.0, 1.5, 0.2775259363423939, 1.4816890703380647),
        (3.0, 40.0, 2.3538526683701987e17, 2.3538526683701997e17),
        (1e4, -1e4, 100082103.40371977, -1e4),
        (1e4, 1.5, 67107.88540883217, -9995.518310929661),
        (1e4, 700.0, 1.0142320547350045e304, 1.0142320547350045e304),
    ],
    "multinomial": [
        (0, (1e4, -1e4, 0.0), 0.0, (0.0, 0.0, 0.0)),
        (1, (1e4, -1e4, 0.0), 2e4, (1.0, -1.0, 0.0)),
        (2, (1e4, -1e4, 0.0), 1e4, (1.0, 0.0, -1.0)),
        (
            0,
            (800.0, -800.0, 799.0),
            0.3132616875182228,
            (-0.2689414213699951, 0.0, 0.2689414213699951),
        ),
        (
            1,
            (800.0, -800.0, 799.0),
            1600.3132616875182,
            (0.7310585786300049, -1.0, 0.2689414213699951),
        ),
        (
            0,
            (-800.0, -800.0, -801.0),
            0.8619948040582511,
            (-0.5776812017484818, 0.4223187982515182, 0.15536240349696362),
        ),
        (
            1,
            (1e4, 1e4, 1e4),
            1.0986122886681098,
            (0.3333333333333333, -0.6666666666666666, 0.3333333333333333),
        ),
        (
            0,
            (-1e4, -1e4, -9999.0),
            1.551444713932051,
            (-0.7880584423829146, 0.21194155761708544, 0.5761168847658291),
        ),
        (
            0,
            (40.0, 0.0, -1.0),
            5.811236444626578e-18,
            (-5.811236444626578e-18, 4.248354255291589e-18, 1.5628821893349888e-18),
        ),
        (
            2,
            (0.5, -1.5, 2.0),
            0.22580204923159936,
            (0.17803020550615906, 0.024093768286848397, -0.20212397379300745),
        ),
        (
            0,
            (-70.0, 1.0, 2.0),
            72.31326168751822,
            (-1.0, 0.2689414213699951, 0.7310585786300049),
        ),
    ],
}
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
    raw = rng.normal(scale=2, size=(N_ROWS, N_OUTPUTS)).astype(dtype)
    return y, raw, draw_weights(weights, N_ROWS, N_OUTPUTS, rng, dtype)


def weight_kinds(name):
    return ("rows",) if name == "multinomial" else ("rows", "targets")


every_loss_and_weight = pytest.mark.parametrize(
    ("name", "weights"), [(name, kind) for name in LOSSES for kind in weight_kinds(name)]
)


def indicators(y):
    return np.eye(N_OUTPUTS)[y] if y.ndim == 1 else y


# ---- values


def test_every_loss_has_reference_values():
    assert set(REFERENCE) == set(LOSSES)


def reference_cases():
    """The rows of the table in each dtype that can hold them."""
    for dtype in (np.float64, np.float32):
        for name, rows in REFERENCE.items():
            for row in rows:
                if row[2] < float(np.finfo(dtype).max):
                    yield name, row, dtype


@pytest.mark.parametrize(("name", "row", "dtype"), [*reference_cases()])
def test_value_and_gradient_at_extreme_raw_predictions(name, row, dtype):
    """Right to the rounding of the formula's largest term, ``y raw`` or the raw prediction."""
    target, raw, expected, expected_gradient = row
    raw = np.atleast_2d(raw).astype(dtype)
    y = np.array([target]) if name == "multinomial" else np.array([[target]], dtype)
    total, gradient = loss_gradient(name, y, raw)
    unit = 1e-14 if dtype == np.float64 else 1e-6
    scale = max(1.0, expected, np.max(np.abs(raw)) * max(1.0, target))
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
    raw = np.minimum(raw * 1e4, 700.0) if name == "poisson" else raw * 1e4
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
    np.testing.assert_allclose(gradient, weight * plain, rtol=1e-14)
    if weights == "rows":
        expected = row_losses(name, y, raw) @ weight[:, 0]
    else:
        expected = sum(
            row_losses(name, y[:, k : k + 1], raw[:, k : k + 1]) @ weight[:, k]
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


@pytest.mark.parametrize("weights", ["none", "rows"])
@every_loss
def test_best_constant_is_the_link_of_the_mean(name, weights, seed):
    y, _, weight = draw(name, seed, weights)
    if name == "squared_error":
        y = y + 5.0
    loss = LOSSES[name]

    def mean_loss(constant):
        raw = np.tile(constant, (N_ROWS, 1))
        total, gradient = loss_gradient(name, y, raw, weight)
        return total / N_ROWS, gradient.sum(axis=0) / N_ROWS

    best = minimize(mean_loss, np.zeros(N_OUTPUTS), jac=True, tol=1e-9).x
    row_weight = None if weight is None else weight[:, 0]
    expected = loss.link.link(np.average(indicators(y), axis=0, weights=row_weight))
    if name == "multinomial":  # a constant may be added to all raw predictions
        best, expected = best - best.mean(), expected - expected.mean()
    np.testing.assert_allclose(best, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(mean_loss(expected)[1], 0, atol=1e-12)


@pytest.mark.parametrize("weights", ["none", "rows"])
@every_loss
def test_agrees_with_the_metrics_of_scikit_learn(name, weights, seed):
    y, raw, weight = draw(name, seed, weights)
    prediction = np.empty_like(raw)
    LOSSES[name].link.inverse(raw, prediction)
    row_weight = None if weight is None else weight[:, 0]
    total_weight = N_ROWS if weight is None else weight.sum()
    columns = [(y[:, k], prediction[:, k]) for k in range(N_OUTPUTS)] if y.ndim == 2 else []
    mean = {
        "squared_error": lambda: 0.5 * sum_over(mean_squared_error, columns, row_weight),
        "poisson": lambda: 0.5 * sum_over(mean_poisson_deviance, columns, row_weight),
        "log_loss": lambda: sum_over(log_loss, columns, row_weight),
        "multinomial": lambda: log_loss(y, prediction, sample_weight=row_weight),
    }[name]()
    total = LOSSES[name].loss(y, raw, weight)
    assert total / total_weight == pytest.approx(mean, rel=1e-12)


def sum_over(metric, columns, weight):
    return sum(metric(y, prediction, sample_weight=weight) for y, prediction in columns)


SKLEARN_LOSSES = {
    "squared_error": "HalfSquaredError",
    "poisson": "HalfPoissonLoss",
    "log_loss": "HalfBinomialLoss",
    "multinomial": "HalfMultinomialLoss",
}


@pytest.mark.parametrize("weights", ["none", "rows"])
@pytest.mark.parametrize("name", SKLEARN_LOSSES)
def test_agrees_with_the_loss_functions_of_scikit_learn(name, weights, seed):
    module = pytest.importorskip("sklearn._loss")
    y, raw, weight = draw(name, seed, weights)
    row_weight = None if weight is None else weight[:, 0]
    total, gradient = loss_gradient(name, y, raw, weight)
    if name == "multinomial":
        theirs = module.HalfMultinomialLoss(n_classes=N_OUTPUTS)
        columns = [(y.astype(float), raw, gradient)]
    else:
        theirs = getattr(module, SKLEARN_LOSSES[name])()
        columns = [(y[:, k].copy(), raw[:, k].copy(), gradient[:, k]) for k in range(N_OUTPUTS)]
    their_total = 0.0
    for target, raw_column, gradient_column in columns:
        losses, their_gradient = theirs.loss_gradient(target, raw_column, row_weight)
        offset = theirs.constant_to_optimal_zero(target, row_weight)
        their_total += losses.sum() + (offset.sum() if name == "poisson" else 0.0)
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
