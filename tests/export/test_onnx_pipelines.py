"""Pipelines that hold estimators of this package, by skl2onnx."""

import sys

import numpy as np
import pytest
from onnx_sessions import assert_same, is_classifier, run
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.ensemble import VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skbackprop import (
    BackpropClassifier,
    BackpropRegressor,
    SmoothClipScaler,
    TableEncoder,
    TabularClassifier,
    TabularRegressor,
)
from skbackprop.export import register_converters, to_onnx

skl2onnx = pytest.importorskip("skl2onnx")
pytest.importorskip("onnxruntime")
pd = pytest.importorskip("pandas")

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning",
    "ignore::DeprecationWarning",
    "ignore::FutureWarning",
)

RNG = np.random.default_rng(0)
N_ROWS = 200
ARRAY = RNG.normal(size=(N_ROWS, 4)).astype(np.float32)
HOLES = np.where(RNG.random(ARRAY.shape) < 0.1, np.float32(np.nan), ARRAY)
NUMBERS = pd.DataFrame(ARRAY, columns=list("abcd"))
MIXED = pd.DataFrame(
    {
        "x": ARRAY[:, 0],
        "y": ARRAY[:, 1],
        "n": RNG.integers(0, 20, N_ROWS),
        "word": RNG.choice(["red", "green", "blue"], N_ROWS).astype(object),
        "kind": pd.Categorical(RNG.choice(["u", "v"], N_ROWS)),
        "code": pd.Categorical(RNG.integers(0, 4, N_ROWS)),
        "unused": RNG.choice(["p", "q"], N_ROWS).astype(object),
    }
)
MIXED.loc[::9, "word"] = None
COLOURS = np.array(["no", "yes"])[(ARRAY[:, 0] > 0).astype(int)]

SMALL = {"hidden_layer_sizes": (5,), "max_iter": 5, "random_state": 0}
TABLE = {"n_members": 2, "min_steps": 20, **SMALL}

PIPELINES = {
    "array": (make_pipeline(StandardScaler(), BackpropClassifier(**SMALL)), ARRAY),
    "frame": (make_pipeline(StandardScaler(), BackpropRegressor(**SMALL)), NUMBERS),
    "gaussian": (
        make_pipeline(StandardScaler(), BackpropRegressor(loss="gaussian_nll", **SMALL)),
        ARRAY,
    ),
    "missing": (
        make_pipeline(SmoothClipScaler(), SimpleImputer(), BackpropClassifier(**SMALL)),
        HOLES,
    ),
    "encoder": (
        make_pipeline(TableEncoder(), SmoothClipScaler(), BackpropClassifier(**SMALL)),
        MIXED,
    ),
    "encoder for another": (
        make_pipeline(TableEncoder(), SmoothClipScaler(), LogisticRegression()),
        MIXED,
    ),
    "table": (make_pipeline(TabularClassifier(**TABLE)), MIXED),
    "table of numbers": (make_pipeline(StandardScaler(), TabularRegressor(**TABLE)), ARRAY),
    "columns": (
        make_pipeline(
            make_column_transformer(
                (TableEncoder(), ["word", "kind"]),
                (OneHotEncoder(), ["code"]),
                (make_pipeline(SimpleImputer(), SmoothClipScaler()), ["x", "y", "n"]),
            ),
            BackpropClassifier(**SMALL),
        ),
        MIXED,
    ),
    "columns by position": (
        make_pipeline(
            ColumnTransformer(
                [
                    ("one", SmoothClipScaler(), slice(1, 3)),
                    ("two", StandardScaler(), [0]),
                    ("rest", "passthrough", [3]),
                ]
            ),
            BackpropRegressor(**SMALL),
        ),
        ARRAY,
    ),
    "without some columns": (
        make_pipeline(
            ColumnTransformer([("one", StandardScaler(), [0, 2]), ("none", "drop", [1, 3])]),
            BackpropRegressor(**SMALL),
        ),
        ARRAY,
    ),
}


def fitted(name):
    pipeline, X = PIPELINES[name]
    return pipeline.fit(X, COLOURS if is_classifier(pipeline) else ARRAY[:, 0]), X


@pytest.mark.parametrize("name", PIPELINES)
def test_every_pipeline(name):
    pipeline, X = fitted(name)
    model = to_onnx(pipeline, target_opset=17)
    wanted = ["label", "probabilities"] if is_classifier(pipeline) else ["variable"]
    assert [one.name for one in model.graph.output][: len(wanted)] == wanted
    outputs = run(model, X)
    if is_classifier(pipeline):
        expected = pipeline.predict_proba(X)
        np.testing.assert_allclose(outputs["probabilities"], expected, atol=1e-5)
        np.testing.assert_array_equal(outputs["label"], pipeline.predict(X))
        return
    expected = pipeline.predict(X)
    np.testing.assert_allclose(outputs["variable"][:, 0], expected, rtol=1e-5, atol=1e-5)
    if "std" in outputs:
        std = pipeline.predict(X, return_std=True)[1]
        np.testing.assert_allclose(outputs["std"][:, 0], std, rtol=1e-4, atol=1e-5)


def test_unused_columns_are_no_inputs():
    pipeline, _ = fitted("columns")
    names = {one.name for one in to_onnx(pipeline).graph.input}
    assert names == {"word", "kind", "code", "x", "y", "n"}


