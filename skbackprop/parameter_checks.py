"""Allowed values of the hyper-parameters, combinations that are refused, and groups."""

from numbers import Integral, Real

import numpy as np
from sklearn.metrics import get_scorer_names

from .activations import ACTIVATIONS, Activation
from .training import SCHEDULES, UPDATE_RULES
from .utils import Interval, Options, StrOptions

_LBFGS_OPTIONS = {"maxcor", "ftol", "gtol", "maxls"}

_COUNT = Interval(Integral, 1, None, closed="left")
_POSITIVE = Interval(Real, 0, None, closed="neither")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_SHARE = Interval(Real, 0, 1, closed="left")

PARAMETER_CONSTRAINTS = {
    "hidden_layer_sizes": ["array-like", _COUNT],
    "activation": [StrOptions(set(ACTIVATIONS)), Activation, list, tuple],
    "solver": [StrOptions({"lbfgs", *UPDATE_RULES})],
    "alpha": [_NOT_NEGATIVE],
    "batch_size": [StrOptions({"auto"}), _COUNT],
    "learning_rate": [StrOptions(set(SCHEDULES)), callable],
    "learning_rate_init": [_POSITIVE],
    "power_t": [_NOT_NEGATIVE],
    "max_iter": [_COUNT],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [_NOT_NEGATIVE],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [_SHARE],
    "validation": ["splitter", "splits", None],
    "beta_1": [_SHARE],
    "beta_2": [_SHARE],
    "epsilon": [_POSITIVE],
    "n_iter_no_change": [_COUNT, Options(Real, {np.inf})],
    "max_fun": [_COUNT],
    "scoring": [StrOptions({"loss", *get_scorer_names()}), callable, None],
    "dtype": [StrOptions({"float32", "float64"}), None],
    "solver_options": [dict, None],
    "dropout": [_SHARE, "array-like"],
    "input_dropout": [_SHARE],
    "warmup_fraction": [_SHARE],
    "weight_decay": [_NOT_NEGATIVE],
    "missing_targets": [StrOptions({"error", "ignore"})],
    "average": [Interval(Real, 0, 1, closed="neither"), Options(bool, {False})],
}


#: Hyper-parameters by purpose, for the overview in the docstrings of the estimators.
PARAMETER_GROUPS = {
    "Architecture": ["hidden_layer_sizes", "activation", "dtype"],
    "Loss and weights": ["loss", "class_weight", "missing_targets"],
    "Regularisation": ["alpha", "weight_decay", "dropout", "input_dropout", "average"],
    "Optimisation": [
        "solver", "batch_size", "shuffle", "learning_rate", "learning_rate_init", "power_t",
        "warmup_fraction", "momentum", "nesterovs_momentum", "beta_1", "beta_2", "epsilon",
        "solver_options", "random_state", "warm_start",
    ],
    "Stopping and validation": [
        "max_iter", "max_fun", "tol", "n_iter_no_change", "early_stopping",
        "validation_fraction", "validation", "scoring",
    ],
    "Output": ["verbose"],
}  # fmt: skip

#: Hyper-parameters by purpose, for the overview in the docstrings of the table estimators.
TABULAR_PARAMETER_GROUPS = {
    "Architecture": ["n_members", "hidden_layer_sizes", "activation"],
    "Table": ["categorical_features", "embedding"],
    "Loss and weights": ["loss", "label_smoothing", "class_weight", "missing_targets"],
    "Regularisation": ["weight_decay", "dropout"],
    "Optimisation": ["learning_rate_init", "batch_size", "random_state", "warm_start"],
    "Stopping and validation": [
        "max_iter", "min_steps", "n_iter_no_change", "validation_fraction", "validation",
        "time_budget",
    ],
    "Output": ["verbose"],
}  # fmt: skip


def _needs_steps(settings):
    """Yield the parameters in use, with their values, that only minibatch solvers support.

    Parameters of scikit-learn ('adaptive', ``momentum``, ...) are not among them: scikit-learn
    ignores them with solver='lbfgs', and code that switches solvers relies on it.
    """
    rate = settings.learning_rate
    if callable(rate) or not SCHEDULES[rate].in_scikit_learn:
        yield "learning_rate", rate
    if settings.warmup_fraction:
        yield "warmup_fraction", settings.warmup_fraction
    if settings.weight_decay:
        yield "weight_decay", settings.weight_decay
    if settings.average is not False:
        yield "average", settings.average


def check_exclusions(settings):
    """Raise ValueError for hyper-parameters that exclude each other, and name both."""
    if settings.solver == "lbfgs":
        for name in ("dropout", "input_dropout"):
            if np.any(getattr(settings, name)):
                raise ValueError(
                    f"{name}={getattr(settings, name)!r} does not work with solver='lbfgs', whose "
                    "line search needs a deterministic objective. Use solver='adam' or 'sgd'."
                )
        for name, value in _needs_steps(settings):
            raise ValueError(
                f"{name}={value!r} and solver='lbfgs' exclude each other: lbfgs takes no steps "
                "with a learning rate. Use solver='sgd' or 'adam'"
                + (", or alpha, the L2 penalty." if name == "weight_decay" else ".")
            )
    if settings.learning_rate == "one_cycle" and settings.warmup_fraction:
        raise ValueError(
            f"learning_rate='one_cycle' and warmup_fraction={settings.warmup_fraction!r} exclude "
            "each other: one_cycle includes a warm-up. To choose the length of the warm-up, use "
            "learning_rate='cosine'."
        )


def check_hidden_layer_sizes(estimator):
    """Return ``hidden_layer_sizes`` as a list of ints, each at least 1."""
    sizes = estimator.hidden_layer_sizes
    sizes = list(sizes) if np.iterable(sizes) else [sizes]
    if not all(isinstance(size, Integral) for size in sizes):
        raise ValueError(f"hidden_layer_sizes must be integers, got {sizes}.")
    if any(size <= 0 for size in sizes):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    return [int(size) for size in sizes]


def check_solver_options(estimator):
    """Raise ValueError for options that SciPy's L-BFGS lacks or that are parameters here."""
    options = estimator.solver_options or {}
    unknown = sorted(set(options) - _LBFGS_OPTIONS)
    if unknown:
        raise ValueError(
            f"solver_options has unknown keys {unknown}; allowed are {sorted(_LBFGS_OPTIONS)}, "
            "options of SciPy's L-BFGS-B. (max_iter and max_fun are parameters of the estimator.)"
        )
