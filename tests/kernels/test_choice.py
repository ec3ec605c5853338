"""Which kernels are used, and what may go wrong where they are compiled."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from processes import run_script
from scipy import sparse

from skbackprop import BackpropClassifier, BackpropRegressor, TabularRegressor, kernels
from skbackprop.data.rows import Rows
from skbackprop.kernels import kernels_for

numba = pytest.importorskip("numba")

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


SCRIPT = """
import os, sys
{before}
import numpy as np
from skbackprop import BackpropClassifier, kernels
assert "numba" not in (name for name in sys.modules if sys.modules[name])
X = np.random.default_rng(0).normal(size=(200, 4))
y = (X[:, 0] > 0).astype(int)
def fit(max_iter):
    model = BackpropClassifier((4,), max_iter=max_iter, tol=1e9, n_iter_no_change=1)
    return model.fit(X, y)
"""


def run(*lines, before=""):
    return run_script("\n".join([SCRIPT.format(before=before), *lines]))


def test_numba_is_imported_by_long_fits_only():
    printed = run(
        "fit(100); print('numba' in sys.modules)",
        "fit(10**6); print('numba' in sys.modules)",
        before='os.environ.pop("SKBACKPROP_KERNELS", None)',
    )
    assert printed == ["False", "True"]


def test_an_unknown_name_in_the_environment_is_an_error_of_the_fit():
    printed = run(
        "try: fit(1)",
        "except ValueError as error: print(error)",
        before='os.environ["SKBACKPROP_KERNELS"] = "fast"',
    )
    assert printed == ["SKBACKPROP_KERNELS must be one of auto, numpy, numba, got 'fast'."]


WITHOUT_NUMBA = 'sys.modules["numba"] = None; os.environ["SKBACKPROP_KERNELS"] = "auto"'


def test_without_numba_all_goes_through_numpy():
    printed = run(
        "fit(10**6)",
        "print(kernels.kernels_for(10**9, 10**15).name)",
        "for attempt in (lambda: kernels.use('numba'), kernels.compile_all):",
        "    try: attempt()",
        "    except ImportError as error: print(error)",
        "print(kernels.chosen())",
        before=WITHOUT_NUMBA,
    )
    assert printed[0] == "numpy"
    assert all('pip install "skbackprop[fast]"' in line for line in printed[1:3])
    assert printed[3] == "auto"


def test_kernels_sent_to_where_numba_is_missing_are_those_of_numpy():
    import pickle

    kernels.use("numba")
    sent = pickle.dumps(kernels_for(1, 1))
    printed = run(
        "import pickle",
        f"print(pickle.loads({sent!r}).name)",
        before=WITHOUT_NUMBA,
    )
    assert printed == ["numpy"]


BROKEN = {
    "which does not know this NumPy": "raise AttributeError('module numpy has no attribute long')",
    "which is a stub": "",
}


@pytest.mark.parametrize("source", BROKEN.values(), ids=BROKEN)
def test_a_numba_that_does_not_work_is_no_numba(source, tmp_path):
    (tmp_path / "numba").mkdir()
    (tmp_path / "numba" / "__init__.py").write_text(source)
    before = f"sys.path.insert(0, {str(tmp_path)!r}); os.environ['SKBACKPROP_KERNELS'] = 'auto'"
    printed = run(
        "fit(10**6)",
        "try: kernels.use('numba')",
        "except ImportError as error: print(error)",
        before=before,
    )
    assert len(printed) == 1
    assert "compiled kernels need numba" in printed[0]


def test_where_compiling_is_turned_off_all_goes_through_numpy():
    printed = run(
        "fit(10**6)",
        "try: kernels.use('numba')",
        "except ImportError as error: print(error)",
        before='os.environ |= {"NUMBA_DISABLE_JIT": "1", "SKBACKPROP_KERNELS": "auto"}',
    )
    assert len(printed) == 1
    assert "NUMBA_DISABLE_JIT" in printed[0]


def test_an_empty_variable_is_none():
    printed = run("print(kernels.chosen())", before='os.environ["SKBACKPROP_KERNELS"] = ""')
    assert printed == ["auto"]


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


def test_only_stored_features_count_as_work():
    """A prediction for sparse rows took milliseconds, and loaded numba for it."""
    columns = np.arange(10_000)
    X = sparse.csr_array((np.ones(10_000), columns, np.arange(0, 10_001, 10)), (1000, 100_000))
    rows = Rows.of_features(X, np.float64)
    assert rows.stored_per_row == pytest.approx(10)
    printed = run(
        "from scipy import sparse",
        "one_a_row = np.ones(10_000), np.arange(10_000), np.arange(10_001)",
        "X = sparse.csr_array(one_a_row, shape=(10_000, 100_000))",
        "model = BackpropClassifier((10,), max_iter=1, tol=1e9, n_iter_no_change=1)",
        "model.fit(X, np.arange(10_000) % 2).predict(X)",
        "print('numba' in sys.modules)",
        before='os.environ.pop("SKBACKPROP_KERNELS", None)',
    )
    assert printed == ["False"]


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


# ---- processes and threads


FIT_COMPILED = """
import numpy as np
from skbackprop import BackpropClassifier, kernels
kernels.use("numba")
X = np.random.default_rng(0).normal(size=(200, 4))
one = (X[:, 0] > 0).astype(int)
for solver, y in (("adam", one), ("sgd", one), ("adam", one + (X[:, 1] > 0))):
    model = BackpropClassifier((40,), solver=solver, max_iter=30, tol=0, random_state=0)
    model.fit(X, y)
    print(*model.coefs_[0].ravel().tolist())
