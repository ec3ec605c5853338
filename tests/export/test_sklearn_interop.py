"""The way out to MLPClassifier and MLPRegressor, and the way in."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_classification, make_regression
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor

from skbackprop import BackpropClassifier, BackpropRegressor, from_sklearn
from skbackprop.losses import Quantile

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": (7, 4), "max_iter": 8, "random_state": 0}

X, codes = make_classification(
    n_samples=60, n_features=5, n_informative=4, n_redundant=0, n_classes=3, random_state=1
)
_, numbers = make_regression(n_samples=60, n_features=5, n_targets=2, random_state=1)
numbers = numbers / numbers.std(axis=0)

TASKS = {
    "binary": (BackpropClassifier, MLPClassifier, {}, np.where(codes > 0, "yes", "no")),
    "multiclass": (BackpropClassifier, MLPClassifier, {}, np.array(["a", "b", "c"])[codes]),
    "multilabel": (BackpropClassifier, MLPClassifier, {}, (numbers > 0).astype(int)),
    "number": (BackpropRegressor, MLPRegressor, {}, numbers[:, 0]),
    "numbers": (BackpropRegressor, MLPRegressor, {}, numbers),
    "count": (BackpropRegressor, MLPRegressor, {"loss": "poisson"}, np.floor(np.abs(codes))),
}


def assert_same_predictions(one, other):
    if hasattr(one, "classes_"):
        np.testing.assert_array_equal(one.predict(X), other.predict(X))
        np.testing.assert_array_equal(one.classes_, other.classes_)
        np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X), atol=1e-12)
    else:
        np.testing.assert_allclose(one.predict(X), other.predict(X), rtol=1e-12, atol=1e-12)
    assert one.score(X, one.predict(X)) == 1.0


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("task", TASKS)
def test_predictions_are_equal_on_both_ways(task, activation):
    ours, theirs, options, y = TASKS[task]
    net = ours(**SMALL | options, activation=activation).fit(X, y)
    mlp = net.to_sklearn()
    assert type(mlp) is theirs
    assert_same_predictions(net, mlp)
    fitted_there = theirs(**SMALL | options, activation=activation).fit(X, y)
    back = from_sklearn(fitted_there)
    assert type(back) is ours
    assert_same_predictions(back, fitted_there)
    assert_same_predictions(from_sklearn(mlp), net)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_fitted_attributes_and_parameters_go_along(solver):
    options = {**SMALL, "solver": solver, "alpha": 0.01, "early_stopping": solver == "adam"}
    frame = pd.DataFrame(X, columns=list("abcde"))
    net = BackpropClassifier(**options).fit(frame, codes)
    mlp = net.to_sklearn()
    assert mlp.get_params() == {name: net.get_params()[name] for name in mlp.get_params()}
    for name in ("n_iter_", "t_", "loss_", "n_layers_", "n_outputs_", "out_activation_"):
        assert getattr(mlp, name) == getattr(net, name)
    assert mlp.loss_curve_ == net.loss_curve_
    assert mlp.validation_scores_ == net.validation_scores_
    assert list(mlp.feature_names_in_) == list("abcde")

    there = MLPClassifier(**options).fit(frame, codes)
    back = from_sklearn(there)
    assert {name: back.get_params()[name] for name in there.get_params()} == there.get_params()
    for name in ("n_iter_", "t_", "loss_", "best_validation_score_", "out_activation_"):
        assert getattr(back, name, None) == getattr(there, name, None)
    assert set(vars(net)) == set(vars(back)) - {"_state"}
    assert list(back.feature_names_in_) == list("abcde")
    assert back.summary().startswith("5 -> 7 relu -> 4 relu -> 3 softmax")


def test_parameters_are_copies():
    net = BackpropRegressor(**SMALL).fit(X, numbers)
    mlp = net.to_sklearn()
    before = net.predict(X)
    mlp.coefs_[0][:] = 0
    np.testing.assert_array_equal(net.predict(X), before)
    back = from_sklearn(mlp)
    back.coefs_[0][:] = 1
    assert not mlp.coefs_[0].any()


def test_fitted_attributes_are_copies():
    frame = pd.DataFrame(X, columns=list("abcde"))
    options = SMALL | {"early_stopping": True, "warm_start": True}
    net = BackpropClassifier(**options).fit(frame, codes)
    mlp = net.to_sklearn()
    mlp.fit(frame, codes)
    assert len(net.validation_scores_) == len(net.loss_curve_) == net.n_iter_
    back = from_sklearn(mlp)
    for one, other in ((mlp, net), (back, mlp)):
        assert not np.shares_memory(one.feature_names_in_, other.feature_names_in_)


def test_a_warm_start_with_early_stopping_goes_on_there_without_getting_better():
    options = SMALL | {"early_stopping": True, "warm_start": True}
    net = BackpropClassifier(**options, learning_rate_init=0.05).fit(X, codes)
    mlp = net.to_sklearn().set_params(learning_rate_init=1e-9).fit(X, codes)
    assert_same_predictions(net, mlp)


@pytest.mark.parametrize(
    ("solver", "options"),
    [("adam", {}), ("sgd", {}), ("sgd", {"nesterovs_momentum": False, "momentum": 0.5})],
)
@pytest.mark.parametrize("task", ["binary", "multiclass", "number", "numbers"])
def test_training_goes_on_with_the_moments(task, solver, options):
    ours, theirs, _, y = TASKS[task]
    parameters = {**SMALL, "solver": solver, **options, "shuffle": False, "batch_size": 20}
    parameters["learning_rate_init"] = 0.01
    first = {"classes": np.unique(y)} if ours is BackpropClassifier else {}

    net = ours(**parameters).partial_fit(X, y, **first).partial_fit(X, y)
    mlp = net.to_sklearn()
    for _ in range(3):
        net.partial_fit(X, y)
        mlp.partial_fit(X, y)
    for coef, there in zip(net.coefs_, mlp.coefs_, strict=True):
        np.testing.assert_allclose(coef, there, rtol=1e-9, atol=1e-12)

    mlp = theirs(**parameters).fit(X, y)
    net = from_sklearn(mlp)
    for _ in range(3):
        net.partial_fit(X, y)
        mlp.partial_fit(X, y)
    for coef, there in zip(net.coefs_, mlp.coefs_, strict=True):
        np.testing.assert_allclose(coef, there, rtol=1e-9, atol=1e-12)
    assert len(net.loss_curve_) == len(mlp.loss_curve_) == SMALL["max_iter"] + 3


def test_training_goes_on_without_moments():
    net = BackpropClassifier(**SMALL).fit(X, codes)
    mlp = net.to_sklearn()
    loss = mlp.loss_
    for _ in range(20):
        mlp.partial_fit(X, codes)
    assert mlp.loss_ < loss
    back = from_sklearn(BackpropClassifier(**SMALL, solver="lbfgs").fit(X, codes).to_sklearn())
    loss = back.loss_
    back.set_params(solver="adam", learning_rate_init=0.01)
    for _ in range(20):
        back.partial_fit(X, codes)
    assert back.loss_ < loss


def test_sparse_indicators_stay_sparse():
    y = sparse.csr_matrix(TASKS["multilabel"][3])
    net = BackpropClassifier(**SMALL).fit(X, y)
    mlp = net.to_sklearn()
    assert sparse.issparse(mlp.predict(X))
    assert (mlp.predict(X) != net.predict(X)).nnz == 0
    assert sparse.issparse(from_sklearn(mlp).predict(X))


def test_float32_stays_float32():
    net = BackpropClassifier(**SMALL).fit(X.astype(np.float32), codes)
    mlp = net.to_sklearn()
    assert {coef.dtype for coef in mlp.coefs_} == {np.dtype(np.float32)}
    np.testing.assert_allclose(
        mlp.predict_proba(X.astype(np.float32)), net.predict_proba(X), atol=1e-6
    )
    assert {coef.dtype for coef in from_sklearn(mlp).coefs_} == {np.dtype(np.float32)}


def test_what_cannot_be_expressed_is_named():
    one_class = BackpropClassifier(**SMALL).fit(X, np.zeros(60))
    with pytest.raises(ValueError, match="MLPClassifier cannot express a single class"):
        one_class.to_sklearn()
    with pytest.raises(NotFittedError):
        BackpropClassifier().to_sklearn()


def test_what_concerns_training_alone_is_left_out():
    net = BackpropClassifier(**SMALL, class_weight="balanced", scoring="loss", dtype="float64")
    assert_same_predictions(net.fit(X, codes), net.to_sklearn())


@pytest.mark.parametrize("other", [LogisticRegression(), BackpropClassifier(), "mlp"])
def test_from_sklearn_takes_an_mlp(other):
    with pytest.raises(TypeError, match="MLPClassifier or MLPRegressor"):
        from_sklearn(other)


def test_from_sklearn_takes_a_fitted_mlp():
    with pytest.raises(NotFittedError):
        from_sklearn(MLPClassifier())


def test_the_results_are_estimators_like_any_other():
    net = from_sklearn(MLPRegressor(**SMALL).fit(X, numbers))
    twin = pickle.loads(pickle.dumps(net))
    np.testing.assert_array_equal(twin.predict(X), net.predict(X))
    np.testing.assert_array_equal(
        clone(net).fit(X, numbers).predict(X),
        BackpropRegressor(**SMALL).fit(X, numbers).predict(X),
    )
    clone(net.to_sklearn()).fit(X, numbers)


# ---- other formats, where their packages are installed


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("task", ["binary", "multiclass", "multilabel", "number", "numbers"])
def test_onnx(task):
    skl2onnx = pytest.importorskip("skl2onnx")
    onnxruntime = pytest.importorskip("onnxruntime")
    ours, _, _, y = TASKS[task]
    data = X.astype(np.float32)
    net = ours(**SMALL).fit(data, y)
    options = {"zipmap": False} if ours is BackpropClassifier else None
    model = skl2onnx.to_onnx(net.to_sklearn(), data[:1], options=options)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    outputs = session.run(None, {"X": data})
    if ours is BackpropClassifier:
        np.testing.assert_array_equal(outputs[0], net.predict(data))
        expected = net.predict_proba(data)
        found = outputs[1][:, -expected.shape[1] :]  # of two labels, those of "no" come first
        np.testing.assert_allclose(found, expected, atol=1e-5)
    else:
        expected = net.predict(data)
        np.testing.assert_allclose(outputs[0].reshape(expected.shape), expected, atol=1e-4)


# ---- what scikit-learn does not know

RNG = np.random.default_rng(0)
FEATURES = RNG.normal(size=(40, 3))
POSITIVE = np.exp(FEATURES[:, 0] + 0.1 * RNG.normal(size=40))
WORDS = np.array(["a", "b", "c"])[np.digitize(FEATURES[:, 0], [-0.5, 0.5])]
COLUMNS = np.column_stack([WORDS, np.where(FEATURES[:, 1] > 0, "yes", "no")])
THREE_UNITS = {"hidden_layer_sizes": (3,), "max_iter": 3, "random_state": 0}


@pytest.mark.parametrize(
    ("net", "y", "words"),
    [
        (BackpropClassifier(**THREE_UNITS), COLUMNS, "several label columns"),
        (BackpropClassifier(**THREE_UNITS), np.zeros(40), "single class"),
        (BackpropClassifier(**THREE_UNITS, activation="gelu"), WORDS, "activation='gelu'"),
        (
            BackpropRegressor(**THREE_UNITS, loss=Quantile((0.1, 0.9))),
            POSITIVE,
            "several raw outputs",
        ),
    ],
    ids=["columns", "one class", "activation", "quantiles"],
)
def test_what_scikit_learn_cannot_express_is_named(net, y, words):
    with pytest.raises(ValueError, match=words):
        clone(net).fit(FEATURES, y).to_sklearn()


def test_to_sklearn_leaves_out_unknown_schedules():
    net = BackpropRegressor(**THREE_UNITS, learning_rate="cosine", learning_rate_init=0.01)
    mlp = net.fit(FEATURES, POSITIVE).to_sklearn()
    assert (mlp.learning_rate, mlp.learning_rate_init) == ("constant", 0.01)


# ---- parameters that are changed between the fit and the way out

FITTED_BY = {
    "sgd": {"solver": "sgd", "learning_rate": "adaptive"},
    "adam": {"solver": "adam"},
}
CHANGED = [
    ("sgd", {"solver": "lbfgs"}),
    ("sgd", {"solver": "adam", "learning_rate": "constant"}),
    ("sgd", {"learning_rate": "cosine"}),
    ("adam", {"solver": "lbfgs"}),
    ("adam", {"solver": "sgd"}),
    ("adam", {"hidden_layer_sizes": (9, 2)}),
    ("adam", {"activation": "logistic"}),
]


@pytest.mark.parametrize(("fitted_by", "changed"), CHANGED)
def test_parameters_changed_after_the_fit_go_out_and_back(fitted_by, changed):
    """Predictions, shapes and the next call of partial_fit are those of the fitted layers."""
    net = BackpropRegressor(**SMALL | FITTED_BY[fitted_by], shuffle=False)
    net.partial_fit(X, numbers[:, 0])
    mlp = net.set_params(**changed).to_sklearn()
    np.testing.assert_allclose(mlp.predict(X), net.predict(X), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(from_sklearn(mlp).predict(X), net.predict(X))
    assert [coef.shape for coef in mlp.coefs_] == [coef.shape for coef in net.coefs_]
    if mlp.solver != "lbfgs":
        mlp.partial_fit(X, numbers[:, 0])
    if "solver" in changed and mlp.solver != "lbfgs":  # moments of another rule are no use
        net.partial_fit(X, numbers[:, 0])
        np.testing.assert_allclose(mlp.predict(X), net.predict(X), rtol=1e-9)


def test_moments_go_out_after_other_betas_were_set():
    net = BackpropRegressor(**SMALL, shuffle=False)
    for _ in range(5):
        net.partial_fit(X, numbers[:, 0])
    mlp = net.set_params(beta_1=0.5, beta_2=0.9).to_sklearn()
    mlp.partial_fit(X, numbers[:, 0])
    net.partial_fit(X, numbers[:, 0])
    np.testing.assert_allclose(mlp.predict(X), net.predict(X), rtol=1e-9)


@pytest.mark.parametrize(
    ("loss", "changed"),
    [
        ("squared_error", {"loss": "poisson"}),
        ("poisson", {"loss": "squared_error"}),
        ("squared_error", {"hidden_layer_sizes": (9, 2)}),
        ("squared_error", {"hidden_layer_sizes": 5}),
    ],
)
def test_parameters_of_theirs_changed_after_the_fit_come_in(loss, changed):
    mlp = MLPRegressor(**SMALL, loss=loss).fit(X, codes).set_params(**changed)
    assert_same_predictions(from_sklearn(mlp), mlp)


def test_weights_of_theirs_that_were_rounded_to_integers_come_in():
    mlp = MLPRegressor(**SMALL).fit(X, numbers)
    mlp.coefs_[-1] = np.round(4 * mlp.coefs_[-1]).astype(int)
    assert_same_predictions(from_sklearn(mlp), mlp)


def test_plateaus_are_those_of_the_fit():
    """A learning rate that was set since is not what 'adaptive' has lowered."""
    plateaus = {"tol": 1e6, "n_iter_no_change": 1, "max_iter": 9, "learning_rate": "adaptive"}
    mlp = MLPRegressor(**SMALL | plateaus, solver="sgd").fit(X, codes)
    found = from_sklearn(mlp)._state.progress.n_plateaus
    assert found > 0
    mlp.set_params(learning_rate_init=7.0, learning_rate="constant")
    assert from_sklearn(mlp)._state.progress.n_plateaus == found


def test_the_best_epoch_of_a_warm_start_is_one_of_the_last_fit():
    options = SMALL | {"early_stopping": True, "warm_start": True, "learning_rate_init": 0.01}
    mlp = MLPClassifier(**options).fit(X, codes).fit(X, codes)
    net = from_sklearn(mlp)
    scores = mlp.validation_scores_[-mlp.n_iter_ :]
    assert scores[net.best_iter_ - 1] == max(scores)


def test_a_refusal_names_the_activation_of_the_fit():
    net = BackpropRegressor((4,), "gelu", max_iter=2).fit(X, numbers[:, 0])
    with pytest.raises(ValueError, match="cannot express activation='gelu'"):
        net.set_params(activation="relu").to_sklearn()
