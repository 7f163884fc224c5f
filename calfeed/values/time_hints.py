"""Rewrite dates and times from other notations in the one that calfeed reads: for hints, never for values.

Text in, hint out. It covers the most common notations: dates in a different order or with other separators, months by
name, times with am and pm or without a colon, compact ISO 8601, and a zone after the time. A proposal is always a real
day and time, which calfeed can read. If a text can mean two days, the hint offers both.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta

from calfeed.zones.nicknames import ANYWHERE_ZONE, before_anywhere, zone_of_place, zones_of_abbreviation

FIRST_YEAR, LAST_YEAR = 1900, 2200
LEAST_OFFSET, LARGEST_OFFSET = timedelta(hours=-12), timedelta(hours=14)
"""The range of UTC offsets in use: from Baker Island to the Line Islands."""

_LOOKALIKE = re.compile(r"([\t\u00a0\u2000-\u200a\u202f\u3000])|[–—−]")  # of a space, of a hyphen
_MAX_LENGTH = 100  # longer texts are not analysed
_DAY = timedelta(days=1)  # as a time of day, its end: 24:00
_UNKNOWN = frozenset(["tbd", "tba", "tbc", "to be announced", "to be confirmed", "unknown", "none", "n/a", "open", "-"])
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FLAGS = re.ASCII | re.IGNORECASE
_COMPACT = re.compile(r"^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)?)?(?!\d)", _FLAGS)
_NUMBERS = re.compile(r"(\d{4}|\d{1,2})([-./]) ?(\d{1,2})\2 ?(\d{4}|\d\d?)(?!\d)", _FLAGS)
_WEEKDAY = re.compile(r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*[.,]*\s+", _FLAGS)
_TH = r"(?:st|nd|rd|th|\.)?"
_NAMED_DAY = re.compile(
    rf"(?:(\d\d?){_TH}[ -]*)?({'|'.join(_MONTHS)})[a-z]*\.?[ -]*(?:(\d\d?){_TH})?[, -]*(\d{{4}})(?!\d)", _FLAGS
)
_CLOCK = re.compile(
    r"""(?:[\s,T]|at\b|um\b)*(?P<hour>\d{1,2})
        (?:(?P<colon>[:.h])(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d)(?:\.\d+)?)?)?(?!\d)
        (?P<unit>\s?(?:h|uhr)(?![a-z]))?(?P<half>\s?[ap]\.?m(?![a-z])\.?)?""",
    _FLAGS | re.VERBOSE,
)
_HALF = re.compile(r"[ap]\.?m\.?$", _FLAGS)
_OFFSET = re.compile(r"\s*(?:(?:UTC|GMT)?\s?([+-])(0?\d|1[01])(?::?([0-5]\d))?(?![\d:.])|(?:Z|UTC)(?![a-z/]))", _FLAGS)
_ZONE = re.compile(r"[A-Za-z_]+(?:/[A-Za-z_+-]+)+")
_BETWEEN = re.compile(r"\s+-\s+|\s*–\s*|\s+(?:to|until|bis)\s+|\s*/\s*|\.{2,}|-", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What a text means: days (up to two), time since midnight, offset, zone to propose; and what is wrong with it."""

    days: tuple[date, ...]
    clock: timedelta | None
    offset: str
    zone: str | None
    fault: str


def suggest_moment(text: str, *, is_end: bool = False) -> str | None:
    """Return the hint for a date and time in another notation; the end of an event may be only a time."""
    if len(text) > _MAX_LENGTH:
        return None
    plain, fault = _plain(text)
    if plain.casefold() in _UNKNOWN or not plain.strip("? "):
        wanted = "an event needs a date: write the likeliest, such as `2017-08-31`, and `status: tentative`"
        return "leave `end` out if it is not known" if is_end else wanted
    local = before_anywhere(plain)
    if local is not None:
        return _anywhere(local)
    if hint := _two_keys(plain):
        return hint
    reading = _read(plain)
    if reading is None:
        return fault or None
    proposals = [f"`{_show(day, reading)}`" for day in reading.days]
    if len(proposals) > 1:
        return f"it is unclear which number is the day: write {' or '.join(proposals)}"
    if not proposals:
        return _clock_alone(reading, fault, is_end=is_end)
    return None if proposals[0] == f"`{text}`" else _write(proposals[0], reading, fault)


