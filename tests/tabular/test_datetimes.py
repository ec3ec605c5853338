"""Dates, times and time spans in tables: which numbers they become, in every container."""

import datetime as dt
import pickle
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from skbackprop import TableEncoder

pd = pytest.importorskip("pandas")

BERLIN = ZoneInfo("Europe/Berlin")

# A Friday, the first hour of a leap day, the last one of a year; the last one is missing.
TEXTS = ["2019-03-01T13:30:00", "2020-02-29T00:45:00", "2020-12-31T23:15:00", "NaT"]
MOMENTS = np.array(TEXTS, "M8[s]")

EXPECTED = {
    "when_days": [0.0, 365 - 12.75 / 24, 671 + 9.75 / 24],
    "when_year": [2019, 2020, 2020],
    "when_month": [3, 2, 12],
    "when_day_of_year": [60, 60, 366],
    "when_weekday": [5, 6, 4],
    "when_hour": [13, 0, 23],
}
NAMES = [*EXPECTED, "missing_when"]


def polars():
    return pytest.importorskip("polars")


def arrow(kind, *args):
    arrow = pytest.importorskip("pyarrow")
    return pd.ArrowDtype(getattr(arrow, kind)(*args))


def objects(cells):
    return np.fromiter(cells, object, len(cells))


def frame(cells):
    return pd.DataFrame({"when": cells})


def cells(convert):
    """The moments but the last, as objects; None for it."""
    return objects([*(convert(moment) for moment in MOMENTS[:-1]), None])


FRAMES = {
    **{
        f"pandas {unit}": lambda unit=unit: frame(MOMENTS.astype(f"M8[{unit}]"))
        for unit in ("s", "ms", "us", "ns")
    },
    **{
        f"arrow {unit}": lambda unit=unit: frame(
            pd.Series(MOMENTS).astype(arrow("timestamp", unit))
        )
        for unit in ("s", "ns")
    },
    "datetimes": lambda: frame(cells(lambda moment: moment.item())),
    "timestamps": lambda: frame(cells(pd.Timestamp)),
    "datetime64": lambda: frame(cells(lambda moment: moment.astype("M8[ns]"))),
    "NaT": lambda: frame(objects(list(MOMENTS.astype("M8[us]")))),
    **{
        f"polars {unit}": lambda unit=unit: polars().DataFrame(
            {"when": polars().Series(MOMENTS.astype("M8[us]")).dt.cast_time_unit(unit)}
        )
        for unit in ("ms", "us", "ns")
    },
}
ARRAYS = {
    "array": lambda: MOMENTS[:, np.newaxis],
    "object array": lambda: cells(lambda moment: moment.item())[:, np.newaxis],
    "list": lambda: [[cell] for cell in cells(lambda moment: moment.item())],
}


def encoder(**parameters):
    return TableEncoder(dtype=np.float64, **parameters)


def assert_expected(Z, expected):
    """Numbers in the first rows; in the last one medians, and a mark."""
    numbers, mark = Z[:, :-1], Z[:, -1]
    np.testing.assert_allclose(numbers[:-1].T, [*expected.values()], rtol=0, atol=1e-11)
    np.testing.assert_array_equal(numbers[-1], np.median(numbers[:-1], axis=0))
    np.testing.assert_array_equal(mark, [0, 0, 0, 1])


@pytest.mark.parametrize("container", FRAMES | ARRAYS)
def test_dates_become_numbers(container):
    X = (FRAMES | ARRAYS)[container]()
    fitted = encoder()
    assert_expected(fitted.fit_transform(X), EXPECTED)
    names = [name.replace("when", "x0" if container in ARRAYS else "when") for name in NAMES]
    assert list(fitted.get_feature_names_out()) == names
    assert list(fitted.datetime_features_) == [True]
    assert list(fitted.numeric_columns_) == [0, 2, 4, 5]  # others have two values
    assert fitted.n_features_out_ == 7
    np.testing.assert_array_equal(fitted.transform(X), fitted.transform(X))


def test_every_container_is_read_after_every_other():
    fitted = [encoder().fit(make()) for make in FRAMES.values()]
    for make in FRAMES.values():
        Z = [each.transform(make()) for each in fitted]
        assert all(np.array_equal(Z[0], other) for other in Z)


@pytest.mark.parametrize(
    "make",
    [
        lambda days: frame(objects([*days.tolist(), None])),
        lambda days: frame(pd.Series([*days.tolist(), None]).astype(arrow("date32"))),
        lambda days: frame(pd.Series([*days.tolist(), None]).astype(arrow("date64"))),
        lambda days: polars().DataFrame({"when": [*days.tolist(), None]}),
    ],
    ids=["objects", "arrow 32", "arrow 64", "polars"],
)
def test_days_without_a_time(make):
    X = make(MOMENTS[:-1].astype("M8[D]"))
    fitted = encoder()
    expected = EXPECTED | {"when_days": [0.0, 365, 671]}
    del expected["when_hour"]
    assert_expected(fitted.fit_transform(X), expected)
    # A time of theirs is then a fraction of a day.
    days = fitted.transform(FRAMES["pandas ns"]())[:3, 0]
    np.testing.assert_allclose(days, [13.5 / 24, 365 + 0.75 / 24, 671 + 23.25 / 24])


