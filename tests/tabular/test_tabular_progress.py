"""Fits of several networks under way: callbacks, Ctrl-C, validation losses."""

import os
import pickle
import re
import signal
import threading
from time import sleep
from types import SimpleNamespace

import numpy as np
import pytest
from platforms import needs_known_blas
from scipy.special import softmax
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.metrics import log_loss, mean_pinball_loss
from sklearn.model_selection import GridSearchCV, train_test_split
from threadpoolctl import threadpool_limits

from skbackprop import TabularClassifier, TabularRegressor
from skbackprop.activations import from_functions
from skbackprop.losses import Multinomial, Quantile
from skbackprop.tabular.progress import EnsembleProgress

X, y = load_iris(return_X_y=True)
QUICK = {
    "n_members": 3,
    "hidden_layer_sizes": (8,),
    "max_iter": 6,
    "min_steps": 1,
    "random_state": 0,
}


def classifier(**parameters):
    return TabularClassifier(**(QUICK | parameters))


def regressor(**parameters):
    return TabularRegressor(**(QUICK | parameters))


class Recorder:
    """Records what it is told; ``answer(context)`` says whether to stop, or raises."""

    def __init__(self, answer=lambda context: False):
        self.events = []
        self.answer = answer

    def setup(self, estimator, context):
        self.events.append(("setup", context, None))

    def teardown(self, estimator, context):
        self.events.append(("teardown", context, None))

    def on_fit_task_begin(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        self.events.append(("begin", context, fitted_estimator))

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        self.events.append(("end", context, fitted_estimator))
        return self.answer(context)

    def told(self, event, name):
        return [(c, f) for kind, c, f in self.events if kind == event and c.task_name == name]


@pytest.fixture
def callback():
    return pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 has callbacks")


@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_task_for_each_network_and_each_of_its_epochs(callback, n_threads):
    recorder = Recorder()
    with threadpool_limits(n_threads):
        model = classifier().set_callbacks(recorder).fit(X, y)
    for event in ("begin", "end"):
        assert len(recorder.told(event, "fit")) == 1
        assert sorted(c.task_id for c, _ in recorder.told(event, "member")) == [0, 1, 2]
        epochs = [(c.parent.task_id, c.task_id) for c, _ in recorder.told(event, "epoch")]
        assert sorted(epochs) == [(member, epoch) for member in range(3) for epoch in range(6)]
    kinds = [kind for kind, _, _ in recorder.events]
    assert kinds[:2] == ["setup", "begin"]
    assert kinds[-2:] == ["end", "teardown"]
    assert {c.max_subtasks for c, _ in recorder.told("begin", "member")} == {6}
    np.testing.assert_array_equal(
        model.predict_proba(X), clone(model).set_callbacks().fit(X, y).predict_proba(X)
    )


def test_the_fitted_copy_has_the_networks_so_far(callback):
    recorder = Recorder()
    with threadpool_limits(1):
        classifier().set_callbacks(recorder).fit(X, y)
    ends = recorder.told("end", "epoch")
    assert [len(fitted.members_) for _, fitted in ends] == [1] * 6 + [2] * 6 + [3] * 6
    assert [fitted.members_[-1].n_iter for _, fitted in ends] == [*range(1, 7)] * 3
    assert ends[0][1].predict_proba(X).shape == (150, 3)
    assert recorder.told("begin", "fit")[0][1] is None
    shorter = classifier(n_members=1, max_iter=6, n_iter_no_change=1)
    assert shorter.fit(X, y).n_iter_ <= 6
    last, whole = ends[-1][1], recorder.told("end", "fit")[0][1]
    np.testing.assert_array_equal(last.predict_proba(X), whole.predict_proba(X))


def test_a_request_to_stop_at_an_epoch_ends_the_network(callback):
    recorder = Recorder(lambda context: (context.task_name, context.task_id) == ("epoch", 2))
    model = classifier().set_callbacks(recorder).fit(X, y)
    assert [member.n_iter for member in model.members_] == [3, 3, 3]
    assert model.members_[0].stop_reason == "A callback asked to stop after epoch 3."


@pytest.mark.parametrize("n_threads", [1, 2])
def test_a_request_to_stop_at_a_network_ends_the_fit(callback, n_threads):
    recorder = Recorder(lambda context: context.task_name == "member")
    with threadpool_limits(n_threads):
        model = classifier(n_members=5).set_callbacks(recorder).fit(X, y)
    assert 1 <= len(model.members_) <= n_threads
    assert len(recorder.told("end", "fit")) == 1
    assert model.predict_proba(X).shape == (150, 3)


def test_an_error_of_a_callback_leaves_the_estimator_as_it_was(callback):
    model = classifier().fit(X, y)
    before = model.predict_proba(X)

    def fail(context):
        raise RuntimeError("enough")

    recorder = Recorder(fail)
    with threadpool_limits(2), pytest.raises(RuntimeError, match="enough"):
        model.set_callbacks(recorder).fit(X[:100], y[:100])
    np.testing.assert_array_equal(model.predict_proba(X), before)
    assert recorder.events[-1][0] == "teardown"


def test_monitors_of_scikit_learn(callback):
    monitor = callback.ScoringMonitor(scoring="neg_log_loss")
    model = classifier().set_callbacks(monitor).fit(X, y)
    rows = [row for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(rows) == 18
    search = GridSearchCV(clone(model).set_callbacks(), {"dropout": [0.0, 0.1]}, cv=2)
    pytest.importorskip("rich")
    search.set_callbacks(callback.ProgressBar(max_propagation_depth=2)).fit(X, y)


class InterruptAfter:
    """An activation that is a Ctrl-C in the main thread after a number of uses."""

    def __init__(self, n_uses):
        self.n_uses = n_uses

    def __call__(self, Z):
        if threading.current_thread() is threading.main_thread():
            self.n_uses -= 1
            if self.n_uses == 0:
                raise KeyboardInterrupt
        else:
            sleep(0.001)
        return np.maximum(Z, 0)


def interrupted(n_uses, n_threads, **parameters):
    activation = from_functions(InterruptAfter(n_uses), lambda Z: (Z > 0) * 1.0)
    model = classifier(activation=activation, **parameters)
    with threadpool_limits(n_threads), pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    return model


def test_ctrl_c_keeps_the_networks_so_far():
    # An epoch has a step and a pass over the validation rows; the temperature takes another one.
    model = interrupted(2 * 6 + 1 + 2 * 2 + 1, n_threads=1, batch_size=200)
    assert [member.n_iter for member in model.members_] == [6, 2]
    assert model.members_[1].stop_reason == "Interrupted by the user after 2 epochs."
    assert model.predict_proba(X).shape == (150, 3)
    assert model.n_iter_ == 6


def test_ctrl_c_ends_the_networks_of_other_threads():
    model = interrupted(8, n_threads=2, n_members=2, max_iter=100_000)
    assert 1 <= len(model.members_) <= 2
    for member in model.members_:
        assert member.n_iter < 100_000
        assert member.stop_reason.startswith("Interrupted by the user after")
    assert model.predict(X).shape == (150,)
    pickle.dumps(model.set_params(activation="relu").fit(X, y))


@needs_known_blas
@pytest.mark.skipif(os.name != "posix", reason="needs signals of POSIX")
def test_ctrl_c_while_only_other_threads_work(callback):
    main = threading.main_thread()
    main_has_ended = threading.Event()
    uses = []

    def interrupt_later(Z):
        if threading.current_thread() is not main:
            sleep(0.002)
            if main_has_ended.is_set():
                uses.append(1)
                if len(uses) % 50 == 0:  # again, should one come where exceptions are ignored
                    os.kill(os.getpid(), signal.SIGINT)
        return np.maximum(Z, 0)

    def end_own(context):
        if context.task_name == "epoch" and threading.current_thread() is main:
            main_has_ended.set()
            return True
        return False

    activation = from_functions(interrupt_later, lambda Z: (Z > 0) * 1.0)
    model = classifier(activation=activation, n_members=2, max_iter=100_000)
    model.set_params(n_iter_no_change=np.inf).set_callbacks(Recorder(end_own))
    with threadpool_limits(2), pytest.raises(KeyboardInterrupt):
        model.fit(X, y)
    assert all(member.n_iter < 100_000 for member in model.members_)
    assert model.predict(X).shape == (150,)


def test_ctrl_c_in_the_first_epoch_changes_nothing():
    model = interrupted(1, n_threads=1)
    assert not hasattr(model, "members_")
    assert not hasattr(model, "encoder_")


def test_fitted_networks_remember_nothing_of_the_fit():
    model = classifier().fit(X, y)
    assert len(pickle.dumps(model)) < 40_000


# What the progress asks of the designs: no members of an earlier fit.
NO_DESIGNS = SimpleNamespace(members=[])


def test_members_are_printed_in_order_whatever_ends_first(capsys):
    estimator = SimpleNamespace(verbose=1, n_members=3, time_budget=None)
    progress = EnsembleProgress(estimator, range(3), NO_DESIGNS, given=None)
    for number in range(3):
        progress.member_tasks(number, 6, None, None)
    outcome = SimpleNamespace(n_iter=6, best_iter=2, loss=0.5, validation_losses=[0.4, 0.3])
    for number in (1, 0, 2):
        progress.member_ends(number, outcome)
        printed = [line[:8] for line in capsys.readouterr().out.splitlines()]
        assert printed == {1: [], 0: ["Member 1", "Member 2"], 2: ["Member 3"]}[number]


def test_members_after_one_that_was_lost_are_printed_at_the_end(capsys):
    estimator = SimpleNamespace(verbose=1, n_members=2, time_budget=None)
    progress = EnsembleProgress(estimator, range(2), NO_DESIGNS, given=None)
    for number in range(2):
        progress.member_tasks(number, 6, None, None)
    progress.member_ends(1, SimpleNamespace(n_iter=6, loss=0.5, validation_losses=[]))
    assert capsys.readouterr().out == ""
    progress.finish()
    assert re.fullmatch(r"Member 2 of 2, \d+\.\d s, loss 0.5, 6 epochs\n", capsys.readouterr().out)


def test_verbose_names_the_networks(capsys):
    classifier(n_members=2, verbose=2).fit(X, y)
    lines = capsys.readouterr().out.splitlines()
    for number in (1, 2):
        own = [line for line in lines if line.startswith(f"Member {number} of 2, ")]
        assert len(own) == 7
        assert "epoch 1, loss" in own[0]
        assert "validation loss" in own[0]
        number_pattern = r"\d+\.\d+(e-\d+)?"
        assert re.fullmatch(
            rf"Member {number} of 2, \d+\.\d s, validation loss {number_pattern}, "
            r"best epoch \d of 6",
            own[-1],
        )


# ---- validation losses


def of_best(model, number=0):
    member = model.members_[number]
    return member, member.validation_losses[member.best_iter - 1]


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_label_smoothing_is_for_training_only(smoothing):
    parts = train_test_split(X, y, random_state=0)
    model = classifier(label_smoothing=smoothing, min_steps=300)
    model.fit(parts[0], parts[2], X_val=parts[1], y_val=parts[3])
    _, best = of_best(model)
    reached = log_loss(parts[3], softmax(model._raw_predictions(parts[1])[0][0], axis=1))
    # The published network is softened; with 0.3 in it, the loss could not be less than 0.5.
    assert reached == pytest.approx(best, rel=0.3)
    assert best < 0.5


def test_label_smoothing_with_columns_of_labels():
    Y = np.column_stack([y, y > 0])
    sharp, smooth = (classifier(label_smoothing=s, max_iter=1).fit(X, Y) for s in (0.0, 0.3))
    # The first epoch is of one step, after which the difference is small.
    assert smooth.validation_loss_curve_[0] == pytest.approx(
        sharp.validation_loss_curve_[0], rel=0.02
    )


def test_probabilities_are_as_sure_as_the_validation_rows_allow():
    rng = np.random.default_rng(0)
    noisy = np.where(rng.uniform(size=150) < 0.3, rng.integers(3, size=150), y)
    X_val, y_val = X[::2], noisy[::2]
    parameters = {"n_members": 1, "min_steps": 300, "n_iter_no_change": np.inf}
    model = classifier(**parameters).fit(X[1::2], y[1::2], X_val=X_val, y_val=y_val)
    _, best = of_best(model)
    raw = model._raw_predictions(X_val)[0][0]
    wrong = np.argsort(raw, axis=1)[:, 1]

    def objective(temperature):
        probabilities = softmax(raw / temperature, axis=1)
        added = log_loss(wrong, probabilities, labels=[0, 1, 2])
        return log_loss(y_val, probabilities, labels=[0, 1, 2]) + 0.25 / 75 * added

    assert objective(1.0) <= min(objective(0.95), objective(1.05))
    assert log_loss(y_val, softmax(raw, axis=1)) < best


def test_right_validation_rows_do_not_allow_every_certainty():
    parameters = {"n_members": 1, "min_steps": 400, "n_iter_no_change": np.inf}
    labels = (y > 0) * 1  # which a line can tell from each other
    model = classifier(**parameters).fit(X[::2], labels[::2], X_val=X[1::2], y_val=labels[1::2])
    _, best = of_best(model)
    reached = log_loss(labels[1::2], model.predict_proba(X[1::2]))
    assert best < reached < 0.05


@pytest.mark.parametrize("kind", ["one", "two", "three", "labels", "columns"])
@pytest.mark.parametrize("loss", ["log_loss", "squared_error", "focal", Multinomial()])
def test_every_kind_of_labels_is_softened(kind, loss):
    if kind == "labels" and loss == Multinomial():
        pytest.skip("a loss of one class out of several")
    kinds = {
        "one": np.zeros(150, int),
        "two": y > 0,
        "three": y,
        "labels": np.column_stack([y > 0, y > 1]) * 1,
        "columns": np.column_stack([y, y > 0]),
    }
    model = classifier(n_members=1, loss=loss).fit(X, kinds[kind])
    probabilities = model.predict_proba(X)
    for part in probabilities if kind == "columns" else [probabilities]:
        assert np.isfinite(part).all()


def test_validation_loss_of_a_quantile_is_the_pinball_loss():
    rng = np.random.default_rng(0)
    target = X[:, 0] + rng.normal(size=150)
    X_val, y_val = X[100:], target[100:]
    model = regressor(loss=Quantile(0.2)).fit(X[:100], target[:100], X_val=X_val, y_val=y_val)
    _, best = of_best(model)
    raw, target, _ = model._raw_predictions(X_val)
    predicted = target.predict(raw[0])
    expected = mean_pinball_loss(y_val, predicted, alpha=0.2)
    assert best == pytest.approx(expected / model.scale_[0], rel=1e-3)


def test_validation_loss_of_quantiles_is_that_of_unsorted_ones():
    rng = np.random.default_rng(0)
    target = X[:, 0] + rng.normal(size=150)
    X_val, y_val = X[100:], target[100:]
    model = regressor(loss=Quantile((0.2, 0.7))).fit(
        X[:100], target[:100], X_val=X_val, y_val=y_val
    )
    _, best = of_best(model)
    raw, target, _ = model._raw_predictions(X_val)
    predicted = target.predict(raw[0])
    of_sorted = sum(
        mean_pinball_loss(y_val, predicted[:, i], alpha=a) for i, a in enumerate((0.2, 0.7))
    )
    # Some of them cross: sorted, they have a smaller loss.
    assert 0.9 * best < of_sorted / model.scale_[0] < 0.9999 * best


def test_validation_loss_of_the_gaussian_is_its_log_likelihood():
    rng = np.random.default_rng(0)
    target = X[:, 0] + rng.normal(size=150)
    X_val, y_val = X[100:], target[100:]
    model = regressor(loss="gaussian_nll").fit(X[:100], target[:100], X_val=X_val, y_val=y_val)
    _, best = of_best(model)
    raw, units, _ = model._raw_predictions(X_val)
    mean, std = units.predict(raw[0]), units.std(raw[0])
    losses = 0.5 * ((y_val - mean) / std) ** 2 + np.log(std / model.scale_)
    difference = best - np.mean(losses)
    constants = (0.0, 0.5 * np.log(2 * np.pi))
    assert min(abs(difference - constant) for constant in constants) < 1e-3
