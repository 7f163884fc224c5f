"""Reading with the Python libraries: icalendar, recurring_ical_events, and the VTIMEZONE reader of dateutil.

If the system knows a TZID, icalendar uses the system's zone and ignores the file's VTIMEZONE (`TZP.timezone` and
`TZP.cache_timezone_component` of icalendar 7). So every TZID is renamed to the digest of its VTIMEZONE before icalendar
sees the text, which makes icalendar read what the file says. Its cache of zones is shared by the whole process, and the
digest also keeps two files apart. A TZID without a VTIMEZONE gets a name that nothing knows.

icalendar evaluates a VTIMEZONE in two ways. Its default provider, `zoneinfo`, passes the component to dateutil's
`tzical`; its provider `pytz` lists the transitions with its own code, up to 2038.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import cast

import recurring_ical_events
from dateutil.tz import tzical
from icalendar import Calendar, Event, Timezone
from icalendar.prop import vDDDTypes
from icalendar.timezone import TZP
from pytz.tzinfo import DstTzInfo

from .reading import Reading, is_all_day

# Puts a time that icalendar read, with its TZID, into a zone.
Place = Callable[[datetime, str | None], datetime]

_VTIMEZONE = re.compile(r"^BEGIN:VTIMEZONE\r\n.*?^END:VTIMEZONE\r\n", re.DOTALL | re.MULTILINE)
_HEAD = re.compile(r'(?:"[^"]*"|[^":])*:')
_TZID_PARAM = re.compile(r';TZID="?([^";:,]*)"?', re.IGNORECASE)
_TZID_PROPERTY = re.compile(r"^TZID:([^\r]*)", re.MULTILINE)
# icalendar's provider `pytz` expands endless rules up to the end of this year.
_LAST_TRANSITIONS = 2038
# Occurrences are listed up to this many years after the last DTSTART of a file.
_HORIZON = 2


def read_icalendar(path: Path) -> list[Reading]:
    """Read with icalendar's default provider."""
    return _readings(read_calendar(path).events, lambda moment, _: moment)


def read_transitions(path: Path) -> list[Reading]:
    """Read with icalendar's own list of a zone's transitions; a local time after 2038 is refused."""
    text = _text_with_own_zones(path)
    zones = {_TZID_PROPERTY.findall(vtimezone)[0]: _transitions(vtimezone) for vtimezone in _VTIMEZONE.findall(text)}

    def place(moment: datetime, tzid: str | None) -> datetime:
        if tzid is None:
            return moment
        if moment.year > _LAST_TRANSITIONS:
            raise ValueError(f"{moment} is after the last transition that icalendar lists")
        placed: datetime = zones[tzid].localize(moment.replace(tzinfo=None))
        return placed

    return _readings(_parse(text).events, place)


def read_tzical(path: Path) -> list[Reading]:
    """Read with dateutil's `tzical`, which gets the file's VTIMEZONEs unchanged."""
    text = _text_with_own_zones(path)
    zones = {_TZID_PROPERTY.findall(vtimezone)[0]: _tzical(vtimezone) for vtimezone in _VTIMEZONE.findall(text)}
    return _readings(
        _parse(text).events,
        lambda moment, tzid: moment.replace(tzinfo=zones[tzid]) if tzid else moment,
    )


def read_recurring(path: Path) -> list[Reading]:
    """Read with recurring_ical_events: a series as its occurrences, up to two years after the file's last DTSTART.

    An occurrence has its RECURRENCE-ID whether or not the file overrides it.
    """
    calendar = read_calendar(path)
    # The library would convert every time to this zone, taken from the system.
    calendar.pop("X-WR-TIMEZONE", None)
    starts = [_as_datetime(reading.start) for reading in read_icalendar(path)]
    if not starts:
        return []
    query = recurring_ical_events.of(calendar)
    begin, end = min(starts) - timedelta(days=1), max(starts).replace(year=max(starts).year + _HORIZON, day=28)
    series = {str(event["UID"]) for event in calendar.events if {"RRULE", "RDATE", "RECURRENCE-ID"} & event.keys()}
    without_end = {_key(event) for event in calendar.events if not {"DTEND", "DURATION"} & event.keys()}
    readings = []
    for event in query.between(begin, end):
        uid, recurrence_id = _key(event)
        # The library adds a DTEND and a RECURRENCE-ID where there is none.
        if (uid, recurrence_id) in without_end or (uid, None) in without_end:
            del event["DTEND"]
        if uid not in series:
            del event["RECURRENCE-ID"]
        readings.append(_reading(event, lambda moment, _: moment))
    return readings


