"""The regressor for networks that you design."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, overload

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from .base import BaseBackprop, why_no_partial_fit
from .data import GivenData
from .losses import (
    REGRESSION_LOSSES,
    SURVIVAL_LOSSES,
    ClassificationLoss,
    Cox,
    GaussianNLL,
    Loss,
    loss_name,
    numeric_loss,
    refuses_negative,
)
from .targets import SurvivalTarget, target_of_numbers
from .utils import (
    StrOptions,
    available_unless,
    fit_context,
    known_for_score,
    warn,
    with_shared_parameters,
)

if TYPE_CHECKING:
    from typing import Any, Literal, Self, Unpack

    from .activations import LayerActivations
    from .base import SharedParameters
    from .losses import RegressionLossName, SurvivalLossName
    from .utils.typing import ArrayLike, FloatArray, LayerSizes, MatrixLike, RandomState

# A target counts as small if the loss of its mean is at most this: half of 0.1 squared, where 0.1
# is the standard deviation. Scaled targets have a standard deviation of 1.
_LOSS_OF_SMALL = 0.005


def _why_no_samples(estimator):
    """Return why the loss has no distribution to sample from, or None if it has one."""
    target = getattr(estimator, "_target", None)
    loss = estimator.loss if target is None else target.loss
    if loss == "gaussian_nll" or isinstance(loss, GaussianNLL):
        return None
    return f"sample_y needs loss='gaussian_nll', which predicts a distribution; got {loss!r}."


@with_shared_parameters
class BackpropRegressor(RegressorMixin, BaseBackprop):
    """Multi-layer perceptron for regression, trained by back-propagation.

    Each hidden layer computes ``H = f(H_below W + b)``. The last layer is linear and computes raw
    predictions. Depending on the loss, these are the predictions themselves (squared error), their
    logarithms (Poisson), or several numbers per target (several quantiles; mean and variance).

    Parameters
    ----------
    loss : str or Loss
        Loss function to minimise, summed over outputs: a name or an object of
        :mod:`skbackprop.losses` such as ``Huber(delta=2.0)`` or ``Quantile((0.1, 0.5, 0.9))``.

        - 'squared_error': half the squared error; predicts the mean;
        - 'absolute_error': the absolute error; predicts the median;
        - 'huber', 'log_cosh': squared for small errors, absolute for large ones;
        - 'quantile': the pinball loss; predicts one quantile or several;
        - 'poisson': half the Poisson deviance with a log link, for counts and other ``y >= 0``;
        - 'gamma': half the gamma deviance with a log link, for ``y > 0``;
        - 'tweedie': half the Tweedie deviance with a log link, for ``y >= 0`` with many zeros;
        - 'gaussian_nll': the negative log-likelihood of a normal distribution; predicts mean and
          variance;
        - 'cox': the negative log partial likelihood of the Cox model, for survival times that may
          be censored. ``y`` is then a structured array of event (bool) and time, as made by
          ``Surv`` of scikit-survival; predictions are log risks.

    Attributes
    ----------
    n_outputs_ : int
        Number of targets.

    out_activation_ : str
        Name of the function that turns raw predictions into predictions: 'identity' or 'exp'.

    See Also
    --------
    BackpropClassifier : The same network for classification.
    skbackprop.TabularRegressor : Ensemble for data frames that needs no tuning.
    sklearn.neural_network.MLPRegressor : The scikit-learn estimator with the same parameters.

    Notes
    -----
    With the same parameters and ``random_state``, an unweighted fit takes the same steps as
    scikit-learn's :class:`~sklearn.neural_network.MLPRegressor`. Weights in minibatches,
    warm starts and ``partial_fit`` differ on purpose. The loss of several outputs is their sum;
    scikit-learn reports their mean.

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

    _allowed_values: ClassVar = {
        **BaseBackprop._allowed_values,
        "loss": [StrOptions({*REGRESSION_LOSSES, *SURVIVAL_LOSSES}), Loss],
    }

    def __init__(
        self,
        hidden_layer_sizes: LayerSizes = (100,),
        activation: LayerActivations = "relu",
        *,
        loss: RegressionLossName | SurvivalLossName | Loss = "squared_error",
        **shared: Unpack[SharedParameters],
    ) -> None:
        super().__init__(hidden_layer_sizes, activation, **shared)
        self.loss = loss

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = refuses_negative(self.loss)
        return tags

    @available_unless(why_no_partial_fit)
    @fit_context
    def partial_fit(
        self, X: MatrixLike, y: MatrixLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train for one epoch on the given data, starting from the current parameters.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data of this call.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.

        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights, at least 0 and not all 0; ones by default.

        Returns
        -------
        self : BackpropRegressor
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
        return self._fit(GivenData(X, y, sample_weight, is_part=True))

    @overload
    def predict(self, X: MatrixLike, return_std: Literal[False] = False) -> FloatArray: ...

    @overload
    def predict(
        self, X: MatrixLike, return_std: Literal[True]
    ) -> tuple[FloatArray, FloatArray]: ...

    @overload
    def predict(self, X: MatrixLike, return_std: bool) -> FloatArray | Any: ...

    def predict(self, X: MatrixLike, return_std: bool = False) -> FloatArray | Any:
        """Predict targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        return_std : bool, default=False
            Whether to return the standard deviation of the noise as well. Requires
            ``loss='gaussian_nll'``.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions, with the floating-point type of the fit. Several quantiles are on the last
            axis, in the order of their levels: the shape is (n_samples, n_levels), or
            (n_samples, n_outputs, n_levels).

        std : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Standard deviations. Returned only with ``return_std=True``.

        Raises
        ------
        ValueError
            With ``return_std=True`` if the loss has no standard deviation.
        """
        raw, target = self._raw_prediction(X)
        if not return_std:
            return target.predict(raw)
        if not target.has_std:
            raise ValueError(
                f"return_std=True needs loss='gaussian_nll', but loss is {loss_name(target.loss)}."
            )
        std = target.std(raw)
        return target.predict(raw), std

    @available_unless(_why_no_samples)
    def sample_y(
        self, X: MatrixLike, n_samples: int = 1, random_state: RandomState = None
    ) -> FloatArray:
        """Draw targets from the predicted normal distributions.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_rows, n_features)
            The data.

        n_samples : int, default=1
            Number of targets to draw for each row.

        random_state : int, RandomState instance or None, default=None
            Random number generator of the draws.

        Returns
        -------
        y : ndarray of shape (n_rows, n_samples) or (n_rows, n_outputs, n_samples)
            Independent draws.

        Raises
        ------
        AttributeError
            If ``loss`` is not 'gaussian_nll'.
        """
        mean, std = self.predict(X, return_std=True)
        noise = check_random_state(random_state).standard_normal((*mean.shape, n_samples))
        return mean[..., np.newaxis] + std[..., np.newaxis] * noise.astype(mean.dtype)

    def score(self, X: MatrixLike, y: MatrixLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the R^2 score, or for quantiles D^2, or for 'cox' the concordance index.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            True targets.

        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights.

        Returns
        -------
        score : float
            R^2, or D^2 of the pinball loss for quantiles: at most 1, and 0 for a model that is no
            better than the best constant. The mean over the outputs; with
            ``missing_targets='ignore'``, each output is scored on the rows where its target is
            known. With ``loss='cox'``, Harrell's concordance index, which is 0.5 for a constant.
        """
        raw, target = self._raw_prediction(X)
        y, sample_weight = known_for_score(self, X, y, sample_weight, target)
        return target.score(y, target.predict(raw), sample_weight)

    # ---- hooks of BaseBackprop

    def _target_for(self, checked, known, given=None):
        loss = numeric_loss(self.loss)
        if isinstance(loss, Cox):
            is_part = given is not None and given.is_part
            return SurvivalTarget.fitted_to(checked.y, loss, checked.sample_weight, is_part)
        return target_of_numbers(checked.y, loss, known)

    def _warn_of_scale(self, objective):
        """Warn if ``tol`` stopped the fit only because the target has a small scale.

        A fit can improve on the best constant prediction by at most the loss of that constant. If
        this loss is below ``tol`` times the patience, or if, with L-BFGS, the gradient of the
        untrained network is hardly larger than ``tol``, the fit stops however good it is. A large
        ``tol`` would stop a fit of a scaled target too, so there is no warning unless the loss of
        the constant is small.
        """
        weights, sums = objective.rows.target_sums()
        raw = self._target.raw_of_mean(sums / weights)
        if raw is None:
            return
        loss_of_mean = objective.rows.loss_of_constant(self._target.loss, raw)
        loss_of_mean /= objective.total_weight
        if self.solver == "lbfgs":
            too_small = np.sqrt(2 * loss_of_mean) <= 100 * self.tol
        else:
            too_small = loss_of_mean <= self.tol * self.n_iter_no_change
        if too_small and 0 < loss_of_mean <= _LOSS_OF_SMALL:
            warn(
                f"tol={self.tol:g} stopped the fit, but it is large for the scale of y: always "
                f"predicting the mean of y has a loss of only {loss_of_mean:.2g}. Scale y, for "
                "example with TransformedTargetRegressor, or lower tol.",
                ConvergenceWarning,
            )

    def _validate_params(self):
        if isinstance(self.loss, ClassificationLoss):
            raise ValueError(
                f"loss={self.loss!r} is a classification loss. Use BackpropClassifier, or choose "
                "a regression loss."
            )
        try:
            super()._validate_params()
        except ValueError as error:
            if not isinstance(self.hidden_layer_sizes, str):
                raise
            raise type(error)(
                f"{error} Did you mean loss={self.hidden_layer_sizes!r}? The first parameter is "
                "hidden_layer_sizes, as in the classifier."
            ) from None
