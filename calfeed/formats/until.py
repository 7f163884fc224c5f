"""Chooses the UNTIL written to files: later than the last occurrence if that misleads no reader.

RFC 5545 §3.3.10 requires an instant in UTC, so a rule means the instant of the last occurrence, and a manifest keeps
it. FullCalendar compares the digits with wall time, and would drop the last date of every series east of Greenwich.
So the digits are those of the wall time, unless other readers would then find one more occurrence before them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from calfeed.model import AllDay, Recurrence, Timed
from calfeed.series.expand import starts_of
from calfeed.zones import tzdb

_UNTIL = ";UNTIL="
_FORM = "%Y%m%dT%H%M%SZ"
_SECOND, _LARGEST_OFFSET = timedelta(seconds=1), timedelta(days=1)


def rrule_in_files(when: AllDay | Timed, recurrence: Recurrence) -> str:
    """Return the RRULE of a series whose times have a TZID.

    Its UNTIL is the later of the last start's instant and its wall time read as UTC, but the instant if the rule gives
    another start by then. Whole days, and rules with COUNT or without an end, are unchanged.
    """
    head, _, written = recurrence.rrule.partition(_UNTIL)
    if isinstance(when, AllDay) or not written.endswith("Z"):
        return recurrence.rrule
    instant = datetime.fromisoformat(written)
    last = max(when.start.wall, *_latest_by_rule(recurrence))
    as_utc = last.replace(tzinfo=UTC)
    if as_utc <= instant:
        return recurrence.rrule
    horizon = last + 2 * _LARGEST_OFFSET
    following = starts_of(recurrence.rule, when.start.wall, after=last + _SECOND, last=horizon)
    if any(_earliest(start, when.start.tzid) <= as_utc for start in following):
        return recurrence.rrule
    return f"{head}{_UNTIL}{as_utc:{_FORM}}"


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
