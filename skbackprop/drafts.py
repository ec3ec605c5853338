"""What a fit learns is set all at once, or not at all, and looked at all at once."""

from contextlib import contextmanager
from functools import wraps

__all__ = ["draft_of", "of_one_fit", "snapshot_of"]

_NOTHING = object()


def snapshot_of(estimator):
    """A twin with the attributes that an estimator has now, the same objects.

    It keeps them where a fit in another thread gives the estimator others.

    Parameters
    ----------
    estimator : estimator instance
        What is looked at.

    Returns
    -------
    snapshot : estimator instance
    """
    snapshot = object.__new__(type(estimator))
    snapshot.__dict__ = vars(estimator).copy()
    return snapshot


def of_one_fit(method):
    """Let a method that sets nothing work with one snapshot of its estimator from start to end.

    Parameters
    ----------
    method : function
        Its first argument is the estimator.

    Returns
    -------
    method : function
        The same, for a snapshot of the estimator.
    """

    @wraps(method)
    def with_snapshot(estimator, *args, **kwargs):
        return method(snapshot_of(estimator), *args, **kwargs)

    return with_snapshot


@contextmanager
def draft_of(estimator):
    """A twin to fit, whose new attributes the estimator is given when the block has ended.

    Until then, and after an exception, the estimator is as it was, for other threads too: what
    they pickle or copy is of one fit.

    Parameters
    ----------
    estimator : estimator instance
        What is to be fitted.

    Yields
    ------
    draft : estimator instance
        With the same parameters and attributes, the same objects.

    publish : callable
        Gives the estimator what the draft has learnt so far; for what is to be kept of a fit that
        is interrupted.
    """
    draft = snapshot_of(estimator)
    before = dict(vars(draft))
    curve = before.get("loss_curve_", [])
    n_losses = len(curve)
    published = []

    def publish():
        published.append(_with_changes(vars(estimator), before, vars(draft)))
        estimator.__dict__ = published[-1]

    try:
        yield draft, publish
        publish()
    except BaseException:
        if not any(vars(estimator) is attributes for attributes in published):
            del curve[n_losses:]  # partial_fit makes it longer in place
        raise


def _with_changes(attributes, before, after):
    """Attributes with what has changed between two other states of them."""
    changed = dict(attributes)
    for name in before.keys() | after.keys():
        value = after.get(name, _NOTHING)
        if value is _NOTHING:
            changed.pop(name, None)
        elif value is not before.get(name, _NOTHING):
            changed[name] = value
    return changed
