"""What the two estimators for tables share: encoding, and fitting several networks."""

from abc import ABC, abstractmethod
from itertools import zip_longest
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, check_consistent_length, check_random_state, column_or_1d
from sklearn.utils.validation import check_is_fitted, validate_data

from ..activations import ACTIVATIONS, Activation
from ..callbacks import CallbackSupport, FitData, with_callbacks
from ..drafts import draft_of
from ..smooth_clip import SmoothClipScaler
from ..solvers.stochastic import steps_of_epoch
from ..table_encoder import TableEncoder
from ..threads import row_threads, short_turns
from ..validation import (
    Interval,
    Options,
    StrOptions,
    about,
    check_hidden_layer_sizes,
    check_weight,
    rows_of,
)
from .member import Member
from .progress import FitProgress

__all__ = ["BaseTabular"]

# 'auto' batches: small below so many rows.
_FEW_ROWS = 3000
_SMALL_BATCH, _BATCH = 128, 256

_CONSTRAINTS = {
    "n_members": [Interval(Integral, 1, None, closed="left")],
    "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [StrOptions(set(ACTIVATIONS)), Activation, list, tuple],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "dropout": [Interval(Real, 0, 1, closed="left"), "array-like"],
    "weight_decay": [Interval(Real, 0, None, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "min_steps": [Interval(Integral, 0, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
    "periodic": ["boolean", StrOptions({"auto"})],
    "categorical_features": [StrOptions({"from_dtype"}), "array-like", None],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
}


class BaseTabular(CallbackSupport, BaseEstimator, ABC):
    """Hyper-parameters common to both estimators, encoding, and the course of a fit."""

    _parameter_constraints: ClassVar = _CONSTRAINTS

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.target_tags.multi_output = True
        return tags

    # ---- what the two estimators differ in

    _y_numeric = False
    _periodic_by_default = False

    @abstractmethod
    def _member(self):
        """A network that is not fitted, with the parameters that are the estimator's own."""

    def _learn_scale(self, y, sample_weight):
        """Find out how the members are shown the target."""

    def _scaled(self, y):
        """The target as the members are shown it."""
        return y

    # ---- the course of a fit

    def _fit(self, X, y, sample_weight, validation_data):
        """Body of ``fit``; ``validation_data`` is (X_val, y_val, sample_weight_val)."""
        data = FitData(X, y, sample_weight, *validation_data)
        with draft_of(self) as (draft, publish):
            draft._learn(data, publish)
        return self

    def _learn(self, data, keep):
        """Fit a draft; ``keep`` publishes it when the fit is interrupted."""
        y = self._checked_target(data.y)
        check_consistent_length(data.X, y)
        weight = check_weight(data.sample_weight, data.X, np.float64)
        Z = self._learn_table(data.X, weight)
        self._learn_scale(y, weight)
        validation = self._checked_validation_data(
            (data.X_val, data.y_val, data.sample_weight_val)
        )
        members = self._members(Z, weight, validation)
        training = {"X": Z, "y": self._scaled(y), "sample_weight": weight, **validation}
        self._run(members, training, keep, data)

    @with_callbacks
    def _run(self, members, training, keep, data):
        """Train the networks, then publish; after Ctrl-C as well, if there is one to publish."""
        progress = FitProgress(self, members, data)
        try:
            self._fit_members(members, training, progress)
        except KeyboardInterrupt:
            if any(hasattr(member, "coefs_") for member in members):
                self._take(members)
                keep()
            raise
        self._take(members)
        progress.finish()

    def _checked_target(self, y):
        """Target as an array; a column becomes 1-D, with a warning."""
        y = validate_data(self, y=y, multi_output=True, y_numeric=self._y_numeric)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        return y

    def _checked_validation_data(self, validation_data):
        """What ``fit`` of the members is given of it, by name."""
        names = ("X_val", "y_val", "sample_weight_val")
        given = {
            name: data
            for name, data in zip(names, validation_data, strict=True)
            if data is not None
        }
        with about("X_val, y_val or sample_weight_val"):
            if "X_val" in given:
                given["X_val"] = self._encoded(given["X_val"])
            if "y_val" in given:
                y = np.asarray(given["y_val"]) if self._y_numeric else given["y_val"]
                given["y_val"] = self._scaled(y)
        return given

    def _members(self, Z, weight, validation):
        """The networks, each with a seed of its own."""
        n_rows = Z.shape[0] if weight is None else np.count_nonzero(weight)
        n_held_out = int(np.ceil(self.validation_fraction * n_rows))
        splits = not validation and 2 <= n_held_out < n_rows
        n_rows -= n_held_out if splits else 0
        common = self._common(n_rows) | {"early_stopping": splits or bool(validation)}
        embedded = self._embedded_columns(Z)
        seeds = check_random_state(self.random_state).randint(2**31 - 1, size=self.n_members)
        members = [self._member().set_params(random_state=int(s), **common) for s in seeds]
        for number, member in enumerate(members):
            member.number, member.embedded_columns = number, embedded
        return members

    def _common(self, n_rows):
        """Parameters of all members, for a number of rows to train on."""
        batch_size = self.batch_size
        if batch_size == "auto":
            batch_size = _SMALL_BATCH if n_rows < _FEW_ROWS else _BATCH
        batch_size = min(batch_size, n_rows)
        n_steps = steps_of_epoch(n_rows, batch_size, Member._last_batch)
        return {
            "hidden_layer_sizes": check_hidden_layer_sizes(self),
            "activation": self.activation,
            "solver": "adam",
            "alpha": 0.0,
            "batch_size": batch_size,
            "learning_rate_init": self.learning_rate_init,
            "max_iter": max(self.max_iter, -(-self.min_steps // n_steps)),
            "tol": 0.0,
            "validation_fraction": self.validation_fraction,
            "beta_2": 0.95,
            "n_iter_no_change": self.n_iter_no_change,
            "scoring": "loss",
            "dtype": "float32",
            "dropout": self.dropout,
            "weight_decay": self.weight_decay,
            "verbose": 0,
        }

    def _fit_members(self, members, training, progress):
        """Train the networks, side by side on as many threads as the BLAS may use now."""

        def fit(member):
            if progress.stopped:
                return
            member.progress = progress
            try:
                member.fit(**training)
            except BaseException as error:
                progress.stop(error)
                raise
            finally:
                del member.progress
            progress.say(member, _story(member))

        with row_threads(max_threads=len(members)) as threads, short_turns(threads):
            try:
                threads.map(fit, members)
            except BaseException as error:
                progress.stop(error)
                raise

    def _take(self, members):
        """Publish the networks that have been trained."""
        self.members_ = [member for member in members if hasattr(member, "coefs_")]
        self._publish()

    def _publish(self):
        self.n_iter_ = max(member.n_iter_ for member in self.members_)
        self.loss_curve_ = _mean_curve([member.loss_curve_ for member in self.members_])
        curves = [member.validation_loss_curve_ for member in self.members_]
        self.validation_loss_curve_ = None if None in curves else _mean_curve(curves)

    # ---- tables

    def _learn_table(self, X, weight):
        """Find out what must be known about the table, and encode it."""
        validate_data(self, X, skip_check_array=True)
        dtype = np.float32 if sparse.issparse(X) else np.float64
        self.encoder_ = TableEncoder(self.categorical_features, dtype=dtype)
        self.encoder_.set_output(transform="default")
        whole = weight is None or weight.all()
        counted = X if whole else rows_of(X, np.flatnonzero(weight))
        encoded = self.encoder_.fit_transform(counted)
        self.scaler_ = None
        if not sparse.issparse(encoded):
            self.scaler_ = SmoothClipScaler().set_output(transform="default").fit(encoded)
        return self._scale_table(encoded if whole else self.encoder_.transform(X))

    def _scale_table(self, Z):
        if self.scaler_ is None:
            return Z
        varies = ~np.isnan(self.scaler_.scale_)
        if not varies.any():
            varies[:1] = True  # a network needs an input
        return self.scaler_.transform(Z)[:, varies].astype(np.float32)

    def _embedded_columns(self, Z):
        """Which of the inputs of the networks a periodic embedding is for."""
        periodic = self._periodic_by_default if self.periodic == "auto" else self.periodic
        if not periodic or sparse.issparse(Z):
            return np.arange(0)
        varies = ~np.isnan(self.scaler_.scale_)
        numeric = np.zeros(len(varies), bool)
        numeric[self.encoder_.numeric_columns_] = True
        return np.flatnonzero(numeric[varies])

    def _encoded(self, X):
        """The inputs of the networks."""
        if getattr(X, "ndim", 2) == 1:
            check_array(X)  # which says what to do about it
        validate_data(self, X, reset=False, skip_check_array=True)
        return self._scale_table(self.encoder_.transform(X))

    def _inputs(self, X):
        """The inputs of the fitted networks."""
        check_is_fitted(self, "members_")
        return self._encoded(X)


def _mean_curve(curves):
    """Mean over the members that were trained so long, epoch by epoch."""
    return [
        float(np.mean([value for value in epoch if value is not None]))
        for epoch in zip_longest(*curves)
    ]


def _story(member):
    """What became of a member, in a line."""
    story = f"{member.n_iter_} epochs, loss {member.loss_:.6g}"
    losses = member.validation_loss_curve_
    if losses is None:
        return story
    best = losses[member.best_iter_ - 1]
    return f"{story}, validation loss {best:.6g} after epoch {member.best_iter_}"
