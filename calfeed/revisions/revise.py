"""Give each event its revision (number and stamps), and make tombstones of events that left the sources.

The content of an event is compared with what the last manifest says was published. An unchanged event keeps its number
and stamps, so that a rebuild at any time gives the same bytes; a changed one gets the next number and the build's time.
An event that left the sources stays as a cancelled tombstone, so that subscribers learn of it (RFC 5546 §3.2.5).
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import count

from calfeed.diagnostics.problem import Mark, OutputError, Problem, problem_at
from calfeed.model import Event
from calfeed.revisions.content import UNREADABLE, content_of, event_of, fingerprint_of
from calfeed.revisions.content_diff import is_same_content
from calfeed.revisions.content_values import Content
from calfeed.revisions.endings import cancelled_from, may_end, with_ending
from calfeed.series.agenda import span_of
from calfeed.series.occurrences import length_of
from calfeed.series.pieces import pieces_of
from calfeed.values.ids import MAX_NAME, MAX_SEQUENCE
from calfeed.values.times import format_utc

KEPT_ENDLESS = timedelta(days=365)
"""How long an endless series stays as a tombstone; any other event stays until it would have ended."""
FAR_SEQUENCE = 2_000_000_000
"""A revision number above this is a mistake or an attack: it leaves almost no room for later changes."""
_NONE: Mapping[str, Revision] = {}


@dataclass(frozen=True, slots=True)
class OldCopies:
    """The outdated copies of an event that subscribers may still have.

    Attributes:
        until: when the latest date ever published under its UID is over, if that is later than the current one.
        feeds: slugs of feeds that once had it but would not have it now.
    """

    until: datetime | None = None
    feeds: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.until is not None or bool(self.feeds)


NO_COPIES = OldCopies()


@dataclass(frozen=True, slots=True)
class Revision:
    """SEQUENCE, CREATED and LAST-MODIFIED of an event; its DTSTAMP equals LAST-MODIFIED."""

    sequence: int
    created: datetime
    last_modified: datetime


@dataclass(frozen=True, kw_only=True)
class Published:
    """An event as the manifest `origin` records it.

    For a tombstone, `removed` is when it left the sources. `copies` are the outdated copies left by earlier builds. For
    an event in several pieces, `pieces` are their UIDs.
    """

    id: str
    uid: str
    fingerprint: str
    revision: Revision
    content: Content
    timezone: str | None = None
    feeds: tuple[str, ...] = ()
    removed: datetime | None = None
    copies: OldCopies = NO_COPIES
    origin: str = ""
    pieces: tuple[str, ...] = ()

    @cached_property
    def event(self) -> Event:
        """The event as it was published. It is read on first use, because most builds need few of them.

        Raises:
            OutputError: its content in the manifest is unreadable.
        """
        mark = Mark(path=self.origin)
        try:
            return event_of(self.content, self.id, self.uid, self.timezone, mark)
        except UNREADABLE as cause:
            message = f"cannot read the content of `{self.id}` in the manifest: {cause!r}"
            raise OutputError(
                [problem_at(mark, "bad-manifest", message, "restore it from the last good build")]
            ) from cause


@dataclass(frozen=True, slots=True)
class Revised:
    """An event with its content, fingerprint and revision; for a tombstone, `removed` is when it left the sources."""

    event: Event
    content: Content
    fingerprint: str
    revision: Revision
    removed: datetime | None = None


def revise(
    events: Iterable[Event],
    baseline: Mapping[str, Published],
    now: datetime,
    retired: Mapping[str, Revision] = _NONE,
) -> tuple[tuple[Revised, ...], tuple[Problem, ...]]:
    """Return every event with its revision, and a problem for each floor in the sources that is behind the ledger.

    Args:
        events: the events of the sources.
        baseline: what was published before, by UID.
        now: the build's time; fractions of a second are dropped.
        retired: the last revisions of events that are no longer published, by UID.

    Raises:
        OutputError: a changed event already has the highest possible number.
    """
    build_time = whole_second(now)
    revised: list[Revised] = []
    problems: list[Problem] = []
    for event in events:
        content = content_of(event)
        fingerprint = fingerprint_of(content)
        before = baseline.get(event.uid)
        is_same = before is not None and (before.fingerprint == fingerprint or is_same_content(before.content, content))
        old = _last_revision(event, baseline, retired)
        revised.append(Revised(event, content, fingerprint, _revision(event, old, build_time, is_same=is_same)))
        if old is not None:
            problems += _stale_floors(event, old)
    return tuple(revised), tuple(problems)


def far_revisions(events: Iterable[Event], now: datetime) -> Iterator[Problem]:
    """Yield a warning for each number or stamp in the sources that later revisions could hardly exceed.

    Args:
        events: the events of the sources.
        now: the current time.
    """
    latest = whole_second(now) + timedelta(days=1)
    for event in events:
        if event.stamp_marks:
            yield from _far_revision(event, latest)


def _far_revision(event: Event, latest: datetime) -> Iterator[Problem]:
    marks = dict(event.stamp_marks)
    if event.sequence is not None and event.sequence > FAR_SEQUENCE:
        message = f"the `sequence` {event.sequence} of `{event.id}` leaves almost no room for later changes"
        hint = "write the last published number, or delete the key: calfeed counts the revisions"
        yield problem_at(marks.get("sequence", event.mark), "far-revision", message, hint)
    for key, stamp in (("created", event.created), ("last_modified", event.last_modified)):
        if stamp is not None and stamp > latest:
            message = f"`{key}` of `{event.id}` is in the future: {format_utc(stamp)}"
            hint = "write the actual date, or delete the key: programs may ignore every change until then"
            yield problem_at(marks.get(key, event.mark), "far-revision", message, hint)


def with_endings(
    events: tuple[Event, ...], baseline: Mapping[str, Published], now: datetime | None
) -> tuple[Event, ...]:
    """Return the events of the sources, with an ending for each series that was called off after it had begun.

    Args:
        events: the events of the sources.
        baseline: what was published before, by UID.
        now: the build's time; None to end no further series.

    Raises:
        OutputError: the content of an event in the manifest is unreadable.
    """
    if not any(may_end(event) and event.uid in baseline for event in events):
        return events
    at = None if now is None else whole_second(now)
    return tuple(
        with_ending(event, baseline[event.uid].event, at) if may_end(event) and event.uid in baseline else event
        for event in events
    )


def removed_events(events: Iterable[Event], baseline: Mapping[str, Published]) -> tuple[Published, ...]:
    """Return everything that was published under a UID that is not in the sources, including tombstones.

    Each has a unique id. If an event of the sources has taken its id, a number is appended.
    """
    uids: set[str] = set()
    ids: set[str] = set()
    for event in events:
        uids.update(piece.uid for piece in pieces_of(event))
        uids.add(event.uid)
        ids.add(event.id)
    removed = [item for item in baseline.values() if item.uid not in uids]
    taken_ids = ids | {item.id for item in removed}
    with_unique_ids = []
    for item in removed:
        event_id = _free_id(item.id, taken_ids) if item.id in ids else item.id
        ids.add(event_id)
        taken_ids.add(event_id)
        with_unique_ids.append(item if event_id == item.id else replace(item, id=event_id))
    return tuple(with_unique_ids)


def lost_uids(uids: Container[str], baseline: Mapping[str, Published]) -> dict[str, Published]:
    """Return, by id, the events that were published under a UID that is no longer in the sources.

    To people, an event that keeps its id under a new UID is the same event.
    """
    return {item.id: item for item in baseline.values() if item.removed is None and item.uid not in uids}


def bury(removed: Iterable[Published], now: datetime) -> tuple[Revised, ...]:
    """Return the tombstones of events that left the sources: each as it was, but cancelled.

    An event that has passed leaves no tombstone, because it did take place. If a later date was published before, the
    event stays unchanged until that date is over, so that subscribers who have that date learn the right one.

    Args:
        removed: published events that left the sources.
        now: the build's time.

    Raises:
        OutputError: the content of an event in the manifest is unreadable.
    """
    buried = [_tombstone(item, whole_second(now)) for item in removed if leaves_tombstone(item, now)]
    # Drop the tombstone of a piece if the tombstone of a whole event has a piece with the same UID.
    piece_uids = {piece.uid for item in buried for piece in pieces_of(item.event) if piece.uid != item.event.uid}
    return tuple(item for item in buried if item.event.uid not in piece_uids)


def leaves_tombstone(item: Published, now: datetime) -> bool:
    """Return whether an event that left the sources is still published.

    Raises:
        OutputError: its content in the manifest is unreadable.
    """
    return item.removed is not None or may_be_ahead(item, now)


def may_be_ahead(item: Published, now: datetime) -> bool:
    """Return whether any date ever published for an event is still ahead.

    Raises:
        OutputError: its content in the manifest is unreadable.
    """
    return (item.copies.until is not None and item.copies.until >= now) or not has_passed(item, now)


def has_passed(item: Published, now: datetime) -> bool:
    """Return whether a published event is over in every time zone.

    Raises:
        OutputError: its content in the manifest is unreadable.
    """
    return ends_at(item.event, item.removed or now) < now


def ends_at(event: Event, removed: datetime) -> datetime:
    """Return when an event is over in every time zone; for an endless series, a year after its removal."""
    recurrence = event.recurrence
    if recurrence is not None and recurrence.is_endless:
        return removed + KEPT_ENDLESS
    ends = [span_of(event)[1]]
    if recurrence is not None:
        ends.append((recurrence.starts[-1] + length_of(event.when)).replace(tzinfo=UTC))
        ends += (span_of(instance.event)[1] for instance in recurrence.instances)
    return max(ends) + timedelta(days=1)


def whole_second(now: datetime) -> datetime:
    """Return a build's time as it is written: in UTC, without fractions of a second."""
    return now.astimezone(UTC).replace(microsecond=0)


