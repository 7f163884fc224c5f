"""Events as text, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from calfeed.diagnostics.report import format_json, format_table, plural, shown_text, width
from calfeed.editions.manifest_json import event_record
from calfeed.model import AllDay, Event, Instance, Status, Timed, ZonedTime
from calfeed.revisions.content import texts_of
from calfeed.values.times import format_offset
from calfeed.zones.tzdb import offset_at

# Fields that are shown elsewhere in the description of an event.
_SHOWN_APART = ("location", "description")


def format_events(events: Sequence[Event]) -> str:
    """Return a table of events, one line each: local time, zone, UTC, id and summary."""
    rows: list[tuple[str, ...]] = [("START", "END", "ZONE", "UTC", "ID", "SUMMARY")]
    rows += [_row(event) for event in events]
    return format_table(rows)


def format_events_json(events: Sequence[Event]) -> str:
    """Return events as a JSON list, with the manifest's keys."""
    return format_json([event_record(event) for event in events])


def format_event(event: Event) -> str:
    """Return everything about an event, one line per fact, with the reason for its zone."""
    lines = [("id", event.id), ("uid", event.uid), ("status", event.status.value)]
    when = event.when
    if isinstance(when, AllDay):
        days = (when.last - when.first).days + 1
        lines += [
            ("start", f"{when.first:%a %Y-%m-%d}"),
            ("end", f"{when.last:%a %Y-%m-%d} (inclusive; {plural(days, 'day')})"),
        ]
    else:
        lines.append(("start", _long_time(when.start)))
        lines.append(("end", _long_time(when.end) if when.end else "not known"))
    if event.recurrence is not None:
        starts = event.recurrence.starts
        known = f"{plural(len(starts), 'time')}, the last on {starts[-1]:%a %Y-%m-%d}" if starts else "without an end"
        lines.append(("rrule", event.recurrence.rrule))
        lines.append(("occurs", known))
        lines += [("but", _instance_line(instance)) for instance in event.recurrence.instances]
    lines.append(
        ("zone", f"{event.zone.tzid}, because {event.zone.reason}" if event.zone else "none; all-day events need none")
    )
    if event.venue is not None:
        place = ", ".join(part for part in (event.venue.name, event.venue.address.line) if part)
        lines.append(("venue", f"{place} [{event.venue.id}]" if event.venue.id else place))
        if event.venue.geo is not None:
            lines.append(("geo", ", ".join(f"{value:.7f}".rstrip("0").rstrip(".") for value in event.venue.geo)))
    lines += [(key, text) for key, text in texts_of(event).items() if key not in _SHOWN_APART]
    lines += [("file", event.path), ("source", f"{event.mark.path}:{event.mark.line}")]
    body = "".join(f"{key:<11}{value}\n" for key, value in lines)
    description = f"\n{event.description}\n" if event.description else ""
    return shown_text(f"{event.summary}\n{'=' * width(event.summary)}\n{body}{description}")


def format_event_json(event: Event) -> str:
    """Return an event as a JSON object: the manifest's keys, and `zone_reason`."""
    return format_json({**event_record(event), "zone_reason": event.zone.reason if event.zone else None})


def _instance_line(instance: Instance) -> str:
    when = instance.event.when
    start = when.first if isinstance(when, AllDay) else when.start.wall
    clock = f" {_clock(start)}" if isinstance(start, datetime) else ""
    place = f", {instance.event.venue.name}" if instance.event.venue else ""
    return f"{instance.recurrence_id:%a %Y-%m-%d} is {start:%a %Y-%m-%d}{clock}: {_summary(instance.event)}{place}"


def _row(event: Event) -> tuple[str, ...]:
    when = event.when
    if isinstance(when, AllDay):
        end = f"{when.last:%a %Y-%m-%d}" if when.last != when.first else ""
        zone = event.zone.tzid if event.zone else "-"
        return f"{when.first:%a %Y-%m-%d}", end, zone, "all day", event.id, _summary(event)
    return (
        f"{when.start.wall:%a %Y-%m-%d} {_clock(when.start.wall)}",
        _end_cell(when),
        when.start.tzid,
        f"{when.start.instant:%Y-%m-%d} {_clock(when.start.instant)}Z",
        event.id,
        _summary(event),
    )


def _summary(event: Event) -> str:
    status = "" if event.status is Status.CONFIRMED else f" ({event.status.value})"
    rule = f" [{event.recurrence.rrule}]" if event.recurrence else ""
    return f"{event.summary}{status}{rule}"


def _end_cell(when: Timed) -> str:
    if when.end is None:
        return "?"
    same_day = when.end.wall.date() == when.start.wall.date()
    text = _clock(when.end.wall) if same_day else f"{when.end.wall:%a %Y-%m-%d} {_clock(when.end.wall)}"
    return text if when.end.tzid == when.start.tzid else f"{text} {when.end.tzid}"


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"


def _long_time(time: ZonedTime) -> str:
    offset = format_offset(offset_at(time.instant, time.tzid))
    local, utc = (f"{moment:%a %Y-%m-%d} {_clock(moment)}" for moment in (time.wall, time.instant))
    return f"{local} {time.tzid} ({offset}) = {utc}Z"
