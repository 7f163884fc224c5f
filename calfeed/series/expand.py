"""Expands rules into the starts of a series, in naive wall time; `zones` converts them to UTC.

A rule is evaluated one period of its frequency (year, month, week, day, hour or minute) at a time. Each period gives
the days that every part allows, and the times on those days; BYSETPOS chooses among the results. A period is always
evaluated as a whole, even if the series begins within it. Source: RFC 5545 §3.3.10 and its table of parts that expand
or limit. A search can begin anywhere and always ends, even for a rule that never occurs. Its cost is counted in steps
(the days and times checked), so that all series in a file share one limit.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice, product, repeat

from calfeed.values.rules import WITHIN_DAYS, Frequency, Rule

HORIZON_YEAR = 2040
"""The last year checked for a series without an end: after the changes that zone files list."""
MAX_OCCURRENCES = 20_000
LAST = datetime(2200, 12, 31, 23, 59, 59)  # noqa: DTZ001 - wall time is naive
"""The latest start to search for in a series with an end."""
MAX_STEPS = 2_000_000
"""The most days and times to check for all series in one file of events: a few seconds of work."""
_MINUTES_A_DAY = 1440


class TooManySteps(Exception):  # noqa: N818 - it ends a search and is never shown
    """A search checked more days and times than allowed."""


class Effort:
    """The number of days and times that may still be checked, shared by all searches for one file."""

    def __init__(self, most: int = MAX_STEPS) -> None:
        self.left = most

    @property
    def is_spent(self) -> bool:
        """Whether a search needed more than was left."""
        return self.left < 0

    def spend(self, steps: int) -> None:
        """Use up some steps.

        Raises:
            TooManySteps: fewer were left.
        """
        self.left -= steps
        if self.left < 0:
            raise TooManySteps


@dataclass(frozen=True, slots=True)
class _Parts:
    """A rule ready to use, with gaps filled in from DTSTART. Weekdays count from Monday, 0.

    `days` are pairs of a number (0 without one) and a weekday; the numbers count within the month if `month_is_scope`,
    else within the year.
    """

    frequency: Frequency
    interval: int
    count: int | None
    months: tuple[int, ...]
    weeks: tuple[int, ...]
    year_days: tuple[int, ...]
    month_days: tuple[int, ...]
    days: tuple[tuple[int, int], ...]
    hours: tuple[int, ...]
    minutes: tuple[int, ...]
    seconds: tuple[int, ...]
    positions: tuple[int, ...]
    week_start: int
    month_is_scope: bool


def starts_of(
    rule: Rule, first: datetime, *, last: datetime, after: datetime | None = None, effort: Effort | None = None
) -> Iterator[datetime]:
    """Yield the naive starts of a rule at or after `first`, in order; none if its parts exclude each other.

    Args:
        rule: the rule. The caller applies its UNTIL.
        first: DTSTART, yielded only if the rule gives it.
        last: the latest start to yield.
        after: the earliest start to yield, by default `first`.
        effort: the budget of the search, if `last` is not its only bound.

    Raises:
        TooManySteps: the search costs more.
    """
    parts = _parts(rule, first)
    begin = first if after is None else max(first, after)
    if parts.count is None:
        yield from _between(_sets(parts, first, begin, last, effort), begin, last)
        return
    counted = islice(_between(_sets(parts, first, first, last, effort), first, last), parts.count)
    yield from (start for start in counted if start >= begin)


def as_wall(moment: date | datetime) -> datetime:
    """Return the midnight of a date, or a wall time unchanged."""
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time())


def end_of(day: date) -> datetime:
    """Return the last moment of a day: a date in `until` includes the whole day."""
    return datetime.combine(day, time()) + timedelta(days=1, microseconds=-1)


def _between(sets: Iterable[Sequence[datetime]], begin: datetime, last: datetime) -> Iterator[datetime]:
    for starts in sets:
        for start in starts:
            if start > last:
                return
            if start >= begin:
                yield start


@lru_cache(maxsize=256)
def _parts(rule: Rule, first: datetime) -> _Parts:
    frequency = rule.frequency
    months, month_days = _sorted(rule.bymonth), _sorted(rule.bymonthday)
    days = tuple((day.ordinal or 0, day.weekday) for day in rule.byday)
    if not (days or month_days or rule.byweekno or rule.byyearday):
        if frequency == "WEEKLY":
            days = ((0, first.weekday()),)
        elif frequency in ("MONTHLY", "YEARLY"):
            month_days = (first.day,)
            months = months or ((first.month,) if frequency == "YEARLY" else ())
    return _Parts(
        frequency=frequency,
        interval=rule.interval or 1,
        count=rule.count,
        months=months,
        weeks=_sorted(rule.byweekno),
        year_days=_sorted(rule.byyearday),
        month_days=month_days,
        days=days,
        hours=_sorted(rule.byhour) or (tuple(range(24)) if frequency in WITHIN_DAYS else (first.hour,)),
        minutes=_sorted(rule.byminute) or (tuple(range(60)) if frequency == "MINUTELY" else (first.minute,)),
        seconds=_sorted(rule.bysecond) or (first.second,),
        positions=_sorted(rule.bysetpos),
        week_start=rule.wkst or 0,
        month_is_scope=frequency == "MONTHLY" or bool(months),
    )


def _sorted(numbers: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(numbers))


# -- periods ----------------------------------------------------------------------------------------------------


def _sets(
    parts: _Parts, first: datetime, begin: datetime, last: datetime, effort: Effort | None
) -> Iterator[Sequence[datetime]]:
    """Yield the starts in each period, beginning with the one that contains `begin`."""
    if parts.frequency in WITHIN_DAYS:
        sets = _sets_within_days(parts, first, begin, last, effort)
    else:
        times = [time(*clock) for clock in product(parts.hours, parts.minutes, parts.seconds)]
        sets = _sets_of_days(_days_by_period(parts, first.date(), begin.date(), last.date(), effort), times, effort)
    if not parts.positions:
        yield from sets
        return
    for starts in sets:
        chosen = {starts[n - 1 if n > 0 else n] for n in parts.positions if abs(n) <= len(starts)}
        yield sorted(chosen)


def _sets_of_days(
    periods: Iterable[Sequence[date]], times: Sequence[time], effort: Effort | None
) -> Iterator[Sequence[datetime]]:
    for days in periods:
        if effort is not None:
            effort.spend(len(days) * len(times))
        yield [datetime.combine(day, clock) for day in days for clock in times]


def _days_by_period(
    parts: _Parts, first: date, begin: date, last: date, effort: Effort | None
) -> Iterator[Sequence[date]]:
    """Yield the candidate days of each year, month, week or day."""
    step = parts.interval
    # BYSETPOS chooses from whole periods; without it, days outside the search can be skipped.
    earliest, latest = (date.min, date.max) if parts.positions else (begin, last)
    if parts.frequency == "YEARLY":
        skipped = (begin.year - first.year) // step * step
        for year in range(first.year + skipped, last.year + 1, step):
            days = (day for day in _days_of_year(parts, year) if earliest <= day <= latest)
            yield _allowed(parts, days, effort)
    elif parts.frequency == "MONTHLY":
        start = first.year * 12 + first.month - 1
        skipped = (begin.year * 12 + begin.month - 1 - start) // step * step
        for month in range(start + skipped, last.year * 12 + last.month, step):
            days = (day for day in _days_of_month(parts, month // 12, month % 12 + 1) if earliest <= day <= latest)
            yield _allowed(parts, days, effort)
    else:
        length = 7 if parts.frequency == "WEEKLY" else 1
        start = first.toordinal()
        if length == 7:
            start -= (first.weekday() - parts.week_start) % 7
        skipped = (begin.toordinal() - start) // (length * step) * length * step
        weekdays = {weekday for _, weekday in parts.days}
        numbers = [n for n in range(length) if length == 1 or (parts.week_start + n) % 7 in weekdays]
        for ordinal in range(start + skipped, last.toordinal() + 1, length * step):
            yield _allowed(parts, (date.fromordinal(ordinal + number) for number in numbers), effort)


def _sets_within_days(
    parts: _Parts, first: datetime, begin: datetime, last: datetime, effort: Effort | None
) -> Iterator[Sequence[datetime]]:
    """Yield the starts in each hour or minute. Days are checked first, because most rules allow few or all of them."""
    unit = 60 if parts.frequency == "HOURLY" else 1
    origin = first.hour * 60 + first.minute if unit == 1 else first.hour * 60
    step = parts.interval * unit
    slots = [hour * 60 + minute for hour in parts.hours for minute in (parts.minutes if unit == 1 else (0,))]
    allowed = frozenset(slots)
    clocks = [timedelta(minutes=m, seconds=s) for m in (parts.minutes if unit == 60 else (0,)) for s in parts.seconds]
    is_sparse = _MINUTES_A_DAY // step < len(slots)
    for ordinal in range(begin.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(ordinal)
        if not _allowed(parts, (day,), effort):
            continue
        passed = (ordinal - first.toordinal()) * _MINUTES_A_DAY - origin
        if is_sparse:
            minutes = [minute for minute in range(-passed % step, _MINUTES_A_DAY, step) if minute in allowed]
        else:
            minutes = [minute for minute in slots if (minute + passed) % step == 0]
        if effort is not None:
            effort.spend(min(_MINUTES_A_DAY // step, len(slots)) + len(minutes) * len(clocks))
        midnight = datetime.combine(day, time())
        for minute in minutes:
            slot = midnight + timedelta(minutes=minute)
            yield [slot + clock for clock in clocks]


# -- days -------------------------------------------------------------------------------------------------------


def _days_of_year(parts: _Parts, year: int) -> Iterable[date]:
    """Return the days of a year that the rule may allow, in order."""
    first, length = date(year, 1, 1), 366 if isleap(year) else 365
    if parts.month_days or parts.months:
        months = parts.months or range(1, 13)
        return (day for month in months for day in _days_of_month(parts, year, month))
    if parts.year_days:
        numbers: Iterable[int] = sorted({n if n > 0 else length + 1 + n for n in parts.year_days})
    else:
        numbers = range(1, length + 1)
    return (first + timedelta(days=n - 1) for n in numbers if 1 <= n <= length)


def _days_of_month(parts: _Parts, year: int, month: int) -> Iterable[date]:
    """Return the days of a month that the rule may allow, in order."""
    length = monthrange(year, month)[1]
    if parts.month_days:
        numbers: Iterable[int] = sorted({n if n > 0 else length + 1 + n for n in parts.month_days})
    else:
        numbers = range(1, length + 1)
    return map(date, repeat(year), repeat(month), (n for n in numbers if 1 <= n <= length))


def _allowed(parts: _Parts, days: Iterable[date], effort: Effort | None) -> Sequence[date]:
    """Return the days that every part of the rule allows."""
    candidates = list(days)
    if effort is not None:
        effort.spend(len(candidates) + 1)
    return [day for day in candidates if _allows(parts, day)]


def _allows(parts: _Parts, day: date) -> bool:
    """Return whether every part of the rule that concerns days allows a day."""
    if parts.months and day.month not in parts.months:
        return False
    if parts.days and not any(
        weekday == day.weekday() and (not number or number in _places(parts, day)) for number, weekday in parts.days
    ):
        return False
    if parts.month_days:
        length = monthrange(day.year, day.month)[1]
        if day.day not in parts.month_days and day.day - length - 1 not in parts.month_days:
            return False
    if parts.year_days:
        length, number = 366 if isleap(day.year) else 365, day.timetuple().tm_yday
        if number not in parts.year_days and number - length - 1 not in parts.year_days:
            return False
    return not parts.weeks or any(number in parts.weeks for number in _weeks(day, parts.week_start))


def _places(parts: _Parts, day: date) -> tuple[int, int]:
    """Return which nth weekday of the month or year a day is, counted from the beginning and from the end."""
    if parts.month_is_scope:
        number, length = day.day, monthrange(day.year, day.month)[1]
    else:
        number, length = day.timetuple().tm_yday, 366 if isleap(day.year) else 365
    return (number - 1) // 7 + 1, -((length - number) // 7 + 1)


def _weeks(day: date, week_start: int) -> tuple[int, int]:
    """Return the number of a day's week, counted from the beginning and from the end of its year.

    A week belongs to the year with at least four of its days (RFC 5545 §3.3.10, ISO 8601 for weeks from Monday).
    """
    middle = day + timedelta(days=3 - (day.weekday() - week_start) % 7)
    last = date(middle.year, 12, 28)  # always in the last week
    last += timedelta(days=3 - (last.weekday() - week_start) % 7)
    number, count = ((mid_week.timetuple().tm_yday - 1) // 7 + 1 for mid_week in (middle, last))
    return number, number - count - 1
