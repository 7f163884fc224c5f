"""calfeed.vtimezone.files: every file of a calendar places all times correctly, also after events were removed."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytz
from dateutil.rrule import rrulestr
from readers import icaljs, pyreader, rules
from support.projects import LATER, NOW, write_files

from calfeed.cache.memory import Memory
from calfeed.diagnostics.problem import Problem, SourceError
from calfeed.editions.consent import Consent
from calfeed.model import Project
from calfeed.pipeline.build import build
from calfeed.pipeline.options import Options
from calfeed.pipeline.render import render
from calfeed.resolve.load import load, load_with
from calfeed.vtimezone.files import ZonePlanner

PLAIN = "name: Test\nid: test.example\nurl: https://test.example/\nautomatic_feeds: []\n"
BY_CATEGORY = PLAIN.replace("[]", "[category]")
JERUSALEM = "- {{id: {}, summary: S, timezone: Asia/Jerusalem, start: {}, duration: 1h, rrule: FREQ=WEEKLY;UNTIL={}}}\n"
# Together, these need more than 25 clock changes; separately, they do not.
EARLIER = JERUSALEM.format("earlier", "2027-01-05 18:00", "20371231")
LATER_ON = JERUSALEM.format("later", "2033-01-04 19:00", "20421231")
VANCOUVER = (
    "- {{id: {}, summary: S, timezone: America/Vancouver, start: {}, duration: 1h, rrule: {}, categories: [{}]}}\n"
)
# The third needs the rules of 1993, which also fit the other two. Without it, no candidate fits those two.
TWO = VANCOUVER.format("a", "1983-02-03 12:00", "FREQ=YEARLY;UNTIL=20231231", "Two") + VANCOUVER.format(
    "b", "2033-04-09 12:00", "FREQ=YEARLY;UNTIL=20581231", "Two"
)
THIRD = VANCOUVER.format("c", "1993-07-07 12:00", "FREQ=MONTHLY;COUNT=20", "Third")


def in_utc(wall: datetime, tzid: str) -> datetime:
    """Return the instant of a wall time by the zone's file."""
    with pytz.open_resource(tzid) as file:
        return wall.replace(tzinfo=ZoneInfo.from_file(file)).astimezone(UTC)


def problems_of(root: Path, text: str, calendar: str = PLAIN) -> list[Problem]:
    """Return the `unsupported-zone` errors of a calendar with one file of events."""
    write_files(root / "events", {"calendar.yaml": calendar, "all.yaml": text})
    with pytest.raises(SourceError) as refused:
        load(root / "events")
    return [problem for problem in refused.value.problems if problem.code == "unsupported-zone"]


# -- what has no plan -------------------------------------------------------------------------------------------


def test_file_without_a_plan_is_named(tmp_path: Path) -> None:
    """Two series that only fail together give an error that names the file and both places."""
    (problem,) = problems_of(tmp_path, EARLIER + LATER_ON)
    assert "during the series in test.ics" in problem.message
    assert (problem.mark.line, [mark.line for mark in problem.related]) == (1, [2])


def test_each_feed_needs_a_plan(tmp_path: Path) -> None:
    """A feed of some events may have no plan even if the whole calendar has one; that is also an error."""
    write_files(tmp_path / "whole" / "events", {"calendar.yaml": PLAIN, "all.yaml": TWO + THIRD})
    assert load(tmp_path / "whole" / "events").problems == ()
    (problem,) = problems_of(tmp_path / "feeds", TWO + THIRD, BY_CATEGORY)
    assert "during the series in feeds/category/two.ics" in problem.message


def test_nothing_is_rendered_without_a_plan(tmp_path: Path) -> None:
    """Rendering refuses an unchecked feed without a plan instead of misplacing its events."""
    write_files(tmp_path / "events", {"calendar.yaml": PLAIN, "all.yaml": TWO + THIRD})
    project: Project = load(tmp_path / "events")
    unchecked = replace(project.feeds[0], slug="two", path="feeds/two.ics", event_ids=("a", "b"))
    with pytest.raises(SourceError) as refused:
        render(replace(project, feeds=(*project.feeds, unchecked)), now=NOW)
    assert [problem.code for problem in refused.value.problems] == ["unsupported-zone"]


