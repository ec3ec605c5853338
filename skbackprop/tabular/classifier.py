"""Classifier for tables."""

from __future__ import annotations

from dataclasses import replace
from numbers import Real
from typing import TYPE_CHECKING, ClassVar

from sklearn.base import ClassifierMixin

from ..data import GivenData
from ..losses import CLASSIFICATION_LOSSES, ClassificationLoss, LogLoss
from ..losses.ordinal import with_order_of
from ..targets import PredictsClasses, refuse_balanced, target_going_on
from ..utils import Interval, StrOptions, available_unless, fit_context, with_shared_parameters
from .base import BaseTabular
from .embeddings import EMBEDDINGS
from .time_budget import why_no_partial_fit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self, Unpack

    from ..activations import LayerActivations
    from ..losses import ClassificationLossName
    from ..utils.typing import (
        Array,
        ArrayLike,
        ClassWeight,
        FloatArray,
        LayerSizes,
        MatrixLike,
    )
    from .base import SharedParameters


@with_shared_parameters
class TabularClassifier(PredictsClasses, ClassifierMixin, BaseTabular):
    """Classify the rows of a table with an ensemble of networks, without preparation or tuning.

    The estimator accepts columns of mixed types: it scales numbers by quantiles, converts dates to
    numbers, and encodes categories and missing values as columns of their own. It then trains
    ``n_members`` networks, each with its own encoding of the numbers, initial weights and
    validation rows. Each network keeps the parameters with the best validation loss. Predictions
    use the average of the raw predictions.

    Parameters
    ----------
    loss : {'log_loss', 'squared_error', 'focal', 'ordinal'} or ClassificationLoss
        Loss that training minimises, as in :class:`BackpropClassifier`.

    label_smoothing : float
        Fraction of each class label, in [0, 1), that is distributed evenly over all classes in
        training. Available only with ``loss='log_loss'``.

    class_weight : dict, 'balanced', list of dicts or None
        Weight of each class, as in :class:`BackpropClassifier`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of such
        Class labels, as in :class:`BackpropClassifier`.

    oof_prediction_ : ndarray, list of such, or None
        With ``time_budget``: for each row of the training data, what ``decision_function`` would
        return for the ensemble of the networks that held it out. NaN for rows that no network
        held out. None without ``time_budget`` and with ``X_val``.

    See Also
    --------
    TabularRegressor : The same for regression.
    BackpropClassifier : One network, whose architecture and training you choose.

    Notes
    -----
    With ``embedding='auto'``, four networks use four encodings: None, 'quantile_bins', 'tree_bins'
    and 'normal_scores'. The networks with an odd number (the first, the third; of the ninth to the
    sixteenth, the others, and so on) use target encoding for categories with many levels, instead
    of one-hot columns: more than 8, and more than there are classes. A level is replaced by the
    fraction of each class (with two classes, of the second), shrunk for rare levels and
    cross-fitted in five folds [5]_. ``partial_fit`` does not use target encoding.

    The raw predictions of a network are divided by a temperature of at least 1, which is part of
    its last layer. The temperature minimises the loss on the validation rows plus a quarter of a
    misclassified row [4]_. The validation loss, which also selects the best epoch, does not use
    label smoothing. Ordered classes (``loss='ordinal'``) have no temperature.

    Probabilities are computed from the mean of the raw predictions, which makes them geometric
    means of the members' probabilities, up to a factor. Arithmetic means would be less confident
    than the members.

    References
    ----------
    .. [4] Guo, Pleiss, Sun & Weinberger (2017), "On calibration of modern neural networks", ICML.

    .. [5] Micci-Barreca (2001), "A preprocessing scheme for high-cardinality categorical
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
    oof_prediction_: FloatArray | Any | None

    _allowed_values: ClassVar = {
        **BaseTabular._allowed_values,
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
        "loss": [StrOptions(set(CLASSIFICATION_LOSSES)), ClassificationLoss],
    }

    _embeddings = (None, "quantile_bins", "tree_bins", "normal_scores")
    _drawn_embeddings = (None, *EMBEDDINGS)
    _small_batch = 64

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

    @available_unless(why_no_partial_fit)
    @fit_context
    def partial_fit(
        self,
        X: MatrixLike,
        y: MatrixLike,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | Sequence[ArrayLike] | None = None,
    ) -> Self:
        """Train each network for one epoch on the given rows, from its current parameters.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            Training data of this call. The first call fits the encoding and the scaling.

        y : array-like of shape (n_samples,), (n_samples, n_labels) or (n_samples, n_columns)
            Class labels. A call does not need to contain all classes.

        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights, at least 0 and not all 0; ones by default.

        classes : array-like of shape (n_classes,), or list of such, default=None
            All classes that any call will contain; for label columns, a list with the classes of
            each column. Required in the first call, except for multilabel targets.

        Returns
        -------
        self : TabularClassifier
            The estimator after this epoch.

        Raises
        ------
        ValueError
            If parameters or data are not valid, or if training diverges. The estimator then keeps
            its previous state.

        Notes
        -----
        No validation rows are held out. With ``max_iter=n`` and ``min_steps=0``, ``n`` calls with
        the same data are equivalent to ``fit`` with ``validation_fraction=0``. After the planned
        number of calls (the number of epochs of such a fit), and after ``fit``, the learning rate
        is constant at a tenth of ``learning_rate_init``, without dropout and weight decay.
        """
        refuse_balanced(self.class_weight)
        return self._fit(GivenData(X, y, sample_weight, is_part=True, classes=classes))

    def _raw_prediction(self, X):
        """Return the mean of the raw predictions of the networks, and the target."""
        raw, target, weights = self._raw_predictions(X)
        return sum(weight * each for weight, each in zip(weights, raw, strict=True)), target

    # ---- hooks of BaseTabular

    def _of_held_out(self, raw):
        return self._target.decision(raw)

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
        """Return the loss without label smoothing."""
        loss = self._chosen_loss()
        if not getattr(loss, "label_smoothing", 0):
            return target.loss
        return target.with_loss(replace(loss, label_smoothing=0.0)).loss
