"""Reads a published .ics as a subscriber's program does: its events are placed by the file's own VTIMEZONE alone.

Nothing here is shared with what writes the files: icalendar parses them, and dateutil, which many programs are built
on, evaluates their zones. Neither the tz database nor calfeed's own rules for zones are used.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, tzinfo
from io import StringIO

from dateutil.tz import tzical
from icalendar import Calendar, Component

from calfeed.doctor.expected import Times


def read_events(data: bytes) -> Mapping[str, Times]:
    """Return the times of a calendar's events by UID; for a series, those of its first occurrence.

    Raises:
        ValueError: this is not a calendar, or its times cannot be resolved; the message says why, for people.
    """
    try:
        calendar = Calendar.from_ical(data.decode())
    except UnicodeDecodeError as cause:
        raise ValueError("it is not UTF-8") from cause
    except (ValueError, KeyError, IndexError) as cause:
        raise ValueError("it is not an iCalendar file") from cause
    if not isinstance(calendar, Calendar):
        raise ValueError("it is not an iCalendar file")  # noqa: TRY004 - bad input, not a programming error
    zones = {str(zone.get("TZID")): _read_zone(zone) for zone in calendar.walk("VTIMEZONE")}
    events = [event for event in calendar.walk("VEVENT") if "RECURRENCE-ID" not in event]
    return {str(event.get("UID")): _times(event, zones) for event in events}


def _read_zone(zone: Component) -> tzinfo:
    tzid = str(zone.get("TZID"))
    for part in zone.subcomponents:
        frequencies = part.get("RRULE", {}).get("FREQ", ["YEARLY"])
        if frequencies != ["YEARLY"]:  # other rules take very long to evaluate, and no real clocks follow them
            raise ValueError(f"the rule of its VTIMEZONE {tzid} is not yearly")
    for name in [name for name in zone if name.startswith("X-")]:
        del zone[name]  # dateutil refuses unknown properties
    try:
        rules = tzical(StringIO(zone.to_ical().decode())).get()
    except ValueError as cause:
        raise ValueError(f"its VTIMEZONE {tzid} cannot be read") from cause
    if rules is None:
        raise ValueError(f"its VTIMEZONE {tzid} cannot be read")
    return rules


def _times(event: Component, zones: Mapping[str, tzinfo]) -> Times:
    start, end = event.get("DTSTART"), event.get("DTEND")
    if start is None:
        raise ValueError("an event has no DTSTART")
    first = _moment(start, zones)
    if isinstance(start.dt, datetime):
        return first, None if end is None else _moment(end, zones)
    return first, first if end is None else (end.dt - timedelta(days=1)).isoformat()  # DTEND is the day after


def _moment(prop: object, zones: Mapping[str, tzinfo]) -> str:
    moment: date = prop.dt  # type: ignore[attr-defined] # icalendar does not name the type of a property's value
    if not isinstance(moment, datetime):
        return moment.isoformat()
    tzid = prop.params.get("TZID")  # type: ignore[attr-defined]
    if tzid is None and moment.tzinfo is None:
        raise ValueError("an event has a time without a zone")
    if tzid is not None:
        if tzid not in zones:
            raise ValueError(f"it uses the zone {tzid} but has no VTIMEZONE for it")
        moment = moment.replace(tzinfo=zones[tzid])
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
