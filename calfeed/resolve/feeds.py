"""Resolves the feeds of a calendar and the events that each contains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import date

from calfeed.diagnostics.problem import Mark, Problem, problem_at
from calfeed.diagnostics.spelling import did_you_mean
from calfeed.model import Calendar, Event, Feed, Venue
from calfeed.resolve.prose import check_markdown
from calfeed.series.agenda import days_of
from calfeed.source.entries import Place
from calfeed.source.schema import FeedEntry, WindowEntry
from calfeed.values.ids import category_slug


@dataclass(frozen=True)
class WrittenFeed:
    """An extra feed as written in calendar.yaml, with its place."""

    entry: FeedEntry
    place: Place


@dataclass(frozen=True)
class WrittenFeeds:
    """The feeds as calendar.yaml describes them.

    Attributes:
        extra: the extra feeds.
        automatic: which of `category` and `venue` have automatic feeds.
        window: the days whose events the main and automatic feeds contain.
        place: where the window is written.
    """

    extra: Sequence[WrittenFeed]
    automatic: Sequence[str]
    window: WindowEntry
    place: Place


def resolve_feeds(
    calendar: Calendar,
    written: WrittenFeeds,
    venues: Mapping[str, Venue | None] | None,
    events: Sequence[Event],
    *,
    are_all: bool,
) -> tuple[tuple[Feed, ...], tuple[Problem, ...]]:
    """Return the main, extra and automatic feeds, and their problems.

    Args:
        calendar: the calendar.
        written: the feeds as written.
        venues: the venues by id; None if venues.yaml is unusable.
        events: the events that could be read.
        are_all: whether `events` is complete, so that a feed without events is really empty.
    """
    problems = list(_order_problems(written.window, written.place))
    in_window = [event for event in events if _is_within(event, written.window)]
    if are_all and events and not in_window and not problems:
        message = "no event falls within the calendar's window, so its main feed is empty"
        problems.append(problem_at(written.place.mark(), "empty-feed", message, "check the dates of the window"))
    main = Feed(
        slug=calendar.slug,
        path=f"{calendar.slug}.ics",
        name=calendar.name,
        description=calendar.description,
        event_ids=tuple(event.id for event in in_window),
        aliases=calendar.aliases,
        mark=calendar.mark,
    )
    feeds = [main]
    marks_by_slug = {calendar.slug: calendar.mark}
    for feed in written.extra:
        problems += _feed_problems(feed, marks_by_slug, venues)
        extra = _extra_feed(feed, events)
        if are_all and not extra.event_ids:
            message = f"the feed `{extra.slug}` contains no events"
            problems.append(problem_at(extra.mark, "empty-feed", message, "check its categories, venues and dates"))
        feeds.append(extra)
    # A feed without events in the window is published empty, because its address must keep working.
    ids_in_window = {event.id for event in in_window}
    if "category" in written.automatic:
        feeds += (_trimmed(feed, ids_in_window) for feed in _category_feeds(calendar, events, problems))
    if "venue" in written.automatic:
        feeds += (_trimmed(feed, ids_in_window) for feed in _venue_feeds(calendar, events))
    problems += _alias_problems(calendar, written.extra, {feed.slug: feed.mark for feed in feeds})
    return tuple(feeds), tuple(problems)


def _feed_problems(
    feed: WrittenFeed, marks_by_slug: dict[str, Mark], venues: Mapping[str, Venue | None] | None
) -> Iterator[Problem]:
    entry, place = feed.entry, feed.place
    slug, mark = entry.slug or "", place.mark("slug")
    first = marks_by_slug.setdefault(slug, mark)
    if first is not mark:
        message = f"another feed already has the slug `{slug}`"
        yield problem_at(mark, "duplicate-slug", message, "every feed needs its own slug", first)
    yield from check_markdown(entry.description, place, "description")
    yield from _order_problems(entry, place)
    for number, venue in enumerate(entry.venues or ()):
        if venues is not None and venue not in venues:
            hint = did_you_mean(venue, venues, "add it to venues.yaml")
            yield problem_at(place.mark("venues", number), "unknown-venue", f"there is no venue `{venue}`", hint)


def _order_problems(days: FeedEntry | WindowEntry, place: Place) -> Iterator[Problem]:
    if days.from_ is not None and days.to is not None and days.to < days.from_:
        hint = f"the last day cannot be before the first: write `to: {days.from_}` or later"
        yield problem_at(place.mark("to"), "end-before-start", f"{days.to} is before {days.from_}", hint)


def _alias_problems(calendar: Calendar, written: Sequence[WrittenFeed], taken: dict[str, Mark]) -> Iterator[Problem]:
    """Yield a problem for each alias that is a feed's current slug or another feed's alias."""
    claims = list(zip(calendar.aliases, calendar.alias_marks, strict=True))
    claims += [(alias, feed.place.mark("aliases", n)) for feed in written for n, alias in enumerate(feed.entry.aliases)]
    for alias, mark in claims:
        if alias in taken:
            hint = "delete the alias: that address is in use"
            yield problem_at(mark, "duplicate-slug", f"there is already a feed `{alias}`", hint, taken[alias])
        taken[alias] = mark


def _extra_feed(feed: WrittenFeed, events: Sequence[Event]) -> Feed:
    entry = feed.entry
    return Feed(
        slug=entry.slug or "",
        path=f"feeds/{entry.slug}.ics",
        name=entry.name or "",
        description=entry.description,
        event_ids=tuple(event.id for event in events if _fits(event, entry)),
        aliases=tuple(entry.aliases),
        mark=feed.place.mark("slug"),
    )


def _fits(event: Event, entry: FeedEntry) -> bool:
    """Return whether an event passes every filter: one of the categories, one of the venues, a day in the range."""
    if entry.categories is not None and not set(entry.categories) & set(event.categories):
        return False
    if entry.venues is not None and (event.venue is None or event.venue.id not in entry.venues):
        return False
    return _is_within(event, entry)


def _is_within(event: Event, days: FeedEntry | WindowEntry) -> bool:
    """Return whether any part of an event falls on the given days."""
    if days.from_ is None and days.to is None:
        return True
    first, last = _days(event)
    return (days.from_ is None or last >= days.from_) and (days.to is None or first <= days.to)


def _trimmed(feed: Feed, kept_ids: AbstractSet[str]) -> Feed:
    """Return a feed reduced to the events in `kept_ids`."""
    return replace(feed, event_ids=tuple(event_id for event_id in feed.event_ids if event_id in kept_ids))


def _days(event: Event) -> tuple[date, date]:
    first, last = days_of(event.when)
    if event.recurrence is None:
        return first, last
    # A series lasts from its first to its last occurrence; without an end, it lasts forever.
    return first, date.max if event.recurrence.is_endless else max(last, event.recurrence.starts[-1].date())


def _category_feeds(calendar: Calendar, events: Iterable[Event], problems: list[Problem]) -> Iterator[Feed]:
    by_slug: dict[str, dict[str, None]] = {}
    names: dict[str, tuple[str, Event]] = {}
    for event in events:
        for category in event.categories:
            slug = category_slug(category)
            first, first_event = names.setdefault(slug, (category, event))
            if first != category:
                message = f"the categories `{category}` and `{first}` share the feed category/{slug}"
                hint = f"write `{first}` everywhere if they mean the same thing"
                problems.append(problem_at(event.mark, "similar-categories", message, hint, first_event.mark))
            by_slug.setdefault(slug, {})[event.id] = None
    for slug, ids in sorted(by_slug.items()):
        category, event = names[slug]
        yield _automatic(calendar, "category", slug, category, tuple(ids), event.mark)


def _venue_feeds(calendar: Calendar, events: Iterable[Event]) -> Iterator[Feed]:
    by_venue: dict[str, list[Event]] = {}
    for event in events:
        if event.venue is not None and event.venue.id is not None:
            by_venue.setdefault(event.venue.id, []).append(event)
    for venue_id, events_there in sorted(by_venue.items()):
        venue = events_there[0].venue
        if venue is not None:
            event_ids = tuple(event.id for event in events_there)
            yield _automatic(calendar, "venue", venue_id, venue.name, event_ids, venue.mark)


def _automatic(calendar: Calendar, kind: str, slug: str, subject: str, ids: tuple[str, ...], mark: Mark) -> Feed:
    return Feed(
        slug=f"{kind}/{slug}",
        path=f"feeds/{kind}/{slug}.ics",
        name=f"{calendar.name}: {subject}",
        description=None,
        event_ids=ids,
        mark=mark,
    )
