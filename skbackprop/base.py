"""Base class of the two estimators: shared hyper-parameters and the steps of a fit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from .activations import activations_of_layers
from .data import Gate, GivenData, check_validation
from .fitted_estimator import FittedEstimator, score_of
from .network import StartingValues, dense_network
from .network.dropout import dropout_rates
from .parameter_checks import (
    PARAMETER_CONSTRAINTS,
    PARAMETER_GROUPS,
    check_exclusions,
    check_hidden_layer_sizes,
    check_solver_options,
)
from .training import (
    IN_MEMORY,
    CallbackSupport,
    EpochTasks,
    Interruption,
    Training,
    TrainingState,
    has_callbacks,
    recipe_of,
    with_callbacks,
)
from .utils import DocumentationLink, check_parameters, draft_of, fit_context

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal, Self, TypedDict

    from .activations import LayerActivations
    from .training.schedules import Progress, ScheduleName
    from .training.solvers.update_rules import SolverName
    from .utils.typing import (
        ArrayLike,
        FloatDType,
        LayerSizes,
        MatrixLike,
        PerLayer,
        RandomState,
        Scoring,
        Splits,
        StartingArrays,
    )

    class SharedParameters(TypedDict, total=False):
        """Types of the hyper-parameters that both estimators take by name."""

        solver: SolverName
        alpha: float
        batch_size: int | Literal["auto"]
        learning_rate: ScheduleName | Callable[[Progress], float]
        learning_rate_init: float
        power_t: float
        max_iter: int
        shuffle: bool
        random_state: RandomState
        tol: float
        verbose: bool | int
        warm_start: bool
        momentum: float
        nesterovs_momentum: bool
        early_stopping: bool
        validation_fraction: float
        validation: Splits | None
        beta_1: float
        beta_2: float
        epsilon: float
        n_iter_no_change: float
        max_fun: int
        scoring: Scoring
        dtype: FloatDType | None
        solver_options: dict[str, Any] | None
        dropout: PerLayer
        input_dropout: float
        warmup_fraction: float
        weight_decay: float
        missing_targets: Literal["error", "ignore"]
        average: float | Literal[False]


_DRAWN = StartingValues()

# Exceptions that end a fit but keep the parameters trained so far.
_INTERRUPTIONS = KeyboardInterrupt, Interruption

# Attributes that a continued fit extends or starts from. A new fit drops them first.
_HISTORY = ("validation_scores_", "validation_loss_curve_", "_network")


def _chain(network):
    """Describe units and activations; parameters fit another network only if these agree."""
    hidden = [f"{layer.fan_out} {layer.description}" for layer in network.layers[:-1]]
    *_, last = network.layers
    orders = [f" ordered as {group.tolist()}" for group in getattr(last, "groups", ())]
    outputs = f"{last.fan_out}{''.join(orders)}"
    return " -> ".join([str(network.layer_units[0]), *hidden, outputs])


def why_no_partial_fit(estimator: Any) -> str | None:
    """Return why these parameters rule out ``partial_fit``, or None if they do not."""
    if estimator.solver == "lbfgs":
        return (
            f"This {type(estimator).__name__!r} has no attribute 'partial_fit': it is only "
            "available for stochastic optimizers. lbfgs is not stochastic."
        )
    if estimator.early_stopping:
        return "partial_fit does not support early_stopping=True"
    return None


class BaseBackprop(DocumentationLink, CallbackSupport, FittedEstimator, ABC):
    r"""Define the hyper-parameters that both estimators share, and the steps of a fit.

    A fit checks the data, builds the network and the objective, runs a solver, and sets the fitted
    attributes at the end. If it raises an exception, the estimator keeps its previous state.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int of shape (n_layers - 2,)
        Number of units of each hidden layer, each at least 1. ``()`` gives a linear model.

    activation : str, Activation or list of them
        Activation function of the hidden layers: a name, an object of
        :mod:`skbackprop.activations` such as ``LeakyReLU(0.2)``, or a list with one of these for
        each hidden layer. The names are:

        - 'identity': ``f(z) = z``;
        - 'logistic': ``f(z) = 1 / (1 + exp(-z))``;
        - 'tanh': ``f(z) = tanh(z)``;
        - 'relu': ``f(z) = max(0, z)``;
        - 'leaky_relu', 'elu', 'selu': linear above zero, with a small response below;
        - 'softplus', 'gelu', 'silu', 'mish': smooth variants of ReLU;
        - 'gaussian': ``f(z) = exp(-z^2 / 2)``;
        - 'softmax': softmax over the units of the layer.

    solver : {'lbfgs', 'sgd', 'adam'}
        Method that minimises the objective:

        - 'lbfgs': ``scipy.optimize.minimize(method="L-BFGS-B")`` on all rows, a quasi-Newton
          method that works well on small data sets;
        - 'sgd': stochastic gradient descent with momentum, on minibatches;
        - 'adam': Adam [1]_, on minibatches.

    alpha : float
        Strength of the L2 penalty, in [0, inf). The penalty is divided by the (weighted) number of
        rows of the minibatch, or of the training data with 'lbfgs'.

    batch_size : int or 'auto'
        Number of rows of a minibatch, at least 1. 'auto' is ``min(200, n_samples)``. Ignored by
        'lbfgs'.

    learning_rate : str or callable
        Learning rate schedule of 'sgd' and 'adam':

        - 'constant': ``learning_rate_init`` throughout;
        - 'invscaling': ``learning_rate_init / (t + 1) ** power_t`` after ``t`` samples;
        - 'adaptive': starts at ``learning_rate_init`` and is divided by 5 after more than
          ``n_iter_no_change`` epochs without an improvement of ``tol``. Training stops when the
          rate is 1e-6 or less;
        - 'cosine': decreases from ``learning_rate_init`` to 0 along half a period of the cosine,
          step by step over all ``max_iter`` epochs;
        - 'one_cycle': increases from ``learning_rate_init / 25`` to ``learning_rate_init`` during
          the first 30 % of ``max_iter`` epochs, then decreases to 0;
        - a callable: takes a :class:`~skbackprop.training.Progress` before each step and returns
          the factor by which ``learning_rate_init`` is multiplied. After a plateau, training
          continues if the factor depends on ``n_plateaus``.

        'cosine' and 'one_cycle' always run for ``max_iter`` epochs; only early stopping ends them
        before. Each call of ``partial_fit`` counts as one of the ``max_iter`` epochs. 'adam'
        ignores 'invscaling' and 'adaptive', with a warning. 'lbfgs' ignores 'constant',
        'invscaling', 'adaptive' and ``learning_rate_init``, and raises an error for 'cosine',
        'one_cycle' and a callable.

    learning_rate_init : float
        Initial learning rate, in (0, inf). With 'one_cycle' or a warm-up it is the largest rate.
        Used by 'sgd' and 'adam'.

    power_t : float
        Exponent of 'invscaling', in [0, inf).

    max_iter : int
        Maximum number of epochs ('sgd', 'adam') or iterations ('lbfgs'), at least 1.

    shuffle : bool
        Whether to shuffle the rows before each epoch. Used by 'sgd' and 'adam'.

    random_state : int, RandomState instance or None
        Random number generator for the initial weights, the validation split and the order of the
        rows. An int makes fits reproducible bit by bit.

    tol : float
        Smallest improvement of the loss (with early stopping, of the validation score) that
        counts as an improvement, in [0, inf). 'lbfgs' stops when no entry of the gradient is
        larger than ``tol``.

    verbose : bool or int
        Whether to print the loss after each epoch or iteration.

    warm_start : bool
        Whether ``fit`` continues the previous fit: it keeps the parameters, the moments of the
        solver, the random number generator and the validation split. The count of epochs starts
        again at 0; the curves are extended.

    momentum : float
        Momentum of 'sgd', in [0, 1].

    nesterovs_momentum : bool
        Whether 'sgd' uses Nesterov's momentum.

    early_stopping : bool
        Whether to stop when the score on the validation data has not improved by ``tol`` for more
        than ``n_iter_no_change`` epochs, and to keep the parameters of the best epoch. Works with
        every solver. The validation data are ``X_val`` and ``y_val`` of ``fit`` if you pass them,
        otherwise a part of the training data.

    validation_fraction : float
        Fraction of the training data to hold out at random for early stopping, in (0, 1). Ignored
        if ``validation`` is set.

    validation : splitter, list of (train, test) pairs of positions, or None
        Train/validation split for ``early_stopping=True``: a scikit-learn splitter such as
        ``GroupKFold(5)``, whose first split is used and which is called as ``split(X, y, groups)``
        with the ``groups`` of ``fit``, or a list, whose first pair is used. None is a random split
        by ``validation_fraction``. It cannot be combined with ``X_val``.

        Rows in neither part are not used; a warning reports them if they are half of all rows or
        more. A splitter sees only the rows with a weight above 0; the positions in a list, and
        ``PredefinedSplit``, refer to all rows. Random splitters use their own ``random_state``.

    beta_1 : float
        Decay rate of the first moment estimate of 'adam', in [0, 1).

    beta_2 : float
        Decay rate of the second moment estimate of 'adam', in [0, 1).

    epsilon : float
        Constant that 'adam' adds to the root of the second moment, in (0, inf).

    n_iter_no_change : int or inf
        Training stops after more than this many epochs without an improvement of ``tol``.

    max_fun : int
        Maximum number of evaluations of the objective by 'lbfgs', at least 1.

    scoring : str, callable or None
        Score of the validation data; larger is better. None is accuracy for classifiers and R^2
        for regressors (for quantiles, D^2 of the pinball loss). 'loss' is the negative validation
        loss. You can also pass the name of a scikit-learn scorer, or a callable
        ``scoring(estimator, X, y)``, which is called with ``sample_weight`` too if there are
        weights.

    dtype : {'float32', 'float64'} or None
        Floating-point type of parameters and computations. None is the type of ``X`` if that is
        float32 or float64, otherwise float64.

    solver_options : dict or None
        Options of SciPy's L-BFGS-B for 'lbfgs': 'maxcor', 'ftol', 'gtol' (instead of ``tol``),
        'maxls'. In float32, 'ftol' defaults to 1.2e-6, because smaller differences are rounding
        errors.

    dropout : float or array-like of float of shape (n_layers - 2,)
        Dropout rate of each hidden layer, in [0, 1): each step of 'sgd' or 'adam' sets units to 0
        with this probability, independently for each row, and multiplies the others by
        ``1 / (1 - dropout)`` [4]_. Predictions and validation use all units; ``loss_curve_``
        is computed with dropout. Dropout does not change the other random draws: the initial
        weights, the split and the order of the rows are the same as for ``dropout=0``. Not
        available with 'lbfgs', which needs a deterministic objective.

    input_dropout : float
        Dropout rate of the features, in [0, 1), applied in the same way.

    warmup_fraction : float
        Fraction of the ``max_iter`` epochs, in [0, 1), during which the learning rate is
        multiplied by a factor that increases linearly to 1. Used by 'sgd' and 'adam'. Not
        available with 'one_cycle', which includes a warm-up.

    weight_decay : float
        Decoupled weight decay, in [0, inf): each step first multiplies the weights, but not the
        biases, by ``1 - rate * weight_decay``, where ``rate`` is the learning rate of the step
        [5]_. In contrast, ``alpha`` is a penalty in the objective, whose gradient 'adam' rescales.
        You can use both together. Used by 'sgd' and 'adam'.

    missing_targets : {'error', 'ignore'}
        How to treat missing values (NaN, None, ``pandas.NA``) in ``y``. 'error' raises an error.
        'ignore' gives them weight 0 in training, validation and ``score``: with several outputs,
        labels or label columns, each one learns from the rows where its target is known. Each
        column of the training data needs at least one known target.

    average : float or False
        Decay rate, in (0, 1), of an exponential moving average of the parameters over the steps
        [6]_. The fitted attributes hold the average, and early stopping scores it; training
        continues from the parameters of the last step. The closer the rate is to 1, the more
        equal are the weights of all steps. Used by 'sgd' and 'adam'.

    Attributes
    ----------
    coefs_ : list of ndarrays of shape (fan_in, fan_out)
        Weights of each layer.

    intercepts_ : list of ndarrays of shape (fan_out,)
        Biases of each layer.

    loss_ : float
        Objective (loss plus penalty) of the last epoch or iteration.

    loss_curve_ : list of float
        Objective of each epoch (mean over its minibatches) or iteration, weighted by
        ``sample_weight``.

    best_loss_ : float or None
        Smallest objective of any epoch. None with early stopping.

    validation_scores_ : list of float or None
        Score of the validation data after each epoch or iteration. None without validation data.
        After a warm start, NaN for the epochs of fits without validation data.

    validation_loss_curve_ : list of float or None
        Loss of the validation data, without penalty, after each epoch or iteration. None and NaN
        have the same meaning as in ``validation_scores_``.

    best_validation_score_ : float or None
        Best validation score of the last fit.

    best_iter_ : int
        Epoch or iteration of the last fit, counted from 1, whose parameters are in ``coefs_``:
        with early stopping the one with the best validation score, otherwise the last.

    n_iter_ : int
        Number of epochs or iterations of the last fit.

    stop_reason_ : str
        One sentence that says why the last fit stopped.

    t_ : int
        Number of training samples that 'sgd' or 'adam' processed, over all epochs.

    n_features_in_ : int
        Number of features.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features. Defined only if ``X`` has feature names that are all strings.

    n_layers_ : int
        Number of layers, including the input and the output layer.

    n_outputs_ : int
        Number of outputs of the network.

    out_activation_ : str
        Name of the function that turns raw predictions into predictions.

    Notes
    -----
    The objective over rows with weights ``s_i`` is

    .. math:: F = \frac{\sum_i s_i\, l_i + \frac{\alpha}{2} \sum_l \|W_l\|^2}{\sum_i s_i}

    where ``l_i`` is the loss of row ``i``, summed over its labels or outputs. For a minibatch, the
    divisor is its number of rows times the mean weight of the training data. If targets are
    missing, the loss is the sum of ``s_i m_ik l_ik`` over rows and ``K`` outputs, where ``m_ik``
    is 1 for a known target and 0 otherwise, and the divisor is the sum of ``s_i m_ik / K``.
    Back-propagation [2]_ computes the gradient. The initial parameters are drawn from uniform
    distributions, with bounds such as those of [3]_.

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
    """

    _doc_page = "getting_started.md"
    _allowed_values: ClassVar = PARAMETER_CONSTRAINTS
    _parameter_groups: ClassVar = PARAMETER_GROUPS
    _validate_params = check_parameters

    _backend = IN_MEMORY

    def __init__(
        self,
        hidden_layer_sizes: LayerSizes = (100,),
        activation: LayerActivations = "relu",
        *,
        solver: SolverName = "adam",
        alpha: float = 0.0001,
        batch_size: int | Literal["auto"] = "auto",
        learning_rate: ScheduleName | Callable[[Progress], float] = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: RandomState = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        validation: Splits | None = None,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        scoring: Scoring = None,
        dtype: FloatDType | None = None,
        solver_options: dict[str, Any] | None = None,
        dropout: PerLayer = 0.0,
        input_dropout: float = 0.0,
        warmup_fraction: float = 0.0,
        weight_decay: float = 0.0,
        missing_targets: Literal["error", "ignore"] = "error",
        average: float | Literal[False] = False,
    ) -> None:
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
        self.validation = validation
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
        self.missing_targets = missing_targets
        self.average = average

    # ---- hooks for the two estimators

    @abstractmethod
    def _target_for(self, checked, known, given=None):
        """Return the target of checked training data.

        ``known`` is the target of the fit to continue, or None.
        """

    def _warn_of_scale(self, objective):
        """Warn if the loss seems to have converged only because ``y`` has a small scale."""

    # ---- the steps of a fit

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
        coef_init: StartingArrays = None,
        intercept_init: StartingArrays = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Training data: dense, CSR or CSC, of any real type.

        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets. For a regressor: numbers, or a structured array with ``loss='cox'``. For a
            classifier: class labels, an indicator matrix of zeros and ones (multilabel), or
            several columns of class labels (multioutput).

        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights, at least 0 and not all 0; ones by default. A row with weight 0 has no
            effect, except that a classifier still learns that its class exists.

        groups : array-like of shape (n_samples,), default=None
            Group of each row, for example a patient, for the splitter in ``validation``. Nothing
            else uses it.

        X_val : {array-like, sparse matrix} of shape (n_validation, n_features), default=None
            Validation data; requires ``y_val``. Their loss and score after each epoch are in
            ``validation_loss_curve_`` and ``validation_scores_``. With ``early_stopping=True``,
            they are used instead of a part of the training data.

        y_val : array-like of shape (n_validation,) or (n_validation, n_outputs), default=None
            Targets of the validation data, with the same classes and number of columns as ``y``.

        sample_weight_val : array-like of shape (n_validation,), default=None
            Sample weights of the validation data.

        coef_init : list of array-like of shape (fan_in, fan_out), default=None
            Initial weights of each layer, in the order of ``coefs_``. If the list or one of its
            entries is None, the weights are drawn at random. Not allowed if a warm start continues
            a fit.

        intercept_init : list of array-like of shape (fan_out,), default=None
            Initial biases of each layer, in the same form.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError
            If parameters or data are not valid, or if training diverges. The estimator then keeps
            its previous state.

        TypeError
            If a parameter or an array has the wrong type.
        """
        given = GivenData(X, y, sample_weight, X_val, y_val, sample_weight_val, groups=groups)
        return self._fit(given, StartingValues(coef_init, intercept_init))

    def _fit(self, given, starting_values=_DRAWN):
        with draft_of(self) as (draft, keep_despite):
            draft._learn(draft._gate(), given, keep_despite, starting_values)
        return self

    def _gate(self):
        """Return the object that checks and encodes the data of a fit."""
        return Gate(self)

    def _learn(self, gate, given, keep_despite, starting_values):
        """Fit a draft of the estimator; ``keep_despite`` comes from ``draft_of``."""
        check_solver_options(self)
        check_exclusions(self)
        check_validation(self.validation, given, self.early_stopping or given.is_part)
        recipe = recipe_of(self, one_pass=given.is_part)
        goes_on = hasattr(self, "coefs_") and (given.is_part or self.warm_start)
        earlier, known = self._fitted() if goes_on else (None, None)
        if not goes_on:
            for name in _HISTORY:
                vars(self).pop(name, None)
            self.loss_curve_ = []  # scorers and callbacks copy the draft, and may read it

        target, sample = gate.training(given, known, earlier and earlier.dtype)
        self._use_target(target)
        state = self._next_state(goes_on)
        network = self._new_network(sample.rows.n_features, target)
        parameters = network.parameters(sample.rows.dtype)
        self._start(network, parameters, state, earlier, starting_values)
        held_out = None
        if given.has_validation:
            held_out = gate.validation(given, target, sample.rows.dtype)
        elif recipe.early_stopping:
            sample, held_out = gate.split(given, sample, target, state)
        training = Training(
            network,
            target,
            recipe,
            state,
            parameters,
            sample,
            held_out=held_out,
            score=None if held_out is None else self._score_of(held_out, network, target),
            backend=self._backend,
        )
        self._run(training, recipe, state, given, keep_despite)

    @with_callbacks
    def _run(self, training, recipe, state, given, keep_despite):
        """Train, and set the fitted attributes of the draft."""
        tasks = None
        if has_callbacks(self):
            max_epochs = recipe.n_epochs
            tasks = EpochTasks(self, training, given, max_epochs, recipe.unit)
        try:
            stop = training.run(tasks)
        except _INTERRUPTIONS as error:
            n_iter = training.go_back()
            if n_iter and not recipe.one_pass:  # partial_fit keeps complete passes only
                reason = f"Interrupted by the user after {n_iter} epochs."
                if isinstance(error, Interruption):
                    reason = f"Interrupted after {n_iter} epochs: {error}"
                self._end(training.outcome(reason), state, recipe.one_pass)
                keep_despite(BaseException)
            raise
        self._end(training.outcome(stop.reason), state, recipe.one_pass)
        if not recipe.one_pass:
            keep_despite(_INTERRUPTIONS)
        if stop.converged and training.judged_by_loss:
            self._warn_of_scale(training.objective)
        if tasks is not None:
            tasks.finish()

    def _end(self, outcome, state, one_pass):
        """Set the fitted attributes, and the training state if a later fit may continue."""
        if one_pass or self.warm_start:
            self._keep_state(state)
        if not one_pass:
            state.progress.restart()  # a later partial_fit starts its schedule at the beginning
        self._take(outcome, in_place=one_pass)

    # ---- the start of a fit

    def _new_network(self, n_features, target):
        """Build the layers that the hyper-parameters describe."""
        hidden = check_hidden_layer_sizes(self)
        activations = activations_of_layers(self.activation, len(hidden))
        last = activations or activations_of_layers(self.activation or "identity", 1)
        units = [n_features, *hidden, target.n_raw]
        rates = dropout_rates(self.dropout, self.input_dropout, len(hidden))
        return dense_network(units, activations, rates, last[-1], target.ordered)

    def _start(self, network, parameters, state, earlier, starting_values):
        """Set the initial parameters: from the earlier fit, at random, or as passed to ``fit``."""
        if earlier is None:
            network.draw(parameters, state.random_state)
            starting_values.apply(parameters)
            return
        starting_values.refuse_warm_start()
        asked, had = map(_chain, (network, earlier.network))
        if asked != had:
            raise ValueError(
                f"hidden_layer_sizes and activation now describe a network {asked} (features, "
                "hidden layers, outputs), but warm_start or partial_fit continues a network "
                f"{had}. To start a new fit, set warm_start=False and call fit; you can pass "
                "initial parameters as coef_init and intercept_init."
            )
        earlier.copy_into(parameters)
        if self.average is not False:
            state.resume_average(parameters.flat)

    def _next_state(self, goes_on):
        """Return a copy of the state of the earlier fit, or a new state."""
        previous = vars(self).pop("_state", None)  # callbacks must not see a stale state
        if goes_on and previous is not None and previous.is_of(self.random_state):
            return previous.copy()
        state = TrainingState(self.random_state)
        if goes_on:
            state.progress.go_on_from(self.t_)
        return state

    def _score_of(self, held_out, network, target):
        return score_of(self, held_out, network, target)
