"""Ordered classes: proportional odds, the order and where it comes from."""

import numpy as np
import pytest
from mistakes import assert_refused
from sklearn.base import clone
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import GridSearchCV, cross_val_score

from skbackprop import BackpropClassifier, TabularClassifier
from skbackprop.inspection import check_gradient
from skbackprop.losses import LogLoss, Multinomial, ProportionalOdds
from skbackprop.network import CumulativeLogit, UnitVariance

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(300, 3))
CODES = np.digitize(X @ [1.0, -2.0, 0.5] + RNG.logistic(size=300), [-2.0, -1.0, 2.0])
WORDS = np.array(["low", "mid", "high", "top"])
ORDER = WORDS.tolist()
WEIGHTS = RNG.uniform(0.5, 2.0, size=300)
EXACT = {"solver": "lbfgs", "alpha": 0, "tol": 1e-9, "max_iter": 1000, "random_state": 0}
EXACT |= {"solver_options": {"ftol": 0.0}}
SMALL = {"hidden_layer_sizes": (5,), "activation": "tanh", "solver": "lbfgs", "random_state": 0}


def thresholds_of(net):
    biases = net.intercepts_[-1]
    return np.cumsum([biases[0], *np.logaddexp(0, biases[1:])])


# ---- the model


def test_probabilities_are_those_of_the_formula():
    net = BackpropClassifier(loss="ordinal", max_iter=30, **SMALL).fit(X, CODES)
    score = net.transform(X) @ net.coefs_[-1]
    assert score.shape == (300, 1)
    below = 1 / (1 + np.exp(-(thresholds_of(net) - score)))
    np.testing.assert_allclose(net.predict_proba(X).cumsum(axis=1)[:, :-1], below, rtol=1e-10)
    np.testing.assert_array_equal(net.predict(X), net.predict_proba(X).argmax(axis=1))
    np.testing.assert_allclose(net.decision_function(X), np.log(net.predict_proba(X)))
    loss = -np.log(net.predict_proba(X)[np.arange(300), CODES]).mean()
    penalty = net.alpha / 2 * sum(np.sum(W**2) for W in net.coefs_) / 300
    assert net.loss_ == pytest.approx(loss + penalty, rel=1e-12)


def test_best_thresholds_without_features_are_those_of_the_shares():
    net = BackpropClassifier((), loss="ordinal", **EXACT).fit(np.zeros((300, 1)), CODES)
    shares = np.bincount(CODES) / 300
    np.testing.assert_allclose(net.predict_proba([[0.0]])[0], shares, rtol=1e-6)


@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["unweighted", "weighted"])
def test_likelihood_is_at_its_maximum(weights):
    """Of a concave function of weights and thresholds: no gradient is left."""
    net = BackpropClassifier((), loss="ordinal", **EXACT).fit(X, CODES, weights)
    score, theta = (X @ net.coefs_[0])[:, 0], thresholds_of(net)
    cut = np.array([-np.inf, *theta, np.inf])
    below, above = (1 / (1 + np.exp(score - cut[CODES + side])) for side in (1, 0))
    slope = 1 - below - above  # of the log likelihood of a row by its score
    np.testing.assert_allclose(X.T @ (slope * (1 if weights is None else weights)), 0, atol=1e-5)


def test_agrees_with_ordered_model_of_statsmodels():
    ordinal_model = pytest.importorskip("statsmodels.miscmodels.ordinal_model")
    model = ordinal_model.OrderedModel(CODES, X, distr="logit")
    result = model.fit(method="bfgs", disp=False, gtol=1e-8)
    net = BackpropClassifier((), loss="ordinal", **EXACT).fit(X, CODES)
    np.testing.assert_allclose(net.coefs_[0][:, 0], result.params[:3], rtol=1e-5)
    thresholds = model.transform_threshold_params(result.params[3:])[1:-1]
    np.testing.assert_allclose(thresholds_of(net), thresholds, rtol=1e-5)
    assert net.loss_ == pytest.approx(-result.llf / 300, rel=1e-9)


def test_fewer_parameters_than_one_score_a_class():
    ordinal, plain = (
        BackpropClassifier(loss=loss, max_iter=5, **SMALL).fit(X, CODES)
        for loss in ("ordinal", "log_loss")
    )
    assert [W.shape for W in ordinal.coefs_] == [(3, 5), (5, 1)]
    assert [b.shape for b in ordinal.intercepts_] == [(5,), (3,)]
    assert plain.coefs_[-1].shape == (5, 4)


