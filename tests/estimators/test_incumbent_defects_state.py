"""Defects of state and interface in scikit-learn 1.9's MLP, each with the behaviour we promise."""

import copy

import numpy as np
import pytest

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.activations import LeakyReLU, ReLU

SOLVERS = ["sgd", "adam", "lbfgs"]
STOCHASTIC = ["sgd", "adam"]
STANDING_STILL = 1e-300  # a learning rate that moves nothing by itself

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def rng(seed):
    return np.random.default_rng(seed)


@pytest.fixture
def blobs(rng):
    """Two overlapping classes and a second sample of them."""
    y = np.arange(100) % 2
    X, X_val = (rng.normal(size=(100, 4)) + y[:, None] for _ in range(2))
    return X, y, X_val, y


def parameters(est):
    return [*est.coefs_, *est.intercepts_]


def assert_same_parameters(one, other, rtol=1e-9):
    for a, b in zip(parameters(one), parameters(other), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=rtol * np.abs(b).max())


# 14


@pytest.mark.parametrize("solver", SOLVERS)
def test_best_epoch_is_named(blobs, solver, seed):
    """Training again for just `best_iter_` epochs gives the published parameters."""
    X, y, X_val, y_val = blobs
    clf = BackpropClassifier(
        (8,), solver=solver, early_stopping=True, scoring="loss", max_iter=40, batch_size=20,
        n_iter_no_change=40, learning_rate_init=0.05, random_state=seed,
    )  # fmt: skip
    clf.fit(X, y, X_val=X_val, y_val=y_val)
    assert clf.best_iter_ == 1 + np.argmin(clf.validation_loss_curve_)
    assert len(clf.validation_loss_curve_) == len(clf.validation_scores_) == clf.n_iter_
    assert clf.best_iter_ < clf.n_iter_
    short = copy.deepcopy(clf).set_params(early_stopping=False, max_iter=clf.best_iter_)
    assert_same_parameters(clf, short.fit(X, y))


@pytest.mark.parametrize("solver", SOLVERS)
def test_validation_data_are_recorded_without_early_stopping(blobs, solver, seed):
    X, y, X_val, y_val = blobs
    clf = BackpropClassifier((8,), solver=solver, max_iter=6, random_state=seed)
    unwatched = copy.deepcopy(clf).fit(X, y)
    clf.fit(X, y, X_val=X_val, y_val=y_val)
    assert_same_parameters(clf, unwatched)
    assert clf.best_iter_ == clf.n_iter_
    assert len(clf.validation_scores_) == len(clf.validation_loss_curve_) == clf.n_iter_
    assert clf.validation_scores_[-1] == clf.score(X_val, y_val)
    assert unwatched.validation_loss_curve_ is None


# 15


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("solver", SOLVERS)
def test_early_stopping_can_be_toggled_between_warm_starts(blobs, solver, first, seed):
    X, y, *_ = blobs
    clf = BackpropClassifier((5,), solver=solver, warm_start=True, max_iter=4, random_state=seed)
    for early_stopping in (first, not first, first):
        clf.set_params(early_stopping=early_stopping).fit(X, y)
        assert (clf.best_validation_score_ is None) == (not early_stopping)
    assert clf.score(X, y) > 0.3


@pytest.mark.parametrize("second", SOLVERS)
@pytest.mark.parametrize("first", SOLVERS)
def test_solver_can_change_between_warm_starts(blobs, first, second, seed):
    """And the second goes on where the first has ended."""
    X, y, *_ = blobs
    clf = BackpropClassifier((5,), solver=first, warm_start=True, max_iter=10, random_state=seed)
    end = clf.fit(X, y).loss_
    clf.set_params(solver=second, learning_rate_init=1e-6, max_iter=1).fit(X, y)
    assert clf.loss_ < end + 0.05
    assert clf.n_iter_ == 1


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("hidden_layer_sizes", [(6,), (5, 5), ()])
def test_new_architecture_between_warm_starts_is_refused(blobs, solver, hidden_layer_sizes, seed):
    X, y, *_ = blobs
    clf = BackpropClassifier((5,), solver=solver, warm_start=True, max_iter=3, random_state=seed)
    clf.fit(X, y).set_params(hidden_layer_sizes=hidden_layer_sizes)
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        clf.fit(X, y)
    assert clf.coefs_[0].shape == (4, 5)


