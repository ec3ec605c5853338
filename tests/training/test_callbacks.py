"""Callbacks of scikit-learn: what they are told, and what happens when they ask to stop."""

import pickle

import numpy as np
import pandas as pd
import pytest
from recorder import Recorder
from sklearn.base import clone
from sklearn.datasets import make_classification, make_regression
from sklearn.metrics import log_loss, r2_score
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor, TabularClassifier

callback = pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 has callbacks")

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:A worker stopped while some jobs"),
]

X, y = make_classification(
    n_samples=90, n_features=6, n_informative=4, n_classes=3, random_state=0
)
WEIGHTS = np.random.default_rng(0).uniform(0.5, 2.0, size=len(y))
SOLVERS = ["adam", "sgd", "lbfgs"]
SMALL = {"hidden_layer_sizes": (5,), "max_iter": 6, "random_state": 0}


@pytest.mark.parametrize("solver", SOLVERS)
def test_one_task_an_epoch_or_iteration(solver):
    recorder = Recorder()
    net = BackpropClassifier(solver=solver, **SMALL).set_callbacks(recorder).fit(X, y)
    task = "iteration" if solver == "lbfgs" else "epoch"
    assert net.n_iter_ == 6
    assert recorder.names() == [
        ("setup", "fit"),
        ("begin", "fit"),
        *[("begin", task), ("end", task)] * 6,
        ("end", "fit"),
        ("teardown", "fit"),
    ]


def test_an_iteration_that_is_not_completed_ends_as_well():
    recorder = Recorder()
    options = {"maxls": 1}  # the line search fails soon
    net = BackpropClassifier(solver="lbfgs", **SMALL | {"max_iter": 200}, solver_options=options)
    net.set_callbacks(recorder).fit(X, y)
    assert len(recorder.told("begin", "iteration")) == len(recorder.told("end", "iteration"))
    assert len(recorder.told("end", "iteration")) == net.n_iter_ + 1
    assert recorder.told("end", "iteration")[-1]["fitted"] is None


class LossRecorder(Recorder):
    """Keeps the losses of each context."""

    losses = ()

    def on_fit_task_end(self, estimator, context):
        if context.task_name in ("epoch", "iteration"):
            self.losses += ((context.loss, context.validation_loss),)


@pytest.mark.parametrize("solver", SOLVERS)
def test_the_context_of_an_epoch_has_its_losses(solver):
    recorder = LossRecorder()
    net = BackpropClassifier(solver=solver, **SMALL).set_callbacks(recorder)
    net.fit(X, y, X_val=X[:30], y_val=y[:30])
    curves = net.loss_curve_, net.validation_loss_curve_
    assert recorder.losses == tuple(zip(*curves, strict=True))
    recorder.losses = ()
    net.fit(X, y)
    assert recorder.losses == tuple((loss, None) for loss in net.loss_curve_)


@pytest.mark.parametrize("solver", SOLVERS)
def test_callbacks_change_nothing(solver):
    net = BackpropClassifier(solver=solver, **SMALL, early_stopping=True)
    with_callbacks = clone(net).set_callbacks(Recorder()).fit(X, y)
    without = clone(net).fit(X, y)
    for name in ("loss_curve_", "validation_scores_", "stop_reason_", "best_iter_"):
        assert getattr(with_callbacks, name) == getattr(without, name)
    np.testing.assert_array_equal(with_callbacks.coefs_[0], without.coefs_[0])


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("early_stopping", [False, True])
def test_the_fitted_copy_is_what_a_shorter_fit_gives(solver, early_stopping):
    recorder = Recorder()
    net = BackpropClassifier(solver=solver, **SMALL, early_stopping=early_stopping)
    clone(net).set_callbacks(recorder).fit(X, y)
    task = "iteration" if solver == "lbfgs" else "epoch"
    for n_epochs, told in enumerate(recorder.told("end", task), start=1):
        shorter = clone(net).set_params(max_iter=n_epochs).fit(X, y)
        copy = told["fitted"]
        np.testing.assert_array_equal(copy.predict_proba(X), shorter.predict_proba(X))
        assert copy.n_iter_ == n_epochs
        assert copy.loss_curve_ == shorter.loss_curve_
        assert copy.validation_scores_ == shorter.validation_scores_
        assert copy.best_iter_ == shorter.best_iter_


