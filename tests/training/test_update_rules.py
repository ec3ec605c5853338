"""Update rules: the formulas, the optimum of a parabola, state that can be copied."""

import numpy as np
import pytest
from component_tables import OTHER_RULES, RULES, STEPS

from skbackprop.kernels import reference
from skbackprop.network.parameters import Parameters, ParameterShape
from skbackprop.training.solvers.update_rules import SGD, UPDATE_RULES, Adam

RATES = {"sgd": 0.05, "momentum": 0.02, "nesterov": 0.02}

every_rule = pytest.mark.parametrize("name", RULES)


def test_every_rule_has_a_row():
    assert set(UPDATE_RULES) <= set(RULES)
    assert set(UPDATE_RULES.values()) == set(STEPS)


def run(rule, theta, gradients, rate=0.01):
    """Step through given gradients; the parameters after each step."""
    theta = theta.copy()
    gradient = np.empty_like(theta)
    step = rule.bind(theta, gradient)
    path = []
    for g in gradients:
        gradient[...] = g
        step(rate)
        path.append(theta.copy())
    return np.array(path)


def expected_path(rules, theta, gradients, rate=0.01):
    """The formulas of the papers, written out; ``rules`` gives the settings of each step."""
    theta = theta.astype(np.float64)
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    path = []
    for t, (rule, g) in enumerate(zip(rules, gradients.astype(np.float64), strict=True), start=1):
        theta = STEPS[type(rule)](rule, theta, g, m, v, rate, t)
        path.append(theta)
    return np.array(path)


def draw(seed, n_parameters=7, n_steps=12, dtype=np.float64):
    rng = np.random.default_rng(seed)
    theta = rng.normal(size=n_parameters).astype(dtype)
    return theta, rng.normal(size=(n_steps, n_parameters)).astype(dtype)


@every_rule
def test_steps_are_those_of_the_formula(name, seed):
    theta, gradients = draw(seed)
    path = run(RULES[name](), theta, gradients)
    np.testing.assert_allclose(
        path,
        expected_path([RULES[name]()] * len(gradients), theta, gradients),
        rtol=1e-12,
        atol=1e-14,
    )


@every_rule
def test_float32_stays_float32(name, seed):
    theta, gradients = draw(seed, dtype=np.float32)
    rule = RULES[name]()
    path = run(rule, theta, gradients)
    assert path.dtype == np.float32
    assert {moment.dtype for moment in rule.moments} == {np.dtype(np.float32)}
    np.testing.assert_allclose(
        path, expected_path([rule] * len(gradients), theta, gradients), rtol=1e-5, atol=1e-6
    )


@pytest.mark.parametrize(("first", "then"), [("float32", "float64"), ("float64", "float32")])
@every_rule
def test_moments_go_on_in_the_type_of_the_parameters(name, first, then, seed):
    """A warm start may have another ``dtype``: in the old one, float64 overflowed."""
    theta, gradients = draw(seed, dtype=first)
    rule = RULES[name]()
    run(rule, theta, gradients)
    run(rule, theta.astype(then), 0.0 * gradients.astype(then))
    assert {moment.dtype for moment in rule.moments} == {np.dtype(then)}


@pytest.mark.parametrize("name", [name for name in RULES if "without" not in name])
def test_reaches_the_optimum_of_a_parabola(name, seed):
    """Curvatures from 0.5 to 10; rules that scale steps have a rate that goes to zero."""
    rng = np.random.default_rng(seed)
    curvature, optimum = np.geomspace(0.5, 10, 6), rng.normal(size=6)
    theta, gradient = np.zeros(6), np.empty(6)
    step = RULES[name]().bind(theta, gradient)
    for t in range(1500):
        gradient[...] = curvature * (theta - optimum)
        step(RATES.get(name, 0.1 * 0.99**t))
    np.testing.assert_allclose(theta, optimum, atol=1e-5)


def test_rate_may_change_from_step_to_step(seed):
    theta, gradients = draw(seed, n_steps=2)
    expected = theta - 0.5 * gradients[0] - 0.25 * gradients[1]
    gradient = np.empty_like(theta)
    step = SGD(0.0, False).bind(theta, gradient)
    for rate, g in zip((0.5, 0.25), gradients, strict=True):
        gradient[...] = g
        step(rate)
    np.testing.assert_allclose(theta, expected, rtol=1e-14)


