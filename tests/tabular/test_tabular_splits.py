"""Which rows each network of a table trains on, and which it is validated with."""

import warnings

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    LeaveOneGroupOut,
    PredefinedSplit,
    StratifiedKFold,
    TimeSeriesSplit,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from skbackprop import TabularClassifier, TabularRegressor

N_ROWS = 120
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_ROWS, 3))
NUMBERS = 100 + 10 * X[:, 0] + RNG.normal(size=N_ROWS)
WORDS = np.where(X[:, 0] > 0, "high", "low")
GROUPS = np.repeat(np.arange(12), 10)
ROWS = np.arange(N_ROWS)
TARGETS = {TabularClassifier: WORDS, TabularRegressor: NUMBERS}
QUICK = {"hidden_layer_sizes": (6,), "max_iter": 8, "min_steps": 1, "random_state": 0}
every_estimator = pytest.mark.parametrize("estimator_class", TARGETS)

SPLITS = {
    "GroupKFold": GroupKFold(3),
    "GroupShuffleSplit": GroupShuffleSplit(2, random_state=0),
    "LeaveOneGroupOut": LeaveOneGroupOut(),
    "KFold": KFold(4),
    "TimeSeriesSplit": TimeSeriesSplit(4),
    "PredefinedSplit": PredefinedSplit(np.where(GROUPS < 6, -1, GROUPS % 2)),
    "pairs": [(ROWS[20:], ROWS[:20]), (ROWS[:90], ROWS[119:89:-1])],
}


def groups_for(name):
    return GROUPS if "Group" in name else None


def losses_of(model, rows):
    """Loss of each network for some rows, in the units of training."""
    raw, target, _ = model._raw_predictions(X[rows])
    errors = (np.array([target.predict(each) for each in raw]) - NUMBERS[rows]) / model.scale_
    return 0.5 * np.mean(errors**2, axis=1)


@pytest.mark.parametrize("name", SPLITS)
def test_each_network_is_validated_with_a_split_of_its_own(name):
    """Network i with split i; after the last one, they begin anew."""
    model = TabularRegressor(5, validation=SPLITS[name], **QUICK)
    model.fit(X, NUMBERS, groups=groups_for(name))
    pairs = SPLITS[name]
    if hasattr(pairs, "split"):
        pairs = list(pairs.split(X, NUMBERS, groups_for(name)))
    for number, member in enumerate(model.members_):
        test = pairs[number % len(pairs)][1]
        best = member.validation_losses[member.best_iter - 1]
        assert losses_of(model, test)[number] == pytest.approx(best, rel=1e-3)


def test_the_folds_leave_out_each_row_once():
    """A network that does not see absurd targets in its training rows is not spoilt by them."""
    y = np.where(ROWS < 30, -1e4, NUMBERS)
    model = TabularRegressor(4, validation=KFold(4), **QUICK | {"max_iter": 60}).fit(X, y)
    raw, target, _ = model._raw_predictions(X[30:])
    errors = [np.abs(target.predict(each) - y[30:]).mean() for each in raw]
    assert errors[0] < 0.5 * min(errors[1:])


@every_estimator
@pytest.mark.parametrize("name", SPLITS)
def test_rows_of_weight_0_are_as_if_they_were_not_there(name, estimator_class):
    y, groups = TARGETS[estimator_class], groups_for(name)
    counts = (GROUPS != 3) & (ROWS % 4 > 0)
    validation = fewer = SPLITS[name]
    if name == "PredefinedSplit":
        fewer = PredefinedSplit(validation.test_fold[counts])
    elif name == "pairs":
        place = np.cumsum(counts) - 1
        fewer = [tuple(place[part[counts[part]]] for part in pair) for pair in validation]
    model = estimator_class(3, validation=validation, **QUICK).fit(X, y, counts, groups=groups)
    alone = estimator_class(3, validation=fewer, **QUICK)
    kept = None if groups is None else groups[counts]
    alone.fit(X[counts], y[counts], np.ones(counts.sum()), groups=kept)
    assert model.validation_loss_curve_ == alone.validation_loss_curve_
    np.testing.assert_array_equal(model.predict(X), alone.predict(X))


def test_a_class_of_weight_0_is_in_no_split():
    y = np.where(ROWS < 40, "rare", WORDS)
    parameters = QUICK | {"class_weight": {"rare": 0.0}}
    model = TabularClassifier(2, validation=StratifiedKFold(2), **parameters).fit(X, y)
    pairs = [
        (40 + train, 40 + test) for train, test in StratifiedKFold(2).split(X[40:], WORDS[40:])
    ]
    by_hand = TabularClassifier(2, validation=pairs, **parameters).fit(X, y)
    assert model.validation_loss_curve_ == by_hand.validation_loss_curve_
    with pytest.raises(ValueError, match="no row to train on"):
        TabularClassifier(2, validation=[(ROWS[:40], ROWS[40:])], **parameters).fit(X, y)


