"""A recurrence rule as numbers, and as RFC 5545 text (§3.3.10)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal, NamedTuple, TypeAlias, get_args

from calfeed.values.times import WrittenTime

Frequency: TypeAlias = Literal["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY"]
FREQUENCIES: tuple[Frequency, ...] = get_args(Frequency)
WITHIN_DAYS: tuple[Frequency, ...] = ("HOURLY", "MINUTELY")
DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
"""The days of the week; a weekday is an index into this list."""


class Day(NamedTuple):
    """A value of BYDAY: a weekday, and which one of the month or year; without an ordinal, every one."""

    ordinal: int | None
    weekday: int

    def __str__(self) -> str:
        return f"{self.ordinal or ''}{DAYS[self.weekday]}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """A recurrence rule. Missing parts are None, or empty if they are lists; lists are in the order written.

    `until` is UNTIL as written. `wkst` is a weekday.
    """

    frequency: Frequency
    interval: int | None = None
    count: int | None = None
    until: date | WrittenTime | None = None
    bymonth: tuple[int, ...] = ()
    byweekno: tuple[int, ...] = ()
    byyearday: tuple[int, ...] = ()
    bymonthday: tuple[int, ...] = ()
    byday: tuple[Day, ...] = ()
    byhour: tuple[int, ...] = ()
    byminute: tuple[int, ...] = ()
    bysecond: tuple[int, ...] = ()
    bysetpos: tuple[int, ...] = ()
    wkst: int | None = None

    @property
    def text(self) -> str:
        """The rule as RFC 5545 text, without UNTIL."""
        return ";".join(self._parts())

    def text_until(self, until: date | None) -> str:
        """Return the rule as RFC 5545 text with UNTIL: a date, or an instant in UTC."""
        if until is None:
            return self.text
        return f"{self.text};UNTIL={until:{'%Y%m%dT%H%M%SZ' if isinstance(until, datetime) else '%Y%m%d'}}"

    def _parts(self) -> Iterator[str]:
        yield f"FREQ={self.frequency}"
        if self.interval is not None:
            yield f"INTERVAL={self.interval}"
        if self.count is not None:
            yield f"COUNT={self.count}"
        for name, values in self.lists:
            if values:
                yield f"{name}={comma_separated(values)}"
        if self.wkst is not None:
            yield f"WKST={DAYS[self.wkst]}"

    @property
    def lists(self) -> tuple[tuple[str, tuple[int, ...] | tuple[Day, ...]], ...]:
        """The name and the values of each BY… part, in the order in which they are written."""
        return (
            ("BYMONTH", self.bymonth),
            ("BYWEEKNO", self.byweekno),
            ("BYYEARDAY", self.byyearday),
            ("BYMONTHDAY", self.bymonthday),
            ("BYDAY", self.byday),
            ("BYHOUR", self.byhour),
            ("BYMINUTE", self.byminute),
            ("BYSECOND", self.bysecond),
            ("BYSETPOS", self.bysetpos),
        )

    @property
    def is_within_days(self) -> bool:
        """Whether the rule sets times within a day."""
        return self.frequency in WITHIN_DAYS or bool(self.byhour or self.byminute or self.bysecond)

    @property
    def is_endless(self) -> bool:
        """Whether the rule never ends."""
        return self.until is None and self.count is None

    @property
    def has_ordinals(self) -> bool:
        """Whether BYDAY has a day with an ordinal."""
        return any(day.ordinal is not None for day in self.byday)

    @property
    def in_order(self) -> Rule:
        """The same rule with its months, hours, minutes and seconds in ascending order.

        The meaning is the same (RFC 5545 §3.3.10), but ical.js and libical step through them in the order written.
        """
        return replace(
            self,
            bymonth=tuple(sorted(self.bymonth)),
            byhour=tuple(sorted(self.byhour)),
            byminute=tuple(sorted(self.byminute)),
            bysecond=tuple(sorted(self.bysecond)),
        )


def comma_separated(values: Iterable[int | Day]) -> str:
    """Return a list of values as RFC 5545 text."""
    return ",".join(map(str, values))
