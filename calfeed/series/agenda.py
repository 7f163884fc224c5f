"""Lists the occurrences of events, each as a separate event, and finds conflicts between events at one venue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from heapq import heappop, heappush, merge
from itertools import islice
from typing import TypeAlias

from calfeed.diagnostics.problem import Problem, problem_at
from calfeed.model import AllDay, Event, Status, Timed
from calfeed.series.expand import LAST, MAX_OCCURRENCES, as_wall
from calfeed.series.occurrences import first_start, length_of, occurrence_at, starts_between
from calfeed.series.pieces import is_over
from calfeed.values.rules import Rule
from calfeed.values.times import format_wall

_DAY = timedelta(days=1)
_MAX_PARTNERS = 8
MAX_CONFLICTS = 1_000
"""The maximum number of reported pairs of conflicting events."""
MAX_DATED = 200_000
"""The most dates that all series with an end may have together, because pages and files must contain them all."""
MAX_COMPARED = 50_000
"""The most occurrences of series without an end to compare with others at their venue."""
_FIRST = datetime(1900, 1, 1)  # noqa: DTZ001 - wall time is naive
_Stay: TypeAlias = tuple[datetime, datetime, Event, datetime]
"""The instants at which an event begins and ends at a venue, the event, and its start in wall time."""


def occurrences(event: Event, start: datetime, end: datetime) -> Iterator[Event]:
    """Yield the occurrences of an event that take place between two instants, in order of start.

    Each is an event with its own times and any override applied. All-day events count as days in UTC.

    Args:
        event: an event. An event that is not a series is its only occurrence.
        start: the first instant (aware).
        end: the instant after the last (aware). Series without an end are followed until 2200 at most.
    """
    begin, last = (_clamp(moment.astimezone(UTC).replace(tzinfo=None)) for moment in (start, end))
    for occurrence in _between(event, begin - _DAY, last + _DAY):  # wall time is less than a day from UTC
        first, finish = span_of(occurrence)
        if first < end and (finish > start or first >= start):
            yield occurrence


def on_days(events: Iterable[Event], first: date | None, last: date | None) -> tuple[Event, ...]:
    """Return the occurrences that touch these days (inclusive), in order of start.

    If there is no last day, a series without an end is followed for two years from the first day or its beginning,
    whichever is later. The range is limited to 1900–2200; days outside it are clamped.
    """
    occurrences_on_days = []
    since = _clamp(as_wall(first)) if first else _FIRST
    for event in events:
        until = _followed_until(event, since) if last is None else _clamp(as_wall(last)) + _DAY
        for occurrence in _between(event, since, until):
            begin, end = days_of(occurrence.when)
            if (first is None or end >= first) and (last is None or begin <= last):
                occurrences_on_days.append(occurrence)
    return tuple(sorted(occurrences_on_days, key=lambda event: event.sort_key))


def _followed_until(event: Event, since: datetime) -> datetime:
    if event.recurrence is None or not event.recurrence.is_endless:
        return LAST
    begin = max(since, first_start(event.when))
    return begin.replace(year=begin.year + 2, day=1)


def followed_until(events: Iterable[Event], since: datetime, last: datetime, most: int) -> datetime:
    """Return how far to follow series without an end: to `last`, or until they have given `most` starts since `since`.

    Args:
        events: events; all but series without an end are ignored.
        since: the earliest start that counts.
        last: the latest time to return.
        most: the most starts that the series may have together.
    """
    endless = [(event.when, event.recurrence) for event in events if event.recurrence and event.recurrence.is_endless]
    upper_bound = 0
    for when, recurrence in endless:
        years = last.year - max(since, first_start(when)).year + 1
        upper_bound += len(recurrence.rdates) + max(years, 0) * _most_a_year(recurrence.rule)
    if upper_bound <= most:
        return last
    starts = merge(*(starts_between(when, recurrence, since, last) for when, recurrence in endless))
    following = next(islice(starts, most, None), None)
    return last if following is None else following - timedelta(seconds=1)


def _most_a_year(rule: Rule) -> int:
    """Return an upper bound for the starts that a rule gives in a year, without searching."""
    if rule.is_within_days:
        return MAX_OCCURRENCES
    if rule.frequency == "WEEKLY":
        return 53 * max(len(rule.byday), 1)
    return 366 if rule.frequency == "DAILY" or rule.byday or rule.bymonthday or rule.byyearday else 12


def days_of(when: AllDay | Timed) -> tuple[date, date]:
    """Return the first and last day that an event touches, by the clocks of its own zones.

    An event that ends at midnight does not touch the day that begins then.
    """
    if isinstance(when, AllDay):
        return when.first, when.last
    first = when.start.wall.date()
    if when.end is None:
        return first, first
    return first, max(first, (when.end.wall - timedelta(seconds=1)).date())


def span_of(event: Event) -> tuple[datetime, datetime]:
    """Return the instants at which an event begins and ends; without a known end, it ends when it begins."""
    when = event.when
    if isinstance(when, AllDay):
        first, end = (datetime.combine(day, time(), UTC) for day in (when.first, when.end))
        return first, end
    return when.start.instant, (when.end or when.start).instant


def _between(event: Event, begin: datetime, last: datetime) -> Iterator[Event]:
    """Yield all occurrences that touch a stretch of wall time, and possibly others."""
    recurrence = event.recurrence
    if recurrence is None:
        yield event
        return
    alone = replace(event, recurrence=None, ending=None)
    written = {instance.recurrence_id for instance in recurrence.instances}
    occurrences_between = [instance.event for instance in recurrence.instances]
    starts = starts_between(event.when, recurrence, _clamp(begin - length_of(event.when)), _clamp(last))
    ordinary = (
        replace(alone, when=occurrence_at(event.when, start, is_nominal=recurrence.is_nominal).when)
        for start in starts
        if start not in written
    )
    ending = event.ending
    occurrences_between += (
        occurrence
        if ending is None or not is_over(occurrence, ending.at)
        else replace(occurrence, status=ending.status)
        for occurrence in ordinary
    )
    yield from sorted(occurrences_between, key=lambda occurrence: occurrence.sort_key)


def _clamp(wall: datetime) -> datetime:
    return min(max(wall, _FIRST), LAST)


def conflicts(events: Iterable[Event]) -> Iterator[Problem]:
    """Yield a warning for every two events at the same venue at the same time, unless the venue is shared.

    All-day events are ignored, because they seldom fill those days. An event without an end counts only at its start.
    Series without an end are followed until two years after the last date of all other events or until they have given
    `MAX_COMPARED` dates, whichever comes first.
    """
    placed = [event for event in events if any(_is_placed(occurrence) for occurrence in (event, *_instances(event)))]
    newest = max((_last_start(event) for event in placed), default=_FIRST)
    horizon = followed_until(placed, _FIRST, _clamp(newest + 730 * _DAY), MAX_COMPARED)
    problems = list(islice(_conflicts(placed, horizon), MAX_CONFLICTS + 1))
    yield from problems[:MAX_CONFLICTS]
    for problem in problems[MAX_CONFLICTS:]:
        message = f"more than {MAX_CONFLICTS:,} events conflict with others at their venues; the rest are not listed"
        yield replace(problem, message=message)


def _conflicts(placed: Iterable[Event], horizon: datetime) -> Iterator[Problem]:
    by_venue: dict[str, list[_Stay]] = {}
    for event in placed:
        for venue_id, stay in _stays(event, horizon):
            by_venue.setdefault(venue_id, []).append(stay)
    for venue_id, stays in sorted(by_venue.items()):
        yield from _conflicts_at(venue_id, stays)


def _stays(event: Event, horizon: datetime) -> Iterator[tuple[str, _Stay]]:
    """Yield the venue and stay of each timed occurrence; a series without an end is followed to `horizon`."""
    recurrence = event.recurrence
    if recurrence is None:
        yield from _stay(event, event.when)
        return
    if _is_placed(event):
        written = {instance.recurrence_id for instance in recurrence.instances}
        for start in starts_between(event.when, recurrence, _FIRST, horizon):
            if start not in written:
                yield from _stay(event, occurrence_at(event.when, start, is_nominal=recurrence.is_nominal).when)
    for instance in recurrence.instances:
        yield from _stay(instance.event, instance.event.when)


def _stay(event: Event, when: AllDay | Timed) -> Iterator[tuple[str, _Stay]]:
    venue = event.venue
    if venue is not None and venue.id is not None and _is_placed(event) and isinstance(when, Timed):
        yield venue.id, (when.start.instant, (when.end or when.start).instant, event, when.start.wall)


def too_many_occurrences(events: Iterable[Event]) -> Problem | None:
    """Return the error if series with an end have more than `MAX_DATED` dates together, at the one that exceeds it."""
    total = 0
    series = [event.recurrence for event in events if event.recurrence is not None]
    for recurrence in sorted(series, key=lambda recurrence: recurrence.mark):
        total += len(recurrence.starts)
        if total > MAX_DATED:
            message = f"the series in this calendar have more than {MAX_DATED:,} dates in total"
            hint = "end this one earlier, or remove its end: a series without an end is shown for only a few years"
            return problem_at(recurrence.mark, "bad-rrule", message, hint)
    return None


def _instances(event: Event) -> Iterator[Event]:
    return (instance.event for instance in event.recurrence.instances) if event.recurrence else iter(())


def _is_placed(event: Event) -> bool:
    """Return whether an event takes place at a venue that can hold only one event at a time."""
    venue = event.venue
    has_exclusive_venue = venue is not None and venue.id is not None and not venue.is_shared
    return has_exclusive_venue and event.status not in (Status.CANCELLED, Status.POSTPONED)


def _last_start(event: Event) -> datetime:
    """Return the last start of an event, or the first start of a series without an end."""
    recurrence = event.recurrence
    return first_start(event.when) if recurrence is None or recurrence.is_endless else recurrence.starts[-1]


def _in_order(stays: Iterable[_Stay]) -> list[_Stay]:
    return sorted(stays, key=lambda stay: (stay[0], stay[1], stay[2].id))


def _conflicts_at(venue_id: str, stays: list[_Stay]) -> Iterator[Problem]:
    """Sweep over the stays in order of start, compare each with those still in progress, and report each pair once.

    If very many events overlap, each is reported with only a few others, to limit the number of pairs.
    """
    reported: set[tuple[str, str]] = set()
    in_progress: list[tuple[datetime, int, Event]] = []  # a heap: the earliest end comes first
    for number, (begin, finish, event, wall) in enumerate(_in_order(stays)):
        while in_progress and in_progress[0][0] <= begin:
            heappop(in_progress)
        for _, _, other in in_progress[:_MAX_PARTNERS]:
            pair = (other.id, event.id)
            if other.id != event.id and pair not in reported:
                reported.update((pair, pair[::-1]))
                message = f"`{event.id}` and `{other.id}` are both at `{venue_id}` on {format_wall(wall)}"
                hint = "move one of the two, or write `shared: true` for the venue"
                yield problem_at(event.mark, "venue-conflict", message, hint, other.mark)
        if finish > begin:
            heappush(in_progress, (finish, number, event))
