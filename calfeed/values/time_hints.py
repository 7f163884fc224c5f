"""Rewrite dates and times from other notations in the one calfeed reads: for hints, never for values.

Text in, hint out. A proposal is made from a real day and time, so that calfeed can read it. If a text can mean several
days, the hint names all of them; if it can mean anything, there is no hint.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from calfeed.diagnostics.spelling import fold_name
from calfeed.zones.nicknames import zone_of_place, zones_of_abbreviation

FIRST_YEAR, LAST_YEAR = 1900, 2200
LEAST_OFFSET, LARGEST_OFFSET = timedelta(hours=-12), timedelta(hours=14)
"""The range of UTC offsets that zones have: from Baker Island to the Line Islands."""

ANYWHERE_ZONE = "Etc/GMT+12"
"""The zone for times `anywhere on Earth`: no other clocks are further behind."""
_ANYWHERE = re.compile(r"\s*[(\[]?\b(?:aoe|anywhere[\s_-]+on[\s_-]+(?:the[\s_-]+)?earth)[)\]]?\.?$", re.IGNORECASE)
_MAX_LENGTH = 100  # longer texts are not analysed
_DAY = timedelta(days=1)
_UNKNOWN = {"tbd", "tba", "tbc", "unknown", "none", "null", "n/a", "na", "open", "-", "--", "...", "…"} | {
    *("to be announced", "to be confirmed", "to be decided", "to be determined", "to be defined")
}
# How the names of the months begin, without accents: English, German, French, Spanish, Italian, Estonian.
_MONTHS = (
    *(("jan", "ene", "gen", "jaan"), ("feb", "fev", "veeb"), ("mar",), ("apr", "avr", "abr"), ("may", "mai", "mag")),
    *(("jun", "juin", "giu", "juun"), ("jul", "juil", "lug", "juul"), ("aug", "aou", "ago"), ("sep", "set")),
    *(("oct", "okt", "ott"), ("nov",), ("dec", "dez", "dic", "det")),
)
_FLAGS = re.ASCII | re.IGNORECASE | re.VERBOSE
_NUMBERS = re.compile(r"(?<![\d:])(\d{4}|\d{1,2})\s?([-./])\s?(\d{1,2})\s?\2\s?(\d{4}|\d{1,2})(?![\d:])\.?", _FLAGS)
_COMPACT_DAY = re.compile(r"(?<!\d)(\d{4})(\d\d)(\d\d)(?!\d)", re.ASCII)
_NAME = r"(?P<name>[^\W\d_]{3,12})\.?"
_NUMBER = r"(?P<day>[0-9]{1,2})(?:st|nd|rd|th|\.)?"
_NAMED_DAYS = (
    rf"(?<!\d){_NUMBER}(?:\s+of)?[\s-]*{_NAME},?[\s-]*'?(?P<year>[0-9]{{4}}|[0-9]{{2}})(?![\d:.h]|\s?[ap]\.?m)",
    rf"{_NAME}\s*{_NUMBER}(?!\d),?\s+(?P<year>[0-9]{{4}})(?!\d)",
    rf"(?<!\d)(?P<year>[0-9]{{4}})[\s,-]+{_NAME}[\s-]*{_NUMBER}(?!\d)",
)
_WITHOUT_YEAR = (
    rf"(?<!\d){_NUMBER}(?:\s+of)?\s*{_NAME}",
    rf"{_NAME}\s*{_NUMBER}(?!\d)",
    r"(?<!\d)(?P<day>[0-9]{1,2})\.\s?(?P<name>[0-9]{1,2})\.(?!\d)",
)
_CLOCK = re.compile(
    r"""(?<![\d:.+-])(?P<hour>\d{1,2})
        (?:(?P<colon>[:.h])(?P<minute>\d\d)(?:[:.](?P<second>\d\d)(?P<fraction>[.,]\d{1,9})?)?)?
        (?P<unit>\s?(?:h(?:rs)?|uhr|o'clock)(?![a-z]))?(?P<half>\s?[ap]\.?m(?![a-z])\.?)?(?![\d:])""",
    _FLAGS,
)
_COMPACT_CLOCK = re.compile(
    r"(?<![\d:.+-])(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)?(?P<colon>)(?P<unit>)(?P<half>)(?P<fraction>)(?!\d)"
)
_HALF = re.compile(r"[ap]\.?m\.?$", re.IGNORECASE)
_OFFSET = re.compile(r"(?:UTC|GMT)?\s?([+-])(\d{1,2})(?::?([0-5]\d))?(?![\d:.])", _FLAGS)
_UTC = re.compile(r"(?:Z|UTC)(?![a-z/])", _FLAGS)
_NOISE = re.compile(
    r"""\b(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\.?
        |at|on|um|kell|kl|klo|from|local\stime)(?![a-z])|[,;@()\[\]]""",
    _FLAGS,
)
_ZONE = re.compile(r"[A-Z]{2,5}|[A-Za-z_]+(?:/[A-Za-z_+-]+)+", re.ASCII)
_BETWEEN = re.compile(r"\s+-+\s+|\s*–\s*|\s+(?:to|until|till|bis)\s+|\s*/\s*|\.{2,}|-", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What a text can mean: days (several, or none), time since midnight, offset and zone; and what is wrong."""

    days: tuple[date, ...]
    clock: timedelta | None
    has_seconds: bool
    offset: str
    zone: str
    fault: str


def suggest_moment(text: str, *, is_end: bool = False) -> str | None:
    """Return the hint for a date and time in another notation; the end of an event may be a time alone."""
    if len(text) > _MAX_LENGTH:
        return None
    plain, fault = _plain(text)
    if plain.casefold() in _UNKNOWN or not plain.strip("? "):
        wanted = "an event needs a date: write the likeliest, such as `2017-08-31`, and `status: tentative`"
        return "leave `end` out if it is not known" if is_end else wanted
    if match := _ANYWHERE.search(plain):
        return _anywhere(plain[: match.start()])
    if hint := _two_keys(plain):
        return hint
    reading = _read(plain)
    if reading is None:
        return _without_year(plain) or fault or None
    shown = [f"`{_show(day, reading)}`" for day in reading.days]
    if len(shown) > 1:
        return f"which number is the day is not clear: write {' or '.join(shown)}"
    if not shown:
        return _clock_alone(reading, fault, is_end=is_end)
    if shown[0] == f"`{text}`":
        return None
    return _write(shown[0], reading, fault)


def _anywhere(text: str) -> str | None:
    """Return the hint for a time anywhere on Earth, which is twelve hours behind UTC."""
    reading = _read(text)
    if reading is None or len(reading.days) != 1:
        return None
    clock = _DAY if reading.clock is None else reading.clock
    instant = datetime.combine(reading.days[0], time()) + clock - LEAST_OFFSET
    shown = f"{instant:%Y-%m-%d} {_show_clock(instant - datetime.combine(instant.date(), time()))}Z"
    return f"write the instant in UTC: `{shown}`; or the local time, and `timezone: {ANYWHERE_ZONE}`"


def _write(shown: str, reading: _Reading, fault: str) -> str:
    if reading.zone:
        return f"write {shown}; the zone belongs in `timezone:`, such as `timezone: {_zone_for(reading.zone)}`"
    reason = fault or reading.fault
    return f"{reason}: {shown}" if reason else f"write {shown}"


def _clock_alone(reading: _Reading, fault: str, *, is_end: bool) -> str:
    if reading.clock is not None and reading.clock > _DAY:
        return f"after midnight it is the next day: write its date and `{_show_clock(reading.clock - _DAY)}`"
    if not is_end or reading.offset:
        return f"say on which day, such as `{_show(date(2017, 8, 31), reading)}`"
    clock = reading.clock or _DAY  # an end at midnight is 24:00
    return _write(f"`{_show_clock(clock)}`", reading, fault)


def _two_keys(text: str) -> str | None:
    """Return the hint for a text that holds a start and an end."""
    for between in _BETWEEN.finditer(text):
        left, right = text[: between.start()], text[between.end() :]
        end = _read(right)
        half = _HALF.search(right)
        for written in (f"{left} {half[0]}", left) if half and not _HALF.search(left) else (left,):
            start = _read(written)
            if start and end and _is_stretch(start, end, is_hyphen=between[0] == "-" or written != left):
                return _show_keys(start, end)
    return None


def _is_stretch(start: _Reading, end: _Reading, *, is_hyphen: bool) -> bool:
    """Return whether two readings are a start and an end; what follows a bare hyphen may also be an offset."""
    if len(start.days) > 1 or len(end.days) > 1 or (start.clock is None) != (end.clock is None):
        return False
    if start.clock is None or end.clock is None or not is_hyphen or end.days:
        return True
    return end.clock > start.clock and start.has_seconds == end.has_seconds


def _show_keys(start: _Reading, end: _Reading) -> str:
    days = start.days or end.days or (date(2017, 8, 31),)
    first, last = days[0], (end.days or days)[0]
    lead = f"a start{'' if start.days or end.days else ', with its date,'} and an end are two keys"
    if start.clock is None or end.clock is None:
        return f"{lead}: `start: {first}` and `end: {last}`"
    if not end.days and end.clock <= start.clock:
        last += _DAY
    is_short = last == first and end.clock <= _DAY and not end.offset
    shown = _show_clock(end.clock) if is_short else _show(last, end)
    return f"{lead}: `start: {_show(first, start, start.offset or end.offset)}` and `end: {shown}`"


def days_between(text: str) -> tuple[date, date] | None:
    """Return the first and the last day of a range in any notation; None if the text is not a range of days."""
    if len(text) > _MAX_LENGTH:
        return None
    plain, _ = _plain(text)
    for between in _BETWEEN.finditer(plain):
        first, last = _read(plain[: between.start()]), _read(plain[between.end() :])
        if first and last and first.clock is None and last.clock is None:
            days = (*first.days, *last.days)
            if len(first.days) == len(last.days) == 1 and days[0] <= days[1]:
                return days[0], days[1]
    return None


# -- reading ----------------------------------------------------------------------------------------------------


def _plain(text: str) -> tuple[str, str]:
    """Return the text with plain spaces and digits and every dash as `–`, and a hint for the first odd character."""
    pieces: list[str] = []
    faults: list[str] = []
    for index, character in enumerate(text):
        is_between = text[index - 1 : index].isalnum() and text[index + 1 : index + 2].isalnum()
        plain = _plain_character(character, between=" " if is_between else "")
        if plain != character or character == "–":
            shown = {"": "delete", " ": "write a plain space instead of", "–": "write a plain hyphen instead of"}
            name = unicodedata.name(character, "tab" if character == "\t" else "").lower()
            faults.append(f"{shown.get(plain, f'write `{plain}` instead of')} U+{ord(character):04X} ({name})")
        pieces.append(plain)
    return "".join(pieces).strip(" \n\"'`"), faults[0].replace(" ()", "") if faults else ""


def _plain_character(character: str, between: str) -> str:
    category = unicodedata.category(character)
    if category in ("Zs", "Zl", "Zp") or character == "\t":
        return " "
    if character.isascii():
        return character
    if category == "Pd" or character == "−":
        return "–"
    if category in ("Pi", "Pf", "Ps"):
        return ""
    if category == "Cf":
        return between
    if category == "Nd":
        return str(unicodedata.decimal(character))
    compatible = unicodedata.normalize("NFKC", character)
    return compatible if compatible.isascii() else character


def _read(text: str) -> _Reading | None:
    """Split a text into day, time, offset and zone, in any order; None if it holds anything else."""
    days, rest, day_fault = _take_day(text.replace("–", "-"))
    rest = re.sub(r"^\s*T(?=\d)", " ", rest, flags=re.IGNORECASE)
    match = next(filter(_is_clock, _CLOCK.finditer(rest)), None)
    if match is None and days:
        match = next(filter(_is_clock, _COMPACT_CLOCK.finditer(rest)), None)
    clock, clock_fault = (None, "") if match is None else _clock_of(match)
    if match is not None:
        rest = f"{rest[: match.start()]} {rest[match.end() :]}"
    offset, rest = _take_offset(" ".join(_NOISE.sub(" ", rest).split()).strip(". "))
    if (not days and clock is None) or (rest and not _is_zone_like(rest)):
        return None
    if clock is None and offset:
        offset, clock_fault = "", "a date alone has no offset"
    return _Reading(
        days=days,
        clock=clock,
        has_seconds=match is not None and match["second"] is not None,
        offset=offset,
        zone=rest,
        fault=day_fault or clock_fault or ("" if offset in text else "offsets look like +03:00, -04:30, or Z for UTC"),
    )


def _take_day(text: str) -> tuple[tuple[date, ...], str, str]:
    """Return the days that the first date in a text can mean, the rest of the text, and what is wrong with the date."""
    for match, days, fault in _days_in(text):
        if days:
            return tuple(dict.fromkeys(days)), f"{text[: match.start()]} {text[match.end() :]}", fault
    return (), text, ""


def _days_in(text: str) -> Iterator[tuple[re.Match[str], list[date], str]]:
    for match in _NUMBERS.finditer(text):
        first, separator, second, third = match.groups()
        if len(first) == 4 and len(third) < 3:
            fault = "" if separator == "-" else "dates are written with hyphens"
            yield match, _days((first, second, third)), fault
            yield match, _days((first, third, second)), "dates are year-month-day"
        elif len(first) < 3 and len(third) in (2, 4):
            orders = [(third, second, first), (third, first, second)]
            if len(third) == 2 and separator == "-":
                orders.insert(0, (first, second, third))
            fault = "dates are year-month-day" if len(third) == 4 else "write the year with four digits"
            if separator == ".":  # with dots, the day comes first everywhere
                yield match, _days(orders[0]), fault
            yield match, _days(*orders), fault
    for match in _COMPACT_DAY.finditer(text):
        yield match, _days((match[1], match[2], match[3])), "write hyphens and colons"
    for pattern in _NAMED_DAYS:
        for match in re.finditer(pattern, text, re.IGNORECASE):
            days = _days((match["year"], _month(match["name"]), match["day"]))
            yield match, days, "write the month as a number, after the year"


def _days(*orders: tuple[str, str, str]) -> list[date]:
    """Return the valid days among several orders of the same year, month and day."""
    found = []
    for year, month, day in orders:
        full_year = int(year) if len(year) == 4 else int(year) + (1900 if int(year) > 68 else 2000)  # as in POSIX
        try:
            found.append(date(full_year, int(month), int(day)))
        except ValueError:
            continue
    return [day for day in found if FIRST_YEAR <= day.year < LAST_YEAR]  # the day after must be valid, too


def _month(name: str) -> str:
    folded = fold_name(name)
    return next((str(number) for number, stems in enumerate(_MONTHS, 1) if folded.startswith(stems)), name)


def _without_year(text: str) -> str | None:
    """Return the hint for a day without a year."""
    for pattern in () if re.search(r"[0-9]{4}", text) else _WITHOUT_YEAR:
        for match in re.finditer(pattern, text, re.IGNORECASE):
            name = match["name"]
            for year in ("2017", "2016"):  # one without, one with 29 February
                if days := _days((year, name if name.isdigit() else _month(name), match["day"])):
                    return f"say the year too, such as `{days[0]}`"
    return None


def _is_clock(match: re.Match[str]) -> bool:
    hour, minute = int(match["hour"]), int(match["minute"] or 0)
    has_form = bool(match["minute"] or match["unit"] or match["half"])
    return has_form and hour < (24 if match["half"] else 30) and minute < 60


def _clock_of(match: re.Match[str]) -> tuple[timedelta, str]:
    """Return a time of day as time since midnight, and what is wrong with how it is written."""
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    if second > 59:
        return timedelta(hours=hour, minutes=minute), "seconds are 00 to 59, and need not be written"
    if match["half"] and hour < 13:
        hour = hour % 12 + (12 if "p" in match["half"].lower() else 0)
    clock = timedelta(hours=hour, minutes=minute, seconds=second)
    if match["half"]:
        return clock, "times have 24 hours"
    if clock > _DAY:
        return clock, "after midnight it is the next day"
    if match["fraction"]:
        return clock, "seconds are whole"
    return clock, "" if match["colon"] == ":" and not match["unit"] else "times are hours:minutes"


def _take_offset(text: str) -> tuple[str, str]:
    """Return the UTC offset at the start of a text, in the form calfeed reads, and the rest."""
    match = _OFFSET.match(text)
    if match is None:
        utc = _UTC.match(text)
        return ("Z", text[utc.end() :].strip()) if utc else ("", text)
    offset = timedelta(hours=int(match[2]), minutes=int(match[3] or 0)) * (-1 if match[1] == "-" else 1)
    if not LEAST_OFFSET <= offset <= LARGEST_OFFSET:
        return "", text
    return f"{match[1]}{int(match[2]):02}:{match[3] or '00'}", text[match.end() :].strip()


def _is_zone_like(text: str) -> bool:
    return bool(_ZONE.fullmatch(text) or zones_of_abbreviation(text) or zone_of_place(text))


def _zone_for(text: str) -> str:
    """Return the zone to propose for the text after a time."""
    if "/" in text:
        return text
    return next(iter(zones_of_abbreviation(text)), None) or zone_of_place(text) or "Europe/Tallinn"


# -- showing ----------------------------------------------------------------------------------------------------


def _show(day: date, reading: _Reading, offset: str | None = None) -> str:
    """Return a day with the reading's time, in the form calfeed reads."""
    if reading.clock is None:
        return day.isoformat()
    if reading.clock == _DAY:
        shown = f"{day} 24:00"
    else:
        wall = datetime.combine(day, time()) + reading.clock
        shown = f"{wall:%Y-%m-%d} {_show_clock(wall - datetime.combine(wall.date(), time()))}"
    return shown + (reading.offset if offset is None else offset)


def _show_clock(clock: timedelta) -> str:
    minutes, seconds = divmod(int(clock.total_seconds()), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
