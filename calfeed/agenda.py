"""The occurrences of events, each as an event of its own; and which of them meet at one venue at one time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time

from calfeed.errors import Problem, warning
from calfeed.model import AllDay, Event, Status, Timed, ZonedTime
from calfeed.notation import format_wall
from calfeed.series import occurrence_at


def occurrences(event: Event, start: datetime, end: datetime) -> Iterator[Event]:
    """Yield the occurrences of an event that take place between two instants, in the order of their rule.

    Each is an event with its own times, and with what an override gives it. Whole days count as days of UTC. A series
    without an end is known as far as the end of 2040.

    Args:
        event: an event; one that is no series is its only occurrence.
        start: the first instant (aware).
        end: the instant after the last (aware).
    """
    for one in all_occurrences(event):
        begin, finish = _span(one)
        if begin < end and (finish > start or begin >= start):
            yield one


def all_occurrences(event: Event) -> Iterator[Event]:
    """Yield every occurrence of an event, as far as it is known."""
    recurrence = event.recurrence
    if recurrence is None:
        yield event
        return
    instances = {instance.recurrence_id: instance.event for instance in recurrence.instances}
    alone = replace(event, recurrence=None)
    for start in recurrence.starts:
        if start in instances:
            yield instances[start]
        else:
            yield replace(alone, when=occurrence_at(event.when, start, is_nominal=recurrence.is_nominal).when)


def on_days(events: Iterable[Event], first: date | None, last: date | None) -> tuple[Event, ...]:
    """Return the occurrences that have something of these days, both included, in the order of their starts."""
    found = []
    for event in events:
        for one in all_occurrences(event):
            begin, end = _days(one)
            if (first is None or end >= first) and (last is None or begin <= last):
                found.append(one)
    return tuple(sorted(found, key=lambda event: event.sort_key))


def _days(event: Event) -> tuple[date, date]:
    when = event.when
    if isinstance(when, AllDay):
        return when.first, when.last
    return when.start.wall.date(), (when.end or when.start).wall.date()


def conflicts(events: Iterable[Event]) -> Iterator[Problem]:
    """Yield a warning for every two events that are at one venue at one time, unless the venue is shared.

    Only times count: an event of whole days seldom fills them. One that has no end counts with its start.
    """
    by_venue: dict[str, list[tuple[datetime, datetime, Event]]] = {}
    for event in events:
        moved = event.recurrence.instances if event.recurrence else ()
        if not any(one.venue and one.venue.id for one in (event, *(instance.event for instance in moved))):
            continue
        for one in all_occurrences(event):
            venue, takes_place = one.venue, one.status not in (Status.CANCELLED, Status.POSTPONED)
            if venue and venue.id and not venue.is_shared and takes_place and isinstance(one.when, Timed):
                by_venue.setdefault(venue.id, []).append((*_span(one), one))
    for venue_id, held in sorted(by_venue.items()):
        yield from _conflicts_at(venue_id, held)


def _conflicts_at(venue_id: str, held: list[tuple[datetime, datetime, Event]]) -> Iterator[Problem]:
    """Sweep over the times in their order, with those that still last at hand; each pair of events is told once."""
    told: set[tuple[str, str]] = set()
    lasting: list[tuple[datetime, datetime, Event]] = []
    for begin, finish, event in sorted(held, key=lambda item: (item[0], item[1], item[2].id)):
        lasting = [other for other in lasting if other[1] > begin]
        for _, _, other in lasting:
            pair = (other.id, event.id)
            if other.id != event.id and pair not in told and isinstance(event.when, Timed):
                told.update((pair, pair[::-1]))
                message = (
                    f"`{event.id}` and `{other.id}` are both at `{venue_id}` on {format_wall(event.when.start.wall)}"
                )
                hint = "move one of the two, or write `shared: true` for the venue"
                yield warning(event.mark, "venue-conflict", message, hint, other.mark)
        if finish > begin:
            lasting.append((begin, finish, event))


def _span(event: Event) -> tuple[datetime, datetime]:
    when = event.when
    if isinstance(when, AllDay):
        first, end = (datetime.combine(day, time(), UTC) for day in (when.first, when.end))
        return first, end
    end_time: ZonedTime = when.end or when.start
    return when.start.instant, end_time.instant
