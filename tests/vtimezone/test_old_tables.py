"""A single event is in UTC if programs with three-year-old zone tables would misplace it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import pytz
from support.every_zone import zone_names
from support.projects import CALENDAR, NOW, VENUES, load_event, write_files

from calfeed.model import ZonedTime
from calfeed.pipeline.build import build
from calfeed.pipeline.options import Options
from calfeed.vtimezone.observances import is_place, zoned_times
from calfeed.vtimezone.old_tables import is_known_to_old_tables

EVENT = "summary: X\nstart: {}\nduration: 1h\ntimezone: {}\n"


def at(instant: datetime, tzid: str) -> ZonedTime:
    """Return an instant as a time in a zone."""
    with pytz.open_resource(tzid) as file:
        return ZonedTime(instant.astimezone(ZoneInfo.from_file(file)).replace(tzinfo=None), tzid, instant)


@pytest.mark.parametrize(
    ("start", "zone", "is_zoned"),
    [
        ("2027-01-12 18:00", "America/Vancouver", False),  # in 2024 this was winter time, which no longer exists
        ("2027-07-12 18:00", "America/Vancouver", True),
        ("2026-11-20 18:00", "America/Vancouver", False),
        ("2030-01-12 18:00", "America/Vancouver", True),  # the tables of 2027 know
        ("2027-01-12 18:00", "Africa/Casablanca", False),
        ("2027-01-12 18:00", "America/Winnipeg", False),
        ("2027-10-28 18:00", "Europe/Tallinn", True),
        ("2027-03-20 18:00", "America/New_York", True),
        ("2027-10-29 18:00", "Africa/Cairo", True),  # the last Thursday at 24:00, once in November
        ("2027-01-12 18:00", "Asia/Tokyo", True),
    ],
)
def test_event_is_in_utc_where_old_tables_misplace_it(tmp_path: Path, start: str, zone: str, is_zoned: bool) -> None:
    """An event is in UTC if the changes of three years earlier would give a different offset in its year."""
    assert bool(zoned_times(load_event(tmp_path, EVENT.format(start, zone)))) is is_zoned


def test_end_counts_as_much_as_start(tmp_path: Path) -> None:
    """If an event begins before the difference and ends during it, both times are in UTC."""
    text = "summary: X\nstart: 2026-10-31 20:00\nend: 2026-11-02 10:00\ntimezone: America/Vancouver\n"
    assert zoned_times(load_event(tmp_path, text)) == ()


def test_manifest_and_overrides(tmp_path: Path) -> None:
    """The manifest keeps zone and wall time; an override is in UTC, its RECURRENCE-ID in the form of its series."""
    series = EVENT.format("2026-10-06 18:00", "America/Vancouver") + (
        "rrule: FREQ=WEEKLY;COUNT=9\noverrides: [{recurrence_id: 2026-12-01, start: 2026-12-02 19:00}]\n"
    )
    files = {"calendar.yaml": CALENDAR, "venues.yaml": VENUES, "tour.yaml": series}
    files["talk.yaml"] = EVENT.format("2027-01-12 18:00", "America/Vancouver")
    root = write_files(tmp_path / "events", files)
    build(root, tmp_path / "dist", now=NOW, options=Options(site=False))
    talk, tour = ((tmp_path / "dist" / "events" / f"{name}.ics").read_text("utf-8") for name in ("talk", "tour"))
    assert "DTSTART:20270113T010000Z" in talk
    assert "VTIMEZONE" not in talk
    assert "DTSTART;TZID=America/Vancouver:20261006T180000" in tour
    assert "DTSTART:20261203T020000Z" in tour
    assert "RECURRENCE-ID;TZID=America/Vancouver:20261201T180000" in tour
    manifest = (tmp_path / "dist" / "calfeed.json").read_text("utf-8")
    assert '"2027-01-12T18:00:00"' in manifest
    assert '"America/Vancouver"' in manifest


def test_every_zone_has_the_offset_of_three_years_before() -> None:
    """In every zone, old tables know a time if and only if its offset is that of three years before.

    The test uses the middle of January and July, away from clock changes, where the weekday would matter.
    """
    wrong = []
    for tzid in zone_names():
        if not is_place(tzid):
            continue
        for month in (1, 7):
            time, old = at(datetime(2027, month, 15, 12, tzinfo=UTC), tzid), datetime(2024, month, 15, 12, tzinfo=UTC)
            before = at(old, tzid)
            is_same = time.wall - time.instant.replace(tzinfo=None) == before.wall - old.replace(tzinfo=None)
            if is_known_to_old_tables(time) is not is_same:
                wrong.append((tzid, month))
    assert wrong == []


def test_steady_zones_are_never_in_utc() -> None:
    """If the law has been the same for years, no time is unknown, on whatever weekday the clocks change."""
    for tzid in ("Europe/Tallinn", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata"):
        times = (at(datetime(2027, 1, 1, tzinfo=UTC) + timedelta(hours=number), tzid) for number in range(0, 8760, 5))
        assert all(is_known_to_old_tables(time) for time in times), tzid
