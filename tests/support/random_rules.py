"""Recurrence rules drawn at random from the whole grammar that calfeed reads, with starts that they give."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from calfeed.diagnostics.problem import InvalidValue
from calfeed.series.expand import starts_of
from calfeed.series.shapes import Shape, traits_of
from calfeed.values.rule_reader import read_rule
from calfeed.values.rules import DAYS, FREQUENCIES, WITHIN_DAYS, Rule

# Not Santiago: libical gets its clocks wrong by an hour in October 2030, whatever the rule.
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "America/Bogota", "Etc/UTC")
# How far to search for the first occurrences: rules within days are followed day by day.
_REACH = timedelta(days=366 * 30)
_REACH_WITHIN_DAYS = timedelta(days=100)
_TIMES = ("18:00", "18:00", "09:30", "12:00", "00:00", "00:15", "23:30", "23:59")
_DAYS_OF_START = ((1, 1), (1, 31), (2, 28), (2, 29), (3, 31), (4, 30), (6, 30), (12, 30), (12, 31))
_MONTH_DAYS = (1, 2, 8, 13, 15, 21, 28, 29, 30, 31, -1, -1, -2, -7, -15, -28, -29, -30, -31)
_YEAR_DAYS = (1, 32, 59, 60, 61, 100, 200, 365, 366, -1, -2, -31, -100, -306, -365, -366)
_WEEKS = (1, 2, 10, 20, 26, 40, 51, 52, 53, -1, -2, -20, -52, -53)


@dataclass(frozen=True)
class Series:
    """A series: its rule as written, its first start, and its zone; an all-day series has no zone."""

    id: str
    rule: str
    start: datetime
    tzid: str | None

    @property
    def yaml(self) -> str:
        """The series as an item in a list of events."""
        if self.tzid is None:
            when = f"start: {self.start.date()}"
        else:
            when = f"start: {self.start:%Y-%m-%d %H:%M:%S}, duration: 1m, timezone: {self.tzid}"
        return f'- {{id: {self.id}, summary: {self.id}, {when}, rrule: "{self.rule}"}}\n'


def draw(dice: random.Random, identity: str, *, likely: float = 0.18) -> Series:
    """Return a series whose rule calfeed accepts, and whose start is an occurrence of the rule.

    Args:
        dice: the source of randomness.
        identity: the id of the event.
        likely: the probability of each BY... part.
    """
    while True:
        series = _series(dice, identity, draw_rule(dice, likely))
        if series is not None:
            return series


def draw_of(dice: random.Random, identity: str, shape: Shape) -> Series:
    """Return a series whose rule has a given shape."""
    names = {trait.partition(":")[0].rstrip(",") for trait in shape.allowed}
    needed = {trait.partition(":")[0].rstrip(",") for trait in shape.needed}
    while True:
        parts = [f"FREQ={shape.frequency}"]
        for name, draw_values in _DRAWN.items():
            if name in needed or (name in names and dice.random() < 0.4):
                parts.append(f"{name}={draw_values(dice, shape.frequency)}")
        series = _series(dice, identity, ";".join(parts))
        if series is None:
            continue
        traits = traits_of(read_rule(series.rule), series.start.date())
        if shape.needed <= traits <= shape.allowed:
            return series


def _series(dice: random.Random, identity: str, text: str) -> Series | None:
    """Return a series with this rule and a random start and end; None if the rule is refused or never occurs."""
    try:
        rule = read_rule(text)
    except InvalidValue:
        return None
    tzid = None if not rule.is_within_days and dice.random() < 0.2 else dice.choice(ZONES)
    begin = _begin(dice) if tzid else _begin(dice).replace(hour=0, minute=0)
    reach = _REACH_WITHIN_DAYS if rule.frequency in WITHIN_DAYS else _REACH
    starts = list(islice(starts_of(rule, begin, last=begin + reach), 30))
    if not starts:
        return None
    if tzid is not None and starts[0].year > 2032:
        tzid = "Asia/Kolkata"  # libical knows a zone's changes only up to 2037
    return Series(identity, text + _end(dice, rule, starts, is_timed=tzid is not None), starts[0], tzid)


def first_starts(rule: Rule, start: datetime, count: int = 40) -> list[datetime]:
    """Return the first starts that a rule gives within thirty years."""
    return list(islice(starts_of(rule, start, last=start + timedelta(days=11_000)), count))


def draw_rule(dice: random.Random, likely: float) -> str:
    """Return a rule without an end, which calfeed may refuse."""
    frequency = dice.choices(FREQUENCIES, (5, 6, 4, 4, 2, 1))[0]
    parts = [f"FREQ={frequency}"]
    for name, draw_values in _DRAWN.items():
        weight = likely * _WEIGHTS.get(name, 1)
        if name == "BYDAY" and frequency in ("WEEKLY", "MONTHLY", "YEARLY"):
            weight *= 2
        if dice.random() < weight:
            parts.append(f"{name}={draw_values(dice, frequency)}")
    return ";".join(parts)


def _some(dice: random.Random, values: Sequence[int]) -> str:
    count = dice.choices((1, 2, 3, 4), (8, 3, 2, 1))[0]
    return ",".join(str(value) for value in dict.fromkeys(dice.choices(values, k=count)))


def _days(dice: random.Random, frequency: str) -> str:
    days = dice.choice(
        (
            *(dice.sample(DAYS, 1), dice.sample(DAYS, 1), dice.sample(DAYS, 2), dice.sample(DAYS, 3)),
            *(list(DAYS[:5]), list(DAYS[5:]), list(DAYS)),
        )
    )
    if frequency in ("MONTHLY", "YEARLY") and dice.random() < 0.5:
        numbers = (1, 1, 2, 3, 4, 5, -1, -1, -2, -4, -5)
        if frequency == "YEARLY" and dice.random() < 0.3:
            numbers = (1, 20, 52, 53, -1, -10, -53, 6, 30, 2, 3)
        is_mixed = dice.random() < 0.1
        days = [day if is_mixed and dice.random() < 0.5 else f"{dice.choice(numbers)}{day}" for day in days[:3]]
    return ",".join(days)


_DRAWN: dict[str, Callable[[random.Random, str], str]] = {
    "INTERVAL": lambda dice, _: str(dice.choice((1, 2, 2, 3, 4, 5, 6, 10, 12, 13, 18, 24, 36, 50))),
    "BYMONTH": lambda dice, _: _some(dice, range(1, 13)),
    "BYWEEKNO": lambda dice, _: _some(dice, _WEEKS),
    "BYYEARDAY": lambda dice, _: _some(dice, _YEAR_DAYS),
    "BYMONTHDAY": lambda dice, _: _some(dice, _MONTH_DAYS),
    "BYDAY": _days,
    "BYHOUR": lambda dice, _: _some(dice, (0, 4, 8, 12, 18, 18, 20, 23)),
    "BYMINUTE": lambda dice, _: _some(dice, (0, 0, 15, 30, 45, 59)),
    "BYSECOND": lambda dice, _: _some(dice, (0, 0, 30, 59)),
    "BYSETPOS": lambda dice, _: _some(dice, (1, 1, 2, 3, 4, 5, -1, -1, -2, -3, 10, 30, -20, 366)),
    "WKST": lambda dice, _: dice.choice(DAYS),
}
# How much more or less likely a part is than the others.
_WEIGHTS = {"INTERVAL": 2.2, "BYWEEKNO": 0.4, "BYYEARDAY": 0.4, "BYMINUTE": 0.4, "BYSECOND": 0.4, "WKST": 0.8}


def _begin(dice: random.Random) -> datetime:
    hour, minute = map(int, dice.choice(_TIMES).split(":"))
    year = dice.randint(2024, 2030)
    if dice.random() < 0.35:
        month, day = dice.choice(_DAYS_OF_START)
        year = 2028 if (month, day) == (2, 29) else year
    else:
        month, day = dice.randint(1, 12), dice.randint(1, 28)
    return datetime(year, month, day, hour, minute)  # noqa: DTZ001 - wall time is naive


def _end(dice: random.Random, rule: Rule, starts: list[datetime], *, is_timed: bool) -> str:
    kind = dice.random()
    if kind < 0.4 or len(starts) < 2:
        return ""
    if kind < 0.75:
        return f";COUNT={dice.randint(2, len(starts))}"
    last = dice.choice(starts[1:])
    return f";UNTIL={last:%Y%m%dT%H%M%S}" if is_timed and dice.random() < 0.5 else f";UNTIL={last:%Y%m%d}"
