"""Learning rates as functions of the progress of training."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any, Literal, Self, TypeAlias


@dataclass
class Progress:
    """Progress of training, the argument of a callable ``learning_rate``.

    Epochs and steps are counted from the start of this ``fit``, or over all calls of
    ``partial_fit``.

    Parameters
    ----------
    n_samples_seen : int, default=0
        Number of rows processed in all epochs so far, including earlier fits.

    n_plateaus : int, default=0
        Number of times that more than ``n_iter_no_change`` epochs brought no improvement.

    epoch : int, default=0
        Number of completed epochs: 0 in the first one.

    step : int, default=0
        Number of completed steps: 0 before the first one.

    fraction : float, default=0.0
        Completed fraction of the ``max_iter`` epochs, from 0 to 1, including parts of an epoch.

    step_share : float, default=0.0
        Increase of ``fraction`` per step.

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
    """Progress with the methods by which training updates it."""

    _steps_before: int = field(default=0, repr=False)  # steps of the completed epochs

    def restart(self):
        """Count epochs and steps from 0 again."""
        self.epoch = self.step = self._steps_before = 0
        self.fraction = 0.0

    def meet_plateau(self):
        """Count a plateau."""
        self.n_plateaus += 1

    def begin_fit(self):
        """Count epochs, steps and plateaus from 0 again."""
        self.n_plateaus = 0
        self.restart()

    def go_on_from(self, n_samples_seen, n_plateaus=None):
        """Set the count of rows, and that of plateaus if it is given."""
        self.n_samples_seen = n_samples_seen
        if n_plateaus is not None:
            self.n_plateaus = n_plateaus

    def begin_step(self, i, n_steps, n_epochs):
        """Record that ``i`` of ``n_steps`` steps of the epoch are done, of ``n_epochs`` epochs."""
        self.step = self._steps_before + i
        self.fraction = min(1.0, (self.epoch + i / n_steps) / n_epochs)
        self.step_share = 1 / (n_steps * n_epochs)

    def end_epoch(self, n_samples, n_steps, n_epochs):
        """Record the end of an epoch that processed ``n_samples`` rows."""
        self.n_samples_seen += n_samples
        self.epoch += 1
        self._steps_before += n_steps
        self.step = self._steps_before
        self.fraction = min(1.0, self.epoch / n_epochs)


@dataclass(frozen=True)
class Schedule:
    """Define a learning rate (or another factor) as a function of progress.

    A new schedule is a class like ``Cosine`` and a line in ``SCHEDULES``. It is called as
    ``schedule(progress)``.

    Attributes
    ----------
    initial : float
        Initial or largest rate.

    per_step : bool
        Whether the rate changes within an epoch.

    planned : bool
        Whether the schedule covers all ``max_iter`` epochs, so that training should not stop
        before.

    in_scikit_learn, sgd_only : bool
        Whether MLPClassifier has the schedule (L-BFGS ignores it then), and whether Adam ignores
        it, as in MLPClassifier.
    """

    initial: float

    per_step = planned = in_scikit_learn = sgd_only = False

    @classmethod
    def from_settings(cls, settings: Any) -> Self:
        """Return the schedule for the hyper-parameters."""
        return cls(float(settings.learning_rate_init))

    def survives_plateau(self, progress: Progress) -> bool:
        """Return whether training continues with another rate when patience is exhausted."""
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
    """Divide the rate by 5 after each plateau, until it is 1e-6 or less."""

    in_scikit_learn = sgd_only = True
    divisor = 5.0
    smallest = 1e-6

    def __call__(self, progress: Progress) -> float:
        return self.initial / self.divisor**progress.n_plateaus

    def survives_plateau(self, progress: Progress) -> bool:
        return self(progress) > self.smallest


def _half_cosine(share):
    """Return a value from 1 at ``share = 0`` to 0 at ``share = 1``, with zero slope at both."""
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
    """Increase the rate from ``initial / 25`` in the first 30 %, then decrease it to 0.

    Both parts are half periods of the cosine. Unlike in the reference, the momentum is constant:
    in our tests, varying it was no better than a constant value in between.

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
    """``rate = initial * factor(progress)``, with a factor defined by the user.

    After a plateau, training continues if the factor depends on the number of plateaus.
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
                "A callable learning_rate must return factors of learning_rate_init, finite and "
                f"at least 0. It returned {factor} for {progress}."
            )
        return self.initial * factor

    def survives_plateau(self, progress: Progress) -> bool:
        after = replace(progress, n_plateaus=progress.n_plateaus + 1)
        return self(after) != self(progress)


@dataclass(frozen=True)
class HeldCosine(Schedule):
    """Keep ``initial`` for half of the epochs, then decrease to 0 along half a cosine period.

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
    """Increase the rate linearly over ``share`` of the epochs, then decrease it to 0.

    The decrease is half a period of the cosine. Unlike in ``WarmUp`` of ``Cosine``, it starts
    where the increase ends.
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
    """Multiply another schedule by a factor that increases linearly to 1 at the start.

    The factor of a step is ``min(1, (fraction + step_share) / share)``, so the first is not 0.

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
        """Return ``planned`` of the schedule."""
        return self.schedule.planned

    def __call__(self, progress: Progress) -> float:
        factor = (progress.fraction + progress.step_share) / self.share
        return self.schedule(progress) * min(1.0, factor)

    def survives_plateau(self, progress: Progress) -> bool:
        """Return the answer of the schedule."""
        return self.schedule.survives_plateau(progress)


@dataclass(frozen=True)
class ThenConstant:
    """Follow a schedule, and after its end keep a constant rate, for streams of data."""

    plan: Schedule
    rate: float

    per_step = True
    planned = in_scikit_learn = sgd_only = False

    def __call__(self, progress: Progress) -> float:
        return self.plan(progress) if progress.fraction < 1 else self.rate

    def survives_plateau(self, progress: Progress) -> bool:
        """Return the answer of the schedule."""
        return self.plan.survives_plateau(progress)


ScheduleName: TypeAlias = Literal["constant", "invscaling", "adaptive", "cosine", "one_cycle"]

#: Schedules by their name in ``learning_rate``.
SCHEDULES: dict[ScheduleName, type[Schedule]] = {
    "constant": Constant,
    "invscaling": InvScaling,
    "adaptive": Adaptive,
    "cosine": Cosine,
    "one_cycle": OneCycle,
}


def rates_of_epoch(schedule, progress, n_steps, n_epochs):
    """Return an iterator over the learning rates of the steps of the next epoch.

    ``progress`` is updated at each step if the schedule depends on steps.
    """
    progress.begin_step(0, n_steps, n_epochs)
    if not schedule.per_step:
        return repeat(schedule(progress))
    return _rates_of_steps(schedule, progress, n_steps, n_epochs)


def _rates_of_steps(schedule, progress, n_steps, n_epochs):
    for i in range(n_steps):
        progress.begin_step(i, n_steps, n_epochs)
        yield schedule(progress)