"""


def test_a_process_that_compiles_rounds_as_those_that_load(tmp_path, monkeypatch):
    """Else the first fit after an installation would not be repeatable."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert run_script(FIT_COMPILED) == run_script(FIT_COMPILED)


def test_processes_that_compile_at_once_do_not_hinder_each_other(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    with ThreadPoolExecutor(3) as pool:
        printed = [*pool.map(run_script, [FIT_COMPILED] * 3)]
    assert printed[0] == printed[1] == printed[2]
    assert [*tmp_path.rglob("*.nbi")]
    assert run_script(FIT_COMPILED) == printed[0]


def test_a_damaged_or_full_cache_does_not_end_a_fit(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    expected = run_script(FIT_COMPILED)
    for pattern in ("*.nbi", "*.nbc"):
        for path in tmp_path.rglob(pattern):
            path.write_bytes(b"")
        assert run_script(FIT_COMPILED) == expected
    full = "def full(*args): raise OSError('No space left on device')\n"
    full += "caching.IndexDataCacheFile._open_for_write = full\n"
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "other"))
    printed = run_script(f"import numba.core.caching as caching\n{full}{FIT_COMPILED}")
    assert printed == expected


def test_kernels_are_compiled_where_nothing_can_be_written():
    printed = run_script(
        "import numba.core.caching as caching\n"
        "caching.CacheImpl._locator_classes = []\n"  # as where no folder can be written to
        f"{FIT_COMPILED}"
    )
    assert printed == run_script(FIT_COMPILED)


def loss_of_fit(queue=None):
    X, y = data()
    loss = BackpropClassifier((4,), max_iter=3, random_state=0).fit(X, y).loss_
    if queue is not None:
        queue.put(loss)
    return loss


@pytest.mark.skipif(sys.platform != "linux", reason="a process is forked")
def test_a_forked_process_uses_what_has_been_compiled():
    printed = run_script(
        f"""
        import sys
        sys.path.insert(0, {os.path.dirname(__file__)!r})
        sys.path.insert(0, {os.path.dirname(os.path.dirname(__file__))!r})
        import multiprocessing
        from test_choice import kernels, loss_of_fit
        kernels.use("numba")
        here = loss_of_fit()
        context = multiprocessing.get_context("fork")
        queue = context.Queue()
        child = context.Process(target=loss_of_fit, args=(queue,))
        child.start()
        print(queue.get(timeout=60) == here)
        child.join()
        """
    )
    assert printed == ["True"]


def test_threads_that_fit_at_once_get_what_one_gets():
    kernels.use("numba")
    with ThreadPoolExecutor(4) as pool:
        losses = [*pool.map(lambda _: loss_of_fit(), range(12))]
    assert set(losses) == {loss_of_fit()}


FIT_ALL = """
import numpy as np
from skbackprop import BackpropClassifier, BackpropRegressor, TabularRegressor, kernels
kernels.use("numba")
X = np.random.default_rng(0).normal(size=(60, 4))
common = {"max_iter": 2, "tol": 0, "random_state": 0}
for T in ("float32", "float64"):
    for solver in ("adam", "sgd", "lbfgs"):
        for activation in ("identity", "logistic", "tanh", "relu", "silu"):
            for y in (np.arange(60) % 2, np.arange(60) % 3):
                model = BackpropClassifier((3,), activation, solver=solver, **common)
                model.fit(X.astype(T), y).predict(X.astype(T))
        BackpropRegressor((3,), solver=solver, **common).fit(X.astype(T), X[:, 0])
        for n_classes in (2, 3, 10):
            y = np.arange(60) % n_classes
            BackpropClassifier((64,), solver=solver, **common).fit(X.astype(T), y)
    for solver in ("adam", "sgd"):
        extras = {"dropout": 0.3, "average": 0.9, "weight_decay": 0.1}
        BackpropClassifier((3, 3), solver=solver, **common, **extras).fit(X.astype(T), y)
TabularRegressor(n_members=1, max_iter=2, min_steps=1).fit(X, X[:, 0])
"""


def test_after_all_are_compiled_fits_compile_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert run_script("from skbackprop import kernels; kernels.compile_all()") == []
    compiled = {path.name for path in tmp_path.rglob("*.nbc")}
    assert len(compiled) > 20
    run_script(FIT_ALL)
    assert {path.name for path in tmp_path.rglob("*.nbc")} == compiled
