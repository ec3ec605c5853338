"""How sure a network that classifies may be, judged by rows that it has not learned from."""

import numpy as np
from scipy.optimize import minimize_scalar

from ..losses.heads import SumOfHeads
from ..losses.links import SoftmaxLink

# Temperatures are looked for up to this one, and so exactly, in logarithms.
_HIGHEST = 5.0
_TOLERANCE = 0.01

# How many errors are added to those among the validation rows. A few rows that happen to be right
# would otherwise allow any certainty.
_ADDED_ERRORS = 0.25


def temperature(raw, mean_loss, loss):
    """By what to divide raw predictions, so that the loss of validation rows becomes least.

    A share of an error is added, as in rules of succession: a quarter of a row, which is like an
    average one, but whose label is the second most likely. ``mean_loss``, a ValidationLoss, is the
    mean of ``loss`` over the rows; where labels are missing, both means are over known ones. The
    result is at least 1: nothing is made more sure.

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
    """Targets in which each row has the second most likely of its labels."""
    if isinstance(loss, SumOfHeads):
        parts = zip(loss.heads, loss.raw_slices, strict=True)
        columns = [_second_choice(head.loss, raw[:, own]) for head, own in parts]
        return np.column_stack(columns).astype(raw.dtype)
    if isinstance(loss.link, SoftmaxLink):
        return np.argsort(raw, axis=1)[:, -min(2, raw.shape[1])]
    return (raw <= 0).astype(raw.dtype)
