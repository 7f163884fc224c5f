"""The demonstration calendars in examples/ build without a warning, and readers see what calfeed lists."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from readers import icaljs, pyreader, rules
from support.commands import run
from support.projects import NOW

from calfeed.model import AllDay
from calfeed.pipeline.build import build
from calfeed.resolve.load import load
from calfeed.series.agenda import occurrences

BEGIN, END = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
EXAMPLES = sorted(path.parent for path in (Path(__file__).parents[1] / "examples").rglob("calendar.yaml"))
example_of = pytest.mark.parametrize("events", EXAMPLES, ids=[path.parent.name for path in EXAMPLES])


def listed(events: Path) -> dict[str, list[datetime | date]]:
    """Return the starts of all occurrences by UID, as calfeed lists them."""
    starts_by_uid: dict[str, list[datetime | date]] = {}
    for event in load(events).events:
        whens = [occurrence.when for occurrence in occurrences(event, BEGIN, END)]
        starts = [when.first if isinstance(when, AllDay) else when.start.instant for when in whens]
        starts_by_uid[event.uid] = sorted(starts, key=str)
    return starts_by_uid


def test_there_are_examples() -> None:
    """There is at least one demonstration calendar, with at least two series in all."""
    assert EXAMPLES
    assert sum(event.recurrence is not None for events in EXAMPLES for event in load(events).events) >= 2


@example_of
def test_examples_are_clean(events: Path) -> None:
    """`check --strict` reports nothing for an example."""
    assert run("check", "--strict", str(events)).stdout == ""


@pytest.mark.node
@example_of
def test_readers_see_what_is_listed(events: Path, tmp_path: Path) -> None:
    """ical.js and recurring-ical-events read the occurrences from the feeds that `calfeed list` shows."""
    build(events, tmp_path / "dist", now=NOW)
    expected = listed(events)
    for path in sorted((tmp_path / "dist").glob("*.ics")):
        assert rules.violations(path.read_bytes(), "feed") == []
        for readings in (icaljs.read([path], limit=500)[path], pyreader.read_recurring(path)):
            seen: dict[str, list[datetime | date]] = {}
            for reading in readings:
                seen.setdefault(reading.uid, []).append(reading.start)
            assert expected == {uid: sorted(starts, key=str) for uid, starts in seen.items()}
