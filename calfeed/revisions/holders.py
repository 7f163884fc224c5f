"""Track outdated copies that subscribers may still have: earlier published dates, and feeds that once had the event.

A subscriber's program may keep what it read from any earlier build. When an event moves to an earlier date or leaves a
feed, its row in the manifest no longer shows the old date or feed. Extra keys of the row keep it until the last of
those dates is over. A cancelled event stays in every feed that ever had it, so that everyone who has a copy sees the
cancellation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from calfeed.model import Feed, Status
from calfeed.revisions.content_diff import has_same_dates
from calfeed.revisions.revise import NO_COPIES, OldCopies, Published, Revised, ends_at


def remember(
    events: Iterable[Revised], feeds: Sequence[Feed], baseline: Mapping[str, Published], now: datetime
) -> dict[str, OldCopies]:
    """Return the outdated copies of events, by UID; events without outdated copies are left out.

    Args:
        events: all published events, including tombstones.
        feeds: the feeds, each with the events that its own rules select, without tombstones.
        baseline: what was published before, by UID.
        now: the build's time.

    Raises:
        OutputError: the dates of an event changed, and its content in the manifest is unreadable.
    """
    if not baseline:
        return {}
    slugs_by_event = _slugs_by_event(feeds)
    families = {slug: family for family in ((feed.slug, *feed.aliases) for feed in feeds) for slug in family}
    copies = {}
    for item in events:
        before = baseline.get(item.event.uid)
        if before is None:
            continue
        slugs = slugs_by_event.get(item.event.id, [])
        if before.fingerprint == item.fingerprint and not before.copies and before.feeds == tuple(slugs):
            continue
        until = _latest_end(before, item, now)
        earlier_slugs = set(before.copies.feeds)
        if item.removed is not None or not is_past(item, OldCopies(until), now):
            earlier_slugs.update(before.feeds)
        # A feed that replaces another one has the same subscribers.
        reached_slugs = {slug for earlier in earlier_slugs for slug in families.get(earlier, (earlier,))}
        old_copies = OldCopies(until, tuple(sorted(reached_slugs.difference(slugs))))
        if old_copies:
            copies[item.event.uid] = old_copies
    return copies


def notify_holders(
    feeds: Sequence[Feed], events: Sequence[Revised], copies: Mapping[str, OldCopies]
) -> tuple[tuple[Feed, ...], dict[str, OldCopies]]:
    """Add to each feed the cancelled events and tombstones that it once had; return the feeds and all old copies.

    Args:
        feeds: the feeds, each with the events that its own rules select.
        events: all events, in the order of the feeds.
        copies: the outdated copies of events, by UID.
    """
    added_ids: dict[str, list[str]] = {}
    remembered = dict(copies)
    slugs = {slug for feed in feeds for slug in (feed.slug, *feed.aliases)}
    for item in events:
        old_copies = copies.get(item.event.uid, NO_COPIES)
        if item.removed is None and item.event.status is not Status.CANCELLED:
            continue
        for slug in old_copies.feeds:
            added_ids.setdefault(slug, []).append(item.event.id)
        if item.removed is not None and old_copies:
            # Its row names the feeds it is in; only feeds that no longer exist must be remembered separately.
            separate = OldCopies(old_copies.until, tuple(slug for slug in old_copies.feeds if slug not in slugs))
            remembered[item.event.uid] = separate
    if not added_ids:
        return tuple(feeds), _not_empty(remembered)
    rank = {item.event.id: number for number, item in enumerate(events)}
    return tuple(_with_more(feed, added_ids, rank) for feed in feeds), _not_empty(remembered)


def is_notice(item: Revised, copies: Mapping[str, OldCopies]) -> bool:
    """Return whether an event is in some feeds only to say that it is cancelled."""
    return item.event.status is Status.CANCELLED and bool(copies.get(item.event.uid, NO_COPIES).feeds)


def forget_past(
    feeds: Sequence[Feed], events: Iterable[Revised], copies: Mapping[str, OldCopies], now: datetime
) -> tuple[tuple[Feed, ...], dict[str, OldCopies]]:
    """Drop past events that feeds had only to show their cancellation; return the feeds and the copies that remain."""
    remaining: dict[str, OldCopies] = {}
    dropped_ids: dict[str, set[str]] = {}
    for item in events:
        old_copies = copies.get(item.event.uid)
        if old_copies is None:
            continue
        if not is_past(item, old_copies, now):
            is_later = old_copies.until is not None and old_copies.until >= now
            remaining[item.event.uid] = old_copies if is_later else replace(old_copies, until=None)
        elif item.removed is None and is_notice(item, copies):
            for slug in old_copies.feeds:
                dropped_ids.setdefault(slug, set()).add(item.event.id)
    kept = (
        replace(
            feed, event_ids=tuple(event_id for event_id in feed.event_ids if event_id not in dropped_ids[feed.slug])
        )
        if feed.slug in dropped_ids
        else feed
        for feed in feeds
    )
    return tuple(kept), _not_empty(remaining)


def is_past(item: Revised, copies: OldCopies, now: datetime) -> bool:
    """Return whether every date ever published for an event is over, so that subscribers no longer need it."""
    are_copies_past = copies.until is None or copies.until < now
    return are_copies_past and ends_at(item.event, item.removed or now) < now


def _latest_end(before: Published, item: Revised, now: datetime) -> datetime | None:
    """Return when the latest date ever published is over; None if that is the current one."""
    if has_same_dates(before.content, item.content):
        return before.copies.until
    latest = ends_at(before.event, before.removed or now)
    if before.copies.until is not None:
        latest = max(latest, before.copies.until)
    return latest if latest > ends_at(item.event, item.removed or now) else None


def _slugs_by_event(feeds: Iterable[Feed]) -> dict[str, list[str]]:
    """Return the slugs of the feeds that have each event, including aliases, by event id."""
    slugs: dict[str, list[str]] = {}
    for feed in feeds:
        for event_id in feed.event_ids:
            slugs.setdefault(event_id, []).extend((feed.slug, *feed.aliases))
    return slugs


def _with_more(feed: Feed, added_ids: Mapping[str, Sequence[str]], rank: Mapping[str, int]) -> Feed:
    """Return a feed with the events added under its slug and aliases, in the order of `rank`."""
    more = {event_id for slug in (feed.slug, *feed.aliases) for event_id in added_ids.get(slug, ())}
    if not more:
        return feed
    return replace(feed, event_ids=tuple(sorted(more.union(feed.event_ids), key=rank.__getitem__)))


def _not_empty(copies: Mapping[str, OldCopies]) -> dict[str, OldCopies]:
    return {uid: old_copies for uid, old_copies in copies.items() if old_copies}
