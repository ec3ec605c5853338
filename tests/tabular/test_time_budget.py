"""Fits with a time budget: more members, of drawn recipes, selected by rows they have not seen."""

import gc
import itertools
import time
import weakref

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from skbackprop import TabularClassifier, TabularRegressor
from skbackprop.losses import Quantile
from skbackprop.tabular import fitting, member_training
from skbackprop.tabular.plan import Among, MemberRows
from skbackprop.tabular.time_budget import TimeBudget, most_members

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 3))
NUMBERS = 100 + 10 * np.sin(2 * X[:, 0]) + X[:, 1] + 0.3 * RNG.normal(size=120)
WORDS = np.where(X[:, 0] * X[:, 1] > 0, "high", "low")
GROUPS = np.repeat(np.arange(12), 10)
QUICK = {"hidden_layer_sizes": (6,), "max_iter": 4, "min_steps": 1, "random_state": 0}
TARGETS = {TabularClassifier: WORDS, TabularRegressor: NUMBERS}
every_estimator = pytest.mark.parametrize("cls", TARGETS)

# Seconds that pass, for a fit, with each look at the clock. They are many more than a network
# needs, so that the budget counts networks.
TICK = 1000


@pytest.fixture
def ticks(monkeypatch):
    """A clock that moves on when one looks at it."""
    clock = itertools.count(0, TICK)
    monkeypatch.setattr("skbackprop.tabular.time_budget.perf_counter", lambda: next(clock))


def time_for(n_members, n_always=2):
    """The budget in which so many members are trained, if the clock ticks."""
    return (n_members - n_always) * TICK + TICK / 2


def grown(cls, n_members=14, **parameters):
    budget = time_for(n_members)
    return cls(2, **QUICK | {"time_budget": budget} | parameters)


def arrays_of(member):
    return [*member.network.coefs, *member.network.intercepts]


def same(a, b):
    pairs = zip(arrays_of(a), arrays_of(b), strict=False)
    return all(np.array_equal(one, other) for one, other in pairs)


@every_estimator
@pytest.mark.parametrize("n_members", [2, 3, 9, 14])
def test_members_are_trained_as_long_as_the_time_lasts(ticks, cls, n_members):
    model = grown(cls, n_members).fit(X, TARGETS[cls])
    assert len(model.ensemble_loss_curve_) == n_members
    n_selected = len(model.members_)
    assert n_selected <= n_members
    assert len(model.member_weights_) == len(model.member_recipes_) == n_selected
    assert model.member_weights_.min() > 0
    assert model.member_weights_.sum() == pytest.approx(1)


def test_the_time_is_about_what_was_asked_for():
    TabularClassifier(2, **QUICK).fit(X, WORDS)  # the first fit of a process takes longer
    begin = time.perf_counter()
    model = TabularClassifier(2, **QUICK | {"time_budget": 1.0}).fit(X, WORDS)
    # A network starts if it is likely to end in time. A slow machine may be late by some.
    assert 0.5 < time.perf_counter() - begin < 10
    assert len(model.ensemble_loss_curve_) > 2


