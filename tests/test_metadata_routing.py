"""Sample weights and validation data on their way through pipelines and searches."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ADAM = {"hidden_layer_sizes": (8,), "max_iter": 15, "learning_rate_init": 0.01, "random_state": 0}

X, y = make_classification(
    n_samples=120, n_features=6, n_informative=4, n_classes=3, random_state=0
)
WEIGHTS = np.random.default_rng(0).uniform(0.1, 3.0, size=len(y))


def assert_same(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9)


def test_weights_through_a_pipeline_without_routing():
    pipeline = make_pipeline(StandardScaler(), BackpropClassifier(**ADAM))
    pipeline.fit(X, y, backpropclassifier__sample_weight=WEIGHTS)
    direct = BackpropClassifier(**ADAM).fit(StandardScaler().fit_transform(X), y, WEIGHTS)
    assert_same(pipeline[-1].coefs_[0], direct.coefs_[0])


def test_weights_routed_through_a_pipeline():
    with config_context(enable_metadata_routing=True):
        net = BackpropClassifier(**ADAM).set_fit_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(scaler, net).fit(X, y, sample_weight=WEIGHTS)
    direct = BackpropClassifier(**ADAM).fit(StandardScaler().fit_transform(X), y, WEIGHTS)
    unweighted = BackpropClassifier(**ADAM).fit(StandardScaler().fit_transform(X), y)
    assert_same(pipeline[-1].coefs_[0], direct.coefs_[0])
    assert np.any(direct.coefs_[0] != unweighted.coefs_[0])


def test_weights_routed_through_cross_validation():
    with config_context(enable_metadata_routing=True):
        net = BackpropClassifier(**ADAM)
        net.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        weighted = cross_validate(
            net, X, y, cv=3, params={"sample_weight": WEIGHTS}, error_score="raise", n_jobs=2
        )["test_score"]
    by_hand = [
        BackpropClassifier(**ADAM)
        .fit(X[train], y[train], WEIGHTS[train])
        .score(X[test], y[test], WEIGHTS[test])
        for train, test in StratifiedKFold(3).split(X, y)
    ]
    assert_same(weighted, by_hand)


def test_weights_not_requested_are_refused():
    with config_context(enable_metadata_routing=True):
        search = GridSearchCV(BackpropRegressor(**ADAM), {"alpha": [0.1]}, cv=3)
        with pytest.raises(ValueError, match="sample_weight"):
            search.fit(X, y, sample_weight=WEIGHTS)


def test_validation_data_routed_and_transformed_by_a_pipeline():
    X_val, y_val, weights_val = X[80:], y[80:], WEIGHTS[80:]
    with config_context(enable_metadata_routing=True):
        net = BackpropClassifier(**ADAM, early_stopping=True, scoring="loss")
        net.set_fit_request(X_val=True, y_val=True, sample_weight_val=True)
        pipeline = make_pipeline(StandardScaler(), net, transform_input=["X_val"])
        pipeline.fit(X[:80], y[:80], X_val=X_val, y_val=y_val, sample_weight_val=weights_val)

    scaler = StandardScaler().fit(X[:80])
    direct = BackpropClassifier(**ADAM, early_stopping=True, scoring="loss").fit(
        scaler.transform(X[:80]),
        y[:80],
        X_val=scaler.transform(X_val),
        y_val=y_val,
        sample_weight_val=weights_val,
    )
    assert_same(pipeline[-1].validation_loss_curve_, direct.validation_loss_curve_)
    assert_same(pipeline[-1].coefs_[0], direct.coefs_[0])


def test_classes_and_weights_are_requested_by_partial_fit():
    with config_context(enable_metadata_routing=True):
        net = BackpropClassifier().set_partial_fit_request(classes=True, sample_weight=True)
        requests = net.get_metadata_routing().partial_fit.requests
    assert requests == {"classes": True, "sample_weight": True}
