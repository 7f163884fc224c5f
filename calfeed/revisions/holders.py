"""Track outdated copies that subscribers may still hold: earlier published dates, and feeds that once held the event.

A subscriber's program may keep what it read from any earlier build. When an event moves to an earlier date or leaves a
feed, its row in the manifest no longer shows that. It is therefore remembered in extra keys of the row until the last
of those dates is over. A cancelled event stays in every feed that ever held it, so that all its holders learn of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from calfeed.model import Feed, Status
from calfeed.revisions.content_diff import has_same_dates
from calfeed.revisions.revise import UNHELD, Held, Published, Revised, ends_at


def remember(
    events: Iterable[Revised], feeds: Sequence[Feed], baseline: Mapping[str, Published], now: datetime
) -> dict[str, Held]:
    """Return what subscribers may hold of each event beyond its current dates and feeds, by UID.

    Args:
        events: all published events, including tombstones.
        feeds: the feeds, each with the events that its own rules select; they hold no tombstones.
        baseline: what was published before, by UID.
        now: the build's time.

    Raises:
        OutputError: the dates of an event changed, and the manifest does not say what it was.
    """
    if not baseline:
        return {}
    own_slugs = _slugs_by_event(feeds)
    families = {slug: family for family in ((feed.slug, *feed.aliases) for feed in feeds) for slug in family}
    remembered = {}
    for item in events:
        before = baseline.get(item.event.uid)
        if before is None:
            continue
        own = own_slugs.get(item.event.id, [])
        if before.fingerprint == item.fingerprint and not before.held and before.feeds == tuple(own):
            continue
        until = _held_until(before, item, now)
        left = set(before.held.feeds)
        if item.removed is not None or not is_let_go(item, Held(until), now):
            left.update(before.feeds)
        # A feed that replaces another one has the same subscribers.
        reached = {slug for each in left for slug in families.get(each, (each,))}
        held = Held(until, tuple(sorted(reached.difference(own))))
        if held:
            remembered[item.event.uid] = held
    return remembered


def tell_holders(
    feeds: Sequence[Feed], events: Sequence[Revised], held: Mapping[str, Held]
) -> tuple[tuple[Feed, ...], dict[str, Held]]:
    """Add to each feed the cancelled events and tombstones that it once held; return the feeds and what to remember.

    Args:
        feeds: the feeds, each with the events that its own rules select.
        events: all events, in the order of the feeds.
        held: what subscribers may hold, as `remember` returns it.
    """
    told: dict[str, list[str]] = {}
    remembered = dict(held)
    slugs = {slug for feed in feeds for slug in (feed.slug, *feed.aliases)}
    for item in events:
        holding = held.get(item.event.uid, UNHELD)
        if item.removed is None and item.event.status is not Status.CANCELLED:
            continue
        for slug in holding.feeds:
            told.setdefault(slug, []).append(item.event.id)
        if item.removed is not None and holding:
            # Its row names the feeds it is in; only feeds that no longer exist must be remembered separately.
            rest = Held(holding.until, tuple(slug for slug in holding.feeds if slug not in slugs))
            remembered[item.event.uid] = rest
    if not told:
        return tuple(feeds), _not_empty(remembered)
    rank = {item.event.id: number for number, item in enumerate(events)}
    return tuple(_with_more(feed, told, rank) for feed in feeds), _not_empty(remembered)


def is_told(item: Revised, held: Mapping[str, Held]) -> bool:
    """Return whether an event is in some feeds only to tell subscribers that it is cancelled."""
    return item.event.status is Status.CANCELLED and bool(held.get(item.event.uid, UNHELD).feeds)


def forget_past(
    feeds: Sequence[Feed], events: Iterable[Revised], held: Mapping[str, Held], now: datetime
) -> tuple[tuple[Feed, ...], dict[str, Held]]:
    """Drop past events that feeds held only to show their cancellation; return the feeds and what is still held."""
    ahead: dict[str, Held] = {}
    untold: dict[str, set[str]] = {}
    for item in events:
        holding = held.get(item.event.uid)
        if holding is None:
            continue
        if not is_let_go(item, holding, now):
            is_later = holding.until is not None and holding.until >= now
            ahead[item.event.uid] = holding if is_later else replace(holding, until=None)
        elif item.removed is None and is_told(item, held):
            for slug in holding.feeds:
                untold.setdefault(slug, set()).add(item.event.id)
    kept = (
        replace(feed, event_ids=tuple(each for each in feed.event_ids if each not in untold[feed.slug]))
        if feed.slug in untold
        else feed
        for feed in feeds
    )
    return tuple(kept), _not_empty(ahead)


def is_let_go(item: Revised, held: Held, now: datetime) -> bool:
    """Return whether every date ever published for an event is over, so that no subscriber needs to hear of it."""
    is_later_over = held.until is None or held.until < now
    return is_later_over and ends_at(item.event, item.removed or now) < now


def _held_until(before: Published, item: Revised, now: datetime) -> datetime | None:
    """Return when the latest date ever published is over; None if that is the current one."""
    if has_same_dates(before.content, item.content):
        return before.held.until
    latest = ends_at(before.event, before.removed or now)
    if before.held.until is not None:
        latest = max(latest, before.held.until)
    return latest if latest > ends_at(item.event, item.removed or now) else None


def _slugs_by_event(feeds: Iterable[Feed]) -> dict[str, list[str]]:
    """Return the slugs of the feeds that hold each event, including aliases, by event id."""
    slugs: dict[str, list[str]] = {}
    for feed in feeds:
        for event_id in feed.event_ids:
            slugs.setdefault(event_id, []).extend((feed.slug, *feed.aliases))
    return slugs


def _with_more(feed: Feed, told: Mapping[str, Sequence[str]], rank: Mapping[str, int]) -> Feed:
    more = {event_id for slug in (feed.slug, *feed.aliases) for event_id in told.get(slug, ())}
    if not more:
        return feed
    return replace(feed, event_ids=tuple(sorted(more.union(feed.event_ids), key=rank.__getitem__)))


def _not_empty(held: Mapping[str, Held]) -> dict[str, Held]:
    return {uid: each for uid, each in held.items() if each}
