"""The log loss for ordered classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..utils import ordered_categories
from .classification import ClassificationLoss, LogLoss, Multinomial

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from ..utils.typing import Array, FloatArray


@dataclass(frozen=True)
class ProportionalOdds(ClassificationLoss):
    """Log loss for ordered classes: one score and thresholds between the classes.

    The network computes one score ``s`` for each row, and learns ``K - 1`` increasing thresholds
    for ``K`` classes, the same thresholds for all rows [1]_:

    ``P(class <= k) = 1 / (1 + exp(-(theta_k - s)))``, ``l = -log(P(class = y))``.

    Without a hidden layer this is ordered logistic regression. With two classes, and for several
    labels, it is :class:`LogLoss`.

    Parameters
    ----------
    order : sequence of labels or None, default=None
        The classes from the lowest to the highest. It may contain labels that do not occur. None
        uses the order of numbers, or the order of the categories if ``y`` is an ordered
        categorical column of pandas or an Enum of polars. Three or more classes that are strings
        raise an error without it, because alphabetical order is rarely meant.

    Notes
    -----
    ``classes_`` and the columns of ``predict_proba`` are sorted as for any other loss; the order
    only says which classes are neighbours. ``predict`` returns the most probable class. The median
    minimises the expected absolute error in steps of the order: it is the first class at which the
    cumulative sum of the probabilities, in the given order, reaches one half.

    ``decision_function`` returns the logarithms of the probabilities. The score of a row is
    ``transform(X) @ coefs_[-1]``, or ``X @ coefs_[-1]`` without hidden layers, with one weight per
    unit of the layer below. The last biases ``b`` give the thresholds, ``theta_1 = b[0]`` and
    ``theta_k = theta_(k-1) + log(1 + exp(b[k-1]))``, which makes them increase.

    References
    ----------
    .. [1] McCullagh (1980), "Regression models for ordinal data", Journal of the Royal Statistical
       Society B 42:109-142.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.losses import ProportionalOdds
    >>> X = np.linspace(-1, 1, 90)[:, np.newaxis]
    >>> y = np.repeat(["low", "mid", "high"], 30)
    >>> loss = ProportionalOdds(["low", "mid", "high"])
    >>> model = BackpropClassifier((), loss=loss, solver="lbfgs", alpha=0.1).fit(X, y)
    >>> print(*model.classes_)
    high low mid
    >>> print(*model.predict([[-1], [0], [1]]))
    low mid high
    """

    order: tuple[Any, ...] | None = None

    if TYPE_CHECKING:

        def __init__(self, order: Sequence[Any] | Array | None = None) -> None: ...

    def __post_init__(self) -> None:
        if self.order is None:
            return
        if isinstance(self.order, str) or not np.iterable(self.order):
            raise ValueError(f"order must be a sequence of labels or None, got {self.order!r}.")
        order = tuple(np.asarray(self.order, dtype=object).tolist())
        if len(set(order)) < max(2, len(order)):
            raise ValueError(
                f"order must name at least two labels, each of them once, got {self.order!r}."
            )
        object.__setattr__(self, "order", order)

    def multiclass(self) -> Multinomial:
        """Return the multiclass log loss; the output layer of the network knows the order."""
        return Multinomial()

    def loss_gradient(
        self, y: Array, raw: FloatArray, sample_weight: FloatArray | None, out: FloatArray
    ) -> float:
        return LogLoss().loss_gradient(y, raw, sample_weight, out)

    def ascending(self, classes: Array) -> list[int]:
        """Return the positions of the classes from the lowest to the highest.

        Parameters
        ----------
        classes : ndarray of shape (n_classes,)
            The classes, sorted.

        Returns
        -------
        positions : list of int
            Positions in ``classes``.

        Raises
        ------
        ValueError
            If ``order`` does not name all classes, or if it is None and the classes are strings.
        """
        labels = classes.tolist()
        if self.order is None:
            if any(isinstance(label, str) for label in labels):
                raise ValueError(
                    f"The classes {labels} are strings, so their order is unknown. Set it with "
                    "loss=ProportionalOdds(order=[lowest, ..., highest]), or pass y as an ordered "
                    "categorical column."
                )
            return list(range(len(labels)))
        ranks = {label: rank for rank, label in enumerate(self.order)}
        unknown = [label for label in labels if label not in ranks]
        if unknown:
            raise ValueError(
                f"order={list(self.order)} of the loss does not contain the classes {unknown} of "
                "y. It must contain all of them."
            )
        return sorted(range(len(labels)), key=lambda k: ranks[labels[k]])


def with_order_of(loss: ClassificationLoss, y: object) -> ClassificationLoss:
    """Return the loss, with the order of an ordered categorical ``y`` if it has none itself."""
    categories = ordered_categories(y)
    if loss == ProportionalOdds() and len(categories) > 1:
        return ProportionalOdds(categories)
    return loss
