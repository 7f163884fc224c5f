"""Renders events as iCalendar bytes: feeds, and one file per event.

A VEVENT is rendered once, directly as lines because there are many, and every file that holds it shares the bytes. The
rest of a file is built from icalendar's components. docs/explanation/compatibility.md explains each property's value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from html import escape as html_escape
from itertools import chain

from icalendar import Alarm, Calendar, Parameters, vDuration

from calfeed import model
from calfeed.artifact import Artifact
from calfeed.formats.content_lines import (
    Text,
    Verbatim,
    component_lines,
    date_value,
    escape,
    line,
    text_line,
    utc_value,
    wall_value,
)
from calfeed.formats.until import until_in_files
from calfeed.formats.vtimezone import render_timezone
from calfeed.model import AllDay, Event, Feed, Status, Venue
from calfeed.revisions.revise import Revised, Revision
from calfeed.text.characters import harmless
from calfeed.text.markdown import to_html, to_plain
from calfeed.values.colors import css_colors
from calfeed.values.times import Duration
from calfeed.vtimezone.observances import zoned_times
from calfeed.vtimezone.plan import ZonePlan
from calfeed.zones.tzdb import offset_at

PRODID = "-//calfeed//calfeed//EN"
_BEGIN_EVENT = b"BEGIN:VEVENT\r\n"
_END_EVENT = b"END:VEVENT\r\n"
_END_CALENDAR = b"END:VCALENDAR\r\n"
_NEWLINE = "\n"
_PREFIXES = {Status.CANCELLED: "[Cancelled] ", Status.POSTPONED: "[Postponed] "}
_NOTES = {
    Status.CANCELLED: "This event is cancelled.",
    Status.POSTPONED: "This event is postponed; it does not take place at the time shown.",
}


@dataclass(frozen=True, slots=True)
class RenderedEvent:
    """An event as it appears in every feed, what its own file adds to it, and the zones it names.

    `vevent` is the event; for a series it is the master, and `instances` are the VEVENTs that follow it. For an event
    in several pieces `vevent` holds all of them, and `single` holds all with what its own file adds to each.
    """

    id: str
    path: str
    vevent: bytes
    own_lines: bytes
    tzids: tuple[str, ...]
    instances: bytes = b""
    single: bytes = b""


def render_event(revised: Revised, pieces: Sequence[Event] = ()) -> RenderedEvent:
    """Return the rendered form of an event at its revision.

    Args:
        revised: the event.
        pieces: the pieces it is published in; by default the event itself.
    """
    rendered = [_render_piece(piece, revised.revision) for piece in pieces or (revised.event,)]
    if len(rendered) == 1:
        return rendered[0]
    return RenderedEvent(
        id=revised.event.id,
        path=revised.event.path,
        vevent=b"".join(piece.vevent + piece.instances for piece in rendered),
        own_lines=b"",
        tzids=tuple(sorted({tzid for piece in rendered for tzid in piece.tzids})),
        single=b"".join(chain.from_iterable(_own_parts(piece) for piece in rendered)),
    )


def _render_piece(event: Event, revision: Revision) -> RenderedEvent:
    """Return the rendered form of an event; for a series, the master and then its instances."""
    times = zoned_times(event)
    tzids = {time.tzid for time in times}
    has_zone = bool(times)
    description = plain_description(event)
    own_lines = b"".join([*_html(event, has_text=bool(description)), *_alarms(event)])
    rule = _recurrence(event, has_zone=has_zone)
    vevent = _vevent(event, revision, description, has_zone=has_zone, recurrence=rule)
    instances = []
    for instance in event.recurrence.instances if event.recurrence else ():
        own = zoned_times(instance.event)
        tzids.update(time.tzid for time in own)
        recurrence = [_start_line("RECURRENCE-ID", instance.recurrence_id, event, has_zone=has_zone)]
        text = plain_description(instance.event)
        instances.append(_vevent(instance.event, revision, text, has_zone=bool(own), recurrence=recurrence))
    return RenderedEvent(
        id=event.id,
        path=event.path,
        vevent=vevent,
        own_lines=own_lines,
        tzids=tuple(sorted(tzids)),
        instances=b"".join(instances),
    )


def _vevent(
    event: Event, revision: Revision, description: str, *, has_zone: bool, recurrence: Iterable[bytes]
) -> bytes:
    lines = [
        _BEGIN_EVENT,
        *_identity(event, revision),
        *_when(event, has_zone=has_zone),
        *recurrence,
        *_texts(event, description),
        b"" if event.venue is None else _place(event.venue),
        _state(event.status, is_busy=event.busy),
        *(text_line(name, value) for name, value in event.properties),
        _END_EVENT,
    ]
    return b"".join(lines)


def _recurrence(event: Event, *, has_zone: bool) -> Iterator[bytes]:
    recurrence = event.recurrence
    if recurrence is None:
        return
    until = until_in_files(event.when, recurrence) if has_zone else recurrence.until
    yield line("RRULE", recurrence.rule.in_order.text_until(until))
    # One date per line: some readers take only the first of a list.
    for name, starts in (("RDATE", recurrence.rdates), ("EXDATE", recurrence.exdates)):
        for start in starts:
            yield _start_line(name, start, event, has_zone=has_zone)


def _start_line(name: str, start: datetime, event: Event, *, has_zone: bool) -> bytes:
    """Return a start of a series with the value type and the zone of its DTSTART, by which readers match it."""
    if isinstance(event.when, AllDay):
        return line(f"{name};VALUE=DATE", date_value(start))
    if has_zone:
        return line(f"{name};TZID={event.when.start.tzid}", wall_value(start))
    return line(name, f"{wall_value(start - offset_at(event.when.start.instant, event.when.start.tzid))}Z")


def render_single(rendered: RenderedEvent, plans: Mapping[str, ZonePlan] | None = None) -> Artifact:
    """Return the event's own file: the shared VEVENT with alarms and HTML, without a feed's properties.

    Outlook would open a file with X-WR-CALNAME as a new calendar (MS-OXCICAL 2.1.3.1.1.3).
    """
    vevents = (rendered.single,) if rendered.single else _own_parts(rendered)
    return Artifact.of(rendered.path, *_file(_single_header(), rendered.tzids, vevents, plans))


def _own_parts(rendered: RenderedEvent) -> tuple[bytes | memoryview, ...]:
    """Return the VEVENTs of a piece in parts, with what its own file adds to the first."""
    opened = memoryview(rendered.vevent)[: -len(_END_EVENT)]
    return opened, rendered.own_lines, _END_EVENT, rendered.instances


def render_feed(
    feed: Feed,
    calendar: model.Calendar,
    events: Sequence[RenderedEvent],
    plans: Mapping[str, ZonePlan] | None = None,
) -> Artifact:
    """Return the file of a feed that holds these events."""
    header = _header()
    for name in ("NAME", "X-WR-CALNAME"):  # RFC 7986 §5.1, and the one that Google, Apple and Outlook read
        header.add(name, Text(feed.name))
    plain = _feed_description(feed, calendar)
    if plain:
        for name in ("DESCRIPTION", "X-WR-CALDESC"):
            header.add(name, Text(plain))
    if calendar.url is not None:
        header.add("URL", Verbatim(calendar.url))
        # The file at an old address names the current one, to refresh the calendar from (RFC 7986 §5.8).
        header.add("SOURCE", Verbatim(calendar.url + (feed.moved_to or feed.path)), parameters={"VALUE": "URI"})
    interval = _duration(calendar.refresh)
    header.add("REFRESH-INTERVAL", Verbatim(interval), parameters={"VALUE": "DURATION"})
    header.add("X-PUBLISHED-TTL", Verbatim(interval))
    if calendar.color is not None:
        header.add("COLOR", Verbatim(calendar.color))
        header.add("X-APPLE-CALENDAR-COLOR", Verbatim(css_colors()[calendar.color]))
    tzids = sorted({tzid for event in events for tzid in event.tzids})
    vevents = (part for event in events for part in (event.vevent, event.instances) if part)
    return Artifact.of(feed.path, *_file(_opened(header), tzids, vevents, plans))


def _feed_description(feed: Feed, calendar: model.Calendar) -> str:
    parts = [to_plain(feed.description)] if feed.description is not None else []
    if feed.moved_to is not None:
        parts.insert(0, f"This calendar has moved: subscribe to {calendar.url or ''}{feed.moved_to}.")
    return "\n\n".join(parts)


def plain_description(event: Event) -> str:
    """Return DESCRIPTION, complete without any other property because many clients show nothing else."""
    body = [_NOTES[event.status]] if event.status in _NOTES else []
    if event.description is not None:
        body.append(to_plain(event.description))
    facts = _facts(event)
    return "\n\n".join(part for part in (*body, "\n".join(fact.plain for fact in facts)) if part)


@dataclass(frozen=True, slots=True)
class _Fact:
    """A line of a description: an address, and the text before and after it."""

    before: str = ""
    address: str = ""
    after: str = ""

    @property
    def plain(self) -> str:
        return f"{self.before}{self.address}{self.after}"

    @property
    def html(self) -> str:
        address = html_escape(self.address)
        link = f'<a href="{address}">{address}</a>' if address else ""
        return f"{html_escape(self.before)}{link}{html_escape(self.after)}"


def _facts(event: Event) -> list[_Fact]:
    """Return the facts that a description must repeat because clients do not show their properties."""
    facts = []
    if event.organizer is not None:
        name, url, email = event.organizer.name, event.organizer.url, event.organizer.email
        if url:
            facts.append(_Fact(f"Organizer: {name} (", url, ")"))
        else:
            facts.append(_Fact(f"Organizer: {name}{f' ({email})' if email else ''}"))
    if event.online is not None:
        facts.append(_Fact("Online: ", event.online))
    if event.url is not None:
        facts.append(_Fact(address=event.url))
    return facts


# -- the parts of a VEVENT --------------------------------------------------------------------------------------


def _identity(event: Event, revision: Revision) -> Iterator[bytes]:
    yield text_line("UID", event.uid)
    # DTSTAMP is when this form of the event was first made (RFC 5545 §3.8.7.2), not when it was built again.
    modified = utc_value(revision.last_modified)
    yield line("DTSTAMP", modified)
    yield line("CREATED", utc_value(revision.created))
    yield line("LAST-MODIFIED", modified)
    yield line("SEQUENCE", str(revision.sequence))


def _when(event: Event, *, has_zone: bool) -> Iterator[bytes]:
    when = event.when
    if isinstance(when, AllDay):
        yield line("DTSTART;VALUE=DATE", date_value(when.first))
        yield line("DTEND;VALUE=DATE", date_value(when.end))
        return
    for name, time in (("DTSTART", when.start), ("DTEND", when.end)):
        if time is not None and has_zone:
            yield line(f"{name};TZID={time.tzid}", wall_value(time.wall))
        elif time is not None:
            yield line(name, utc_value(time.instant))


def _texts(event: Event, description: str) -> Iterator[bytes]:
    yield text_line("SUMMARY", _PREFIXES.get(event.status, "") + event.summary)
    if description:
        yield text_line("DESCRIPTION", description)
    if event.url is not None:
        yield line("URL", event.url)
    if event.online is not None:
        yield line("CONFERENCE;VALUE=URI", event.online)
    if event.categories:
        yield line("CATEGORIES", ",".join(escape(category) for category in event.categories))


@lru_cache(maxsize=1024)
def _place(venue: Venue) -> bytes:
    address = venue.address.line
    if venue.geo is None:
        return text_line("LOCATION", venue.line)
    # Apple draws a map only if LOCATION is the title and address of the structured location, one per line.
    location = text_line("LOCATION", "\n".join(part for part in (venue.name, address) if part))
    latitude, longitude = (_degrees(value) for value in venue.geo)
    geo = line("GEO", f"{latitude};{longitude}")
    parameters = {"VALUE": "URI", "X-APPLE-RADIUS": "70", "X-TITLE": harmless(venue.name)}
    if address:
        parameters["X-ADDRESS"] = harmless(address)
    encoded = Parameters(parameters).to_ical(sorted=False).decode()  # quotes, and RFC 6868 for what quotes cannot hold
    return location + geo + line(f"X-APPLE-STRUCTURED-LOCATION;{encoded}", f"geo:{latitude},{longitude}")


@cache
def _state(status: Status, *, is_busy: bool) -> bytes:
    gone = status in (Status.CANCELLED, Status.POSTPONED)
    tentative = status in (Status.TENTATIVE, Status.POSTPONED)
    shown = "CANCELLED" if status is Status.CANCELLED else "TENTATIVE" if tentative else "CONFIRMED"
    busy = is_busy and not gone
    return (
        line("STATUS", shown)
        + line("TRANSP", "OPAQUE" if busy else "TRANSPARENT")
        + line("X-MICROSOFT-CDO-BUSYSTATUS", ("TENTATIVE" if tentative else "BUSY") if busy else "FREE")
    )


# -- what only the event's own file has -------------------------------------------------------------------------


def _html(event: Event, *, has_text: bool) -> Iterator[bytes]:
    """Yield the description as HTML; Outlook may show it instead of DESCRIPTION, so it is just as complete."""
    if event.description is not None and has_text:
        note = [f"<p>{_NOTES[event.status]}</p>"] if event.status in _NOTES else []
        facts = "<br>".join(fact.html for fact in _facts(event))
        parts = [*note, to_html(event.description), *([f"<p>{facts}</p>"] if facts else [])]
        yield text_line("X-ALT-DESC;FMTTYPE=text/html", f"<html><body>{_NEWLINE.join(parts)}</body></html>")


def _alarms(event: Event) -> Iterator[bytes]:
    """Yield the reminders, which a feed must not set for its subscribers."""
    for reminder in event.reminders:
        alarm = Alarm()
        alarm.add("ACTION", Verbatim("DISPLAY"))
        alarm.add("TRIGGER", Verbatim(_before(reminder)))
        alarm.add("DESCRIPTION", Text(event.summary))
        yield component_lines(alarm)


def _before(reminder: Duration) -> str:
    return _duration(-timedelta(days=reminder.days, seconds=reminder.seconds))


def _duration(duration: timedelta) -> str:
    """Return a DURATION value, `PT12H` or `-P1D` (RFC 5545 §3.3.6)."""
    rendered: bytes = vDuration(duration).to_ical()  # type: ignore[no-untyped-call]
    return rendered.decode()


def _degrees(value: float) -> str:
    """Return degrees without an exponent: `-0.00001`, never `-1e-05`; GEO is a FLOAT of digits (RFC 5545 §3.3.7)."""
    text = f"{value:.7f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


# -- files and lines --------------------------------------------------------------------------------------------


def _header() -> Calendar:
    header = Calendar()
    header.add("VERSION", Verbatim("2.0"))
    header.add("PRODID", Text(PRODID))
    header.add("CALSCALE", Verbatim("GREGORIAN"))
    header.add("METHOD", Verbatim("PUBLISH"))
    return header


@cache
def _single_header() -> bytes:
    header = _header()
    header.add("X-MS-OLK-FORCEINSPECTOROPEN", Verbatim("TRUE"))
    return _opened(header)


def _opened(header: Calendar) -> bytes:
    """Return a calendar's lines without its END line."""
    return component_lines(header)[: -len(_END_CALENDAR)]


def _file(
    header: bytes, tzids: Iterable[str], vevents: Iterable[bytes | memoryview], plans: Mapping[str, ZonePlan] | None
) -> Iterator[bytes | memoryview]:
    """Yield the parts of a file: each zone once, by its plan or else by its current law, then the events."""
    planned = {tzid: plan.observances for tzid, plan in (plans or {}).items()}
    yield header
    for tzid in tzids:
        yield render_timezone(tzid, planned.get(tzid))
    yield from vevents
    yield _END_CALENDAR
