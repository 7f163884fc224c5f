"""Plans the VTIMEZONE that a file needs for its series if a zone's current law alone would misplace one of them.

A VEVENT never depends on what else a file holds; only the description of the zone does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise, product

from calfeed.model import AllDay, Event, Recurrence, Timed, ZonedTime
from calfeed.series.occurrences import horizon_of, length_of, occurrence_at, offsets_of, starts_between
from calfeed.values.times import format_offset
from calfeed.vtimezone.observances import (
    FIRST_YEAR,
    AnnualRule,
    Observance,
    is_place,
    observances,
    onsets_around,
    places_right,
    zoned_times,
)
from calfeed.zones import tzdb

MAX_LISTED = 25
"""The most changes of the clocks that a VTIMEZONE may list: Google has trouble with long ones."""
_SECOND, _MINUTE, _YEAR = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=370)


@dataclass(frozen=True, slots=True)
class ZonePlan:
    """The observances of a zone that the series of a file need.

    `is_listed` is True if no yearly rules fit, so that each change of the clocks is written by its date.
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
    """Return the plan of every zone whose current law does not suffice for the series of a file.

    The plan places right everything in the file that is written with its TZID; it is None if no plan does.

    Args:
        events: the events of one file.
    """
    held = list(events)
    tzids = {series.tzid: None for event in held if (series := _series_of(event)) and is_irregular(event)}
    return {tzid: _plan_zone(tzid, held) for tzid in tzids}


def _plan_zone(tzid: str, events: Sequence[Event]) -> ZonePlan | None:
    """Return the simplest observances by which readers place everything right, or None if there are none.

    Tried in order: one offset, if all irregular series have the same; the current law as if it were older; yearly rules
    guessed from the changes around the beginnings of these series; the changes during them, during all events, or from
    the first event to the last, each followed by the current law.
    """
    series = [found for event in events if (found := _series_of(event)) and found.tzid == tzid]
    irregular = [each for each in series if not _fits(each, observances(tzid))]
    times = [time for event in events for time in _single_times(event) if time.tzid == tzid]
    spans = [each.span for each in irregular]
    everything = [each.span for each in series] + [(time.instant, time.instant) for time in times]
    whole = [(min(begin for begin, _ in everything), max(end for _, end in everything))]
    for parts, is_listed in (
        *((parts, False) for parts in _guesses(tzid, irregular)),
        *((_listed(tzid, each), True) for each in (spans, everything, whole)),
    ):
        if (
            _is_readable(parts)
            and all(_fits(each, parts) for each in series)
            and all(places_right(time, parts) for time in times)
        ):
            return ZonePlan(parts, is_listed=is_listed)
    return None


def _is_readable(parts: Sequence[Observance]) -> bool:
    """Return whether readers accept these observances: not too many, and offsets in whole minutes.

    RFC 5545 §3.3.14 allows seconds in an offset, but few readers do.
    """
    return len(parts) <= MAX_LISTED and not any(
        offset % _MINUTE for part in parts for offset in (part.offset_from, part.offset_to)
    )


def is_off_by_seconds(event: Event) -> bool:
    """Return whether the offset of a series' zone is ever not in whole minutes during the series."""
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
    """Yield the times with a TZID that do not come from a rule: those of single events and of instances."""
    if event.recurrence is None:
        yield from zoned_times(event)
    else:
        for instance in event.recurrence.instances:
            yield from zoned_times(instance.event)