def test_a_network_starts_if_it_is_likely_to_end_in_time(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("skbackprop.tabular.time_budget.perf_counter", lambda: now[0])
    budget = TimeBudget(10, n_always=1)
    for seconds in (2.0, 6.0):  # a mean of 4
        budget.add(seconds)
    now[0] = 5.9
    assert budget.allows(1)
    now[0] = 6.1
    assert not budget.allows(2)
    assert budget.allows(0)
    for _ in range(9):
        budget.add(0.1)
    assert not budget.allows(3)  # otherwise the members would not be the first ones


def test_as_many_networks_as_are_required():
    assert most_members(TabularClassifier(1200, time_budget=1)) == 1200
    assert most_members(TabularClassifier(4, time_budget=1)) == 1000
    assert most_members(TabularClassifier(4)) == 4


@every_estimator
def test_predictions_are_the_weighted_mean(ticks, cls):
    model = grown(cls).fit(X, TARGETS[cls])
    raw, target, _ = model._raw_predictions(X)
    assert len(set(model.member_weights_)) > 1
    if cls is TabularRegressor:
        each = [target.predict(one) for one in raw]
        mean = np.average(each, axis=0, weights=model.member_weights_)
        variance = np.average((each - mean) ** 2, axis=0, weights=model.member_weights_)
        predicted, std = model.predict(X, return_std=True)
        np.testing.assert_allclose(predicted, mean)
        np.testing.assert_allclose(std, np.sqrt(variance))
    else:
        mean = np.average(raw, axis=0, weights=model.member_weights_)[:, 0]
        np.testing.assert_allclose(model.decision_function(X), mean)


@every_estimator
def test_the_same_seed_gives_the_same_members_whatever_the_budget(ticks, cls):
    small, large = (grown(cls, n).fit(X, TARGETS[cls]) for n in (11, 16))
    one, other = map(members_with_own_recipes, (small, large))
    shared = one.keys() & other.keys()
    assert len(shared) > 1
    assert all(same(one[recipe], other[recipe]) for recipe in shared)


def members_with_own_recipes(model):
    """Members whose recipe was drawn, by the recipe."""
    pairs = zip(model.member_recipes_, model.members_, strict=True)
    return {str(recipe): member for recipe, member in pairs if "dropout" in recipe}


@every_estimator
def test_threads_change_nothing(ticks, cls):
    fits = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads):
            fits.append(grown(cls).fit(X, TARGETS[cls]))
    one, two = fits
    assert one.ensemble_loss_curve_ == two.ensemble_loss_curve_
    np.testing.assert_array_equal(one.member_weights_, two.member_weights_)
    np.testing.assert_array_equal(one.predict(X), two.predict(X))


def test_recipes_are_those_of_the_networks(ticks):
    model = grown(TabularClassifier, 20).fit(X, WORDS)
    drawn = list(zip(model.member_recipes_, model.members_, strict=True))[-5:]
    for recipe, member in drawn:
        sizes = member.network.layer_units[-1 - len(recipe["hidden_layer_sizes"]) : -1]
        assert sizes == recipe["hidden_layer_sizes"]
        assert all(type(value) is not np.float64 for value in recipe.values())
    space = clone(model).search_space()
    for recipe, _ in drawn:
        assert recipe.keys() == space.keys() | {"target_encoding"}
        for name, values in space.items():
            if isinstance(values, list):
                assert recipe[name] in values
            else:
                low, high = values.support()
                assert low <= recipe[name] <= high


def test_the_selection_is_by_the_validation_data(ticks):
    """The last entry of the curve is the loss of the predictions for these rows."""
    model = grown(TabularClassifier).fit(X[:80], WORDS[:80], X_val=X[80:], y_val=WORDS[80:])
    reached = log_loss(WORDS[80:], model.predict_proba(X[80:]))
    assert model.ensemble_loss_curve_[-1] == pytest.approx(reached, rel=1e-5)
    assert model.ensemble_loss_curve_ == sorted(model.ensemble_loss_curve_, reverse=True)


ROWS = np.arange(120)
SPLITS = {
    "halves": [(ROWS[60:], ROWS[:60]), (ROWS[:60], ROWS[60:])],
    "groups": GroupKFold(3),
}


@pytest.mark.parametrize("name", SPLITS)
def test_members_of_a_fold_are_selected_by_its_rows(ticks, name):
    """Each split holds out its rows, whole groups if asked for, and has the same total weight."""
    validation = SPLITS[name]
    model = grown(TabularRegressor, 10, validation=validation).fit(X, NUMBERS, groups=GROUPS)
    pairs = validation if name == "halves" else list(validation.split(X, NUMBERS, GROUPS))
    losses = [loss_of_split(model, rows, 1 / len(pairs)) for _, rows in pairs]
    assert model.ensemble_loss_curve_[-1] == pytest.approx(np.mean(losses), rel=1e-4)
    for (_, rows), loss in zip(pairs, losses, strict=True):
        held_out = (model.oof_prediction_[rows] - NUMBERS[rows]) / model.scale_
        assert 0.5 * np.mean(held_out**2) == pytest.approx(loss, rel=1e-4)


