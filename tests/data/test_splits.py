"""Splits of the rows."""

import numpy as np
import pytest

from skbackprop.data import folds


@pytest.mark.parametrize(
    ("n_rows", "n_folds"), [(100, 8), (16, 8), (17, 8), (15, 7), (5, 2), (4, 2)]
)
def test_each_row_is_in_one_fold(n_rows, n_folds):
    splits = folds(None, n_rows, 8, 0)
    assert len(splits) == n_folds
    held_out = np.concatenate([validation for _, validation in splits])
    np.testing.assert_array_equal(np.sort(held_out), np.arange(n_rows))
    for training, validation in splits:
        np.testing.assert_array_equal(np.setdiff1d(np.arange(n_rows), validation), training)
    sizes = [len(validation) for _, validation in splits]
    assert max(sizes) - min(sizes) <= 1
    assert min(sizes) >= 2


def test_classes_are_distributed_evenly():
    strata = np.repeat([0, 1, 2], [80, 9, 1])
    for _, validation in folds(strata, 90, 8, 0):
        counts = np.bincount(strata[validation], minlength=3)
        assert counts[0] in (9, 10, 11)
        assert counts[1] in (1, 2)


def test_folds_are_drawn_by_the_seed():
    one, same, other = (folds(None, 50, 8, seed)[0][1] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert set(one) != set(other)


def test_too_few_rows():
    with pytest.raises(ValueError, match="3 samples are too few"):
        folds(None, 3, 8, 0)
