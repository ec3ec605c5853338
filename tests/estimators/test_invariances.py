"""What must not change a result: weights for copies, order, blocks, threads, pieces of a fit."""

import copy
import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_info, threadpool_limits

from skbackprop import BackpropClassifier, BackpropRegressor

SOLVERS = ["sgd", "adam", "lbfgs"]
STOCHASTIC = ["sgd", "adam"]
TASKS = ["binary", "multiclass", "multilabel", "regression", "regression_3", "poisson"]
SINGLE_LABEL = ["binary", "multiclass"]

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def make_data(seed, task, n_rows=60, n_features=5):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_features))
    noisy = X @ rng.normal(size=n_features) + rng.normal(size=n_rows)
    if task == "binary":
        y = np.where(noisy > np.median(noisy), "yes", "no")
    elif task == "multiclass":
        y = np.digitize(noisy, np.quantile(noisy, [0.3, 0.7]))
    elif task == "multilabel":
        y = (np.column_stack([noisy, -noisy, rng.normal(size=n_rows)]) > 0).astype(int)
    elif task == "regression":
        y = noisy
    elif task == "regression_3":
        y = np.column_stack([noisy, -noisy, rng.normal(size=n_rows)])
    else:
        y = rng.poisson(np.exp(0.3 * noisy)).astype(float)
    return X, y


def make_estimator(task, **params):
    params = {"hidden_layer_sizes": (7,), "max_iter": 12, "alpha": 0.3, **params}
    if task in ("binary", "multiclass", "multilabel"):
        return BackpropClassifier(**params)
    return BackpropRegressor(**params, loss="poisson" if task == "poisson" else "squared_error")


def parameters(est):
    return [*est.coefs_, *est.intercepts_]


def predictions(est, X):
    return est.predict_proba(X) if hasattr(est, "predict_proba") else est.predict(X)


def assert_same_fit(one, other, rtol):
    """Same parameters and losses; `rtol` is relative to each array's largest entry."""
    assert one.n_iter_ == other.n_iter_
    pairs = zip(
        [*parameters(one), one.loss_curve_], [*parameters(other), other.loss_curve_], strict=True
    )
    for a, b in pairs:
        np.testing.assert_allclose(a, b, rtol=0, atol=rtol * np.abs(b).max())


def assert_same_bits(one, other):
    for a, b in zip(parameters(one), parameters(other), strict=True):
        np.testing.assert_array_equal(a, b)
    assert one.loss_curve_ == other.loss_curve_


# Weights


def full_batch(solver, n_rows):
    """Settings under which the order of rows plays no part."""
    if solver == "lbfgs":
        return {"solver": solver}
    return {"solver": solver, "batch_size": n_rows, "learning_rate_init": 0.01}


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("task", TASKS)
def test_integer_weights_equal_repeated_rows(task, solver, seed):
    X, y = make_data(seed, task)
    copies = np.random.default_rng(seed).integers(0, 4, size=len(X))
    weighted = make_estimator(task, random_state=seed, **full_batch(solver, (copies > 0).sum()))
    repeated = make_estimator(task, random_state=seed, **full_batch(solver, copies.sum()))
    weighted.fit(X, y, sample_weight=copies)
    repeated.fit(np.repeat(X, copies, axis=0), np.repeat(y, copies, axis=0))
    assert_same_fit(weighted, repeated, 1e-6 if solver == "lbfgs" else 1e-9)


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array, sparse.csc_array])
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("task", TASKS)
def test_zero_weight_equals_removal(task, solver, container, early_stopping, seed):
    X, y = make_data(seed, task)
    sample_weight = np.random.default_rng(seed).choice([0.0, 0.5, 2.0], size=len(X))
    present = sample_weight > 0
    est = make_estimator(
        task, solver=solver, batch_size=9, early_stopping=early_stopping, random_state=seed,
        validation_fraction=0.25,
    )  # fmt: skip
    with_zeros = copy.deepcopy(est).fit(container(X), y, sample_weight)
    without = est.fit(container(X[present]), y[present], sample_weight[present])
    assert_same_bits(with_zeros, without)
    assert with_zeros.validation_scores_ == without.validation_scores_


