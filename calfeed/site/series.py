"""Series as pages show them: how they repeat, their dates, and what differs from the rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from calfeed.model import AllDay, Event, Recurrence, Status
from calfeed.revisions.revise import Revised
from calfeed.series.agenda import days_of, followed_until, on_days
from calfeed.series.expand import as_wall, end_of
from calfeed.series.occurrences import first_start
from calfeed.site import dates, times
from calfeed.site.times import TimeView, WhenView
from calfeed.site.words import FREQUENCIES, STATUSES, WORDS, StatusWords

MAX_DATES = 1_000
"""The maximum number of dates that the page of a series lists."""
MAX_SHOWN = 100_000
"""The maximum number of dates of endless series on the site, all series together."""
_YEARS_AHEAD = 2
_BEGINNING = datetime(1900, 1, 1)  # noqa: DTZ001 - wall time is naive


@dataclass(frozen=True, slots=True)
class Stretch:
    """The days for which the site shows dates of endless series; from their beginning if `first` is None."""

    first: date | None
    last: date
    is_cut: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class DateView:
    """A date of a series; `note` says how it differs from the others."""

    when: WhenView
    note: str
    status: StatusWords | None
    since: str
    until: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SeriesView:
    """A series: how it repeats, its dates by year, and the dates of the rule that do not take place."""

    rule: str
    years: tuple[tuple[str, tuple[DateView, ...]], ...]
    skipped: tuple[TimeView, ...]
    has_exceptions: bool
    cut: str
    earlier: str
    is_endless: bool


def horizon(revised: Sequence[Revised]) -> date:
    """Return the last day for which the site shows dates of endless series.

    It depends on the calendar, never on the clock: it is the end of the second year after the latest date in the
    calendar, which is the last day of an event or the last change of one.
    """
    years = [item.revision.last_modified.year for item in revised]
    for item in revised:
        recurrence = item.event.recurrence
        years.append(days_of(item.event.when)[1].year)
        if recurrence is not None and not recurrence.is_endless:
            years.append(recurrence.starts[-1].year)
    return date(max(years, default=1) + _YEARS_AHEAD, 12, 31)


def shown_stretch(revised: Sequence[Revised]) -> Stretch:
    """Return the days for which the site shows dates of endless series.

    They end at the horizon. If that gives more than `MAX_SHOWN` dates, they begin with the year of the latest date in
    the calendar, and end when `MAX_SHOWN` is reached.
    """
    last = horizon(revised)
    events = [item.event for item in revised]
    if followed_until(events, _BEGINNING, end_of(last), MAX_SHOWN) == end_of(last):
        return Stretch(None, last, is_cut=False)
    first = date(last.year - _YEARS_AHEAD, 1, 1)
    end = followed_until(events, as_wall(first), end_of(last), MAX_SHOWN)
    return Stretch(first, max(end.date(), first), is_cut=True)


def shown_occurrences(event: Event, stretch: Stretch) -> tuple[Event, ...]:
    """Return the occurrences of an event that the site shows, in order of time: at least the first.

    An occurrence's own status and texts are kept. A series with an end is shown whole.
    """
    if event.recurrence is None or not event.recurrence.is_endless:
        return on_days([event], None, None)
    return on_days([event], stretch.first, stretch.last) or on_days([event], None, days_of(event.when)[0])


def words_for_stretch(stretch: Stretch, language: str) -> str:
    """Return the note on pages with many events about dates they do not show; empty if they show all."""
    if not stretch.is_cut or stretch.first is None:
        return ""
    first, last = (dates.full_date(day, language) for day in (stretch.first, stretch.last))
    return WORDS.endless_cut.format(first, last)


def series_view(
    event: Event, recurrence: Recurrence, occurrences: Sequence[Event], first: date | None, language: str
) -> SeriesView:
    """Return a series as its page shows it; an endless one is shown from `first` on, if that is given."""
    is_late = recurrence.is_endless and first is not None and days_of(event.when)[0] < first
    rule_starts = {id(instance.event): instance.recurrence_id for instance in recurrence.instances}
    years: dict[str, list[DateView]] = {}
    for occurrence in occurrences[:MAX_DATES]:
        planned = rule_starts.get(id(occurrence))
        note = "" if planned is None else _note(event, occurrence, planned, language)
        years.setdefault(str(days_of(occurrence.when)[0].year), []).append(
            _date_view(event, occurrence, note, language)
        )
    skipped = tuple(TimeView(str(start.date()), _start_text(start, event, language)) for start in recurrence.exdates)
    has_notes = any(view.note or view.status for views in years.values() for view in views)
    return SeriesView(
        rule=_rule_words(recurrence),
        years=tuple((year, tuple(views)) for year, views in years.items()),
        skipped=skipped,
        has_exceptions=bool(skipped or has_notes or recurrence.rdates),
        cut=WORDS.dates_cut.format(f"{len(occurrences):,}") if len(occurrences) > MAX_DATES else "",
        earlier=WORDS.dates_earlier.format(dates.full_date(first, language)) if is_late and first else "",
        is_endless=recurrence.is_endless,
    )


def _date_view(event: Event, occurrence: Event, note: str, language: str) -> DateView:
    return DateView(
        when=times.dated_when(occurrence, language),
        note=note,
        # If a running series was called off, each date says whether it took place.
        status=None if occurrence.status is event.status and event.ending is None else STATUSES.get(occurrence.status),
        since=times.since(occurrence),
        until=times.until(occurrence),
    )


def _note(event: Event, occurrence: Event, planned: datetime, language: str) -> str:
    """Return how an occurrence differs from its series: a different time, title or place."""
    parts = []
    if first_start(occurrence.when) != planned and occurrence.status is not Status.CANCELLED:
        parts.append(WORDS.moved_from.format(_start_text(planned, event, language)))
    if occurrence.summary != event.summary:
        parts.append(occurrence.summary)
    if occurrence.venue is not None and occurrence.venue != event.venue:
        parts.append(occurrence.venue.name)
    return ", ".join(parts)


def _start_text(start: datetime, event: Event, language: str) -> str:
    """Return a start of a series as text, with its time unless the series is all-day."""
    format_start = dates.short_date if isinstance(event.when, AllDay) else dates.short_date_and_time
    return format_start(start, language)


def _rule_words(recurrence: Recurrence) -> str:
    """Return how often a rule repeats, in words; the dates themselves are listed."""
    once, often = FREQUENCIES[recurrence.rule.frequency]
    interval = recurrence.rule.interval or 1
    return once if interval == 1 else often.format(interval)
