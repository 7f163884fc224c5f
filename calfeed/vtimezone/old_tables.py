"""Finds times that programs with zone tables a few years old would misread.

Some programs prefer their own tables to the VTIMEZONE of a file, and are updated late. They know the clock changes of
three years ago and expect the same every year: on the same weekday of the month, at the same time.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise

from calfeed.model import ZonedTime
from calfeed.zones import tzdb

YEARS_BEHIND = 3
"""The assumed age of programs' tables, in years."""
_SECOND, _WEEK = timedelta(seconds=1), timedelta(days=7)


def is_known_to_old_tables(time: ZonedTime) -> bool:
    """Return whether the clock changes of three years earlier give a time its actual offset."""
    return not any(begin <= time.instant < end for begin, end in _misread(time.tzid, time.instant.year))


@cache
def _misread(tzid: str, year: int) -> tuple[tuple[datetime, datetime], ...]:
    """Return the half-open stretches of a year (in UTC) for which old tables have a wrong offset.

    A change that recurs on the nth or the last such weekday of its month causes no stretch.
    """
    begin, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    changes = list(tzdb.offset_changes(tzid, begin - _SECOND, end - _SECOND))
    known = {(change.instant, change.before, change.after) for change in changes}
    expected = []
    then = begin.replace(year=year - YEARS_BEHIND)
    for old in tzdb.offset_changes(tzid, then - _SECOND, begin.replace(year=year - YEARS_BEHIND + 1) - _SECOND):
        instants = [
            (wall - old.before).replace(tzinfo=UTC)
            for wall in _again((old.instant + old.before).replace(tzinfo=None), year)
        ]
        instant = next((instant for instant in instants if (instant, old.before, old.after) in known), instants[0])
        expected.append((instant, old.after))
    expected.sort()
    bounds = sorted({begin, end, *(change.instant for change in changes), *(instant for instant, _ in expected)})
    bounds = [bound for bound in bounds if begin <= bound <= end]
    old_offset = tzdb.offset_at(then, tzid)
    misread = []
    for first, following in pairwise(bounds):
        old_offset = next((offset for instant, offset in reversed(expected) if instant <= first), old_offset)
        if old_offset != tzdb.offset_at(first, tzid):
            misread.append((first, following))
    return tuple(misread)


def _again(wall: datetime, year: int) -> list[datetime]:
    """Return when a change may recur in another year: on its weekday or, at midnight, at the end of the weekday before.

    The last such weekday of a month comes first in the list, then the nth.
    """
    walls = _same_weekday(wall, year)
    if wall.time() == datetime.min.time():
        walls += [day + _SECOND for day in _same_weekday(wall - _SECOND, year)]
    return walls


def _same_weekday(wall: datetime, year: int) -> list[datetime]:
    number, last = (wall.day - 1) // 7, monthrange(year, wall.month)[1]
    first = wall.replace(year=year, day=1)
    first += timedelta(days=(wall.weekday() - first.weekday()) % 7)
    nth = first + number * _WEEK
    final = first + (last - first.day) // 7 * _WEEK
    is_final = (wall + _WEEK).month != wall.month
    return [*([final] if is_final else []), *([nth] if nth.month == wall.month and nth != final else [])] or [final]
