"""``missing_targets="ignore"``: each output is learnt from the rows where it is known."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from component_tables import LOSSES, draw_targets
from sklearn.base import clone
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import KFold, cross_val_score, train_test_split

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.inspection import backpropagate, check_gradient
from skbackprop.losses import REGRESSION_LOSSES, Loss, Quantile

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

N_ROWS, N_OUTPUTS = 90, 3
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_ROWS, 4))
WEIGHTS = RNG.uniform(0.5, 2.0, size=N_ROWS)
MISSING = RNG.uniform(size=(N_ROWS, N_OUTPUTS)) < 0.3
MISSING[:2] = [[True] * N_OUTPUTS, [False] * N_OUTPUTS]
KNOWN = ~MISSING
NUMBERS = X @ RNG.normal(size=(4, N_OUTPUTS)) + RNG.normal(size=(N_ROWS, N_OUTPUTS))
LABELS = (NUMBERS > 0).astype(float)
COLUMNS = np.column_stack([np.digitize(NUMBERS[:, 0], [-1, 1]) + 3, LABELS[:, 1:] + 5])

# ``y`` of each kind, with an estimator for it.
TARGETS = {
    "numbers": (BackpropRegressor, NUMBERS),
    "labels": (BackpropClassifier, LABELS),
    "columns": (BackpropClassifier, COLUMNS),
}
QUICK = {"hidden_layer_sizes": (5,), "activation": "tanh", "max_iter": 12, "random_state": 0}
EXACT = {
    "solver": "lbfgs", "tol": 1e-9, "max_iter": 5000, "max_fun": 10**5, "random_state": 0,
    "solver_options": {"ftol": 0.0},
}  # fmt: skip

every_kind = pytest.mark.parametrize("kind", TARGETS)
every_solver = pytest.mark.parametrize("solver", ["lbfgs", "sgd", "adam"])


def with_missing(y, mask=MISSING, value=np.nan):
    y = np.array(y, dtype=object if value is not np.nan else np.float64)
    y[mask] = value
    return y


def ignoring(kind, **parameters):
    return TARGETS[kind][0](missing_targets="ignore", **(QUICK | parameters))


def assert_same(one, other, rtol=0.0):
    for a, b in zip(one.coefs_ + one.intercepts_, other.coefs_ + other.intercepts_, strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


# ---- nothing shared: as separate fits


def separate_fits(estimator, y, **fit_parameters):
    """A fit of each column on the rows where it is known."""
    for j in range(N_OUTPUTS):
        rows = np.flatnonzero(KNOWN[:, j])
        weight = fit_parameters.get("sample_weight")
        own = {} if weight is None else {"sample_weight": weight[rows]}
        yield clone(estimator).fit(X[rows], y[rows, j], **own), rows


def weighted(kind):
    return {"sample_weight": WEIGHTS} if kind == "weighted" else {}


# Those that L-BFGS minimises to the last digits.
SMOOTH = [name for name in REGRESSION_LOSSES if name not in ("absolute_error", "quantile")]


@pytest.mark.parametrize("weights", ["none", "weighted"])
@pytest.mark.parametrize("loss", SMOOTH)
def test_linear_regression_is_that_of_separate_fits(loss, weights):
    y = draw_targets(loss, N_ROWS, N_OUTPUTS, np.random.default_rng(1)) / 3
    net = BackpropRegressor((), loss=loss, alpha=3.0, missing_targets="ignore", **EXACT)
    net.fit(X, with_missing(y), **weighted(weights))
    per_output = LOSSES[loss].raw_per_target
    for j, (one, _) in enumerate(separate_fits(net, y, **weighted(weights))):
        own = slice(j * per_output, (j + 1) * per_output)
        np.testing.assert_allclose(net.coefs_[0][:, own], one.coefs_[0], atol=1e-6)
        np.testing.assert_allclose(net.intercepts_[0][own], one.intercepts_[0], atol=1e-6)


@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("weights", ["none", "weighted"])
@pytest.mark.parametrize("loss", ["log_loss", "focal"])
@pytest.mark.parametrize("kind", ["labels", "columns"])
def test_linear_classification_is_that_of_separate_fits(kind, loss, weights, class_weight):
    estimator, y = TARGETS[kind]
    net = estimator(
        (), loss=loss, alpha=1.0, class_weight=class_weight, missing_targets="ignore", **EXACT
    )
    net.fit(X, with_missing(y), **weighted(weights))
    probabilities = net.predict_proba(X)
    for j, (one, _) in enumerate(separate_fits(net, y, **weighted(weights))):
        expected = one.predict_proba(X)
        own = probabilities[j] if kind == "columns" else probabilities[:, j]
        expected = expected if kind == "columns" else expected[:, 1]
        np.testing.assert_allclose(own, expected, atol=1e-5)


def blocks(arrays):
    """Block-diagonal weights, and biases side by side."""
    return sp.block_diag(arrays).toarray() if arrays[0].ndim == 2 else np.concatenate(arrays)


@pytest.mark.parametrize("loss", SMOOTH)
def test_gradient_of_separate_networks_side_by_side(loss):
    y = draw_targets(loss, N_ROWS, N_OUTPUTS, np.random.default_rng(1))
    settings = {"loss": loss, "alpha": 0.5, "missing_targets": "ignore", **QUICK, "max_iter": 3}
    alone = BackpropRegressor(**settings | {"hidden_layer_sizes": (4,)})
    ones = [one for one, _ in separate_fits(alone, y)]
    whole = BackpropRegressor(**settings | {"hidden_layer_sizes": (4 * N_OUTPUTS,)})
    whole.partial_fit(X, with_missing(y))
    first, second = zip(*(one.coefs_ for one in ones), strict=True)
    whole.coefs_ = [np.hstack(first), blocks(second)]
    whole.intercepts_ = [
        blocks(biases) for biases in zip(*(one.intercepts_ for one in ones), strict=True)
    ]
    passes = backpropagate(whole, X, with_missing(y))
    divisor = KNOWN.sum() / N_OUTPUTS
    per_output = LOSSES[loss].raw_per_target
    total = 0.0
    for j, one in enumerate(ones):
        rows = KNOWN[:, j]
        own = backpropagate(one, X[rows], y[rows, j])
        hidden = slice(4 * j, 4 * (j + 1))
        outputs = slice(per_output * j, per_output * (j + 1))
        for ours, theirs in (
            (passes.coef_grads[0][:, hidden], own.coef_grads[0]),
            (passes.coef_grads[1][hidden, outputs], own.coef_grads[1]),
            (passes.intercept_grads[0][hidden], own.intercept_grads[0]),
            (passes.intercept_grads[1][outputs], own.intercept_grads[1]),
        ):
            np.testing.assert_allclose(ours, theirs * rows.sum() / divisor, atol=1e-10)
        total += own.loss * rows.sum()
    assert passes.loss == pytest.approx(total / divisor, rel=1e-10)


@every_kind
def test_gradient(kind, seed):
    net = ignoring(kind, max_iter=2, random_state=seed, alpha=0.3)
    y = with_missing(TARGETS[kind][1])
    assert check_gradient(net.fit(X, y, WEIGHTS), X, y, WEIGHTS, random_state=seed).ok(rtol=1e-6)


# ---- invariances


@every_kind
def test_a_row_is_as_rows_with_one_known_target_each(kind):
    """Number for number: the objective is divided by the rows' shares of known targets."""
    y = TARGETS[kind][1]
    apart = np.concatenate(
        [with_missing(y, np.arange(N_OUTPUTS) != np.full((N_ROWS, 1), j)) for j in range(3)]
    )
    settings = {"solver": "lbfgs", "alpha": 0.5}
    whole = ignoring(kind, **settings).fit(X, y, WEIGHTS)
    parts = ignoring(kind, **settings).fit(np.tile(X, (3, 1)), apart, np.tile(WEIGHTS, 3))
    np.testing.assert_allclose(parts.loss_curve_, whole.loss_curve_, rtol=1e-8)
    assert_same(parts, whole, rtol=1e-6)


