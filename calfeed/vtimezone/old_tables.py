"""What programs whose zone tables are some years old make of a time.

Some programs prefer their own tables to the VTIMEZONE of a file, and are updated late. They know the changes of the
clocks as they were three years ago, and expect the same in every year: on the same weekday of the month, at that time.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise

from calfeed.model import ZonedTime
from calfeed.zones import tzdb

YEARS_BEHIND = 3
"""How old the tables are that programs are expected to have."""
_SECOND, _WEEK = timedelta(seconds=1), timedelta(days=7)


def is_known_to_old_tables(time: ZonedTime) -> bool:
    """Return whether the changes of three years before give a time the offset that it has."""
    return not any(begin <= time.instant < end for begin, end in _misread(time.tzid, time.instant.year))


@cache
def _misread(tzid: str, year: int) -> tuple[tuple[datetime, datetime], ...]:
    """Return the stretches of a year (in UTC) in which old tables have another offset, from one instant to before one.

    A change that comes again, by its number from the beginning of the month or as the last one in it, is none.
    """
    begin, end = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    changes = [change for change in tzdb.offset_changes(tzid, begin - _SECOND, end) if change.instant < end]
    known = {(change.instant, change.before, change.after) for change in changes}
    expected = []
    then = begin.replace(year=year - YEARS_BEHIND)
    for old in tzdb.offset_changes(tzid, then - _SECOND, begin.replace(year=year - YEARS_BEHIND + 1) - _SECOND):
        instants = [
            (wall - old.before).replace(tzinfo=UTC)
            for wall in _again((old.instant + old.before).replace(tzinfo=None), year)
        ]
        instant = next((each for each in instants if (each, old.before, old.after) in known), instants[0])
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
    """Return when a change comes again in another year: by the weekday it is on, or ends if it is at midnight.

    The last such day of a month comes before the nth.
    """
    found = _same_weekday(wall, year)
    if wall.time() == datetime.min.time():
        found += [day + _SECOND for day in _same_weekday(wall - _SECOND, year)]
    return found


def _same_weekday(wall: datetime, year: int) -> list[datetime]:
    number, last = (wall.day - 1) // 7, monthrange(year, wall.month)[1]
    first = wall.replace(year=year, day=1)
    first += timedelta(days=(wall.weekday() - first.weekday()) % 7)
    nth = first + number * _WEEK
    final = first + (last - first.day) // 7 * _WEEK
    is_final = (wall + _WEEK).month != wall.month
    return [*([final] if is_final else []), *([nth] if nth.month == wall.month and nth != final else [])] or [final]