def test_numbers_that_do_not_vary_are_left_out():
    X = frame(pd.date_range("2020-03-02", "2020-03-08"))
    fitted = encoder().fit(X)
    assert list(fitted.get_feature_names_out()) == [
        *("when_days", "when_day_of_year", "when_weekday")
    ]
    constant = encoder().fit(X[:1])
    assert list(constant.get_feature_names_out()) == ["when_days"]
    np.testing.assert_array_equal(constant.transform(X)[:, 0], range(7))


def test_dates_outside_those_of_the_fit():
    fitted = encoder().fit(FRAMES["pandas s"]())
    dates = np.array(["1969-12-31T23:59:59", "9999-12-31"], "M8[s]")
    Z = fitted.transform(frame(dates))
    days = [(date - MOMENTS[0].item()) / dt.timedelta(1) for date in dates.tolist()]
    np.testing.assert_allclose(Z[:, 0], days, rtol=1e-12)
    np.testing.assert_array_equal(Z[:, 1:6], [[1969, 12, 365, 3, 23], [9999, 12, 365, 5, 0]])


@pytest.mark.parametrize("year", [-5000, 1, 1600, 1900, 2000, 2023, 2024, 9999, 20000])
def test_numbers_are_those_of_the_calendar(year):
    days = np.arange(f"{year}-01-01" if year > 0 else f"{year:05}-01-01", 800, dtype="M8[D]")
    Z = encoder().fit_transform(frame(days.astype("M8[s]")))
    names = ["days", "year", "month", "day_of_year", "weekday"]
    parts = dict(zip(names, Z.T, strict=True))
    assert (np.diff(parts["days"]) == 1).all()
    assert (np.diff(parts["weekday"]) % 7 == 1).all()
    if 1 <= year < 9997:
        dates = days.tolist()
        np.testing.assert_array_equal(parts["weekday"], [day.isoweekday() for day in dates])
        np.testing.assert_array_equal(
            parts["day_of_year"], [day.timetuple().tm_yday for day in dates]
        )
        np.testing.assert_array_equal(parts["month"], [day.month for day in dates])
        np.testing.assert_array_equal(parts["year"], [day.year for day in dates])


# ---- missing dates


def test_dates_of_polars_may_be_beyond_those_of_python():
    moments = np.array(["-0044-03-15T12:00", "20000-03-01T06:30", "NaT"], "M8[us]")
    given = polars().DataFrame({"when": polars().Series(moments)})
    expected = TableEncoder().fit_transform(moments.reshape(-1, 1))
    np.testing.assert_array_equal(TableEncoder().fit_transform(given), expected)
    assert np.isfinite(expected[:2]).all()


def test_dates_that_are_missing_only_later():
    fitted = encoder().fit(FRAMES["pandas s"]().iloc[:3])
    assert fitted.n_features_out_ == 6
    for hole in (None, np.nan, pd.NaT, pd.NA, np.datetime64("NaT")):
        Z = fitted.transform(frame(objects([hole])))
        np.testing.assert_array_equal(Z[0], fitted.medians_)
    np.testing.assert_array_equal(fitted.transform(frame([np.nan]))[0], fitted.medians_)


def test_dates_that_are_all_missing():
    fitted = encoder().fit(frame(np.full(3, "NaT", "M8[ns]")))
    assert list(fitted.get_feature_names_out()) == ["when_days", "missing_when"]
    np.testing.assert_array_equal(fitted.transform(FRAMES["pandas s"]()), [[0, 1]] * 4)


# ---- time zones


def zoned(moments, zone):
    """A column of these moments (in UTC) in a time zone."""
    return frame(pd.Series(moments).dt.tz_localize("UTC").dt.tz_convert(zone))


def in_objects(moments, zone):
    return frame(zoned(moments, zone)["when"].astype(object))


def in_arrow(moments, zone):
    return frame(zoned(moments, zone)["when"].astype(arrow("timestamp", "us", str(zone))))


def in_polars(moments, zone):
    series = polars().Series(moments.astype("M8[us]")).dt.replace_time_zone("UTC")
    return polars().DataFrame({"when": series.dt.convert_time_zone(str(zone))})


ZONED = [zoned, in_objects, in_arrow, in_polars]


