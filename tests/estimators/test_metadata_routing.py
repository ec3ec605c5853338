"""Sample weights and validation data on their way through pipelines and searches."""

import numpy as np
import pytest
from sklearn import config_context
from sklearn.datasets import make_classification
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    StratifiedKFold,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:A worker stopped while some jobs"),
]

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


# Each piece of metadata, through a pipeline and through a search.

X_VAL, Y_VAL, WEIGHTS_VAL = X[80:], y[80:], WEIGHTS[80:]
METADATA = {
    "sample_weight": {"sample_weight": WEIGHTS[:80]},
    "X_val and y_val": {"X_val": X_VAL, "y_val": Y_VAL},
    "sample_weight_val": {"X_val": X_VAL, "y_val": Y_VAL, "sample_weight_val": WEIGHTS_VAL},
    "all": {
        "sample_weight": WEIGHTS[:80],
        "X_val": X_VAL,
        "y_val": Y_VAL,
        "sample_weight_val": WEIGHTS_VAL,
    },
}
ESTIMATORS = [BackpropClassifier, BackpropRegressor]


def requesting(estimator_class, metadata, **parameters):
    return estimator_class(**ADAM, **parameters).set_fit_request(**dict.fromkeys(metadata, True))


@pytest.mark.parametrize("estimator_class", ESTIMATORS)
@pytest.mark.parametrize("name", METADATA)
def test_metadata_through_a_pipeline(name, estimator_class):
    metadata = METADATA[name]
    scaler = StandardScaler().fit(X[:80])
    by_hand = {k: scaler.transform(v) if k == "X_val" else v for k, v in metadata.items()}
    direct = estimator_class(**ADAM).fit(scaler.transform(X[:80]), y[:80], **by_hand)
    with config_context(enable_metadata_routing=True):
        net = requesting(estimator_class, metadata)
        unweighted = StandardScaler().set_fit_request(sample_weight=False)
        pipeline = make_pipeline(unweighted, net, transform_input=["X_val"])
        pipeline.fit(X[:80], y[:80], **metadata)
    assert_same(pipeline[-1].coefs_[0], direct.coefs_[0])
    if "X_val" in metadata:
        assert_same(pipeline[-1].validation_loss_curve_, direct.validation_loss_curve_)
    else:
        assert pipeline[-1].validation_loss_curve_ is None


@pytest.mark.parametrize("estimator_class", ESTIMATORS)
@pytest.mark.parametrize("name", METADATA)
def test_metadata_through_a_grid_search(name, estimator_class):
    metadata = METADATA[name]
    grid = {"hidden_layer_sizes": [(4,), (8,)]}
    with config_context(enable_metadata_routing=True):
        net = requesting(estimator_class, metadata).set_score_request(sample_weight=True)
        search = GridSearchCV(net, grid, cv=KFold(2), error_score="raise", n_jobs=2)
        search.fit(X[:80], y[:80], **metadata)
    folds = []
    for train, test in KFold(2).split(X[:80]):
        # What has a row for each training row is cut to the fold; validation data are not.
        own = {k: v[train] if k == "sample_weight" else v for k, v in metadata.items()}
        one = estimator_class(**ADAM | {"hidden_layer_sizes": (8,)})
        one.fit(X[train], y[train], **own)
        weights = {k: v[test] for k, v in metadata.items() if k == "sample_weight"}
        folds.append(one.score(X[test], y[test], **weights))
    assert_same([search.cv_results_[f"split{i}_test_score"][1] for i in (0, 1)], folds)
    best = estimator_class(**ADAM | search.best_params_).fit(X[:80], y[:80], **metadata)
    assert_same(search.best_estimator_.coefs_[0], best.coefs_[0])
    assert_same(search.best_estimator_.loss_curve_, best.loss_curve_)


