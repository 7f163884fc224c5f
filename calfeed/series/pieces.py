"""Splits an event into the pieces it is published in: several VEVENTs, each with its own UID.

Nearly every event has one piece, the event itself. A series has several if readers would get a single VEVENT wrong:
when the clocks skip the start of an occurrence, and when a running series was cancelled or postponed. The piece with
the occurrences that `start` and the rule give before that keeps the event's UID. The UIDs of the others are derived
from their dates.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain, islice, pairwise

from calfeed.diagnostics.problem import Mark, Problem, problem_at
from calfeed.model import AllDay, Event, Recurrence, Timed, ZonedTime
from calfeed.series.expand import LAST, as_wall, starts_of
from calfeed.series.matching import series_of
from calfeed.series.occurrences import doubles_of, first_start, length_of, occurrence_at, starts_between
from calfeed.values.rules import WITHIN_DAYS, Rule
from calfeed.values.times import WrittenTime
from calfeed.zones import tzdb

MAX_SKIPPED = 5
"""A series with more skipped starts than this is not split."""
MAX_UID_BYTES = 230
"""The longest UID with room for the suffix of a piece: calfeed publishes up to 255 octets."""
_BEGINNING, _END = datetime(1, 1, 1), datetime(9999, 12, 31)  # noqa: DTZ001 - wall time is naive
_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)
_LOOKED_AT = 50
"""How many starts of an endless piece to search for a plain one; clocks change only a few times a year."""
_SUFFIX = re.compile(r"(.+?)-(?:from-)?\d{4}-\d\d-\d\d(?:T\d{4}(?:\d\d)?)?", re.ASCII | re.DOTALL)
_NAMES = ("%Y-%m-%d", "%Y-%m-%dT%H%M", "%Y-%m-%dT%H%M%S")


@dataclass(frozen=True, slots=True)
class _Draft:
    """A piece before it gets its UID. The suffix contains `start`, which is None for the piece with the event's UID."""

    event: Event
    prefix: str
    start: datetime | None


def pieces_of(event: Event) -> tuple[Event, ...]:
    """Return the pieces that an event is published in, in order; for most events, only the event itself."""
    recurrence = event.recurrence
    if recurrence is None or not (recurrence.skipped or event.ending):
        return (event,)
    ahead = None if event.ending is None else first_ahead(event, event.ending.at)
    bounds = {_BEGINNING, _END, *recurrence.skipped, *(start + _SECOND for start in recurrence.skipped)}
    if ahead is not None:
        bounds.add(ahead)
    rule_starts = series_of(recurrence.rule, event.when, recurrence.mark, is_nominal=recurrence.is_nominal).starts
    drafts = list(
        chain.from_iterable(
            _Stretch(_with_status(event, end, ahead), recurrence, begin, end).drafts(rule_starts)
            for begin, end in pairwise(sorted(bounds))
        )
    )
    return tuple(_renamed(draft.event, uid) for draft, uid in zip(drafts, _uids(event.uid, drafts), strict=True))


def owner_of(uid: str) -> str | None:
    """Return the UID of the event to which a piece with this UID would belong; None without the suffix of a piece."""
    stem, at, host = uid.rpartition("@") if "@" in uid else (uid, "", "")
    match = _SUFFIX.fullmatch(stem)
    return None if match is None else f"{match[1]}{at}{host}"


def has_room(uid: str) -> bool:
    """Return whether a UID is short enough for the suffix of a piece."""
    return len(uid.encode()) <= MAX_UID_BYTES


def shared_uid_problem(uid: str, owner: Event, mark: Mark) -> Problem:
    """Return the error for an event at `mark` whose UID belongs to a piece of another event."""
    message = f"the UID `{uid}` belongs to a part of `{owner.id}`, which is published in several parts"
    return problem_at(mark, "duplicate-uid", message, "give this event another `id:` or `uid:`", owner.mark)


