"""What the rest of scikit-learn makes of our estimators: pipelines, searches, ensembles.

Where MLPClassifier can stand in our place, the result must be the same with either.
"""

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import make_classification, make_regression
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    StackingClassifier,
    VotingRegressor,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    cross_val_predict,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor, RegressorChain
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:A worker stopped while some jobs"),
]

ADAM = {"hidden_layer_sizes": (8,), "max_iter": 15, "learning_rate_init": 0.01, "random_state": 0}
LBFGS = {"hidden_layer_sizes": (8,), "max_iter": 10, "solver": "lbfgs", "random_state": 0}

X, y = make_classification(
    n_samples=120, n_features=6, n_informative=4, n_classes=3, random_state=0
)
X_regression, y_regression = make_regression(
    n_samples=120, n_features=6, n_targets=2, noise=1.0, random_state=0
)
y_regression = y_regression / y_regression.std(axis=0)
WEIGHTS = np.random.default_rng(0).uniform(0.1, 3.0, size=len(y))


def assert_same(ours, theirs, rtol=1e-7):
    np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=1e-9)


# The same result as with MLPClassifier or MLPRegressor in our place.


def in_pipeline(classifier):
    return make_pipeline(StandardScaler(), classifier(**ADAM)).fit(X, y).predict_proba(X)


def in_column_transformer(classifier):
    columns = make_column_transformer((StandardScaler(), [0, 1, 2]), ("passthrough", [3, 5]))
    return make_pipeline(columns, classifier(**ADAM)).fit(X, y).predict_proba(X)


def in_grid_search(classifier):
    grid = {"hidden_layer_sizes": [(), (4,), (8, 4)], "alpha": [1e-4, 1.0]}
    search = GridSearchCV(
        classifier(**ADAM), grid, cv=3, n_jobs=2, scoring="neg_log_loss", error_score="raise"
    ).fit(X, y)
    return search.cv_results_["mean_test_score"], search.predict_proba(X)


def in_halving_search(classifier):
    search = HalvingGridSearchCV(
        classifier(**ADAM),
        {"hidden_layer_sizes": [(2,), (4,), (8,), (16,)]},
        resource="max_iter",
        min_resources=5,
        max_resources=20,
        factor=2,
        cv=3,
        n_jobs=2,
        scoring="neg_log_loss",
        error_score="raise",
        random_state=0,
    ).fit(X, y)
    return search.cv_results_["mean_test_score"], search.predict_proba(X)


def in_halving_search_over_samples(classifier):
    search = HalvingGridSearchCV(
        classifier(**ADAM),
        {"alpha": [1e-4, 1.0]},
        factor=2,
        min_resources=40,
        cv=2,
        n_jobs=2,
        error_score="raise",
        random_state=0,
    ).fit(X, y)
    return search.cv_results_["mean_test_score"], search.predict_proba(X)


def in_cross_val_predict(classifier):
    return cross_val_predict(classifier(**ADAM), X, y, cv=3, method="predict_proba", n_jobs=2)


def in_bagging(classifier):
    bagging = BaggingClassifier(
        classifier(**LBFGS), n_estimators=3, max_samples=0.7, random_state=0, n_jobs=2
    )
    return bagging.fit(X, y, sample_weight=WEIGHTS).predict_proba(X)


def in_stacking(classifier):
    members = [("net", classifier(**ADAM)), ("line", LogisticRegression())]
    stacking = StackingClassifier(members, LogisticRegression(), cv=3, n_jobs=2)
    return stacking.fit(X, y).predict_proba(X)


def in_one_vs_rest(classifier):
    # predict_proba of a multilabel indicator, as the binary nets give it.
    return OneVsRestClassifier(classifier(**ADAM)).fit(X, y).predict_proba(X)


def in_permutation_importance(classifier):
    net = classifier(**ADAM).fit(X, y)
    return permutation_importance(
        net, X, y, n_repeats=3, random_state=0, scoring="neg_log_loss", n_jobs=2
    ).importances


USES = [
    in_pipeline,
    in_column_transformer,
    in_grid_search,
    in_halving_search,
    in_halving_search_over_samples,
    in_cross_val_predict,
    in_stacking,
    in_one_vs_rest,
    in_permutation_importance,
]


def assert_same_use(use, ours, theirs, rtol):
    mine, other = use(ours), use(theirs)
    if not isinstance(mine, tuple):
        mine, other = (mine,), (other,)
    for my_part, other_part in zip(mine, other, strict=True):
        assert_same(my_part, other_part, rtol)


@pytest.mark.parametrize("use", USES)
def test_same_as_the_mlp_classifier(use):
    assert_same_use(use, BackpropClassifier, MLPClassifier, rtol=1e-7)


def test_same_as_the_mlp_classifier_in_weighted_bagging():
    assert_same_use(in_bagging, BackpropClassifier, MLPClassifier, rtol=1e-4)


