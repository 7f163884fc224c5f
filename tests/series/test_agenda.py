"""calfeed.series.agenda: when events take place, and which of them conflict at a venue."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.commands import run
from support.projects import CALENDAR, VENUES, load_event, load_project, write_events, write_files

from calfeed import occurrences
from calfeed.diagnostics.problem import Mark, Problem
from calfeed.model import Event, Timed, Venue, ZonedTime
from calfeed.resolve.load import load
from calfeed.series.agenda import conflicts

SERIES = """\
summary: Weekly
start: 2026-10-06 18:00
end: 20:00
rrule: FREQ=WEEKLY
exdates: 2026-10-20
overrides: [{recurrence_id: 2026-10-27, start: 2026-10-28 18:00, summary: Moved}]
"""


def at(text: str) -> datetime:
    """Return an instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_occurrences_between_two_instants(tmp_path: Path) -> None:
    """Occurrences in progress at the first instant are included; those that start at the last instant are not."""
    event = load_event(tmp_path, SERIES)
    occurring = list(occurrences(event, at("2026-10-06 16:00"), at("2026-11-03 16:00")))
    assert [
        (occurrence.summary, occurrence.when.start.instant)
        for occurrence in occurring
        if isinstance(occurrence.when, Timed)
    ] == [
        ("Weekly", at("2026-10-06 15:00")),
        ("Weekly", at("2026-10-13 15:00")),
        ("Moved", at("2026-10-28 16:00")),
    ]
    assert all(occurrence.recurrence is None for occurrence in occurring)


def test_series_without_an_end_goes_on(tmp_path: Path) -> None:
    """An endless series has occurrences at any time, by its zone's law then, even hourly and in 2150."""
    weekly, hourly = (
        load_event(tmp_path / rule, f"summary: X\nstart: 2026-10-06 18:00\nend: 18:30\nrrule: FREQ={rule}\n")
        for rule in ("WEEKLY", "HOURLY")
    )
    starts = [occurrence.when for occurrence in occurrences(weekly, at("2150-07-01 00:00"), at("2150-07-15 00:00"))]
    assert [when.start.instant for when in starts if isinstance(when, Timed)] == [
        at("2150-07-07 15:00"), at("2150-07-14 15:00"),
    ]  # fmt: skip
    assert len(list(occurrences(hourly, at("2150-07-01 00:00"), at("2150-07-15 00:00")))) == 14 * 24
    assert next(occurrences(weekly, at("2026-10-01 00:00"), at("9999-01-01 00:00"))).when == weekly.when


def test_skipped_hour_gives_no_occurrence_twice(tmp_path: Path) -> None:
    """An hourly series has each instant of a night with a clock change once, with and without an end, and warns."""
    for end in ("", ";COUNT=6"):
        text = f"summary: X\nstart: 2027-03-28 01:00\nduration: 10m\nrrule: FREQ=HOURLY{end}\n"
        project = load_project(tmp_path / (end or "endless"), text)
        (event,) = project.events
        starts = [occurrence.when for occurrence in occurrences(event, at("2027-03-27 00:00"), at("2027-03-28 03:30"))]
        assert [when.start.instant for when in starts if isinstance(when, Timed)] == [
            at("2027-03-27 23:00") + timedelta(hours=hour) for hour in range(5)
        ]
        assert "unsettled-occurrence" in {problem.code for problem in project.problems}


def test_a_single_event_is_its_only_occurrence(tmp_path: Path) -> None:
    """An event that is not a series occurs once, or not at all."""
    event = load_event(tmp_path, "summary: Open days\nstart: 2027-06-05\nend: 2027-06-06\n")
    assert list(occurrences(event, at("2027-06-06 00:00"), at("2027-06-07 00:00"))) == [event]
    assert list(occurrences(event, at("2027-06-07 00:00"), at("2027-07-07 00:00"))) == []


