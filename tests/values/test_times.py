"""calfeed.values.times: how times, offsets and durations may be written."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from calfeed.diagnostics.problem import InvalidValue
from calfeed.values.times import (
    ClockTime,
    Duration,
    WrittenTime,
    format_duration,
    format_offset,
    read_duration,
    read_end,
    read_moment,
)


def wall(text: str) -> datetime:
    """Return a naive wall time."""
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2017-08-31", date(2017, 8, 31)),
        ("2016-2-29", date(2016, 2, 29)),
        ("2017-08-31 17:30", WrittenTime(wall("2017-08-31 17:30"))),
        ("2017-08-31T17:30:15", WrittenTime(wall("2017-08-31 17:30:15"))),
        ("2017-08-31 9:05", WrittenTime(wall("2017-08-31 09:05"))),
        ("2017-08-31 24:00", WrittenTime(wall("2017-09-01 00:00"))),
        ("2017-08-31 14:30Z", WrittenTime(wall("2017-08-31 14:30"), timedelta(0), is_utc=True)),
        ("2017-08-31 17:30+03:00", WrittenTime(wall("2017-08-31 17:30"), timedelta(hours=3))),
        ("2017-08-31 17:30 +0300", WrittenTime(wall("2017-08-31 17:30"), timedelta(hours=3))),
        ("2017-08-31 17:30-03:30", WrittenTime(wall("2017-08-31 17:30"), -timedelta(hours=3, minutes=30))),
        ("2017-08-31 17:30+05", WrittenTime(wall("2017-08-31 17:30"), timedelta(hours=5))),
        ("2017-08-31 17:30+14:00", WrittenTime(wall("2017-08-31 17:30"), timedelta(hours=14))),
        ("2017-08-31 09:00-12:00", WrittenTime(wall("2017-08-31 09:00"), -timedelta(hours=12))),
    ],
)
def test_moments(text: str, value: date | WrittenTime) -> None:
    """Dates and times are read as written, in the forms that people use."""
    assert value == read_moment(text)


MOMENT_HINTS = {
    "2027-01-12 23:59 AoE": "write the instant in UTC: `2027-01-13 11:59Z`",
    "12 Jan 2027, 11:59 pm (AoE)": "write the instant in UTC: `2027-01-13 11:59Z`",
    "2027-01-12 18:00 anywhere on Earth": "write the instant in UTC: `2027-01-13 06:00Z`",
    "2027-01-12 AoE": "write the instant in UTC: `2027-01-13 12:00Z`",
    # another order or other separators
    "31.08.2017 17:30": "dates are year-month-day: `2017-08-31 17:30`",
    "31. 8. 2017": "dates are year-month-day: `2017-08-31`",
    "08.31.2017": "dates are year-month-day: `2017-08-31`",
    "08/31/2017": "dates are year-month-day: `2017-08-31`",
    "08/31/2017 5:30 PM": "`2017-08-31 17:30`",
    "31/08/2017": "`2017-08-31`",
    "31-08-2017": "`2017-08-31`",
    "2017/09/01": "dates are written with hyphens: `2017-09-01`",
    "2017-31-08": "dates are year-month-day: `2017-08-31`",
    "2017-31-08 17:30": "`2017-08-31 17:30`",
    "2017-13-01": "dates are year-month-day: `2017-01-13`",
    "2017-08-31, 17:30": "write `2017-08-31 17:30`",
    "'2017-08-31'": "write `2017-08-31`",
    "05/06/2017": "write `2017-06-05` or `2017-05-06`",
    "05/06/2017 17:30": "write `2017-06-05 17:30` or `2017-05-06 17:30`",
    "05/05/2017": "dates are year-month-day: `2017-05-05`",
    # years
    "31.8.17": "dates are year-month-day: `2017-08-31`",
    "08/31/17": "dates are year-month-day: `2017-08-31`",
    "0017-08-31": "year",
    # compact forms and names of months
    "20170831T173000": "write hyphens and colons: `2017-08-31 17:30`",
    "20170831T143000Z": "write hyphens and colons: `2017-08-31 14:30Z`",
    "20170831": "write hyphens and colons: `2017-08-31`",
    "31 August 2017": "write the month as a number, after the year: `2017-08-31`",
    "Aug 31, 2017": "`2017-08-31`",
    "31-Aug-17": "`2017-08-31`",
    "Thursday, August 31st, 2017 at 5:30pm": "`2017-08-31 17:30`",
    "Thu, 31 Aug 2017 17:30:00 +0300": "`2017-08-31 17:30+03:00`",
    # times of day
    "2017-08-31 5:30 pm": "use the 24-hour clock: `2017-08-31 17:30`",
    "2017-08-31 12:15 a.m.": "`2017-08-31 00:15`",
    "2017-08-31 17:30 pm": "`2017-08-31 17:30`",
    "2017-08-31 17.30": "times are hours:minutes: `2017-08-31 17:30`",
    "2017-08-31 17h30": "times are hours:minutes: `2017-08-31 17:30`",
    "2017-08-31 17 h": "times are hours:minutes: `2017-08-31 17:00`",
    "2017-08-31 17.30 Uhr": "`2017-08-31 17:30`",
    "2017-08-31T17:30:00.000Z": "write `2017-08-31 17:30Z`",
    "2017-08-31 17:30:60": "minutes and seconds 00 to 59",
    "2017-08-31 24:30": "times after 24:00 are on the next day: `2017-09-01 00:30`",
    "2017-12-31 25:00": "`2018-01-01 01:00`",
    "2017-08-31 24:01": "`2017-09-01 00:01`",
    "2017-08-31 17:60": "minutes and seconds 00 to 59",
    "2017-08-31 31:00": "hours are 00 to 24",
    "17:30": "add the day, such as `2017-08-31 17:30`",
    "5:30 pm": "add the day, such as `2017-08-31 17:30`",
    # days that do not exist
    "2017-02-30": "the last day is `2017-02-28`",
    "2017-05-00": "days begin at 1: `2017-05-01`",
    "2017-00-05": "months are 01 to 12",
    "31.02.2017": "write a date",
    # offsets and zones
    "2017-08-31 17:30+25:00": "offsets range from -12:00 to +14:00",
    "2017-08-31 17:30+14:30": "offsets range from -12:00 to +14:00",
    "2017-08-31 17:30-12:30": "offsets range from -12:00 to +14:00",
    "2017-08-31 17:30 +3": "`2017-08-31 17:30+03:00`",
    "2017-08-31 17:30 UTC+3": "`2017-08-31 17:30+03:00`",
    "2017-08-31 14:30 UTC": "write `2017-08-31 14:30Z`",
    "2017-08-31 17:30 CEST": "write `2017-08-31 17:30`; the zone belongs in `timezone:`",
    "2017-08-31 17:30 MESZ": "such as `timezone: Europe/Berlin`",
    "2017-08-31 17:30 GMT": "`timezone: Europe/London`",
    "2017-08-31 17:30 Eastern Time": "`timezone: America/New_York`",
    "2017-08-31 17:30 Asia/Tokyo": "the zone belongs in `timezone:`, such as `timezone: Asia/Tokyo`",
    "2017-08-31T17:30+09:00[Asia/Tokyo]": "write `2017-08-31 17:30+09:00`; the zone belongs in `timezone:`",
    # start and end in one value
    "2017-08-31 17:30-19:00": "two keys: `start: 2017-08-31 17:30` and `end: 19:00`",
    "2017-08-31 17:30 - 18:30": "two keys: `start: 2017-08-31 17:30` and `end: 18:30`",
    "2017-08-31 17:30–18:30": "two keys: `start: 2017-08-31 17:30` and `end: 18:30`",
    "2017-08-31 09:00–12:00": "two keys: `start: 2017-08-31 09:00` and `end: 12:00`",
    "2017-08-31 22:00 to 02:00": "`start: 2017-08-31 22:00` and `end: 2017-09-01 02:00`",
    "2017-08-31 14:00 - 15:00 UTC": "`start: 2017-08-31 14:00Z` and `end: 2017-08-31 15:00Z`",
    "31.08.2017 9.30-11.00": "`start: 2017-08-31 09:30` and `end: 11:00`",
    "2017-08-31 - 2017-09-02": "two keys: `start: 2017-08-31` and `end: 2017-09-02`",
    "2017-08-31/2017-09-02": "two keys: `start: 2017-08-31` and `end: 2017-09-02`",
    "31.8.2017 – 2.9.2017": "two keys: `start: 2017-08-31` and `end: 2017-09-02`",
    "17:30-19:00": "start and end are two keys, and start needs a date",
    # characters that look like others
    "2017-08-31\u00a017:30": "write a plain space instead of U+00A0 (no-break space): `2017-08-31 17:30`",
    "2017-08-31\t17:30": "write a plain space instead of U+0009 (tab): `2017-08-31 17:30`",
    "2017–08–31": "write a plain hyphen instead of U+2013 (en dash): `2017-08-31`",
    "to\u00a0morrow": "write a plain space instead of U+00A0 (no-break space)",
    # no date at all
    "TBD": "an event needs a date",
    "?": "an event needs a date",
    "to be announced": "an event needs a date",
    "tomorrow": "write a date, `2017-08-31`",
    "2017-08-31 party": "write a date, `2017-08-31`",
    "2017": "write a date, `2017-08-31`",
    "": "an event needs a date",
    "31.08.2017 " * 20: "write a date, `2017-08-31`",
}
END_HINTS = {
    "TBD": "leave `end` out if it is not known",
    "unknown": "leave `end` out if it is not known",
    "??": "leave `end` out if it is not known",
    "late": "write a time, `20:00`, a date, `2017-08-31`, or both, `2017-08-31 20:00`",
    "19.00": "times are hours:minutes: `19:00`",
    "19h": "times are hours:minutes: `19:00`",
    "6:30 p.m.": "use the 24-hour clock: `18:30`",
    "12:00 am": "use the 24-hour clock: `24:00`",
    "19:00 CEST": "write `19:00`; the zone belongs in `timezone:`, such as `timezone: Europe/Berlin`",
    "19:00+03:00": "add the day, such as `2017-08-31 19:00+03:00`",
    "24:30": "times after 24:00 are on the next day: write its date and `00:30`",
    "17:30:60": "minutes and seconds 00 to 59",
    "30:00": "hours are 00 to 24",
    "17:30 - 19:00": "`end: 19:00`",
    "31.08.2017 19:00": "`2017-08-31 19:00`",
    "2017-08-31 17:30-19:00": "two keys",
}


@pytest.mark.parametrize(("text", "hint"), MOMENT_HINTS.items())
def test_wrong_moments_get_a_hint(text: str, hint: str) -> None:
    """The hint for an invalid date or time says what to write instead."""
    assert hint in hint_of(read_moment, text)


@pytest.mark.parametrize(("text", "hint"), END_HINTS.items())
def test_wrong_ends_get_a_hint(text: str, hint: str) -> None:
    """The hint for an invalid end may propose only a time, or to leave the end out."""
    assert hint in hint_of(read_end, text)


def hint_of(read: Callable[[str], object], text: str, code: str = "bad-date") -> str:
    """Return the hint with which a text is refused."""
    with pytest.raises(InvalidValue) as refusal:
        read(text)
    assert refusal.value.code == code
    assert refusal.value.message
    return refusal.value.hint


PROPOSALS = re.compile(r"`(?:start: |end: )?([^`]+)`")
WORDS = [
    "17",
    "30",
    "2017",
    "08",
    "8",
    "31",
    "1",
    "12",
    "24",
    "00",
    "60",
    *"-–./: T,Zh+?\u00a0",
    "am",
    "PM",
    "Aug",
    "May",
]


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.sampled_from([*WORDS, "CEST", "UTC", " - ", "to"]), max_size=12).map("".join) | st.text())
@example("2017-08-31 23:00-1am")
@example("2200-12-31 24:30")
def test_proposals_in_hints_can_be_read(text: str) -> None:
    """Every text is read or refused, and calfeed can read every date and time that a hint proposes."""
    for hint in filter(None, (hint_or_nothing(read_moment, text), hint_or_nothing(read_end, text))):
        proposals = [proposal for proposal in PROPOSALS.findall(hint) if re.match(r"\d\d", proposal)]
        assert text not in proposals
        for proposal in proposals:
            read_end(proposal)


def hint_or_nothing(read: Callable[[str], object], text: str) -> str | None:
    """Return the hint with which a text is refused, or None if it is read."""
    try:
        read(text)
    except InvalidValue as refusal:
        return refusal.hint or pytest.fail("no hint")
    return None


def test_end_may_be_only_a_time() -> None:
    """An end may be a time on the day of the start; 24:00 is the end of that day."""
    assert read_end("20:00") == ClockTime(timedelta(hours=20))
    assert read_end("24:00") == ClockTime(timedelta(hours=24))
    assert read_end("2017-09-01") == date(2017, 9, 1)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("90m", Duration(0, 5400)),
        ("1h30m", Duration(0, 5400)),
        ("1h 30m", Duration(0, 5400)),
        ("3d", Duration(3)),
        ("2w", Duration(14)),
        ("1d2h", Duration(1, 7200)),
        ("PT1H30M", Duration(0, 5400)),
        ("P3D", Duration(3)),
        ("P1DT2H", Duration(1, 7200)),
        ("P2W", Duration(14)),
        ("45s", Duration(0, 45)),
    ],
)
def test_durations(text: str, value: Duration) -> None:
    """Days are nominal and smaller units are elapsed time, in ISO 8601, too."""
    assert value == read_duration(text)


DURATION_HINTS = {
    "2 hours": "write `2h`",
    "1 day": "write `1d`",
    "90 min": "write `90m`",
    "15 minutes": "write `15m`",
    "1 hour and 30 minutes": "write `1h30m`",
    "1.5h": "write `1h30m`",
    "1,5 h": "write `1h30m`",
    "PT1.5H": "write `1h30m`",
    "1.5 days": "write `1d12h`",
    "0.001h": "write `4s`",
    "1:30": "write `1h30m`",
    "1h30": "write `1h30m`",
    "1m1h": "write `1h1m`",
    "15": "add the unit: `15m` for minutes",
    "-15m": "durations have no sign: `15m`",
    "-1h": "durations have no sign: `1h`",
    "-PT15M": "durations have no sign: `15m`",
    "1y": "months and years vary in length; write weeks or days",
    "P1M": "months and years vary in length; write weeks or days",
    "1 month": "months and years vary in length; write weeks or days",
    "0m": "write `1m` or more",
    "9999999h": "check the number and its unit; the longest is `3660d`",
    "9" * 5000 + "h": "check the number and its unit; the longest is `3660d`",
    "9999 weeks": "write it as 90m",
    "9" * 5000: "write it as 90m",
    "P1Y2M": "write it as 90m",
    "P1M2D": "write it as 90m",
    "two hours": "write it as 90m",
    "2x": "write it as 90m",
    "PT": "write it as 90m",
    "P": "write it as 90m",
    "": "write it as 90m",
    "0": "write it as 90m",
}


@pytest.mark.parametrize(("text", "hint"), DURATION_HINTS.items())
def test_wrong_durations(text: str, hint: str) -> None:
    """The hint for a duration without a unit, in other words, of zero or beyond ten years says what to write."""
    answer = hint_of(read_duration, text, "bad-duration")
    assert hint in answer
    for proposal in re.findall(r"`([^`]+)`", answer):
        assert read_duration(proposal) != Duration()


def test_leading_zeros_do_not_count_as_length() -> None:
    """Leading zeros do not count towards the length of a number."""
    assert read_duration("0" * 5000 + "1h") == Duration(0, 3600)


def test_offsets_are_formatted_as_in_iso_8601() -> None:
    """Offsets are written with hours and minutes, and with seconds for historical ones."""
    assert format_offset(timedelta(hours=3)) == "+03:00"
    assert format_offset(-timedelta(hours=4, minutes=56, seconds=2)) == "-04:56:02"
    assert format_offset(timedelta(0)) == "+00:00"


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (Duration(0, 5400), "1h 30m"),
        (Duration(2, 0), "2d"),
        (Duration(1, 7201), "1d 2h 1s"),
        (Duration(8, 60), "8d 1m"),
    ],
)
def test_durations_are_shown_as_they_are_written(duration: Duration, text: str) -> None:
    """A duration is shown in units that the sources can use for it."""
    assert format_duration(duration) == text
    assert read_duration(text) == duration