def _fits(series: _Series, parts: tuple[Observance, ...]) -> bool:
    """Return whether readers place every occurrence of a series right by these observances.

    Instances are ignored because they are written out; so are occurrences that readers disagree on with any VTIMEZONE
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
    """Return the stretches of wall time, in these years, that readers of these observances would misplace."""
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


def _guesses(tzid: str, irregular: Sequence[_Series]) -> Iterator[tuple[Observance, ...]]:
    offsets = {offset for each in irregular for _, offset in offsets_of(each.when, each.recurrence)}
    beginnings = sorted({each.when.start.instant for each in irregular})
    since = min(FIRST_YEAR, beginnings[0].year - 1)
    if len(offsets) == 1:
        yield (_first_part(offsets.pop(), since),)
    if since < FIRST_YEAR:
        yield tuple(replace(part, since=since) for part in observances(tzid) if part.rule)
    for changes in dict.fromkeys(tuple(tzdb.offset_changes(tzid, day - _YEAR, day + _YEAR)) for day in beginnings):
        for spring, autumn in product(changes, changes):
            if spring.after > spring.before and (spring.before, spring.after) == (autumn.after, autumn.before):
                for rule, other in product(_rules_for(_onset(spring)), _rules_for(_onset(autumn))):
                    yield (
                        Observance(True, _format_name(spring.after), spring.before, spring.after, rule, since),
                        Observance(False, _format_name(autumn.after), autumn.before, autumn.after, other, since),
                    )


def _onset(change: tzdb.OffsetChange) -> datetime:
    """Return when the clocks change, as a VTIMEZONE writes it: naive wall time in the offset being left."""
    return (change.instant + change.before).replace(tzinfo=None)


def _first_part(offset: timedelta, since: int = FIRST_YEAR) -> Observance:
    onset = datetime(since, 1, 1)  # noqa: DTZ001 - wall time is naive
    return Observance(False, _format_name(offset), offset, offset, None, onset=onset)


def _rules_for(onset: datetime) -> Iterator[AnnualRule]:
    """Yield the yearly rules with an onset on this day: the nth weekday, and the last if it is also that."""
    time = timedelta(hours=onset.hour, minutes=onset.minute, seconds=onset.second)
    week = (onset.day - 1) // 7 + 1
    if week < 5:
        yield AnnualRule(onset.month, week, onset.isoweekday() % 7, time)
    if (onset + timedelta(days=7)).month != onset.month:
        yield AnnualRule(onset.month, -1, onset.isoweekday() % 7, time)


def _listed(tzid: str, spans: Sequence[tuple[datetime, datetime]]) -> tuple[Observance, ...]:
    """Return an observance for the time before, one for each change that matters to these spans, and the current law.

    From the point where the changes up to the end of the spans are exactly those that the yearly rules of the current
    law give, these rules replace them. If there is no such point, the law begins after the spans.
    """
    first, end = min(begin for begin, _ in spans), max(last for _, last in spans)
    changes = _changes_within(tzid, spans)
    rules = [part for part in observances(tzid) if part.rule is not None]
    latest = end.replace(tzinfo=None)
    for onset, before, after in _by_law(rules, first, end):
        last = changes[-1] if changes else None
        if last is None or (last.before, last.after) != (before, after) or abs(_onset(last) - onset) > _SECOND:
            break
        changes.pop()
        latest = onset - _SECOND
    dated = [
        Observance(one.after > one.before, _format_name(one.after), one.before, one.after, None, onset=_onset(one))
        for one in changes
    ]
    first_part = _first_part(tzdb.offset_at(first, tzid), min(FIRST_YEAR, first.year - 1))
    return (first_part, *dated, *_tail(rules, latest, (dated or [first_part])[-1].offset_to))


def _changes_within(tzid: str, spans: Sequence[tuple[datetime, datetime]]) -> list[tzdb.OffsetChange]:
    """Return the changes during these spans, in order, and at most one between two spans: to the later one's offset.

    Each change leaves the offset that the one before it went to.
    """
    changes: list[tzdb.OffsetChange] = []
    passed = min(begin for begin, _ in spans)
    for begin, end in sorted(spans):
        if passed < begin:
            offset = tzdb.offset_at(passed, tzid)
            last = list(tzdb.offset_changes(tzid, passed, begin))[-1:]
            changes += (replace(one, before=offset) for one in last if one.after != offset)
            passed = begin
        if passed < end:
            changes += tzdb.offset_changes(tzid, passed, end)
            passed = end
    return changes


def _by_law(rules: Sequence[Observance], first: datetime, end: datetime) -> list[tuple[datetime, timedelta, timedelta]]:
    """Return the onsets of yearly rules between two instants, with the offsets around them, the newest first."""
    found = [
        (part.rule.onset(year), part.offset_from, part.offset_to)
        for year in range(first.year - 1, end.year + 2)
        for part in rules
        if part.rule is not None
    ]
    return sorted((each for each in found if first < (each[0] - each[1]).replace(tzinfo=UTC) <= end), reverse=True)


def _tail(rules: Sequence[Observance], latest: datetime, offset: timedelta) -> Iterator[Observance]:
    """Yield the yearly rules from a time on, first the one that leaves the offset in force then."""
    for part in sorted(rules, key=lambda part: part.offset_from != offset):
        if part.rule is not None and part.offset_from == offset:
            year = latest.year + (part.rule.onset(latest.year) <= latest)
            offset, latest = part.offset_to, part.rule.onset(year)
            yield replace(part, since=year)


def _format_name(offset: timedelta) -> str:
    """Return an offset as the tz database writes it in place of an abbreviation: +03, -0330."""
    return format_offset(offset).replace(":", "").removesuffix("00") or "+00"
