"""Without a hidden layer the optimum is known: scikit-learn's linear models have the same one.

Our objective is ``[sum_i s_i l_i + alpha/2 |W|^2] / sum_i s_i`` with l the half squared error,
the log loss or the half Poisson deviance; each test maps `alpha` to the other model's penalty.
"""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge

from skbackprop import BackpropClassifier, BackpropRegressor

N_ROWS, N_FEATURES = 120, 5
RTOL = 1e-5
TO_THE_OPTIMUM = {
    "hidden_layer_sizes": (),
    "solver": "lbfgs",
    "tol": 1e-8,
    "max_iter": 5000,
    "solver_options": {"ftol": 1e-15},
}


@pytest.fixture
def rng(seed):
    return np.random.default_rng(seed)


@pytest.fixture
def X(rng):
    return rng.normal(size=(N_ROWS, N_FEATURES))


@pytest.fixture(params=[False, True], ids=["unweighted", "weighted"])
def sample_weight(request, rng):
    return rng.uniform(0.1, 4.0, size=N_ROWS) if request.param else None


def labels(rng, X, n_classes):
    """Labels that depend on X, noisy enough for a finite optimum."""
    scores = X @ rng.normal(size=(N_FEATURES, n_classes)) + rng.gumbel(size=(N_ROWS, n_classes))
    return np.argmax(scores, axis=1)


def assert_close(ours, theirs):
    theirs = np.asarray(theirs)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=RTOL * np.abs(theirs).max())


@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 3.0, 1: 0.5}])
@pytest.mark.parametrize("alpha", [0.1, 10.0])
def test_binary_equals_logistic_regression(X, rng, sample_weight, alpha, class_weight, seed):
    y = labels(rng, X, 2)
    known = LogisticRegression(
        C=1 / alpha, class_weight=class_weight, solver="newton-cholesky", tol=1e-12
    ).fit(X, y, sample_weight)
    clf = BackpropClassifier(
        **TO_THE_OPTIMUM, alpha=alpha, class_weight=class_weight, random_state=seed
    ).fit(X, y, sample_weight)
    assert_close(clf.coefs_[0][:, 0], known.coef_[0])
    assert_close(clf.intercepts_[0], known.intercept_)
    assert_close(clf.decision_function(X), known.decision_function(X))
    assert_close(clf.predict_proba(X), known.predict_proba(X))


@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("alpha", [0.1, 10.0])
def test_multiclass_equals_multinomial_logistic_regression(
    X, rng, sample_weight, alpha, class_weight, seed
):
    y = labels(rng, X, 4)
    known = LogisticRegression(C=1 / alpha, class_weight=class_weight, tol=1e-10, max_iter=10_000)
    known.fit(X, y, sample_weight)
    clf = BackpropClassifier(
        **TO_THE_OPTIMUM, alpha=alpha, class_weight=class_weight, random_state=seed
    ).fit(X, y, sample_weight)
    assert_close(clf.coefs_[0], known.coef_.T)
    # the same number added to all intercepts changes nothing
    assert_close(
        clf.intercepts_[0] - clf.intercepts_[0].mean(), known.intercept_ - known.intercept_.mean()
    )
    assert_close(clf.predict_proba(X), known.predict_proba(X))


def test_multilabel_equals_a_logistic_regression_for_each_label(X, rng, sample_weight, seed):
    Y = np.column_stack([labels(rng, X, 2) for _ in range(3)])
    clf = BackpropClassifier(**TO_THE_OPTIMUM, alpha=0.5, random_state=seed)
    clf.fit(X, Y, sample_weight)
    for k in range(3):
        known = LogisticRegression(C=2.0, solver="newton-cholesky", tol=1e-12)
        known.fit(X, Y[:, k], sample_weight)
        assert_close(clf.coefs_[0][:, k], known.coef_[0])
        assert_close(clf.predict_proba(X)[:, k], known.predict_proba(X)[:, 1])


@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("alpha", [0.0, 0.1, 30.0])
def test_regressor_equals_ridge(X, rng, sample_weight, alpha, n_outputs, seed):
    Y = X @ rng.normal(size=(N_FEATURES, n_outputs)) + rng.normal(size=(N_ROWS, n_outputs)) + 4.0
    y = Y[:, 0] if n_outputs == 1 else Y
    known = Ridge(alpha=alpha).fit(X, y, sample_weight)
    reg = BackpropRegressor(**TO_THE_OPTIMUM, alpha=alpha, random_state=seed)
    reg.fit(X, y, sample_weight)
    assert_close(reg.coefs_[0].T.squeeze(), known.coef_)
    assert_close(reg.intercepts_[0].squeeze(), known.intercept_)
    assert_close(reg.predict(X), known.predict(X))


# Where rounding ends the line search just before tol is reached, the answer is the same.
@pytest.mark.filterwarnings("ignore:lbfgs failed:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("alpha", [0.0, 0.01, 1.0])
def test_poisson_regressor_equals_generalised_linear_model(X, rng, sample_weight, alpha, seed):
    y = rng.poisson(np.exp(0.4 * X @ rng.normal(size=N_FEATURES) + 0.5)).astype(float)
    known = PoissonRegressor(alpha=alpha, solver="newton-cholesky", tol=1e-12)
    known.fit(X, y, sample_weight)
    # its loss is a mean over the rows, ours a sum
    total = N_ROWS if sample_weight is None else sample_weight.sum()
    reg = BackpropRegressor(
        **TO_THE_OPTIMUM, loss="poisson", alpha=alpha * total, random_state=seed
    ).fit(X, y, sample_weight)
    assert_close(reg.coefs_[0][:, 0], known.coef_)
    assert_close(reg.intercepts_[0], [known.intercept_])
    assert_close(reg.predict(X), known.predict(X))


def gradient_with_tanh(reg, X, y, alpha):
    """Gradient of the objective for one hidden layer of tanh, written out by hand."""
    (W, V), (b, c) = reg.coefs_, reg.intercepts_
    H = np.tanh(X @ W + b)
    delta = H @ V + c - y[:, None]
    hidden_delta = delta @ V.T * (1 - H**2)
    return [
        (X.T @ hidden_delta + alpha * W) / len(X),
        (H.T @ delta + alpha * V) / len(X),
        hidden_delta.mean(axis=0),
        delta.mean(axis=0),
    ]


def test_gradient_is_zero_where_lbfgs_ends(X, rng, seed):
    """`tol` bounds the largest entry of the gradient, here computed independently."""
    y = np.sin(2 * X[:, 0]) + 0.1 * rng.normal(size=N_ROWS)
    params = {**TO_THE_OPTIMUM, "hidden_layer_sizes": (6,), "activation": "tanh", "tol": 1e-5}
    reg = BackpropRegressor(**params, alpha=0.1, random_state=seed).fit(X, y)
    assert reg.n_iter_ < params["max_iter"]
    largest = [np.abs(part).max() for part in gradient_with_tanh(reg, X, y, 0.1)]
    assert max(largest) <= 1.001e-5
