"""Chooses the UNTIL written to files: later than the last occurrence if that misleads no reader.

RFC 5545 §3.3.10 requires an instant in UTC, so a rule means the instant of the last occurrence, and a manifest keeps
it. FullCalendar compares the digits with wall time, and would drop the last date of every series east of Greenwich.
So calfeed writes the digits of the wall time, unless other readers would then find one more occurrence.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from calfeed.model import AllDay, Recurrence, Timed
from calfeed.series.expand import starts_of
from calfeed.zones import tzdb

_SECOND, _LARGEST_OFFSET = timedelta(seconds=1), timedelta(days=1)


def until_in_files(when: AllDay | Timed, recurrence: Recurrence) -> date | None:
    """Return the UNTIL of a series whose times have a TZID.

    It is the later of the last start's instant and its wall time read as UTC; if the rule gives another start by then,
    it is the instant. All-day series, and rules with COUNT or without an end, are unchanged.
    """
    instant = recurrence.until
    if isinstance(when, AllDay) or not isinstance(instant, datetime):
        return instant
    last = max(when.start.wall, *_latest_by_rule(recurrence))
    as_utc = last.replace(tzinfo=UTC)
    if as_utc <= instant:
        return instant
    horizon = last + 2 * _LARGEST_OFFSET
    following = starts_of(recurrence.rule, when.start.wall, after=last + _SECOND, last=horizon)
    if any(_earliest(start, when.start.tzid) <= as_utc for start in following):
        return instant
    return as_utc


def _latest_by_rule(recurrence: Recurrence) -> Iterator[datetime]:
    """Yield the last start of the rule that takes place, and the last that does not."""
    extra = frozenset(recurrence.rdates)
    yield from islice((start for start in reversed(recurrence.starts) if start not in extra), 1)
    yield from recurrence.exdates[-1:]


def _earliest(wall: datetime, tzid: str) -> datetime:
    """Return the earliest instant that a reader may assign to a wall time."""
    resolved = tzdb.resolve_wall(wall, tzid)
    if isinstance(resolved, datetime):
        return resolved
    return (wall - max(resolved.before, resolved.after)).replace(tzinfo=UTC)
