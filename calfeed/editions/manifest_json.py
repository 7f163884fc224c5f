"""Write and read calfeed.json, the record of what was published, for programs and the next build."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import chain
from typing import Any

from calfeed.artifact import Artifact
from calfeed.diagnostics.problem import Mark, OutputError, problem_at
from calfeed.editions.compare import Change, Entry, FieldChange, Kind, change_record
from calfeed.editions.edition import Edition
from calfeed.editions.manifest import MANIFEST, Manifest, PublishedFeed
from calfeed.editions.zone_law import Law, laws_of
from calfeed.limits.json_size import read_json
from calfeed.model import AllDay, Event, Feed, Timed
from calfeed.revisions.content import UNREADABLE
from calfeed.revisions.revise import NO_COPIES, OldCopies, Published, Revised, Revision
from calfeed.series.occurrences import first_start, horizon_of, settle, starts_between
from calfeed.series.pieces import pieces_of
from calfeed.text.characters import harmless_json
from calfeed.values.ids import MAX_SEQUENCE, read_published_uid
from calfeed.values.texts import read_line, read_text
from calfeed.values.time_hints import FIRST_YEAR, LAST_YEAR
from calfeed.values.times import format_utc
from calfeed.zones.tzdb import TZDB_VERSION

VERSION = 1
"""The version of the manifest's format; a reader refuses a higher one."""


_ENCODER = json.JSONEncoder(ensure_ascii=False)
_SEPARATOR = ",\n"


def render_manifest(edition: Edition, artifacts: Sequence[Artifact]) -> Artifact:
    """Return the manifest of an edition and its artifacts."""
    slugs: dict[str, list[str]] = {}
    for feed in edition.feeds:
        for event_id in feed.event_ids:
            slugs.setdefault(event_id, []).append(feed.slug)
    head = {"version": VERSION, "generator": generator(), "tzdb": TZDB_VERSION, "id": edition.calendar.id}
    feeds = (_json(_feed(feed)) for feed in edition.feeds)
    events = (
        _json(_event(item, slugs.get(item.event.id, []), edition.copies.get(item.event.uid, NO_COPIES)))
        for item in edition.events
    )
    retired = (f"{_json(uid)}: {_json(_revision(revision))}" for uid, revision in sorted(edition.retired.items()))
    laws = laws_of(item.event for item in edition.events)
    zones = (f"{_json(tzid)}: {_json(_law(law))}" for tzid, law in laws.items())
    history = (_json(_entry(entry)) for entry in edition.history)
    files = (
        f"{_json(artifact.path)}: {_json(_file(artifact))}" for artifact in sorted(artifacts, key=lambda a: a.path)
    )
    # One item per line: people can read the diffs, and json encodes single items fast.
    parts = [
        *([f"{_json(key)}: {_json(value)}"] for key, value in head.items()),
        _list('"feeds": [', feeds, "]"),
        _list('"events": [', events, "]"),
        *([_list('"retired": {', retired, "}")] if edition.retired else []),
        _list('"zones": {', zones, "}"),
        _list('"history": [', history, "]"),
        _list('"files": {', files, "}"),
    ]
    # Encoded piece by piece; otherwise a large manifest would be in memory several times.
    pieces = (piece for number, part in enumerate(parts) for piece in chain([_SEPARATOR if number else "{\n"], part))
    return Artifact.of(MANIFEST, *(piece.encode() for piece in pieces), b"\n}\n")


def read_manifest(data: bytes, path: str) -> Manifest:
    """Return the manifest in `data`.

    Args:
        data: the bytes of a calfeed.json.
        path: its name in messages.

    Raises:
        OutputError: it is not a manifest, or its format is newer than this version supports.
    """
    try:
        content = read_json(data)
        number = content["version"]
        if not isinstance(number, int) or number > VERSION:
            hint = "update calfeed: an older version would lose what the newer one recorded"
            message = f"the manifest has format version {number}, but this calfeed only supports {VERSION}"
            raise OutputError([problem_at(Mark(path=path), "newer-manifest", message, hint)])
        return Manifest(
            path=path,
            id=_line(content["id"]),
            tzdb=_line(content["tzdb"]),
            events={item.uid: item for item in (_published(row, path) for row in content["events"])},
            retired={uid: _read_revision(item) for uid, item in content.get("retired", {}).items()},
            feeds=tuple(_published_feed(item) for item in content["feeds"]),
            files={str(name): str(item["sha256"]) for name, item in content["files"].items()},
            history=tuple(_read_entry(item) for item in content.get("history", ())),
            zones={tzid: _read_law(item) for tzid, item in content.get("zones", {}).items()},
        )
    except (*UNREADABLE, RecursionError) as cause:
        hint = "restore it from the last good build; without it, every event would be new to subscribers"
        what = "it is not JSON" if isinstance(cause, json.JSONDecodeError) else "a value is missing or wrong"
        message = f"this is not a calfeed manifest: {what}"
        raise OutputError([problem_at(Mark(path=path), "bad-manifest", message, hint)]) from cause


