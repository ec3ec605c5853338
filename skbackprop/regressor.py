"""The regressor: numbers in, numbers out."""

import warnings
from typing import ClassVar

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import r2_score
from sklearn.utils import check_random_state

from .base import BaseBackprop, why_no_partial_fit
from .drafts import draft_of, of_one_fit
from .losses import REGRESSION_LOSSES, ClassificationLoss, GaussianNLL, Loss
from .starting_values import StartingValues
from .validation import StrOptions, available_unless, fit_context

__all__ = ["BackpropRegressor"]

# Loss of the mean for a target that is small: a standard deviation of 0.1, where scaling gives 1.
_LOSS_OF_SMALL = 0.005


def _why_no_samples(estimator):
    """Why there is no distribution to draw from; None where there is."""
    if estimator.loss == "gaussian_nll" or isinstance(estimator.loss, GaussianNLL):
        return None
    return f"sample_y draws from the distribution of loss='gaussian_nll'; got {estimator.loss!r}."


class BackpropRegressor(RegressorMixin, BaseBackprop):
    r"""Multi-layer perceptron for regression, trained by back-propagation.

    Layer by layer, ``H = f(H_below W + b)``; the last layer gives raw predictions, which are the
    predictions (squared error) or their logarithms (Poisson), or several numbers that the loss
    makes predictions of (several quantiles; a mean and a variance).

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

    loss : str or Loss, default='squared_error'
        What is minimised, summed over outputs, as a name or as an object of
        :mod:`skbackprop.losses`, say ``Huber(delta=2.0)`` or ``Quantile((0.1, 0.5, 0.9))``:

        - 'squared_error': half the squared error, which leads to the mean;
        - 'absolute_error': which leads to the median;
        - 'huber', 'log_cosh': squared for small errors, absolute for large ones;
        - 'quantile': the pinball loss, which leads to a quantile, or several;
        - 'poisson': half the Poisson deviance with a log link, for counts and other ``y >= 0``;
        - 'gamma': half the gamma deviance with a log link, for ``y > 0``;
        - 'tweedie': half the Tweedie deviance with a log link, for ``y >= 0`` with many zeros;
        - 'gaussian_nll': the negative log likelihood of a normal distribution, of which the
          network predicts mean and variance.

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
        training data.

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

    scoring : str, callable or None, default=None
        Score of the validation data; larger is better. None is R^2; 'loss' is minus the
        validation loss; else the name of a scorer of scikit-learn, or a callable
        ``scoring(estimator, X, y)`` (called with ``sample_weight`` too, where there is one).

    dtype : {'float32', 'float64'} or None, default=None
        Floating-point type of parameters and computations. None is that of ``X``, where ``X`` is
        float32 or float64, else float64.

    solver_options : dict or None, default=None
        Options of SciPy's L-BFGS-B for 'lbfgs': 'maxcor', 'ftol', 'gtol' (instead of ``tol``),
        'maxls'. In float32 'ftol' is 1.2e-6 unless given, since smaller differences are rounding.

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
        Number of targets.

    out_activation_ : str
        What turns raw predictions into predictions: 'identity' or 'exp'.

    See Also
    --------
    BackpropClassifier : The same network for classes.
    sklearn.neural_network.MLPRegressor : scikit-learn's estimator, whose parameters these are.

    Notes
    -----
    The objective over rows of weights ``s_i`` is

    .. math:: F = \frac{\sum_i s_i\, l_i + \frac{\alpha}{2} \sum_l \|W_l\|^2}{\sum_i s_i}

    with the loss ``l`` of a row, summed over outputs. On a
    minibatch, the divisor is its number of rows times the mean weight of the training data.

    With the same parameters and ``random_state``, an unweighted fit takes the same steps as
    scikit-learn's :class:`~sklearn.neural_network.MLPRegressor`. Weights in minibatches,
    warm starts and ``partial_fit`` differ on purpose; the loss of several outputs is their sum,
    where scikit-learn reports their mean.

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
    >>> import numpy as np
    >>> from skbackprop import BackpropRegressor
    >>> X = np.linspace(-1, 1, 200)[:, np.newaxis]
    >>> y = np.sin(3 * X[:, 0])
    >>> model = BackpropRegressor(
    ...     (10,), activation="tanh", solver="lbfgs", max_iter=500, tol=1e-5, random_state=0
    ... ).fit(X, y)
    >>> bool(np.abs(model.predict(X) - y).max() < 0.05)
    True
    """

    _parameter_constraints: ClassVar = {
        **BaseBackprop._parameter_constraints,
        "loss": [StrOptions(set(REGRESSION_LOSSES)), Loss],
    }

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        loss="squared_error",
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
        scoring=None,
        dtype=None,
        solver_options=None,
        dropout=0.0,
        input_dropout=0.0,
        warmup_fraction=0.0,
        weight_decay=0.0,
        average=False,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.loss = loss
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
        self.scoring = scoring
        self.dtype = dtype
        self.solver_options = solver_options
        self.dropout = dropout
        self.input_dropout = input_dropout
        self.warmup_fraction = warmup_fraction
        self.weight_decay = weight_decay
        self.average = average

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
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

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target numbers.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights, at least 0 and not all 0; ones by default. A row of weight 0 is as if it were
            not there.

        X_val : {array-like, sparse matrix} of shape (n_validation, n_features), default=None
            Validation data, to be given together with ``y_val``. Recorded after each epoch in
            ``validation_loss_curve_`` and ``validation_scores_``; with ``early_stopping=True``
            they take the place of a part of the training data.

        y_val : array-like of shape (n_validation,) or (n_validation, n_outputs), default=None
            Targets of the validation data.

        sample_weight_val : array-like of shape (n_validation,), default=None
            Weights of the validation data.

        coef_init : list of array-like of shape (fan_in, fan_out), default=None
            Weights of each layer to start from, in the order of ``coefs_``; an entry that is None
            is drawn, as all are by default. Not with a warm start that goes on from a fit.

        intercept_init : list of array-like of shape (fan_out,), default=None
            Biases of each layer to start from, in the same way.

        Returns
        -------
        self : BackpropRegressor
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
    def partial_fit(self, X, y, sample_weight=None):
        """Make one pass over the given data, and go on from there at the next call.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data of this call.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target numbers.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights, at least 0 and not all 0; ones by default.

        Returns
        -------
        self : BackpropRegressor
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
        with draft_of(self) as (draft, publish):
            draft._learn_pass(X, y, sample_weight, publish)
        return self

    @of_one_fit
    def predict(self, X, return_std=False):
        """Predict targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        return_std : bool, default=False
            Whether to return the standard deviation of the noise as well; with
            ``loss='gaussian_nll'`` only.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions, of the floating-point type of the fit. Several quantiles are the last
            axis, in the order of their levels: (n_samples, n_levels), or
            (n_samples, n_outputs, n_levels).

        std : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Only with ``return_std``.

        Raises
        ------
        ValueError
            With ``return_std`` where the loss has no standard deviation.
        """
        if return_std and not isinstance(self._loss(), GaussianNLL):
            raise ValueError(
                f"return_std=True needs loss='gaussian_nll', but loss is {self.loss!r}."
            )
        raw = self._raw_prediction(X)
        if not return_std:
            return self._prediction(raw)
        std = self._loss().std(raw)
        return self._prediction(raw), _one_dimensional(std)

    @available_unless(_why_no_samples)
    @of_one_fit
    def sample_y(self, X, n_samples=1, random_state=None):
        """Draw targets from the predicted normal distributions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features)
            The data.

        n_samples : int, default=1
            Number of targets to draw for each row.

        random_state : int, RandomState instance or None, default=None
            Source of the draws.

        Returns
        -------
        y : ndarray of shape (n_rows, n_samples) or (n_rows, n_outputs, n_samples)
            Independent draws.

        Raises
        ------
        AttributeError
            Where ``loss`` is not 'gaussian_nll'.
        """
        mean, std = self.predict(X, return_std=True)
        noise = check_random_state(random_state).standard_normal((*mean.shape, n_samples))
        return mean[..., np.newaxis] + std[..., np.newaxis] * noise.astype(mean.dtype)

    @of_one_fit
    def score(self, X, y, sample_weight=None):
        """R^2 of the predictions; for quantiles, D^2 of the pinball loss.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their targets.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights.

        Returns
        -------
        score : float
            At most 1; 0 for a model no better than the best constant.
        """
        return self._score(y, self.predict(X), sample_weight)

    # ---- what BaseBackprop asks for

    _y_numeric = True

    def _encode(self, y, dtype):
        with np.errstate(over="ignore"):  # infinite then, and refused
            targets = np.ascontiguousarray(y, dtype).reshape(len(y), -1)
        if not np.isfinite(targets).all():
            raise ValueError(f"y has values too large for dtype={dtype.name}. Scale y.")
        self._loss().check_target(targets)
        return targets

    def _loss(self):
        return REGRESSION_LOSSES[self.loss] if isinstance(self.loss, str) else self.loss

    def _n_raw(self, targets):
        return self._loss().n_raw(targets.shape[1])

    def _prediction(self, raw):
        return _one_dimensional(self._loss().predict(raw))

    def _score(self, y, prediction, sample_weight):
        score = self._loss().score(y, prediction, sample_weight)
        return r2_score(y, prediction, sample_weight=sample_weight) if score is None else score

    def _default_score(self, y, raw_prediction, sample_weight):
        prediction = self._prediction(raw_prediction)
        if not np.isfinite(prediction).all():
            return np.nan
        return self._score(y, prediction, sample_weight)

    def _check_scale(self, objective):
        """Warn where the scale of the target is why a fit stopped by ``tol``.

        No fit can gain more over the best constant prediction than the loss of that constant. If
        this is less than ``tol`` for each epoch of a row of patience, or, with L-BFGS, if the
        gradient of the untrained network is hardly larger than ``tol``, then that the fit has
        stopped says nothing about how good it is. Of a large ``tol`` that would be true of a
        scaled target, too, and is not for the target to be blamed.
        """
        if self._loss().raw_per_target > 1:
            return
        loss_of_mean = self._loss_of_mean(objective)
        if self.solver == "lbfgs":
            too_small = np.sqrt(2 * loss_of_mean) <= 100 * self.tol
        else:
            too_small = loss_of_mean <= self.tol * self.n_iter_no_change
        if too_small and 0 < loss_of_mean <= _LOSS_OF_SMALL:
            warnings.warn(
                f"The fit was stopped by tol={self.tol:g}, but the scale of y is small for it: to "
                f"predict the mean of y always has a loss of no more than {loss_of_mean:.2g}. "
                "Scale y (say by a TransformedTargetRegressor), or lower tol.",
                ConvergenceWarning,
                stacklevel=2,
            )

    def _loss_of_mean(self, objective):
        """Objective, without penalty, of the constant prediction mean(y)."""
        loss = self._loss()
        targets, weight = objective.rows.targets()
        mean = np.average(targets, axis=0, weights=None if weight is None else weight[:, 0])
        with np.errstate(all="ignore"):
            raw = np.tile(loss.link.link(mean), (len(targets), 1))
            return loss.loss(targets, raw, weight) / objective.total_weight

    def _validate_params(self):
        if isinstance(self.loss, ClassificationLoss):
            raise ValueError(f"loss={self.loss!r} is a loss of classes; use BackpropClassifier.")
        try:
            super()._validate_params()
        except ValueError as error:
            if not isinstance(self.hidden_layer_sizes, str):
                raise
            raise type(error)(
                f"{error} Did you mean loss={self.hidden_layer_sizes!r}? The first parameter is "
                "hidden_layer_sizes here, as in the classifier."
            ) from None


def _one_dimensional(columns):
    """A single column as a vector."""
    return columns[:, 0] if columns.ndim == 2 and columns.shape[1] == 1 else columns
