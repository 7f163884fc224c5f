"""A calendar with events in every IANA zone, at the times that calendars get wrong, and the instants they mean.

The instants come from the zone files themselves, read here without calfeed: each event starts as an instant, and the
YAML contains what the zone's clocks show at that instant.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytz

YEARS = (2005, 2017, 2026, 2027, 2043)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Chosen:
    """An event's id, its start as written, and the instants of its start and end."""

    id: str
    written: str
    start: datetime
    end: datetime


def zone_names() -> list[str]:
    """Return every zone name in pytz except `Factory`, which is not a zone."""
    return [name for name in pytz.all_timezones if name != "Factory"]


def chosen_for(name: str) -> list[Chosen]:
    """Return the events of one zone: one in each quarter of the years, and several around each clock change."""
    with pytz.open_resource(name) as file:
        zone = ZoneInfo.from_file(file)
    starts = dict.fromkeys(instant for year in YEARS for instant in _instants(zone, year))
    slug = name.lower().replace("/", "-").replace("_", "-").replace("+", "-plus-")
    events = []
    for number, instant in enumerate(starts):
        local = instant.astimezone(zone)
        end = instant + timedelta(minutes=45)
        events.append(Chosen(f"{slug}-{number}", _written(local), instant, end))
    return events


def write_project(root: Path, zones: list[str]) -> dict[str, Chosen]:
    """Write the calendar into `root`, one file per zone, and return the events by id."""
    root.mkdir()
    (root / "calendar.yaml").write_text(
        "name: Every zone\nid: zones.example\nurl: https://zones.example/\nautomatic_feeds: []\n", encoding="utf-8"
    )
    by_id: dict[str, Chosen] = {}
    for number, name in enumerate(zones):
        chosen = chosen_for(name)
        by_id |= {event.id: event for event in chosen}
        text = "".join(
            f"- id: {event.id}\n  summary: {event.id}\n  timezone: {name}\n  start: {event.written}\n  duration: 45m\n"
            for event in chosen
        )
        (root / f"{number:03}.yaml").write_text(text, encoding="utf-8")
    return by_id


def _instants(zone: ZoneInfo, year: int) -> Iterator[datetime]:
    for month in (1, 4, 7, 10):
        yield datetime(year, month, 15, 17, 30, tzinfo=UTC)
    for change in _changes(zone, year):
        # Before, at and after the change, and the second pass of a repeated hour.
        yield from (change + delta for delta in (-2 * HOUR, -HOUR / 2, timedelta(0), HOUR / 2, 2 * HOUR, 26 * HOUR))


def _changes(zone: ZoneInfo, year: int) -> Iterator[datetime]:
    """Yield the instants of a year at which the offset changes: steps of a day, then bisection to the second."""
    left = datetime(year, 1, 1, tzinfo=UTC)
    while left.year == year:
        right = left + 24 * HOUR
        if left.astimezone(zone).utcoffset() != right.astimezone(zone).utcoffset():
            low, high = 0, 86400
            while high - low > 1:
                middle = (low + high) // 2
                at = left + timedelta(seconds=middle)
                same = at.astimezone(zone).utcoffset() == left.astimezone(zone).utcoffset()
                low, high = (middle, high) if same else (low, middle)
            yield left + timedelta(seconds=high)
        left = right


def _written(local: datetime) -> str:
    """Return a local time as an organiser writes it: with the offset only if the clocks show it twice."""
    other = local.replace(fold=1 - local.fold)
    is_repeated = local.utcoffset() != other.utcoffset()
    text = local.replace(tzinfo=None).isoformat(sep=" ")
    offset = local.utcoffset()
    assert offset is not None
    if not is_repeated:
        return text
    sign, minutes = ("-" if offset < timedelta(0) else "+"), abs(int(offset.total_seconds())) // 60
    return f"{text}{sign}{minutes // 60:02}:{minutes % 60:02}"
