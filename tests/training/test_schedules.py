"""Learning rates are pure functions of the progress of training, and fits follow them."""

import copy
import math
import pickle
from dataclasses import FrozenInstanceError
from itertools import islice

import numpy as np
import pytest
from reference_values import RATES
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.training import SCHEDULES as REGISTERED
from skbackprop.training.schedules import (
    Adaptive,
    Constant,
    Cosine,
    CountedProgress,
    HeldCosine,
    InvScaling,
    Multiple,
    Progress,
    ThenConstant,
    WarmUp,
    WarmUpThenCosine,
    rates_of_epoch,
)


def halved_each_epoch(progress):
    return 0.5**progress.epoch


def halved_at_plateaus(progress):
    return max(0.25, 0.5**progress.n_plateaus)


SETTINGS = BackpropRegressor(learning_rate_init=0.1)
SCHEDULES = {name: kind.from_settings(SETTINGS) for name, kind in REGISTERED.items()} | {
    "function": Multiple(0.1, halved_each_epoch),
    "warm-up": WarmUp(Constant(0.1), 0.25),
    "warm-up of cosine": WarmUp(Cosine(0.1), 0.25),
}
PLANNED = [name for name in REGISTERED if SCHEDULES[name].planned]
AT_ONCE = [name for name in SCHEDULES if name != "one_cycle" and "warm" not in name]

every_schedule = pytest.mark.parametrize("name", SCHEDULES)


def progress_at(fraction, share=0.0, epoch=0):
    return Progress(fraction=fraction, step_share=share, epoch=epoch)


@pytest.mark.parametrize("name", AT_ONCE)
def test_starts_at_the_initial_rate(name):
    assert SCHEDULES[name](Progress()) == 0.1


def test_every_schedule_has_reference_values():
    assert set(RATES) == set(REGISTERED)


@pytest.mark.parametrize(
    ("name", "progress", "rate"), [(name, *row) for name, rows in RATES.items() for row in rows]
)
def test_rate(name, progress, rate):
    assert SCHEDULES[name](Progress(**progress)) == pytest.approx(rate, rel=1e-14, abs=1e-17)


OTHER_RATES = [
    (InvScaling(0.1, 1.0), Progress(99, 5), 0.001),
    (InvScaling(0.1, 0.0), Progress(99, 0), 0.1),
    (Multiple(0.1, halved_each_epoch), progress_at(0.9, epoch=3), 0.0125),
    (WarmUp(Constant(0.1), 0.5), progress_at(0.0, 0.01), 0.002),
    (WarmUp(Constant(0.1), 0.5), progress_at(0.25), 0.05),
    (WarmUp(Constant(0.1), 0.5), progress_at(0.7), 0.1),
    (WarmUp(Cosine(0.1), 0.5), progress_at(1 / 3), 0.05),
]


@pytest.mark.parametrize(("schedule", "progress", "rate"), OTHER_RATES)
def test_rate_with_other_parameters(schedule, progress, rate):
    assert schedule(progress) == pytest.approx(rate, rel=1e-14, abs=1e-17)


@pytest.mark.parametrize("name", [name for name in SCHEDULES if name != "adaptive"])
def test_training_ends_with_the_first_plateau(name):
    assert not SCHEDULES[name].survives_plateau(Progress())


@pytest.mark.parametrize(
    "wrapped",
    [lambda schedule: schedule, lambda s: WarmUp(s, 0.1), lambda s: ThenConstant(s, 0.01)],
    ids=["alone", "after a warm-up", "before a constant rate"],
)
def test_an_adaptive_rate_survives_plateaus_until_it_is_tiny(wrapped):
    """0.1 / 5^7 = 1.28e-6 is the last rate above 1e-6, and 0.1 / 5^8 the last that is used."""
    schedule = wrapped(Adaptive(0.1))
    survived = [schedule.survives_plateau(Progress(0, n)) for n in range(10)]
    assert survived == [True] * 8 + [False] * 2


def test_an_adaptive_rate_of_1e_6_does_not_survive():
    assert not Adaptive(1e-6).survives_plateau(Progress())
    assert Adaptive(1.01e-6).survives_plateau(Progress())


def test_a_function_of_plateaus_survives_them():
    schedule = Multiple(0.1, halved_at_plateaus)
    assert [schedule.survives_plateau(Progress(0, n)) for n in range(4)] == [1, 1, 0, 0]


