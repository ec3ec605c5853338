"""Which kernels are used, and that fits are the same with each set."""

from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import numpy as np
import pytest

from skbackprop import BackpropClassifier, BackpropRegressor, TabularRegressor, kernels
from skbackprop.kernels import kernels_for

Dispatcher = pytest.importorskip("numba.core.dispatcher").Dispatcher

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.thread_unsafe(reason="chooses kernels for the whole process"),
]


@pytest.fixture(autouse=True)
def the_choice_stays():
    before = kernels.chosen()
    yield
    kernels.use(before)


def data(n_rows=120, n_outputs=3):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n_rows, 5))
    return X, rng.integers(n_outputs, size=n_rows)


# ---- the choice


@pytest.mark.parametrize("name", ["numpy", "numba"])
def test_what_is_chosen_is_used_for_all_work(name):
    kernels.use(name)
    assert kernels.chosen() == name
    assert {kernels_for(*work).name for work in [(1, 1), (10**9, 10**15)]} == {name}


def test_auto_compiles_for_long_work_only():
    kernels.use("auto")
    assert kernels_for(100, 10**6).name == "numpy"
    assert kernels_for(10**5, 10**6).name == "numba"
    assert kernels_for(1, 10**11).name == "numba"


@pytest.mark.parametrize("bad", ["cython", None, 1, "NumPy"])
def test_other_choices_are_refused(bad):
    before = kernels.chosen()
    with pytest.raises(ValueError, match="kernels must be one of auto, numpy, numba, got"):
        kernels.use(bad)
    assert kernels.chosen() == before


def test_each_kernel_is_compiled_for_both_types():
    kernels.compile_all()
    for name in ("activations", "losses", "masks", "products", "update_rules"):
        module = import_module(f"skbackprop.kernels.compiled.{name}")
        for function in vars(module).values():
            if isinstance(function, Dispatcher) and "inline" not in function.targetoptions:
                assert len(function.signatures) >= 2, function


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize(
    ("max_iter", "batch_size"),
    [(np.uint8(2), np.uint8(200)), (np.int16(30_000), "auto"), (np.int64(2**62), np.int8(100))],
)
def test_the_work_is_estimated_from_numbers_of_any_type(solver, max_iter, batch_size):
    X, y = data(1200)
    model = BackpropClassifier(
        (2,), solver=solver, max_iter=max_iter, batch_size=batch_size, tol=1e9, n_iter_no_change=1
    )
    assert model.fit(X, y).n_iter_ < 4


# ---- the same fits


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity", "silu", "gelu"])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("estimator", [BackpropClassifier, BackpropRegressor])
def test_fits_are_the_same_but_for_the_rounding(estimator, solver, activation, dtype):
    X, y = data()
    losses = []
    for name in ("numpy", "numba"):
        kernels.use(name)
        model = estimator(
            (7, 5), activation, solver=solver, max_iter=8, random_state=0, dropout=0.1
        )
        if solver == "lbfgs":
            model.set_params(dropout=0.0)
        model.fit(X.astype(dtype), y)
        losses.append(model.loss_curve_)
    np.testing.assert_allclose(*losses, rtol=1e-12 if dtype == "float64" else 1e-5)


def test_a_table_is_fitted_the_same_but_for_the_rounding():
    X, y = data()
    predictions = []
    for name in ("numpy", "numba"):
        kernels.use(name)
        model = TabularRegressor(n_members=2, max_iter=4, min_steps=1, random_state=0)
        predictions.append(model.fit(X, X[:, 0] + 0.1 * y).predict(X))
    np.testing.assert_allclose(*predictions, rtol=0, atol=2e-3)


# ---- threads


def loss_of_fit():
    X, y = data()
    return BackpropClassifier((4,), max_iter=3, random_state=0).fit(X, y).loss_


def test_threads_that_fit_at_once_get_what_one_gets():
    kernels.use("numba")
    with ThreadPoolExecutor(4) as pool:
        losses = [*pool.map(lambda _: loss_of_fit(), range(12))]
    assert set(losses) == {loss_of_fit()}
