"""Learning rates as functions of the progress of training."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any, Literal, Self, TypeAlias


@dataclass
class Progress:
    """How far training has come: what a learning rate can be a function of.

    Epochs and steps are those of this ``fit``, or of all calls of ``partial_fit`` so far.

    Parameters
    ----------
    n_samples_seen : int, default=0
        Rows that all epochs so far have gone through, those of earlier fits included.

    n_plateaus : int, default=0
        How many times ``n_iter_no_change`` epochs have brought no improvement.

    epoch : int, default=0
        Completed epochs: 0 in the first one.

    step : int, default=0
        Completed steps: 0 before the first one.

    fraction : float, default=0.0
        Completed part of the ``max_iter`` epochs, from 0 to 1; fractions of an epoch included.

    step_share : float, default=0.0
        What a step adds to ``fraction``.

    Examples
    --------
    >>> from skbackprop import BackpropRegressor
    >>> def halved_every_ten_epochs(progress):
    ...     return 0.5 ** (progress.epoch // 10)
    >>> model = BackpropRegressor(learning_rate=halved_every_ten_epochs)
    """

    n_samples_seen: int = 0
    n_plateaus: int = 0
    epoch: int = 0
    step: int = 0
    fraction: float = 0.0
    step_share: float = 0.0


@dataclass
class CountedProgress(Progress):
    """Progress as training counts it."""

    _steps_before: int = field(default=0, repr=False)  # of the epochs that are completed

    def restart(self):
        """Begin to count epochs and steps anew."""
        self.epoch = self.step = self._steps_before = 0
        self.fraction = 0.0

    def meet_plateau(self):
        """Note that patience has run out once more."""
        self.n_plateaus += 1

    def begin_fit(self):
        """Begin to count plateaus, too, anew."""
        self.n_plateaus = 0
        self.restart()

    def go_on_from(self, n_samples_seen, n_plateaus=None):
        """Take over what has been counted elsewhere: rows, and plateaus where they are given."""
        self.n_samples_seen = n_samples_seen
        if n_plateaus is not None:
            self.n_plateaus = n_plateaus

    def begin_step(self, i, n_steps, n_epochs):
        """Note that ``i`` of the ``n_steps`` of an epoch are made, of ``n_epochs`` at most."""
        self.step = self._steps_before + i
        self.fraction = min(1.0, (self.epoch + i / n_steps) / n_epochs)
        self.step_share = 1 / (n_steps * n_epochs)

    def end_epoch(self, n_samples, n_steps, n_epochs):
        """Note that an epoch is completed, which has gone through so many rows."""
        self.n_samples_seen += n_samples
        self.epoch += 1
        self._steps_before += n_steps
        self.step = self._steps_before
        self.fraction = min(1.0, self.epoch / n_epochs)


@dataclass(frozen=True)
class Schedule:
    """A learning rate (or another factor) as a function of progress: ``schedule(progress)``.

    A new one is a class like ``Cosine`` and a line in ``SCHEDULES``.

    Attributes
    ----------
    initial : float
        Rate at the start, or the largest one.

    per_step : bool
        Whether the rate changes within an epoch.

    planned : bool
        Whether it is a plan for all ``max_iter`` epochs, made to be followed to its end.

    in_scikit_learn, sgd_only : bool
        Whether MLPClassifier has it, and L-BFGS ignores it; whether Adam ignores it, as there.
    """

    initial: float

    per_step = planned = in_scikit_learn = sgd_only = False

    @classmethod
    def from_settings(cls, settings: Any) -> Self:
        """The schedule that hyper-parameters ask for."""
        return cls(float(settings.learning_rate_init))

    def survives_plateau(self, progress: Progress) -> bool:
        """Whether training goes on, with another rate, when patience has run out."""
        return False


@dataclass(frozen=True)
class Constant(Schedule):
    """``rate = initial``."""

    in_scikit_learn = True

    def __call__(self, progress: Progress) -> float:
        return self.initial


@dataclass(frozen=True)
class InvScaling(Schedule):
    """``rate = initial / (n_samples_seen + 1) ** power``; scikit-learn counts samples too."""

    power: float

    in_scikit_learn = sgd_only = True

    @classmethod
    def from_settings(cls, settings: Any) -> Self:
        return cls(float(settings.learning_rate_init), settings.power_t)

    def __call__(self, progress: Progress) -> float:
        return self.initial / (progress.n_samples_seen + 1) ** self.power


@dataclass(frozen=True)
class Adaptive(Schedule):
    """A fifth of the rate after each plateau, until it is 1e-6 or less."""

    in_scikit_learn = sgd_only = True
    divisor = 5.0
    smallest = 1e-6

    def __call__(self, progress: Progress) -> float:
        return self.initial / self.divisor**progress.n_plateaus

    def survives_plateau(self, progress: Progress) -> bool:
        return self(progress) > self.smallest


def _half_cosine(share):
    """From 1 at ``share = 0`` to 0 at ``share = 1``, level at both ends."""
    return 0.5 * (1 + math.cos(math.pi * share))


@dataclass(frozen=True)
class Cosine(Schedule):
    """``rate = initial (1 + cos(pi fraction)) / 2``: from the initial rate to 0.

    References
    ----------
    Loshchilov & Hutter (2017), "SGDR: stochastic gradient descent with warm restarts", ICLR,
    eq. 5.
    """

    per_step = planned = True

    def __call__(self, progress: Progress) -> float:
        return self.initial * _half_cosine(progress.fraction)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """From a 25th of the rate up to it in the first 30 %, then down to 0; half cosines both.

    Unlike in the reference, the momentum does not change: where tried, it was no better to lower
    and raise it than to keep one in between.

    References
    ----------
    Smith & Topin (2019), "Super-convergence: very fast training of neural networks using large
    learning rates", SPIE 11006.
    """

    per_step = planned = True
    rise = 0.3
    lowest = 1 / 25

    def __call__(self, progress: Progress) -> float:
        if progress.fraction < self.rise:
            missing = (1 - self.lowest) * _half_cosine(progress.fraction / self.rise)
            return self.initial * (1 - missing)
        return self.initial * _half_cosine((progress.fraction - self.rise) / (1 - self.rise))


@dataclass(frozen=True)
class Multiple(Schedule):
    """``rate = initial * factor(progress)``, with a factor that the user has written.

    After a plateau training goes on if the factor depends on the number of plateaus there.
    """

    factor: Callable[[Progress], float]

    per_step = True

    @classmethod
    def from_settings(cls, settings: Any) -> Self:
        return cls(float(settings.learning_rate_init), settings.learning_rate)

    def __call__(self, progress: Progress) -> float:
        factor = float(self.factor(progress))
        if not 0 <= factor < math.inf:
            raise ValueError(
                "learning_rate, as a function of progress, must give finite numbers that are not "
                f"negative: factors of learning_rate_init. It gave {factor} for {progress}."
            )
        return self.initial * factor

    def survives_plateau(self, progress: Progress) -> bool:
        after = replace(progress, n_plateaus=progress.n_plateaus + 1)
        return self(after) != self(progress)


@dataclass(frozen=True)
class HeldCosine(Schedule):
    """``initial`` for half of the epochs, then half a period of the cosine down to 0.

    References
    ----------
    Holzmüller, Grinsztajn & Steinwart (2024), "Better by default: strong pre-tuned MLPs and
    boosted trees on tabular data", NeurIPS, where it is called flat_cos.
    """

    per_step = planned = True

    def __call__(self, progress: Progress) -> float:
        fallen = max(0.0, 2 * progress.fraction - 1)
        return self.initial * _half_cosine(fallen)


@dataclass(frozen=True)
class WarmUpThenCosine(Schedule):
    """A linear rise over the first ``share`` of the epochs, then a cosine down to 0.

    Unlike ``WarmUp`` of ``Cosine``, the cosine begins where the rise ends.
    """

    share: float = 0.05

    per_step = planned = True

    def __call__(self, progress: Progress) -> float:
        risen = (progress.fraction + progress.step_share) / self.share
        if risen < 1:
            return self.initial * risen
        fallen = (progress.fraction - self.share) / (1 - self.share)
        return self.initial * _half_cosine(max(0.0, fallen))


@dataclass(frozen=True)
class WarmUp:
    """Another schedule, times a factor that rises linearly to 1 in the beginning.

    The factor of a step is ``min(1, (fraction + step_share) / share)``: not 0 in the first step.

    References
    ----------
    Goyal et al. (2017), "Accurate, large minibatch SGD: training ImageNet in 1 hour",
    arXiv:1706.02677, section 2.2.
    """

    schedule: Schedule
    share: float

    per_step = True
    in_scikit_learn = sgd_only = False

    @property
    def planned(self):
        """As the schedule says."""
        return self.schedule.planned

    def __call__(self, progress: Progress) -> float:
        factor = (progress.fraction + progress.step_share) / self.share
        return self.schedule(progress) * min(1.0, factor)

    def survives_plateau(self, progress: Progress) -> bool:
        """As the schedule says."""
        return self.schedule.survives_plateau(progress)


@dataclass(frozen=True)
class ThenConstant:
    """A plan, and after its end a rate that stays: for data that keep coming."""

    plan: Schedule
    rate: float

    per_step = True
    planned = in_scikit_learn = sgd_only = False

    def __call__(self, progress: Progress) -> float:
        return self.plan(progress) if progress.fraction < 1 else self.rate

    def survives_plateau(self, progress: Progress) -> bool:
        """As the plan says."""
        return self.plan.survives_plateau(progress)


ScheduleName: TypeAlias = Literal["constant", "invscaling", "adaptive", "cosine", "one_cycle"]

#: Schedules by name, as ``learning_rate`` takes them.
SCHEDULES: dict[ScheduleName, type[Schedule]] = {
    "constant": Constant,
    "invscaling": InvScaling,
    "adaptive": Adaptive,
    "cosine": Cosine,
    "one_cycle": OneCycle,
}


def rates_of_epoch(schedule, progress, n_steps, n_epochs):
    """Learning rates of the steps of the coming epoch, as an iterator.

    ``progress`` is led through the steps where the schedule wants to know them.
    """
    progress.begin_step(0, n_steps, n_epochs)
    if not schedule.per_step:
        return repeat(schedule(progress))
    return _rates_of_steps(schedule, progress, n_steps, n_epochs)


def _rates_of_steps(schedule, progress, n_steps, n_epochs):
    for i in range(n_steps):
        progress.begin_step(i, n_steps, n_epochs)
        yield schedule(progress)
