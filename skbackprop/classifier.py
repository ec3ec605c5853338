"""The classifier: labels in, probabilities and labels out."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import type_of_target

from .base import BaseBackprop, why_no_partial_fit
from .data import GivenData
from .losses import CLASSIFICATION_LOSSES, ClassificationLoss
from .targets import (
    LabelColumnsTarget,
    PredictsClasses,
    check_labels,
    has_columns,
    lists_columns,
    target_of,
    target_of_classes,
    target_of_labels,
)
from .utils import (
    StrOptions,
    available_unless,
    check_classes,
    fit_context,
    is_first_partial_fit,
    with_shared_parameters,
)

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
    loss : {'log_loss', 'squared_error', 'focal'} or ClassificationLoss
        What training minimises, as a name or as an object of :mod:`skbackprop.losses`:

        - 'log_loss': minus the logarithm of the probability of the right class;
          ``LogLoss(label_smoothing=0.1)`` keeps the probabilities away from 0 and 1;
        - 'squared_error': half the squared error of the probabilities, the Brier score;
        - 'focal': the log loss, in which rows that are classified well count less;
          ``Focal(gamma=1.0)`` says how much.

        ``Multinomial()`` is the log loss with one raw prediction a class also for two classes.

    class_weight : dict, 'balanced', list of dicts or None
        Weight of each class, ``{label: weight}``, by which the loss of its rows is multiplied;
        'balanced' is ``n_samples / (n_classes * count)``. For several labels: the weights of 0
        and 1, for all labels or in a list with one entry a label; 'balanced' works label by label.
        For label columns in the same way, column by column; from a dict for all columns, each
        column takes its own labels.

    validation_fraction : float
        Share of the training data to set aside for early stopping, in (0, 1), drawn in proportion
        to the classes.

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
        if "balanced" in _listed(self.class_weight):
            raise ValueError(
                "class_weight 'balanced' is not supported for partial_fit. In order to use "
                "'balanced' weights, use compute_class_weight('balanced', classes=classes, y=y) "
                "of sklearn.utils.class_weight on a representative y, and give the weights as a "
                "dict."
            )
        return self._fit(GivenData(X, y, sample_weight, is_part=True, classes=classes))

    # ---- what BaseBackprop asks for

    def _target_for(self, checked, known, given=None):
        y, loss, is_part = checked.y, self._chosen_loss(), given is not None and given.is_part
        if is_part or known is not None:
            check_labels(y)
        if known is not None:
            known.check_shape(y)
        if is_part:
            known = self._declared_target(y, given.classes, known)
        if known is None:
            target = target_of_labels(y, loss)
        else:
            if not (is_part or known.same_classes(y)):
                raise ValueError(
                    "warm_start can only be used where `y` has the same classes as in the "
                    f"previous call to fit. Previously got {known.classes}, `y` has "
                    f"{target_of_labels(y, loss).classes}"
                )
            target = known.with_loss(loss)
        return target.with_class_weight(self.class_weight, y, checked.sample_weight)

    def _use_target(self, target):
        super()._use_target(target)
        self.classes_ = target.classes

    def _chosen_loss(self):
        return CLASSIFICATION_LOSSES[self.loss] if isinstance(self.loss, str) else self.loss

    def _declared_target(self, y, classes, known):
        """The target of a call of ``partial_fit``, whose classes are declared at the first."""
        loss = self._chosen_loss()
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
        if is_first_partial_fit(self, classes):
            return target_of(y if multilabel else classes, loss)
        return known


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


def _listed(class_weight):
    return class_weight if isinstance(class_weight, list) else [class_weight]
