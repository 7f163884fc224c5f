"""iCalendar's text by RFC 5545 §3.1 to §3.3: lines, parameters, components, and the value types of time.

It is strict: this reader raises `ValueError` and never repairs, guesses or skips.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

# §3.6: VCALENDAR contains VEVENT, which contains VALARM; RFC 9073 §7 adds one more level.
_DEEPEST = 4
# §3.1: CONTROL is everything below SPACE except TAB, and DEL.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_NAME = r"[A-Za-z0-9-]+"
_PARAM_VALUE = r'(?:"[^"]*"|[^";:,]*)'
_PARAM = re.compile(rf";({_NAME})=({_PARAM_VALUE}(?:,{_PARAM_VALUE})*)")
_LINE = re.compile(rf"({_NAME})((?:;{_NAME}={_PARAM_VALUE}(?:,{_PARAM_VALUE})*)*):(.*)")
_TEXT = re.compile(r"(?:[^\\;,]|\\[\\;,nN])*")
_DATE = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_DATE_TIME = re.compile(r"([0-9]{8})T([0-9]{2})([0-9]{2})([0-9]{2})(Z?)")
_OFFSET = re.compile(r"([+-])([0-9]{2})([0-5][0-9])([0-5][0-9])?")
# §3.3.6: only weeks, or days, or a time, or days and a time; neither P nor T may be followed by nothing.
_DURATION = re.compile(
    r"([+-]?)P(?:([0-9]+)W|(?=[0-9T])(?:([0-9]+)D)?(?:T(?=[0-9])(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)S)?)?)"
)


@dataclass(frozen=True, slots=True)
class Property:
    """One content line: an upper-case name, its parameters in order, its value as written."""

    name: str
    params: tuple[tuple[str, tuple[str, ...]], ...]
    value: str

    def param(self, name: str) -> str | None:
        """Return a parameter's single value, or None without the parameter."""
        values = dict(self.params).get(name)
        if values is None:
            return None
        if len(values) != 1:
            raise ValueError(f"{self.name}: {name} has {len(values)} values")
        return values[0]

    def text(self) -> str:
        """Return the value as TEXT, unescaped."""
        return unescape(self.value)

    def texts(self) -> tuple[str, ...]:
        """Return the values of a comma-separated list of TEXT, as in CATEGORIES (§3.1.1)."""
        pieces = re.findall(r"(?:^|,)((?:[^\\,]|\\.)*)", self.value)
        if ",".join(pieces) != self.value:
            raise ValueError(f"not a list of TEXT: {self.value!r}")
        return tuple(unescape(piece) for piece in pieces)


@dataclass(frozen=True, slots=True)
class Component:
    """A component: everything between BEGIN and END."""

    name: str
    properties: tuple[Property, ...]
    components: tuple[Component, ...]

    def all(self, name: str) -> tuple[Property, ...]:
        """Return all properties with this name."""
        return tuple(prop for prop in self.properties if prop.name == name)

    def get(self, name: str) -> Property | None:
        """Return the property with this name or None; more than one is an error."""
        properties = self.all(name)
        if len(properties) > 1:
            raise ValueError(f"{self.name} has {len(properties)} {name}")
        return properties[0] if properties else None

    def one(self, name: str) -> Property:
        """Return the only property with this name."""
        prop = self.get(name)
        if prop is None:
            raise ValueError(f"{self.name} has no {name}")
        return prop

    def children(self, name: str) -> tuple[Component, ...]:
        """Return the direct child components with this name."""
        return tuple(child for child in self.components if child.name == name)

    def walk(self) -> Iterator[Component]:
        """Yield this component and all components inside it, in the order of the file."""
        yield self
        for child in self.components:
            yield from child.walk()


def parse(data: bytes) -> Component:
    """Read a file that contains exactly one VCALENDAR (§3.4, §3.6)."""
    lines = iter([content_line(line) for line in unfold(data)])
    first = next(lines)
    if first.name != "BEGIN" or _component_name(first) != "VCALENDAR":
        raise ValueError("the file does not begin with BEGIN:VCALENDAR")
    calendar = _component("VCALENDAR", lines, depth=1)
    if next(lines, None) is not None:
        raise ValueError("something follows END:VCALENDAR")
    if [component.name for component in calendar.walk()].count("VCALENDAR") > 1:
        raise ValueError("a VCALENDAR inside a VCALENDAR")
    return calendar


def _component(name: str, lines: Iterator[Property], depth: int) -> Component:
    if depth > _DEEPEST:
        raise ValueError(f"{name} lies {depth} components deep")
    properties: list[Property] = []
    components: list[Component] = []
    for line in lines:
        if line.name == "BEGIN":
            components.append(_component(_component_name(line), lines, depth + 1))
        elif line.name != "END":
            properties.append(line)
        elif _component_name(line) != name:
            raise ValueError(f"END:{line.value} inside {name}")
        else:
            return Component(name, tuple(properties), tuple(components))
    raise ValueError(f"BEGIN:{name} has no END")


