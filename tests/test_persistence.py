"""skops: what the user guide says must be trusted is enough to load an estimator."""

import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import make_classification

from skbackprop import BackpropClassifier, BackpropRegressor

sio = pytest.importorskip("skops.io")

PAGE = Path(__file__).resolve().parents[1] / "docs" / "user_guide" / "persistence.md"
DOCUMENTED = set(re.findall(r"`(skbackprop\.[\w.]+\.[A-Z]\w+)`", PAGE.read_text(encoding="utf-8")))

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
    "float32": (BackpropRegressor(**SMALL, dtype="float32", solver="lbfgs"), y),
}


def assert_round_trip(net):
    """Save and load, with the documented types trusted and no other; return the copy."""
    data = sio.dumps(net)
    assert set(sio.get_untrusted_types(data=data)) <= DOCUMENTED
    twin = sio.loads(data, trusted=sorted(DOCUMENTED))
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
