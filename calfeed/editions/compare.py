"""Compare what was published with the sources, event by event, as subscribers see it.

Times are written as in RFC 9557 (`2027-05-18T18:00:00+03:00[Europe/Tallinn]`): local time, offset and zone in one.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from calfeed.model import Event, Status, event_path
from calfeed.revisions.content import Content, is_same_content
from calfeed.revisions.revise import Published, has_passed, lost_uids, removed_events, restore
from calfeed.revisions.vanished import with_vanished
from calfeed.text.characters import close_embeddings
from calfeed.values.times import format_offset

# The fields that a change of a zone's law alone can change; the wall times stay the same.
_LAW = frozenset(("start_utc", "end_utc", "offsets", "skipped"))
_TIMES = frozenset(("start", "end", "start_utc", "end_utc", "timezone", "end_timezone", "all_day"))


MAX_SHOWN = 160
"""How many characters of a changed field are shown."""


class Kind(StrEnum):
    """What happened to an event.

    `moved` means that only the law of its zone changed: the same wall time at a different instant. An event that left
    the sources is `cancelled` for its subscribers, or only `removed` if it had passed.
    """

    ADDED = "added"
    CHANGED = "changed"
    MOVED = "moved"
    CANCELLED = "cancelled"
    RESTORED = "restored"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field before and after, as text; None where it is absent."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What happened to an event. `start` is when it begins now, or began; `timezone` is its zone, if it has one."""

    kind: Kind
    id: str
    uid: str
    path: str
    summary: str
    start: str
    timezone: str | None
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A change in the history of a calendar, with the time it was published."""

    time: datetime
    change: Change


def compare(
    events: Iterable[tuple[Event, Content]],
    published: Mapping[str, Published],
    laws: Container[str],
    now: datetime | None,
) -> tuple[Change, ...]:
    """Return the changes: first those of the events, in their order, then the events that were taken away.

    Args:
        events: the events of the sources, each with its content.
        published: what was published, by UID.
        laws: the zones whose law changed.
        now: events that end before this time have passed; None if none have.

    Raises:
        OutputError: an event changed, and the manifest does not say what it was.
    """
    held = tuple(events)
    published = with_vanished([event for event, _ in held], published, now)
    uids = {event.uid for event, _ in held}
    by_id = lost_uids(uids, published)
    found, compared = [], set()
    for event, content in held:
        before = published.get(event.uid) or by_id.get(event.id)
        compared.add(before.uid if before else event.uid)
        if before is None:
            found.append(_describe(Kind.ADDED, event.id, event.uid, content, ()))
        elif before.uid != event.uid or not is_same_content(before.content, content):
            found.append(_change(event, content, before, laws))
    for item in removed_events((event for event, _ in held), published):
        is_told = item.uid in compared or item.removed is not None
        if not is_told and item.content.get("status") != Status.CANCELLED.value:
            kind = Kind.REMOVED if now is not None and has_passed(item, now) else Kind.CANCELLED
            found.append(_describe(kind, item.id, item.uid, item.content, ()))
    return tuple(found)


def change_record(change: Change) -> dict[str, object]:
    """Return a change as JSON values, as in the manifest and `diff --format json`."""
    return {
        "change": change.kind.value,
        "id": change.id,
        "uid": change.uid,
        "path": change.path,
        "summary": change.summary,
        "start": change.start,
        "timezone": change.timezone,
        "fields": [{"field": each.name, "before": each.before, "after": each.after} for each in change.fields],
    }


def facts_of(content: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields of a content as texts to compare and show, with one entry for each override."""
    facts = {"start": _time(content, "start")}
    if "end" in content:
        facts["end"] = _time(content, "end")
    for key, value in content.items():
        if key in _TIMES:
            continue
        if key == "overrides":
            facts |= {f"override {each['recurrence_id']}": _override(each) for each in value}
        else:
            facts[key] = _text(key, value)
    return facts


