"""Compiled kernels beside NumPy's: the same numbers, for every component that is registered."""

import pickle

import numpy as np
import pytest
from component_tables import (
    ACTIVATIONS,
    LOSSES,
    RULES,
    draw_targets,
    draw_weights,
    has_codes,
)

from skbackprop.activations import Activation
from skbackprop.activations.classic import ReLU
from skbackprop.kernels import NUMPY
from skbackprop.kernels.reference import ActivationKernel, ProductKernel
from skbackprop.training import UPDATE_RULES
from skbackprop.training.solvers.averaging import MovingAverage

pytest.importorskip("numba")

from skbackprop.kernels.compiled import (
    ACTIVATIONS as COMPILED_ACTIVATIONS,
)
from skbackprop.kernels.compiled import (
    COMPILED,
)
from skbackprop.kernels.compiled import (
    LOSSES as COMPILED_LOSSES,
)
from skbackprop.kernels.compiled import (
    UPDATE_RULES as COMPILED_RULES,
)
from skbackprop.kernels.compiled.exponential import exp, tanh
from skbackprop.kernels.compiled.jit import compiled

TOLERANCE = {"float64": 1e-12, "float32": 2e-5}

both_dtypes = pytest.mark.parametrize("dtype", TOLERANCE)
every_shape = pytest.mark.parametrize("shape", [(1, 1), (7, 3), (33, 130)], ids=str)


def assert_close(actual, expected, dtype, scale=1.0):
    tolerance = TOLERANCE[dtype]
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance * scale)
    assert np.asarray(actual).dtype == np.asarray(expected).dtype


# ---- activations


