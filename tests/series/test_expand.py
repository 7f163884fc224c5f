"""calfeed.series.expand: rules give the same dates as dateutil, which shares no code with it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from calfeed.series.expand import starts_of
from calfeed.values.rule_reader import read_published_rule, read_rule
from calfeed.values.rules import DAYS


def wall(text: str) -> datetime:
    """Return a naive wall time."""
    return datetime.fromisoformat(text)


def numbers(low: int, high: int, *, signed: bool = False, most: int = 3) -> st.SearchStrategy[str]:
    """Draw a list of numbers for a rule, with negative ones if the part can count from the end."""
    number = st.integers(low, high)
    either = st.builds(lambda sign, n: sign * n, st.sampled_from((1, -1)), number) if signed else number
    return st.lists(either, min_size=1, max_size=most).map(lambda numbers: ",".join(map(str, numbers)))


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Draw a rule that repeats by days or longer.

    Two things are left out because dateutil deviates from the RFC: BYSETPOS with WEEKLY, where it cuts the first week
    at DTSTART, and numbered weeks around New Year (a wrong week 53), which BYWEEKNO 2 to 51 avoids.
    """
    frequency = draw(st.sampled_from(("YEARLY", "MONTHLY", "WEEKLY", "DAILY")))
    parts = {"FREQ": frequency}
    if draw(st.booleans()):
        parts["INTERVAL"] = str(draw(st.integers(1, 7)))
    if draw(st.integers(0, 3)) == 0:
        parts["BYMONTH"] = draw(numbers(1, 12))
    by_week = frequency == "YEARLY" and draw(st.integers(0, 3)) == 0
    if by_week:
        parts["BYWEEKNO"] = draw(numbers(2, 51))
    if frequency == "YEARLY" and draw(st.integers(0, 4)) == 0:
        parts["BYYEARDAY"] = draw(numbers(1, 366, signed=True, most=8))
    if frequency != "WEEKLY" and draw(st.integers(0, 3)) == 0:
        parts["BYMONTHDAY"] = draw(numbers(1, 31, signed=True, most=6))
    if by_week or draw(st.booleans()):
        numbered = frequency in ("YEARLY", "MONTHLY") and not by_week and draw(st.booleans())
        number = st.sampled_from(("1", "2", "3", "5", "-1", "-2")) if numbered else st.just("")
        day = st.builds(str.__add__, number, st.sampled_from(DAYS))
        parts["BYDAY"] = ",".join(draw(st.lists(day, min_size=1, max_size=3)))
    name, high = draw(st.sampled_from((("", 0), ("", 0), ("BYHOUR", 23), ("BYMINUTE", 59), ("BYSECOND", 59))))
    if name:
        parts[name] = draw(numbers(0, high, most=2))
    if frequency != "WEEKLY" and any(name.startswith("BY") for name in parts) and draw(st.integers(0, 2)) == 0:
        parts["BYSETPOS"] = draw(numbers(1, 4, signed=True, most=2))
    if draw(st.booleans()):
        parts["WKST"] = draw(st.sampled_from(DAYS))
    return ";".join(f"{name}={value}" for name, value in parts.items())


# So late because dateutil searches for dates of a rule without any until the year 9999.
STARTS = st.datetimes(wall("9950-01-01"), wall("9989-12-31")).map(lambda start: start.replace(microsecond=0))


def by_dateutil(rule: str, first: datetime, last: datetime) -> list[datetime]:
    """Return dateutil's reading of a rule; it refuses some rules that never occur."""
    try:
        return list(rrulestr(f"{rule};UNTIL={last:%Y%m%dT%H%M%S}", dtstart=first))
    except ValueError:
        return []