@pytest.mark.parametrize("loss", ["ordinal", ProportionalOdds(["yes", "no"])])
def test_two_classes_are_those_of_the_log_loss(loss):
    y = np.where(CODES > 1, "yes", "no")
    ordinal, plain = (
        BackpropClassifier(loss=loss, max_iter=20, **SMALL).fit(X, y)
        for loss in (loss, "log_loss")
    )
    # The log loss may be compiled.
    np.testing.assert_allclose(ordinal.loss_curve_, plain.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(ordinal.predict_proba(X), plain.predict_proba(X), rtol=1e-7)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_probabilities_far_out(scale, dtype):
    net = BackpropClassifier(loss="ordinal", max_iter=20, dtype=dtype, **SMALL).fit(X, CODES)
    net.coefs_[-1] = net.coefs_[-1] * np.array(scale, dtype)
    probabilities, logarithms = net.predict_proba(X), net.predict_log_proba(X)
    assert probabilities.dtype == logarithms.dtype == dtype
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert np.isfinite(logarithms).all()
    assert (probabilities > 0).all()
    assert np.isfinite(net.decision_function(X)).all()


def test_log_probabilities_are_exact_where_probabilities_underflow():
    net = BackpropClassifier((), loss="ordinal", max_iter=1, solver="lbfgs").fit(X, CODES)
    net.coefs_, net.intercepts_ = [np.array([[1.0], [0], [0]])], [np.array([0.0, 0.0, 0.0])]
    gap = np.log(2.0)
    assert net.predict_log_proba([[1000.0, 0, 0]])[0, :2] == pytest.approx([-1000, -1000])
    expected = [0, -1000 - gap, -1000 - 2 * gap, -1000 - 2 * gap]
    assert net.decision_function([[-1000.0, 0, 0]])[0] == pytest.approx(expected, rel=1e-12)


def test_thresholds_start_where_classes_are_equally_probable():
    layer = CumulativeLogit(2, 5, [range(5)], UnitVariance())
    coef, intercept = (np.empty(one.shape) for one in layer.parameter_shapes)
    layer.draw((coef, intercept), np.random.RandomState(0))
    buffers = layer.buffers(1, np.float64, None, backward=False)
    layer.forward((coef, intercept), np.zeros((1, 2)), buffers)
    np.testing.assert_allclose(np.exp(buffers.H), 0.2, rtol=1e-12)


# ---- the order


@pytest.mark.parametrize("model", [BackpropClassifier, TabularClassifier])
def test_an_order_that_is_given_is_that_of_the_codes(model):
    settings = {"hidden_layer_sizes": (5,), "random_state": 0}
    settings |= {"n_members": 1, "min_steps": 50} if model is TabularClassifier else {}
    words = model(loss=ProportionalOdds(ORDER), **settings)
    words.fit(X, WORDS[CODES], X_val=X, y_val=WORDS[CODES])
    codes = model(loss="ordinal", **settings).fit(X, CODES, X_val=X, y_val=CODES)
    assert words.classes_.tolist() == sorted(ORDER)
    columns = [words.classes_.tolist().index(word) for word in ORDER]
    np.testing.assert_allclose(
        words.predict_proba(X)[:, columns], codes.predict_proba(X), rtol=1e-5
    )


@pytest.mark.parametrize("order", [ORDER, tuple(ORDER), WORDS, [*ORDER, "unheard of"]])
def test_an_order_is_any_sequence(order):
    loss = ProportionalOdds(order)
    assert isinstance(loss.order, tuple)
    net = BackpropClassifier(loss=loss, max_iter=10, **SMALL).fit(X, WORDS[CODES])
    twin = BackpropClassifier(loss=ProportionalOdds(ORDER), max_iter=10, **SMALL)
    assert net.loss_ == twin.fit(X, WORDS[CODES]).loss_


def test_numbers_have_an_order_of_their_own_and_may_have_another():
    fit = {"max_iter": 30, **SMALL, "hidden_layer_sizes": ()}
    plain = BackpropClassifier(loss="ordinal", **fit).fit(X, 10.0 * CODES)
    same = BackpropClassifier(loss=ProportionalOdds((0, 10, 20, 30)), **fit).fit(X, 10.0 * CODES)
    other = BackpropClassifier(loss=ProportionalOdds((0, 20, 10, 30)), **fit).fit(X, 10.0 * CODES)
    assert plain.loss_ == same.loss_ < other.loss_ - 0.05


@pytest.mark.parametrize("model", [BackpropClassifier, TabularClassifier])
def test_an_ordered_categorical_brings_its_order(model):
    pandas = pytest.importorskip("pandas")
    kind = pandas.CategoricalDtype([*ORDER, "never"], ordered=True)
    y = pandas.Series(WORDS[CODES], dtype=kind)
    settings = {"hidden_layer_sizes": (5,), "random_state": 0, "max_iter": 5}
    settings |= {"n_members": 1, "min_steps": 50} if model is TabularClassifier else {}
    net = model(loss="ordinal", **settings).fit(X, y)
    given = model(loss=ProportionalOdds(ORDER), **settings).fit(X, WORDS[CODES])
    np.testing.assert_array_equal(net.predict_proba(X), given.predict_proba(X))
    unordered = y.astype(pandas.CategoricalDtype(ORDER))
    with pytest.raises(ValueError, match="so their order is unknown"):
        clone(net).fit(X, unordered)
    named = model(loss=ProportionalOdds(["top", "high", "mid", "low"]), **settings)
    assert not np.array_equal(named.fit(X, y).predict_proba(X), net.predict_proba(X))


def test_an_enumeration_of_polars_brings_its_order():
    polars = pytest.importorskip("polars")
    y = polars.Series(WORDS[CODES].tolist(), dtype=polars.Enum(ORDER))
    net = BackpropClassifier(loss="ordinal", max_iter=10, **SMALL).fit(X, y)
    given = BackpropClassifier(loss=ProportionalOdds(ORDER), max_iter=10, **SMALL)
    assert net.loss_ == given.fit(X, WORDS[CODES]).loss_


def test_columns_of_labels_may_have_an_order_each():
    y = np.column_stack([CODES, np.where(X[:, 0] > 0, 5, 7), 3 - CODES])
    net = BackpropClassifier(loss="ordinal", max_iter=200, **SMALL).fit(X, y)
    assert net.coefs_[-1].shape == (5, 3)
    assert net.intercepts_[-1].shape == (1 + 3 + 3,)
    assert [p.shape[1] for p in net.predict_proba(X)] == [4, 2, 4]
    assert check_gradient(net.set_params(max_iter=3).fit(X, y), X, y, random_state=0).ok(1e-6)
    right = net.set_params(max_iter=200).fit(X, y).predict(X) == y
    assert (right.mean(axis=0) > [0.5, 0.8, 0.5]).all()


# ---- fits of every kind


def test_a_class_that_a_fold_lacks_is_left_out():
    keep = CODES != 1
    net = BackpropClassifier(loss=ProportionalOdds(ORDER), max_iter=10, **SMALL)
    net.fit(X[keep], WORDS[CODES[keep]])
    assert net.predict_proba(X).shape == (300, 3)


def test_works_in_a_search():
    search = GridSearchCV(
        BackpropClassifier((), solver="lbfgs"),
        {"loss": ["log_loss", ProportionalOdds(ORDER)]},
        scoring="neg_log_loss",
        error_score="raise",
        cv=3,
    )
    search.fit(X, WORDS[CODES])
    assert search.best_params_["loss"] == ProportionalOdds(ORDER)


def test_the_order_is_worth_something():
    """On few rows of data that follow the model."""
    many = np.random.default_rng(1).normal(size=(3000, 3))
    noise = np.random.default_rng(2).logistic(size=3000)
    y = np.digitize(many @ [1.0, -2.0, 0.5] + noise, [-2.0, -1.0, 2.0])
    errors = {}
    for loss in ("ordinal", "log_loss"):
        net = BackpropClassifier((), loss=loss, **EXACT).fit(X[:40], CODES[:40])
        errors[loss] = mean_absolute_error(y, net.predict(many))
    assert errors["ordinal"] < errors["log_loss"]
    scores = cross_val_score(BackpropClassifier(loss="ordinal", max_iter=50, **SMALL), X, CODES)
    assert scores.mean() > 0.5


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_partial_fit_continues(solver):
    net = BackpropClassifier(loss=ProportionalOdds(ORDER), **SMALL | {"solver": solver})
    for _ in range(3):
        net.partial_fit(X, WORDS[CODES], classes=ORDER)
    twin = clone(net).set_params(max_iter=3).fit(X, WORDS[CODES])
    assert net.loss_curve_ == twin.loss_curve_


def test_a_warm_start_keeps_the_order():
    net = BackpropClassifier(loss="ordinal", warm_start=True, max_iter=5, **SMALL).fit(X, CODES)
    before = net.loss_
    assert net.fit(X, CODES).loss_ < before
    for loss in ("log_loss", Multinomial(), ProportionalOdds((3, 2, 1, 0))):
        other = clone(net).fit(X, CODES).set_params(loss=loss)
        error = assert_refused(other, lambda net: net.fit(X, CODES))
        assert "4 ordered as [0, 1, 2, 3]" in str(error)


# ---- what is refused


@pytest.mark.parametrize("order", ["low", 3, [], ["low"], ["low", "mid", "low"]])
def test_what_is_no_order_is_refused(order):
    with pytest.raises(ValueError, match="order must"):
        ProportionalOdds(order)


@pytest.mark.parametrize("model", [BackpropClassifier, TabularClassifier])
def test_texts_without_an_order_are_refused(model):
    with pytest.raises(ValueError, match=r"\['high', 'low', 'mid', 'top'\] are strings.*order="):
        model(loss="ordinal").fit(X, WORDS[CODES])


def test_a_class_that_the_order_does_not_name_is_refused():
    net = BackpropClassifier(loss=ProportionalOdds(ORDER[:3]))
    with pytest.raises(ValueError, match=r"does not contain the classes \['top'\] of y"):
        net.fit(X, WORDS[CODES])


def test_label_smoothing_is_refused():
    with pytest.raises(ValueError, match=r"label_smoothing=0\.1 needs loss='log_loss'"):
        TabularClassifier(loss="ordinal", label_smoothing=0.1).fit(X, CODES)


def test_it_is_a_loss_of_yes_and_no_for_several_labels():
    y = (X[:, :2] > 0).astype(int)
    fits = [
        BackpropClassifier(loss=loss, max_iter=5, **SMALL).fit(X, y)
        for loss in ("ordinal", LogLoss())
    ]
    np.testing.assert_allclose(fits[0].loss_curve_, fits[1].loss_curve_, rtol=1e-9)
