"""Read dates, times and durations as they are written in the sources: text in, plain values out.

A value that cannot be read raises `InvalidValue` with a code, message and hint; the caller adds the place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from calfeed.diagnostics.problem import InvalidValue
from calfeed.values.time_hints import FIRST_YEAR, LARGEST_OFFSET, LAST_YEAR, LEAST_OFFSET, days_between, suggest_moment

_MOMENT = re.compile(
    r"""(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})
        (?:(?:[ ]+|T)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?
           [ ]?(?P<offset>Z|[+-]\d{2}(?::?\d{2})?)?)?""",
    re.VERBOSE | re.ASCII | re.IGNORECASE,
)
_CLOCK = re.compile(r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?", re.ASCII)
_SHORT_DURATION = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII | re.IGNORECASE)
_ISO_DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.ASCII | re.IGNORECASE)
_MOMENT_FORMS = "write a date, `2017-08-31`, or a date and time, `2017-08-31 17:30`"
_END_FORMS = "write a time, `20:00`, a date, `2017-08-31`, or both, `2017-08-31 20:00`"
_DURATION_FORMS = "write it as 90m, 1h30m, 3d, or in ISO 8601: PT1H30M"
_MAX_DAYS = 3660

# Units by their English names; then, for each unit, the next smaller one and how many of those it contains.
_UNITS = {
    **dict.fromkeys(("w", "week", "weeks", "wk", "wks"), "w"),
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("h", "hour", "hours", "hr", "hrs"), "h"),
    **dict.fromkeys(("m", "minute", "minutes", "min", "mins"), "m"),
    **dict.fromkeys(("s", "second", "seconds", "sec", "secs"), "s"),
}
_SMALLER = {"w": ("d", 7), "d": ("h", 24), "h": ("m", 60), "m": ("s", 60)}
_AMOUNT = re.compile(r"(\d{1,4}(?:[.,]\d{1,3})?)\s*([a-z]+)\.?", re.ASCII)
_HOURS_AND_MINUTES = re.compile(r"(\d{1,3})(?::|\s?h\s?)([0-5]?\d)(?::([0-5]\d))?\s?h?", re.ASCII)


@dataclass(frozen=True, slots=True)
class WrittenTime:
    """A date and time as written: wall time, and the UTC offset if one was given.

    `is_utc` is True for a final `Z`. As in RFC 9557 §2.2, `Z` gives the instant without claiming a local offset:
    `14:30Z` is 17:30 in Tallinn, while `14:30+00:00` claims that Tallinn is at +00:00 and is refused.
    """

    wall: datetime
    offset: timedelta | None = None
    is_utc: bool = False


@dataclass(frozen=True, slots=True)
class ClockTime:
    """A time of day without a date, as time since midnight; 24:00 is the end of the day."""

    since_midnight: timedelta


@dataclass(frozen=True, slots=True)
class DayRange:
    """A range of days where single dates are expected; the hint depends on the series."""

    text: str
    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Duration:
    """A duration in nominal days and elapsed seconds (RFC 5545 §3.3.6)."""

    days: int = 0
    seconds: int = 0


def read_moment(text: str) -> date | WrittenTime:
    """Return a `date` for a date without a time, else a `WrittenTime`; `24:00` is midnight of the next day.

    Raises:
        InvalidValue: the text is neither, or the day or time does not exist.
    """
    return _read_moment(text, is_end=False)


def read_series_date(text: str) -> date | WrittenTime | DayRange:
    """Return the same as `read_moment`, or a `DayRange` for a range of days."""
    days = None if _MOMENT.fullmatch(text) else days_between(text)
    return read_moment(text) if days is None else DayRange(text, *days)


def read_end(text: str) -> date | WrittenTime | ClockTime:
    """Return the same as `read_moment`, or a `ClockTime` for a time without a date."""
    match = _CLOCK.fullmatch(text)
    return _read_moment(text, is_end=True) if match is None else ClockTime(_read_clock(text, match, is_end=True))


def read_duration(text: str) -> Duration:
    """Return the duration written as `90m`, `1h30m`, `3d`, `2w` or in ISO 8601 (`PT1H30M`).

    Raises:
        InvalidValue: the text is not a duration, or the duration is zero or longer than ten years.
    """
    compact = text.replace(" ", "")
    match = _SHORT_DURATION.fullmatch(compact) or _ISO_DURATION.fullmatch(compact)
    if match is None or not any(match.groups()) or compact[-1] in "Tt":
        hint = _suggest_duration(text) or _DURATION_FORMS
        raise InvalidValue("bad-duration", f"`{text}` is not a duration calfeed can read", hint)
    digits = [(part or "").lstrip("0") for part in match.groups()]
    # Python refuses to convert very long numbers.
    weeks, days, hours, minutes, seconds = (int(part or 0) if len(part) < 12 else 10**12 for part in digits)
    duration = Duration(7 * weeks + days, 3600 * hours + 60 * minutes + seconds)
    if duration == Duration():
        hint = "write `1m` or more, or leave it out"
        raise InvalidValue("bad-duration", f"the duration `{text}` is zero", hint)
    if duration.days > _MAX_DAYS or duration.seconds > _MAX_DAYS * 86400:
        hint = f"check the number and its unit; the longest is `{_MAX_DAYS}d`"
        raise InvalidValue("bad-duration", f"the duration `{text}` is longer than ten years", hint)
    return duration


def read_refresh(text: str) -> timedelta:
    """Return the suggested poll interval: at least an hour, because clients treat shorter ones as a mistake."""
    duration = read_duration(text)
    interval = timedelta(days=duration.days, seconds=duration.seconds)
    if interval < timedelta(hours=1):
        raise InvalidValue(
            "bad-duration", f"`{text}` is less than an hour", "write `1h` or more; calendars poll slowly"
        )
    return interval


def format_offset(offset: timedelta) -> str:
    """Return a UTC offset as in ISO 8601: `+03:00`, or with seconds `-04:56:02`."""
    sign = "-" if offset < timedelta(0) else "+"
    minutes, seconds = divmod(abs(int(offset.total_seconds())), 60)
    text = f"{sign}{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{seconds:02}" if seconds else text


def format_duration(duration: Duration) -> str:
    """Return a duration as the sources write it: `1d 2h 30m`; `0m` if it is nothing."""
    minutes, seconds = divmod(duration.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((duration.days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s"))
    return " ".join(f"{number}{unit}" for number, unit in parts if number) or "0m"


def format_wall(wall: datetime) -> str:
    """Return a wall time as `2017-08-31 17:30`, with seconds only if they are not zero."""
    return f"{wall:%Y-%m-%d %H:%M:%S}" if wall.second else f"{wall:%Y-%m-%d %H:%M}"


def format_utc(instant: datetime) -> str:
    """Return an instant as `YYYY-MM-DDTHH:MM:SSZ`."""
    return f"{instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def _read_moment(text: str, *, is_end: bool) -> date | WrittenTime:
    match = _MOMENT.fullmatch(text)
    if match is None:
        hint = suggest_moment(text, is_end=is_end) or (_END_FORMS if is_end else _MOMENT_FORMS)
        raise InvalidValue("bad-date", f"`{text}` is not a date or time calfeed can read", hint)
    day = _read_day(text, match)
    if match["hour"] is None:
        return day
    wall = datetime(day.year, day.month, day.day) + _read_clock(text, match, is_end=is_end)  # noqa: DTZ001 - wall time
    written_offset = match["offset"]
    if written_offset is None:
        return WrittenTime(wall)
    if written_offset in "Zz":
        return WrittenTime(wall, timedelta(0), is_utc=True)
    return WrittenTime(wall, _read_offset(text, written_offset))


def _read_day(text: str, match: re.Match[str]) -> date:
    year, month, day = (int(match[part]) for part in ("year", "month", "day"))
    if not FIRST_YEAR <= year <= LAST_YEAR:
        message = f"the year of `{text}` is not between {FIRST_YEAR} and {LAST_YEAR}"
        raise InvalidValue("bad-date", message, "check the year")
    try:
        return date(year, month, day)
    except ValueError:
        message, hint = _nonexistent_day(year, month, day)
        raise InvalidValue("bad-date", f"`{text}`: {message}", suggest_moment(text) or hint) from None


def _nonexistent_day(year: int, month: int, day: int) -> tuple[str, str]:
    """Return what is wrong with a day that does not exist, and what to write instead."""
    if not 1 <= month <= 12:
        return f"there is no month {month}", "dates are year-month-day, and months are 01 to 12"
    if day == 0:
        return "there is no day 0", f"days begin at 1: `{year}-{month:02}-01`"
    last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return f"month {month} of {year} has {last} days", f"the last day is `{year}-{month:02}-{last}`"


def _read_clock(text: str, match: re.Match[str], *, is_end: bool) -> timedelta:
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    if hour > 24 or minute > 59 or second > 59 or (hour == 24 and (minute or second)):
        written = text[match.start("hour") : match.end("second") if match["second"] else match.end("minute")]
        hint = suggest_moment(text, is_end=is_end) or "hours are 00 to 24, minutes and seconds 00 to 59"
        raise InvalidValue("bad-date", f"`{text}`: {written} is not a time of day", hint)
    return timedelta(hours=hour, minutes=minute, seconds=second)


def _read_offset(text: str, written: str) -> timedelta:
    digits = written[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    offset = timedelta(hours=hours, minutes=minutes) * (-1 if written[0] == "-" else 1)
    if minutes > 59 or not LEAST_OFFSET <= offset <= LARGEST_OFFSET:
        hint = suggest_moment(text) or "offsets range from -12:00 to +14:00: `+03:00`, `-04:30` or `Z`"
        raise InvalidValue("bad-date", f"`{text}`: {written} is not a UTC offset", hint)
    return offset


def _suggest_duration(text: str) -> str | None:
    """Return the hint for a duration in another notation, or None."""
    written = text.casefold().strip() if len(text) < 100 else ""
    unsigned = written.lstrip("+-−–").strip()
    if re.fullmatch(r"\d{1,4}", unsigned, re.ASCII):
        return f"add the unit: `{unsigned}m` for minutes" if int(unsigned) else None
    if re.fullmatch(r"p\d{1,4}[ym]|\d{1,4}\s?(?:y|years?|yrs?|mo|months?)", unsigned, re.ASCII):
        return "months and years vary in length; write weeks or days: `4w`, `30d`"
    amounts = _amounts_of(unsigned)
    proposal = "".join(f"{amounts[unit]}{unit}" for unit in "wdhms" if amounts.get(unit))
    if not proposal or 7 * amounts.get("w", 0) + amounts.get("d", 0) > _MAX_DAYS:
        return None
    return f"durations have no sign: `{proposal}`" if unsigned != written else f"write `{proposal}`"


def _amounts_of(text: str) -> dict[str, int]:
    """Return the amount of each unit in a duration, fractions as smaller units; empty if it contains other text."""
    if clock := _HOURS_AND_MINUTES.fullmatch(text):
        return {unit: int(clock[group] or 0) for group, unit in enumerate("hms", 1)}
    if text.startswith("p"):
        days, _, hours = text[1:].partition("t")
        text = "" if "m" in days else days + hours
    amounts: dict[str, int] = {}
    for number, word in _AMOUNT.findall(text):
        unit, amount = _UNITS.get(word), Fraction(number.replace(",", "."))
        while unit and amount:
            whole = int(amount) if unit in _SMALLER else round(amount)
            amounts[unit] = amounts.get(unit, 0) + whole
            smaller, factor = _SMALLER.get(unit, (None, 0))
            unit, amount = smaller, (amount - whole) * factor
        if _UNITS.get(word) is None:
            return {}
    return amounts if re.fullmatch(r"(?:\s|,|and|&|\+)*", _AMOUNT.sub("", text)) else {}
