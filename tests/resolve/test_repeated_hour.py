"""An offset or `Z` in exceptions, extra dates and overrides selects the pass of a repeated hour."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from readers import icaljs, pyreader, rules
from support.projects import CALENDAR, NOW, VENUES, load_event, load_project, write_files

from calfeed.diagnostics.codes import Severity
from calfeed.diagnostics.problem import SourceError
from calfeed.pipeline.build import build
from calfeed.pipeline.options import Options
from calfeed.revisions.content import content_of, event_of

SHOW = "summary: Late show\nstart: 2026-10-03 23:30\nduration: 2h\ntimezone: Europe/Berlin\n"
BACKUP = "summary: Backup\nstart: 2026-10-20 02:30\nduration: 20m\ntimezone: Europe/Berlin\n"
DAILY = "rrule: {freq: daily, until: 2026-11-05}\n"
WEEKLY = "rrule: {freq: weekly, until: 2026-11-30}\n"


def instants(folder: Path, text: str) -> list[datetime]:
    """Return the starts that all readers get from an event's file; they must agree."""
    root = write_files(folder / "events", {"calendar.yaml": CALENDAR, "venues.yaml": VENUES, "talk.yaml": text})
    build(root, folder / "dist", now=NOW, options=Options(site=False))
    path = folder / "dist" / "events" / "talk.ics"
    assert rules.violations(path.read_bytes(), "single") == []
    starts = sorted(reading.start for reading in pyreader.read_recurring(path) if isinstance(reading.start, datetime))
    if icaljs.available():
        icaljs_starts = [
            reading.start for reading in icaljs.read([path], limit=60)[path] if isinstance(reading.start, datetime)
        ]
        assert sorted(icaljs_starts) == starts
    return starts


@pytest.mark.node
@pytest.mark.parametrize("rule", [WEEKLY, "rrule: {freq: weekly, count: 9}\n"])
@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-10-25 02:15+02:00", "2026-10-25T00:15"),
        ("2026-10-25 02:15+01:00", "2026-10-25T01:15"),
        ("2026-10-25 00:15Z", "2026-10-25T00:15"),
        ("2026-10-25 01:15Z", "2026-10-25T01:15"),
        ("2026-10-25 03:15+01:00", "2026-10-25T02:15"),
    ],
)
def test_extra_date_is_on_the_pass_that_is_written(tmp_path: Path, rule: str, written: str, instant: str) -> None:
    """An extra date in a repeated hour is on the pass of its offset for every reader, with the usual length."""
    starts = instants(tmp_path, f"{SHOW}{rule}rdates: [{written}]\n")
    assert datetime.fromisoformat(instant).replace(tzinfo=UTC) in starts
    assert len(starts) == 10


@pytest.mark.node
def test_extra_date_of_a_series_without_an_end(tmp_path: Path) -> None:
    """An extra date on the second pass is written out even if the series has no end."""
    root = write_files(
        tmp_path / "events",
        {
            "calendar.yaml": CALENDAR,
            "venues.yaml": VENUES,
            "talk.yaml": f"{SHOW}rrule: FREQ=WEEKLY\nrdates: [2026-10-25 02:15+01:00]\n",
        },
    )
    build(root, tmp_path / "dist", now=NOW, options=Options(site=False))
    path = tmp_path / "dist" / "events" / "talk.ics"
    starts = [reading.start for reading in icaljs.read([path], limit=9)[path]]
    assert datetime(2026, 10, 25, 1, 15, tzinfo=UTC) in starts
    assert "RECURRENCE-ID;TZID=Europe/Berlin:20261025T021500" in path.read_text("utf-8")


@pytest.mark.parametrize("key", ["exdates: [{}]", "overrides: [{{recurrence_id: {}, status: cancelled}}]"])
@pytest.mark.parametrize("written", ["2026-10-25 01:30Z", "2026-10-25 02:30+01:00"])
def test_other_pass_is_no_occurrence(tmp_path: Path, key: str, written: str) -> None:
    """Naming the pass on which a series does not occur is an error, and the hint gives the other pass."""
    with pytest.raises(SourceError) as refused:
        load_project(tmp_path, f"{BACKUP}{DAILY}{key.format(written)}\n")
    (problem,) = refused.value.problems
    assert problem.code == "no-occurrence"
    assert problem.hint == "write `2026-10-25 02:30+02:00`"


