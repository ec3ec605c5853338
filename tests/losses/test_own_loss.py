"""Parts of a user's own, each in its least form, wherever the package's own ones may be given."""

import copy
import pickle
import re

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, cross_val_predict

from skbackprop import BackpropClassifier, BackpropRegressor, TabularClassifier, TabularRegressor
from skbackprop.activations import Activation
from skbackprop.inspection import (
    backpropagate,
    check_gradient,
    input_gradient,
    layer_outputs,
    minimize_input,
)
from skbackprop.losses import ClassificationLoss, Loss
from skbackprop.plotting import NetworkDisplay
from skbackprop.training import UPDATE_RULES

X = np.random.default_rng(0).uniform(-1, 1, size=(60, 2))
NUMBERS = (X[:, 0] + 2) ** 2
LABELS = np.where(X[:, 0] > X[:, 1], "above", "below")
FITS = {
    "lbfgs": {"solver": "lbfgs", "tol": 1e-2, "max_iter": 1000},
    "sgd": {"solver": "sgd", "learning_rate_init": 1e-3, "tol": 1e-3, "max_iter": 3000},
    "adam": {"solver": "adam", "learning_rate_init": 0.02, "tol": 1e-3, "max_iter": 3000},
}
TABLE = {"n_members": 2, "hidden_layer_sizes": (8,), "max_iter": 5, "min_steps": 200}
every_solver = pytest.mark.parametrize("solver", FITS)


class SquareLink:
    """Predictions are squares. A link need not be a subclass of Link."""

    name = "square"

    def inverse(self, raw, out):
        np.square(raw, out=out)


class OwnLoss(Loss):
    """Half the squared error of the squares: the least that a loss with a link needs."""

    link = SquareLink()

    def loss_gradient(self, y, raw, sample_weight, out):
        weight = 1 if sample_weight is None else sample_weight
        residual = raw**2 - y
        out[...] = weight * residual * 2 * raw
        return float(np.sum(weight * residual**2)) / 2


class OwnClassLoss(ClassificationLoss):
    """An exponential loss of two classes, or of several labels."""

    def loss_gradient(self, y, raw, sample_weight, out):
        weight = 1 if sample_weight is None else sample_weight
        sign = 2 * y - 1
        losses = weight * np.exp(-sign * raw)
        out[...] = -sign * losses
        return float(np.sum(losses))


class OwnActivation(Activation):
    """The least that an activation needs."""

    def forward(self, Z, out):
        np.arctan(Z, out=out)

    def backward(self, delta, H, Z):
        delta *= np.cos(H) ** 2


def own_schedule(progress):
    return 1 / (1 + 0.01 * progress.epoch)


CALLS = []


def own_scorer(estimator, X, y):
    CALLS.append(estimator.predict(X))
    return -float(np.mean(np.abs(CALLS[-1] - y)))


def net_of(solver="lbfgs", **parameters):
    return BackpropRegressor((6,), "tanh", random_state=0, **FITS[solver] | parameters)


@pytest.fixture(scope="module")
def fitted():
    return net_of(loss=OwnLoss()).fit(X, NUMBERS)


def test_there_is_a_fit_by_every_solver():
    assert set(FITS) == {"lbfgs", *UPDATE_RULES}


# ---- a loss with a link


@every_solver
@pytest.mark.parametrize("y", [NUMBERS, np.column_stack([NUMBERS, 2 * NUMBERS])], ids=["1", "2"])
def test_a_loss_with_a_link_converges(solver, y):
    """Converged fits look at the scale of y, and do without ``link.link``."""
    net = net_of(solver, loss=OwnLoss()).fit(X, y)
    assert "Maximum iterations" not in net.stop_reason_
    assert net.out_activation_ == "square"
    assert net.predict(X).shape == y.shape
    assert net.score(X, y) > 0.9
    assert net.predict(X).min() >= 0


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@every_solver
def test_early_stopping_and_warm_starts_with_an_own_loss(solver):
    options = {"early_stopping": True, "warm_start": True, "max_iter": 20, "scoring": "loss"}
    net = net_of(solver, loss=OwnLoss(), **options)
    for _ in range(2):
        net.fit(X, NUMBERS, sample_weight=np.linspace(1, 2, 60))
    assert len(net.validation_scores_) == len(net.loss_curve_)
    assert np.isfinite(net.predict(X)).all()


@pytest.mark.parametrize("solver", UPDATE_RULES)
def test_partial_fit_with_an_own_loss(solver):
    net = net_of(solver, loss=OwnLoss())
    for _ in range(3):
        net.partial_fit(X, NUMBERS)
    assert len(net.loss_curve_) == 3


def test_a_table_with_an_own_loss():
    model = TabularRegressor(**TABLE, loss=OwnLoss(), random_state=0).fit(X, NUMBERS)
    assert (model.center_, model.scale_) == (0, 1)  # no units are known of its link
    mean, std = model.predict(X, return_std=True)
    assert mean.shape == std.shape == (60,)
    assert model.score(X, NUMBERS) > 0.5
    validated = TabularRegressor(**TABLE, loss=OwnLoss(), random_state=0)
    validated.fit(X, NUMBERS, X_val=X, y_val=NUMBERS)
    assert len(validated.validation_loss_curve_) == len(validated.loss_curve_)