@pytest.mark.parametrize("make", ZONED)
@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata", "UTC"])
def test_hours_are_those_of_local_clocks(make, zone):
    X = make(MOMENTS, ZoneInfo(zone))
    Z = encoder().fit_transform(X)[:-1]
    local = zoned(MOMENTS, zone)["when"][:-1].dt
    np.testing.assert_array_equal(Z[:, 5], local.hour)
    np.testing.assert_array_equal(Z[:, 3], local.day_of_year)
    np.testing.assert_array_equal(Z[:, 2], local.month)
    np.testing.assert_array_equal(Z[:, 0], EXPECTED["when_days"])  # whatever clocks show


def test_days_count_hours_while_clocks_are_changed():
    moments = np.array(["2024-03-30T23:30", "2024-03-31T00:30", "2024-03-31T01:30"], "M8[s]")
    Z = encoder().fit_transform(zoned(moments, "Europe/Berlin"))
    names = ["days", "day_of_year", "weekday", "hour"]
    parts = dict(zip(names, Z.T, strict=False))
    np.testing.assert_allclose(parts["days"], [0, 1 / 24, 2 / 24])
    np.testing.assert_array_equal(Z[:, -1], [0, 1, 3])  # there was no 2 o'clock


@pytest.mark.parametrize("make", ZONED)
def test_other_time_zones_are_converted_to_that_of_the_fit(make):
    fitted = encoder().fit(zoned(MOMENTS, "Europe/Berlin"))
    expected = fitted.transform(zoned(MOMENTS, "Europe/Berlin"))
    for zone in ("UTC", "America/New_York"):
        np.testing.assert_array_equal(fitted.transform(make(MOMENTS, ZoneInfo(zone))), expected)


def test_offsets_from_utc_are_time_zones():
    zone = dt.timezone(dt.timedelta(hours=5, minutes=30))
    expected = encoder().fit_transform(zoned(MOMENTS, "Asia/Kolkata"))
    np.testing.assert_array_equal(encoder().fit_transform(zoned(MOMENTS, zone)), expected)
    X = frame(zoned(MOMENTS, zone)["when"].astype(arrow("timestamp", "us", "+05:30")))
    np.testing.assert_array_equal(encoder().fit_transform(X), expected)


def test_offsets_long_ago_and_far_ahead():
    moments = np.array(["1800-01-01", "0001-01-01", "9999-12-31T23:59:59", "2000"], "M8[s]")
    X = in_polars(moments, "Europe/Berlin")
    Z = encoder().fit_transform(X)
    np.testing.assert_array_equal(Z[:, 1], [1800, 1, 10000, 2000])


def test_a_missing_date_needs_no_time_zone():
    fitted = encoder().fit(zoned(MOMENTS, "Europe/Berlin"))
    for X in (frame(np.array(["NaT"], "M8[ns]")), frame([None])):
        assert fitted.transform(X)[0, -1] == 1


# ---- time spans

SPANS = np.array([90, 86400, -30, "NaT"], "m8[s]")
SPAN_FRAMES = {
    "pandas": lambda: frame(SPANS),
    "pandas ns": lambda: frame(SPANS.astype("m8[ns]")),
    "arrow": lambda: frame(pd.Series(SPANS).astype(arrow("duration", "ms"))),
    "objects": lambda: frame(objects([*SPANS[:-1].tolist(), None])),
    "timedelta64": lambda: frame(objects([np.timedelta64(90, "s"), *pd.to_timedelta(SPANS[1:])])),
    "polars": lambda: polars().DataFrame({"when": SPANS.astype("m8[us]")}),
    "array": lambda: SPANS[:, np.newaxis],
}


@pytest.mark.parametrize("container", SPAN_FRAMES)
def test_time_spans_become_seconds(container):
    fitted = encoder()
    Z = fitted.fit_transform(SPAN_FRAMES[container]())
    np.testing.assert_array_equal(Z, [[90, 0], [86400, 0], [-30, 0], [90, 1]])
    assert list(fitted.timedelta_features_) == [True]
    assert fitted.get_feature_names_out()[0] in {"when", "x0"}


def test_spans_of_every_container_are_read_after_every_other():
    others = [make() for name, make in SPAN_FRAMES.items() if name != "array"]
    for X in others:
        fitted = encoder().fit(X)
        Z = [fitted.transform(other) for other in others]
        assert all(np.array_equal(Z[0], other) for other in Z)


def test_times_of_the_day_become_seconds_since_midnight():
    times = [dt.time(1, 2, 3, 500_000), dt.time(23), None]
    expected = [[3723.5, 0], [82800, 0], [43261.75, 1]]
    tables = frame(objects(times)), polars().DataFrame({"when": times})
    for X in (*tables, frame(pd.Series(times).astype(arrow("time64", "us")))):
        np.testing.assert_array_equal(encoder().fit_transform(X), expected)


# ---- among other columns, and refused


