"""How training runs: epochs that count, divergence, what it keeps and what it leaves alone."""

import copy
import gc
import weakref

import numpy as np
import pytest
from sklearn.datasets import make_classification

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.activations import Tanh
from skbackprop.data import Checked, sample_of
from skbackprop.losses import SquaredError
from skbackprop.network import dense_network
from skbackprop.targets import NumericTarget
from skbackprop.training import (
    SCHEDULES,
    UPDATE_RULES,
    Outcome,
    Training,
    TrainingState,
    recipe_of,
)
from skbackprop.training.engine import Stop

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": (4,), "batch_size": 20, "max_iter": 3, "random_state": 0}
X, y = make_classification(n_samples=60, n_features=5, random_state=0)
FEATURES, CLASSES = make_classification(n_samples=80, n_features=5, random_state=0)
FEW_STEPS = {"hidden_layer_sizes": (3,), "max_iter": 1, "random_state": 0}
RNG = np.random.default_rng(0)
NORMAL = RNG.normal(size=(40, 3))
THREE_EPOCHS = {"hidden_layer_sizes": (3,), "max_iter": 3, "random_state": 0}


def test_samples_seen_are_those_of_completed_epochs():
    """Ctrl-C in the scorer comes after all steps of an epoch."""
    net = BackpropClassifier(**SMALL, scoring=interrupt_at_second_call)
    CALLS.clear()
    with pytest.raises(KeyboardInterrupt):
        net.fit(X, y, X_val=X, y_val=y)
    assert (net.n_iter_, net.t_, len(net.loss_curve_)) == (1, len(X), 1)
    assert net.loss_ == net.best_loss_ == net.loss_curve_[0]


CALLS = []


def interrupt_at_second_call(estimator, X, y):
    CALLS.append(1)
    if len(CALLS) == 2:
        raise KeyboardInterrupt
    return 0.5


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_what_is_set_during_a_fit_stays(method):
    """Of the attributes a fit changes those which it has learnt, and no others."""
    net = BackpropRegressor(**FEW_STEPS, learning_rate=lambda progress: set_note(net))
    getattr(net, method)(FEATURES, CLASSES)
    assert net.note == "written meanwhile"
    assert net.n_iter_ == 1


def set_note(net):
    net.note = "written meanwhile"
    return 1.0


def test_partial_fit_does_not_copy_the_loss_curve():
    net = BackpropClassifier((3,), random_state=0).partial_fit(FEATURES, CLASSES, classes=[0, 1])
    curve = net.loss_curve_
    twin = copy.copy(net)
    net.partial_fit(FEATURES, CLASSES)
    assert net.loss_curve_ is curve
    assert (len(curve), len(twin.loss_curve_)) == (2, 1)  # but a copy has its own


def test_lbfgs_that_diverges_at_its_first_step_says_so():
    with pytest.raises(ValueError, match="non-finite parameter weights"):
        BackpropRegressor(**THREE_EPOCHS, solver="lbfgs").fit(NORMAL, 1e200 * NORMAL[:, 0])


# ---- runs on their own, without an estimator

FIELDS = np.random.default_rng(1).normal(size=(40, 3))
NUMBERS = np.tanh(FIELDS[:, 0]) + 0.1 * FIELDS[:, 1]
STOCHASTIC = [*UPDATE_RULES]
SOLVERS = ["lbfgs", *STOCHASTIC]


def settings(**parameters):
    """Hyper-parameters of a small problem."""
    defaults = {"max_iter": 5, "batch_size": 10, "learning_rate_init": 0.01, "momentum": 0.5}
    return BackpropRegressor((4,), "tanh", random_state=0, **defaults | parameters)


def sample_of_numbers(target, rows=slice(None)):
    checked = Checked(FIELDS[rows], NUMBERS[rows], None)
    return sample_of(checked, target, np.float64)


def new_start(state):
    """A network and its starting values."""
    network = dense_network([3, 4, 1], [Tanh()])
    parameters = network.parameters(np.float64)
    network.draw(parameters, state.random_state)
    return network, parameters


def training_of(one_pass=False, validated=False, score=None, state=None, start=None, **parameters):
    """A run that has not begun."""
    state = TrainingState(0) if state is None else state
    network, theta = new_start(state) if start is None else start
    target = NumericTarget((), SquaredError())
    return Training(
        network,
        target,
        recipe_of(settings(**parameters), one_pass),
        state,
        theta,
        sample_of_numbers(target),
        held_out=sample_of_numbers(target, slice(0, 15)) if validated else None,
        score=score,
    )


def assert_fields_agree(outcome, validated, early_stopping=False):
    assert isinstance(outcome, Outcome)
    n_iter = outcome.n_iter
    assert len(outcome.loss_curve) == n_iter
    validation = outcome.validation_losses, outcome.validation_scores
    assert [len(curve) for curve in validation] == [n_iter if validated else 0] * 2
    assert np.isfinite(outcome.loss_curve).all()
    assert np.isfinite(outcome.network.raw_prediction(FIELDS)).all()
    if early_stopping:
        assert outcome.best_loss is None
        assert outcome.best_iter == np.argmax(outcome.validation_scores) + 1
    else:
        assert outcome.best_iter == n_iter
        assert outcome.best_loss == min(*outcome.loss_curve, outcome.loss)
    if validated:
        raw = outcome.network.raw_prediction(FIELDS[:15])[:, 0]
        kept_loss = np.mean((raw - NUMBERS[:15]) ** 2) / 2
        kept = outcome.validation_losses[outcome.best_iter - 1]
        assert kept == pytest.approx(kept_loss, rel=1e-12)


