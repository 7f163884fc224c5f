"""calfeed.values.equal_rules: different rules that give the same dates."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime

import pytest
from support.random_rules import draw, first_starts

from calfeed.values.equal_rules import equal_rule, nth_day_rule, split_rule
from calfeed.values.rule_reader import read_rule


def test_equal_rules_are_equal() -> None:
    """The rule that a hint proposes gives the same starts as the original rule, wherever it begins."""
    dice = random.Random(12)  # noqa: S311 - not for secrets
    compared = 0
    for number in range(2_000):
        series = draw(dice, f"s{number}", likely=0.2)
        rule = replace(read_rule(series.rule), until=None)
        for equal in (equal_rule(rule), nth_day_rule(rule)):
            if equal is not None:
                compared += 1
                assert read_rule(equal.text) == equal
                assert first_starts(rule, series.start) == first_starts(equal, series.start), (series, equal)
    assert compared > 60


@pytest.mark.parametrize(
    "numbers", ["1,2,3,4,5,6,7", "8,9,10,11,12,13,14", "22,23,24,25,26,27,28", "-7,-6,-5,-4,-3,-2,-1"]
)
def test_a_week_of_dates_is_an_nth_day(numbers: str) -> None:
    """A weekday within the nth or last seven dates of the month is the nth or last of its name."""
    rule = read_rule(f"FREQ=MONTHLY;BYDAY=MO;BYMONTHDAY={numbers}")
    equal = nth_day_rule(rule)
    assert equal is not None
    start = first_starts(rule, datetime(2027, 1, 1, 9))[0]  # noqa: DTZ001
    assert first_starts(rule, start) == first_starts(equal, start)


def test_a_rule_is_split_by_the_values_of_a_part() -> None:
    """A rule is split into one per value, in the order written; a part that it lacks gives no rules."""
    rule = read_rule("FREQ=MONTHLY;BYDAY=2TU,-1FR;BYHOUR=9,8")
    assert [split.text for split in split_rule(rule, "BYDAY")] == [
        "FREQ=MONTHLY;BYDAY=2TU;BYHOUR=9,8",
        "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=9,8",
    ]
    assert [split.byhour for split in split_rule(rule, "BYHOUR")] == [(9,), (8,)]
    assert split_rule(rule, "BYMONTH") == ()
