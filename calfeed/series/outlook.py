"""Finds what Outlook and Exchange may skip in a series, and suggests what to write instead.

They keep a rule as one of six patterns (MS-OXCICAL §2.1.3.2.2): daily; weekly; monthly and yearly on a date; monthly
and yearly on an nth day of the week. They skip a rule that fits none of these, or refuse the whole file. Outlook cannot
be run in a test, so this rests on that document and on what users reported.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice, pairwise

from calfeed.model import AllDay, Recurrence, Timed
from calfeed.series.occurrences import first_start, horizon_of, length_of, starts_between
from calfeed.values.rules import DAYS, WITHIN_DAYS, Rule, equal_rule, nth_day_rule, text_of
from calfeed.values.times import format_wall

# The largest INTERVAL of each frequency, and the largest COUNT; Outlook counts a year as twelve months.
_MAX_INTERVAL = {"DAILY": 999, "WEEKLY": 99, "MONTHLY": 99, "YEARLY": 8}
_MAX_COUNT = 999
_POSITIONS = (1, 2, 3, 4, -1)
_DATES = "write its dates as events of their own"
# How many gaps between occurrences are measured; the gaps of a rule repeat long before that.
_MAX_GAPS = 500
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What Outlook may do to a series and why, and what to write instead."""

    message: str
    hint: str


def obstacle_in(rule: Rule, start: date) -> Obstacle | None:
    """Return why a rule fits none of Outlook's patterns, or None if it fits one.

    Args:
        rule: the rule.
        start: the day of its first occurrence, which fills in what the rule leaves open.
    """
    parts = dict(rule.parts)
    return _in_times(parts) or _in_numbers(parts) or _in_days(parts, start)


def overlap_in(when: AllDay | Timed, recurrence: Recurrence) -> Obstacle | None:
    """Return why Outlook may refuse a series whose occurrences overlap, or None if they do not."""
    length = length_of(when)
    if length <= _DAY and not recurrence.rule.is_within_days and not recurrence.rdates:
        return None
    starts = starts_between(when, recurrence, first_start(when), horizon_of(when, recurrence))
    pair = next((pair for pair in islice(pairwise(starts), _MAX_GAPS) if pair[1] - pair[0] < length), None)
    if pair is None:
        return None
    shown = " and ".join(f"{start.date()}" if isinstance(when, AllDay) else format_wall(start) for start in pair)
    message = f"Outlook may refuse this series: its occurrences overlap, as those of {shown} do"
    return Obstacle(message, "shorten them, or write those that overlap as events of their own")


def _unsupported(what: str, hint: str) -> Obstacle:
    return Obstacle(f"Outlook may skip this series: it does not support {what}", hint)


def _in_times(parts: Mapping[str, str]) -> Obstacle | None:
    if parts["FREQ"] in WITHIN_DAYS:
        hint = "write one event for each time of the day, with `freq: daily`"
        return _unsupported("series that repeat by the hour or minute", hint)
    if any("," in parts.get(name, "") for name in ("BYHOUR", "BYMINUTE", "BYSECOND")):
        return _unsupported("several occurrences on a day", "write one event for each time of the day")
    if "BYSECOND" in parts:
        return _unsupported("BYSECOND", "leave it out: `start` says it")
    return None


def _in_numbers(parts: Mapping[str, str]) -> Obstacle | None:
    frequency, interval = parts["FREQ"], int(parts.get("INTERVAL", "1"))
    if interval > _MAX_INTERVAL[frequency]:
        return _unsupported(f"INTERVAL above {_MAX_INTERVAL[frequency]} with FREQ={frequency}", _DATES)
    if int(parts.get("COUNT", "1")) > _MAX_COUNT:
        return _unsupported(f"COUNT above {_MAX_COUNT}", "write the end as `until`")
    for name, things in (("BYWEEKNO", "numbered weeks"), ("BYYEARDAY", "numbered days of the year")):
        if name in parts:
            return _unsupported(things, _DATES)
    return None


