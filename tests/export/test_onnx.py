"""ONNX models predict what the estimators do: networks on arrays and on frames of numbers."""

import doctest
import re
import sys
from dataclasses import dataclass

import numpy as np
import pytest
from component_tables import VARIANTS
from onnx_sessions import assert_same, run
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import scale

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    SmoothClipScaler,
    TabularClassifier,
    TabularRegressor,
)
from skbackprop.activations import ACTIVATIONS, ELU, LeakyReLU, ReLU, from_functions
from skbackprop.export import register_converters, to_onnx
from skbackprop.losses import (
    CLASSIFICATION_LOSSES,
    REGRESSION_LOSSES,
    ClassificationLoss,
    GaussianNLL,
    Multinomial,
    ProportionalOdds,
    Quantile,
    SquaredError,
)
from skbackprop.losses.links import Link
from skbackprop.network import LAYERS

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SMALL = {"hidden_layer_sizes": (7, 6), "max_iter": 8, "random_state": 0}
X = np.random.default_rng(0).normal(size=(90, 4)).astype(np.float32)
NEW = 2 * np.random.default_rng(1).normal(size=(40, 4)).astype(np.float32)
POSITIVE = np.exp(X[:, :2] / 2)
CODES = np.digitize(X[:, 0], [-0.5, 0.5])
LABELS = {
    "two": X[:, 0] > 0,
    "three": CODES - 1,
    "texts": np.array(["low", "mid", "high"])[CODES],
    "objects": np.array(["low", "mid", "high"], dtype=object)[CODES],
    "floats": CODES.astype(float),
    "one class": np.full(90, 7),
    "labels": (X > 0).astype(int),
}


# ---- components


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", [*ACTIVATIONS, LeakyReLU(0.3), ELU(0.5)], ids=str)
def test_every_activation(activation, dtype):
    net = BackpropRegressor(activation=activation, dtype=dtype, **SMALL).fit(X, X[:, 0])
    assert_same(net, to_onnx(net), NEW)


@pytest.mark.parametrize("n_outputs", [1, 2])
@pytest.mark.parametrize("loss", [*REGRESSION_LOSSES, *VARIANTS])
def test_every_loss_of_numbers(loss, n_outputs):
    loss = VARIANTS.get(loss, loss)
    if isinstance(loss, ClassificationLoss):
        pytest.skip("a loss of classes")
    net = BackpropRegressor(loss=loss, **SMALL).fit(X, POSITIVE[:, :n_outputs].squeeze())
    assert_same(net, to_onnx(net), NEW)


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("loss", [*CLASSIFICATION_LOSSES, Multinomial(0.1)], ids=str)
def test_every_loss_of_classes(loss, labels):
    if labels == "labels" and not isinstance(loss, str):
        pytest.skip("a loss of one class a row")
    if loss == "ordinal" and labels in ("texts", "objects"):
        loss = ProportionalOdds(["mid", *np.setdiff1d(LABELS[labels], "mid")])
    net = BackpropClassifier(loss=loss, **SMALL).fit(X, LABELS[labels])
    assert_same(net, to_onnx(net), NEW)


def test_risks_of_survival():
    y = np.zeros(len(X), [("died", bool), ("years", float)])
    y["died"], y["years"] = X[:, 1] > 0, POSITIVE[:, 0]
    net = BackpropRegressor(loss="cox", solver="lbfgs", **SMALL).fit(X, y)
    assert_same(net, to_onnx(net), NEW)
    net = TabularRegressor(loss="cox", n_members=2, min_steps=10, max_iter=5, random_state=0)
    assert_same(net.fit(X, y), to_onnx(net), NEW)


def test_label_columns_have_numbers():
    y = np.column_stack([LABELS["objects"], np.where(X[:, 1] > 0, 1, 0)])
    net = BackpropClassifier(**SMALL).fit(X, y)
    outputs = run(to_onnx(net), NEW)
    assert [*outputs] == ["label_0", "probabilities_0", "label_1", "probabilities_1"]
    for j, probabilities in enumerate(net.predict_proba(NEW)):
        np.testing.assert_array_equal(outputs[f"label_{j}"], net.predict(NEW)[:, j])
        np.testing.assert_allclose(outputs[f"probabilities_{j}"], probabilities, atol=1e-5)


def test_ordered_classes_beside_a_column_of_two():
    """The column of two has an output without an order, as both are the same model."""
    y = np.column_stack([LABELS["two"].astype(int), CODES])
    net = BackpropClassifier(loss="ordinal", solver="lbfgs", **SMALL).fit(X, y)
    outputs = run(to_onnx(net), NEW)
    for j, probabilities in enumerate(net.predict_proba(NEW)):
        np.testing.assert_allclose(outputs[f"probabilities_{j}"], probabilities, atol=1e-5)


