"""TableEncoder: tables of every kind in, numbers without holes out."""

import pickle
from decimal import Decimal

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

from skbackprop import SmoothClipScaler, TableEncoder

pd = pytest.importorskip("pandas")

ALL_LEVELS = {"min_frequency": None, "max_categories": None}


@parametrize_with_checks(
    [TableEncoder(), TableEncoder(dtype="float64"), TableEncoder(categorical_features=[0])]
)
def test_check(estimator, check):
    check(estimator)


def rows():
    """Plain Python columns with holes, and what they should become."""
    columns = {
        "age": [31.5, None, 53.0, 40.0],
        "city": ["Bonn", "Kiel", None, "Bonn"],
        "member": [True, False, True, None],
        "visits": [1, 2, 3, None],
    }
    expected = {
        "age": [31.5, 40.0, 53.0, 40.0],
        "member": [1, 0, 1, 1],
        "visits": [1, 2, 3, 2],
        "missing_age": [0, 1, 0, 0],
        "missing_member": [0, 0, 0, 1],
        "missing_visits": [0, 0, 0, 1],
        "city_Bonn": [1, 0, 0, 1],
        "city_Kiel": [0, 1, 0, 0],
        "city_None": [0, 0, 1, 0],
    }
    return columns, expected


def as_objects(columns):
    return pd.DataFrame({name: pd.Series(cells, dtype=object) for name, cells in columns.items()})


def as_nullable(columns):
    types = {"age": "Float64", "city": "string", "member": "boolean", "visits": "Int64"}
    return pd.DataFrame({name: pd.array(columns[name], dtype=types[name]) for name in columns})


def as_category(columns):
    return as_objects(columns).astype({"city": "category", "age": "float32", "visits": float})


def as_polars(columns):
    return pytest.importorskip("polars").DataFrame(columns)


def as_polars_category(columns):
    polars = pytest.importorskip("polars")
    return polars.DataFrame(columns, schema_overrides={"city": polars.Categorical})


CONTAINERS = [pd.DataFrame, as_objects, as_nullable, as_category, as_polars, as_polars_category]


@pytest.mark.parametrize("container", CONTAINERS)
def test_frames_of_every_kind_give_the_same(container):
    columns, expected = rows()
    encoder = TableEncoder(**ALL_LEVELS)
    result = encoder.fit_transform(container(columns))
    assert result.dtype == np.float32
    assert list(encoder.get_feature_names_out()) == list(expected)
    np.testing.assert_array_equal(result, np.array([*expected.values()], np.float32).T)
    np.testing.assert_array_equal(encoder.transform(container(columns)), result)
    assert list(encoder.numeric_columns_) == [0, 2]
    assert encoder.n_features_out_ == result.shape[1]
    assert list(encoder.feature_names_in_) == list(columns)


def test_one_kind_of_frame_is_read_after_another():
    columns, _ = rows()
    encoder = TableEncoder(**ALL_LEVELS).fit(as_nullable(columns))
    np.testing.assert_array_equal(
        encoder.transform(as_polars(columns)), encoder.transform(as_objects(columns))
    )


def test_an_array_of_objects_and_a_list_give_the_same():
    columns, expected = rows()
    cells = list(zip(*columns.values(), strict=True))
    for X in (cells, np.array(cells, dtype=object)):
        encoder = TableEncoder(**ALL_LEVELS)
        result = encoder.fit_transform(X)
        np.testing.assert_array_equal(result, np.array([*expected.values()], np.float32).T)
        assert list(encoder.get_feature_names_out())[:2] == ["x0", "x2"]


def test_an_array_of_strings_holds_categories():
    encoder = TableEncoder(**ALL_LEVELS).fit(np.array([["a", "1"], ["b", "2"]]))
    assert encoder.categorical_features_.all()
    assert list(encoder.get_feature_names_out()) == ["x0_a", "x0_b", "x1_1", "x1_2"]


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint16, np.float16, np.float32, np.float64])
def test_numbers_are_kept(dtype):
    X = np.array([[0, 1], [1, 0], [1, 1]]).astype(dtype)
    np.testing.assert_array_equal(TableEncoder().fit_transform(X), X.astype(np.float32))


