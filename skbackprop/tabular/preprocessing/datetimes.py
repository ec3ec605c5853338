"""Dates, times and time spans of a column, and the numbers that they become."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from .column import BaseColumn

_DAY, _HOUR, _SECOND = (np.timedelta64(1, unit) for unit in "Dhs")
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)

_DATES = datetime.date, np.datetime64  # a datetime.datetime is a date
_SPANS = datetime.timedelta, datetime.time, np.timedelta64

# Where a count of microseconds ends, in years before and after 1970.
_MOST_YEARS = 290_000

# The seconds since 1970 for which Python's time zones know an offset. It changes with a quarter of
# an hour: since 1972 everywhere.
_FIRST, _LAST = -62_000_000_000, 253_000_000_000
_QUARTER = 900


# ---- columns


class DatetimeColumn(BaseColumn):
    """Dates and times.

    Parameters
    ----------
    name : str
        Name of the column.

    moments : ndarray of datetime64
        NaT where one is missing; in UTC, if there are time zones.

    zones : list of tzinfo
        The different time zones; empty where the column has none.
    """

    kind = "datetime"
    holds = "dates or times"

    def __init__(self, name, moments, zones=()):
        self.name = name
        self.zones = list(zones)
        self.moments = _in_microseconds(name, moments)
        self._local = {}

    def datetimes(self):
        """The column itself."""
        return self

    def local(self, zone):
        """What clocks of a time zone showed; the moments, where the zone is None."""
        if zone is None:
            return self.moments
        if str(zone) not in self._local:  # a fit asks several times
            self._local[str(zone)] = _local(self.moments, zone)
        return self._local[str(zone)]


class TimedeltaColumn(BaseColumn):
    """Time spans: an ndarray of timedelta64, NaT where one is missing."""

    kind = "timedelta"
    holds = "time spans"

    def __init__(self, name, spans):
        if np.datetime_data(spans.dtype)[0] in "YM":
            raise TypeError(
                f"Column {name!r} holds time spans in months or years, which differ in length; "
                "give days."
            )
        self.name = name
        self._spans = spans

    def seconds(self):
        """Their lengths, NaN where one is missing."""
        return self._spans / _SECOND


def _in_microseconds(name, moments):
    years = moments.astype("M8[Y]").astype(np.int64)
    if (np.abs(years[~np.isnat(moments)]) > _MOST_YEARS).any():
        raise ValueError(
            f"Column {name!r} holds dates more than {_MOST_YEARS:,} years away from 1970."
        )
    return moments.astype("M8[us]")


def moments_column(name, array, zone=None):
    """The column of an array of datetime64, in UTC where there is a time zone, or timedelta64."""
    if array.dtype.kind == "m":
        return TimedeltaColumn(name, array)
    return DatetimeColumn(name, array, [] if zone is None else [zone])


def is_moment(kind):
    """Whether cells of a type are dates, times or time spans."""
    return issubclass(kind, _DATES + _SPANS)


def column_of_objects(name, cells, missing):
    """The column of an array of objects, some of which are dates, times or time spans.

    ``missing`` tells which are missing. All others must be dates, or all time spans.
    """
    held = cells[~missing]
    for kinds, column_of in ((_DATES, _column_of_dates), (_SPANS, _column_of_spans)):
        if all(isinstance(cell, kinds) for cell in held):
            return column_of(name, held, missing)
    types = ", ".join(sorted({type(cell).__name__ for cell in held}))
    raise TypeError(
        f"Column {name!r} mixes dates, times or time spans with other values ({types})."
    )


def _column_of_dates(name, held, missing):
    zones = {str(zone): zone for zone in (getattr(cell, "tzinfo", None) for cell in held)}
    if None in zones.values() and len(zones) > 1:
        raise TypeError(f"Column {name!r} holds dates with and without a time zone.")
    moments = np.full(len(missing), "NaT", "M8[us]")
    moments[~missing] = [_in_utc(name, cell) for cell in held]
    return DatetimeColumn(name, moments, [zone for zone in zones.values() if zone is not None])


def _in_utc(name, cell):
    if isinstance(cell, np.datetime64):
        return _in_microseconds(name, np.array([cell]))[0]
    if getattr(cell, "tzinfo", None) is not None:
        cell = cell.astimezone(datetime.UTC).replace(tzinfo=None)
    return np.datetime64(cell, "us")


def _column_of_spans(name, held, missing):
    spans = np.full(len(missing), "NaT", "m8[us]")
    spans[~missing] = [_span(cell) for cell in held]
    return TimedeltaColumn(name, spans)


def _span(cell):
    """A time span; of a time, the one since midnight."""
    if isinstance(cell, datetime.time):
        since = datetime.datetime.combine(datetime.date.min, cell.replace(tzinfo=None))
        cell = since - datetime.datetime.min
    return np.timedelta64(cell, "us")


# ---- time zones


def time_zone(name, key):
    """The time zone that a data frame knows by its key, such as 'Europe/Berlin' or '+01:00'."""
    if key[:1] in "+-":
        return datetime.datetime.strptime(key, "%z").tzinfo
    try:
        return ZoneInfo(key)
    except ZoneInfoNotFoundError as error:
        raise ValueError(
            f"Column {name!r} has the time zone {key!r}, which is not known here; the package "
            "tzdata has all of them."
        ) from error


def _local(moments, zone):
    """Moments in UTC, as clocks of a time zone showed them."""
    quarters = moments.astype("M8[s]").astype(np.int64) // _QUARTER
    limits = _FIRST // _QUARTER, _LAST // _QUARTER
    found, inverse = np.unique(np.clip(quarters, *limits), return_inverse=True)
    begins = (_EPOCH + datetime.timedelta(seconds=_QUARTER * i) for i in found.tolist())
    offsets = [begin.astimezone(zone).utcoffset() for begin in begins]
    return moments + np.array(offsets, "m8[us]")[inverse]


# ---- numbers


def _parts(local):
    """Numbers of local dates by their names; of what is missing, any."""
    days = local.astype("M8[D]")
    years = days.astype("M8[Y]")
    return {
        "year": years.astype(np.int64) + 1970,
        "month": days.astype("M8[M]").astype(np.int64) % 12 + 1,
        "day_of_year": (days - years).astype(np.int64) + 1,
        "weekday": (days.astype(np.int64) + 3) % 7 + 1,  # 1970 began with a Thursday
        "hour": (local - days) // _HOUR,
    }


@dataclass(frozen=True)
class DatetimeParts:
    """The numbers that a column of dates becomes.

    The first is ``days``, with fractions, since the earliest of the training data; then those of
    ``year``, ``month``, ``day_of_year``, ``weekday`` (Monday is 1) and ``hour`` that are not the
    same for all of these. They are those of local clocks, days are real ones of 24 hours.

    Attributes
    ----------
    origin : datetime64
        The earliest of the training data, in UTC where there is a time zone; NaT if there is none.

    zone : tzinfo or None
        Time zone of the training data.

    names : tuple of str
        The numbers.
    """

    origin: np.datetime64
    zone: datetime.tzinfo | None
    names: tuple[str, ...]

    @classmethod
    def fitted_to(cls, column):
        """Those of a column of training data."""
        if len(column.zones) > 1:
            raise ValueError(
                f"Column {column.name!r} has several time zones: "
                f"{', '.join(map(str, column.zones))}. Convert it to one of them."
            )
        zone = column.zones[0] if column.zones else None
        known = ~np.isnat(column.moments)
        if not known.any():
            return cls(np.datetime64("NaT", "us"), zone, ("days",))
        parts = _parts(column.local(zone)[known])
        varying = [name for name, values in parts.items() if (values != values[0]).any()]
        return cls(column.moments[known].min(), zone, ("days", *varying))

    def numbers(self, column):
        """The numbers of a column of dates, of shape (n_samples, n_names); NaN for a missing one.

        Dates of another time zone are those of the same moments in the own one.
        """
        missing = np.isnat(column.moments)
        if not missing.all():
            self._check_zones(column)
        parts = _parts(column.local(self.zone))
        parts["days"] = (column.moments - self.origin) / _DAY
        numbers = np.stack([parts[name] for name in self.names], axis=1, dtype=np.float64)
        numbers[missing] = np.nan
        return numbers

    def _check_zones(self, column):
        if bool(column.zones) != (self.zone is not None):
            ours, theirs = ("has no time zone", f"had {self.zone}")
            if column.zones:
                ours, theirs = f"has the time zone {column.zones[0]}", "had none"
            raise ValueError(f"Column {column.name!r} {ours}, but {theirs} in fit.")
