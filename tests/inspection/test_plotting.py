"""Displays: they draw what the estimator has, in the conventions of scikit-learn's displays."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    TabularClassifier,
    TabularRegressor,
    from_sklearn,
)
from skbackprop.plotting import LossCurveDisplay, NetworkDisplay, WeightsDisplay

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
DISPLAYS = [LossCurveDisplay, NetworkDisplay, WeightsDisplay]
SMALL = {"hidden_layer_sizes": (5, 3), "max_iter": 12, "random_state": 0}


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def net():
    return BackpropClassifier(**SMALL).fit(X, y)


@pytest.mark.parametrize("display_class", DISPLAYS)
def test_a_display_has_axes_and_figure(display_class, net):
    display = display_class.from_estimator(net)
    assert isinstance(display, display_class)
    assert display.figure_ is display.ax_.figure
    display.figure_.canvas.draw()
    image = np.asarray(display.figure_.canvas.buffer_rgba())
    assert np.ptp(image) > 0


@pytest.mark.parametrize("display_class", DISPLAYS)
def test_a_display_draws_where_it_is_told(display_class, net):
    figure, ax = plt.subplots()
    display = display_class.from_estimator(net, ax=ax)
    assert display.ax_ is ax
    assert display.figure_ is figure
    other = plt.subplots()[1]
    assert display.plot(ax=other) is display
    assert display.ax_ is other
    assert plt.get_fignums() == [1, 2]


@pytest.mark.parametrize("display_class", DISPLAYS)
def test_a_display_looks_into_a_pipeline(display_class):
    pipeline = make_pipeline(StandardScaler(), BackpropClassifier(**SMALL)).fit(X, y)
    display_class.from_estimator(pipeline)


@pytest.mark.parametrize("display_class", DISPLAYS)
def test_a_display_needs_a_fitted_estimator(display_class):
    with pytest.raises(NotFittedError):
        display_class.from_estimator(BackpropClassifier())


# ---- LossCurveDisplay


def drawn(line):
    return line.get_xdata(), line.get_ydata()


@pytest.mark.parametrize("model", [TabularClassifier, TabularRegressor])
@pytest.mark.parametrize("fraction", [0.0, 0.2])
def test_loss_curves_of_a_table(model, fraction):
    table = model(n_members=2, hidden_layer_sizes=(4,), max_iter=5, min_steps=1, random_state=0)
    table.set_params(validation_fraction=fraction).fit(X, y)
    display = LossCurveDisplay.from_estimator(table)
    lines = display.lines_[model.__name__]
    curves = [table.loss_curve_, table.validation_loss_curve_][: 2 if fraction else 1]
    assert len(lines) == len(curves)
    for line, curve in zip(lines, curves, strict=True):
        np.testing.assert_array_equal(drawn(line)[1], curve)
    assert display.score_ax_ is None


def test_loss_curve_of_training_alone(net):
    display = LossCurveDisplay.from_estimator(net)
    (line,) = display.lines_["BackpropClassifier"]
    np.testing.assert_array_equal(drawn(line)[0], np.arange(1, 13))
    np.testing.assert_array_equal(drawn(line)[1], net.loss_curve_)
    assert display.score_ax_ is None
    assert display.ax_.get_xlabel() == "Epoch"


def test_loss_curves_with_validation_and_best_epoch():
    net = BackpropClassifier(**SMALL, early_stopping=True, scoring="neg_log_loss").fit(X, y)
    display = LossCurveDisplay.from_estimator(net)
    training, validation, score, best = display.lines_["BackpropClassifier"]
    np.testing.assert_array_equal(drawn(training)[1], net.loss_curve_)
    np.testing.assert_array_equal(drawn(validation)[1], net.validation_loss_curve_)
    np.testing.assert_array_equal(drawn(score)[1], net.validation_scores_)
    assert score.axes is display.score_ax_
    assert set(best.get_xdata()) == {net.best_iter_}
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == [
        "training loss",
        "validation loss",
        "validation score",
        f"best epoch ({net.best_iter_})",
    ]


def test_best_epoch_after_a_warm_start():
    net = BackpropClassifier(**SMALL, early_stopping=True, scoring="loss", warm_start=True)
    net.fit(X, y).fit(X, y)
    display = LossCurveDisplay.from_estimator(net)
    best = display.lines_["BackpropClassifier"][-1].get_xdata()[0]
    assert best == 12 + net.best_iter_
    assert net.validation_scores_[best - 1] == net.best_validation_score_


@pytest.mark.parametrize("stops", [(False, True), (True, False), (True, False, True)])
def test_curves_of_validation_are_drawn_at_their_epochs(stops):
    """Some fits of a warm start have validation data, and others have none."""
    net = BackpropClassifier(**SMALL, warm_start=True, scoring="loss")
    for early_stopping in stops:
        net.set_params(early_stopping=early_stopping).fit(X, y)
    lines = LossCurveDisplay.from_estimator(net).lines_["BackpropClassifier"]
    for line in lines[1:3]:
        epochs, values = drawn(line)
        np.testing.assert_array_equal(epochs, np.arange(1, 12 * len(stops) + 1))
        np.testing.assert_array_equal(np.isnan(values), ~np.repeat(stops, 12))
    if stops[-1]:
        assert lines[3].get_xdata()[0] == 12 * (len(stops) - 1) + net.best_iter_
        assert net.best_validation_score_ == net.validation_scores_[-13 + net.best_iter_]
    assert from_sklearn(net.to_sklearn()).best_iter_ == net.best_iter_


def test_loss_curves_of_several_estimators():
    nets = [BackpropRegressor(**SMALL, alpha=alpha).fit(X, y) for alpha in (0.1, 10.0)]
    display = LossCurveDisplay.from_estimator(*nets, names=["weak", "strong"], log_scale=True)
    assert list(display.lines_) == ["weak", "strong"]
    for net, (line,) in zip(nets, display.lines_.values(), strict=True):
        np.testing.assert_array_equal(drawn(line)[1], net.loss_curve_)
    assert display.ax_.get_yscale() == "log"
    assert list(LossCurveDisplay.from_estimator(*nets).lines_) == [
        "BackpropRegressor 1",
        "BackpropRegressor 2",
    ]


def test_loss_curve_of_lbfgs_counts_iterations():
    net = BackpropRegressor(**SMALL, solver="lbfgs").fit(X, y)
    assert LossCurveDisplay.from_estimator(net).ax_.get_xlabel() == "Iteration"


def test_scores_can_be_left_out():
    net = BackpropClassifier(**SMALL, early_stopping=True).fit(X, y)
    display = LossCurveDisplay.from_estimator(net, scores=False)
    assert display.score_ax_ is None
    assert len(display.ax_.figure.axes) == 1


def test_names_must_differ(net):
    with pytest.raises(ValueError, match="2 different names"):
        LossCurveDisplay.from_estimator(net, net, names=["a", "a"])


# ---- NetworkDisplay


def test_a_drawing_of_given_weights_has_no_title(net):
    fitted = NetworkDisplay.from_estimator(net)
    drawn = NetworkDisplay(
        fitted.coefs,
        input_names=fitted.input_names,
        output_names=fitted.output_names,
        layer_names=fitted.layer_names,
    ).plot()
    assert fitted.ax_.get_title()
    assert not drawn.ax_.get_title()
    assert len(drawn.edges_) == len(fitted.edges_)


def texts(display):
    return [text.get_text() for text in display.ax_.texts]


def test_network_has_all_units_and_weights(net):
    display = NetworkDisplay.from_estimator(net)
    assert [len(units.get_offsets()) for units in display.units_] == [4, 5, 3, 3]
    for coef, edges in zip(net.coefs_, display.edges_, strict=True):
        np.testing.assert_array_equal(np.sort(edges.get_array()), np.sort(coef, axis=None))
        strongest = np.argmax(np.abs(edges.get_array()))
        assert edges.get_linewidths()[strongest] == max(edges.get_linewidths())
    assert display.ax_.get_title() == "4 -> 5 relu -> 3 relu -> 3 softmax, 55 parameters"


def test_an_edge_joins_its_units(net):
    display = NetworkDisplay.from_estimator(net)
    coef, edges = net.coefs_[0], display.edges_[0]
    i, j = np.unravel_index(np.argmax(coef), coef.shape)
    start, end = edges.get_segments()[int(np.argmax(edges.get_array()))]
    np.testing.assert_allclose(start, display.units_[0].get_offsets()[i])
    np.testing.assert_allclose(end, display.units_[1].get_offsets()[j])


def test_names_come_from_the_data():
    names = ["sepal_l", "sepal_w", "petal_l", "petal_w"]
    labels = np.array(["setosa", "versicolor", "virginica"])[y]
    net = BackpropClassifier(**SMALL).fit(pd.DataFrame(X, columns=names), labels)
    found = texts(NetworkDisplay.from_estimator(net))
    assert found[:7] == [*names, "setosa", "versicolor", "virginica"]
    assert found[7:] == ["input", "relu", "relu", "softmax"]


def test_one_output_of_two_classes_is_the_second():
    net = BackpropClassifier(**SMALL).fit(X, np.where(y > 0, "yes", "no"))
    assert texts(NetworkDisplay.from_estimator(net))[4] == "yes"


def test_names_that_are_given():
    net = BackpropRegressor((2,), max_iter=2).fit(X, y)
    display = NetworkDisplay.from_estimator(net, feature_names="abcd", output_names=["size"])
    assert texts(display)[:5] == ["a", "b", "c", "d", "size"]
    with pytest.raises(ValueError, match="feature_names has 3 names, but 4"):
        NetworkDisplay.from_estimator(net, feature_names="abc")


def test_a_large_network_is_not_drawn():
    net = BackpropRegressor((50,), max_iter=2).fit(X, y)
    with pytest.raises(ValueError, match="50 units"):
        NetworkDisplay.from_estimator(net)


# ---- WeightsDisplay


def test_weights_are_images():
    pixels, digits = load_digits(return_X_y=True)
    net = BackpropClassifier((6,), max_iter=3, random_state=0).fit(pixels, digits)
    display = WeightsDisplay.from_estimator(net)
    assert len(display.axes_) == 6
    for unit, ax in enumerate(display.axes_):
        (image,) = ax.images
        np.testing.assert_array_equal(image.get_array(), net.coefs_[0][:, unit].reshape(8, 8))
        assert image.get_clim() == (-np.abs(net.coefs_[0]).max(), np.abs(net.coefs_[0]).max())
    wide = WeightsDisplay.from_estimator(net, shape=(4, 16), max_images=2, n_columns=1)
    assert [ax.images[0].get_array().shape for ax in wide.axes_] == [(4, 16)] * 2


def test_features_that_are_no_images():
    net = BackpropRegressor((2,), max_iter=2).fit(X[:, :3], y)
    with pytest.raises(
        ValueError, match="shape must have as many pixels as there are features, 3"
    ):
        WeightsDisplay.from_estimator(net)


# ---- scikit-learn's own


@pytest.mark.parametrize("response_method", ["predict", "predict_proba", "decision_function"])
def test_decision_boundary(response_method, net):
    two = BackpropClassifier(**SMALL).fit(X[:, :2], y > 0)
    display = DecisionBoundaryDisplay.from_estimator(
        two, X[:, :2], response_method=response_method, grid_resolution=20
    )
    assert display.response.shape == (20, 20)
    three = BackpropClassifier(**SMALL).fit(X[:, :2], y)
    DecisionBoundaryDisplay.from_estimator(
        three, X[:, :2], response_method=response_method, grid_resolution=20
    )


def test_loss_curves_are_those_of_the_fit():
    """Parameters that are changed after it change neither the unit nor the best iteration."""
    net = BackpropClassifier(**SMALL, solver="lbfgs", early_stopping=True).fit(X, y)
    before = LossCurveDisplay.from_estimator(net)
    after = LossCurveDisplay.from_estimator(net.set_params(solver="adam", early_stopping=False))
    assert after.unit == before.unit == "iteration"
    assert after.curves == before.curves
