"""Rules to dates: the starts of a series in naive wall time. What they are in UTC is a question for `zones`.

A rule looks at one period of its frequency after the other: the year, month, week, day, hour or minute. Of each it
takes the days that every part allows, and of those days the times; BYSETPOS chooses from what that gives. A period is
looked at as a whole, even where the series begins within it. Source: RFC 5545 §3.3.10 with its table of what expands
and what limits. A search may begin anywhere, and always has an end, so that a rule that never occurs ends it.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice, product

from calfeed.rules import DAYS, Rule

HORIZON_YEAR = 2040
"""How far the law of a zone is looked at for a series without an end: past the changes that zone files list."""
MAX_OCCURRENCES = 20_000
LAST = datetime(2200, 12, 31, 23, 59, 59)  # noqa: DTZ001 - wall time is naive
"""How far a series with an end is looked at."""
_WITHIN_DAYS = ("HOURLY", "MINUTELY")


@dataclass(frozen=True, slots=True)
class _Parts:
    """A rule ready to use: what DTSTART says where the rule does not is filled in. Weekdays count from Monday, 0.

    `days` are pairs of a number, 0 where there is none, and a weekday; `month_is_scope` tells what numbers count in.
    """

    frequency: str
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


def starts_of(rule: Rule, first: datetime, *, last: datetime, after: datetime | None = None) -> Iterator[datetime]:
    """Yield the starts that a rule gives from `first` on, in order, all naive; none where its parts exclude each other.

    Args:
        rule: the rule. Its UNTIL is the caller's business.
        first: DTSTART. It is yielded only if the rule gives it.
        last: the latest start to yield.
        after: the earliest start to yield, if not `first`.
    """
    parts = _parts(rule, first)
    begin = first if after is None else max(first, after)
    if parts.count is None:
        yield from _between(_sets(parts, first, begin, last), begin, last)
        return
    counted = islice(_between(_sets(parts, first, first, last), first, last), parts.count)
    yield from (start for start in counted if start >= begin)


def as_wall(moment: date | datetime) -> datetime:
    """Return a date as its midnight, a wall time as it is."""
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time())


def end_of(day: date) -> datetime:
    """Return the last moment of a day: `until` with a date is the whole of it."""
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
    frequency = rule["FREQ"] or "DAILY"
    months, month_days = _numbers(rule["BYMONTH"]), _numbers(rule["BYMONTHDAY"])
    days = tuple(_weekday(item) for item in (rule["BYDAY"] or "").split(",") if item)
    if not (days or month_days or rule["BYWEEKNO"] or rule["BYYEARDAY"]):
        if frequency == "WEEKLY":
            days = ((0, first.weekday()),)
        elif frequency in ("MONTHLY", "YEARLY"):
            month_days = (first.day,)
            months = months or ((first.month,) if frequency == "YEARLY" else ())
    return _Parts(
        frequency=frequency,
        interval=int(rule["INTERVAL"] or 1),
        count=int(rule["COUNT"]) if rule["COUNT"] else None,
        months=months,
        weeks=_numbers(rule["BYWEEKNO"]),
        year_days=_numbers(rule["BYYEARDAY"]),
        month_days=month_days,
        days=days,
        hours=_numbers(rule["BYHOUR"]) or (tuple(range(24)) if frequency in _WITHIN_DAYS else (first.hour,)),
        minutes=_numbers(rule["BYMINUTE"]) or (tuple(range(60)) if frequency == "MINUTELY" else (first.minute,)),
        seconds=_numbers(rule["BYSECOND"]) or (first.second,),
        positions=_numbers(rule["BYSETPOS"]),
        week_start=DAYS.index(rule["WKST"] or "MO"),
        month_is_scope=frequency == "MONTHLY" or bool(months),
    )


def _numbers(text: str | None) -> tuple[int, ...]:
    return tuple(sorted({int(item) for item in text.split(",")})) if text else ()


def _weekday(text: str) -> tuple[int, int]:
    return int(text[:-2] or 0), DAYS.index(text[-2:])


# -- periods ----------------------------------------------------------------------------------------------------


def _sets(parts: _Parts, first: datetime, begin: datetime, last: datetime) -> Iterator[Sequence[datetime]]:
    """Yield what each period gives, from the one that holds `begin` on."""
    found = _sets_within_days(parts, first, begin, last) if parts.frequency in _WITHIN_DAYS else None
    if found is None:
        times = [time(*clock) for clock in product(parts.hours, parts.minutes, parts.seconds)]
        found = (
            [datetime.combine(day, clock) for day in days for clock in times]
            for days in _days_by_period(parts, first.date(), begin.date(), last.date())
        )
    if not parts.positions:
        yield from found
        return
    for starts in found:
        chosen = {starts[n - 1 if n > 0 else n] for n in parts.positions if abs(n) <= len(starts)}
        yield sorted(chosen)


def _days_by_period(parts: _Parts, first: date, begin: date, last: date) -> Iterator[Sequence[date]]:
    """Yield the days of each year, month, week or day that the rule looks at."""
    step = parts.interval
    if parts.frequency == "YEARLY":
        skipped = (begin.year - first.year) // step * step
        for year in range(first.year + skipped, last.year + 1, step):
            yield _days_of_year(parts, year)
    elif parts.frequency == "MONTHLY":
        start = first.year * 12 + first.month - 1
        skipped = (begin.year * 12 + begin.month - 1 - start) // step * step
        for month in range(start + skipped, last.year * 12 + last.month, step):
            yield _days_of_month(parts, month // 12, month % 12 + 1)
    else:
        length = 7 if parts.frequency == "WEEKLY" else 1
        start = first.toordinal()
        if length == 7:
            start -= (first.weekday() - parts.week_start) % 7
        skipped = (begin.toordinal() - start) // (length * step) * length * step
        weekdays = {weekday for _, weekday in parts.days}
        numbers = [n for n in range(length) if length == 1 or (parts.week_start + n) % 7 in weekdays]
        for ordinal in range(start + skipped, last.toordinal() + 1, length * step):
            days = (date.fromordinal(ordinal + number) for number in numbers)
            yield [day for day in days if _allows(parts, day)]


def _sets_within_days(parts: _Parts, first: datetime, begin: datetime, last: datetime) -> Iterator[Sequence[datetime]]:
    """Yield what each hour or minute gives. Days are looked at first: most rules allow few of them, or all."""
    unit = 60 if parts.frequency == "HOURLY" else 1
    origin = first.hour * 60 + first.minute if unit == 1 else first.hour * 60
    for ordinal in range(begin.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(ordinal)
        if not _allows(parts, day):
            continue
        midnight = datetime.combine(day, time())
        passed = (ordinal - first.toordinal()) * 1440 - origin
        for minute in range(-passed % (parts.interval * unit), 1440, parts.interval * unit):
            if minute // 60 not in parts.hours or (unit == 1 and minute % 60 not in parts.minutes):
                continue
            slot = midnight + timedelta(minutes=minute)
            within = parts.minutes if unit == 60 else (0,)
            yield [slot + timedelta(minutes=m, seconds=s) for m, s in product(within, parts.seconds)]


# -- days -------------------------------------------------------------------------------------------------------


def _days_of_year(parts: _Parts, year: int) -> Sequence[date]:
    first, length = date(year, 1, 1), 366 if isleap(year) else 365
    if parts.month_days or parts.months:
        months = parts.months or range(1, 13)
        return [day for month in months for day in _days_of_month(parts, year, month)]
    if parts.year_days:
        numbers: Iterable[int] = sorted({n if n > 0 else length + 1 + n for n in parts.year_days})
    else:
        numbers = range(1, length + 1)
    days = (first + timedelta(days=n - 1) for n in numbers if 1 <= n <= length)
    return [day for day in days if _allows(parts, day)]


def _days_of_month(parts: _Parts, year: int, month: int) -> Sequence[date]:
    length = monthrange(year, month)[1]
    if parts.month_days:
        numbers: Iterable[int] = sorted({n if n > 0 else length + 1 + n for n in parts.month_days})
    else:
        numbers = range(1, length + 1)
    return [day for n in numbers if 1 <= n <= length and _allows(parts, day := date(year, month, n))]


def _allows(parts: _Parts, day: date) -> bool:
    """Tell whether a day is one by every part of the rule that speaks of days."""
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
    """Return which of its weekday a day is in its month or year, counted from the beginning and from the end."""
    if parts.month_is_scope:
        number, length = day.day, monthrange(day.year, day.month)[1]
    else:
        number, length = day.timetuple().tm_yday, 366 if isleap(day.year) else 365
    return (number - 1) // 7 + 1, -((length - number) // 7 + 1)


def _weeks(day: date, week_start: int) -> tuple[int, int]:
    """Return the number of a day's week, from the beginning of its year and from the end.

    A week belongs to the year that holds at least four days of it (RFC 5545 §3.3.10, ISO 8601 for weeks from Monday).
    """
    middle = day + timedelta(days=3 - (day.weekday() - week_start) % 7)
    last = date(middle.year, 12, 28)  # always in the last week
    last += timedelta(days=3 - (last.weekday() - week_start) % 7)
    number, count = ((each.timetuple().tm_yday - 1) // 7 + 1 for each in (middle, last))
    return number, number - count - 1
