"""The network: gradients of every combination, what it keeps, and rates of its layers."""

import numpy as np
import pytest
from component_tables import ACTIVATIONS, LOSSES, draw_targets, draw_weights, has_codes

from skbackprop import BackpropRegressor
from skbackprop.activations import Activation, Tanh
from skbackprop.inspection import check_directional_derivatives
from skbackprop.kernels import kernels_for
from skbackprop.network import Dense, Workspace, dense_network
from skbackprop.network.dropout import DropoutStream


def value_and_gradient_of(network, loss, X, y, weights, workspace):
    """The sum of the losses as a function of the parameters, the masks of dropout held."""

    def value_and_gradient(theta):
        parameters = network.parameters(np.float64, np.array(theta))
        gradient = parameters.empty_like()
        raw = network.forward(parameters, X, workspace)
        out = workspace.layers(len(X))[-1].delta
        total = loss.loss_gradient(y, raw, weights, out)
        network.backward(parameters, X, workspace, gradient)
        return total, gradient.flat

    return value_and_gradient


def kinds_of_weights(loss):
    return ["none", "rows"] if has_codes(loss) else ["none", "rows", "targets", "missing"]


@pytest.mark.parametrize("dropout", [None, [0.2, 0.4, 0.3]], ids=["whole", "dropout"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("loss", LOSSES)
def test_gradient_of_every_combination(loss, activation, dropout, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(8, 4))
    hidden = [ACTIVATIONS[activation]] * 2
    network = dense_network([4, 5, 3, LOSSES[loss].n_raw(3)], hidden, dropout=dropout)
    for weights in kinds_of_weights(loss):
        stream = None if dropout is None else DropoutStream(np.random.RandomState(seed))
        workspace = Workspace(network, 8, np.float64, kernels_for(1, 1), stream=stream)
        workspace.draw_masks(X)
        targets = draw_targets(loss, 8, 3, rng), draw_weights(weights, 8, 3, rng)
        function = value_and_gradient_of(network, LOSSES[loss], X, *targets, workspace)
        theta = rng.normal(scale=0.6, size=network.parameters(np.float64).flat.size)
        check = check_directional_derivatives(function, theta, n_directions=2, random_state=seed)
        assert check.ok(rtol=1e-6), weights


class Doubled(Activation):
    """Does not say that it needs its input."""

    def forward(self, Z, out):
        np.multiply(Z, 2, out=out)

    def backward(self, delta, H, Z):
        assert Z is None
        delta *= 2


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_pre_activations_are_kept_only_where_needed(solver):
    X = np.arange(12.0).reshape(6, 2) / 12
    net = BackpropRegressor((3,), Doubled(), solver=solver, max_iter=3, random_state=0)
    assert len(net.fit(X, X[:, 0]).loss_curve_) == 3


def test_weights_and_biases_have_rates_of_their_own():
    weights, biases = Dense(3, 4, Tanh(), rates=(0.5, 0.1)).parameter_shapes
    assert (weights.rate, biases.rate) == (0.5, 0.1)