@pytest.mark.parametrize("activation", ["gaussian", LeakyReLU(0.2), ["relu", "tanh"]])
def test_new_activation_between_warm_starts_is_refused(blobs, activation, seed):
    """The weights had gone on as those of another function."""
    X, y, *_ = blobs
    clf = BackpropClassifier((5, 4), warm_start=True, max_iter=3, random_state=seed).fit(X, y)
    for same in ("relu", ReLU(), ["relu", ReLU()]):
        clf.set_params(activation=same).fit(X, y).partial_fit(X, y)
    clf.set_params(activation=activation)
    for method in (clf.fit, clf.partial_fit):
        with pytest.raises(
            ValueError, match=r"activation .* continues a network 4 -> 5 relu -> 4 relu -> 1"
        ):
            method(X, y)
    start = {"coef_init": clf.coefs_, "intercept_init": clf.intercepts_}
    clf.set_params(warm_start=False).fit(X, y, **start)


def test_warm_start_at_the_optimum_has_nothing_to_do(rng, seed):
    """No iteration, but a fitted estimator all the same."""
    X = rng.normal(size=(60, 3))
    reg = BackpropRegressor(
        (), solver="lbfgs", alpha=0.0, warm_start=True, tol=1e-3, random_state=seed
    ).fit(X, X[:, 0])
    before = copy.deepcopy(reg)
    reg.fit(X, X[:, 0])
    assert reg.n_iter_ == 0
    assert reg.loss_ == pytest.approx(before.loss_, rel=1e-6)
    assert reg.loss_curve_ == before.loss_curve_
    assert_same_parameters(reg, before)


# 16


@pytest.mark.parametrize("solver", STOCHASTIC)
def test_new_rate_is_used_by_the_next_partial_fit(blobs, solver, seed):
    """From one state, twice the rate is twice the step."""
    X, y, *_ = blobs
    clf = BackpropClassifier(
        (5,), solver=solver, momentum=0.0, batch_size=100, random_state=seed
    ).partial_fit(X, y, classes=[0, 1])
    once, twice = copy.deepcopy(clf), copy.deepcopy(clf)
    once.set_params(learning_rate_init=1e-4).partial_fit(X, y)
    twice.set_params(learning_rate_init=2e-4).partial_fit(X, y)
    step = once.coefs_[0] - clf.coefs_[0]
    assert np.abs(step).max() > 0
    np.testing.assert_allclose(twice.coefs_[0] - clf.coefs_[0], 2 * step, rtol=1e-6, atol=1e-12)


def test_new_solver_starts_with_fresh_moments_in_partial_fit(blobs, seed):
    """At a rate of nothing only old moments could move the parameters."""
    X, y, *_ = blobs
    clf = BackpropClassifier((5,), solver="sgd", learning_rate_init=0.1, random_state=seed)
    for solver in ("adam", "sgd"):
        for _ in range(3):
            clf.partial_fit(X, y, classes=[0, 1])
        before = copy.deepcopy(clf)
        clf.set_params(solver=solver, learning_rate_init=STANDING_STILL).partial_fit(X, y)
        assert_same_parameters(clf, before, rtol=1e-12)
        clf.set_params(learning_rate_init=0.1)


@pytest.mark.parametrize("solver", STOCHASTIC)
def test_moments_from_before_lbfgs_are_dropped(blobs, solver, seed):
    """They are those of other parameters."""
    X, y, *_ = blobs
    clf = BackpropClassifier(
        (5,), solver=solver, max_iter=5, shuffle=False, warm_start=True, random_state=seed
    )
    fresh = copy.deepcopy(clf)
    clf.fit(X, y).set_params(solver="lbfgs").fit(X, y)
    fresh.fit(X, y, coef_init=clf.coefs_, intercept_init=clf.intercepts_)
    assert_same_parameters(clf.set_params(solver=solver).fit(X, y), fresh)


def test_new_penalty_is_used_by_the_next_partial_fit(blobs, seed):
    X, y, *_ = blobs
    clf = BackpropClassifier((5,), learning_rate_init=STANDING_STILL, random_state=seed)
    clf.partial_fit(X, y, classes=[0, 1]).set_params(alpha=200.0).partial_fit(X, y)
    squares = sum(np.sum(W**2) for W in clf.coefs_)
    gained = clf.loss_curve_[1] - clf.loss_curve_[0]
    assert gained == pytest.approx((200.0 - 1e-4) / 2 * squares / len(X), rel=1e-9)


# 17


def interrupted_fit(blobs, n_calls, **params):
    """A fit in which Ctrl-C arrives while the validation data are scored for the n-th time."""
    X, y, X_val, y_val = blobs
    calls = []

    def scorer(estimator, X, y):
        calls.append(1)
        if len(calls) == n_calls:
            raise KeyboardInterrupt
        return 1.0 if len(calls) == 2 else 0.5

    clf = BackpropClassifier((5,), scoring=scorer, max_iter=20, batch_size=20, **params)
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, y, X_val=X_val, y_val=y_val)
    return clf