def test_numbers_of_other_types():
    X = pd.DataFrame({"price": [Decimal("1.5"), Decimal("2.5"), None]})
    encoder = TableEncoder()
    np.testing.assert_array_equal(encoder.fit_transform(X), [[1.5, 0], [2.5, 0], [2, 1]])


@pytest.mark.parametrize(
    "categorical_features", [["b"], [1], [-1], [False, True], np.array([False, True])]
)
def test_ways_to_name_categories(categorical_features):
    X = pd.DataFrame({"a": [1, 2, 3], "b": [10, 20, 10]})
    encoder = TableEncoder(categorical_features, **ALL_LEVELS).fit(X)
    assert list(encoder.categorical_features_) == [False, True]
    assert list(encoder.get_feature_names_out()) == ["a", "b_10", "b_20"]
    np.testing.assert_array_equal(encoder.transform(X)[:, 1:], [[1, 0], [0, 1], [1, 0]])


def test_a_category_is_one_level_however_it_is_written():
    encoder = TableEncoder([0], **ALL_LEVELS).fit(np.array([[1], [2], [3]]))
    expected = encoder.transform([[1], [3]])
    for X in ([[1.0], [3.0]], [["1"], ["3"]], np.array([[1], [3]], dtype=object)):
        np.testing.assert_array_equal(encoder.transform(X), expected)


def test_no_categories_at_all():
    encoder = TableEncoder(None)
    assert not encoder.fit(pd.DataFrame({"a": [1, 2]})).categorical_features_.any()
    with pytest.raises(ValueError, match=r"'a' holds strings where numbers"):
        encoder.fit(pd.DataFrame({"a": ["x", "y"]}))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("from_type", "must be"),
        ([0.5], "must be"),
        ([True], "1 booleans for 2"),
        (["c"], "'c', which is not a feature name"),
        ([2], "has 2, but there are 2"),
        ([-3], "has -3"),
    ],
)
def test_bad_categorical_features(wrong, message):
    with pytest.raises(ValueError, match=message):
        TableEncoder(wrong).fit(pd.DataFrame({"a": [1, 2], "b": [1, 2]}))


def test_rare_and_unseen_levels_share_a_column():
    X = pd.DataFrame({"a": ["x"] * 5 + ["y"] * 5 + ["z"]})
    encoder = TableEncoder(min_frequency=2).fit(X)
    assert encoder.n_features_out_ == 3
    rare, unseen = encoder.transform(pd.DataFrame({"a": ["z", "never seen"]}))
    np.testing.assert_array_equal(rare, unseen)
    assert rare.sum() == 1


def test_an_unseen_level_is_none_where_none_is_rare():
    encoder = TableEncoder(**ALL_LEVELS).fit(pd.DataFrame({"a": ["x", "y"]}))
    np.testing.assert_array_equal(encoder.transform(pd.DataFrame({"a": ["z"]})), [[0, 0]])


def test_many_levels_are_capped():
    X = pd.DataFrame({"a": [f"level {i}" for i in range(500)]})
    assert TableEncoder(["a"], min_frequency=None).fit_transform(X).shape == (500, 100)
    assert TableEncoder(["a"], min_frequency=None, max_categories=7).fit(X).n_features_out_ == 7


def test_to_be_missing_only_later():
    encoder = TableEncoder(**ALL_LEVELS).fit(pd.DataFrame({"a": [1.0, 3.0], "b": ["x", "y"]}))
    later = pd.DataFrame({"a": [None, 1.0], "b": [None, "x"]})
    np.testing.assert_array_equal(encoder.transform(later), [[2, 0, 0], [1, 1, 0]])