def test_splits_of_other_sizes_share_a_plan():
    """The smallest training part says how large a minibatch can be, without a warning."""
    pairs = [(ROWS[:9], ROWS[9:]), (ROWS[9:], ROWS[:9])]
    model = TabularRegressor(2, validation=pairs, **QUICK).fit(X, NUMBERS)
    assert [member.n_iter for member in model.members_] == [8, 8]


@every_estimator
def test_starting_values_are_those_of_random_splits(estimator_class):
    """Nothing is drawn for a split, and the seeds of the networks are the same."""
    y = TARGETS[estimator_class]
    parameters = QUICK | {"learning_rate_init": 1e-300, "max_iter": 1}
    random = estimator_class(2, **parameters).fit(X, y)
    chosen = estimator_class(2, validation=KFold(3), **parameters).fit(X, y)
    for one, other in zip(random.members_, chosen.members_, strict=True):
        first, second = (next(filter(None, each.network.layers))[0] for each in (one, other))
        np.testing.assert_array_equal(first, second)


@every_estimator
def test_a_clone_splits_alike_on_any_number_of_threads(estimator_class):
    y = TARGETS[estimator_class]
    model = estimator_class(3, validation=GroupKFold(3), **QUICK).fit(X, y, groups=GROUPS)
    with threadpool_limits(1):
        twin = clone(model).fit(X, y, groups=GROUPS)
    np.testing.assert_array_equal(model.predict(X), twin.predict(X))


# ---- through pipelines and searches


@every_estimator
def test_groups_are_routed(estimator_class):
    y = TARGETS[estimator_class]
    with config_context(enable_metadata_routing=True):
        model = estimator_class(2, validation=GroupKFold(2), **QUICK).set_fit_request(groups=True)
        pipeline = make_pipeline(StandardScaler(), model).fit(X, y, groups=GROUPS)
        grid = {"n_members": [1, 2]}
        search = GridSearchCV(model, grid, cv=GroupKFold(2), error_score="raise")
        search.fit(X, y, groups=GROUPS)
    direct = estimator_class(2, validation=GroupKFold(2), **QUICK)
    direct.fit(StandardScaler().fit_transform(X), y, groups=GROUPS)
    assert pipeline[-1].validation_loss_curve_ == direct.validation_loss_curve_
    train, test = next(iter(GroupKFold(2).split(X, y, GROUPS)))
    direct = estimator_class(1, validation=GroupKFold(2), **QUICK)
    direct.fit(X[train], y[train], groups=GROUPS[train])
    assert search.cv_results_["split0_test_score"][0] == direct.score(X[test], y[test])


# ---- what is refused or warned of

MISTAKES = {
    "no groups": (GroupKFold(3), {}, "Pass groups to fit"),
    "groups of other length": (GroupKFold(3), {"groups": GROUPS[1:]}, "groups has 119 .* 120"),
    "two columns of groups": (GroupKFold(3), {"groups": np.c_[GROUPS, GROUPS]}, "groups"),
    "X_val as well": (KFold(3), {"X_val": X, "y_val": None}, "X_val"),
    "a second split outside": ([(ROWS[:9], ROWS[9:]), ([0], [120])], {}, "Split 1 .* 120"),
    "a second split that overlaps": ([(ROWS[:9], ROWS[9:]), ([3], [3])], {}, "Split 1 .* both"),
    "a second split without rows": ([(ROWS[:9], ROWS[9:]), ([3], [])], {}, "Split 1 .* validate"),
    "too many folds": (KFold(121), {}, r"validation=KFold\(...\).*n_splits=121"),
    "a number": (3, {}, "'validation' parameter"),
}


@every_estimator
@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_and_changes_nothing(mistake, fitted, estimator_class):
    validation, arguments, words = MISTAKES[mistake]
    y = TARGETS[estimator_class]
    if "y_val" in arguments:
        arguments = arguments | {"y_val": y}
    model = estimator_class(2, **QUICK)
    if fitted:
        model.fit(X[:, :2], y)
    model.set_params(validation=validation)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=words):
        model.fit(X, y, **arguments)
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is value for name, value in before.items())


def test_a_split_that_no_network_reaches_is_not_looked_at():
    pairs = [(ROWS[:60], ROWS[60:]), ([3], [3])]
    assert len(TabularRegressor(1, validation=pairs, **QUICK).fit(X, NUMBERS).members_) == 1


def test_groups_without_validation_have_no_effect():
    with pytest.warns(UserWarning, match="groups has no effect"):
        model = TabularRegressor(2, **QUICK).fit(X, NUMBERS, groups=GROUPS)
    without = TabularRegressor(2, **QUICK).fit(X, NUMBERS)
    np.testing.assert_array_equal(model.predict(X), without.predict(X))


def test_rows_that_no_network_uses_are_warned_of():
    model = TabularRegressor(1, validation=TimeSeriesSplit(4), **QUICK)
    with pytest.warns(UserWarning, match="leaves 72 of 120 rows unused"):
        model.fit(X, NUMBERS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.set_params(n_members=4).fit(X, NUMBERS)