def test_inspection_with_an_own_loss(fitted):
    passes = backpropagate(fitted, X, NUMBERS)
    assert passes.loss == pytest.approx(fitted.loss_)
    np.testing.assert_allclose(passes.raw_prediction[:, 0] ** 2, fitted.predict(X))
    start = net_of("adam", loss=OwnLoss()).partial_fit(X, NUMBERS)
    assert check_gradient(start, X, NUMBERS, random_state=0).ok(1e-6)
    assert input_gradient(fitted, X).shape == X.shape
    assert layer_outputs(fitted, X)[0].shape == (60, 6)
    found = minimize_input(fitted, X[:3], 4.0)
    np.testing.assert_allclose(fitted.predict(found.X), 4, atol=1e-2)


def test_what_a_link_cannot_do_is_refused_by_name(fitted):
    own = re.escape(repr(fitted.loss))
    with pytest.raises(ValueError, match=f"link of loss={own} has no method pull_back"):
        input_gradient(fitted, X, of="prediction")
    with pytest.raises(ValueError, match=f"MLPRegressor cannot express loss={own}"):
        fitted.to_sklearn()
    with pytest.raises(ValueError, match=f"needs loss='gaussian_nll', but loss is {own}"):
        fitted.predict(X, return_std=True)
    with pytest.raises(AttributeError, match="sample_y needs loss='gaussian_nll'"):
        _ = fitted.sample_y


def test_a_summary_tells_the_name_of_the_link(fitted):
    assert "2 -> 6 tanh -> 1 square" in fitted.summary()
    assert "square" in fitted.summary().splitlines()[-1]


def test_a_display_with_an_own_loss(fitted, monkeypatch):
    monkeypatch.setattr(NetworkDisplay, "plot", lambda display, ax: display)
    assert NetworkDisplay.from_estimator(fitted).layer_names == ["input", "tanh", "square"]


@pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_copies_with_an_own_loss(twin_of, fitted):
    np.testing.assert_array_equal(twin_of(fitted).predict(X), fitted.predict(X))


# ---- a loss of classes


@every_solver
@pytest.mark.parametrize("y", [LABELS, (X > 0).astype(int)], ids=["classes", "labels"])
def test_a_loss_of_classes_converges(solver, y):
    net = BackpropClassifier((6,), "tanh", loss=OwnClassLoss(), random_state=0, **FITS[solver])
    net.fit(X, y)
    assert net.score(X, y) > 0.9
    assert net.predict_proba(X).shape == (60, 2)
    for of in ("raw", "probability"):
        assert np.isfinite(input_gradient(net, X, of=of)).all()
    np.testing.assert_array_equal(net.to_sklearn().predict(X), net.predict(X))
    assert np.isfinite(backpropagate(net, X, y).loss)
    assert "logistic" in net.summary()


def test_a_table_with_an_own_loss_of_classes():
    model = TabularClassifier(**TABLE, loss=OwnClassLoss(), random_state=0).fit(X, LABELS)
    assert model.score(X, LABELS) > 0.8
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)


def test_a_loss_without_a_form_for_many_classes_is_refused():
    net = BackpropClassifier((3,), loss=OwnClassLoss())
    with pytest.raises(ValueError, match="has no form for more than two classes"):
        net.fit(X, np.arange(60) % 3)


# ---- an activation


@every_solver
def test_an_activation_converges(solver):
    net = BackpropRegressor((6, 4), OwnActivation(), random_state=0, **FITS[solver])
    net.fit(X, NUMBERS)
    assert net.score(X, NUMBERS) > 0.9
    assert net.transform(X).shape == (60, 4)
    assert repr(net.activation) in net.summary()
    assert np.isfinite(input_gradient(net, X)).all()
    with pytest.raises(ValueError, match="MLPRegressor cannot express activation="):
        net.to_sklearn()


def test_the_gradient_with_an_own_activation_is_right():
    net = BackpropRegressor((6, 4), OwnActivation(), random_state=0).partial_fit(X, NUMBERS)
    assert check_gradient(net, X, NUMBERS, random_state=0).ok(1e-6)


@pytest.mark.parametrize("model", [TabularClassifier, TabularRegressor])
def test_a_table_with_an_own_activation(model):
    y = LABELS if model is TabularClassifier else NUMBERS
    table = model(**TABLE, activation=OwnActivation(), random_state=0).fit(X, y)
    assert table.score(X, y) > 0.5


# ---- a schedule, and a scorer


