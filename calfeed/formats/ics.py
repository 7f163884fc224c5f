"""Renders events as iCalendar bytes: feeds, and one file per event.

A VEVENT is rendered once, and every file that contains it shares its bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain

from calfeed.artifact import Artifact
from calfeed.formats.content_lines import Property, component, duration_value, property_line
from calfeed.formats.description import plain_description
from calfeed.formats.vevent import (
    alarm_properties,
    event_properties,
    html_properties,
    series_properties,
    start_property,
)
from calfeed.formats.vtimezone import render_timezone
from calfeed.model import Calendar, Event, Feed
from calfeed.revisions.revise import Revised, Revision
from calfeed.text.markdown import to_plain
from calfeed.values.colors import css_colors
from calfeed.vtimezone.observances import zoned_times
from calfeed.vtimezone.plan import ZonePlan

PRODID = "-//calfeed//calfeed//EN"
_END_EVENT = b"END:VEVENT\r\n"
_BEGIN_CALENDAR, _END_CALENDAR = b"BEGIN:VCALENDAR\r\n", b"END:VCALENDAR\r\n"
_DURATION, _URI = (("VALUE", "DURATION"),), (("VALUE", "URI"),)
_HEADER = (
    Property("VERSION", "2.0"),
    Property("PRODID", (PRODID,)),
    Property("CALSCALE", "GREGORIAN"),
    Property("METHOD", "PUBLISH"),
)


@dataclass(frozen=True, slots=True)
class RenderedEvent:
    """An event as it appears in every feed, what its own file adds, and the zones it names.

    `vevent` is the event; for a series it is the master, and `instances` are the VEVENTs that follow it. For an event
    in several pieces, `vevent` contains all of them, and `single` contains them with what its own file adds to each.
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
    recurrence = series_properties(event, has_zone=has_zone)
    instances = []
    for instance in event.recurrence.instances if event.recurrence else ():
        instance_times = zoned_times(instance.event)
        tzids.update(time.tzid for time in instance_times)
        recurrence_id = start_property("RECURRENCE-ID", instance.recurrence_id, event, has_zone=has_zone)
        text = plain_description(instance.event)
        instances.append(_vevent(instance.event, revision, text, [recurrence_id], has_zone=bool(instance_times)))
    return RenderedEvent(
        id=event.id,
        path=event.path,
        vevent=_vevent(event, revision, description, recurrence, has_zone=has_zone),
        own_lines=_own_lines(event, description),
        tzids=tuple(sorted(tzids)),
        instances=b"".join(instances),
    )


def _vevent(
    event: Event, revision: Revision, description: str, recurrence: Iterable[Property], *, has_zone: bool
) -> bytes:
    return component("VEVENT", event_properties(event, revision, description, has_zone=has_zone, recurrence=recurrence))


def _own_lines(event: Event, description: str) -> bytes:
    """Return what only the event's own file has: HTML, and reminders, which a feed must not impose on subscribers."""
    html = map(property_line, html_properties(event, description))
    return b"".join([*html, *(component("VALARM", alarm) for alarm in alarm_properties(event))])


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
    calendar: Calendar,
    events: Sequence[RenderedEvent],
    plans: Mapping[str, ZonePlan] | None = None,
) -> Artifact:
    """Return the file of a feed with these events."""
    tzids = sorted({tzid for event in events for tzid in event.tzids})
    vevents = (part for event in events for part in (event.vevent, event.instances) if part)
    return Artifact.of(feed.path, *_file(_opened(_feed_properties(feed, calendar)), tzids, vevents, plans))


def _feed_properties(feed: Feed, calendar: Calendar) -> Iterator[Property]:
    yield from _HEADER
    for name in ("NAME", "X-WR-CALNAME"):  # RFC 7986 §5.1, and the one that Google, Apple and Outlook read
        yield Property(name, (feed.name,))
    description = _feed_description(feed, calendar)
    if description:
        for name in ("DESCRIPTION", "X-WR-CALDESC"):
            yield Property(name, (description,))
    if calendar.url is not None:
        yield Property("URL", calendar.url)
        # The file at an old address names the current one, from which to refresh the calendar (RFC 7986 §5.8).
        yield Property("SOURCE", calendar.url + (feed.moved_to or feed.path), _URI)
    interval = duration_value(calendar.refresh)
    yield Property("REFRESH-INTERVAL", interval, _DURATION)
    yield Property("X-PUBLISHED-TTL", interval)
    if calendar.color is not None:
        yield Property("COLOR", calendar.color)
        yield Property("X-APPLE-CALENDAR-COLOR", css_colors()[calendar.color])


def _feed_description(feed: Feed, calendar: Calendar) -> str:
    parts = [to_plain(feed.description)] if feed.description is not None else []
    if feed.moved_to is not None:
        parts.insert(0, f"This calendar has moved: subscribe to {calendar.url or ''}{feed.moved_to}.")
    return "\n\n".join(parts)


@cache
def _single_header() -> bytes:
    return _opened((*_HEADER, Property("X-MS-OLK-FORCEINSPECTOROPEN", "TRUE")))


def _opened(properties: Iterable[Property]) -> bytes:
    """Return a calendar's lines without its END line."""
    return b"".join([_BEGIN_CALENDAR, *map(property_line, properties)])


def _file(
    header: bytes, tzids: Iterable[str], vevents: Iterable[bytes | memoryview], plans: Mapping[str, ZonePlan] | None
) -> Iterator[bytes | memoryview]:
    """Yield the parts of a file: each zone once, by its plan or by its current law, then the events."""
    planned = {tzid: plan.observances for tzid, plan in (plans or {}).items()}
    yield header
    for tzid in tzids:
        yield render_timezone(tzid, planned.get(tzid))
    yield from vevents
    yield _END_CALENDAR
