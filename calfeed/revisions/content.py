"""Convert what subscribers see of an event to JSON values, and back to an event.

The manifest stores the content of each event. Tombstones and comparisons are made from it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeAlias

from calfeed.diagnostics.problem import InvalidValue, Mark
from calfeed.model import (
    Address,
    AllDay,
    Ending,
    Event,
    Instance,
    Organizer,
    Recurrence,
    Status,
    Timed,
    Venue,
    ZoneChoice,
    ZonedTime,
)
from calfeed.series.expand import TooManySteps
from calfeed.series.matching import series_of
from calfeed.series.occurrences import offsets_of
from calfeed.series.pieces import MAX_SKIPPED
from calfeed.text.urls import earlier_spelling, read_published_url
from calfeed.values import addresses, ids, places, texts
from calfeed.values.rules import Rule, read_published_rule
from calfeed.values.times import Duration, WrittenTime, format_offset

UNREADABLE = (ArithmeticError, AttributeError, LookupError, InvalidValue, TooManySteps, TypeError, ValueError)
"""The exceptions that reading an invalid content may raise."""
Content: TypeAlias = "dict[str, object]"
"""The fields of an event that a subscriber can see, as JSON values."""

_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_HALF_A_DAY = timedelta(hours=12)
FINGERPRINT_VERSION = 1
"""Part of every fingerprint. Raising it revises no event, because published events are also compared by content."""


def content_of(event: Event) -> Content:
    """Return the fields of an event that a subscriber can see, without empty ones.

    A key that a later version adds therefore changes no fingerprint of events that do not use it.
    """
    values: Content = {
        "summary": event.summary,
        "status": event.status.value,
        "ending": _ending(event.ending),
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
    return {key: value for key, value in values.items() if value not in (None, [], {}, False)}


def cancelled(content: Content, ending: Ending | None = None, past: Container[str] = ()) -> Content:
    """Return a content with the event and all its occurrences cancelled.

    Args:
        content: what was published.
        ending: when a running series ends.
        past: the `recurrence_id` of each override that was over by then; these are kept.
    """
    changed: Content = {**content, "status": Status.CANCELLED.value}
    if ending is not None:
        changed["ending"] = _ending(ending)
    overrides = content.get("overrides")
    if isinstance(overrides, list):
        changed["overrides"] = [each if each["recurrence_id"] in past else cancelled(each) for each in overrides]
    return changed


def is_same_content(before: Content, after: Content) -> bool:
    """Return whether two contents mean the same; hosts in `before` may be spelled as an earlier calfeed wrote them."""
    return before == after or before == _with_earlier_spelling(after)


def _with_earlier_spelling(content: Content) -> Content:
    spelled = {key: earlier_spelling(url) for key in ("url", "online") if isinstance(url := content.get(key), str)}
    organizer, overrides = content.get("organizer"), content.get("overrides")
    nested: Content = {}
    if isinstance(organizer, dict) and "url" in organizer:
        nested["organizer"] = {**organizer, "url": earlier_spelling(organizer["url"])}
    if isinstance(overrides, list):
        nested["overrides"] = [_with_earlier_spelling(override) for override in overrides]
    return {**content, **spelled, **nested}


def fingerprint_of(content: Content) -> str:
    """Return the hash of an event's content; it is equal if and only if subscribers see the same."""
    canonical = _CANONICAL.encode(content)
    return f"{FINGERPRINT_VERSION}:{hashlib.sha256(canonical.encode()).hexdigest()}"


def format_utc(instant: datetime) -> str:
    """Return an instant as `YYYY-MM-DDTHH:MM:SSZ`."""
    return f"{instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def _when(when: AllDay | Timed) -> Content:
    if isinstance(when, AllDay):
        return {"all_day": True, "start": when.first.isoformat(), "end": when.last.isoformat()}
    start, end = when.start, when.end
    values: Content = {"timezone": start.tzid, "start": start.wall.isoformat(), "start_utc": format_utc(start.instant)}
    if end is not None:
        values |= {"end": end.wall.isoformat(), "end_utc": format_utc(end.instant)}
        if end.tzid != start.tzid:
            values["end_timezone"] = end.tzid
    return values


def _series(recurrence: Recurrence | None, when: AllDay | Timed) -> Content:
    """Return the fields of a series; `offsets` changes when the law of its zone moves an occurrence."""
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
        "skipped": [show(start) for start in recurrence.skipped],
        "offsets": [f"{show(start)}{format_offset(offset)}" for start, offset in offsets],
    }


def _ending(ending: Ending | None) -> Content:
    return {} if ending is None else {"at": format_utc(ending.at), "status": ending.status.value}


def _location(venue: Venue | None) -> Content:
    if venue is None:
        return {}
    values: Content = {"name": venue.name, "address": venue.address.line, "geo": list(venue.geo or ())}
    return {key: value for key, value in values.items() if value}


def _organizer(organizer: Organizer | None) -> Content:
    if organizer is None:
        return {}
    values = {"name": organizer.name, "email": organizer.email, "url": organizer.url}
    return {key: value for key, value in values.items() if value}


# -- and back ---------------------------------------------------------------------------------------------------


