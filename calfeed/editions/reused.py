"""Find UIDs reused for a different event: last year's file edited for this year, or the id of a deleted event.

Subscribers' calendars identify an event by its UID. A new event with the same UID replaces the old one, which vanishes
from every subscriber's past. So a build and a diff warn once and propose an id.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from datetime import date, datetime
from itertools import chain, count

from calfeed.diagnostics.problem import Problem, problem_at
from calfeed.editions.manifest import Manifest
from calfeed.model import AllDay, Event, Status
from calfeed.revisions.revise import Published, has_passed
from calfeed.series.agenda import span_of
from calfeed.values.ids import MAX_NAME

_RECENT_YEARS = 5
_KEPT = "subscribers who kept it would see it turn into this one"


def reused_ids(
    events: Sequence[Event], changed_uids: Container[str], baseline: Manifest, calendar_id: str, now: datetime | None
) -> Iterator[Problem]:
    """Yield a warning for every event whose UID subscribers know from a different event.

    It is different if the published event is over and this one is ahead, or if the published one left the sources and
    this one has a different summary and start. A postponed event stays the same, whenever it gets its new date.

    Args:
        events: the events of the sources.
        changed_uids: the UIDs of those that are new or changed.
        baseline: what was published.
        calendar_id: the part of UIDs after the `@`.
        now: events that end before this time count as past; None to count none as past.

    Raises:
        OutputError: the content of an event in the manifest is unreadable.
    """
    taken: set[str] | None = None
    for event in events:
        if event.uid not in changed_uids:
            continue
        before = baseline.events.get(event.uid)
        if before is None:
            is_retired = event.uid in baseline.retired and now is not None and span_of(event)[0] > now
            message = f"a past event had the UID of `{event.id}`; {_KEPT}" if is_retired else None
        elif _start_of(before.event) == _start_of(event):
            continue
        else:
            message = _reason(event, before, now)
        if message is not None:
            taken = _taken_ids(events, baseline, calendar_id) if taken is None else taken
            event_id = _proposal(event, taken)
            taken.add(event_id)
            has_own_uid = event.uid != f"{event.id}@{calendar_id}"
            what = f"delete `uid` and write `id: {event_id}`" if has_own_uid else f"write `id: {event_id}`"
            is_file_edited = before is not None and before.removed is None
            rest = ", and keep the old one in its own file" if is_file_edited else ""
            yield problem_at(event.mark, "reused-id", message, f"if this is a different event, {what}{rest}")


def _reason(event: Event, before: Published, now: datetime | None) -> str | None:
    """Return why an event is not the one published before under its UID; None if it is the same."""
    old = before.event
    is_cancelled, is_renamed = old.status is Status.CANCELLED, old.summary != event.summary
    day = str(_start_of(old))[:10]
    if now is not None and span_of(event)[0] > now and has_passed(before, now):
        if old.status is Status.POSTPONED or (is_cancelled and not is_renamed):
            return None
        return f"`{event.id}` was published for {day} and is over; the new date would erase it from everybody's past"
    if before.removed is not None and is_cancelled and is_renamed:
        return f"`{old.summary}` of {day} had the UID of `{event.id}` and was cancelled; {_KEPT}"
    return None


def _start_of(event: Event) -> date | datetime:
    """Return the first day of an all-day event, or the wall time of a start."""
    return event.when.first if isinstance(event.when, AllDay) else event.when.start.wall


def _taken_ids(events: Sequence[Event], baseline: Manifest, calendar_id: str) -> set[str]:
    """Return the ids that events have, and those that would give an event a published UID."""
    suffix = f"@{calendar_id}"
    uids = chain(baseline.events, baseline.retired, (event.uid for event in events))
    by_uid = {uid.removesuffix(suffix) for uid in uids if uid.endswith(suffix)}
    return {*by_uid, *(event.id for event in events), *(item.id for item in baseline.events.values())}


def _proposal(event: Event, taken: set[str]) -> str:
    """Return a free id: the event's own with the year of its start, replacing a recent earlier year if it has one."""
    year = event.sort_key[0].year
    parts = event.id.split("-")
    places = [number for number, part in enumerate(parts) if part.isdigit() and 0 < year - int(part) <= _RECENT_YEARS]
    if places:
        parts[places[-1]] = str(year)
        stem = "-".join(parts)
    else:
        stem = f"{event.id[: MAX_NAME - 10].rstrip('-')}-{year}"
    return stem if stem not in taken else next(free for n in count(2) if (free := f"{stem}-{n}") not in taken)