@pytest.mark.parametrize("written", ["2026-10-25 00:30Z", "2026-10-25 02:30+02:00", "2026-10-25 02:30", "2026-10-25"])
def test_pass_of_the_series_can_be_excluded(tmp_path: Path, written: str) -> None:
    """The pass on which a series occurs can be written with its offset, in UTC, or without either."""
    event = load_event(tmp_path, f"{BACKUP}{DAILY}exdates: [{written}]\n")
    assert event.recurrence is not None
    assert event.recurrence.exdates == (datetime.fromisoformat("2026-10-25 02:30"),)


@pytest.mark.parametrize("written", ["2027-03-28 01:30Z", "2027-03-28 03:30+02:00", "2027-03-28 02:30"])
def test_occurrence_with_a_skipped_start_is_known_by_its_instant(tmp_path: Path, written: str) -> None:
    """An occurrence with a skipped start can be named by that start, or by the instant at which it takes place."""
    text = BACKUP.replace("2026-10-20", "2027-03-20") + "rrule: {freq: daily, until: 2027-04-05}\n"
    event = load_event(tmp_path, f"{text}exdates: [{written}]\n")
    assert event.recurrence is not None
    assert event.recurrence.exdates == (datetime.fromisoformat("2027-03-28 02:30"),)


@pytest.mark.parametrize("key", ["exdates", "rdates"])
def test_offset_that_the_zone_does_not_have_is_refused(tmp_path: Path, key: str) -> None:
    """As in `start`, an offset that the zone does not have at that time is an error."""
    with pytest.raises(SourceError) as refused:
        load_project(tmp_path, f"{BACKUP}{DAILY}{key}: [2026-10-28 02:30+05:00]\n")
    assert [problem.code for problem in refused.value.problems] == ["wrong-offset"]


@pytest.mark.parametrize(
    ("dates", "code"),
    [
        ("2026-10-25 02:30+01:00", "ambiguous-time"),  # the rule has the first pass
        ("2026-10-25 02:15+02:00, 2026-10-25 02:15+01:00", "ambiguous-time"),
        ("2026-10-25 02:15", "ambiguous-time"),
    ],
)
def test_both_passes_cannot_be_in_one_series(tmp_path: Path, dates: str, code: str) -> None:
    """RDATE cannot express two instants with the same wall time, so the second is an error."""
    with pytest.raises(SourceError) as refused:
        load_project(tmp_path, f"{BACKUP}{DAILY}rdates: [{dates}]\n")
    errors = [problem.code for problem in refused.value.problems if problem.severity is Severity.ERROR]
    assert errors == [code]


@pytest.mark.parametrize("dates", ["2026-10-25 02:30+02:00", "2026-10-25 00:30Z"])
def test_same_pass_occurs_already(tmp_path: Path, dates: str) -> None:
    """An extra date on the rule's own pass gives the warning that the series already occurs then."""
    project = load_project(tmp_path, f"{BACKUP}{DAILY}rdates: [{dates}]\n")
    assert [problem.code for problem in project.problems] == ["rdate-occurs"]


def test_override_of_an_extra_date_on_the_second_pass(tmp_path: Path) -> None:
    """An extra date on the second pass can be overridden by naming its offset, and keeps its time."""
    text = f"{SHOW}{WEEKLY}rdates: [2026-10-25 02:15+01:00]\n"
    override = "overrides: [{recurrence_id: 2026-10-25 02:15+01:00, summary: Encore}]\n"
    event = load_event(tmp_path, text + override)
    assert event.recurrence is not None
    (instance,) = [instance for instance in event.recurrence.instances if instance.event.summary == "Encore"]
    assert content_of(instance.event)["start_utc"] == "2026-10-25T01:15:00Z"
    assert content_of(instance.event)["end_utc"] == "2026-10-25T03:15:00Z"
    restored = event_of(content_of(event), event.id, event.uid, "Europe/Berlin", event.mark)
    assert content_of(restored) == content_of(event)
