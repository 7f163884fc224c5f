"""Rules to dates: the starts of a series in naive wall time. What they are in UTC is a question for `zones`.

dateutil expands; every search has a horizon, so that a rule that never occurs ends it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

from dateutil import rrule

from calfeed.rules import Rule

HORIZON_YEAR = 2040
"""How far a series without an end is looked at: past the last change that zone files list one by one."""
MAX_OCCURRENCES = 20_000
_LAST_YEAR = 2200
_FREQUENCIES = {
    "YEARLY": rrule.YEARLY,
    "MONTHLY": rrule.MONTHLY,
    "WEEKLY": rrule.WEEKLY,
    "DAILY": rrule.DAILY,
    "HOURLY": rrule.HOURLY,
    "MINUTELY": rrule.MINUTELY,
}
_WEEKDAYS = {
    "MO": rrule.MO,
    "TU": rrule.TU,
    "WE": rrule.WE,
    "TH": rrule.TH,
    "FR": rrule.FR,
    "SA": rrule.SA,
    "SU": rrule.SU,
}
_LISTS = ("BYMONTH", "BYWEEKNO", "BYYEARDAY", "BYMONTHDAY", "BYHOUR", "BYMINUTE", "BYSECOND", "BYSETPOS")


def starts_of(rule: Rule, first: datetime, until: datetime | None, end: datetime) -> Iterator[datetime]:
    """Yield the starts that a rule gives from `first` on, in order, all naive; none where its parts exclude each other.

    Args:
        rule: the rule.
        first: DTSTART. It is yielded only if the rule gives it.
        until: the last moment a start may have, by the rule's UNTIL.
        end: the horizon of the search.
    """
    count = rule["COUNT"]
    limit = min(moment for moment in (until, end) if moment is not None)
    options: dict[str, Any] = {
        name.lower(): [int(item) for item in value.split(",")] for name in _LISTS if (value := rule[name])
    }
    frequency: Any = _FREQUENCIES[rule["FREQ"] or "DAILY"]
    with suppress(ValueError):  # dateutil noticed that there is nothing to find
        yield from islice(_expand(frequency, rule, first, limit, options), int(count) if count else MAX_OCCURRENCES)


def _expand(
    frequency: Any, rule: Rule, first: datetime, limit: datetime, options: dict[str, Any]
) -> Iterator[datetime]:
    days = rule["BYDAY"]
    return iter(
        rrule.rrule(
            frequency,
            dtstart=first,
            interval=int(rule["INTERVAL"] or 1),
            wkst=_WEEKDAYS[rule["WKST"] or "MO"],
            until=limit,
            byweekday=[_weekday(day) for day in days.split(",")] if days else None,
            **options,
        )
    )


def horizon_of(first: datetime, *, is_endless: bool) -> datetime:
    """Return how far a series that begins at `first` is looked at."""
    year = max(HORIZON_YEAR, first.year + 3) if is_endless else _LAST_YEAR
    return datetime(year + 1, 1, 1)  # noqa: DTZ001 - wall time is naive


def as_wall(moment: date | datetime) -> datetime:
    """Return a date as its midnight, a wall time as it is."""
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time())


def end_of(day: date) -> datetime:
    """Return the last moment of a day: `until` with a date is the whole of it."""
    return datetime.combine(day, time()) + timedelta(days=1, microseconds=-1)


def _weekday(text: str) -> rrule.weekday:
    number = text.rstrip("MOTUWEHFRSA")
    day = _WEEKDAYS[text[len(number) :]]
    return day(int(number)) if number else day
