"""Record the law of each time zone when a calendar is published, so that later changes can be found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from calfeed.model import Event, Timed
from calfeed.series.occurrences import horizon_of
from calfeed.values.times import format_offset, format_utc
from calfeed.zones import tzdb


@dataclass(frozen=True, slots=True)
class Law:
    """The law of a zone from `first_year` to `last_year` inclusive: the offset at the beginning and each change.

    A change is an instant and the offset from then on: `2027-03-28T01:00:00Z +03:00`.
    """

    first_year: int
    last_year: int
    offset: str
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ZoneUse:
    """A zone that events are in, with the number of events and the clock changes ahead."""

    tzid: str
    events: int
    ahead: tuple[tzdb.OffsetChange, ...]


@dataclass(frozen=True, slots=True)
class LawChange:
    """A zone whose law changed, with the transitions removed and added."""

    tzid: str
    before: tuple[str, ...]
    after: tuple[str, ...]


def laws_of(events: Iterable[Event]) -> dict[str, Law]:
    """Return the law of every zone in use, by name, for the years of its events and the year after."""
    years: dict[str, list[int]] = {}
    for event in events:
        for tzid, year in _years(event):
            years.setdefault(tzid, []).append(year)
    return {tzid: law_of(tzid, min(used), max(used) + 1) for tzid, used in sorted(years.items())}


def zones_in_use(events: Iterable[Event], now: datetime) -> tuple[ZoneUse, ...]:
    """Return the zones in use, by name, each with its clock changes within a year from `now`."""
    counts = Counter(tzid for event in events for tzid in {tzid: None for tzid, _ in _years(event)})
    end = now + timedelta(days=365)
    return tuple(
        ZoneUse(tzid, counts[tzid], tuple(tzdb.offset_changes(tzid, now.astimezone(UTC), end.astimezone(UTC))))
        for tzid in sorted(counts)
    )


def law_of(tzid: str, first_year: int, last_year: int) -> Law:
    """Return the law of a zone for a range of years, by the tz database in use."""
    begin, end = datetime(first_year, 1, 1, tzinfo=UTC), datetime(last_year, 12, 31, 23, 59, 59, tzinfo=UTC)
    changes = tzdb.offset_changes(tzid, begin, end)
    return Law(
        first_year,
        last_year,
        format_offset(tzdb.offset_at(begin, tzid)),
        tuple(f"{format_utc(change.instant)} {format_offset(change.after)}" for change in changes),
    )


def changed_laws(published: Mapping[str, Law]) -> Iterator[LawChange]:
    """Yield the zones whose law for the published years has changed since."""
    for tzid, before in sorted(published.items()):
        if not tzdb.is_zone(tzid):
            continue
        after = law_of(tzid, before.first_year, before.last_year)
        if after != before:
            old, new = ((f"{before.first_year} {law.offset}", *law.changes) for law in (before, after))
            yield LawChange(
                tzid,
                tuple(line for line in old if line not in new),
                tuple(line for line in new if line not in old),
            )


def _years(event: Event) -> Iterator[tuple[str, int]]:
    when, recurrence = event.when, event.recurrence
    if not isinstance(when, Timed):
        return
    for time in (when.start, when.end):
        if time is not None:
            yield time.tzid, time.wall.year
    if recurrence is not None:
        yield when.start.tzid, horizon_of(when, recurrence).year
        for instance in recurrence.instances:
            yield from _years(instance.event)
