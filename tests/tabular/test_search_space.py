"""The distributions of parameters around those of an estimator for tables."""

import numpy as np
import pytest
from sklearn.model_selection import ParameterSampler, RandomizedSearchCV

from skbackprop import TabularClassifier, TabularRegressor
from skbackprop.activations import Activation

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
TARGETS = {TabularClassifier: X[:, 0] > 0, TabularRegressor: X[:, 0] - X[:, 1]}
every_estimator = pytest.mark.parametrize("cls", TARGETS)


class Ramp(Activation):
    """An activation of a user's."""


@every_estimator
def test_a_random_search(cls):
    model = cls(2, (8, 8), max_iter=2, min_steps=1, random_state=0)
    search = RandomizedSearchCV(model, model.search_space(), n_iter=4, cv=2, random_state=0)
    search.fit(X, TARGETS[cls])
    assert search.best_params_.keys() == model.search_space().keys()
    tried = [tuple(p["hidden_layer_sizes"]) for p in search.cv_results_["params"]]
    assert len(set(tried)) > 1


@every_estimator
def test_the_space_is_around_the_parameters(cls):
    model = cls(learning_rate_init=0.01, weight_decay=0.3, hidden_layer_sizes=(40,), batch_size=33)
    space = model.search_space()
    np.testing.assert_allclose(space["learning_rate_init"].support(), (0.005, 0.014))
    np.testing.assert_allclose(space["weight_decay"].support(), (0.1, 0.9))
    np.testing.assert_allclose(space["dropout"].support(), (0.05, 0.35))
    assert space["batch_size"] == [33, 17]
    assert space["hidden_layer_sizes"] == [(30,), (40,), (60,), (30, 30), (40, 40), (60, 60)]
    assert space["activation"] == ["silu", "gelu", "relu"]
    draws = list(ParameterSampler(space, 50, random_state=0))
    assert all(set(draw) <= set(model.get_params()) for draw in draws)


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ((), [()]),
        (1, [(1,), (2,), (1, 1), (2, 2)]),
        ((40, 20), [(30, 15), (40, 20), (60, 30), (30, 15, 15), (40, 20, 20), (60, 30, 30)]),
        ([8, 4, 4], [(6, 3, 3), (8, 4, 4), (12, 6, 6), (6, 3), (8, 4), (12, 6)]),
    ],
)
def test_layers(sizes, expected):
    assert (
        TabularRegressor(hidden_layer_sizes=sizes).search_space()["hidden_layer_sizes"] == expected
    )


def test_lists_by_layer_are_kept():
    model = TabularClassifier(
        hidden_layer_sizes=(8, 8), activation=["relu", "tanh"], dropout=(0.1, 0.2)
    )
    space = model.search_space()
    assert "activation" not in space
    assert "dropout" not in space
    assert space["hidden_layer_sizes"] == [(6, 6), (8, 8), (12, 12)]
    assert "dropout" in model.set_params(dropout=0.1).search_space()


def test_embeddings():
    assert TabularRegressor().search_space()["embedding"] == [
        "periodic", "quantile_bins", "normal_scores_periodic",
    ]  # fmt: skip
    assert len(TabularClassifier().search_space()["embedding"]) == 6
    model = TabularClassifier(embedding=[None, "tree_bins", None])
    assert model.search_space()["embedding"] == [None, "tree_bins"]
    with pytest.raises(ValueError, match="embedding="):
        TabularClassifier(embedding=["waves"]).search_space()


@pytest.mark.parametrize(
    "parameters",
    [{"learning_rate_init": -1.0}, {"batch_size": "small"}, {"embedding": np.array(["periodic"])}],
)
def test_of_parameters_that_are_not_valid(parameters):
    (name,) = parameters
    with pytest.raises(ValueError, match=f"The '{name}' parameter of TabularRegressor"):
        TabularRegressor(**parameters).search_space()


def test_no_weight_decay_stays_none():
    assert TabularClassifier(weight_decay=0).search_space()["weight_decay"] == [0]


def test_an_activation_of_a_user():
    ramp = Ramp()
    assert TabularClassifier(activation=ramp).search_space()["activation"][0] is ramp


def test_a_trial_of_optuna_draws_from_it():
    """As the user guide says; the trial is a stand-in with Optuna's methods."""

    class Trial:
        def suggest_categorical(self, name, choices):
            return choices[-1]

        def suggest_float(self, name, low, high, *, log):
            assert low < high
            return np.sqrt(low * high) if log else (low + high) / 2

    trial, drawn = Trial(), {}
    for name, values in TabularClassifier().search_space().items():
        if isinstance(values, list):
            drawn[name] = trial.suggest_categorical(name, values)
        else:
            log = values.dist.name == "loguniform"
            drawn[name] = trial.suggest_float(name, *values.support(), log=log)
    assert drawn["dropout"] == pytest.approx(0.2)
    assert drawn["weight_decay"] == pytest.approx(0.01)
    TabularClassifier(1, max_iter=1, min_steps=1).set_params(**drawn).fit(X, X[:, 0] > 0)
