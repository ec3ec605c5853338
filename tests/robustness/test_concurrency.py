"""Fits beside other threads: copies, predictions and fits at the same time."""

import copy
import os
import pickle
import sys
import threading
import time

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    SmoothClipScaler,
    TableEncoder,
    TabularClassifier,
    TabularRegressor,
)
from skbackprop.activations import from_functions
from skbackprop.inspection import input_gradient, layer_outputs

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

LONG = os.environ.get("SKBACKPROP_PROFILE") == "long"
SOLVERS = ["adam", "sgd", "lbfgs"]

X, y = make_classification(n_samples=80, n_features=5, random_state=0)


def learnt(net):
    """Public fitted attributes, as they are now."""
    attributes = {name: value for name, value in vars(net).items() if name.endswith("_")}
    return attributes | {"loss_curve_": list(net.loss_curve_)}


@pytest.fixture
def restless_threads():
    """The interpreter changes threads as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def meanwhile(work, look):
    """Call ``look`` again and again while ``work`` runs in another thread; list what it gives."""
    failed = []

    def run():
        try:
            work()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    seen = [look()]
    while thread.is_alive():
        seen.append(look())
        time.sleep(1e-3)
    thread.join()
    assert not failed
    return seen


# ---- one estimator, looked at while it is fitted in another thread


@pytest.mark.parametrize("copy_of", [pickle.dumps, copy.copy])
@pytest.mark.parametrize(
    ("solver", "method"),
    [*((solver, "fit") for solver in SOLVERS), ("adam", "partial_fit"), ("sgd", "partial_fit")],
)
def test_a_copy_made_during_a_fit_is_of_one_state(restless_threads, solver, method, copy_of):
    """It is what an earlier fit left or what a later one did, and goes on as that would."""
    n_fits = 400 if LONG else 60
    net = BackpropClassifier(
        (3,), solver=solver, max_iter=2, batch_size=40, warm_start=True, random_state=0
    ).fit(X, y)
    reference, states = pickle.loads(pickle.dumps(net)), {}
    for n in range(n_fits + 1):
        states[reference.coefs_[0].tobytes()] = n, learnt(reference)
        getattr(reference, method)(X, y)

    def work():
        for _ in range(n_fits):
            getattr(net, method)(X, y)

    seen = set()
    for one in meanwhile(work, lambda: copy_of(net)):
        twin = pickle.loads(one) if isinstance(one, bytes) else one
        n, state = states[twin.coefs_[0].tobytes()]
        if method == "partial_fit":  # which makes the curve longer in place, a moment before
            del twin.loss_curve_[len(state["loss_curve_"]) :]
        np.testing.assert_equal(learnt(twin), state)
        if n < n_fits and n not in seen and len(seen) < 5:
            following = getattr(twin, method)(X, y)
            assert states[following.coefs_[0].tobytes()][0] == n + 1
        seen.add(n)
    assert len(seen) > 2


OTHER_DATA = {
    "binary": (X, y),
    "texts": (X[:50, :3], np.array(["a", "b", "c", "d", "e"])[np.arange(50) % 5]),
    "frame": (pd.DataFrame(X[:40, :4], columns=[*"pqrs"]), X[:40] > 0),
    "numbers": (X[:, :2], X[:, 2]),
    "columns": (X[:50, :3], X[:50, 3:] @ np.ones((2, 3))),
    "named": (pd.DataFrame(X[:40, :4], columns=[*"pqrs"]), X[:40, 4]),
}
FEW_STEPS = {"hidden_layer_sizes": (3,), "max_iter": 1, "random_state": 0}
TABULAR = FEW_STEPS | {"n_members": 1, "min_steps": 0}


@pytest.mark.parametrize("copy_of", [pickle.dumps, copy.copy])
@pytest.mark.parametrize(
    ("net", "kinds"),
    [
        (BackpropClassifier(**FEW_STEPS), ["binary", "texts", "frame"]),
        (BackpropRegressor(**FEW_STEPS, solver="lbfgs"), ["numbers", "columns", "named"]),
        (TabularClassifier(**TABULAR), ["binary", "texts", "frame"]),
        (TabularRegressor(**TABULAR), ["numbers", "columns", "named"]),
    ],
)
def test_a_copy_made_during_a_refit_is_of_one_fit(restless_threads, net, kinds, copy_of):
    """Other features, other names, other classes: the copy is of one fit in all of them."""
    net, data = clone(net), [OTHER_DATA[kind] for kind in kinds]
    states = []
    for X, y in data:
        fitted = clone(net).fit(X, y)
        states.append((fitted.n_features_in_, X, fitted.predict(X), vars(fitted).keys()))
    net.fit(*data[0])

    def work():
        for i in range(1, (600 if LONG else 60) + 1):
            net.fit(*data[i % len(data)])

    seen = set()
    for one in meanwhile(work, lambda: copy_of(net)):
        twin = pickle.loads(one) if isinstance(one, bytes) else one
        n_features, X, predicted, names = states[[s[0] for s in states].index(twin.n_features_in_)]
        assert vars(twin).keys() == names
        np.testing.assert_array_equal(twin.predict(X), predicted)
        seen.add(n_features)
    assert len(seen) > 1


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_a_prediction_during_a_fit_is_of_one_state(restless_threads, method):
    n_fits = 400 if LONG else 60
    net = BackpropRegressor((3,), max_iter=1, warm_start=True, random_state=0).fit(X, y)
    reference, expected = pickle.loads(pickle.dumps(net)), set()
    for _ in range(n_fits + 1):
        expected.add(reference.predict(X).tobytes())
        getattr(reference, method)(X, y)
    seen = meanwhile(
        lambda: [getattr(net, method)(X, y) for _ in range(n_fits)],
        lambda: net.predict(X).tobytes(),
    )
    assert set(seen) <= expected
    assert len(set(seen)) > 2


MEANWHILE = []


def meanwhile_once():
    """Do what is to be done in the middle of a prediction."""
    if MEANWHILE:
        MEANWHILE.pop()()


def interrupted_tanh(Z):
    meanwhile_once()
    return np.tanh(Z)


class Interrupted:
    """An array that takes its time to be read."""

    def __init__(self, array):
        self._array, self.shape = array, array.shape

    def __len__(self):
        return len(self._array)

    def __array__(self, dtype=None, copy=None):
        meanwhile_once()
        return np.array(self._array, dtype)


HOOKED = FEW_STEPS | {"activation": from_functions(interrupted_tanh, lambda H: 1 - H * H)}
PROBABILITIES = ["predict_proba", "predict_log_proba", "predict", "score"]
PREDICTIONS = [
    *((BackpropClassifier(**HOOKED), m) for m in [*PROBABILITIES, "decision_function"]),
    (BackpropClassifier(**HOOKED), "transform"),
    (BackpropClassifier(**HOOKED), layer_outputs),
    (BackpropClassifier(**HOOKED), input_gradient),
    *((BackpropRegressor(**HOOKED), m) for m in ["predict", "score"]),
    *((TabularClassifier(**HOOKED, n_members=2, min_steps=0), m) for m in PROBABILITIES),
    *((TabularRegressor(**HOOKED, n_members=2, min_steps=0), m) for m in ["predict", "score"]),
]


@pytest.mark.parametrize("where", ["in the data", "in the network"])
@pytest.mark.parametrize(("net", "method"), PREDICTIONS)
def test_prediction_is_of_one_fit_during_a_refit(net, method, where):
    """Another fit, with other features, units and classes: for the next prediction only."""
    net = clone(net)
    if hasattr(net, "predict_proba"):
        data, others = OTHER_DATA["binary"], OTHER_DATA["texts"]
    else:
        data, others = OTHER_DATA["named"], OTHER_DATA["columns"]
        data = np.array(data[0]), 1000 * data[1]  # in other units
    ask = method if callable(method) else lambda net, X, *y: getattr(net, method)(X, *y)
    targets = [data[1]] if method == "score" else []

    def refit():
        net.set_params(hidden_layer_sizes=(4,)).fit(*others)

    expected = ask(net.fit(*data), data[0], *targets)
    MEANWHILE.append(refit)
    found = ask(net, Interrupted(data[0]) if where == "in the data" else data[0], *targets)
    assert not MEANWHILE
    assert net.n_features_in_ == others[0].shape[1]
    np.testing.assert_equal(found, expected)


@pytest.mark.parametrize("transformer", [TableEncoder(), SmoothClipScaler()])
def test_transformed_data_are_of_one_fit_during_a_refit(transformer):
    X = OTHER_DATA["named"][0].to_numpy()
    expected = transformer.fit(X).transform(X)
    MEANWHILE.append(lambda: transformer.fit(np.c_[X + 1, X]))
    found = transformer.transform(Interrupted(X))
    assert not MEANWHILE
    assert transformer.n_features_in_ == 2 * X.shape[1]
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("solvers", [("adam", "lbfgs"), ("sgd", "adam"), ("lbfgs", "lbfgs")])
def test_fits_and_predictions_at_once_are_those_made_alone(restless_threads, solvers):
    X, y = make_classification(n_samples=3000, n_features=10, random_state=0)
    nets = [BackpropClassifier((20,), solver=s, max_iter=6, random_state=0) for s in solvers]
    alone = [clone(net).fit(X, y) for net in nets]
    third = BackpropClassifier((30,), max_iter=2, random_state=1).fit(X, y)
    expected = third.predict_proba(X)

    def work():
        threads = [threading.Thread(target=net.fit, args=(X, y)) for net in nets]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    for predicted in meanwhile(work, lambda: third.predict_proba(X)):
        np.testing.assert_array_equal(predicted, expected)
    for net, other in zip(nets, alone, strict=True):
        np.testing.assert_equal(learnt(net), learnt(other))


# ---- several fits side by side


ADAM = {"hidden_layer_sizes": (8,), "max_iter": 15, "learning_rate_init": 0.01, "random_state": 0}
THREE_CLASSES_X, THREE_CLASSES_Y = make_classification(
    n_samples=120, n_features=6, n_informative=4, n_classes=3, random_state=0
)


def test_fits_on_several_threads_do_not_disturb_one_another():
    nets = [BackpropClassifier(**(ADAM | {"random_state": seed})) for seed in range(6)]
    alone = [clone(net).fit(THREE_CLASSES_X, THREE_CLASSES_Y).coefs_[0] for net in nets]
    together = joblib.Parallel(n_jobs=3, backend="threading")(
        joblib.delayed(clone(net).fit)(THREE_CLASSES_X, THREE_CLASSES_Y) for net in nets
    )
    for net, coef in zip(together, alone, strict=True):
        np.testing.assert_array_equal(net.coefs_[0], coef)
