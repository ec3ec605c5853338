"""Silent wrong results of scikit-learn 1.9's MLP, each with the behaviour we promise instead.

Numbers with # are scikit-learn's issues. The defects of state and interface, and those of cost,
have files of their own.
"""

import copy
import re

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import average_precision_score, r2_score
from sklearn.neural_network import MLPRegressor
from sklearn.utils.validation import check_is_fitted

from skbackprop import BackpropClassifier, BackpropRegressor

SOLVERS = ["sgd", "adam", "lbfgs"]
IGNORE_CONVERGENCE = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
THEIR_SENTENCE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and "
    "need to be preprocessed"
)
STANDING_STILL = 1e-300  # a learning rate that moves nothing: losses are those of the start


@pytest.fixture
def rng(seed):
    return np.random.default_rng(seed)


class Recorder:
    """A scorer that remembers what it was given and counts its calls."""

    def __init__(self, score=lambda estimator, X, y: estimator.score(X, y)):
        self.score = score
        self.seen = []

    def __call__(self, estimator, X, y):
        self.seen.append((np.array(X), np.array(y)))
        return self.score(estimator, X, y)


def two_blobs(rng, n_rows=120, n_features=4, shift=1.0):
    """Overlapping classes 0 and 1."""
    y = np.arange(n_rows) % 2
    X = rng.normal(size=(n_rows, n_features)) + shift * y[:, None]
    return X, y


# 1


@IGNORE_CONVERGENCE
def test_weights_count_in_batches_of_one_row(rng, seed):
    """#11723: the weight of a row multiplies its step, whatever the batch it is in."""
    X, y = rng.normal(size=(30, 3)), rng.normal(size=30)
    sample_weight = rng.uniform(0.01, 100, size=30)
    params = {"hidden_layer_sizes": (), "solver": "sgd", "momentum": 0.0, "alpha": 0.0,
              "shuffle": False, "batch_size": 1, "random_state": seed}  # fmt: skip
    start = BackpropRegressor(**params, learning_rate_init=STANDING_STILL, max_iter=1).fit(X, y)
    w, b = start.coefs_[0][:, 0].copy(), start.intercepts_[0][0]
    for x, target, s in zip(X, y, sample_weight / sample_weight.mean(), strict=True):
        error = x @ w + b - target
        w, b = w - 0.01 * s * error * x, b - 0.01 * s * error
    reg = BackpropRegressor(**params, learning_rate_init=0.01, max_iter=1)
    reg.fit(X, y, sample_weight)
    np.testing.assert_allclose(reg.coefs_[0][:, 0], w, rtol=1e-9)
    np.testing.assert_allclose(reg.intercepts_[0], b, rtol=1e-9)


# 2


@IGNORE_CONVERGENCE
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("solver", SOLVERS)
def test_rows_of_weight_zero_are_as_if_absent(rng, solver, early_stopping, seed):
    """#17229: neither a batch nor a validation part can consist of them."""
    X, y = two_blobs(rng)
    sample_weight = np.zeros(len(X))
    sample_weight[:40] = 1.0
    clf = BackpropClassifier(
        (4,), solver=solver, batch_size=5, shuffle=False, max_iter=5, random_state=seed,
        early_stopping=early_stopping,
    )  # fmt: skip
    alone = copy.deepcopy(clf).fit(X[:40], y[:40])
    clf.fit(X, y, sample_weight)
    for one, other in zip(clf.coefs_, alone.coefs_, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)
    with pytest.raises(ValueError, match=r"(?i)sample.weight.*zero"):
        clf.fit(X, y, np.zeros(len(X)))
    with pytest.raises(ValueError, match=r"(?i)negative"):
        clf.fit(X, y, np.where(np.arange(len(X)) == 7, -1.0, 1.0))


# 3


