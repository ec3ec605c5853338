"""Validation rows that the user chooses: ``validation`` as a splitter or as pairs of positions."""

import pickle
import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    LeaveOneGroupOut,
    LeavePGroupsOut,
    PredefinedSplit,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
)

from skbackprop import BackpropClassifier, BackpropRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N_ROWS = 60
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_ROWS, 3))
WORDS = np.array(["a", "b", "c"])[np.digitize(X[:, 0], [-0.5, 0.5])]
NUMBERS = X[:, 0] + 0.1 * RNG.normal(size=N_ROWS)
GROUPS = np.repeat(np.arange(10), 6)
TARGETS = {BackpropClassifier: WORDS, BackpropRegressor: NUMBERS}
OF_CLASSES = {BackpropClassifier}
SMALL = {"hidden_layer_sizes": (3,), "max_iter": 4, "random_state": 0, "early_stopping": True}

FOLDS = np.where(GROUPS < 7, -1, GROUPS % 2)
BY_GROUP = {
    "GroupKFold": GroupKFold(5),
    "GroupShuffleSplit": GroupShuffleSplit(random_state=0),
    "LeaveOneGroupOut": LeaveOneGroupOut(),
    "LeavePGroupsOut": LeavePGroupsOut(2),
    "StratifiedGroupKFold": StratifiedGroupKFold(3),
}
BY_CLASS = {"StratifiedKFold": StratifiedKFold(3), "StratifiedGroupKFold": StratifiedGroupKFold(3)}
OTHERS = {
    "KFold": KFold(4),
    "shuffled KFold": KFold(4, shuffle=True, random_state=3),
    "ShuffleSplit": ShuffleSplit(train_size=20, test_size=12, random_state=0),
    "TimeSeriesSplit": TimeSeriesSplit(2),
    "PredefinedSplit": PredefinedSplit(FOLDS),
    "pairs": [(np.arange(5, 40), [59, 50, 41]), (np.arange(5), np.arange(5, 60))],
    "a tuple": ((range(40), range(40, 60)),),
}
SPLITS = BY_GROUP | BY_CLASS | OTHERS


def first_split(validation, y, groups):
    pairs = validation.split(X, y, groups) if hasattr(validation, "split") else validation
    return [np.array(part) for part in next(iter(pairs))]


def groups_for(name):
    """Groups where a splitter reads them: the others warn that they do not."""
    return GROUPS if name in BY_GROUP else None


def assert_same_fit(one, other):
    assert one.loss_curve_ == other.loss_curve_
    assert one.validation_loss_curve_ == other.validation_loss_curve_
    assert one.validation_scores_ == other.validation_scores_
    np.testing.assert_array_equal(one.coefs_[0], other.coefs_[0])


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize(
    ("name", "estimator_class"),
    [
        (name, cls)
        for name in SPLITS
        for cls in TARGETS
        if name not in BY_CLASS or cls in OF_CLASSES
    ],
)
def test_the_first_split_says_what_is_trained_on_and_what_validates(name, estimator_class, solver):
    y, groups = TARGETS[estimator_class], groups_for(name)
    net = estimator_class(**SMALL, solver=solver, validation=SPLITS[name])
    train, test = first_split(SPLITS[name], y, groups)
    by_hand = estimator_class(**SMALL, solver=solver)
    assert_same_fit(
        net.fit(X, y, groups=groups),
        by_hand.fit(X[train], y[train], X_val=X[test], y_val=y[test]),
    )


@pytest.mark.parametrize("name", ["GroupKFold", "TimeSeriesSplit", "pairs"])
def test_sparse_features_and_weights_are_split_alike(name):
    weight = RNG.uniform(0.5, 2.0, size=N_ROWS)
    train, test = first_split(SPLITS[name], WORDS, groups_for(name))
    net = BackpropClassifier(**SMALL, validation=SPLITS[name])
    net.fit(sparse.csr_array(X), WORDS, weight, groups=groups_for(name))
    by_hand = BackpropClassifier(**SMALL).fit(
        sparse.csr_array(X[train]), WORDS[train], weight[train],
        X_val=sparse.csr_array(X[test]), y_val=WORDS[test], sample_weight_val=weight[test],
    )  # fmt: skip
    np.testing.assert_allclose(
        net.validation_loss_curve_, by_hand.validation_loss_curve_, rtol=1e-12
    )


class Recorder:
    """A splitter of one's own, which keeps what it is asked with."""

    def split(self, X, y, groups):
        self.asked = X, y, groups
        yield np.arange(len(y) - 9), np.arange(len(y) - 9, len(y))


