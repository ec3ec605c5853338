"""What the two estimators share: parameters, and the skeleton of ``fit``."""

from abc import ABC, abstractmethod
from copy import copy
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.metrics import get_scorer

from .activations import activations_of_layers
from .batches import Rows
from .callbacks import CallbackSupport, FitData, begin_tasks, with_callbacks
from .constraints import PARAMETER_CONSTRAINTS
from .drafts import draft_of
from .dropout import dropout_rates
from .exclusions import check_exclusions
from .export import Exportable
from .fitted import Fitted
from .hidden_features import HiddenFeatures
from .initializers import glorot_uniform
from .monitor import Monitor, Validation
from .network import Network
from .objective import Objective
from .parameters import Parameters
from .passes import predict_raw
from .sample import Sample, split_positions
from .schedules import Constant
from .starting_values import StartingValues
from .state import TrainingState
from .stopping import Patience
from .summary import Summarised
from .training import IN_MEMORY, train
from .validation import (
    about,
    check_features_and_target,
    check_hidden_layer_sizes,
    check_solver_options,
    check_weight,
)

__all__ = ["BaseBackprop", "why_no_partial_fit"]


_DRAWN = StartingValues()


def why_no_partial_fit(estimator):
    """Why an estimator of these parameters has no ``partial_fit``; None where it has."""
    if estimator.solver == "lbfgs":
        return (
            f"This {type(estimator).__name__!r} has no attribute 'partial_fit': it is only "
            "available for stochastic optimizers. lbfgs is not stochastic."
        )
    if estimator.early_stopping:
        return "partial_fit does not support early_stopping=True"
    return None


@dataclass
class _Fit:
    """The pieces of one fit.

    ``continuing`` says whether it goes on from an earlier one; ``one_pass``, that it is a call of
    ``partial_fit``.
    """

    network: Network
    parameters: Parameters
    state: TrainingState
    continuing: bool
    one_pass: bool = False
    monitor: Monitor | None = None


