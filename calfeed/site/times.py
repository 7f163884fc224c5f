"""Times as pages show them: for people in the calendar's language, for programs with their offset."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, timedelta, timezone

from calfeed.model import AllDay, Event, ZonedTime
from calfeed.site import dates
from calfeed.site.words import WORDS
from calfeed.values.times import format_utc


@dataclass(frozen=True, slots=True)
class TimeView:
    """A time or a day: `machine` is a value of HTML's `datetime`, `text` is for people."""

    machine: str
    text: str


@dataclass(frozen=True, slots=True)
class WhenView:
    """When something is. `form` is `full`, `row` (next to its day) or `dated` (in a list); None if all-day."""

    start: TimeView
    end: TimeView | None
    form: str | None
    zone: str = ""


def full_when(event: Event, language: str) -> WhenView:
    """Return when an event is, with its days in full and its zone."""
    when = event.when
    if isinstance(when, AllDay):
        return _days_view(when, language, dates.full_date)
    start, end = when.start, when.end
    return WhenView(
        TimeView(with_offset(start), dates.date_and_time(start.wall, language)),
        None if end is None else _end_view(start, end, language, is_full=True),
        "full",
        zone_label(start) if end is None or end.tzid == start.tzid else f"{zone_label(start)} – {zone_label(end)}",
    )


def row_when(event: Event, language: str) -> WhenView:
    """Return when an event is, next to the day it starts on."""
    when = event.when
    if isinstance(when, AllDay):
        if when.first == when.last:
            return WhenView(TimeView(when.first.isoformat(), WORDS.all_day), None, None)
        return _days_view(when, language, dates.short_date)
    start, end = when.start, when.end
    return WhenView(
        TimeView(with_offset(start), dates.clock(start.wall.time(), language)),
        None if end is None else _end_view(start, end, language, is_full=False),
        "row",
    )


def dated_when(event: Event, language: str) -> WhenView:
    """Return when an event is, with short dates, for a list without days next to it."""
    when = event.when
    if isinstance(when, AllDay):
        return row_when(event, language) if when.first != when.last else _days_view(when, language, dates.short_date)
    row = row_when(event, language)
    start = TimeView(row.start.machine, dates.short_date_and_time(when.start.wall, language))
    return WhenView(start, row.end, "dated")


def since(event: Event) -> str:
    """Return when an event starts, for the script: an instant, or a date."""
    when = event.when
    return when.first.isoformat() if isinstance(when, AllDay) else format_utc(when.start.instant)


def until(event: Event) -> str:
    """Return when an event is over, for the script: an instant, or its last day."""
    when = event.when
    return when.last.isoformat() if isinstance(when, AllDay) else format_utc((when.end or when.start).instant)


def with_offset(time: ZonedTime) -> str:
    """Return a time with its offset: `2017-08-31T17:30:00+03:00`; in UTC if the offset has seconds."""
    offset = _offset(time)
    if offset % timedelta(minutes=1):
        return format_utc(time.instant)
    return time.wall.replace(tzinfo=timezone(offset)).isoformat(timespec="seconds")


def zone_label(time: ZonedTime) -> str:
    """Return a zone in words: `Tallinn time, UTC+3`."""
    sign, minutes = ("−" if _offset(time) < timedelta(0) else "+"), abs(_offset(time)) // timedelta(minutes=1)
    text = f"{sign}{minutes // 60}" + (f":{minutes % 60:02}" if minutes % 60 else "")
    area, _, city = time.tzid.rpartition("/")
    if not area or area.startswith("Etc"):
        return WORDS.offset_only.format(text if minutes else "")
    return WORDS.offset.format(city.replace("_", " "), text)


def _offset(time: ZonedTime) -> timedelta:
    return time.wall - time.instant.astimezone(UTC).replace(tzinfo=None)


def _end_view(start: ZonedTime, end: ZonedTime, language: str, *, is_full: bool) -> TimeView | None:
    if end == start:
        return None
    if start.wall.date() == end.wall.date() and start.tzid == end.tzid:
        return TimeView(with_offset(end), dates.clock(end.wall.time(), language))
    format_time = dates.date_and_time if is_full else dates.short_date_and_time
    return TimeView(with_offset(end), format_time(end.wall, language))


def _days_view(when: AllDay, language: str, format_day: Callable[[date, str], str]) -> WhenView:
    last = None if when.last == when.first else TimeView(when.last.isoformat(), format_day(when.last, language))
    return WhenView(TimeView(when.first.isoformat(), format_day(when.first, language)), last, None)
