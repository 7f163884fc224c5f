"""Writes properties and components as content lines, folded to 75 octets (RFC 5545 §3.1, §3.3).

icalendar encodes parameters, offsets and durations. calfeed does texts and line folding itself, because readers need
more than the RFC requires.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from icalendar import Parameters, vDuration, vUTCOffset

from calfeed.text.characters import harmless, harmless_line

MAX_OCTETS = 75
"""The maximum length of a physical line, without its line break."""


class Property(NamedTuple):
    """A property of a component, before it is encoded.

    Attributes:
        name: its name.
        value: the texts of a TEXT value, as people read them, or a value of any other type in its final form.
        parameters: the name and value of each parameter.
    """

    name: str
    value: str | tuple[str, ...]
    parameters: tuple[tuple[str, str], ...] = ()


@lru_cache(maxsize=4096)  # many events share most of their properties
def property_line(prop: Property) -> bytes:
    """Return the content line of a property, folded."""
    name, value, parameters = prop
    if not isinstance(value, str):
        value = ",".join(map(escape, value))
    return fold(f"{name}{_encoded(parameters)}:{value}" if parameters else f"{name}:{value}")


def component(name: str, properties: Iterable[Property], inside: Iterable[bytes] = ()) -> bytes:
    """Return the content lines of a component: its properties, and then the components inside it."""
    lines = [f"BEGIN:{name}\r\n".encode(), *map(property_line, properties), *inside, f"END:{name}\r\n".encode()]
    return b"".join(lines)


@lru_cache(maxsize=1024)
def _encoded(parameters: tuple[tuple[str, str], ...]) -> str:
    # icalendar quotes values where necessary, and encodes characters that cannot be quoted as in RFC 6868.
    encoded = Parameters((name, harmless(value)) for name, value in parameters).to_ical(sorted=False).decode()
    return f";{encoded}"


def escape(text: str) -> str:
    r"""Escape a TEXT value (RFC 5545 §3.3.11). What breaks a line in any reader counts as a line break."""
    return harmless(text).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def fold(line: str) -> bytes:
    """Return a content line as physical lines, each ending in CRLF; nothing else in it ends a line.

    Characters are never split, and neither are escape sequences: the RFC would allow it, but some readers do not.
    (icalendar folds character by character, which took a quarter of a build.)
    """
    data = harmless_line(line).encode()
    if len(data) <= MAX_OCTETS:
        return data + b"\r\n"
    parts: list[bytes] = []
    start, room = 0, MAX_OCTETS
    while len(data) - start > room:
        end = start + room
        while data[end] & 0xC0 == 0x80 or data[end - 1] in b"\\^":  # within a character, or after an escape
            end -= 1
            if end == start:  # only escapes: split between any two characters
                end = start + room
                while data[end] & 0xC0 == 0x80:
                    end -= 1
                break
        parts.append(data[start:end])
        start, room = end, MAX_OCTETS - 1  # a continuation begins with a space
    return b"\r\n ".join([*parts, data[start:]]) + b"\r\n"


def date_value(day: date) -> str:
    """Return a DATE value (RFC 5545 §3.3.4); for a time, its day."""
    return f"{day.year:04}{day.month:02}{day.day:02}"


def wall_value(wall: datetime) -> str:
    """Return a local DATE-TIME value (RFC 5545 §3.3.5)."""
    return f"{date_value(wall)}T{wall.hour:02}{wall.minute:02}{wall.second:02}"


@lru_cache(maxsize=256)  # many events were created or last changed by the same build
def utc_value(instant: datetime) -> str:
    """Return a DATE-TIME value in UTC (RFC 5545 §3.3.5)."""
    return f"{wall_value(instant.astimezone(UTC))}Z"


def offset_value(offset: timedelta) -> str:
    """Return a UTC-OFFSET value, `+0200` (RFC 5545 §3.3.14)."""
    return str(vUTCOffset(offset).to_ical())


def duration_value(duration: timedelta) -> str:
    """Return a DURATION value, `PT12H` or `-P1D` (RFC 5545 §3.3.6)."""
    encoded: bytes = vDuration(duration).to_ical()  # type: ignore[no-untyped-call]
    return encoded.decode()
