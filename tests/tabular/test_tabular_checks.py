"""scikit-learn's own checks of the estimators for tables."""

import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import estimator_checks_generator

from skbackprop import TabularClassifier, TabularRegressor

QUICK = {"n_members": 2, "hidden_layer_sizes": (16,), "max_iter": 10, "min_steps": 60}

# These two fit once on weighted and once on repeated rows. Scaling, splits and dropout of the
# repeated rows are others.
WEIGHTS_AS_REPETITIONS = {
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
}

ESTIMATORS = {
    "TabularClassifier": TabularClassifier(**QUICK),
    "TabularRegressor": TabularRegressor(**QUICK),
    "TabularClassifier-time_budget": TabularClassifier(**QUICK, time_budget=0.01),
}


@pytest.mark.parametrize(
    ("estimator", "check"),
    [
        pytest.param(clone(estimator), check, id=f"{name}-{check.func.__name__}")
        for name, quick in ESTIMATORS.items()
        for estimator, check in estimator_checks_generator(quick)
        if check.func.__name__ not in WEIGHTS_AS_REPETITIONS
    ],
)
def test_check(estimator, check):
    check(estimator)
