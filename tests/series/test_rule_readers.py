"""Which rules calendars take alike: proven with four readers, and every other rule is warned of with a way out."""

from __future__ import annotations

import random
import re
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest
from random_rules import draw, draw_of, draw_rule
from readers import icaljs
from readers.reading import Failure
from rule_proof import prove
from support import CALENDAR, NOW, load_project, write_files

from calfeed.diagnostics.problem import InvalidValue, SourceError
from calfeed.pipeline import build
from calfeed.series.expand import starts_of
from calfeed.series.outlook import obstacle_in
from calfeed.series.shapes import READ_ALIKE, is_read_alike, misreading_of
from calfeed.values.equal_rules import equal_rule, nth_day_rule
from calfeed.values.rule_reader import read_rule
from calfeed.values.rules import Rule

WRITTEN = re.compile(r"`(FREQ=[^`]+)`")


def codes(root: Path, start: str, rule: str, *, length: str = "duration: 1h", zone: str = "Europe/Berlin") -> list[str]:
    """Return the codes of what calfeed says of a series."""
    text = f"summary: X\nstart: {start}\n{length}\ntimezone: {zone}\nrrule: {rule}\n"
    return [problem.code for problem in load_project(root, text).problems]


def refusal(rule: str) -> InvalidValue:
    """Return why calfeed refuses a rule."""
    with pytest.raises(InvalidValue) as refused:
        read_rule(rule)
    return refused.value


def first_starts(rule: Rule, start: datetime, count: int = 40) -> list[datetime]:
    """Return the first starts that a rule gives within thirty years."""
    return list(islice(starts_of(rule, start, last=start + timedelta(days=11_000)), count))


# -- the proof --------------------------------------------------------------------------------------------------