def same_output(left: bytes, right: bytes) -> bool:
    """Return whether two manifests say the same, regardless of the calfeed and tz database that wrote them."""
    try:
        first, second = json.loads(left), json.loads(right)
    except ValueError:
        return False
    if not isinstance(first, dict) or not isinstance(second, dict):
        return False
    ignored = ("generator", "tzdb", "zones")
    return all(first.get(key) == second.get(key) for key in {**first, **second} if key not in ignored)


def generator() -> str:
    """Return the name and version of this program."""
    return f"calfeed {version('calfeed')}"


def event_record(event: Event) -> dict[str, object]:
    """Return an event as in the manifest and `--format json`, without its revision."""
    record: dict[str, object] = {
        "id": event.id,
        "uid": event.uid,
        "path": event.path,
        "summary": event.summary,
        "status": event.status.value,
        "timezone": event.zone.tzid if event.zone else None,
        **_series_record(event),
        **_pieces_record(event),
    }
    when = event.when
    if isinstance(when, AllDay):
        first, last = when.first.isoformat(), when.last.isoformat()
        return {**record, "start": first, "end": last, "start_utc": None, "end_utc": None, "all_day": True}
    end = when.end
    return {
        **record,
        "start": when.start.wall.isoformat(),
        "end": end.wall.isoformat() if end else None,
        "end_timezone": end.tzid if end else None,
        "start_utc": format_utc(when.start.instant),
        "end_utc": format_utc(end.instant) if end else None,
        "all_day": False,
    }


def _series_record(event: Event) -> dict[str, object]:
    """Return a series' rule and the instants of its first and last start; the last is null for an endless series."""
    recurrence, when = event.recurrence, event.when
    if recurrence is None:
        return {}
    record: dict[str, object] = {"rrule": recurrence.rrule, "first_utc": None, "last_utc": None}
    if isinstance(when, Timed):
        tzid, begin = when.start.tzid, first_start(when)
        first = next(starts_between(when, recurrence, begin, horizon_of(when, recurrence)))
        record["first_utc"] = format_utc(settle(first, tzid)[0].instant)
        if not recurrence.is_endless:
            record["last_utc"] = format_utc(settle(recurrence.starts[-1], tzid)[0].instant)
    return record


def _pieces_record(event: Event) -> dict[str, object]:
    """Return the pieces of an event that has several: each with the keys of an event's row, but times only in UTC."""
    pieces = pieces_of(event)
    return {} if pieces[:1] == (event,) else {"pieces": [_piece(piece) for piece in pieces]}


def _piece(piece: Event) -> dict[str, object]:
    when, series = piece.when, _series_record(piece)
    record: dict[str, object] = {"uid": piece.uid, "status": piece.status.value}
    if isinstance(when, AllDay):
        first, last = when.first.isoformat(), when.last.isoformat()
        return {**record, "start": first, "end": last, "start_utc": None, "end_utc": None, "last_utc": None}
    start_utc, end_utc = format_utc(when.start.instant), format_utc(when.end.instant) if when.end else None
    return {
        **record,
        "start_utc": start_utc,
        "end_utc": end_utc,
        "last_utc": series["last_utc"] if series else start_utc,
    }


def _json(value: object) -> str:
    return harmless_json(_ENCODER.encode(value))


def _list(begin: str, items: Iterable[str], end: str) -> Iterator[str]:
    """Yield a list or a mapping with one item per line."""
    yield begin
    lead = "\n"
    for item in items:
        yield lead + item
        lead = _SEPARATOR
    yield end if lead == "\n" else f"\n{end}"


def _feed(feed: Feed) -> dict[str, object]:
    record = {"slug": feed.slug, "name": feed.name, "path": feed.path, "events": len(feed.event_ids)}
    return record if feed.moved_to is None else {**record, "moved_to": feed.moved_to}


