"""The proof of the first promise: readers get the right instant for every event in every IANA zone from the file."""

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
    """Return the events that a reader puts at the wrong instant, or misses."""
    by_id = {reading.uid.removesuffix("@zones.example"): reading for reading in readings}
    return [
        f"{event.id}: written {event.written}, meant {event.start}, read {by_id.get(event.id)}"
        for event in chosen.values()
        if event.id not in by_id or (by_id[event.id].start, by_id[event.id].end) != (event.start, event.end)
    ]


def test_calendar_covers_every_zone(world: tuple[Path, dict[str, Chosen]]) -> None:
    """The calendar has events in over 590 zones, in all five years and in repeated hours."""
    _, chosen = world
    assert len(zone_names()) > 590
    assert len(chosen) > 24_000
    assert sum(1 for event in chosen.values() if "+" in event.written or event.written.count("-") > 2) > 1_000


def test_most_events_keep_their_zone(world: tuple[Path, dict[str, Chosen]]) -> None:
    """UTC is the exception: over two thirds of even these awkward times are written with a TZID."""
    feed, chosen = world
    assert feed.read_bytes().count(b"DTSTART;TZID=") > len(chosen) * 2 / 3


def test_letter_of_the_rfc(world: tuple[Path, dict[str, Chosen]]) -> None:
    """A strict reader of RFC 5545 gets every instant right from the file alone."""
    feed, chosen = world
    assert misread(rfc5545.read(feed), chosen) == []


def test_rules_hold(world: tuple[Path, dict[str, Chosen]]) -> None:
    """The file of an event in each zone follows all rules for published files, including those for VTIMEZONEs."""
    feed, chosen = world
    first = [event_id for event_id in chosen if event_id.endswith("-6")]
    assert len(first) > 590
    files = [(feed.parent / "events" / f"{event_id}.ics").read_bytes() for event_id in first]
    assert [violation for data in files for violation in rules.violations(data, "single")] == []


@pytest.mark.node
def test_ical_js(world: tuple[Path, dict[str, Chosen]]) -> None:
    """ical.js, the library inside Thunderbird, gets every instant right from the file alone."""
    feed, chosen = world
    assert misread(icaljs.read([feed])[feed], chosen) == []


def test_dateutil(world: tuple[Path, dict[str, Chosen]]) -> None:
    """dateutil's reader of VTIMEZONEs gets every instant right from the file alone."""
    feed, chosen = world
    assert misread(pyreader.read_tzical(feed), chosen) == []
