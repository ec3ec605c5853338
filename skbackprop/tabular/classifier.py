"""The classifier for tables."""

from numbers import Real
from typing import ClassVar

from sklearn.base import ClassifierMixin

from ..drafts import of_one_fit
from ..losses import CLASSIFICATION_LOSSES, ClassificationLoss, LogLoss
from ..validation import Interval, StrOptions, fit_context
from .base import BaseTabular
from .member import ClassifierMember

__all__ = ["TabularClassifier"]


class TabularClassifier(ClassifierMixin, BaseTabular):
    """Networks that classify the rows of a table, as it comes and without tuning.

    Numbers are scaled by quantiles, categories and missing values become columns of their own.
    Then ``n_members`` networks are trained, each with its own starting values and its own rows for
    validation, of which those parameters are kept that are best for its validation rows. Their raw
    predictions are averaged.

    Parameters
    ----------
    n_members : int, default=4
        Number of networks, at least 1. They are trained side by side on as many threads as the
        BLAS may use; the result does not depend on how many these are.

    hidden_layer_sizes : int or array-like of int, default=(128, 128, 128)
        Number of units of each hidden layer.

    activation : str, Activation or list of them, default='silu'
        Activation function of the hidden layers.

    learning_rate_init : float, default=0.08
        Largest learning rate, of weights times the square root of the number of inputs of their
        layer. It rises over the first 5 % of the epochs and then falls to 0.

    dropout : float or array-like of float, default=0.15
        Share of the units of each hidden layer, in [0, 1), that is left out of a step; held for
        half of the epochs, then lowered to 0.

    weight_decay : float, default=0.01
        Decoupled weight decay, in [0, inf); lowered as ``dropout`` is.

    max_iter : int, default=48
        Number of epochs, at least 1.

    min_steps : int, default=1000
        Where ``max_iter`` epochs have fewer steps, there are more epochs.

    batch_size : int or 'auto', default='auto'
        Rows of a minibatch; 'auto' is 256, or 128 for fewer than 3,000 rows to train on.

    validation_fraction : float, default=0.1
        Share of the training data, in [0, 1), that each network sets aside to find its best epoch.
        With 0, or with too few rows to set 2 aside, the last epoch is kept.

    n_iter_no_change : int or inf, default=30
        A network whose loss on the validation rows has not become better for more epochs than this
        is not trained on: on small noisy tables the best epoch is an early one.

    periodic : bool or 'auto', default='auto'
        Whether numbers are shown to the networks as waves as well [2]_; 'auto' is yes for
        regression and no for classification. Not with sparse data.

    categorical_features : 'from_dtype', None, or array-like of bool, int or str, \
            default='from_dtype'
        Which features are categories, as in :class:`TableEncoder`.

    random_state : int, RandomState instance or None, default=None
        Source of starting values, splits, order of the rows and dropout. An int makes fits
        repeatable.

    verbose : bool or int, default=False
        Whether to print a line for each network; from 2 on, also the loss after each epoch.

    label_smoothing : float, default=0.0
        Share of each class label, in [0, 1), that is spread over all classes in training. With
        ``loss='log_loss'`` only.

    class_weight : dict, 'balanced', list of dicts or None, default=None
        As in :class:`BackpropClassifier`.

    loss : {'log_loss', 'squared_error', 'focal'} or ClassificationLoss, default='log_loss'
        What is minimised, as in :class:`BackpropClassifier`.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of such
        Class labels, as in :class:`BackpropClassifier`.

    members_ : list of estimators
        The networks, as fitted :class:`BackpropClassifier` for the scaled table.

    encoder_ : TableEncoder
        Makes numbers of the table.

    scaler_ : SmoothClipScaler or None
        Scales them; None for sparse data.

    loss_curve_ : list of float
        Loss of each epoch, averaged over the networks that were trained so long.

    validation_loss_curve_ : list of float or None
        Loss of the validation rows in the same way; None where there are none.

    n_iter_ : int
        Epochs of the network that was trained longest.

    n_features_in_ : int
        Number of features.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where all of them are strings.

    See Also
    --------
    TabularRegressor : The same for numbers.
    BackpropClassifier : One network, with all parameters to choose.

    Notes
    -----
    The recipe is that of RealMLP [1]_ with fewer parts. Weights start from ``N(0, 1 / fan_in)``,
    biases from ``N(0, 1)``; Adam has ``beta_2 = 0.95``; biases learn at a tenth of
    ``learning_rate_init``. Training is in float32, prediction in float64.

    Raw predictions of a network are divided by a temperature, at least 1, for which the loss of
    its validation rows, and of a quarter of a row that is wrong, is least [3]_; this is part of
    its last layer. That loss, which also chooses the best epoch, knows no label smoothing.

    Probabilities are those of the mean of the raw predictions: geometric means of the members'
    ones, up to a factor. Arithmetic means of sure probabilities would be less sure than each is,
    and than they need be.

    References
    ----------
    .. [1] Holzmüller, Grinsztajn & Steinwart (2024), "Better by default: strong pre-tuned MLPs and
       boosted trees on tabular data", NeurIPS.

    .. [2] Gorishniy, Rubachev & Babenko (2022), "On embeddings for numerical features in tabular
       deep learning", NeurIPS.

    .. [3] Guo, Pleiss, Sun & Weinberger (2017), "On calibration of modern neural networks", ICML.

    Examples
    --------
    >>> import pandas as pd
    >>> from skbackprop import TabularClassifier
    >>> X = pd.DataFrame({
    ...     "height": [1.2, 1.9, None, 1.1, 1.7, 1.0] * 10,
    ...     "kind": ["shrub", "tree", "tree", "shrub", None, "shrub"] * 10,
    ... })
    >>> y = ["low", "high", "high", "low", "high", "low"] * 10
    >>> model = TabularClassifier(n_members=2, min_steps=100, random_state=0).fit(X, y)
    >>> print(*model.predict(X[:2]))
    low high
    """

    _parameter_constraints: ClassVar = {
        **BaseTabular._parameter_constraints,
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
        "loss": [StrOptions(set(CLASSIFICATION_LOSSES)), ClassificationLoss],
    }

    def __init__(
        self,
        n_members=4,
        hidden_layer_sizes=(128, 128, 128),
        activation="silu",
        *,
        learning_rate_init=0.08,
        dropout=0.15,
        weight_decay=0.01,
        max_iter=48,
        min_steps=1000,
        batch_size="auto",
        validation_fraction=0.1,
        n_iter_no_change=30,
        periodic="auto",
        categorical_features="from_dtype",
        random_state=None,
        verbose=False,
        label_smoothing=0.0,
        class_weight=None,
        loss="log_loss",
    ):
        self.n_members = n_members
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.learning_rate_init = learning_rate_init
        self.dropout = dropout
        self.weight_decay = weight_decay
        self.max_iter = max_iter
        self.min_steps = min_steps
        self.batch_size = batch_size
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.periodic = periodic
        self.categorical_features = categorical_features
        self.random_state = random_state
        self.verbose = verbose
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.loss = loss

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    @fit_context
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Fit the networks to a table.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            The table.

        y : array-like of shape (n_samples,), (n_samples, n_labels) or (n_samples, n_columns)
            Class labels, a matrix of zeros and ones for several labels, or columns of labels of
            which each row has one in every column.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights, at least 0 and not all 0; ones by default.

        X_val : {data frame, array-like, sparse matrix}, default=None
            Validation data for all members, to be given together with ``y_val``. They take the
            place of a part of the training data.

        y_val : array-like, default=None
            Labels of the validation data.

        sample_weight_val : array-like of shape (n_validation,), default=None
            Weights of the validation data.

        Returns
        -------
        self : TabularClassifier
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight, (X_val, y_val, sample_weight_val))

    @of_one_fit
    def predict(self, X):
        """Predict class labels.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            The table.

        Returns
        -------
        y : ndarray of shape (n_samples,), (n_samples, n_labels) or (n_samples, n_columns)
            The most probable classes; for several labels, ones where the probability is above
            one half.
        """
        raw = self._raw_prediction(X)
        return self.members_[0]._labels.decode(raw)

    @of_one_fit
    def predict_proba(self, X):
        """Predict probabilities.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            The table.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes), or list of such
            As of :meth:`BackpropClassifier.predict_proba`.
        """
        raw = self._raw_prediction(X)
        return self.members_[0]._labels.probabilities(raw)

    @of_one_fit
    def predict_log_proba(self, X):
        """Predict logarithms of probabilities.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            The table.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes), or list of such
            Finite also where ``predict_proba`` is rounded to zero.
        """
        raw = self._raw_prediction(X)
        return self.members_[0]._labels.log_probabilities(raw)

    @of_one_fit
    def decision_function(self, X):
        """Raw predictions: the mean of those of the members.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            The table.

        Returns
        -------
        raw_prediction : ndarray of shape (n_samples,) or (n_samples, n_classes), or list of such
            As of :meth:`BackpropClassifier.decision_function`.
        """
        raw = self._raw_prediction(X)
        return self.members_[0]._labels.decision(raw)

    @of_one_fit
    def score(self, X, y, sample_weight=None):
        """Accuracy of the predictions.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            The table.

        y : array-like of shape (n_samples,), (n_samples, n_labels) or (n_samples, n_columns)
            True labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows.

        Returns
        -------
        score : float
            Share of the rows that are predicted right; of several labels or label columns, all
            must be right.
        """
        predicted = self.predict(X)
        return self.members_[0]._accuracy(y, predicted, sample_weight)

    def _raw_prediction(self, X):
        Z = self._inputs(X)
        n_members = len(self.members_)
        return sum(member._raw_prediction(Z) / n_members for member in self.members_)

    # ---- what BaseTabular asks for

    def _member(self):
        loss = self.loss
        if self.label_smoothing:
            if loss != "log_loss":
                raise ValueError(
                    f"label_smoothing={self.label_smoothing!r} needs loss='log_loss', but loss is "
                    f"{loss!r}."
                )
            loss = LogLoss(label_smoothing=self.label_smoothing)
        return ClassifierMember(class_weight=self.class_weight, loss=loss)

    def _publish(self):
        super()._publish()
        self.classes_ = self.members_[0].classes_