def _event(revised: Revised, slugs: list[str], copies: OldCopies) -> dict[str, object]:
    return {
        **event_record(revised.event),
        **_revision(revised.revision),
        "fingerprint": revised.fingerprint,
        **({} if revised.removed is None else {"removed": format_utc(revised.removed)}),
        "feeds": slugs,
        **_copies(copies),
        "content": revised.content,
    }


def _copies(copies: OldCopies) -> dict[str, object]:
    """Return the keys for outdated copies of an event; most events have none."""
    return {
        **({} if copies.until is None else {"held_until": format_utc(copies.until)}),
        **({"held_in": list(copies.feeds)} if copies.feeds else {}),
    }


def _read_copies(item: Mapping[str, Any]) -> OldCopies:
    if "held_until" not in item and "held_in" not in item:
        return NO_COPIES
    until = _read_utc(item["held_until"]) if "held_until" in item else None
    return OldCopies(until, tuple(map(str, item.get("held_in", ()))))


def _revision(revision: Revision) -> dict[str, object]:
    return {
        "sequence": revision.sequence,
        "created": format_utc(revision.created),
        "last_modified": format_utc(revision.last_modified),
    }


def _read_revision(item: Mapping[str, Any]) -> Revision:
    sequence = item["sequence"]
    if type(sequence) is not int or not 0 <= sequence <= MAX_SEQUENCE:  # True is an int, too
        raise ValueError("sequence")
    return Revision(sequence, _read_utc(item["created"]), _read_utc(item["last_modified"]))


def _law(law: Law) -> dict[str, object]:
    return {"first": law.first_year, "last": law.last_year, "offset": law.offset, "changes": law.changes}


def _read_law(item: Mapping[str, Any]) -> Law:
    first, last = int(item["first"]), int(item["last"])
    if not 1900 <= first <= last <= 2300:
        raise ValueError("years")
    return Law(first, last, _line(item["offset"]), tuple(map(_line, item["changes"])))


def _entry(entry: Entry) -> dict[str, object]:
    return {"time": format_utc(entry.time), **change_record(entry.change)}


def _read_entry(item: Mapping[str, Any]) -> Entry:
    change = Change(
        kind=Kind(item["change"]),
        **{key: read_line(item[key]) for key in ("id", "path", "summary", "start")},
        uid=read_published_uid(item["uid"]),
        timezone=None if item["timezone"] is None else read_line(item["timezone"]),
        fields=tuple(_read_field(field) for field in item["fields"]),
    )
    return Entry(_read_utc(item["time"]), change)


def _read_field(item: Mapping[str, Any]) -> FieldChange:
    before, after = (None if item[key] is None else read_text(item[key]) for key in ("before", "after"))
    return FieldChange(read_line(item["field"]), before, after)


def _file(artifact: Artifact) -> dict[str, object]:
    return {"sha256": artifact.sha256, "size": artifact.size}


def _published_feed(item: Mapping[str, Any]) -> PublishedFeed:
    moved_to = item.get("moved_to")
    slug, path, name = (_line(item[key]) for key in ("slug", "path", "name"))
    return PublishedFeed(slug, path, name, moved_to and _line(moved_to))


def _published(item: Mapping[str, Any], path: str) -> Published:
    if not isinstance(item["content"], dict):
        raise TypeError("content")
    return Published(
        id=_line(item["id"]),
        uid=_line(item["uid"]),
        fingerprint=str(item["fingerprint"]),
        revision=_read_revision(item),
        content=item["content"],
        timezone=None if item["timezone"] is None else _line(item["timezone"]),
        feeds=tuple(map(_line, item["feeds"])),
        removed=_read_utc(item["removed"]) if "removed" in item else None,
        copies=_read_copies(item),
        origin=path,
        pieces=tuple(str(piece["uid"]) for piece in item.get("pieces", ())),
    )


def _line(value: object) -> str:
    """Return a text if it is one line as calfeed writes it; messages and reports quote it."""
    text = str(value)
    # Most texts are printable; others, such as those with a no-break space, must be valid in the sources.
    if not text.isprintable() and read_line(text) != text:
        raise ValueError(text)
    return text


def _read_utc(text: object) -> datetime:
    instant = datetime.fromisoformat(str(text))
    # A local time in the first or last year may be in the adjacent year in UTC.
    if instant.utcoffset() is None or not FIRST_YEAR - 1 <= instant.year <= LAST_YEAR + 1:
        raise ValueError(text)
    return instant.astimezone(UTC)