@pytest.mark.parametrize(
    ("validated", "early_stopping"),
    [(False, False), (True, False), (True, True)],
    ids=["alone", "validated", "early stopping"],
)
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.filterwarnings("ignore:learning_rate=:UserWarning")
def test_fields_of_an_outcome_agree(solver, schedule, validated, early_stopping):
    training = training_of(
        solver=solver, learning_rate=schedule, early_stopping=early_stopping, validated=validated
    )
    stop = training.run()
    outcome = training.outcome(stop.reason)
    assert_fields_agree(outcome, validated, early_stopping)
    assert outcome.stop_reason == stop.reason
    assert outcome.n_samples_seen == (0 if solver == "lbfgs" else 40 * outcome.n_iter)
    assert outcome.n_iter <= 5
    assert outcome.loss == pytest.approx(outcome.loss_curve[-1])


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("solver", STOCHASTIC)
@pytest.mark.filterwarnings("ignore:learning_rate=:UserWarning")
def test_three_passes_are_a_run_of_three_epochs(solver, schedule):
    options = {"solver": solver, "learning_rate": schedule, "max_iter": 3}
    whole = training_of(**options)
    whole.run()
    state = TrainingState(0)
    start = new_start(state)
    curve = []
    for calls in range(1, 4):
        training = training_of(one_pass=True, state=state, start=start, **options)
        stop = training.run()
        assert stop == Stop("partial_fit made one pass over the data.")
        outcome = training.outcome(stop.reason)
        assert (outcome.n_iter, outcome.best_iter, outcome.n_samples_seen) == (1, 1, 40 * calls)
        curve += outcome.loss_curve
    assert curve == whole.outcome("").loss_curve
    for one, other in zip(outcome.network.coefs, whole.outcome("").network.coefs, strict=True):
        np.testing.assert_array_equal(one, other)


STOPS = {
    "patience": (
        {"solver": "sgd", "tol": 10.0, "n_iter_no_change": 1, "max_iter": 20},
        "Training loss did not improve more than tol=10.000000 for 1 consecutive epochs.",
        True,
    ),
    "early stopping": (
        {"tol": 10.0, "n_iter_no_change": 2, "early_stopping": True, "validated": True},
        "Validation score did not improve more than tol=10.000000 for 2 consecutive epochs.",
        True,
    ),
    "a plan": (
        {"learning_rate": "cosine", "tol": 10.0, "n_iter_no_change": 1},
        "The schedule learning_rate='cosine' ended after max_iter=5 epochs.",
        False,
    ),
    "the end": ({"tol": 0.0}, "Maximum iterations (max_iter=5) reached.", False),
    "lbfgs converges": ({"solver": "lbfgs", "tol": 10.0}, "L-BFGS stopped: CONVERGENCE", True),
    "lbfgs has no more iterations": (
        {"solver": "lbfgs", "tol": 0.0, "max_iter": 2},
        "L-BFGS stopped: STOP: TOTAL NO.",
        False,
    ),
    "lbfgs with early stopping": (
        {
            "solver": "lbfgs",
            "tol": 0.9,
            "solver_options": {"gtol": 0.0},
            "n_iter_no_change": 1,
            "early_stopping": True,
            "validated": True,
        },
        "Validation score did not improve more than tol=0.900000 for 1 consecutive epochs.",
        False,
    ),
}


@pytest.mark.parametrize("name", STOPS)
def test_reasons_to_stop(name):
    parameters, reason, converged = STOPS[name]
    stop = training_of(**parameters).run()
    assert stop.reason.startswith(reason)
    assert stop.converged is converged


class Watcher:
    """Tells what happens at an epoch: to stop, or what an interruption raises."""

    def __init__(self, training, stops_after=np.inf, interrupts_in=np.inf):
        self.training = training
        self.stops_after = stops_after
        self.interrupts_in = interrupts_in
        self.outcomes = []

    def begin(self):
        if self.training.monitor.n_iter + 1 == self.interrupts_in:
            raise KeyboardInterrupt

    def end(self):
        self.outcomes.append(self.training.outcome("so far", copied=True))
        return self.training.monitor.n_iter == self.stops_after


every_solver = pytest.mark.parametrize("solver", SOLVERS)


@every_solver
def test_a_callback_stops_a_run(solver):
    training = training_of(solver=solver, validated=True)
    stop = training.run(Watcher(training, stops_after=2))
    assert "callback" in stop.reason
    assert not stop.converged
    outcome = training.outcome(stop.reason)
    assert outcome.n_iter == 2
    assert_fields_agree(outcome, validated=True)