def loss_of_split(model, rows, total_weight):
    """Loss for these rows of the weighted members that held them out."""
    raw, target, weights = model._raw_predictions(X[rows])
    errors = (np.array([target.predict(each) for each in raw]) - NUMBERS[rows]) / model.scale_
    own = [
        min(member.validation_losses) == pytest.approx(0.5 * np.mean(error**2), rel=1e-3)
        for member, error in zip(model.members_, errors, strict=True)
    ]
    assert sum(weights[own]) == pytest.approx(total_weight)
    return 0.5 * np.mean(np.average(errors[own], axis=0, weights=weights[own]) ** 2)


def test_rows_without_a_weight_are_held_out_by_no_network(ticks):
    weight = np.where(np.arange(120) < 10, 0.0, 1.0)
    model = grown(TabularRegressor, max_iter=60).fit(X, NUMBERS, weight)
    np.testing.assert_array_equal(np.isnan(model.oof_prediction_), weight == 0)
    assert np.corrcoef(model.oof_prediction_[10:], NUMBERS[10:])[0, 1] > 0.5


def test_rows_that_several_splits_hold_out_get_the_mean():
    splits = [(np.array([2, 3]), np.array([0, 1])), (np.array([0, 3]), np.array([1, 2]))]
    among = Among(np.array([0, 1, 2, 4]), 5)  # the fourth row has no weight
    rows = MemberRows(None, among, None, splits, 0.1)
    values = rows.of_held_out({0: np.array([[1.0], [2.0]]), 1: np.array([[4.0], [5.0]])})
    np.testing.assert_array_equal(values[:, 0], [1, 3, 5, np.nan, np.nan])


def test_the_noise_is_the_weighted_mean_of_variances(ticks):
    model = grown(TabularRegressor, loss="gaussian_nll").fit(X, NUMBERS)
    raw, target, weights = model._raw_predictions(X)
    means = np.array([target.predict(each) for each in raw])
    noises = np.array([target.std(each) ** 2 for each in raw])
    mean, std = model.predict(X, return_std=True)
    variance = weights @ ((means - mean) ** 2 + noises)
    np.testing.assert_allclose(std, np.sqrt(variance))


def test_decisions_for_rows_that_were_held_out(ticks):
    model = grown(TabularClassifier, max_iter=40).fit(X, WORDS)
    assert model.oof_prediction_.shape == (120,)
    right = (model.oof_prediction_ > 0) == (WORDS == "low")
    assert 0.6 < np.mean(right) <= model.score(X, WORDS)
    assert grown(TabularClassifier).fit(X, WORDS, X_val=X, y_val=WORDS).oof_prediction_ is None
    splits = [(np.arange(20, 120), np.arange(20)), (np.arange(20, 120), np.arange(10))]
    some = grown(TabularClassifier, validation=splits).fit(X, WORDS).oof_prediction_
    np.testing.assert_array_equal(np.isnan(some), np.arange(120) >= 20)
    columns = np.column_stack([WORDS, WORDS])
    each = grown(TabularClassifier).fit(X, columns).oof_prediction_
    assert [one.shape for one in each] == [(120,), (120,)]


