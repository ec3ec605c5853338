"""Columns of dates, times and time spans, and their conversion to numbers."""

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

# Years before and after 1970 that a 64-bit count of microseconds can represent.
_MOST_YEARS = 290_000

# Range of seconds since 1970 for which Python's time zones have an offset. Since 1972, offsets
# change only at quarters of an hour.
_FIRST, _LAST = -62_000_000_000, 253_000_000_000
_QUARTER = 900


# ---- columns


class DatetimeColumn(BaseColumn):
    """Represent a column of dates and times.

    Parameters
    ----------
    name : str
        Name of the column.

    moments : ndarray of datetime64
        The dates, in UTC if there are time zones; NaT for missing values.

    zones : list of tzinfo
        The distinct time zones; empty if the column has none.
    """

    kind = "datetime"
    holds = "dates or times"

    def __init__(self, name, moments, zones=()):
        self.name = name
        self.zones = list(zones)
        self.moments = _in_microseconds(name, moments)
        self._local = {}

    def datetimes(self):
        """Return the column itself."""
        return self

    def local(self, zone):
        """Return the local times in a time zone; the dates unchanged if the zone is None."""
        if zone is None:
            return self.moments
        if str(zone) not in self._local:  # a fit asks several times
            self._local[str(zone)] = _local(self.moments, zone)
        return self._local[str(zone)]


class TimedeltaColumn(BaseColumn):
    """Represent a column of time spans, an ndarray of timedelta64 with NaT for missing values."""

    kind = "timedelta"
    holds = "time spans"

    def __init__(self, name, spans):
        if np.datetime_data(spans.dtype)[0] in "YM":
            raise TypeError(
                f"Column {name!r} holds time spans in months or years, which have no fixed "
                "length. Convert them to days."
            )
        self.name = name
        self._spans = spans

    def seconds(self):
        """Return the time spans in seconds, with NaN for missing values."""
        return self._spans / _SECOND


def _in_microseconds(name, moments):
    years = moments.astype("M8[Y]").astype(np.int64)
    if (np.abs(years[~np.isnat(moments)]) > _MOST_YEARS).any():
        raise ValueError(
            f"Column {name!r} holds dates more than {_MOST_YEARS:,} years away from 1970."
        )
    return moments.astype("M8[us]")


def moments_column(name, array, zone=None):
    """Return the column of an array of timedelta64 or datetime64 (in UTC if there is a zone)."""
    if array.dtype.kind == "m":
        return TimedeltaColumn(name, array)
    return DatetimeColumn(name, array, [] if zone is None else [zone])


def is_moment(kind):
    """Return whether cells of a type are dates, times or time spans."""
    return issubclass(kind, _DATES + _SPANS)


def column_of_objects(name, cells, missing):
    """Return the column of an array of objects, some of which are dates, times or time spans.

    ``missing`` is a mask of missing values. The others must all be dates, or all time spans.
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
    """Return a time span; for a time of the day, the span since midnight."""
    if isinstance(cell, datetime.time):
        since = datetime.datetime.combine(datetime.date.min, cell.replace(tzinfo=None))
        cell = since - datetime.datetime.min
    return np.timedelta64(cell, "us")


# ---- time zones


def time_zone(name, key):
    """Return the time zone for a key such as 'Europe/Berlin' or '+01:00'."""
    if key[:1] in "+-":
        return datetime.datetime.strptime(key, "%z").tzinfo
    try:
        return ZoneInfo(key)
    except ZoneInfoNotFoundError as error:
        raise ValueError(
            f"Column {name!r} has the time zone {key!r}, which this computer does not know. "
            "Install the package tzdata, which has all time zones."
        ) from error


def _local(moments, zone):
    """Convert dates in UTC to local times of a time zone."""
    quarters = moments.astype("M8[s]").astype(np.int64) // _QUARTER
    limits = _FIRST // _QUARTER, _LAST // _QUARTER
    found, inverse = np.unique(np.clip(quarters, *limits), return_inverse=True)
    begins = (_EPOCH + datetime.timedelta(seconds=_QUARTER * i) for i in found.tolist())
    offsets = [begin.astimezone(zone).utcoffset() for begin in begins]
    return moments + np.array(offsets, "m8[us]")[inverse]


# ---- numbers


def _parts(local):
    """Return the parts of local dates by name; for missing dates, arbitrary numbers."""
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
    """Convert a column of dates to numbers.

    The first is ``days``, the number of days since the earliest date of the training data, with
    fractions. Then follow ``year``, ``month``, ``day_of_year``, ``weekday`` (Monday is 1) and
    ``hour``, except for those that are constant in the training data. These are in local time;
    ``days`` counts days of 24 hours.

    Attributes
    ----------
    origin : datetime64
        Earliest date of the training data, in UTC if there is a time zone; NaT if all are missing.

    zone : tzinfo or None
        Time zone of the training data.

    names : tuple of str
        Names of the numbers.
    """

    origin: np.datetime64
    zone: datetime.tzinfo | None
    names: tuple[str, ...]

    @classmethod
    def fitted_to(cls, column):
        """Fit the conversion to a column of training data."""
        if len(column.zones) > 1:
            raise ValueError(
                f"Column {column.name!r} has several time zones: "
                f"{', '.join(map(str, column.zones))}. Convert it to one time zone."
            )
        zone = column.zones[0] if column.zones else None
        known = ~np.isnat(column.moments)
        if not known.any():
            return cls(np.datetime64("NaT", "us"), zone, ("days",))
        parts = _parts(column.local(zone)[known])
        varying = [name for name, values in parts.items() if (values != values[0]).any()]
        return cls(column.moments[known].min(), zone, ("days", *varying))

    def numbers(self, column):
        """Return the numbers of a column of dates, of shape (n_samples, n_names); NaN if missing.

        Dates in another time zone are converted to the time zone of the training data.
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