@settings(max_examples=400, deadline=None)
@given(rule=rules(), first=STARTS, skipped=st.integers(0, 2000))
def test_dates_are_those_of_dateutil(rule: str, first: datetime, skipped: int) -> None:
    """Rules that repeat by days or longer give dateutil's dates for six years, even if the search begins later."""
    last = first + timedelta(days=6 * 365)
    expected = by_dateutil(rule, first, last)
    assert list(starts_of(read_published_rule(rule), first, last=last)) == expected
    after = first + timedelta(days=skipped)
    starts = list(starts_of(read_published_rule(rule), first, last=last, after=after))
    assert starts == [start for start in expected if start >= after]


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=HOURLY",
        "FREQ=HOURLY;INTERVAL=7",
        "FREQ=HOURLY;INTERVAL=50;BYDAY=MO,WE,FR",
        "FREQ=HOURLY;INTERVAL=3;BYHOUR=6,9,12;BYMINUTE=0,30",
        "FREQ=HOURLY;BYMONTHDAY=1,-1;BYHOUR=9,10",
        "FREQ=HOURLY;BYMINUTE=0,15,30,45;BYSETPOS=-1",
        "FREQ=MINUTELY;INTERVAL=90",
        "FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16",
        "FREQ=MINUTELY;INTERVAL=7;BYDAY=TU;BYMINUTE=0,7,14,21,28,35,42,49,56",
        "FREQ=MINUTELY;INTERVAL=1441;BYSECOND=0,30",
        "FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40",
    ],
)
def test_times_within_days_are_those_of_dateutil(rule: str) -> None:
    """Rules that repeat within days give dateutil's times for four months."""
    first, last = wall("2026-09-01 09:00"), wall("2027-01-05")
    expected = by_dateutil(rule, first, last)
    assert expected
    assert list(starts_of(read_published_rule(rule), first, last=last)) == expected
    assert list(starts_of(read_published_rule(rule), first, last=last, after=expected[-3])) == expected[-3:]


def test_first_week_is_looked_at_as_a_whole() -> None:
    """BYSETPOS counts in the whole week, even in the week that DTSTART cuts: dateutil would begin on Thursday."""
    rule = read_rule("FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=3")
    starts = list(starts_of(rule, wall("2026-09-02 09:00"), last=wall("2026-09-20")))
    assert starts == [wall("2026-09-02 09:00"), wall("2026-09-09 09:00"), wall("2026-09-16 09:00")]


def test_days_with_and_without_numbers_are_united() -> None:
    """`BYDAY=1MO,TU` is the first Monday and every Tuesday: list entries are independent."""
    starts = starts_of(read_rule("FREQ=MONTHLY;BYDAY=1MO,TU"), wall("2026-09-01"), last=wall("2026-10-31"))
    assert [start.day for start in starts] == [1, 7, 8, 15, 22, 29, 5, 6, 13, 20, 27]


@pytest.mark.parametrize(
    "rule",
    ["FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;BYDAY=MO;INTERVAL=7"],
)
def test_rule_that_never_occurs_ends_the_search(rule: str) -> None:
    """A search always ends, and yields nothing if there is nothing to find."""
    assert list(starts_of(read_rule(rule), wall("2026-09-01 09:00"), last=wall("2200-12-31"))) == []


def test_count_is_from_the_first_wherever_the_search_begins() -> None:
    """COUNT counts all starts, including those before the requested stretch."""
    rule = read_rule("FREQ=DAILY;COUNT=5")
    starts = starts_of(rule, wall("2026-09-01"), last=wall("2027-01-01"), after=wall("2026-09-04"))
    assert [start.day for start in starts] == [4, 5]


def test_leap_years_and_ends_of_months() -> None:
    """A day that a month or year does not have is skipped, never moved."""
    yearly = starts_of(read_rule("FREQ=YEARLY"), wall("2096-02-29"), last=wall("2110-01-01"))
    assert [start.year for start in yearly] == [2096, 2104, 2108]
    monthly = starts_of(read_rule("FREQ=MONTHLY"), wall("2026-10-31"), last=wall("2027-04-01"))
    assert [start.month for start in monthly] == [10, 12, 1, 3]
