"""A series as written to a series as meant: which dates it has, which differ, and what no reader would get right.

An occurrence is plain if its start and end are each one instant and as far apart as the first ones are by the clock.
Readers disagree on all others: where the clocks change within one, or skip or repeat its start or end. In a series with
an end such an occurrence is written out as an instance of its own; in one without, it is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from calfeed import zones
from calfeed.model import AllDay, Timed, ZonedTime
from calfeed.notation import NotationError, WrittenTime, format_wall
from calfeed.recurrence import MAX_OCCURRENCES, as_wall, end_of, horizon_of, starts_of
from calfeed.rules import Rule

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One occurrence: when it is, and whether every reader makes the same of it."""

    when: AllDay | Timed
    is_plain: bool


def occurrence_at(first: AllDay | Timed, start: datetime | date, *, is_nominal: bool) -> Occurrence:
    """Return the occurrence that starts at a wall time, or on a date, by its series' first one."""
    if isinstance(first, AllDay):
        day = as_wall(start).date()
        return Occurrence(AllDay(day, day + (first.last - first.first)), is_plain=True)
    tzid = first.start.tzid
    begin, begins_once = _settle(as_wall(start), tzid)
    if first.end is None:
        return Occurrence(Timed(begin, None), begins_once)
    length = first.end.wall - first.start.wall
    finish, ends_once = _settle(as_wall(start) + length, tzid)
    is_plain = begins_once and ends_once and finish.instant - begin.instant == length
    if not is_nominal:
        instant = begin.instant + (first.end.instant - first.start.instant)
        finish = ZonedTime(zones.wall_at(instant, tzid), tzid, instant)
    return Occurrence(Timed(begin, finish), is_plain)


def dates_of(rule: Rule, first: AllDay | Timed) -> tuple[tuple[datetime | date, ...], str]:
    """Return the starts of a rule, the first among them, and RRULE in full.

    UNTIL is written as the last start, in UTC for times (RFC 5545 §3.3.10): no reader can cut that one off.

    Raises:
        NotationError: the rule does not give the first start, never ends within reason, or ends before it begins.
    """
    if isinstance(first, AllDay) and rule.is_within_days:
        raise NotationError(
            "bad-rrule",
            "a series of whole days cannot repeat by the hour",
            "use FREQ=DAILY or longer, without BYHOUR, BYMINUTE and BYSECOND; or give `start` a time",
        )
    start = as_wall(first.first if isinstance(first, AllDay) else first.start.wall)
    until = _until_of(rule, first)
    if until is not None and until < start:
        raise NotationError("bad-rrule", "the rule ends before the event begins", "check `until` and `start`")
    walls = tuple(starts_of(rule, start, until, horizon_of(start, is_endless=rule.is_endless)))
    if not walls or walls[0] != start:
        raise _not_in_rule(rule, start, walls)
    if not rule.is_endless and len(walls) >= MAX_OCCURRENCES:
        message = f"the series has {MAX_OCCURRENCES:,} occurrences or more"
        raise NotationError("bad-rrule", message, "lower COUNT or end it earlier, or leave its end out")
    count = rule["COUNT"]
    if count is not None and len(walls) < int(count):
        raise NotationError("bad-rrule", f"the rule occurs only {len(walls)} times until 2200", "lower COUNT")
    starts = tuple(wall.date() for wall in walls) if isinstance(first, AllDay) else walls
    return starts, rule.text if until is None else f"{rule.text};UNTIL={_until_text(starts[-1], first)}"


def match(moment: date | WrittenTime, starts: Sequence[datetime | date], first: AllDay | Timed) -> datetime | date:
    """Return the start that a written date or time stands for.

    Raises:
        NotationError: no start is meant, or a date has several.
    """
    wanted = _as_written(moment, first)
    found = [s for s in starts if s == wanted] if isinstance(wanted, datetime) else _on_day(wanted, starts)
    if len(found) == 1:
        return found[0]
    shown = format_wall(wanted) if isinstance(wanted, datetime) else str(wanted)
    if found:
        message = f"the series occurs {len(found)} times on {shown}"
        raise NotationError("no-occurrence", message, f"write which: `{_show(found[0])}`, `{_show(found[1])}`")
    nearest = sorted(sorted(starts, key=lambda s: abs(as_wall(s) - as_wall(wanted)))[:2], key=as_wall)
    raise NotationError(
        "no-occurrence",
        f"the series does not occur on {shown}",
        f"it does on {' and '.join(f'`{_show(start)}`' for start in nearest)}",
    )


