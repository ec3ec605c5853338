"""Any value that a column can hold, in each container at fit and in each other at predict.

It is the same level, or an error says why not; never another level.
"""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from skbackprop import TableEncoder

pd = pytest.importorskip("pandas")
pl = pytest.importorskip("polars")

# Three different values of a kind, one of which is beside the second in a narrower type.
VALUES = {
    "bool": [True, False],
    **{f"int{bits}": [np.dtype(f"i{bits // 8}").type(i) for i in (-5, 0, 1)] for bits in (8, 16)},
    **{
        f"uint{bits}": [np.dtype(f"u{bits // 8}").type(i) for i in (0, 1, 200)] for bits in (8, 64)
    },
    "int": [2, 1, 10],
    "long": [2**53, 2**53 + 1, 7],
    "int64": [np.int64(2**62 + 1), np.int64(2**62), np.int64(-1)],
    "largest uint64": [2**64 - 1, 2**64 - 2, 2**63],
    "any int": [10**30, 10**30 + 1, -(10**30)],
    "float16": [np.float16(0.1), np.float16(0.5), np.float16(1)],
    "float32": [np.float32(0.1), np.float32(1e-7), np.float32(2)],
    "float64": [0.1, 0.30000000000000004, 3.0],
    "large float": [2.0**53, 1e300, 1.0],
    "infinite": [np.inf, -np.inf, 0.5],
    "str": ["a", "1.50", "None"],
    "bytes": [b"a", b"b"],
    "interval": [pd.Interval(0, 1), pd.Interval(1, 2), pd.Interval(2, 9)],
    "interval of floats": [pd.Interval(0.5, 1.0), pd.Interval(1.0, 2.5)],
    "period": [pd.Period("2020-01", "M"), pd.Period("2020-02", "M")],
    "tuple": [(1, "a"), (True, "a"), (1, None)],
    "decimal": [Decimal("0.10"), Decimal("0.25"), Decimal(3)],
    "fraction": [Fraction(1, 2), Fraction(1, 3), Fraction(4)],
    "mixed": [True, "a", 7],
    "number and bool": [1, True, 2.5],
    "date": [pd.Timestamp("2020-01-01"), pd.Timestamp("2020-01-02")],
}
HOLES = [None, np.nan, pd.NA]


def objects(cells):
    return np.fromiter(cells, object, len(cells))


def of_type(dtype):
    def frame(cells):
        return pd.DataFrame({"x0": pd.Series(objects(cells)).astype(dtype)})

    return frame


def narrow(cells):
    return pd.DataFrame({"x0": pd.Series(cells)})


CONTAINERS = {
    "list": lambda cells: [[cell] for cell in cells],
    "list beside a float": lambda cells: [[cell, 0.5] for cell in cells],
    "array": lambda cells: np.array(cells)[:, np.newaxis],
    "objects": lambda cells: objects(cells)[:, np.newaxis],
    "pandas": narrow,
    "pandas objects": lambda cells: pd.DataFrame({"x0": pd.Series(objects(cells), dtype=object)}),
    "nullable": lambda cells: narrow(cells).convert_dtypes(),
    "arrow": lambda cells: narrow(cells).convert_dtypes(dtype_backend="pyarrow"),
    "category": lambda cells: narrow(cells).astype("category"),
    "category of objects": of_type("category"),
    "polars": lambda cells: pl.DataFrame({"x0": pl.Series(cells)}),
    "polars objects": lambda cells: pl.DataFrame({"x0": pl.Series(cells, dtype=pl.Object)}),
}


def kept(table, cells):
    """Whether a container holds what it was given.

    NumPy, pandas and polars make integers of booleans, rounded floats of other numbers, float64 of
    narrower floats (0.1 is another number then), and arrays of tuples.
    """
    held = list(table["x0"]) if hasattr(table, "columns") else [row[0] for row in table]
    return all(is_same(a, b) for a, b in zip(cells, held, strict=True) if not is_hole(a))