@pytest.mark.parametrize("solver", SOLVERS)
def test_ctrl_c_publishes_the_last_epoch_and_goes_on(blobs, solver, seed):
    X, y, *_ = blobs
    clf = interrupted_fit(blobs, 5, solver=solver, random_state=seed)
    assert clf.n_iter_ in (4, 5)
    short = BackpropClassifier(
        (5,), solver=solver, max_iter=clf.n_iter_, batch_size=20, random_state=seed
    )
    assert_same_parameters(clf, short.fit(X, y))
    assert "interrupt" in clf.stop_reason_.lower()


@pytest.mark.parametrize("solver", SOLVERS)
def test_ctrl_c_under_early_stopping_publishes_the_best_epoch(blobs, solver, seed):
    X, y, *_ = blobs
    clf = interrupted_fit(blobs, 6, solver=solver, early_stopping=True, random_state=seed)
    assert clf.best_iter_ == 2
    short = BackpropClassifier((5,), solver=solver, max_iter=2, batch_size=20, random_state=seed)
    assert_same_parameters(clf, short.fit(X, y))


# 18


@pytest.mark.parametrize("solver", STOCHASTIC)
def test_warm_start_keeps_the_moments(blobs, solver, seed):
    X, y, *_ = blobs
    clf = BackpropClassifier((5,), solver=solver, batch_size=20, max_iter=12, random_state=seed)
    whole = copy.deepcopy(clf).fit(X, y)
    clf.set_params(warm_start=True, max_iter=4)
    for _ in range(3):
        clf.fit(X, y)
    assert_same_parameters(clf, whole)
    np.testing.assert_allclose(clf.loss_curve_, whole.loss_curve_, rtol=1e-9)


def test_new_momentum_keeps_the_velocity(blobs, seed):
    """Solver and architecture stay, so the moments do: at a rate of nothing they still move."""
    X, y, *_ = blobs
    clf = BackpropClassifier(
        (5,), solver="sgd", nesterovs_momentum=False, batch_size=100, random_state=seed
    ).partial_fit(X, y, classes=[0, 1])
    start = clf.coefs_[0].copy()
    velocity = clf.partial_fit(X, y).coefs_[0] - start
    clf.set_params(momentum=0.5, learning_rate_init=STANDING_STILL).partial_fit(X, y)
    np.testing.assert_allclose(clf.coefs_[0] - start - velocity, 0.5 * velocity, atol=1e-12)


# 19


@pytest.mark.parametrize("Estimator", [BackpropClassifier, BackpropRegressor])
def test_lbfgs_has_no_partial_fit(Estimator):
    assert not hasattr(Estimator(solver="lbfgs"), "partial_fit")
    assert hasattr(Estimator(solver="adam"), "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit"):
        Estimator(solver="lbfgs").partial_fit  # noqa: B018


# 20


def test_first_parameter_is_hidden_layer_sizes(blobs):
    X, y, *_ = blobs
    for Estimator in (BackpropClassifier, BackpropRegressor):
        est = Estimator((7, 3), "tanh", max_iter=2).fit(X, y)
        assert [W.shape for W in est.coefs_] == [(4, 7), (7, 3), (3, 1)]
        assert est.activation == "tanh"
    with pytest.raises((TypeError, ValueError), match="loss="):
        BackpropRegressor("poisson").fit(X, y)


# 21


def test_early_stopping_works_with_lbfgs(rng, seed):
    """Pure noise: the validation score only falls, and the fit ends on it."""
    X, y = rng.normal(size=(80, 6)), rng.normal(size=80)
    reg = BackpropRegressor(
        (20,), solver="lbfgs", early_stopping=True, n_iter_no_change=5, max_iter=2000,
        random_state=seed,
    )  # fmt: skip
    reg.fit(X, y)
    assert reg.n_iter_ < 200
    assert len(reg.validation_scores_) == len(reg.loss_curve_) == reg.n_iter_
    assert reg.best_validation_score_ == max(reg.validation_scores_)


def test_loss_curve_of_lbfgs_falls_to_the_final_loss(blobs, seed):
    X, y, *_ = blobs
    clf = BackpropClassifier((5,), solver="lbfgs", max_iter=15, random_state=seed).fit(X, y)
    assert len(clf.loss_curve_) == clf.n_iter_ == 15
    assert (np.diff(clf.loss_curve_) < 0).all()
    assert clf.loss_curve_[-1] == pytest.approx(clf.loss_, rel=1e-12)