@pytest.mark.parametrize("estimator_class", ESTIMATORS)
def test_metadata_through_a_search_over_a_pipeline(estimator_class):
    # Without sample_weight, for which the score of a pipeline has no request in scikit-learn 1.7.
    metadata = METADATA["sample_weight_val"]
    with config_context(enable_metadata_routing=True):
        net = requesting(estimator_class, metadata, early_stopping=True, scoring="loss")
        pipeline = make_pipeline(StandardScaler(), net, transform_input=["X_val"])
        grid = {f"{estimator_class.__name__.lower()}__alpha": [1e-4, 1.0]}
        search = GridSearchCV(pipeline, grid, cv=3, error_score="raise")
        search.fit(X[:80], y[:80], **metadata)
    scaler = StandardScaler().fit(X[:80])
    direct = estimator_class(**ADAM, early_stopping=True, scoring="loss")
    direct.set_params(alpha=next(iter(search.best_params_.values()))).fit(
        scaler.transform(X[:80]), y[:80], **metadata | {"X_val": scaler.transform(X_VAL)}
    )
    assert_same(search.best_estimator_[-1].validation_loss_curve_, direct.validation_loss_curve_)


@pytest.mark.parametrize("name", ["X_val", "y_val", "sample_weight_val"])
def test_metadata_that_are_not_requested_are_refused(name):
    value = {"X_val": X_VAL, "y_val": Y_VAL, "sample_weight_val": WEIGHTS_VAL}[name]
    with config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(StandardScaler(), BackpropClassifier(**ADAM))
        with pytest.raises(ValueError, match=name):
            pipeline.fit(X[:80], y[:80], **{name: value})


# ---- groups, for validation rows by group

GROUPS = np.repeat(np.arange(20), 6)
BY_GROUP = {"early_stopping": True, "scoring": "loss", "validation": GroupKFold(4)}


@pytest.mark.parametrize("estimator_class", ESTIMATORS)
def test_groups_through_a_pipeline(estimator_class):
    direct = estimator_class(**ADAM, **BY_GROUP)
    direct.fit(StandardScaler().fit_transform(X), y, groups=GROUPS)
    name = estimator_class.__name__.lower()
    unrouted = make_pipeline(StandardScaler(), estimator_class(**ADAM, **BY_GROUP))
    unrouted.fit(X, y, **{f"{name}__groups": GROUPS})
    with config_context(enable_metadata_routing=True):
        net = estimator_class(**ADAM, **BY_GROUP).set_fit_request(groups=True)
        routed = make_pipeline(StandardScaler(), net).fit(X, y, groups=GROUPS)
    for pipeline in (unrouted, routed):
        assert_same(pipeline[-1].validation_loss_curve_, direct.validation_loss_curve_)


@pytest.mark.parametrize("estimator_class", ESTIMATORS)
def test_groups_through_a_grid_search(estimator_class):
    """To the splitter of the search, and from each of its folds to that of early stopping."""
    with config_context(enable_metadata_routing=True):
        net = estimator_class(**ADAM, **BY_GROUP).set_fit_request(groups=True)
        grid = {"validation": [GroupKFold(4), GroupShuffleSplit(random_state=0)]}
        search = GridSearchCV(net, grid, cv=GroupKFold(2), error_score="raise", n_jobs=2)
        search.fit(X, y, groups=GROUPS)
    scores = [
        estimator_class(**ADAM | BY_GROUP | {"validation": validation})
        .fit(X[train], y[train], groups=GROUPS[train])
        .score(X[test], y[test])
        for validation in grid["validation"]
        for train, test in GroupKFold(2).split(X, y, GROUPS)
    ]
    found = [search.cv_results_[f"split{i}_test_score"] for i in (0, 1)]
    assert_same(np.transpose(found).ravel(), scores)
    best = estimator_class(**ADAM | BY_GROUP | search.best_params_).fit(X, y, groups=GROUPS)
    assert_same(search.best_estimator_.validation_loss_curve_, best.validation_loss_curve_)


def test_groups_that_are_not_requested_are_refused():
    with config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(StandardScaler(), BackpropClassifier(**ADAM, **BY_GROUP))
        with pytest.raises(ValueError, match="groups"):
            pipeline.fit(X, y, groups=GROUPS)
