"""Labels that look like numbers to be predicted."""

import warnings

import numpy as np
import pytest

from skbackprop import BackpropClassifier

X = np.random.default_rng(0).normal(size=(40, 3))


def warned(y):
    """Whether the fit says that there are many classes."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        BackpropClassifier((2,), max_iter=1, random_state=0).fit(X, y)
    return any("unique classes is greater than 50%" in str(one.message) for one in caught)


@pytest.mark.parametrize("kind", [int, np.uint8, str, float])
@pytest.mark.parametrize("n_classes", [2, 20, 21, 40])
def test_more_classes_than_half_the_rows_are_warned_of(n_classes, kind):
    assert warned((np.arange(40) % n_classes).astype(kind)) == (n_classes > 20)
