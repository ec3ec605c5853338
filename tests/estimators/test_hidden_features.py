"""A fitted network as a transformer: the last hidden layer, its names, its place in pipelines."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectFromModel
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": (7, 4), "max_iter": 10, "random_state": 0}
BOTH = [BackpropClassifier, BackpropRegressor]

X, y = make_classification(n_samples=80, n_features=6, n_informative=4, random_state=0)


@pytest.mark.parametrize("estimator_class", BOTH)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("layout", [np.asarray, sparse.csr_matrix, sparse.csc_matrix])
def test_transform_gives_the_last_hidden_layer(estimator_class, dtype, layout):
    data = X.astype(dtype)
    net = estimator_class(**SMALL).fit(data, y)
    first = np.maximum(data @ net.coefs_[0] + net.intercepts_[0], 0)
    second = np.maximum(first @ net.coefs_[1] + net.intercepts_[1], 0)
    features = net.transform(layout(data))
    assert features.dtype == dtype
    np.testing.assert_allclose(features, second, rtol=1e-4 if dtype == np.float32 else 1e-12)


def test_the_output_is_linear_in_the_features():
    net = BackpropRegressor(**SMALL).fit(X, y)
    prediction = net.transform(X) @ net.coefs_[-1] + net.intercepts_[-1]
    np.testing.assert_allclose(prediction[:, 0], net.predict(X))


def test_many_rows_are_transformed_as_few_are():
    net = BackpropClassifier(**SMALL).fit(X, y)
    np.testing.assert_allclose(
        net.transform(np.tile(X, (50, 1))), np.tile(net.transform(X), (50, 1))
    )


@pytest.mark.parametrize("estimator_class", BOTH)
def test_without_a_hidden_layer_there_is_no_transform(estimator_class):
    net = estimator_class(()).fit(X, y)
    for name in ("transform", "fit_transform", "get_feature_names_out", "set_output"):
        assert not hasattr(net, name)
        assert hasattr(estimator_class(), name)
    with pytest.raises(AttributeError, match="no hidden layer"):
        net.transform(X)


def test_fit_transform_takes_weights():
    weights = np.linspace(0.1, 2.0, len(y))
    net = BackpropClassifier(**SMALL)
    features = clone(net).fit_transform(X, y, sample_weight=weights)
    np.testing.assert_array_equal(features, net.fit(X, y, weights).transform(X))


def test_names_of_features():
    net = BackpropClassifier(**SMALL)
    with pytest.raises(NotFittedError):
        net.get_feature_names_out()
    names = net.fit(X, y).get_feature_names_out()
    assert list(names) == [f"backpropclassifier{i}" for i in range(4)]


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_set_output(container):
    pytest.importorskip(container)
    frame = pd.DataFrame(X, columns=list("abcdef"))
    net = BackpropRegressor(**SMALL).set_output(transform=container).fit(frame, y)
    features = net.transform(frame)
    assert type(features).__module__.startswith(container)
    assert list(features.columns) == list(net.get_feature_names_out())
    np.testing.assert_array_equal(features.to_numpy(), clone(net).fit(X, y).transform(X))


def test_a_step_before_another_estimator():
    net = BackpropClassifier(**SMALL, solver="lbfgs").set_params(max_iter=50)
    pipeline = make_pipeline(StandardScaler(), net, LogisticRegression()).fit(X, y)
    assert pipeline.score(X, y) > 0.9
    assert pipeline[-1].coef_.shape == (1, 4)
    names = pipeline[:-1].get_feature_names_out()
    assert list(names) == [f"backpropclassifier{i}" for i in range(4)]


def test_a_fitted_network_as_a_frozen_step():
    net = BackpropClassifier(**SMALL).fit(X, y)
    union = FeatureUnion([("net", FrozenEstimator(net)), ("line", StandardScaler())])
    features = make_pipeline(union).fit(X, y).transform(X)
    np.testing.assert_array_equal(features[:, :4], net.transform(X))


def test_select_from_model():
    def strength(net):
        return np.linalg.norm(net.coefs_[0], axis=1)

    shrunk = X * np.array([1, 1e-3, 1, 1e-3, 1, 1])  # too small to be learnt from
    net = BackpropClassifier((8,), solver="lbfgs", alpha=1.0, random_state=0)
    selector = SelectFromModel(net, importance_getter=strength, threshold="0.2*mean")
    selector.fit(shrunk, y)
    assert not selector.get_support()[[1, 3]].any()
    assert selector.get_support()[[0, 2, 4, 5]].any()
    assert selector.transform(shrunk).shape[1] == selector.get_support().sum()


def test_no_feature_importances_are_pretended():
    assert not hasattr(BackpropClassifier(**SMALL).fit(X, y), "feature_importances_")


@pytest.mark.parametrize(("fitted", "changed"), [((4,), ()), ((), (4,))])
def test_hidden_features_are_those_of_the_fit(fitted, changed):
    """Parameters that are changed after the fit neither add a hidden layer nor take it away."""
    rows = np.random.default_rng(0).normal(size=(20, 3))
    net = BackpropRegressor(fitted, max_iter=2, random_state=0).fit(rows, rows[:, 0])
    net.set_params(hidden_layer_sizes=changed)
    assert hasattr(net, "transform") is bool(fitted)
    if fitted:
        assert net.transform(rows).shape == (20, 4)
