"""The zone plans of all files of a calendar, so that nothing in any of them is misplaced.

What is fine in one file may have no plan in another, which holds other events: so each file is looked at. Only those
with a series that its zone's current law would misplace need one.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from calfeed.errors import Problem, SourceError, error, warning
from calfeed.model import Event, Feed, Timed, ZonedTime
from calfeed.observances import zoned_times
from calfeed.plans import MAX_LISTED, ZonePlan, is_irregular, is_off_by_seconds, plan_zones

_File = tuple[str, tuple[str, ...], Mapping[str, ZonePlan | None]]
"""A path, the ids of the events that the file holds, and the plans of its zones; None where there is none."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The events by their id as they are to be written, and the plans of each file by its path."""

    events: Mapping[str, Event]
    plans: Mapping[str, Mapping[str, ZonePlan]]


def place(events: Iterable[Event], gone: Container[str], feeds: Sequence[Feed]) -> Placement:
    """Return events and plans by which every file places everything right.

    A cancelled event that left the sources must not keep others from being published. Where a file has no plan, such
    events are written in UTC, and of a series no more than its start: that cancels all of it (RFC 5546 §3.2.5).

    Args:
        events: all events that are published.
        gone: the ids of those that left the sources.
        feeds: all feeds with the ids of the events they hold.

    Raises:
        SourceError: a file has no plan for events of the sources: `zone_problems` would have told.
    """
    held = {event.id: event for event in events}
    while True:
        files = list(_plan_files(held, feeds))
        unplaced = [(ids, tzid) for _, ids, plans in files for tzid, plan in plans.items() if plan is None]
        if not unplaced:
            break
        misplaced = {each for ids, tzid in unplaced for each in ids if each in gone and tzid in _tzids(held[each])}
        if not misplaced:
            raise SourceError(list(zone_problems(list(held.values()), feeds)))
        held |= {event_id: _bare(held[event_id]) for event_id in misplaced}
    found = ((path, {tzid: plan for tzid, plan in plans.items() if plan}) for path, _, plans in files)
    return Placement(held, dict(found))


def zone_problems(events: Sequence[Event], feeds: Iterable[Feed]) -> Iterator[Problem]:
    """Yield a problem for every zone in which a series cannot be written with yearly rules, in some file or at all."""
    held = {event.id: event for event in events}
    refused: set[str] = set()
    listed: set[str] = set()
    for path, ids, plans in _plan_files(held, feeds):
        for tzid, plan in plans.items():
            if plan is None and (tzid not in refused or path == held[ids[0]].path):
                refused.add(tzid)
                yield _refusal(path, tzid, [held[each] for each in ids])
            elif plan is not None and plan.is_listed:
                listed.add(tzid)
    for tzid in sorted(listed - refused):
        mark, *related = [event.recurrence.mark for event in _irregular(events, tzid) if event.recurrence]
        message = f"the clocks of {tzid} change on days no yearly rule gives; Outlook may misplace this series"
        hint = "write its dates as events of their own if that matters"
        yield warning(mark, "irregular-zone", message, hint, *related)


def _plan_files(events: Mapping[str, Event], feeds: Iterable[Feed]) -> Iterator[_File]:
    """Yield every file that needs plans: those of single events first."""
    irregular = {event_id: event for event_id, event in events.items() if is_irregular(event)}
    for event_id, event in irregular.items():
        yield event.path, (event_id,), plan_zones([event])
    for feed in feeds:
        if not irregular.keys().isdisjoint(feed.event_ids):
            yield feed.path, feed.event_ids, plan_zones(events[event_id] for event_id in feed.event_ids)


def _refusal(path: str, tzid: str, held: Sequence[Event]) -> Problem:
    """Return the error of a file without a plan, at its first series that needs one."""
    irregular = _irregular(held, tzid)
    mark, *related = [event.recurrence.mark for event in irregular if event.recurrence]
    if any(is_off_by_seconds(event) for event in irregular):
        message = f"the clocks of {tzid} were not whole minutes from UTC then, which few calendars can read"
        return error(mark, "irregular-zone", message, "write its dates as events of their own", *related)
    what = "this series" if len(held) == 1 else f"the series in {path}"
    message = f"the clocks of {tzid} change on too many days ({MAX_LISTED} at most) to describe {what}"
    hint = "let it end, or end earlier (`until`), or write its dates as events of their own"
    return error(mark, "irregular-zone", message, hint, *related)


def _irregular(events: Iterable[Event], tzid: str) -> list[Event]:
    return [event for event in events if tzid in _tzids(event) and is_irregular(event)]


def _tzids(event: Event) -> set[str]:
    """Return the zones that an event is written with."""
    written = (event, *(instance.event for instance in event.recurrence.instances)) if event.recurrence else (event,)
    return {time.tzid for one in written for time in zoned_times(one)}


def _bare(event: Event) -> Event:
    """Return an event that needs no zone: its first time in UTC, and nothing of a series."""
    if not isinstance(event.when, Timed):
        return event
    start, end = event.when.start, event.when.end
    return replace(event, when=Timed(_in_utc(start), _in_utc(end) if end else None), recurrence=None)


def _in_utc(time: ZonedTime) -> ZonedTime:
    return ZonedTime(time.instant.replace(tzinfo=None), "UTC", time.instant)
