"""What a fit learns is set all at once, or not at all.

This is the one place that knows how. A fit works on a draft, a twin of the estimator, and the
estimator is given the draft's attributes in a single step: the dict of its attributes is replaced,
never changed. So an exception or Ctrl-C leaves the estimator as it was; what another thread
pickles or copies meanwhile is of one fit; and a prediction reads what ``one_fit_of`` gives it.
"""

from contextlib import contextmanager

from .scikit_learn import ATTRIBUTES_OF_CALLBACKS

_NOTHING = object()


def one_fit_of(estimator):
    """The estimator with its attributes of now, whatever another thread fits meanwhile.

    It is to be read only, since it shares them.
    """
    return _twin(estimator, vars(estimator))


def _twin(estimator, attributes):
    twin = object.__new__(type(estimator))
    twin.__dict__ = attributes
    return twin


@contextmanager
def draft_of(estimator):
    """A twin to fit, whose new attributes the estimator is given when the block has ended.

    The block gets the draft, which has the same parameters and attributes (the same objects), and
    a function ``keep_despite(kinds)``: once it is called, what the draft has learnt is published
    also where the block ends by an exception of these kinds.
    """
    before = vars(estimator).copy()
    draft = _twin(estimator, before.copy())
    for name in ATTRIBUTES_OF_CALLBACKS:  # those of the fit in which a callback made a copy
        vars(draft).pop(name, None)
    curve = before.get("loss_curve_", [])
    n_losses = len(curve)
    kinds, published = [], []

    def publish():
        published.append(_with_changes(vars(estimator), before, vars(draft)))
        estimator.__dict__ = published[-1]

    try:
        yield draft, kinds.append
        publish()
    except BaseException as error:
        if isinstance(error, tuple(kinds)):
            publish()
        # partial_fit makes the curve longer in place, since a stream may have millions of calls.
        if not any(vars(estimator) is attributes for attributes in published):
            del curve[n_losses:]
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
