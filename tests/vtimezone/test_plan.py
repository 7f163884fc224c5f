"""calfeed.vtimezone.plan: series under old or irregular law are described correctly without affecting other events."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytz
from readers import icaljs, pyreader, rules
from support.projects import NOW, tree, write_files

from calfeed.pipeline.build import build
from calfeed.resolve.load import load

BERLIN = "name: Test\nid: test.example\nurl: https://test.example/\ntimezone: Europe/Berlin\nautomatic_feeds: []\n"
SINGLE = "- {id: single, summary: Single, start: 2026-07-01 10:00, end: 2026-07-01 11:00}\n"
MODERN = "- {id: modern, summary: Modern, start: 2026-01-05 18:00, duration: 1h, rrule: FREQ=WEEKLY;COUNT=90}\n"
ENDLESS = "- {id: endless, summary: Endless, start: 2026-01-06 18:00, duration: 1h, rrule: FREQ=WEEKLY}\n"
# Until 1995, summer time ended in September, so today's rules misplace October.
OLD = "- {id: old, summary: Old, start: 1985-06-03 18:00, duration: 1h, rrule: FREQ=WEEKLY;COUNT=80}\n"
OLDER = "- {id: older, summary: Older, start: 1981-06-01 18:00, duration: 1h, rrule: FREQ=WEEKLY;COUNT=60}\n"


def instants(start: str, count: int, step: timedelta, tzid: str = "Europe/Berlin") -> list[datetime]:
    """Return the instants of wall times, by the zone's file."""
    with pytz.open_resource(tzid) as file:
        zone = ZoneInfo.from_file(file)
    first = datetime.fromisoformat(start)
    return [(first + step * number).replace(tzinfo=zone).astimezone(UTC) for number in range(count)]


def read_all(path: Path) -> list[dict[str, list[date]]]:
    """Return the starts in a file by UID, for each reader of series."""
    readings = [pyreader.read_recurring(path)]
    if icaljs.available():
        readings.append(icaljs.read([path], limit=2000)[path])
    starts_by_reader = []
    for reading in readings:
        starts: dict[str, list[date]] = {}
        for each in reading:
            starts.setdefault(each.uid.partition("@")[0], []).append(each.start)
        starts_by_reader.append({uid: sorted(times, key=str) for uid, times in starts.items()})
    return starts_by_reader


def built(root: Path, text: str, calendar: str = BERLIN) -> Path:
    """Build a calendar of one file and return DIST."""
    write_files(root / "events", {"calendar.yaml": calendar, "all.yaml": text})
    build(root / "events", root / "dist", now=NOW)
    return root / "dist"


def test_old_series_changes_no_other_event(tmp_path: Path) -> None:
    """A series of the 1980s leaves the other events' files, and their lines in the feed, unchanged byte for byte."""
    plain = tree(built(tmp_path / "plain", SINGLE + MODERN + ENDLESS))
    mixed = tree(built(tmp_path / "mixed", SINGLE + MODERN + ENDLESS + OLD + OLDER))
    for name in ("single", "modern", "endless"):
        path = f"events/{name}.ics"
        assert plain[path] == mixed[path]
        vevent = plain[path][plain[path].index(b"BEGIN:VEVENT") : plain[path].index(b"END:VCALENDAR")]
        assert vevent in mixed["test.ics"]
    assert b"DTSTART;TZID=Europe/Berlin:20260701T100000" in mixed["test.ics"]


def test_old_and_modern_series_are_right_in_one_feed(tmp_path: Path) -> None:
    """Two readers get every occurrence of series under three laws right, from the VTIMEZONE of one feed."""
    dist = built(tmp_path, SINGLE + MODERN + OLD + OLDER)
    week = timedelta(weeks=1)
    expected = {
        "single": instants("2026-07-01 10:00", 1, week),
        "modern": instants("2026-01-05 18:00", 90, week),
        "old": instants("1985-06-03 18:00", 80, week),
        "older": instants("1981-06-01 18:00", 60, week),
    }
    for readings in read_all(dist / "test.ics"):
        assert readings == expected
    for name in ("old", "older", "modern"):
        for readings in read_all(dist / "events" / f"{name}.ics"):
            assert readings == {name: expected[name]}
    assert rules.violations((dist / "events" / "old.ics").read_bytes(), "single") == []
    assert [problem.code for problem in load(tmp_path / "events").problems] == ["irregular-zone"]


def test_file_of_an_old_series_has_yearly_rules(tmp_path: Path) -> None:
    """In its own file, an old series gets the two yearly rules of its time, which Outlook also reads."""
    text = built(tmp_path, MODERN + OLD).joinpath("events", "old.ics").read_text("utf-8")
    zone = text[: text.index("END:VTIMEZONE")]
    assert zone.count("RRULE:FREQ=YEARLY") == 2
    assert "BYMONTH=9;BYDAY=-1SU" in zone
    assert "RDATE" not in zone


