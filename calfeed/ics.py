"""Events to iCalendar bytes: feeds, and one file per event.

A VEVENT is rendered once and its bytes are shared by every file that holds it. The icalendar package makes components
and content lines; what each property says is decided here, by docs/explanation/compatibility.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta

from icalendar import Alarm, Calendar, Component, vDate, vDatetime, vDuration
from icalendar import Event as VEvent

from calfeed import model
from calfeed.colors import css_colors
from calfeed.markdown import to_html, to_plain
from calfeed.model import AllDay, Artifact, Event, Feed, Status, Venue, ZonedTime
from calfeed.notation import Duration
from calfeed.revisions import Revised, Revision
from calfeed.vtimezone import places_right, render_timezone
from calfeed.wire import Text, Verbatim, escape, fold

PRODID = "-//calfeed//calfeed//EN"
_END_EVENT = b"END:VEVENT\r\n"
_END_CALENDAR = b"END:VCALENDAR\r\n"
_PREFIXES = {Status.CANCELLED: "[Cancelled] ", Status.POSTPONED: "[Postponed] "}
_NOTES = {
    Status.CANCELLED: "This event is cancelled.",
    Status.POSTPONED: "This event is postponed; it does not take place at the time shown.",
}


@dataclass(frozen=True, slots=True)
class RenderedEvent:
    """A VEVENT as it stands in every feed, what its own file adds to it, and the zones it names."""

    id: str
    path: str
    vevent: bytes
    own_lines: bytes
    tzids: tuple[str, ...]


def render_event(revised: Revised) -> RenderedEvent:
    """Return the rendered form of an event at its revision."""
    event = revised.event
    component = VEvent()
    times = _times(event)
    _add_identity(component, event, revised.revision)
    _add_times(component, event, times)
    _add_texts(component, event)
    _add_venue(component, event.venue)
    _add_state(component, event)
    for name, value in event.properties:
        component.add(name, Text(value))
    return RenderedEvent(
        id=event.id,
        path=event.path,
        vevent=_lines(component),
        own_lines=_own_lines(event),
        tzids=tuple(sorted({time.tzid for time in times})),
    )


def render_single(rendered: RenderedEvent) -> Artifact:
    """Return the event's own file: the shared VEVENT with alarms and HTML, without a feed's properties.

    Outlook would open a file with X-WR-CALNAME as a new calendar (MS-OXCICAL 2.1.3.1.1.3).
    """
    header = _header()
    header.add("X-MS-OLK-FORCEINSPECTOROPEN", Verbatim("TRUE"))
    vevent = rendered.vevent[: -len(_END_EVENT)] + rendered.own_lines + _END_EVENT
    return Artifact(rendered.path, _file(header, rendered.tzids, [vevent]))


def render_feed(feed: Feed, calendar: model.Calendar, events: Sequence[RenderedEvent]) -> Artifact:
    """Return the file of a feed that holds these events."""
    header = _header()
    for name in ("NAME", "X-WR-CALNAME"):  # RFC 7986 §5.1, and what Google, Apple and Outlook read
        header.add(name, Text(feed.name))
    if feed.description is not None:
        plain = to_plain(feed.description)
        for name in ("DESCRIPTION", "X-WR-CALDESC"):
            header.add(name, Text(plain))
    if calendar.url is not None:
        header.add("URL", Verbatim(calendar.url))
        header.add("SOURCE", Verbatim(calendar.url + feed.path), parameters={"VALUE": "URI"})
    interval = _duration(calendar.refresh)
    header.add("REFRESH-INTERVAL", Verbatim(interval), parameters={"VALUE": "DURATION"})
    header.add("X-PUBLISHED-TTL", Verbatim(interval))
    if calendar.color is not None:
        header.add("COLOR", Verbatim(calendar.color))
        header.add("X-APPLE-CALENDAR-COLOR", Verbatim(css_colors()[calendar.color]))
    tzids = sorted({tzid for event in events for tzid in event.tzids})
    return Artifact(feed.path, _file(header, tzids, (event.vevent for event in events)))


def plain_description(event: Event) -> str:
    """Return DESCRIPTION: complete without any other property, because many clients show nothing else."""
    body = [_NOTES[event.status]] if event.status in _NOTES else []
    if event.description is not None:
        body.append(to_plain(event.description))
    facts = []
    if event.organizer is not None:
        contact = event.organizer.url or event.organizer.email
        facts.append(f"Organizer: {event.organizer.name}" + (f" ({contact})" if contact else ""))
    if event.online is not None:
        facts.append(f"Online: {event.online}")
    if event.url is not None:
        facts.append(event.url)
    return "\n\n".join([*body, "\n".join(facts)] if facts else body)


# -- the parts of a VEVENT --------------------------------------------------------------------------------------


def _times(event: Event) -> list[ZonedTime]:
    """Return the times that are written with a TZID: both or none, so that no reader can mix its rules."""
    if isinstance(event.when, AllDay):
        return []
    times = [event.when.start] if event.when.end is None else [event.when.start, event.when.end]
    return times if all(places_right(time) for time in times) else []


def _add_identity(component: Component, event: Event, revision: Revision) -> None:
    component.add("UID", Text(event.uid))
    # DTSTAMP is when this form of the event was first made (RFC 5545 §3.8.7.2), not when it was built again.
    component.add("DTSTAMP", vDatetime(revision.last_modified))
    component.add("CREATED", vDatetime(revision.created))
    component.add("LAST-MODIFIED", vDatetime(revision.last_modified))
    component.add("SEQUENCE", revision.sequence)


def _add_times(component: Component, event: Event, local: Sequence[ZonedTime]) -> None:
    when = event.when
    if isinstance(when, AllDay):
        _add_date(component, "DTSTART", when.first)
        _add_date(component, "DTEND", when.end)
        return
    _add_time(component, "DTSTART", when.start, local=bool(local))
    if when.end is not None:
        _add_time(component, "DTEND", when.end, local=bool(local))


def _add_date(component: Component, name: str, day: date) -> None:
    component.add(name, vDate(day), parameters={"VALUE": "DATE"})


def _add_time(component: Component, name: str, time: ZonedTime, *, local: bool) -> None:
    if local:
        component.add(name, vDatetime(time.wall), parameters={"TZID": time.tzid})
    else:
        component.add(name, vDatetime(time.instant.astimezone(UTC)))


def _add_texts(component: Component, event: Event) -> None:
    component.add("SUMMARY", Text(_PREFIXES.get(event.status, "") + event.summary))
    description = plain_description(event)
    if description:
        component.add("DESCRIPTION", Text(description))
    if event.url is not None:
        component.add("URL", Verbatim(event.url))
    if event.online is not None:
        component.add("CONFERENCE", Verbatim(event.online), parameters={"VALUE": "URI"})
    if event.categories:
        component.add("CATEGORIES", Verbatim(",".join(escape(category) for category in event.categories)))


def _add_venue(component: Component, venue: Venue | None) -> None:
    if venue is None:
        return
    address = venue.address.line
    if venue.geo is None:
        component.add("LOCATION", Text(", ".join(part for part in (venue.name, address) if part)))
        return
    # Apple draws a map only if LOCATION is title and address of the structured location, one line each.
    component.add("LOCATION", Text("\n".join(part for part in (venue.name, address) if part)))
    latitude, longitude = (_degrees(value) for value in venue.geo)
    component.add("GEO", Verbatim(f"{latitude};{longitude}"))
    parameters = {"VALUE": "URI", "X-APPLE-RADIUS": "70", "X-TITLE": venue.name}
    if address:
        parameters["X-ADDRESS"] = address
    component.add("X-APPLE-STRUCTURED-LOCATION", Verbatim(f"geo:{latitude},{longitude}"), parameters=parameters)


def _add_state(component: Component, event: Event) -> None:
    gone = event.status in (Status.CANCELLED, Status.POSTPONED)
    tentative = event.status in (Status.TENTATIVE, Status.POSTPONED)
    status = "CANCELLED" if event.status is Status.CANCELLED else "TENTATIVE" if tentative else "CONFIRMED"
    component.add("STATUS", Verbatim(status))
    busy = event.busy and not gone
    component.add("TRANSP", Verbatim("OPAQUE" if busy else "TRANSPARENT"))
    component.add("X-MICROSOFT-CDO-BUSYSTATUS", Verbatim(("TENTATIVE" if tentative else "BUSY") if busy else "FREE"))


def _own_lines(event: Event) -> bytes:
    """Return the lines that only the event's own file has: HTML for Outlook, and alarms, which feeds must not set."""
    component = VEvent()
    if event.description is not None and plain_description(event):
        note = f"<p>{_NOTES[event.status]}</p>\n" if event.status in _NOTES else ""
        html = f"<html><body>{note}{to_html(event.description)}</body></html>"
        component.add("X-ALT-DESC", Text(html), parameters={"FMTTYPE": "text/html"})
    for reminder in event.reminders:
        alarm = Alarm()
        alarm.add("ACTION", Verbatim("DISPLAY"))
        alarm.add("TRIGGER", Verbatim(_before(reminder)))
        alarm.add("DESCRIPTION", Text(event.summary))
        component.add_component(alarm)
    return _lines(component)[len(b"BEGIN:VEVENT\r\n") : -len(_END_EVENT)]


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


def _file(header: Calendar, tzids: Iterable[str], vevents: Iterable[bytes]) -> bytes:
    """Return a whole file: zones before the events that name them, each once."""
    timezones = (render_timezone(tzid) for tzid in tzids)
    return b"".join([_lines(header)[: -len(_END_CALENDAR)], *timezones, *vevents, _END_CALENDAR])


def _lines(component: Component) -> bytes:
    """Return a component's content lines; icalendar's own folding goes letter by letter, which took half the build."""
    return b"".join(fold(str(line)) for line in component.content_lines(sorted=False) if line)
