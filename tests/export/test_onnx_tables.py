"""ONNX models predict what the estimators for tables do: columns of every type."""

import numpy as np
import pytest
from onnx_sessions import assert_same, run
from scipy import sparse
from sklearn.datasets import load_diabetes, load_wine

from skbackprop import TableEncoder, TabularClassifier, TabularRegressor
from skbackprop.export import to_onnx
from skbackprop.losses import CLASSIFICATION_LOSSES, REGRESSION_LOSSES, ProportionalOdds, Quantile
from skbackprop.tabular.embeddings import EMBEDDINGS

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pd = pytest.importorskip("pandas")

SMALL = {
    "n_members": 2,
    "hidden_layer_sizes": (12, 8),
    "max_iter": 4,
    "min_steps": 40,
    "random_state": 0,
}

N_ROWS = 300


def words(rng, n_rows, letters):
    return np.array(list(letters))[rng.integers(0, len(letters), n_rows)]


def of_float32(values):
    """Numbers in float64 that float32 has as well: an input of float is no other number."""
    return np.asarray(values, np.float32).astype(np.float64)


def pandas_frame(n_rows, seed):
    """Every type of column, some with missing values; further rows have other levels, too."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "float": of_float32(rng.normal(size=n_rows)),
            "float32": rng.normal(size=n_rows).astype(np.float32),
            "narrow": of_float32(1e6 + rng.integers(0, 40, n_rows) / 4),
            "tiny": of_float32(1e-30 * rng.normal(size=n_rows)),
            "outliers": of_float32(rng.standard_cauchy(n_rows) ** 5),
            "integer": rng.integers(-5, 50, n_rows),
            "seconds": 1_750_000_000 + rng.integers(0, 10, n_rows),
            "flag": rng.random(n_rows) > 0.5,
            "Int64": pd.array(rng.integers(0, 9, n_rows), "Int64"),
            "Float64": pd.array(of_float32(rng.normal(size=n_rows)), "Float64"),
            "boolean": pd.array(rng.random(n_rows) > 0.5, "boolean"),
            "constant": 3.0,
            "object": words(rng, n_rows, "abcde" if seed == 0 else "cdexyz").astype(object),
            "string": pd.array(words(rng, n_rows, "pqr"), "string"),
            "category": pd.Categorical(words(rng, n_rows, "uvw")),
            "codes": pd.Categorical(2**40 + rng.integers(0, 4 + seed, n_rows)),
            "codes of floats": pd.Categorical(rng.integers(0, 4 + seed, n_rows) / 4),
            "codes, missing": pd.Categorical(rng.integers(0, 4, n_rows)),
            "many": pd.Categorical(rng.integers(0, 20 + 9 * seed, n_rows)),
            "flags": pd.Categorical(rng.random(n_rows) > 0.5),
            "interval": pd.cut(rng.normal(size=n_rows), [-9, -1, 0, 1, 9]),
            "rare": np.where(rng.random(n_rows) < 0.02, words(rng, n_rows, "xyz"), "often"),
        }
    )
    for name in ("float", "Int64", "Float64", "boolean", "codes, missing"):
        frame.loc[rng.random(n_rows) < 0.1, name] = None
    for name in ("object", "string", "category", "rare"):
        frame.loc[rng.random(n_rows) < 0.1 * seed, name] = None
    return frame


def polars_frame(n_rows, seed):
    pl = pytest.importorskip("polars")
    rng = np.random.default_rng(seed)
    nulls = rng.random(n_rows) < 0.1

    def with_nulls(values):
        return [None if null else value for null, value in zip(nulls, values.tolist())]

    return pl.DataFrame(
        {
            "float": with_nulls(of_float32(rng.normal(size=n_rows))),
            "float32": pl.Series(rng.normal(size=n_rows), dtype=pl.Float32),
            "integer": with_nulls(rng.integers(0, 9, n_rows)),
            "seconds": 1_750_000_000 + rng.integers(0, 10, n_rows),
            "flag": rng.random(n_rows) > 0.5,
            "boolean": with_nulls(rng.random(n_rows) > 0.5),
            "string": with_nulls(words(rng, n_rows, "abcde" if seed == 0 else "cdexyz")),
            "category": pl.Series(words(rng, n_rows, "uvw"), dtype=pl.Categorical),
            "enum": pl.Series(words(rng, n_rows, "pq"), dtype=pl.Enum(["p", "q", "r"])),
        }
    )


FRAMES = {"pandas": pandas_frame, "polars": polars_frame}


def targets(n_rows):
    rng = np.random.default_rng(7)
    noise = rng.normal(size=n_rows)
    return {
        "two": noise > 0,
        "three": np.array(["low", "mid", "high"])[np.digitize(noise, [-0.5, 0.5])],
        "labels": (rng.random((n_rows, 3)) > 0.5).astype(int),
        "number": 1e3 + 50 * noise,
        "numbers": np.column_stack([noise, 1e-6 * rng.normal(size=n_rows) - 1]),
        "positive": np.exp(noise),
    }


Y = targets(N_ROWS)


# ---- columns of every type


@pytest.mark.parametrize("library", FRAMES)
@pytest.mark.parametrize("target", ["two", "three", "labels", "number", "numbers"])
def test_columns_of_every_type(target, library):
    X, new = FRAMES[library](N_ROWS, 0), FRAMES[library](60, 1)
    kind = TabularRegressor if target.startswith("number") else TabularClassifier
    net = kind(**SMALL).fit(X, Y[target])
    model = to_onnx(net)
    assert_same(net, model, new)
    assert_same(net, model, X[:20])


TYPES = {"float": 1, "int64": 7, "string": 8}


def test_inputs_have_names_and_types():
    X = pandas_frame(N_ROWS, 0)
    model = to_onnx(TabularClassifier(**SMALL).fit(X, Y["two"]))
    assert [one.name for one in model.graph.input] == X.columns.tolist()
    found = {one.name: one.type.tensor_type.elem_type for one in model.graph.input}
    integers = {"integer", "seconds", "flag", "codes", "flags", "many"}
    texts = {"object", "string", "category", "interval", "rare"}
    for name in X.columns:
        expected = "int64" if name in integers else "string" if name in texts else "float"
        assert found[name] == TYPES[expected], name


def test_a_missing_category_that_fit_has_not_seen():
    X = pd.DataFrame({"kind": ["a", "b", "c"] * 20, "x": np.arange(60.0)})
    net = TabularRegressor(**SMALL).fit(X, X["x"])
    new = pd.DataFrame({"kind": ["a", None, "d", ""], "x": [1.0, np.nan, 2.0, np.nan]})
    expected = net.predict(new.astype({"kind": object}))
    np.testing.assert_allclose(run(to_onnx(net), new)["variable"][:, 0], expected, rtol=1e-5)


def test_an_empty_string_that_is_a_category():
    X = pd.DataFrame({"kind": ["", "b", None] * 20})
    net = TabularRegressor(**SMALL).fit(X, np.arange(60.0) % 3)
    found = run(to_onnx(net), X)["variable"][:, 0]
    expected = net.predict(pd.DataFrame({"kind": ["", "b", ""] * 20}))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_categories_that_float32_does_not_tell_apart():
    codes = np.where(np.arange(60) % 2, 2.0**24, 2.0**24 + 1)
    X = pd.DataFrame({"code": pd.Categorical(codes)})
    net = TabularRegressor(**SMALL).fit(X, np.arange(60.0))
    with pytest.raises(ValueError, match=r"'code' .* float cannot distinguish.*Fit on strings"):
        to_onnx(net)
    integers = X["code"].astype(int).astype("category").to_frame()
    net = TabularRegressor(**SMALL).fit(integers, np.arange(60.0))
    assert_same(net, to_onnx(net), integers)


def test_categories_only_and_numbers_only():
    X = pandas_frame(N_ROWS, 0)
    for names in (["object", "codes"], ["float", "integer"], ["integer"], ["flag"]):
        net = TabularRegressor(**SMALL).fit(X[names], Y["number"])
        assert_same(net, to_onnx(net), X[names][:30])


def test_a_table_of_constants():
    X = pd.DataFrame({"a": [1.0] * 60, "b": ["x"] * 60})
    net = TabularRegressor(**SMALL).fit(X, np.arange(60.0))
    assert_same(net, to_onnx(net), pd.DataFrame({"a": [1.0, 5.0], "b": ["x", "y"]}))
    net = TabularRegressor(**SMALL).fit(X[["b"]], np.arange(60.0))
    assert_same(net, to_onnx(net), pd.DataFrame({"b": ["x", "y"]}))


def test_many_levels():
    rng = np.random.default_rng(0)
    levels = np.array([f"level {i}" for i in range(300)])
    X = pd.DataFrame({"one": levels[rng.integers(0, 300, 900)], "two": rng.integers(0, 2, 900)})
    net = TabularClassifier(**SMALL, categorical_features=["one", "two"]).fit(X, X["two"])
    assert_same(net, to_onnx(net), X[:40])


def test_many_levels_whose_means_are_the_same():
    """There is no column of means for them: all targets are the same."""
    X = pd.DataFrame({"one": np.repeat([f"level {i}" for i in range(60)], 4)})
    net = TabularRegressor(**SMALL).fit(X, np.full(240, 3.0))
    assert_same(net, to_onnx(net), X[::4])


# ---- arrays


def test_an_array_of_numbers_has_one_input():
    X, y = load_wine(return_X_y=True)
    X = X.astype(np.float32)
    X[::7, 3] = np.nan
    net = TabularClassifier(**SMALL).fit(X, y)
    model = to_onnx(net)
    assert [one.name for one in model.graph.input] == ["X"]
    assert_same(net, model, X[:40])


def test_an_array_of_numbers_with_categories():
    rng = np.random.default_rng(0)
    X = rng.integers(0, 4, (200, 3)).astype(np.float32)
    X[::9, 1] = np.nan
    net = TabularClassifier(**SMALL, categorical_features=[1, 2]).fit(X, X[:, 0] > 1)
    new = rng.integers(0, 6, (40, 3)).astype(np.float32)
    assert_same(net, to_onnx(net), np.vstack([X[:20], new]))


def test_an_array_of_objects_has_an_input_a_column():
    X = np.array([["a", 1.5], ["b", 2], [None, 3]] * 20, dtype=object)
    net = TabularRegressor(**SMALL).fit(X, np.arange(60.0) % 3)
    model = to_onnx(net)
    assert [one.name for one in model.graph.input] == ["x0", "x1"]
    expected = net.predict(X)
    found = run(model, pd.DataFrame(X, columns=["x0", "x1"]))["variable"][:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


def test_a_frame_with_numbers_as_names():
    X = pd.DataFrame({0: [1.0, 2, 3] * 20, 1: ["a", "b", "c"] * 20})
    model = to_onnx(TabularRegressor(**SMALL).fit(X, X[0]))
    assert [one.name for one in model.graph.input] == ["x0", "x1"]


def test_sparse_data_become_dense():
    X = sparse.random(200, 6, density=0.3, format="csr", random_state=0, dtype=np.float32)
    net = TabularRegressor(**SMALL).fit(X, X.toarray()[:, 0])
    assert_same(net, to_onnx(net), X.toarray())


# ---- parameters


NUMBERS = load_diabetes().data.astype(np.float32)[:N_ROWS]


@pytest.mark.parametrize("embedding", [*EMBEDDINGS, None])
def test_every_embedding(embedding):
    net = TabularRegressor(**SMALL, embedding=embedding).fit(NUMBERS, Y["number"])
    assert_same(net, to_onnx(net), NUMBERS[:50])


@pytest.mark.parametrize("loss", ["log_loss", "poisson", "gaussian_nll"])
def test_members_with_different_weights(loss):
    is_classifier = loss == "log_loss"
    kind = TabularClassifier if is_classifier else TabularRegressor
    y = Y["three"] if is_classifier else Y["positive"]
    net = kind(**SMALL | {"n_members": 3}, loss=loss).fit(NUMBERS, y)
    even = net.predict_proba(NUMBERS) if is_classifier else net.predict(NUMBERS)
    net.member_weights_ = np.array([0.5, 0.375, 0.125])
    weighted = net.predict_proba(NUMBERS) if is_classifier else net.predict(NUMBERS)
    assert not np.allclose(even, weighted)
    assert_same(net, to_onnx(net), NUMBERS[:50])


def test_fast_waves():
    """Cosines of large arguments keep their digits."""
    net = TabularRegressor(**SMALL, embedding="periodic").fit(NUMBERS, Y["number"])
    for member in net.members_:
        w = member.network.layers[0][0]
        w *= 1e5
    assert_same(net, to_onnx(net), NUMBERS[:50])


@pytest.mark.parametrize("loss", [*REGRESSION_LOSSES, Quantile((0.1, 0.5, 0.9))], ids=str)
@pytest.mark.parametrize("target", ["positive", "numbers"])
def test_every_loss_of_numbers(loss, target):
    y = np.abs(Y[target])
    net = TabularRegressor(**SMALL, loss=loss).fit(NUMBERS, y)
    model = to_onnx(net)
    assert [one.name for one in model.graph.output] == ["variable", "std"]
    assert_same(net, model, NUMBERS[:50])


@pytest.mark.parametrize("loss", CLASSIFICATION_LOSSES)
@pytest.mark.parametrize("target", ["two", "three", "labels"])
def test_every_loss_of_classes(loss, target):
    if (loss, target) == ("ordinal", "three"):
        loss = ProportionalOdds(["mid", *np.setdiff1d(Y[target], "mid")])
    net = TabularClassifier(**SMALL, loss=loss).fit(NUMBERS, Y[target])
    assert_same(net, to_onnx(net), NUMBERS[:50])


def test_time_spans_are_inputs_of_seconds():
    pd = pytest.importorskip("pandas")
    spans = pd.to_timedelta(NUMBERS[:, 0], unit="h").where(np.arange(len(NUMBERS)) % 7 > 0)
    net = TabularRegressor(**SMALL).fit(pd.DataFrame({"took": spans}), Y["number"])
    seconds = pd.DataFrame({"took": spans.total_seconds()})
    expected = net.predict(pd.DataFrame({"took": spans}))
    np.testing.assert_allclose(run(to_onnx(net), seconds)["variable"][:, 0], expected, rtol=1e-4)


def test_dates_are_refused_by_name():
    pd = pytest.importorskip("pandas")
    dates = pd.to_datetime("2024-01-01") + pd.to_timedelta(NUMBERS[:, 0], unit="D")
    net = TabularRegressor(**SMALL).fit(pd.DataFrame({"bought": dates}), Y["number"])
    with pytest.raises(ValueError, match="column 'bought': it contains dates"):
        to_onnx(net)


def test_a_small_spread_beside_a_large_mean():
    net = TabularRegressor(**SMALL).fit(NUMBERS, 1e7 + Y["number"])
    mean, std = net.predict(NUMBERS, return_std=True)
    outputs = run(to_onnx(net), NUMBERS)
    np.testing.assert_allclose(outputs["variable"][:, 0], mean, rtol=1e-7)
    np.testing.assert_allclose(outputs["std"][:, 0], std, rtol=1e-4, atol=1e-3)


def test_targets_beyond_float32():
    net = TabularRegressor(**SMALL).fit(NUMBERS, 1e40 * Y["number"])
    with pytest.raises(ValueError, match="y is too large for float32, in which to_onnx predicts"):
        to_onnx(net)


# ---- the encoder alone


@pytest.mark.parametrize("library", FRAMES)
def test_the_encoder(library):
    X, new = FRAMES[library](N_ROWS, 0), FRAMES[library](60, 1)
    encoder = TableEncoder().fit(X)
    model = to_onnx(encoder)
    for frame in (X, new):
        found = run(model, frame)["variable"]
        np.testing.assert_allclose(found, encoder.transform(frame), rtol=1e-6)
