"""Defects of cost in scikit-learn 1.9's MLP, by what is deterministic of them.

Dtypes, sizes of pickles and peaks of allocated memory (NumPy reports its arrays to tracemalloc);
never time.
"""

import copy
import pickle
import tracemalloc

import numpy as np
import pytest
from scipy import sparse

from skbackprop import BackpropClassifier, BackpropRegressor

SOLVERS = ["sgd", "adam", "lbfgs"]
STOCHASTIC = ["sgd", "adam"]

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def rng(seed):
    return np.random.default_rng(seed)


def parameters(est):
    return [*est.coefs_, *est.intercepts_]


def weights_nbytes(est):
    return sum(array.nbytes for array in parameters(est))


def peak_of(call, *args):
    """Peak of the memory allocated during a call, in bytes above the start."""
    tracemalloc.start()
    try:
        call(*args)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


# 25


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("solver", SOLVERS)
def test_float32_goes_in_through_and_out(rng, solver, early_stopping, seed):
    """Although the targets of the regressor are float64."""
    X, y = rng.normal(size=(60, 4)).astype(np.float32), rng.normal(size=60)
    params = {"solver": solver, "max_iter": 3, "early_stopping": early_stopping}
    reg = BackpropRegressor((5,), **params, random_state=seed).fit(X, y)
    assert {array.dtype for array in parameters(reg)} == {np.dtype(np.float32)}
    assert reg.predict(X).dtype == np.float32
    clf = BackpropClassifier((5,), **params, random_state=seed).fit(X, y > 0)
    assert {array.dtype for array in parameters(clf)} == {np.dtype(np.float32)}
    assert clf.predict_proba(X).dtype == np.float32
    assert clf.predict_log_proba(X).dtype == np.float32
    assert clf.decision_function(X).dtype == np.float32


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("solver", STOCHASTIC)
def test_float32_needs_half_the_memory(rng, solver, container, seed):
    """Moments, gradients and workspaces included."""
    X, y = container(rng.normal(size=(200, 100))), rng.normal(size=200)
    reg = BackpropRegressor((1000,), solver=solver, max_iter=2, random_state=seed)
    single = peak_of(reg.fit, X.astype(np.float32), y)
    double = peak_of(reg.fit, X, y)
    assert single < 0.6 * double


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("dtype", "other"), [("float32", "float64"), ("float64", "float32")])
def test_dtype_parameter_overrides(rng, solver, dtype, other, seed):
    X, y = rng.normal(size=(60, 4)), rng.normal(size=60)
    reg = BackpropRegressor((5,), solver=solver, max_iter=3, dtype=dtype, random_state=seed)
    reg.fit(X.astype(other), y)
    assert {array.dtype for array in parameters(reg)} == {np.dtype(dtype)}
    assert reg.predict(X.astype(other)).dtype == dtype


@pytest.mark.parametrize("solver", SOLVERS)
def test_integers_are_fitted_in_float64(rng, solver, seed):
    X, y = rng.integers(0, 9, size=(60, 4)), rng.normal(size=60)
    reg = BackpropRegressor((5,), solver=solver, max_iter=3, random_state=seed).fit(X, y)
    assert {array.dtype for array in parameters(reg)} == {np.dtype(np.float64)}


# 26


@pytest.mark.parametrize("solver", STOCHASTIC)
def test_steps_work_in_place(rng, solver, seed):
    """A million weights: nothing of their size is made in a step.

    Parameters, gradient and moments are needed, and the last completed epoch for Ctrl-C.
    """
    X, y = rng.normal(size=(20, 500)), rng.normal(size=20)
    reg = BackpropRegressor((2000,), solver=solver, max_iter=2, random_state=seed)
    peak = peak_of(reg.fit, X, y)
    n_vectors = {"sgd": 4, "adam": 5}[solver]
    assert peak < (n_vectors + 0.5) * weights_nbytes(reg)


# 27


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("solver", SOLVERS)
def test_pickle_is_no_larger_than_the_weights(rng, solver, early_stopping, seed):
    X, y = rng.normal(size=(60, 50)), rng.normal(size=60)
    reg = BackpropRegressor(
        (300, 100), solver=solver, max_iter=3, early_stopping=early_stopping, random_state=seed
    ).fit(X, y)
    pickled = pickle.dumps(reg)
    assert len(pickled) <= 1.15 * weights_nbytes(reg)
    np.testing.assert_array_equal(pickle.loads(pickled).predict(X), reg.predict(X))


# 28


