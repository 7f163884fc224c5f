"""Finds the starts and occurrences of a series, and those that readers disagree on.

An occurrence is plain if its start and end are each one instant, and the time between them equals the first
occurrence's length by the clock. Readers disagree on all others: the clocks change during them, or skip or repeat their
start or end. In a series with an end, such an occurrence is written out as an instance; in a series without an end, it
causes a warning.

Starts are naive wall times in the zone of the series, or midnights for an all-day series.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from heapq import merge

from calfeed.model import AllDay, Recurrence, Timed, ZonedTime
from calfeed.series.expand import HORIZON_YEAR, Effort, as_wall, starts_of
from calfeed.values.rules import Rule
from calfeed.zones import tzdb

_SECOND = timedelta(seconds=1)
# How far away the next start may be: ical.js needs at most a second to reach it, and any 29 February is nearer.
_REACHES = {
    "MINUTELY": timedelta(days=366 * 8),
    "HOURLY": timedelta(days=366 * 40),
    "DAILY": timedelta(days=366 * 100),
    "WEEKLY": timedelta(days=366 * 100),
}


@dataclass(frozen=True, slots=True)
class Occurrence:
    """The time of one occurrence, and whether all readers agree on it."""

    when: AllDay | Timed
    is_plain: bool


def occurrence_at(first: AllDay | Timed, start: datetime, *, is_nominal: bool) -> Occurrence:
    """Return the occurrence that begins at `start`, derived from the first one. It always ends after it begins.

    Args:
        first: the first occurrence.
        start: a start of the series, which the clocks may skip or repeat.
        is_nominal: whether it ends at the first one's wall time (unless its start is skipped) or has the same length.
    """
    if isinstance(first, AllDay):
        day = start.date()
        return Occurrence(AllDay(day, day + (first.last - first.first)), is_plain=True)
    tzid = first.start.tzid
    begin, begins_once = settle(start, tzid)
    if first.end is None:
        return Occurrence(Timed(begin, None), begins_once)
    length = first.end.wall - first.start.wall
    finish, ends_once = settle(start + length, tzid)
    is_plain = begins_once and ends_once and finish.instant - begin.instant == length
    # If the start is skipped, the end by the clock may be before it, so only the elapsed time is usable.
    if not is_nominal or begin.wall != start:
        instant = begin.instant + (first.end.instant - first.start.instant)
        finish = ZonedTime(tzdb.wall_at(instant, tzid), tzid, instant)
    return Occurrence(Timed(begin, finish), is_plain)


def occurrence_in(first: AllDay | Timed, recurrence: Recurrence, start: datetime) -> Occurrence:
    """Return the occurrence of a series at a start, from an instance if there is one."""
    for instance in recurrence.instances:
        if instance.recurrence_id == start:
            return Occurrence(instance.event.when, is_plain=False)
    return occurrence_at(first, start, is_nominal=recurrence.is_nominal)


def occurrence_from(first: Timed, begin: ZonedTime, *, is_nominal: bool) -> Timed:
    """Return the occurrence of a series that begins at a time, which may be the second pass of a repeated hour.

    Args:
        first: the first occurrence.
        begin: when this one begins.
        is_nominal: whether it ends at the first one's wall time (if that is after `begin`) or has the same length.
    """
    if first.end is None:
        return Timed(begin, None)
    finish, _ = settle(begin.wall + (first.end.wall - first.start.wall), begin.tzid)
    if not is_nominal or finish.instant <= begin.instant:
        instant = begin.instant + (first.end.instant - first.start.instant)
        finish = ZonedTime(tzdb.wall_at(instant, begin.tzid), begin.tzid, instant)
    return Timed(begin, finish)


def settle(wall: datetime, tzid: str) -> tuple[ZonedTime, bool]:
    """Return the instant of a wall time, and whether it is unique; if not, RFC 5545 §3.3.5 decides."""
    resolved = tzdb.resolve_wall(wall, tzid)
    if isinstance(resolved, datetime):
        return ZonedTime(wall, tzid, resolved), True
    instant = (wall - resolved.before).replace(tzinfo=UTC)
    return ZonedTime(tzdb.wall_at(instant, tzid), tzid, instant), False


def first_start(when: AllDay | Timed) -> datetime:
    """Return the start of a series' first occurrence."""
    return as_wall(when.first) if isinstance(when, AllDay) else when.start.wall