def test_a_file_is_planned_once(tmp_path: Path) -> None:
    """The plans made to check the sources are the same objects that are published."""
    write_files(tmp_path / "events", {"calendar.yaml": PLAIN, "all.yaml": EARLIER})
    loaded = load_with(Memory(), tmp_path / "events")
    plans = [loaded.planner.place(loaded.project.events, (), loaded.project.feeds).plans for _ in range(2)]
    assert plans[0].keys() == {"test.ics", "events/earlier.ics"}
    assert all(plans[0][path][tzid] is plan for path in plans[1] for tzid, plan in plans[1][path].items())
    fresh = ZonePlanner().place(loaded.project.events, (), loaded.project.feeds).plans
    assert fresh == plans[0]
    assert all(plan is not plans[0][path][tzid] for path in fresh for tzid, plan in fresh[path].items())


def test_tombstone_does_not_stop_a_series(tmp_path: Path) -> None:
    """If a cancelled series leaves a file without a plan, it is written in UTC without its rule, under the same UID."""
    write_files(tmp_path / "events", {"calendar.yaml": PLAIN, "all.yaml": EARLIER})
    build(tmp_path / "events", tmp_path / "dist", now=NOW)
    write_files(tmp_path / "events", {"all.yaml": LATER_ON})
    build(tmp_path / "events", tmp_path / "dist", now=LATER, options=Options(consent=Consent(removals=True)))
    for name in ("test.ics", "events/earlier.ics"):
        data = (tmp_path / "dist" / name).read_bytes()
        assert b"UID:earlier@test.example\r\n" in data
        assert b"DTSTART:20270105T160000Z\r\nDTEND:20270105T170000Z\r\n" in data
        assert b"STATUS:CANCELLED\r\n" in data
        assert rules.violations(data, "feed" if name == "test.ics" else "single") == []
    walls = [datetime(2033, 1, 4, 19) + timedelta(weeks=week) for week in range(522)]  # noqa: DTZ001
    expected = [in_utc(wall, "Asia/Jerusalem") for wall in walls]
    if icaljs.available():
        readings = icaljs.read([tmp_path / "dist" / "test.ics"], limit=2000)[tmp_path / "dist" / "test.ics"]
        assert [reading.start for reading in readings if reading.uid == "later@test.example"] == expected
    again = build(tmp_path / "events", tmp_path / "dist", now=LATER + timedelta(days=1), check=True)
    assert not again.changes


# -- zones that are offsets -------------------------------------------------------------------------------------


@pytest.mark.parametrize("tzid", ["UTC", "Etc/UTC", "GMT", "Etc/GMT-12", "Etc/GMT+11", "Etc/GMT-3"])
@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=WEEKLY;COUNT=9",
        "FREQ=WEEKLY;BYDAY=TU,TH;COUNT=9",
        "FREQ=MONTHLY;COUNT=9",
        "FREQ=MONTHLY;BYMONTHDAY=5;COUNT=9",
        "FREQ=MONTHLY;BYDAY=1TU;COUNT=9",
        "FREQ=YEARLY;COUNT=2",
        "FREQ=DAILY;BYHOUR=6,18;COUNT=9",
        "FREQ=DAILY;INTERVAL=3;COUNT=9",
        "FREQ=HOURLY;INTERVAL=5;COUNT=9",
    ],
)
@pytest.mark.parametrize("hour", [6, 18])
def test_series_at_an_offset_is_right_or_refused(tmp_path: Path, tzid: str, rule: str, hour: int) -> None:
    """A series in a zone that is not a place is right for readers that apply its rule in UTC, or refused."""
    text = f"summary: X\nstart: 2027-01-05 {hour:02}:00\nduration: 1h\ntimezone: {tzid}\nrrule: {rule}\n"
    start = datetime(2027, 1, 5, hour)  # noqa: DTZ001
    expected = [in_utc(wall, tzid) for wall in rrulestr(rule, dtstart=start)]
    is_same = expected == list(rrulestr(rule, dtstart=in_utc(start, tzid)))
    root = write_files(tmp_path / "events", {"calendar.yaml": PLAIN, "talk.yaml": text})
    try:
        load(root)
    except SourceError as refused:
        errors = [problem for problem in refused.problems if problem.severity.value == "error"]
        assert [(problem.code, problem.mark.line) for problem in errors] == [("fixed-zone-series", 5)]
        assert expected[0].replace(tzinfo=None) != start
        return
    assert is_same
    build(root, tmp_path / "dist", now=NOW, options=Options(site=False))
    readings = pyreader.read_recurring(tmp_path / "dist" / "events" / "talk.ics")
    assert sorted(str(reading.start) for reading in readings) == [str(start) for start in expected if start.year < 2029]


