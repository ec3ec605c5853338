"""The progress bar with losses: what it writes on the terminal, and what it leaves alone."""

import pickle
import re
import sys

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skbackprop import BackpropClassifier, TabularClassifier
from skbackprop.callbacks import LossProgressBar

pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 has callbacks")
pytest.importorskip("rich")

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:A worker stopped while some jobs"),
]

X, y = make_classification(
    n_samples=90, n_features=6, n_informative=4, n_classes=3, random_state=0
)
SMALL = {"hidden_layer_sizes": (5,), "max_iter": 6, "random_state": 0}
TABLE = {"hidden_layer_sizes": (4,), "max_iter": 4, "min_steps": 1, "random_state": 0}


@pytest.fixture
def printed(monkeypatch, capsys):
    """Return the lines of the terminal with their indent, without bars and times."""
    monkeypatch.setenv("COLUMNS", "160")

    def lines():
        text = re.sub(r"(?<=[^ ━╸╺\n])[ ━╸╺]+", " ", capsys.readouterr().out)
        return [re.sub(r" \d:\d\d:\d\d ?$", "", line) for line in text.splitlines()]

    return lines


def losses(loss, validation_loss=None):
    text = f"loss {loss:.3g}"
    return text if validation_loss is None else f"{text}, validation {validation_loss:.3g}"


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_a_fit_shows_its_last_training_loss(solver, printed):
    net = BackpropClassifier(solver=solver, **SMALL).set_callbacks(LossProgressBar()).fit(X, y)
    assert printed() == [f"BackpropClassifier 6/6 {losses(net.loss_curve_[-1])}"]


def test_an_iteration_that_is_not_completed_does_not_count(printed):
    options = {"maxls": 1}  # the line search fails soon
    net = BackpropClassifier(solver="lbfgs", **SMALL | {"max_iter": 200}, solver_options=options)
    net.set_callbacks(LossProgressBar()).fit(X, y)
    last = losses(net.loss_curve_[-1])
    assert printed() == [f"BackpropClassifier {net.n_iter_}/200 {last}"]


def test_a_fit_that_stops_early_shows_its_epochs_and_the_validation_loss(printed):
    net = BackpropClassifier(**SMALL | {"max_iter": 90}, early_stopping=True, n_iter_no_change=3)
    net.set_callbacks(LossProgressBar()).fit(X, y)
    assert net.n_iter_ < 90
    last = losses(net.loss_curve_[-1], net.validation_loss_curve_[-1])
    assert printed() == [f"BackpropClassifier {net.n_iter_}/90 {last}"]


@pytest.mark.parametrize("n_threads", [1, 2])
def test_each_member_shows_its_own_losses(n_threads, printed):
    with threadpool_limits(n_threads):
        table = TabularClassifier(n_members=3, **TABLE).set_callbacks(LossProgressBar()).fit(X, y)
    assert printed() == ["TabularClassifier 3/3"] + [
        f"  member {number} of 3 4/4 {losses(m.loss_curve[-1], m.validation_losses[-1])}"
        for number, m in enumerate(table.members_, start=1)
    ]


def test_a_pipeline_shows_the_losses_of_its_network(printed):
    pipeline = make_pipeline(StandardScaler(), BackpropClassifier(**SMALL))
    pipeline.set_callbacks(LossProgressBar()).fit(X, y)
    last = losses(pipeline[-1].loss_)
    assert printed() == ["Pipeline 2/2", f"  BackpropClassifier 6/6 {last}"]


def test_the_depth_limits_the_bars(printed):
    pipeline = make_pipeline(StandardScaler(), BackpropClassifier(**SMALL))
    pipeline.set_callbacks(LossProgressBar(max_propagation_depth=0)).fit(X, y)
    assert printed() == ["Pipeline 2/2"]


def test_a_search_keeps_the_bar_of_its_last_fit(printed):
    search = GridSearchCV(BackpropClassifier(**SMALL), {"alpha": [0.1, 1.0]}, cv=2)
    search.set_callbacks(LossProgressBar()).fit(X, y)
    lines = printed()
    assert lines[:2] == ["GridSearchCV 2/2", "  search 4/4"]
    assert lines[2].startswith("    BackpropClassifier 4 of 4 6/6 loss ")
    assert lines[3:] == [f"  BackpropClassifier 6/6 {losses(search.best_estimator_.loss_)}"]