TARGETS_OF_EVERY_KIND = {
    "labels": (TabularClassifier(), np.column_stack([X[:, 0] > 0, X[:, 1] > 0]).astype(int)),
    "label columns": (TabularClassifier(), np.column_stack([WORDS, WORDS[::-1]])),
    "ordinal": (TabularClassifier(loss="ordinal"), np.digitize(X[:, 0], [-0.5, 0.5])),
    "weighted": (TabularClassifier(class_weight="balanced"), WORDS),
    "smoothed": (TabularClassifier(label_smoothing=0.1), WORDS),
    "a single class": (TabularClassifier(), np.repeat("only", 120)),
    "a class of one row": (TabularClassifier(), np.where(np.arange(120) == 7, "rare", WORDS)),
    "several": (TabularRegressor(), np.column_stack([NUMBERS, X[:, 1]])),
    "quantiles": (TabularRegressor(loss=Quantile((0.1, 0.5, 0.9))), NUMBERS),
    "counts": (TabularRegressor(loss="poisson"), RNG.poisson(3, 120)),
    "noise": (TabularRegressor(loss="gaussian_nll"), NUMBERS),
    "missing": (
        TabularRegressor(missing_targets="ignore"),
        np.where(np.arange(120) % 5, NUMBERS, np.nan),
    ),
    "cox": (
        TabularRegressor(loss="cox"),
        np.array(
            list(zip(RNG.random(120) > 0.3, np.exp(X[:, 0]), strict=True)),
            dtype=[("event", bool), ("time", float)],
        ),
    ),
}


@pytest.mark.parametrize("kind", TARGETS_OF_EVERY_KIND)
def test_targets_of_every_kind(ticks, kind):
    estimator, y = TARGETS_OF_EVERY_KIND[kind]
    model = clone(estimator).set_params(**QUICK, n_members=2, time_budget=time_for(11))
    model.fit(X, y, np.where(np.arange(120) % 3, 1.0, 0.5))
    assert len(model.ensemble_loss_curve_) == 11
    assert np.isfinite(model.ensemble_loss_curve_).all()
    model.predict(X)


def test_a_sparse_table(ticks):
    S = sparse.random_array((60, 8), density=0.3, random_state=0, format="csr")
    model = grown(TabularRegressor).fit(S, S.sum(axis=1))
    assert len(model.ensemble_loss_curve_) == 14


@pytest.mark.parametrize("n_rows", [4, 5, 9, 17])
def test_few_rows(ticks, n_rows):
    model = grown(TabularRegressor).fit(X[:n_rows], NUMBERS[:n_rows])
    assert model.predict(X).shape == (120,)


def test_too_few_rows():
    with pytest.raises(ValueError, match=r"time_budget=.*: 3 samples are too few for folds"):
        grown(TabularRegressor).fit(X[:3], NUMBERS[:3])


def test_the_summary_has_the_weights(ticks):
    model = grown(TabularClassifier).fit(X, WORDS)
    lines = model.summary().splitlines()
    assert len(lines) == len(model.members_)
    for line, weight in zip(lines, model.member_weights_, strict=True):
        assert line.endswith(f", weight {weight:.3f}")


@pytest.mark.parametrize("budget", [0, -1.0, "1 min", np.nan, np.inf])
def test_what_is_no_budget(budget):
    with pytest.raises(ValueError, match="time_budget"):
        TabularClassifier(**QUICK, time_budget=budget).fit(X, WORDS)


def test_a_drawn_network_that_diverges_is_left_out(ticks, monkeypatch, capsys):

    new_training = member_training._new_training

    def diverging(plan, design, number, start):
        training = new_training(plan, design, number, start)
        if number == 9:
            training._parameters.flat[:] = np.nan
        return training

    monkeypatch.setattr(member_training, "_new_training", diverging)
    model = grown(TabularRegressor, 12, verbose=1)
    with pytest.warns(ConvergenceWarning, match="Training of network 10 diverged"):
        model.fit(X, NUMBERS)
    lines = capsys.readouterr().out.splitlines()
    assert lines[9] == "Member 10, left out because its training diverged"
    assert [line.split(",")[0] for line in lines] == [f"Member {k}" for k in range(1, 13)]
    assert len(model.ensemble_loss_curve_) == 11
    assert np.isfinite(model.predict(X)).all()


def test_a_network_of_the_user_that_diverges_ends_the_fit(ticks):
    with pytest.raises(ValueError, match="non-finite parameter weights"):
        grown(TabularRegressor, learning_rate_init=1e30).fit(X, NUMBERS)