def _component_name(line: Property) -> str:
    """Return the name in a BEGIN or END, which take no parameters (§3.6)."""
    if line.params or not re.fullmatch(_NAME, line.value):
        raise ValueError(f"malformed {line.name}:{line.value}")
    return line.value.upper()


def unfold(data: bytes) -> list[str]:
    """Join physical lines: one that begins with a space or a tab continues the one before (§3.1)."""
    lines: list[str] = []
    for line in physical_lines(data):
        if line[0] not in " \t":
            lines.append(line)
        elif lines:
            lines[-1] += line[1:]
        else:
            raise ValueError("the first line is a continuation")
    return lines


def physical_lines(data: bytes) -> list[str]:
    """Split at CRLF and decode line by line, so that no fold can split a character (§3.1)."""
    if data.startswith(b"\xef\xbb\xbf"):
        raise ValueError("a byte order mark at the start")
    if not data.endswith(b"\r\n"):
        raise ValueError("no CRLF at the end")
    return [_physical_line(number, raw) for number, raw in enumerate(data[:-2].split(b"\r\n"), start=1)]


def _physical_line(number: int, raw: bytes) -> str:
    if not raw:
        raise ValueError(f"line {number} is empty")
    # §3.1: "SHOULD NOT be longer than 75 octets, excluding the line break"; here it must not.
    if len(raw) > 75:
        raise ValueError(f"line {number} has {len(raw)} octets")
    try:
        line = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"line {number} alone is not UTF-8: {error}") from error
    if control := _CONTROL.search(line):
        raise ValueError(f"line {number} has the control character {control[0]!r}")
    return line


def content_line(line: str) -> Property:
    """Read one unfolded line: `name *(";" param) ":" value` (§3.1)."""
    match = _LINE.fullmatch(line)
    if match is None:
        raise ValueError(f"malformed content line {line!r}")
    params = tuple((name.upper(), _param_values(values)) for name, values in _PARAM.findall(match[2]))
    # §3.8: the grammar of each property lets a parameter occur at most once.
    if len({name for name, _ in params}) < len(params):
        raise ValueError(f"a parameter twice in {line!r}")
    return Property(match[1].upper(), params, match[3])


def _param_values(values: str) -> tuple[str, ...]:
    quoted_or_not: list[str] = re.findall(r'(?:^|,)("[^"]*"|[^",]*)', values)
    return tuple(_uncaret(value.strip('"')) for value in quoted_or_not)


def _uncaret(value: str) -> str:
    """Decode `^n`, `^^` and `^'`; any other `^` stands for itself (RFC 6868 §3.2)."""
    return re.sub(r"\^([n^'])", lambda match: {"n": "\n", "^": "^", "'": '"'}[match[1]], value)


def unescape(value: str) -> str:
    r"""Decode TEXT (§3.3.11): `\\`, `\;`, `\,`, `\n` and `\N`, and neither `;` nor `,` unescaped."""
    if not _TEXT.fullmatch(value):
        raise ValueError(f"not TEXT: {value!r}")
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] in "nN" else match[1], value)


def calendar_date(value: str) -> date:
    """Read a DATE (§3.3.4)."""
    match = _DATE.fullmatch(value)
    if match is None:
        raise ValueError(f"not a DATE: {value!r}")
    return date(int(match[1]), int(match[2]), int(match[3]))


def date_time(value: str) -> tuple[datetime, bool]:
    """Read a DATE-TIME (§3.3.5): a naive datetime, and whether it is in UTC."""
    match = _DATE_TIME.fullmatch(value)
    if match is None:
        raise ValueError(f"not a DATE-TIME: {value!r}")
    day = calendar_date(match[1])
    if not date.min.year < day.year < date.max.year:
        raise ValueError(f"no room for a UTC offset: {value}")
    return datetime.combine(day, time(int(match[2]), int(match[3]), int(match[4]))), bool(match[5])


def utc_offset(value: str) -> timedelta:
    """Read a UTC-OFFSET (§3.3.14); `-0000` is not allowed."""
    match = _OFFSET.fullmatch(value)
    if match is None or value in {"-0000", "-000000"}:
        raise ValueError(f"not a UTC-OFFSET: {value!r}")
    amount = timedelta(hours=int(match[2]), minutes=int(match[3]), seconds=int(match[4] or 0))
    return -amount if match[1] == "-" else amount


def duration(value: str) -> tuple[timedelta, timedelta]:
    """Read a DURATION (§3.3.6): its nominal part (weeks or days) and its exact part."""
    match = _DURATION.fullmatch(value)
    if match is None:
        raise ValueError(f"not a DURATION: {value!r}")
    sign = -1 if match[1] == "-" else 1
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups()[1:])
    try:
        nominal, exact = timedelta(weeks=weeks, days=days), timedelta(hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError as error:
        raise ValueError(f"{error}: {value!r}") from error
    return sign * nominal, sign * exact
