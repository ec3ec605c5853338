"""The Cox loss for survival times, some of which are censored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .base import Loss

if TYPE_CHECKING:
    from ..utils.typing import Array, FloatArray


@dataclass(frozen=True)
class Cox(Loss):
    """Negative log partial likelihood of the Cox model, for censored survival times.

    The raw prediction ``f`` is a log risk. The loss of a row ``i`` with an event is

    ``l_i = log(sum_j exp(f_j)) - f_i``,

    where the sum is over the risk set: the rows ``j`` whose time is at least that of row ``i``.
    Censored rows have no loss of their own but belong to risk sets. Events at the same time have
    the same risk set (Breslow's approximation) [1]_ [2]_. With weights ``s``, the loss of row
    ``i`` is multiplied by ``s_i`` and ``exp(f_j)`` by ``s_j``, so a weight of 2 is equivalent to
    repeating the row.

    Notes
    -----
    ``y`` is a structured array with two fields of any names: whether there was an event (bool),
    and the time of the event or of censoring (a number, at least 0). ``Surv`` of scikit-survival
    makes such arrays.

    The loss compares rows with each other. 'lbfgs' therefore processes all rows at once, which
    needs memory for the activations of all of them. 'sgd' and 'adam' use risk sets within each
    minibatch. This is a different objective, whose optimum approaches that of the full likelihood
    as ``batch_size`` grows. Use a few hundred rows or more, so that each minibatch has many
    events.

    ``predict`` returns ``f``, which is larger for earlier events. Adding a constant to all ``f``
    changes nothing. ``score`` is Harrell's concordance index [3]_: the fraction of the comparable
    pairs of rows in which the row with the earlier event has the larger ``f``. Ties of ``f`` count
    one half. The index is 0.5 for a constant, and NaN if no pair is comparable.

    As with all losses, the objective is divided by the sum of the weights of all rows, not by the
    number of events.

    References
    ----------
    .. [1] Cox (1975), "Partial likelihood", Biometrika 62:269-276.

    .. [2] Breslow (1974), "Covariance analysis of censored survival data", Biometrics 30:89-99.

    .. [3] Harrell, Califf, Pryor, Lee & Rosati (1982), "Evaluating the yield of medical tests",
       JAMA 247:2543-2546.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop import BackpropRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 2))
    >>> time, censoring = rng.exponential(np.exp(-X[:, 0])), rng.exponential(2.0, size=200)
    >>> y = np.empty(200, [("event", bool), ("time", float)])
    >>> y["event"], y["time"] = time <= censoring, np.minimum(time, censoring)
    >>> model = BackpropRegressor((), loss="cox", solver="lbfgs", alpha=0.1).fit(X, y)
    >>> model.score(X, y) > 0.7
    True
    """

    couples_rows = True

    def loss_gradient(
        self, y: Array, raw: FloatArray, sample_weight: FloatArray | None, out: FloatArray
    ) -> float:
        event, time = y[:, 0], y[:, 1]
        latest_first = np.argsort(-time, kind="stable")
        time = time[latest_first]
        f = raw[latest_first, 0].astype(np.float64)
        weight = np.ones(len(f)) if sample_weight is None else sample_weight[latest_first, 0]
        weight = weight.astype(np.float64)
        of_events = weight * event[latest_first]
        counts = of_events > 0
        last, first = _bounds_of_ties(time)
        log_weight = _log(weight)
        log_risk = np.logaddexp.accumulate(log_weight + f)[last]
        total = np.sum(of_events[counts] * (log_risk - f)[counts])
        # Sum over the events whose risk sets contain the row: those up to its own time.
        terms = np.where(counts, _log(of_events), 0.0) - np.where(counts, log_risk, np.inf)
        log_hazard = np.logaddexp.accumulate(terms[::-1])[::-1][first]
        out[latest_first, 0] = np.exp(log_weight + f + log_hazard) - of_events
        return float(total)


def _log(weight: Array) -> Array:
    return np.log(weight, out=np.full_like(weight, -np.inf), where=weight > 0)


def _bounds_of_ties(time: Array) -> tuple[Array, Array]:
    """Return the positions of the last and the first row with the time of each row."""
    changes = np.flatnonzero(np.diff(time)) + 1
    firsts = np.append(0, changes)
    lasts = np.append(changes, len(time)) - 1
    group = np.repeat(np.arange(len(firsts)), lasts - firsts + 1)
    return lasts[group], firsts[group]
