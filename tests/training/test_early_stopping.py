"""When to stop: scikit-learn's rule of patience, and what is watched."""

import contextlib
import copy
import pickle
from functools import partial

import numpy as np
import pytest

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.training.patience import Patience

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def run(patience, values):
    """Number of values after which patience has run out; None if it has not."""
    for i, value in enumerate(values, start=1):
        patience.update(value)
        if patience.exhausted:
            return i
    return None


@pytest.mark.parametrize("n_iter_no_change", [1, 2, 5])
def test_runs_out_after_one_epoch_more_than_the_name_says(n_iter_no_change):
    patience = Patience(tol=0.1, n_iter_no_change=n_iter_no_change)
    assert run(patience, [1.0] * 100) == n_iter_no_change + 2  # the first one is the best


def test_an_improvement_of_tol_begins_a_new_row():
    patience = Patience(tol=0.25, n_iter_no_change=2)
    counts = []
    for value in [2.0, 1.75, 1.6, 1.5, 1.25, 1.5, 1.0]:
        patience.update(value)
        counts.append(patience.count)
    assert counts == [0, 0, 1, 2, 0, 1, 0]


def test_small_improvements_count_as_none_but_lower_the_best():
    """Steps below tol never end the row, however far they lead."""
    patience = Patience(tol=0.1, n_iter_no_change=3)
    assert run(patience, 1 - 0.05 * np.arange(100)) == 5
    assert patience.best == pytest.approx(0.8)


def test_with_zero_tol_an_equal_value_is_no_row():
    """The rule is ``value > best - tol``, so that with tol=0 a constant loss goes on for ever."""
    assert run(Patience(tol=0.0, n_iter_no_change=1), [1.0] * 100) is None
    assert run(Patience(tol=0.0, n_iter_no_change=1), [1.0, 1.1, 1.1, 1.1]) == 3


def test_update_tells_whether_a_value_is_the_best():
    patience = Patience(tol=1.0, n_iter_no_change=10)
    assert [patience.update(value) for value in [3.0, 3.0, 2.9, 5.0, 2.95]] == [
        True,
        False,
        True,
        False,
        False,
    ]


def test_nan_is_no_improvement():
    patience = Patience(tol=0.0, n_iter_no_change=1)
    assert not patience.update(np.nan)
    assert patience.best == np.inf
    assert patience.update(1.0)
    assert run(patience, [np.nan] * 5) == 2
    assert patience.best == 1.0


def test_scores_with_their_sign_changed():
    patience = Patience(tol=0.0, n_iter_no_change=5)
    assert patience.update(-0.5)
    assert not patience.update(-0.4)
    assert patience.update(-0.6)
    assert patience.best == -0.6


def test_infinite_patience_never_runs_out():
    assert run(Patience(tol=0.1, n_iter_no_change=np.inf), [1.0] * 1000) is None


def test_a_renewed_patience_keeps_the_best_value():
    patience = Patience(tol=0.1, n_iter_no_change=2)
    assert run(patience, [1.0] * 10) == 4
    patience.renew()
    assert not patience.exhausted
    assert patience.best == 1.0
    assert run(patience, [1.0] * 10) == 3


def test_follows_another_patience_with_its_own_limits():
    earlier = Patience(tol=0.1, n_iter_no_change=2)
    run(earlier, [1.0, 1.0, 1.0])
    later = Patience(tol=0.5, n_iter_no_change=4)
    later.follow(earlier)
    assert (later.best, later.count) == (1.0, 2)
    assert run(later, [0.6] * 10) == 3
    assert (earlier.best, earlier.count) == (1.0, 2)


def test_following_nothing_changes_nothing():
    patience = Patience(tol=0.1, n_iter_no_change=2)
    patience.follow(None)
    assert (patience.best, patience.count) == (np.inf, 0)


# ---- what is watched

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
POSITIVE = np.exp(X[:, 0] + 0.1 * RNG.normal(size=40))
WORDS = np.array(["a", "b", "c"])[np.digitize(X[:, 0], [-0.5, 0.5])]
SMALL = {"hidden_layer_sizes": (3,), "max_iter": 3, "random_state": 0}


def test_a_type_error_of_a_scorer_comes_out():
    """It is not taken for a scorer that wants no weights."""

    def scorer(net, X, y):
        return len(3)

    for weights in ({}, {"sample_weight_val": np.ones(40)}):
        net = BackpropClassifier(**SMALL, scoring=scorer)
        with pytest.raises(TypeError, match="has no len"):
            net.fit(X, WORDS, X_val=X, y_val=WORDS, **weights)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("scoring", [None, "loss", "accuracy"])
@pytest.mark.parametrize("validation", [{}, {"X_val": X, "y_val": WORDS}])
def test_a_second_fit_is_scored_as_the_first(solver, scoring, validation):
    """Also where the network has another shape, and other classes, than the fit before."""
    net = BackpropClassifier(**SMALL, solver=solver, scoring=scoring, early_stopping=True)
    first = net.fit(X, WORDS, **validation).validation_scores_
    assert net.fit(X, WORDS, **validation).validation_scores_ == first
    net.set_params(hidden_layer_sizes=(2, 2)).fit(X[:, :2], WORDS == "a")
    net.set_params(hidden_layer_sizes=(3,)).fit(X, WORDS, **validation)
    assert net.validation_scores_ == first