@every_solver
@every_kind
def test_a_row_without_known_targets_is_as_if_absent(kind, solver):
    y = with_missing(TARGETS[kind][1])
    net = ignoring(kind, solver=solver, batch_size=20)
    assert_same(clone(net).fit(X, y), clone(net).fit(X[1:], y[1:]))
    early = ignoring(kind, solver=solver, early_stopping=True, validation_fraction=0.3)
    assert_same(clone(early).fit(X, y), clone(early).fit(X[1:], y[1:]))


@every_solver
@pytest.mark.parametrize("estimator", [BackpropRegressor, BackpropClassifier])
def test_of_one_output_the_rows_are_left_out(estimator, solver):
    y = NUMBERS[:, 0] if estimator is BackpropRegressor else COLUMNS[:, 0]
    rows = KNOWN[:, 0]
    net = estimator(solver=solver, batch_size=20, missing_targets="ignore", **QUICK)
    partly = clone(net).fit(X, with_missing(y, MISSING[:, 0]))
    without = clone(net).fit(X[rows], y[rows])
    assert_same(partly, without, rtol=1e-9)
    assert partly.score(X, with_missing(y, MISSING[:, 0])) == pytest.approx(
        without.score(X[rows], y[rows])
    )


@every_solver
@every_kind
def test_complete_targets_are_fitted_as_always(kind, solver):
    estimator, y = TARGETS[kind]
    settings = QUICK | {"solver": solver, "early_stopping": True}
    one = estimator(**settings).fit(X, y, WEIGHTS)
    other = estimator(missing_targets="ignore", **settings).fit(X, y, WEIGHTS)
    assert_same(one, other)
    assert one.loss_curve_ == other.loss_curve_
    assert one.score(X, y, WEIGHTS) == other.score(X, y, WEIGHTS)


