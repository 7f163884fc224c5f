"""A year in the life of a calendar on the command line: what subscribers get after each change."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from readers import icaljs, pyreader, rfc5545, rules
from support.commands import run
from support.projects import CALENDAR, VENUES, tree, write_files

BEGIN = datetime(2027, 1, 1, 9, 0, tzinfo=UTC)
LINES = ("SEQUENCE", "STATUS", "SUMMARY", "DTSTART", "CREATED", "LAST-MODIFIED")


class Year:
    """A folder of events, and a year of builds."""

    def __init__(self, root: Path) -> None:
        self.root = write_files(root, {"events/calendar.yaml": CALENDAR, "events/venues.yaml": VENUES})
        self.today = BEGIN

    def write(self, name: str, text: str) -> None:
        """Write an event."""
        write_files(self.root, {f"events/{name}.yaml": text})

    def delete(self, *names: str) -> None:
        """Delete events."""
        for name in names:
            (self.root / "events" / f"{name}.yaml").unlink()

    def build(self, *options: str, code: int = 0) -> dict[str, bytes]:
        """Build a week later and return DIST, after checking that its main feed is valid and all readers agree."""
        self.today += timedelta(weeks=1)
        result = run("build", *options, now=self.today)
        assert result.exit_code == code, result.stderr
        files = tree(self.root / "dist")
        feed = self.root / "dist" / "test.ics"
        assert rules.violations(files["test.ics"], "feed") == []
        by_letter = sorted(rfc5545.read(feed), key=lambda reading: reading.uid)
        assert by_letter == sorted(pyreader.read_tzical(feed), key=lambda reading: reading.uid)
        if icaljs.available():
            assert by_letter == sorted(icaljs.read([feed])[feed], key=lambda reading: reading.uid)
        return files

    def seen(self, uid: str) -> dict[str, str]:
        """Return an event's properties as subscribers see them in the feed."""
        text = (self.root / "dist" / "test.ics").read_text("utf-8")
        body = next(part for part in text.split("BEGIN:VEVENT\n")[1:] if f"UID:{uid}@test.example\n" in part)
        pairs = [line.partition(":")[::2] for line in body.split("\n")]
        return {name.partition(";")[0]: value for name, value in pairs if name.partition(";")[0] in LINES}

    def stamp(self) -> str:
        """Return the time of the last build in iCalendar's format."""
        return f"{self.today:%Y%m%dT%H%M%SZ}"


@pytest.fixture
def year(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Year:
    """Start a year with two events."""
    monkeypatch.chdir(tmp_path)
    year = Year(tmp_path)
    year.write("opening", "summary: Opening\nstart: 2027-05-18 18:00\nduration: 2h\nvenue: hub\n")
    year.write("tour", "summary: Tour\nstart: 2027-09-05 10:00\nduration: 1h\nvenue: hub\n")
    return year


def test_a_year(year: Year) -> None:
    """Create, rebuild, edit, reformat, delete, re-add, cancel, delete many: revisions and bytes are as promised."""
    # Create.
    first = year.build()
    created = year.stamp()
    new = {"SEQUENCE": "0", "STATUS": "CONFIRMED", "SUMMARY": "Opening", "DTSTART": "20270518T180000"}
    assert year.seen("opening") == {**new, "CREATED": created, "LAST-MODIFIED": created}

    # Rebuild.
    assert year.build() == first

    # Edit: one event changes, the other keeps every byte.
    year.write("opening", "summary: Opening\nstart: 2027-05-18 18:30\nduration: 2h\nvenue: hub\n")
    edited = year.build()
    assert year.seen("opening") == {
        **new, "SEQUENCE": "1", "DTSTART": "20270518T183000", "CREATED": created, "LAST-MODIFIED": year.stamp(),
    }  # fmt: skip
    assert edited["events/tour.ics"] == first["events/tour.ics"]

    # Reformat, move into a folder, comment.
    year.delete("opening")
    year.write("2027/opening", "# moved\nvenue: hub\nduration: 120m\nstart: '2027-05-18T18:30'\nsummary: Opening\n")
    assert year.build() == edited

    # Delete.
    year.delete("2027/opening")
    year.build()
    assert year.seen("opening") == {
        "SEQUENCE": "2", "STATUS": "CANCELLED", "SUMMARY": "[Cancelled] Opening", "DTSTART": "20270518T183000",
        "CREATED": created, "LAST-MODIFIED": year.stamp(),
    }  # fmt: skip
    assert json.loads(run("diff", "--format", "json").stdout)["events"] == []

    # Add it again.
    year.write("opening", "summary: Opening\nstart: 2027-05-18 18:30\nduration: 2h\nvenue: hub\n")
    year.build()
    assert (year.seen("opening")["SEQUENCE"], year.seen("opening")["STATUS"]) == ("3", "CONFIRMED")
    assert year.seen("opening")["CREATED"] == created

    # Cancel it in the sources.
    year.write("opening", "summary: Opening\nstart: 2027-05-18 18:30\nduration: 2h\nvenue: hub\nstatus: cancelled\n")
    cancelled = year.build()
    assert (year.seen("opening")["SEQUENCE"], year.seen("opening")["SUMMARY"]) == ("4", "[Cancelled] Opening")

    # A clock that runs behind the previous publication breaks no promise.
    year.today -= timedelta(weeks=30)
    assert year.build() == cancelled
    year.write("tour", "summary: Long tour\nstart: 2027-09-05 10:00\nduration: 3h\nvenue: hub\n")
    year.build()
    assert (year.seen("tour")["SEQUENCE"], year.seen("tour")["CREATED"]) == ("1", created)
    later = BEGIN + timedelta(weeks=1, seconds=1)
    assert year.seen("tour")["LAST-MODIFIED"] == f"{later:%Y%m%dT%H%M%SZ}"
    year.today += timedelta(weeks=30)

    # A broken file, and many files deleted by mistake: both leave everything as it is.
    for number in range(4):
        year.write(f"talk-{number}", f"summary: Talk {number}\nstart: 2027-11-0{number + 1} 18:00\nduration: 1h\n")
    full = year.build()
    year.write("broken", "summary: Broken\nstart: tomorrow\n")
    assert year.build(code=1) == full
    year.delete("broken", "talk-0", "talk-1", "talk-2")
    assert year.build(code=1) == full
    year.build("--allow-removals")
    assert [year.seen(f"talk-{number}")["STATUS"] for number in range(4)] == ["CANCELLED"] * 3 + ["CONFIRMED"]

    # Long after: past tombstones disappear with the next change, and only then.
    year.today = datetime(2028, 6, 1, tzinfo=UTC)
    late = year.build()
    assert late["test.ics"].count(b"BEGIN:VEVENT") == 6
    year.write("opening-28", "summary: Opening\nstart: 2028-06-18 18:30\nduration: 2h\nvenue: hub\n")
    files = year.build()
    assert files["test.ics"].count(b"BEGIN:VEVENT") == 4
    assert "events/talk-0.ics" not in files
