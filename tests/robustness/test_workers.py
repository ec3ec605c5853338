"""The same checks, errors and results in one thread, in several, and in worker processes."""

from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification
from threadpoolctl import threadpool_limits

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    TabularClassifier,
    TabularRegressor,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:A worker stopped while some jobs"),
]

X, y = make_classification(n_samples=300, n_features=6, n_informative=4, random_state=0)
SMALL = {"hidden_layer_sizes": (8,), "max_iter": 3, "random_state": 0}
TABLE = SMALL | {"n_members": 2, "min_steps": 0}
NETS = [
    *(BackpropClassifier(**SMALL, solver=solver) for solver in ("adam", "sgd", "lbfgs")),
    BackpropClassifier(**SMALL, early_stopping=True, dropout=0.2),
    BackpropRegressor(**SMALL, solver="lbfgs"),
    TabularClassifier(**TABLE),
    TabularRegressor(**TABLE),
]
MISTAKES = [
    ({}, X[:, :0], y),
    ({}, X, y[:-1]),
    ({}, X, np.where(y == 1, np.nan, 0.0)),
    ({"alpha": -1.0}, X, y),
    ({"loss": "hinge"}, X, y),
]


def outcome(net):
    """Results of a fit and of its predictions, and the words of what is refused."""
    fitted = clone(net).fit(X, y)
    predict = getattr(fitted, "predict_proba", fitted.predict)
    found = [predict(X), predict(X[:1]), fitted.score(X, y)]
    for parameters, features, target in MISTAKES:
        with pytest.raises(ValueError) as refused:
            clone(net).set_params(**parameters).fit(features, target)
        found.append(str(refused.value))
    with pytest.raises(ValueError) as refused:
        predict(X[:, :2])
    return [*found, str(refused.value)]


def in_threads():
    with ThreadPoolExecutor(3) as pool:
        return [*pool.map(outcome, NETS)]


def by_joblib(backend):
    return joblib.Parallel(n_jobs=2, backend=backend)(joblib.delayed(outcome)(n) for n in NETS)


def with_blas_threads(n_threads):
    with threadpool_limits(n_threads, user_api="blas"):
        return [outcome(net) for net in NETS]


WAYS = {
    "one BLAS thread": lambda: with_blas_threads(1),
    "two BLAS threads": lambda: with_blas_threads(2),
    "threads of a pool": in_threads,
    "joblib's threads": lambda: by_joblib("threading"),
    "joblib's processes": lambda: by_joblib("loky"),
}


@pytest.fixture(scope="module")
def expected():
    return [outcome(net) for net in NETS]


@pytest.mark.parametrize("way", WAYS)
def test_fits_predictions_and_refusals_are_the_same(way, expected):
    """To the rounding of sums, which another number of BLAS threads may take in another order."""
    for found, alone in zip(WAYS[way](), expected, strict=True):
        for one, other in zip(found, alone, strict=True):
            if isinstance(other, str):
                assert one == other
            else:
                np.testing.assert_allclose(one, other, rtol=1e-9)