def growth_of_peak(call, X, *others):
    """Bytes a row by which the peak of a call grows from a fifth of the rows to all."""
    n_rows = X.shape[0]
    few = peak_of(call, *(array[: n_rows // 5] for array in (X, *others)))
    return (peak_of(call, X, *others) - few) / (n_rows - n_rows // 5)


@pytest.fixture(params=[np.asarray, sparse.csr_array])
def many_rows(request, rng):
    return request.param(rng.normal(size=(40_000, 10))), rng.normal(size=40_000)


def test_memory_of_lbfgs_does_not_grow_with_the_rows(many_rows, seed):
    """Without blocks the 300 hidden values of a row and their deltas would be 4800 bytes."""
    X, y = many_rows
    reg = BackpropRegressor((200, 100), solver="lbfgs", max_iter=2, random_state=seed)
    assert growth_of_peak(reg.fit, X, y) < 300


def test_memory_of_predict_does_not_grow_with_the_rows(many_rows, seed):
    """Without blocks the 300 hidden values of a row would be 2400 bytes."""
    X, y = many_rows
    reg = BackpropRegressor((200, 100), max_iter=1, random_state=seed).fit(X[:100], y[:100])
    assert growth_of_peak(reg.predict, X) < 300


# 29


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("kind", ["dense", "csr"])
def test_early_stopping_does_not_copy_the_data(rng, solver, kind, seed):
    X, y = rng.normal(size=(10_000, 100)), rng.normal(size=10_000)
    nbytes = X.nbytes
    X = X if kind == "dense" else sparse.csr_array(X)
    reg = BackpropRegressor(
        (3,), solver=solver, max_iter=1, early_stopping=True, random_state=seed
    )
    assert peak_of(reg.fit, X, y) < 0.6 * nbytes


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("solver", SOLVERS)
def test_images_of_bytes_are_converted_block_by_block(rng, solver, early_stopping, seed):
    X, y = rng.integers(0, 256, size=(10_000, 200), dtype=np.uint8), np.arange(10_000) % 2
    clf = BackpropClassifier(
        (3,), solver=solver, max_iter=1, early_stopping=early_stopping, random_state=seed
    )
    as_float64 = 8 * X.nbytes
    assert peak_of(clf.fit, X, y) < 0.5 * as_float64
    assert peak_of(clf.predict, X) < 0.5 * as_float64


@pytest.mark.parametrize("solver", SOLVERS)
def test_images_of_bytes_give_the_fit_of_floats(rng, solver, seed):
    X, y = rng.integers(0, 4, size=(100, 6), dtype=np.uint8), np.arange(100) % 2
    clf = BackpropClassifier((5,), solver=solver, max_iter=5, batch_size=30, random_state=seed)
    floats = copy.deepcopy(clf).fit(X.astype(float), y)
    clf.fit(X, y)
    for one, other in zip(parameters(clf), parameters(floats), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(clf.predict_proba(X), floats.predict_proba(X.astype(float)))


# 30


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("make", [sparse.csc_array, sparse.csc_matrix])
@pytest.mark.parametrize("solver", SOLVERS)
def test_csc_equals_csr(rng, solver, make, early_stopping, seed):
    X = rng.normal(size=(80, 6)) * (rng.uniform(size=(80, 6)) < 0.4)
    y = np.arange(80) % 3
    clf = BackpropClassifier(
        (5,), solver=solver, batch_size=16, max_iter=5, early_stopping=early_stopping,
        random_state=seed,
    )  # fmt: skip
    rows = copy.deepcopy(clf).fit(sparse.csr_array(X), y)
    clf.fit(make(X), y)
    for one, other in zip(parameters(clf), parameters(rows), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(
        clf.predict_proba(make(X)), rows.predict_proba(sparse.csr_array(X))
    )


# 31


@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_row_is_predicted_as_in_a_batch(rng, task, dtype, seed):
    X = rng.normal(size=(300, 6)).astype(dtype)
    y = {"binary": np.arange(300) % 2, "multiclass": np.arange(300) % 4,
         "multilabel": rng.integers(0, 2, size=(300, 3))}[task]  # fmt: skip
    clf = BackpropClassifier((20, 10), max_iter=3, random_state=seed).fit(X, y)
    rtol = 20 * np.finfo(dtype).eps
    together, raw = clf.predict_proba(X), clf.decision_function(X)
    for i in (0, 7, 299):
        alone = clf.predict_proba(X[i : i + 1])
        assert alone.dtype == dtype
        np.testing.assert_allclose(alone, together[i : i + 1], rtol=rtol)
        np.testing.assert_allclose(
            clf.decision_function(X[i : i + 1]), raw[i : i + 1], rtol=rtol, atol=rtol
        )
