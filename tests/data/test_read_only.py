"""Memory maps and other arrays that may not be written to."""

import joblib
import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.datasets import make_classification, make_regression
from sklearn.model_selection import cross_val_score

from skbackprop import BackpropClassifier, BackpropRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ADAM = {"hidden_layer_sizes": (8,), "max_iter": 15, "learning_rate_init": 0.01, "random_state": 0}

X, y = make_classification(
    n_samples=120, n_features=6, n_informative=4, n_classes=3, random_state=0
)
TWO_NUMBERS = make_regression(n_samples=120, n_features=6, n_targets=2, random_state=0)[1] / 100
WEIGHTS = np.random.default_rng(0).uniform(0.1, 3.0, size=len(y))

MATRICES = [np.asarray, sp.csr_array, sp.csc_array]


def target_of(estimator_class):
    return y if estimator_class is BackpropClassifier else TWO_NUMBERS


@pytest.fixture(params=[BackpropClassifier, BackpropRegressor])
def estimator_class(request):
    return request.param


def memory_map(array, folder, name):
    path = folder / name
    joblib.dump(array, path)
    return joblib.load(path, mmap_mode="r")


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("as_matrix", MATRICES)
def test_read_only_memory_maps(tmp_path, estimator_class, solver, as_matrix):
    parameters = ADAM | {"solver": solver}
    target = target_of(estimator_class)
    mapped = [
        memory_map(array, tmp_path, f"{i}.joblib")
        for i, array in enumerate((as_matrix(X), target, WEIGHTS))
    ]
    assert not mapped[1].flags.writeable
    net = estimator_class(**parameters).fit(*mapped)
    direct = estimator_class(**parameters).fit(as_matrix(X), target, WEIGHTS)
    np.testing.assert_array_equal(net.predict(mapped[0]), direct.predict(as_matrix(X)))


def test_input_is_never_written_to(estimator_class):
    target = target_of(estimator_class)
    arrays = [X.copy(), target.copy(), WEIGHTS.copy()]
    for matrix in (arrays[0], np.asfortranarray(X), X.astype(np.float32)):
        before = matrix.copy()
        estimator_class(**ADAM, early_stopping=True).fit(matrix, *arrays[1:])
        np.testing.assert_array_equal(matrix, before)
    np.testing.assert_array_equal(arrays[1], target)
    np.testing.assert_array_equal(arrays[2], WEIGHTS)


def test_model_loaded_as_a_memory_map(tmp_path, estimator_class):
    target = target_of(estimator_class)
    net = estimator_class(**ADAM, warm_start=True).fit(X, target)
    mapped = memory_map(net, tmp_path, "net.joblib")
    np.testing.assert_array_equal(mapped.predict(X), net.predict(X))
    mapped.partial_fit(X, target)
    net.partial_fit(X, target)
    np.testing.assert_array_equal(mapped.predict(X), net.predict(X))


def test_workers_that_get_memory_maps(estimator_class):
    target = target_of(estimator_class)
    nets = [estimator_class(**(ADAM | {"random_state": seed})) for seed in range(3)]
    expected = [cross_val_score(net, X, target, cv=3) for net in nets]
    scores = joblib.Parallel(n_jobs=2, backend="loky", max_nbytes=100)(
        joblib.delayed(cross_val_score)(net, X, target, cv=3, error_score="raise") for net in nets
    )
    np.testing.assert_allclose(scores, expected, rtol=1e-7)