@pytest.mark.parametrize("labels", LABELS)
def test_names_types_and_shapes_of_classes(labels):
    net = BackpropClassifier(**SMALL).fit(X, LABELS[labels])
    outputs = run(to_onnx(net), NEW)
    assert [*outputs] == ["label", "probabilities"]
    assert outputs["label"].shape == net.predict(NEW).shape
    kinds = {"texts": "O", "objects": "O", "floats": "f"}
    assert outputs["label"].dtype.kind == kinds.get(labels, "i")
    assert outputs["probabilities"].dtype == np.float32


SHAPES = {
    "one": ("squared_error", 1, {"variable": (40, 1)}),
    "two": ("poisson", 2, {"variable": (40, 2)}),
    "band": (Quantile((0.1, 0.9)), 1, {"variable": (40, 2)}),
    "bands": (Quantile((0.1, 0.5, 0.9)), 2, {"variable": (40, 2, 3)}),
    "gaussian": (GaussianNLL(), 1, {"variable": (40, 1), "std": (40, 1)}),
}


@pytest.mark.parametrize("name", SHAPES)
def test_names_types_and_shapes_of_numbers(name):
    loss, n_outputs, shapes = SHAPES[name]
    net = BackpropRegressor(loss=loss, **SMALL).fit(X, POSITIVE[:, :n_outputs].squeeze())
    outputs = run(to_onnx(net), NEW)
    assert {name: values.shape for name, values in outputs.items()} == shapes
    assert {values.dtype for values in outputs.values()} == {np.dtype("float32")}


def test_every_layer_has_a_converter():
    """The others are walked by the tests of tables, which have them."""
    from skbackprop.export.onnx.network import LAYERS as converters

    assert set(converters) == set(LAYERS.values())


# ---- tables of scikit-learn


@pytest.mark.parametrize("load", [load_breast_cancer, load_wine])
def test_classes_of_a_table(load):
    features, y = load(return_X_y=True)
    features = scale(features).astype(np.float32)
    net = BackpropClassifier((20,), max_iter=30, random_state=0).fit(features, y)
    assert_same(net, to_onnx(net), features)


def test_numbers_of_a_table():
    features, y = load_diabetes(return_X_y=True)
    features = features.astype(np.float32)
    net = BackpropRegressor((20,), max_iter=30, random_state=0).fit(features, y)
    assert_same(net, to_onnx(net), features)


# ---- inputs


def test_a_frame_has_an_input_a_column():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=["a", "b", "label", "gemm"]).astype({"b": "float64"})
    net = BackpropClassifier(**SMALL).fit(frame, CODES)
    model = to_onnx(net)
    assert [one.name for one in model.graph.input] == ["a", "b", "label", "gemm"]
    assert [one.name for one in model.graph.output] == ["label_1", "probabilities"]
    expected = net.predict_proba(frame)
    np.testing.assert_allclose(run(model, frame)["probabilities"], expected, atol=1e-5)


def test_sparse_data_become_dense():
    net = BackpropClassifier(**SMALL).fit(sparse.csr_matrix(X * (X > 0)), CODES)
    assert_same(net, to_onnx(net), NEW)


def test_arrays_of_integers_are_floats():
    net = BackpropRegressor(**SMALL).fit(CODES[:, np.newaxis], X[:, 0])
    assert_same(net, to_onnx(net), np.arange(3)[:, np.newaxis])


def test_a_scaler_keeps_missing_values_and_constants():
    data = np.where(X > 1.5, np.nan, X)
    data[:, 1] = 3
    scaler = SmoothClipScaler().fit(data)
    new = np.vstack([data, [[1e30, 3, np.nan, -1e30], [-1e-30, np.nan, 0, 5]]]).astype(np.float32)
    found = run(to_onnx(scaler), new)["variable"]
    np.testing.assert_allclose(found, scaler.transform(new), rtol=1e-6, atol=1e-6)


# ---- the model


@pytest.mark.parametrize("opset", [13, 17, 21])
def test_every_operator_set_gives_the_same(opset):
    net = BackpropRegressor(activation="gelu", loss=Quantile((0.1, 0.9)), **SMALL).fit(X, X[:, 0])
    model = to_onnx(net, target_opset=opset)
    assert {one.domain: one.version for one in model.opset_import}[""] == opset
    onnx.checker.check_model(model, full_check=True)
    assert_same(net, model, NEW)


