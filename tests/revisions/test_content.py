"""calfeed.revisions.content: published events are read back unchanged, even under a new zone law."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from support.projects import RICH, load_event

from calfeed.model import Event
from calfeed.revisions.content import UNREADABLE, cancelled, content_of, event_of

OVERRIDES = "[{recurrence_id: 2027-05-25, summary: Other}, {recurrence_id: 2027-06-01, status: tentative}]"
KEYS = [
    *("summary", "status", "timezone", "start", "start_utc", "end", "end_utc", "end_timezone"),
    *(
        "location",
        "online",
        "description",
        "url",
        "links",
        "categories",
        "organizer",
        "busy",
        "reminders",
        "properties",
    ),
]
SERIES = "summary: Talk\ntimezone: {}\nstart: {}\nduration: 15m\nrrule: {}\n"
# Zone, first start, rule. The ends are an evening, a night near midnight, one in the hour that is shown twice, one that
# is skipped, one within days, and two at a change that the years before were not at.
WRITTEN = [
    ("Europe/Tallinn", "2027-09-07 18:00", "FREQ=WEEKLY;UNTIL=2027-12-28"),
    ("America/New_York", "2027-09-07 23:30", "FREQ=DAILY;UNTIL=2027-12-28"),
    ("Europe/Tallinn", "2027-10-03 03:30", "FREQ=WEEKLY;UNTIL=2027-10-31"),
    ("Europe/Tallinn", "2027-03-07 03:30", "FREQ=WEEKLY;UNTIL=2027-03-28"),
    ("Europe/Tallinn", "2027-09-07 00:00", "FREQ=HOURLY;UNTIL=2027-11-03 07:00"),
    ("Europe/Tallinn", "2026-10-31 03:15", "FREQ=YEARLY;UNTIL=2027-10-31"),
    ("Europe/Tallinn", "2024-03-28 03:15", "FREQ=YEARLY;UNTIL=2027-03-28"),
]


def restored(event: Event, content: dict[str, object]) -> Event:
    """Return the event that has a content."""
    return event_of(content, event.id, event.uid, event.zone.tzid if event.zone else None, event.mark)


def starts_of(event: Event) -> tuple[datetime, ...]:
    """Return the starts of a series."""
    assert event.recurrence is not None
    return event.recurrence.starts


def test_every_field_comes_back(tmp_path: Path) -> None:
    """A content has every field that subscribers see, in a stable order, and reading it restores them all."""
    event = load_event(tmp_path, RICH)
    content = content_of(event)
    assert list(content) == KEYS
    assert content_of(restored(event, content)) == content


def test_empty_fields_are_left_out(tmp_path: Path) -> None:
    """A content has no keys for empty fields."""
    event = load_event(tmp_path, "summary: Days\nstart: 2027-06-05\n")
    content = {"summary": "Days", "status": "confirmed", "all_day": True, "start": "2027-06-05", "end": "2027-06-05"}
    assert content_of(event) == content
    assert content_of(restored(event, content)) == content


@pytest.mark.parametrize("key", ["ending", "rdates", "exdates", "overrides", "skipped", "offsets"])
def test_only_series_have_the_keys_of_series(tmp_path: Path, key: str) -> None:
    """Keys of a series are refused in an event without a rule and in an occurrence."""
    event = load_event(tmp_path, RICH)
    with pytest.raises(UNREADABLE):
        restored(event, {**content_of(event), key: []})
    series = load_event(
        tmp_path / "series", f"{RICH.replace('end_timezone: Europe/Oslo', '')}rrule: FREQ=DAILY;COUNT=3\n"
    )
    override = {**content_of(event), "recurrence_id": "2027-05-19T18:00:00", key: []}
    with pytest.raises(ValueError, match="an occurrence is not a series"):
        restored(series, {**content_of(series), "overrides": [override]})


def test_cancelled_series_keeps_its_past(tmp_path: Path) -> None:
    """Cancelling a content also cancels its occurrences, except those that were over."""
    event = load_event(
        tmp_path, f"summary: Talk\nstart: 2027-05-18 18:00\nduration: 1h\nrrule: FREQ=WEEKLY\noverrides: {OVERRIDES}\n"
    )
    content = cancelled(content_of(event), None, {datetime(2027, 5, 25, 18)})  # noqa: DTZ001 - wall time
    assert content["status"] == "cancelled"
    overrides = content["overrides"]
    assert isinstance(overrides, list)
    assert [override["status"] for override in overrides] == ["confirmed", "cancelled"]


@pytest.mark.parametrize(("tzid", "start", "rule"), WRITTEN)
def test_series_comes_back(tmp_path: Path, tzid: str, start: str, rule: str) -> None:
    """A series read from its content has the starts that it was published with."""
    event = load_event(tmp_path, SERIES.format(tzid, start, rule))
    assert starts_of(restored(event, content_of(event))) == starts_of(event)


@pytest.mark.parametrize("hours", [-1, 1])
@pytest.mark.parametrize(
    "rule", ["FREQ=WEEKLY;UNTIL=2027-12-28", "FREQ=DAILY;UNTIL=2027-12-28", "FREQ=HOURLY;UNTIL=2027-12-28 18:00"]
)
def test_series_comes_back_after_another_law(tmp_path: Path, rule: str, hours: int) -> None:
    """UNTIL is an instant under the published law: a later law neither drops nor adds a start."""
    event = load_event(tmp_path, SERIES.format("Europe/Tallinn", "2027-11-02 18:00", rule))
    content = content_of(event)
    # As if Estonia had had a different offset that winter: all instants were `hours` earlier; now UNTIL is 16:00Z.
    offset, until = f"+0{2 + hours}:00", f"UNTIL=20271228T{16 - hours}0000Z"
    text = str(content["rrule"]).replace("UNTIL=20271228T160000Z", until)
    before = {**content, "rrule": text, "offsets": [f"2027-11-02T18:00:00{offset}"]}
    assert text != content["rrule"]
    assert starts_of(restored(event, before)) == starts_of(event)