# -- any series in any file -------------------------------------------------------------------------------------

ZONES = (
    "Africa/Cairo", "Africa/Casablanca", "America/Havana", "America/New_York", "America/Nuuk", "America/Ojinaga",
    "America/Santiago", "America/Sao_Paulo", "America/Vancouver", "Asia/Amman", "Asia/Gaza", "Asia/Jerusalem",
    "Asia/Tehran", "Europe/Berlin", "Europe/Lisbon", "Europe/London", "Europe/Moscow", "Europe/Tallinn",
    "Pacific/Norfolk",
)  # fmt: skip
LIMIT = 200
UNSOUND = {"unsupported-zone", "unsettled-start", "unsettled-occurrence", "nonexistent-time", "ambiguous-time"}


@dataclass(frozen=True)
class Drawn:
    """A random series or single event: its YAML, and its starts until 2040."""

    id: str
    yaml: str
    starts: tuple[datetime, ...]


def draw(dice: random.Random, number: int) -> Drawn:
    """Draw an event of 1960 to 2038, usually a series of months or decades, in a zone whose law has changed or will."""
    tzid, year = dice.choice(ZONES), dice.choice((dice.randint(1960, 2020), dice.randint(2020, 2038)))
    first = datetime(year, dice.randint(1, 12), dice.randint(1, 28), dice.choice((1, 2, 3, 12, 20)))  # noqa: DTZ001
    rule = dice.choice(
        [
            "",
            f"FREQ=WEEKLY;COUNT={dice.choice((20, 60, 200))}",
            f"FREQ=MONTHLY;COUNT={dice.choice((20, 60, 150))}",
            f"FREQ=YEARLY;COUNT={dice.choice((5, 15, 40))}",
            "FREQ=YEARLY",
            "FREQ=MONTHLY",
        ]
    )
    walls = islice(rrulestr(rule or "FREQ=DAILY;COUNT=1", dtstart=first), 1000)
    starts = (in_utc(wall, tzid) for wall in walls)
    text = (
        f"summary: S\ntimezone: {tzid}\nstart: {first:%Y-%m-%d %H:%M}\nduration: 1h\n"
        f"{f'rrule: {rule}' if rule else ''}\ncategories: [{dice.choice(('One', 'Two'))}, All]\n"
    )
    return Drawn(f"s{number}", text, tuple(start for start in starts if start.year <= 2040))


def write_sound(root: Path, drawn: Iterable[Drawn]) -> list[Drawn]:
    """Write a calendar of these events, and return those that it accepts and that readers agree on."""
    left = {f"{one.id}.yaml": one for one in drawn}
    for path in root.glob("*.yaml"):
        path.unlink()
    write_files(root, {"calendar.yaml": BY_CATEGORY, **{name: one.yaml for name, one in left.items()}})
    while problems := [each for each in problems_in(root) if is_unsound(each)]:
        assert {problem.code for problem in problems} <= UNSOUND
        for name in {Path(problem.mark.path).name for problem in problems}:
            (root / name).unlink()
            del left[name]
    return list(left.values())


