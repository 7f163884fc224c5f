"""calfeed.notation: how times, offsets and durations may be written."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from calfeed.notation import (
    ClockTime,
    Duration,
    NotationError,
    WrittenTime,
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
    ],
)
def test_moments(text: str, value: date | WrittenTime) -> None:
    """Dates and times are read as they are written, in the forms people use."""
    assert value == read_moment(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("31.08.2017 17:30", "2017-08-31 17:30"),
        ("31. 8. 2017", "2017-08-31"),
        ("08/31/2017", "hyphens"),
        ("2017-08-31 5:30 pm", "2017-08-31 17:30"),
        ("2017-08-31 12:15 a.m.", "2017-08-31 00:15"),
        ("17:30", "2017-08-31 17:30"),
        ("2017-02-30", "2017-02-28"),
        ("2017-13-01", "year-month-day"),
        ("0017-08-31", "year"),
        ("2017-08-31 24:01", "24"),
        ("2017-08-31 17:60", "59"),
        ("2017-08-31 17:30+25:00", "+03:00"),
        ("tomorrow", "2017-08-31"),
        ("２０１７-08-31", "2017-08-31"),
    ],
)
def test_wrong_moments_are_answered(text: str, hint: str) -> None:
    """What cannot be read is refused with what to write instead."""
    with pytest.raises(NotationError) as refusal:
        read_moment(text)
    assert hint in refusal.value.hint
    assert refusal.value.code == "bad-date"


def test_end_may_be_a_time_alone() -> None:
    """An end is also a time of the start's day; 24:00 is the end of it."""
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
    """Days are nominal, smaller units elapse; ISO 8601 says the same."""
    assert value == read_duration(text)


@pytest.mark.parametrize(
    "text", ["", "90", "0m", "1h30", "-1h", "PT", "P", "1.5h", "two hours", "1m1h", "9999999h", "1y"]
)
def test_wrong_durations(text: str) -> None:
    """A duration without unit, of nothing, or beyond ten years is refused."""
    with pytest.raises(NotationError) as refusal:
        read_duration(text)
    assert refusal.value.code == "bad-duration"


def test_offsets_are_shown_as_iso_8601_has_them() -> None:
    """Offsets have hours, minutes, and seconds where history has them."""
    assert format_offset(timedelta(hours=3)) == "+03:00"
    assert format_offset(-timedelta(hours=4, minutes=56, seconds=2)) == "-04:56:02"
    assert format_offset(timedelta(0)) == "+00:00"
