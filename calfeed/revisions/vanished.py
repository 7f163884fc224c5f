"""Find published pieces that their events no longer have, and what remains of them as tombstones.

A series that gets a new time, rule or end may be published in different pieces than before, or in one. The dates of a
vanished piece are cancelled under its UID, unless the event still takes place then under a different UID.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime

from calfeed.model import AllDay, Event, Status
from calfeed.revisions.content import content_of, fingerprint_of
from calfeed.revisions.revise import Published, next_revision, whole_second
from calfeed.series.occurrences import first_start, horizon_of, occurrence_at, starts_between
from calfeed.series.pieces import is_over, owner_of, pieces_of


def with_vanished(
    events: Iterable[Event], baseline: Mapping[str, Published], now: datetime | None
) -> Mapping[str, Published]:
    """Return what was published, with each vanished piece of a remaining event added as a separate event.

    The tombstone of such a piece is dropped once the event has all of its dates again.

    Args:
        events: the events of the sources.
        baseline: what was published before, by UID.
        now: dates that are over by this time are left out; None to keep them all.

    Raises:
        OutputError: the content of an event in the manifest is unreadable.
    """
    in_pieces = [item.uid for item in baseline.values() if item.pieces]
    owners = {uid: owner_of(uid) for uid, item in baseline.items() if item.removed is not None}
    if not in_pieces and not any(owners.values()):
        return baseline
    events_by_uid = {event.uid: event for event in events}
    uids = {piece.uid for event in events_by_uid.values() for piece in pieces_of(event)}
    published = dict(baseline)
    for uid in in_pieces:
        if uid in events_by_uid and not uids.issuperset(baseline[uid].pieces):
            vanished = _vanished_pieces(events_by_uid[uid], baseline[uid], uids, now)
            published.update((item.uid, item) for item in vanished if item.uid not in baseline)
    for uid, owner in owners.items():
        if owner in events_by_uid and uid not in uids:
            # Its dates stay in it as time passes: dropping them would be a change without an edit.
            tombstone = baseline[uid].event
            rest = _without(tombstone, _begins_of(events_by_uid[owner]), None)
            if rest is None:
                del published[uid]
            else:
                published[uid] = _remaining(baseline[uid], rest, now, is_changed=rest is not tombstone)
    return published


def _vanished_pieces(event: Event, before: Published, uids: set[str], now: datetime | None) -> Iterator[Published]:
    begins = _begins_of(event)
    for piece in pieces_of(before.event):
        rest = None if piece.uid in uids else _without(piece, begins, now)
        if rest is not None:
            yield _remaining(before, rest, now, is_changed=rest is not piece)


def _remaining(before: Published, rest: Event, now: datetime | None, *, is_changed: bool) -> Published:
    """Return the rest of a piece as if it had been published as a separate event.

    A piece that is not cancelled yet gets its next revision as a tombstone; a cancelled one gets it here if its dates
    changed.
    """
    if before.uid == rest.uid and not is_changed:
        return before
    content, revision = content_of(rest), before.revision
    if is_changed and rest.status is Status.CANCELLED and now is not None:
        revision = next_revision(revision, whole_second(now))
    fingerprint = fingerprint_of(content)
    return replace(before, uid=rest.uid, content=content, fingerprint=fingerprint, revision=revision, pieces=())


def _without(piece: Event, kept: set[datetime | date], now: datetime | None) -> Event | None:
    """Return a piece without the dates that are over or kept elsewhere; None if no dates are left."""
    occurrences = list(_occurrences(piece))
    dropped = {
        start
        for begin, start, occurrence in occurrences
        if begin in kept or (now is not None and is_over(occurrence, now))
    }
    recurrence = piece.recurrence
    if not dropped:
        return piece
    if recurrence is None or len(dropped) == len(occurrences):
        return None
    rdates = tuple(start for start in recurrence.rdates if start not in dropped)
    by_rule = dropped.difference(recurrence.rdates)
    starts = tuple(start for start in recurrence.starts if start not in dropped)
    remaining = replace(
        recurrence,
        rdates=rdates,
        exdates=tuple(sorted({*recurrence.exdates, *by_rule})),
        starts=starts,
        instances=tuple(instance for instance in recurrence.instances if instance.recurrence_id not in dropped),
    )
    return replace(piece, recurrence=remaining)


def _begins_of(event: Event) -> set[datetime | date]:
    """Return when the occurrences of an event begin."""
    return {begin for begin, _, _ in _occurrences(event)}


def _occurrences(event: Event) -> Iterator[tuple[datetime | date, datetime, Event]]:
    """Yield, for each occurrence, when it begins, its start by the rule, and the occurrence as an event."""
    when, recurrence = event.when, event.recurrence
    if recurrence is None:
        yield _begin_of(event), first_start(when), event
        return
    overrides = {instance.recurrence_id: instance.event for instance in recurrence.instances}
    for start in starts_between(when, recurrence, first_start(when), horizon_of(when, recurrence)):
        occurrence = overrides.get(start)
        if occurrence is None:
            settled = occurrence_at(when, start, is_nominal=recurrence.is_nominal).when
            occurrence = replace(event, when=settled, recurrence=None, ending=None)
        yield _begin_of(occurrence), start, occurrence


def _begin_of(event: Event) -> datetime | date:
    return event.when.first if isinstance(event.when, AllDay) else event.when.start.instant