@pytest.mark.parametrize("by", ["sample_weight", "class_weight"])
def test_a_warm_start_validates_with_no_row_that_it_was_trained_on(by):
    """Also where the weights leave out other rows, and as many."""
    y, numbered, validated = np.arange(40) // 10, np.c_[np.arange(40), X[:, 1:]], []

    def scorer(net, X, y, sample_weight=None):
        validated.append(X[:, 0].astype(int))
        return 0.0

    net = BackpropClassifier(**SMALL, early_stopping=True, warm_start=True, scoring=scorer)
    trained = []
    for left_out in (0, 3, 1):
        counts = y != left_out
        if by == "class_weight":
            net.set_params(class_weight={left_out: 0.0})
        net.fit(numbered, y, counts if by == "sample_weight" else None)
        assert set(validated[-1]) <= set(np.flatnonzero(counts))
        trained += [*np.setdiff1d(np.flatnonzero(counts), validated[-1])]
    assert not np.isin(trained, np.concatenate(validated)).any()


def test_a_split_without_rows_that_count_is_refused():
    net = BackpropClassifier(**SMALL, early_stopping=True, warm_start=True).fit(X, WORDS)
    for part in net._state.split:
        weight = np.ones(40)
        weight[part] = 0
        with pytest.raises(ValueError, match="warm_start keeps the split of the previous fit"):
            net.fit(X, WORDS, weight)


@pytest.mark.parametrize(("loss", "factor"), [("squared_error", 1.7e308), ("poisson", 1e5)])
def test_a_validation_score_that_overflows_is_nan(loss, factor):
    """Infinite raw predictions, and predictions that are infinite only as exponentials."""
    far = factor * np.sign(X)
    net = BackpropRegressor(**SMALL, loss=loss).fit(X, POSITIVE, X_val=far, y_val=POSITIVE)
    assert np.isnan(net.validation_scores_).all()
    assert np.isnan(net.best_validation_score_)
    assert np.isfinite(net.loss_curve_).all()


COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda net: pickle.loads(pickle.dumps(net)),
    "export": BackpropClassifier.to_sklearn,
}


def score_of_a_copy(net, X, y, copy_of):
    return COPIES[copy_of](net).score(X, y)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("copy_of", COPIES)
def test_a_scorer_can_copy_what_it_is_given(copy_of, solver):
    """joblib does, for more than one process."""
    scoring = partial(score_of_a_copy, copy_of=copy_of)
    net = BackpropClassifier(**SMALL, solver=solver, scoring=scoring)
    for _ in range(2):
        net.fit(X, WORDS, X_val=X, y_val=WORDS)
        assert net.validation_scores_[-1] == net.score(X, WORDS)
        net.set_params(warm_start=True, solver="adam")
    net.partial_fit(X, WORDS)


# ---- the split of fits that go on


class KeepingRows:
    """A scorer that keeps the validation rows, and can be a Ctrl-C."""

    def __init__(self):
        self.rows = []
        self.interrupts = False

    def __call__(self, net, X, y):
        self.rows.append(X)
        if self.interrupts and len(self.rows) == 3:
            raise KeyboardInterrupt
        return 0.0


@pytest.mark.parametrize("interrupted", [False, True])
@pytest.mark.parametrize("seed_or_generator", [0, None, np.random.RandomState(0)])
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_a_warm_start_keeps_the_split(solver, seed_or_generator, interrupted):
    """After Ctrl-C it drew another one, with rows in it that had been trained on."""
    scorer = KeepingRows()
    net = BackpropClassifier(
        **SMALL | {"max_iter": 5, "random_state": seed_or_generator}, solver=solver,
        scoring=scorer, early_stopping=True, warm_start=True,
    )  # fmt: skip
    scorer.interrupts = interrupted
    with pytest.raises(KeyboardInterrupt) if interrupted else contextlib.nullcontext():
        net.fit(X, WORDS)
    net.fit(X, WORDS)
    assert len(scorer.rows) == (8 if interrupted else 10)
    for rows in scorer.rows:
        np.testing.assert_array_equal(rows, scorer.rows[0])


def test_another_seed_draws_another_split():
    """``random_state`` is the source of the split, in a warm start, too."""
    scorer = KeepingRows()
    net = BackpropClassifier(**SMALL, scoring=scorer, early_stopping=True, warm_start=True)
    net.fit(X, WORDS).set_params(random_state=1).fit(X, WORDS)
    assert not np.array_equal(scorer.rows[0], scorer.rows[-1])


# ---- limits of tol

FEW_ROWS = np.random.default_rng(0).normal(size=(20, 3))
TWO_EPOCHS = {"hidden_layer_sizes": (3,), "max_iter": 2, "random_state": 0}


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_huge_tol_does_not_overflow(solver):
    """Its square was an OverflowError."""
    net = BackpropRegressor(**TWO_EPOCHS | {"solver": solver, "tol": 1e300, "n_iter_no_change": 1})
    assert np.isfinite(net.fit(FEW_ROWS, FEW_ROWS[:, 0]).loss_)
