"""Calibration of a classification network on its validation rows."""

import numpy as np
from scipy.optimize import minimize_scalar

from ..losses.heads import SumOfHeads
from ..losses.links import SoftmaxLink

# Largest temperature of the search, and its tolerance for the logarithm.
_HIGHEST = 5.0
_TOLERANCE = 0.01

# Number of errors added to those of the validation rows. Otherwise, a few rows that happen to be
# classified correctly would allow any confidence.
_ADDED_ERRORS = 0.25


def temperature(raw, mean_loss, loss):
    """Return the temperature that minimises the validation loss of the divided raw predictions.

    A fraction of an error is added, as in the rule of succession: a quarter of an average row
    whose label is the second most likely class. ``mean_loss``, a ValidationLoss, is the mean of
    ``loss`` over the rows; if labels are missing, both means are over the known ones. The result
    is at least 1, so that predictions never become more confident.

    References
    ----------
    Guo, Pleiss, Sun & Weinberger (2017), "On calibration of modern neural networks", ICML.
    """
    wrong, known = _second_choice(loss, raw), mean_loss.known
    n_known = len(raw) if known is None else float(known.sum()) / known.shape[1]
    share = _ADDED_ERRORS / n_known

    def objective(log_temperature):
        softened = raw * raw.dtype.type(np.exp(-log_temperature))
        return mean_loss(softened) + share * loss.loss(wrong, softened, known) / n_known

    bounds, options = (0, np.log(_HIGHEST)), {"xatol": _TOLERANCE}
    found = minimize_scalar(objective, bounds=bounds, method="bounded", options=options)
    return float(np.exp(found.x)) if found.fun < objective(0) else 1.0


def _second_choice(loss, raw):
    """Return targets in which each row has its second most likely label."""
    if isinstance(loss, SumOfHeads):
        parts = zip(loss.heads, loss.raw_slices, strict=True)
        columns = [_second_choice(head.loss, raw[:, own]) for head, own in parts]
        return np.column_stack(columns).astype(raw.dtype)
    if isinstance(loss.link, SoftmaxLink):
        return np.argsort(raw, axis=1)[:, -min(2, raw.shape[1])]
    return (raw <= 0).astype(raw.dtype)
