"""Turns an event into the properties of its VEVENT, before these are encoded.

docs/explanation/compatibility.md explains each property's value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import cache, lru_cache

from calfeed.formats.content_lines import Property, date_value, duration_value, utc_value, wall_value
from calfeed.formats.description import html_description
from calfeed.formats.until import until_in_files
from calfeed.model import AllDay, Event, Status, Venue
from calfeed.revisions.revise import Revision
from calfeed.values.times import Duration
from calfeed.zones.tzdb import offset_at

_PREFIXES = {Status.CANCELLED: "[Cancelled] ", Status.POSTPONED: "[Postponed] "}
_DATE, _URI, _HTML = (("VALUE", "DATE"),), (("VALUE", "URI"),), (("FMTTYPE", "text/html"),)


def event_properties(
    event: Event, revision: Revision, description: str, *, has_zone: bool, recurrence: Iterable[Property]
) -> Iterator[Property]:
    """Yield the properties of an event, in the order of the file.

    Args:
        event: the event.
        revision: its revision.
        description: its description as text.
        has_zone: whether its times have a TZID; otherwise they are in UTC.
        recurrence: the properties that make it a series, or an occurrence of one.
    """
    yield from _identity(event, revision)
    yield from _when(event, has_zone=has_zone)
    yield from recurrence
    yield from _texts(event, description)
    if event.venue is not None:
        yield from _place(event.venue)
    yield from _state(event.status, is_busy=event.busy)
    for name, value in event.properties:
        yield Property(name, (value,))


def series_properties(event: Event, *, has_zone: bool) -> Iterator[Property]:
    """Yield the properties that make an event a series: its rule, extra dates and exceptions."""
    recurrence = event.recurrence
    if recurrence is None:
        return
    until = until_in_files(event.when, recurrence) if has_zone else recurrence.until
    yield Property("RRULE", recurrence.rule.in_order.text_until(until))
    # One date per line: some readers take only the first of a list.
    for name, starts in (("RDATE", recurrence.rdates), ("EXDATE", recurrence.exdates)):
        for start in starts:
            yield start_property(name, start, event, has_zone=has_zone)


def start_property(name: str, start: datetime, event: Event, *, has_zone: bool) -> Property:
    """Return a start of a series with the value type and the zone of its DTSTART, by which readers match it."""
    if isinstance(event.when, AllDay):
        return Property(name, date_value(start), _DATE)
    first = event.when.start
    if has_zone:
        return Property(name, wall_value(start), (("TZID", first.tzid),))
    return Property(name, f"{wall_value(start - offset_at(first.instant, first.tzid))}Z")


def html_properties(event: Event, description: str) -> Iterator[Property]:
    """Yield the description as HTML; Outlook may show it instead of DESCRIPTION, so it is just as complete."""
    html = html_description(event) if description else ""
    if html:
        yield Property("X-ALT-DESC", (html,), _HTML)


def alarm_properties(event: Event) -> Iterator[tuple[Property, ...]]:
    """Yield the properties of the alarm of each reminder."""
    for reminder in event.reminders:
        yield (
            Property("ACTION", "DISPLAY"),
            Property("TRIGGER", _before(reminder)),
            Property("DESCRIPTION", (event.summary,)),
        )


def _identity(event: Event, revision: Revision) -> Iterator[Property]:
    yield Property("UID", (event.uid,))
    # DTSTAMP is when this version of the event was first built (RFC 5545 §3.8.7.2), not when it was rebuilt.
    modified = utc_value(revision.last_modified)
    yield Property("DTSTAMP", modified)
    yield Property("CREATED", utc_value(revision.created))
    yield Property("LAST-MODIFIED", modified)
    yield Property("SEQUENCE", str(revision.sequence))


def _when(event: Event, *, has_zone: bool) -> Iterator[Property]:
    when = event.when
    if isinstance(when, AllDay):
        yield Property("DTSTART", date_value(when.first), _DATE)
        yield Property("DTEND", date_value(when.end), _DATE)
        return
    for name, time in (("DTSTART", when.start), ("DTEND", when.end)):
        if time is not None and has_zone:
            yield Property(name, wall_value(time.wall), (("TZID", time.tzid),))
        elif time is not None:
            yield Property(name, utc_value(time.instant))


def _texts(event: Event, description: str) -> Iterator[Property]:
    yield Property("SUMMARY", (_PREFIXES.get(event.status, "") + event.summary,))
    if description:
        yield Property("DESCRIPTION", (description,))
    if event.url is not None:
        yield Property("URL", event.url)
    if event.online is not None:
        yield Property("CONFERENCE", event.online, _URI)
    if event.categories:
        yield Property("CATEGORIES", event.categories)


@lru_cache(maxsize=1024)
def _place(venue: Venue) -> tuple[Property, ...]:
    address = venue.address.line
    if venue.geo is None:
        return (Property("LOCATION", (venue.line,)),)
    # Apple draws a map only if LOCATION is the title and address of the structured location, one per line.
    location = "\n".join(part for part in (venue.name, address) if part)
    latitude, longitude = (_degrees(value) for value in venue.geo)
    title = (("X-TITLE", venue.name), ("X-ADDRESS", address)) if address else (("X-TITLE", venue.name),)
    return (
        Property("LOCATION", (location,)),
        Property("GEO", f"{latitude};{longitude}"),
        Property(
            "X-APPLE-STRUCTURED-LOCATION", f"geo:{latitude},{longitude}", (*_URI, ("X-APPLE-RADIUS", "70"), *title)
        ),
    )


@cache
def _state(status: Status, *, is_busy: bool) -> tuple[Property, ...]:
    is_off = status in (Status.CANCELLED, Status.POSTPONED)
    is_tentative = status in (Status.TENTATIVE, Status.POSTPONED)
    state = "CANCELLED" if status is Status.CANCELLED else "TENTATIVE" if is_tentative else "CONFIRMED"
    takes_time = is_busy and not is_off
    return (
        Property("STATUS", state),
        Property("TRANSP", "OPAQUE" if takes_time else "TRANSPARENT"),
        Property("X-MICROSOFT-CDO-BUSYSTATUS", ("TENTATIVE" if is_tentative else "BUSY") if takes_time else "FREE"),
    )


def _before(reminder: Duration) -> str:
    return duration_value(-timedelta(days=reminder.days, seconds=reminder.seconds))


def _degrees(value: float) -> str:
    """Return degrees without an exponent: `-0.00001`, never `-1e-05`; GEO is a FLOAT of digits (RFC 5545 §3.3.7)."""
    text = f"{value:.7f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