def test_by_default_old_runtimes_read_the_model():
    model = to_onnx(BackpropClassifier(**SMALL).fit(X, CODES))
    assert {one.domain: one.version for one in model.opset_import} == {"": 13}
    assert model.ir_version <= 8
    assert model.producer_name == "skbackprop"


@pytest.mark.parametrize("opset", [12, 10**6, "13"])
def test_an_operator_set_that_is_not_known(opset):
    net = BackpropClassifier(**SMALL).fit(X, CODES)
    with pytest.raises(ValueError, match=r"target_opset must be an int from 13 to \d+"):
        to_onnx(net, target_opset=opset)


# ---- what cannot be expressed


class CubeLink(Link):
    name = "cube"

    def inverse(self, raw, out):
        np.power(raw, 3, out=out)


@dataclass(frozen=True)
class OwnLink(SquaredError):
    link = CubeLink()


@dataclass(frozen=True)
class OwnPrediction(SquaredError):
    def predict(self, raw):
        return raw + 1


@dataclass(frozen=True)
class OwnGradient(SquaredError):
    """Another loss, with the prediction of its parent."""

    def loss_gradient(self, y, raw, sample_weight, out):
        return super().loss_gradient(y, raw, sample_weight, out)


@dataclass(frozen=True)
class OwnReLU(ReLU):
    def forward(self, Z, out):
        np.maximum(Z, 1, out=out)


REFUSED = {
    "functions": ({"activation": from_functions(np.sin, np.cos)}, r"activation=FromFunctions\("),
    "subclass": ({"activation": OwnReLU()}, r"activation=OwnReLU\(\), which is Python code\. Fit"),
    "link": ({"loss": OwnLink()}, r"link of loss=.*OwnLink\(\), which is Python code\. Fit with"),
    "prediction": ({"loss": OwnPrediction()}, r"loss=.*OwnPrediction\(\), whose predict is"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_code_of_a_user_is_refused_by_name(name):
    parameters, message = REFUSED[name]
    net = BackpropRegressor(**SMALL, **parameters).fit(X, X[:, 0])
    with pytest.raises(ValueError, match=f"to_onnx cannot express .*{message}"):
        to_onnx(net)


def test_a_loss_of_a_user_with_a_known_link():
    net = BackpropRegressor(loss=OwnGradient(), **SMALL).fit(X, X[:, 0])
    assert_same(net, to_onnx(net), NEW)


def test_weights_too_large_for_float32():
    net = BackpropRegressor(**SMALL, dtype="float64").fit(X, X[:, 0])
    net.coefs_ = [1e39 * coef for coef in net.coefs_]
    with pytest.raises(ValueError, match="The weights of a layer are too large for float32"):
        to_onnx(net)


def test_classes_beyond_int64():
    y = np.array([1, 2**64 - 1], dtype=np.uint64)[LABELS["two"].astype(int)]
    net = BackpropClassifier(**SMALL).fit(X, y)
    with pytest.raises(ValueError, match="classes that are integers beyond int64"):
        to_onnx(net)


def test_other_estimators_are_refused():
    with pytest.raises(
        TypeError, match=r"converts estimators of skbackprop and pipelines .* got Li"
    ):
        to_onnx(LinearRegression().fit(X, CODES))


@pytest.mark.parametrize("kind", [BackpropClassifier, TabularClassifier, SmoothClipScaler])
def test_an_estimator_that_is_not_fitted(kind):
    with pytest.raises(NotFittedError, match=f"This {kind.__name__} instance is not fitted"):
        to_onnx(kind())


@pytest.mark.filterwarnings("ignore:The 2 partitions are small")
def test_a_dask_estimator(client):
    da = pytest.importorskip("dask.array")
    from skbackprop.dask import DaskBackpropClassifier

    data = da.from_array(X, chunks=(45, 4))
    net = DaskBackpropClassifier(**SMALL, solver="lbfgs").fit(data, data[:, 0] > 0)
    assert_same(net.to_local(), to_onnx(net), NEW)


def test_without_onnx_it_is_said_what_to_install(monkeypatch):
    net = BackpropRegressor(**SMALL).fit(X, X[:, 0])
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r'to_onnx needs onnx: pip install "skbackprop\[onnx\]"'):
        to_onnx(net)


# ---- the docstrings


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.parametrize("function", [to_onnx, register_converters])
def test_examples_of_the_docstrings(function):
    """They are skipped elsewhere, as the packages that they need are optional."""
    if function is register_converters:
        pytest.importorskip("skl2onnx")
    text = re.sub(r" *# doctest: \+SKIP", "", function.__doc__)
    test = doctest.DocTestParser().get_doctest(text, {}, function.__name__, None, 0)
    assert len(test.examples) > 5
    doctest.DebugRunner().run(test)
