"""Expanding series with the Python libraries: recurring_ical_events, and dateutil's `rrulestr` on its own.

Both get the file's own VTIMEZONEs, as `pyreader` passes them to icalendar. A rule that takes too much processor time is
a failure, because dateutil searches for dates up to the year 9999.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from types import FrameType
from typing import cast

import recurring_ical_events
from dateutil.rrule import rrulestr
from icalendar import Event
from icalendar.prop import vDDDLists, vDDDTypes, vRecur

from .pyreader import read_calendar
from .reading import Expansion, Failure, is_all_day


class _TooSlowError(BaseException):
    """Not an `Exception`, so that no library mistakes it for a fault in the file."""


def expand_dateutil(paths: Sequence[Path], limit: int, *, seconds: int) -> dict[Path, Expansion]:
    """Return the starts in each file according to dateutil, at most `limit` for each series."""
    return {path: _within(seconds, partial(_by_dateutil, path, limit)) for path in paths}


def expand_recurring(
    paths: Sequence[Path], limit: int, last: dict[Path, date], *, seconds: int
) -> dict[Path, Expansion]:
    """Return the starts in each file according to recurring_ical_events, at most `limit`, to the day after `last`."""
    return {path: _within(seconds, partial(_by_recurring, path, last[path], limit)) for path in paths}


def _by_dateutil(path: Path, limit: int) -> list[datetime | date]:
    events = list(read_calendar(path).events)
    moved = {_key(event, "RECURRENCE-ID"): event for event in events if "RECURRENCE-ID" in event}
    starts: list[datetime | date] = []
    for event in events:
        if "RECURRENCE-ID" in event:
            continue
        excluded = {
            _in_utc(cast("datetime | date", excluded_start.dt))
            for line in _excluded(event)
            for excluded_start in line.dts
        }
        for start in _starts(event, limit):
            if start not in excluded:
                override = moved.get((str(event["UID"]), start))
                starts.append(_in_utc(override.start) if override else start)
    return starts


def _starts(event: Event, limit: int) -> list[datetime | date]:
    first = event.start
    if "RRULE" not in event:
        return [_in_utc(first)]
    begin = datetime.combine(first, time()) if is_all_day(first) else first
    written: vRecur = event.get("RRULE")
    text: bytes = written.to_ical()  # type: ignore[no-untyped-call]
    rule = rrulestr(text.decode(), dtstart=begin)
    starts: list[datetime | date] = []
    for start in rule:
        if len(starts) == limit:
            break
        starts.append(start.date() if is_all_day(first) else _in_utc(start))
    return starts


def _by_recurring(path: Path, last: date, limit: int) -> list[datetime | date]:
    calendar = read_calendar(path)
    calendar.pop("X-WR-TIMEZONE", None)
    first = min(_day(event.start) for event in calendar.events)
    query = recurring_ical_events.of(calendar)
    starts = (_in_utc(event.start) for event in query.between(first, last + timedelta(days=2)))
    return sorted(starts, key=str)[:limit]


def _excluded(event: Event) -> list[vDDDLists]:
    value: list[vDDDLists] | vDDDLists = event.get("EXDATE", [])
    return value if isinstance(value, list) else [value]


def _key(event: Event, name: str) -> tuple[str, datetime | date]:
    prop: vDDDTypes = event.get(name)
    return str(event["UID"]), _in_utc(cast("datetime | date", prop.dt))


def _day(moment: datetime | date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _in_utc(moment: datetime | date) -> datetime | date:
    return moment.astimezone(UTC) if isinstance(moment, datetime) else moment


def _within(seconds: int, expand: Callable[[], list[datetime | date]]) -> Expansion:
    try:
        with _limited(seconds):
            return sorted(expand(), key=str)
    except _TooSlowError:
        return Failure.HANGS
    except (ValueError, TypeError, OverflowError, LookupError):
        return Failure.REFUSED


@contextmanager
def _limited(seconds: int) -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise _TooSlowError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