@every_kind
def test_the_order_of_the_rows_does_not_count(kind):
    """Although it decides what is put in the place of missing values."""
    y = with_missing(TARGETS[kind][1])
    order = np.r_[5:N_ROWS, 0:5]
    settings = {"solver": "sgd", "shuffle": False}  # all rows in one batch
    one = ignoring(kind, **settings).fit(X, y)
    other = ignoring(kind, **settings).fit(X[order], y[order])
    assert_same(one, other, rtol=1e-12)


# ---- containers


def containers():
    y = with_missing(COLUMNS)
    texts = np.where(MISSING, None, COLUMNS.astype(int).astype(str).astype(object))
    integers = pd.DataFrame(COLUMNS.astype(int)).astype("Int64").mask(MISSING)
    yield "None", np.where(MISSING, None, COLUMNS.astype(object))
    yield "list", y.tolist()
    yield "frame of floats", pd.DataFrame(y)
    yield "frame of nullable integers", integers
    yield "frame of columns of different types", integers.astype({1: "float64"})
    yield "texts and None", texts
    yield "texts and NaN in a list", np.where(MISSING, np.nan, texts).tolist()
    yield "frame of texts", pd.DataFrame(texts)
    yield "frame of categories", pd.DataFrame(texts).astype("category")
    yield "frame of strings", pd.DataFrame(texts).astype("string")


@pytest.mark.parametrize(("name", "y"), [*containers()])
def test_containers_of_labels(name, y):
    expected = ignoring("columns").fit(X, with_missing(COLUMNS))
    net = ignoring("columns").fit(X, y)
    assert_same(net, expected)
    assert [list(map(float, labels)) for labels in net.classes_] == [[3, 4, 5], [5, 6], [5, 6]]
    assert net.score(X, y) == expected.score(X, with_missing(COLUMNS))