@IGNORE_CONVERGENCE
@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("solver", SOLVERS)
def test_warm_start_begins_each_fit_with_fresh_counters(rng, solver, early_stopping, seed):
    """A converged fit, then new data: the second fit trains until it has converged again."""
    X = rng.normal(size=(80, 3))
    reg = BackpropRegressor(
        (8,), "tanh", solver=solver, learning_rate_init=0.02, max_iter=400, n_iter_no_change=5,
        warm_start=True, random_state=seed, early_stopping=early_stopping,
    )  # fmt: skip
    reg.fit(X, X[:, 0])
    epochs_before = len(reg.loss_curve_)
    reg.fit(X, 5 + 2 * X[:, 1])
    assert reg.n_iter_ > 10
    assert len(reg.loss_curve_) == epochs_before + reg.n_iter_
    assert reg.score(X, 5 + 2 * X[:, 1]) > 0.5


@IGNORE_CONVERGENCE
def test_warm_start_begins_each_fit_with_the_full_rate(rng, seed):
    """'adaptive' ends a fit at a rate of about a millionth; the next one starts afresh."""
    X = rng.normal(size=(80, 3))
    reg = BackpropRegressor(
        (8,), "tanh", solver="sgd", learning_rate="adaptive", learning_rate_init=0.02,
        max_iter=2000, n_iter_no_change=3, warm_start=True, random_state=seed,
    )  # fmt: skip
    reg.fit(X, X[:, 0])
    assert reg.n_iter_ < 2000
    constant = copy.deepcopy(reg).set_params(learning_rate="constant", max_iter=1)
    reg.set_params(max_iter=1).fit(X, X[:, 1])
    np.testing.assert_array_equal(reg.coefs_[0], constant.fit(X, X[:, 1]).coefs_[0])


# 4


@IGNORE_CONVERGENCE
@pytest.mark.parametrize("solver", SOLVERS)
def test_warm_start_publishes_what_it_claims(rng, solver, seed):
    """The best snapshot is a copy: later epochs, here ever worse ones, do not train it."""
    X, y = two_blobs(rng)
    X_val, y_val = two_blobs(rng)
    clf = BackpropClassifier(
        (6,), solver=solver, early_stopping=True, warm_start=True, max_iter=20, random_state=seed
    )
    clf.fit(X, y, X_val=X_val, y_val=y_val)
    assert clf.score(X_val, y_val) == clf.best_validation_score_
    for _ in range(2):
        clf.set_params(learning_rate_init=0.5, n_iter_no_change=3)
        clf.fit(X, 1 - y, X_val=X_val, y_val=y_val)
        assert clf.score(X_val, y_val) == clf.best_validation_score_


@IGNORE_CONVERGENCE
@pytest.mark.parametrize("solver", SOLVERS)
def test_warm_start_keeps_the_validation_part_apart(rng, solver, seed):
    X, y = two_blobs(rng)
    scorer = Recorder()
    clf = BackpropClassifier(
        (6,), solver=solver, early_stopping=True, warm_start=True, max_iter=4,
        random_state=np.random.RandomState(seed), scoring=scorer,
    )  # fmt: skip
    for _ in range(3):
        clf.fit(X, y)
    first = np.sort(scorer.seen[0][0], axis=0)
    assert len(scorer.seen) >= 3
    for rows, _ in scorer.seen:
        np.testing.assert_array_equal(np.sort(rows, axis=0), first)


# 5


@pytest.mark.parametrize("solver", SOLVERS)
def test_targets_too_small_for_tol_are_named_in_a_warning(rng, solver, seed):
    """Same trajectory as there, and a warning: no fit could gain `tol` in an epoch."""
    X = rng.normal(size=(100, 4))
    y = 1e-3 * (X[:, 0] - 2 * X[:, 1])
    params = {"hidden_layer_sizes": (5,), "solver": solver, "max_iter": 1000, "random_state": seed}
    theirs = MLPRegressor(**params).fit(X, y)
    with pytest.warns(UserWarning, match=r"(?i)scale") as caught:
        ours = BackpropRegressor(**params).fit(X, y)
    assert ours.n_iter_ == theirs.n_iter_
    assert any("tol" in str(w.message) for w in caught)


