"""Series that Outlook may skip: rules that fit none of its patterns, and overlapping occurrences."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from support.projects import load_project

from calfeed.series.outlook import obstacle_in
from calfeed.values.rule_reader import read_rule


@pytest.mark.parametrize(
    ("start", "rule", "what", "hint"),
    [
        ("2027-01-12", "FREQ=MONTHLY;BYDAY=2TU,4TU", "several numbered weekdays", "`FREQ=MONTHLY;BYDAY=2TU` and"),
        ("2027-01-29", "FREQ=MONTHLY;BYDAY=5FR", "fifth", "`BYDAY=-1FR`"),
        ("2027-01-29", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1", "several numbered", "BYSETPOS=1` and"),
        ("2027-01-22", "FREQ=MONTHLY;BYDAY=-2FR", "the number -2", "separate events"),
        ("2027-01-01", "FREQ=MONTHLY;BYMONTHDAY=1,15", "several dates", "`FREQ=MONTHLY;BYMONTHDAY=15`"),
        ("2027-01-30", "FREQ=MONTHLY;BYMONTHDAY=-2", "from the end", "`BYMONTHDAY=-1`"),
        ("2027-01-30", "FREQ=MONTHLY", "too short", "`FREQ=MONTHLY;BYMONTHDAY=-1`"),
        ("2028-02-29", "FREQ=YEARLY", "too short", "`FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1`"),
        ("2027-01-01", "FREQ=YEARLY;BYMONTH=1,7", "choice of months", "`FREQ=YEARLY;BYMONTH=7`"),
        ("2027-01-01", "FREQ=MONTHLY;BYMONTH=1,7", "choice of months", "`FREQ=YEARLY;BYMONTH=7`"),
        ("2027-01-01", "FREQ=DAILY;BYHOUR=18,20", "several occurrences in one day", "each time of day"),
        ("2027-01-01", "FREQ=HOURLY", "by the hour", "each time of day"),
        ("2027-01-04", "FREQ=MONTHLY;BYDAY=MO;BYMONTHDAY=1,2,3,4,5,6,7", "with dates", "`FREQ=MONTHLY;BYDAY=1MO`"),
        (
            "2027-01-04",
            "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR",
            "BYDAY with FREQ=DAILY",
            "`FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR`",
        ),
        ("2027-01-04", "FREQ=MONTHLY;BYDAY=MO", "BYDAY with FREQ=MONTHLY", "`FREQ=WEEKLY;BYDAY=MO`"),
        ("2027-01-04", "FREQ=YEARLY;INTERVAL=10", "INTERVAL above 8", "separate events"),
        ("2027-01-04", "FREQ=WEEKLY;COUNT=1000", "COUNT above 999", "`until`"),
        ("2027-01-11", "FREQ=YEARLY;BYDAY=2MO", "BYDAY with FREQ=YEARLY", "separate events"),
        ("2027-04-10", "FREQ=YEARLY;BYYEARDAY=100", "day numbers within the year", "separate events"),
        ("2027-01-05", "FREQ=WEEKLY;BYMONTH=1", "BYMONTH with FREQ=WEEKLY", "separate events"),
    ],
)
def test_rules_that_outlook_cannot_keep(start: str, rule: str, what: str, hint: str) -> None:
    """A rule that fits none of Outlook's patterns gives a warning that says what to write instead."""
    obstacle = obstacle_in(read_rule(rule), datetime.fromisoformat(start).date())
    assert obstacle is not None
    assert what in obstacle.message
    assert hint in obstacle.hint


@pytest.mark.parametrize(
    ("start", "length", "rule", "overlaps"),
    [
        ("2027-01-05 18:00", "duration: 25h", "FREQ=DAILY;COUNT=10", True),
        ("2027-01-05 18:00", "duration: 23h", "FREQ=DAILY;COUNT=10", False),
        ("2027-01-05", "end: 2027-01-12", "FREQ=WEEKLY;COUNT=10", True),
        ("2027-01-05", "end: 2027-01-11", "FREQ=WEEKLY;COUNT=10", False),
        ("2027-01-04 18:00", "duration: 30h", "FREQ=WEEKLY;BYDAY=MO,TU;COUNT=10", True),
        ("2027-01-04 18:00", "duration: 30h", "FREQ=WEEKLY;BYDAY=MO,WE;COUNT=10", False),
        ("2027-01-04 18:00", "duration: 30h", "FREQ=WEEKLY;BYDAY=SU,MO", True),
        ("2027-01-01", "end: 2027-01-29", "FREQ=MONTHLY", True),
        ("2027-01-05 18:00", "duration: 3h", "FREQ=WEEKLY;COUNT=4\nrdates: [2027-01-12 20:00]", True),
    ],
)
def test_overlapping_occurrences(tmp_path: Path, start: str, length: str, rule: str, overlaps: bool) -> None:
    """Occurrences that begin before the previous one ends give a warning; adjacent ones do not."""
    text = f"summary: X\nstart: {start}\n{length}\ntimezone: Asia/Kolkata\nrrule: {rule}\n"
    assert [problem.code for problem in load_project(tmp_path, text).problems] == ["outlook-rule"] * overlaps
