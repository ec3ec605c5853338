"""The loss of times until an event, some of which are censored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .base import Loss

if TYPE_CHECKING:
    from ..utils.typing import Array, FloatArray


@dataclass(frozen=True)
class Cox(Loss):
    """Minus Cox's log partial likelihood, for times until an event that may be censored.

    The raw prediction ``f`` is the logarithm of a risk. For each row ``i`` with an event,

    ``l_i = log(sum_j exp(f_j)) - f_i``

    over its risk set: the rows ``j`` whose time is at least that of row ``i``. Rows that are
    censored have no loss of their own; they count in risk sets. Events at the same time have the
    same risk set (Breslow's approximation) [1]_ [2]_. With weights ``s``, the loss of row ``i`` is
    multiplied by ``s_i``, and ``exp(f_j)`` by ``s_j``: a weight of 2 is a row twice.

    Notes
    -----
    ``y`` is a structured array with two fields of any names: whether there was an event (bool),
    and the time of the event or of censoring (a number, at least 0), as made by ``Surv`` of
    scikit-survival.

    The loss compares rows with each other. 'lbfgs' therefore works on all rows at once, and needs
    memory for the activations of all of them. 'sgd' and 'adam' take the risk sets within each
    minibatch, which is another objective: its optimum tends to that of the full likelihood as
    ``batch_size`` grows. Use a few hundred rows or more, so that each minibatch has many events.

    ``predict`` gives ``f``, larger for earlier events; a constant that is added to all ``f``
    changes nothing. ``score`` is Harrell's concordance index: of the pairs of rows of which it is
    known which one had its event first, the share in which that row has the larger ``f``; ties of
    ``f`` count one half [3]_. It is 0.5 for a constant, and NaN where no pair can be compared.

    The loss of a fit, like any other, is divided by the sum of the weights of all rows, and not by
    the number of events.

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
        # The sum over the events whose risk sets a row is in: those no later than its own time.
        terms = np.where(counts, _log(of_events), 0.0) - np.where(counts, log_risk, np.inf)
        log_hazard = np.logaddexp.accumulate(terms[::-1])[::-1][first]
        out[latest_first, 0] = np.exp(log_weight + f + log_hazard) - of_events
        return float(total)


def _log(weight: Array) -> Array:
    return np.log(weight, out=np.full_like(weight, -np.inf), where=weight > 0)


def _bounds_of_ties(time: Array) -> tuple[Array, Array]:
    """Positions of the last and of the first row of the time of each row, in sorted times."""
    changes = np.flatnonzero(np.diff(time)) + 1
    firsts = np.append(0, changes)
    lasts = np.append(changes, len(time)) - 1
    group = np.repeat(np.arange(len(firsts)), lasts - firsts + 1)
    return lasts[group], firsts[group]
