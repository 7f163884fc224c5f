"""The result of reading one event, in the form that all readers return."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Reading:
    """Start and end of one VEVENT, or of one occurrence of a series.

    `start` and `end` are aware and in UTC, or plain dates when `all_day`; `end` is exclusive, as DTEND is, and None
    where the event has neither DTEND nor DURATION. `recurrence_id` is the text of RECURRENCE-ID as in the file
    (`20270302T100000`, `20270302T080000Z` or `20270302`), None for an event or a master.
    """

    uid: str
    recurrence_id: str | None
    start: datetime | date
    end: datetime | date | None
    all_day: bool


def is_all_day(moment: datetime | date) -> bool:
    """Return whether this is a DATE; in Python a datetime is also a date."""
    return not isinstance(moment, datetime)


class Failure(StrEnum):
    """How a reader can fail to expand a file: it takes too long, or it refuses the file."""

    HANGS = "hangs"
    REFUSED = "refused"


Expansion: TypeAlias = "list[datetime | date] | Failure"
"""The starts of all occurrences in a file, sorted: aware and in UTC, or dates for all-day events."""