@pytest.mark.parametrize("solver", SOLVERS)
def test_each_task_begins_with_the_copy_the_last_one_ended_with(solver):
    recorder = Recorder()
    BackpropClassifier(solver=solver, **SMALL).set_callbacks(recorder).fit(X, y)
    task = "iteration" if solver == "lbfgs" else "epoch"
    begins, ends = recorder.told("begin", task), recorder.told("end", task)
    assert begins[0]["fitted"].n_iter_ == 0
    for begin, end in zip(begins[1:], ends[:-1], strict=True):
        np.testing.assert_array_equal(begin["fitted"].coefs_[0], end["fitted"].coefs_[0])
    first = recorder.told("begin", "fit")[0]["fitted"]
    np.testing.assert_array_equal(first.coefs_[0], begins[0]["fitted"].coefs_[0])


def test_data_come_as_they_were_given():
    recorder = Recorder()
    frame = pd.DataFrame(X, columns=list("abcdef"))
    net = BackpropClassifier(**SMALL).set_callbacks(recorder)
    net.fit(frame, y, WEIGHTS, X_val=frame[:30], y_val=y[:30], sample_weight_val=WEIGHTS[:30])
    for told in [*recorder.told("begin"), *recorder.told("end")]:
        assert told["X"] is frame
        assert told["y"] is y
    for told in recorder.told("begin"):
        assert told["metadata"].keys() == {"sample_weight", "X_val", "y_val", "sample_weight_val"}
        assert told["metadata"]["X_val"].shape == (30, 6)
    for told in recorder.told("end"):
        assert told["metadata"] == {"sample_weight": WEIGHTS}


def test_groups_come_at_the_beginning_of_a_task():
    recorder, groups = Recorder(), np.arange(len(y)) // 6
    net = BackpropClassifier(**SMALL, early_stopping=True, validation=GroupKFold(3))
    net.set_callbacks(recorder).fit(X, y, groups=groups)
    assert all(told["metadata"]["groups"] is groups for told in recorder.told("begin"))
    assert all(told["metadata"] is None for told in recorder.told("end"))


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_request_to_stop(solver):
    net = BackpropClassifier(solver=solver, **SMALL)
    stopped = clone(net).set_callbacks(Recorder(stop_after=3)).fit(X, y)
    assert stopped.n_iter_ == 3
    unit = "iteration" if solver == "lbfgs" else "epoch"
    assert stopped.stop_reason_ == f"A callback asked to stop after {unit} 3."
    shorter = clone(net).set_params(max_iter=3).fit(X, y)
    np.testing.assert_array_equal(stopped.coefs_[0], shorter.coefs_[0])


@pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", SOLVERS)
def test_a_request_to_stop_is_no_lack_of_convergence(solver):
    target = 1e-6 * X[:, 0]  # the scale of which would be warned of after convergence
    net = BackpropRegressor(solver=solver, **SMALL).set_callbacks(Recorder(stop_after=2))
    assert net.fit(X, target).n_iter_ == 2


def test_a_request_to_stop_keeps_the_best_epoch():
    # Labels of other rows: more training makes their prediction worse, sooner or later.
    y_val = y[::-1]
    net = BackpropClassifier(**SMALL | {"max_iter": 30, "learning_rate_init": 0.05})
    net.set_params(early_stopping=True, scoring="loss", n_iter_no_change=30)
    stopped = net.set_callbacks(Recorder(stop_after=25)).fit(X, y, X_val=X, y_val=y_val)
    assert stopped.n_iter_ == 25
    best = int(np.argmin(stopped.validation_loss_curve_))
    assert best + 1 == stopped.best_iter_ < 25
    assert log_loss(y_val, stopped.predict_proba(X)) == pytest.approx(
        stopped.validation_loss_curve_[best]
    )


def test_failing_callback_leaves_the_estimator_as_it_was():
    class Pruned(Exception):
        pass

    class Pruner(Recorder):
        def on_fit_task_end(self, estimator, context):
            if context.task_id == 2:
                raise Pruned

    pruner = Pruner()
    net = BackpropClassifier(**SMALL).set_callbacks(pruner)
    before = dict(vars(net))
    with pytest.raises(Pruned):
        net.fit(X, y)
    assert vars(net) == before
    assert pruner.names()[-1] == ("teardown", "fit")