def shorten(before: str, after: str) -> tuple[str, str]:
    """Return each of two texts on one line; long texts begin shortly before the first difference."""
    lines = [" ".join(text.split()) for text in (before, after)]
    if lines[0] == lines[1]:
        return lines[0][:MAX_SHOWN], "other spaces or line breaks"
    same = next((n for n, pair in enumerate(zip(*lines, strict=False)) if pair[0] != pair[1]), len(min(lines, key=len)))
    begin = max(0, same - MAX_SHOWN // 4) if max(map(len, lines)) > MAX_SHOWN else 0
    first, second = (_cut(line, begin) for line in lines)
    return first, second


def _cut(line: str, begin: int) -> str:
    end = begin + MAX_SHOWN
    return ("…" if begin else "") + close_embeddings(line[begin:end]) + ("…" if len(line) > end else "")


def _change(event: Event, content: Content, before: Published, laws: Container[object]) -> Change:
    restore(before)  # raises unless the content describes an event
    fields = [] if before.uid == event.uid else [FieldChange("uid", before.uid, event.uid)]
    fields += _differences(before.content, content)
    if before.removed is not None and content["status"] != Status.CANCELLED.value:
        kind = Kind.RESTORED
    elif content["status"] == Status.CANCELLED.value != before.content["status"]:
        kind = Kind.CANCELLED
    elif before.uid == event.uid and _is_moved(before.content, content, laws):
        return _describe(Kind.MOVED, event.id, event.uid, content, fields)
    else:
        kind = Kind.CHANGED
    # If anything else changed, the offsets of a series follow from it.
    fields = [field for field in fields if field.name != "offsets"]
    return _describe(kind, event.id, event.uid, content, fields)


def _describe(kind: Kind, event_id: str, uid: str, content: Content, fields: Iterable[FieldChange]) -> Change:
    tzid = content.get("timezone")
    return Change(
        kind=kind,
        id=event_id,
        uid=uid,
        path=event_path(event_id),
        summary=str(content["summary"]),
        start=_time(content, "start"),
        timezone=None if tzid is None else str(tzid),
        fields=tuple(fields),
    )


def _differences(before: Content, after: Content) -> Iterator[FieldChange]:
    old, new = facts_of(before), facts_of(after)
    for name in {**old, **new}:
        if old.get(name) != new.get(name):
            yield FieldChange(name, old.get(name), new.get(name))


def _is_moved(before: Content, after: Content, laws: Container[object]) -> bool:
    is_of_law = any(after.get(key) in laws for key in ("timezone", "end_timezone"))
    return is_of_law and _without_law(before) == _without_law(after)


def _without_law(content: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in content.items() if key not in _LAW}
    if "overrides" in kept:
        # calfeed itself writes out an occurrence during a clock change; under a different law it may not need to.
        kept["overrides"] = [_without_law(each) for each in kept["overrides"] if not _is_of_clocks(each, content)]
    return kept


def _is_of_clocks(override: Mapping[str, Any], series: Mapping[str, Any]) -> bool:
    """Return whether an override differs from its series only in its times."""
    alone = {*_TIMES, "recurrence_id", "rrule", "rdates", "exdates", "offsets", "overrides"}
    own, general = ({k: v for k, v in each.items() if k not in alone} for each in (override, series))
    return own == general and override.get("start") == override["recurrence_id"]


def _time(content: Mapping[str, Any], key: str) -> str:
    if content.get("all_day"):
        return str(content[key])
    wall, instant = datetime.fromisoformat(content[key]), datetime.fromisoformat(content[f"{key}_utc"])
    tzid = content.get(f"{key}_timezone", content["timezone"])
    return f"{content[key]}{format_offset(wall - instant.replace(tzinfo=None))}[{tzid}]"


def _override(content: Mapping[str, Any]) -> str:
    facts = facts_of({key: value for key, value in content.items() if key != "recurrence_id"})
    return "; ".join(f"{name}: {value}" for name, value in facts.items())


def _text(key: str, value: Any) -> str:
    match key, value:
        case "location", {}:
            geo = ", ".join(str(degrees) for degrees in value.get("geo", ()))
            parts = (value["name"], value.get("address"), f"({geo})" if geo else None)
            return ", ".join(part for part in parts if part)
        case "ending", {}:
            return f"{value['status']} until {value['at']}"
        case "organizer", {}:
            return ", ".join(str(part) for part in value.values())
        case "reminders", [*_]:
            return ", ".join(str(timedelta(days=each["days"], seconds=each["seconds"])) for each in value)
        case "properties", {}:
            return "; ".join(f"{name}: {text}" for name, text in value.items())
        case _, [*_]:
            return ", ".join(str(item) for item in value)
        case _, bool():
            return "yes" if value else "no"
        case _:
            return str(value)
