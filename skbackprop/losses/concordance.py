"""Harrell's concordance index."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from ..utils.typing import Array, FloatArray


def concordance_index(
    event: Array, time: Array, risk: FloatArray, sample_weight: Array | None = None
) -> float:
    """Compute the fraction of comparable pairs whose order is predicted correctly.

    The order is correct if the row with the earlier event has the larger risk. A pair is
    comparable if the earlier time is that of an event, or if the times are equal and exactly one
    of the two is censored. Equal risks count one half. The weight of a pair is the product of the
    weights of its rows. The run time is ``O(n log(n)^2)``.

    Parameters
    ----------
    event : ndarray of bool of shape (n_rows,)
        Whether the time is that of an event.

    time : ndarray of shape (n_rows,)
        Times of events, or of censoring.

    risk : ndarray of shape (n_rows,)
        Predicted risks, or their logarithms.

    sample_weight : ndarray of shape (n_rows,) or None
        Weights; None for ones.

    Returns
    -------
    index : float
        Concordance index in [0, 1]; NaN if no pair is comparable.
    """
    weight = np.ones(len(time)) if sample_weight is None else np.asarray(sample_weight, float)
    rank = np.unique(risk, return_inverse=True)[1]
    place = 2 * np.unique(time, return_inverse=True)[1]
    # Censoring at the time of an event counts as later than the event, hence places in steps of 2.
    events = np.flatnonzero(event)
    events = events[np.argsort(place[events], kind="stable")]
    n_before = np.searchsorted(place[events], place + np.logical_not(event))
    above = _sums_of_prefixes(rank[events], weight[events], n_before, rank)
    at_least = _sums_of_prefixes(rank[events], weight[events], n_before, rank - 1)
    pairs = weight @ np.append(0, np.cumsum(weight[events]))[n_before]
    return float(weight @ (above + at_least) / (2 * pairs)) if pairs > 0 else np.nan


def _sums_of_prefixes(rank: Array, weight: Array, stop: Array, limit: Array) -> FloatArray:
    """Return ``sum(weight[:stop][rank[:stop] > limit])`` for each ``stop`` and ``limit``.

    The first ``stop`` rows are divided into blocks whose sizes are powers of two, one for each bit
    of ``stop``. All blocks of one size are sorted at once.
    """
    sums = np.zeros(len(stop))
    n_ranks = int(max(rank.max(initial=0), limit.max(initial=0))) + 2
    for bit in range(int(stop.max(initial=0)).bit_length()):
        asked = np.flatnonzero(stop >> bit & 1)
        key = (np.arange(len(rank)) >> bit) * n_ranks + rank + 1
        order = np.argsort(key, kind="stable")
        key, total = key[order], np.append(0, np.cumsum(weight[order]))
        block = (stop[asked] >> bit) - 1
        start = np.searchsorted(key, block * n_ranks + limit[asked] + 1, side="right")
        end = np.searchsorted(key, (block + 1) * n_ranks)
        sums[asked] += total[end] - total[start]
    return sums
