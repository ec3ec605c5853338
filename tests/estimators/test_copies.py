"""Copies of an estimator: clone, copy, deepcopy, pickle, joblib."""

import copy
import io
import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification, make_regression

from skbackprop import BackpropClassifier, BackpropRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ADAM = {"hidden_layer_sizes": (8,), "max_iter": 15, "learning_rate_init": 0.01, "random_state": 0}

X, y = make_classification(
    n_samples=120, n_features=6, n_informative=4, n_classes=3, random_state=0
)
TWO_NUMBERS = make_regression(n_samples=120, n_features=6, n_targets=2, random_state=0)[1] / 100


def target_of(estimator_class):
    return y if estimator_class is BackpropClassifier else TWO_NUMBERS


def through_pickle(estimator):
    return pickle.loads(pickle.dumps(estimator))


def through_joblib(estimator):
    file = io.BytesIO()
    joblib.dump(estimator, file)
    file.seek(0)
    return joblib.load(file)


DEEP_COPIES = [copy.deepcopy, through_pickle, through_joblib]


@pytest.fixture(params=[BackpropClassifier, BackpropRegressor])
def estimator_class(request):
    return request.param


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("copy_of", [copy.copy, *DEEP_COPIES])
def test_copies_predict_the_same(estimator_class, solver, copy_of):
    fitted = estimator_class(**(ADAM | {"solver": solver})).fit(X, target_of(estimator_class))
    twin = copy_of(fitted)
    np.testing.assert_array_equal(twin.predict(X), fitted.predict(X))
    assert twin.get_params() == fitted.get_params()
    assert twin.loss_curve_ == fitted.loss_curve_


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("copy_of", DEEP_COPIES)
def test_copies_go_on_with_partial_fit_on_their_own(estimator_class, solver, copy_of):
    target = target_of(estimator_class)
    parameters = ADAM | {"solver": solver, "batch_size": 16}
    keyword = {"classes": [0, 1, 2]} if estimator_class is BackpropClassifier else {}
    original = estimator_class(**parameters).partial_fit(X, target, **keyword)
    twin = copy_of(original)
    before = [coef.copy() for coef in original.coefs_]

    for _ in range(2):
        twin.partial_fit(X, target)
    for coef, old in zip(original.coefs_, before, strict=True):
        np.testing.assert_array_equal(coef, old)
    for _ in range(2):
        original.partial_fit(X, target)
    for coef, twins in zip(original.coefs_, twin.coefs_, strict=True):
        np.testing.assert_array_equal(coef, twins)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("copy_of", DEEP_COPIES)
def test_copies_go_on_with_a_warm_start(estimator_class, copy_of, early_stopping):
    target = target_of(estimator_class)
    net = estimator_class(**ADAM, warm_start=True, early_stopping=early_stopping).fit(X, target)
    twin = copy_of(net)
    net.fit(X, target)
    twin.fit(X, target)
    assert twin.loss_curve_ == net.loss_curve_
    np.testing.assert_array_equal(twin.predict(X), net.predict(X))


def test_a_fitted_model_does_not_change_with_later_fits(estimator_class):
    target = target_of(estimator_class)
    net = estimator_class(**ADAM, warm_start=True).fit(X, target)
    coefs, first = net.coefs_, net.coefs_[0].copy()
    shallow = copy.copy(net)
    before = shallow.predict(X)
    net.set_params(warm_start=False).fit(-X, target)
    np.testing.assert_array_equal(coefs[0], first)
    np.testing.assert_array_equal(shallow.predict(X), before)


def test_clone_is_unfitted_and_equal(estimator_class):
    net = estimator_class((7, 3), "tanh", alpha=0.5, solver="sgd", scoring="loss", dtype="float32")
    fitted = clone(net).set_params(max_iter=2).fit(X, target_of(estimator_class))
    twin = clone(fitted)
    assert twin.get_params() == net.set_params(max_iter=2).get_params()
    assert not hasattr(twin, "coefs_")
    assert not [name for name in vars(twin) if name.endswith("_")]


def test_cloned_solver_options_are_a_copy(estimator_class):
    options = {"maxcor": 5}
    twin = clone(estimator_class(solver="lbfgs", solver_options=options))
    assert twin.solver_options == options
    assert twin.solver_options is not options


def test_pickle_is_no_larger_than_the_weights(estimator_class):
    net = estimator_class(**(ADAM | {"hidden_layer_sizes": (400, 400)}), early_stopping=True)
    net.fit(X, target_of(estimator_class))
    weights = sum(array.nbytes for array in (*net.coefs_, *net.intercepts_))
    assert len(pickle.dumps(net)) < 1.02 * weights + 5000
