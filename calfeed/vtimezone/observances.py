"""Describes a zone's clock changes as two yearly rules of a VTIMEZONE, and checks which times readers then get right.

All known readers agree on this shape (docs/explanation/timezones.md): one STANDARD and at most one DAYLIGHT, each with
an open-ended yearly rule that begins in 1970 and is written in the wall time of the offset being left (RFC 5545
§3.6.5). It describes the zone's law from now on, as the footer of its tz database file gives it, and omits older law.
So it is not trusted: `places_right` computes how a reader would place each time, and a time that would be misplaced is
written in UTC instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from calfeed.model import AllDay, Event, ZonedTime
from calfeed.vtimezone.old_tables import is_known_to_old_tables
from calfeed.zones import tzdb

FIRST_YEAR = 1970
"""The year in which every VTIMEZONE begins."""
_WEEKDAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")  # POSIX counts from Sunday
_NAME = r"(<[A-Za-z0-9+-]+>|[A-Za-z]{3,})"
_OFFSET = r"([+-]?\d{1,2}(?::\d{2}){0,2})"
_RULE = r"M(\d{1,2})\.([1-5])\.([0-6])(?:/([+-]?\d{1,3}(?::\d{2}){0,2}))?"
_POSIX_TZ = re.compile(rf"{_NAME}{_OFFSET}(?:{_NAME}{_OFFSET}?,{_RULE},{_RULE})?", re.ASCII)
# Names for UTC and for fixed offsets from it. Google refuses Etc/GMT±N; Outlook for Mac reads GMT as London.
_NO_PLACE = re.compile(r"Etc/.*|UTC|UCT|Zulu|Universal|Greenwich|GMT(?:[+-]?0)?")


@dataclass(frozen=True, slots=True)
class AnnualRule:
    """A yearly moment: the `week`th (-1: last) `weekday` (0: Sunday) of `month`, at a time of day."""

    month: int
    week: int
    weekday: int
    time: timedelta

    def onset(self, year: int) -> datetime:
        """Return the naive wall time of the rule in a year."""
        if self.week > 0:
            first = datetime(year, self.month, 1)  # noqa: DTZ001 - wall time is naive
            days = (self.weekday - first.isoweekday()) % 7 + 7 * (self.week - 1)
            return first + timedelta(days=days) + self.time
        following = datetime(year + self.month // 12, self.month % 12 + 1, 1)  # noqa: DTZ001
        last = following - timedelta(days=1)
        return last - timedelta(days=(last.isoweekday() - self.weekday) % 7) + self.time

    @property
    def rrule(self) -> str:
        """The rule as an RRULE in the only form that Outlook reads: yearly, one month, one nth weekday."""
        return f"FREQ=YEARLY;BYMONTH={self.month};BYDAY={self.week}{_WEEKDAYS[self.weekday]}"


@dataclass(frozen=True, slots=True)
class Observance:
    """One STANDARD or DAYLIGHT: `offset_to` holds from each onset of `rule` from year `since`, or else from `onset`."""

    is_daylight: bool
    name: str
    offset_from: timedelta
    offset_to: timedelta
    rule: AnnualRule | None
    since: int = FIRST_YEAR
    onset: datetime = datetime(FIRST_YEAR, 1, 1)  # noqa: DTZ001 - wall time is naive

    @property
    def first_onset(self) -> datetime:
        """DTSTART: naive wall time in `offset_from`."""
        return self.rule.onset(self.since) if self.rule else self.onset


def is_place(tzid: str) -> bool:
    """Return whether times in a zone carry its name; in zones for UTC or a fixed offset, they are written in UTC."""
    return _NO_PLACE.fullmatch(tzid) is None


@cache
def place_at(offset: timedelta) -> str | None:
    """Return a place's zone whose clocks are permanently at this offset, if any."""
    places = (name for name in tzdb.zone_names() if "/" in name and is_place(name))
    return next((name for name in places if [part.offset_to for part in observances(name)] == [offset]), None)


