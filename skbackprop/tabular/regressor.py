"""Regressor for tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, overload

import numpy as np
from sklearn.base import RegressorMixin

from ..data import GivenData
from ..losses import (
    REGRESSION_LOSSES,
    SURVIVAL_LOSSES,
    ClassificationLoss,
    Cox,
    Loss,
    numeric_loss,
    refuses_negative,
)
from ..targets import ScaledTarget, SurvivalTarget
from ..utils import (
    StrOptions,
    available_unless,
    fit_context,
    known_for_score,
    with_shared_parameters,
)
from .base import BaseTabular
from .time_budget import why_no_partial_fit

if TYPE_CHECKING:
    from typing import Any, Literal, Self, Unpack

    from ..activations import LayerActivations
    from ..losses import RegressionLossName, SurvivalLossName
    from ..utils.typing import ArrayLike, FloatArray, LayerSizes, MatrixLike
    from .base import SharedParameters


@with_shared_parameters
class TabularRegressor(RegressorMixin, BaseTabular):
    """Predict numbers from the rows of a table with an ensemble, without preparation or tuning.

    The estimator accepts columns of mixed types: it scales numbers by quantiles, converts dates to
    numbers, and encodes categories and missing values as columns of their own. It then trains
    ``n_members`` networks, each with its own encoding of the numbers, initial weights and
    validation rows. Each network keeps the parameters with the best validation loss. Their
    predictions are averaged.

    Parameters
    ----------
    loss : str or Loss
        Loss that training minimises, as in :class:`BackpropRegressor`. The networks are trained
        on the standardised target: minus its mean, divided by its standard deviation (with a
        logarithmic link, divided by its mean). Parameters such as ``Huber(delta=...)`` are in
        these units. With 'cox', risk sets are formed within a minibatch, so ``batch_size``
        matters.

    Attributes
    ----------
    center_, scale_ : ndarray of shape (n_outputs,)
        Values that are subtracted from the targets, and by which these are then divided.

    oof_prediction_ : ndarray of shape (n_samples,) or (n_samples, n_outputs), or None
        With ``time_budget``: for each row of the training data, the prediction by the ensemble of
        the networks that held it out, computed from the mean of their raw predictions. NaN for
        rows that no network held out. None without ``time_budget`` and with ``X_val``.

    See Also
    --------
    TabularClassifier : The same for classification.
    BackpropRegressor : One network, whose architecture and training you choose.

    Notes
    -----
    With ``embedding='auto'``, four networks use three encodings: 'periodic' (the first and the
    third), 'quantile_bins' and 'normal_scores_periodic'. The networks with an odd number (the
    first, the third; of the ninth to the sixteenth, the others, and so on) use target encoding for
    categories of more than 8 levels, and more levels than outputs, instead of one-hot columns. A
    level is replaced by the mean of the target, shrunk for rare levels and cross-fitted in five
    folds [4]_. With ``loss='cox'``, the mean is that of the martingale residuals. ``partial_fit``
    does not use target encoding.

    Periodic functions of a number are 3 linear combinations of 16 cosines of it [2]_. The initial
    frequencies are drawn from ``N(0, s^2)``, in periods, with ``s`` from 0.1 to 2 in a geometric
    series: low frequencies fit trends, high frequencies fit steps and bumps.

    References
    ----------
    .. [4] Micci-Barreca (2001), "A preprocessing scheme for high-cardinality categorical
       attributes in classification and prediction problems", SIGKDD Explorations 3:27-32.

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

    center_: FloatArray
    scale_: FloatArray
    oof_prediction_: FloatArray | None

    _allowed_values: ClassVar = {
        **BaseTabular._allowed_values,
        "loss": [StrOptions({*REGRESSION_LOSSES, *SURVIVAL_LOSSES}), Loss],
    }

    _embeddings = ("periodic", "quantile_bins", "periodic", "normal_scores_periodic")
    _drawn_embeddings = ("periodic", "quantile_bins", "normal_scores_periodic")
    _small_batch = 128

    def __init__(
        self,
        n_members: int = 4,
        hidden_layer_sizes: LayerSizes = (128, 128),
        activation: LayerActivations = "silu",
        *,
        learning_rate_init: float = 0.05,
        weight_decay: float = 0.02,
        validation_fraction: float = 0.15,
        loss: RegressionLossName | SurvivalLossName | Loss = "squared_error",
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

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.positive_only = refuses_negative(self.loss)
        return tags

    @available_unless(why_no_partial_fit)
    @fit_context
    def partial_fit(
        self,
        X: MatrixLike,
        y: MatrixLike,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train each network for one epoch on the given rows, from its current parameters.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            Training data of this call. The first call fits the encoding and the scaling of the
            table, and the scaling of the target.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets: numbers in any units.

        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights, at least 0 and not all 0; ones by default.

        Returns
        -------
        self : TabularRegressor
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
        """Predict targets, as the mean of the members' predictions.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            The table.

        return_std : bool, default=False
            Whether to return the standard deviation of the members' predictions as well. With
            ``loss='gaussian_nll'`` it includes the predicted noise.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions. Several quantiles are on the last axis.

        std : ndarray of the same shape
            Square root of the variance over the members, plus the mean of the noise variances
            that they predict. Returned only with ``return_std=True``.
        """
        raw, target, weights = self._raw_predictions(X)
        means = [target.predict(each) for each in raw]
        prediction = np.average(means, axis=0, weights=weights)
        if not return_std:
            return prediction
        variance = np.average(np.square(means - prediction), axis=0, weights=weights)
        if target.has_std:
            noises = np.square([target.std(each) for each in raw])
            variance += np.average(noises, axis=0, weights=weights)
        return prediction, np.sqrt(variance)

    def score(self, X: MatrixLike, y: MatrixLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the R^2 score, or for quantiles D^2, or for 'cox' the concordance index.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            The table.

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
        prediction, target = self.predict(X), self._target
        y, sample_weight = known_for_score(self, X, y, sample_weight, target)
        return target.score(y, prediction, sample_weight)

    # ---- hooks of BaseTabular

    def _of_held_out(self, raw):
        return self._target.predict(raw)

    def _target_for(self, checked, known, given):
        loss, y, weight = numeric_loss(self.loss), checked.y, checked.sample_weight
        if known is not None:
            known.check_units(loss)
            target = known.with_loss(loss)
        elif isinstance(loss, Cox):
            target = SurvivalTarget.fitted_to(
                checked.y, loss, checked.sample_weight, given.is_part
            )
        else:
            target = ScaledTarget.fitted_to(y, loss, weight)
        self.center_, self.scale_ = target.center, target.scale
        return target

    def _validate_params(self):
        if isinstance(self.loss, ClassificationLoss):
            raise ValueError(
                f"loss={self.loss!r} is a classification loss. Use TabularClassifier, or choose a "
                "regression loss."
            )
        super()._validate_params()
