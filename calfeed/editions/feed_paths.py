"""The addresses of feeds: which vanished, which stay for their tombstones, and which are aliases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from calfeed.diagnostics.problem import InvalidValue
from calfeed.editions.manifest import Manifest, PublishedFeed
from calfeed.model import Feed, Project
from calfeed.revisions.revise import Published, leaves_tombstone
from calfeed.values.ids import read_id


def lost_feeds(project: Project, baseline: Manifest, buried: set[str]) -> tuple[PublishedFeed, ...]:
    """Return the feeds that vanished, except those kept for their tombstones.

    Args:
        project: the sources.
        baseline: what is published.
        buried: the UIDs of removed events that have a tombstone.
    """
    return tuple(feed for feed in _missing_feeds(project, baseline) if not _has_only_tombstones(feed, baseline, buried))


def kept_feeds(project: Project, baseline: Manifest, buried: set[str]) -> Iterator[Feed]:
    """Yield the automatic feeds whose events were all removed: they still show the tombstones."""
    calendar = project.calendar
    for feed in _missing_feeds(project, baseline):
        if _has_only_tombstones(feed, baseline, buried):
            # Its name begins with the calendar's, which is that of the first feed and may have changed.
            prefix, name = f"{baseline.feeds[0].name}: ", feed.name
            if name.startswith(prefix):
                name = f"{calendar.name}: {name.removeprefix(prefix)}"
            yield Feed(slug=feed.slug, path=feed.path, name=name, description=None, event_ids=(), mark=calendar.mark)


def _missing_feeds(project: Project, baseline: Manifest) -> Iterator[PublishedFeed]:
    present = {
        path for feed in project.feeds for path in (feed.path, *(_path_of(alias, feed) for alias in feed.aliases))
    }
    return (feed for feed in baseline.feeds if feed.path not in present)


def buried_uids(removed: Iterable[Published], now: datetime | None) -> set[str]:
    """Return the UIDs of removed events that have a tombstone."""
    return {item.uid for item in removed if now is None or leaves_tombstone(item, now)}


def _has_only_tombstones(feed: PublishedFeed, baseline: Manifest, buried: set[str]) -> bool:
    """Return whether a feed is automatic and only tombstones are left in it."""
    if feed.moved_to is not None or not is_automatic(feed):
        return False
    # Events that are in it only to announce their cancellation do not count.
    uids = (
        uid for uid, item in baseline.events.items() if feed.slug in item.feeds and feed.slug not in item.copies.feeds
    )
    return all(uid in buried for uid in uids)


def with_aliases(feeds: Iterable[Feed]) -> tuple[Feed, ...]:
    """Return the feeds, each followed by copies at its aliases."""
    all_feeds: list[Feed] = []
    for feed in feeds:
        all_feeds.append(feed)
        all_feeds += (
            replace(feed, slug=alias, path=_path_of(alias, feed), aliases=(), moved_to=feed.path)
            for alias in feed.aliases
        )
    return tuple(all_feeds)


def _path_of(alias: str, feed: Feed) -> str:
    return f"{feed.path.removesuffix(f'{feed.slug}.ics')}{alias}.ics"


def is_automatic(feed: Feed | PublishedFeed) -> bool:
    """Return whether a feed was made for a category or venue; only such slugs of a manifest are used to make paths."""
    kind, _, slug = feed.slug.partition("/")
    try:
        return kind in ("category", "venue") and read_id(slug) == slug and feed.path == f"feeds/{feed.slug}.ics"
    except InvalidValue:
        return False
