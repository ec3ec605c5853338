"""The target of classes of a fit that goes on, or whose rows come in parts."""

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
    """Target of validated labels, with the classes of ``known``, the target of an earlier fit.

    Parameters
    ----------
    y : ndarray
        Labels, of which those of a part need not be all.

    loss : ClassificationLoss
        What the network is trained by from now on.

    known : Target or None
        None where nothing is known.

    is_part : bool, default=False
        Whether this is a call of ``partial_fit``.

    classes : object, default=None
        All classes there will be, as they are declared at the first call of ``partial_fit``.

    Returns
    -------
    target : Target
        Without class weights.

    Raises
    ------
    ValueError
        Where ``y`` or ``classes`` do not agree with what is known.
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
    """Refuse class weights that no part of the rows can tell."""
    listed = class_weight if isinstance(class_weight, list) else [class_weight]
    if "balanced" in listed:
        raise ValueError(
            "class_weight 'balanced' is not supported for partial_fit. In order to use "
            "'balanced' weights, use compute_class_weight('balanced', classes=classes, y=y) "
            "of sklearn.utils.class_weight on a representative y, and give the weights as a "
            "dict."
        )


def _declared_target(y, loss, known, classes):
    """The target of a call of ``partial_fit``, whose classes are declared at the first."""
    for labels in classes if lists_columns(classes) else [classes]:
        check_classes(labels)
    if isinstance(known, LabelColumnsTarget) or lists_columns(classes):
        return _declared_columns(classes, known, loss)
    if known is None and has_columns(y):
        raise ValueError(
            "For several label columns, `classes` must be a list with the labels of each "
            "column on the first call to partial_fit."
        )
    multilabel = type_of_target(y).startswith("multilabel")
    if multilabel and classes is None:
        return known or target_of(y, loss)
    if _are_declared_now(classes, known):
        return target_of(y if multilabel else classes, loss)
    return known


def _are_declared_now(classes, known):
    """Whether classes are declared for the first time; later ones must be the same."""
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
    """The classes of each column as they are declared, or as they were."""
    if classes is None:
        return known
    target = target_of_classes(classes, loss) if lists_columns(classes) else None
    if known is not None and (target is None or not target.has_classes(known.classes)):
        raise ValueError(
            f"`classes={classes}` is not the same as on last call to partial_fit, was: "
            f"{known.classes}"
        )
    return target