def skipped_starts(when: AllDay | Timed, recurrence: Recurrence) -> tuple[datetime, ...]:
    """Return the starts of a rule that the clocks skip, including those that `exdates` leave out.

    For an hourly or minutely series, none count, because the hour after the change already has an occurrence.
    """
    if isinstance(when, AllDay) or not recurrence.starts or recurrence.rule.frequency in WITHIN_DAYS:
        return ()
    starts = recurrence.starts
    end = starts[-1].replace(tzinfo=UTC) + _DAY
    skipped: list[datetime] = []
    for change in tzdb.offset_changes(when.start.tzid, when.start.instant, end):
        if change.after > change.before:
            begin, resumed = change.walls
            skipped += starts[bisect_left(starts, begin) : bisect_left(starts, resumed)]
            skipped += (start for start in recurrence.exdates if begin <= start < resumed)
    # If a skipped start coincides with another occurrence, the two count as one. Pieces cannot express that.
    return tuple(sorted(skipped)) if skipped and not any(doubles_of(when, recurrence)) else ()


def first_ahead(event: Event, at: datetime) -> datetime | None:
    """Return the first start of a series whose occurrence is not over at this instant."""
    recurrence, when = event.recurrence, event.when
    if recurrence is None:
        return None
    begin = at.replace(tzinfo=None) - length_of(when) - 2 * _DAY  # wall time is less than a day from UTC
    for start in starts_between(when, recurrence, max(begin, first_start(when)), LAST):
        occurrence = occurrence_at(when, start, is_nominal=recurrence.is_nominal)
        if not is_over(replace(event, when=occurrence.when), at):
            return start
    return None


def is_over(event: Event, at: datetime) -> bool:
    """Return whether an event, or the first occurrence of a series, is over at this instant.

    Without a known end, it is over as soon as it begins. A day ends at midnight in the event's zone, or else in UTC.
    """
    when = event.when
    if isinstance(when, Timed):
        return (when.end or when.start).instant <= at
    wall = at.replace(tzinfo=None) if event.zone is None else tzdb.wall_at(at, event.zone.tzid)
    return as_wall(when.end) <= wall