@pytest.mark.node
@pytest.mark.libical
def test_random_rules_are_read_alike_or_warned_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of 500 random rules each that ical.js, libical, dateutil or recurring-ical-events misreads has its warning."""
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
    """A few random rules of each shape in the table, 175 in all, are read alike by all four readers."""
    dice = random.Random(5545)  # noqa: S311 - not for secrets
    drawn = [draw_of(dice, f"s{number}", READ_ALIKE[number % len(READ_ALIKE)]) for number in range(175)]
    proof = prove(tmp_path, drawn)
    assert proof.unwarned == []
    assert len(proof.verdicts) > 150


# -- rules of real calendars ------------------------------------------------------------------------------------


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
    """What most series of real calendars repeat by needs no warning, of the proof or of Outlook."""
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
    """A rule that is misread is warned of, with who misreads it and the nearest rule that is read alike."""
    misreading = misreading_of(read_rule(rule), datetime.fromisoformat(start).date())
    assert misreading is not None
    assert misreading.message.startswith(f"{reader} get")
    proposed = WRITTEN.findall(misreading.hint)
    assert (proposed[0] if proposed else "") == hint
    assert "events of their own" in misreading.hint or proposed


def test_every_proposed_rule_is_read_alike() -> None:
    """Whatever rule a warning proposes is of a proven shape itself; what "means the same" gives the same dates."""
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


def test_equal_rules_are_equal() -> None:
    """The rule that a hint says means the same gives the same starts, from wherever the other one begins."""
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
    """A day of the week among the dates of one week of the month is the nth or last of its name."""
    rule = read_rule(f"FREQ=MONTHLY;BYDAY=MO;BYMONTHDAY={numbers}")
    equal = nth_day_rule(rule)
    assert equal is not None
    start = first_starts(rule, datetime(2027, 1, 1, 9))[0]  # noqa: DTZ001
    assert first_starts(rule, start) == first_starts(equal, start)


# -- rules that freeze programs ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "hint"),
    [
        ("FREQ=DAILY;BYMONTHDAY=-1", "`FREQ=MONTHLY;BYMONTHDAY=-1`"),
        ("FREQ=DAILY;BYMONTHDAY=-1,-2;BYMONTH=2;COUNT=6", "`FREQ=MONTHLY;COUNT=6;BYMONTH=2;BYMONTHDAY=-1,-2`"),
        ("FREQ=DAILY;BYMONTHDAY=-1;BYDAY=FR", "`FREQ=MONTHLY;BYMONTHDAY=-1;BYDAY=FR`"),
        ("FREQ=DAILY;INTERVAL=2;BYMONTHDAY=1,-1", "events of their own"),
        ("FREQ=HOURLY;BYMONTHDAY=-1", "`FREQ=MONTHLY;BYMONTHDAY=-1`"),
        ("FREQ=HOURLY;BYYEARDAY=-1", "`FREQ=YEARLY;BYYEARDAY=-1`"),
        ("FREQ=MINUTELY;INTERVAL=5;BYMONTHDAY=-1;BYHOUR=9", "FREQ=MONTHLY"),
        ("FREQ=YEARLY;BYMONTH=7;BYDAY=TH;BYMONTHDAY=-7,-6,-5,-4,-3,-2,-1", "`FREQ=YEARLY;BYMONTH=7;BYDAY=-1TH`"),
        ("FREQ=YEARLY;BYMONTH=7,11;BYDAY=SA,SU;BYMONTHDAY=-30", "events of their own"),
        ("FREQ=YEARLY;BYMONTH=4;BYDAY=TU;BYMONTHDAY=-7,31", "events of their own"),
        ("FREQ=YEARLY;BYMONTH=1,11;BYDAY=-1TU,1FR;BYSETPOS=-3", "one event for each month"),
    ],
)
def test_rules_that_freeze_programs_are_refused(rule: str, hint: str) -> None:
    """A rule from which ical.js does not return is an error, with the equal rule where there is one."""
    refused = refusal(rule)
    assert refused.code == "bad-rrule"
    assert "freezes Thunderbird" in refused.message
    assert hint in refused.hint


@pytest.mark.parametrize(
    ("start", "rule"),
    [
        ("2028-02-29", "FREQ=DAILY;INTERVAL=900;BYMONTH=2;BYMONTHDAY=29;BYDAY=TU"),
        ("2028-02-29", "FREQ=DAILY;INTERVAL=900;BYMONTH=2;BYMONTHDAY=29;BYDAY=TU;UNTIL=20300101"),
        ("2028-02-29", "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=29;BYDAY=TU"),
        ("2027-08-13", "FREQ=DAILY;INTERVAL=9000;BYMONTHDAY=13;BYMONTH=8"),
    ],
)
def test_rules_without_a_next_date_in_reach_are_refused(tmp_path: Path, start: str, rule: str) -> None:
    """A rule whose next date is too far for a program that looks at each day or minute is an error."""
    text = f"summary: X\nstart: {start} 09:00\nduration: 1m\ntimezone: Asia/Kolkata\nrrule: {rule}\n"
    with pytest.raises(SourceError) as refused:
        load_project(tmp_path, text)
    assert [problem.code for problem in refused.value.problems if problem.severity == "error"] == ["bad-rrule"]
    assert "freezes Thunderbird" in refused.value.problems[0].message


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
    """What programs return from, and the RFC allows, is read."""
    assert sorted(read_rule(rule).text.split(";")) == sorted(rule.split(";"))


@pytest.mark.node
def test_time_limit_of_ical_js(tmp_path: Path) -> None:
    """The reader with a time limit says that a rule hangs, and goes on to the next one."""
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


# -- Outlook ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "rule", "what", "hint"),
    [
        ("2027-01-12", "FREQ=MONTHLY;BYDAY=2TU,4TU", "several numbered days", "`FREQ=MONTHLY;BYDAY=2TU` and"),
        ("2027-01-29", "FREQ=MONTHLY;BYDAY=5FR", "fifth", "`BYDAY=-1FR`"),
        ("2027-01-29", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,-1", "several numbered", "BYSETPOS=1` and"),
        ("2027-01-22", "FREQ=MONTHLY;BYDAY=-2FR", "number -2", "events of their own"),
        ("2027-01-01", "FREQ=MONTHLY;BYMONTHDAY=1,15", "several dates", "`FREQ=MONTHLY;BYMONTHDAY=15`"),
        ("2027-01-30", "FREQ=MONTHLY;BYMONTHDAY=-2", "from the end", "`BYMONTHDAY=-1`"),
        ("2027-01-30", "FREQ=MONTHLY", "too short", "`FREQ=MONTHLY;BYMONTHDAY=-1`"),
        ("2028-02-29", "FREQ=YEARLY", "too short", "`FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1`"),
        ("2027-01-01", "FREQ=YEARLY;BYMONTH=1,7", "choice of months", "`FREQ=YEARLY;BYMONTH=7`"),
        ("2027-01-01", "FREQ=MONTHLY;BYMONTH=1,7", "choice of months", "`FREQ=YEARLY;BYMONTH=7`"),
        ("2027-01-01", "FREQ=DAILY;BYHOUR=18,20", "several occurrences on a day", "each time of the day"),
        ("2027-01-01", "FREQ=HOURLY", "by the hour", "each time of the day"),
        ("2027-01-04", "FREQ=MONTHLY;BYDAY=MO;BYMONTHDAY=1,2,3,4,5,6,7", "with dates", "`FREQ=MONTHLY;BYDAY=1MO`"),
        (
            "2027-01-04",
            "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR",
            "BYDAY with FREQ=DAILY",
            "`FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR`",
        ),
        ("2027-01-04", "FREQ=MONTHLY;BYDAY=MO", "BYDAY with FREQ=MONTHLY", "`FREQ=WEEKLY;BYDAY=MO`"),
        ("2027-01-04", "FREQ=YEARLY;INTERVAL=10", "INTERVAL above 8", "events of their own"),
        ("2027-01-04", "FREQ=WEEKLY;COUNT=1000", "COUNT above 999", "`until`"),
        ("2027-01-11", "FREQ=YEARLY;BYDAY=2MO", "BYDAY with FREQ=YEARLY", "events of their own"),
        ("2027-04-10", "FREQ=YEARLY;BYYEARDAY=100", "numbered days of the year", "events of their own"),
        ("2027-01-05", "FREQ=WEEKLY;BYMONTH=1", "BYMONTH with FREQ=WEEKLY", "events of their own"),
    ],
)
def test_rules_that_outlook_cannot_keep(start: str, rule: str, what: str, hint: str) -> None:
    """A rule that none of Outlook's patterns holds is warned of, with the way out."""
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
    """Occurrences that begin before the one before them ends are warned of; those that touch are not."""
    assert codes(tmp_path, start, rule, length=length, zone="Asia/Kolkata") == ["outlook-rule"] * overlaps