class BaseBackprop(
    CallbackSupport, HiddenFeatures, Exportable, Summarised, Fitted, BaseEstimator, ABC
):
    """Hyper-parameters common to both estimators, and the course of a fit.

    A fit validates, builds network and objective, lets a solver minimise, and publishes the fitted
    attributes at its end. An exception on the way leaves the estimator as it was.
    """

    _parameter_constraints: ClassVar = PARAMETER_CONSTRAINTS

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    # ---- what the two estimators differ in

    _y_numeric = False
    _passes = IN_MEMORY  # how objective and gradient are computed
    _strength_schedule = Constant(1.0)  # factor of weight decay and dropout, by progress
    _last_batch = 0.0  # share of batch_size up to which a last, smaller minibatch is left out

    def _own_schedule(self):
        """Learning rate by progress, where it is none of those that ``learning_rate`` names."""

    def _learn_target(self, y, sample_weight, fixed):
        """Find out what must be known about the target; ``fixed`` where it is known already."""

    @abstractmethod
    def _encode(self, y, dtype):
        """Targets for the loss, labels or domain checked."""

    @abstractmethod
    def _loss(self):
        """The loss that is minimised, with its link."""

    @abstractmethod
    def _n_raw(self, targets):
        """Number of raw outputs of the network."""

    @abstractmethod
    def _default_score(self, y, raw_prediction, sample_weight):
        """Accuracy or R^2."""

    def _strata(self, targets):
        """What to stratify the early-stopping split by; None for nothing."""
        return None

    def _loss_weight(self, sample_weight, targets):
        """Weights in the loss, of rows or of single targets; None for ones."""
        return None if sample_weight is None else sample_weight[:, np.newaxis]

    def _check_scale(self, objective):
        """Warn where the scale of the target is why the loss seems to have converged."""

    # ---- the course of a fit

    def _fit(self, X, y, sample_weight, validation_data, starting_values):
        """Body of ``fit``; ``validation_data`` is (X_val, y_val, sample_weight_val)."""
        data = FitData(X, y, sample_weight, *validation_data)
        with draft_of(self) as (draft, publish):
            draft._learn(data, starting_values, publish)
        return self

    def _learn(self, data, starting_values, keep):
        """Fit a draft; ``keep`` publishes it when the fit is interrupted."""
        continuing = self.warm_start and hasattr(self, "coefs_")
        sample = self._check_sample(data.X, data.y, data.sample_weight, continuing)
        fit = self._begin(sample, continuing, starting_values)
        validation_data = (data.X_val, data.y_val, data.sample_weight_val)
        held_out = self._check_validation_data(validation_data, sample)
        if held_out is None and self.early_stopping:
            sample, held_out = self._split(sample, fit.state)
        self._watch(fit, held_out)
        self._run(fit, sample, keep, data)

    def _learn_pass(self, X, y, sample_weight, keep):
        """Fit a draft by one pass, for ``partial_fit``."""
        self._validate_params()  # scikit-learn does so at the first call only
        continuing = hasattr(self, "coefs_")
        sample = self._check_sample(X, y, sample_weight, continuing, one_pass=True)
        fit = self._begin(sample, continuing)
        fit.one_pass = True
        self._watch(fit, None)
        self._run(fit, sample, keep, FitData(X, y, sample_weight))

    def _begin(self, sample, continuing, starting_values=_DRAWN):
        """Network, state and starting values of a fit."""
        check_solver_options(self)
        check_exclusions(self)
        hidden = check_hidden_layer_sizes(self)
        n_features = sample.rows.X.shape[1]
        layer_units = [n_features, *hidden, self._n_raw(sample.rows.y)]
        network = self._network(layer_units, dropout_rates(self, len(hidden)))
        state = self._next_state(continuing)
        parameters = network.parameters(sample.rows.dtype)
        if continuing:
            starting_values.refuse_warm_start()
            self._copy_fitted(network, parameters)
            if self.average is not False:
                state.resume_average(parameters.flat)
        else:
            self._draw(network, parameters, state.random_state)
            starting_values.apply(parameters)
        return _Fit(network, parameters, state, continuing)

    def _network(self, layer_units, dropout=None):
        """A network of features, hidden units and raw outputs."""
        activations = activations_of_layers(self.activation, len(layer_units) - 2)
        return Network(layer_units, activations, dropout)

    def _draw(self, network, parameters, random_state):
        """Draw starting values."""
        initial = self._initial_activations(network.activations[:-1])
        glorot_uniform(parameters, initial, random_state)

    def _initial_activations(self, hidden):
        """The activation that sizes the starting weights of each layer, the linear one too."""
        last = hidden[-1] if hidden else activations_of_layers(self.activation or "identity", 1)[0]
        return [*hidden, last]

    @with_callbacks
    def _run(self, fit, sample, keep, data):
        """Minimise, then publish."""
        objective = Objective(fit.network, self._loss(), sample.rows, self.alpha)
        tasks = fit.monitor.tasks = self._begin_tasks(fit, data)
        seen_before = fit.state.progress.n_samples_seen
        try:
            stop_reason = train(self, objective, fit.parameters, fit.state, fit.monitor)
        except KeyboardInterrupt:
            fit.monitor.forget_incomplete()
            if fit.monitor.n_iter and not fit.one_pass:  # one pass is made whole, or not at all
                vars(self).pop("_state", None)
                if self.solver != "lbfgs":
                    seen = seen_before + fit.monitor.n_iter * len(sample.rows)
                    fit.state.progress.n_samples_seen = seen
                self._publish(fit, f"Interrupted by the user after {fit.monitor.n_iter} epochs.")
                keep()
            raise
        if fit.monitor.converged and (not fit.monitor.early_stopping or self.scoring == "loss"):
            self._check_scale(objective)
        goes_on = {}
        if fit.one_pass or self.warm_start:
            goes_on["_state"] = fit.state
            if not fit.one_pass:
                fit.state.progress.restart()  # a later partial_fit begins a plan of its own
        else:
            vars(self).pop("_state", None)
        self._publish(fit, stop_reason, **goes_on)
        if tasks is not None:
            tasks.finish()

    def _begin_tasks(self, fit, data):
        """What is told of each epoch; None where nobody wants to know."""
        return begin_tasks(self, fit, data)

    # ---- data

    def _check_sample(self, X, y, sample_weight, continuing, one_pass=False):
        """Validated training data, without the rows of weight zero."""
        X, y = check_features_and_target(
            self, X, y, reset=not continuing, y_numeric=self._y_numeric
        )
        dtype = self._dtype(X, continuing)
        weight = check_weight(sample_weight, X, dtype)
        self._learn_target(y, weight, fixed=continuing or one_pass)
        return self._sample(X, y, weight, dtype)

    def _check_validation_data(self, validation_data, sample):
        """The validation data given to ``fit``; None where there are none."""
        X_val, y_val, weight = validation_data
        if X_val is None and y_val is None and weight is None:
            return None
        if X_val is None or y_val is None:
            given = {"X_val": X_val, "y_val": y_val, "sample_weight_val": weight}
            names = " and ".join(name for name, value in given.items() if value is not None)
            raise ValueError(
                f"Validation data need both X_val and y_val, but only {names} was given."
            )
        with about("X_val, y_val or sample_weight_val"):
            X_val, y_val = check_features_and_target(
                self, X_val, y_val, reset=False, y_numeric=self._y_numeric
            )
            if y_val.shape[1:] != sample.y.shape[1:]:
                raise ValueError(
                    f"y_val of shape {y_val.shape} has not as many outputs as y of shape "
                    f"{sample.y.shape}."
                )
            dtype = sample.rows.dtype
            return self._sample(X_val, y_val, check_weight(weight, X_val, dtype), dtype)

    def _sample(self, X, y, sample_weight, dtype):
        targets = self._encode(y, dtype)
        weight = self._loss_weight(sample_weight, targets)
        if weight is not None:
            if not weight.any():
                raise ValueError(
                    "class_weight and sample_weight leave no sample a weight above 0."
                )
            weight = weight.astype(dtype)
            sample_weight = weight[:, 0] if weight.shape[1] == 1 else sample_weight
        return Sample(y, sample_weight, Rows(X, targets, weight, dtype)).without_zero_weights()

    def _dtype(self, X, continuing):
        """Floating-point type of a fit: ``dtype``, or that of the fit it continues, or of X."""
        if self.dtype is not None:
            return np.dtype(self.dtype)
        if continuing:
            return self.coefs_[0].dtype
        return np.dtype(np.float32 if X.dtype == np.float32 else np.float64)

    def _split(self, sample, state):
        """Training and validation part; the same rows as in the fit that is continued."""
        n_samples = len(sample.rows)
        if state.split is None or sum(map(len, state.split)) != n_samples:
            strata = self._strata(sample.rows.targets()[0])
            state.split = split_positions(
                strata, n_samples, self.validation_fraction, state.random_state
            )
        training, validation = state.split
        return sample.select(training), sample.select(validation)

    # ---- going on from an earlier fit

    def _next_state(self, continuing):
        """The state to go on from, as a copy, or a new one."""
        previous = getattr(self, "_state", None) if continuing else None
        if previous is not None and previous.is_of(self.random_state):
            return previous.copy()
        state = TrainingState(self.random_state)
        if continuing:
            state.progress.n_samples_seen = self.t_
        return state

    def _copy_fitted(self, network, parameters):
        """Start where the fit before stopped."""
        fitted = self._fitted_parameters()
        shapes = [coef.shape for coef, _ in fitted.layers]
        if shapes != [coef.shape for coef in parameters.coefs]:
            units = [shapes[0][0], *(shape[1] for shape in shapes)]
            raise ValueError(
                f"hidden_layer_sizes={self.hidden_layer_sizes!r} makes layers of "
                f"{list(network.layer_units)} units (features, hidden, outputs), but the network "
                f"that warm_start or partial_fit goes on with has {units}. To begin anew, set "
                "warm_start=False and call fit."
            )
        for arrays, fitted_arrays in zip(parameters.layers, fitted.layers, strict=True):
            for array, fitted_array in zip(arrays, fitted_arrays, strict=True):
                array[...] = fitted_array

    # ---- watching

    def _watch(self, fit, held_out):
        """Give the fit its monitor; patience goes on only over calls of ``partial_fit``."""
        patience = Patience(self.tol, self.n_iter_no_change)
        if fit.one_pass:
            patience.follow(fit.state.patience)
            fit.state.patience = patience
        else:
            fit.state.progress.n_plateaus = 0
            fit.state.progress.restart()
        validation = None if held_out is None else self._validation(fit.network, held_out)
        early_stopping = self.early_stopping and validation is not None
        fit.monitor = Monitor(patience, validation, early_stopping, self.verbose, fit.one_pass)

    def _validation(self, network, held_out):
        """Evaluation of the validation rows after each epoch."""
        rows, loss = held_out.rows, self._validation_loss()
        targets, weight = rows.targets()
        total_weight = rows.total_weight

        def predict(parameters):
            return predict_raw(network, parameters, rows)

        def mean_loss(raw):
            return loss.loss(targets, raw, weight) / total_weight

        return Validation(predict, mean_loss, self._validation_score(held_out))

    def _validation_loss(self):
        """The loss by which validation rows are judged."""
        return self._loss()

    def _validation_score(self, held_out):
        """``score(raw_prediction, parameters)`` for ``scoring``; None for minus the loss."""
        y, weight = held_out.y, held_out.sample_weight
        if self.scoring == "loss":
            return None
        if self.scoring is None:
            return lambda raw, parameters: self._default_score(y, raw, weight)
        scorer = get_scorer(self.scoring) if isinstance(self.scoring, str) else self.scoring
        X = held_out.X
        weights = {} if weight is None else {"sample_weight": weight}  # emptied if not wanted
        candidate = copy(self)
        vars(candidate).pop("feature_names_in_", None)  # X is an array by now

        def score(raw, parameters):
            candidate._set_parameters(parameters)
            try:
                return scorer(candidate, X, y, **weights)
            except TypeError:
                if not weights:
                    raise
                weights.clear()
                return scorer(candidate, X, y)

        return score