def test_bars_of_a_search_on_threads_are_below_their_fits(printed):
    search = GridSearchCV(TabularClassifier(n_members=2, **TABLE), {"dropout": [0.0, 0.1]}, cv=2)
    search.set_callbacks(LossProgressBar())
    with parallel_config("threading", n_jobs=2):
        search.fit(X, y)
    names = [re.sub(r" \d+/\d+.*", "", line) for line in printed()]
    members = ["member 1 of 2", "member 2 of 2"]
    assert names[:2] == ["GridSearchCV", "  search"]
    *fits, refit = [i for i, name in enumerate(names) if "TabularClassifier" in name]
    assert fits
    for place in fits:
        assert names[place + 1 : place + 3] == ["      " + member for member in members]
    assert names[refit + 1 :] == ["    " + member for member in members]


def test_fits_in_worker_processes_have_no_bars(printed):
    search = GridSearchCV(BackpropClassifier(**SMALL), {"alpha": [0.1, 1.0]}, cv=2, n_jobs=2)
    search.set_callbacks(LossProgressBar()).fit(X, y)
    last = losses(search.best_estimator_.loss_)
    assert printed() == ["GridSearchCV 2/2", "  search 0/4", f"  BackpropClassifier 6/6 {last}"]


def test_two_fits_one_after_the_other_have_bars_of_their_own(printed):
    net = BackpropClassifier(**SMALL).set_callbacks(LossProgressBar())
    line = f"BackpropClassifier 6/6 {losses(net.fit(X, y).loss_)}"
    assert printed() == [line]
    net.fit(X, y)
    assert printed() == [line]


def test_two_fits_at_the_same_time_are_drawn_together(printed):
    bar = LossProgressBar()
    inner = BackpropClassifier(**SMALL).set_callbacks(bar)

    def fit_inner(progress):
        if progress.epoch == 3:
            inner.fit(X, y)
        return 1.0

    outer = BackpropClassifier(**SMALL, learning_rate=fit_inner, alpha=0.1).set_callbacks(bar)
    outer.fit(X, y)
    assert sorted(printed()) == sorted(
        f"BackpropClassifier 6/6 {losses(net.loss_)}" for net in (inner, outer)
    )


def test_a_fit_that_fails_ends_the_display(printed):
    def interrupt(progress):
        if progress.epoch == 3:
            raise RuntimeError("enough")
        return 1.0

    bar = LossProgressBar()
    net = BackpropClassifier(**SMALL, learning_rate=interrupt).set_callbacks(bar)
    with pytest.raises(RuntimeError, match="enough"):
        net.fit(X, y)
    (line,) = printed()
    assert line.startswith("BackpropClassifier 3/6 loss ")
    net.set_params(learning_rate="constant").fit(X, y)
    assert printed()[0].startswith("BackpropClassifier 6/6 loss ")


def test_a_narrow_terminal_shortens_the_bar(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "70")
    net = BackpropClassifier(**SMALL).set_callbacks(LossProgressBar())
    net.fit(X, y, X_val=X, y_val=y)
    (line,) = capsys.readouterr().out.splitlines()
    last = losses(net.loss_curve_[-1], net.validation_loss_curve_[-1])
    assert re.fullmatch(rf"BackpropClassifier ━+ 6/6 {last} \d:\d\d:\d\d", line)


@pytest.mark.parametrize("estimator", [BackpropClassifier(**SMALL), TabularClassifier(**TABLE)])
def test_it_changes_no_fit(estimator, printed):
    with_bar = clone(estimator).set_callbacks(LossProgressBar()).fit(X, y)
    without = clone(estimator).fit(X, y)
    np.testing.assert_array_equal(with_bar.predict_proba(X), without.predict_proba(X))


def test_it_is_pickled_with_its_estimator(printed):
    net = BackpropClassifier(**SMALL).set_callbacks(LossProgressBar(max_propagation_depth=None))
    pickle.loads(pickle.dumps(net.fit(X, y))).fit(X, y)
    assert len(printed()) == 2


def test_without_rich_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "rich", None)
    with pytest.raises(ImportError, match=r"needs rich: pip install \"skbackprop\[progress\]\""):
        LossProgressBar()


@pytest.mark.parametrize("depth", [-1, 0.5, "all"])
def test_a_wrong_depth_is_refused(depth):
    with pytest.raises(ValueError, match=r"'max_propagation_depth'.* int in the range \[0, inf\)"):
        LossProgressBar(depth)
