"""Times until an event: Cox's partial likelihood, and the concordance index."""

import pickle

import numpy as np
import pytest
from mistakes import assert_refused
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropRegressor, TabularRegressor
from skbackprop.inspection import (
    backpropagate,
    check_directional_derivatives,
    check_gradient,
    input_gradient,
    minimize_input,
)
from skbackprop.losses import Cox
from skbackprop.losses.concordance import concordance_index

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

EXACT = {"solver": "lbfgs", "alpha": 0, "tol": 1e-9, "max_iter": 1000, "random_state": 0}
EXACT |= {"solver_options": {"ftol": 0.0}}
SMALL = {"hidden_layer_sizes": (5,), "activation": "tanh", "solver": "lbfgs", "random_state": 0}
TABLE = {"n_members": 2, "hidden_layer_sizes": (8,), "min_steps": 100, "random_state": 0}


def survival(event, time, names=("event", "time")):
    y = np.empty(len(time), [(names[0], bool), (names[1], float)])
    y[names[0]], y[names[1]] = event, time
    return y


def draw(seed, n_rows=300, ties=20):
    """Features, and times of which some are equal and some are censored."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 3))
    time = rng.exponential(np.exp(-X @ [1.0, -0.5, 0.0]))
    censoring = rng.exponential(2.0, size=n_rows)
    return X, survival(time <= censoring, np.ceil(ties * np.minimum(time, censoring)))


X, Y = draw(0)


def encoded(event, time, dtype=np.float64):
    return np.column_stack([event, time]).astype(dtype)


def loss_gradient(y, f, weight=None):
    raw = np.asarray(f)[:, np.newaxis]
    out = np.full_like(raw, np.nan)
    column = None if weight is None else np.asarray(weight, raw.dtype)[:, np.newaxis]
    return Cox().loss_gradient(y, raw, column, out), out[:, 0]


def partial_likelihood(event, time, f, weight):
    """By its definition, in one loop."""
    total = 0.0
    for i in np.flatnonzero(event):
        at_risk = time >= time[i]
        total += weight[i] * (np.log(np.sum(weight[at_risk] * np.exp(f[at_risk]))) - f[i])
    return total


# ---- the loss


@pytest.mark.parametrize("weighted", [False, True])
def test_loss_is_that_of_the_definition(weighted, seed):
    rng = np.random.default_rng(seed)
    _, y = draw(seed, 60, ties=5)
    f = rng.normal(size=60)
    weight = rng.uniform(0.5, 2.0, 60) if weighted else np.ones(60)
    total, _ = loss_gradient(encoded(*map(y.__getitem__, y.dtype.names)), f, weight)
    assert total == pytest.approx(partial_likelihood(y["event"], y["time"], f, weight), rel=1e-12)


@pytest.mark.parametrize("ties", [2, 20, 1e9], ids=["many", "some", "none"])
@pytest.mark.parametrize("weighted", [False, True])
def test_gradient_is_that_of_the_value(ties, weighted, seed):
    rng = np.random.default_rng(seed)
    _, y = draw(seed, 60, ties)
    target = encoded(y["event"], y["time"])
    weight = rng.uniform(0.5, 2.0, 60) if weighted else None
    check = check_directional_derivatives(
        lambda f: loss_gradient(target, f, weight), rng.normal(size=60), random_state=seed
    )
    assert check.ok(rtol=1e-8)


def test_a_weight_is_so_many_rows(seed):
    rng = np.random.default_rng(seed)
    _, y = draw(seed, 50, ties=5)
    target, f = encoded(y["event"], y["time"]), rng.normal(size=50)
    weight = rng.integers(0, 4, size=50)
    total, gradient = loss_gradient(target, f, weight)
    copies = np.repeat(np.arange(50), weight)
    of_copies, each = loss_gradient(target[copies], f[copies])
    assert total == pytest.approx(of_copies, rel=1e-12)
    expected = np.bincount(copies, each, minlength=50)
    np.testing.assert_allclose(gradient, expected, atol=1e-12)


def test_order_of_rows_and_a_constant_do_not_count(seed):
    rng = np.random.default_rng(seed)
    _, y = draw(seed, 50, ties=5)
    target, f = encoded(y["event"], y["time"]), rng.normal(size=50)
    total, gradient = loss_gradient(target, f)
    order = rng.permutation(50)
    moved, other = loss_gradient(target[order], f[order] + 100.0)
    assert moved == pytest.approx(total, rel=1e-12)
    np.testing.assert_allclose(other, gradient[order], atol=1e-11)
    assert gradient.sum() == pytest.approx(0, abs=1e-11)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_values_at_extreme_raw_predictions(dtype):
    """The event of least risk comes first, then last."""
    target = encoded([1, 1, 0], [1, 2, 3], dtype)
    f = np.array([-1e4, 1e4, 0.0], dtype)
    total, gradient = loss_gradient(target, f)
    assert total == 2e4
    np.testing.assert_allclose(gradient, [-1, 1, 0], atol=1e-11)
    total, gradient = loss_gradient(target, -f)
    assert total == 1e4
    np.testing.assert_allclose(gradient, [0, -1, 1], atol=1e-11)
    assert gradient.dtype == dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_random_extreme_raw_predictions_are_finite(dtype, seed):
    rng = np.random.default_rng(seed)
    _, y = draw(seed, 60, ties=5)
    target = encoded(y["event"], y["time"], dtype)
    total, gradient = loss_gradient(target, (1e4 * rng.normal(size=60)).astype(dtype))
    assert np.isfinite(total)
    assert np.isfinite(gradient).all()


def test_float32_agrees_with_float64(seed):
    rng = np.random.default_rng(seed)
    _, y = draw(seed, 60, ties=5)
    target, f = encoded(y["event"], y["time"]), rng.normal(size=60).astype(np.float32)
    total, gradient = loss_gradient(target.astype(np.float32), f)
    exact_total, exact = loss_gradient(target, f.astype(float))
    assert total == pytest.approx(exact_total, rel=1e-12)
    np.testing.assert_allclose(gradient, exact, rtol=1e-6, atol=1e-6)


def test_rows_that_are_all_censored_have_no_loss():
    total, gradient = loss_gradient(encoded([0, 0], [1, 2]), [0.3, -0.2])
    assert total == 0
    np.testing.assert_array_equal(gradient, 0)


def test_one_row_has_no_loss():
    total, gradient = loss_gradient(encoded([1], [2]), [0.3])
    assert total == pytest.approx(0)
    assert gradient == pytest.approx(0)


# ---- the concordance index


def concordance_by_pairs(event, time, risk, weight):
    right = total = 0.0
    for i in np.flatnonzero(event):
        later = (time > time[i]) | ((time == time[i]) & ~event)
        pairs = weight[i] * weight[later]
        total += pairs.sum()
        right += pairs @ ((risk[i] > risk[later]) + 0.5 * (risk[i] == risk[later]))
    return right / total


@pytest.mark.parametrize("n_rows", [5, 33, 200])
def test_concordance_is_that_of_all_pairs(n_rows, seed):
    rng = np.random.default_rng(seed)
    for _ in range(20):
        event = np.append(True, rng.uniform(size=n_rows - 1) < 0.5)
        time = np.append(0, rng.integers(1, n_rows // 2, n_rows - 1))
        risk, weight = rng.integers(0, n_rows // 2, n_rows), rng.uniform(size=n_rows)
        index = concordance_index(event, time, risk, weight)
        expected = concordance_by_pairs(event, time, risk, weight)
        assert index == pytest.approx(expected, rel=1e-12)


def test_concordance_of_known_cases():
    event, time = np.array([True, True, False]), np.array([1.0, 2.0, 2.0])
    assert concordance_index(event, time, np.array([3.0, 2.0, 1.0])) == 1
    assert concordance_index(event, time, np.array([1.0, 2.0, 3.0])) == 0
    assert concordance_index(event, time, np.zeros(3)) == 0.5
    assert np.isnan(concordance_index(~event[:2], time[:2], np.zeros(2)))


def test_concordance_agrees_with_scikit_survival(seed):
    metrics = pytest.importorskip("sksurv.metrics")
    risk = np.random.default_rng(seed).integers(0, 100, size=300).astype(float)
    expected = metrics.concordance_index_censored(Y["event"], Y["time"], risk)[0]
    assert concordance_index(Y["event"], Y["time"], risk) == pytest.approx(expected, rel=1e-12)


# ---- fits


def test_agrees_with_phreg_of_statsmodels():
    regression = pytest.importorskip("statsmodels.duration.hazard_regression")
    result = regression.PHReg(Y["time"], X, Y["event"].astype(int), ties="breslow").fit()
    net = BackpropRegressor((), loss="cox", **EXACT).fit(X, Y)
    np.testing.assert_allclose(net.coefs_[0][:, 0], result.params, rtol=1e-5)
    assert net.loss_ == pytest.approx(-result.llf / 300, rel=1e-9)


def test_agrees_with_scikit_survival():
    linear_model = pytest.importorskip("sksurv.linear_model")
    model = linear_model.CoxPHSurvivalAnalysis(ties="breslow").fit(X, Y)
    net = BackpropRegressor((), loss="cox", **EXACT).fit(X, Y)
    np.testing.assert_allclose(net.coefs_[0][:, 0], model.coef_, rtol=1e-5)
    assert net.score(X, Y) == pytest.approx(model.score(X, Y), rel=1e-9)


@pytest.mark.parametrize("weights", [None, np.random.default_rng(1).uniform(0.5, 2, 3000)])
def test_risk_sets_are_of_all_rows_where_these_are_many(weights):
    """More of them than a block of an exact pass has."""
    many, y = draw(3, 3000)
    net = BackpropRegressor(loss="cox", alpha=0.1, max_iter=5, **SMALL).fit(many, y, weights)
    weight = np.ones(3000) if weights is None else weights
    expected = partial_likelihood(y["event"], y["time"], net.predict(many), weight)
    expected += 0.05 * sum(np.sum(W**2) for W in net.coefs_)
    assert net.loss_ == pytest.approx(expected / weight.sum(), rel=1e-10)
    assert backpropagate(net, many, y, weights).loss == pytest.approx(net.loss_, rel=1e-10)
    assert check_gradient(net, many, y, weights, random_state=0).ok(1e-6)


@pytest.mark.parametrize("solver", ["lbfgs", "adam", "sgd"])
def test_every_solver_learns(solver):
    net = BackpropRegressor(
        loss="cox", **SMALL | {"solver": solver}, max_iter=100, learning_rate_init=0.02, alpha=0.1
    ).fit(X, Y)
    assert net.score(X, Y) > 0.7
    assert net.predict(X).shape == (300,)
    assert net.predict(X.astype(np.float32)).dtype == float
    assert net.loss_curve_[-1] < net.loss_curve_[0]


def test_a_curved_risk_is_learnt():
    rng = np.random.default_rng(0)
    features = rng.uniform(-2, 2, size=(500, 1))
    time = rng.exponential(np.exp(-(features[:, 0] ** 2)))
    y = survival(np.full(500, True), time)
    scores = {}
    for hidden in ((), (10,)):
        net = BackpropRegressor(hidden, "tanh", loss="cox", solver="lbfgs", random_state=0)
        scores[hidden] = net.fit(features, y).score(features, y)
    assert scores[()] < 0.6
    assert scores[10,] > 0.75


def test_a_table_is_fitted():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X, columns=list("abc")).assign(kind=np.where(X[:, 0] > 0, "u", "v"))
    model = TabularRegressor(loss="cox", **TABLE).fit(table, Y)
    assert model.score(table, Y) > 0.7
    prediction, std = model.predict(table, return_std=True)
    assert prediction.shape == std.shape == (300,)
    assert model.validation_loss_curve_


def test_early_stopping_and_validation_data():
    net = BackpropRegressor(loss="cox", max_iter=20, early_stopping=True, random_state=0)
    net.fit(X[:200], Y[:200])
    assert 0.5 < net.best_validation_score_ <= 1
    net.fit(X[:200], Y[:200], X_val=X[200:], y_val=Y[200:])
    scores = net.validation_scores_
    assert net.score(X[200:], Y[200:]) == pytest.approx(max(scores), rel=1e-12)


def test_works_with_the_tools_of_scikit_learn():
    model = make_pipeline(StandardScaler(), BackpropRegressor(loss="cox", **SMALL))
    scores = cross_val_score(model, X, Y, error_score="raise")
    assert scores.shape == (5,)
    assert scores.mean() > 0.65
    search = GridSearchCV(
        BackpropRegressor(loss="cox", **SMALL), {"alpha": [0.01, 1.0]}, error_score="raise"
    ).fit(X, Y)
    twin = pickle.loads(pickle.dumps(search.best_estimator_))
    np.testing.assert_array_equal(twin.predict(X), search.predict(X))
    assert twin.to_sklearn().predict(X) == pytest.approx(twin.predict(X))


def test_fields_have_any_names_and_times_any_type():
    times = Y.astype([("died", bool), ("days", np.int32)])
    net = BackpropRegressor(loss="cox", max_iter=5, **SMALL)
    assert clone(net).fit(X, times).loss_ == net.fit(X, Y).loss_
    assert net.score(X, times) == net.score(X, Y)


def test_times_that_float32_cannot_tell_apart_are_different():
    y = survival(Y["event"], 1e9 + Y["time"])
    near, far = (
        BackpropRegressor(loss="cox", max_iter=5, dtype="float32", **SMALL).fit(X, times)
        for times in (Y, y)
    )
    assert near.loss_curve_ == far.loss_curve_


def test_partial_fit_and_warm_start():
    net = BackpropRegressor(loss="cox", random_state=0, hidden_layer_sizes=(5,))
    parts = clone(net)
    for _ in range(3):
        parts.partial_fit(X, Y)
    assert parts.loss_curve_ == net.set_params(max_iter=3).fit(X, Y).loss_curve_
    parts.partial_fit(X[:5], survival(np.zeros(5, bool), np.ones(5)))  # a batch without events
    warm = BackpropRegressor(loss="cox", warm_start=True, max_iter=5, **SMALL).fit(X, Y)
    before = warm.loss_
    assert warm.fit(X, Y).loss_ < before


def test_a_table_goes_on_with_this_loss_only():
    table = TabularRegressor(loss="cox", **TABLE).partial_fit(X, Y)
    for _ in range(9):
        table.partial_fit(X, Y)
    assert table.score(X, Y) > 0.6
    error = assert_refused(
        table.set_params(loss="squared_error"), lambda e: e.partial_fit(X, Y["time"])
    )
    assert "loss='squared_error' needs a different scaling of y than loss='cox'" in str(error)


def test_the_output_of_a_drawn_network_is_the_log_risk():
    Figure = pytest.importorskip("matplotlib.figure").Figure
    from skbackprop.plotting import NetworkDisplay

    net = BackpropRegressor(loss="cox", max_iter=2, **SMALL).fit(X, Y)
    display = NetworkDisplay.from_estimator(net, ax=Figure().subplots())
    assert display.output_names == ["log risk"]


def test_inspection():
    net = BackpropRegressor(loss="cox", max_iter=20, **SMALL).fit(X, Y)
    step = np.array([1e-6, 0, 0])
    slope = (net.predict(X + step) - net.predict(X - step)) / 2e-6
    np.testing.assert_allclose(input_gradient(net, X)[:, 0], slope, atol=1e-6)
    with pytest.raises(ValueError, match="compares rows"):
        minimize_input(net, X[:1], Y[0])


def test_validation_rows_without_events_are_recorded():
    """Their score is undefined; only early stopping looks at it, and finds no improvement."""
    censored = survival(np.zeros(300, bool), Y["time"])
    net = BackpropRegressor(loss="cox", max_iter=3, **SMALL)
    plain = net.fit(X, Y).predict(X)
    assert np.isnan(net.score(X, censored))
    net.fit(X, Y, X_val=X, y_val=censored)
    assert np.isnan(net.validation_scores_).all()
    assert net.validation_loss_curve_ == [0.0] * net.n_iter_
    np.testing.assert_array_equal(net.predict(X), plain)


# ---- what is refused


BAD = {
    "numbers": Y["time"],
    "two columns": np.column_stack([Y["event"], Y["time"]]),
    "three fields": np.zeros(300, [("a", bool), ("b", float), ("c", float)]),
    "fields in another order": np.zeros(300, [("time", float), ("event", bool)]),
    "event as a number": np.zeros(300, [("event", int), ("time", float)]),
    "time as a text": np.zeros(300, [("event", bool), ("time", "U3")]),
    "negative": survival(Y["event"], Y["time"] - 5),
    "missing": survival(Y["event"], np.where(Y["time"] > 9, np.nan, Y["time"])),
    "infinite": survival(Y["event"], np.where(Y["time"] > 9, np.inf, Y["time"])),
    "all censored": survival(np.zeros(300, bool), Y["time"]),
}


@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("model", [BackpropRegressor, TabularRegressor])
def test_what_is_no_time_is_refused(model, kind):
    settings = SMALL if model is BackpropRegressor else TABLE
    fitted = model(loss="cox", max_iter=2, **settings).fit(X, Y)
    for net in (clone(fitted), fitted):
        error = assert_refused(net, lambda net: net.fit(X, BAD[kind]))
        assert isinstance(error, ValueError)
        assert any(
            word in str(error) for word in ("structured array", "The times in field", "censored")
        )


@pytest.mark.parametrize("model", [BackpropRegressor, TabularRegressor])
def test_times_are_for_the_loss_of_times(model):
    with pytest.raises(ValueError, match="structured array, which needs loss='cox'"):
        model().fit(X, Y)


def test_validation_data_are_of_the_same_kind():
    net = BackpropRegressor(loss="cox", max_iter=2, **SMALL)
    with pytest.raises(ValueError, match=r"Invalid X_val.*structured array"):
        net.fit(X, Y, X_val=X, y_val=Y["time"])


def test_rows_without_weight_bring_no_event():
    with pytest.raises(ValueError, match="All rows of y are censored"):
        BackpropRegressor(loss="cox", **SMALL).fit(X, Y, sample_weight=1.0 - Y["event"])


def test_partitions_of_dask_are_refused():
    distributed = pytest.importorskip("distributed")
    array = pytest.importorskip("dask.array")
    from skbackprop.dask import DaskBackpropRegressor

    with (
        distributed.LocalCluster(1, processes=False, dashboard_address=None) as cluster,
        distributed.Client(cluster),
        pytest.raises(ValueError, match=r"compares rows.*Use BackpropRegressor"),
    ):
        DaskBackpropRegressor(loss="cox").fit(array.from_array(X), array.from_array(Y["time"]))
