"""The classifier for tables."""

from __future__ import annotations

from dataclasses import replace
from numbers import Real
from typing import TYPE_CHECKING, ClassVar

from sklearn.base import ClassifierMixin

from ..data import GivenData
from ..losses import CLASSIFICATION_LOSSES, ClassificationLoss, LogLoss
from ..losses.ordinal import with_order_of
from ..targets import PredictsClasses, refuse_balanced, target_going_on
from ..utils import Interval, StrOptions, fit_context, with_shared_parameters
from .base import BaseTabular

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self, Unpack

    from ..activations import LayerActivations
    from ..losses import ClassificationLossName
    from ..utils.typing import Array, ArrayLike, ClassWeight, LayerSizes, MatrixLike
    from .base import SharedParameters


@with_shared_parameters
class TabularClassifier(PredictsClasses, ClassifierMixin, BaseTabular):
    """Networks that classify the rows of a table, as it comes and without tuning.

    Numbers are scaled by quantiles, dates become numbers, categories and missing values become
    columns of their own. Then ``n_members`` networks are trained, each with its own view of the
    numbers, its own starting values and its own rows for validation; each keeps the parameters
    that are best for its validation rows. Their raw predictions are averaged.

    Parameters
    ----------
    loss : {'log_loss', 'squared_error', 'focal', 'ordinal'} or ClassificationLoss
        What training minimises, as in :class:`BackpropClassifier`.

    label_smoothing : float
        Share of each class label, in [0, 1), that is spread over all classes in training. With
        ``loss='log_loss'`` only.

    class_weight : dict, 'balanced', list of dicts or None
        Weight of each class, as in :class:`BackpropClassifier`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of such
        Class labels, as in :class:`BackpropClassifier`.

    See Also
    --------
    TabularRegressor : The same for numbers.
    BackpropClassifier : One network, with all parameters to choose.

    Notes
    -----
    With ``embedding='auto'``, four networks see a table in four ways: scaled, with quantile bins,
    in tree bins, and with normal scores. Those with an odd number (the first, the third) see a
    category of more than 8 levels as means of the target by level, in place of columns of 0 and 1:
    a share of each class (of two, the second), shrunk for rare levels and cross-fitted in five
    folds [4]_. ``partial_fit`` has no such means.

    Raw predictions of a network are divided by a temperature, at least 1, for which the loss of
    its validation rows, and of a quarter of a row that is wrong, is least [3]_; this is part of
    its last layer. That loss, which also chooses the best epoch, knows no label smoothing. Classes
    that have an order (``loss='ordinal'``) have no temperature.

    Probabilities are those of the mean of the raw predictions: geometric means of the members'
    ones, up to a factor. Arithmetic means of sure probabilities would be less sure than each is,
    and than they need be.

    References
    ----------
    .. [3] Guo, Pleiss, Sun & Weinberger (2017), "On calibration of modern neural networks", ICML.

    .. [4] Micci-Barreca (2001), "A preprocessing scheme for high-cardinality categorical
       attributes in classification and prediction problems", SIGKDD Explorations 3:27-32.

    Examples
    --------
    >>> import pandas as pd
    >>> from skbackprop import TabularClassifier
    >>> X = pd.DataFrame(
    ...     {
    ...         "height": [1.2, 1.9, None, 1.1, 1.7, 1.0] * 10,
    ...         "kind": ["shrub", "tree", "tree", "shrub", None, "shrub"] * 10,
    ...     }
    ... )
    >>> y = ["low", "high", "high", "low", "high", "low"] * 10
    >>> model = TabularClassifier(n_members=2, min_steps=100, random_state=0).fit(X, y)
    >>> print(*model.predict(X[:2]))
    low high
    """

    classes_: Array | Any  # a list of them for label columns

    _allowed_values: ClassVar = {
        **BaseTabular._allowed_values,
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
        "loss": [StrOptions(set(CLASSIFICATION_LOSSES)), ClassificationLoss],
    }

    _embeddings = (None, "quantile_bins", "tree_bins", "normal_scores")

    def __init__(
        self,
        n_members: int = 4,
        hidden_layer_sizes: LayerSizes = (128, 128, 128),
        activation: LayerActivations = "silu",
        *,
        learning_rate_init: float = 0.08,
        weight_decay: float = 0.01,
        validation_fraction: float = 0.1,
        loss: ClassificationLossName | ClassificationLoss = "log_loss",
        label_smoothing: float = 0.0,
        class_weight: ClassWeight = None,
        **shared: Unpack[SharedParameters],
    ) -> None:
        super().__init__(
            n_members,
            hidden_layer_sizes,
            activation,
            learning_rate_init=learning_rate_init,
            weight_decay=weight_decay,
            validation_fraction=validation_fraction,
            **shared,
        )
        self.loss = loss
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight

    _averages_raw = True

    @fit_context
    def partial_fit(
        self,
        X: MatrixLike,
        y: MatrixLike,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | Sequence[ArrayLike] | None = None,
    ) -> Self:
        """Train each network for one epoch of the given rows, and go on at the next call.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            The rows of this call. Those of the first one say how the table is encoded and scaled.

        y : array-like of shape (n_samples,), (n_samples, n_labels) or (n_samples, n_columns)
            Class labels; not all classes need to be among them.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights, at least 0 and not all 0; ones by default.

        classes : array-like of shape (n_classes,), or list of such, default=None
            All classes there will be; for label columns, a list with those of each. Needed at the
            first call, except for several labels.

        Returns
        -------
        self : TabularClassifier
            The estimator after this epoch.

        Raises
        ------
        ValueError
            Where parameters or data are not valid, or where training diverges. The estimator is
            then as it was before.

        Notes
        -----
        No rows are set aside. ``n`` calls with the same data, and ``max_iter=n`` and
        ``min_steps=0``, are ``fit`` with ``validation_fraction=0``. After the calls that are
        planned (as many as such a fit has epochs), and after ``fit``, the learning rate stays at
        a tenth of the largest one, without dropout and weight decay.
        """
        refuse_balanced(self.class_weight)
        return self._fit(GivenData(X, y, sample_weight, is_part=True, classes=classes))

    def _raw_prediction(self, X):
        """Mean of the raw predictions of the networks, and the target."""
        raw, target = self._raw_predictions(X)
        return sum(each / len(raw) for each in raw), target

    # ---- what BaseTabular asks for

    def _target_for(self, checked, known, given):
        y, loss = checked.y, with_order_of(self._chosen_loss(), given.y)
        target = target_going_on(y, loss, known, given.is_part, given.classes)
        self.classes_ = target.classes
        return target.with_class_weight(self.class_weight, y, checked.sample_weight)

    def _chosen_loss(self):
        if self.label_smoothing:
            if self.loss != "log_loss":
                raise ValueError(
                    f"label_smoothing={self.label_smoothing!r} needs loss='log_loss', but loss is "
                    f"{self.loss!r}."
                )
            return LogLoss(label_smoothing=self.label_smoothing)
        return CLASSIFICATION_LOSSES[self.loss] if isinstance(self.loss, str) else self.loss

    def _validation_loss(self, target):
        """Without label smoothing: what is told of the rows are their own labels."""
        loss = self._chosen_loss()
        if not getattr(loss, "label_smoothing", 0):
            return target.loss
        return target.with_loss(replace(loss, label_smoothing=0.0)).loss
