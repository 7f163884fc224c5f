"""Finds what Outlook and Exchange may skip in a series, and suggests what to write instead.

They store a rule as one of six patterns (MS-OXCICAL §2.1.3.2.2): daily; weekly; monthly or yearly on a date; monthly
or yearly on an nth weekday. They skip a rule that fits none of these, or refuse the whole file. Outlook cannot run in a
test, so this module relies on that document and on user reports.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice, pairwise

from calfeed.model import AllDay, Recurrence, Timed
from calfeed.series.occurrences import first_start, horizon_of, length_of, starts_between
from calfeed.values.equal_rules import equal_rule, nth_day_rule, split_rule
from calfeed.values.rules import DAYS, WITHIN_DAYS, Frequency, Rule
from calfeed.values.times import format_wall

# The largest INTERVAL of each frequency, and the largest COUNT; Outlook counts a year as twelve months.
_MAX_INTERVAL = {"DAILY": 999, "WEEKLY": 99, "MONTHLY": 99, "YEARLY": 8}
_MAX_COUNT = 999
_POSITIONS = (1, 2, 3, 4, -1)
_DATES = "write its dates as separate events"
# The number of gaps between occurrences to measure; the gaps of a rule repeat long before that.
_MAX_GAPS = 500
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A message that says what Outlook may do to a series and why, and a hint that says what to write instead."""

    message: str
    hint: str


def obstacle_in(rule: Rule, start: date) -> Obstacle | None:
    """Return why a rule fits none of Outlook's patterns, or None if it fits one.

    Args:
        rule: the rule.
        start: the day of its first occurrence, which fills in missing parts of the rule.
    """
    return _obstacle_in_times(rule) or _obstacle_in_numbers(rule) or _obstacle_in_days(rule, start)


def overlap_in(when: AllDay | Timed, recurrence: Recurrence) -> Obstacle | None:
    """Return why Outlook may refuse a series whose occurrences overlap, or None if they do not."""
    length = length_of(when)
    if length <= _DAY and not recurrence.rule.is_within_days and not recurrence.rdates:
        return None
    starts = starts_between(when, recurrence, first_start(when), horizon_of(when, recurrence))
    pair = next((pair for pair in islice(pairwise(starts), _MAX_GAPS) if pair[1] - pair[0] < length), None)
    if pair is None:
        return None
    times = " and ".join(f"{start.date()}" if isinstance(when, AllDay) else format_wall(start) for start in pair)
    message = f"Outlook may refuse this series: its occurrences overlap, such as those of {times}"
    return Obstacle(message, "shorten them, or write those that overlap as separate events")


def _unsupported(feature: str, hint: str) -> Obstacle:
    return Obstacle(f"Outlook may skip this series: it does not support {feature}", hint)


def _obstacle_in_times(rule: Rule) -> Obstacle | None:
    if rule.frequency in WITHIN_DAYS:
        hint = "write one event for each time of day, with `freq: daily`"
        return _unsupported("series that repeat by the hour or minute", hint)
    if any(len(numbers) > 1 for numbers in (rule.byhour, rule.byminute, rule.bysecond)):
        return _unsupported("several occurrences in one day", "write one event for each time of day")
    if rule.bysecond:
        return _unsupported("BYSECOND", "leave it out: `start` gives the seconds")
    return None


def _obstacle_in_numbers(rule: Rule) -> Obstacle | None:
    most = _MAX_INTERVAL[rule.frequency]
    if (rule.interval or 1) > most:
        return _unsupported(f"INTERVAL above {most} with FREQ={rule.frequency}", _DATES)
    if (rule.count or 1) > _MAX_COUNT:
        return _unsupported(f"COUNT above {_MAX_COUNT}", "end the series with `until`")
    if rule.byweekno:
        return _unsupported("week numbers", _DATES)
    if rule.byyearday:
        return _unsupported("day numbers within the year", _DATES)
    return None