@every_schedule
def test_is_a_pure_function(name):
    schedule, progress = SCHEDULES[name], Progress(1000, 2, fraction=0.4)
    rates = {schedule(progress) for _ in range(3)}
    schedule.survives_plateau(progress)
    assert len(rates) == 1
    assert progress == Progress(1000, 2, fraction=0.4)


@every_schedule
def test_is_a_value(name):
    schedule = SCHEDULES[name]
    assert copy.deepcopy(schedule) == pickle.loads(pickle.dumps(schedule)) == schedule
    assert sum(schedule == other for other in SCHEDULES.values()) == 1
    with pytest.raises(FrozenInstanceError):
        schedule.initial = 1.0


# ---- led through the steps


def walk(schedule, n_epochs, n_steps, progress=None):
    """The rate of every step."""
    progress = CountedProgress() if progress is None else progress
    rates = []
    for _ in range(n_epochs):
        rates += islice(rates_of_epoch(schedule, progress, n_steps, n_epochs), n_steps)
        progress.end_epoch(20, n_steps, n_epochs)
    return rates


def test_progress_of_each_step():
    seen = []

    def note(progress):
        seen.append(copy.copy(progress))
        return 1.0

    walk(Multiple(0.1, note), 2, 4)
    assert [p.step for p in seen] == list(range(8))
    assert [p.epoch for p in seen] == [0] * 4 + [1] * 4
    assert [p.fraction for p in seen] == [i / 8 for i in range(8)]
    assert {p.step_share for p in seen} == {1 / 8}
    assert [p.n_samples_seen for p in seen] == [0] * 4 + [20] * 4


@pytest.mark.parametrize("n_steps", [1, 4])
def test_an_epoch_has_a_rate_for_each_step_and_no_more(n_steps):
    assert len([*rates_of_epoch(Cosine(0.1), CountedProgress(), n_steps, 2)]) == n_steps


def test_progress_does_not_go_beyond_the_plan():
    progress = CountedProgress()
    walk(Constant(0.1), 3, 2, progress)
    assert (progress.epoch, progress.step, progress.fraction) == (3, 6, 1.0)
    rates_of_epoch(Constant(0.1), progress, 2, 3)
    assert progress.fraction == 1.0


def test_a_schedule_by_epochs_is_asked_once_an_epoch():
    asked = []

    class Counting(Constant):
        def __call__(self, progress):
            asked.append((progress.epoch, progress.step, progress.fraction))
            return 0.1

    assert walk(Counting(0.1), 4, 50) == [0.1] * 200
    assert asked == [(0, 0, 0.0), (1, 50, 0.25), (2, 100, 0.5), (3, 150, 0.75)]


def test_warm_up_rises_by_the_same_amount_to_the_full_rate():
    rates = walk(WarmUp(Constant(0.1), 0.5), 2, 5)
    np.testing.assert_allclose(rates, [0.02, 0.04, 0.06, 0.08, 0.1] + [0.1] * 5, rtol=1e-12)


# ---- fits

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
LABELS = (X[:, 0] + 0.3 * RNG.normal(size=60) > 0).astype(int)
NUMBERS = X[:, 0] - X[:, 1]
TARGETS = {BackpropClassifier: LABELS, BackpropRegressor: NUMBERS}
WHOLE_BATCH = {"batch_size": 60, "alpha": 0.0, "random_state": 0}

ignore_convergence = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
every_estimator = pytest.mark.parametrize("estimator_class", TARGETS)
every_solver = pytest.mark.parametrize("solver", ["sgd", "adam"])
OPTIONS = {
    **{name: {"learning_rate": name} for name in PLANNED},
    "function": {"learning_rate": halved_each_epoch},
    "warm-up": {"warmup_fraction": 0.3},
    "warm-up of cosine": {"learning_rate": "cosine", "warmup_fraction": 0.3},
}
every_option = pytest.mark.parametrize("option", OPTIONS)


