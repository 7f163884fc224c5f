"""Convert an event to its content, which is what subscribers see of it, and a content back to an event.

The manifest stores the content of each event. Tombstones and comparisons are made from it. Only this module,
`content_values` and `content_diff` know its keys.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from calfeed.diagnostics.problem import InvalidValue, Mark
from calfeed.model import AllDay, Ending, Event, Instance, Recurrence, Status, Timed, ZoneChoice
from calfeed.revisions import content_values
from calfeed.revisions.content_values import Content, Kind
from calfeed.series.expand import TooManySteps
from calfeed.series.matching import series_of
from calfeed.series.occurrences import offsets_of
from calfeed.series.pieces import MAX_SKIPPED
from calfeed.values import ids, places
from calfeed.values.rule_reader import read_published_rule
from calfeed.values.rules import Rule
from calfeed.values.times import WrittenTime, format_offset

UNREADABLE = (ArithmeticError, AttributeError, LookupError, InvalidValue, TooManySteps, TypeError, ValueError)
"""The exceptions that reading an invalid content may raise."""
FINGERPRINT_VERSION = 1
"""Part of every fingerprint. Raising it revises no event, because published events are also compared by content."""

_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_HALF_A_DAY = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an event that has its own key in a content: the key, the attribute of `Event`, and the kind."""

    key: str
    attribute: str
    kind: Kind[Any]


_REQUIRED = (
    Field("summary", "summary", content_values.LINE),
    Field("status", "status", content_values.STATUS),
)
_OPTIONAL = (
    Field("location", "venue", content_values.VENUE),
    Field("online", "online", content_values.ADDRESS),
    Field("description", "description", content_values.TEXT),
    Field("url", "url", content_values.ADDRESS),
    Field("links", "links", content_values.LINKS),
    Field("categories", "categories", content_values.CATEGORIES),
    Field("organizer", "organizer", content_values.ORGANIZER),
    Field("busy", "busy", content_values.FLAG),
    Field("reminders", "reminders", content_values.REMINDERS),
    Field("properties", "properties", content_values.PROPERTIES),
)
# Only a series has these.
_SERIES_KEYS = frozenset(("ending", "rrule", "rdates", "exdates", "overrides", "skipped", "offsets"))
KINDS: Mapping[str, Kind[Any]] = {
    "ending": content_values.ENDING,
    **{field.key: field.kind for field in (*_REQUIRED, *_OPTIONAL)},
}
"""The kind of value of each key, except the keys of times and the other keys of a series."""


def content_of(event: Event) -> Content:
    """Return the fields of an event that a subscriber can see, without empty ones.

    A key that a later version adds therefore changes no fingerprint of events that do not use it.
    """
    content: Content = {field.key: field.kind.write(getattr(event, field.attribute)) for field in _REQUIRED}
    if event.ending is not None:
        content["ending"] = content_values.ENDING.write(event.ending)
    content.update(content_values.write_when(event.when))
    if event.recurrence is not None:
        content.update(_write_series(event.recurrence, event.when))
    for field in _OPTIONAL:
        value = getattr(event, field.attribute)
        if value:
            content[field.key] = field.kind.write(value)
    return content


def texts_of(event: Event) -> dict[str, str]:
    """Return the optional fields of an event that a subscriber can see as texts for people, by key."""
    texts = {}
    for field in _OPTIONAL:
        value = getattr(event, field.attribute)
        if value:
            texts[field.key] = field.kind.show(field.kind.write(value))
    return texts


def event_of(content: Mapping[str, Any], event_id: str, uid: str, tzid: str | None, mark: Mark) -> Event:
    """Return the event that has this content, at the instants it was published with.

    Raises:
        UNREADABLE: the content does not describe an event.
    """
    event = _single_event_of(content, event_id, uid, tzid, mark)
    if _SERIES_KEYS.isdisjoint(content):
        return event
    ending = content_values.ENDING.read(content["ending"], mark) if "ending" in content else None
    return replace(event, recurrence=_read_series(content, event), ending=ending)


def _single_event_of(content: Mapping[str, Any], event_id: str, uid: str, tzid: str | None, mark: Mark) -> Event:
    present = (*_REQUIRED, *(field for field in _OPTIONAL if field.key in content))
    return Event(
        id=ids.read_id(event_id),
        uid=ids.read_published_uid(uid),
        when=content_values.read_when(content),
        zone=ZoneChoice(tzid=places.read_zone(tzid), reason="it was published in this zone") if tzid else None,
        mark=mark,
        **{field.attribute: field.kind.read(content[field.key], mark) for field in present},
    )


