"""What the two estimators share: hyper-parameters, and the course of a fit."""

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

# They end a fit, of which what has been trained is kept.
_INTERRUPTIONS = KeyboardInterrupt, Interruption

# What a fit that goes on makes longer, or begins with; another begins without them.
_HISTORY = ("validation_scores_", "validation_loss_curve_", "_network")


def _chain(network):
    """Units and activations: parameters mean the same only where these are the same."""
    hidden = [f"{layer.fan_out} {layer.description}" for layer in network.layers[:-1]]
    *_, last = network.layers
    orders = [f" ordered as {group.tolist()}" for group in getattr(last, "groups", ())]
    outputs = f"{last.fan_out}{''.join(orders)}"
    return " -> ".join([str(network.layer_units[0]), *hidden, outputs])


def why_no_partial_fit(estimator: Any) -> str | None:
    """Why an estimator of these parameters has no ``partial_fit``; None where it has."""
    if estimator.solver == "lbfgs":
        return (
            f"This {type(estimator).__name__!r} has no attribute 'partial_fit': it is only "
            "available for stochastic optimizers. lbfgs is not stochastic."
        )
    if estimator.early_stopping:
        return "partial_fit does not support early_stopping=True"
    return None


class BaseBackprop(DocumentationLink, CallbackSupport, FittedEstimator, ABC):
    r"""Hyper-parameters common to both estimators, and the course of a fit.

    A fit validates, builds network and objective, lets a solver minimise, and publishes the fitted
    attributes at its end. An exception on the way leaves the estimator as it was.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int of shape (n_layers - 2,)
        Number of units of each hidden layer, at least 1. ``()`` is a linear model.

    activation : str, Activation or list of them
        Activation function of the hidden layers: a name, an object of
        :mod:`skbackprop.activations`, say ``LeakyReLU(0.2)``, or a list with one of these for each
        hidden layer. The names:

        - 'identity': ``f(z) = z``;
        - 'logistic': ``f(z) = 1 / (1 + exp(-z))``;
        - 'tanh': ``f(z) = tanh(z)``;
        - 'relu': ``f(z) = max(0, z)``;
        - 'leaky_relu', 'elu', 'selu': linear above zero, and not quite 0 below;
        - 'softplus', 'gelu', 'silu', 'mish': smooth relatives of ReLU;
        - 'gaussian': ``f(z) = exp(-z^2 / 2)``;
        - 'softmax': over the units of the layer.

    solver : {'lbfgs', 'sgd', 'adam'}
        Method that minimises the objective:

        - 'lbfgs': ``scipy.optimize.minimize(method="L-BFGS-B")`` on all rows, a quasi-Newton
          method that does well on small data;
        - 'sgd': gradient descent with momentum on minibatches;
        - 'adam': Adam [1]_ on minibatches.

    alpha : float
        Strength of the L2 penalty, in [0, inf). It is divided by the (weighted) number of rows of
        the minibatch, or of the training data with 'lbfgs'.

    batch_size : int or 'auto'
        Number of rows of a minibatch, at least 1; 'auto' is ``min(200, n_samples)``. 'lbfgs' does
        not use it.

    learning_rate : str or callable
        Learning rate of 'sgd' and 'adam':

        - 'constant': ``learning_rate_init``;
        - 'invscaling': ``learning_rate_init / (t + 1) ** power_t`` after ``t`` samples;
        - 'adaptive': begins with ``learning_rate_init`` and is divided by 5 after more than
          ``n_iter_no_change`` epochs without an improvement of ``tol``; training stops when it is
          1e-6 or less;
        - 'cosine': falls from ``learning_rate_init`` to 0 along half a period of the cosine, step
          by step over all ``max_iter`` epochs;
        - 'one_cycle': rises from a 25th of ``learning_rate_init`` up to it in the first 30 % of
          ``max_iter`` epochs, then falls to 0;
        - a function of a :class:`~skbackprop.training.Progress`, called before each step, returns
          the factor of ``learning_rate_init``. After a plateau, training goes on if the factor
          depends on ``n_plateaus`` there.

        'cosine' and 'one_cycle' run to their end: ``tol`` and ``n_iter_no_change`` stop them only
        under early stopping. Each call of ``partial_fit`` counts as one epoch of ``max_iter``.
        'adam' ignores 'invscaling' and 'adaptive', with a warning. 'lbfgs' ignores these two and
        ``learning_rate_init``, and refuses the last three.

    learning_rate_init : float
        Learning rate at the start (with 'one_cycle' or a warm-up, the largest one), in (0, inf).
        Used by 'sgd' and 'adam'.

    power_t : float
        Exponent of 'invscaling', in [0, inf).

    max_iter : int
        Maximum number of epochs ('sgd', 'adam') or iterations ('lbfgs'), at least 1.

    shuffle : bool
        Whether each epoch takes the rows in a new random order. Used by 'sgd' and 'adam'.

    random_state : int, RandomState instance or None
        Source of the starting values, of the split of early stopping and of the order of the rows.
        An int makes fits repeatable, to the bit.

    tol : float
        Smallest improvement of the loss (or, under early stopping, of the score) that counts, in
        [0, inf). 'lbfgs' stops when no entry of the gradient is larger than ``tol``.

    verbose : bool or int
        Whether to print the loss after each epoch or iteration.

    warm_start : bool
        Whether ``fit`` goes on from the fit before: from its parameters, moments, generator and
        split. Epochs are counted anew, curves are continued.

    momentum : float
        Momentum of 'sgd', in [0, 1].

    nesterovs_momentum : bool
        Whether 'sgd' uses Nesterov's momentum.

    early_stopping : bool
        Whether to stop after more than ``n_iter_no_change`` epochs in which the score on
        validation data has not improved by ``tol``, and to keep the parameters of the best epoch.
        Works with every solver. The validation data are ``X_val`` and ``y_val`` of ``fit``, or
        else a part of the training data.

    validation_fraction : float
        Share of the training data to set aside for early stopping, in (0, 1), drawn at random.
        Not used where ``validation`` is given.

    validation : splitter, list of (train, test) pairs of positions, or None
        Which rows to train on and which to validate with, for ``early_stopping=True``: the first
        split of a splitter of scikit-learn, such as ``GroupKFold(5)``, which is called as
        ``split(X, y, groups)`` with ``groups`` of ``fit``, or the first pair of a list. None is a
        random split by ``validation_fraction``. Not together with ``X_val``.

        Rows in neither part are not used; a warning says where these are half of all, or more. A
        splitter sees the rows of a weight above 0; positions in a list, and ``PredefinedSplit``,
        count all rows. Random splitters have a ``random_state`` of their own.

    beta_1 : float
        Decay rate of the first moment of 'adam', in [0, 1).

    beta_2 : float
        Decay rate of the second moment of 'adam', in [0, 1).

    epsilon : float
        What 'adam' adds to the root of the second moment, in (0, inf).

    n_iter_no_change : int or inf
        Training stops after more than this many epochs without an improvement of ``tol``.

    max_fun : int
        Maximum number of evaluations of the objective by 'lbfgs', at least 1.

    scoring : str, callable or None
        Score of the validation data; larger is better. None is accuracy for classes, and R^2 for
        numbers (for quantiles, D^2 of the pinball loss); 'loss' is minus the validation loss; else
        the name of a scorer of scikit-learn, or a callable ``scoring(estimator, X, y)`` (called
        with ``sample_weight`` too, where there is one).

    dtype : {'float32', 'float64'} or None
        Floating-point type of parameters and computations. None is the type of ``X``, where that
        is float32 or float64, else float64.

    solver_options : dict or None
        Options of SciPy's L-BFGS-B for 'lbfgs': 'maxcor', 'ftol', 'gtol' (instead of ``tol``),
        'maxls'. In float32 'ftol' is 1.2e-6 unless given, since smaller differences are rounding.

    dropout : float or array-like of float of shape (n_layers - 2,)
        Share of the units of each hidden layer, in [0, 1), that each step of 'sgd' or 'adam'
        leaves out [4]_: each unit of each row at random, while the others count
        ``1 / (1 - dropout)`` times as much. Predictions and validation use all units;
        ``loss_curve_`` is that of the network with units left out. The choice of units does not
        affect the other draws: starting values, split and order of the rows are those of
        ``dropout=0``. Not possible with 'lbfgs', which needs a function that stays the same.

    input_dropout : float
        Share of the features that each step leaves out in the same way, in [0, 1).

    warmup_fraction : float
        Share of ``max_iter`` epochs, in [0, 1), in which the learning rate is multiplied by a
        factor that rises linearly to 1. Used by 'sgd' and 'adam'; not possible with 'one_cycle',
        which has a rise of its own.

    weight_decay : float
        Decoupled weight decay, in [0, inf): each step first multiplies the weights, but not the
        biases, by ``1 - rate * weight_decay``, with the learning rate of the step [5]_. ``alpha``,
        in contrast, is a penalty in the objective, which 'adam' divides by the size of the
        gradient; both can be used together. Used by 'sgd' and 'adam'.

    missing_targets : {'error', 'ignore'}
        What to do with missing values (NaN, None, ``pandas.NA``) in ``y``: 'error' refuses them;
        'ignore' gives them weight 0 in training, validation and ``score``. Of several outputs,
        labels or label columns, each is learnt from the rows where it is known. Each column of the
        training data must have a known target.

    average : float or False
        Decay, in (0, 1), of an exponential moving average of the parameters over the steps. The
        average is published, and early stopping scores it; training itself goes on from the last
        step. The closer to 1, the more equal are the weights of all steps [6]_. Used by 'sgd' and
        'adam'.

    Attributes
    ----------
    coefs_ : list of ndarrays of shape (fan_in, fan_out)
        Weights of each layer.

    intercepts_ : list of ndarrays of shape (fan_out,)
        Biases of each layer.

    loss_ : float
        Objective (loss with penalty) of the last epoch or iteration.

    loss_curve_ : list of float
        Objective of each epoch (mean over its minibatches) or iteration, weighted by
        ``sample_weight``.

    best_loss_ : float or None
        Smallest objective of an epoch; None under early stopping.

    validation_scores_ : list of float or None
        Score of the validation data after each epoch or iteration; None without such data, and
        NaN for the epochs of those fits of a warm start that had none.

    validation_loss_curve_ : list of float or None
        Loss of the validation data, without penalty, in the same way.

    best_validation_score_ : float or None
        Best of the scores of the last fit.

    best_iter_ : int
        Epoch or iteration of the last fit, counted from 1, whose parameters are in ``coefs_``: the
        one with the best validation score under early stopping, else the last.

    n_iter_ : int
        Number of epochs or iterations of the last fit.

    stop_reason_ : str
        Why the last fit stopped, in a sentence.

    t_ : int
        Number of training samples seen by 'sgd' or 'adam', over all epochs.

    n_features_in_ : int
        Number of features.

    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where ``X`` has names that are all strings.

    n_layers_ : int
        Number of layers, input and output included.

    n_outputs_ : int
        Number of outputs of the network.

    out_activation_ : str
        What turns raw predictions into predictions.

    Notes
    -----
    The objective over rows of weights ``s_i`` is

    .. math:: F = \frac{\sum_i s_i\, l_i + \frac{\alpha}{2} \sum_l \|W_l\|^2}{\sum_i s_i}

    with the loss ``l`` of a row, summed over its labels or outputs. On a minibatch, the divisor is
    its number of rows times the mean weight of the training data. Where targets are missing, the
    sum over rows and ``K`` outputs is of ``s_i m_ik l_ik``, with ``m_ik`` 1 for a known target and
    else 0, and the divisor is the sum of ``s_i m_ik / K``. Back-propagation [2]_ computes
    the gradient; starting values are drawn uniformly, within bounds such as those of [3]_.

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

    # ---- what the two estimators differ in

    @abstractmethod
    def _target_for(self, checked, known, given=None):
        """The target of checked training data; ``known`` is that of an earlier fit, or None."""

    def _warn_of_scale(self, objective):
        """Warn where the scale of ``y`` is why the loss seems to have converged."""

    # ---- the course of a fit

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
            Numbers for a regressor; with ``loss='cox'``, a structured array. For a classifier:
            class labels, a matrix of zeros and ones for several labels, or columns of labels of
            which each row has one in every column.

        sample_weight : array-like of shape (n_samples,), default=None
            Weights, at least 0 and not all 0; ones by default. A row of weight 0 is as if it were
            not there, except that its class is known.

        groups : array-like of shape (n_samples,), default=None
            Group of each row, such as the patient it is about, for a splitter that is given as
            ``validation``. Nothing else uses it.

        X_val : {array-like, sparse matrix} of shape (n_validation, n_features), default=None
            Validation data, to be given together with ``y_val``. Recorded after each epoch in
            ``validation_loss_curve_`` and ``validation_scores_``; with ``early_stopping=True``
            they take the place of a part of the training data.

        y_val : array-like of shape (n_validation,) or (n_validation, n_outputs), default=None
            Targets of the validation data: of the same classes, and as many columns, as ``y``.

        sample_weight_val : array-like of shape (n_validation,), default=None
            Weights of the validation data.

        coef_init : list of array-like of shape (fan_in, fan_out), default=None
            Weights of each layer to start from, in the order of ``coefs_``; an entry that is None
            is drawn, as all are by default. Not with a warm start that goes on from a fit.

        intercept_init : list of array-like of shape (fan_out,), default=None
            Biases of each layer to start from, in the same way.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError
            Where parameters or data are not valid, or where training diverges. The estimator is
            then as it was before.

        TypeError
            Where a parameter or an array is of a wrong type.
        """
        given = GivenData(X, y, sample_weight, X_val, y_val, sample_weight_val, groups=groups)
        return self._fit(given, StartingValues(coef_init, intercept_init))

    def _fit(self, given, starting_values=_DRAWN):
        with draft_of(self) as (draft, keep_despite):
            draft._learn(draft._gate(), given, keep_despite, starting_values)
        return self

    def _gate(self):
        """The way of the data into the fit."""
        return Gate(self)

    def _learn(self, gate, given, keep_despite, starting_values):
        """Fit a draft; ``keep_despite`` is that of ``draft_of``."""
        check_solver_options(self)
        check_exclusions(self)
        check_validation(self.validation, given, self.early_stopping or given.is_part)
        recipe = recipe_of(self, one_pass=given.is_part)
        goes_on = hasattr(self, "coefs_") and (given.is_part or self.warm_start)
        earlier, known = self._fitted() if goes_on else (None, None)
        if not goes_on:
            for name in _HISTORY:
                vars(self).pop(name, None)
            self.loss_curve_ = []  # also for the copies that a scorer or callback makes

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
        """Train, then set the fitted attributes of the draft."""
        tasks = None
        if has_callbacks(self):
            max_epochs = 1 if recipe.one_pass else recipe.max_iter
            tasks = EpochTasks(self, training, given, max_epochs, recipe.unit)
        try:
            stop = training.run(tasks)
        except _INTERRUPTIONS as error:
            n_iter = training.go_back()
            if n_iter and not recipe.one_pass:  # one pass is made whole, or not at all
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
        """Set the fitted attributes, and the state where it is for the next fit to go on from."""
        if one_pass or self.warm_start:
            self._keep_state(state)
        if not one_pass:
            state.progress.restart()  # a later partial_fit begins a plan of its own
        self._take(outcome, in_place=one_pass)

    # ---- where a fit begins

    def _new_network(self, n_features, target):
        """The layers that the hyper-parameters ask for."""
        hidden = check_hidden_layer_sizes(self)
        activations = activations_of_layers(self.activation, len(hidden))
        last = activations or activations_of_layers(self.activation or "identity", 1)
        units = [n_features, *hidden, target.n_raw]
        rates = dropout_rates(self.dropout, self.input_dropout, len(hidden))
        return dense_network(units, activations, rates, last[-1], target.ordered)

    def _start(self, network, parameters, state, earlier, starting_values):
        """Starting values: those of the earlier fit, or drawn, or given."""
        if earlier is None:
            network.draw(parameters, state.random_state)
            starting_values.apply(parameters)
            return
        starting_values.refuse_warm_start()
        asked, had = map(_chain, (network, earlier.network))
        if asked != had:
            raise ValueError(
                f"hidden_layer_sizes and activation now ask for a network {asked} (features, "
                "hidden layers, outputs), but the one that warm_start or partial_fit goes on with "
                f"is {had}. To begin anew, set warm_start=False and call fit, which takes "
                "parameters to start from as coef_init and intercept_init."
            )
        earlier.copy_into(parameters)
        if self.average is not False:
            state.resume_average(parameters.flat)

    def _next_state(self, goes_on):
        """The state to go on from, as a copy, or a new one."""
        previous = vars(self).pop("_state", None)  # not that of what callbacks see from now on
        if goes_on and previous is not None and previous.is_of(self.random_state):
            return previous.copy()
        state = TrainingState(self.random_state)
        if goes_on:
            state.progress.go_on_from(self.t_)
        return state

    def _score_of(self, held_out, network, target):
        return score_of(self, held_out, network, target)