@pytest.mark.parametrize("kind", ["numbers", "labels"])
def test_containers_of_numbers(kind):
    y = with_missing(TARGETS[kind][1])
    expected = ignoring(kind).fit(X, y)
    for other in (y.tolist(), pd.DataFrame(y), pd.DataFrame(y).astype("Float64"),
                  np.where(MISSING, None, y.astype(object))):  # fmt: skip
        net = ignoring(kind).fit(X, other)
        assert_same(net, expected)
        assert net.score(X, other) == expected.score(X, y)


def test_polars():
    pl = pytest.importorskip("polars")
    y = np.where(MISSING, None, COLUMNS.astype(int).astype(str).astype(object))
    frame = pl.DataFrame({f"y{j}": y[:, j].tolist() for j in range(N_OUTPUTS)})
    assert_same(ignoring("columns").fit(X, frame), ignoring("columns").fit(X, y))


def test_sparse_indicators():
    y = with_missing(LABELS)
    for container in (sp.csr_array, sp.csc_matrix, sp.coo_array, sp.lil_array):
        net = ignoring("labels").fit(X, container(y))
        assert_same(net, ignoring("labels").fit(X, y))
        assert sp.issparse(net.predict(X))
        assert net.score(X, container(y)) == net.score(X, y)


@every_kind
def test_float32(kind):
    y = with_missing(TARGETS[kind][1]).astype(np.float32)
    net = ignoring(kind).fit(X.astype(np.float32), y)
    assert net.coefs_[0].dtype == np.float32
    np.testing.assert_allclose(net.loss_, ignoring(kind).fit(X, y).loss_, rtol=1e-3)


def test_given_arrays_are_left_alone():
    y = with_missing(NUMBERS)
    before = y.copy()
    ignoring("numbers", early_stopping=True).fit(X, y, X_val=X, y_val=y).score(X, y)
    np.testing.assert_array_equal(y, before)
    y.flags.writeable = False
    ignoring("numbers").fit(X, y)


# ---- the course of a fit


@pytest.mark.parametrize("solver", ["sgd", "adam"])
@every_kind
def test_partial_fit_makes_the_epochs_of_fit(kind, solver):
    y = with_missing(TARGETS[kind][1])
    settings = {"solver": solver, "max_iter": 4, "batch_size": 30, "tol": 0}
    net = ignoring(kind, **settings)
    classes = {"classes": [[3, 4, 5], [5, 6], [5, 6]]} if kind == "columns" else {}
    for _ in range(4):
        net.partial_fit(X, y, **classes)
    assert_same(net, ignoring(kind, **settings).fit(X, y))


@every_kind
def test_a_column_may_be_missing_in_a_later_batch(kind):
    y = with_missing(TARGETS[kind][1])
    net = ignoring(kind, alpha=0.0, solver="sgd", momentum=0.0)
    classes = {"classes": [[3, 4, 5], [5, 6], [5, 6]]} if kind == "columns" else {}
    net.partial_fit(X, y, **classes)
    last = net.coefs_[-1].copy()
    later = y.copy()
    later[:, 2] = np.nan
    net.partial_fit(X, later)
    np.testing.assert_array_equal(net.coefs_[-1][:, -1], last[:, -1])
    assert (net.coefs_[-1][:, 0] != last[:, 0]).all()
    assert np.isfinite(net.score(X, later))


@every_solver
@every_kind
def test_warm_start_goes_on(kind, solver):
    y = with_missing(TARGETS[kind][1])
    net = ignoring(kind, solver=solver, warm_start=True, max_iter=5, early_stopping=True)
    first = net.fit(X, y).loss_curve_
    again = net.fit(X, y).loss_curve_
    assert again[:5] == first
    assert again[-1] < first[0]