@every_estimator
def test_what_a_budget_excludes(ticks, cls):
    y = TARGETS[cls]
    with pytest.raises(ValueError, match=r"time_budget=.* and warm_start=True exclude"):
        grown(cls, warm_start=True).fit(X, y)
    first_call = {"classes": ["high", "low"]} if cls is TabularClassifier else {}
    with pytest.raises(ValueError, match=r"time_budget=.* and partial_fit exclude"):
        grown(cls).partial_fit(X, y, **first_call)
    assert not hasattr(grown(cls), "partial_fit")
    model = grown(cls).fit(X, y)
    expected = model.predict(X)
    model.set_params(time_budget=None)
    with pytest.raises(ValueError, match="cannot continue a fit with a time budget"):
        model.partial_fit(X, y)
    with pytest.raises(ValueError, match="cannot continue a fit with a time budget"):
        model.set_params(warm_start=True).fit(X, y)
    np.testing.assert_array_equal(model.predict(X), expected)
    assert len(model.set_params(warm_start=False).fit(X, y).members_) == 2


def test_ctrl_c_selects_from_what_there_is(ticks, monkeypatch):
    """The ninth network is interrupted before its first epoch."""

    train = member_training._train_member

    def interrupted(plan, number, start, progress):
        if number == 8:
            raise KeyboardInterrupt
        train(plan, number, start, progress)

    monkeypatch.setattr(member_training, "_train_member", interrupted)
    model = grown(TabularClassifier)
    with threadpool_limits(1), pytest.raises(KeyboardInterrupt):
        model.fit(X, WORDS)
    assert len(model.ensemble_loss_curve_) == 8
    assert model.member_weights_.sum() == pytest.approx(1)
    assert model.predict(X).shape == (120,)


def test_ctrl_c_while_members_are_selected(ticks, monkeypatch):
    """The selection starts again, so that the time of the training is not lost."""
    select = fitting.selected_by_loss
    calls = itertools.count()

    def interrupted_once(*args):
        if next(calls) == 0:
            raise KeyboardInterrupt
        return select(*args)

    monkeypatch.setattr(fitting, "selected_by_loss", interrupted_once)
    model = grown(TabularRegressor)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, NUMBERS)
    expected = grown(TabularRegressor).fit(X, NUMBERS)
    assert model.ensemble_loss_curve_ == expected.ensemble_loss_curve_
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))


def test_moments_of_trained_networks_are_dropped(ticks, monkeypatch):
    """A long fit would otherwise need three times the memory of its networks."""

    new_training, states, n_alive = member_training._new_training, [], []

    def noted(plan, design, number, start):
        states.append(weakref.ref(start.state))
        gc.collect()  # of the cycles
        n_alive.append(sum(state() is not None for state in states))
        return new_training(plan, design, number, start)

    monkeypatch.setattr(member_training, "_new_training", noted)
    with threadpool_limits(1):
        grown(TabularRegressor).fit(X, NUMBERS)
    assert n_alive == [1] * 14


def test_lines_of_members_do_not_say_how_many_there_will_be(ticks, capsys):
    grown(TabularClassifier, 10, verbose=1).fit(X, WORDS)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(",")[0] for line in lines] == [f"Member {k}" for k in range(1, 11)]


def test_both_encodings_of_categories_meet_each_fold():
    """Of each eight networks every second one has target encoding, then the others."""
    model = TabularClassifier(17, **QUICK).fit(X, WORDS)
    encoded = [recipe["target_encoding"] for recipe in model.member_recipes_]
    assert encoded == [True, False] * 4 + [False, True] * 4 + [True]


def test_without_a_budget_all_members_have_the_same_weight():
    model = TabularClassifier(3, **QUICK).fit(X, WORDS)
    np.testing.assert_allclose(model.member_weights_, 1 / 3)
    assert model.ensemble_loss_curve_ is None
    assert model.oof_prediction_ is None
    assert model.member_recipes_ == [
        {"embedding": None, "target_encoding": True},
        {"embedding": "quantile_bins", "target_encoding": False},
        {"embedding": "tree_bins", "target_encoding": True},
    ]
