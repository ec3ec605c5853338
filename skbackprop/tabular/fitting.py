"""Steps of a fit of the table estimators, from the data to the fitted attributes."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from ..data import check_validation, counted, folds, sample_of
from ..training import with_callbacks
from ..utils import about, draft_of
from .designs import MemberDesigns
from .ensemble import Ensemble, mean_curve
from .gate import check_table
from .member_recipes import ROUND, MemberRecipes, check_same_embeddings
from .member_training import train_members
from .plan import Among, MemberRows, Plan
from .preprocessing import TablePreprocessing
from .progress import EnsembleProgress
from .recipe import recipe_of_call, steps_of_recipe, table_recipe
from .selection import selected_by_loss
from .starts import starts_of
from .time_budget import TimeBudget, check_time_budget


class FitsTables(ABC):
    """Fit an ensemble of networks to a table.

    Each fit works on a copy of the estimator, so that the estimator does not change if it fails.
    """

    # ---- what the subclasses define

    # Embeddings of embedding='auto': of the default recipe, and those of drawn recipes.
    _embeddings: ClassVar[tuple[str | None, ...]]
    _drawn_embeddings: ClassVar[tuple[str | None, ...]]

    # Minibatch of batch_size='auto' for few rows.
    _small_batch: ClassVar[int]

    # Whether the raw predictions of the members are averaged, or their predictions.
    _averages_raw = False

    @abstractmethod
    def _target_for(self, checked, known, given):
        """Return the target of the checked training data.

        ``known`` is the target of the fit that is continued, or None. ``given`` are the data as
        they were passed to ``fit``.
        """

    @abstractmethod
    def _of_held_out(self, raw):
        """Return ``oof_prediction_`` for raw predictions."""

    def _validation_loss(self, target):
        """Return the loss that is computed for the validation rows."""
        return target.loss

    # ---- steps of a fit

    def _fit(self, given):
        with draft_of(self) as (draft, keep_despite):
            draft._learn(given, keep_despite)
        return self

    def _learn(self, given, keep_despite):
        """Fit a draft of the estimator; ``keep_despite`` comes from ``draft_of``."""
        budget = TimeBudget(self.time_budget, self.n_members)
        recipes = MemberRecipes(self, self._embeddings, self._drawn_embeddings)
        if not given.is_part:
            check_validation(self.validation, given)
        goes_on = hasattr(self, "members_") and (given.is_part or self.warm_start)
        check_time_budget(self, goes_on)
        known_target = self._target if goes_on else None
        all_rows = check_table(self, given.X, given.y, given.sample_weight, known_target)
        checked = all_rows.without_zero_weights()
        if goes_on:
            check_same_embeddings(recipes, self.member_recipes_)
        # Classifiers use the classes of rows with weight 0; regressors ignore these rows.
        known = all_rows if is_classifier(self) else checked
        self._target = target = self._target_for(known, known_target, given)
        if goes_on:
            encoded = checked._replace(X=self._encoded(checked.X))
        else:
            validate_data(self, all_rows.X, skip_check_array=True)
            encoded = self._learn_table(checked, given)
        sample = counted(sample_of(encoded, target, np.float32))
        held_out, among = self._held_out(given, target), Among.of(all_rows, sample)
        splits = self._splits(given, sample, among, recipes)
        fraction = 0.0 if given.is_part else self.validation_fraction
        rows = MemberRows(sample, among, held_out, splits, fraction)
        earlier = self.members_ if goes_on else []
        plan = self._plan(rows, recipes, budget, earlier, given)
        self._run(plan, given, keep_despite)

    def _held_out(self, given, target):
        """Return the sample of the validation data, or None if there are none."""
        if not given.has_validation:
            return None
        with about("X_val, y_val or sample_weight_val"):
            given_rows = given.X_val, given.y_val, given.sample_weight_val
            checked = check_table(self, *given_rows, target).without_zero_weights()
            encoded = checked._replace(X=self._encoded(checked.X))
            return counted(sample_of(encoded, target, np.float32))

    def _splits(self, given, sample, among, recipes):
        """Return the splits, by ``validation`` or as folds, that members use in turn; or None."""
        if given.is_part or given.has_validation:
            return None
        if self.validation is not None:
            return among.chosen_splits(self.validation, given, sample, recipes.n_default)
        if self.time_budget is None:
            return None
        strata = self._target.strata(sample.rows.targets()[0])
        with about(f"time_budget={self.time_budget!r} for this number of rows"):
            return folds(strata, len(sample.rows), ROUND, recipes.seed)

    def _plan(self, rows, recipes, budget, earlier, given):
        """Return the plan of a fit, or of a call of ``partial_fit``."""
        target = self._target
        loss, table = self._validation_loss(target), self._preprocessing
        n_rows, stops_early = rows.n_training, rows.stops_early

        def recipe_of(settings):
            return table_recipe(settings, n_rows, self._small_batch, stops_early, loss)

        if given.is_part:
            recipe_of = self._recipe_of_call(recipe_of, n_rows, earlier)
        designs = MemberDesigns(recipes, recipe_of, table, target, rows.sample, earlier)
        calibrated = is_classifier(self) and not target.ordered
        return Plan(designs, target, loss, rows, budget, calibrated)

    def _recipe_of_call(self, recipe_of, n_rows, earlier):
        """Return a function that returns the recipe of a call of ``partial_fit``."""
        if not earlier:
            self._steps_of_first = steps_of_recipe(recipe_of(self), n_rows)
            self._preprocessing.warn_if_constant()
        steps_of_first = getattr(self, "_steps_of_first", 0)
        return lambda settings: recipe_of_call(settings, recipe_of(settings), steps_of_first)

    @with_callbacks
    def _run(self, plan, given, keep_despite):
        """Train the networks; after Ctrl-C, keep those that completed an epoch."""
        designs = plan.designs
        states = vars(self).pop("_states", {})  # estimators that callbacks see have none
        networks = [designs[number].network for number in range(self.n_members)]
        starts = starts_of(self, networks, designs.members, states, given.is_part)
        progress = EnsembleProgress(self, list(starts), designs, given)

        def end():
            self._take(self._ensemble_of(plan, progress.members))
            self._keep_states(starts, states, given)

        try:
            keep_starts = given.is_part or self.warm_start
            train_members(plan, starts, progress, keep_starts=keep_starts)
            end()
        except KeyboardInterrupt:
            if progress.has_new and not given.is_part:  # partial_fit is atomic
                end()
                keep_despite(BaseException)
            raise
        if not given.is_part:
            keep_despite(KeyboardInterrupt)
        progress.finish()

    def _ensemble_of(self, plan, members):
        """Return the ensemble of the trained members, a dict by number."""
        if self.time_budget is None:
            return Ensemble.of_all(members, plan.designs.recipes)
        return selected_by_loss(plan, members)

    def _keep_states(self, starts, states, given):
        """Set the training states if the next fit can use them."""
        if not given.is_part:
            vars(self).pop("_steps_of_first", None)
            for start in starts.values():
                start.state.drop_rule()
        if given.is_part or self.warm_start:
            new = {number: start.state for number, start in starts.items()}
            self._states = states | new

    def _take(self, ensemble):
        """Set the fitted attributes."""
        self.members_ = members = ensemble.members
        self.member_weights_, self.member_recipes_ = ensemble.weights, ensemble.recipes
        self.ensemble_loss_curve_ = ensemble.curve
        raw = ensemble.held_out_raw
        self.oof_prediction_ = None if raw is None else self._of_held_out(raw)
        self.n_iter_ = max(member.n_iter for member in members)
        self.loss_curve_ = mean_curve([member.loss_curve for member in members])
        curves = [member.validation_losses for member in members]
        self.validation_loss_curve_ = mean_curve(curves) if all(curves) else None

    # ---- tables

    @property
    def _preprocessing(self):
        return TablePreprocessing(self.encoder_, self.scaler_, self._category_means)

    def _learn_table(self, checked, given):
        """Fit the preprocessing to the table, and return the preprocessed data.

        ``partial_fit`` has no target means of categories, because one call sees only a part of
        the data.
        """
        targets = None if given.is_part else self._target.as_columns(checked.y)
        found, Z = TablePreprocessing.fitted_to(checked, targets, self.categorical_features)
        self.encoder_, self.scaler_ = found.encoder, found.scaler
        self._category_means = found.means
        return checked._replace(X=Z)

    def _encoded(self, X):
        """Return the inputs of the networks."""
        if getattr(X, "ndim", 2) == 1:
            check_array(X)  # raises an error that says what to do
        validate_data(self, X, reset=False, skip_check_array=True)
        return self._preprocessing.inputs(X)