@pytest.mark.parametrize("solver", SOLVERS)
def test_targets_of_usual_scale_are_not_warned_about(rng, solver, seed):
    X = rng.normal(size=(100, 4))
    BackpropRegressor((5,), solver=solver, max_iter=2000, random_state=seed, tol=1e-3).fit(
        X, X[:, 0] - 2 * X[:, 1]
    )


@pytest.mark.parametrize(("solver", "tol"), [("lbfgs", 0.02), ("adam", 0.2), ("sgd", 0.2)])
def test_a_large_tol_is_not_blamed_on_a_scaled_target(rng, solver, tol, seed):
    X = rng.normal(size=(100, 4))
    net = BackpropRegressor((5,), solver=solver, max_iter=1000, random_state=seed, tol=tol)
    net.fit(X, X[:, 0] / X[:, 0].std())
    with pytest.warns(ConvergenceWarning, match="large for the scale of y"):
        net.fit(X, 0.05 * X[:, 0])


# 6


def test_lbfgs_trains_more_than_a_thousand_outputs(rng, seed):
    """#8349: loss and gradient are one function, so the line search accepts its steps."""
    X = rng.normal(size=(60, 5))
    Y = X @ rng.normal(size=(5, 1500)) + 0.1 * rng.normal(size=(60, 1500))
    reg = BackpropRegressor((), solver="lbfgs", max_iter=200, tol=1e-6, random_state=seed)
    reg.fit(X, Y)
    exact = np.linalg.lstsq(np.column_stack([X, np.ones(60)]), Y, rcond=None)[0]
    residual = np.column_stack([X, np.ones(60)]) @ exact - Y
    assert np.mean((reg.predict(X) - Y) ** 2) < 1.01 * np.mean(residual**2)


@IGNORE_CONVERGENCE
@pytest.mark.parametrize("solver", SOLVERS)
def test_reported_loss_sums_over_the_outputs(rng, solver, seed):
    X, Y = rng.normal(size=(50, 3)), rng.normal(size=(50, 4))
    reg = BackpropRegressor((5,), solver=solver, alpha=0.7, max_iter=1, random_state=seed)
    reg.set_params(learning_rate_init=STANDING_STILL, batch_size=50).fit(X, Y)
    squares = sum(np.sum(W**2) for W in reg.coefs_)
    expected = (0.5 * np.sum((reg.predict(X) - Y) ** 2) + 0.5 * 0.7 * squares) / 50
    assert reg.loss_ == pytest.approx(expected, rel=1e-9)


# 7


@IGNORE_CONVERGENCE
@pytest.mark.parametrize("solver", SOLVERS)
def test_validation_part_has_the_classes_in_proportion(rng, solver, seed):
    """Not only two classes: four of 5, 10, 25 and 60 %."""
    y = rng.permutation(np.repeat(["a", "b", "c", "d"], [10, 20, 50, 120]))
    scorer = Recorder()
    clf = BackpropClassifier(
        (3,), solver=solver, max_iter=2, early_stopping=True, scoring=scorer, random_state=seed
    )
    clf.fit(rng.normal(size=(200, 3)), y)
    labels, counts = np.unique(scorer.seen[0][1], return_counts=True)
    assert dict(zip(labels.tolist(), counts.tolist(), strict=True)) == {
        "a": 1, "b": 2, "c": 5, "d": 12,
    }  # fmt: skip


@IGNORE_CONVERGENCE
def test_class_too_small_to_stratify_is_warned_about(rng, seed):
    y = np.array([0] * 40 + [1] * 39 + [2])
    clf = BackpropClassifier((3,), max_iter=2, early_stopping=True, random_state=seed)
    with pytest.warns(UserWarning, match=r"(?i)strati"):
        clf.fit(rng.normal(size=(80, 3)), y)
    assert clf.predict_proba(np.zeros((1, 3))).shape == (1, 3)


