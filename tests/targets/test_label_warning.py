"""Labels that look like numbers to be predicted."""

import warnings

import numpy as np
import pytest
from sklearn.utils.multiclass import check_classification_targets

from skbackprop import BackpropClassifier

X = np.random.default_rng(0).normal(size=(40, 3))


def warns(function, *arguments):
    """Whether a call says that there are many classes."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(*arguments)
    return any("unique classes is greater than 50%" in str(one.message) for one in caught)


@pytest.mark.parametrize("kind", [int, np.uint8, str, float])
@pytest.mark.parametrize("n_classes", [2, 20, 21, 39, 40])
def test_more_classes_than_half_the_rows_are_warned_of(n_classes, kind):
    """Where scikit-learn warns, which before 1.8 did not if all labels differed."""
    y = (np.arange(40) % n_classes).astype(kind)
    fit = BackpropClassifier((2,), max_iter=1, random_state=0).fit
    assert warns(fit, X, y) == warns(check_classification_targets, y)
    assert warns(fit, X, y) == (n_classes > 20) or n_classes == 40