def test_a_splitter_sees_the_data_as_they_were_given():
    pd = pytest.importorskip("pandas")
    frame, recorder = pd.DataFrame(X, columns=["a", "b", "c"]), Recorder()
    weight = np.where(np.arange(N_ROWS) % 2, 1.0, 0.0)
    names = np.char.add("g", GROUPS.astype(str))
    for sample_weight, counts in ((None, slice(None)), (weight, weight > 0)):
        net = BackpropClassifier(**SMALL, validation=recorder)
        net.fit(frame, list(WORDS), sample_weight, groups=pd.Series(names))
        seen, y, groups = recorder.asked
        pd.testing.assert_frame_equal(seen, frame[counts])
        np.testing.assert_array_equal(y, WORDS[counts])
        np.testing.assert_array_equal(groups, names[counts])


# ---- rows of weight 0


def without_rows(name, counts):
    """What would be given as ``validation`` if some rows had never been there."""
    validation = SPLITS[name]
    if name == "PredefinedSplit":
        return PredefinedSplit(FOLDS[counts])
    if hasattr(validation, "split"):
        return validation
    parts = (np.array(part) for part in validation[0])
    return [tuple((np.cumsum(counts) - 1)[part[counts[part]]] for part in parts)]


@pytest.mark.parametrize("name", SPLITS)
def test_a_row_of_weight_0_is_as_if_it_were_not_there(name):
    """All rows of a group among them, and every third row of the others."""
    counts = (GROUPS != 0) & (np.arange(N_ROWS) % 3 > 0)
    groups = groups_for(name)
    net = BackpropClassifier(**SMALL, validation=SPLITS[name])
    removed = BackpropClassifier(**SMALL, validation=without_rows(name, counts))
    removed.fit(X[counts], WORDS[counts], groups=None if groups is None else groups[counts])
    net.fit(X, WORDS, counts, groups=groups)
    np.testing.assert_allclose(net.loss_curve_, removed.loss_curve_, rtol=1e-12)
    np.testing.assert_allclose(
        net.validation_loss_curve_, removed.validation_loss_curve_, rtol=1e-12
    )


class KeepingRows:
    """A scorer that notes the rows it sees, by the first feature."""

    def __init__(self):
        self.rows = []

    def __call__(self, estimator, X, y, sample_weight=None):
        self.rows.append(X[:, 0])
        return 0.0


@pytest.mark.parametrize("name", SPLITS)
def test_a_class_of_weight_0_is_as_if_it_were_not_there(name):
    counts, scorer = WORDS != "b", KeepingRows()
    groups = groups_for(name)
    net = BackpropClassifier(
        **SMALL, validation=SPLITS[name], class_weight={"b": 0.0}, scoring=scorer
    ).fit(X, WORDS, groups=groups)
    validation = without_rows(name, counts)
    if hasattr(validation, "split"):
        kept = None if groups is None else groups[counts]
        validation = validation.split(X[counts], WORDS[counts], kept)
    test = np.array(next(iter(validation))[1])
    np.testing.assert_array_equal(scorer.rows[0], X[counts][test][:, 0])
    assert net.n_iter_ == len(scorer.rows)


def test_groups_of_rows_of_weight_0_may_be_missing():
    groups = GROUPS.astype(float)
    groups[:7] = np.nan
    net = BackpropClassifier(**SMALL, validation=GroupKFold(3))
    with pytest.raises(ValueError, match="groups contains NaN"):
        net.fit(X, WORDS, groups=groups)
    net.fit(X, WORDS, ~np.isnan(groups), groups=groups)


# ---- going on


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_a_warm_start_keeps_the_split(solver):
    """Also where the splitter would draw another one, and where other rows count."""
    scorer = KeepingRows()
    net = BackpropClassifier(
        **SMALL, solver=solver, scoring=scorer, warm_start=True,
        validation=GroupShuffleSplit(random_state=np.random.RandomState(0)),
    )  # fmt: skip
    net.fit(X, WORDS, groups=GROUPS).fit(X, WORDS, groups=GROUPS)
    for rows in scorer.rows[1:]:
        np.testing.assert_array_equal(rows, scorer.rows[0])
    half = np.arange(N_ROWS) % 2 == 0
    net.fit(X, WORDS, half, groups=GROUPS)
    assert set(scorer.rows[-1]) == set(scorer.rows[0]) & set(X[half, 0])
    net.fit(X[:-1], WORDS[:-1], groups=GROUPS[:-1])
    assert set(scorer.rows[-1]) != set(scorer.rows[0])