def length_of(when: AllDay | Timed) -> timedelta:
    """Return how long an occurrence lasts by the clock."""
    if isinstance(when, AllDay):
        return when.end - when.first
    return when.end.wall - when.start.wall if when.end else timedelta(0)


def starts_between(
    when: AllDay | Timed, recurrence: Recurrence, begin: datetime, last: datetime, effort: Effort | None = None
) -> Iterator[datetime]:
    """Yield the starts of a series from `begin` to `last` (inclusive), in order.

    Args:
        when: the first occurrence.
        recurrence: the recurrence of the series.
        begin: the earliest start.
        last: the latest start. A series without an end has starts in every century.
        effort: the budget of the search, if `last` is not its only bound.
    """
    if not recurrence.is_endless:
        yield from _within(recurrence.starts, begin, last)
        return
    by_rule = starts_of(recurrence.rule, first_start(when), after=begin, last=last, effort=effort)
    extra = _within(recurrence.rdates, begin, last)
    excluded = frozenset(_within(recurrence.exdates, begin, last))
    remaining = (start for start in by_rule if start not in excluded)
    starts = merge(remaining, extra) if extra else remaining
    if recurrence.rule.is_within_days:
        starts = (start for start in starts if not is_double(when, recurrence, start))
    yield from starts


def _within(starts: tuple[datetime, ...], begin: datetime, last: datetime) -> tuple[datetime, ...]:
    """Return the starts from `begin` to `last` (inclusive); `starts` must be sorted."""
    return starts[bisect_left(starts, begin) : bisect_right(starts, last)]


def is_double(when: AllDay | Timed, recurrence: Recurrence, start: datetime) -> bool:
    """Return whether a start is skipped and so coincides with another; the two count as one (RFC 5545 §3.8.5.3)."""
    if isinstance(when, AllDay) or not isinstance(tzdb.resolve_wall(start, when.start.tzid), tzdb.Skipped):
        return False
    settled_wall = settle(start, when.start.tzid)[0].wall
    return settled_wall in _by_rule(when, recurrence, settled_wall, settled_wall)


def _by_rule(
    when: AllDay | Timed, recurrence: Recurrence, begin: datetime, last: datetime, effort: Effort | None = None
) -> Iterable[datetime]:
    """Return the starts from `begin` to `last`, ignoring exceptions in a series without an end."""
    if recurrence.is_endless:
        return starts_of(recurrence.rule, first_start(when), after=begin, last=last, effort=effort)
    return _within(recurrence.starts, begin, last)


def doubles_of(when: AllDay | Timed, recurrence: Recurrence, effort: Effort | None = None) -> Iterator[datetime]:
    """Yield the starts that are doubles of others; only a rule that repeats within days can have them.

    Args:
        when: the first occurrence.
        recurrence: the recurrence of the series, without exceptions.
        effort: the budget of the search.
    """
    if isinstance(when, AllDay) or not recurrence.rule.is_within_days:
        return
    for change in _changes(when, horizon_of(when, recurrence)):
        begin, end = change.walls
        if change.after > change.before:
            by_rule = _by_rule(when, recurrence, begin, end - _SECOND, effort)
            yield from (start for start in by_rule if is_double(when, recurrence, start))


def meets_change(when: AllDay | Timed, recurrence: Recurrence) -> bool:
    """Return whether the clocks of the series' zone change between its first and last starts."""
    if isinstance(when, AllDay):
        return False
    begin, end = when.start.wall, horizon_of(when, recurrence)
    return any(change.walls[0] <= end and change.walls[1] > begin for change in _changes(when, end))