@pytest.mark.parametrize("learning_rate", ["invscaling", "adaptive"])
def test_schedules_with_adam_warn_and_keep_the_rate(blobs, learning_rate, seed):
    X, y, *_ = blobs
    clf = BackpropClassifier((5,), max_iter=5, random_state=seed)
    constant = copy.deepcopy(clf).fit(X, y)
    with pytest.warns(UserWarning, match="learning_rate"):
        clf.set_params(learning_rate=learning_rate).fit(X, y)
    assert_same_parameters(clf, constant, rtol=0)


def test_solver_options_reach_scipy(blobs, seed):
    X, y, *_ = blobs
    clf = BackpropClassifier((5,), solver="lbfgs", max_iter=60, random_state=seed)
    usual = copy.deepcopy(clf).fit(X, y)
    lazy = copy.deepcopy(clf).set_params(solver_options={"ftol": 0.05}).fit(X, y)
    assert lazy.n_iter_ < usual.n_iter_
    forgetful = copy.deepcopy(clf).set_params(solver_options={"maxcor": 1}).fit(X, y)
    assert not np.allclose(forgetful.loss_curve_[:10], usual.loss_curve_[:10], rtol=1e-6)


# 22


@pytest.mark.parametrize("Estimator", [BackpropClassifier, BackpropRegressor])
def test_validation_fraction_of_zero_is_refused(blobs, Estimator):
    X, y, *_ = blobs
    with pytest.raises(ValueError, match="validation_fraction"):
        Estimator(early_stopping=True, validation_fraction=0).fit(X, y)


@pytest.mark.parametrize("solver", STOCHASTIC)
def test_partial_fit_does_not_claim_to_stop(blobs, solver, seed, capsys):
    X, y, *_ = blobs
    clf = BackpropClassifier(
        (3,), solver=solver, verbose=True, tol=10.0, n_iter_no_change=1, random_state=seed
    )
    for _ in range(6):
        clf.partial_fit(X, y, classes=[0, 1])
    printed = capsys.readouterr().out
    assert "loss" in printed
    assert "topping" not in printed


# 23


@pytest.mark.parametrize("early_stopping", [False, True])
@pytest.mark.parametrize("solver", SOLVERS)
def test_one_class_has_one_column_of_probability(rng, solver, early_stopping, seed):
    X = rng.normal(size=(30, 3))
    clf = BackpropClassifier(
        (3,), solver=solver, max_iter=3, early_stopping=early_stopping, random_state=seed
    ).fit(X, np.full(30, "only"))
    assert clf.classes_.tolist() == ["only"]
    np.testing.assert_array_equal(clf.predict_proba(X), np.ones((30, 1)))
    np.testing.assert_array_equal(clf.predict_log_proba(X), np.zeros((30, 1)))
    assert set(clf.predict(X)) == {"only"}


# 24


@pytest.mark.parametrize("solver", STOCHASTIC)
def test_multilabel_partial_fit_needs_no_classes(rng, solver, seed):
    """#12505"""
    X, Y = rng.normal(size=(40, 3)), rng.integers(0, 2, size=(40, 5))
    clf = BackpropClassifier((4,), solver=solver, max_iter=4, random_state=seed)
    whole = copy.deepcopy(clf).fit(X, Y)
    for _ in range(4):
        clf.partial_fit(X, Y)
    assert_same_parameters(clf, whole)
    assert clf.predict(X).shape == Y.shape


@pytest.mark.parametrize("solver", ["adam", "sgd"])
@pytest.mark.parametrize("n_columns", [1, 2])
def test_partial_fit_of_a_batch_without_every_class_after_a_warm_start(solver, n_columns):
    """The classes are those of the first call; warm_start asks for all of them in fit alone."""
    X, y = np.random.default_rng(0).normal(size=(30, 2)), np.arange(30) % 3
    part = y < 2
    y = y if n_columns == 1 else np.column_stack([y, 5 - y])
    clf = BackpropClassifier((4,), solver=solver, max_iter=3, warm_start=True, random_state=0)
    clf.fit(X, y)
    before = clf.coefs_[0].copy()
    clf.partial_fit(X[part], y[part])
    assert not np.array_equal(clf.coefs_[0], before)
    classes = [0, 1, 2] if n_columns == 1 else [[0, 1, 2], [3, 4, 5]]
    np.testing.assert_array_equal(clf.classes_, classes)
    with pytest.raises(ValueError, match="same classes as in the previous call to fit"):
        clf.fit(X[part], y[part])
