"""The classifier for networks that you design."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sklearn.base import ClassifierMixin

from .base import BaseBackprop, why_no_partial_fit
from .data import GivenData
from .losses import CLASSIFICATION_LOSSES, ClassificationLoss
from .losses.ordinal import with_order_of
from .targets import PredictsClasses, refuse_balanced, target_going_on
from .utils import StrOptions, available_unless, fit_context, with_shared_parameters

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Self, Unpack

    from .activations import LayerActivations
    from .base import SharedParameters
    from .losses import ClassificationLossName
    from .utils.typing import Array, ArrayLike, ClassWeight, LayerSizes, MatrixLike


@with_shared_parameters
class BackpropClassifier(PredictsClasses, ClassifierMixin, BaseBackprop):
    """Multi-layer perceptron for classification, trained by back-propagation.

    Each hidden layer computes ``H = f(H_below W + b)``. The last layer is linear and computes raw
    predictions. The logistic function (two classes, or several labels) or softmax (more classes)
    turns them into probabilities. Training minimises the log loss or another ``loss``. If ``y``
    has several label columns, all columns share the hidden layers, and training minimises the sum
    of their losses.

    Parameters
    ----------
    loss : {'log_loss', 'squared_error', 'focal', 'ordinal'} or ClassificationLoss
        Loss function to minimise: a name or an object of :mod:`skbackprop.losses`.

        - 'log_loss': the negative logarithm of the probability of the true class.
          ``LogLoss(label_smoothing=0.1)`` keeps the probabilities away from 0 and 1;
        - 'squared_error': half the squared error of the probabilities (Brier score);
        - 'focal': the log loss with smaller weights for rows that are already classified well.
          ``Focal(gamma=1.0)`` sets how much smaller;
        - 'ordinal': the log loss for ordered classes. The network computes one score and a
          threshold between neighbouring classes (proportional odds). The order is that of the
          numbers or of an ordered categorical ``y``, or you set it with
          ``ProportionalOdds(order=["low", "mid", "high"])``.

        ``Multinomial()`` is the log loss with one raw prediction per class, even for two classes.

    class_weight : dict, 'balanced', list of dicts or None
        Weights of the classes, ``{label: weight}``. The loss of a row is multiplied by the weight
        of its class. 'balanced' is ``n_samples / (n_classes * count)``. For multilabel targets,
        pass the weights of 0 and 1, either for all labels or as a list with one entry per label;
        'balanced' treats each label separately. For several label columns, the same holds for
        each column; if one dict is given for all, each column uses the entries of its own labels.

    validation_fraction : float
        Fraction of the training data to hold out for early stopping, in (0, 1), in a random split
        that is stratified by class. Ignored if ``validation`` is set.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of such
        Class labels, sorted. For multilabel targets, the column indices of the labels. For several
        label columns, a list with the labels of each column.

    out_activation_ : str or list of str
        Name of the function that turns raw predictions into predictions: 'logistic' or 'softmax'.
        For several label columns, a list with one name per column.

    See Also
    --------
    BackpropRegressor : The same network for regression.
    skbackprop.TabularClassifier : Ensemble for data frames that needs no tuning.
    sklearn.neural_network.MLPClassifier : The scikit-learn estimator with the same parameters.

    Notes
    -----
    With the same parameters and ``random_state``, an unweighted fit takes the same steps as
    scikit-learn's :class:`~sklearn.neural_network.MLPClassifier`. Weights in minibatches, early
    stopping with more than two classes, warm starts and ``partial_fit`` differ on purpose.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skbackprop import BackpropClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = make_pipeline(
    ...     StandardScaler(),
    ...     BackpropClassifier((10,), activation="tanh", solver="lbfgs", alpha=1, random_state=0),
    ... )
    >>> model.fit(X, y).score(X, y) > 0.95
    True
    >>> model.predict_proba(X[:2]).shape
    (2, 3)
    """

    classes_: Array | Any  # a list of them for label columns

    _allowed_values: ClassVar = {
        **BaseBackprop._allowed_values,
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
        "loss": [StrOptions(set(CLASSIFICATION_LOSSES)), ClassificationLoss],
    }

    def __init__(
        self,
        hidden_layer_sizes: LayerSizes = (100,),
        activation: LayerActivations = "relu",
        *,
        loss: ClassificationLossName | ClassificationLoss = "log_loss",
        class_weight: ClassWeight = None,
        **shared: Unpack[SharedParameters],
    ) -> None:
        super().__init__(hidden_layer_sizes, activation, **shared)
        self.loss = loss
        self.class_weight = class_weight

    @available_unless(why_no_partial_fit)
    @fit_context
    def partial_fit(
        self,
        X: MatrixLike,
        y: MatrixLike,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | Sequence[ArrayLike] | None = None,
    ) -> Self:
        """Train for one epoch on the given data, starting from the current parameters.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data of this call.

        y : array-like of shape (n_samples,), (n_samples, n_labels) or (n_samples, n_columns)
            Class labels. They need not contain every class.

        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights, at least 0 and not all 0; ones by default.

        classes : array-like of shape (n_classes,), or list of such, default=None
            All classes that any call will contain; for several label columns, a list with the
            classes of each column. Required at the first call, except for multilabel targets.

        Returns
        -------
        self : BackpropClassifier
            The estimator after this epoch.

        Raises
        ------
        AttributeError
            With ``solver='lbfgs'``, which cannot train on one batch after another, and with
            ``early_stopping=True``. The exception is also a ValueError.

        ValueError
            If parameters or data are not valid, or if training diverges. The estimator then keeps
            its previous state.

        Notes
        -----
        ``n`` calls with the same data are equivalent to ``fit`` with ``max_iter=n``. A learning
        rate schedule over ``max_iter`` epochs counts each call as one epoch.
        """
        refuse_balanced(self.class_weight)
        return self._fit(GivenData(X, y, sample_weight, is_part=True, classes=classes))

    # ---- hooks of BaseBackprop

    def _target_for(self, checked, known, given=None):
        y, is_part = checked.y, given is not None and given.is_part
        loss = with_order_of(self._chosen_loss(), None if given is None else given.y)
        classes = given.classes if is_part else None
        target = target_going_on(y, loss, known, is_part, classes)
        return target.with_class_weight(self.class_weight, y, checked.sample_weight)

    def _use_target(self, target):
        super()._use_target(target)
        self.classes_ = target.classes

    def _chosen_loss(self):
        return CLASSIFICATION_LOSSES[self.loss] if isinstance(self.loss, str) else self.loss
