"""How dates, times and durations are written in the sources: text in, plain values out.

A value that cannot be read raises `NotationError` with a code, a message and a hint; the caller knows the place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta

_FIRST_YEAR, _LAST_YEAR = 1900, 2200

_MOMENT = re.compile(
    r"""(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})
        (?:(?:[ ]+|T)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?
           [ ]?(?P<offset>Z|[+-]\d{2}(?::?\d{2})?)?)?""",
    re.VERBOSE | re.ASCII | re.IGNORECASE,
)
_CLOCK = re.compile(r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}))?", re.ASCII)
_SHORT_DURATION = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII | re.IGNORECASE)
_ISO_DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.ASCII | re.IGNORECASE)
_DAY_FIRST = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})(.*)", re.ASCII)
_SLASHED = re.compile(r"(\d{1,4})/(\d{1,2})/(\d{1,4})(.*)", re.ASCII)
_TWELVE_HOURS = re.compile(r"(.*?)(\d{1,2})(?::(\d{2}))?\s*([ap])\.?m\.?", re.ASCII | re.IGNORECASE)


class NotationError(ValueError):
    """A value that is not written in a form calfeed reads."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class WrittenTime:
    """A date and time as written: wall time, and the UTC offset if one was given.

    `is_utc` is True for a final `Z`. As in RFC 9557 §2.2 it names the instant and says nothing of the local offset,
    so `14:30Z` is 17:30 in Tallinn, while `14:30+00:00` claims that Tallinn was at +00:00 and is refused.
    """

    wall: datetime
    offset: timedelta | None = None
    is_utc: bool = False


@dataclass(frozen=True, slots=True)
class ClockTime:
    """A time of day without a date, as time since midnight; 24:00 is the end of the day."""

    since_midnight: timedelta


@dataclass(frozen=True, slots=True)
class Duration:
    """A duration in nominal days and elapsed seconds (RFC 5545 §3.3.6)."""

    days: int = 0
    seconds: int = 0


def read_moment(text: str) -> date | WrittenTime:
    """Return a `date` for a date alone, else a `WrittenTime`; `24:00` is the next day's midnight.

    Raises:
        NotationError: the text is neither, or names a day or time that no calendar has.
    """
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise NotationError("bad-date", f"`{text}` is not a date or a time calfeed can read", _moment_hint(text))
    day = _read_day(text, match)
    if match["hour"] is None:
        return day
    wall = datetime(day.year, day.month, day.day) + _read_clock(text, match)  # noqa: DTZ001 - wall time is naive
    written_offset = match["offset"]
    if written_offset is None:
        return WrittenTime(wall)
    if written_offset in "Zz":
        return WrittenTime(wall, timedelta(0), is_utc=True)
    return WrittenTime(wall, _read_offset(text, written_offset))


def read_end(text: str) -> date | WrittenTime | ClockTime:
    """Return what `read_moment` does, or a `ClockTime` for a time alone."""
    match = _CLOCK.fullmatch(text)
    return read_moment(text) if match is None else ClockTime(_read_clock(text, match))


def read_duration(text: str) -> Duration:
    """Return the duration written as `90m`, `1h30m`, `3d`, `2w` or in ISO 8601 (`PT1H30M`).

    Raises:
        NotationError: the text is neither, or the duration is zero.
    """
    hint = "write it as 90m, 1h30m, 3d, or in ISO 8601: PT1H30M"
    compact = text.replace(" ", "")
    match = _SHORT_DURATION.fullmatch(compact) or _ISO_DURATION.fullmatch(compact)
    if match is None or not any(match.groups()) or compact[-1] in "Tt":
        raise NotationError("bad-duration", f"`{text}` is not a duration calfeed can read", hint)
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    duration = Duration(7 * weeks + days, 3600 * hours + 60 * minutes + seconds)
    if duration == Duration():
        raise NotationError("bad-duration", f"the duration `{text}` is nothing", hint)
    if duration.days > 3660 or duration.seconds > 3660 * 86400:
        raise NotationError("bad-duration", f"the duration `{text}` is longer than ten years", hint)
    return duration


def format_offset(offset: timedelta) -> str:
    """Return a UTC offset as ISO 8601 has it, `+03:00` or `-04:56:02`."""
    sign = "-" if offset < timedelta(0) else "+"
    minutes, seconds = divmod(abs(int(offset.total_seconds())), 60)
    text = f"{sign}{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{seconds:02}" if seconds else text


def format_wall(wall: datetime) -> str:
    """Return a wall time as people write it: `2017-08-31 17:30`, with seconds only where there are some."""
    return f"{wall:%Y-%m-%d %H:%M:%S}" if wall.second else f"{wall:%Y-%m-%d %H:%M}"


def _read_day(text: str, match: re.Match[str]) -> date:
    year, month, day = (int(match[part]) for part in ("year", "month", "day"))
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        raise NotationError(
            "bad-date", f"the year of `{text}` is not between {_FIRST_YEAR} and {_LAST_YEAR}", "check the year"
        )
    try:
        return date(year, month, day)
    except ValueError:
        if not 1 <= month <= 12:
            raise NotationError(
                "bad-date", f"`{text}`: there is no month {month}", "dates are year-month-day"
            ) from None
        last = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
        raise NotationError(
            "bad-date",
            f"`{text}`: month {month} of {year} has {last} days",
            f"the last day is {year}-{month:02}-{last}",
        ) from None


def _read_clock(text: str, match: re.Match[str]) -> timedelta:
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    if hour > 24 or minute > 59 or second > 59 or (hour == 24 and (minute or second)):
        raise NotationError(
            "bad-date", f"`{text}`: no clock shows {match[0].split()[-1]}", "hours are 00 to 24, minutes 00 to 59"
        )
    return timedelta(hours=hour, minutes=minute, seconds=second)


def _read_offset(text: str, written: str) -> timedelta:
    digits = written[1:].replace(":", "").ljust(4, "0")
    hours, minutes = int(digits[:2]), int(digits[2:])
    if hours > 15 or minutes > 59:
        raise NotationError(
            "bad-date", f"`{text}`: {written} is no offset from UTC", "offsets look like +03:00, -04:30 or Z"
        )
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if written[0] == "-" else offset


def _moment_hint(text: str) -> str:
    """Say what was probably meant, where the text has one of the usual other shapes."""
    if match := _TWELVE_HOURS.fullmatch(text):
        before, hour, minute, half = match.groups()
        hours = int(hour) % 12 + (12 if half in "pP" else 0)
        return f"times have 24 hours: `{before}{hours:02}:{minute or '00'}`"
    if match := _DAY_FIRST.fullmatch(text):
        day, month, year, rest = match.groups()
        return f"dates are year-month-day: `{year}-{int(month):02}-{int(day):02}{rest}`"
    if match := _SLASHED.fullmatch(text):
        return "dates are year-month-day with hyphens, so that day and month cannot be mistaken: `2017-08-31`"
    if _CLOCK.fullmatch(text):
        return f"say on which day: `2017-08-31 {text}`"
    return "write a date `2017-08-31`, or a date and a time `2017-08-31 17:30`"
