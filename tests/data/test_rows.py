"""Rows, blocks and minibatches equal plain indexing, whatever the storage of the data."""

import numpy as np
import pytest
from scipy import sparse

from skbackprop.data import rows as batches
from skbackprop.data.rows import RowBuffers, Rows

N_ROWS, N_FEATURES = 53, 4

STORAGE = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=1)[:, ::2],
    "reversed": lambda X: X[::-1].copy()[::-1],
    "csr_array": sparse.csr_array,
    "csr_matrix": sparse.csr_matrix,
}
TYPES = [np.float64, np.float32, np.float16, np.int64, np.uint8, np.bool_]

every_storage = pytest.mark.parametrize("storage", STORAGE)
every_subset = pytest.mark.parametrize("with_subset", [False, True], ids=["all", "subset"])


def make_rows(seed, storage="C", X_dtype=np.float64, dtype=np.float64, targets=2, weights=1):
    """Rows of small integers (exact in every type), many zeros, and the dense arrays."""
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 5, size=(N_ROWS, N_FEATURES)) * rng.integers(0, 2, size=(N_ROWS, 1))
    X = X.astype(X_dtype)
    y = rng.normal(size=(N_ROWS, targets)) if targets else rng.integers(9, size=N_ROWS)
    weight = rng.uniform(size=(N_ROWS, weights)) if weights else None
    stored = X.astype(np.float32) if X_dtype == np.float16 else X  # SciPy has no sparse float16
    stored = STORAGE[storage](stored if "csr" in storage else X)
    return Rows(stored, y, weight, dtype), X.astype(dtype), y, weight


def dense(X):
    return X.toarray() if sparse.issparse(X) else X


def assert_equal(batch, X, y, weight, dtype):
    """A batch has exactly these rows, and its features the type of the fit."""
    assert batch.X.dtype == dtype
    np.testing.assert_array_equal(dense(batch.X), X)
    np.testing.assert_array_equal(batch.y, y)
    if weight is None:
        assert batch.sample_weight is None
    else:
        np.testing.assert_array_equal(batch.sample_weight, weight)


def take_subset(rows, arrays, seed):
    """Some rows, in another order, as a selection of a selection."""
    rng = np.random.default_rng(seed)
    first = rng.permutation(N_ROWS)[:40]
    second = rng.permutation(40)[:31]
    return rows.select(first).select(second), [
        None if array is None else array[first][second] for array in arrays
    ]


# ---- blocks in the order of the data


@every_subset
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("X_dtype", TYPES)
@every_storage
def test_blocks(storage, X_dtype, dtype, with_subset, seed):
    rows, *arrays = make_rows(seed, storage, X_dtype, dtype)
    if with_subset:
        rows, arrays = take_subset(rows, arrays, seed)
    n_rows = len(arrays[0])
    assert len(rows) == n_rows
    buffers = RowBuffers(rows, 20)
    for start in range(0, n_rows, 20):
        stop = min(start + 20, n_rows)
        expected = [array[start:stop] for array in arrays]
        assert_equal(rows.block(start, stop, buffers), *expected, dtype)


@pytest.mark.parametrize("storage", ["C", "F", "strided"])
def test_a_block_of_the_right_type_is_a_view(storage, seed):
    rows, *_ = make_rows(seed, storage)
    block = rows.block(10, 20, RowBuffers(rows, 10))
    for part, whole in zip(block, (rows.X, rows.y, rows.sample_weight), strict=True):
        assert np.shares_memory(part, whole)


# ---- minibatches


@every_subset
@pytest.mark.parametrize("shuffled", [False, True], ids=["in order", "shuffled"])
@pytest.mark.parametrize("batch_size", [1, 7, 53, 100])
@every_storage
def test_minibatches(storage, batch_size, shuffled, with_subset, seed):
    assert_minibatches(storage, np.float64, batch_size, shuffled, with_subset, seed)


@pytest.mark.parametrize("X_dtype", TYPES)
@every_storage
def test_minibatches_of_other_types(storage, X_dtype, seed):
    assert_minibatches(storage, X_dtype, 7, True, True, seed)