def _tombstone(item: Published, build_time: datetime) -> Revised:
    is_kept = item.removed is not None or has_passed(item, build_time)
    content = item.content if is_kept else cancelled_from(item.content, item.event, build_time)
    tombstone = item if content == item.content else replace(item, content=content)
    revision = item.revision if tombstone is item else next_revision(item.revision, build_time)
    return Revised(tombstone.event, content, fingerprint_of(content), revision, item.removed or build_time)


def _free_id(event_id: str, taken_ids: Container[str]) -> str:
    """Return an unused id that resembles the given one: `talk-2`."""
    stem = event_id[: MAX_NAME - 10].rstrip("-")
    return next(free_id for number in count(2) if (free_id := f"{stem}-{number}") not in taken_ids)


def _last_revision(event: Event, baseline: Mapping[str, Published], retired: Mapping[str, Revision]) -> Revision | None:
    """Return the last revision of an event and its pieces, some of which may have become tombstones."""
    before = baseline.get(event.uid)
    last = retired.get(event.uid) if before is None else before.revision
    pieces = pieces_of(event)
    for piece in pieces if pieces != (event,) else ():
        published_piece = baseline.get(piece.uid)
        of_piece = retired.get(piece.uid) if published_piece is None else published_piece.revision
        if of_piece is not None and (last is None or of_piece.sequence > last.sequence):
            created = of_piece.created if last is None else last.created
            last_modified = of_piece.last_modified if last is None else max(last.last_modified, of_piece.last_modified)
            last = Revision(of_piece.sequence, created, last_modified)
    return last


