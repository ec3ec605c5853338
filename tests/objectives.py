"""What tests of objectives and passes share: random ones, and their values and gradients."""

import numpy as np
from component_tables import LOSSES, draw_targets, draw_weights
from scipy import sparse

from skbackprop.data.rows import Rows
from skbackprop.inspection import check_directional_derivatives
from skbackprop.kernels import kernels_for
from skbackprop.network import dense_network
from skbackprop.training.objective import Objective
from skbackprop.training.passes import ExactPass
from skbackprop.training.threads import RowThreads

N_FEATURES = 4
HIDDEN = {0: (), 1: (5,), 3: (5, 4, 3)}
THREADS = RowThreads(1, None)


def make_objective(
    rng, loss, activation, *, depth=1, outputs=1, weights="none", alpha=0.0, n_rows=20, csr=False
):
    """An objective over random data in several blocks; ``loss`` is a name.

    Its kernels are those that are chosen in the process.
    """
    X = rng.normal(size=(n_rows, N_FEATURES))
    if csr:
        X = sparse.csr_array(np.where(rng.uniform(size=X.shape) < 0.5, X, 0.0))
    rows = Rows(
        X,
        draw_targets(loss, n_rows, outputs, rng),
        draw_weights(weights, n_rows, outputs, rng),
        np.float64,
    )
    n_raw = LOSSES[loss].n_raw(outputs)
    network = dense_network([N_FEATURES, *HIDDEN[depth], n_raw], [activation] * depth)
    return Objective(network, LOSSES[loss], rows, alpha, kernels=kernels_for(1, 1))


def random_parameters(objective, rng):
    parameters = objective.network.parameters(np.float64)
    parameters.flat[:] = rng.normal(scale=0.6, size=parameters.flat.shape)
    return parameters


def value_and_gradient(objective, theta, block_rows=8):
    parameters = objective.network.parameters(np.float64, np.array(theta))
    gradient = parameters.empty_like()
    gradient.flat[:] = np.nan
    value = ExactPass(objective, parameters, gradient, THREADS, block_rows).evaluate()
    return value, gradient.flat


def check(objective, rng, seed, n_directions=2):
    theta = random_parameters(objective, rng).flat
    return check_directional_derivatives(
        lambda point: value_and_gradient(objective, point),
        theta,
        n_directions=n_directions,
        random_state=seed,
    )
