"""Compiled update rules and the penalty beside NumPy's: the same parameters after some steps."""

import numpy as np
import pytest
from component_tables import RULES
from rounding import TOLERANCE, assert_close, both_dtypes

from skbackprop.kernels import NUMPY
from skbackprop.training import UPDATE_RULES
from skbackprop.training.solvers.averaging import MovingAverage

pytest.importorskip("numba")

from skbackprop.kernels.compiled import COMPILED
from skbackprop.kernels.compiled import UPDATE_RULES as COMPILED_RULES


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
