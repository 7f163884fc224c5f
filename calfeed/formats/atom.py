"""Renders changes.atom: events added, changed and cancelled, for people who use feed readers (RFC 4287)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from calfeed.artifact import Artifact
from calfeed.editions.compare import Entry, FieldChange, Kind, shorten
from calfeed.editions.edition import Edition
from calfeed.model import Calendar
from calfeed.text.characters import harmless, harmless_line
from calfeed.values.times import format_utc

PATH = "changes.atom"
_ATOM = "http://www.w3.org/2005/Atom"
_TITLES = {
    Kind.ADDED: "New",
    Kind.CHANGED: "Changed",
    Kind.MOVED: "Moved by a change of zone law",
    Kind.CANCELLED: "Cancelled",
    Kind.RESTORED: "Takes place again",
    Kind.REMOVED: "No longer listed",
}


def render_changes(edition: Edition) -> Artifact:
    """Return the Atom feed of an edition's history."""
    calendar = edition.calendar
    root = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": calendar.language})
    _add(root, "id", _urn(calendar.id))
    _add(root, "title", f"{calendar.name}: changes")
    _add(root, "updated", format_utc(_updated(edition)))
    _add(_add(root, "author"), "name", calendar.organizer.name if calendar.organizer else calendar.name)
    if calendar.url is not None:
        _add(root, "link", rel="self", type="application/atom+xml", href=calendar.url + PATH)
        _add(root, "link", rel="alternate", type="text/html", href=calendar.url)
    for entry in edition.history:
        _add_entry(root, entry, calendar)
    ET.indent(root, " ")
    return Artifact.of(PATH, ET.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")


def _add_entry(root: ET.Element, entry: Entry, calendar: Calendar) -> None:
    change = entry.change
    element = _add(root, "entry")
    time = format_utc(entry.time)
    _add(element, "id", _urn(f"{change.uid} {time}"))
    _add(element, "title", f"{_TITLES[change.kind]}: {change.summary}")
    _add(element, "updated", time)
    if calendar.url is not None and change.kind is not Kind.REMOVED:
        _add(element, "link", rel="alternate", type="text/calendar", href=calendar.url + change.path)
    _add(element, "content", "\n".join(_lines(entry)), type="text")


def _lines(entry: Entry) -> Iterator[str]:
    yield f"{entry.change.summary}, {entry.change.start}"
    for field in entry.change.fields:
        yield _line(field)


def _line(field: FieldChange) -> str:
    before, after = shorten(*("-" if text is None else text for text in (field.before, field.after)))
    return f"{field.name}: {before} → {after}"


def _add(parent: ET.Element, name: str, text: str | None = None, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, name, {key: harmless_line(value) for key, value in attributes.items()})
    element.text = None if text is None else harmless(text)
    return element


def _updated(edition: Edition) -> datetime:
    """Return when the calendar last changed for subscribers, never the time of a build that changed nothing."""
    times = (entry.time for entry in edition.history[:1])
    stamps = (item.revision.last_modified for item in edition.events)
    return max((*times, *stamps), default=datetime(1970, 1, 1, tzinfo=UTC))


def _urn(name: str) -> str:
    """Return a permanent name that contains no address: a UUID of version 8 (RFC 9562 §5.8) made from a hash."""
    digest = bytearray(hashlib.sha256(name.encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"urn:uuid:{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
