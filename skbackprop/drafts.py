"""What a fit learns is set all at once, or not at all."""

from contextlib import contextmanager

__all__ = ["draft_of"]

_NOTHING = object()


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
    before = dict(vars(estimator))
    draft = object.__new__(type(estimator))
    vars(draft).update(before)
    curve = before.get("loss_curve_", [])
    n_losses = len(curve)
    published = []

    def publish():
        published.append(True)
        estimator.__dict__ = _with_changes(vars(estimator), before, vars(draft))

    try:
        yield draft, publish
        publish()
    except BaseException:
        if not published:
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
