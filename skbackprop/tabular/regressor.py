"""The regressor for tables."""

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
from ..utils import StrOptions, fit_context, known_for_score, with_shared_parameters
from .base import BaseTabular

if TYPE_CHECKING:
    from typing import Any, Literal, Self, Unpack

    from ..activations import LayerActivations
    from ..losses import RegressionLossName, SurvivalLossName
    from ..utils.typing import ArrayLike, FloatArray, LayerSizes, MatrixLike
    from .base import SharedParameters


@with_shared_parameters
class TabularRegressor(RegressorMixin, BaseTabular):
    """Networks that predict numbers from the rows of a table, as it comes and without tuning.

    Numbers are scaled by quantiles, dates become numbers, categories and missing values become
    columns of their own. Then ``n_members`` networks are trained, each with its own view of the
    numbers, its own starting values and its own rows for validation; each keeps the parameters
    that are best for its validation rows. What they predict is averaged.

    Parameters
    ----------
    loss : str or Loss
        What training minimises, as in :class:`BackpropRegressor`. The members see the target minus
        its mean, over its standard deviation (or, with a logarithmic link, over its mean): in such
        units are ``Huber(delta=...)`` and the like. With 'cox', risk sets are those within a
        minibatch, and ``batch_size`` matters.

    Attributes
    ----------
    center_, scale_ : ndarray of shape (n_outputs,)
        What is subtracted from the targets, and what they are then divided by.

    See Also
    --------
    TabularClassifier : The same for classes.
    BackpropRegressor : One network, with all parameters to choose.

    Notes
    -----
    With ``embedding='auto'``, four networks see a table in three ways: with periodic functions
    (the first and the third), with quantile bins, and with normal scores and periodic functions.
    Those with an odd number (the first, the third) see a category of more than 8 levels as the
    mean of the target by level, in place of columns of 0 and 1, shrunk for rare levels and
    cross-fitted in five folds [3]_. ``partial_fit`` has no such means; with ``loss='cox'``, they
    are those of martingale residuals.

    Periodic functions of a number are 3 combinations of 16 cosines of it [2]_. Their frequencies
    start from ``N(0, s^2)``, in periods, with ``s`` from 0.1 to 2 in a geometric series: low
    frequencies are for trends, high ones for steps and bumps.

    References
    ----------
    .. [3] Micci-Barreca (2001), "A preprocessing scheme for high-cardinality categorical
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

    _allowed_values: ClassVar = {
        **BaseTabular._allowed_values,
        "loss": [StrOptions({*REGRESSION_LOSSES, *SURVIVAL_LOSSES}), Loss],
    }

    _embeddings = ("periodic", "quantile_bins", "periodic", "normal_scores_periodic")

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

    @fit_context
    def partial_fit(
        self,
        X: MatrixLike,
        y: MatrixLike,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train each network for one epoch of the given rows, and go on at the next call.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            The rows of this call. Those of the first one say how the table is encoded and scaled,
            and those of ``y`` what are the units of the target.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Numbers, in any units.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights, at least 0 and not all 0; ones by default.

        Returns
        -------
        self : TabularRegressor
            The estimator after this epoch.

        Raises
        ------
        ValueError
            Where parameters or data are not valid, or where training diverges. The estimator is
            then as it was before.

        Notes
        -----
        No rows are set aside. ``n`` calls with the same data, and ``max_iter=n`` and
        ``min_steps=0``, are ``fit`` with ``validation_fraction=0``. After the calls that are
        planned (as many as such a fit has epochs), and after ``fit``, the learning rate stays at
        a tenth of the largest one, without dropout and weight decay.
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
        raw, target = self._raw_predictions(X)
        noises = [target.std(each) for each in raw] if return_std and target.has_std else []
        means = np.array([target.predict(each) for each in raw])
        prediction = means.mean(axis=0)
        if not return_std:
            return prediction
        variance = means.var(axis=0)
        if noises:
            variance += np.mean(np.square(noises), axis=0)
        return prediction, np.sqrt(variance)

    def score(self, X: MatrixLike, y: MatrixLike, sample_weight: ArrayLike | None = None) -> float:
        """R^2 of the predictions; D^2 of the pinball loss for quantiles; concordance for 'cox'.

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
            At most 1; 0 for a model no better than the best constant. The mean over the outputs;
            with ``missing_targets='ignore'``, of each on the rows where it is known. With
            ``loss='cox'``, Harrell's concordance index, 0.5 for a constant.
        """
        prediction, target = self.predict(X), self._target
        y, sample_weight = known_for_score(self, X, y, sample_weight, target)
        return target.score(y, prediction, sample_weight)

    # ---- what BaseTabular asks for

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
            raise ValueError(f"loss={self.loss!r} is a loss of classes; use TabularClassifier.")
        super()._validate_params()