def fingerprint_of(content: Content) -> str:
    """Return the hash of an event's content; two hashes are equal if and only if subscribers see the same."""
    canonical = _CANONICAL.encode(content)
    return f"{FINGERPRINT_VERSION}:{hashlib.sha256(canonical.encode()).hexdigest()}"


def cancelled(content: Content, ending: Ending | None = None, past: Container[datetime] = ()) -> Content:
    """Return a content with the event and all its occurrences cancelled.

    Args:
        content: what was published; it describes an event.
        ending: when a running series ends.
        past: the `recurrence_id` of each override that was over by then; these are kept.
    """
    changed: Content = {**content, "status": Status.CANCELLED.value}
    if ending is not None:
        changed["ending"] = content_values.ENDING.write(ending)
    if "overrides" in content:
        changed["overrides"] = [
            override if recurrence_id_of(override) in past else cancelled(override)
            for override in overrides_of(content)
        ]
    return changed


def overrides_of(content: Mapping[str, Any]) -> list[Content]:
    """Return the contents of the occurrences that differ from their series, each with its `recurrence_id`."""
    return cast("list[Content]", content.get("overrides", []))


def recurrence_id_of(override: Mapping[str, Any]) -> datetime:
    """Return the `recurrence_id` of an override: the start of the occurrence that it replaces."""
    return content_values.read_wall(override["recurrence_id"])


# -- series -----------------------------------------------------------------------------------------------------


def _write_series(recurrence: Recurrence, when: AllDay | Timed) -> Content:
    """Return the keys of a series; `offsets` changes when the law of its zone moves an occurrence."""

    def write(start: datetime) -> str:
        return start.date().isoformat() if isinstance(when, AllDay) else start.isoformat()

    offsets = offsets_of(when, recurrence) if isinstance(when, Timed) else ()
    values: Content = {
        "rrule": recurrence.rrule,
        "rdates": [write(start) for start in recurrence.rdates],
        "exdates": [write(start) for start in recurrence.exdates],
        "overrides": [
            {"recurrence_id": write(instance.recurrence_id), **content_of(instance.event)}
            for instance in recurrence.instances
        ],
        "skipped": [write(start) for start in recurrence.skipped],
        "offsets": [f"{write(start)}{format_offset(offset)}" for start, offset in offsets],
    }
    return {key: value for key, value in values.items() if value}


def _read_series(content: Mapping[str, Any], event: Event) -> Recurrence:
    """Return the series. It can be nominal, because occurrences that end on a clock change are among its instances."""
    rule = read_published_rule(content["rrule"])
    by_rule = series_of(_in_wall_time(rule, content, event.when), event.when, event.mark, is_nominal=True)
    rdates, exdates, skipped = (
        tuple(content_values.read_wall(text) for text in content.get(key, ()))
        for key in ("rdates", "exdates", "skipped")
    )
    starts = tuple(sorted({*by_rule.starts, *rdates} - {*exdates})) if by_rule.starts else ()
    return replace(
        by_rule,
        until=_published_until(rule) or by_rule.until,
        rdates=rdates,
        exdates=exdates,
        starts=starts,
        instances=tuple(_read_override(override, event) for override in overrides_of(content)),
        skipped=skipped[:MAX_SKIPPED],
    )


def _read_override(override: Mapping[str, Any], series: Event) -> Instance:
    if not _SERIES_KEYS.isdisjoint(override):
        raise ValueError("an occurrence is not a series")
    tzid = series.zone.tzid if series.zone else None
    return Instance(recurrence_id_of(override), _single_event_of(override, series.id, series.uid, tzid, series.mark))


def _in_wall_time(rule: Rule, content: Mapping[str, Any], when: AllDay | Timed) -> Rule:
    """Return the rule of a series with UNTIL in wall time, by the law that the series was published with.

    UNTIL is an instant. A different law would give a different wall time, which could drop the last start or add one.
    """
    until = rule.until
    if isinstance(when, AllDay) or not isinstance(until, WrittenTime) or until.offset is None:
        return rule
    last = until.wall - until.offset + content_values.read_offset(content["offsets"][-1])
    # The last start may be on a clock change and the only one with its offset. The next start is a day away.
    return replace(rule, until=WrittenTime(last if rule.is_within_days else last + _HALF_A_DAY))


def _published_until(rule: Rule) -> datetime | None:
    until = rule.until
    if not isinstance(until, WrittenTime) or until.offset is None:
        return None
    return (until.wall - until.offset).replace(tzinfo=UTC)
