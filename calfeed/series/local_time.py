"""Turns written times into instants in a zone, and refuses times that are not exactly one instant in it.

As in `values`, a refusal is an `InvalidValue` with a code, a message and a hint; the caller knows the place.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from calfeed.diagnostics.problem import InvalidValue
from calfeed.model import ZonedTime
from calfeed.values.times import Duration, WrittenTime, format_offset, format_wall
from calfeed.zones import tzdb


def to_zoned(written: WrittenTime, tzid: str) -> ZonedTime:
    """Return a written time in its zone.

    Raises:
        InvalidValue: the clocks skip the time (`nonexistent-time`) or show it twice (`ambiguous-time`), or the written
            offset is wrong (`wrong-offset`).
    """
    if written.offset is not None:
        return _with_offset(written, written.offset, tzid)
    resolved = tzdb.resolve_wall(written.wall, tzid)
    if isinstance(resolved, datetime):
        return ZonedTime(written.wall, tzid, resolved)
    wall_text = format_wall(written.wall)
    before, after = format_offset(resolved.before), format_offset(resolved.after)
    if isinstance(resolved, tzdb.Repeated):
        raise InvalidValue(
            "ambiguous-time",
            f"{wall_text} happens twice in {tzid}",
            f"write `{wall_text}{before}` for the first time, `{wall_text}{after}` for the second",
        )
    leaves = format_wall((resolved.change + resolved.before).replace(tzinfo=None))
    arrives = format_wall((resolved.change + resolved.after).replace(tzinfo=None))
    raise InvalidValue(
        "nonexistent-time",
        f"{wall_text} does not exist in {tzid}",
        f"the clocks jump from {leaves} ({before}) to {arrives} ({after}); "
        f"write `{_after_the_gap(written.wall, resolved)}` or an earlier time",
    )


def end_after(begin: ZonedTime, duration: Duration, tzid: str) -> ZonedTime:
    """Return the end of a duration in the zone `tzid`: first nominal days, then elapsed hours (RFC 5545 §3.3.6).

    Raises:
        InvalidValue: on the day reached, the clocks skip or repeat the start's wall time.
    """
    instant = begin.instant
    if duration.days:
        wall = begin.wall + timedelta(days=duration.days)
        resolved = tzdb.resolve_wall(wall, begin.tzid)
        if not isinstance(resolved, datetime):
            raise _no_end_after_days(wall, begin.tzid, resolved)
        instant = resolved
    instant += timedelta(seconds=duration.seconds)
    return ZonedTime(tzdb.wall_at(instant, tzid), tzid, instant)


def end_of_day(midnight: datetime, tzid: str) -> ZonedTime:
    """Return the end of the day before `midnight`, exactly one instant even if the clocks skip or repeat midnight."""
    resolved = tzdb.resolve_wall(midnight, tzid)
    if isinstance(resolved, tzdb.Skipped):
        return ZonedTime(tzdb.wall_at(resolved.change, tzid), tzid, resolved.change)
    if isinstance(resolved, tzdb.Repeated):  # when midnight comes again, the next day has already begun
        resolved = (midnight - resolved.before).replace(tzinfo=UTC)
    return ZonedTime(midnight, tzid, resolved)


def _with_offset(written: WrittenTime, offset: timedelta, tzid: str) -> ZonedTime:
    instant = (written.wall - offset).replace(tzinfo=UTC)
    if written.is_utc:
        return ZonedTime(tzdb.wall_at(instant, tzid), tzid, instant)
    if tzdb.offset_at(instant, tzid) == offset:
        return ZonedTime(written.wall, tzid, instant)
    wall_text = format_wall(written.wall)
    resolved = tzdb.resolve_wall(written.wall, tzid)
    if isinstance(resolved, datetime):
        right = format_offset(tzdb.offset_at(resolved, tzid))
        hint = f"{tzid} is at {right} then: write `{wall_text}{right}`, or `{wall_text}` without an offset"
    elif isinstance(resolved, tzdb.Repeated):
        before, after = format_offset(resolved.before), format_offset(resolved.after)
        hint = f"it happens twice: write `{wall_text}{before}` for the first time, `{wall_text}{after}` for the second"
    else:
        later = _after_the_gap(written.wall, resolved)
        hint = f"the clocks of {tzid} skip this time: write `{later}` or an earlier time"
    raise InvalidValue("wrong-offset", f"{tzid} is not at {format_offset(offset)} at {wall_text}", hint)


def _no_end_after_days(wall: datetime, tzid: str, resolved: tzdb.Skipped | tzdb.Repeated) -> InvalidValue:
    wall_text = format_wall(wall)
    before, after = format_offset(resolved.before), format_offset(resolved.after)
    if isinstance(resolved, tzdb.Repeated):
        message = f"the event would end at {wall_text}, which happens twice in {tzid}"
        hint = f"write `end: {wall_text}{before}` or `end: {wall_text}{after}`, or the duration in hours"
        return InvalidValue("ambiguous-time", message, hint)
    message = f"the event would end at {wall_text}, which does not exist in {tzid}"
    later = _after_the_gap(wall, resolved)
    hint = f"the clocks go from {before} to {after}; write `end: {later}`, or the duration in hours"
    return InvalidValue("nonexistent-time", message, hint)


def _after_the_gap(wall: datetime, gap: tzdb.Skipped) -> str:
    """Return the time that the clocks show when, without the change, they would show the skipped time."""
    return format_wall(wall + gap.after - gap.before)
