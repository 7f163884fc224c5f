"""Builds the month views: the months that have a page, and the weeks and days of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from calfeed.model import Event
from calfeed.series.agenda import days_of
from calfeed.site import dates
from calfeed.site.views import RowView

_LONGEST = 400
"""The maximum number of days on which the month view shows an event; the event's page shows the rest."""
_MAX_CONTINUED = 100_000
"""The maximum number of continued days in all months; beyond that, each event is shown on fewer of its days."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PeriodLink:
    """A month or a year with events: its page, and how many of them begin in it."""

    key: str
    page: str
    label: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Entry:
    """An occurrence on a day; `is_continued` is set on every day after its first."""

    row: RowView
    is_continued: bool


@dataclass(frozen=True, slots=True)
class DayView:
    """A day of a month; without a date, an empty cell before its first day or after its last."""

    date: str
    number: str
    label: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class MonthView:
    """A month as a table: the weekdays of its header, short and in full, and its weeks."""

    link: PeriodLink
    previous: PeriodLink | None
    next: PeriodLink | None
    weekdays: tuple[tuple[str, str], ...]
    weeks: tuple[tuple[DayView, ...], ...]


def month_views(occurrences: Iterable[tuple[Event, RowView]], language: str) -> tuple[MonthView, ...]:
    """Return every month in which an occurrence is shown.

    Args:
        occurrences: the occurrences, each with its row, in the order of their starts.
        language: the calendar's language.
    """
    days: dict[date, list[Entry]] = {}
    begun: dict[date, int] = {}
    spans = [(*days_of(occurrence.when), row) for occurrence, row in occurrences]
    longest = _longest([(last - first).days + 1 for first, last, _ in spans])
    for first, last, row in spans:
        begun[first.replace(day=1)] = begun.get(first.replace(day=1), 0) + 1
        for number in range(min((last - first).days + 1, longest)):
            days.setdefault(first + timedelta(days=number), []).append(Entry(row, number > 0))
    firsts = sorted({day.replace(day=1) for day in days})
    links = [_link(first, begun.get(first, 0), language) for first in firsts]
    neighbours = zip([None, *links], links, [*links[1:], None], strict=False)
    return tuple(
        MonthView(
            link=link,
            previous=before,
            next=after,
            weekdays=dates.weekdays(language),
            weeks=_weeks(first, days, language),
        )
        for first, (before, link, after) in zip(firsts, neighbours, strict=True)
    )


def _longest(lengths: Sequence[int]) -> int:
    """Return the maximum number of days shown of each event: fewer if very many events are long."""
    longest = _LONGEST
    while longest > 1 and sum(min(length, longest) - 1 for length in lengths if length > 1) > _MAX_CONTINUED:
        longest //= 2
    return longest


def by_year(months: Sequence[MonthView]) -> tuple[tuple[str, tuple[PeriodLink, ...]], ...]:
    """Return the links to months by year."""
    years: dict[str, list[PeriodLink]] = {}
    for month in months:
        years.setdefault(month.link.key[:4], []).append(month.link)
    return tuple((year, tuple(links)) for year, links in years.items())


def _link(first: date, count: int, language: str) -> PeriodLink:
    key = first.isoformat()[:7]
    name = dates.month_name(first, language)
    return PeriodLink(key=key, page=f"months/{key}.html", label=dates.month(first, language), name=name, count=count)


def _weeks(first: date, days: dict[date, list[Entry]], language: str) -> tuple[tuple[DayView, ...], ...]:
    start = first - timedelta(days=(first.weekday() - dates.first_weekday(language)) % 7)
    weeks = []
    while start <= _last_of(first):
        weeks.append(tuple(_day(start + timedelta(days=number), first, days, language) for number in range(7)))
        start += timedelta(days=7)
    return tuple(weeks)


def _day(day: date, first: date, days: dict[date, list[Entry]], language: str) -> DayView:
    if day.month != first.month:
        return DayView("", "", "", ())
    return DayView(day.isoformat(), str(day.day), dates.full_date(day, language), tuple(days.get(day, ())))


def _last_of(first: date) -> date:
    return (first.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
