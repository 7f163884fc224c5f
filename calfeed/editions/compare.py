"""Compare what was published with the sources, event by event, as subscribers see it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from calfeed.model import Event, Status, Timed, event_path
from calfeed.revisions.content_diff import facts_of, format_times, is_same_but_for_law, is_same_content
from calfeed.revisions.content_values import Content
from calfeed.revisions.revise import Published, has_passed, lost_uids, removed_events
from calfeed.revisions.vanished import with_vanished
from calfeed.text.characters import close_embeddings

MAX_SHOWN = 160
"""The maximum number of characters shown of a changed field."""


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
    """Return the changes: first those of the events, in their order, then the removed events.

    Args:
        events: the events of the sources, each with its content.
        published: what was published, by UID.
        laws: the zones whose law changed.
        now: events that end before this time count as past; None to count none as past.

    Raises:
        OutputError: an event changed, and its content in the manifest is unreadable.
    """
    pairs = tuple(events)
    published = with_vanished([event for event, _ in pairs], published, now)
    lost = lost_uids({event.uid for event, _ in pairs}, published)
    changes, compared_uids = [], set()
    for event, content in pairs:
        before = published.get(event.uid) or lost.get(event.id)
        compared_uids.add(before.uid if before else event.uid)
        if before is None:
            changes.append(_change(Kind.ADDED, event))
        elif before.uid != event.uid or not is_same_content(before.content, content):
            changes.append(_compare_one(event, content, before, laws))
    for item in removed_events((event for event, _ in pairs), published):
        is_known = item.uid in compared_uids or item.removed is not None
        if not is_known and item.event.status is not Status.CANCELLED:
            is_past = now is not None and has_passed(item, now)
            changes.append(_change(Kind.REMOVED if is_past else Kind.CANCELLED, item.event))
    return tuple(changes)


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
        "fields": [{"field": field.name, "before": field.before, "after": field.after} for field in change.fields],
    }


def shorten(before: str, after: str) -> tuple[str, str]:
    """Return each of two texts on one line; long texts begin shortly before the first difference."""
    lines = [" ".join(text.split()) for text in (before, after)]
    if lines[0] == lines[1]:
        return lines[0][:MAX_SHOWN], "different spaces or line breaks"
    pairs = enumerate(zip(*lines, strict=False))
    common = next((n for n, (first, second) in pairs if first != second), len(min(lines, key=len)))
    begin = max(0, common - MAX_SHOWN // 4) if max(map(len, lines)) > MAX_SHOWN else 0
    first, second = (_cut(line, begin) for line in lines)
    return first, second


def _cut(line: str, begin: int) -> str:
    end = begin + MAX_SHOWN
    return ("…" if begin else "") + close_embeddings(line[begin:end]) + ("…" if len(line) > end else "")


def _compare_one(event: Event, content: Content, before: Published, laws: Container[str]) -> Change:
    """Return the change of an event whose UID or content changed."""
    old = before.event
    fields = [] if before.uid == event.uid else [FieldChange("uid", before.uid, event.uid)]
    fields += _differences(before.content, content)
    if before.removed is not None and event.status is not Status.CANCELLED:
        kind = Kind.RESTORED
    elif event.status is Status.CANCELLED and old.status is not Status.CANCELLED:
        kind = Kind.CANCELLED
    elif before.uid == event.uid and _is_in_zone_of(event, laws) and is_same_but_for_law(before.content, content):
        return _change(Kind.MOVED, event, fields)
    else:
        kind = Kind.CHANGED
    # If anything else changed, the offsets of a series follow from it.
    return _change(kind, event, (field for field in fields if field.name != "offsets"))


def _change(kind: Kind, event: Event, fields: Iterable[FieldChange] = ()) -> Change:
    return Change(
        kind=kind,
        id=event.id,
        uid=event.uid,
        path=event_path(event.id),
        summary=event.summary,
        start=format_times(event.when)[0],
        timezone=event.when.start.tzid if isinstance(event.when, Timed) else None,
        fields=tuple(fields),
    )


def _differences(before: Content, after: Content) -> Iterator[FieldChange]:
    old, new = facts_of(before), facts_of(after)
    for name in {**old, **new}:
        if old.get(name) != new.get(name):
            yield FieldChange(name, old.get(name), new.get(name))


def _is_in_zone_of(event: Event, laws: Container[str]) -> bool:
    """Return whether an event begins or ends in one of these zones."""
    when = event.when
    return isinstance(when, Timed) and any(time is not None and time.tzid in laws for time in (when.start, when.end))
