"""Kernels in processes of their own: where numba is missing, and where they are compiled."""

import pickle
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from processes import run_script
from scipy import sparse

from skbackprop.data.rows import Rows

pytest.importorskip("numba")

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
    from skbackprop.kernels.compiled import COMPILED

    printed = run(
        "import pickle",
        f"print(pickle.loads({pickle.dumps(COMPILED)!r}).name)",
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


@pytest.mark.skipif(sys.platform != "linux", reason="a process is forked")
def test_a_forked_process_uses_what_has_been_compiled():
    printed = run_script(
        """
        import multiprocessing
        import numpy as np
        from skbackprop import BackpropClassifier, kernels

        kernels.use("numba")
        X = np.random.default_rng(0).normal(size=(120, 5))

        def loss_of_fit():
            return BackpropClassifier((4,), max_iter=3, random_state=0).fit(X, X[:, 0] > 0).loss_

        here = loss_of_fit()
        context = multiprocessing.get_context("fork")
        queue = context.Queue()
        child = context.Process(target=lambda: queue.put(loss_of_fit()))
        child.start()
        print(queue.get(timeout=60) == here)
        child.join()
        """
    )
    assert printed == ["True"]


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
