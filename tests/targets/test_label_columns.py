"""Targets of several label columns: one network with a head for each."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.utils import get_tags

from skbackprop import BackpropClassifier
from skbackprop.inspection import check_directional_derivatives
from skbackprop.losses import LogLoss, Multinomial
from skbackprop.losses.heads import Head, SumOfHeads

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
N_ROWS = 150
X = RNG.normal(size=(N_ROWS, 4))
SIGN = np.where(X[:, 0] + 0.2 * RNG.normal(size=N_ROWS) > 0, "plus", "minus")
SIZE = np.digitize(X[:, 1], [-0.5, 0.5]) * 10
FLAG = X[:, 2] > 0
MIXED = pd.DataFrame({"sign": SIGN, "size": SIZE})
NUMBERS = np.column_stack([SIZE, FLAG.astype(int), (X[:, 3] > 0) + 5])
TEXTS = np.column_stack([SIGN, SIZE.astype(str)])
TARGETS = {"mixed": MIXED, "numbers": NUMBERS, "texts": TEXTS, "objects": TEXTS.astype(object)}
CLASSES = {
    "mixed": [["minus", "plus"], [0, 10, 20]],
    "numbers": [[0, 10, 20], [0, 1], [5, 6]],
    "texts": [["minus", "plus"], ["0", "10", "20"]],
    "objects": [["minus", "plus"], ["0", "10", "20"]],
}
WEIGHTS = RNG.uniform(0.5, 2.0, size=N_ROWS)
QUICK = {"learning_rate_init": 0.02, "max_iter": 30, "random_state": 0}

every_solver = pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])
every_target = pytest.mark.parametrize("kind", TARGETS)


def net(**parameters):
    return BackpropClassifier((12,), **(QUICK | parameters))


def columns(y):
    return [np.asarray(y)[:, j] for j in range(np.asarray(y).shape[1])]


def assert_same_parameters(one, other, rtol=0.0):
    for a, b in zip(one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


# ---- the loss

HEADS = SumOfHeads((Head(LogLoss(), 1, 1, False), Head(Multinomial(), 1, 3, True)))


def draw_for_heads(seed, n_rows=9):
    rng = np.random.default_rng(seed)
    y = np.column_stack([rng.integers(2, size=n_rows), rng.integers(3, size=n_rows)])
    return y.astype(float), 2 * rng.normal(size=(n_rows, 4)), rng


@pytest.mark.parametrize("n_weights", [0, 1, 2])
def test_loss_is_the_sum_over_the_heads(n_weights, seed):
    y, raw, rng = draw_for_heads(seed)
    weight = rng.uniform(size=(9, n_weights)) if n_weights else None
    of_head = [weight, weight] if n_weights < 2 else [weight[:, :1], weight[:, 1:]]
    expected = LogLoss().loss(y[:, :1], raw[:, :1], of_head[0])
    expected += Multinomial().loss(y[:, 1].astype(int), raw[:, 1:].copy(), of_head[1])
    assert HEADS.loss(y, raw, weight) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("n_weights", [0, 1, 2])
def test_gradient_of_the_loss(n_weights, seed):
    y, raw, rng = draw_for_heads(seed)
    weight = rng.uniform(size=(9, n_weights)) if n_weights else None

    def value_and_gradient(theta):
        gradient = np.empty_like(raw)
        total = HEADS.loss_gradient(y, theta.reshape(raw.shape), weight, gradient)
        return total, gradient.ravel()

    result = check_directional_derivatives(value_and_gradient, raw.ravel(), random_state=seed)
    assert result.ok(rtol=1e-8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_loss_keeps_the_type_and_reads_only(dtype, seed):
    y, raw, _ = draw_for_heads(seed)
    y, raw = y.astype(dtype), raw.astype(dtype)
    y.flags.writeable = raw.flags.writeable = False
    gradient = np.empty_like(raw)
    total = HEADS.loss_gradient(y, raw, None, gradient)
    assert isinstance(total, float)
    assert gradient.dtype == dtype


def test_loss_is_a_value():
    assert copy.deepcopy(HEADS) == pickle.loads(pickle.dumps(HEADS)) == HEADS
    assert hash(HEADS) == hash(copy.copy(HEADS))


# ---- what comes out


@every_solver
@every_target
def test_shapes_are_those_of_a_random_forest(kind, solver):
    y = TARGETS[kind]
    ours = net(solver=solver).fit(X, y)
    forest = RandomForestClassifier(5, random_state=0)
    if kind != "mixed":  # which scikit-learn's check of targets cannot sort
        forest.fit(X, y)
        for own, theirs in zip(ours.classes_, forest.classes_, strict=True):
            np.testing.assert_array_equal(own, theirs)
        assert ours.predict(X).shape == forest.predict(X).shape
        for own, theirs in zip(ours.predict_proba(X), forest.predict_proba(X), strict=True):
            assert own.shape == theirs.shape
    assert isinstance(ours.classes_, list)
    for own, labels in zip(ours.classes_, CLASSES[kind], strict=True):
        np.testing.assert_array_equal(own, labels)


@every_target
def test_methods_agree_with_each_other(kind):
    y = TARGETS[kind]
    fitted = net().fit(X, y)
    predicted = fitted.predict(X)
    logs, raws = fitted.predict_log_proba(X), fitted.decision_function(X)
    for j, (classes, p) in enumerate(zip(fitted.classes_, fitted.predict_proba(X), strict=True)):
        np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
        np.testing.assert_allclose(np.log(p), logs[j], rtol=1e-9, atol=1e-12)
        np.testing.assert_array_equal(classes[p.argmax(axis=1)], predicted[:, j])
        expected_shape = (N_ROWS,) if len(classes) == 2 else (N_ROWS, len(classes))
        assert raws[j].shape == expected_shape
    assert fitted.n_outputs_ == sum(1 if len(c) == 2 else len(c) for c in fitted.classes_)


def test_output_activation_is_a_list():
    assert net(max_iter=1).fit(X, MIXED).out_activation_ == ["logistic", "softmax"]


def test_numbers_stay_numbers():
    assert net(max_iter=2).fit(X, NUMBERS).predict(X).dtype.kind == "i"
    assert {type(label) for label in net(max_iter=2).fit(X, MIXED).predict(X)[:, 1]} == {int}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_type_of_the_fit_is_kept(dtype):
    fitted = net(dtype=dtype, max_iter=3).fit(X, MIXED, sample_weight=WEIGHTS)
    assert {W.dtype for W in fitted.coefs_} == {np.dtype(dtype)}
    for method in ("predict_proba", "predict_log_proba", "decision_function"):
        assert {part.dtype for part in getattr(fitted, method)(X)} == {np.dtype(dtype)}


def test_sparse_features():
    dense, sparse = net().fit(X, MIXED), net().fit(sp.csr_array(X), MIXED)
    np.testing.assert_allclose(
        dense.predict_proba(X)[1], sparse.predict_proba(sp.csr_array(X))[1], rtol=1e-8
    )


def test_a_column_of_one_class():
    y = np.column_stack([SIZE, np.full(N_ROWS, 7)])
    fitted = net(max_iter=3).fit(X, y)
    assert set(fitted.predict(X)[:, 1]) == {7}
    np.testing.assert_array_equal(fitted.predict_proba(X)[1], np.ones((N_ROWS, 1)))


# ---- known answers


def test_linear_columns_are_logistic_regressions():
    alpha = 3.0
    ours = BackpropClassifier(
        (), solver="lbfgs", alpha=alpha, tol=1e-9, max_iter=5000, solver_options={"ftol": 1e-15}
    )
    ours.fit(X, MIXED, sample_weight=WEIGHTS)
    theirs = LogisticRegression(C=1 / alpha, tol=1e-9, max_iter=5000)
    for p, y in zip(ours.predict_proba(X), (SIGN, SIZE), strict=True):
        theirs.fit(X, y, sample_weight=WEIGHTS)
        np.testing.assert_allclose(p, theirs.predict_proba(X), atol=1e-5)


@every_solver
def test_twice_the_same_column_is_that_column(solver):
    """With the starting values of both heads alike, they stay alike."""
    one = net(solver=solver, max_iter=1, learning_rate_init=1e-300).fit(X, SIZE)
    fitted = net(solver=solver, alpha=0.0, max_iter=4)
    W, b = one.coefs_, one.intercepts_
    both = fitted.fit(
        X,
        np.column_stack([SIZE, SIZE]),
        coef_init=[W[0], np.hstack([W[1]] * 2)],
        intercept_init=[b[0], np.hstack([b[1]] * 2)],
    )
    first, second = both.predict_proba(X)
    np.testing.assert_allclose(first, second, rtol=1e-9, atol=1e-12)
    assert np.abs(first - one.predict_proba(X)).max() > 1e-6 or solver == "sgd"


@pytest.mark.parametrize(
    "loss", ["squared_error", "focal", LogLoss(label_smoothing=0.1), Multinomial()]
)
def test_every_column_has_the_chosen_loss(loss):
    """Without a hidden layer: the fit of each column alone."""
    parameters = {"loss": loss, "solver": "lbfgs", "tol": 1e-9, "max_iter": 5000, "alpha": 1.0}
    parameters["solver_options"] = {"ftol": 1e-15}
    ours = BackpropClassifier((), random_state=0, **parameters).fit(X, MIXED)
    for p, y in zip(ours.predict_proba(X), (SIGN, SIZE), strict=True):
        alone = BackpropClassifier((), random_state=0, **parameters).fit(X, y)
        np.testing.assert_allclose(p, alone.predict_proba(X), atol=1e-4)


def test_the_loss_may_change_between_calls():
    estimator = net().partial_fit(X, MIXED, classes=CLASSES["mixed"])
    estimator.set_params(loss="squared_error").partial_fit(X, MIXED)
    assert estimator.loss_curve_[1] < estimator.loss_curve_[0]


# ---- score


def test_score_counts_rows_that_are_right_in_all_columns():
    fitted = net(max_iter=5).fit(X, MIXED)
    predicted = fitted.predict(X)
    right = (predicted[:, 0] == SIGN) & (predicted[:, 1] == SIZE)
    assert 0 < right.mean() < min((predicted[:, 0] == SIGN).mean(), 1.0)
    assert fitted.score(X, MIXED) == pytest.approx(right.mean(), rel=1e-14)
    assert fitted.score(X, MIXED, WEIGHTS) == pytest.approx(np.average(right, weights=WEIGHTS))
    with pytest.raises(ValueError, match=r"shape \(150, 1\)"):
        fitted.score(X, MIXED[["sign"]])


def test_is_learned():
    assert net(max_iter=100).fit(X, MIXED).score(X, MIXED) > 0.8
    assert cross_val_score(net(max_iter=100), X, NUMBERS, cv=3).mean() > 0.5


# ---- weights


@every_solver
def test_a_weight_of_two_is_two_copies(solver):
    repeats = np.arange(N_ROWS) % 3
    parameters = {"solver": solver, "max_iter": 5, "shuffle": False}
    weighted = net(**parameters).fit(X, MIXED, sample_weight=repeats)
    copies = net(**parameters).fit(
        X.repeat(repeats, axis=0), MIXED.loc[MIXED.index.repeat(repeats)]
    )
    assert_same_parameters(weighted, copies, rtol=1e-7)


def balanced(labels):
    classes, counts = np.unique(labels, return_counts=True)
    return dict(zip(classes.tolist(), len(labels) / (len(classes) * counts), strict=True))


EQUAL_CLASS_WEIGHTS = [
    ("balanced", ["balanced", "balanced"]),
    ("balanced", [balanced(SIGN), balanced(SIZE)]),
    ("balanced", balanced(SIGN) | balanced(SIZE)),
    ({"plus": 3.0}, [{"plus": 3.0}, None]),
    ({"plus": 3.0, 10: 0.5}, [{"plus": 3.0}, {0: 1.0, 10: 0.5, 20: 1.0}]),
    (None, [None, {0: 1.0, 10: 1.0, 20: 1.0}]),
]


@every_solver
@pytest.mark.parametrize(("one", "other"), EQUAL_CLASS_WEIGHTS)
def test_class_weights_in_several_forms(solver, one, other):
    parameters = {"solver": solver, "max_iter": 5}
    first = net(class_weight=one, **parameters).fit(X, MIXED)
    second = net(class_weight=other, **parameters).fit(X, MIXED)
    assert_same_parameters(first, second, rtol=1e-9)


def test_class_weights_of_a_column_count_in_that_column_only():
    """Without a hidden layer the columns are independent of each other."""
    parameters = {"solver": "lbfgs", "tol": 1e-9, "max_iter": 5000, "alpha": 30.0}
    plain = BackpropClassifier((), **parameters).fit(X, MIXED)
    weighted = BackpropClassifier((), class_weight=[None, {10: 5.0}], **parameters).fit(X, MIXED)
    np.testing.assert_allclose(plain.predict_proba(X)[0], weighted.predict_proba(X)[0], atol=1e-4)
    assert (weighted.predict(X)[:, 1] == 10).sum() > (plain.predict(X)[:, 1] == 10).sum() + 5


@pytest.mark.parametrize(
    ("class_weight", "words"),
    [
        ([None], "1 columns, but y has 2"),
        ({"blue": 2.0}, "blue"),
        ([None, {0: -1.0}], "column 1.*negative"),
    ],
)
def test_class_weights_that_do_not_fit(class_weight, words):
    with pytest.raises(ValueError, match=f"class_weight.*{words}"):
        net(class_weight=class_weight).fit(X, MIXED)


# ---- early stopping


@every_solver
@pytest.mark.parametrize("scoring", [None, "loss"])
def test_early_stopping(solver, scoring):
    fitted = net(solver=solver, scoring=scoring, early_stopping=True, n_iter_no_change=3)
    fitted.fit(X[:100], MIXED[:100], X_val=X[100:], y_val=MIXED[100:])
    assert len(fitted.validation_scores_) == fitted.n_iter_
    best = max(fitted.validation_scores_)
    assert fitted.validation_scores_[fitted.best_iter_ - 1] == best
    if scoring is None:
        assert fitted.score(X[100:], MIXED[100:]) == best
    again = clone(fitted).fit(X, MIXED)  # with a split of its own
    assert again.best_validation_score_ is not None


def test_validation_data_of_fewer_labels():
    """Those that are left look like an indicator matrix."""
    y = np.column_stack([SIZE // 10, FLAG])
    few = (y < 2).all(axis=1)
    fitted = net(max_iter=3).fit(X, y, X_val=X[few], y_val=y[few])
    assert len(fitted.validation_scores_) == 3


# ---- going on


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@every_target
def test_n_calls_of_partial_fit_are_a_fit(kind, solver):
    y = TARGETS[kind]
    estimator = net(solver=solver, max_iter=4, batch_size=32, average=0.9)
    whole = clone(estimator).fit(X, y)
    estimator.partial_fit(X, y, classes=CLASSES[kind])
    for _ in range(3):
        estimator.partial_fit(X, y)
    assert_same_parameters(estimator, whole)


def test_partial_fit_need_not_see_all_labels():
    y = np.column_stack([SIZE // 10, FLAG]).astype(int)
    few = (y < 2).all(axis=1)
    classes = [[0, 1, 2], [0, 1]]
    estimator = net().partial_fit(X[few], y[few], classes=classes).partial_fit(X[few], y[few])
    assert [len(labels) for labels in estimator.classes_] == [3, 2]
    estimator.partial_fit(X, y, classes=classes)
    assert estimator.predict(X).shape == (N_ROWS, 2)


def test_classes_turn_zeros_and_ones_into_columns_of_labels():
    y = np.column_stack([FLAG, ~FLAG]).astype(int)
    estimator = net().partial_fit(X, y, classes=[[0, 1], [0, 1]])
    assert isinstance(estimator.predict_proba(X), list)


@pytest.mark.parametrize("y", [MIXED, TEXTS, NUMBERS])
@pytest.mark.parametrize("classes", [None, [0, 1]])
def test_partial_fit_needs_the_labels_of_each_column(y, classes):
    with pytest.raises(ValueError, match=r"`classes` must be a list.*first call"):
        net().partial_fit(X, y, classes=classes)


@pytest.mark.parametrize("classes", [[["minus", "plus"], [0, 10]], ["minus", "plus"]])
def test_partial_fit_refuses_other_classes_later(classes):
    estimator = net().partial_fit(X, MIXED, classes=CLASSES["mixed"])
    before = copy.deepcopy(estimator)
    with pytest.raises(ValueError, match="not the same as on last call to partial_fit"):
        estimator.partial_fit(X, MIXED, classes=classes)
    assert_same_parameters(estimator, before)


def test_partial_fit_refuses_balanced_weights_in_a_list():
    with pytest.raises(ValueError, match="'balanced' is not supported for partial_fit"):
        net(class_weight=["balanced", None]).partial_fit(X, MIXED, classes=CLASSES["mixed"])


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_a_warm_start_goes_on(solver):
    whole = net(solver=solver, max_iter=6).fit(X, MIXED)
    halves = net(solver=solver, max_iter=3, warm_start=True).fit(X, MIXED).fit(X, MIXED)
    assert_same_parameters(halves, whole)


@pytest.mark.parametrize(
    "y", [MIXED.assign(size=SIZE + 1), SIGN, NUMBERS, np.column_stack([FLAG, FLAG]).astype(int)]
)
def test_a_warm_start_refuses_other_labels(y):
    estimator = net(max_iter=2, warm_start=True).fit(X, MIXED)
    with pytest.raises(ValueError, match=r"warm_start can only be used|have 2 label columns"):
        estimator.fit(X, y)


def test_labels_that_are_not_known_are_named_with_their_column():
    estimator = net().partial_fit(X, NUMBERS, classes=CLASSES["numbers"])
    with pytest.raises(ValueError, match=r"column 2 of y.*classes not in"):
        estimator.partial_fit(X, NUMBERS + [0, 0, 1])
    with pytest.raises(ValueError, match="3 label columns"):
        estimator.partial_fit(X, NUMBERS[:, :2])


# ---- what are columns, and what is not


@pytest.mark.parametrize("dtype", [int, float, bool])
def test_an_indicator_matrix_stays_multilabel(dtype):
    y = np.column_stack([FLAG, SIGN == "plus", SIZE == 0]).astype(dtype)
    fitted = net(max_iter=2).fit(X, y)
    assert fitted.predict_proba(X).shape == (N_ROWS, 3)
    np.testing.assert_array_equal(fitted.classes_, [0, 1, 2])


def test_two_numbers_that_are_not_zero_and_one_are_labels():
    """scikit-learn's type_of_target calls this an indicator matrix."""
    y = np.column_stack([FLAG, SIGN == "plus"]) + 1
    fitted = net(max_iter=50).fit(X, y)
    assert set(np.unique(fitted.predict(X))) == {1, 2}
    assert fitted.score(X, y) > 0.8


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (np.column_stack([SIZE, X[:, 0]]), "continuous"),
        (pd.DataFrame({"a": SIGN, "b": X[:, 0]}), "column 1 of y.*continuous"),
        (pd.DataFrame({"a": SIGN, "b": [1, "one"] * (N_ROWS // 2)}), "all strings or all numbers"),
    ],
)
def test_columns_that_are_not_labels(y, words):
    with pytest.raises(ValueError, match=words):
        net().fit(X, y)


# ---- company


def test_tags():
    tags = get_tags(BackpropClassifier())
    assert tags.target_tags.multi_output
    assert tags.classifier_tags.multi_label


@pytest.mark.parametrize("copy_of", [copy.deepcopy, lambda e: pickle.loads(pickle.dumps(e))])
def test_copies_predict_the_same_and_go_on(copy_of):
    estimator = net().partial_fit(X, MIXED, classes=CLASSES["mixed"])
    twin = copy_of(estimator)
    np.testing.assert_array_equal(twin.predict(X), estimator.predict(X))
    assert_same_parameters(twin.partial_fit(X, MIXED), estimator.partial_fit(X, MIXED))


def test_grid_search():
    search = GridSearchCV(net(max_iter=20), {"alpha": [1e-4, 1e3]}, cv=3, error_score="raise")
    assert search.fit(X, NUMBERS).best_params_ == {"alpha": 1e-4}