def test_a_feature_without_any_value():
    X = pd.DataFrame({"a": [None, None], "b": [np.nan, np.nan], "c": [1.0, 2.0]})
    result = TableEncoder().fit_transform(X)
    np.testing.assert_array_equal(result, [[0, 0, 1, 1, 1], [0, 0, 2, 1, 1]])


def test_columns_with_more_than_two_values():
    X = np.array([[0, 1, 1, np.nan], [1, 2, 1, 3], [1, 3, 1, 4], [0, 3, 1, np.nan]])
    assert list(TableEncoder().fit(X).numeric_columns_) == [1]


def test_periods_are_refused():
    X = pd.DataFrame({"a": [1, 2], "when": pd.period_range("2020-01", periods=2, freq="M")})
    with pytest.raises(TypeError, match=r"'when' holds periods.*to_timestamp"):
        TableEncoder().fit(X)


@pytest.mark.parametrize(
    ("cells", "error", "message"),
    [
        ([[1], [2]], TypeError, r"'a' holds a list"),
        ([1j, 2], ValueError, r"Complex data not supported: column 'a'"),
        ([np.inf, 1.0], ValueError, "infinity"),
        ([1e300, 1.0], ValueError, "too large for dtype\\('float32'\\)|infinity"),
    ],
)
def test_cells_that_are_refused(cells, error, message):
    with pytest.raises(error, match=message):
        TableEncoder().fit(pd.DataFrame({"a": cells}))


def test_strings_where_numbers_were_are_refused():
    encoder = TableEncoder().fit(pd.DataFrame({"a": [1.0, 2.0]}))
    with pytest.raises(ValueError, match=r"'a' holds strings where numbers"):
        encoder.transform(pd.DataFrame({"a": ["x", "y"]}))


def test_double_precision_on_request():
    X = np.array([[1e9 + 0.25], [1e9 + 0.5], [1e9]])
    np.testing.assert_array_equal(TableEncoder(dtype=np.float64).fit_transform(X), X)


@pytest.mark.parametrize("layout", [sparse.csr_array, sparse.csc_matrix, sparse.coo_array])
def test_sparse_data_stay_sparse(layout):
    X = layout(np.eye(4)[:, :3])
    encoder = TableEncoder()
    result = encoder.fit_transform(X)
    assert result.format == "csr"
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result.toarray(), X.toarray())
    np.testing.assert_array_equal(encoder.transform(X.toarray()), X.toarray())
    assert len(encoder.numeric_columns_) == 0
    assert list(encoder.get_feature_names_out()) == ["x0", "x1", "x2"]


def test_sparse_data_have_no_categories():
    X = sparse.eye_array(4, format="csr")
    with pytest.raises(ValueError, match="Sparse data cannot have"):
        TableEncoder([0]).fit(X)
    with pytest.raises(ValueError, match="fitted on a dense table"):
        TableEncoder([0]).fit(X.toarray()).transform(X)


def test_sparse_data_have_no_missing_values():
    X = np.eye(4)
    encoder = TableEncoder().fit(sparse.csr_array(X))
    assert np.isnan(encoder.medians_).all()
    X[0, 1] = np.nan
    with pytest.raises(ValueError, match=r"missing values, but .* was fitted on sparse data"):
        encoder.transform(X)


def test_set_output():
    columns, expected = rows()
    encoder = TableEncoder(**ALL_LEVELS).set_output(transform="pandas")
    assert list(encoder.fit_transform(pd.DataFrame(columns)).columns) == list(expected)


def test_in_a_pipeline():
    columns, _ = rows()
    X, y = pd.concat([pd.DataFrame(columns)] * 5), [0, 1, 1, 0] * 5
    model = make_pipeline(TableEncoder(), SmoothClipScaler(), LogisticRegression())
    assert clone(model).fit(X, y).score(X, y) == 1


# ---- numbers near the largest

LARGEST = np.finfo(float).max