@pytest.mark.parametrize("solver", SOLVERS)
def test_a_stop_iteration_of_a_callback_or_scorer_is_passed_on(solver):
    """SciPy's L-BFGS takes it for a wish to end, of which a fit must not come."""

    class Exhausted(Recorder):
        def on_fit_task_end(self, estimator, context):
            if context.task_id == 2:
                raise StopIteration("no more trials")

    def scorer(estimator, X, y):
        raise StopIteration("no more trials")

    small = SMALL | {"solver": solver}
    for net in (
        BackpropClassifier(**small).set_callbacks(Exhausted()),
        BackpropClassifier(**small, early_stopping=True, scoring=scorer),
    ):
        before = dict(vars(net))
        with pytest.raises(StopIteration, match="no more trials"):
            net.fit(X, y)
        assert vars(net) == before


def test_partial_fit_is_a_fit_of_one_epoch():
    recorder = Recorder()
    net = BackpropRegressor(**SMALL).set_callbacks(recorder)
    for _ in range(3):
        net.partial_fit(X, y)
    assert recorder.names()[:6] == [
        ("setup", "fit"),
        ("begin", "fit"),
        ("begin", "epoch"),
        ("end", "epoch"),
        ("end", "fit"),
        ("teardown", "fit"),
    ]
    assert len(recorder.told("end", "epoch")) == 3


def test_nothing_is_left_behind():
    net = BackpropClassifier(**SMALL).set_callbacks(Recorder()).fit(X, y)
    plain = BackpropClassifier(**SMALL).fit(X, y)
    assert vars(net).keys() - {"_skl_callbacks"} == vars(plain).keys()
    assert vars(net.set_callbacks()).keys() == vars(plain).keys()


FEW_STEPS = {"max_iter": 6, "random_state": 0}
BOTH_FAMILIES = [
    BackpropClassifier((5,), **FEW_STEPS),
    TabularClassifier(1, (5,), min_steps=0, **FEW_STEPS),
]


class CtrlC(Recorder):
    """Ctrl-C when a task ends."""

    def __init__(self, task_name, task_id):
        super().__init__()
        self.task = task_name, task_id

    def on_fit_task_end(self, estimator, context):
        if (context.task_name, context.task_id) == self.task:
            raise KeyboardInterrupt


@pytest.mark.parametrize("net", BOTH_FAMILIES)
def test_nothing_is_left_behind_by_an_interrupted_fit(net):
    """What scikit-learn deletes at the end of a fit had been published: callbacks of that fit
    were torn down once more at the end of each later one."""
    ctrl_c = CtrlC("epoch", 2)
    net, plain = clone(net).set_callbacks(ctrl_c), clone(net).fit(X, y)
    with pytest.raises(KeyboardInterrupt):
        net.fit(X, y)
    assert net.n_iter_ == 3
    assert vars(net).keys() - {"_skl_callbacks"} == vars(plain).keys()
    net.set_callbacks().fit(X, y)
    assert [event for event, _ in ctrl_c.names()].count("teardown") == 1


@pytest.mark.parametrize("net", BOTH_FAMILIES)
def test_ctrl_c_when_all_epochs_are_made_keeps_the_fit(net):
    ctrl_c = CtrlC("fit", 0)
    stopped, whole = clone(net).set_callbacks(ctrl_c), clone(net).fit(X, y)
    with pytest.raises(KeyboardInterrupt):
        stopped.fit(X, y)
    np.testing.assert_array_equal(stopped.predict_proba(X), whole.predict_proba(X))
    assert stopped.loss_curve_ == whole.loss_curve_
    assert ctrl_c.names()[-1] == ("teardown", "fit")


def test_ctrl_c_at_the_end_of_partial_fit_changes_nothing():
    """The batch can be given once more."""
    net = BackpropClassifier(**SMALL).partial_fit(X, y, classes=[0, 1, 2])
    before = pickle.dumps(net)
    with pytest.raises(KeyboardInterrupt):
        net.set_callbacks(CtrlC("fit", 0)).partial_fit(X, y)
    assert pickle.dumps(net.set_callbacks()) == before


TORN_DOWN = []


class Checkpoint(Recorder):
    def on_fit_task_end(self, estimator, context, *, fitted_estimator):
        if context.task_name == "epoch":
            self.checkpoint = pickle.dumps(fitted_estimator.set_callbacks())

    def teardown(self, estimator, context):
        TORN_DOWN.append(self)


@pytest.mark.parametrize("net", BOTH_FAMILIES)
def test_a_copy_made_during_a_fit_can_be_fitted(net):
    keeper = Checkpoint()
    clone(net).set_callbacks(keeper).fit(X, y)
    TORN_DOWN.clear()
    again = pickle.loads(keeper.checkpoint).fit(X, y)
    assert TORN_DOWN == []
    assert vars(again).keys() == vars(clone(net).fit(X, y)).keys()