def test_partial_dependence():
    ours = partial_dependence(BackpropClassifier(**ADAM).fit(X, y), X, [0], grid_resolution=5)
    theirs = partial_dependence(MLPClassifier(**ADAM).fit(X, y), X, [0], grid_resolution=5)
    assert_same(ours.average, theirs.average)


def in_multi_output(regressor):
    return MultiOutputRegressor(regressor(**ADAM), n_jobs=2).fit(X_regression, y_regression)


def in_chain(regressor):
    return RegressorChain(regressor(**ADAM), random_state=0).fit(X_regression, y_regression)


def in_transformed_target(regressor):
    return TransformedTargetRegressor(regressor(**ADAM), transformer=StandardScaler()).fit(
        X_regression, y_regression
    )


def in_voting(regressor):
    return VotingRegressor([("net", regressor(**ADAM)), ("line", Ridge())], n_jobs=2).fit(
        X_regression, y_regression[:, 0]
    )


def in_regression_grid(regressor):
    grid = {"activation": ["tanh", "relu"], "batch_size": [20, "auto"]}
    return GridSearchCV(regressor(**ADAM), grid, cv=3, n_jobs=2, error_score="raise").fit(
        X_regression, y_regression
    )


@pytest.mark.parametrize(
    "use", [in_multi_output, in_chain, in_transformed_target, in_voting, in_regression_grid]
)
def test_same_as_the_mlp_regressor(use):
    ours = use(BackpropRegressor).predict(X_regression)
    theirs = use(MLPRegressor).predict(X_regression)
    assert_same(ours, theirs)


# Ensembles that ask for decision_function, which MLPClassifier lacks, or for weights.


def test_calibration_respects_weights():
    wrong = np.arange(len(y)) % 4 == 0
    noisy = np.where(wrong, (y + 1) % 3, y)
    weights = np.where(wrong, 1e-6, 1.0)
    calibrated = CalibratedClassifierCV(BackpropClassifier(**LBFGS), cv=3, n_jobs=2)

    probabilities = calibrated.fit(X, noisy, sample_weight=weights).predict_proba(X)
    assert_same(probabilities.sum(axis=1), 1.0)
    misled = calibrated.fit(X, noisy).predict_proba(X)

    assert log_loss(y, probabilities) < log_loss(y, misled)


def test_calibration_is_monotone_in_raw_predictions():
    binary = (y > 0).astype(int)
    net = BackpropClassifier(**LBFGS).fit(X, binary)
    calibrated = CalibratedClassifierCV(BackpropClassifier(**LBFGS), ensemble=False, cv=3)
    calibrated.fit(X, binary)
    order = np.argsort(net.decision_function(X))
    # Platt's calibration is monotone in the raw prediction of the refitted net.
    assert np.all(np.diff(calibrated.predict_proba(X)[order, 1]) >= -1e-12)
    assert log_loss(binary, calibrated.predict_proba(X)) < np.log(2)


def test_boosting_is_better_than_its_first_member():
    weak = BackpropClassifier(**{**LBFGS, "hidden_layer_sizes": (2,), "max_iter": 4})
    boosted = AdaBoostClassifier(weak, n_estimators=15, random_state=0).fit(X, y)
    first, *others = boosted.estimators_
    assert others
    assert boosted.score(X, y) > first.score(X, y) + 0.05


def test_boosting_hands_on_the_weights():
    start = np.where(y == 0, 1e-9, 1.0)
    boosted = AdaBoostClassifier(BackpropClassifier(**LBFGS), n_estimators=1, random_state=0)
    boosted.fit(X, y, sample_weight=start)
    assert not np.any(boosted.predict(X) == 0)


def test_cross_val_predict_of_raw_predictions():
    raw = cross_val_predict(
        BackpropClassifier(**ADAM), X, y, cv=3, method="decision_function", n_jobs=2
    )
    probabilities = cross_val_predict(
        BackpropClassifier(**ADAM), X, y, cv=3, method="predict_proba", n_jobs=2
    )
    exponentials = np.exp(raw - raw.max(axis=1, keepdims=True))
    assert_same(exponentials / exponentials.sum(axis=1, keepdims=True), probabilities)


def test_grid_search_on_threads():
    search = GridSearchCV(
        BackpropClassifier(**ADAM), {"alpha": [1e-4, 1.0]}, cv=3, error_score="raise"
    )
    one = clone(search).fit(X, y).cv_results_["mean_test_score"]
    with joblib.parallel_backend("threading", n_jobs=2):
        two = clone(search).fit(X, y).cv_results_["mean_test_score"]
    assert_same(two, one)


def test_grid_search_over_what_is_new():
    grid = {
        "class_weight": [None, "balanced", {0: 2.0, 1: 1.0, 2: 1.0}],
        "dtype": [None, "float32"],
        "scoring": ["loss", "neg_log_loss"],
    }
    search = GridSearchCV(
        BackpropClassifier(**ADAM, early_stopping=True), grid, cv=2, n_jobs=2, error_score="raise"
    ).fit(X, y)
    assert len(search.cv_results_["params"]) == 12
    assert search.best_score_ > 0.4
