"""What subscribers see of an event, and which revision of it that is.

The content of an event is compared with what the last manifest says was published. Unchanged, it keeps its number and
its stamps, so that a rebuild at any time gives the same bytes; changed, it gets the next number and the build's time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from calfeed.errors import Problem, warning
from calfeed.model import AllDay, Event, Organizer, Recurrence, Timed, Venue
from calfeed.notation import format_offset
from calfeed.series import offsets_of

Content: TypeAlias = "dict[str, object]"
"""The fields of an event that a subscriber can see, as JSON values."""

FINGERPRINT_VERSION = 1
"""Part of every fingerprint: to be raised together with a way to compare with older ones."""


@dataclass(frozen=True, slots=True)
class Revision:
    """SEQUENCE, CREATED and LAST-MODIFIED of an event; its DTSTAMP is the last of the three."""

    sequence: int
    created: datetime
    last_modified: datetime


@dataclass(frozen=True, slots=True)
class Published:
    """An event as a manifest remembers it."""

    fingerprint: str
    revision: Revision


@dataclass(frozen=True, slots=True)
class Revised:
    """An event with its content, the fingerprint of it, and its revision."""

    event: Event
    content: Content
    fingerprint: str
    revision: Revision


def revise(
    events: Iterable[Event], baseline: Mapping[str, Published], now: datetime
) -> tuple[tuple[Revised, ...], tuple[Problem, ...]]:
    """Return every event with its revision, and a problem for each floor in the sources that is below the ledger.

    Args:
        events: the events of the sources.
        baseline: what was published before, by UID.
        now: the build's time; seconds and smaller parts beyond them are cut.
    """
    build_time = now.astimezone(UTC).replace(microsecond=0)
    revised: list[Revised] = []
    problems: list[Problem] = []
    for event in events:
        content = content_of(event)
        fingerprint = fingerprint_of(content)
        before = baseline.get(event.uid)
        revised.append(Revised(event, content, fingerprint, _revision(event, fingerprint, before, build_time)))
        if before is not None:
            problems += _stale_floors(event, before.revision)
    return tuple(revised), tuple(problems)


def content_of(event: Event) -> Content:
    """Return the fields of an event that a subscriber can see. What is empty is left out.

    So a key that a later version adds changes no fingerprint of events that do not use it.
    """
    fields: Content = {
        "summary": event.summary,
        "status": event.status.value,
        **_when(event.when),
        **_series(event.recurrence, event.when),
        "location": _location(event.venue),
        "online": event.online,
        "description": event.description,
        "url": event.url,
        "categories": list(event.categories),
        "organizer": _organizer(event.organizer),
        "busy": event.busy,
        "reminders": [{"days": r.days, "seconds": r.seconds} for r in event.reminders],
        "properties": dict(event.properties),
    }
    return {key: value for key, value in fields.items() if value not in (None, [], {}, False)}


def fingerprint_of(content: Content) -> str:
    """Return the hash of an event's content: equal when, and only when, subscribers see the same."""
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"{FINGERPRINT_VERSION}:{hashlib.sha256(canonical.encode()).hexdigest()}"


def format_utc(instant: datetime) -> str:
    """Return an instant as `YYYY-MM-DDTHH:MM:SSZ`."""
    return f"{instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def _when(when: AllDay | Timed) -> Content:
    if isinstance(when, AllDay):
        return {"all_day": True, "start": when.first.isoformat(), "end": when.last.isoformat()}
    start, end = when.start, when.end
    fields: Content = {"timezone": start.tzid, "start": start.wall.isoformat(), "start_utc": format_utc(start.instant)}
    if end is not None:
        fields |= {"end": end.wall.isoformat(), "end_utc": format_utc(end.instant)}
        if end.tzid != start.tzid:
            fields["end_timezone"] = end.tzid
    return fields


def _series(recurrence: Recurrence | None, when: AllDay | Timed) -> Content:
    """Return what makes the series; `offsets` changes when the law of its zone moves an occurrence."""
    if recurrence is None:
        return {}

    def show(start: datetime) -> str:
        return start.date().isoformat() if isinstance(when, AllDay) else start.isoformat()

    offsets = offsets_of(when, recurrence) if isinstance(when, Timed) else ()
    return {
        "rrule": recurrence.rrule,
        "rdates": [show(start) for start in recurrence.rdates],
        "exdates": [show(start) for start in recurrence.exdates],
        "overrides": [
            {"recurrence_id": show(instance.recurrence_id), **content_of(instance.event)}
            for instance in recurrence.instances
        ],
        "offsets": [f"{show(start)}{format_offset(offset)}" for start, offset in offsets],
    }


def _location(venue: Venue | None) -> Content:
    if venue is None:
        return {}
    fields: Content = {"name": venue.name, "address": venue.address.line, "geo": list(venue.geo or ())}
    return {key: value for key, value in fields.items() if value}


def _organizer(organizer: Organizer | None) -> Content:
    if organizer is None:
        return {}
    fields = {"name": organizer.name, "email": organizer.email, "url": organizer.url}
    return {key: value for key, value in fields.items() if value}


def _revision(event: Event, fingerprint: str, before: Published | None, build_time: datetime) -> Revision:
    if before is None:
        sequence = event.sequence or 0
        last_modified = event.last_modified or max(build_time, event.created or build_time)
        created = event.created or min(build_time, last_modified)
        if event.last_modified is not None and event.created is None:
            created = last_modified  # the only thing known of its past
    else:
        old = before.revision
        created = max(old.created, event.created or old.created)
        if fingerprint == before.fingerprint:
            sequence, last_modified = old.sequence, old.last_modified
        else:
            # Later than before even when the clock is not: ICSx5 takes nothing else for an update.
            sequence = old.sequence + 1
            last_modified = max(build_time, old.last_modified + timedelta(seconds=1))
        sequence = max(sequence, event.sequence or 0)
        last_modified = max(last_modified, event.last_modified or last_modified)
    return Revision(sequence, created, max(created, last_modified))


def _stale_floors(event: Event, old: Revision) -> Iterable[Problem]:
    floors = (
        ("sequence", event.sequence, old.sequence),
        ("created", event.created, old.created),
        ("last_modified", event.last_modified, old.last_modified),
    )
    for key, floor, published in floors:
        if floor is not None and floor < published:  # type: ignore[operator]
            shown = format_utc(published) if isinstance(published, datetime) else published
            message = f"`{key}` of `{event.id}` is behind what was published, {shown}"
            hint = f"delete `{key}`: calfeed keeps it up to date"
            yield warning(dict(event.stamp_marks).get(key, event.mark), "stale-revision", message, hint)