def test_dates_stand_where_their_feature_does():
    X = pd.DataFrame({
        "kind": ["a", "b", "a", "b"],
        "when": MOMENTS,
        "size": [1.0, None, 3.0, 5.0],
        "took": SPANS,
    })  # fmt: skip
    fitted = encoder(min_frequency=None)
    Z = fitted.fit_transform(X)
    assert list(fitted.get_feature_names_out()) == [
        *EXPECTED, "size", "took", "missing_when", "missing_size", "missing_took",
        "kind_a", "kind_b",
    ]  # fmt: skip
    assert_expected(Z[:, [0, 1, 2, 3, 4, 5, 8]], EXPECTED)
    np.testing.assert_array_equal(Z[:, 6:8].T, [[1, 3, 3, 5], [90, 86400, -30, 90]])
    np.testing.assert_array_equal(Z[:, 9:11].T, [[0, 1, 0, 0], [0, 0, 0, 1]])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).transform(X), Z)


COLUMNS = {
    "dates": MOMENTS,
    "zone": zoned(MOMENTS, "Europe/Berlin")["when"],
    "spans": SPANS,
    "numbers": [1.0, 2.0, 3.0, 4.0],
    "strings": ["2020-01-01", "b", "c", "d"],
}
OTHERS = [
    ("dates", "numbers", TypeError, "holds numbers where dates or times are expected"),
    ("dates", "strings", TypeError, "holds strings where dates or times are expected"),
    ("dates", "spans", TypeError, "holds time spans where dates or times are expected"),
    ("dates", "zone", ValueError, "has the time zone Europe/Berlin, but had none in fit"),
    ("zone", "dates", ValueError, "has no time zone, but had Europe/Berlin in fit"),
    ("spans", "dates", TypeError, "holds dates or times where time spans are expected"),
    ("spans", "numbers", TypeError, "holds numbers where time spans are expected"),
    ("numbers", "dates", TypeError, "holds dates or times where numbers are expected"),
    ("numbers", "spans", TypeError, "holds time spans where numbers are expected"),
    ("strings", "dates", TypeError, "holds dates or times where categories are expected"),
]


@pytest.mark.parametrize(("before", "after", "error", "message"), OTHERS)
def test_a_column_of_another_type_is_named(before, after, error, message):
    fitted = encoder().fit(frame(COLUMNS[before]))
    with pytest.raises(error, match=f"Column 'when' {message}"):
        fitted.transform(frame(COLUMNS[after]))


REFUSED = {
    "mixed": ([MOMENTS[0].item(), 1.0], TypeError, r"mixes dates.*\(datetime, float\)"),
    "dates and spans": ([MOMENTS[0].item(), dt.timedelta(1)], TypeError, "mixes dates"),
    "some zones": (
        [MOMENTS[0].item(), MOMENTS[1].item().replace(tzinfo=BERLIN)],
        TypeError,
        "with and without a time zone",
    ),
    "several zones": (
        [
            MOMENTS[0].item().replace(tzinfo=BERLIN),
            MOMENTS[0].item().replace(tzinfo=dt.UTC),
        ],
        ValueError,
        "several time zones: Europe/Berlin, UTC",
    ),
    "years": ([np.datetime64(300_000, "Y")], ValueError, "290,000 years away from 1970"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_dates_that_are_refused(kind):
    cells, error, message = REFUSED[kind]
    with pytest.raises(error, match=f"'when' .*{message}"):
        encoder().fit(frame(objects(cells)))


def test_several_time_zones_in_one_column_are_converted_after_a_fit():
    zones = [BERLIN, dt.UTC, ZoneInfo("Asia/Kolkata")]
    cells = [
        moment.item().replace(tzinfo=dt.UTC).astimezone(zone)
        for moment, zone in zip(MOMENTS, zones, strict=False)
    ]
    fitted = encoder().fit(zoned(MOMENTS, "Europe/Berlin"))
    expected = fitted.transform(zoned(MOMENTS[:3], "Europe/Berlin"))
    np.testing.assert_array_equal(fitted.transform(frame(objects(cells))), expected)


def test_an_array_beyond_the_range_is_refused():
    X = np.array([[2**62], [0]], "M8[s]")
    with pytest.raises(ValueError, match="'x0' holds dates more than 290,000 years"):
        encoder().fit(X)


def test_months_have_no_length():
    with pytest.raises(TypeError, match="'x0' holds time spans in months or years"):
        encoder().fit(np.array([[3], [1]], "m8[M]"))


@pytest.mark.parametrize("column", ["dates", "spans"])
def test_dates_are_no_categories(column):
    X = frame(COLUMNS[column])
    with pytest.raises(TypeError, match=r"'when' holds .* where categories are expected"):
        encoder(categorical_features=["when"]).fit(X)
    with pytest.raises(TypeError, match="'when' is of a categorical type, but its categories are"):
        encoder().fit(X.astype("category"))