# -- clocks -----------------------------------------------------------------------------------------------------


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
    """A series by the hour or minute is warned of where the clocks change during it."""
    assert ("misread-rule" in codes(tmp_path, start, rule, length="duration: 5m", zone=zone)) is meets


# -- the order of lists -----------------------------------------------------------------------------------------


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
    """Lists that ical.js and libical step through as they stand are put in order; others stay as they are written."""
    assert read_rule(written).in_order.text == published


@pytest.mark.node
def test_order_is_read_right(tmp_path: Path) -> None:
    """Several times a day in any order, and several months, come out in ical.js."""
    events = {
        "times.yaml": "summary: X\nstart: 2027-01-05 08:00\nduration: 10m\nrrule: FREQ=DAILY;BYHOUR=20,8,12;COUNT=6\n",
        "months.yaml": "summary: X\nstart: 2027-02-05 08:00\nduration: 10m\n"
        "rrule: FREQ=YEARLY;BYMONTH=10,2;BYMONTHDAY=5;COUNT=4\n",
    }
    root = write_files(tmp_path / "events", {"calendar.yaml": CALENDAR.replace("Tallinn", "London"), **events})
    build(root, tmp_path / "dist", now=NOW)
    paths = [tmp_path / "dist" / "events" / name for name in ("times.ics", "months.ics")]
    answers = icaljs.expand(paths, 10, seconds=5)
    found = [[f"{start:%m-%dT%H}" for start in answers[path] if isinstance(start, datetime)] for path in paths]
    assert found == [
        ["01-05T08", "01-05T12", "01-05T20", "01-06T08", "01-06T12", "01-06T20"],
        ["02-05T08", "10-05T07", "02-05T08", "10-05T07"],
    ]


def test_drawn_rules_cover_the_grammar() -> None:
    """The random rules have every frequency and every part that calfeed reads."""
    dice = random.Random(1)  # noqa: S311 - not for secrets
    text = " ".join(draw_rule(dice, 0.3) for _ in range(400))
    parts = ("INTERVAL", "WKST", "BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYDAY", "BYHOUR", "BYMINUTE")
    names = (*parts, "BYSECOND", "BYSETPOS", "YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY")
    assert [name for name in names if name not in text] == []
