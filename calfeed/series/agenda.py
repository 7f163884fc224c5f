"""The occurrences of events, each as an event of its own; and which of them meet at one venue at one time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from heapq import heappop, heappush, merge
from itertools import islice
from typing import TypeAlias

from calfeed.diagnostics.problem import Problem, error, warning
from calfeed.model import AllDay, Event, Status, Timed
from calfeed.series.expand import LAST, MAX_OCCURRENCES, as_wall
from calfeed.series.occurrences import first_start, length_of, occurrence_at, starts_between
from calfeed.series.pieces import is_over
from calfeed.values.rules import Rule
from calfeed.values.times import format_wall

_DAY = timedelta(days=1)
_MAX_TOLD = 8
MAX_CONFLICTS = 1_000
"""How many pairs of events that meet are told."""
MAX_DATED = 200_000
"""How many dates the series with an end of a calendar may have in all: every page and file must hold them."""
MAX_COMPARED = 50_000
"""How many occurrences of series without an end are compared with those of others at their venue."""
_FIRST = datetime(1900, 1, 1)  # noqa: DTZ001 - wall time is naive
_Stay: TypeAlias = tuple[datetime, datetime, Event, datetime]
"""The instants at which an event begins and ends at a venue, the event, and its start by the clock there."""


def occurrences(event: Event, start: datetime, end: datetime) -> Iterator[Event]:
    """Yield the occurrences of an event that take place between two instants, in the order of their starts.

    Each is an event with its own times, and with what an override gives it. Whole days count as days of UTC.

    Args:
        event: an event; one that is no series is its only occurrence.
        start: the first instant (aware).
        end: the instant after the last (aware), or any later one: a series without an end is known until 2200.
    """
    begin, last = (_clamp(moment.astimezone(UTC).replace(tzinfo=None)) for moment in (start, end))
    for one in _between(event, begin - _DAY, last + _DAY):  # no wall time is a day from UTC
        first, finish = span_of(one)
        if first < end and (finish > start or first >= start):
            yield one


def on_days(events: Iterable[Event], first: date | None, last: date | None) -> tuple[Event, ...]:
    """Return the occurrences that have something of these days, both included, in the order of their starts.

    Without a last day a series that has no end is followed for two years from the first day, or from its beginning.
    None is known before 1900 or after 2200, which any earlier or later day stands for.
    """
    found = []
    since = _clamp(as_wall(first)) if first else _FIRST
    for event in events:
        until = _followed_until(event, since) if last is None else _clamp(as_wall(last)) + _DAY
        for one in _between(event, since, until):
            begin, end = days_of(one.when)
            if (first is None or end >= first) and (last is None or begin <= last):
                found.append(one)
    return tuple(sorted(found, key=lambda event: event.sort_key))


def _followed_until(event: Event, since: datetime) -> datetime:
    if event.recurrence is None or not event.recurrence.is_endless:
        return LAST
    begin = max(since, first_start(event.when))
    return begin.replace(year=begin.year + 2, day=1)


def followed_until(events: Iterable[Event], since: datetime, last: datetime, most: int) -> datetime:
    """Return how far series without an end can be followed from `since`: to `last`, or as far as gives `most` starts.

    Args:
        events: events; only the series without an end among them are looked at.
        since: the earliest start that counts.
        last: the latest time to return.
        most: how many starts there may be in all.
    """
    endless = [(event.when, event.recurrence) for event in events if event.recurrence and event.recurrence.is_endless]
    most_there_can_be = 0
    for when, recurrence in endless:
        years = last.year - max(since, first_start(when)).year + 1
        most_there_can_be += len(recurrence.rdates) + max(years, 0) * _most_a_year(recurrence.rule)
    if most_there_can_be <= most:
        return last
    starts = merge(*(starts_between(when, recurrence, since, last) for when, recurrence in endless))
    following = next(islice(starts, most, None), None)
    return last if following is None else following - timedelta(seconds=1)


def _most_a_year(rule: Rule) -> int:
    """Return a number that the starts of a rule in a year never exceed, without looking for them."""
    if rule.is_within_days:
        return MAX_OCCURRENCES
    if rule["FREQ"] == "WEEKLY":
        return 53 * len((rule["BYDAY"] or "").split(","))
    return 366 if rule["FREQ"] == "DAILY" or rule["BYDAY"] or rule["BYMONTHDAY"] or rule["BYYEARDAY"] else 12


def days_of(when: AllDay | Timed) -> tuple[date, date]:
    """Return the first and the last day that an event has something of, by the clocks of its own zones.

    An event that ends at midnight has nothing of the day that begins then.
    """
    if isinstance(when, AllDay):
        return when.first, when.last
    first = when.start.wall.date()
    if when.end is None:
        return first, first
    return first, max(first, (when.end.wall - timedelta(seconds=1)).date())


def span_of(event: Event) -> tuple[datetime, datetime]:
    """Return the instants at which an event begins and ends; it ends at once where its end is not known."""
    when = event.when
    if isinstance(when, AllDay):
        first, end = (datetime.combine(day, time(), UTC) for day in (when.first, when.end))
        return first, end
    return when.start.instant, (when.end or when.start).instant


def _between(event: Event, begin: datetime, last: datetime) -> Iterator[Event]:
    """Yield the occurrences that may touch a stretch of wall time: all of them, and perhaps some that do not."""
    recurrence = event.recurrence
    if recurrence is None:
        yield event
        return
    alone = replace(event, recurrence=None, ending=None)
    written = {instance.recurrence_id for instance in recurrence.instances}
    found = [instance.event for instance in recurrence.instances]
    starts = starts_between(event.when, recurrence, _clamp(begin - length_of(event.when)), _clamp(last))
    ordinary = (
        replace(alone, when=occurrence_at(event.when, start, is_nominal=recurrence.is_nominal).when)
        for start in starts
        if start not in written
    )
    ending = event.ending
    found += (
        one if ending is None or not is_over(one, ending.at) else replace(one, status=ending.status) for one in ordinary
    )
    yield from sorted(found, key=lambda one: one.sort_key)


def _clamp(wall: datetime) -> datetime:
    return min(max(wall, _FIRST), LAST)


def conflicts(events: Iterable[Event]) -> Iterator[Problem]:
    """Yield a warning for every two events that are at one venue at one time, unless the venue is shared.

    Only times count: an event of whole days seldom fills them. One that has no end counts with its start. Series
    without an end are followed for two years after the last date that anything else has, or, where there are very
    many, as far as gives `MAX_COMPARED` dates from the first on.
    """
    held = [event for event in events if any(_is_placed(one) for one in (event, *_instances(event)))]
    newest = max((_last_start(event) for event in held), default=_FIRST)
    horizon = followed_until(held, _FIRST, _clamp(newest + 730 * _DAY), MAX_COMPARED)
    found = list(islice(_conflicts(held, horizon), MAX_CONFLICTS + 1))
    yield from found[:MAX_CONFLICTS]
    for problem in found[MAX_CONFLICTS:]:
        message = f"more than {MAX_CONFLICTS:,} events meet others at their venues; the rest is not listed"
        yield replace(problem, message=message)


def _conflicts(held: Iterable[Event], horizon: datetime) -> Iterator[Problem]:
    by_venue: dict[str, list[_Stay]] = {}
    for event in held:
        for venue_id, stay in _stays(event, horizon):
            by_venue.setdefault(venue_id, []).append(stay)
    for venue_id, there in sorted(by_venue.items()):
        yield from _conflicts_at(venue_id, there)


def _stays(event: Event, horizon: datetime) -> Iterator[tuple[str, _Stay]]:
    """Yield where an event takes place at set times, and when: a series without an end up to a start."""
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
    """Return the error of a calendar whose series with an end have more than `MAX_DATED` dates, at the one too many."""
    total = 0
    series = [event.recurrence for event in events if event.recurrence is not None]
    for recurrence in sorted(series, key=lambda each: each.mark):
        total += len(recurrence.starts)
        if total > MAX_DATED:
            message = f"the series of this calendar have more than {MAX_DATED:,} dates"
            hint = "let this one end earlier, or leave its end out: a series without one is shown for a few years only"
            return error(recurrence.mark, "bad-rrule", message, hint)
    return None


def _instances(event: Event) -> Iterator[Event]:
    return (instance.event for instance in event.recurrence.instances) if event.recurrence else iter(())


def _is_placed(event: Event) -> bool:
    """Tell whether an event takes place at a venue that holds one event at a time."""
    venue = event.venue
    is_there = venue is not None and venue.id is not None and not venue.is_shared
    return is_there and event.status not in (Status.CANCELLED, Status.POSTPONED)


def _last_start(event: Event) -> datetime:
    """Return the last start of an event, or the first one of a series without an end."""
    recurrence = event.recurrence
    return first_start(event.when) if recurrence is None or recurrence.is_endless else recurrence.starts[-1]


def _in_order(held: Iterable[_Stay]) -> list[_Stay]:
    return sorted(held, key=lambda stay: (stay[0], stay[1], stay[2].id))


def _conflicts_at(venue_id: str, held: list[_Stay]) -> Iterator[Problem]:
    """Sweep over the times in their order, with those that still last at hand; each pair of events is told once.

    Where very many meet, each is told of a few others: all pairs would be too many to tell.
    """
    told: set[tuple[str, str]] = set()
    lasting: list[tuple[datetime, int, Event]] = []  # a heap: what ends first comes first
    for number, (begin, finish, event, wall) in enumerate(_in_order(held)):
        while lasting and lasting[0][0] <= begin:
            heappop(lasting)
        for _, _, other in lasting[:_MAX_TOLD]:
            pair = (other.id, event.id)
            if other.id != event.id and pair not in told:
                told.update((pair, pair[::-1]))
                message = f"`{event.id}` and `{other.id}` are both at `{venue_id}` on {format_wall(wall)}"
                hint = "move one of the two, or write `shared: true` for the venue"
                yield warning(event.mark, "venue-conflict", message, hint, other.mark)
        if finish > begin:
            heappush(lasting, (finish, number, event))
