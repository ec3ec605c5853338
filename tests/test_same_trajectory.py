"""The promise: an unweighted fit takes the same steps as scikit-learn's MLP.

Every case is fitted twice, by our estimator and by scikit-learn's, from the same seed. Arrays are
compared relative to their own largest entry: 1e-9 in float64 for sgd and adam after ten epochs,
1e-5 for L-BFGS after ten iterations.

Where the two differ on purpose the comparison says so: the squared error of several outputs is
summed here and averaged there; multiclass targets are split with strata here and without there;
early stopping of L-BFGS exists only here.
"""

import random
import warnings

import numpy as np
import pytest
import sklearn
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils.fixes import parse_version

from skbackprop import BackpropClassifier, BackpropRegressor

N_ROWS = 67
STOCHASTIC = ["sgd", "adam"]
ACTIVATIONS = ["identity", "logistic", "tanh", "relu"]
CLASSIFICATION = ["binary", "multiclass", "multilabel"]
REGRESSION = ["regression", "regression_3", "poisson", "poisson_2"]
TASKS = CLASSIFICATION + REGRESSION

# Before 1.9 their early stopping looks for NaN in predicted labels, and fails where they are text.
THEIRS_STOPS_WITH_TEXT = parse_version(sklearn.__version__) >= parse_version("1.9")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


# Data


def make_X(rng, n_rows, n_features, container):
    X = rng.normal(size=(n_rows, n_features))
    if container == "dense":
        return X
    X[rng.uniform(size=X.shape) < 0.6] = 0.0
    return sparse.csr_array(X)


