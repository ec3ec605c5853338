"""The classifier: labels in, probabilities and labels out."""

from typing import ClassVar

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.multiclass import type_of_target

from .base import BaseBackprop, why_no_partial_fit
from .drafts import draft_of, of_one_fit
from .label_columns import (
    ColumnLabels,
    check_labels,
    exact_match,
    has_columns,
    labels_of,
    labels_of_classes,
    lists_columns,
)
from .labels import make_labels
from .losses import CLASSIFICATION_LOSSES, ClassificationLoss
from .starting_values import StartingValues
from .validation import (
    StrOptions,
    available_unless,
    fit_context,
    is_first_partial_fit,
    labels_as_array,
)

__all__ = ["BackpropClassifier"]


class BackpropClassifier(ClassifierMixin, BaseBackprop):
    r"""Multi-layer perceptron for classification, trained by back-propagation.

    Layer by layer, ``H = f(H_below W + b)``; the last layer gives raw predictions, of which the
    logistic function (two classes, or several labels) or softmax (more classes) makes
    probabilities. Their log loss, or another ``loss``, is minimised. For a target of several label
    columns, the layers below the last are common to all columns, and the losses of the columns are
    added up.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int of shape (n_layers - 2,), default=(100,)
        Number of units of each hidden layer, at least 1. ``()`` is a linear model.

    activation : str, Activation or list of them, default='relu'
        Activation function of the hidden layers, as a name, as an object of
        :mod:`skbackprop.activations`, say ``LeakyReLU(0.2)``, or as a list with one for each
        hidden layer. The names:

        - 'identity': ``f(z) = z``;
        - 'logistic': ``f(z) = 1 / (1 + exp(-z))``;
        - 'tanh': ``f(z) = tanh(z)``;
        - 'relu': ``f(z) = max(0, z)``;
        - 'leaky_relu', 'elu', 'selu': linear above zero, and not quite 0 below;
        - 'softplus', 'gelu', 'silu', 'mish': smooth relatives of ReLU;
        - 'gaussian': ``f(z) = exp(-z^2 / 2)``;
        - 'softmax': over the units of the layer.

    solver : {'lbfgs', 'sgd', 'adam'}, default='adam'
        How the objective is minimised:

        - 'lbfgs': by ``scipy.optimize.minimize(method="L-BFGS-B")`` over all rows, a quasi-Newton
          method that does well on small data;
        - 'sgd': by gradient descent with momentum on minibatches;
        - 'adam': by Adam [1]_ on minibatches.

    alpha : float, default=0.0001
        Strength of the L2 penalty, in [0, inf). It is divided by the (weighted) number of rows of
        the minibatch, or of the training data with 'lbfgs'.

    batch_size : int or 'auto', default='auto'
        Rows of a minibatch, at least 1; 'auto' is ``min(200, n_samples)``. Not used by 'lbfgs'.

    learning_rate : str or callable, default='constant'
        Learning rate of 'sgd' and 'adam':

        - 'constant': ``learning_rate_init``;
        - 'invscaling': ``learning_rate_init / (t + 1) ** power_t`` after ``t`` samples;
        - 'adaptive': a fifth of it whenever ``n_iter_no_change`` epochs bring no improvement of
          ``tol``; training stops when it is 1e-6 or less;
        - 'cosine': half a period of the cosine, from ``learning_rate_init`` to 0, step by step
          over all ``max_iter`` epochs;
        - 'one_cycle': from a 25th of ``learning_rate_init`` up to it in the first 30 % of
          ``max_iter`` epochs, then down to 0;
        - a function of a :class:`~skbackprop.schedules.Progress`, called before each step, gives
          the factor of ``learning_rate_init``. After a plateau, training goes on if the factor
          depends on ``n_plateaus`` there.

        'cosine' and 'one_cycle' are made to their end: ``tol`` and ``n_iter_no_change`` stop
        them only under early stopping. ``partial_fit`` takes each call as an epoch of
        ``max_iter``.
        With 'adam', 'invscaling' and 'adaptive' are ignored with a warning. With 'lbfgs', those
        two are ignored, as ``learning_rate_init`` is, and the last three are refused.

    learning_rate_init : float, default=0.001
        Learning rate at the start (with 'one_cycle' or a warm-up, its largest value), in (0, inf).
        Used by 'sgd' and 'adam'.

    power_t : float, default=0.5
        Exponent of 'invscaling', in [0, inf).

    max_iter : int, default=200
        Most epochs ('sgd', 'adam') or iterations ('lbfgs'), at least 1.

    shuffle : bool, default=True
        Whether each epoch takes the rows in a new random order. Used by 'sgd' and 'adam'.

    random_state : int, RandomState instance or None, default=None
        Source of the starting values, of the split of early stopping and of the order of the rows.
        An int makes fits repeatable, to the bit.

    tol : float, default=0.0001
        Least improvement of the loss (or, under early stopping, the score) that counts, in
        [0, inf). With 'lbfgs' training ends where no entry of the gradient is larger.

    verbose : bool or int, default=False
        Whether to print the loss after each epoch or iteration.

    warm_start : bool, default=False
        Whether ``fit`` goes on from the fit before: from its parameters, moments, generator and
        split. Counters of epochs begin anew, curves are continued.

    momentum : float, default=0.9
        Momentum of 'sgd', in [0, 1].

    nesterovs_momentum : bool, default=True
        Whether it is Nesterov's.

    early_stopping : bool, default=False
        Whether to stop when the score on validation data has not improved by ``tol`` for
        ``n_iter_no_change`` epochs, and to keep the parameters of the best epoch. Works with every
        solver. The validation data are ``X_val`` and ``y_val`` of ``fit``, or else a part of the
        training data,
        drawn in proportion to the classes.

    validation_fraction : float, default=0.1
        Share of the training data to set aside for early stopping, in (0, 1).

    beta_1 : float, default=0.9
        Decay rate of the first moment of 'adam', in [0, 1).

    beta_2 : float, default=0.999
        Decay rate of the second moment of 'adam', in [0, 1).

    epsilon : float, default=1e-8
        What 'adam' adds to the root of the second moment, in (0, inf).

    n_iter_no_change : int or inf, default=10
        Number of epochs without an improvement of ``tol`` that are let pass; one more ends
        training.

    max_fun : int, default=15000
        Most evaluations of the objective by 'lbfgs', at least 1.

    class_weight : dict, 'balanced', list of dicts or None, default=None
        Weight of each class, ``{label: weight}``, by which the loss of its rows is multiplied;
        'balanced' is ``n_samples / (n_classes * count)``. For several labels: the weights of 0
        and 1, for all labels or in a list with one entry a label; 'balanced' works label by label.
        For label columns in the same way, column by column; in a dict for all columns, each
        column finds its own labels.

    scoring : str, callable or None, default=None
        Score of the validation data; larger is better. None is accuracy; 'loss' is minus the
        validation loss; else the name of a scorer of scikit-learn, or a callable
        ``scoring(estimator, X, y)`` (called with ``sample_weight`` too, where there is one).

    dtype : {'float32', 'float64'} or None, default=None
        Floating-point type of parameters and computations. None is that of ``X``, where ``X`` is
        float32 or float64, else float64.

    solver_options : dict or None, default=None
        Options of SciPy's L-BFGS-B for 'lbfgs': 'maxcor', 'ftol', 'gtol' (instead of ``tol``),
        'maxls'. In float32 'ftol' is 1.2e-6 unless given, since smaller differences are rounding.

    loss : {'log_loss', 'squared_error', 'focal'} or ClassificationLoss, default='log_loss'
        What is minimised, as a name or as an object of :mod:`skbackprop.losses`:

        - 'log_loss': minus the logarithm of the probability of the right class;
          ``LogLoss(label_smoothing=0.1)`` keeps the probabilities away from 0 and 1;
        - 'squared_error': half the squared error of the probabilities, the Brier score;
        - 'focal': the log loss, in which rows that are classified well count less;
          ``Focal(gamma=1.0)`` says how much.

        ``Multinomial()`` is the log loss with one raw prediction a class also for two classes.

    dropout : float or array-like of float of shape (n_layers - 2,), default=0.0
        Share of the units of each hidden layer, in [0, 1), that is left out of a step of 'sgd' or
        'adam' [4]_: each unit of each row by chance, while the others count
        ``1 / (1 - dropout)`` times as much. Predictions and validation use all units.
        ``loss_curve_`` is that of the network with units left out. Which ones does not depend
        on the other draws, so that starting values, split and order of the rows are those of
        ``dropout=0``. Not possible with 'lbfgs', which needs a function that stays the same.

    input_dropout : float, default=0.0
        The same for the features.

    warmup_fraction : float, default=0.0
        Share of ``max_iter`` epochs, in [0, 1), in which the learning rate is multiplied by a
        factor that rises linearly to 1. Used by 'sgd' and 'adam'; not with 'one_cycle', which
        has a rise of its own.

    weight_decay : float, default=0.0
        Decoupled weight decay, in [0, inf): each step first multiplies the weights, but not the
        biases, by ``1 - rate * weight_decay``, with the learning rate of the step [5]_. ``alpha``
        is a penalty in the objective instead, which 'adam' divides by the size of the gradient;
        both can be used together. Used by 'sgd' and 'adam'.

    average : float or False, default=False
        Decay, in (0, 1), of an exponential moving average of the parameters over the steps. The
        average is what is published, and what early stopping scores; training itself goes on
        from the last step. The closer to 1, the more equal are the weights of all steps [6]_.
        Used by 'sgd' and 'adam'.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of such
        Class labels, sorted; the positions of the labels for a matrix of several labels. For
        label columns, a list with the labels of each.

    coefs_ : list of ndarrays of shape (fan_in, fan_out)
        Weights of each layer.

    intercepts_ : list of ndarrays of shape (fan_out,)
        Biases of each layer.

    loss_ : float
        Objective (loss with penalty) of the last epoch or iteration.

    loss_curve_ : list of float
        Objective of each epoch (mean over its minibatches) or iteration. Weighted by
        ``sample_weight``.

    best_loss_ : float or None
        Smallest objective of an epoch; None under early stopping.

    validation_scores_ : list of float or None
        Score of the validation data after each epoch or iteration; None without such data.

    validation_loss_curve_ : list of float or None
        Their loss, without penalty.

    best_validation_score_ : float or None
        Best of the scores of the last fit.

    best_iter_ : int
        Epoch or iteration of the last fit, counted from 1, whose parameters are in ``coefs_``: the
        one with the best validation score under early stopping, else the last.

    n_iter_ : int
        Epochs or iterations of the last fit.

    stop_reason_ : str
        Why the last fit stopped, in a sentence.

    t_ : int
        Training samples seen by 'sgd' or 'adam', over all epochs.

    n_features_in_ : int
        Number of features.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where ``X`` has names that are all strings.

    n_layers_ : int
        Number of layers, input and output included.

    n_outputs_ : int
        Number of outputs of the network.

    out_activation_ : str or list of str
        What turns raw predictions into predictions: 'logistic' or 'softmax'; for label columns, a
        list with that of each.

    See Also
    --------
    BackpropRegressor : The same network for numbers.
    sklearn.neural_network.MLPClassifier : scikit-learn's estimator, whose parameters these are.

    Notes
    -----
    The objective over rows of weights ``s_i`` is

    .. math:: F = \frac{\sum_i s_i\, l_i + \frac{\alpha}{2} \sum_l \|W_l\|^2}{\sum_i s_i}

    with the loss ``l`` of a row, summed over labels. On a
    minibatch, the divisor is its number of rows times the mean weight of the training data.

    With the same parameters and ``random_state``, an unweighted fit takes the same steps as
    scikit-learn's :class:`~sklearn.neural_network.MLPClassifier`. Weights in minibatches, early
    stopping of more than two classes, warm starts and ``partial_fit`` differ on purpose.

    References
    ----------
    .. [1] Kingma & Ba (2015), "Adam: a method for stochastic optimization", ICLR.

    .. [2] Rumelhart, Hinton & Williams (1986), "Learning representations by back-propagating
       errors", Nature 323:533-536.

    .. [3] Glorot & Bengio (2010), "Understanding the difficulty of training deep feedforward
       neural networks", AISTATS, eq. 16.

    .. [4] Srivastava, Hinton, Krizhevsky, Sutskever & Salakhutdinov (2014), "Dropout: a simple way
       to prevent neural networks from overfitting", JMLR 15:1929-1958.

    .. [5] Loshchilov & Hutter (2019), "Decoupled weight decay regularization", ICLR.

    .. [6] Polyak & Juditsky (1992), "Acceleration of stochastic approximation by averaging", SIAM
       Journal on Control and Optimization 30:838-855.

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

    _parameter_constraints: ClassVar = {
        **BaseBackprop._parameter_constraints,
        "class_weight": [StrOptions({"balanced"}), dict, list, None],
        "loss": [StrOptions(set(CLASSIFICATION_LOSSES)), ClassificationLoss],
    }

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change=10,
        max_fun=15000,
        class_weight=None,
        scoring=None,
        dtype=None,
        solver_options=None,
        loss="log_loss",
        dropout=0.0,
        input_dropout=0.0,
        warmup_fraction=0.0,
        weight_decay=0.0,
        average=False,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.class_weight = class_weight
        self.scoring = scoring
        self.dtype = dtype
        self.solver_options = solver_options
        self.loss = loss
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.warmup_fraction = warmup_fraction
        self.weight_decay = weight_decay
        self.average = average

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags

    @fit_context
    def fit(
        self,
        X,
        y,
        sample_weight=None,
        *,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
        coef_init=None,
        intercept_init=None,
    ):
        """Fit the network to data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data: dense, CSR or CSC, of any real type.

        y : array-like of shape (n_samples,), (n_samples, n_labels) or (n_samples, n_columns)
            Class labels, a matrix of zeros and ones for several labels, or columns of labels of
            which each row has one in every column.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights, at least 0 and not all 0; ones by default. A row of weight 0 is as if it were
            not there, except that its class is known.

        X_val : {array-like, sparse matrix} of shape (n_validation, n_features), default=None
            Validation data, to be given together with ``y_val``. Recorded after each epoch in
            ``validation_loss_curve_`` and ``validation_scores_``; with ``early_stopping=True``
            they take the place of a part of the training data.

        y_val : array-like of shape (n_validation,) or (n_validation, n_labels), default=None
            Labels of the validation data, of the classes in ``y``; as many columns.

        sample_weight_val : array-like of shape (n_validation,), default=None
            Weights of the validation data.

        coef_init : list of array-like of shape (fan_in, fan_out), default=None
            Weights of each layer to start from, in the order of ``coefs_``; an entry that is None
            is drawn, as all are by default. Not with a warm start that goes on from a fit.

        intercept_init : list of array-like of shape (fan_out,), default=None
            Biases of each layer to start from, in the same way.

        Returns
        -------
        self : BackpropClassifier
            The fitted estimator.

        Raises
        ------
        ValueError
            Where parameters or data are not valid, or where training diverges. The estimator is
            then as it was before.

        TypeError
            Where a parameter or an array is of a wrong type.
        """
        validation_data = (X_val, y_val, sample_weight_val)
        starting_values = StartingValues(coef_init, intercept_init)
        return self._fit(X, y, sample_weight, validation_data, starting_values)

    @available_unless(why_no_partial_fit)
    @fit_context
    def partial_fit(self, X, y, sample_weight=None, classes=None):
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
        with draft_of(self) as (draft, publish):
            draft._declare_classes(y, classes)
            draft._learn_pass(X, y, sample_weight, publish)
        return self

    @of_one_fit
    def predict(self, X):
        """Predict class labels.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        y : ndarray of shape (n_samples,), (n_samples, n_labels) or (n_samples, n_columns)
            The most probable classes; for several labels, ones where the probability is above
            one half.
        """
        raw = self._raw_prediction(X)
        return self._labels.decode(raw)

    @of_one_fit
    def predict_proba(self, X):
        """Predict probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes), or list of such
            One column for each of ``classes_``. With one class in the training data, a column of
            ones (scikit-learn gives two columns); with several labels, the probability of each;
            with label columns, a list with the probabilities of each.
        """
        raw = self._raw_prediction(X)
        return self._labels.probabilities(raw)

    @of_one_fit
    def predict_log_proba(self, X):
        """Predict logarithms of probabilities.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes), or list of such
            Computed from the raw predictions: finite also where ``predict_proba`` is rounded to
            zero (scikit-learn takes the logarithm of the rounded number).
        """
        raw = self._raw_prediction(X)
        return self._labels.log_probabilities(raw)

    @of_one_fit
    def decision_function(self, X):
        """Raw predictions: logits, before the logistic function or softmax.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        raw_prediction : ndarray of shape (n_samples,) or (n_samples, n_classes), or list of such
            One-dimensional for two classes, where positive means the second one. (Of
            ``loss=Multinomial()`` it is the difference of the two raw predictions.) For label
            columns, a list with the raw predictions of each.
        """
        raw = self._raw_prediction(X)
        return self._labels.decision(raw)

    @of_one_fit
    def score(self, X, y, sample_weight=None):
        """Accuracy of the predictions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

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
        return self._accuracy(labels_as_array(y), self.predict(X), sample_weight)

    # ---- what BaseBackprop asks for

    @np.errstate(invalid="ignore")  # a NaN in y is refused later
    def _declare_classes(self, y, classes):
        """Fix the labels before the first pass of ``partial_fit``."""
        known = getattr(self, "_labels", None)
        if isinstance(known, ColumnLabels) or lists_columns(classes):
            self._declare_columns(classes, known)
            return
        if known is None and has_columns(y):
            raise ValueError(
                "For several label columns, `classes` must be a list with the labels of each "
                "column on the first call to partial_fit."
            )
        multilabel = type_of_target(y).startswith("multilabel")
        if multilabel and classes is None:
            if not hasattr(self, "classes_"):
                self._use_labels(make_labels(y, self._chosen_loss()))
        elif is_first_partial_fit(self, classes):
            self._use_labels(make_labels(y if multilabel else classes, self._chosen_loss()))

    def _declare_columns(self, classes, known):
        """Fix the labels of each column, or compare them with what they were."""
        if classes is None:
            return
        labels = None
        if lists_columns(classes):
            labels = labels_of_classes(classes, self._chosen_loss())
        if known is None:
            self._use_labels(labels)
        elif labels is None or not labels.has_classes(known.classes):
            raise ValueError(
                f"`classes={classes}` is not the same as on last call to partial_fit, was: "
                f"{known.classes}"
            )

    def _use_labels(self, labels):
        self._labels = labels
        self.classes_ = labels.classes

    def _learn_target(self, y, sample_weight, fixed):
        loss = self._chosen_loss()
        if not fixed:
            self._use_labels(labels_of(y, loss))
        else:
            check_labels(y)
            if self.warm_start and not self._labels.same_classes(y):
                raise ValueError(
                    "warm_start can only be used where `y` has the same classes as in the "
                    f"previous call to fit. Previously got {self.classes_}, `y` has "
                    f"{labels_of(y, loss).classes}"
                )
            self._labels = self._labels.with_loss(loss)
        self._labels.weigh(self.class_weight, y, sample_weight)

    def _encode(self, y, dtype):
        return self._labels.encode(y, dtype)

    def _chosen_loss(self):
        return CLASSIFICATION_LOSSES[self.loss] if isinstance(self.loss, str) else self.loss

    def _loss(self):
        return self._labels.loss

    def _n_raw(self, targets):
        return self._labels.n_raw

    def _strata(self, targets):
        return self._labels.strata(targets)

    def _loss_weight(self, sample_weight, targets):
        weight = super()._loss_weight(sample_weight, targets)
        if self._labels.class_weight is None:
            return weight
        class_weight = self._labels.target_weight(targets)
        return class_weight if weight is None else class_weight * weight

    def _default_score(self, y, raw_prediction, sample_weight):
        return self._accuracy(y, self._labels.decode(raw_prediction), sample_weight)

    def _accuracy(self, y, predicted, sample_weight):
        share = exact_match if isinstance(self._labels, ColumnLabels) else accuracy_score
        return share(y, predicted, sample_weight=sample_weight)


def _listed(class_weight):
    return class_weight if isinstance(class_weight, list) else [class_weight]
