"""Fits as transactions: all fitted attributes are set at once, or none.

A fit works on a draft, a copy of the estimator, and at the end the estimator takes over the
attributes of the draft in a single step: the dict of its attributes is replaced, never changed.
Therefore an exception or Ctrl-C leaves the estimator in its previous state, a copy or pickle made
by another thread contains one fit only, and so does a prediction, which uses ``one_fit_of``.
"""

from contextlib import contextmanager

from .scikit_learn import ATTRIBUTES_OF_CALLBACKS

_NOTHING = object()


def one_fit_of(estimator):
    """Return the estimator with its current attributes, unaffected by fits in other threads.

    Do not change the result: it shares the attributes.
    """
    return _twin(estimator, vars(estimator))


def _twin(estimator, attributes):
    twin = object.__new__(type(estimator))
    twin.__dict__ = attributes
    return twin


@contextmanager
def draft_of(estimator):
    """Yield a draft to fit; the estimator takes over its new attributes at the end of the block.

    The block gets the draft, which has the same parameters and attributes (the same objects), and
    a function ``keep_despite(kinds)``. After a call of this function, the estimator takes over the
    attributes even if the block ends with an exception of these kinds.
    """
    before = vars(estimator).copy()
    draft = _twin(estimator, before.copy())
    for name in ATTRIBUTES_OF_CALLBACKS:  # a copy made by a callback has those of another fit
        vars(draft).pop(name, None)
    curve = before.get("loss_curve_", [])
    n_losses = len(curve)
    kinds, committed = [], []

    def commit():
        committed.append(_with_changes(vars(estimator), before, vars(draft)))
        estimator.__dict__ = committed[-1]

    try:
        yield draft, kinds.append
        commit()
    except BaseException as error:
        if isinstance(error, tuple(kinds)):
            commit()
        # partial_fit extends the curve in place, because a stream may have millions of calls.
        if not any(vars(estimator) is attributes for attributes in committed):
            del curve[n_losses:]
        raise


def _with_changes(attributes, before, after):
    """Return attributes updated by the changes between two other states of them."""
    changed = dict(attributes)
    for name in before.keys() | after.keys():
        value = after.get(name, _NOTHING)
        if value is _NOTHING:
            changed.pop(name, None)
        elif value is not before.get(name, _NOTHING):
            changed[name] = value
    return changed