# 8


@IGNORE_CONVERGENCE
@pytest.mark.parametrize("solver", SOLVERS)
def test_early_stopping_watches_the_chosen_score(rng, solver, seed):
    """#24411, #18507: with few positives accuracy says nothing, average precision does."""
    X, y = rng.normal(size=(400, 4)), np.zeros(400, dtype=int)
    y[np.argsort(X[:, 0] + 0.5 * rng.normal(size=400))[-12:]] = 1
    clf = BackpropClassifier(
        (5,), solver=solver, early_stopping=True, scoring="average_precision", max_iter=30,
        random_state=seed,
    )  # fmt: skip
    clf.fit(X, y, X_val=X, y_val=y)
    published = average_precision_score(y, clf.predict_proba(X)[:, 1])
    assert clf.best_validation_score_ == pytest.approx(published, rel=1e-12)
    assert clf.best_validation_score_ == max(clf.validation_scores_)
    assert len(set(clf.validation_scores_)) > 3


@IGNORE_CONVERGENCE
@pytest.mark.parametrize("solver", SOLVERS)
def test_early_stopping_watches_the_loss(rng, solver, seed):
    """Of many labels hardly any row is matched exactly; their loss still falls."""
    X = rng.normal(size=(150, 5))
    Y = (X @ rng.normal(size=(5, 12)) + rng.normal(size=(150, 12)) > 0).astype(int)
    clf = BackpropClassifier(
        (8,), solver=solver, early_stopping=True, scoring="loss", max_iter=8, random_state=seed
    )
    clf.fit(X, Y)
    assert clf.validation_scores_ == [-loss for loss in clf.validation_loss_curve_]
    assert len(set(clf.validation_scores_)) == len(clf.validation_scores_)


@IGNORE_CONVERGENCE
def test_early_stopping_watches_a_callable(rng, seed):
    X, y = two_blobs(rng)
    scores = iter([0.1, 0.9, 0.3, 0.2, 0.5])
    clf = BackpropClassifier(
        (4,), early_stopping=True, max_iter=5, random_state=seed,
        scoring=lambda estimator, X, y: next(scores),
    )  # fmt: skip
    clf.fit(X, y)
    assert clf.validation_scores_ == [0.1, 0.9, 0.3, 0.2, 0.5]
    assert clf.best_iter_ == 2


@IGNORE_CONVERGENCE
@pytest.mark.parametrize("scoring", ["neg_max_error", lambda estimator, X, y: 0.5])
def test_scorers_without_weights_serve_weighted_fits(rng, scoring, seed):
    X, y = two_blobs(rng)
    reg = BackpropRegressor(
        (4,), early_stopping=True, max_iter=3, scoring=scoring, random_state=seed
    )
    reg.fit(X, y, rng.uniform(0.5, 2.0, size=len(X)))
    assert len(reg.validation_scores_) == 3


@IGNORE_CONVERGENCE
@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("scores", "best"), [([np.nan, 0.5, np.nan], 2), ([np.nan] * 3, None)])
def test_undefined_scores_are_no_improvement(rng, scores, best, solver, seed):
    """Average precision without a positive, say, is not a number."""
    X, y = two_blobs(rng)
    coming = iter(scores)
    clf = BackpropClassifier(
        (4,), solver=solver, early_stopping=True, max_iter=3, random_state=seed,
        scoring=lambda estimator, X, y: next(coming),
    )  # fmt: skip
    clf.fit(X, y)
    np.testing.assert_array_equal(clf.validation_scores_, scores)
    if best is not None:
        assert clf.best_iter_ == best
        assert clf.best_validation_score_ == 0.5


