"""What is taken from scikit-learn's less public corners, and the checks of arrays.

The only file that knows differences between versions of scikit-learn.
"""

from contextlib import contextmanager
from numbers import Integral
from types import MethodType

import numpy as np
from scipy import sparse
from sklearn.base import _fit_context
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer
from sklearn.utils import _safe_indexing, check_array, column_or_1d
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils._repr_html.estimator import _VisualBlock
from sklearn.utils.multiclass import _check_partial_fit_first_call
from sklearn.utils.validation import (
    _check_feature_names_in,
    _check_sample_weight,
    validate_data,
)

__all__ = [
    "Interval",
    "Options",
    "StrOptions",
    "about",
    "accepted_parameters",
    "available_unless",
    "check_features",
    "check_features_and_target",
    "check_finite_prediction",
    "check_hidden_layer_sizes",
    "check_solver_options",
    "check_weight",
    "fit_context",
    "input_feature_names",
    "is_first_partial_fit",
    "labels_as_array",
    "mlp_optimizer",
    "rows_of",
    "visual_block",
]

_LBFGS_OPTIONS = {"maxcor", "ftol", "gtol", "maxls"}

# Elements of X up to which the time of the checks themselves matters.
_SMALL = 1 << 14

fit_context = _fit_context(prefer_skip_nested_validation=True)
input_feature_names = _check_feature_names_in
is_first_partial_fit = _check_partial_fit_first_call


class NotAvailable(AttributeError, ValueError):
    """A method that an estimator of these parameters does not have.

    scikit-learn raises the one or the other, depending on the reason.
    """


class available_unless:
    """Decorator of a method that some parameters exclude: ``hasattr`` is then False.

    Parameters
    ----------
    why_not : callable
        ``why_not(estimator)`` gives the reason, or None where the method is available.
    """

    def __init__(self, why_not):
        self._why_not = why_not

    def __call__(self, method):
        self._method = method
        self.__doc__ = method.__doc__
        return self

    def __get__(self, estimator, owner=None):
        if estimator is None:
            return self._method
        reason = self._why_not(estimator)
        if reason is not None:
            raise NotAvailable(reason)
        return MethodType(self._method, estimator)


@contextmanager
def about(names):
    """Say what an error in the block is about."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise type(error)(f"Invalid {names}: {error}") from error


def rows_of(table, positions):
    """Some rows of an array, a sparse matrix, or a frame of pandas or polars."""
    return _safe_indexing(table, positions)


def _float_dtypes(X):
    """None, for "as it is", where integers can be converted block by block; else float types."""
    is_array = isinstance(X, np.ndarray) or sparse.issparse(X)
    return None if is_array and X.dtype.kind in "iub" else (np.float64, np.float32)


def _as_csr(X):
    return X.tocsr() if sparse.issparse(X) else X


def _needs_no_check(estimator, X):
    """Whether X is a small array that scikit-learn's validation, dear for one row, would pass."""
    return (
        type(X) is np.ndarray
        and X.ndim == 2
        and X.dtype.char in "fd"
        and X.dtype.isnative
        and X.shape[1] == estimator.n_features_in_
        and 0 < X.size <= _SMALL
        and not hasattr(estimator, "feature_names_in_")
        and bool(np.isfinite(X).all())
    )


def _refuse_no_columns(estimator, X):
    """Refuse a frame without columns, of which scikit-learn says something about dtypes."""
    if hasattr(X, "columns") and X.shape[1] == 0:
        raise ValueError(
            f"Found array with 0 feature(s) (shape={X.shape}) while a minimum of 1 is required by "
            f"{type(estimator).__name__}."
        )


# What does not fit into a type becomes infinite and is refused; NumPy's warning says no more.
@np.errstate(all="ignore")
def check_features(estimator, X):
    """Validated features for a fitted estimator."""
    if _needs_no_check(estimator, X):
        return X
    X = validate_data(
        estimator, X, accept_sparse=("csr", "csc"), dtype=_float_dtypes(X), reset=False
    )
    return _as_csr(X)