def extra_start(moment: date | WrittenTime, first: AllDay | Timed) -> datetime | date:
    """Return the start of an extra date: of a date alone, at the series' time.

    Raises:
        NotationError: a time is given to a series of whole days.
    """
    wanted = _as_written(moment, first)
    if isinstance(first, AllDay) or isinstance(wanted, datetime):
        return wanted
    return datetime.combine(wanted, first.start.wall.time())


def unsettled(
    first: AllDay | Timed, starts: Sequence[datetime | date], *, is_nominal: bool
) -> Iterator[tuple[datetime | date, Timed]]:
    """Yield the starts of occurrences that readers would make different things of, and when they are."""
    if isinstance(first, AllDay):
        return
    for start in starts:
        occurrence = occurrence_at(first, start, is_nominal=is_nominal)
        if not occurrence.is_plain and isinstance(occurrence.when, Timed):
            yield start, occurrence.when


def _settle(wall: datetime, tzid: str) -> tuple[ZonedTime, bool]:
    """Return a wall time as an instant, and whether it is one: RFC 5545 §3.3.5 for one that is skipped or repeated."""
    resolved = zones.resolve_wall(wall, tzid)
    if isinstance(resolved, datetime):
        return ZonedTime(wall, tzid, resolved), True
    instant = (wall - resolved.before).replace(tzinfo=UTC)
    return ZonedTime(zones.wall_at(instant, tzid), tzid, instant), False


def _until_of(rule: Rule, first: AllDay | Timed) -> datetime | None:
    """Return the last moment a start may have, in wall time: a date is the whole of that day."""
    until = rule.until
    if until is None:
        return None
    if not isinstance(until, WrittenTime):
        return end_of(until)
    if isinstance(first, AllDay):
        message = "a series of whole days ends on a date"
        raise NotationError("bad-rrule", message, f"write `until: {until.wall.date()}`")
    if until.offset is None:
        return until.wall
    return zones.wall_at((until.wall - until.offset).replace(tzinfo=UTC), first.start.tzid)


def _until_text(last: datetime | date, first: AllDay | Timed) -> str:
    if isinstance(first, AllDay) or not isinstance(last, datetime):
        return f"{as_wall(last):%Y%m%d}"
    resolved = zones.resolve_wall(last, first.start.tzid)
    if isinstance(resolved, zones.Repeated):
        # The later pass: a reader that takes this one would drop an UNTIL at the first.
        return f"{last - resolved.after:%Y%m%dT%H%M%SZ}"
    return f"{_settle(last, first.start.tzid)[0].instant:%Y%m%dT%H%M%SZ}"


def _not_in_rule(rule: Rule, start: datetime, walls: Sequence[datetime]) -> NotationError:
    shown = f"`{rule.text}`"
    later = [wall for wall in walls if wall != start]
    hint = "no month or year has such a day: change the rule"
    if later:
        change = f"write `BYDAY={_WEEKDAYS[start.weekday()]}`" if rule["BYDAY"] else "change the rule"
        hint = f"begin it on `{format_wall(later[0])}`, or {change}"
    message = f"the start is no occurrence of {shown}" if later else f"{shown} never occurs"
    return NotationError("start-not-in-rule", message, hint)


def _as_written(moment: date | WrittenTime, first: AllDay | Timed) -> datetime | date:
    if not isinstance(moment, WrittenTime):
        return moment
    if isinstance(first, AllDay):
        raise NotationError("mixed-end", "the series has whole days", f"write the date alone: `{moment.wall.date()}`")
    if moment.offset is None:
        return moment.wall
    return zones.wall_at((moment.wall - moment.offset).replace(tzinfo=UTC), first.start.tzid)


def _on_day(day: date, starts: Sequence[datetime | date]) -> list[datetime | date]:
    return [start for start in starts if as_wall(start).date() == day]


def _show(start: datetime | date) -> str:
    return format_wall(start) if isinstance(start, datetime) else str(start)