@IGNORE_CONVERGENCE
def test_early_stopping_watches_accuracy_and_r2_by_default(rng, seed):
    X, y = two_blobs(rng)
    params = {"hidden_layer_sizes": (4,), "early_stopping": True, "max_iter": 6}
    clf = BackpropClassifier(**params, random_state=seed).fit(X, y, X_val=X, y_val=y)
    assert clf.best_validation_score_ == np.mean(clf.predict(X) == y)
    reg = BackpropRegressor(**params, random_state=seed).fit(X, y, X_val=X, y_val=y)
    assert reg.best_validation_score_ == pytest.approx(r2_score(y, reg.predict(X)), rel=1e-12)


# 9


def diverging(**params):
    """A linear model that grows geometrically until it overflows, many epochs later."""
    return BackpropRegressor(
        (), solver="sgd", momentum=0.0, learning_rate_init=30.0, max_iter=3000,
        n_iter_no_change=5000, **params,
    )  # fmt: skip


def test_divergence_ends_the_fit_with_an_error_that_says_where(rng, seed):
    X, y = 3 * rng.normal(size=(60, 3)), rng.normal(size=60)
    reg = diverging(random_state=seed)
    with pytest.raises(ValueError, match=f"^{re.escape(THEIR_SENTENCE)}") as caught:
        reg.fit(X, y)
    message = str(caught.value)
    assert re.search(r"epoch \d+", message)
    numbers = [float(number) for number in re.findall(r"\d+\.?\d*(?:e[+-]?\d+)?", message)]
    assert 30.0 in numbers
    assert np.isclose(numbers, np.abs(X).max(), rtol=0.01).any()
    with pytest.raises(NotFittedError):
        check_is_fitted(reg)


def test_divergence_leaves_the_estimator_as_it_was(rng, seed):
    X, y = rng.normal(size=(60, 3)), rng.normal(size=60)
    reg = BackpropRegressor((), solver="lbfgs", random_state=seed).fit(X, y)
    before = copy.deepcopy(vars(reg))
    with pytest.raises(ValueError, match="non-finite"):
        reg.set_params(**diverging().get_params()).fit(3 * X, y)
    reg.set_params(solver="lbfgs")
    assert reg.n_iter_ == before["n_iter_"]
    assert reg.loss_curve_ == before["loss_curve_"]
    np.testing.assert_array_equal(reg.coefs_[0], before["coefs_"][0])
    assert np.isfinite(reg.predict(X)).all()


def test_diverged_early_stopping_publishes_the_best_epoch(rng, seed):
    X, y = 3 * rng.normal(size=(60, 3)), rng.normal(size=60)
    reg = diverging(early_stopping=True, random_state=seed)
    with pytest.warns(ConvergenceWarning, match=r"(?i)diverge"):
        reg.fit(X, y, X_val=X, y_val=y)
    assert reg.best_iter_ < reg.n_iter_ < 3000
    assert reg.score(X, y) == pytest.approx(reg.best_validation_score_, rel=1e-9)
    assert "diverge" in reg.stop_reason_.lower()


# 10


@IGNORE_CONVERGENCE
def test_partial_fit_shuffles_anew_in_each_call(rng, seed):
    X, y = two_blobs(rng)
    clf = BackpropClassifier((5,), batch_size=10, max_iter=6, random_state=seed)
    whole = copy.deepcopy(clf).fit(X, y)
    for _ in range(6):
        clf.partial_fit(X, y, classes=[0, 1])
    for one, other in zip(clf.coefs_, whole.coefs_, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-9)


# 11


@IGNORE_CONVERGENCE
@pytest.mark.parametrize("batch_size", [7, 50])
def test_loss_curve_is_the_weighted_mean(rng, batch_size, seed):
    X, y = rng.normal(size=(50, 3)), rng.normal(size=50)
    sample_weight = rng.uniform(0.01, 100, size=50)
    reg = BackpropRegressor(
        (4,), alpha=0.0, learning_rate_init=STANDING_STILL, max_iter=2, batch_size=batch_size,
        random_state=seed,
    )  # fmt: skip
    reg.fit(X, y, sample_weight)
    expected = np.average(0.5 * (reg.predict(X) - y) ** 2, weights=sample_weight)
    np.testing.assert_allclose(reg.loss_curve_, expected, rtol=1e-9)


