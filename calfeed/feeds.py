"""Which feeds there are and which events each holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from calfeed import fields
from calfeed.entries import Place
from calfeed.errors import Mark, Problem, error, warning
from calfeed.model import AllDay, Calendar, Event, Feed, Venue
from calfeed.schema import CalendarEntry, FeedEntry


def resolve_feeds(
    calendar: Calendar,
    entry: CalendarEntry,
    place: Place,
    venues: Mapping[str, Venue | None] | None,
    events: Sequence[Event],
    *,
    are_all: bool,
) -> tuple[tuple[Feed, ...], tuple[Problem, ...]]:
    """Return the main feed, the extra ones and the automatic ones, and the problems of those that were written.

    Args:
        calendar: the calendar.
        entry: what calendar.yaml says of feeds.
        place: where it says so.
        venues: the venues there are; None if nobody can know.
        events: the events that could be read.
        are_all: whether these are all events, so that a feed without any is really empty.
    """
    problems: list[Problem] = []
    main = Feed(
        slug=calendar.slug,
        path=f"{calendar.slug}.ics",
        name=calendar.name,
        description=calendar.description,
        event_ids=tuple(event.id for event in events),
        mark=calendar.mark,
    )
    feeds = [main, *_extra_feeds(entry.feeds, place, venues, events, problems, are_all=are_all)]
    if "category" in entry.automatic_feeds:
        feeds += _category_feeds(calendar, events, problems)
    if "venue" in entry.automatic_feeds:
        feeds += _venue_feeds(calendar, events)
    return tuple(feeds), tuple(problems)


def _extra_feeds(
    entries: Sequence[FeedEntry],
    place: Place,
    venues: Mapping[str, Venue | None] | None,
    events: Sequence[Event],
    problems: list[Problem],
    *,
    are_all: bool,
) -> Iterator[Feed]:
    seen: dict[str, Mark] = {}
    for index, entry in enumerate(entries):
        mark = place.mark("feeds", index, "slug")
        if entry.slug in seen:
            message = f"the slug `{entry.slug}` is already used in line {seen[entry.slug].line}"
            hint = "every feed needs an address of its own"
            problems.append(error(mark, "duplicate-slug", message, hint, seen[entry.slug]))
            continue
        seen[entry.slug] = mark
        if entry.from_ is not None and entry.to is not None and entry.to < entry.from_:
            hint = f"the last day is the first or a later one: `to: {entry.from_}`"
            message = f"{entry.to} is before {entry.from_}"
            problems.append(error(place.mark("feeds", index, "to"), "end-before-start", message, hint))
            continue
        for number, venue in enumerate(entry.venues or ()):
            if venues is not None and venue not in venues:
                hint = fields.did_you_mean(venue, venues, "add it to venues.yaml")
                at = place.mark("feeds", index, "venues", number)
                problems.append(error(at, "unknown-venue", f"there is no venue `{venue}`", hint))
        chosen = tuple(event.id for event in events if _fits(event, entry))
        if are_all and not chosen:
            message = f"the feed `{entry.slug}` holds no event"
            hint = "check its categories, venues and dates"
            problems.append(warning(mark, "empty-feed", message, hint))
        yield Feed(
            slug=entry.slug,
            path=f"feeds/{entry.slug}.ics",
            name=entry.name,
            description=entry.description,
            event_ids=chosen,
            mark=mark,
        )


def _fits(event: Event, entry: FeedEntry) -> bool:
    """Tell whether an event passes every filter: any of the categories, any of the venues, some day in the range."""
    if entry.categories is not None and not set(entry.categories) & set(event.categories):
        return False
    if entry.venues is not None and (event.venue is None or event.venue.id not in entry.venues):
        return False
    first, last = _days(event)
    return (entry.from_ is None or last >= entry.from_) and (entry.to is None or first <= entry.to)


def _days(event: Event) -> tuple[date, date]:
    when = event.when
    if isinstance(when, AllDay):
        return when.first, when.last
    return when.start.wall.date(), (when.end or when.start).wall.date()


def _category_feeds(calendar: Calendar, events: Iterable[Event], problems: list[Problem]) -> Iterator[Feed]:
    by_slug: dict[str, dict[str, None]] = {}
    names: dict[str, tuple[str, Event]] = {}
    for event in events:
        for category in event.categories:
            slug = fields.category_slug(category)
            first, first_event = names.setdefault(slug, (category, event))
            if first != category:
                message = f"the categories `{category}` and `{first}` share the feed category/{slug}"
                hint = f"write `{first}` everywhere if they mean the same"
                problems.append(warning(event.mark, "similar-categories", message, hint, first_event.mark))
            by_slug.setdefault(slug, {})[event.id] = None
    for slug, ids in sorted(by_slug.items()):
        category, event = names[slug]
        yield _automatic(calendar, "category", slug, category, tuple(ids), event.mark)


def _venue_feeds(calendar: Calendar, events: Iterable[Event]) -> Iterator[Feed]:
    by_venue: dict[str, list[Event]] = {}
    for event in events:
        if event.venue is not None and event.venue.id is not None:
            by_venue.setdefault(event.venue.id, []).append(event)
    for venue_id, held in sorted(by_venue.items()):
        venue = held[0].venue
        if venue is not None:
            yield _automatic(calendar, "venue", venue_id, venue.name, tuple(event.id for event in held), venue.mark)


def _automatic(calendar: Calendar, kind: str, slug: str, subject: str, ids: tuple[str, ...], mark: Mark) -> Feed:
    return Feed(
        slug=f"{kind}/{slug}",
        path=f"feeds/{kind}/{slug}.ics",
        name=f"{calendar.name}: {subject}",
        description=None,
        event_ids=ids,
        mark=mark,
    )