def test_list_of_days(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`list --from --to` lists the occurrences of these days, moved ones on their new days."""
    write_events(tmp_path, weekly=SERIES)
    monkeypatch.chdir(tmp_path)
    rows = json.loads(run("list", "--from", "2026-10-20", "--to", "2026-11-03", "--format", "json").stdout)
    assert [(row["summary"], row["start"]) for row in rows] == [
        ("Moved", "2026-10-28T18:00:00"),
        ("Weekly", "2026-11-03T18:00:00"),
    ]
    assert "[FREQ=WEEKLY]" in run("list").stdout
    assert "Tue 2026-10-27 is Wed 2026-10-28 18:00: Moved" in run("show", "weekly").stdout


def problems_of(root: Path, venues: str = VENUES, **events: str) -> list[tuple[str, str]]:
    """Return the conflicts of a small project as pairs of code and message."""
    named = {f"{name}.yaml": text for name, text in events.items()}
    write_files(root / "events", {"calendar.yaml": CALENDAR, "venues.yaml": venues, **named})
    return [(p.code, p.message) for p in load(root / "events").problems if p.code == "venue-conflict"]


def test_conflict_across_zones_and_occurrences(tmp_path: Path) -> None:
    """An event in another zone that meets one occurrence of a series at its venue is reported, with the time."""
    problems = problems_of(
        tmp_path,
        weekly=f"{SERIES}venue: hub\n",
        call="summary: Call\nstart: 2026-10-13 17:30\nend: 18:30\ntimezone: Europe/Stockholm\nvenue: hub\n",
    )
    assert problems == [("venue-conflict", "`call` and `weekly` are both at `hub` on 2026-10-13 17:30")]


@pytest.mark.parametrize(
    ("venues", "call"),
    [
        pytest.param(f"{VENUES}  shared: true\n", "start: 2026-10-13 18:30\nend: 19:00\n", id="shared venue"),
        pytest.param(VENUES, "start: 2026-10-13 20:00\nend: 21:00\n", id="one after the other"),
        pytest.param(VENUES, "start: 2026-10-20 18:00\nend: 19:00\n", id="left out"),
        pytest.param(VENUES, "start: 2026-10-27 18:00\nend: 19:00\n", id="moved away"),
        pytest.param(VENUES, "start: 2026-10-13 18:00\nend: 19:00\nstatus: cancelled\n", id="cancelled"),
        pytest.param(VENUES, "start: 2026-10-13\n", id="whole day"),
    ],
)
def test_no_conflict(tmp_path: Path, venues: str, call: str) -> None:
    """Events that share a venue at different times do not conflict."""
    assert (
        problems_of(tmp_path, venues, weekly=f"{SERIES}venue: hub\n", call=f"summary: Call\nvenue: hub\n{call}") == []
    )


def naive_conflicts(events: list[Event]) -> set[frozenset[str]]:
    """Find conflicts by comparing all pairs of events."""
    spans = [
        (e.id, e.when.start.instant, e.when.end.instant) for e in events if isinstance(e.when, Timed) and e.when.end
    ]
    return {
        frozenset((a, b))
        for n, (a, begin, end) in enumerate(spans)
        for b, other_begin, other_end in spans[n + 1 :]
        if begin < other_end and other_begin < end
    }


def test_sweep_finds_what_comparing_all_pairs_finds() -> None:
    """The sweep over sorted times finds every overlapping pair, and no others."""
    dice = random.Random(7)  # noqa: S311 - not for secrets
    venue = Venue(id="hub", name="Hub", mark=Mark(path="v"))
    events = []
    for number in range(300):
        start = at("2026-10-01 00:00") + timedelta(minutes=dice.randrange(40_000))
        end = start + timedelta(minutes=dice.randrange(1, 600))
        when = Timed(*(ZonedTime(moment.replace(tzinfo=None), "UTC", moment) for moment in (start, end)))
        events.append(
            Event(id=f"e{number}", uid=f"{number}", summary="E", when=when, zone=None, venue=venue, mark=Mark(path="e"))
        )
    problems: list[Problem] = list(conflicts(events))
    pairs = {frozenset(problem.message.split("`")[1:4:2]) for problem in problems}
    assert len(pairs) > 50
    assert len(problems) == len(pairs)
    assert naive_conflicts(events) == pairs


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (["--from", "0001-01-01"], 104),
        (["--from", "9999-12-30"], 0),
        (["--to", "9999-12-31", "--from", "2200-12-25"], 1),
        (["--to", "0001-01-01"], 0),
        (["--from", "0001-01-01", "--to", "9999-12-31"], 9092),
    ],
)
def test_list_takes_any_day(tmp_path: Path, arguments: list[str], count: int) -> None:
    """`list` accepts the first and last possible days: a series without an end is followed until 2200."""
    text = "summary: Weekly\nstart: 2026-10-06 18:00\nend: 20:00\nrrule: FREQ=WEEKLY\n"
    result = run("list", str(write_events(tmp_path, talk=text)), *arguments)
    assert result.exit_code == 0
    _header, *lines = result.stdout.splitlines()
    assert len(lines) == count