@IGNORE_CONVERGENCE
@pytest.mark.parametrize("n_classes", [2, 3])
def test_loss_curve_is_not_clipped(rng, n_classes, seed):
    """Theirs ends at 36.04, minus the logarithm of the machine epsilon."""
    X, y = 1000 * rng.normal(size=(60, 3)), np.arange(60) % n_classes
    clf = BackpropClassifier(
        (), alpha=0.0, learning_rate_init=STANDING_STILL, max_iter=1, random_state=seed
    ).fit(X, y)
    raw = clf.decision_function(X)
    raw = np.column_stack([np.zeros(60), raw]) if n_classes == 2 else raw
    expected = np.mean(np.logaddexp.reduce(raw, axis=1) - raw[np.arange(60), y])
    assert expected > 100
    assert clf.loss_ == pytest.approx(expected, rel=1e-9)


# 12


@IGNORE_CONVERGENCE
@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel"])
def test_log_probabilities_are_finite(rng, task, seed):
    X = rng.normal(size=(60, 3))
    y = {"binary": np.arange(60) % 2, "multiclass": np.arange(60) % 3,
         "multilabel": rng.integers(0, 2, size=(60, 4))}[task]  # fmt: skip
    clf = BackpropClassifier((5,), max_iter=3, random_state=seed).fit(X, y)
    far = 1e4 * X
    raw, log_proba = clf.decision_function(far), clf.predict_log_proba(far)
    assert np.isfinite(log_proba).all()
    if task == "multiclass":
        expected = raw - np.logaddexp.reduce(raw, axis=1, keepdims=True)
    else:
        expected = -np.logaddexp(0, -raw)
        if task == "binary":
            expected = np.column_stack([-np.logaddexp(0, raw), expected])
    np.testing.assert_allclose(log_proba, expected, rtol=1e-9, atol=1e-15)
    probabilities = clf.predict_proba(far)
    np.testing.assert_allclose(np.exp(log_proba), probabilities, rtol=1e-9, atol=1e-15)
    floor = np.log(np.finfo(float).tiny)
    np.testing.assert_allclose(np.log(probabilities), np.maximum(log_proba, floor), rtol=1e-12)


# 13


@pytest.mark.parametrize("solver", SOLVERS)
def test_poisson_refuses_negative_targets(rng, solver, seed):
    y = np.ones(30)
    y[4] = -1.0
    reg = BackpropRegressor((3,), loss="poisson", solver=solver, random_state=seed)
    with pytest.raises(ValueError, match=r"(?i)poisson|negative"):
        reg.fit(rng.normal(size=(30, 2)), y)


@IGNORE_CONVERGENCE
def test_poisson_loss_is_finite_where_the_prediction_underflows(rng, seed):
    params = {"hidden_layer_sizes": (), "loss": "poisson", "alpha": 0.0, "max_iter": 1,
              "learning_rate_init": STANDING_STILL, "random_state": seed}  # fmt: skip
    w = BackpropRegressor(**params).fit(np.ones((10, 3)), np.ones(10)).coefs_[0][:, 0]
    X = -np.outer(rng.uniform(800, 900, size=10), w / (w @ w))
    y = np.arange(10.0)
    reg = BackpropRegressor(**params).fit(X, y)
    assert (reg.predict(X) == 0).all()
    raw = X @ reg.coefs_[0][:, 0] + reg.intercepts_[0]
    constant = y * np.log(np.maximum(y, 1)) - y
    assert reg.loss_ == pytest.approx(np.mean(constant - y * raw), rel=1e-9)
