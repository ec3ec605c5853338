"""Warnings show the line of the user's program that they are about, and not one of ours."""

import inspect
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor, TabularClassifier, TabularRegressor

X = np.random.default_rng(0).normal(size=(40, 3))
NUMBERS = X[:, 0] + 1
LABELS = np.arange(40) % 2
RARE = np.where(np.arange(40) == 7, 2, LABELS)
SHORT = {"hidden_layer_sizes": (3,), "max_iter": 2, "random_state": 0}
ROUGH = {"solver": "lbfgs", "tol": 1e-3, "random_state": 0}
TABLE = {"n_members": 1, "hidden_layer_sizes": (3,), "max_iter": 2, "min_steps": 1}
SEARCH = {"cv": 2, "refit": False, "error_score": "raise"}


def classifier(**parameters):
    return BackpropClassifier(**SHORT | parameters)


def regressor(**parameters):
    return BackpropRegressor(**SHORT | parameters)


def second_pass():
    """A network whose plan of one epoch has come to its end."""
    net = classifier(max_iter=1, learning_rate="cosine")
    return net.partial_fit(X, LABELS, classes=[0, 1])


def diverging():
    """Good parameters at first, and then such steps that nothing is finite."""
    rate = {"learning_rate_init": 1e30, "learning_rate": lambda p: float(p.epoch > 3) + 1e-33}
    sgd = {"solver": "sgd", "momentum": 0.0, "early_stopping": True, "max_iter": 9}
    return regressor(**sgd, **rate, scoring="loss")


# Each is a call in one line, which is the line to be shown.
CALLS = {
    "end of epochs": (ConvergenceWarning, lambda: classifier().fit(X, LABELS)),
    "lbfgs": (ConvergenceWarning, lambda: regressor(solver="lbfgs").fit(X, NUMBERS)),
    "divergence": (ConvergenceWarning, lambda: diverging().fit(X, NUMBERS)),
    "small y": (ConvergenceWarning, lambda: BackpropRegressor(**ROUGH).fit(X, 1e-6 * NUMBERS)),
    "batch size": (UserWarning, lambda: classifier(batch_size=99).fit(X, LABELS)),
    "schedule": (UserWarning, lambda: classifier(learning_rate="adaptive").fit(X, LABELS)),
    "split": (UserWarning, lambda: classifier(early_stopping=True).fit(X, RARE)),
    "partial_fit": (UserWarning, lambda: second_pass().partial_fit(X, LABELS)),
    "column": (DataConversionWarning, lambda: regressor().fit(X, NUMBERS[:, None])),
    "column of a part": (
        DataConversionWarning,
        lambda: regressor().partial_fit(X, NUMBERS[:, None]),
    ),
    "column for a table": (
        DataConversionWarning,
        lambda: TabularRegressor(**TABLE).fit(X, NUMBERS[:, None]),
    ),
    "column of labels for a table": (
        DataConversionWarning,
        lambda: TabularClassifier(**TABLE).fit(X, LABELS[:, None]),
    ),
    "pipeline": (
        ConvergenceWarning,
        lambda: make_pipeline(StandardScaler(), classifier()).fit(X, LABELS),
    ),
    "search": (
        ConvergenceWarning,
        lambda: GridSearchCV(classifier(), {"alpha": [1]}, **SEARCH).fit(X, LABELS),
    ),
    "scores": (ConvergenceWarning, lambda: cross_val_score(classifier(), X, LABELS, cv=2)),
    "fit_transform": (ConvergenceWarning, lambda: classifier().fit_transform(X, LABELS)),
}


def caught_by(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return caught


@pytest.mark.parametrize("name", CALLS)
def test_a_warning_shows_the_line_of_the_call(name):
    category, call = CALLS[name]
    caught = caught_by(call)
    assert category in {warning.category for warning in caught}
    lines, first = inspect.getsourcelines(call)
    for warning in caught:
        assert warning.filename == __file__, warning
        assert first <= warning.lineno < first + len(lines)


def test_a_warning_of_an_export_shows_the_line_of_the_call(monkeypatch):
    with pytest.warns(ConvergenceWarning):
        net = classifier(warm_start=True).fit(X, LABELS)
    export = sys.modules["skbackprop.fitted_estimator.to_sklearn"]
    monkeypatch.setattr(export, "mlp_optimizer", lambda *args: None)
    (warning,) = caught_by(lambda: net.to_sklearn())
    assert "are not exported" in str(warning.message)
    assert warning.filename == __file__


def test_a_warning_under_callbacks_shows_the_line_of_the_call():
    callback = pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 has callbacks")
    net = classifier().set_callbacks(callback.ScoringMonitor(scoring="accuracy"))
    (warning,) = caught_by(lambda: net.fit(X, LABELS))
    assert warning.filename == __file__


def test_a_warning_where_no_line_is_the_users(monkeypatch):
    """As in a thread of ours: it is given all the same."""
    module = sys.modules["skbackprop.utils.user_warnings"]
    with ThreadPoolExecutor(1) as thread, pytest.warns(UserWarning, match="from a thread"):
        thread.submit(module.warn, "from a thread").result()
    monkeypatch.setattr(module, "_SKIPPED", ("",))
    with pytest.warns(UserWarning, match="from nowhere"):
        module.warn("from nowhere")