@pytest.mark.parametrize("solver", STOCHASTIC)
def test_zero_weight_equals_removal_in_partial_fit(solver, seed):
    X, y = make_data(seed, "binary")
    sample_weight = np.random.default_rng(seed).choice([0.0, 0.5, 2.0], size=len(X))
    present = sample_weight > 0
    with_zeros = make_estimator("binary", solver=solver, batch_size=9, random_state=seed)
    without = copy.deepcopy(with_zeros)
    for _ in range(3):
        with_zeros.partial_fit(X, y, sample_weight, classes=["no", "yes"])
        without.partial_fit(X[present], y[present], sample_weight[present], classes=["no", "yes"])
    assert_same_bits(with_zeros, without)


@pytest.mark.parametrize("solver", SOLVERS)
def test_unit_weights_equal_no_weights(solver, seed):
    X, y = make_data(seed, "multiclass")
    est = make_estimator("multiclass", solver=solver, batch_size=9, random_state=seed)
    weighted = copy.deepcopy(est).fit(X, y, np.ones(len(X)))
    assert_same_fit(weighted, est.fit(X, y), 1e-9)


@pytest.mark.parametrize("solver", SOLVERS)
def test_weights_times_a_constant_change_nothing_without_penalty(solver, seed):
    X, y = make_data(seed, "regression")
    sample_weight = np.random.default_rng(seed).uniform(0.2, 3.0, size=len(X))
    est = make_estimator("regression", solver=solver, batch_size=9, alpha=0.0, random_state=seed)
    one = copy.deepcopy(est).fit(X, y, sample_weight)
    assert_same_fit(one, est.fit(X, y, 1000.0 * sample_weight), 1e-6)


# Rows: their order, the blocks they are worked through in


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("task", TASKS)
def test_order_of_rows_is_irrelevant_for_full_batches(task, solver, seed):
    X, y = make_data(seed, task)
    order = np.random.default_rng(seed).permutation(len(X))
    est = make_estimator(task, random_state=seed, **full_batch(solver, len(X)))
    straight = copy.deepcopy(est).fit(X, y)
    assert_same_fit(est.fit(X[order], y[order]), straight, 1e-6 if solver == "lbfgs" else 1e-9)


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("task", ["multiclass", "regression"])
def test_many_blocks_equal_one(task, container, seed):
    """Forty copies of the rows span many blocks; forty times the penalty is the same problem."""
    X, y = make_data(seed, task, n_rows=77)
    once = make_estimator(task, solver="lbfgs", alpha=0.3, random_state=seed)
    often = make_estimator(task, solver="lbfgs", alpha=0.3 * 40, random_state=seed)
    once.fit(container(X), y)
    often.fit(container(np.tile(X, (40, 1))), np.tile(y, 40))
    assert_same_fit(often, once, 1e-6)