def make_y(rng, signal, task):
    """Targets of a task; labels with so much noise that no prediction saturates."""
    n_rows = len(signal)
    noisy = signal + rng.normal(size=n_rows)
    ranks = np.argsort(np.argsort(noisy))
    if task == "binary":
        return np.array(["ham", "spam"])[(2 * ranks) // n_rows]
    if task == "multiclass":
        return np.array([3, 5, 9])[(3 * ranks) // n_rows]
    if task == "multilabel":
        labels = rng.uniform(size=(n_rows, 3)) < 0.5
        labels[:2] = [[True] * 3, [False] * 3]
        return labels.astype(int)
    if task == "regression":
        return noisy
    if task == "regression_3":
        return np.column_stack([noisy, -signal, rng.normal(size=n_rows)])
    counts = rng.poisson(np.exp(0.3 * signal)).astype(float)
    return counts if task == "poisson" else np.column_stack([counts, counts[::-1]])


def make_data(seed, task, container="dense", n_rows=N_ROWS, n_features=6):
    rng = np.random.default_rng(seed)
    X = make_X(rng, n_rows, n_features, container)
    signal = X @ rng.normal(size=n_features) / np.sqrt(n_features)
    return X, make_y(rng, signal, task)


# Comparison


def estimator_pair(task, params):
    """Our estimator and scikit-learn's, with the same parameters."""
    if task in CLASSIFICATION:
        return BackpropClassifier(**params), MLPClassifier(**params)
    loss = "poisson" if task.startswith("poisson") else "squared_error"
    return BackpropRegressor(**params, loss=loss), MLPRegressor(**params, loss=loss)


def assert_close(ours, theirs, rtol):
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape
    scale = np.abs(theirs).max(initial=0.0)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=rtol * scale)


def assert_same_parameters(ours, theirs, rtol):
    assert ours.n_iter_ == theirs.n_iter_
    assert len(ours.coefs_) == len(theirs.coefs_)
    assert len(ours.intercepts_) == len(theirs.intercepts_)
    for mine, other in zip(
        ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True
    ):
        assert_close(mine, other, rtol)


def assert_same_loss(ours, theirs, task, rtol):
    if task == "regression_3":
        # the penalty is not multiplied, so only the bare loss is n_outputs times theirs
        factor = 3 if theirs.alpha == 0 else None
    else:
        factor = 1
    if factor is None:
        assert len(ours.loss_curve_) == len(theirs.loss_curve_)
        return
    assert_close(ours.loss_curve_, factor * np.array(theirs.loss_curve_), rtol)
    assert_close(ours.loss_, factor * theirs.loss_, rtol)
    if theirs.best_loss_ is None:
        assert ours.best_loss_ is None
    else:
        assert_close(ours.best_loss_, factor * theirs.best_loss_, rtol)


def assert_same_validation(ours, theirs, rtol):
    if theirs.early_stopping:
        assert_close(ours.validation_scores_, theirs.validation_scores_, rtol)
        assert_close(ours.best_validation_score_, theirs.best_validation_score_, rtol)
        assert ours.best_iter_ == 1 + np.argmax(theirs.validation_scores_)
    else:
        assert ours.validation_scores_ is None
        assert ours.best_validation_score_ is None


def assert_same_predictions(ours, theirs, X, task, rtol):
    if task in CLASSIFICATION:
        np.testing.assert_array_equal(ours.classes_, theirs.classes_)
        assert_close(ours.predict_proba(X), theirs.predict_proba(X), rtol)
        assert_close(ours.predict_log_proba(X), theirs.predict_log_proba(X), rtol)
        np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    else:
        assert_close(ours.predict(X), theirs.predict(X), rtol)


def assert_same_description(ours, theirs):
    for name in ("n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(ours, name) == getattr(theirs, name), name


def assert_same_stochastic_fit(ours, theirs, X, task, rtol=1e-9):
    assert_same_parameters(ours, theirs, rtol)
    assert ours.t_ == theirs.t_
    assert_same_loss(ours, theirs, task, rtol)
    assert_same_validation(ours, theirs, rtol)
    assert_same_predictions(ours, theirs, X, task, 10 * rtol)
    assert_same_description(ours, theirs)


# Stochastic solvers


def names_of(case):
    """Readable test id."""
    return "-".join(f"{v}".replace(" ", "") for v in case.values())


def spread(solver, activation, task, draw):
    """One case: the other settings drawn at random, the same ones in every run."""
    stops_early = task != "multiclass" and draw.random() < 0.4
    # in several outputs the training loss is another number, so patience would end elsewhere
    may_be_impatient = stops_early or task != "regression_3"
    return {
        "solver": solver,
        "activation": activation,
        "task": task,
        "hidden_layer_sizes": draw.choice([(5,), 4, (6, 3), (4, 3, 5), ()]),
        "batch_size": draw.choice(["auto", 5, 32, 50, 1]),
        "alpha": draw.choice([0.0, 1e-4, 0.7]),
        "learning_rate": draw.choice(["constant", "invscaling", "adaptive"])
        if solver == "sgd"
        else "constant",
        "early_stopping": stops_early,
        "n_iter_no_change": draw.choice([1, 10]) if may_be_impatient else 10,
        "shuffle": draw.random() < 0.7,
        "momentum": draw.choice([0.0, 0.5, 0.9]),
        "nesterovs_momentum": draw.random() < 0.5,
        "container": draw.choice(["dense", "csr"]),
    }


def covering_cases():
    """Every solver x activation x task twice, the remaining settings spread over them."""
    draw = random.Random(20)
    return [
        spread(solver, activation, task, draw)
        for _ in range(2)
        for solver in STOCHASTIC
        for activation in ACTIVATIONS
        for task in TASKS
    ]


def fit_pair(case, seed, sample_weight=None, **data):
    """Fit both on the data of a case; returns ours, theirs and X."""
    params = {"learning_rate_init": 0.01, "max_iter": 10, "tol": 1e-2, "random_state": seed}
    params.update(case)
    task, container = params.pop("task"), params.pop("container", "dense")
    X, y = make_data(seed, task, container, **data)
    if task == "binary" and params.get("early_stopping") and not THEIRS_STOPS_WITH_TEXT:
        y = (y == "spam").astype(int)
    ours, theirs = estimator_pair(task, params)
    return ours.fit(X, y, sample_weight), theirs.fit(X, y, sample_weight), X


@pytest.mark.parametrize("case", covering_cases(), ids=names_of)
def test_stochastic_fit_takes_the_same_steps(case, seed):
    ours, theirs, X = fit_pair(case, seed)
    assert_same_stochastic_fit(ours, theirs, X, case["task"])


@pytest.mark.parametrize("learning_rate", ["constant", "invscaling", "adaptive"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_fit_stops_at_the_same_epoch(learning_rate, early_stopping, seed):
    """Left alone for many epochs, both stop for the same reason at the same time."""
    case = {
        "task": "binary",
        "solver": "sgd",
        "learning_rate": learning_rate,
        "learning_rate_init": 0.1,
        "early_stopping": early_stopping,
        "n_iter_no_change": 2,
        "tol": 1e-3,
        "max_iter": 300,
        "hidden_layer_sizes": (4,),
    }
    ours, theirs, X = fit_pair(case, seed)
    assert ours.n_iter_ < 300
    assert_same_stochastic_fit(ours, theirs, X, "binary", rtol=1e-7)


@pytest.mark.parametrize("solver", STOCHASTIC)
def test_default_parameters_take_the_same_steps(solver, seed):
    """One changed import: nothing else is passed."""
    X, y = make_data(seed, "multiclass", n_rows=230)
    ours = BackpropClassifier(solver=solver, random_state=seed).fit(X, y)
    theirs = MLPClassifier(solver=solver, random_state=seed).fit(X, y)
    assert ours.n_iter_ == theirs.n_iter_
    assert_close(ours.loss_curve_, theirs.loss_curve_, 1e-9)


@pytest.mark.parametrize("params", [
    {"beta_1": 0.5, "beta_2": 0.9},
    {"beta_1": 0.0, "beta_2": 0.5},
    {"beta_1": 0.95, "beta_2": 0.99, "epsilon": 1e-3},
    {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.1},
    {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.0},
    {"solver": "sgd", "momentum": 1.0},
    {"early_stopping": True, "validation_fraction": 0.35},
], ids=names_of)  # fmt: skip
def test_less_common_settings_take_the_same_steps(params, seed):
    case = {"task": "binary", "hidden_layer_sizes": (5,), "batch_size": 16, **params}
    ours, theirs, X = fit_pair(case, seed)
    assert_same_stochastic_fit(ours, theirs, X, "binary")


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize("solver", STOCHASTIC)
def test_generator_object_is_drawn_from_alike(solver, task, seed):
    """Two fits from one RandomState consume the same numbers on both sides."""
    X, y = make_data(seed, task)
    mine, other = np.random.RandomState(seed), np.random.RandomState(seed)
    params = {"solver": solver, "max_iter": 3, "hidden_layer_sizes": (4,), "batch_size": 9}
    ours, theirs = estimator_pair(task, params)
    for _ in range(2):
        ours.set_params(random_state=mine).fit(X, y)
        theirs.set_params(random_state=other).fit(X, y)
    assert_same_parameters(ours, theirs, 1e-9)
    assert mine.randint(1 << 30) == other.randint(1 << 30)


@pytest.mark.parametrize("learning_rate", ["constant", "invscaling", "adaptive"])
@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel", "regression", "poisson"])
def test_partial_fit_takes_the_same_steps_without_shuffling(task, learning_rate, seed):
    """With shuffling theirs repeats one permutation for ever; without, the calls agree."""
    X, y = make_data(seed, task)
    ours, theirs = estimator_pair(task, {
        "solver": "sgd", "learning_rate": learning_rate, "learning_rate_init": 0.05,
        "shuffle": False, "batch_size": 20, "random_state": seed, "tol": 0.05,
        "n_iter_no_change": 1,
    })  # fmt: skip
    arguments = {"classes": np.unique(y)} if task in CLASSIFICATION else {}
    if task == "multilabel":
        arguments["classes"] = np.arange(y.shape[1])
    for _ in range(10):
        ours.partial_fit(X, y, **arguments)
        theirs.partial_fit(X, y, **arguments)
    assert_same_stochastic_fit(ours, theirs, X, task)


# Weights: theirs are right where the batch is the whole training set


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("task", ["binary", "regression", "poisson", "multilabel"])
@pytest.mark.parametrize("solver", STOCHASTIC)
def test_weighted_full_batch_takes_the_same_steps(solver, task, early_stopping, seed):
    sample_weight = np.random.default_rng(seed).uniform(0.2, 3.0, size=N_ROWS)
    case = {"task": task, "solver": solver, "alpha": 0.5, "early_stopping": early_stopping}
    ours, theirs, X = fit_pair(case, seed, sample_weight)
    assert_same_stochastic_fit(ours, theirs, X, task)


def test_constant_weight_takes_the_same_steps_in_minibatches(seed):
    case = {"task": "multiclass", "batch_size": 13, "alpha": 0.5}
    ours, theirs, X = fit_pair(case, seed, np.full(N_ROWS, 2.5))
    assert_same_stochastic_fit(ours, theirs, X, "multiclass")


# L-BFGS


@pytest.mark.parametrize("weighted", [False, True], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("task", [task for task in TASKS if task != "regression_3"])
def test_lbfgs_takes_the_same_steps(task, activation, weighted):
    """Always the same data: their log loss is clipped, and in some data a trial of the line
    search goes so far that it shows, whereupon the two go different ways.
    """
    draw = random.Random(f"{task} {activation} {weighted}")
    case = {
        "task": task,
        "solver": "lbfgs",
        "activation": activation,
        "alpha": draw.choice([0.0, 0.3]),
        "hidden_layer_sizes": draw.choice([(5,), (6, 3), ()]),
        "container": draw.choice(["dense", "csr"]),
        "tol": 1e-6,
    }
    weights = np.random.default_rng(0).uniform(0.2, 3.0, size=N_ROWS) if weighted else None
    ours, theirs, X = fit_pair(case, 0, weights)
    assert_same_parameters(ours, theirs, 1e-5)
    assert_close(ours.loss_, theirs.loss_, 1e-5)
    assert len(ours.loss_curve_) == ours.n_iter_
    assert ours.t_ == theirs.t_
    assert_same_predictions(ours, theirs, X, task, 1e-4)
    assert_same_description(ours, theirs)


def test_lbfgs_stops_at_the_same_gradient(seed):
    """Not only after ten iterations: `tol` is the same bound on the gradient."""
    case = {"task": "binary", "solver": "lbfgs", "alpha": 5.0, "max_iter": 500, "tol": 1e-3}
    ours, theirs, _ = fit_pair({**case, "activation": "tanh"}, seed)
    assert ours.n_iter_ < 500
    assert ours.n_iter_ == theirs.n_iter_
    assert_close(ours.loss_, theirs.loss_, 1e-5)


# float32: theirs works partly in float64, so only the leading digits agree


@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_float32_fit_stays_near(task, solver, seed):
    X, y = make_data(seed, task)
    params = {"solver": solver, "max_iter": 5, "random_state": seed, "batch_size": 20}
    ours, theirs = estimator_pair(task, {**params, "activation": "tanh"})
    ours.fit(X.astype(np.float32), y)
    theirs.fit(X.astype(np.float32), y)
    assert_same_parameters(ours, theirs, 1e-3)


# Any combination


@st.composite
def any_case(draw):
    """A drawn combination of everything above, with a shape of data."""
    solver = draw(st.sampled_from([*STOCHASTIC, "lbfgs"]))
    task = draw(st.sampled_from(TASKS))
    assume(not (solver == "lbfgs" and task == "regression_3"))
    # a later line search may come to where their log loss is clipped
    few_iterations = solver == "lbfgs" and task in CLASSIFICATION
    may_stop_early = solver != "lbfgs" and task != "multiclass"
    # the exponential of the Poisson model diverges early
    rates = [1e-3] if task.startswith("poisson") else [1e-3, 1e-2]
    n_rows = draw(st.integers(25, 80))
    case = {
        "task": task,
        "solver": solver,
        "activation": draw(st.sampled_from(ACTIVATIONS)),
        "container": draw(st.sampled_from(["dense", "csr"])),
        "hidden_layer_sizes": tuple(draw(st.lists(st.integers(1, 8), max_size=3))),
        "batch_size": draw(st.one_of(st.just("auto"), st.integers(1, n_rows * 4 // 5))),
        "alpha": draw(st.sampled_from([0.0, 1e-4, 0.1, 2.0])),
        "learning_rate": draw(st.sampled_from(["constant", "invscaling", "adaptive"]))
        if solver == "sgd" else "constant",
        "learning_rate_init": draw(st.sampled_from(rates)),
        "max_iter": 3 if few_iterations else 10,
        "early_stopping": may_stop_early and draw(st.booleans()),
        "n_iter_no_change": 10 if task == "regression_3" else draw(st.sampled_from([1, 3, 10])),
        "shuffle": draw(st.booleans()),
        "momentum": draw(st.sampled_from([0.0, 0.5, 0.9])),
        "nesterovs_momentum": draw(st.booleans()),
    }  # fmt: skip
    shape = {"n_rows": n_rows, "n_features": draw(st.integers(1, 8))}
    return case, shape, draw(st.integers(0, 2**31))


@given(drawn=any_case())
def test_any_combination_takes_the_same_steps(drawn):
    case, shape, seed = drawn
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        ours, theirs, X = fit_pair(case, seed, **shape)
    if case["solver"] == "lbfgs":
        assert_same_parameters(ours, theirs, 1e-5)
        assert_close(ours.loss_, theirs.loss_, 1e-5)
    else:
        assert_same_stochastic_fit(ours, theirs, X, case["task"])
