"""skops: classes of this package are all that must be trusted to load an estimator."""

import numpy as np
import pytest
from sklearn.datasets import make_classification

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    TabularClassifier,
    TabularRegressor,
)

sio = pytest.importorskip("skops.io")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = make_classification(
    n_samples=60, n_features=5, n_informative=4, n_redundant=0, n_classes=3, random_state=0
)
SMALL = {"hidden_layer_sizes": (6,), "max_iter": 4, "random_state": 0}

FITS = {
    "three classes": (BackpropClassifier(**SMALL), y),
    "two classes": (
        BackpropClassifier(**SMALL, class_weight="balanced", early_stopping=True),
        y > 0,
    ),
    "labels": (BackpropClassifier(**SMALL), (X > 0).astype(int)),
    "to be continued": (BackpropClassifier(**SMALL, warm_start=True), y),
    "columns": (BackpropClassifier(**SMALL), np.column_stack([y, y > 0])),
    "table": (TabularClassifier(2, (6,), max_iter=4, min_steps=0, random_state=0), y),
    "table of numbers": (TabularRegressor(2, (6,), max_iter=4, min_steps=0, random_state=0), y),
    "float32": (BackpropRegressor(**SMALL, dtype="float32", solver="lbfgs"), y),
}


def assert_round_trip(net):
    """Save and load, with the types of this package trusted and no other; return the copy."""
    data = sio.dumps(net)
    types = sio.get_untrusted_types(data=data)
    # numpy.dtype: the networks of a TabularClassifier have one, that of their predictions.
    trusted = [name for name in types if name.startswith("skbackprop.") or name == "numpy.dtype"]
    assert trusted == types
    twin = sio.loads(data, trusted=trusted)
    np.testing.assert_array_equal(twin.predict(X), net.predict(X))
    assert twin.get_params() == net.get_params()
    assert twin.loss_curve_ == net.loss_curve_
    return twin


@pytest.mark.parametrize("name", FITS)
def test_round_trip(name):
    net, target = FITS[name]
    assert_round_trip(net.fit(X, target))


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_training_goes_on_after_a_round_trip(solver):
    net = BackpropRegressor(**SMALL, solver=solver, learning_rate_init=1e-4).partial_fit(X, y)
    twin = assert_round_trip(net).partial_fit(X, y)
    np.testing.assert_array_equal(twin.coefs_[0], net.partial_fit(X, y).coefs_[0])
