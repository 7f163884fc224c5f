"""Other readers of the committed sample: what they read from dist/ agrees with its manifest."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from readers import icaljs, pyreader, rfc5545, rules
from readers.reading import Reading

DIST = Path(__file__).parents[1] / "dist"
MANIFEST: dict[str, Any] = json.loads((DIST / "calfeed.json").read_bytes())
EVENTS: dict[str, dict[str, Any]] = {event["uid"]: event for event in MANIFEST["events"]}
FILES = sorted(path for path in MANIFEST["files"] if path.endswith(".ics"))
READERS: dict[str, Callable[[Path], list[Reading]]] = {
    "rfc5545": rfc5545.read,
    "icalendar": pyreader.read_icalendar,
    "icalendar's transitions": pyreader.read_transitions,
    "dateutil": pyreader.read_tzical,
    "recurring-ical-events": pyreader.read_recurring,
}


def expected(event: dict[str, Any]) -> Reading:
    """Return the reading that an event of the manifest should give."""
    start: date | datetime
    end: date | datetime | None
    if event["all_day"]:
        start = date.fromisoformat(event["start"])
        end = date.fromisoformat(event["end"]) + timedelta(days=1)
    else:
        start = datetime.fromisoformat(event["start_utc"])
        end = datetime.fromisoformat(event["end_utc"]) if event["end_utc"] else None
    return Reading(event["uid"], None, start, end, event["all_day"])


def assert_agrees(readings: list[Reading], name: str) -> None:
    """Check one file's readings: right instants, and exactly the events that the manifest lists for it."""
    by_uid = {reading.uid: reading for reading in readings}
    slugs = [feed["slug"] for feed in MANIFEST["feeds"] if feed["path"] == name]
    wanted = [event for event in EVENTS.values() if (slugs[0] in event["feeds"] if slugs else event["path"] == name)]
    assert {event["uid"]: expected(event) for event in wanted} == by_uid
    assert len(readings) == len(by_uid)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("reader", READERS)
def test_python_readers(reader: str, name: str) -> None:
    """Every Python reader gets the manifest's instants from every file."""
    assert_agrees(READERS[reader](DIST / name), name)


@pytest.mark.node
def test_ical_js() -> None:
    """ical.js gets the manifest's instants from every file."""
    readings = icaljs.read([DIST / name for name in FILES])
    assert len(readings) == len(FILES)
    for name in FILES:
        assert_agrees(readings[DIST / name], name)


@pytest.mark.parametrize("name", FILES)
def test_rules(name: str) -> None:
    """Every file follows all the rules that clients need."""
    data = (DIST / name).read_bytes()
    assert rules.violations(data, "single" if name.startswith("events/") else "feed") == []


def test_the_meeting() -> None:
    """The 177th meeting of the Bureau is 2017-08-31T14:30:00Z to 2017-09-01T11:30:00Z in every Python reader."""
    path = DIST / "events" / "cor-bureau-177.ics"
    for read in READERS.values():
        (meeting,) = read(path)
        assert meeting.start == datetime.fromisoformat("2017-08-31T14:30:00Z")
        assert meeting.end == datetime.fromisoformat("2017-09-01T11:30:00Z")


def test_the_sample_is_as_large_as_promised() -> None:
    """The sample has over 30 events in at least 8 zones, including all-day and multi-day events."""
    events = list(EVENTS.values())
    assert len(events) > 30
    assert len({event["timezone"] for event in events}) >= 8
    assert sum(event["all_day"] for event in events) >= 5
    assert sum(event["all_day"] and event["start"] != event["end"] for event in events) >= 5


def test_estonian_and_french_survive() -> None:
    """Non-ASCII letters arrive as they were written."""
    feed = (DIST / "eu2017ee.ics").read_bytes().replace(b"\r\n ", b"").decode()
    for word in ("Põhja pst 27a", "Kultuurikatel", "Pärnoja", "Sommet Union Africaine-Union Européenne"):
        assert word in feed
