"""Tests of the hyper-parameter that docs/developer/places.md adds; ``test_places`` runs them.

Its name is not that of a test module: the package itself does not have the parameter.
"""

import pickle

import numpy as np
import pytest
from sklearn.base import clone

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.dask import DaskBackpropRegressor
from skbackprop.inspection import backpropagate

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X = np.random.default_rng(0).normal(size=(40, 3))
Y = 10 * X[:, 0]
ONE_STEP = {"solver": "sgd", "momentum": 0.0, "batch_size": 40, "random_state": 0}


def vector(net):
    return np.concatenate([array.ravel() for array in net.coefs_ + net.intercepts_])


def step_of(**parameters):
    """The step from a fit of one epoch, and the gradient there."""
    net = BackpropRegressor((4,), **ONE_STEP, learning_rate_init=1e-3, **parameters)
    net.partial_fit(X, Y)
    passes = backpropagate(net, X, Y)
    gradient = np.concatenate([g.ravel() for g in passes.coef_grads + passes.intercept_grads])
    before = vector(net)
    return vector(net.partial_fit(X, Y)) - before, gradient


def test_gradient_clipping_shortens_a_long_gradient():
    step, gradient = step_of(gradient_clipping=0.5)
    assert np.linalg.norm(gradient) > 0.5
    np.testing.assert_allclose(step, -1e-3 * 0.5 * gradient / np.linalg.norm(gradient), rtol=1e-9)


@pytest.mark.parametrize("largest", [None, 1e6])
def test_gradient_clipping_leaves_a_short_gradient_alone(largest):
    step, gradient = step_of(gradient_clipping=largest)
    np.testing.assert_allclose(step, -1e-3 * gradient, rtol=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_gradient_clipping_in_a_fit(solver, dtype):
    net = BackpropRegressor((4,), solver=solver, dtype=dtype, gradient_clipping=0.1, max_iter=5)
    net = pickle.loads(pickle.dumps(clone(net).fit(X, Y)))
    assert net.get_params()["gradient_clipping"] == 0.1
    assert net.coefs_[0].dtype == dtype
    assert net.loss_curve_[-1] < net.loss_curve_[0]
    assert "gradient_clipping=0.1" in repr(net)
    np.testing.assert_allclose(net.to_sklearn().predict(X), net.predict(X), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("wrong", [0, -1.0, float("nan"), "long"])
def test_gradient_clipping_that_is_no_length_is_refused(wrong):
    with pytest.raises(ValueError, match=r"'gradient_clipping' parameter .* \(0.0, inf\) or None"):
        BackpropClassifier(gradient_clipping=wrong).fit(X, Y > 0)


def test_gradient_clipping_and_lbfgs_exclude_each_other():
    net = BackpropRegressor(solver="lbfgs", gradient_clipping=1.0)
    with pytest.raises(ValueError, match=r"gradient_clipping=1.0 and solver='lbfgs' exclude"):
        net.fit(X, Y)


def test_gradient_clipping_is_a_parameter_of_every_estimator():
    for estimator_class in (BackpropClassifier, BackpropRegressor, DaskBackpropRegressor):
        assert estimator_class().gradient_clipping is None
        assert "\ngradient_clipping : float or None, default=None\n" in estimator_class.__doc__
