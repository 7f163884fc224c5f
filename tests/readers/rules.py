"""The rules for files that calfeed publishes, as far as the bytes of a single file can show a violation.

The numbers are those of the research on clients, §7; where DESIGN.md §5 overrides a rule, the design is checked. Rules
7, 10, 13, 14, 16 and 21 to 25 need more than one file, another reader or the network, and are not here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import eventrules, zonerules
from .contentlines import parse
from .onefile import Kind, OneFile, Rule, evaluable_zones
from .rfc5545 import instants

__all__ = ["Kind", "violations"]

_BARE_BREAK = re.compile(rb"\r(?!\n)|(?<!\r)\n")
_C0 = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_NONCHARACTERS = re.compile("[\ufffe\uffff]")

_RULES: tuple[tuple[int, Rule], ...] = (
    (3, eventrules.texts),
    (4, eventrules.head),
    (5, zonerules.zone_shapes),
    (6, zonerules.zone_onsets),
    (8, zonerules.zone_names),
    (9, zonerules.no_floating_times),
    (11, eventrules.spans),
    (12, eventrules.uids),
    (15, eventrules.statuses),
    (17, eventrules.people_and_alarms),
    (18, eventrules.descriptions),
    (19, eventrules.places),
    (20, eventrules.names),
)


def violations(data: bytes, kind: Kind) -> list[str]:
    """Return the rules that a feed or a single event's file breaks, as `rule 5: ...`; empty if it breaks none.

    A file that the strict parser refuses is judged only by its bytes. If no rule is broken, `rfc5545.instants` must
    read the file, too.
    """
    faults = [f"rule 1: {fault}" for fault in _frame(data)] + [f"rule 2: {fault}" for fault in _lines(data)]
    try:
        calendar = parse(data)
    except ValueError as error:
        return [*faults, f"not parsable: {error}"]
    file = OneFile(calendar, kind, evaluable_zones(calendar))
    faults += [f"rule {number}: {fault}" for number, rule in _RULES for fault in rule(file)]
    return faults or list(_unreadable(data))


def _unreadable(data: bytes) -> Iterator[str]:
    try:
        instants(data)
    except ValueError as error:
        yield f"not readable: {error}"


def _frame(data: bytes) -> Iterator[str]:
    """Rule 1: one VCALENDAR from the first byte to the last; every line ends in CRLF, and none is empty."""
    if not data.startswith(b"BEGIN:VCALENDAR\r\n"):
        yield f"begins with {data[:20]!r}"
    if not data.endswith(b"\r\nEND:VCALENDAR\r\n"):
        yield f"ends with {data[-20:]!r}"
    if bare := _BARE_BREAK.search(data):
        yield f"a bare {bare[0]!r} at byte {bare.start()}"
    lines = data.split(b"\r\n")
    if b"" in lines[:-1]:
        yield f"line {lines.index(b'') + 1} is empty"
    if lines.count(b"BEGIN:VCALENDAR") != 1:
        yield f"{lines.count(b'BEGIN:VCALENDAR')} VCALENDARs"


def _lines(data: bytes) -> Iterator[str]:
    """Rule 2: lines of at most 75 octets, each valid UTF-8 on its own; no control characters or non-characters."""
    for number, line in enumerate(data.split(b"\r\n"), start=1):
        if len(line) > 75:
            yield f"line {number} has {len(line)} octets"
        if control := _C0.search(line):
            yield f"line {number} has the control character {control[0]!r}"
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            yield f"line {number} is not UTF-8 on its own"
            continue
        if _NONCHARACTERS.search(text):
            yield f"line {number} has a non-character"
