"""Base class of the two table estimators: parameters and public methods."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, ClassVar

from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from ..data import GivenData
from ..network import network_in_a_line
from ..parameter_checks import PARAMETER_CONSTRAINTS, TABULAR_PARAMETER_GROUPS
from ..training import CallbackSupport
from ..utils import (
    DocumentationLink,
    Interval,
    StrOptions,
    available_unless,
    check_finite_prediction,
    check_parameters,
    fit_context,
    one_fit_of,
    visual_block,
    why_no_visual_block,
)
from .embeddings import EMBEDDINGS
from .fitted import FittedEnsemble
from .fitting import FitsTables
from .member_recipes import search_space
from .preprocessing import SmoothClipScaler, TableEncoder

if TYPE_CHECKING:
    from typing import Any, Literal, Self, TypedDict

    from ..activations import LayerActivations
    from ..training import Outcome
    from ..utils.typing import (
        Array,
        ArrayLike,
        FloatArray,
        LayerSizes,
        MatrixLike,
        PerLayer,
        RandomState,
        Splits,
    )
    from .embeddings import Embeddings

    class SharedParameters(TypedDict, total=False):
        """Types of the keyword parameters that have equal defaults in both classes."""

        validation: Splits | None
        dropout: PerLayer
        max_iter: int
        min_steps: int
        batch_size: int | Literal["auto"]
        n_iter_no_change: float
        embedding: Embeddings
        categorical_features: ArrayLike | Literal["from_dtype"] | None
        missing_targets: Literal["error", "ignore"]
        time_budget: float | None
        random_state: RandomState
        verbose: bool | int
        warm_start: bool


# Hyper-parameters with the same allowed values as in the Backprop estimators.
_SHARED = (
    *("hidden_layer_sizes", "activation", "learning_rate_init", "dropout", "weight_decay"),
    *("max_iter", "batch_size", "validation_fraction", "n_iter_no_change", "random_state"),
    *("missing_targets", "validation", "verbose", "warm_start"),
)


class BaseTabular(DocumentationLink, FitsTables, CallbackSupport, BaseEstimator):
    """Define the hyper-parameters that both table estimators share, and the steps of a fit.

    Parameters
    ----------
    n_members : int
        Number of networks in the ensemble, at least 1. They are trained in parallel, on as many
        threads as the BLAS may use. The result does not depend on the number of threads.

    hidden_layer_sizes : int or array-like of int
        Number of units of each hidden layer.

    activation : str, Activation or list of them
        Activation function of the hidden layers, as in :class:`BackpropClassifier`.

    learning_rate_init : float
        Largest learning rate, in (0, inf). It increases during the first 5 % of the epochs and
        then decreases to 0. The weights of a layer use this rate divided by the square root of
        its number of inputs.

    dropout : float or array-like of float
        Dropout rate of each hidden layer, in [0, 1). It is constant for half of the epochs, then
        decreases to 0.

    weight_decay : float
        Decoupled weight decay, in [0, inf). It decreases in the same way as ``dropout``.

    max_iter : int
        Number of planned epochs, at least 1. Early stopping can end training before.

    min_steps : int
        Minimum number of planned steps, at least 0. If ``max_iter`` epochs have fewer, the plan
        has more epochs.

    batch_size : int or 'auto'
        Number of rows of a minibatch, at least 1. 'auto' is 256; for fewer than 3,000 training
        rows it is 64 for classification, 128 for regression.

    validation_fraction : float
        Fraction of the training data, in [0, 1), that each network holds out at random to select
        its best epoch. With 0, or if this is fewer than 2 rows, the last epoch is used. Ignored
        if ``validation`` is set.

    validation : splitter, list of (train, test) pairs of positions, or None
        Train/validation splits of the networks: a scikit-learn splitter such as
        ``GroupKFold(4)``, which is called as ``split(X, y, groups)`` with the ``groups`` of
        ``fit``, or a list. Network ``i`` uses split ``i`` modulo the number of splits. None is a
        random split for each network, by ``validation_fraction``. It cannot be combined with
        ``X_val``.

        Rows in neither part of a split are not used for it; a warning reports if half of all rows
        or more are used by no network. A splitter sees only the rows with a weight above 0; the
        positions in a list, and ``PredefinedSplit``, refer to all rows. Random splitters use their
        own ``random_state``.

    n_iter_no_change : int or inf
        Training of a network stops after more than this many epochs without an improvement of its
        validation loss. On small noisy tables, an early epoch is often the best.

    embedding : str, None, or list of them
        How numeric columns are presented to the networks [2]_:

        * None: scaled;
        * 'periodic': scaled, plus periodic functions of several frequencies;
        * 'quantile_bins': scaled, plus the piecewise-linear encoding of
          :class:`PiecewiseLinearEncoder`;
        * 'tree_bins': that encoding only, with the bins of a decision tree for the target;
        * 'normal_scores': scaled, plus the normal scores of the ranks;
        * 'normal_scores_periodic': the same, plus periodic functions.

        A list assigns its entries to the networks in turn, and starts again after the last.
        Networks with different inputs make different errors, which averaging reduces. 'auto' is a
        list, see Notes. Sparse data are always used unchanged.

    categorical_features : 'from_dtype', None, or array-like of bool, int or str
        Which features are categorical, as in :class:`TableEncoder`.

    missing_targets : {'error', 'ignore'}
        How to treat missing values (NaN, None, ``pandas.NA``) in ``y``. 'error' raises an error.
        'ignore' gives them weight 0 in training, validation and ``score``: with several outputs,
        labels or label columns, each one learns from the rows where its target is known. Each
        column of the training data needs at least one known target.

    time_budget : float or None
        Time for training in seconds, more than 0. With a budget, an ensemble grows: after the
        ``n_members`` networks, which are trained in any case, more networks are trained as long as
        the time lasts, at most 1000. A network starts if the remaining time is at least the mean
        time of those before it. The first 8 (or ``n_members``, if there are more) have the
        parameters of the estimator. The others draw theirs from ``search_space()``.

        Each network holds out one of 8 folds of the rows instead of ``validation_fraction``, or
        the validation rows of its split by ``validation``, of which at most the first 8 (or
        ``n_members``) are used; with ``X_val``, all hold out the same rows. At the end, networks
        and weights are selected greedily by the loss of the mean of their raw predictions for
        these rows [3]_. If one of the networks after the first ``n_members`` diverges, it is left
        out. For an integer ``random_state``, networks do not depend on the budget, but their
        number does. Ctrl-C selects from the networks so far. It cannot be combined with
        ``warm_start`` and ``partial_fit``. None is no selection: ``n_members`` networks with equal
        weights.

    random_state : int, RandomState instance or None
        Random number generator for the initial weights, the validation splits, the order of the
        rows and dropout. An int makes fits reproducible.

    verbose : bool or int
        Whether to print a line for each network. With 2 or more, also the loss after each epoch.

    warm_start : bool
        Whether ``fit`` continues the previous fit: it keeps the preprocessing of the table, the
        units of the target and the networks, and trains each network further with the same
        validation rows. If ``n_members`` is larger than before, only the new networks are trained.

    Attributes
    ----------
    encoder_ : TableEncoder
        Fitted encoder, which converts the table to numbers.

    scaler_ : SmoothClipScaler or None
        Fitted scaler of the encoded table. None for sparse data.

    members_ : list of Outcome
        Result of training for each network of the ensemble; do not modify it. The members are not
        estimators: they take the encoded and scaled table, and only the ensemble predicts. Each
        member has ``n_iter``, ``best_iter``, ``loss``, ``loss_curve``, ``validation_losses``,
        ``stop_reason`` and ``network``, which has ``layer_units`` and, for the dense layers,
        ``coefs`` and ``intercepts``.

    member_weights_ : ndarray of shape (n_members,)
        Weight of each member in the mean of predictions. Their sum is 1.

    member_recipes_ : list of dict
        Parameters of each member that differ from member to member, by name. In addition,
        'target_encoding' says whether the member uses target encoding for categories with many
        levels, see Notes.

    ensemble_loss_curve_ : list of float or None
        With ``time_budget``: mean validation loss, after each trained network, of the ensemble
        selected from the networks so far. Folds without a network do not count, so the entries
        before the eighth are not comparable. The loss is that of the mean of the members' raw
        predictions. As the selection minimises this loss, it is smaller
        than that for new rows. None without ``time_budget``.

    loss_curve_ : list of float
        Training loss of each epoch, averaged over the networks that reached this epoch.

    validation_loss_curve_ : list of float or None
        Validation loss of each epoch, averaged in the same way. None without validation data.

    n_iter_ : int
        Largest number of epochs of any network, including the fits that were continued.

    n_features_in_ : int
        Number of features.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features. Defined only if ``X`` has feature names that are all strings.

    Notes
    -----
    Networks and training follow RealMLP [1]_, with fewer parts. The initial weights are drawn from
    ``N(0, 1 / fan_in)``, the initial biases from ``N(0, 1)``. Adam uses ``beta_2 = 0.95``. Biases
    use a tenth of the learning rate. Training is in float32, prediction in float64.

    References
    ----------
    .. [1] Holzmüller, Grinsztajn & Steinwart (2024), "Better by default: strong pre-tuned MLPs and
       boosted trees on tabular data", NeurIPS.

    .. [2] Gorishniy, Rubachev & Babenko (2022), "On embeddings for numerical features in tabular
       deep learning", NeurIPS.

    .. [3] Caruana, Niculescu-Mizil, Crew & Ksikes (2004), "Ensemble selection from libraries of
       models", ICML.
    """

    encoder_: TableEncoder
    scaler_: SmoothClipScaler | None
    members_: list[Outcome]
    member_weights_: FloatArray
    member_recipes_: list[dict[str, Any]]
    ensemble_loss_curve_: list[float] | None
    loss_curve_: list[float]
    validation_loss_curve_: list[float] | None
    n_iter_: int
    n_features_in_: int
    feature_names_in_: Array

    _doc_page = "user_guide/tables.md"
    _parameter_groups: ClassVar = TABULAR_PARAMETER_GROUPS
    _allowed_values: ClassVar = {
        **{name: PARAMETER_CONSTRAINTS[name] for name in _SHARED},
        "n_members": [Interval(Integral, 1, None, closed="left")],
        "min_steps": [Interval(Integral, 0, None, closed="left")],
        "time_budget": [Interval(Real, 0, None, closed="neither"), None],
        "embedding": [StrOptions({"auto", *EMBEDDINGS}), list, tuple, None],
        "categorical_features": [StrOptions({"from_dtype"}), "array-like", None],
    }

    def _validate_params(self):
        try:
            check_parameters(self)
        except ValueError as error:
            if not isinstance(self.n_members, (list, tuple)):
                raise
            raise type(error)(
                f"{error} Did you mean hidden_layer_sizes={self.n_members!r}? The first parameter "
                "is n_members, the number of networks."
            ) from None

    def __init__(
        self,
        n_members: int,
        hidden_layer_sizes: LayerSizes,
        activation: LayerActivations,
        *,
        learning_rate_init: float,
        weight_decay: float,
        validation_fraction: float,
        validation: Splits | None = None,
        dropout: PerLayer = 0.15,
        max_iter: int = 48,
        min_steps: int = 1000,
        batch_size: int | Literal["auto"] = "auto",
        n_iter_no_change: float = 30,
        embedding: Embeddings = "auto",
        categorical_features: ArrayLike | Literal["from_dtype"] | None = "from_dtype",
        missing_targets: Literal["error", "ignore"] = "error",
        time_budget: float | None = None,
        random_state: RandomState = None,
        verbose: bool | int = False,
        warm_start: bool = False,
    ) -> None:
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
        self.validation = validation
        self.n_iter_no_change = n_iter_no_change
        self.embedding = embedding
        self.categorical_features = categorical_features
        self.missing_targets = missing_targets
        self.time_budget = time_budget
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.target_tags.multi_output = True
        return tags

    @fit_context
    def fit(
        self,
        X: MatrixLike,
        y: MatrixLike,
        sample_weight: ArrayLike | None = None,
        *,
        groups: ArrayLike | None = None,
        X_val: MatrixLike | None = None,
        y_val: MatrixLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Train the networks on a table.

        Parameters
        ----------
        X : {data frame, array-like, sparse matrix} of shape (n_samples, n_features)
            The table.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets. For a regressor: numbers in any units, or with ``loss='cox'`` a structured
            array. For a classifier: class labels, a matrix of zeros and ones (multilabel), or
            several columns of class labels.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights, at least 0 and not all 0. None is 1 for each row. A row with weight 0 is
            ignored, except that its class is known.

        groups : array-like of shape (n_samples,), default=None
            Group of each row, for example the patient, for a splitter in ``validation``. Not used
            otherwise.

        X_val : {data frame, array-like, sparse matrix}, default=None
            Validation data for all members, used instead of a part of the training data. Requires
            ``y_val``.

        y_val : array-like, default=None
            Targets of the validation data.

        sample_weight_val : array-like of shape (n_validation,), default=None
            Weights of the validation data.

        Returns
        -------
        self : estimator
            The fitted estimator.
        """
        given = GivenData(X, y, sample_weight, X_val, y_val, sample_weight_val, groups=groups)
        return self._fit(given)

    def summary(self) -> str:
        """Describe the fitted networks.

        Returns
        -------
        text : str
            One line for each network, with its best epoch. With ``time_budget``, also its weight.
        """
        check_is_fitted(self, "members_")
        lines = [
            f"Member {number}: {line}, epoch {member.best_iter} of {member.n_iter}"
            for number, (line, member) in enumerate(
                zip(self._networks_in_lines(), self.members_, strict=True), start=1
            )
        ]
        if self.ensemble_loss_curve_ is not None:
            weights = self.member_weights_
            lines = [f"{line}, weight {w:.3f}" for line, w in zip(lines, weights, strict=True)]
        return "\n".join(lines)

    def _networks_in_lines(self):
        activation = self._target.out_activation
        return [network_in_a_line(member.network, activation) for member in self.members_]

    def search_space(self) -> dict[str, Any]:
        """Return distributions of parameters around those of this estimator.

        They are the distributions from which a fit with ``time_budget`` draws the parameters of
        its networks, and a space for a search by scikit-learn's ``RandomizedSearchCV`` or Optuna:

        ====================  =============================================================
        Parameter             Values, for a value ``v`` of the estimator
        ====================  =============================================================
        embedding             the embeddings of 'auto', for a classifier all; a list as it is
        hidden_layer_sizes    widths times 0.75, 1 or 1.5, and the same with another depth: a
                              layer more for one or two layers, otherwise one less
        activation            ``v``, 'gelu', 'relu', 'silu'
        learning_rate_init    log-uniform from ``v / 2`` to ``1.4 v``
        batch_size            'auto' and 128, or ``v`` and ``v / 2``
        dropout               uniform from 0.05 to 0.35
        weight_decay          log-uniform from ``v / 3`` to ``3 v``; 0 remains 0
        ====================  =============================================================

        If ``activation`` or ``dropout`` is a list with an entry for each layer, it is not in the
        space, and the depth does not change.

        Returns
        -------
        space : dict
            For each parameter, a list of values, or a distribution of ``scipy.stats``.

        Examples
        --------
        >>> from skbackprop import TabularRegressor
        >>> space = TabularRegressor().search_space()
        >>> space["activation"]
        ['silu', 'gelu', 'relu']
        >>> low, high = space["learning_rate_init"].support()
        >>> print(f"{low:.3f} {high:.3f}")
        0.025 0.070
        """
        self._validate_params()
        return search_space(self, self._drawn_embeddings)

    @available_unless(why_no_visual_block)
    def _sk_visual_block_(self):
        """Return the block for scikit-learn's HTML diagram, with the networks in its caption."""
        if "members_" not in vars(self):
            return visual_block(self, None)
        networks = self._networks_in_lines()
        each = "each" if len(set(networks)) == 1 else "the first"
        return visual_block(self, f"{len(networks)} members, {each} {networks[0]}")

    def _ensemble(self):
        """Return networks, inputs and outputs, for the functions of ``skbackprop.inspection``."""
        check_is_fitted(self, "members_")
        return FittedEnsemble(self, self._averages_raw)

    def _fitted(self):
        raise TypeError(
            f"This function needs an estimator with one network, but {type(self).__name__} has "
            "several. Use a BackpropClassifier or BackpropRegressor. input_gradient, "
            "level_contrasts, layer_outputs and LossCurveDisplay also work with ensembles."
        )

    def _raw_predictions(self, X):
        """Return the raw predictions of each network as a list, the target, and the weights."""
        now = one_fit_of(self)
        check_is_fitted(now, "members_")
        Z = now._encoded(X)
        raw = [member.network.raw_prediction(Z) for member in now.members_]
        for each in raw:
            check_finite_prediction(each)
        return raw, now._target, now.member_weights_