def goes_out_of_reach(when: AllDay | Timed, recurrence: Recurrence) -> bool:
    """Return whether the rule's next start after the series is so far away that programs freeze.

    ical.js tries every day, hour or minute, and checks UNTIL only after it has found the next start.
    """
    rule = recurrence.rule
    reach = _REACHES.get(rule.frequency)
    is_rare = bool(rule.bymonth or rule.bymonthday or rule.byyearday or rule.byhour or rule.byminute)
    if reach is None or rule.count is not None or not is_rare:
        return False
    first = first_start(when)
    last = first if recurrence.is_endless else recurrence.starts[-1]
    # Search from the next day, because a rule may give several starts on one day.
    return next(starts_of(rule, first, after=last + timedelta(days=1), last=last + reach), None) is None


def is_same_in_utc(rule: Rule, first: Timed) -> bool:
    """Return whether a rule gives the same instants when it is written in UTC; the zone's clocks must never change.

    The parts of a rule refer to days and hours in the zone of DTSTART (RFC 5545 §3.3.10). The instants are the same if
    the rule has no such parts, since days and weeks are equally long everywhere, or if all starts have the same date in
    UTC.
    """
    start = first.start
    if start.wall == start.instant.replace(tzinfo=None):
        return True
    if rule.frequency not in ("MONTHLY", "YEARLY") and not any(values for _, values in rule.lists):
        return True
    return start.wall.date() == start.instant.date() and not rule.is_within_days


def horizon_of(when: AllDay | Timed, recurrence: Recurrence) -> datetime:
    """Return the last start of a series or, for a series without an end, how far it is checked."""
    if recurrence.is_endless:
        year = max(HORIZON_YEAR, first_start(when).year + 3)
        return datetime(year, 12, 31, 23, 59, 59)  # noqa: DTZ001 - wall time is naive
    return recurrence.starts[-1]


def unsettled(
    when: AllDay | Timed, recurrence: Recurrence, effort: Effort | None = None
) -> Iterator[tuple[datetime, Timed]]:
    """Yield the start and time of each occurrence that readers disagree on.

    Only the time around each clock change is searched. Instances are skipped, because they are written out.
    """
    if isinstance(when, AllDay):
        return
    horizon, length = horizon_of(when, recurrence), length_of(when)
    written = {instance.recurrence_id for instance in recurrence.instances}
    last_start = when.start.wall - _SECOND
    has_one_time = not (recurrence.rule.is_within_days or recurrence.rdates)
    for change in _changes(when, horizon + length):
        begin, end = change.walls
        first = max(begin - length, last_start + _SECOND)
        if has_one_time and _next_at(when.start.wall.time(), first) > end:
            continue  # no day has a start there
        for start in starts_between(when, recurrence, first, min(end, horizon), effort):
            if effort is not None:
                effort.spend(1)
            last_start = start
            occurrence = occurrence_at(when, start, is_nominal=recurrence.is_nominal)
            if not occurrence.is_plain and isinstance(occurrence.when, Timed) and start not in written:
                yield start, occurrence.when


def _next_at(clock: time, moment: datetime) -> datetime:
    """Return the first wall time at or after `moment` with this time of day."""
    same_day = datetime.combine(moment.date(), clock)
    return same_day if same_day >= moment else same_day + timedelta(days=1)


def offsets_of(when: Timed, recurrence: Recurrence) -> Iterator[tuple[datetime, timedelta]]:
    """Yield the first start with its UTC offset, and each later start whose offset differs from the one before.

    Together with the starts, this gives every instant of a series, except for starts during a clock change.
    """
    horizon = horizon_of(when, recurrence)
    begin, offset = when.start.wall, None
    for change in (*_changes(when, horizon), None):
        end = horizon if change is None else change.walls[0] - _SECOND
        start = next(starts_between(when, recurrence, begin, end), None)
        if start is not None:
            start_offset = start - settle(start, when.start.tzid)[0].instant.replace(tzinfo=None)
            if start_offset != offset:
                offset = start_offset
                yield start, offset
        if change is not None:
            begin = change.walls[1]


def _changes(when: Timed, horizon: datetime) -> Iterator[tzdb.OffsetChange]:
    """Yield the clock changes from a day before a series begins to a day after it ends."""
    end = horizon.replace(tzinfo=UTC) + timedelta(days=1)
    return tzdb.offset_changes(when.start.tzid, when.start.instant - timedelta(days=1), end)
