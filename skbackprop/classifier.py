"""The classifier: labels in, probabilities and labels out."""

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

    Layer by layer, ``H = f(H_below W + b)``; the last layer gives raw predictions, of which the
    logistic function (two classes, or several labels) or softmax (more classes) makes
    probabilities. Training minimises their log loss, or another ``loss``. For a target of several
    label columns, the columns share the layers below the last, and their losses are added up.

    Parameters
    ----------
    loss : {'log_loss', 'squared_error', 'focal', 'ordinal'} or ClassificationLoss
        What training minimises, as a name or as an object of :mod:`skbackprop.losses`:

        - 'log_loss': minus the logarithm of the probability of the right class;
          ``LogLoss(label_smoothing=0.1)`` keeps the probabilities away from 0 and 1;
        - 'squared_error': half the squared error of the probabilities, the Brier score;
        - 'focal': the log loss, in which rows that are classified well count less;
          ``Focal(gamma=1.0)`` says how much;
        - 'ordinal': the log loss of classes that have an order, for which the network computes one
          score and thresholds (proportional odds). The order is that of the numbers, or of an
          ordered categorical ``y``; ``ProportionalOdds(order=["low", "mid", "high"])`` gives it.

        ``Multinomial()`` is the log loss with one raw prediction a class also for two classes.

    class_weight : dict, 'balanced', list of dicts or None
        Weight of each class, ``{label: weight}``, by which the loss of its rows is multiplied;
        'balanced' is ``n_samples / (n_classes * count)``. For several labels: the weights of 0
        and 1, for all labels or in a list with one entry a label; 'balanced' works label by label.
        For label columns in the same way, column by column; from a dict for all columns, each
        column takes its own labels.

    validation_fraction : float
        Share of the training data to set aside for early stopping, in (0, 1), drawn at random in
        proportion to the classes. Not used where ``validation`` is given.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of such
        Class labels, sorted; the positions of the labels for a matrix of several labels. For
        label columns, a list with the labels of each.

    out_activation_ : str or list of str
        What turns raw predictions into predictions: 'logistic' or 'softmax'; for label columns, a
        list with that of each.

    See Also
    --------
    BackpropRegressor : The same network for numbers.
    sklearn.neural_network.MLPClassifier : scikit-learn's estimator, whose parameters these are.

    Notes
    -----
    With the same parameters and ``random_state``, an unweighted fit takes the same steps as
    scikit-learn's :class:`~sklearn.neural_network.MLPClassifier`. Weights in minibatches, early
    stopping of more than two classes, warm starts and ``partial_fit`` differ on purpose.

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
        """Make one pass over the given data, and go on from there at the next call.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data of this call.

        y : array-like of shape (n_samples,), (n_samples, n_labels) or (n_samples, n_columns)
            Class labels; not all classes need to be among them.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights, at least 0 and not all 0; ones by default.

        classes : array-like of shape (n_classes,), or list of such, default=None
            All classes there will be; for label columns, a list with those of each. Needed at the
            first call, except for several labels.

        Returns
        -------
        self : BackpropClassifier
            The estimator after this pass.

        Raises
        ------
        AttributeError
            With ``solver='lbfgs'``, which does not work from batch to batch, and with
            ``early_stopping=True``. (It is a ValueError, too.)

        ValueError
            Where parameters or data are not valid, or where training diverges. The estimator is
            then as it was before.

        Notes
        -----
        ``n`` calls with the same data are ``fit`` with ``max_iter=n``. A learning rate that is
        planned for ``max_iter`` epochs takes each call as one of them.
        """
        refuse_balanced(self.class_weight)
        return self._fit(GivenData(X, y, sample_weight, is_part=True, classes=classes))

    # ---- what BaseBackprop asks for

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