def _with_status(event: Event, end: datetime, ahead: datetime | None) -> Event:
    """Return an event with its status up to `end`: occurrences already over when the series ended keep theirs."""
    if event.ending is None:
        return event
    is_past = ahead is None or end <= ahead
    return replace(event, status=event.ending.status if is_past else event.status, ending=None)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The starts of a series in a half-open interval of wall time."""

    event: Event
    recurrence: Recurrence
    begin: datetime
    end: datetime

    def drafts(self, rule_starts: Sequence[datetime]) -> Iterator[_Draft]:
        """Yield the pieces of this stretch.

        Args:
            rule_starts: all starts that the rule gives; empty for a rule without an end.
        """
        starts = self._starts(rule_starts)
        is_first = self.begin <= first_start(self.event.when) < self.end
        excluded = {*self.recurrence.exdates}
        # Readers derive all occurrences of a series from its first one, so the first must be unambiguous.
        while starts and not is_first and not self._occurrence(starts[0])[1]:
            single = starts.pop(0)
            if single not in excluded:
                alone = self._alone(single)
                is_moved = alone.when != self._occurrence(single)[0]
                yield _Draft(alone if is_moved else replace(alone, when=_in_utc(alone.when)), "-", single)
        extra = [start for start in self.recurrence.rdates if self.begin <= start < self.end]
        for start in extra:
            if not starts or start < starts[0]:
                yield _Draft(self._alone(start), "-", start)
        if not starts:
            return
        rdates = tuple(start for start in extra if start > starts[0])
        named = None if is_first else starts[0]
        if self._is_endless or rdates or len(starts) > 1:
            series = self._series(starts[0], None if self._is_endless else starts[-1], rdates)
            if series is not None:
                yield _Draft(series, "-from-", named)
        elif starts[0] not in excluded:
            yield _Draft(self._alone(starts[0]), "-from-", named)

    @property
    def _is_endless(self) -> bool:
        return self.recurrence.is_endless and self.end == _END

    def _starts(self, rule_starts: Sequence[datetime]) -> list[datetime]:
        """Return the rule's starts in this stretch; for an endless stretch, only as many as needed."""
        if not self.recurrence.is_endless:
            return [start for start in rule_starts if self.begin <= start < self.end]
        last = min(self.end - _SECOND, LAST)
        starts = starts_of(self.recurrence.rule, first_start(self.event.when), after=self.begin, last=last)
        return list(islice(starts, _LOOKED_AT if self._is_endless else None))

    def _occurrence(self, start: datetime) -> tuple[AllDay | Timed, bool]:
        occurrence = occurrence_at(self.event.when, start, is_nominal=self.recurrence.is_nominal)
        return occurrence.when, occurrence.is_plain

    def _alone(self, start: datetime) -> Event:
        """Return an occurrence as a separate event, with any override applied."""
        for instance in self.recurrence.instances:
            if instance.recurrence_id == start:
                return replace(instance.event, ending=None)
        return replace(self.event, when=self._when(start), recurrence=None)

    def _when(self, start: datetime) -> AllDay | Timed:
        return self.event.when if start == first_start(self.event.when) else self._occurrence(start)[0]

    def _series(self, first: datetime, last: datetime | None, rdates: tuple[datetime, ...]) -> Event | None:
        """Return the series of the rule from one start to another; None if every occurrence is excluded."""
        recurrence, when = self.recurrence, self._when(first)
        rule = recurrence.rule if last is None else _bounded(recurrence.rule, last, when)
        by_rule = series_of(rule, when, recurrence.mark, is_nominal=recurrence.is_nominal)
        exdates = tuple(start for start in recurrence.exdates if first <= start < self.end)
        starts = tuple(sorted({*by_rule.starts, *rdates} - {*exdates}))
        if last is not None and not starts:
            return None
        instances = tuple(instance for instance in recurrence.instances if first <= instance.recurrence_id < self.end)
        series = replace(
            by_rule, rdates=rdates, exdates=exdates, starts=() if last is None else starts, instances=instances
        )
        return replace(self.event, when=when, recurrence=series)


def _in_utc(when: AllDay | Timed) -> AllDay | Timed:
    """Return the time in UTC, which no reader can misplace."""
    if isinstance(when, AllDay):
        return when
    return Timed(_utc_of(when.start), None if when.end is None else _utc_of(when.end))


def _utc_of(time: ZonedTime) -> ZonedTime:
    return ZonedTime(time.instant.replace(tzinfo=None), "UTC", time.instant)


def _bounded(rule: Rule, last: datetime, when: AllDay | Timed) -> Rule:
    """Return the rule ended at this start, without its COUNT, which counts the starts of all pieces."""
    return replace(rule, count=None, until=last.date() if isinstance(when, AllDay) else WrittenTime(last))


def _uids(uid: str, drafts: Sequence[_Draft]) -> Iterator[str]:
    """Yield the UID of each piece: a suffix before the last `@`, with a time if several pieces share a date."""
    counts = Counter(
        f"{draft.prefix}{draft.start:{name}}" for draft in drafts if draft.start is not None for name in _NAMES
    )
    stem, at, host = uid.rpartition("@") if "@" in uid else (uid, "", "")
    for draft in drafts:
        if draft.start is None:
            yield uid
            continue
        suffixes = [f"{draft.prefix}{draft.start:{name}}" for name in _NAMES]
        suffix = next((suffix for suffix in suffixes if counts[suffix] == 1), suffixes[-1])
        yield f"{stem}{suffix}{at}{host}"


def _renamed(event: Event, uid: str) -> Event:
    """Return a piece with this UID, also in its instances."""
    if event.recurrence is None:
        return replace(event, uid=uid)
    instances = tuple(
        replace(instance, event=replace(instance.event, uid=uid, ending=None))
        for instance in event.recurrence.instances
    )
    return replace(event, uid=uid, recurrence=replace(event.recurrence, instances=instances))
