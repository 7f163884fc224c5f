"""Plans the VTIMEZONE that a file needs if a zone's current law alone would misplace one of its series.

A VEVENT never depends on the rest of the file; only the description of the zone does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise

from calfeed.model import AllDay, Event, Recurrence, Timed, ZonedTime
from calfeed.series.occurrences import horizon_of, length_of, occurrence_at, offsets_of, starts_between
from calfeed.vtimezone.candidates import guesses, listed
from calfeed.vtimezone.observances import (
    Observance,
    is_place,
    observances,
    onsets_around,
    places_right,
    zoned_times,
)
from calfeed.zones import tzdb

MAX_LISTED = 25
"""The most clock changes that a VTIMEZONE may list: Google has trouble with long ones."""
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ZonePlan:
    """The observances of a zone that the series of a file need.

    `is_listed` is True if no yearly rules fit, so that each clock change is written by date.
    """

    observances: tuple[Observance, ...]
    is_listed: bool = False


@dataclass(frozen=True, slots=True)
class _Series:
    """A series that is written with the name of its zone."""

    when: Timed
    recurrence: Recurrence

    @property
    def tzid(self) -> str:
        return self.when.start.tzid

    @property
    def span(self) -> tuple[datetime, datetime]:
        """The first instant, and one just after the last, or after the horizon of a series without an end."""
        last = horizon_of(self.when, self.recurrence) + length_of(self.when)
        return self.when.start.instant, last.replace(tzinfo=UTC) + timedelta(days=2)


def is_irregular(event: Event) -> bool:
    """Return whether an event is a series that its zone's current law would misplace."""
    series = _series_of(event)
    return series is not None and not _fits(series, observances(series.tzid))


def plan_zones(events: Iterable[Event]) -> dict[str, ZonePlan | None]:
    """Return the plan of every zone whose current law is not enough for the series in a file.

    The plan correctly places everything in the file that has the zone's TZID; it is None if no plan does.

    Args:
        events: the events of one file.
    """
    all_events = list(events)
    tzids = {series.tzid: None for event in all_events if (series := _series_of(event)) and is_irregular(event)}
    return {tzid: _plan_zone(tzid, all_events) for tzid in tzids}


def _plan_zone(tzid: str, events: Sequence[Event]) -> ZonePlan | None:
    """Return the simplest observances with which readers place everything correctly, or None if there are none.

    The candidates, in order: one offset, if all irregular series share it; the current law extended into the past;
    yearly rules guessed from the changes around the beginnings of these series; and the changes during these series,
    during all events, or from the first event to the last, each followed by the current law.
    """
    all_series = [series for event in events if (series := _series_of(event)) and series.tzid == tzid]
    irregular = [series for series in all_series if not _fits(series, observances(tzid))]
    times = [time for event in events for time in _single_times(event) if time.tzid == tzid]
    offsets = {offset for series in irregular for _, offset in offsets_of(series.when, series.recurrence)}
    beginnings = {series.when.start.instant for series in irregular}
    spans = [series.span for series in irregular]
    everything = [series.span for series in all_series] + [(time.instant, time.instant) for time in times]
    whole = [(min(begin for begin, _ in everything), max(end for _, end in everything))]
    for parts, is_listed in (
        *((parts, False) for parts in guesses(tzid, offsets, beginnings)),
        *((listed(tzid, stretches), True) for stretches in (spans, everything, whole)),
    ):
        if (
            _is_readable(parts)
            and all(_fits(series, parts) for series in all_series)
            and all(places_right(time, parts) for time in times)
        ):
            return ZonePlan(parts, is_listed=is_listed)
    return None


def _is_readable(parts: Sequence[Observance]) -> bool:
    """Return whether readers accept these observances: not too many, and offsets in whole minutes.

    RFC 5545 §3.3.14 allows seconds in an offset, but few readers support them.
    """
    return len(parts) <= MAX_LISTED and not any(
        offset % _MINUTE for part in parts for offset in (part.offset_from, part.offset_to)
    )


def is_off_by_seconds(event: Event) -> bool:
    """Return whether the offset of a series' zone includes seconds at any time during the series."""
    series = _series_of(event)
    if series is None:
        return False
    begin, end = series.span
    offsets = [tzdb.offset_at(begin, series.tzid)]
    offsets += (change.after for change in tzdb.offset_changes(series.tzid, begin, end))
    return any(offset % _MINUTE for offset in offsets)


def _series_of(event: Event) -> _Series | None:
    if event.recurrence is None or isinstance(event.when, AllDay) or not is_place(event.when.start.tzid):
        return None
    return _Series(event.when, event.recurrence)


def _single_times(event: Event) -> Iterator[ZonedTime]:
    """Yield the times with a TZID that do not come from a rule: those of single events and instances."""
    if event.recurrence is None:
        yield from zoned_times(event)
    else:
        for instance in event.recurrence.instances:
            yield from zoned_times(instance.event)


def _fits(series: _Series, parts: tuple[Observance, ...]) -> bool:
    """Return whether readers place every occurrence of a series correctly with these observances.

    Instances are ignored because they are written out, as are occurrences that readers disagree on with any VTIMEZONE
    (`occurrences.unsettled`).
    """
    if not parts:
        return False
    when, recurrence = series.when, series.recurrence
    horizon, length = horizon_of(when, recurrence), length_of(when)
    written = {instance.recurrence_id for instance in recurrence.instances}
    for begin, end in _misplaced(series.tzid, parts, when.start.wall.year, (horizon + length).year):
        for first, last in ((begin, end), (begin - length, end - length)):
            for start in starts_between(when, recurrence, first, min(last - timedelta(seconds=1), horizon)):
                if start not in written and occurrence_at(when, start, is_nominal=recurrence.is_nominal).is_plain:
                    return False
    return True


@cache
def _misplaced(
    tzid: str, parts: tuple[Observance, ...], first_year: int, last_year: int
) -> tuple[tuple[datetime, datetime], ...]:
    """Return the stretches of wall time in these years that readers of these observances would misplace."""
    begin, end = datetime(first_year, 1, 1), datetime(last_year, 12, 31, 23, 59, 59)  # noqa: DTZ001 - wall time
    bounds = {begin, end}
    for change in tzdb.offset_changes(tzid, begin.replace(tzinfo=UTC), end.replace(tzinfo=UTC)):
        bounds.update(change.walls)
    for year in range(first_year, last_year + 1):
        for onset, before, after in onsets_around(parts, year):
            bounds.update((onset, onset + (after - before)))
    stretches = pairwise(sorted(bound for bound in bounds if begin <= bound <= end))
    return tuple((first, last) for first, last in stretches if _is_misplaced(first + (last - first) / 2, tzid, parts))


def _is_misplaced(wall: datetime, tzid: str, parts: tuple[Observance, ...]) -> bool:
    resolved = tzdb.resolve_wall(wall, tzid)
    return isinstance(resolved, datetime) and not places_right(ZonedTime(wall, tzid, resolved), parts)