@cache
def observances(tzid: str) -> tuple[Observance, ...]:
    """Return the observances of a zone's current law; empty if they do not fit this shape.

    Source: the POSIX TZ string in the footer of the zone's file (RFC 9636 §3.3.1 with its extensions to POSIX).
    Jerusalem, Gaza, Hebron and Nuuk change on days that are not the nth weekday of a month.
    """
    match = _POSIX_TZ.fullmatch(tzdb.footer(tzid))
    if match is None or not is_place(tzid):
        return ()
    name, west, other_name, other_west, *rules = match.groups()
    offset = -_read_time(west)  # POSIX offsets count west of Greenwich
    if other_name is None:
        return (Observance(False, name.strip("<>"), offset, offset, None),)
    other_offset = -_read_time(other_west) if other_west else offset + timedelta(hours=1)
    begin, end = _read_rule(rules[:4]), _read_rule(rules[4:])
    if begin is None or end is None:
        return ()
    pair = [
        Observance(other_offset > offset, other_name.strip("<>"), offset, other_offset, begin),
        # For Dublin, tzdata treats winter as the exception; readers expect DAYLIGHT to be the larger offset.
        Observance(offset > other_offset, name.strip("<>"), other_offset, offset, end),
    ]
    return tuple(sorted(pair, key=lambda observance: observance.is_daylight, reverse=True))


def places_right(time: ZonedTime, parts: Sequence[Observance] | None = None) -> bool:
    """Return whether every reader of the zone's VTIMEZONE gets the instant of this time.

    This is False for a wall time that the clocks repeat or skip, under the zone's law or the rules of the VTIMEZONE
    (which may differ for past years), because readers disagree on the pass or the offset.

    Args:
        time: a time in a zone.
        parts: the observances of the VTIMEZONE; by default, those of the zone's current law.
    """
    if not isinstance(tzdb.resolve_wall(time.wall, time.tzid), datetime):
        return False
    offset = None
    for onset, before, after in onsets_around(
        observances(time.tzid) if parts is None else tuple(parts), time.wall.year
    ):
        resumed = onset + (after - before)
        if min(onset, resumed) <= time.wall < max(onset, resumed):
            return False
        if onset <= time.wall:
            offset = after
    return offset is not None and time.wall - offset == time.instant.replace(tzinfo=None)


def zoned_times(event: Event) -> tuple[ZonedTime, ...]:
    """Return the times of an event that are written with a TZID: both or neither, so that no reader mixes their rules.

    A series always has a TZID if its zone is a place. Other events have one if both the zone's current law and programs
    with older tables place them correctly, regardless of other events in the file.
    """
    if isinstance(event.when, AllDay):
        return ()
    start, end = event.when.start, event.when.end
    times = (start,) if end is None else (start, end)
    if event.recurrence is not None:
        return times if is_place(start.tzid) else ()
    if end is not None and end.tzid != start.tzid and not _is_steady(start, end):
        return ()  # some readers interpret the end as wall time in the start's zone
    return times if all(places_right(time) and is_known_to_old_tables(time) for time in times) else ()


def _is_steady(start: ZonedTime, end: ZonedTime) -> bool:
    """Return whether each of the two zones has the same offset at the start as at the end."""
    tzids = {start.tzid, end.tzid}
    return all(tzdb.offset_at(start.instant, tzid) == tzdb.offset_at(end.instant, tzid) for tzid in tzids)


@cache
def onsets_around(parts: tuple[Observance, ...], year: int) -> tuple[tuple[datetime, timedelta, timedelta], ...]:
    """Return the onsets of a year and the previous year, in order, each with the offsets before and after it.

    Onsets without a rule are included regardless of year.
    """
    onsets: list[tuple[datetime, timedelta, timedelta]] = []
    for part in parts:
        if part.rule is None:
            onsets.append((part.first_onset, part.offset_from, part.offset_to))
        else:
            years = (y for y in (year - 1, year) if y >= part.since)
            onsets += [(part.rule.onset(y), part.offset_from, part.offset_to) for y in years]
    return tuple(sorted(onsets))


def _read_rule(parts: Sequence[str | None]) -> AnnualRule | None:
    """Return the rule `Mm.w.d/time`, or None if its onset is not on the nth weekday of a month."""
    month, week, weekday, written = (part or "" for part in parts)
    time = _read_time(written) if written else timedelta(hours=2)
    if time == timedelta(hours=24):
        # The midnight that follows is not on that weekday, but the second before it is.
        time -= timedelta(seconds=1)
    if not timedelta(0) <= time < timedelta(hours=24):
        return None
    return AnnualRule(int(month), -1 if week == "5" else int(week), int(weekday), time)


def _read_time(text: str) -> timedelta:
    units = [int(part) for part in text.lstrip("+-").split(":")] + [0, 0]
    time = timedelta(hours=units[0], minutes=units[1], seconds=units[2])
    return -time if text.startswith("-") else time
