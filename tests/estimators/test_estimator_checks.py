"""scikit-learn's own checks of an estimator: all of them pass, in several configurations."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.estimator_checks import (
    check_estimator,
    estimator_checks_generator,
    parametrize_with_checks,
)

from skbackprop import BackpropClassifier, BackpropRegressor

# The checks want to see something learned from as few as 30 rows in few epochs. But a
# probability that is 0 or 1 to rounding has no logarithm to compare with: hence alpha.
QUICK = {"hidden_layer_sizes": (20,), "learning_rate_init": 0.02, "max_iter": 60, "alpha": 0.5}

# SGD diverges with larger steps on the unscaled target of one of the checks.
SMALL_STEPS = {"learning_rate_init": 0.001, "max_iter": 400, "n_iter_no_change": 50}

CONFIGURATIONS = [
    {"solver": "adam"},
    {"solver": "sgd", **SMALL_STEPS},
    # L-BFGS enlarges differences of rounding from one iteration to the next, and one of the checks
    # compares hidden features to nine digits.
    {"solver": "lbfgs", "max_iter": 30},
    {"solver": "lbfgs", "hidden_layer_sizes": (), "missing_targets": "ignore"},
    {"activation": "tanh", "hidden_layer_sizes": (10, 10)},
    {"learning_rate": "cosine", "warmup_fraction": 0.1, "weight_decay": 0.1, "average": 0.9},
    # Units without an upper bound make the surest probabilities, which may then be equal.
    {"activation": ["gelu", "elu"], "hidden_layer_sizes": (10, 10), "alpha": 2.0},
]

DROPPING_CONFIGURATIONS = [{"solver": "adam", "dropout": 0.1, "input_dropout": 0.05}]

FLOAT32_CONFIGURATIONS = [
    {"solver": "adam", "dtype": "float32"},
    {"solver": "lbfgs", "dtype": "float32"},
]

SPLITTING_CONFIGURATIONS = [
    {"solver": "adam", "early_stopping": True, "validation_fraction": 0.3, "scoring": "loss"},
    {"solver": "lbfgs", "early_stopping": True, "validation_fraction": 0.3},
    {"solver": "sgd", "early_stopping": True, "validation_fraction": 0.3, "scoring": "loss"}
    | SMALL_STEPS,
]

# Two checks fit once on weighted and once on repeated rows, and compare to 1e-7. Early stopping
# draws its split from the rows it is given, and a split of other rows is another split; dropout
# leaves other units out of each of the repeated rows. In float32 the sums of the two fits are
# rounded differently by more than that.
WEIGHTS_AS_REPETITIONS = {
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
}
# This one fits on float64 data and wants float64 predictions, the opposite of dtype="float32".
FLOAT64_PREDICTIONS = {"check_regressor_multioutput"}
# This one compares the ranks of probabilities with those of logits; in float32, two logits may
# have the same probability.
RANKS_OF_PROBABILITIES = {"check_classifier_multioutput"}

ESTIMATOR_CLASSES = (BackpropClassifier, BackpropRegressor)

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    # A few checks have classes of a single row.
    pytest.mark.filterwarnings("ignore:.*stratif.*:UserWarning"),
]


class ClassifierStoppedOnItsTrainingData(BackpropClassifier):
    """A user's subclass: validation data from outside make the split needless."""

    def fit(self, X, y, sample_weight=None):
        return super().fit(X, y, sample_weight, X_val=X, y_val=y, sample_weight_val=sample_weight)


class RegressorStoppedOnItsTrainingData(BackpropRegressor):
    """A user's subclass: validation data from outside make the split needless."""

    def fit(self, X, y, sample_weight=None):
        return super().fit(X, y, sample_weight, X_val=X, y_val=y, sample_weight_val=sample_weight)


def quick(estimator_class, **configuration):
    return estimator_class(**(QUICK | configuration))


def checks_without(excluded, configurations):
    """All checks of both estimators but for the excluded ones, as parameters of a test."""
    return [
        pytest.param(
            clone(estimator),
            check,
            id=f"{cls.__name__}-{configuration['solver']}-{check.func.__name__}",
        )
        for configuration in configurations
        for cls in ESTIMATOR_CLASSES
        for estimator, check in estimator_checks_generator(quick(cls, **configuration))
        if check.func.__name__ not in excluded
    ]


@parametrize_with_checks(
    [
        *[quick(cls, **options) for options in CONFIGURATIONS for cls in ESTIMATOR_CLASSES],
        quick(BackpropClassifier, class_weight="balanced", solver="lbfgs"),
        quick(ClassifierStoppedOnItsTrainingData, early_stopping=True),
        quick(RegressorStoppedOnItsTrainingData, early_stopping=True),
    ]
)
def test_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    ("estimator", "check"), checks_without(WEIGHTS_AS_REPETITIONS, SPLITTING_CONFIGURATIONS)
)
def test_check_with_a_validation_split(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    ("estimator", "check"), checks_without(WEIGHTS_AS_REPETITIONS, DROPPING_CONFIGURATIONS)
)
def test_check_with_dropout(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    ("estimator", "check"),
    checks_without(
        WEIGHTS_AS_REPETITIONS | FLOAT64_PREDICTIONS | RANKS_OF_PROBABILITIES,
        FLOAT32_CONFIGURATIONS,
    ),
)
def test_check_in_float32(estimator, check):
    check(estimator)


@pytest.mark.parametrize("estimator_class", ESTIMATOR_CLASSES)
@pytest.mark.parametrize("configuration", FLOAT32_CONFIGURATIONS)
def test_weights_as_repetitions_in_float32(estimator_class, configuration):
    rng = np.random.default_rng(0)
    X, y, repeats = rng.uniform(size=(15, 30)), np.arange(15) % 3, rng.integers(0, 5, size=15)
    # Few iterations: L-BFGS enlarges the difference of rounding from one to the next.
    template = quick(estimator_class, **configuration, random_state=0, max_iter=5)
    weighted = clone(template).fit(X, y, sample_weight=repeats)
    repeated = clone(template).fit(X.repeat(repeats, axis=0), y.repeat(repeats))
    method = "predict_proba" if estimator_class is BackpropClassifier else "predict"
    predictions = getattr(weighted, method)(X)
    assert predictions.dtype == np.float32
    np.testing.assert_allclose(predictions, getattr(repeated, method)(X), rtol=1e-3, atol=1e-4)


def skipped_checks(estimator):
    results = check_estimator(estimator, on_skip=None, on_fail=None)
    return {result["check_name"] for result in results if result["status"] == "skipped"}


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(BackpropClassifier, MLPClassifier), (BackpropRegressor, MLPRegressor)],
    ids=["classifier", "regressor"],
)
def test_no_skip_that_the_mlp_does_not_have(ours, theirs):
    assert skipped_checks(quick(ours)) <= skipped_checks(quick(theirs))