def _obstacle_in_days(rule: Rule, start: date) -> Obstacle | None:
    frequency = rule.frequency
    if frequency == "DAILY":
        return _obstacle_of_parts(rule, ("BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"), start)
    if frequency == "WEEKLY" and rule.bysetpos:
        return _unsupported("BYSETPOS with FREQ=WEEKLY", f"name the day itself: `BYDAY={DAYS[start.weekday()]}`")
    if frequency == "WEEKLY":
        return _obstacle_of_parts(rule, ("BYMONTH",), start)
    if rule.byday and rule.bymonthday:
        nth = nth_day_rule(rule)
        hint = f"write `{nth.text}`, which means the same" if nth else _DATES
        return _unsupported("weekdays combined with dates", hint)
    if (frequency == "MONTHLY" and rule.bymonth) or len(rule.bymonth) > 1:
        return _unsupported("a choice of months", _one_each(rule, "BYMONTH", frequency="YEARLY"))
    if frequency == "YEARLY" and not rule.bymonth and (rule.byday or rule.bymonthday):
        return _obstacle_of_parts(rule, ("BYDAY", "BYMONTHDAY"), start)
    return _obstacle_in_weekdays(rule, start) if rule.byday else _obstacle_in_month_days(rule, start)


def _obstacle_of_parts(rule: Rule, names: Iterable[str], start: date) -> Obstacle | None:
    """Return the obstacle for the first of these parts in a rule; the hint is an equal rule that fits, if any."""
    written = {name for name, values in rule.lists if values}
    name = next((name for name in names if name in written), None)
    if name is None:
        return None
    equal = equal_rule(rule)
    fits = equal is not None and _obstacle_in_days(equal, start) is None
    hint = f"write `{equal.text}`, which means the same" if equal is not None and fits else _DATES
    return _unsupported(f"{name} with FREQ={rule.frequency}", hint)


def _obstacle_in_weekdays(rule: Rule, start: date) -> Obstacle | None:
    """Return the obstacle to the pattern "the nth of these weekdays in a month", if any."""
    ordinals = [day.ordinal for day in rule.byday if day.ordinal is not None]
    if not ordinals and not rule.bysetpos:
        return _obstacle_of_parts(rule, ("BYDAY",), start)
    if len(rule.byday) > 1 and ordinals:
        return _unsupported("several numbered weekdays in a month", _one_each(rule, "BYDAY"))
    if ordinals and rule.bysetpos:
        return _unsupported("BYSETPOS with a numbered weekday", "leave BYSETPOS out")
    if len(rule.bysetpos) > 1:
        return _unsupported("several numbered weekdays in a month", _one_each(rule, "BYSETPOS"))
    number = (*ordinals, *rule.bysetpos)[0]
    if number in _POSITIONS:
        return None
    if number == 5:
        last = f"BYDAY=-1{DAYS[rule.byday[0].weekday]}" if ordinals else "BYSETPOS=-1"
        hint = f"`{last}` is the last one of every month; otherwise {_DATES}"
        return _unsupported("the fifth occurrence of a weekday in a month", hint)
    return _unsupported(f"the number {number} for a weekday in a month", _DATES)


def _obstacle_in_month_days(rule: Rule, start: date) -> Obstacle | None:
    """Return the obstacle to the pattern "this date of a month": Exchange uses the last day of a shorter month."""
    if rule.bysetpos:
        return _unsupported("BYSETPOS with dates", _DATES)
    if len(rule.bymonthday) > 1:
        return _unsupported("several dates in a month", _one_each(rule, "BYMONTHDAY"))
    (day,) = rule.bymonthday or (start.day,)
    if day < -1:
        hint = f"`BYMONTHDAY=-1` is the last day; otherwise {_DATES}"
        return _unsupported("dates counted from the end of a month", hint)
    (month,) = rule.bymonth or (start.month,)
    if day > 28 and (rule.frequency == "MONTHLY" or month == 2):
        last_day = replace(rule, bymonth=(2,) if rule.frequency == "YEARLY" else rule.bymonth, bymonthday=(-1,))
        message = "Outlook may add dates to this series: in months that are too short, it uses the last day"
        return Obstacle(message, f"if you mean the last day, write `{last_day.text}`; otherwise {_DATES}")
    return None


def _one_each(rule: Rule, name: str, *, frequency: Frequency | None = None) -> str:
    """Return the hint to write one event for each value of a part, with the first two rules."""
    if frequency not in (None, rule.frequency) and rule.interval is not None:
        return _DATES
    rules = split_rule(replace(rule, count=None, frequency=frequency or rule.frequency), name)
    examples = " and ".join(f"`{proposed.text}`" for proposed in rules[:2])
    return f"write one event for each: {examples}{', …' if len(rules) > 2 else ''}"
