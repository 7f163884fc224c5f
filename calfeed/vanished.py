"""Pieces of events that subscribers know and no event has any more: what is to be left of them as tombstones.

A series that gets another time, rule or end may be published in other pieces than before, or in one. The dates of a
piece that is gone are cancelled under its UID, unless the event still takes place then under another one of its UIDs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime

from calfeed.content import content_of, fingerprint_of
from calfeed.model import AllDay, Event, Status
from calfeed.pieces import is_over, pieces_of
from calfeed.revisions import Published, next_revision, restore, whole_second
from calfeed.series import first_start, horizon_of, occurrence_at, starts_between


def with_vanished(
    events: Iterable[Event], baseline: Mapping[str, Published], now: datetime | None
) -> Mapping[str, Published]:
    """Return what was published, and as events of their own the pieces that are gone while their event is not.

    Args:
        events: the events of the sources.
        baseline: what was published before, by UID.
        now: the time by which dates are over, which are left out; None if none are.

    Raises:
        OutputError: the manifest does not say what an event was.
    """
    held = tuple(events)
    if not any(item.pieces for item in baseline.values()):
        return baseline
    uids = {piece.uid for event in held for piece in pieces_of(event)}
    gone = (
        piece
        for event in held
        if (before := baseline.get(event.uid)) is not None and not uids.issuperset(before.pieces)
        for piece in _gone_pieces(event, before, uids, now)
    )
    return {**baseline, **{item.uid: item for item in gone if item.uid not in baseline}}


def _gone_pieces(event: Event, before: Published, uids: set[str], now: datetime | None) -> Iterator[Published]:
    kept = {begin for begin, _, _ in _occurrences(event)}
    for piece in pieces_of(restore(before)):
        left = None if piece.uid in uids else _without(piece, kept, now)
        if left is not None:
            content = content_of(left)
            # What is not cancelled yet gets its next revision as a tombstone. A tombstone with other dates is one, too.
            revision = before.revision
            if now is not None and left is not piece and piece.status is Status.CANCELLED:
                revision = next_revision(revision, whole_second(now))
            yield replace(
                before,
                uid=piece.uid,
                content=content,
                fingerprint=fingerprint_of(content),
                revision=revision,
                pieces=(),
            )


def _without(piece: Event, kept: set[datetime | date], now: datetime | None) -> Event | None:
    """Return a piece without the dates that are over or that are kept elsewhere; None if there are no others."""
    dropped = {
        start for begin, start, one in _occurrences(piece) if begin in kept or (now is not None and is_over(one, now))
    }
    recurrence = piece.recurrence
    if not dropped:
        return piece
    if recurrence is None:
        return None
    rdates = tuple(start for start in recurrence.rdates if start not in dropped)
    by_rule = dropped.difference(recurrence.rdates)
    starts = tuple(start for start in recurrence.starts if start not in dropped)
    if not recurrence.is_endless and not starts:
        return None
    left = replace(
        recurrence,
        rdates=rdates,
        exdates=tuple(sorted({*recurrence.exdates, *by_rule})),
        starts=starts,
        instances=tuple(each for each in recurrence.instances if each.recurrence_id not in dropped),
    )
    return replace(piece, recurrence=left)


def _occurrences(event: Event) -> Iterator[tuple[datetime | date, datetime, Event]]:
    """Yield when each occurrence begins, the start that the rule gives it, and the occurrence as an event."""
    when, recurrence = event.when, event.recurrence
    if recurrence is None:
        yield _begin_of(event), first_start(when), event
        return
    written = {instance.recurrence_id: instance.event for instance in recurrence.instances}
    for start in starts_between(when, recurrence, first_start(when), horizon_of(when, recurrence)):
        one = written.get(start)
        if one is None:
            found = occurrence_at(when, start, is_nominal=recurrence.is_nominal).when
            one = replace(event, when=found, recurrence=None, ending=None)
        yield _begin_of(one), start, one


def _begin_of(event: Event) -> datetime | date:
    return event.when.first if isinstance(event.when, AllDay) else event.when.start.instant
