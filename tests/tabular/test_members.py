"""The members of an estimator for tables: results of training, and no estimators."""

import pickle

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_is_fitted

from skbackprop import TabularClassifier, TabularRegressor

X = np.random.default_rng(0).normal(size=(80, 4))
OF_TRAINING = {
    *("network", "loss", "best_loss", "loss_curve", "validation_losses", "validation_scores"),
    *("n_iter", "best_iter", "n_samples_seen", "stop_reason", "unit"),
}
OF_NETWORKS = {
    *("network", "layers", "coefs", "intercepts", "dtype", "layer_units", "hidden_layers"),
    *("raw_prediction", "hidden_activations", "parameters", "copy_into"),
    *("with_arrays", "without_arrays", "joined"),
}


@pytest.fixture(scope="module", params=[TabularClassifier, TabularRegressor])
def model(request):
    options = {"hidden_layer_sizes": (5, 3), "embedding": "periodic", "min_steps": 30}
    return request.param(2, **options, random_state=0).fit(X, (X[:, 0] > 0).astype(int))


def public(thing):
    return {name for name in dir(thing) if not name.startswith("_")}


def test_what_a_member_has(model):
    member = model.members_[0]
    assert public(member) == OF_TRAINING
    assert len(member.loss_curve) == len(member.validation_losses) == member.n_iter
    assert member.loss == member.loss_curve[-1]
    assert member.validation_losses[member.best_iter - 1] == min(member.validation_losses)
    np.testing.assert_array_equal(member.validation_scores, -np.array(member.validation_losses))
    assert member.best_loss is None  # the validation rows chose the epoch
    assert member.unit == "epoch"
    assert len(repr(member)) < 600
    assert "<FittedNetwork 4 -> 16 periodic -> 5 silu -> 3 silu -> 1 identity" in repr(member)
    with pytest.raises(TypeError, match="not an estimator"):
        check_is_fitted(member)


def test_what_the_network_of_a_member_has(model):
    network, Z = model.members_[0].network, model._encoded(X)
    assert public(network) == OF_NETWORKS
    assert network.layer_units == (4, 16, 5, 3, 1)
    assert [coef.shape for coef in network.coefs] == [(16, 5), (5, 3), (3, 1)]
    assert [intercept.shape for intercept in network.intercepts] == [(5,), (3,), (1,)]
    assert len(network.layers) == 4
    assert network.dtype == np.float64
    raw = network.raw_prediction(Z)
    *_, last = network.hidden_activations(Z, network.hidden_layers)
    np.testing.assert_allclose(last @ network.coefs[-1] + network.intercepts[-1], raw, rtol=1e-6)


def test_every_way_to_another_network_predicts_the_same(model):
    network, Z = model.members_[0].network, model._encoded(X)
    arrays = network.coefs, network.intercepts
    copies = [
        network.with_arrays(*(list(map(np.copy, each)) for each in arrays)),
        network.joined(network.without_arrays(), *arrays),
        pickle.loads(pickle.dumps(network)),
    ]
    for other in copies:
        assert other.dtype == network.dtype
        np.testing.assert_array_equal(other.raw_prediction(Z), network.raw_prediction(Z))


def test_a_network_gives_its_parameters(model):
    network = model.members_[0].network
    parameters = network.parameters(np.float64)
    again = network.network.parameters(np.float64)
    network.copy_into(again)
    np.testing.assert_array_equal(parameters.flat, again.flat)
    assert parameters.flat.size == sum(array.size for layer in network.layers for array in layer)


def test_the_networks_stay_as_they_are_when_others_are_fitted(model):
    first = model.members_[0].network
    before = first.raw_prediction(model._encoded(X))
    other = type(model)(**model.get_params()).set_params(min_steps=5).fit(X, X[:, 0] > 0)
    assert other.members_[0].network is not first
    np.testing.assert_array_equal(first.raw_prediction(model._encoded(X)), before)