@pytest.mark.parametrize("batches_at_once", [1, 2, 3])
def test_minibatches_gathered_few_at_once(batches_at_once, seed, monkeypatch):
    monkeypatch.setattr(batches, "_GATHER_BYTES", batches_at_once * 7 * N_FEATURES * 8)
    rows, *_ = make_rows(seed)
    takes = []
    monkeypatch.setattr(
        batches, "_take", lambda *args, take=batches._take: takes.append(1) or take(*args)
    )
    list(rows.minibatches(7, True).epoch(np.arange(N_ROWS)))
    n_arrays = 3  # features, targets, weights
    assert len(takes) == n_arrays * -(-N_ROWS // (7 * batches_at_once))
    assert_minibatches("C", np.float64, 7, True, False, seed)
    assert_minibatches("csr_array", np.float64, 7, True, True, seed)


def assert_minibatches(storage, X_dtype, batch_size, shuffled, with_subset, seed):
    rows, *arrays = make_rows(seed, storage, X_dtype)
    if with_subset:
        rows, arrays = take_subset(rows, arrays, seed)
    n_rows = len(rows)
    order = np.random.default_rng(seed + 1).permutation(n_rows) if shuffled else None
    positions = np.arange(n_rows) if order is None else order
    starts = range(0, n_rows, batch_size)
    n_batches = 0
    minibatches = rows.minibatches(batch_size, shuffled)
    for start, batch in zip(starts, minibatches.epoch(order), strict=True):
        taken = positions[start : start + batch_size]
        assert_equal(batch, *(array[taken] for array in arrays), np.float64)
        n_batches += 1
    assert n_batches == len(starts)


@pytest.mark.parametrize("weights", [0, 1, 2])
@pytest.mark.parametrize("targets", [0, 1, 3])
def test_minibatches_of_class_codes_and_weights(targets, weights, seed):
    """``targets=0`` stands for class codes, which are one-dimensional integers."""
    rows, *arrays = make_rows(seed, targets=targets, weights=weights)
    order = np.random.default_rng(seed).permutation(N_ROWS)
    for batch in rows.minibatches(60, True).epoch(order):
        assert_equal(batch, *(None if a is None else a[order] for a in arrays), np.float64)
        assert batch.y.dtype == rows.y.dtype


def test_a_part_of_a_batch(seed):
    for weights in (0, 1):
        rows, X, y, weight = make_rows(seed, weights=weights)
        part = rows.block(0, 50, RowBuffers(rows, 50)).part(10, 13)
        expected = None if weight is None else weight[10:13]
        assert_equal(part, X[10:13], y[10:13], expected, np.float64)


# ---- totals and copies


@pytest.mark.parametrize("weights", [0, 1, 3])
@every_subset
def test_total_weight(with_subset, weights, seed):
    """Weights of single targets count by their mean over the outputs."""
    rows, *arrays = make_rows(seed, weights=weights)
    if with_subset:
        rows, arrays = take_subset(rows, arrays, seed)
    expected = len(rows) if arrays[2] is None else arrays[2].mean(axis=1).sum()
    assert rows.total_weight == pytest.approx(expected, rel=1e-14)


@every_subset
def test_targets(with_subset, seed):
    for weights in (0, 1):
        rows, *arrays = make_rows(seed, weights=weights)
        if with_subset:
            rows, arrays = take_subset(rows, arrays, seed)
        y, weight = rows.targets()
        np.testing.assert_array_equal(y, arrays[1])
        assert (weight is None) is (arrays[2] is None)
        if weight is not None:
            np.testing.assert_array_equal(weight, arrays[2])


@every_storage
def test_row_major_has_the_same_rows(storage, seed):
    rows, *arrays = make_rows(seed, storage)
    rows, arrays = take_subset(rows, arrays, seed)
    again = rows.row_major()
    assert_equal(again.block(0, 31, RowBuffers(again, 31)), *arrays, np.float64)
    assert "csr" in storage or again.X.flags.c_contiguous
    assert (again is rows) is (storage in ("C", "csr_array", "csr_matrix"))


def test_row_major_does_not_read_a_memory_map(tmp_path, seed):
    rows, X, y, weight = make_rows(seed)
    mapped = np.memmap(tmp_path / "X", dtype=np.float64, mode="w+", shape=X.shape, order="F")
    mapped[...] = X
    rows = Rows(mapped, y, weight, np.float64)
    assert rows.row_major() is rows
    for batch in rows.minibatches(60, True).epoch(np.arange(N_ROWS)[::-1]):
        assert_equal(batch, X[::-1], y[::-1], weight[::-1], np.float64)


@every_storage
def test_largest_feature(storage, seed):
    rows, X, *_ = make_rows(seed, storage)
    negative = Rows(-3 * rows.X, rows.y, None, np.float64)
    assert negative.largest_feature() == 3 * X.max()
    assert rows.largest_feature() == X.max()


def test_largest_feature_of_an_empty_sparse_matrix_is_zero():
    rows = Rows(sparse.csr_array((3, 2)), np.zeros((3, 1)), None, np.float64)
    assert rows.largest_feature() == 0.0


@every_storage
def test_rows_of_features_alone(storage, seed):
    X = make_rows(seed, storage)[1]
    rows = Rows.of_features(STORAGE[storage](X), np.float32)
    block = rows.block(0, N_ROWS, RowBuffers(rows, N_ROWS))
    assert block.X.dtype == np.float32
    np.testing.assert_array_equal(dense(block.X), X)
    assert block.y.shape == (N_ROWS, 0)
    assert block.sample_weight is None


@every_storage
def test_rows_are_only_read(storage, seed):
    rows, X, y, weight = make_rows(seed, storage)
    before = [X.copy(), y.copy(), weight.copy()]
    data = rows.X.data if sparse.issparse(rows.X) else rows.X
    for array in (data, rows.y, rows.sample_weight):
        array.flags.writeable = False
    order = np.random.default_rng(seed).permutation(N_ROWS)
    for _ in rows.minibatches(7, True).epoch(order):
        pass
    assert_equal(rows.block(0, N_ROWS, RowBuffers(rows, N_ROWS)), *before, np.float64)
