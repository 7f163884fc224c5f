"""The proof of the first promise: read from the file alone, every event of every IANA zone is the instant meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from readers import icaljs, pyreader, rfc5545, rules
from readers.reading import Reading
from support.every_zone import Chosen, write_project, zone_names
from support.projects import NOW

from calfeed.pipeline.build import build


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Chosen]]:
    """Build the calendar of every zone; return its feed and the events by id."""
    root = tmp_path_factory.mktemp("world")
    chosen = write_project(root / "events", zone_names())
    build(root / "events", root / "dist", now=NOW)
    return root / "dist" / "every-zone.ics", chosen


def misread(readings: list[Reading], chosen: dict[str, Chosen]) -> list[str]:
    """Return the events a reader puts at another instant, or does not see."""
    seen = {reading.uid.removesuffix("@zones.example"): reading for reading in readings}
    return [
        f"{event.id}: written {event.written}, meant {event.start}, read {seen.get(event.id)}"
        for event in chosen.values()
        if event.id not in seen or (seen[event.id].start, seen[event.id].end) != (event.start, event.end)
    ]


def test_calendar_covers_every_zone(world: tuple[Path, dict[str, Chosen]]) -> None:
    """The calendar has events of over 590 zone names, in all five years and in repeated hours."""
    _, chosen = world
    assert len(zone_names()) > 590
    assert len(chosen) > 24_000
    assert sum(1 for event in chosen.values() if "+" in event.written or event.written.count("-") > 2) > 1_000


def test_most_events_keep_their_zone(world: tuple[Path, dict[str, Chosen]]) -> None:
    """UTC is the exception: over two thirds of even these awkward times are written with a TZID."""
    feed, chosen = world
    assert feed.read_bytes().count(b"DTSTART;TZID=") > len(chosen) * 2 / 3


def test_letter_of_the_rfc(world: tuple[Path, dict[str, Chosen]]) -> None:
    """An evaluator by the letter of RFC 5545 reads every instant right from the file alone."""
    feed, chosen = world
    assert misread(rfc5545.read(feed), chosen) == []


def test_rules_hold(world: tuple[Path, dict[str, Chosen]]) -> None:
    """The file of an event in each zone breaks none of the rules for published files, its VTIMEZONE's among them."""
    feed, chosen = world
    first = [event_id for event_id in chosen if event_id.endswith("-6")]
    assert len(first) > 590
    files = [(feed.parent / "events" / f"{event_id}.ics").read_bytes() for event_id in first]
    assert [found for data in files for found in rules.violations(data, "single")] == []


@pytest.mark.node
def test_ical_js(world: tuple[Path, dict[str, Chosen]]) -> None:
    """ical.js, the reader inside Thunderbird, reads every instant right from the file alone."""
    feed, chosen = world
    assert misread(icaljs.read([feed])[feed], chosen) == []


def test_dateutil(world: tuple[Path, dict[str, Chosen]]) -> None:
    """dateutil's reader of VTIMEZONEs reads every instant right from the file alone."""
    feed, chosen = world
    assert misread(pyreader.read_tzical(feed), chosen) == []
