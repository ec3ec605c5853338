"""The regressor: numbers in, numbers out."""

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

# Loss of the mean for a target that is small: a standard deviation of 0.1, where scaling gives 1.
_LOSS_OF_SMALL = 0.005


def _why_no_samples(estimator):
    """Why there is no distribution to draw from; None where there is."""
    target = getattr(estimator, "_target", None)
    loss = estimator.loss if target is None else target.loss
    if loss == "gaussian_nll" or isinstance(loss, GaussianNLL):
        return None
    return f"sample_y draws from the distribution of loss='gaussian_nll'; got {loss!r}."


@with_shared_parameters
class BackpropRegressor(RegressorMixin, BaseBackprop):
    """Multi-layer perceptron for regression, trained by back-propagation.

    Layer by layer, ``H = f(H_below W + b)``; the last layer gives raw predictions, which are the
    predictions (squared error) or their logarithms (Poisson), or several numbers that the loss
    makes predictions of (several quantiles; a mean and a variance).

    Parameters
    ----------
    loss : str or Loss
        What training minimises, summed over outputs, as a name or as an object of
        :mod:`skbackprop.losses`, say ``Huber(delta=2.0)`` or ``Quantile((0.1, 0.5, 0.9))``:

        - 'squared_error': half the squared error, which leads to the mean;
        - 'absolute_error': which leads to the median;
        - 'huber', 'log_cosh': squared for small errors, absolute for large ones;
        - 'quantile': the pinball loss, which leads to a quantile, or several;
        - 'poisson': half the Poisson deviance with a log link, for counts and other ``y >= 0``;
        - 'gamma': half the gamma deviance with a log link, for ``y > 0``;
        - 'tweedie': half the Tweedie deviance with a log link, for ``y >= 0`` with many zeros;
        - 'gaussian_nll': the negative log likelihood of a normal distribution, of which the
          network predicts mean and variance;
        - 'cox': minus Cox's log partial likelihood, for times until an event that may be censored.
          ``y`` is then a structured array of event (bool) and time, as scikit-survival's ``Surv``
          makes it; predictions are log risks.

    Attributes
    ----------
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
    With the same parameters and ``random_state``, an unweighted fit takes the same steps as
    scikit-learn's :class:`~sklearn.neural_network.MLPRegressor`. Weights in minibatches,
    warm starts and ``partial_fit`` differ on purpose; the loss of several outputs is their sum,
    where scikit-learn reports their mean.

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

    def score(self, X: MatrixLike, y: MatrixLike, sample_weight: ArrayLike | None = None) -> float:
        """R^2 of the predictions; D^2 of the pinball loss for quantiles; concordance for 'cox'.

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
            At most 1; 0 for a model no better than the best constant. The mean over the outputs;
            with ``missing_targets='ignore'``, of each on the rows where it is known. With
            ``loss='cox'``, Harrell's concordance index, 0.5 for a constant.
        """
        raw, target = self._raw_prediction(X)
        y, sample_weight = known_for_score(self, X, y, sample_weight, target)
        return target.score(y, target.predict(raw), sample_weight)

    # ---- what BaseBackprop asks for

    def _target_for(self, checked, known, given=None):
        loss = numeric_loss(self.loss)
        if isinstance(loss, Cox):
            is_part = given is not None and given.is_part
            return SurvivalTarget.fitted_to(checked.y, loss, checked.sample_weight, is_part)
        return target_of_numbers(checked.y, loss, known)

    def _warn_of_scale(self, objective):
        """Warn where the scale of the target is why a fit stopped by ``tol``.

        No fit can gain more over the best constant prediction than the loss of that constant. If
        this is less than ``tol`` for each epoch of a row of patience, or, with L-BFGS, if the
        gradient of the untrained network is hardly larger than ``tol``, then that the fit has
        stopped says nothing about how good it is. Of a large ``tol`` that would be true of a
        scaled target, too, and is not for the target to be blamed.
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
                f"The fit was stopped by tol={self.tol:g}, but the scale of y is small for it: to "
                f"predict the mean of y always has a loss of no more than {loss_of_mean:.2g}. "
                "Scale y (say by a TransformedTargetRegressor), or lower tol.",
                ConvergenceWarning,
            )

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
