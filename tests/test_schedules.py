"""Learning rates are pure functions of the progress of training."""

import copy
import pickle
from dataclasses import FrozenInstanceError

import pytest

from skbackprop.schedules import Adaptive, Constant, InvScaling, Progress

SCHEDULES = {
    "constant": Constant(0.1),
    "invscaling": InvScaling(0.1, 0.5),
    "adaptive": Adaptive(0.1),
}

every_schedule = pytest.mark.parametrize("name", SCHEDULES)


@every_schedule
def test_starts_at_the_initial_rate(name):
    assert SCHEDULES[name](Progress()) == 0.1


@pytest.mark.parametrize(
    ("schedule", "progress", "rate"),
    [
        (Constant(0.1), Progress(10**6, 9), 0.1),
        (InvScaling(0.1, 0.5), Progress(99, 0), 0.01),
        (InvScaling(0.1, 1.0), Progress(99, 5), 0.001),
        (InvScaling(0.1, 0.0), Progress(99, 0), 0.1),
        (Adaptive(0.1), Progress(99, 0), 0.1),
        (Adaptive(0.1), Progress(0, 1), 0.02),
        (Adaptive(0.1), Progress(0, 3), 0.0008),
    ],
)
def test_rate(schedule, progress, rate):
    assert schedule(progress) == pytest.approx(rate, rel=1e-14)


@pytest.mark.parametrize("name", ["constant", "invscaling"])
def test_training_ends_with_the_first_plateau(name):
    assert not SCHEDULES[name].survives_plateau(Progress())


def test_an_adaptive_rate_survives_plateaus_until_it_is_tiny():
    """0.1 / 5^7 = 1.28e-6 is the last rate above 1e-6, and 0.1 / 5^8 the last that is used."""
    schedule = Adaptive(0.1)
    survived = [schedule.survives_plateau(Progress(0, n)) for n in range(10)]
    assert survived == [True] * 8 + [False] * 2


def test_an_adaptive_rate_of_1e_6_does_not_survive():
    assert not Adaptive(1e-6).survives_plateau(Progress())
    assert Adaptive(1.01e-6).survives_plateau(Progress())


@every_schedule
def test_is_a_pure_function(name):
    schedule, progress = SCHEDULES[name], Progress(1000, 2)
    rates = {schedule(progress) for _ in range(3)}
    schedule.survives_plateau(progress)
    assert len(rates) == 1
    assert progress == Progress(1000, 2)


@every_schedule
def test_is_a_value(name):
    schedule = SCHEDULES[name]
    assert copy.deepcopy(schedule) == pickle.loads(pickle.dumps(schedule)) == schedule
    assert sum(schedule == other for other in SCHEDULES.values()) == 1
    with pytest.raises(FrozenInstanceError):
        schedule.initial = 1.0
