"""What several threads may do at once gives what one thread gives; docs/user_guide/threads.md."""

import importlib.util
import pickle
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from platforms import needs_known_blas
from processes import run_script
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_classification
from threadpoolctl import threadpool_info

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    TableEncoder,
    TabularClassifier,
    TabularRegressor,
    kernels,
)
from skbackprop.inspection import check_gradient, input_gradient, layer_outputs
from skbackprop.kernels import kernels_for
from skbackprop.tabular.progress import EnsembleProgress

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.thread_unsafe(reason="starts threads, and changes how often they take turns"),
]

N_THREADS = 8
WAIT = 300  # seconds after which threads that hang fail the test

X, y = make_classification(n_samples=300, n_features=6, random_state=0)
TABLE = pd.DataFrame(X, columns=[*"abcdef"])
TABLE["g"] = pd.Categorical(np.array(["p", "q", "r"])[np.arange(len(X)) % 3])
FEW_STEPS = {"hidden_layer_sizes": (8,), "max_iter": 3, "random_state": 0}
FEW_MEMBERS = FEW_STEPS | {"n_members": 2, "min_steps": 0}


@pytest.fixture(autouse=True)
def restless_threads():
    """The interpreter changes threads as often as it can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    assert sys.getswitchinterval() == pytest.approx(1e-6)
    sys.setswitchinterval(before)


def at_once(works):
    """What each of some functions returns, called by as many threads in the same moment."""
    results, errors = [None] * len(works), []
    ready = threading.Barrier(len(works))

    def run(i):
        try:
            ready.wait(WAIT)
            results[i] = works[i]()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
        assert not thread.is_alive()
    assert not errors
    return results


# ---- one fitted estimator


CLASSES, NUMBERS = (X, y), (X, X[:, 0] + y)
FITTED = {
    "classifier": (BackpropClassifier(**FEW_STEPS), CLASSES),
    "classifier, sparse rows": (
        BackpropClassifier(**FEW_STEPS, solver="lbfgs"),
        (sparse.csr_matrix(X * (X > 0)), y),
    ),
    "classifier, ordered": (
        BackpropClassifier(**FEW_STEPS, loss="ordinal"),
        (X, np.arange(len(X)) % 3),
    ),
    "regressor": (BackpropRegressor(**FEW_STEPS, loss="quantile"), NUMBERS),
    "regressor, float32": (BackpropRegressor(**FEW_STEPS, dtype="float32"), NUMBERS),
    "table classifier": (TabularClassifier(**FEW_MEMBERS), (TABLE, y)),
    "table regressor": (TabularRegressor(**FEW_MEMBERS), (TABLE, NUMBERS[1])),
    "encoder": (TableEncoder(), (TABLE, None)),
}


def everything(estimator, X, y):
    """All that a fitted estimator may be asked, and its copies."""
    names = ("predict", "predict_proba", "predict_log_proba", "decision_function", "transform")
    told = {name: getattr(estimator, name)(X) for name in names if hasattr(estimator, name)}
    if hasattr(estimator, "predict"):
        told["score"] = estimator.score(X, y)
        told["gradient of the inputs"] = input_gradient(estimator, X[:5])
        told["one row"] = estimator.predict(X[:1])
    if hasattr(estimator, "summary"):
        told["layers"] = layer_outputs(estimator, X[:5])
        told["summary"] = estimator.summary()
    for twin in (pickle.loads(pickle.dumps(estimator)), clone(estimator)):
        told[f"parameters of {len(vars(twin))} attributes"] = repr(twin)
    return told


@pytest.mark.parametrize(("estimator", "data"), FITTED.values(), ids=FITTED)
def test_one_estimator_predicts_for_many_threads(estimator, data):
    fitted = clone(estimator).fit(*data)
    expected = everything(fitted, *data)
    assert len(expected) > 2
    for told in at_once([lambda: everything(fitted, *data)] * N_THREADS):
        np.testing.assert_equal(told, expected)


# ---- many estimators


def learnt(estimator):
    """Of a fitted estimator: what it predicts, and its course."""
    told = estimator.predict(TABLE if isinstance(estimator, TabularClassifier) else X)
    return told, estimator.loss_curve_, estimator.n_iter_


MANY = [
    *(
        BackpropClassifier(**FEW_STEPS | {"random_state": seed}, solver=solver)
        for seed, solver in enumerate(["adam", "sgd", "lbfgs", "adam"])
    ),
    BackpropRegressor(**FEW_STEPS, solver="lbfgs"),
    BackpropRegressor(**FEW_STEPS, dropout=0.2, average=0.9, early_stopping=True),
    *(TabularClassifier(**FEW_MEMBERS | {"random_state": seed}) for seed in range(2)),
]


def fitted(estimator):
    return estimator.fit(TABLE if isinstance(estimator, TabularClassifier) else X, y)


@needs_known_blas
def test_many_estimators_are_fitted_at_once_and_the_settings_are_as_before():
    def blas_threads():
        return [lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"]

    before = blas_threads()
    alone = [learnt(fitted(clone(estimator))) for estimator in MANY]
    works = [lambda one=estimator: learnt(fitted(clone(one))) for estimator in MANY]
    for told, expected in zip(at_once(works), alone, strict=True):
        np.testing.assert_equal(told, expected)
    assert blas_threads() == before


def test_warm_starts_of_different_estimators_go_on_at_once():
    def course(seed):
        net = BackpropClassifier(**FEW_STEPS | {"random_state": seed}, warm_start=True)
        for _ in range(3):
            net.fit(X, y)
            net.partial_fit(X, y)
        return learnt(net)

    alone = [course(seed) for seed in range(N_THREADS)]
    works = [lambda seed=seed: course(seed) for seed in range(N_THREADS)]
    for told, expected in zip(at_once(works), alone, strict=True):
        np.testing.assert_equal(told, expected)


class Losses:
    """A callback that notes the last loss of each epoch, and how often it is called at once."""

    def __init__(self):
        self.losses = []
        self.at_once = 0
        self._inside = 0

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context, **told):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None, **told):
        self._inside += 1
        self.at_once = max(self.at_once, self._inside)
        if context.task_name in ("epoch", "iteration") and fitted_estimator is not None:
            self.losses.append(fitted_estimator.loss_curve_[-1])
        self._inside -= 1


def test_callbacks_of_one_class_are_told_of_their_own_fit():
    pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 has callbacks")
    estimators = [estimator for estimator in MANY if not hasattr(estimator, "n_members")]

    def noted(estimator):
        callback = Losses()
        net = fitted(clone(estimator).set_callbacks(callback))
        return callback.losses, callback.at_once, net.loss_curve_

    alone = [noted(estimator) for estimator in estimators]
    works = [lambda one=estimator: noted(one) for estimator in estimators]
    for told, expected in zip(at_once(works), alone, strict=True):
        assert told == expected
        assert told[0] == told[2]


def test_callbacks_of_a_table_are_called_by_one_thread_at_a_time():
    pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 has callbacks")
    callback = Losses()
    net = TabularClassifier(**FEW_MEMBERS | {"n_members": 6, "max_iter": 6})
    fitted(net.set_callbacks(callback))
    assert len(callback.losses) == 6 * 6
    assert callback.at_once == 1


# ---- what all threads share


FIRST_FITS = """
import threading
import numpy as np
from skbackprop import BackpropClassifier, BackpropRegressor
X = np.random.default_rng(0).normal(size=(200, 4))
y = (X[:, 0] > 0).astype(int)
makes = [
    lambda: BackpropClassifier((4,), max_iter=3, random_state=0),
    lambda: BackpropClassifier((4,), "tanh", max_iter=3, random_state=0),
    lambda: BackpropRegressor((4,), solver="sgd", max_iter=3, random_state=0),
    lambda: BackpropRegressor((4,), solver="lbfgs", max_iter=3, random_state=0),
] * 2
losses = [None] * len(makes)
ready = threading.Barrier(len(makes))
def fit(i):
    ready.wait()
    losses[i] = makes[i]().fit(X, y).loss_
