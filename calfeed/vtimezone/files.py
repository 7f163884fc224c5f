"""Plans the time zones of all files in a calendar, so that no file misplaces a time.

An event may have a plan in one file and none in another with different events, so each file is checked. Only files with
a series that its zone's current law would misplace need a plan.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from calfeed.diagnostics.problem import Mark, Problem, SourceError, problem_at
from calfeed.model import Event, Feed, Timed, ZonedTime
from calfeed.series.pieces import pieces_of
from calfeed.vtimezone.observances import zoned_times
from calfeed.vtimezone.plan import MAX_LISTED, ZonePlan, is_irregular, is_off_by_seconds, plan_zones

_Pieces = Mapping[str, tuple[Event, ...]]
"""The pieces of events, by event id."""
_File = tuple[str, tuple[str, ...], Mapping[str, ZonePlan | None]]
"""A file's path, the ids of its events, and the plan for each of its zones (None if no plan is possible)."""


@dataclass(frozen=True, slots=True)
class Placement:
    """The pieces to write, by event id, and the plans of each file, by its path."""

    pieces: Mapping[str, tuple[Event, ...]]
    plans: Mapping[str, Mapping[str, ZonePlan]]


class ZonePlanner:
    """Plans the zones of files, and remembers the plans from checking the sources until publication.

    Events and their pieces are recognised by identity, so the planner keeps a reference to them.
    """

    def __init__(self) -> None:
        self._pieces: dict[int, tuple[Event, tuple[Event, ...]]] = {}
        self._irregular: dict[int, tuple[tuple[Event, ...], bool]] = {}
        self._plans: dict[tuple[int, ...], tuple[tuple[Event, ...], Mapping[str, ZonePlan | None]]] = {}

    def place(self, events: Iterable[Event], removed_ids: Container[str], feeds: Sequence[Feed]) -> Placement:
        """Return pieces and plans with which every file places all times correctly.

        A cancelled event that left the sources must not block the publication of others. If a file has no plan, such
        events are written in UTC, and a series is reduced to its start, which cancels all of it (RFC 5546 §3.2.5).

        Args:
            events: all events to publish.
            removed_ids: the ids of the events that left the sources.
            feeds: all feeds, with the ids of their events.

        Raises:
            SourceError: a file has no plan for events in the sources, which `problems` would have reported.
        """
        pieces_by_id = {event.id: self._pieces_of(event) for event in events}
        while True:
            files = list(self._plan_files(pieces_by_id, feeds))
            unplaced = [(ids, tzid) for _, ids, plans in files for tzid, plan in plans.items() if plan is None]
            if not unplaced:
                break
            in_utc = {
                event_id
                for ids, tzid in unplaced
                for event_id in ids
                if event_id in removed_ids and tzid in _tzids(pieces_by_id[event_id])
            }
            if not in_utc:
                raise SourceError(list(self._problems(pieces_by_id, feeds)))
            pieces_by_id |= {event_id: tuple(map(_bare, pieces_by_id[event_id])) for event_id in in_utc}
        plans_by_path = {path: {tzid: plan for tzid, plan in plans.items() if plan} for path, _, plans in files}
        return Placement(pieces_by_id, plans_by_path)

    def problems(self, events: Iterable[Event], feeds: Iterable[Feed]) -> Iterator[Problem]:
        """Yield a problem for every zone whose yearly rules cannot describe the series in a file."""
        yield from self._problems({event.id: self._pieces_of(event) for event in events}, feeds)

    def _problems(self, pieces_by_id: _Pieces, feeds: Iterable[Feed]) -> Iterator[Problem]:
        refused: set[str] = set()
        listed: set[str] = set()
        for path, ids, plans in self._plan_files(pieces_by_id, feeds):
            for tzid, plan in plans.items():
                if plan is None and (tzid not in refused or path == pieces_by_id[ids[0]][0].path):
                    refused.add(tzid)
                    yield _refusal(path, tzid, [pieces_by_id[event_id] for event_id in ids])
                elif plan is not None and plan.is_listed:
                    listed.add(tzid)
        for tzid in sorted(listed - refused):
            mark, *related = _marks(_irregular(pieces_by_id.values(), tzid))
            message = f"clock changes in {tzid} follow no yearly rule, so Outlook may misplace this series"
            hint = "if that matters, write its dates as separate events"
            yield problem_at(mark, "irregular-zone", message, hint, *related)

    def _plan_files(self, pieces_by_id: _Pieces, feeds: Iterable[Feed]) -> Iterator[_File]:
        """Yield every file that needs plans, the files of single events first."""
        irregular = {event_id: pieces for event_id, pieces in pieces_by_id.items() if self._is_irregular(pieces)}
        for event_id, pieces in irregular.items():
            yield pieces[0].path, (event_id,), self._plan([pieces])
        for feed in feeds:
            if not irregular.keys().isdisjoint(feed.event_ids):
                yield feed.path, feed.event_ids, self._plan([pieces_by_id[event_id] for event_id in feed.event_ids])

    def _pieces_of(self, event: Event) -> tuple[Event, ...]:
        if event.recurrence is None:
            return (event,)
        if id(event) not in self._pieces:
            self._pieces[id(event)] = event, pieces_of(event)
        return self._pieces[id(event)][1]

    def _is_irregular(self, pieces: tuple[Event, ...]) -> bool:
        """Return whether the current law of a piece's zone would misplace the piece."""
        if all(piece.recurrence is None for piece in pieces):
            return False
        if id(pieces) not in self._irregular:
            self._irregular[id(pieces)] = pieces, any(map(is_irregular, pieces))
        return self._irregular[id(pieces)][1]

    def _plan(self, pieces: Sequence[tuple[Event, ...]]) -> Mapping[str, ZonePlan | None]:
        """Return the plans of a file that contains these pieces of events."""
        events = tuple(chain.from_iterable(pieces))
        key = tuple(map(id, events))
        if key not in self._plans:
            self._plans[key] = events, plan_zones(events)
        return self._plans[key][1]