def test_the_middle_of_two_numbers_may_be_near_the_largest():
    frame = pd.DataFrame({"x": [LARGEST, LARGEST, np.nan]})
    encoder = TableEncoder(dtype=np.float64).fit(frame)
    np.testing.assert_array_equal(encoder.medians_, [LARGEST])


def test_an_integer_beyond_the_largest_number():
    """It was an OverflowError of Python's."""
    frame = pd.DataFrame({"x": [1, 10**400, 3]}, dtype=object)
    with pytest.raises(ValueError, match="Column 'x' holds a number too large"):
        TableEncoder().fit(frame)


@pytest.mark.parametrize("fitted", [False, True])
def test_an_encoder_that_refuses_a_table_is_as_before(fitted):
    """It had the medians and the names of what it refused."""
    encoder, frame = TableEncoder(), pd.DataFrame({"a": [1.0, np.nan, 2.0]})
    if fitted:
        encoder.fit(frame)
    before = pickle.dumps(encoder)
    with pytest.raises(ValueError, match="infinity"):
        encoder.fit(pd.DataFrame({"b": [1e300, 1.0], "c": ["x", "y"]}))
    assert pickle.dumps(encoder) == before


@pytest.mark.filterwarnings("error")
def test_too_large_numbers_are_refused_without_warnings():
    frame = pd.DataFrame({"x": np.linspace(-1, 1, 20) * LARGEST})
    with pytest.raises(ValueError, match="too large for dtype"):
        TableEncoder().fit(frame)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_names_are_unique(library):
    """A column of that name, a level "None": polars refuses a name that is there twice."""
    pytest.importorskip(library)
    X = pd.DataFrame({"a": [1, None], "missing_a": [1, 2], "c": ["None", None]})
    encoder = TableEncoder(**ALL_LEVELS).set_output(transform=library)
    assert list(encoder.fit_transform(X).columns) == [
        *("a", "missing_a", "missing_a_2", "c_None", "c_None_2")
    ]


# ---- strings that are no categories

IDS = [f"no. {i}" for i in range(101)]


def table_of_ids(library):
    if library == "array":
        return np.array(IDS, dtype=object)[:, np.newaxis]
    module = pytest.importorskip(library)
    return module.DataFrame({"x0": IDS, "kind": ["a", "b"] * 50 + ["a"]})


@pytest.mark.parametrize("library", ["pandas", "polars", "array"])
def test_strings_that_nearly_all_differ_are_named_in_a_warning(library):
    X = table_of_ids(library)
    with pytest.warns(UserWarning, match=r"^Column 'x0': nearly all .*skrub's StringEncoder") as w:
        TableEncoder().fit(X)
    assert len(w) == 1
    assert w[0].filename == __file__
    TableEncoder(np.ones(X.shape[1], bool)).fit(X)  # no warning of what the user names


def test_all_such_columns_are_in_one_warning():
    X = pd.DataFrame({"a": IDS, "b": IDS, "c": [1.0] * 101})
    with pytest.warns(UserWarning, match="^Columns 'a', 'b': ") as w:
        TableEncoder().fit(X)
    assert len(w) == 1


@pytest.mark.parametrize(
    "column",
    [
        IDS[:100],  # few rows
        IDS[:80] + IDS[:21],
        [*IDS[:90], *[None] * 1000, *["no. 1"] * 20],
        pd.Categorical(IDS),
        range(101),
        pd.interval_range(0, 101, periods=101),
        pd.date_range("2020", periods=101),
    ],
    ids=["few rows", "many are there twice", "missing", "category", "numbers", "cut", "dates"],
)
def test_ordinary_columns_cause_no_warning(column):
    TableEncoder().fit(pd.DataFrame({"a": column}))  # warnings are errors


def test_new_levels_cause_no_warning():
    encoder = TableEncoder().fit(pd.DataFrame({"a": ["x", "y"]}))
    encoder.transform(pd.DataFrame({"a": IDS}))