@pytest.mark.parametrize(
    ("tzid", "start", "count", "step"),
    [
        ("Asia/Tokyo", "1960-01-04 10:00", 30, timedelta(days=7)),
        ("America/New_York", "1962-01-01 10:00", 100, timedelta(days=7)),
        ("Europe/London", "1968-01-01 10:00", 100, timedelta(days=7)),
        ("Europe/Paris", "1935-03-01 12:00", 30, timedelta(days=7)),
    ],
)
def test_series_before_1970(tmp_path: Path, tzid: str, start: str, count: int, step: timedelta) -> None:
    """A series may begin before 1970; its VTIMEZONE then begins before the series."""
    text = f"- {{id: early, summary: X, start: {start}, duration: 1h, rrule: FREQ=WEEKLY;COUNT={count}}}\n"
    dist = built(tmp_path, text, BERLIN.replace("Europe/Berlin", tzid))
    expected = instants(start, count, step, tzid)
    assert expected[0].year < 1970
    assert rules.violations((dist / "test.ics").read_bytes(), "feed") == []
    for readings in read_all(dist / "test.ics"):
        assert readings == {"early": expected}


def test_law_ahead(tmp_path: Path) -> None:
    """A series across a future change of law (Vancouver's of 2026) is right on both sides."""
    text = "- {id: ahead, summary: X, start: 2025-09-01 18:00, duration: 1h, rrule: FREQ=WEEKLY;COUNT=100}\n"
    dist = built(tmp_path, text, BERLIN.replace("Europe/Berlin", "America/Vancouver"))
    expected = instants("2025-09-01 18:00", 100, timedelta(weeks=1), "America/Vancouver")
    assert len({start.hour for start in expected}) == 2
    for readings in read_all(dist / "test.ics"):
        assert readings == {"ahead": expected}


@pytest.mark.parametrize(
    ("tzid", "start"),
    [
        ("Europe/Tallinn", "1999-09-20 12:00"),
        ("Europe/Riga", "1996-01-20 12:00"),
        ("America/Ojinaga", "2021-09-20 12:00"),
        ("Pacific/Norfolk", "2018-09-20 12:00"),
        ("America/Grand_Turk", "2016-01-20 12:00"),
        ("America/Santiago", "2018-09-20 12:00"),
    ],
)
def test_law_that_rested(tmp_path: Path, tzid: str, start: str) -> None:
    """A series over years without the changes of the current law, and years with them, is right to its end."""
    text = f"- {{id: over, summary: X, start: {start}, duration: 1h, rrule: FREQ=DAILY;INTERVAL=10;COUNT=180}}\n"
    dist = built(tmp_path, text, BERLIN.replace("Europe/Berlin", tzid))
    for readings in read_all(dist / "test.ics"):
        expected = instants(start, 180, timedelta(days=10), tzid)
        assert readings["over"] == expected[: len(readings["over"])]
        assert len(readings["over"]) > 70
    assert rules.violations((dist / "events" / "over.ics").read_bytes(), "single") == []


@pytest.mark.parametrize(
    ("tzid", "first", "second"),
    [
        ("America/Scoresbysund", "1983-01-05", "2023-06-07"),
        ("America/Caracas", "1983-01-05", "2007-11-07"),
        ("Europe/Moscow", "1983-06-08", "2011-01-05"),
        ("Asia/Jerusalem", "1992-06-03", "2027-01-06"),
    ],
)
def test_two_series_far_apart(tmp_path: Path, tzid: str, first: str, second: str) -> None:
    """Between two series of a feed, at most one change is listed, from the offset of one to the offset of the other."""
    lines = (
        f"- {{id: s{start[:4]}, summary: X, start: {start} 12:00, duration: 1h, rrule: FREQ=WEEKLY;COUNT=80}}\n"
        for start in (first, second)
    )
    dist = built(tmp_path, "".join(lines), BERLIN.replace("Europe/Berlin", tzid))
    expected = {f"s{start[:4]}": instants(f"{start} 12:00", 80, timedelta(weeks=1), tzid) for start in (first, second)}
    for readings in read_all(dist / "test.ics"):
        assert readings == expected
    assert rules.violations((dist / "test.ics").read_bytes(), "feed") == []


def test_single_event_beside_an_irregular_series(tmp_path: Path) -> None:
    """A single event keeps its zone, and is right, in a feed whose series needs another VTIMEZONE."""
    dist = built(tmp_path, SINGLE + MODERN + OLD)
    feed = (dist / "test.ics").read_bytes()
    assert b"DTSTART;TZID=Europe/Berlin:20260701T100000" in feed
    assert b"RDATE" in feed
    assert rules.violations(feed, "feed") == []
    for readings in read_all(dist / "test.ics"):
        assert readings["single"] == instants("2026-07-01 10:00", 1, timedelta(0))