def _refusal(path: str, tzid: str, all_pieces: Sequence[tuple[Event, ...]]) -> Problem:
    """Return the error for a file without a plan, at its first series that needs one."""
    irregular = _irregular(all_pieces, tzid)
    mark, *related = _marks(irregular)
    if any(is_off_by_seconds(event) for event in irregular):
        message = f"{tzid} was not a whole number of minutes from UTC then, which few calendars can read"
        return problem_at(mark, "unsupported-zone", message, "write its dates as separate events", *related)
    subject = "this series" if len(all_pieces) == 1 else f"the series in {path}"
    message = f"the clocks of {tzid} change on too many dates during {subject} (at most {MAX_LISTED})"
    hint = "end it, or end it earlier, with `until`; or write its dates as separate events"
    return problem_at(mark, "unsupported-zone", message, hint, *related)


def _irregular(all_pieces: Iterable[tuple[Event, ...]], tzid: str) -> list[Event]:
    return [piece for pieces in all_pieces for piece in pieces if tzid in _tzids((piece,)) and is_irregular(piece)]


def _marks(series: Iterable[Event]) -> list[Mark]:
    """Return the marks of the series' rules, without duplicates: the pieces of a series share one."""
    return list(dict.fromkeys(event.recurrence.mark for event in series if event.recurrence))


def _tzids(pieces: tuple[Event, ...]) -> set[str]:
    """Return the zones named by the times of an event's pieces."""
    instances = (instance.event for piece in pieces if piece.recurrence for instance in piece.recurrence.instances)
    return {time.tzid for event in (*pieces, *instances) for time in zoned_times(event)}


def _bare(event: Event) -> Event:
    """Return a piece that needs no zone: its first occurrence in UTC, without the rule."""
    if not isinstance(event.when, Timed):
        return event
    start, end = event.when.start, event.when.end
    return replace(event, when=Timed(_in_utc(start), _in_utc(end) if end else None), recurrence=None)


def _in_utc(time: ZonedTime) -> ZonedTime:
    return ZonedTime(time.instant.replace(tzinfo=None), "UTC", time.instant)