@every_solver
def test_outcomes_on_the_way_stay_as_they_were(solver):
    training = training_of(solver=solver, validated=True)
    watcher = Watcher(training)
    training.run(watcher)
    assert [outcome.n_iter for outcome in watcher.outcomes] == [1, 2, 3, 4, 5]
    for outcome in watcher.outcomes:
        assert_fields_agree(outcome, validated=True)
    assert watcher.outcomes[-1].loss_curve == training.outcome("").loss_curve


@every_solver
@pytest.mark.parametrize("validated", [False, True], ids=["", "validated"])
def test_rows_do_not_wait_for_garbage_collection(solver, validated):
    training = training_of(solver=solver, validated=validated)
    rows = weakref.ref(training.objective.rows)
    gc.disable()
    try:
        training.run()
        del training
        assert rows() is None
    finally:
        gc.enable()


@every_solver
@pytest.mark.parametrize("validated", [False, True], ids=["", "validated"])
def test_an_interrupted_run_gives_its_completed_epochs(solver, validated):
    training = training_of(solver=solver, validated=validated)
    with pytest.raises(KeyboardInterrupt):
        training.run(Watcher(training, interrupts_in=3))
    assert training.go_back() == 2
    outcome = training.outcome("interrupted")
    assert_fields_agree(outcome, validated)
    assert outcome.n_samples_seen == (0 if solver == "lbfgs" else 80)
    shorter = training_of(solver=solver, validated=validated, max_iter=2)
    shorter.run()
    assert outcome.loss_curve == shorter.outcome("").loss_curve
    np.testing.assert_array_equal(
        outcome.network.raw_prediction(FIELDS),
        shorter.outcome("").network.raw_prediction(FIELDS),
    )


@pytest.mark.parametrize("solver", STOCHASTIC)
@pytest.mark.parametrize("step", [0, 3, 9])
def test_an_epoch_interrupted_in_between_does_not_count(solver, step):
    def rate(progress):
        if progress.step == step:
            raise KeyboardInterrupt
        return 1.0

    training = training_of(solver=solver, learning_rate=rate)
    with pytest.raises(KeyboardInterrupt):
        training.run()
    n_iter = step // 4
    assert training.go_back() == n_iter
    if n_iter:
        outcome = training.outcome("interrupted")
        assert_fields_agree(outcome, validated=False)
        assert outcome.n_samples_seen == 40 * n_iter


@pytest.mark.parametrize("solver", STOCHASTIC)
def test_the_message_of_a_divergence_says_where_and_how(solver):
    training = training_of(solver=solver, learning_rate_init=1e250)
    largest = f"{np.abs(FIELDS).max():.3g}"
    words = (
        r"non-finite parameter weights.*not finite at epoch \d, with "
        rf"learning_rate_init=1e\+250; the largest absolute value of X is {largest}\."
    )
    with pytest.raises(ValueError, match=words):
        training.run()


def explode_in_the_third_epoch(progress):
    return 1.0 if progress.epoch < 2 else 1e300


@pytest.mark.parametrize("solver", STOCHASTIC)
def test_a_divergence_goes_back_to_the_best_epoch(solver):
    training = training_of(
        solver=solver,
        learning_rate=explode_in_the_third_epoch,
        early_stopping=True,
        validated=True,
    )
    with pytest.warns(match="Lower learning_rate_init, or scale the data"):
        stop = training.run()
    outcome = training.outcome(stop.reason)
    assert_fields_agree(outcome, validated=True, early_stopping=True)
    assert not stop.converged
    assert stop.reason.endswith(f"parameters of the best epoch, {outcome.best_iter}.")
    assert outcome.n_samples_seen == 40 * outcome.n_iter


@pytest.mark.parametrize("average", [False, 0.5])
@pytest.mark.parametrize("solver", STOCHASTIC)
def test_a_warm_start_after_a_divergence_begins_with_fresh_moments(solver, average):
    """The warning says to lower the rate, which the moments of the divergence made useless."""
    net = BackpropRegressor(
        **SMALL, solver=solver, learning_rate=explode_in_the_third_epoch, early_stopping=True,
        average=average, warm_start=True,
    )  # fmt: skip
    with pytest.warns(match="Training diverged"):
        net.fit(FIELDS, NUMBERS)
    best = net.coefs_[0]
    net.set_params(learning_rate="constant", learning_rate_init=1e-9).fit(FIELDS, NUMBERS)
    np.testing.assert_allclose(net.coefs_[0], best, atol=1e-6)


@every_solver
def test_a_score_judges_in_place_of_the_loss(solver):
    """The worst network is the best by a score that grows with the loss."""
    options = {"solver": solver, "early_stopping": True, "validated": True}
    by_loss = training_of(**options)
    by_score = training_of(
        **options, score=lambda raw, parameters: np.mean((raw[:, 0] - NUMBERS[:15]) ** 2)
    )
    assert (by_loss.judged_by_loss, by_score.judged_by_loss) == (True, False)
    for training in (by_loss, by_score):
        training.run()
        assert_fields_agree(training.outcome(""), validated=True, early_stopping=True)
    assert by_loss.outcome("").best_iter > by_score.outcome("").best_iter == 1
