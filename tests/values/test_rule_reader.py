"""Reading rules: every spelling gives the same numbers, and rules that freeze programs are refused."""

from __future__ import annotations

from datetime import date

import pytest

from calfeed.diagnostics.problem import InvalidValue
from calfeed.values.rule_reader import read_published_rule, read_rule, rule_of
from calfeed.values.rules import Day, Rule


def refusal(rule: str) -> InvalidValue:
    """Return why calfeed refuses a rule."""
    with pytest.raises(InvalidValue) as refused:
        read_rule(rule)
    return refused.value


@pytest.mark.parametrize(
    ("rule", "hint"),
    [
        ("FREQ=DAILY;BYMONTHDAY=-1", "`FREQ=MONTHLY;BYMONTHDAY=-1`"),
        ("FREQ=DAILY;BYMONTHDAY=-1,-2;BYMONTH=2;COUNT=6", "`FREQ=MONTHLY;COUNT=6;BYMONTH=2;BYMONTHDAY=-1,-2`"),
        ("FREQ=DAILY;BYMONTHDAY=-1;BYDAY=FR", "`FREQ=MONTHLY;BYMONTHDAY=-1;BYDAY=FR`"),
        ("FREQ=DAILY;INTERVAL=2;BYMONTHDAY=1,-1", "separate events"),
        ("FREQ=HOURLY;BYMONTHDAY=-1", "`FREQ=MONTHLY;BYMONTHDAY=-1`"),
        ("FREQ=HOURLY;BYYEARDAY=-1", "`FREQ=YEARLY;BYYEARDAY=-1`"),
        ("FREQ=MINUTELY;INTERVAL=5;BYMONTHDAY=-1;BYHOUR=9", "FREQ=MONTHLY"),
        ("FREQ=YEARLY;BYMONTH=7;BYDAY=TH;BYMONTHDAY=-7,-6,-5,-4,-3,-2,-1", "`FREQ=YEARLY;BYMONTH=7;BYDAY=-1TH`"),
        ("FREQ=YEARLY;BYMONTH=7,11;BYDAY=SA,SU;BYMONTHDAY=-30", "separate events"),
        ("FREQ=YEARLY;BYMONTH=4;BYDAY=TU;BYMONTHDAY=-7,31", "separate events"),
        ("FREQ=YEARLY;BYMONTH=1,11;BYDAY=-1TU,1FR;BYSETPOS=-3", "one event for each month"),
    ],
)
def test_rules_that_freeze_programs_are_refused(rule: str, hint: str) -> None:
    """A rule that freezes ical.js is an error; the hint proposes an equal rule if one exists."""
    refused = refusal(rule)
    assert refused.code == "bad-rrule"
    assert "freezes Thunderbird" in refused.message
    assert hint in refused.hint


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY;BYMONTHDAY=1,15",
        "FREQ=MONTHLY;BYMONTHDAY=-1",
        "FREQ=YEARLY;BYYEARDAY=-1",
        "FREQ=YEARLY;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
        "FREQ=YEARLY;BYMONTH=2;BYDAY=TU;BYMONTHDAY=29",
        "FREQ=YEARLY;BYMONTH=12;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    ],
)
def test_rules_that_end_are_not_refused(rule: str) -> None:
    """A rule that the RFC allows and that freezes no program is accepted."""
    assert sorted(read_rule(rule).text.split(";")) == sorted(rule.split(";"))


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("RRULE:FREQ=MONTHLY;BYDAY=+1MO;", "FREQ=MONTHLY;BYDAY=1MO"),
        ("byday=02tu, -01FR ;freq=monthly", "FREQ=MONTHLY;BYDAY=2TU,-1FR"),
        ("FREQ=YEARLY;BYMONTH=01,+2,1;INTERVAL=002", "FREQ=YEARLY;INTERVAL=2;BYMONTH=1,2"),
        ("FREQ=DAILY;BYHOUR=-0,09", "FREQ=DAILY;BYHOUR=0,9"),
        ("FREQ=WEEKLY;INTERVAL=1;WKST=mo;COUNT=07", "FREQ=WEEKLY;INTERVAL=1;COUNT=7;WKST=MO"),
    ],
)
def test_every_spelling_gives_one_text(written: str, text: str) -> None:
    """Rules that differ only in order, case, signs, zeros, spaces and repeated values are equal."""
    assert read_rule(written).text == text
    assert read_rule(written) == read_rule(text)


def test_text_and_mapping_are_the_same_rule() -> None:
    """A mapping is read into numbers, too."""
    expected = Rule(
        frequency="MONTHLY",
        interval=2,
        until=date(2027, 12, 31),
        byday=(Day(2, 1), Day(None, 4)),
        bysetpos=(-1,),
        wkst=6,
    )
    parts = {
        "freq": "monthly",
        "Interval": "2",
        "byday": "2tu,fr",
        "BYSETPOS": "-1",
        "wkst": "su",
        "until": "2027-12-31",
    }
    assert rule_of(parts) == expected
    assert read_rule("FREQ=MONTHLY;INTERVAL=2;BYDAY=2TU,FR;BYSETPOS=-1;WKST=SU;UNTIL=20271231") == expected


@pytest.mark.parametrize(
    ("rule", "part"),
    [
        ("BYDAY=MO", ""),
        ("FREQ=DAILY;FREQ=DAILY", ""),
        ("FREQ=DAILY;Interval=0", "Interval=0"),
        ("FREQ=DAILY;COUNT=123456", "COUNT=123456"),
        ("FREQ=DAILY;BYMONTH=1,13", "BYMONTH=1,13"),
        ("FREQ=MONTHLY;BYDAY=54MO", "BYDAY=54MO"),
        ("FREQ=WEEKLY;BYDAY=1MO", "BYDAY=1MO"),
        ("FREQ=DAILY;WKST=XX", "WKST=XX"),
        ("FREQ=DAILY;BYSETPOS=1", "BYSETPOS=1"),
        ("FREQ=YEARLY;BYWEEKNO=2", "BYWEEKNO=2"),
    ],
)
def test_refusal_names_the_part_as_written(rule: str, part: str) -> None:
    """The wrong part is quoted as written, so that a report can underline it."""
    assert (refusal(rule).code, refusal(rule).part) == ("bad-rrule", part)


def test_published_rules_that_freeze_programs_are_read() -> None:
    """Rules that earlier versions published can still be read, although sources may no longer use them."""
    rule = "FREQ=DAILY;BYMONTHDAY=-1"
    assert refusal(rule).part == "BYMONTHDAY=-1"
    assert read_published_rule(rule).bymonthday == (-1,)
