"""A strict reader of iCalendar, written from RFC 5545 with only the standard library.

`parse` turns bytes into a tree of components and refuses what the grammar does not allow; `offset_for_wall` evaluates
the file's own VTIMEZONEs; `instants` combines the two. No time zone database is used. Anything wrong, or ambiguous as a
floating time is, raises `ValueError`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from .contentlines import Component, Property, calendar_date, date_time, duration, parse, unescape
from .observances import UTC_ZONE, TimeZone, is_repeated, is_skipped, offset_for_wall, timezone, timezones, to_utc
from .reading import Reading, is_all_day

__all__ = [
    "Component",
    "Instants",
    "Property",
    "TimeZone",
    "instants",
    "is_repeated",
    "is_skipped",
    "moment",
    "moments",
    "offset_for_wall",
    "parse",
    "read",
    "span",
    "timezone",
    "timezones",
    "to_utc",
    "unescape",
]


@dataclass(frozen=True, slots=True)
class Instants:
    """Start and end of an event: aware in UTC, or dates. The end is exclusive, or None without DTEND and DURATION."""

    start: datetime | date
    end: datetime | date | None


def instants(data: bytes) -> dict[tuple[str, str | None], Instants]:
    """Return the instants of each VEVENT by UID and the text of RECURRENCE-ID; series are not expanded."""
    calendar = parse(data)
    zones = timezones(calendar)
    spans: dict[tuple[str, str | None], Instants] = {}
    for event in calendar.children("VEVENT"):
        recurrence_id = event.get("RECURRENCE-ID")
        key = (event.one("UID").text(), recurrence_id.value if recurrence_id else None)
        if key in spans:
            raise ValueError(f"two VEVENTs {key}")
        _check_recurrence(event, zones)
        spans[key] = span(event, zones)
    return spans


def read(path: Path) -> list[Reading]:
    """Read a file into the same form as the other readers."""
    return [
        Reading(uid, recurrence_id, times.start, times.end, is_all_day(times.start))
        for (uid, recurrence_id), times in instants(path.read_bytes()).items()
    ]


def span(event: Component, zones: Mapping[str, TimeZone]) -> Instants:
    """Return the start, and the end from DTEND or DURATION, of which only one is allowed (§3.6.1)."""
    start, end, length = event.one("DTSTART"), event.get("DTEND"), event.get("DURATION")
    if end is not None and length is not None:
        raise ValueError("DTEND and DURATION in one VEVENT")
    if length is not None:
        try:
            return Instants(moment(start, zones), _end_after(start, length.value, zones))
        except OverflowError as error:
            raise ValueError(f"{error}: {start.value} and {length.value}") from error
    return Instants(moment(start, zones), None if end is None else moment(end, zones))


def moment(prop: Property, zones: Mapping[str, TimeZone]) -> datetime | date:
    """Return a property's instant or date."""
    values = moments(prop, zones)
    if len(values) != 1:
        raise ValueError(f"{prop.name} has several values: {prop.value}")
    return values[0]


def moments(prop: Property, zones: Mapping[str, TimeZone]) -> tuple[datetime | date, ...]:
    """Return the instants or dates of a property that may be a list, such as EXDATE or RDATE (but not of PERIODs)."""
    values = prop.value.split(",")
    if _is_date(prop):
        return tuple(calendar_date(value) for value in values)
    return tuple(to_utc(*_zone_and_wall(prop, value, zones)) for value in values)


def _check_recurrence(event: Component, zones: Mapping[str, TimeZone]) -> None:
    for name in ("RECURRENCE-ID", "RDATE", "EXDATE"):
        for prop in event.all(name):
            moments(prop, zones)


def _end_after(start: Property, length: str, zones: Mapping[str, TimeZone]) -> datetime | date:
    """Add a duration: weeks and days are nominal, hours, minutes and seconds are exact (§3.3.6)."""
    days, exact = duration(length)
    # §3.8.2.5: "This property specifies a positive duration of time."
    if min(days, exact) < timedelta(0):
        raise ValueError(f"an event of DURATION:{length}")
    if _is_date(start):
        # §3.6.1: with a DATE as DTSTART, DURATION "MUST be specified as a "dur-day" or "dur-week" value".
        if exact:
            raise ValueError(f"an all-day event of DURATION:{length}")
        return calendar_date(start.value) + days
    tz, wall = _zone_and_wall(start, start.value, zones)
    return to_utc(tz, wall + days) + exact


def _is_date(prop: Property) -> bool:
    kind = (prop.param("VALUE") or "DATE-TIME").upper()
    if kind not in {"DATE", "DATE-TIME"}:
        raise ValueError(f"{prop.name} of the type {kind}")
    # §3.2.19: TZID "MUST NOT be applied to DATE properties" ...
    if kind == "DATE" and prop.param("TZID") is not None:
        raise ValueError(f"{prop.name} is a DATE with a TZID")
    return kind == "DATE"


def _zone_and_wall(prop: Property, value: str, zones: Mapping[str, TimeZone]) -> tuple[TimeZone, datetime]:
    """Read a DATE-TIME in one of its three forms (§3.3.5); the floating form is refused."""
    wall, is_utc = date_time(value)
    tzid = prop.param("TZID")
    # §3.2.19: ... nor to those "whose time values are specified in UTC".
    if is_utc and tzid is not None:
        raise ValueError(f"{prop.name} is in UTC with a TZID: {value}")
    if is_utc:
        return UTC_ZONE, wall
    if tzid is None:
        raise ValueError(f"{prop.name} is floating: {value}")
    # §3.6.5: a VTIMEZONE "MUST be specified for each unique "TZID" parameter value specified in the iCalendar object".
    if tzid not in zones:
        raise ValueError(f"{prop.name}: no VTIMEZONE {tzid}")
    return zones[tzid], wall