def assert_same_fit(one, other):
    for a, b in zip(one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        np.testing.assert_array_equal(a, b)


def parts(estimator_class):
    """``classes`` of the first call of partial_fit."""
    return {"classes": [0, 1]} if estimator_class is BackpropClassifier else {}


@ignore_convergence
@every_solver
def test_a_fit_is_one_of_single_epochs_with_these_rates(solver):
    """Cosine over five epochs of one step each, against five calls with the rate set by hand."""
    parameters = {"solver": solver, **WHOLE_BATCH}
    planned = BackpropRegressor((4,), learning_rate="cosine", max_iter=5, **parameters)
    planned.set_params(learning_rate_init=0.1).fit(X, NUMBERS)
    by_hand = BackpropRegressor((4,), **parameters)
    for epoch in range(5):
        rate = 0.1 * 0.5 * (1 + math.cos(math.pi * epoch / 5))
        by_hand.set_params(learning_rate_init=rate).partial_fit(X, NUMBERS)
    assert_same_fit(planned, by_hand)


@ignore_convergence
@every_solver
def test_a_function_that_is_constant_is_the_constant_rate(solver):
    parameters = {"solver": solver, "max_iter": 6, "batch_size": 25, "random_state": 0}
    constant = BackpropRegressor((4,), **parameters).fit(X, NUMBERS)
    function = BackpropRegressor((4,), learning_rate=lambda progress: 1, **parameters)
    assert_same_fit(function.fit(X, NUMBERS), constant)


@ignore_convergence
@pytest.mark.parametrize("average", [False, 0.9])
@every_option
@every_solver
@every_estimator
def test_partial_fit_takes_each_call_as_an_epoch_of_the_plan(
    estimator_class, solver, option, average
):
    y = TARGETS[estimator_class]
    net = estimator_class(
        (4,), solver=solver, max_iter=6, batch_size=25, weight_decay=0.1, average=average,
        random_state=0, learning_rate_init=0.05, **OPTIONS[option],
    )  # fmt: skip
    whole = clone(net).fit(X, y)
    for call in range(6):
        net.partial_fit(X, y, **({} if call else parts(estimator_class)))
    assert_same_fit(net, whole)
    assert whole.n_iter_ == 6


@every_estimator
def test_calls_of_partial_fit_beyond_the_plan_are_warned_of(estimator_class):
    y = TARGETS[estimator_class]
    net = estimator_class((4,), max_iter=2, learning_rate="cosine", random_state=0)
    net.partial_fit(X, y, **parts(estimator_class)).partial_fit(X, y)
    before = copy.deepcopy(net)
    with pytest.warns(UserWarning, match=r"max_iter=2 times.*'cosine'"):
        net.partial_fit(X, y)
    assert_same_fit(net, before)


@pytest.mark.parametrize("name", PLANNED)
@every_solver
def test_a_plan_is_made_to_its_end_without_a_warning(name, solver):
    """Patience of one epoch with a tolerance that no epoch reaches would end training."""
    net = BackpropRegressor(
        (4,), solver=solver, learning_rate=name, max_iter=20, tol=1e3, n_iter_no_change=1,
        random_state=0,
    )  # fmt: skip
    net.fit(X, NUMBERS)
    assert net.n_iter_ == 20
    assert "max_iter" in net.stop_reason_
    assert name in net.stop_reason_


@pytest.mark.parametrize("name", PLANNED)
def test_early_stopping_ends_a_plan(name):
    net = BackpropRegressor(
        (4,), learning_rate=name, max_iter=50, tol=1e3, n_iter_no_change=2, early_stopping=True,
        random_state=0,
    )  # fmt: skip
    assert net.fit(X, NUMBERS).n_iter_ == 4


@ignore_convergence
@every_solver
def test_a_function_of_plateaus_lowers_the_rate_and_goes_on(solver):
    """No epoch but the first reaches ``tol``: plateaus after epochs 3, 5 and, the last, 7."""
    net = BackpropRegressor(
        (4,), solver=solver, learning_rate=halved_at_plateaus, max_iter=50, tol=1e3,
        n_iter_no_change=1, random_state=0,
    )  # fmt: skip
    assert net.fit(X, NUMBERS).n_iter_ == 7
    assert net.set_params(learning_rate="constant").fit(X, NUMBERS).n_iter_ == 3


@ignore_convergence
def test_each_fit_of_a_warm_start_makes_the_plan_anew():
    """So does a partial_fit after it, and a fit after that."""
    seen = []

    def note(progress):
        seen.append((progress.epoch, progress.fraction))
        return 1.0

    net = BackpropRegressor((4,), learning_rate=note, max_iter=2, warm_start=True, **WHOLE_BATCH)
    net.fit(X, NUMBERS).fit(X, NUMBERS).partial_fit(X, NUMBERS)
    assert seen == [(0, 0.0), (1, 0.5), (0, 0.0), (1, 0.5), (0, 0.0)]
    net.fit(X, NUMBERS)
    assert seen[5:] == [(0, 0.0), (1, 0.5)]


@pytest.mark.parametrize("wrong", [-1.0, math.nan, math.inf])
def test_a_rate_that_is_none_is_refused(wrong):
    net = BackpropRegressor((4,), learning_rate=lambda progress: wrong)
    with pytest.raises(ValueError, match=r"learning_rate.*at least 0"):
        net.fit(X, NUMBERS)
    assert not hasattr(net, "coefs_")


@ignore_convergence
@pytest.mark.parametrize("rate", [*PLANNED, halved_each_epoch])
def test_float32_stays_float32(rate):
    net = BackpropRegressor((4,), learning_rate=rate, max_iter=3, dtype="float32").fit(X, NUMBERS)
    assert {array.dtype for array in net.coefs_ + net.intercepts_} == {np.dtype(np.float32)}


@ignore_convergence
@pytest.mark.parametrize("rate", ["invscaling", "adaptive"])
def test_adam_ignores_the_schedules_of_sgd_with_a_warning(rate):
    parameters = {"max_iter": 3, "random_state": 0}
    constant = BackpropRegressor((4,), **parameters).fit(X, NUMBERS)
    net = BackpropRegressor((4,), learning_rate=rate, **parameters)
    with pytest.warns(UserWarning, match="no effect with solver='adam'"):
        net.fit(X, NUMBERS)
    assert_same_fit(net, constant)


@ignore_convergence
def test_clone_pickle_and_grid_search():
    rates = ["constant", "cosine", "one_cycle", halved_each_epoch]
    net = BackpropClassifier((4,), learning_rate=halved_each_epoch, warmup_fraction=0.1)
    twin = pickle.loads(pickle.dumps(clone(net).set_params(max_iter=3).fit(X, LABELS)))
    assert twin.get_params() == net.set_params(max_iter=3).get_params()
    search = GridSearchCV(
        net.set_params(warmup_fraction=0.0), {"learning_rate": rates}, cv=2, error_score="raise"
    )
    assert search.fit(X, LABELS).best_params_["learning_rate"] in rates


def test_a_planned_rate_ends_closer_to_the_optimum():
    """Noisy steps on a linear model: the loss over all rows, after the same number of epochs."""
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(400, 5))
    y = Z @ rng.normal(size=5) + rng.normal(size=400)
    best = np.linalg.lstsq(np.column_stack([Z, np.ones(400)]), y, rcond=None)[1][0] / 400
    excess = {}
    for rate in ("constant", "cosine", "one_cycle"):
        net = BackpropRegressor(
            (), solver="sgd", learning_rate=rate, learning_rate_init=0.1, momentum=0.0, alpha=0.0,
            batch_size=10, max_iter=30, tol=0.0, n_iter_no_change=np.inf, random_state=0,
        )  # fmt: skip
        if rate == "constant":
            with pytest.warns(ConvergenceWarning):
                net.fit(Z, y)
        else:
            net.fit(Z, y)
        excess[rate] = np.mean((net.predict(Z) - y) ** 2) - best
    assert excess["cosine"] < 0.1 * excess["constant"]
    assert excess["one_cycle"] < 0.1 * excess["constant"]


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [
        (HeldCosine(2.0), {0.0: 2.0, 0.5: 2.0, 0.75: 1.0, 1.0: 0.0}),
        (WarmUpThenCosine(2.0, 0.2), {0.0: 0.1, 0.09: 1.0, 0.2: 2.0, 0.6: 1.0, 1.0: 0.0}),
    ],
    ids=["held", "warm-up"],
)
def test_schedules_of_the_recipe(schedule, rates):
    found = [schedule(Progress(fraction=at, step_share=0.01)) for at in rates]
    np.testing.assert_allclose(found, [*rates.values()], atol=1e-12)
    assert schedule.planned
    assert schedule.per_step


def test_a_constant_rate_after_a_plan():
    schedule = ThenConstant(HeldCosine(2.0), 0.5)
    found = [schedule(Progress(fraction=at)) for at in (0.0, 0.75, 0.999, 1.0)]
    np.testing.assert_allclose(found[:2], [2.0, 1.0])
    assert found[2] < 0.01
    assert found[3] == 0.5
    assert not schedule.planned  # it has no end