@np.errstate(all="ignore")
def check_features_and_target(estimator, X, y, *, reset, y_numeric):
    """Validated features and target; a column of targets becomes 1-D, with a warning."""
    _refuse_no_columns(estimator, X)
    X, y = validate_data(
        estimator,
        X,
        y,
        accept_sparse=("csr", "csc"),
        multi_output=True,
        y_numeric=y_numeric,
        dtype=_float_dtypes(X),
        reset=reset,
    )
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    return _as_csr(X), y


def labels_as_array(y):
    """Labels for a metric: a frame of nullable integers is not an array of objects."""
    if getattr(y, "ndim", 1) == 2 and hasattr(y, "dtypes"):
        return check_array(y, dtype=None)
    return y


def check_finite_prediction(raw_prediction):
    """Refuse to predict NaN or infinity."""
    if not np.isfinite(raw_prediction).all():
        raise ValueError(
            "The prediction is not finite: with the parameters of this network, X has values too "
            f"large for dtype={raw_prediction.dtype.name}. Scale X, or train with a smaller "
            "learning_rate_init."
        )


@np.errstate(all="ignore")
def check_weight(sample_weight, X, dtype):
    """Validated weights of shape (n_samples,), or None."""
    if sample_weight is None:
        return None
    weight = _check_sample_weight(sample_weight, X, dtype=dtype, ensure_non_negative=True)
    if not weight.any():  # scikit-learn itself checks since 1.9
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return weight


def check_hidden_layer_sizes(estimator):
    """The sizes as a list of ints."""
    sizes = estimator.hidden_layer_sizes
    sizes = list(sizes) if np.iterable(sizes) else [sizes]
    if not all(isinstance(size, Integral) for size in sizes):
        raise ValueError(f"hidden_layer_sizes must be integers, got {sizes}.")
    if any(size <= 0 for size in sizes):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    return [int(size) for size in sizes]


def check_solver_options(estimator):
    """Refuse options that SciPy's L-BFGS does not know, or that are parameters here."""
    options = estimator.solver_options or {}
    unknown = sorted(set(options) - _LBFGS_OPTIONS)
    if unknown:
        raise ValueError(
            f"solver_options has {unknown}; allowed are {sorted(_LBFGS_OPTIONS)}, which go to "
            "SciPy's L-BFGS-B. (max_iter and max_fun are parameters of their own.)"
        )


def visual_block(estimator, caption):
    """What scikit-learn's diagrams draw for an estimator, with a caption below its name."""
    return _VisualBlock(
        "single",
        estimator,
        names=type(estimator).__name__,
        name_details=str(estimator),
        name_caption=caption,
    )


def accepted_parameters(estimator_class, parameters):
    """Those of some hyper-parameters which an estimator of scikit-learn has and accepts."""
    accepted = {}
    for name in parameters.keys() & estimator_class().get_params(deep=False).keys():
        try:
            estimator_class(**{name: parameters[name]})._validate_params()
        except ValueError:
            continue
        accepted[name] = parameters[name]
    return accepted


def mlp_optimizer(mlp, moments, n_steps):
    """The optimizer by which an MLP of scikit-learn goes on from given moments.

    Parameters
    ----------
    mlp : MLPClassifier or MLPRegressor
        With its parameters set.

    moments : list of lists of ndarrays
        Each for all coefs, then all intercepts: the velocities of 'sgd', or the two moments of
        'adam' divided by ``1 - beta``.

    n_steps : int
        Steps made so far.
    """
    parameters = [*mlp.coefs_, *mlp.intercepts_]
    rate = mlp.learning_rate_init
    if mlp.solver == "adam":
        optimizer = AdamOptimizer(parameters, rate, mlp.beta_1, mlp.beta_2, mlp.epsilon)
        optimizer.ms = [(1 - mlp.beta_1) * moment for moment in moments[0]]
        optimizer.vs = [(1 - mlp.beta_2) * moment for moment in moments[1]]
        optimizer.t = n_steps
        return optimizer
    optimizer = SGDOptimizer(
        parameters, rate, mlp.learning_rate, mlp.momentum, mlp.nesterovs_momentum, mlp.power_t
    )
    optimizer.velocities = moments[0]
    return optimizer