@every_kind
def test_validation_data(kind):
    y = with_missing(TARGETS[kind][1])
    net = ignoring(kind, early_stopping=True).fit(X, y, X_val=X[:40], y_val=y[:40])
    assert net.best_validation_score_ == pytest.approx(net.score(X[:40], y[:40]))
    loss = backpropagate(net.set_params(alpha=0.0), X[:40], y[:40]).loss
    assert net.validation_loss_curve_[net.best_iter_ - 1] == pytest.approx(loss)
    complete = TARGETS[kind][1][:40].copy()
    complete[:, 1] = np.nan
    net = ignoring(kind, early_stopping=True).fit(X, y, X_val=X[:40], y_val=complete)
    assert np.isfinite(net.validation_scores_).all()


@pytest.mark.parametrize("seed", range(10))
def test_a_split_must_leave_known_targets(seed):
    y = NUMBERS.copy()
    y[1:, 1] = np.nan
    net = ignoring("numbers", early_stopping=True, validation_fraction=0.5, random_state=seed)
    # The split is drawn after the starting values.
    state = np.random.RandomState(seed)
    net.hidden_layer_sizes = ()
    state.uniform(size=4 * N_OUTPUTS)
    state.uniform(size=N_OUTPUTS)
    training, _ = train_test_split(np.arange(N_ROWS), test_size=0.5, random_state=state)
    if 0 in training:
        net.fit(X, y)
    else:
        with pytest.raises(ValueError, match="no known target in column 1 of y to train on"):
            net.fit(X, y)


@every_kind
def test_clone_copy_and_pickle(kind):
    y = with_missing(TARGETS[kind][1])
    net = ignoring(kind).fit(X, y)
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert other.score(X, y) == net.score(X, y)
    assert clone(net).missing_targets == "ignore"


# ---- scores


def test_r2_is_the_mean_over_the_outputs():
    y = with_missing(NUMBERS)
    net = ignoring("numbers").fit(X, y)
    prediction = net.predict(X)
    for weight in (None, WEIGHTS):
        scores = [
            r2_score(
                NUMBERS[rows, j],
                prediction[rows, j],
                sample_weight=None if weight is None else weight[rows],
            )
            for j, rows in enumerate(KNOWN.T)
        ]
        assert net.score(X, y, weight) == pytest.approx(np.mean(scores), rel=1e-12)
        assert net.score(X, NUMBERS, weight) == r2_score(NUMBERS, prediction, sample_weight=weight)


def test_d2_of_several_quantiles():
    y = with_missing(NUMBERS)
    net = ignoring("numbers", loss=Quantile((0.2, 0.8))).fit(X, y)
    loss, prediction = Quantile((0.2, 0.8)), net.predict(X)
    scores = [
        # With weights: scikit-learn 1.7 has other quantiles without them.
        loss.score(NUMBERS[rows, j], prediction[rows, j], np.ones(rows.sum()))
        for j, rows in enumerate(KNOWN.T)
    ]
    assert net.score(X, y) == pytest.approx(np.mean(scores), rel=1e-12)


def test_an_output_with_one_known_target_has_no_score():
    y = NUMBERS.copy()
    y[1:, 2] = np.nan
    net = ignoring("numbers").fit(X, y)
    expected = r2_score(NUMBERS[:, :2], net.predict(X)[:, :2])
    assert net.score(X, y) == pytest.approx(expected, rel=1e-12)
    assert np.isnan(net.score(X[:1], y[:1] + [[0, 0, np.nan]]))


@pytest.mark.parametrize("kind", ["labels", "columns"])
def test_accuracy_is_of_all_known_labels_of_a_row(kind):
    y = TARGETS[kind][1]
    net = ignoring(kind).fit(X, with_missing(y))
    right = ((net.predict(X) == y) | MISSING).all(axis=1)
    some = KNOWN.any(axis=1)
    assert net.score(X, with_missing(y)) == pytest.approx(right[some].mean())
    expected = np.average(right[some], weights=WEIGHTS[some])
    assert net.score(X, with_missing(y), WEIGHTS) == pytest.approx(expected)
    complete = (net.predict(X) == y).all(axis=1).mean()
    assert net.score(X, y) == pytest.approx(complete)