def test_a_row_that_the_splitter_did_not_see_stays_out_of_a_warm_start():
    """It may be of a group that validates: to train on it would be what groups are to prevent."""
    counts = np.arange(N_ROWS) % 6 > 0
    warm = BackpropClassifier(
        **SMALL, solver="lbfgs", validation=GroupKFold(5), warm_start=True
    ).fit(X, WORDS, counts, groups=GROUPS)
    twin = pickle.loads(pickle.dumps(warm))
    warm.fit(X, WORDS, counts, groups=GROUPS)
    twin.fit(X, WORDS, np.ones(N_ROWS), groups=GROUPS)
    assert warm.loss_curve_ == twin.loss_curve_
    assert warm.validation_loss_curve_ == twin.validation_loss_curve_


def test_partial_fit_sets_no_rows_aside():
    parameters = SMALL | {"early_stopping": False}
    plain = BackpropClassifier(**parameters).partial_fit(X, WORDS, classes=["a", "b", "c"])
    net = BackpropClassifier(**parameters, validation=GroupKFold(5))
    net.partial_fit(X, WORDS, classes=["a", "b", "c"])
    np.testing.assert_array_equal(net.coefs_[0], plain.coefs_[0])
    assert not hasattr(net.set_params(early_stopping=True), "partial_fit")


# ---- random splitters


@pytest.mark.thread_unsafe(reason="sets the seed of NumPy's global generator")
def test_a_splitter_has_random_numbers_of_its_own():
    """An int splits the same way each time; a generator goes on, as everywhere."""

    def split_of(random_state, n_fits=1):
        scorer = KeepingRows()
        net = BackpropClassifier(
            **SMALL, scoring=scorer, validation=KFold(3, shuffle=True, random_state=random_state)
        )
        for _ in range(n_fits):
            net.fit(X, WORDS)
        return scorer.rows[-1].tolist()

    assert split_of(0) == split_of(0, n_fits=2) != split_of(1)
    generator = np.random.RandomState(0)
    assert split_of(generator) == split_of(0) != split_of(generator)
    np.random.seed(0)  # noqa: NPY002, what a splitter without a seed draws from
    assert split_of(None) == split_of(0) != split_of(None)


def test_nothing_is_drawn_from_the_estimators_generator():
    """Starting values and order of the rows are those without validation rows."""
    positions = np.arange(N_ROWS)
    net = BackpropClassifier(**SMALL, validation=[(positions[:50], positions[50:])])
    without = BackpropClassifier(**SMALL | {"early_stopping": False}).fit(X[:50], WORDS[:50])
    assert net.fit(X, WORDS).loss_curve_ == without.loss_curve_


# ---- what is warned of


def test_groups_without_validation_have_no_effect():
    for parameters in (SMALL, SMALL | {"early_stopping": False}):
        with pytest.warns(UserWarning, match="groups has no effect because") as caught:
            net = BackpropClassifier(**parameters).fit(X, WORDS, groups=GROUPS)
        assert all(warning.filename == __file__ for warning in caught if "groups" in str(warning))
        assert net.loss_curve_ == BackpropClassifier(**parameters).fit(X, WORDS).loss_curve_


def test_a_split_that_leaves_half_of_the_rows_unused_is_warned_of():
    """The first split of an expanding window is the smallest."""
    net = BackpropClassifier(**SMALL, validation=TimeSeriesSplit(5))
    with pytest.warns(UserWarning, match=r"TimeSeriesSplit\(...\) leaves 40 of 60 rows unused"):
        net.fit(X, WORDS)
    last = list(TimeSeriesSplit(5).split(X))[-1:]
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*unused")
        net.set_params(validation=last).fit(X, WORDS)


# ---- as a parameter


@pytest.mark.parametrize("name", SPLITS)
def test_a_clone_and_a_pickle_split_alike(name):
    net = BackpropClassifier(**SMALL, validation=SPLITS[name])
    net.fit(X, WORDS, groups=groups_for(name))
    for twin in (clone(net), pickle.loads(pickle.dumps(net))):
        assert_same_fit(net, twin.fit(X, WORDS, groups=groups_for(name)))
        assert type(twin.get_params()["validation"]) is type(SPLITS[name])


def test_an_iterator_that_one_fit_would_use_up_is_refused():
    net = BackpropClassifier(**SMALL, validation=KFold(3).split(X))
    with pytest.raises(ValueError, match=r"'validation' .* a list of \(train, test\) pairs"):
        net.fit(X, WORDS)
    assert len(list(net.validation)) == 3