def days_between(text: str) -> tuple[date, date] | None:
    """Return the first and the last day of a range in any notation; None if the text is not a range of days."""
    for start, end, _ in _ranges(_plain(text)[0] if len(text) <= _MAX_LENGTH else ""):
        if start.clock is None and end.days and start.days[0] <= end.days[0]:
            return start.days[0], end.days[0]
    return None


def _anywhere(text: str) -> str | None:
    """Return the hint for a time anywhere on Earth, which is twelve hours behind UTC."""
    reading = _read(text)
    if reading is None or len(reading.days) != 1:
        return None
    clock = _DAY if reading.clock is None else reading.clock
    instant = _show(reading.days[0], replace(reading, clock=clock - LEAST_OFFSET, offset="Z"))
    return f"write the instant in UTC: `{instant}`; or the local time, and `timezone: {ANYWHERE_ZONE}`"


def _write(proposal: str, reading: _Reading, fault: str) -> str:
    if reading.zone:
        return f"write {proposal}; the zone belongs in `timezone:`, such as `timezone: {reading.zone}`"
    reason = fault or reading.fault
    return f"{reason}: {proposal}" if reason else f"write {proposal}"


def _clock_alone(reading: _Reading, fault: str, *, is_end: bool) -> str:
    clock = reading.clock or _DAY  # an end at midnight is 24:00
    if clock > _DAY:
        return f"times after 24:00 are on the next day: write its date and `{_show_clock(clock - _DAY)}`"
    if not is_end or reading.offset:
        return f"add the day, such as `{_show(date(2017, 8, 31), reading)}`"
    return _write(f"`{_show_clock(clock)}`", reading, fault)


def _two_keys(text: str) -> str | None:
    """Return the hint for a text with a start and an end."""
    for start, end, between in _ranges(text):
        days = start.days or end.days or (date(2017, 8, 31),)
        first, last = days[0], (end.days or days)[0]
        lead = f"start and end are two keys{'' if start.days or end.days else ', and start needs a date'}"
        if start.clock is None or end.clock is None:
            return f"{lead}: `start: {first}` and `end: {last}`"
        if not end.days and end.clock <= start.clock:
            if between == "-":  # an offset, not an end
                continue
            last += _DAY
        is_short = last == first and end.clock <= _DAY and not end.offset
        proposal = _show_clock(end.clock) if is_short else _show(last, end)
        return f"{lead}: `start: {_show(first, start, start.offset or end.offset)}` and `end: {proposal}`"
    return None


def _plain(text: str) -> tuple[str, str]:
    """Return the text with plain spaces and every dash as `–`, and a hint for the first character replaced."""
    match = _LOOKALIKE.search(text)
    fault = ""
    if match:
        name = unicodedata.name(match[0], "tab").lower()
        fault = f"write a plain {'space' if match[1] else 'hyphen'} instead of U+{ord(match[0]):04X} ({name})"
    return _LOOKALIKE.sub(lambda match: " " if match[1] else "–", text).strip(" \n\"'`"), fault


def _ranges(text: str) -> Iterator[tuple[_Reading, _Reading, str]]:
    """Yield each way to split a text into a start and an end, with the separator between them."""
    for between in _BETWEEN.finditer(text):
        left, right = text[: between.start()], text[between.end() :]
        start, end = _read(left), _read(right)
        if start is None or end is None or max(len(start.days), len(end.days)) > 1:
            continue
        if (start.clock is None) == (end.clock is None) and bool(_HALF.search(left)) == bool(_HALF.search(right)):
            yield start, end, between[0]


