"""What tests of trajectories share: data of each task, pairs of estimators, comparisons."""

import random

import numpy as np
import sklearn
from scipy import sparse
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