@cache
def _transitions(vtimezone: str) -> DstTzInfo:
    return cast("DstTzInfo", TZP("pytz").create_timezone(Timezone.from_ical(vtimezone)))


@cache
def _tzical(vtimezone: str) -> tzinfo | None:
    return tzical(StringIO(vtimezone)).get()


def _as_datetime(moment: datetime | date) -> datetime:
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time(), UTC)


def read_calendar(path: Path) -> Calendar:
    """Return a file as icalendar reads it, with the file's own zones."""
    return _parse(_text_with_own_zones(path))


def _parse(text: str) -> Calendar:
    """Parse strictly: anything that icalendar sets aside as broken is an error."""
    calendar = Calendar.from_ical(text)
    errors = [error for component in calendar.walk() for error in component.errors]
    if errors:
        raise ValueError(f"icalendar: {errors}")
    return calendar


def _text_with_own_zones(path: Path) -> str:
    """Unfold a file and rename its zones."""
    text = path.read_bytes().decode("utf-8").replace("\r\n ", "").replace("\r\n\t", "")
    names: dict[str, str] = {}
    for vtimezone in _VTIMEZONE.findall(text):
        for tzid in _TZID_PROPERTY.findall(vtimezone):
            names[tzid] = f"vtimezone-{sha256(vtimezone.encode()).hexdigest()}"

    def rename(line: str) -> str:
        head = _HEAD.match(line)
        if head is None:
            return line
        if head[0] == "TZID:":
            return f"TZID:{names.get(line.removeprefix('TZID:'), 'undefined')}"
        params = _TZID_PARAM.sub(lambda match: f";TZID={names.get(match[1], 'undefined')}", head[0])
        return params + line[head.end() :]

    return "\r\n".join(rename(line) for line in text.split("\r\n"))


def _readings(events: Iterable[Event], place: Place) -> list[Reading]:
    return [_reading(event, place) for event in events]


def _reading(event: Event, place: Place) -> Reading:
    start, tzid = _time(event, "DTSTART")
    return Reading(*_key(event), _place(start, tzid, place), _end(event, place), is_all_day(start))


def _key(event: Event) -> tuple[str, str | None]:
    recurrence_id: vDDDTypes | None = event.get("RECURRENCE-ID")
    return str(event["UID"]), None if recurrence_id is None else recurrence_id.to_ical().decode()


def _end(event: Event, place: Place) -> datetime | date | None:
    if "DTEND" in event:
        return _place(*_time(event, "DTEND"), place)
    if "DURATION" in event:
        # As icalendar has it: P1D and PT24H are the same to it, and either is added to the wall time.
        length: timedelta = event.get("DURATION").dt
        start, tzid = _time(event, "DTSTART")
        return _place(start + length, tzid, place)
    return None


def _time(event: Event, name: str) -> tuple[datetime | date, str | None]:
    """Return a time as icalendar read it, and its TZID."""
    prop: vDDDTypes = event.get(name)
    if not isinstance(prop.dt, date):
        raise ValueError(f"{name} is neither a DATE nor a DATE-TIME: {prop.dt}")  # noqa: TRY004 - the file's fault
    return prop.dt, prop.params.get("TZID")


def _place(moment: datetime | date, tzid: str | None, place: Place) -> datetime | date:
    if not isinstance(moment, datetime):
        return moment
    if moment.tzinfo is None:
        raise ValueError(f"{moment} is floating, or without a VTIMEZONE")
    return place(moment, tzid).astimezone(UTC)