def event_of(content: Mapping[str, Any], event_id: str, uid: str, tzid: str | None, mark: Mark) -> Event:
    """Return the event that has this content, at the instants it was published with.

    Every value is checked as strictly as in the sources, because a manifest may come from elsewhere.

    Raises:
        UNREADABLE: the content does not describe an event.
    """
    organizer = content.get("organizer", {})
    event = Event(
        id=ids.read_id(event_id),
        uid=ids.read_published_uid(uid),
        summary=texts.read_line(content["summary"]),
        when=_read_when(content),
        zone=ZoneChoice(tzid=places.read_zone(tzid), reason="it was published so") if tzid else None,
        status=Status(content["status"]),
        venue=_read_location(content["location"], mark) if "location" in content else None,
        online=_read(read_published_url, content.get("online")),
        description=_read(texts.read_text, content.get("description")),
        url=_read(read_published_url, content.get("url")),
        categories=tuple(texts.read_category(each) for each in content.get("categories", ())),
        organizer=_read_organizer(organizer) if organizer else None,
        busy=content.get("busy", False) is True,
        reminders=tuple(_read_reminder(each) for each in content.get("reminders", ())),
        properties=tuple(
            (ids.read_property_name(name), texts.read_line(value))
            for name, value in sorted(content.get("properties", {}).items())
        ),
        mark=mark,
    )
    if "rrule" not in content:
        return event
    ending = _read_ending(content["ending"]) if "ending" in content else None
    return replace(event, recurrence=_read_series(content, event), ending=ending)


def _read(read: Callable[[str], str], value: str | None) -> str | None:
    return None if value is None else read(value)


def _read_organizer(organizer: Mapping[str, Any]) -> Organizer:
    return Organizer(
        name=texts.read_line(organizer["name"]),
        email=_read(addresses.read_email, organizer.get("email")),
        url=_read(read_published_url, organizer.get("url")),
    )


def _read_reminder(reminder: Mapping[str, Any]) -> Duration:
    days, seconds = int(reminder["days"]), int(reminder["seconds"])
    timedelta(days=days, seconds=seconds)  # raises OverflowError if out of range
    return Duration(days, seconds)


def _read_when(content: Mapping[str, Any]) -> AllDay | Timed:
    if content.get("all_day"):
        return AllDay(date.fromisoformat(content["start"]), date.fromisoformat(content["end"]))
    tzid = content["timezone"]
    end = None
    if "end" in content:
        end = _read_time(content["end"], content.get("end_timezone", tzid), content["end_utc"])
    return Timed(_read_time(content["start"], tzid, content["start_utc"]), end)


def _read_time(wall: str, tzid: str, instant: str) -> ZonedTime:
    shown = datetime.fromisoformat(wall)
    if shown.tzinfo is not None:
        raise ValueError(f"{wall} is no wall time")
    return ZonedTime(shown, places.read_zone(tzid), _read_instant(instant))


def _read_instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text} is no instant")
    return instant.astimezone(UTC)


def _read_ending(ending: Mapping[str, Any]) -> Ending:
    return Ending(_read_instant(ending["at"]), Status(ending["status"]))


def _read_location(location: Mapping[str, Any], mark: Mark) -> Venue:
    geo = None
    if "geo" in location:
        latitude, longitude = (float(degrees) for degrees in location["geo"])
        geo = (latitude, longitude)
    return Venue(
        id=None,
        name=texts.read_line(location["name"]),
        address=Address(street=_read(texts.read_line, location.get("address"))),
        geo=geo,
        mark=mark,
    )


def _read_series(content: Mapping[str, Any], event: Event) -> Recurrence:
    """Return the series. It can be nominal, because occurrences that end on a clock change are among its instances."""
    by_rule = series_of(_read_local_rule(content, event.when), event.when, event.mark, is_nominal=True)
    rdates, exdates, skipped = (_read_starts(content.get(key, ())) for key in ("rdates", "exdates", "skipped"))
    instances = []
    for each in content.get("overrides", ()):
        start = datetime.fromisoformat(each["recurrence_id"])
        tzid = event.zone.tzid if event.zone else None
        instances.append(Instance(start, event_of(each, event.id, event.uid, tzid, event.mark)))
    starts = tuple(sorted({*by_rule.starts, *rdates} - {*exdates})) if by_rule.starts else ()
    return replace(
        by_rule,
        rrule=content["rrule"],
        rdates=rdates,
        exdates=exdates,
        starts=starts,
        instances=tuple(instances),
        skipped=skipped[:MAX_SKIPPED],
    )


def _read_local_rule(content: Mapping[str, Any], when: AllDay | Timed) -> Rule:
    """Return the rule of a series with UNTIL in wall time, by the law that the series was published with.

    UNTIL is an instant. A different law would give a different wall time, and could cut off the last start or add one.
    """
    rule = read_published_rule(content["rrule"])
    until = rule.until
    if isinstance(when, AllDay) or not isinstance(until, WrittenTime) or until.offset is None:
        return rule
    last = until.wall - until.offset + _offset_of(content["offsets"][-1])
    # The last start may fall on a clock change and alone have its offset. The next one is a day away.
    return replace(rule, until=WrittenTime(last if rule.is_within_days else last + _HALF_A_DAY))


def _offset_of(text: str) -> timedelta:
    offset = datetime.fromisoformat(text).utcoffset()
    if offset is None:
        raise ValueError(f"{text} has no offset")
    return offset


def _read_starts(texts: Sequence[str]) -> tuple[datetime, ...]:
    return tuple(datetime.fromisoformat(text) for text in texts)
