"""Parameters that exclude each other are refused, with both names."""

import numpy as np
import pytest
from sklearn.model_selection import KFold

from skbackprop import BackpropClassifier, BackpropRegressor

X = np.random.default_rng(0).normal(size=(30, 3))
TARGETS = {BackpropClassifier: np.arange(30) % 2, BackpropRegressor: X[:, 0]}


def falling(progress):
    return 1 - progress.fraction


EXCLUSIONS = [
    ({"solver": "lbfgs", "learning_rate": "cosine"}, ("solver", "learning_rate")),
    ({"solver": "lbfgs", "learning_rate": "one_cycle"}, ("solver", "learning_rate")),
    ({"solver": "lbfgs", "learning_rate": falling}, ("solver", "learning_rate")),
    ({"solver": "lbfgs", "warmup_fraction": 0.1}, ("solver", "warmup_fraction")),
    ({"solver": "lbfgs", "weight_decay": 0.1}, ("solver", "weight_decay")),
    ({"solver": "lbfgs", "average": 0.9}, ("solver", "average")),
    (
        {"learning_rate": "one_cycle", "warmup_fraction": 0.1},
        ("learning_rate", "warmup_fraction"),
    ),
    ({"validation": KFold(3)}, ("validation", "early_stopping")),
]
OUT_OF_RANGE = [
    ("warmup_fraction", 1.0),
    ("warmup_fraction", -0.1),
    ("weight_decay", -0.1),
    ("weight_decay", "strong"),
    ("average", True),
    ("average", 1.0),
    ("average", 0.0),
    ("average", None),
    ("learning_rate", 0.1),
    ("missing_targets", "drop"),
    ("missing_targets", None),
    ("missing_targets", np.nan),
]
# scikit-learn's own parameters of sgd and adam, which lbfgs does not look at.
IGNORED_BY_LBFGS = [
    {"learning_rate": "adaptive"},
    {"learning_rate": "invscaling"},
    {"momentum": 0.5},
    {"batch_size": 7},
]

every_estimator = pytest.mark.parametrize("estimator_class", TARGETS)


@pytest.mark.parametrize(("parameters", "names"), EXCLUSIONS)
@every_estimator
def test_both_names_are_in_the_message(estimator_class, parameters, names):
    net = estimator_class((4,), **parameters)
    with pytest.raises(ValueError, match="exclude each other") as caught:
        net.fit(X, TARGETS[estimator_class])
    assert all(f"{name}=" in str(caught.value) for name in names)
    assert set(vars(net)) == set(net.get_params())


@pytest.mark.parametrize(("name", "value"), OUT_OF_RANGE)
@every_estimator
def test_out_of_range(estimator_class, name, value):
    net = estimator_class((4,), **{name: value})
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        net.fit(X, TARGETS[estimator_class])


@pytest.mark.parametrize("parameters", IGNORED_BY_LBFGS)
def test_what_lbfgs_ignores_as_in_scikit_learn(parameters):
    net = BackpropRegressor((4,), solver="lbfgs", max_iter=500, random_state=0).fit(X, X[:, 0])
    twin = BackpropRegressor((4,), solver="lbfgs", max_iter=500, random_state=0, **parameters)
    np.testing.assert_array_equal(twin.fit(X, X[:, 0]).predict(X), net.predict(X))