def next_revision(old: Revision, build_time: datetime) -> Revision:
    """Return the next revision, stamped later even if the clock is not: ICSx5 ignores updates that are no later."""
    last_modified = max(build_time, old.last_modified + timedelta(seconds=1))
    return Revision(min(old.sequence + 1, MAX_SEQUENCE), old.created, last_modified)


def _revision(event: Event, old: Revision | None, build_time: datetime, *, is_same: bool) -> Revision:
    if old is None:
        sequence = event.sequence or 0
        last_modified = event.last_modified or max(build_time, event.created or build_time)
        created = event.created or min(build_time, last_modified)
        if event.last_modified is not None and event.created is None:
            created = last_modified  # nothing else is known about its past
    elif old.sequence >= MAX_SEQUENCE and not is_same:
        message = f"`{event.id}` changed, but its SEQUENCE is already {MAX_SEQUENCE}, the highest possible number"
        hint = "write a different `uid`: subscribers then see a new event"
        mark = dict(event.stamp_marks).get("sequence", event.mark)
        raise OutputError([problem_at(mark, "highest-sequence", message, hint)])
    else:
        new = old if is_same else next_revision(old, build_time)
        created = max(new.created, event.created or new.created)
        sequence = max(new.sequence, event.sequence or 0)
        last_modified = max(new.last_modified, event.last_modified or new.last_modified)
    return Revision(sequence, created, max(created, last_modified))


def _stale_floors(event: Event, old: Revision) -> Iterator[Problem]:
    floors = (
        ("sequence", event.sequence, old.sequence),
        ("created", event.created, old.created),
        ("last_modified", event.last_modified, old.last_modified),
    )
    for key, floor, published in floors:
        if floor is not None and floor < published:  # type: ignore[operator]
            value = format_utc(published) if isinstance(published, datetime) else published
            message = f"`{key}` of `{event.id}` is behind the published value, {value}"
            hint = f"delete `{key}`: calfeed keeps it up to date"
            yield problem_at(dict(event.stamp_marks).get(key, event.mark), "stale-revision", message, hint)
