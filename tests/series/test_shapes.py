"""Which rules calendars read alike, proven with four readers; every other rule has a warning with an alternative."""

from __future__ import annotations

import random
import re
import sys
from datetime import datetime
from pathlib import Path

import pytest
from readers import icaljs
from readers.reading import Failure
from rule_proof import prove
from support.projects import load_project
from support.random_rules import draw, draw_of, draw_rule, first_starts

from calfeed.series.shapes import READ_ALIKE, is_read_alike, misreading_of
from calfeed.values.rule_reader import read_rule

WRITTEN = re.compile(r"`(FREQ=[^`]+)`")


def codes(root: Path, start: str, rule: str, *, length: str = "duration: 1h", zone: str = "Europe/Berlin") -> list[str]:
    """Return the codes of calfeed's problems for a series."""
    text = f"summary: X\nstart: {start}\n{length}\ntimezone: {zone}\nrrule: {rule}\n"
    return [problem.code for problem in load_project(root, text).problems]


@pytest.mark.node
@pytest.mark.libical
def test_random_rules_are_read_alike_or_warned_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of 500 random rules, each that ical.js, libical, dateutil or recurring-ical-events misreads gives a warning."""
    dice = random.Random(2027)  # noqa: S311 - not for secrets
    drawn = [draw(dice, f"s{number}") for number in range(500)]
    proof = prove(tmp_path, drawn)
    with capsys.disabled():
        sys.stdout.write(f"\n{proof.report()}\n")
    assert proof.unwarned == []
    assert len(proof.verdicts) > 480
    assert sum(1 for verdict in proof.verdicts if verdict.misreaders) > 50


@pytest.mark.node
@pytest.mark.libical
def test_every_proven_shape_is_read_alike(tmp_path: Path) -> None:
    """All four readers agree on a few random rules of each shape in the table, 175 in all."""
    dice = random.Random(5545)  # noqa: S311 - not for secrets
    drawn = [draw_of(dice, f"s{number}", READ_ALIKE[number % len(READ_ALIKE)]) for number in range(175)]
    proof = prove(tmp_path, drawn)
    assert proof.unwarned == []
    assert len(proof.verdicts) > 150


def test_drawn_rules_cover_the_grammar() -> None:
    """The random rules cover every frequency and every part that calfeed reads."""
    dice = random.Random(1)  # noqa: S311 - not for secrets
    text = " ".join(draw_rule(dice, 0.3) for _ in range(400))
    parts = ("INTERVAL", "WKST", "BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY", "BYHOUR", "BYMINUTE")
    names = (*parts, "BYSECOND", "BYSETPOS", "YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY")
    assert [name for name in names if name not in text] == []


@pytest.mark.node
def test_time_limit_of_ical_js(tmp_path: Path) -> None:
    """The reader with a time limit reports a rule that hangs, and continues with the next one."""
    zone = "DTSTART:20270131T090000Z\r\n"
    paths = []
    for name, rule in (("hangs", "FREQ=DAILY;BYMONTHDAY=-1"), ("ends", "FREQ=DAILY;COUNT=3")):
        path = tmp_path / f"{name}.ics"
        path.write_bytes(
            b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:x\r\nDTSTAMP:20270101T000000Z\r\n"
            + f"{zone}RRULE:{rule}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n".encode()
        )
        paths.append(path)
    answers = icaljs.expand(paths, 5, seconds=1)
    assert answers[paths[0]] is Failure.HANGS
    assert len(answers[paths[1]]) == 3


@pytest.mark.parametrize(
    ("start", "rule"),
    [
        ("2027-01-05 18:00", "FREQ=WEEKLY"),
        ("2027-01-05 18:00", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH"),
        ("2027-01-05 18:00", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;COUNT=30"),
        ("2027-01-05 18:00", "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=SU,TU;UNTIL=20270401"),
        ("2027-01-05 18:00", "FREQ=DAILY;INTERVAL=10"),
        ("2027-01-12 18:00", "FREQ=MONTHLY;BYDAY=2TU"),
        ("2027-01-29 18:00", "FREQ=MONTHLY;BYDAY=-1FR;COUNT=12"),
        ("2027-01-15 18:00", "FREQ=MONTHLY"),
        ("2027-01-15 18:00", "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=15"),
        ("2027-01-31 18:00", "FREQ=MONTHLY;BYMONTHDAY=-1"),
        ("2027-01-29 18:00", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"),
        ("2027-01-01 18:00", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1"),
        ("2027-06-23 18:00", "FREQ=YEARLY"),
        ("2027-12-31 18:00", "FREQ=YEARLY;INTERVAL=2"),
        ("2027-06-23 18:00", "FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=23"),
        ("2027-11-25 18:00", "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH"),
        ("2028-02-29 18:00", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1"),
    ],
)
def test_ordinary_rules_are_not_warned_of(tmp_path: Path, start: str, rule: str) -> None:
    """The usual rules of real calendars give no warning, about misreading or about Outlook."""
    assert codes(tmp_path, start, rule) == []


@pytest.mark.parametrize(
    ("start", "rule", "reader", "hint"),
    [
        ("2028-02-29", "FREQ=YEARLY;COUNT=4", "Thunderbird", "FREQ=YEARLY;COUNT=4;BYMONTH=2;BYMONTHDAY=-1"),
        ("2028-02-29", "FREQ=YEARLY;INTERVAL=4", "Thunderbird", "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=-1"),
        ("2028-02-29", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "Thunderbird", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1"),
        ("2027-01-30", "FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1", "Thunderbird", "FREQ=MONTHLY;BYMONTHDAY=-1"),
        ("2027-01-31", "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", "Thunderbird", "FREQ=MONTHLY;BYMONTHDAY=-1"),
        ("2027-01-02", "FREQ=MONTHLY;BYMONTHDAY=1,2,3;BYSETPOS=2", "Thunderbird", ""),
        (
            "2027-03-31",
            "FREQ=YEARLY;BYMONTH=3,6,9,12;BYMONTHDAY=-1",
            "Thunderbird",
            "FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=-1",
        ),
        ("2027-06-30", "FREQ=YEARLY;BYMONTH=6,12;BYMONTHDAY=-1", "Thunderbird", "FREQ=YEARLY;BYMONTH=6;BYMONTHDAY=-1"),
        ("2027-03-25", "FREQ=YEARLY;BYMONTH=3,6;BYMONTHDAY=-7", "Thunderbird", ""),
        ("2027-01-15", "FREQ=YEARLY;BYMONTHDAY=15", "Thunderbird and GNOME Calendar", "FREQ=MONTHLY;BYMONTHDAY=15"),
        ("2027-08-05", "FREQ=MONTHLY;BYMONTH=6,8", "Thunderbird", "FREQ=YEARLY;BYMONTH=6"),
        ("2027-05-18", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=TU", "Thunderbird", ""),
        ("2027-05-18", "FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=-1", "Thunderbird and GNOME Calendar", ""),
        (
            "2027-03-02",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TU;WKST=SA",
            "GNOME Calendar",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;WKST=SA",
        ),
        ("2027-05-03", "FREQ=MONTHLY;BYDAY=1MO,TU", "programs with Python's dateutil", "FREQ=MONTHLY;BYDAY=1MO"),
    ],
)
def test_misread_rules_name_the_readers_and_a_way_out(start: str, rule: str, reader: str, hint: str) -> None:
    """A misread rule gives a warning that names the reader and the nearest rule that is read alike."""
    misreading = misreading_of(read_rule(rule), datetime.fromisoformat(start).date())
    assert misreading is not None
    assert misreading.message.startswith(f"{reader} get")
    proposed = WRITTEN.findall(misreading.hint)
    assert (proposed[0] if proposed else "") == hint
    assert "separate events" in misreading.hint or proposed


def test_every_proposed_rule_is_read_alike() -> None:
    """Every rule that a warning proposes has a proven shape; one that "means the same" gives the same dates."""
    dice = random.Random(11)  # noqa: S311 - not for secrets
    proposals = 0
    for number in range(1_500):
        series = draw(dice, f"s{number}", likely=0.2)
        rule, day = read_rule(series.rule), series.start.date()
        misreading = misreading_of(rule, day)
        if misreading is None:
            continue
        for text in WRITTEN.findall(misreading.hint):
            proposals += 1
            proposed = read_rule(text)
            assert is_read_alike(proposed, day), (series, text)
            if "means the same" in misreading.hint:
                assert first_starts(rule, series.start) == first_starts(proposed, series.start), (series, text)
    assert proposals > 30


@pytest.mark.parametrize(
    ("start", "rule", "zone", "meets"),
    [
        ("2027-03-20 08:00", "FREQ=HOURLY;INTERVAL=12;UNTIL=20270404", "Europe/Berlin", True),
        ("2027-03-20 08:00", "FREQ=HOURLY;INTERVAL=12;UNTIL=20270327", "Europe/Berlin", False),
        ("2027-03-20 08:00", "FREQ=HOURLY;INTERVAL=12", "Asia/Kolkata", False),
        ("2027-10-30 08:00", "FREQ=MINUTELY;INTERVAL=90;COUNT=40", "Europe/Berlin", True),
        ("2027-03-13 20:00", "FREQ=HOURLY;INTERVAL=5;COUNT=9", "America/New_York", True),
        ("2027-03-27 08:00", "FREQ=DAILY;COUNT=9", "Europe/Berlin", False),
    ],
)
def test_hours_over_a_change_of_the_clocks(tmp_path: Path, start: str, rule: str, zone: str, meets: bool) -> None:
    """An hourly or minutely series gives a warning if the clocks change during it."""
    assert ("misread-rule" in codes(tmp_path, start, rule, length="duration: 5m", zone=zone)) is meets
