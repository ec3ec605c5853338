"""Classification targets of warm starts and of ``partial_fit``."""

import numpy as np
from sklearn.utils.multiclass import type_of_target, unique_labels

from ..utils import check_classes
from .classes import target_of
from .label_columns import (
    LabelColumnsTarget,
    check_labels,
    has_columns,
    lists_columns,
    target_of_classes,
    target_of_labels,
)


def target_going_on(y, loss, known, is_part=False, classes=None):
    """Return the target of validated labels, with the classes of an earlier fit if there is one.

    Parameters
    ----------
    y : ndarray
        Labels. In ``partial_fit`` they need not contain every class.

    loss : ClassificationLoss
        Loss function from now on.

    known : Target or None
        Target of the earlier fit; None if there is none.

    is_part : bool, default=False
        Whether this is a call of ``partial_fit``.

    classes : object, default=None
        All classes, as declared in the first call of ``partial_fit``.

    Returns
    -------
    target : Target
        The target, without class weights.

    Raises
    ------
    ValueError
        If ``y`` or ``classes`` do not agree with the earlier fit.
    """
    if is_part or known is not None:
        check_labels(y)
    if known is not None:
        known.check_shape(y)
    if is_part:
        known = _declared_target(y, loss, known, classes)
    elif known is not None and not known.same_classes(y):
        raise ValueError(
            "warm_start can only be used where `y` has the same classes as in the "
            f"previous call to fit. Previously got {known.classes}, `y` has "
            f"{target_of_labels(y, loss).classes}"
        )
    return target_of_labels(y, loss) if known is None else known.with_loss(loss)


def refuse_balanced(class_weight):
    """Raise ValueError for 'balanced', which cannot be computed from a part of the rows."""
    listed = class_weight if isinstance(class_weight, list) else [class_weight]
    if "balanced" in listed:
        raise ValueError(
            "class_weight 'balanced' is not supported for partial_fit. In order to use "
            "'balanced' weights, use compute_class_weight('balanced', classes=classes, y=y) "
            "of sklearn.utils.class_weight on a representative y, and pass the weights as a "
            "dict."
        )


def _declared_target(y, loss, known, classes):
    """Return the target of a call of ``partial_fit``; the first call declares the classes."""
    for labels in classes if lists_columns(classes) else [classes]:
        check_classes(labels)
    if isinstance(known, LabelColumnsTarget) or lists_columns(classes):
        return _declared_columns(classes, known, loss)
    if known is None and has_columns(y):
        raise ValueError(
            "For several label columns, `classes` must be a list with the classes of each "
            "column on the first call to partial_fit."
        )
    multilabel = type_of_target(y).startswith("multilabel")
    if multilabel and classes is None:
        return known or target_of(y, loss)
    if _are_declared_now(classes, known):
        return target_of(y if multilabel else classes, loss)
    return known


def _are_declared_now(classes, known):
    """Return whether this call declares the classes; later calls must not change them."""
    if classes is None and known is None:
        raise ValueError("classes must be passed on the first call to partial_fit.")
    if classes is None:
        return False
    labels = unique_labels(classes)
    if known is None:
        return True
    if not np.array_equal(known.classes, labels):
        raise ValueError(
            f"`classes={classes!r}` is not the same as on last call to partial_fit, was: "
            f"{known.classes!r}"
        )
    return False


def _declared_columns(classes, known, loss):
    """Return the target with the declared classes of each column, or the known target."""
    if classes is None:
        return known
    target = target_of_classes(classes, loss) if lists_columns(classes) else None
    if known is not None and (target is None or not target.has_classes(known.classes)):
        raise ValueError(
            f"`classes={classes}` is not the same as on last call to partial_fit, was: "
            f"{known.classes}"
        )
    return target
