"""End running series that are deleted, cancelled or postponed: past occurrences stay, later ones do not take place.

The time of the ending is part of the published content. Every later build reads it there and gives the same bytes for
as long as the series stays cancelled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from calfeed.diagnostics.problem import Mark, Problem, problem_at
from calfeed.diagnostics.report import plural
from calfeed.model import Ending, Event, Instance, Status
from calfeed.revisions.content import cancelled
from calfeed.revisions.content_values import Content
from calfeed.series.occurrences import first_start, starts_between
from calfeed.series.pieces import first_ahead, has_room, is_over

_CALLED_OFF = (Status.CANCELLED, Status.POSTPONED)


def may_end(event: Event) -> bool:
    """Return whether an event of the sources is a cancelled or postponed series, which may have an ending."""
    return event.recurrence is not None and event.status in _CALLED_OFF


def with_ending(event: Event, published: Event, now: datetime | None) -> Event:
    """Return a cancelled or postponed series with its ending, if it has one.

    Args:
        event: the series as the sources give it.
        published: the event as it was last published.
        now: the build's time; None to end no further series.
    """
    recurrence, before = event.recurrence, published.recurrence
    ending = published.ending or _new_ending(published, now)
    if recurrence is None or before is None or ending is None or not _has_begun(event, ending.at):
        return event
    statuses = {instance.recurrence_id: instance.event.status for instance in before.instances}

    def with_past_status(instance: Instance) -> Instance:
        if not is_over(instance.event, ending.at):
            return instance
        # Overrides inherit the status of the series unless they have their own.
        inherited = ending.status if instance.event.status is event.status else instance.event.status
        status = statuses.get(instance.recurrence_id, inherited)
        return replace(instance, event=replace(instance.event, status=status))

    instances = tuple(with_past_status(instance) for instance in recurrence.instances)
    return replace(event, recurrence=replace(recurrence, instances=instances), ending=ending)


def cancelled_from(content: Content, published: Event, now: datetime) -> Content:
    """Return the content of an event that left the sources, cancelled; a running series is cancelled from now on.

    Args:
        content: the published content.
        published: the event with this content.
        now: the build's time.
    """
    ending = published.ending or _new_ending(published, now)
    if ending is None or published.recurrence is None:
        return cancelled(content)
    instances = published.recurrence.instances
    past = {instance.recurrence_id for instance in instances if is_over(instance.event, ending.at)}
    return cancelled(content, ending, past)


def ending_problem(event: Event, mark: Mark) -> Problem | None:
    """Return a warning that a build ends a running series; None for an event without an ending."""
    recurrence, ending = event.recurrence, event.ending
    if recurrence is None or ending is None:
        return None
    ahead = first_ahead(event, ending.at)
    if ahead is None:
        return None
    over = [start for start in _starts(event, ahead) if start < ahead]
    past = plural(len(over), "past date")
    later = "all later dates" if recurrence.is_endless else plural(len(recurrence.starts) - len(over), "later date")
    status = event.status.value
    message = f"`{event.id}` is a running series: {past} kept, {later} {status}"
    hint = f"to end it without showing dates as {status}, keep it and write `until: {over[-1].date()}` in `rrule`"
    return problem_at(mark, "ended-series", message, hint)


def _new_ending(published: Event, now: datetime | None) -> Ending | None:
    """Return an ending now for a published series; None unless it is running and can be split into pieces."""
    if published.recurrence is None or published.status in _CALLED_OFF or now is None or not has_room(published.uid):
        return None
    is_running = first_ahead(published, now) is not None and _has_begun(published, now)
    return Ending(now, published.status) if is_running else None


def _has_begun(event: Event, at: datetime) -> bool:
    """Return whether any occurrence of a series is over at an instant."""
    ahead = first_ahead(event, at)
    return ahead is None or any(start < ahead for start in _starts(event, ahead))


def _starts(event: Event, last: datetime) -> Iterator[datetime]:
    if event.recurrence is not None:
        yield from starts_between(event.when, event.recurrence, first_start(event.when), last)
