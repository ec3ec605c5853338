"""The periodic embedding, and what layers say about how they are trained."""

import numpy as np
import pytest

from skbackprop.activations import SiLU, Tanh
from skbackprop.batches import Rows
from skbackprop.gradient_check import check_directional_derivatives
from skbackprop.losses import SquaredError
from skbackprop.network import Dense, Network
from skbackprop.objective import Objective
from skbackprop.parameters import Parameters, ParameterShape
from skbackprop.passes import ExactPass, predict_raw
from skbackprop.periodic import PeriodicEmbedding
from skbackprop.schedules import HeldCosine, Progress, WarmUpThenCosine
from skbackprop.solvers.updates import SGD, Adam
from skbackprop.threads import RowThreads

COLUMNS = [0, 3]


def embedding_network():
    embedding = PeriodicEmbedding(4, COLUMNS, n_waves=5, n_outputs=2)
    return Network.of_layers(
        [embedding, Dense(embedding.fan_out, 6, SiLU()), Dense(6, 1, Network.linear)]
    )


def value_and_gradient(network, rows, theta):
    parameters = network.parameters(np.float64, np.array(theta))
    gradient = parameters.empty_like()
    objective = Objective(network, SquaredError(), rows, alpha=0.3)
    threads = RowThreads(1, None)
    return ExactPass(objective, parameters, gradient, threads, 8).evaluate(), gradient.flat


def test_gradient_of_the_embedding(seed):
    rng = np.random.default_rng(seed)
    network = embedding_network()
    rows = Rows(rng.normal(size=(20, 4)), rng.normal(size=(20, 1)), None, np.float64)
    theta = rng.normal(scale=0.6, size=network.parameters(np.float64).flat.size)
    check = check_directional_derivatives(
        lambda point: value_and_gradient(network, rows, point),
        theta,
        n_directions=8,
        random_state=seed,
    )
    assert check.ok(rtol=1e-6)


def test_the_embedding_is_the_formula_of_its_docstring(seed):
    rng = np.random.default_rng(seed)
    network = embedding_network()
    parameters = network.parameters(np.float64)
    parameters.flat[:] = rng.normal(size=parameters.flat.size)
    X = rng.normal(size=(7, 4))
    (w, a, V, c), (W1, b1), (W2, b2) = parameters.layers
    parts = [X]
    for k, column in enumerate(COLUMNS):
        parts.append(np.cos(X[:, [column]] * w[k].T + a[k].T) @ V[k].T + c[k].T)
    Z = np.hstack(parts) @ W1 + b1
    raw = (Z / (1 + np.exp(-Z))) @ W2 + b2
    found = predict_raw(network, parameters, Rows.of_features(X, np.float64))
    np.testing.assert_allclose(found, raw, rtol=1e-10)


def test_starting_values_of_the_embedding(seed):
    embedding = PeriodicEmbedding(400, np.arange(400), n_waves=16)
    parameters = Parameters([embedding.parameter_shapes], np.float64)
    w, a, V, c = parameters.layers[0]
    embedding.draw(parameters.layers[0], np.random.RandomState(seed))
    deviations = w.std(axis=0).ravel() / (2 * np.pi)
    np.testing.assert_allclose(deviations, np.geomspace(0.1, 2.0, 16), rtol=0.2)
    assert np.pi > abs(a).max() > 3
    assert 0.25 > max(abs(V).max(), abs(c).max()) > 0.24


@pytest.mark.parametrize("rule", [SGD(0.0, False, 0.5), Adam(0.0, 0.0, 1e-12, 0.5)])
def test_rates_and_decays_of_arrays(rule):
    """Without a decay, a step of either rule is the sign of this gradient, times the rate."""
    shapes = [
        (
            ParameterShape((2,), penalised=True, rate=0.5, decay=0.2),
            ParameterShape((2,), penalised=False, rate=3.0, decay=7.0),
        ),
        (ParameterShape((3,), penalised=True),),
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


def test_no_factors_where_all_are_one():
    parameters = Network([3, 2, 1], [Tanh()]).parameters(np.float32)
    assert parameters.rates is None
    assert parameters.decays is None


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (HeldCosine(2.0), {0.0: 2.0, 0.5: 2.0, 0.75: 1.0, 1.0: 0.0}),
        (WarmUpThenCosine(2.0, 0.2), {0.0: 0.1, 0.09: 1.0, 0.2: 2.0, 0.6: 1.0, 1.0: 0.0}),
    ],
    ids=["held", "warm-up"],
)
def test_schedules_of_the_recipe(schedule, rates):
    found = [schedule(Progress(fraction=at, step_share=0.01)) for at in rates]
    np.testing.assert_allclose(found, [*rates.values()], atol=1e-12)
    assert schedule.planned
    assert schedule.per_step
