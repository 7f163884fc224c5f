"""UNTIL in files: no reader misses the last date of a series, and none finds an extra one."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from readers import icaljs, pyreader
from support.projects import CALENDAR, NOW, VENUES, load_event, write_files

from calfeed.formats.until import until_in_files
from calfeed.model import Event
from calfeed.pipeline.build import build
from calfeed.pipeline.options import Options
from calfeed.revisions.content import content_of

SERIES = "summary: X\nstart: {start}\n{more}timezone: {zone}\nrrule: {rule}\n"
WRITTEN = [
    # East of Greenwich: the wall time of the last occurrence, as if it were in UTC.
    ("Europe/Tallinn", "2026-09-01 18:00", "FREQ=WEEKLY;UNTIL=2026-12-15", "20261215T180000Z"),
    ("Asia/Kolkata", "2026-09-01 23:30", "FREQ=DAILY;UNTIL=2026-09-05", "20260905T233000Z"),
    ("Pacific/Kiritimati", "2026-09-01 08:00", "FREQ=DAILY;UNTIL=2026-09-05", "20260905T080000Z"),
    ("Europe/London", "2026-09-01 18:00", "FREQ=WEEKLY;UNTIL=2026-09-29", "20260929T180000Z"),
    # At Greenwich and west of it: the instant.
    ("Europe/London", "2026-11-03 18:00", "FREQ=WEEKLY;UNTIL=2026-12-29", "20261229T180000Z"),
    ("America/New_York", "2026-09-01 18:00", "FREQ=WEEKLY;UNTIL=2026-12-15", "20261215T230000Z"),
    # The last occurrence in a repeated hour, and on the day of a change.
    ("Europe/Berlin", "2026-10-04 02:30", "FREQ=WEEKLY;UNTIL=2026-10-25", "20261025T023000Z"),
    ("Europe/Berlin", "2027-03-14 13:00", "FREQ=WEEKLY;UNTIL=2027-03-28", "20270328T130000Z"),
    # Within days: where the next occurrence would come before, the instant.
    ("Europe/Tallinn", "2026-09-01 08:00", "FREQ=HOURLY;UNTIL=2026-09-02 18:00", "20260902T150000Z"),
    ("Europe/Tallinn", "2026-09-01 08:00", "FREQ=DAILY;BYHOUR=8,10;UNTIL=2026-09-02 08:00", "20260902T050000Z"),
    ("Europe/Tallinn", "2026-09-01 08:00", "FREQ=DAILY;BYHOUR=8,12;UNTIL=2026-09-02 08:00", "20260902T080000Z"),
    ("Pacific/Kiritimati", "2026-09-01 20:00", "FREQ=DAILY;BYHOUR=8,20;UNTIL=2026-09-02 20:00", "20260902T060000Z"),
    # A last date of the rule that does not take place is still within.
    ("Europe/Tallinn", "2026-09-01 18:00", "FREQ=WEEKLY;UNTIL=2026-09-15\nexdates: 2026-09-15", "20260915T180000Z"),
    ("Europe/Tallinn", "2026-09-01 18:00", "FREQ=WEEKLY;UNTIL=2026-09-15\nrdates: 2026-09-17", "20260915T180000Z"),
]


def in_files(event: Event) -> str:
    """Return the RRULE of a series as written to files."""
    recurrence = event.recurrence
    assert recurrence is not None
    return recurrence.rule.text_until(until_in_files(event.when, recurrence))


@pytest.mark.parametrize(("zone", "start", "rule", "until"), WRITTEN)
def test_until_is_the_later_of_instant_and_wall_time(
    tmp_path: Path, zone: str, start: str, rule: str, until: str
) -> None:
    """UNTIL is the later of the last date's instant and its wall time, if no further date follows by then."""
    event = load_event(tmp_path, SERIES.format(start=start, more="duration: 20m\n", zone=zone, rule=rule))
    assert in_files(event).rpartition("UNTIL=")[2] == until


@pytest.mark.parametrize(("rule", "more"), [("FREQ=DAILY;COUNT=5", ""), ("FREQ=DAILY", "duration: 1h\n")])
def test_rules_without_until_are_unchanged(tmp_path: Path, rule: str, more: str) -> None:
    """A rule with COUNT or without an end is written unchanged."""
    event = load_event(tmp_path, SERIES.format(start="2026-09-01 18:00", more=more, zone="Asia/Tokyo", rule=rule))
    assert in_files(event) == rule


def test_whole_days_end_on_a_date(tmp_path: Path) -> None:
    """UNTIL of an all-day series is the date of the last one."""
    event = load_event(tmp_path, "summary: X\nstart: 2026-09-01\nrrule: FREQ=DAILY;UNTIL=2026-09-05\n")
    assert in_files(event) == "FREQ=DAILY;UNTIL=20260905"


def test_spelling_is_no_revision(tmp_path: Path) -> None:
    """The content has the instant, so a different UNTIL in files is no revision."""
    rule = "FREQ=WEEKLY;UNTIL=2026-12-15"
    event = load_event(tmp_path, SERIES.format(start="2026-09-01 18:00", more="", zone="Asia/Tokyo", rule=rule))
    assert content_of(event)["rrule"] == "FREQ=WEEKLY;UNTIL=20261215T090000Z"


@pytest.mark.node
def test_every_reader_has_every_date(tmp_path: Path) -> None:
    """Every reader finds the same dates for each of these series, including the last one."""
    texts = {
        f"s{number}.yaml": SERIES.format(start=start, more="duration: 20m\n", zone=zone, rule=rule)
        for number, (zone, start, rule, _) in enumerate(WRITTEN)
    }
    root = write_files(tmp_path / "events", {"calendar.yaml": CALENDAR, "venues.yaml": VENUES, **texts})
    build(root, tmp_path / "dist", now=NOW, options=Options(site=False))
    for number in range(len(WRITTEN)):
        event = load_event(tmp_path / str(number), texts[f"s{number}.yaml"])
        assert event.recurrence is not None
        path = tmp_path / "dist" / "events" / f"s{number}.ics"
        readings = (pyreader.read_recurring(path), icaljs.read([path], limit=99)[path])
        starts = [sorted(one.start for one in reading if isinstance(one.start, datetime)) for reading in readings]
        assert len(starts[0]) == len(event.recurrence.starts), texts[f"s{number}.yaml"]
        assert starts[0] == starts[1]


def test_tombstone_has_the_new_spelling(tmp_path: Path) -> None:
    """The tombstone of a series published by an earlier version has the new UNTIL."""
    series = SERIES.format(start="2026-12-01 18:00", more="", zone="Asia/Tokyo", rule="FREQ=WEEKLY;UNTIL=2026-12-29")
    files = {"calendar.yaml": CALENDAR, "venues.yaml": VENUES, "talk.yaml": series, "other.yaml": series}
    root = write_files(tmp_path / "events", files)
    build(root, tmp_path / "dist", now=NOW, options=Options(site=False))
    (root / "talk.yaml").unlink()
    build(root, tmp_path / "dist", now=NOW + timedelta(days=1), options=Options(site=False))
    written = (tmp_path / "dist" / "events" / "talk.ics").read_text("utf-8")
    assert "STATUS:CANCELLED" in written
    assert "RRULE:FREQ=WEEKLY;UNTIL=20261229T180000Z" in written