def problems_in(root: Path) -> Sequence[Problem]:
    """Return all problems of a folder of events."""
    try:
        return load(root).problems
    except SourceError as refused:
        return refused.problems


def is_unsound(problem: Problem) -> bool:
    """Return whether an event cannot be published, or readers disagree on it."""
    return problem.severity.value == "error" or problem.code == "unsettled-occurrence"


def held_series(data: bytes) -> dict[str, bool]:
    """Return the pieces of a file's events, by the first part of their UIDs, and whether each has a rule."""
    events = data.decode().replace("\r\n ", "").split("BEGIN:VEVENT")[1:]
    masters = (event for event in events if "RECURRENCE-ID" not in event)
    return {re.findall("UID:(.*)@", event)[0]: "\nRRULE:" in event for event in masters}


def misplaced(files: Sequence[Path], drawn: Iterable[Drawn], live: Iterable[Drawn]) -> list[tuple[str, str, str]]:
    """Return the differences between what was drawn and what a reader gets: file, reader and event.

    A piece of a series has the dates before the first date of the next piece.
    """
    starts = {one.id: one.starts for one in drawn}
    alive = {one.id for one in live}
    by_reader = {
        "ical.js": icaljs.read(files, limit=LIMIT),
        "python": {path: pyreader.read_recurring(path) for path in files if path.parent.name == "events"},
    }
    differences = []
    for reader, readings in by_reader.items():
        for path, reading in readings.items():
            pieces = held_series(path.read_bytes())
            begins = {piece: min(one.start for one in reading if one.uid.startswith(f"{piece}@")) for piece in pieces}
            for piece, has_rule in pieces.items():
                event_id = piece.partition("-")[0]
                others = [begin for other, begin in begins.items() if other.partition("-")[0] == event_id]
                end = min((begin for begin in others if begin > begins[piece]), default=None)
                times = [(one.start, one.end) for one in reading if one.uid.startswith(f"{piece}@")]
                read = sorted(time for time in times if str(time[0]) < "2041")
                own = [
                    start
                    for start in starts[event_id]
                    if (piece == event_id or begins[piece] <= start) and (end is None or start < end)
                ]
                expected = own if has_rule else own[:1]
                # The Python reader stops after two years.
                count = len(read) if reader == "python" else min(len(expected), LIMIT)
                meant = [(start, start + timedelta(hours=1)) for start in expected[:count]]
                is_whole = has_rule or event_id not in alive or len(own) == 1
                if not is_whole or not read or read != meant:
                    differences.append((path.name, reader, event_id))
    return differences


@pytest.mark.node
def test_every_file_places_every_series_right(tmp_path: Path) -> None:
    """Every file of old, present and future series in zones of changing law is read right, also after removals."""
    dice = random.Random(1)  # noqa: S311 - not for secrets
    drawn = [draw(dice, number) for number in range(72)]
    first = write_sound(tmp_path / "events", drawn[:48])
    build(tmp_path / "events", tmp_path / "dist", now=NOW, options=Options(site=False))
    files = sorted((tmp_path / "dist").rglob("*.ics"))
    assert misplaced(files, first, first) == []
    second = write_sound(tmp_path / "events", [*first[::2], *drawn[48:]])
    build(
        tmp_path / "events", tmp_path / "dist", now=LATER, options=Options(consent=Consent(removals=True), site=False)
    )
    files = sorted((tmp_path / "dist").rglob("*.ics"))
    tombstones = set(held_series((tmp_path / "dist" / "test.ics").read_bytes())) - {one.id for one in second}
    assert len(first) > 25
    assert len(tombstones) > 3
    assert misplaced(files, drawn, second) == []
    for path in files:
        kind: rules.Kind = "single" if path.parent.name == "events" else "feed"
        assert rules.violations(path.read_bytes(), kind) == [], path.name
