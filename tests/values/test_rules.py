"""calfeed.values.rules: rules as numbers, and as RFC 5545 text."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from calfeed.values.rule_reader import read_rule
from calfeed.values.rules import Day, Rule


@pytest.mark.parametrize(
    ("written", "published"),
    [
        ("FREQ=DAILY;BYHOUR=20,8,12", "FREQ=DAILY;BYHOUR=8,12,20"),
        ("FREQ=YEARLY;BYMONTH=10,2;BYMONTHDAY=5", "FREQ=YEARLY;BYMONTH=2,10;BYMONTHDAY=5"),
        ("FREQ=HOURLY;BYMINUTE=45,5;BYSECOND=30,0", "FREQ=HOURLY;BYMINUTE=5,45;BYSECOND=0,30"),
        ("FREQ=WEEKLY;BYDAY=TU,MO", "FREQ=WEEKLY;BYDAY=TU,MO"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1,1", "FREQ=MONTHLY;BYMONTHDAY=-1,1"),
    ],
)
def test_months_and_times_are_published_in_order(written: str, published: str) -> None:
    """Lists that ical.js and libical step through in the given order are sorted; others keep their order."""
    assert read_rule(written).in_order.text == published


def test_text_has_the_parts_in_one_order() -> None:
    """The text has the parts written, in a fixed order: INTERVAL=1 and WKST=MO stay, and lists keep their order."""
    rule = Rule(
        frequency="MONTHLY",
        interval=1,
        count=5,
        bymonthday=(-1, 1),
        byday=(Day(None, 6), Day(-1, 4), Day(2, 1)),
        bysetpos=(1,),
        wkst=0,
    )
    assert rule.text == "FREQ=MONTHLY;INTERVAL=1;COUNT=5;BYMONTHDAY=-1,1;BYDAY=SU,-1FR,2TU;BYSETPOS=1;WKST=MO"
    assert read_rule(rule.text) == rule


@pytest.mark.parametrize(
    ("until", "text"),
    [
        (None, "FREQ=DAILY"),
        (date(2027, 5, 8), "FREQ=DAILY;UNTIL=20270508"),
        (datetime(2027, 5, 8, 9, 30, tzinfo=UTC), "FREQ=DAILY;UNTIL=20270508T093000Z"),
    ],
)
def test_until_is_a_date_or_an_instant(until: date | None, text: str) -> None:
    """The text ends with UNTIL: a date as a DATE, an instant as a DATE-TIME in UTC."""
    assert Rule(frequency="DAILY").text_until(until) == text


def test_rule_knows_whether_it_ends_and_sets_times() -> None:
    """COUNT or UNTIL ends a rule; a time of day makes it repeat within days."""
    assert Rule(frequency="DAILY").is_endless
    assert not Rule(frequency="DAILY", count=2).is_endless
    assert not Rule(frequency="DAILY", until=date(2027, 5, 8)).is_endless
    assert not Rule(frequency="DAILY").is_within_days
    assert Rule(frequency="HOURLY").is_within_days
    assert Rule(frequency="DAILY", byhour=(0,)).is_within_days
