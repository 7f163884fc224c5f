"""VTIMEZONE by RFC 5545 §3.6.5: observances, the wall times of their onsets, and the offset in force.

An onset is a wall time in the offset before the change (TZOFFSETFROM). No time zone database is used: only the
component counts. The cost of a query does not depend on how far its year is from the zone's beginning.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache

from .contentlines import Component, Property, date_time, utc_offset

_ZERO = timedelta(0)
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_YEARLY = re.compile(r"FREQ=YEARLY;BYMONTH=(1[0-2]|[1-9]);BYDAY=(-?[1-5])(MO|TU|WE|TH|FR|SA|SU)(?:;UNTIL=([0-9TZ]+))?")
# A fifth weekday of February comes every 28 years, or after 40 where a century has no leap day.
_LONGEST_PAUSE = 40


@dataclass(frozen=True, slots=True)
class Rule:
    """`FREQ=YEARLY;BYMONTH=month;BYDAY=nth weekday`, Monday being 0; `until` is naive and in UTC."""

    month: int
    nth: int
    weekday: int
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Observance:
    """One STANDARD or DAYLIGHT; `dates` are the onsets by DTSTART and RDATE, sorted wall times in `offset_from`."""

    name: str
    offset_from: timedelta
    offset_to: timedelta
    start: datetime
    dates: tuple[datetime, ...]
    rule: Rule | None

    def latest_onset(self, wall: datetime) -> datetime | None:
        """Return the last onset that is not after this wall time."""
        past = bisect_right(self.dates, wall)
        by_date = self.dates[past - 1] if past else None
        by_rule = self._latest_by_rule(wall)
        return max((onset for onset in (by_date, by_rule) if onset is not None), default=None)

    def _latest_by_rule(self, wall: datetime) -> datetime | None:
        rule = self.rule
        if rule is None:
            return None
        # §3.3.10: UNTIL bounds the rule inclusively; in a VTIMEZONE it is in UTC, the onset in TZOFFSETFROM.
        limit = wall if rule.until is None else min(wall, rule.until + self.offset_from)
        earliest = max(self.start.year, limit.year - _LONGEST_PAUSE)
        for year in range(limit.year, earliest - 1, -1):
            day = nth_weekday(year, rule.month, rule.nth, rule.weekday)
            if day is not None and self.start <= (onset := datetime.combine(day, self.start.time())) <= limit:
                return onset
        return None


@dataclass(frozen=True, slots=True)
class TimeZone:
    """One VTIMEZONE."""

    tzid: str
    observances: tuple[Observance, ...]


UTC_ZONE = TimeZone("UTC", (Observance("STANDARD", _ZERO, _ZERO, datetime.min, (datetime.min,), None),))  # noqa: DTZ901


@cache
def nth_weekday(year: int, month: int, nth: int, weekday: int) -> date | None:
    """Return the nth such weekday of the month, counted from its end if nth is negative (§3.3.10, BYDAY)."""
    if nth > 0:
        first = date(year, month, 1)
        day = first + timedelta((weekday - first.weekday()) % 7 + 7 * (nth - 1))
    else:
        last = (date(year, month, 28) + timedelta(4)).replace(day=1) - timedelta(1)
        day = last - timedelta((last.weekday() - weekday) % 7 - 7 * (nth + 1))
    return day if day.month == month else None


def offset_for_wall(tz: TimeZone, wall: datetime) -> timedelta:
    """Return the UTC offset of a wall time.

    §3.6.5: it "is found by locating the observance that has the last onset date and time before the time in question".
    §3.3.5: a wall time that the clocks show twice "refers to the first occurrence", which follows because the onset is
    the end of the first pass; one that they skip "is interpreted using the UTC offset before the gap".
    """
    onset, observance = _in_force(tz, wall)
    return observance.offset_from if wall < _resumed(onset, observance) else observance.offset_to


def is_skipped(tz: TimeZone, wall: datetime) -> bool:
    """Return whether the clocks skip this wall time."""
    return wall < _resumed(*_in_force(tz, wall))


def is_repeated(tz: TimeZone, wall: datetime) -> bool:
    """Return whether the clocks show this wall time twice: an onset sets them back over it."""
    return any(_sets_back_over(observance, wall) for observance in tz.observances)


def first_onset(tz: TimeZone) -> datetime:
    """Return the wall time before which the zone is undefined."""
    return min(observance.dates[0] for observance in tz.observances)


def to_utc(tz: TimeZone, wall: datetime) -> datetime:
    """Return the instant of a wall time."""
    return (wall - offset_for_wall(tz, wall)).replace(tzinfo=UTC)


def _in_force(tz: TimeZone, wall: datetime) -> tuple[datetime, Observance]:
    onsets = [
        (onset, observance) for observance in tz.observances if (onset := observance.latest_onset(wall)) is not None
    ]
    if not onsets:
        raise ValueError(f"{wall} is before the first onset of {tz.tzid}")
    latest = max(onset for onset, _ in onsets)
    current = [observance for onset, observance in onsets if onset == latest]
    if len(current) > 1:
        raise ValueError(f"{tz.tzid} has two observances from {latest}")
    return latest, current[0]


def _resumed(onset: datetime, observance: Observance) -> datetime:
    """Return what the clocks show at the onset, after the change."""
    return onset + (observance.offset_to - observance.offset_from)


def _sets_back_over(observance: Observance, wall: datetime) -> bool:
    onset = observance.latest_onset(wall + max(observance.offset_from - observance.offset_to, _ZERO))
    return onset is not None and wall < onset


def timezones(calendar: Component) -> dict[str, TimeZone]:
    """Read all VTIMEZONEs of a calendar; each TZID is defined once."""
    zones: dict[str, TimeZone] = {}
    for component in calendar.children("VTIMEZONE"):
        tz = timezone(component)
        if tz.tzid in zones:
            raise ValueError(f"two VTIMEZONEs {tz.tzid}")
        zones[tz.tzid] = tz
    return zones


def timezone(component: Component) -> TimeZone:
    """Read one VTIMEZONE: a TZID and at least one observance."""
    tzid = component.one("TZID").text()
    if not component.components:
        raise ValueError(f"VTIMEZONE {tzid} has neither STANDARD nor DAYLIGHT")
    return TimeZone(tzid, tuple(_observance(child) for child in component.components))


def _observance(component: Component) -> Observance:
    if component.name not in {"STANDARD", "DAYLIGHT"}:
        raise ValueError(f"{component.name} in a VTIMEZONE")
    start_line = component.one("DTSTART")
    start = _onset(start_line, start_line.value)
    more = [_onset(prop, value) for prop in component.all("RDATE") for value in prop.value.split(",")]
    rule = component.get("RRULE")
    return Observance(
        component.name,
        utc_offset(component.one("TZOFFSETFROM").value),
        utc_offset(component.one("TZOFFSETTO").value),
        start,
        tuple(sorted({start, *more})),
        None if rule is None else _rule(rule.value, start),
    )


def _onset(prop: Property, value: str) -> datetime:
    """Read a DTSTART or an RDATE, which "MUST be specified as a date with a local time value"."""
    if prop.param("TZID") is not None or prop.param("VALUE") not in {None, "DATE-TIME"}:
        raise ValueError(f"{prop.name} of an observance is not a plain local DATE-TIME")
    wall, is_utc = date_time(value)
    if is_utc:
        raise ValueError(f"{prop.name}:{value} of an observance is in UTC")
    return wall


def _rule(value: str, start: datetime) -> Rule:
    match = _YEARLY.fullmatch(value)
    if match is None:
        raise ValueError(f"RRULE:{value} of an observance is not a weekday of a month, yearly")
    until, is_utc = date_time(match[4]) if match[4] else (None, True)
    # §3.3.10: in STANDARD and DAYLIGHT "the UNTIL rule part MUST always be specified as a date with UTC time".
    if not is_utc:
        raise ValueError(f"UNTIL of an observance is not in UTC: {value}")
    rule = Rule(int(match[1]), int(match[2]), _WEEKDAYS.index(match[3]), until)
    # §3.8.5.3: with a DTSTART "not synchronized with the recurrence rule" the recurrence set is undefined.
    if nth_weekday(start.year, rule.month, rule.nth, rule.weekday) != start.date():
        raise ValueError(f"DTSTART {start} is not an instance of RRULE:{value}")
    return rule