@pytest.mark.parametrize("options", [None, {"zipmap": False}, {"zipmap": True}], ids=str)
def test_skl2onnx_knows_them_once_told(options):
    register_converters()
    pipeline, X = fitted("array")
    options = options and {id(pipeline.steps[-1][1]): options}
    model = skl2onnx.to_onnx(pipeline, X[:1], options=options)
    assert_same(pipeline, model, X)


def test_an_estimator_that_holds_one():
    register_converters()
    members = [("net", BackpropClassifier(**SMALL)), ("linear", LogisticRegression())]
    voting = VotingClassifier(members, voting="soft", flatten_transform=False)
    voting.fit(ARRAY, COLOURS)
    model = skl2onnx.to_onnx(voting, ARRAY[:1], options={"zipmap": False})
    assert_same(voting, model, ARRAY)


@pytest.mark.parametrize("kind", ["Double", "Float"])
def test_inputs_of_other_types(kind):
    """Where a user chooses them: one input of all columns, of float or double."""
    from skl2onnx.common import data_types

    register_converters()
    net = TabularRegressor(**TABLE).fit(ARRAY, ARRAY[:, 0])
    types = [("all", getattr(data_types, f"{kind}TensorType")([None, 4]))]
    model = skl2onnx.to_onnx(net, initial_types=types)
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString())
    data = ARRAY.astype({"Double": np.float64, "Float": np.float32}[kind])
    found = session.run(["variable"], {"all": data})[0][:, 0]
    np.testing.assert_allclose(found, net.predict(ARRAY), rtol=1e-5, atol=1e-5)


def test_one_input_whose_columns_are_not_counted():
    from skl2onnx.common.data_types import FloatTensorType

    register_converters()
    net = TabularRegressor(**TABLE).fit(ARRAY, ARRAY[:, 0])
    model = skl2onnx.to_onnx(net, initial_types=[("all", FloatTensorType([None, None]))])
    assert_same(net, model, ARRAY)


@pytest.mark.parametrize("kind", ["Boolean", "Int64"])
def test_categories_in_inputs_of_other_types(kind):
    """A truth value is 1 or 0; a category that is no integer does not occur as one."""
    import onnxruntime
    from skl2onnx.common import data_types

    register_converters()
    levels = {"Boolean": [True, False], "Int64": [1, 0, "other"]}[kind]
    cells = np.array(levels, object)[np.arange(N_ROWS) % len(levels)]
    X = pd.DataFrame({"level": pd.Categorical(cells)})
    net = TabularRegressor(**TABLE).fit(X, np.arange(N_ROWS) % len(levels))
    types = [("level", getattr(data_types, f"{kind}TensorType")([None, 1]))]
    model = skl2onnx.to_onnx(net, initial_types=types)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    new = np.array([[1], [0]], {"Boolean": bool, "Int64": np.int64}[kind])
    found = session.run(["variable"], {"level": new})[0][:, 0]
    expected = net.predict(pd.DataFrame({"level": pd.Categorical(new[:, 0])}))
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert abs(found[0] - found[1]) > 1e-3


def test_an_input_of_a_type_that_no_number_has():
    from skl2onnx.common.data_types import Complex64TensorType

    register_converters()
    net = BackpropRegressor(**SMALL).fit(ARRAY, ARRAY[:, 0])
    with pytest.raises(TypeError, match="to_onnx cannot express an input of the type Complex64"):
        skl2onnx.to_onnx(net, initial_types=[("all", Complex64TensorType([None, 4]))])


def test_without_skl2onnx_it_is_said_what_to_install(monkeypatch):
    pipeline, _ = fitted("array")
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(ImportError, match=r'need skl2onnx: pip install "skbackprop\[onnx\]"'):
        to_onnx(pipeline)


def test_numbers_in_an_input_of_strings():
    from skl2onnx.common.data_types import StringTensorType

    register_converters()
    net = TabularRegressor(**TABLE).fit(NUMBERS, ARRAY[:, 0])
    types = [(name, StringTensorType([None, 1])) for name in NUMBERS]
    with pytest.raises(
        ValueError, match="Column 'a' is numeric, but its input has the type string"
    ):
        skl2onnx.to_onnx(net, initial_types=types)


def test_too_few_columns():
    from skl2onnx.common.data_types import FloatTensorType

    register_converters()
    net = TabularRegressor(**TABLE).fit(NUMBERS, ARRAY[:, 0])
    with pytest.raises(ValueError, match=r"inputs have 2 columns, but .* fitted on 4 features"):
        skl2onnx.to_onnx(net, initial_types=[("two", FloatTensorType([None, 2]))])


def test_a_network_before_another_step_is_refused():
    pipeline = make_pipeline(BackpropClassifier(**SMALL), LogisticRegression())
    pipeline.fit(ARRAY, COLOURS)
    with pytest.raises(ValueError, match=r"the step 'backpropclassifier': .* hidden features"):
        to_onnx(pipeline)


def test_strings_and_numbers_for_one_step_are_refused():
    columns = make_column_transformer((TableEncoder(), ["word", "x"]))
    pipeline = make_pipeline(columns, BackpropClassifier(**SMALL)).fit(MIXED, COLOURS)
    with pytest.raises(ValueError, match=r"'tableencoder' of a ColumnTransformer: .* merges"):
        to_onnx(pipeline)