@pytest.mark.parametrize("solver", UPDATE_RULES)
def test_a_schedule_converges(solver):
    net = net_of(solver, learning_rate=own_schedule, learning_rate_init=0.02).fit(X, NUMBERS)
    assert net.score(X, NUMBERS) > 0.9
    np.testing.assert_allclose(net.to_sklearn().predict(X), net.predict(X))
    twin = pickle.loads(pickle.dumps(net))
    assert len(twin.partial_fit(X, NUMBERS).loss_curve_) == net.n_iter_ + 1


def test_lbfgs_refuses_a_schedule():
    with pytest.raises(ValueError, match="exclude each other"):
        net_of("lbfgs", learning_rate=own_schedule).fit(X, NUMBERS)


@pytest.mark.thread_unsafe(reason="counts the calls of a function")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@every_solver
@pytest.mark.parametrize("weights", [None, np.ones(60)], ids=["unweighted", "weighted"])
def test_a_scorer_without_weights_judges(solver, weights):
    """It is called with the fitted candidate, which has all that a loss of one's own tells."""
    CALLS.clear()
    net = net_of(solver, scoring=own_scorer, early_stopping=True, max_iter=10, loss=OwnLoss())
    net.fit(
        X,
        NUMBERS,
        weights,
        X_val=X[:20],
        y_val=NUMBERS[:20],
        sample_weight_val=(None if weights is None else weights[:20]),
    )
    assert len(CALLS) == net.n_iter_ == len(net.validation_scores_)
    best = net.best_iter_ - 1
    np.testing.assert_array_equal(CALLS[best], net.predict(X[:20]))
    assert net.best_validation_score_ == net.validation_scores_[best]


# ---- a callback, and a splitter


class OwnCallback:
    """The least that a callback needs."""

    def __init__(self):
        self.tasks = []

    def setup(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.tasks.append(context.task_name)

    def teardown(self, estimator, context):
        pass


class OwnSplitter:
    """The least that a search needs: every third row is for the test."""

    def split(self, X, y=None, groups=None):
        rows = np.arange(len(X))
        for i in range(3):
            yield rows[rows % 3 != i], rows[rows % 3 == i]

    def get_n_splits(self, X=None, y=None, groups=None):
        return 3


@pytest.fixture
def own_callback():
    pytest.importorskip("sklearn.callback", reason="scikit-learn 1.9 has callbacks")
    return OwnCallback()


@pytest.mark.thread_unsafe(reason="counts what one callback is told")
@every_solver
@pytest.mark.parametrize("loss", ["squared_error", OwnLoss()], ids=["named", "own"])
def test_a_callback_sees_a_fit_converge_and_go_on(solver, loss, own_callback):
    net = net_of(solver, loss=loss).set_callbacks(own_callback).fit(X, NUMBERS)
    assert "Maximum iterations" not in net.stop_reason_
    unit = "iteration" if solver == "lbfgs" else "epoch"
    n_ends = own_callback.tasks.count(unit)
    assert n_ends - net.n_iter_ in ({0, 1} if solver == "lbfgs" else {0})
    assert own_callback.tasks[-1] == "fit"
    np.testing.assert_array_equal(
        net.predict(X), net_of(solver, loss=loss).fit(X, NUMBERS).predict(X)
    )
    if solver != "lbfgs":
        net.partial_fit(X, NUMBERS)
        assert own_callback.tasks[-2:] == [unit, "fit"]
    n_tasks = len(own_callback.tasks)
    net.set_params(warm_start=True).fit(X, NUMBERS, X_val=X, y_val=NUMBERS)
    assert len(own_callback.tasks) > n_tasks


@pytest.mark.thread_unsafe(reason="counts what one callback is told")
@pytest.mark.parametrize("model", [BackpropClassifier, TabularClassifier, TabularRegressor])
def test_a_callback_of_other_estimators(model, own_callback):
    parameters = TABLE if model is not BackpropClassifier else FITS["lbfgs"]
    y = NUMBERS if model is TabularRegressor else LABELS
    fitted = model(**parameters, random_state=0).set_callbacks(own_callback).fit(X, y)
    assert fitted.score(X, y) > 0.5
    assert own_callback.tasks[-1] == "fit"
    assert own_callback.tasks.count("member") == (model is not BackpropClassifier) * 2


@every_solver
def test_a_splitter_judges_own_parts(solver):
    grid = {"loss": ["squared_error", OwnLoss()], "activation": ["tanh", OwnActivation()]}
    search = GridSearchCV(net_of(solver), grid, cv=OwnSplitter(), scoring=own_scorer)
    search.fit(X, NUMBERS)
    assert search.n_splits_ == 3
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_estimator_.score(X, NUMBERS) > 0.9


@pytest.mark.parametrize("model", [TabularClassifier, TabularRegressor])
def test_a_splitter_judges_tables(model):
    y = LABELS if model is TabularClassifier else NUMBERS
    table = model(**TABLE, random_state=0)
    search = GridSearchCV(table, {"dropout": [0.0, 0.1]}, cv=OwnSplitter()).fit(X, y)
    assert search.best_score_ > 0.5
    assert cross_val_predict(table, X, y, cv=OwnSplitter()).shape == (60,)