def is_hole(cell):
    return not isinstance(cell, tuple) and bool(pd.isna(cell))


def is_same(a, b):
    if isinstance(a, tuple):
        return isinstance(b, tuple) and str(a) == str(b)
    if isinstance(a, np.floating):
        return str(a) == str(b)
    return isinstance(a, bool) == isinstance(b, bool | np.bool_) and not is_hole(b) and a == b


def tables(cells):
    """What can be made of cells, by container."""
    found = {}
    for name, make in CONTAINERS.items():
        try:
            found[name] = make(cells)
        except Exception:  # whatever a library says of what it cannot hold
            continue
        if not kept(found[name], cells):
            del found[name]
    return found


def fitted(table):
    """An encoder of the first column as a category; None where the table is refused."""
    encoder = TableEncoder([0], min_frequency=None)
    try:
        return encoder.fit(table)
    except (TypeError, ValueError) as error:
        assert_clear(error)


def assert_clear(error):
    clear = ("olumn 'x0'", "infinity", "dim 3", "Unable to convert array of bytes")
    assert any(words in str(error) for words in clear), error


def levels_of(encoder, table):
    """Position of the level of each row, -1 for none; None where the table is refused."""
    width = len(table[0]) if isinstance(table, list) else table.shape[1]
    if width != encoder.n_features_in_:
        return None
    try:
        Z = encoder.transform(table)
    except (TypeError, ValueError) as error:
        assert_clear(error)
        return None
    Z = Z[:, [name.startswith("x0_") for name in encoder.get_feature_names_out()]]
    return np.where(Z.any(axis=1), Z.argmax(axis=1), -1).tolist()


# What is refused wherever it is.
REFUSED = {"bytes", "date", "large float"}


@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize("hole", [*map(repr, HOLES), "no hole"])
@pytest.mark.filterwarnings("ignore")
def test_a_value_is_the_same_level_in_every_container(kind, hole):
    values = VALUES[kind]
    holes = [each for each in HOLES if repr(each) == hole]
    sides = [[*tables(values).values()], [*tables(values + holes).values()]]
    n_compared, n_values = 0, len(values)
    for ones, others in {False: [sides], True: [sides, sides[::-1]]}[bool(holes)]:
        for table in ones:
            encoder = fitted(table)
            if encoder is None:
                continue
            own = levels_of(encoder, table)
            assert -1 not in own
            assert len(set(own)) == len(own)
            for other in others:
                levels = levels_of(encoder, other)
                if levels is not None:
                    assert levels[:n_values] == own[:n_values]
                    n_compared += 1
    assert (n_compared == 0) == (kind in REFUSED)


EXACT = [2, True, False, 1, 1.0, 0, 2**53, 2**53 + 1, 10**30, 0.1, 0.5, Decimal(1), Decimal("0.5")]
EXACT += [
    Decimal("0.25"),
    Fraction(1, 2),
    Fraction(1, 3),
    pd.Interval(0, 1),
    pd.Interval(0.0, 1.0),
]
EXACT += [pd.Interval(0, 1, closed="left"), pd.Period("2020-01", "M"), "a", np.inf, -np.inf]


@pytest.mark.parametrize("one", EXACT, ids=repr)
def test_values_are_one_level_only_if_they_are_equal(one):
    """As Python sees it, but that booleans are no numbers."""
    for other in EXACT:
        encoder = TableEncoder([0], min_frequency=None)
        encoder.fit(CONTAINERS["pandas objects"]([one, other]))
        same = one == other and isinstance(one, bool) == isinstance(other, bool)
        assert (encoder.n_features_out_ == 1) == same, other