def test_accuracy_of_one_column():
    y = with_missing(COLUMNS[:, 0], MISSING[:, 0])
    net = ignoring("columns").fit(X, y)
    rows = KNOWN[:, 0]
    expected = accuracy_score(COLUMNS[rows, 0], net.predict(X[rows]))
    assert net.score(X, y) == pytest.approx(expected)


# ---- with scikit-learn


@every_kind
def test_cross_validation(kind):
    y = with_missing(TARGETS[kind][1])
    net = ignoring(kind)
    scores = cross_val_score(net, X, y, cv=KFold(3), error_score="raise")
    train, test = next(KFold(3).split(X))
    assert scores[0] == clone(net).fit(X[train], y[train]).score(X[test], y[test])


@every_kind
def test_callbacks_see_the_data_as_they_were_given(kind):
    callback = pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 has callbacks")
    y = with_missing(TARGETS[kind][1])
    monitor = callback.ScoringMonitor(scoring={"own": lambda net, X, y: net.score(X, y)})
    net = ignoring(kind).set_callbacks(monitor).fit(X, y, X_val=X, y_val=y)
    scores = [row["own"] for row in monitor.get_logs().data if row["task_name"] != "fit"]
    assert scores == pytest.approx(net.validation_scores_)


@pytest.mark.parametrize("kind", ["numbers", "labels"])
def test_to_sklearn(kind):
    net = ignoring(kind).fit(X, with_missing(TARGETS[kind][1]))
    np.testing.assert_allclose(net.to_sklearn().predict(X), net.predict(X))


# ---- extreme values


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("loss", ["poisson", "gamma", "tweedie"])
def test_a_prediction_may_overflow_where_the_target_is_missing(loss, dtype):
    """Which it would not in a fit of the known rows alone."""
    far = np.full((10, 1), 2000.0, dtype)
    near = np.linspace(-1, 1, 20, dtype=dtype)[:, np.newaxis]
    slope = {"poisson": 1.0, "gamma": -1.0, "tweedie": 1.0}[loss]
    y = np.exp(slope * near + [[0.0, 1.0]])
    y = np.concatenate([y, np.column_stack([np.full(10, np.nan), np.ones(10)])]).astype(dtype)
    net = BackpropRegressor(
        (), loss=loss, solver="sgd", alpha=0, learning_rate_init=1e-9, missing_targets="ignore",
        max_iter=3, random_state=0,
    )  # fmt: skip
    start = {"coef_init": [[[slope, 0.0]]], "intercept_init": [[0.0, 1.0]]}
    net.fit(np.concatenate([near, far]), y, **start)
    assert np.isfinite(net.loss_curve_).all()
    assert net.coefs_[0][0, 0] == pytest.approx(slope, rel=1e-5)


class UnitInterval(Loss):
    """Squared error of numbers in (0, 1)."""

    def check_target(self, y):
        if not ((y > 0) & (y < 1)).all():
            raise ValueError("y must be in (0, 1).")

    def loss_gradient(self, y, raw, sample_weight, out):
        np.subtract(raw, y, out=out)
        weight = 1 if sample_weight is None else sample_weight
        total = 0.5 * float(np.sum(weight * out * out))
        out *= weight
        return total


def test_a_loss_of_ones_own_sees_known_targets_only():
    y = RNG.uniform(0.1, 0.9, size=(N_ROWS, N_OUTPUTS))
    one = ignoring("numbers", loss=UnitInterval(), solver="lbfgs").fit(X, with_missing(y))
    other = ignoring("numbers", solver="lbfgs").fit(X, with_missing(y))
    assert_same(one, other, rtol=1e-6)