def pre_activations(seed, shape, dtype):
    """Numbers of all sizes, zeros of both signs among them."""
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=shape) * 10.0 ** rng.integers(-3, 3, shape)
    Z.flat[:: Z.size // 3 + 1] = 0.0
    return Z.astype(dtype), rng.normal(size=shape[1]).astype(dtype)


def forward(kernels, activation, Z, bias, kept):
    Z = Z.copy()
    H = np.empty_like(Z) if kept else Z
    with np.errstate(all="ignore"):
        kernels.activation(activation).forward(Z, bias, H)
    return H, Z


@both_dtypes
@every_shape
@pytest.mark.parametrize("kept", [False, True], ids=["in place", "kept"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name, kept, shape, dtype, seed):
    activation = ACTIVATIONS[name]
    Z, bias = pre_activations(seed, shape, dtype)
    for ours, theirs in zip(
        forward(COMPILED, activation, Z, bias, kept),
        forward(NUMPY, activation, Z, bias, kept),
        strict=True,
    ):
        if ours is not None:
            assert_close(ours, theirs, dtype)


@both_dtypes
@every_shape
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_backwards(name, shape, dtype, seed):
    activation = ACTIVATIONS[name]
    Z, bias = pre_activations(seed, shape, dtype)
    kept = activation.needs_input
    H, Z = forward(NUMPY, activation, Z, bias, kept)
    delta = np.random.default_rng(seed + 1).normal(size=shape).astype(dtype)
    results = []
    for kernels in (COMPILED, NUMPY):
        moved, sums, ones = delta.copy(), np.empty(shape[1], dtype), np.ones(shape[0], dtype)
        with np.errstate(all="ignore"):
            kernel = kernels.activation(activation)
            kernel.backward(moved, H.copy(), Z.copy() if kept else None, ones, sums)
        results.append((moved, sums))
    (ours, our_sums), (theirs, their_sums) = results
    assert_close(ours, theirs, dtype)
    assert_close(our_sums, their_sums, dtype, scale=shape[0])


@pytest.mark.parametrize("name", COMPILED_ACTIVATIONS)
def test_what_is_not_finite_stays_so(name):
    """A training that diverges is noticed by that."""
    activation = {type(one).__name__: one for one in ACTIVATIONS.values()}[name]
    Z = np.array([[np.nan, np.inf, -np.inf]])
    ours, theirs = (
        forward(kernels, activation, Z, np.zeros(3), kept=activation.needs_input)[0]
        for kernels in (COMPILED, NUMPY)
    )
    np.testing.assert_array_equal(ours, theirs)


def test_every_compiled_activation_is_one_of_the_package():
    assert set(COMPILED_ACTIVATIONS) <= {type(one).__name__ for one in ACTIVATIONS.values()}


class Doubled(ReLU):
    """A user's own: what it inherits from has a compiled twin, which would be wrong."""

    def forward(self, Z, out):
        super().forward(Z, out)
        out *= 2


def test_a_users_own_activation_goes_through_numpy():
    own = Doubled()
    assert isinstance(own, Activation)
    assert type(COMPILED.activation(own)) is ActivationKernel
    H, _ = forward(COMPILED, own, np.array([[1.0, -1.0]]), np.zeros(2), kept=False)
    np.testing.assert_array_equal(H, [[2.0, 0.0]])


# ---- products


def as_columns(array):
    return np.asfortranarray(array)


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def products_of(kernels, inputs, coef, delta):
    """The three products of a layer."""
    kernel = kernels.products(len(inputs), *coef.shape, coef.dtype)
    out = [np.full_like(like, 7, order="C") for like in (delta, coef, inputs)]
    kernel.forward(inputs, coef, out[0])
    kernel.gradient(inputs, delta, out[1])
    kernel.backward(delta, coef, out[2])
    return out


@both_dtypes
@pytest.mark.parametrize("layout", [np.copy, as_columns, read_only])
@pytest.mark.parametrize("n_rows", [1, 2, 7, 8, 33])
@pytest.mark.parametrize("fan_out", [1, 2, 3, 4, 5, 12, 13])
@pytest.mark.parametrize("fan_in", [3, 64, 131])
def test_products(fan_in, fan_out, n_rows, layout, dtype, seed):
    rng = np.random.default_rng(seed)
    shapes = (n_rows, fan_in), (fan_in, fan_out), (n_rows, fan_out)
    inputs, coef, delta = (rng.normal(size=shape).astype(dtype) for shape in shapes)
    given = layout(inputs), layout(coef), delta
    results = [products_of(kernels, *given) for kernels in (COMPILED, NUMPY)]
    for ours, theirs in zip(*results, strict=True):
        assert_close(ours, theirs, dtype, scale=max(fan_in, n_rows) ** 0.5)


@pytest.mark.parametrize(
    ("n_rows", "fan_in", "fan_out", "looped"),
    [
        (200, 64, 3, {"forward", "gradient", "backward"}),
        (200, 64, 10, {"forward", "gradient"}),
        (200, 64, 1, {"backward"}),
        (200, 64, 13, set()),
        (200, 31, 3, set()),
        (10_000, 64, 3, set()),
    ],
)
def test_loops_are_for_few_columns_of_many_inputs(n_rows, fan_in, fan_out, looped):
    kernel = COMPILED.products(n_rows, fan_in, fan_out, np.float64)
    methods = ("forward", "gradient", "backward")
    assert looped == {
        name for name in methods if getattr(type(kernel), name) is not getattr(ProductKernel, name)
    }


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_products_of_what_is_not_finite_are_not_finite(bad):
    inputs, coef, delta = np.ones((9, 64)), np.ones((64, 3)), np.ones((9, 3))
    inputs[4] = delta[4] = bad
    raw, gradient, back = products_of(COMPILED, inputs, coef, delta)
    assert np.isfinite(raw).all(axis=1).tolist() == [i != 4 for i in range(9)]
    assert not np.isfinite(gradient).any()
    assert np.isfinite(back).all(axis=1).tolist() == [i != 4 for i in range(9)]


# ---- losses


@both_dtypes
@pytest.mark.parametrize("weights", ["none", "rows", "targets", "missing"])
@pytest.mark.parametrize("name", LOSSES)
def test_losses(name, weights, dtype, seed):
    if weights in ("targets", "missing") and has_codes(name):
        weights = "rows"
    rng = np.random.default_rng(seed)
    y = draw_targets(name, 40, 3, rng, np.dtype(dtype).type)
    raw = rng.normal(scale=4, size=(40, LOSSES[name].n_raw(3))).astype(dtype)
    weight = draw_weights(weights, 40, 3, rng, np.dtype(dtype).type)
    results = []
    for kernels in (COMPILED, NUMPY):
        out = np.empty_like(raw)
        total = kernels.loss(LOSSES[name]).loss_gradient(y, raw, weight, 0.25, out)
        results.append((total, out))
    (our_total, ours), (their_total, theirs) = results
    assert isinstance(our_total, float)
    np.testing.assert_allclose(our_total, their_total, rtol=TOLERANCE[dtype])
    assert_close(ours, theirs, dtype)


@both_dtypes
@pytest.mark.parametrize("size", [1e3, 1e4])
@pytest.mark.parametrize("name", ["log_loss", "multinomial", "multinomial_smooth"])
def test_log_losses_of_extreme_raw_predictions(name, size, dtype):
    raw = np.array([[size, -size, 0.0], [-size, -size, size]], dtype)
    y = np.array([0, 1]) if has_codes(name) else np.array([[1, 0, 1], [1, 0, 0]], dtype)
    results = []
    for kernels in (COMPILED, NUMPY):
        out = np.empty_like(raw)
        total = kernels.loss(LOSSES[name]).loss_gradient(y, raw, None, 1.0, out)
        results.append((total, out))
    (our_total, ours), (their_total, theirs) = results
    np.testing.assert_allclose(our_total, their_total, rtol=TOLERANCE[dtype])
    assert_close(ours, theirs, dtype)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["log_loss", "multinomial", "squared_error"])
def test_a_loss_of_what_is_not_finite_is_not_finite(name, bad):
    raw = np.array([[0.0, bad, 1.0]])
    y = np.array([0]) if has_codes(name) else np.zeros((1, 3))
    out = np.empty_like(raw)
    total = COMPILED.loss(LOSSES[name]).loss_gradient(y, raw, None, 1.0, out)
    assert not np.isfinite(total)


def test_every_compiled_loss_is_one_of_the_package():
    assert set(COMPILED_LOSSES) <= {type(one).__name__ for one in LOSSES.values()}


# ---- update rules, penalty, masks


def path_of(kernels, make_rule, n_parameters, dtype, extras, seed):
    """Parameters, moments and average after some steps."""
    rng = np.random.default_rng(seed)
    theta, gradient = (rng.normal(size=n_parameters).astype(dtype) for _ in range(2))
    rule = make_rule()
    rule.weight_decay = 0.1 if "decay" in extras else 0.0
    if "average" in extras:
        rule.average = MovingAverage(0.9)
    factors = rng.uniform(0.5, 1.5, n_parameters).astype(dtype)
    penalised = theta[: n_parameters // 2]
    step = rule.bind(
        theta,
        gradient,
        penalised,
        factors if "rates" in extras else None,
        factors[: penalised.size] if "decays" in extras else None,
        kernels,
    )
    for _ in range(5):
        gradient[...] = rng.normal(size=n_parameters)
        step(0.01, 0.5)
    average = [] if rule.average is None else [rule.average.flat]
    return [theta, *rule.moments, *average]


@both_dtypes
@pytest.mark.parametrize(
    "extras", ["", "decay", "rates", "average", "decay rates average", "decay decays average"]
)
@pytest.mark.parametrize("n_parameters", [1, 511, 1025, 70_000])
@pytest.mark.parametrize("name", RULES)
def test_update_rules(name, n_parameters, extras, dtype, seed):
    ours, theirs = (
        path_of(kernels, RULES[name], n_parameters, dtype, extras.split(), seed)
        for kernels in (COMPILED, NUMPY)
    )
    for our, their in zip(ours, theirs, strict=True):
        assert_close(our, their, dtype)


@pytest.mark.parametrize("name", RULES)
def test_a_step_leaves_the_gradient_alone(name):
    theta, gradient, rates = np.ones(9), np.arange(9.0), np.full(9, 0.5)
    step = RULES[name]().bind(theta, gradient, rates=rates, kernels=COMPILED)
    step(0.1)
    np.testing.assert_array_equal(gradient, np.arange(9.0))


def test_every_compiled_rule_is_one_of_the_package():
    assert set(COMPILED_RULES) <= {rule.__name__ for rule in UPDATE_RULES.values()}


@both_dtypes
@pytest.mark.parametrize("n_parameters", [0, 1, 1000, 70_000])
def test_penalty(n_parameters, dtype, seed):
    rng = np.random.default_rng(seed)
    coefs, slopes = (rng.normal(size=n_parameters).astype(dtype) for _ in range(2))
    results = []
    for kernels in (COMPILED, NUMPY):
        gradient = slopes.copy()
        results.append((kernels.penalty(coefs, gradient).add(0.3), gradient))
    (our_squares, ours), (their_squares, theirs) = results
    np.testing.assert_allclose(our_squares, their_squares, rtol=TOLERANCE[dtype])
    assert_close(ours, theirs, dtype)


@both_dtypes
@pytest.mark.parametrize("in_place", [False, True])
def test_masks_drop_the_same_entries(in_place, dtype, seed):
    rng = np.random.default_rng(seed)
    bits = rng.integers(256, size=(12, 16), dtype=np.uint8)
    array = rng.normal(size=(9, 13)).astype(dtype)
    results = []
    for kernels in (COMPILED, NUMPY):
        masks = kernels.masks(dtype)
        masks.choose(bits, 60, 1.3)
        given = array.copy()
        out = given if in_place else np.empty_like(given)
        masks.drop(given, 2, out)
        results.append(out)
    np.testing.assert_array_equal(*results)
    assert 0 < (results[0] == 0).mean() < 1


# ---- functions of one number


@compiled
def exp_of(x, out):
    for i in range(x.size):
        out[i] = exp(x[i])


@compiled
def tanh_of(x, out):
    for i in range(x.size):
        out[i] = tanh(x[i])


@both_dtypes
@pytest.mark.parametrize(("ours", "theirs"), [(exp_of, np.exp), (tanh_of, np.tanh)])
def test_functions_are_right_to_the_rounding(ours, theirs, dtype):
    x = np.concatenate([np.linspace(-100, 88, 200_001), np.geomspace(1e-30, 1, 10_001)])
    x = np.concatenate([x, -x[-10_001:], [0.0]]).astype(dtype)
    out = np.empty_like(x)
    ours(x, out)
    exact = theirs(x.astype(np.longdouble))
    unit = np.maximum(np.abs(exact) * np.finfo(dtype).eps, np.finfo(dtype).smallest_subnormal)
    assert np.max(np.abs(out - exact) / unit) < 2.0


@both_dtypes
@pytest.mark.parametrize(("ours", "theirs"), [(exp_of, np.exp), (tanh_of, np.tanh)])
def test_functions_at_their_ends(ours, theirs, dtype):
    x = np.array([-np.inf, -1e30, -800, -745, -710, 710, 800, 1e30, np.inf, np.nan, 0], dtype)
    out = np.empty_like(x)
    ours(x, out)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(out, theirs(x), rtol=1e-15)


# ---- as a whole


@pytest.mark.parametrize("kernels", [COMPILED, NUMPY])
def test_kernels_can_be_sent_to_another_process(kernels):
    assert pickle.loads(pickle.dumps(kernels)).name == kernels.name