@pytest.mark.parametrize("second", [{}, {"hidden_layer_sizes": (7,)}, {"warm_start": True}])
def test_a_copy_made_during_a_fit_has_no_moments_of_an_earlier_one(second):
    net = BackpropClassifier(**SMALL, warm_start=True).fit(X, y)
    net.set_params(**{"warm_start": False} | second)
    keeper = Checkpoint()
    net.set_callbacks(keeper).fit(X, y)
    unseen = pickle.loads(keeper.checkpoint)
    plain = BackpropClassifier(**unseen.get_params())
    plain.fit(X, y, coef_init=unseen.coefs_, intercept_init=unseen.intercepts_)
    unseen.set_params(warm_start=True).fit(X, y)
    np.testing.assert_allclose(unseen.loss_curve_[-6:], plain.loss_curve_, rtol=1e-9)


# scikit-learn's own callbacks.


@pytest.mark.parametrize("solver", SOLVERS)
def test_scoring_monitor_records_a_curve(solver):
    monitor = callback.ScoringMonitor(scoring="r2")
    X, y = make_regression(n_samples=80, n_features=4, random_state=0)
    net = BackpropRegressor(solver=solver, **SMALL).set_callbacks(monitor)
    net.fit(X, y, X_val=X, y_val=y)
    scores = [row["r2"] for row in monitor.get_logs().data if row["task_name"] != "fit"]
    assert scores == pytest.approx(net.validation_scores_)


def test_scoring_monitor_uses_the_weights():
    monitor = callback.ScoringMonitor(scoring="r2")
    net = BackpropRegressor(**SMALL).set_callbacks(monitor).fit(X, y, WEIGHTS)
    last = [row["r2"] for row in monitor.get_logs().data if row["task_name"] != "fit"][-1]
    assert last == pytest.approx(r2_score(y, net.predict(X), sample_weight=WEIGHTS))


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_scoring_monitor_inside_a_grid_search(n_jobs):
    monitor = callback.ScoringMonitor(scoring="accuracy")
    net = BackpropClassifier(**SMALL).set_callbacks(monitor)
    grid = {"hidden_layer_sizes": [(), (3,), (4, 3)]}
    search = GridSearchCV(net, grid, cv=2, n_jobs=n_jobs, error_score="raise").fit(X, y)
    curves = monitor.get_logs().data_as_pandas.query("task_name == 'epoch'")
    by_fit = curves.groupby("parent_task_id_path")["accuracy"]
    assert by_fit.size().to_list() == [6] * (3 * 2 + 1)
    refit = curves[curves["task_id_path"].map(len) == 3]  # one level less than the folds
    assert refit["accuracy"].iloc[-1] == search.best_estimator_.score(X, y)


@pytest.fixture
def wide_terminal(monkeypatch):
    pytest.importorskip("rich")
    monkeypatch.setenv("COLUMNS", "160")


@pytest.mark.parametrize("solver", SOLVERS)
def test_progress_bar_of_a_fit(solver, wide_terminal, capsys):
    net = BackpropClassifier(solver=solver, **SMALL)
    net.set_callbacks(callback.ProgressBar()).fit(X, y)
    assert "BackpropClassifier - fit" in capsys.readouterr().out


def test_progress_bar_of_a_pipeline(wide_terminal, capsys):
    pipeline = make_pipeline(StandardScaler(), BackpropClassifier(**SMALL))
    pipeline.set_callbacks(callback.ProgressBar()).fit(X, y)
    printed = capsys.readouterr().out
    assert "Pipeline - fit" in printed
    assert "Pipeline - fit-final-estimator | BackpropClassifier - fit #1" in printed


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_progress_bar_of_a_grid_search_over_hidden_sizes(n_jobs, wide_terminal, capsys):
    grid = {"hidden_layer_sizes": [(3,), (4, 3)]}
    search = GridSearchCV(BackpropClassifier(**SMALL), grid, cv=2, n_jobs=n_jobs)
    search.set_callbacks(callback.ProgressBar()).fit(X, y)
    printed = capsys.readouterr().out
    assert "GridSearchCV - fit" in printed
    assert printed.count("| BackpropClassifier - fit") == 5


# Without callbacks, and without a scikit-learn that has them.


def test_without_callbacks_no_task_is_made(monkeypatch):
    def fail(*args, **kwargs):
        raise AssertionError("a context was made")

    monkeypatch.setattr(BackpropClassifier, "_init_callback_context", fail)
    BackpropClassifier(**SMALL).fit(X, y)