def _read(text: str) -> _Reading | None:
    """Read a day, a time, an offset and a zone, in this order; return None if the text contains anything else."""
    dashed = text.strip().replace("–", "-")
    spelled = _COMPACT.sub(_with_separators, dashed)
    days, rest, fault = _take_day(_WEEKDAY.sub("", spelled))
    match = _CLOCK.match(rest)
    clock, clock_fault = _clock_of(match) if match else (None, "")
    offset = ""
    if match and clock is not None:
        offset, rest = _take_offset(rest[match.end() :])
    rest = rest.strip(" ()[].,")
    zone = _zone_for(rest)
    if (not days and clock is None) or (rest and zone is None):
        return None
    fault = (fault or clock_fault) if spelled == dashed else "write hyphens and colons"
    return _Reading(days=days, clock=clock, offset=offset, zone=zone, fault=fault)


def _with_separators(match: re.Match[str]) -> str:
    year, month, day, *clock = match.groups()
    return f"{year}-{month}-{day} {':'.join(filter(None, clock))}"


def _take_day(text: str) -> tuple[tuple[date, ...], str, str]:
    """Return the days that the date at the start of a text can mean, the rest, and what is wrong with the date."""
    if match := _NUMBERS.match(text):
        first, separator, second, third = match.groups()
        is_year_first = len(first) == 4
        year, *others = (first, second, third) if is_year_first else (third, second, first)
        days = _days(year, [others, others[::-1]])
        if is_year_first or separator == ".":  # with dots, the day always comes first
            days = days[:1]
        if days and (len(year) == 4 or (len(year) == 2 and separator != "-")):
            is_in_order = is_year_first and days[0].month == int(second)
            fault = "dates are written with hyphens" if is_in_order else "dates are year-month-day"
            return days, text[match.end() :], "" if is_in_order and separator == "-" else fault
    match = _NAMED_DAY.match(text)
    if match and bool(match[1]) != bool(match[3]):
        month = str(_MONTHS.index(match[2].lower()) + 1)
        if days := _days(match[4], [(month, match[1] or match[3])]):
            return days, text[match.end() :], "write the month as a number, after the year"
    return (), text, ""


def _days(year: str, orders: Sequence[Sequence[str]]) -> tuple[date, ...]:
    """Return the valid days among several orders of month and day in a year."""
    days: dict[date, None] = {}
    for month, day in orders:
        with suppress(ValueError):
            days[date(int(year) + (0 if len(year) == 4 else 2000), int(month), int(day))] = None
    return tuple(day for day in days if FIRST_YEAR <= day.year < LAST_YEAR)  # the next day must be valid, too


def _clock_of(match: re.Match[str]) -> tuple[timedelta | None, str]:
    """Return a time of day as time since midnight, and what is wrong with its form; None if it is not a time of day."""
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    if hour >= 30 or not (match["minute"] or match["unit"] or match["half"]):
        return None, ""
    if match["half"] and hour < 13:
        hour = hour % 12 + (12 if "p" in match["half"].lower() else 0)
    clock = timedelta(hours=hour, minutes=minute, seconds=second)
    if match["half"]:
        return clock, "use the 24-hour clock"
    if clock > _DAY:
        return clock, "times after 24:00 are on the next day"
    return clock, "" if match["colon"] == ":" and not match["unit"] else "times are hours:minutes"


def _take_offset(text: str) -> tuple[str, str]:
    """Return the UTC offset at the start of a text, in the form calfeed reads, and the rest."""
    match = _OFFSET.match(text)
    if match is None:
        return "", text
    offset = f"{match[1]}{int(match[2]):02}:{match[3] or '00'}" if match[1] else "Z"
    return offset, text[match.end() :]


def _zone_for(text: str) -> str | None:
    """Return the zone to propose for the text after a time, or None if it does not look like a zone."""
    if _ZONE.fullmatch(text):
        return text
    return next(iter(zones_of_abbreviation(text)), None) or zone_of_place(text)


def _show(day: date, reading: _Reading, offset: str | None = None) -> str:
    """Return a day with the time of a reading, in the form calfeed reads."""
    clock = reading.clock
    if clock is None:
        return day.isoformat()
    if clock > _DAY:
        day, clock = day + _DAY, clock - _DAY
    return f"{day} {_show_clock(clock)}{reading.offset if offset is None else offset}"


def _show_clock(clock: timedelta) -> str:
    minutes, seconds = divmod(int(clock.total_seconds()), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}".removesuffix(":00")
