"""The regressor for tables."""

from typing import ClassVar

import numpy as np
from sklearn.base import RegressorMixin

from ..drafts import of_one_fit
from ..links import IdentityLink
from ..losses import REGRESSION_LOSSES, GaussianNLL, Loss
from ..validation import StrOptions, fit_context
from .base import BaseTabular
from .member import RegressorMember

__all__ = ["TabularRegressor"]


class TabularRegressor(RegressorMixin, BaseTabular):
    """Networks that predict numbers from the rows of a table, as it comes and without tuning.

    Numbers are scaled by quantiles, categories and missing values become columns of their own.
    Then ``n_members`` networks are trained, each with its own starting values and its own rows for
    validation, of which those parameters are kept that are best for its validation rows. What they
    predict is averaged.

    Parameters
    ----------
    n_members : int, default=4
        Number of networks, at least 1. They are trained side by side on as many threads as the
        BLAS may use; the result does not depend on how many these are.

    hidden_layer_sizes : int or array-like of int, default=(128, 128)
        Number of units of each hidden layer.

    activation : str, Activation or list of them, default='silu'
        Activation function of the hidden layers.

    learning_rate_init : float, default=0.05
        Largest learning rate, of weights times the square root of the number of inputs of their
        layer. It rises over the first 5 % of the epochs and then falls to 0.

    dropout : float or array-like of float, default=0.15
        Share of the units of each hidden layer, in [0, 1), that is left out of a step; held for
        half of the epochs, then lowered to 0.

    weight_decay : float, default=0.02
        Decoupled weight decay, in [0, inf); lowered as ``dropout`` is.

    max_iter : int, default=48
        Number of epochs, at least 1.

    min_steps : int, default=1000
        Where ``max_iter`` epochs have fewer steps, there are more epochs.

    batch_size : int or 'auto', default='auto'
        Rows of a minibatch; 'auto' is 256, or 128 for fewer than 3,000 rows to train on.

    validation_fraction : float, default=0.15
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

    loss : str or Loss, default='squared_error'
        What is minimised, as in :class:`BackpropRegressor`. The members see the target minus its
        mean, over its standard deviation (or, with a logarithmic link, over its mean): in such
        units are ``Huber(delta=...)`` and the like.

    Attributes
    ----------
    center_, scale_ : ndarray of shape (n_outputs,)
        What is subtracted from the targets, and what they are then divided by.

    members_ : list of estimators
        The networks, as fitted :class:`BackpropRegressor` for the scaled table.

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
    TabularClassifier : The same for classes.
    BackpropRegressor : One network, with all parameters to choose.

    Notes
    -----
    The recipe is that of RealMLP [1]_ with fewer parts. Weights start from ``N(0, 1 / fan_in)``,
    biases from ``N(0, 1)``; Adam has ``beta_2 = 0.95``; biases learn at a tenth of
    ``learning_rate_init``. Training is in float32, prediction in float64.

    Each number is shown as it is, and as 3 combinations of 16 waves of it [2]_. The frequencies of
    these start from ``N(0, s^2)``, in periods, with ``s`` from 0.1 to 2 in a geometric series:
    slow waves are for trends, fast ones for steps and bumps.

    References
    ----------
    .. [1] Holzmüller, Grinsztajn & Steinwart (2024), "Better by default: strong pre-tuned MLPs and
       boosted trees on tabular data", NeurIPS.

    .. [2] Gorishniy, Rubachev & Babenko (2022), "On embeddings for numerical features in tabular
       deep learning", NeurIPS.

    Examples
    --------
    >>> import numpy as np
    >>> from skbackprop import TabularRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(-1, 1, size=(300, 2))
    >>> y = 1000 + 100 * np.sin(4 * X[:, 0])
    >>> model = TabularRegressor(min_steps=200, random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.9
    True
    >>> mean, std = model.predict([[0, 0], [5, 5]], return_std=True)
    >>> bool(std[1] > std[0])
    True
    """

    _parameter_constraints: ClassVar = {
        **BaseTabular._parameter_constraints,
        "loss": [StrOptions(set(REGRESSION_LOSSES)), Loss],
    }

    _y_numeric = True
    _periodic_by_default = True

    def __init__(
        self,
        n_members=4,
        hidden_layer_sizes=(128, 128),
        activation="silu",
        *,
        learning_rate_init=0.05,
        dropout=0.15,
        weight_decay=0.02,
        max_iter=48,
        min_steps=1000,
        batch_size="auto",
        validation_fraction=0.15,
        n_iter_no_change=30,
        periodic="auto",
        categorical_features="from_dtype",
        random_state=None,
        verbose=False,
        loss="squared_error",
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
        self.loss = loss

    @fit_context
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Fit the networks to a table.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            The table.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Target numbers, in any units.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights, at least 0 and not all 0; ones by default.

        X_val : {data frame, array-like, sparse matrix}, default=None
            Validation data for all members, to be given together with ``y_val``. They take the
            place of a part of the training data.

        y_val : array-like, default=None
            Targets of the validation data.

        sample_weight_val : array-like of shape (n_validation,), default=None
            Weights of the validation data.

        Returns
        -------
        self : TabularRegressor
            The fitted estimator.
        """
        return self._fit(X, y, sample_weight, (X_val, y_val, sample_weight_val))

    @of_one_fit
    def predict(self, X, return_std=False):
        """Predict targets: the mean of what the members predict.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            The table.

        return_std : bool, default=False
            Whether to return a standard deviation as well: that of the predictions of the
            members, and with ``loss='gaussian_nll'`` that of the noise which they predict, too.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions; several quantiles are the last axis.

        std : ndarray of the same shape
            Square root of the variance over the members, plus the mean of their variances of the
            noise. Only with ``return_std``.
        """
        Z = self._inputs(X)
        noisy = return_std and isinstance(self._loss(), GaussianNLL)
        found = [member.predict(Z, return_std=noisy) for member in self.members_]
        means = np.array([mean for mean, _ in found] if noisy else found, np.float64)
        center, scale = self._units(means.ndim - 2)
        prediction = means.mean(axis=0) * scale + center
        if not return_std:
            return prediction
        variance = means.var(axis=0)
        if noisy:
            variance += np.mean([np.square(std, dtype=np.float64) for _, std in found], axis=0)
        return prediction, np.sqrt(variance) * scale

    @of_one_fit
    def score(self, X, y, sample_weight=None):
        """R^2 of the predictions; for quantiles, D^2 of the pinball loss.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            The table.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Their targets.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights.

        Returns
        -------
        score : float
            At most 1; 0 for a model no better than the best constant.
        """
        prediction = self.predict(X)
        return self.members_[0]._score(y, prediction, sample_weight)

    # ---- what BaseTabular asks for

    def _loss(self):
        return REGRESSION_LOSSES[self.loss] if isinstance(self.loss, str) else self.loss

    def _member(self):
        return RegressorMember(loss=self.loss)

    def _learn_scale(self, y, sample_weight):
        columns = np.asarray(y, np.float64).reshape(len(y), -1)
        self._one_output = y.ndim == 1
        center = np.average(columns, axis=0, weights=sample_weight)
        if isinstance(self._loss().link, IdentityLink):
            scale = _spread(columns - center, sample_weight)
            self.center_ = center
        else:
            scale, self.center_ = center, np.zeros_like(center)
        self.scale_ = np.where(scale > 0, scale, 1.0)

    def _units(self, n_axes):
        """Center and scale, to be used on predictions with so many axes after the first."""
        units = self.center_, self.scale_
        if self._one_output:
            return tuple(unit[0] for unit in units)
        return tuple(unit.reshape(-1, *[1] * (n_axes - 1)) for unit in units)

    def _scaled(self, y):
        center, scale = self._units(1)
        return (y - center) / scale


def _spread(deviations, sample_weight):
    """Root of the mean square of each column; no square is an overflow or 0 for nothing."""
    largest = np.abs(deviations).max(axis=0)
    shares = deviations / np.where(largest > 0, largest, 1.0)
    return largest * np.sqrt(np.average(shares**2, axis=0, weights=sample_weight))
