"""The periodic embedding: its formula, its gradient, where it starts."""

import numpy as np

from skbackprop.activations import Identity, SiLU
from skbackprop.data.rows import Rows
from skbackprop.inspection import check_directional_derivatives
from skbackprop.losses import SquaredError
from skbackprop.network import Dense, Network, raw_predictions
from skbackprop.network.parameters import Parameters
from skbackprop.network.periodic import PeriodicEmbedding
from skbackprop.training.objective import Objective
from skbackprop.training.passes import ExactPass
from skbackprop.training.threads import RowThreads

COLUMNS = [0, 3]


def embedding_network():
    embedding = PeriodicEmbedding(4, COLUMNS, n_waves=5, n_outputs=2)
    return Network([embedding, Dense(embedding.fan_out, 6, SiLU()), Dense(6, 1, Identity())])


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
    found = raw_predictions(network, parameters, Rows.of_features(X, np.float64))
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