@every_rule
def test_a_step_does_not_change_the_gradient(name, seed):
    theta, gradients = draw(seed)
    gradient = gradients[0].copy()
    RULES[name]().bind(theta, gradient)(0.1)
    np.testing.assert_array_equal(gradient, gradients[0])


# ---- long vectors are worked on in pieces


@pytest.mark.parametrize("extra", [-1, 0, 1, 100])
@every_rule
def test_in_pieces_is_the_same_as_in_one_piece(name, extra, seed, monkeypatch):
    n_parameters = 2 * reference._PIECE + extra
    theta, gradients = draw(seed, n_parameters=n_parameters, n_steps=3)
    pieces = run(RULES[name](), theta, gradients)
    monkeypatch.setattr(reference, "_PIECE", n_parameters)
    np.testing.assert_array_equal(pieces, run(RULES[name](), theta, gradients))
    np.testing.assert_allclose(
        pieces,
        expected_path([RULES[name]()] * len(gradients), theta, gradients),
        rtol=1e-11,
        atol=1e-13,
    )


# ---- going on


@every_rule
def test_goes_on_with_its_moments_when_bound_again(name, seed):
    theta, gradients = draw(seed)
    expected = run(RULES[name](), theta, gradients)
    rule = RULES[name]()
    halfway = run(rule, theta, gradients[:5])[-1]
    np.testing.assert_array_equal(run(rule, halfway, gradients[5:]), expected[5:])
    assert rule.n_steps == len(gradients)


@every_rule
def test_a_copy_goes_on_alone(name, seed):
    theta, gradients = draw(seed)
    rule = RULES[name]()
    halfway = run(rule, theta, gradients[:5])[-1]
    twin = rule.copy()
    moments = [moment.copy() for moment in rule.moments]
    path = run(twin, halfway, gradients[5:])
    for moment, before in zip(rule.moments, moments, strict=True):
        np.testing.assert_array_equal(moment, before)
    assert (rule.n_steps, twin.n_steps) == (5, len(gradients))
    np.testing.assert_array_equal(run(rule, halfway, gradients[5:]), path)


@every_rule
def test_a_copy_of_an_unused_rule_can_be_used(name, seed):
    theta, gradients = draw(seed)
    twin = RULES[name]().copy()
    np.testing.assert_array_equal(
        run(twin, theta, gradients), run(RULES[name](), theta, gradients)
    )


@every_rule
def test_follows_an_earlier_rule_of_other_settings(name, seed):
    """Only the settings change: the moments of the formula and the count of steps go on."""
    theta, gradients = draw(seed)
    earlier, later = RULES[name](), OTHER_RULES[name]()
    first = run(earlier, theta, gradients[:5])
    later.follow(earlier)
    path = np.vstack([first, run(later, first[-1], gradients[5:])])
    rules = [RULES[name]()] * 5 + [OTHER_RULES[name]()] * 7
    expected = expected_path(rules, theta, gradients)
    np.testing.assert_allclose(path, expected, rtol=1e-11, atol=1e-13)


@every_rule
def test_following_an_unused_rule_is_a_start(name, seed):
    theta, gradients = draw(seed)
    rule = RULES[name]()
    rule.follow(OTHER_RULES[name]())
    np.testing.assert_array_equal(
        run(rule, theta, gradients), run(RULES[name](), theta, gradients)
    )


@pytest.mark.parametrize("rule", [SGD(0.0, False, 0.5), Adam(0.0, 0.0, 1e-12, 0.5)])
def test_rates_and_decays_of_arrays(rule):
    """Without a decay, a step of either rule is the sign of this gradient, times the rate."""
    shapes = [
        (
            ParameterShape("a", (2,), penalised=True, rate=0.5, decay=0.2),
            ParameterShape("b", (2,), penalised=False, rate=3.0, decay=7.0),
        ),
        (ParameterShape("c", (3,), penalised=True),),
    ]
    parameters = Parameters(shapes, np.float64, np.ones(7))
    gradient = np.ones(7)
    step = rule.bind(
        parameters.flat, gradient, parameters.penalised, parameters.rates, parameters.decays
    )
    step(0.1, strength=0.5)
    (first, second), (third,) = parameters.layers
    np.testing.assert_allclose(first, 1 - 0.1 * 0.5 * 0.2 * 0.5 - 0.05)
    np.testing.assert_allclose(second, 1 - 0.3)
    np.testing.assert_allclose(third, 1 - 0.1 * 0.5 * 0.5 - 0.1)