threads = [threading.Thread(target=fit, args=(i,)) for i in range(len(makes))]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(losses == [make().fit(X, y).loss_ for make in makes])
"""


@pytest.mark.parametrize("name", ["numpy", "numba"])
def test_the_first_fits_of_a_process_may_be_those_of_many_threads(name, monkeypatch):
    """What is loaded, compiled or found out at the first use is so by several at once."""
    if name == "numba" and importlib.util.find_spec("numba") is None:
        pytest.skip("numba is not installed")
    monkeypatch.setenv("SKBACKPROP_KERNELS", name)
    assert run_script(FIRST_FITS, timeout=WAIT) == ["True"]


class ChosenMeanwhile(str):
    """A choice of kernels that another thread replaces just when it is compared."""

    __hash__ = str.__hash__

    def __eq__(self, other):
        if other == "numba":
            kernels.use(other)
        return str.__eq__(self, other)


def test_the_choice_of_kernels_is_one_choice_while_another_thread_changes_it(monkeypatch):
    """'auto' and 'numba' both take compiled kernels for long work; so does each in between."""
    pytest.importorskip("numba")
    monkeypatch.setattr("skbackprop.kernels.choice._chosen", ChosenMeanwhile("auto"))
    assert kernels_for(10**5, 10**6).name == "numba"


class StopsMeanwhile(ValueError):
    """An error that is looked at just when the user interrupts another network of the table."""

    def __init__(self, progress):
        self._progress = progress

    @property
    def __class__(self):
        self._progress.stop(KeyboardInterrupt())
        return ValueError


def test_an_interruption_is_not_forgotten_when_another_network_fails():
    designs = SimpleNamespace(members=[])
    progress = EnsembleProgress(TabularClassifier(), range(2), designs, given=None)
    progress.stop(StopsMeanwhile(progress))
    assert progress.stopped
    assert progress.interrupted


def test_own_components_of_one_object_serve_many_fits():
    """The objects that hyper-parameters are hold nothing of a fit."""
    components = {"activation": MANY[0].activation, "learning_rate": one_over_steps}
    nets = [BackpropClassifier(**FEW_STEPS, **components, solver="sgd") for _ in range(N_THREADS)]
    alone = learnt(clone(nets[0]).fit(X, y))
    for told in at_once([lambda net=net: learnt(net.fit(X, y)) for net in nets]):
        np.testing.assert_equal(told, alone)


def one_over_steps(progress):
    return 0.1 / (1 + progress.step)


def test_gradients_are_checked_by_many_threads():
    net = fitted(BackpropClassifier(**FEW_STEPS))
    expected = check_gradient(net, X, y, random_state=0)
    for told in at_once([lambda: check_gradient(net, X, y, random_state=0)] * 4):
        np.testing.assert_equal(told, expected)