def _in_days(parts: Mapping[str, str], start: date) -> Obstacle | None:
    frequency = parts["FREQ"]
    if frequency == "DAILY":
        return _beside(parts, ("BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS"), start)
    if frequency == "WEEKLY" and "BYSETPOS" in parts:
        return _unsupported("BYSETPOS with FREQ=WEEKLY", f"name the day itself: `BYDAY={DAYS[start.weekday()]}`")
    if frequency == "WEEKLY":
        return _beside(parts, ("BYMONTH",), start)
    if "BYDAY" in parts and "BYMONTHDAY" in parts:
        nth = nth_day_rule(parts)
        hint = f"write `{text_of(nth)}`: it means the same" if nth else _DATES
        return _unsupported("days of the week together with dates", hint)
    if (frequency == "MONTHLY" and "BYMONTH" in parts) or "," in parts.get("BYMONTH", ""):
        return _unsupported("a choice of months", _one_each(parts, "BYMONTH", frequency="YEARLY"))
    if frequency == "YEARLY" and "BYMONTH" not in parts and ("BYDAY" in parts or "BYMONTHDAY" in parts):
        return _beside(parts, ("BYDAY", "BYMONTHDAY"), start)
    return _in_weekdays(parts, start) if "BYDAY" in parts else _in_month_days(parts, start)


def _beside(parts: Mapping[str, str], names: Sequence[str], start: date) -> Obstacle | None:
    """Return the obstacle of the first of these parts that a rule has; the hint is an equal rule that fits, if any."""
    name = next((name for name in names if name in parts), None)
    if name is None:
        return None
    equal = equal_rule(parts)
    fits = equal is not None and _in_days(equal, start) is None
    hint = f"write `{text_of(equal)}`: it means the same" if equal is not None and fits else _DATES
    return _unsupported(f"{name} with FREQ={parts['FREQ']}", hint)


def _in_weekdays(parts: Mapping[str, str], start: date) -> Obstacle | None:
    """Return what does not fit "the nth of these days of the week in a month"."""
    days, positions = parts["BYDAY"].split(","), parts.get("BYSETPOS", "").split(",")
    numbers = [int(day[:-2]) for day in days if day[:-2]]
    if not numbers and positions == [""]:
        return _beside(parts, ("BYDAY",), start)
    if len(days) > 1 and numbers:
        return _unsupported("several numbered days of a month", _one_each(parts, "BYDAY"))
    if numbers and positions != [""]:
        return _unsupported("BYSETPOS with a numbered day", "leave BYSETPOS out")
    if len(positions) > 1:
        return _unsupported("several numbered days of a month", _one_each(parts, "BYSETPOS"))
    number = numbers[0] if numbers else int(positions[0])
    if number in _POSITIONS:
        return None
    if number == 5:
        name, value = ("BYDAY", f"-1{days[0][-2:]}") if numbers else ("BYSETPOS", "-1")
        return _unsupported(
            "the fifth day of its name in a month", f"`{name}={value}` is the last one of every month; else {_DATES}"
        )
    return _unsupported(f"the number {number} before a day of the week", _DATES)


def _in_month_days(parts: Mapping[str, str], start: date) -> Obstacle | None:
    """Return what does not fit "this date of a month": where a month lacks it, Exchange takes the month's last day."""
    days = parts.get("BYMONTHDAY", str(start.day)).split(",")
    if "BYSETPOS" in parts:
        return _unsupported("BYSETPOS with dates", _DATES)
    if len(days) > 1:
        return _unsupported("several dates in a month", _one_each(parts, "BYMONTHDAY"))
    day = int(days[0])
    if day < -1:
        return _unsupported("dates counted from the end of a month", f"`BYMONTHDAY=-1` is the last day; else {_DATES}")
    month = int(parts.get("BYMONTH", start.month))
    if day > 28 and (parts["FREQ"] == "MONTHLY" or month == 2):
        last = text_of({**parts, **({"BYMONTH": "2"} if parts["FREQ"] == "YEARLY" else {}), "BYMONTHDAY": "-1"})
        message = "Outlook may add dates to this series: in a month that is too short it takes the last day"
        return Obstacle(message, f"if the last day is meant write `{last}`; else {_DATES}")
    return None


def _one_each(parts: Mapping[str, str], name: str, *, frequency: str | None = None) -> str:
    """Return the hint to write one event for each value of a part, with the first two rules."""
    values = parts[name].split(",")
    kept = {key: value for key, value in parts.items() if key != "COUNT"}
    if frequency is not None and frequency != kept["FREQ"]:
        if "INTERVAL" in kept:
            return _DATES
        kept["FREQ"] = frequency
    rules = [f"`{text_of({**kept, name: value})}`" for value in values[:2]]
    return f"write one event for each: {' and '.join(rules)}{', …' if len(values) > 2 else ''}"
