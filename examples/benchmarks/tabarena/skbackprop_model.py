"""The table estimators as a model of AutoGluon, which is what TabArena benchmarks.

Needs ``autogluon.tabular`` 1.6 (not PyTorch). AutoGluon trains on folds and combines them: with
eight folds, each fold gives a model its validation rows, by which the networks choose their best
epoch. ``run.py`` shows how to use the class with AutoGluon alone, and with TabArena.
"""

from __future__ import annotations

import time
from contextlib import suppress

from autogluon.common.space import Categorical, Real
from autogluon.core.models import AbstractModel
from threadpoolctl import threadpool_limits

from skbackprop import TabularClassifier, TabularRegressor, kernels
from skbackprop.losses import Quantile

# Share of the time limit that is for training: what else a fit does takes the rest.
FOR_TRAINING = 0.9

# Both estimators take all of it. Lists, since TabArena writes configurations as YAML.
SEARCH_SPACE = {
    "hidden_layer_sizes": Categorical(
        [64, 64], [128, 128], [128, 128, 128], [256, 256], [256, 256, 256], [512, 256, 128]
    ),
    "activation": Categorical("silu", "relu", "gelu"),
    "learning_rate_init": Real(0.01, 0.3, log=True),
    "dropout": Real(0.0, 0.5),
    "weight_decay": Real(0.001, 0.1, log=True),
    "embedding": Categorical("auto", "periodic", "quantile_bins", None),
    "max_iter": Categorical(48, 96, 192),
}


class SkbackpropModel(AbstractModel):
    """``TabularClassifier`` or ``TabularRegressor``, with their own defaults.

    Hyper-parameters are those of the estimators. Fits of folds follow each other, since each of
    them uses all threads that it is given.
    """

    ag_key = "SKBACKPROP"
    ag_name = "Skbackprop"
    ag_priority = 65
    seed_name = "random_state"
    default_resources_physical_cores_only = True
    _supported_problem_types = ["binary", "multiclass", "regression", "quantile"]  # noqa: RUF012
    _default_auxiliary_params_extra = {"valid_raw_types": ["bool", "int", "float", "category"]}  # noqa: RUF012
    _default_ag_args_ensemble_extra = {"fold_fitting_strategy": "sequential_local"}  # noqa: RUF012

    def _fit(
        self,
        X,
        y,
        X_val=None,
        y_val=None,
        time_limit=None,
        sample_weight=None,
        sample_weight_val=None,
        num_cpus=1,
        **kwargs,
    ):
        started = time.monotonic()
        model = self._estimator()
        X = self.preprocess(X, y=y, is_train=True)
        if X_val is not None:
            X_val = self.preprocess(X_val)
        if time_limit is not None:
            model.set_callbacks(Deadline(started + FOR_TRAINING * time_limit))
        with threadpool_limits(num_cpus):
            model.fit(
                X,
                y,
                sample_weight,
                X_val=X_val,
                y_val=y_val,
                sample_weight_val=sample_weight_val,
            )
        if time_limit is not None:
            model.set_callbacks()  # what is saved has no deadline
        self.model = model

    def _estimator(self):
        given = self._get_model_params()
        if self.problem_type == "quantile":
            given.setdefault("loss", Quantile(tuple(self.quantile_levels)))
        numbers = self.problem_type in ("regression", "quantile")
        return TabularRegressor(**given) if numbers else TabularClassifier(**given)

    def _more_tags(self):
        # Without validation rows the networks set some of the training data aside.
        return {"can_refit_full": True}

    @classmethod
    def warmup(cls, **kwargs):
        """Compile the kernels, where numba is installed; TabArena calls it before it measures."""
        with suppress(ImportError):
            kernels.compile_all()

    @classmethod
    def config_generator(cls):
        """The defaults, and the search space, in the form that TabArena takes."""
        from tabarena.utils.config_utils import ConfigGenerator

        return ConfigGenerator(search_space=SEARCH_SPACE, model_cls=cls, manual_configs=[{}])


class Deadline:
    """Ends a fit after the epoch in which a time is reached, as a callback of scikit-learn."""

    def __init__(self, time_of_end):
        self.time_of_end = time_of_end

    def setup(self, estimator, context):
        """Nothing needs to be made ready."""

    def on_fit_task_begin(self, estimator, context):
        """Nothing is asked at the beginning of an epoch."""

    def on_fit_task_end(self, estimator, context):
        """Whether the fit is to end."""
        return time.monotonic() >= self.time_of_end

    def teardown(self, estimator, context):
        """Nothing is left behind."""
