"""Each target on its own: the way of y to the network and back, and what y is refused."""

import copy

import numpy as np
import pytest
from scipy import sparse

from skbackprop import BackpropClassifier, BackpropRegressor, TabularClassifier, TabularRegressor
from skbackprop.inspection import backpropagate, minimize_input
from skbackprop.losses import (
    GaussianNLL,
    LogLoss,
    Loss,
    Multinomial,
    Poisson,
    Quantile,
    SquaredError,
)
from skbackprop.losses.links import LogitLink
from skbackprop.targets import (
    BinaryTarget,
    LabelColumnsTarget,
    MulticlassTarget,
    MultilabelTarget,
    NumericTarget,
    ScaledTarget,
    target_of,
    target_of_labels,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ROWS = np.arange(12)
INDICATORS = np.column_stack([ROWS % 2, ROWS % 3 == 0, ROWS > 5]).astype(int)
COLUMNS = np.column_stack([ROWS % 2 + 5, ROWS % 3, np.full(12, 7)])
OBJECTS = np.array([["a", 3], ["b", 5], ["a", 5], ["b", 9]] * 3, dtype=object)
Y = {
    "binary": np.where(ROWS % 2, "yes", "no"),
    "one class": np.full(12, 4),
    "multiclass": ROWS % 3 * 10,
    "multilabel": INDICATORS,
    "sparse": sparse.csr_matrix(INDICATORS),
    "columns": COLUMNS,
    "objects": OBJECTS,
}
KINDS = {
    "binary": BinaryTarget,
    "one class": BinaryTarget,
    "multiclass": MulticlassTarget,
    "multilabel": MultilabelTarget,
    "sparse": MultilabelTarget,
    "columns": LabelColumnsTarget,
    "objects": LabelColumnsTarget,
}
every_kind = pytest.mark.parametrize("kind", Y)


def dense(y):
    return y.toarray() if sparse.issparse(y) else y


def confident(target, encoded):
    """Raw predictions that are sure of encoded targets."""
    if isinstance(target, LabelColumnsTarget):
        heads, slices = target.loss.heads, target.loss.target_slices
        columns = zip(target.columns, heads, slices, strict=True)
        return np.hstack([confident(c, head.targets(encoded[:, own])) for c, head, own in columns])
    if isinstance(target, MulticlassTarget):
        return 9.0 * np.eye(target.n_raw)[encoded]
    return 9.0 * (2 * encoded - 1)


# ---- there and back


@every_kind
def test_confident_predictions_give_the_labels_back(kind):
    y = Y[kind]
    target = target_of_labels(y, LogLoss())
    assert type(target) is KINDS[kind]
    encoded = target.encode(y, np.float64)
    raw = confident(target, encoded)
    assert raw.shape == (12, target.n_raw)
    predicted = target.predict(raw.copy())
    assert sparse.issparse(predicted) == (kind == "sparse")
    np.testing.assert_array_equal(dense(predicted), dense(y))
    assert target.score(y, predicted, None) == target.score_raw(y, raw, None) == 1.0


@pytest.mark.parametrize("kind", ["binary", "one class", "multiclass", "columns"])
def test_softmax_gives_the_labels_back(kind):
    target = target_of_labels(Y[kind], Multinomial())
    raw = confident(target, target.encode(Y[kind], np.float64))
    assert raw.shape[1] == np.sum([len(np.unique(column)) for column in np.atleast_2d(Y[kind].T)])
    np.testing.assert_array_equal(target.predict(raw), Y[kind])


@every_kind
@pytest.mark.parametrize("loss", [LogLoss(), Multinomial()], ids=["logistic", "softmax"])
def test_probabilities_and_their_logarithms_agree(kind, loss):
    if "softmax" in loss.link.name and kind in ("multilabel", "sparse"):
        pytest.skip("refused")
    target = target_of_labels(Y[kind], loss)
    raw = np.random.default_rng(0).normal(size=(12, target.n_raw))
    tables = target.probabilities(raw.copy()), target.log_probabilities(raw.copy())
    one, other = (table if isinstance(table, list) else [table] for table in tables)
    for probabilities, logarithms in zip(one, other, strict=True):
        np.testing.assert_allclose(np.exp(logarithms), probabilities, rtol=1e-12)
        if kind not in ("multilabel", "sparse"):
            np.testing.assert_allclose(probabilities.sum(axis=1), 1)


@every_kind
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", [LogLoss(), Multinomial()], ids=["logistic", "softmax"])
def test_certain_probabilities_and_their_logarithms_agree(kind, loss, dtype):
    """A probability that rounds to 1 has the logarithm 0, and none is 0."""
    if "softmax" in loss.link.name and kind in ("multilabel", "sparse"):
        pytest.skip("refused")
    target = target_of_labels(Y[kind], loss)
    numbers = np.finfo(dtype)
    for scale in (10, 30, 1000):
        raw = np.random.default_rng(0).normal(scale=scale, size=(12, target.n_raw)).astype(dtype)
        tables = target.probabilities(raw.copy()), target.log_probabilities(raw.copy())
        one, other = (table if isinstance(table, list) else [table] for table in tables)
        for probabilities, logarithms in zip(one, other, strict=True):
            assert probabilities.dtype == logarithms.dtype == dtype
            assert probabilities.min() >= numbers.tiny
            assert np.isfinite(logarithms).all()
            floored = np.maximum(logarithms, np.log(numbers.tiny))
            np.testing.assert_allclose(np.log(probabilities), floored, rtol=50 * numbers.eps)


@every_kind
def test_another_loss_leaves_the_target_as_it_is(kind):
    target = target_of_labels(Y[kind], LogLoss())
    other = target.with_loss(LogLoss(0.1))
    assert type(other) is type(target)
    assert target.loss != other.loss
    np.testing.assert_array_equal(
        other.encode(Y[kind], np.float64), target.encode(Y[kind], np.float64)
    )


@pytest.mark.parametrize("y", [np.linspace(-1, 3, 12), np.ones((12, 1)) * [1.0, -2.0]])
def test_numbers_come_back(y):
    target = NumericTarget(y.shape[1:], SquaredError())
    encoded = target.encode(y, np.float64)
    assert encoded.shape == (12, target.n_raw)
    np.testing.assert_array_equal(target.predict(encoded.copy()), y)


@pytest.mark.parametrize(
    ("loss", "row_shape", "n_raw", "shape"),
    [
        (GaussianNLL(), (), 2, (12,)),
        (GaussianNLL(), (3,), 6, (12, 3)),
        (Quantile((0.1, 0.5, 0.9)), (), 3, (12, 3)),
        (Quantile((0.1, 0.5, 0.9)), (2,), 6, (12, 2, 3)),
        (Poisson(), (2,), 2, (12, 2)),
    ],
)
def test_shapes_of_predictions(loss, row_shape, n_raw, shape):
    target = NumericTarget(row_shape, loss)
    assert (target.n_raw, len(target.raw_names)) == (n_raw, n_raw)
    assert target.n_outputs == max(np.prod(row_shape, dtype=int), 1)
    assert target.predict(np.zeros((12, n_raw))).shape == shape


# ---- what is refused

WRONG = [
    ("binary", np.array(["no", "maybe"] * 6), "classes not in"),
    ("binary", INDICATORS, "one label per row"),
    ("one class", np.arange(12), "classes not in"),
    ("multiclass", ROWS % 4 * 10, "classes not in"),
    ("multiclass", np.ones((12, 2)), "one label per row"),
    ("multiclass", Y["multiclass"].astype(str), "classes not in"),
    ("multiclass", Y["multiclass"].astype(object), "not all labels are strings"),
    ("binary", np.array(["no", None] * 6), "not all labels are strings"),
    ("multilabel", INDICATORS[:, :2], "indicators of 3 labels"),
    ("multilabel", ROWS % 2, "indicators of 3 labels"),
    ("multilabel", 7 * INDICATORS, "other than 0 and 1"),
    ("multilabel", 0.5 * INDICATORS, "other than 0 and 1|continuous"),
    ("multilabel", -INDICATORS, "other than 0 and 1"),
    ("sparse", sparse.csr_matrix(7 * INDICATORS), "other than 0 and 1"),
    ("columns", COLUMNS[:, :2], "3 label columns"),
    ("columns", ROWS % 2 + 5, "3 label columns"),
    ("columns", COLUMNS + 1, "column 0 of y"),
    ("columns", COLUMNS + [0, 1, 0], "column 1 of y"),
]


@pytest.mark.parametrize(("kind", "y", "words"), WRONG)
def test_a_target_of_another_form_is_not_encoded(kind, y, words):
    with pytest.raises(ValueError, match=words):
        target_of_labels(Y[kind], LogLoss()).encode(y, np.float64)
    with pytest.raises(ValueError, match=words):
        target_of_labels(Y[kind], LogLoss()).with_class_weight("balanced", y, None)


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_large_labels_are_told_apart_in_every_type(dtype):
    """NumPy compares int64 with uint64 as floats in some functions."""
    labels = 2**53 + ROWS % 3
    other = labels.astype(np.int64 if dtype is np.uint64 else np.uint64)
    target = target_of_labels(labels.astype(dtype), LogLoss())
    np.testing.assert_array_equal(target.encode(other, np.float64), ROWS % 3)
    assert target.same_classes(other)
    assert not target.same_classes(other - 1)
    with pytest.raises(ValueError, match="classes not in"):
        target.encode(other + 1, np.float64)
    weighted = target.with_class_weight("balanced", other[1:], None)
    np.testing.assert_allclose(weighted.class_weight, [11 / 9, 11 / 12, 11 / 12])


@pytest.mark.parametrize("kind", ["columns", "objects"])
def test_texts_are_no_score_for_numbers(kind):
    """As of one label a row, where scikit-learn's metric refuses them."""
    target = target_of_labels(Y[kind], LogLoss())
    with pytest.raises(ValueError, match="strings in a column where"):
        target.score(Y[kind].astype(str), Y[kind], None)


X = np.random.default_rng(0).normal(size=(12, 3))
SMALL = {"hidden_layer_sizes": (3,), "max_iter": 2, "random_state": 0}
TABLE = {"n_members": 1, "hidden_layer_sizes": (3,), "max_iter": 2, "min_steps": 0}
PLACES = {
    "partial_fit": lambda net, good, bad: net.partial_fit(X, bad),
    "y_val": lambda net, good, bad: net.fit(X, good, X_val=X, y_val=bad),
    "early stopping": lambda net, good, bad: net.set_params(early_stopping=True).fit(
        X, good, X_val=X, y_val=bad
    ),
    "warm start": lambda net, good, bad: net.set_params(warm_start=True).fit(X, bad),
    "backpropagate": lambda net, good, bad: backpropagate(net, X, bad),
    "minimize_input": lambda net, good, bad: minimize_input(net, X, bad),
    "a table": lambda net, good, bad: TabularClassifier(**TABLE).fit(X, good, X_val=X, y_val=bad),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("kind", "y", "words"), WRONG)
def test_later_targets_of_another_form_are_refused(place, kind, y, words):
    if place == "minimize_input" and sparse.issparse(y):
        y = y.toarray()
    classes = {"binary": ["no", "yes"], "multiclass": [0, 10, 20], "one class": [4]}
    classes["columns"] = [[5, 6], [0, 1, 2], [7]]
    net = BackpropClassifier(**SMALL).partial_fit(X, Y[kind], classes=classes.get(kind))
    before = [array.copy() for array in net.coefs_]
    if place in ("warm start", "minimize_input"):
        words = None  # they say it in words of their own
    with pytest.raises(ValueError, match=words):
        PLACES[place](net, Y[kind], y)
    for coef, as_it_was in zip(net.coefs_, before, strict=True):
        np.testing.assert_array_equal(coef, as_it_was)


NUMBERS = np.column_stack([X[:, 0], X[:, 1] + 3])


@pytest.mark.parametrize("estimator", [BackpropRegressor(**SMALL), TabularRegressor(**TABLE)])
@pytest.mark.parametrize(
    ("y", "y_val"),
    [
        (NUMBERS, NUMBERS[:, 0]),
        (NUMBERS[:, 0], NUMBERS),
        (NUMBERS, np.column_stack([NUMBERS, X[:, 2]])),
    ],
    ids=["one for two", "two for one", "three for two"],
)
def test_validation_numbers_of_another_shape_are_refused(estimator, y, y_val):
    with pytest.raises(ValueError, match=r"the training data have [12] outputs per row"):
        copy.deepcopy(estimator).fit(X, y, X_val=X, y_val=y_val)


@pytest.mark.parametrize("target", [NumericTarget((), Poisson()), NumericTarget((2,), Poisson())])
def test_numbers_outside_of_the_domain_are_refused(target):
    y = -np.ones((12, *target.row_shape))
    with pytest.raises(ValueError, match=r"poisson|negative"):
        target.encode(y, np.float64)


def test_numbers_too_large_for_the_type_are_refused():
    with pytest.raises(ValueError, match="too large for dtype=float32"):
        NumericTarget((), SquaredError()).encode(np.full(12, 1e300), np.float32)


# ---- weights of classes, and strata

BALANCED = {
    "binary": (np.array(["no"] * 9 + ["yes"] * 3), [12 / 18] * 9 + [2.0] * 3),
    "multiclass": (np.array([0] * 8 + [1] * 3 + [2]), [0.5] * 8 + [4 / 3] * 3 + [4.0]),
}


@pytest.mark.parametrize("kind", BALANCED)
def test_balanced_weights_are_those_of_the_formula(kind):
    y, expected = BALANCED[kind]
    target = target_of(y, LogLoss())
    assert target.row_weight(target.encode(y, np.float64)) is None
    weighted = target.with_class_weight("balanced", y, None)
    weights = weighted.row_weight(weighted.encode(y, np.float64))
    np.testing.assert_allclose(weights[:, 0], expected)
    assert target.class_weight is None
    assert weighted.with_loss(LogLoss(0.1)).class_weight is None


@pytest.mark.parametrize("kind", ["multilabel", "sparse"])
def test_weights_of_labels_are_those_of_no_and_yes(kind):
    target = target_of_labels(Y[kind], LogLoss())
    weighted = target.with_class_weight([{0: 2, 1: 3}, None, {0: 1, 1: 5}], Y[kind], None)
    weights = weighted.row_weight(weighted.encode(Y[kind], np.float64))
    expected = np.where(INDICATORS, [3, 1, 5], [2, 1, 1])
    np.testing.assert_array_equal(weights, expected)


def test_weights_of_columns_are_those_of_their_labels():
    target = target_of_labels(COLUMNS, LogLoss())
    weighted = target.with_class_weight([{5: 2, 6: 3}, None, {7: 4}], COLUMNS, None)
    weights = weighted.row_weight(weighted.encode(COLUMNS, np.float64))
    expected = np.column_stack([np.where(COLUMNS[:, 0] == 5, 2, 3), np.ones(12), np.full(12, 4)])
    np.testing.assert_array_equal(weights, expected)


@every_kind
def test_strata_are_the_classes_of_a_row(kind):
    target = target_of_labels(Y[kind], LogLoss())
    strata = target.strata(target.encode(Y[kind], np.float64))
    if KINDS[kind] in (BinaryTarget, MulticlassTarget):
        codes = np.unique(Y[kind], return_inverse=True)[1]
        np.testing.assert_array_equal(strata, codes)
    else:
        assert strata is None


@every_kind
def test_same_classes_are_neither_more_nor_fewer(kind):
    target = target_of_labels(Y[kind], LogLoss())
    assert target.same_classes(Y[kind])
    if KINDS[kind] is not MultilabelTarget and kind != "one class":
        assert not target.same_classes(Y[kind][:1])


# ---- units of numbers


class Bounded(Loss):
    """A loss with a link that has no units."""

    link = LogitLink()


SKEWED = np.exp(np.column_stack([X[:, 0], 3 * X[:, 1]])) + 0.1
ROW_WEIGHTS = np.linspace(0.5, 2, 12)


@pytest.mark.parametrize("weights", [None, ROW_WEIGHTS], ids=["unweighted", "weighted"])
@pytest.mark.parametrize(
    ("loss", "center_is_mean", "scale"),
    [(SquaredError(), True, "deviation"), (Poisson(), False, "mean"), (Bounded(), False, "one")],
    ids=["identity", "log", "other"],
)
def test_units_are_those_of_the_link(loss, center_is_mean, scale, weights):
    target = ScaledTarget.fitted_to(SKEWED, loss, weights)
    mean = np.average(SKEWED, axis=0, weights=weights)
    deviation = np.sqrt(np.average((SKEWED - mean) ** 2, axis=0, weights=weights))
    np.testing.assert_allclose(target.center, mean if center_is_mean else 0)
    expected = {"deviation": deviation, "mean": mean, "one": [1.0, 1.0]}[scale]
    np.testing.assert_allclose(target.scale, expected)
    encoded = target.encode(SKEWED, np.float64)
    np.testing.assert_allclose(encoded * target.scale + target.center, SKEWED)


@pytest.mark.parametrize("y", [SKEWED[:, 0], SKEWED], ids=["one", "two"])
def test_scaled_numbers_come_back(y):
    for loss, link in [(SquaredError(), lambda z: z), (Poisson(), np.log)]:
        target = ScaledTarget.fitted_to(y, loss, None).with_loss(loss)
        raw = link(target.encode(y, np.float64))
        np.testing.assert_allclose(target.predict(raw), y)


def test_scaled_quantiles_come_back_in_units_of_their_target():
    loss = Quantile((0.1, 0.9))
    target = ScaledTarget.fitted_to(SKEWED, loss, None)
    encoded = target.encode(SKEWED, np.float64)
    predicted = target.predict(np.repeat(encoded, 2, axis=1))
    np.testing.assert_allclose(predicted, np.stack([SKEWED, SKEWED], axis=2))


def test_scaled_deviations_have_the_units_of_the_target():
    target = ScaledTarget.fitted_to(SKEWED, GaussianNLL(), None)
    np.testing.assert_allclose(target.std(np.zeros((5, 4))), np.tile(target.scale, (5, 1)))


@pytest.mark.parametrize("value", [0.1, -3.7, 0.0, 1e12 + 0.1])
@pytest.mark.parametrize("weights", [None, ROW_WEIGHTS], ids=["unweighted", "weighted"])
def test_a_constant_target_is_predicted_exactly(value, weights):
    target = ScaledTarget.fitted_to(np.full(12, value), SquaredError(), weights)
    prediction = target.predict(np.random.default_rng(0).normal(size=(12, 1)))
    np.testing.assert_allclose(prediction, value, rtol=1e-15)


# ---- scores


def test_label_columns_are_scored_as_lists_too():
    y = [["a", 1], ["b", 2], ["a", 2], ["b", 1]] * 3
    net = BackpropClassifier((4,), solver="lbfgs", random_state=0)
    net.fit(X, np.array(y, dtype=object))
    assert net.score(X, y) == net.score(X, np.array(y, dtype=object))
    assert net.score(X, net.predict(X).tolist()) == 1.0
    with pytest.raises(ValueError, match="shape"):
        net.score(X, [row[:1] for row in y])
