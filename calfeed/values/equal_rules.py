"""Find rules that give the same dates as one that some programs cannot read, to propose them instead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from calfeed.values.rules import Day, Rule

# For each n, the dates of a month among which its nth Monday, Tuesday and so on fall.
_WEEKS = {n: tuple(range(7 * n - 6, 7 * n + 1)) for n in (1, 2, 3, 4)} | {-1: tuple(range(-7, 0))}
_SPLITS: Mapping[str, Callable[[Rule], Iterable[Rule]]] = {
    "BYHOUR": lambda rule: (replace(rule, byhour=(hour,)) for hour in rule.byhour),
    "BYMINUTE": lambda rule: (replace(rule, byminute=(minute,)) for minute in rule.byminute),
    "BYSECOND": lambda rule: (replace(rule, bysecond=(second,)) for second in rule.bysecond),
    "BYMONTH": lambda rule: (replace(rule, bymonth=(month,)) for month in rule.bymonth),
    "BYDAY": lambda rule: (replace(rule, byday=(day,)) for day in rule.byday),
    "BYMONTHDAY": lambda rule: (replace(rule, bymonthday=(date,)) for date in rule.bymonthday),
    "BYSETPOS": lambda rule: (replace(rule, bysetpos=(position,)) for position in rule.bysetpos),
}


def equal_rule(rule: Rule) -> Rule | None:
    """Return a rule with another frequency that gives the same dates, or None if none is known.

    A rule that selects days by date becomes monthly; one that selects them by weekday becomes weekly. This works only
    if no year, month or day is skipped (INTERVAL=1) and none is selected by position (BYSETPOS).
    """
    if (rule.interval or 1) != 1 or rule.bysetpos or rule.byyearday or rule.byweekno or rule.has_ordinals:
        return None
    if rule.frequency in ("DAILY", "YEARLY") and rule.bymonthday:
        return replace(rule, frequency="MONTHLY", interval=None)
    if rule.frequency in ("DAILY", "MONTHLY", "YEARLY") and rule.byday and not rule.bymonthday:
        return replace(rule, frequency="WEEKLY", interval=None)
    return None


def nth_day_rule(rule: Rule) -> Rule | None:
    """Return an equal rule with the nth weekday of a month, or None unless the dates are exactly the nth seven days.

    The first Tuesday is in the first seven days: BYDAY=TU;BYMONTHDAY=1,2,3,4,5,6,7 is BYDAY=1TU.
    """
    if len(rule.byday) != 1 or rule.has_ordinals or rule.bysetpos or rule.byyearday:
        return None
    # With FREQ=YEARLY and no BYMONTH, the ordinal would count within the year.
    if not (rule.frequency == "MONTHLY" or (rule.frequency == "YEARLY" and rule.bymonth)):
        return None
    dates = tuple(sorted(rule.bymonthday))
    ordinal = next((ordinal for ordinal, week in _WEEKS.items() if dates == week), None)
    if ordinal is None:
        return None
    return replace(rule, bymonthday=(), byday=(Day(ordinal, rule.byday[0].weekday),))


def split_rule(rule: Rule, name: str) -> tuple[Rule, ...]:
    """Return a rule for each value of a BY… part."""
    return tuple(_SPLITS[name](rule))