def test_integers_and_booleans_of_other_types_are_the_same_levels():
    """One None in a column of pandas makes floats of integers, and objects of booleans."""
    encoder = TableEncoder([0], min_frequency=None)
    whole = encoder.fit_transform(pd.DataFrame({"a": [1, 2, 10]}))
    later = encoder.transform(pd.DataFrame({"a": [1, None, 10]}))
    np.testing.assert_array_equal(later, whole * [[1], [0], [1]])
    for make in (pd.DataFrame, pl.DataFrame):
        whole = encoder.fit_transform(make({"a": [True, False]}))
        later = encoder.transform(make({"a": [True, False, None]}))
        np.testing.assert_array_equal(later[:2], whole)
    assert list(encoder.get_feature_names_out()) == ["a_False", "a_True"]


def test_floats_of_either_width_are_the_same_levels():
    """0.1 in float32 was 0.10000000149011612."""
    cells = [0.1, 0.25, 1e-7, 3.0]
    encoder = TableEncoder([0], min_frequency=None)
    for make in (
        lambda dtype: np.array(cells, dtype)[:, np.newaxis],
        lambda dtype: pd.DataFrame({"x0": np.array(cells, dtype)}),
        lambda dtype: pd.DataFrame({"x0": np.array(cells, dtype)}).astype("category"),
        lambda dtype: pl.DataFrame({"x0": np.array(cells, dtype)}),
    ):
        wide = encoder.fit_transform(make("f8"))
        np.testing.assert_array_equal(encoder.transform(make("f4")), wide)
        assert wide.sum() == 4


def test_a_float_that_may_be_another_integer_is_refused():
    ids = pd.DataFrame({"id": [2**53, 2**53 + 1]})
    encoder = TableEncoder(["id"], min_frequency=None).fit(ids)
    assert encoder.n_features_out_ == 2
    with pytest.raises(ValueError, match=r"Column 'id' holds 9007199254740992.0 as a category"):
        encoder.transform(pd.DataFrame({"id": [2**53 + 1, None]}))
    nullable = pd.DataFrame({"id": pd.array([2**53 + 1, None], dtype="Int64")})
    np.testing.assert_array_equal(encoder.transform(nullable), [[0, 1], [0, 0]])


@pytest.mark.parametrize("dtype", ["string", "category", "interval", "arrow", "polars"])
def test_a_column_of_categories_by_its_type_is_one_where_all_are_missing(dtype):
    if dtype == "polars":
        X = pl.DataFrame({"c": pl.Series([None] * 5, dtype=pl.String)})
        later = pl.DataFrame({"c": ["late"]})
    else:
        if dtype == "arrow":
            dtype = pd.ArrowDtype(pytest.importorskip("pyarrow").string())
        X = pd.DataFrame({"c": pd.Series([None] * 5, dtype=dtype)})
        late = [pd.Interval(0, 1)] if dtype == "interval" else ["late"]
        later = pd.DataFrame({"c": pd.Series(late, dtype=dtype)})
    encoder = TableEncoder().fit(X)
    assert encoder.categorical_features_.all()
    assert not encoder.transform(later).any()


@pytest.mark.parametrize("declared", ["from_dtype", ["c"]])
@pytest.mark.parametrize("container", ["column", "category", "objects"])
@pytest.mark.parametrize("kind", ["cut", "period", "tuple"])
def test_intervals_periods_and_tuples_are_categories(kind, container, declared):
    cells = {
        "cut": pd.cut([1.0, 5.0, 9.0, 9.0], 3).astype(object),
        "period": pd.period_range("2020-01", periods=4, freq="M"),
        "tuple": objects([(1, "a"), (2, "b"), (3, None), (3, None)]),
    }[kind]
    frame = pd.DataFrame({"c": cells})
    if container != "column":
        frame = frame.astype("category" if container == "category" else object)
    encoder = TableEncoder(declared, min_frequency=None)
    if kind == "period" and container != "category" and declared == "from_dtype":
        with pytest.raises(TypeError, match="holds periods"):
            encoder.fit(frame)
        return
    Z = encoder.fit_transform(frame)
    assert Z.shape == (4, 4 if kind == "period" else 3)
    assert (Z.sum(axis=1) == 1).all()
