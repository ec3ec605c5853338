"""Survival targets: times until an event, some of which are censored."""

import numpy as np

from ..losses.concordance import concordance_index
from .base import Target
from .numbers import refuse_other_units

_HOW = (
    "a structured array with two fields, whether there was an event (bool) and the time of the "
    "event or of censoring (a number), for example from Surv.from_arrays(event, time) of "
    "scikit-survival"
)


class SurvivalTarget(Target):
    """Target with one time per row, of an event or of censoring; predictions are log risks.

    Parameters
    ----------
    loss : Cox
        Loss function of the training.
    """

    row_shape = ()
    n_raw = 1
    form = "one event and time per row"
    has_std = False
    # A log risk has no units.
    center, scale = np.zeros(1), np.ones(1)

    def __init__(self, loss):
        self.loss = loss

    @classmethod
    def fitted_to(cls, y, loss, sample_weight, is_part=False):
        """Return the target of training data; only ``partial_fit`` may have no event."""
        event, _ = _parts(y)
        counts = event if sample_weight is None else event & (sample_weight > 0)
        if not (is_part or counts.any()):
            raise ValueError("All rows of y are censored: there is no event to learn from.")
        return cls(loss)

    def with_loss(self, loss):
        return SurvivalTarget(loss)

    def check_units(self, loss):
        """Raise ValueError for a loss that is not a survival loss."""
        if not loss.couples_rows:
            refuse_other_units(loss, self.loss)

    def encode(self, y, dtype):
        """Return events and ranks of times, of shape (n_samples, 2); ranks need no rounding."""
        event, time = _parts(y)
        rank = np.unique(time, return_inverse=True)[1]
        return np.column_stack([event, rank]).astype(dtype)

    def as_columns(self, y):
        """Return martingale residuals of a model without features: events minus expected events.

        Early events have residuals near 1, long times without an event negative ones (Therneau,
        Grambsch & Fleming 1990, "Martingale-based residuals for survival models", Biometrika
        77:147-160).
        """
        event, time = _parts(y)
        order = np.unique(time, return_inverse=True)[1]
        events, leave = np.bincount(order, event), np.bincount(order)
        at_risk = leave[::-1].cumsum()[::-1]
        return (event - np.cumsum(events / at_risk)[order])[:, np.newaxis]

    def predict(self, raw):
        return raw[:, 0]

    def score(self, y, prediction, sample_weight):
        """Return Harrell's concordance index."""
        return concordance_index(*_parts(y), prediction, sample_weight)

    def raw_of_mean(self, mean):
        """Return None: no log risk belongs to a mean time."""

    @property
    def outputs(self):
        return [0]

    @property
    def raw_names(self):
        return ["log risk"]


def _parts(y):
    """Return events and times of a valid ``y``."""
    y = np.asarray(y)
    kinds = [y.dtype[name].kind for name in y.dtype.names or ()]
    if y.ndim != 1 or len(kinds) != 2 or kinds[0] != "b" or kinds[1] not in "iuf":
        raise ValueError(f"With loss='cox', y must be {_HOW}; got {_described(y)}.")
    event, time = (y[name] for name in y.dtype.names)
    if not np.isfinite(time).all() or (time < 0).any():
        field = y.dtype.names[1]
        raise ValueError(f"The times in field {field!r} of y must be finite and at least 0.")
    return event, time


def _described(y):
    fields = [f"{name} ({y.dtype[name]})" for name in y.dtype.names or ()]
    return f"the fields {', '.join(fields)}" if fields else f"shape {y.shape} of {y.dtype}"
