"""Writes content lines: values in their final form, and lines folded to 75 octets (RFC 5545 §3.1, §3.3.11)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache

from icalendar import Component, vText

from calfeed.text.characters import harmless, harmless_line

MAX_OCTETS = 75
"""The maximum length of a physical line, without its line break."""


def escape(text: str) -> str:
    r"""Escape a TEXT value (RFC 5545 §3.3.11). Whatever breaks a line in some reader counts as a line break."""
    return harmless(text).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def fold(line: str) -> bytes:
    """Return a content line as physical lines, each ending in CRLF; nothing else in it ends a line.

    Letters are never split, and neither are escape sequences: the RFC would allow it, but some readers do not.
    (icalendar folds letter by letter, which took a quarter of a build.)
    """
    data = harmless_line(line).encode()
    if len(data) <= MAX_OCTETS:
        return data + b"\r\n"
    parts: list[bytes] = []
    start, room = 0, MAX_OCTETS
    while len(data) - start > room:
        end = start + room
        while data[end] & 0xC0 == 0x80 or data[end - 1] in b"\\^":  # within a letter, or after an escape character
            end -= 1
            if end == start:  # only escape characters: split between any two letters
                end = start + room
                while data[end] & 0xC0 == 0x80:
                    end -= 1
                break
        parts.append(data[start:end])
        start, room = end, MAX_OCTETS - 1  # a continuation begins with a space
    return b"\r\n ".join([*parts, data[start:]]) + b"\r\n"


def line(name: str, value: str) -> bytes:
    """Return the content line of a value in its final form; `name` may include parameters."""
    return fold(f"{name}:{value}")


def text_line(name: str, text: str) -> bytes:
    """Return the content line of a TEXT value."""
    return fold(f"{name}:{escape(text)}")


def component_lines(component: Component) -> bytes:
    """Return the content lines of an icalendar component."""
    return b"".join(fold(str(content_line)) for content_line in component.content_lines(sorted=False) if content_line)


def date_value(day: date) -> str:
    """Return a DATE value (RFC 5545 §3.3.4); for a time, its day."""
    return f"{day.year:04}{day.month:02}{day.day:02}"


def wall_value(wall: datetime) -> str:
    """Return a local DATE-TIME value (RFC 5545 §3.3.5)."""
    return f"{date_value(wall)}T{wall.hour:02}{wall.minute:02}{wall.second:02}"


@lru_cache(maxsize=256)  # many events were created or last changed in one build
def utc_value(instant: datetime) -> str:
    """Return a DATE-TIME value in UTC (RFC 5545 §3.3.5)."""
    return f"{wall_value(instant.astimezone(UTC))}Z"


class Text(vText):
    r"""A TEXT value. icalendar reads a backslash before N as a line break, which would split `C:\New`."""

    def to_ical(self) -> bytes:
        """Return the value as it stands in the file."""
        return escape(str(self)).encode()


class Verbatim(vText):
    """A value already in its final form: `vText` would escape it, `vRecur` reorder it."""

    def to_ical(self) -> bytes:
        """Return the value as it stands in the file."""
        return str(self).encode()
