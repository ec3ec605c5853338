"""Learning rates as functions of the progress of training."""

from dataclasses import dataclass

__all__ = ["Adaptive", "Constant", "InvScaling", "Progress"]


@dataclass
class Progress:
    """How far training has come.

    Attributes
    ----------
    n_samples_seen : int
        Rows that all epochs so far have gone through.

    n_plateaus : int
        How many times patience has run out.
    """

    n_samples_seen: int = 0
    n_plateaus: int = 0


@dataclass(frozen=True)
class Constant:
    """``rate = initial``."""

    initial: float

    def __call__(self, progress):
        """Learning rate of the next epoch."""
        return self.initial

    def survives_plateau(self, progress):
        """Whether training goes on, with another rate, when patience has run out."""
        return False


@dataclass(frozen=True)
class InvScaling(Constant):
    """``rate = initial / (n_samples_seen + 1) ** power``; scikit-learn counts samples too."""

    power: float

    def __call__(self, progress):
        return self.initial / (progress.n_samples_seen + 1) ** self.power


@dataclass(frozen=True)
class Adaptive(Constant):
    """A fifth of the rate after each plateau, until it is 1e-6 or less."""

    divisor = 5.0
    smallest = 1e-6

    def __call__(self, progress):
        return self.initial / self.divisor**progress.n_plateaus

    def survives_plateau(self, progress):
        return self(progress) > self.smallest