def test_the_number_of_a_row_of_weight_zero_is_not_put_in_the_place_of_a_missing_one():
    y = with_missing(np.exp(NUMBERS))
    y[0], weight = 1e300, np.ones(N_ROWS)
    weight[0] = 0
    net = ignoring("numbers", loss="poisson", solver="lbfgs")
    assert_same(net.fit(X, y, weight), clone(net).fit(X[1:], y[1:]), rtol=1e-9)


# ---- what is refused


def refusals():
    column = with_missing(COLUMNS)
    column[:, 1] = np.nan
    names = pd.DataFrame(column, columns=["make", "colour", "size"])
    everything = np.full((N_ROWS, N_OUTPUTS), np.nan)
    light = (KNOWN[:, 1] == 0).astype(float)
    yield "a column", (X, column), "no known target in column 1: all are missing"
    yield "a named column", (X, names), "no known target in column 1 ('colour')"
    yield "a column of weight 0", (X, with_missing(COLUMNS), light), "in column 1: all are missing"
    yield "all", (X, everything), "no known target: all are missing or have weight 0"
    yield "all of one column", (X, everything[:, 0]), "no known target: all are missing"
    yield "infinity", (X, np.where(MISSING, np.nan, np.inf)), "infinity"
    yield "lengths", (X[1:], with_missing(COLUMNS)), "inconsistent numbers of samples: [89, 90]"
    yield "2-D weights", (X, with_missing(COLUMNS), np.ones((N_ROWS, 3))), "must be 1D array"
    yield "weights", (X, with_missing(COLUMNS), -WEIGHTS), "Negative values in data"
    yield "no y", (X, None), "requires y to be passed, but the target y is None"
    yield "X with NaN", (with_missing(X, (0, 0)), with_missing(COLUMNS)), "Input X contains NaN"


@pytest.mark.parametrize(("name", "data", "message"), [*refusals()])
@pytest.mark.parametrize("kind", ["numbers", "columns"])
def test_refused(kind, name, data, message):
    net = ignoring(kind)
    with pytest.raises(ValueError) as caught:
        net.fit(*data)
    assert message in str(caught.value)
    assert set(vars(net)) == set(net.get_params())


@every_kind
def test_refused_by_default(kind):
    estimator, y = TARGETS[kind]
    with pytest.raises(ValueError, match="Input y contains NaN"):
        estimator(**QUICK).fit(X, with_missing(y))
    net = estimator(**QUICK).fit(X, y)
    if kind == "numbers":
        with pytest.raises(ValueError, match="NaN"):
            net.score(X, with_missing(y))


def test_validation_data_without_known_targets():
    y = with_missing(NUMBERS)
    with pytest.raises(ValueError, match=r"Invalid X_val, y_val .*: y has no known target"):
        ignoring("numbers").fit(X, y, X_val=X, y_val=np.full_like(y, np.nan))


@every_kind
def test_a_first_batch_needs_every_column(kind):
    y = with_missing(TARGETS[kind][1])
    y[:, 0] = np.nan
    with pytest.raises(ValueError, match="no known target in column 0"):
        ignoring(kind).partial_fit(X, y)


def test_other_scores_need_all_targets():
    y = with_missing(NUMBERS)
    for scoring in ("neg_mean_absolute_error", lambda net, X, y: 0.0):
        net = ignoring("numbers", scoring=scoring, early_stopping=True)
        with pytest.raises(ValueError, match=r"scoring=.*cannot be computed"):
            net.fit(X, y)
        net.fit(X, y, X_val=X, y_val=NUMBERS)
        one = with_missing(NUMBERS[:, 0], MISSING[:, 0])
        clone(net).fit(X, one)
    ignoring("numbers", scoring="loss", early_stopping=True).fit(X, y)


def test_losses_of_classes_that_are_refused_for_several_labels():
    with pytest.raises(ValueError, match="is for one class per row"):
        ignoring("labels", loss=LOSSES["multinomial"]).fit(X, with_missing(LABELS))