@pytest.mark.parametrize("n_rows", [1, 2, 255, 256, 257, 511, 513, 1023, 1024, 1025, 4099])
@pytest.mark.parametrize("task", ["multiclass", "regression_3"])
def test_prediction_of_a_row_does_not_depend_on_the_others(task, n_rows, seed):
    X, y = make_data(seed, task)
    est = make_estimator(task, random_state=seed).fit(X, y)
    rows = np.random.default_rng(seed).normal(size=(n_rows, X.shape[1]))
    expected = np.vstack(
        [predictions(est, piece) for piece in np.array_split(rows, 1 + n_rows // 50)]
    )
    np.testing.assert_allclose(predictions(est, rows), expected, rtol=1e-11, atol=1e-14)
    np.testing.assert_allclose(
        predictions(est, sparse.csr_array(rows)), expected, rtol=1e-11, atol=1e-14
    )


@pytest.mark.parametrize("solver", SOLVERS)
def test_layout_of_memory_does_not_change_the_fit(solver, seed):
    X, y = make_data(seed, "binary")
    est = make_estimator("binary", solver=solver, batch_size=9, random_state=seed)
    straight = copy.deepcopy(est).fit(X, y)
    wide = np.zeros((len(X), 2 * X.shape[1]))
    wide[:, ::2] = X
    for other in (np.asfortranarray(X), wide[:, ::2], X.tolist()):
        assert_same_fit(copy.deepcopy(est).fit(other, y), straight, 1e-6)


# Threads


def fit_with_threads(n_threads, task, X, y, **params):
    est = make_estimator(task, max_iter=6, **params)
    with threadpool_limits(n_threads):
        est.fit(X, y)
        return est, predictions(est, X)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("task", TASKS)
def test_number_of_threads_does_not_change_a_bit(task, container, dtype, seed):
    X, y = make_data(seed, task, n_rows=5000)
    X = container(X.astype(dtype))
    params = {"solver": "lbfgs", "random_state": seed, "hidden_layer_sizes": (20, 10)}
    one, one_predicted = fit_with_threads(1, task, X, y, **params)
    two, two_predicted = fit_with_threads(2, task, X, y, **params)
    assert_same_bits(one, two)
    np.testing.assert_array_equal(one_predicted, two_predicted)


@pytest.mark.parametrize("solver", STOCHASTIC)
def test_number_of_threads_does_not_change_a_minibatch_fit(solver, seed):
    X, y = make_data(seed, "multiclass", n_rows=3000, n_features=60)
    params = {"solver": solver, "random_state": seed, "batch_size": 600}
    params["hidden_layer_sizes"] = (200, 100)
    one, one_predicted = fit_with_threads(1, "multiclass", X, y, **params)
    two, two_predicted = fit_with_threads(2, "multiclass", X, y, **params)
    assert_same_fit(one, two, 1e-9)
    np.testing.assert_allclose(one_predicted, two_predicted, rtol=0, atol=1e-9)


def thread_limits():
    return {pool["filepath"]: pool["num_threads"] for pool in threadpool_info()}


@pytest.fixture(params=[1, 2, 3])
def limit(request):
    """Some limit in force around the test, so that a leak of any number shows."""
    with threadpool_limits(request.param):
        yield thread_limits()


def assert_limits_are(expected):
    now = thread_limits()
    assert {path: now[path] for path in expected} == expected


@pytest.mark.parametrize("solver", SOLVERS)
def test_no_thread_limit_leaks_out(limit, solver, seed):
    X, y = make_data(seed, "binary", n_rows=2500)
    est = make_estimator("binary", solver=solver, max_iter=2, random_state=seed).fit(X, y)
    assert_limits_are(limit)
    est.predict_proba(X)
    assert_limits_are(limit)
    if solver != "lbfgs":
        est.partial_fit(X, y)
        assert_limits_are(limit)


@pytest.mark.parametrize("solver", SOLVERS)
def test_no_thread_limit_leaks_out_of_an_exception(limit, solver, seed):
    X, y = make_data(seed, "binary", n_rows=2500)

    def broken(estimator, X, y):
        raise ZeroDivisionError("the scorer is broken")

    est = make_estimator(
        "binary", solver=solver, early_stopping=True, scoring=broken, random_state=seed
    )
    with pytest.raises(ZeroDivisionError, match="the scorer is broken"):
        est.fit(X, y)
    assert_limits_are(limit)


def test_no_thread_limit_leaks_out_of_a_failed_prediction(limit, seed):
    X, y = make_data(seed, "binary", n_rows=2500)
    est = make_estimator("binary", max_iter=1, random_state=seed).fit(X, y)
    with pytest.raises(ValueError, match="features"):
        est.predict(X[:, 1:])
    assert_limits_are(limit)


@pytest.mark.parametrize("solver", SOLVERS)
def test_fits_at_the_same_time_do_not_disturb_each_other(limit, solver, seed):
    X, y = make_data(seed, "regression", n_rows=4000)

    def fit(i):
        return make_estimator("regression", solver=solver, max_iter=4, random_state=seed + i).fit(
            X, y
        )

    with ThreadPoolExecutor(3) as executor, warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        together = list(executor.map(fit, range(6)))
        apart = [fit(i) for i in range(6)]
    for one, other in zip(together, apart, strict=True):
        assert_same_fit(one, other, 1e-9)
    assert_limits_are(limit)


# Pieces of a fit


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("learning_rate", ["constant", "invscaling", "adaptive"])
@pytest.mark.parametrize("task", TASKS)
def test_partial_fits_with_sgd_equal_one_fit(task, learning_rate, shuffle, seed):
    """With `tol` so large that every second epoch counts as a failure, 'adaptive' divides."""
    params = {"learning_rate": learning_rate, "learning_rate_init": 0.01, "power_t": 0.2}
    if learning_rate == "adaptive":
        params |= {"tol": 10.0, "n_iter_no_change": 1}
    assert_partial_fits_equal_one_fit(task, seed, solver="sgd", shuffle=shuffle, **params)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("task", TASKS)
def test_partial_fits_with_adam_equal_one_fit(task, shuffle, seed):
    assert_partial_fits_equal_one_fit(task, seed, solver="adam", shuffle=shuffle)


def assert_partial_fits_equal_one_fit(task, seed, n_calls=9, **params):
    X, y = make_data(seed, task)
    params = {"batch_size": 8, "random_state": seed, **params}
    pieces = make_estimator(task, **params)
    whole = make_estimator(task, max_iter=n_calls, **params).fit(X, y)
    assert whole.n_iter_ == n_calls
    arguments = {"classes": np.unique(y)} if task in SINGLE_LABEL else {}
    for _ in range(n_calls):
        pieces.partial_fit(X, y, **arguments)
        assert pieces.n_iter_ == 1
    for a, b in zip(parameters(pieces), parameters(whole), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-9 * np.abs(b).max())
    np.testing.assert_allclose(pieces.loss_curve_, whole.loss_curve_, rtol=1e-9)
    assert pieces.t_ == whole.t_


def pickled(est):
    return pickle.loads(pickle.dumps(est))


@pytest.mark.parametrize("how", [copy.deepcopy, pickled])
@pytest.mark.parametrize("solver", STOCHASTIC)
def test_copy_of_a_half_trained_estimator_goes_on_alike(solver, how, seed):
    """It carries all that is needed: moments, order of the rows, generator."""
    X, y = make_data(seed, "regression")
    straight = make_estimator("regression", solver=solver, batch_size=8, random_state=seed + 1000)
    for _ in range(3):
        straight.partial_fit(X, y)
    copied = how(straight)
    for _ in range(3):
        straight.partial_fit(X, y)
        copied.partial_fit(X, y)
    assert_same_bits(straight, copied)


@pytest.mark.parametrize("how", [copy.deepcopy, pickled])
@pytest.mark.parametrize("solver", STOCHASTIC)
def test_copy_of_a_warm_estimator_goes_on_alike(solver, how, seed):
    X, y = make_data(seed, "binary")
    straight = make_estimator(
        "binary", solver=solver, batch_size=8, warm_start=True, random_state=seed + 1000
    ).fit(X, y)
    assert_same_bits(how(straight).fit(X, y), straight.fit(X, y))


# Seeds


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("task", TASKS)
def test_same_seed_gives_the_same_bits(task, solver, early_stopping, seed):
    X, y = make_data(seed, task)
    params = {"solver": solver, "early_stopping": early_stopping, "batch_size": 9}
    one = make_estimator(task, random_state=seed, **params).fit(X, y)
    two = make_estimator(task, random_state=seed, **params).fit(X, y)
    other = make_estimator(task, random_state=seed + 1, **params).fit(X, y)
    assert_same_bits(one, two)
    assert not np.array_equal(one.coefs_[0], other.coefs_[0])


def test_a_second_fit_forgets_the_first(seed):
    X, y = make_data(seed, "regression")
    est = make_estimator("regression", random_state=seed)
    first = copy.deepcopy(est.fit(X, y))
    est.fit(-3 * X, y**2)
    assert_same_bits(est.fit(X, y), first)
