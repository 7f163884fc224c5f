"""What templates see: events, feeds and the calendar as plain values, ready to be shown.

Every path is relative to DIST; a template puts `root` before it. Custom templates may use the names here
(docs/how-to/theme-the-site.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote, urlsplit

from calfeed.model import Calendar, Event, Feed, Organizer, Project, Rel, Status, Venue, image_path, page_path
from calfeed.series.agenda import days_of
from calfeed.site import dates, times
from calfeed.site.jsonld import event_json_ld
from calfeed.site.links import Link, SubscribeLinks, add_links, map_link
from calfeed.site.series import series_view
from calfeed.site.times import TimeView, WhenView
from calfeed.site.words import STATUSES, StatusWords
from calfeed.templates import Html, as_html
from calfeed.text.characters import close_embeddings
from calfeed.text.markdown import to_page, to_plain
from calfeed.values.ids import category_slug

_MAX_SUMMARY = 200
_CALLS = (Rel.REGISTER, Rel.TICKETS)
_IN_PLACE = frozenset({Status.CONFIRMED, Status.TENTATIVE})


@dataclass(frozen=True, slots=True)
class Subject:
    """A category or a place that events share: its name, and its page if it has a feed."""

    name: str
    page: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class VenueView:
    """A place."""

    name: str
    address: str
    map: str | None
    url: str | None
    page: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class FeedView:
    """A feed: its own page, its file, and how to subscribe. `links` and `qr` need the calendar's `url`."""

    name: str
    page: str
    path: str
    count: int
    description: Html
    summary: str
    links: SubscribeLinks | None
    qr: str | None
    venue: VenueView | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RowView:
    """An occurrence in an agenda or a month. `since` and `until` are for the script."""

    page: str
    summary: str
    status: StatusWords | None
    date: TimeView
    weekday: str
    when: WhenView
    place: str
    since: str
    until: str


@dataclass(frozen=True, slots=True)
class MainFeed:
    """Where the main feed is."""

    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteHead:
    """What every page says about the calendar, regardless of its events.

    The built-in templates use nothing else of the calendar on event pages, so a new event changes no other event page.
    """

    name: str
    language: str
    is_right_to_left: bool
    url: str | None
    footer: Html | None
    logo: str | None
    organizer: Organizer | None
    main: MainFeed | FeedView


@dataclass(frozen=True, kw_only=True, slots=True)
class SiteView(SiteHead):
    """The calendar as a whole."""

    main: FeedView
    description: Html | None
    summary: str
    feeds: tuple[FeedView, ...]
    categories: tuple[FeedView, ...]
    venues: tuple[FeedView, ...]


@dataclass(frozen=True, slots=True)
class Catalog:
    """What the view of an event needs besides the event: the calendar's language and address, and the pages to link to.

    These are the pages of categories by slug and of venues by id.
    """

    language: str
    url: str | None
    categories: Mapping[str, str]
    venues: Mapping[str, str]


def catalog_of(project: Project, feeds: Sequence[Feed]) -> Catalog:
    """Return the catalog for views of events."""
    slugs = [feed.slug for feed in feeds]
    return Catalog(
        language=project.calendar.language,
        url=project.calendar.url,
        categories={slug: feed_page(slug) for slug in slugs if slug.startswith("category/")},
        venues={slug.removeprefix("venue/"): feed_page(slug) for slug in slugs if slug.startswith("venue/")},
    )


def feed_page(slug: str) -> str:
    """Return the page of a feed other than the main one."""
    kind, _, name = slug.rpartition("/")
    folder = {"category": "categories", "venue": "venues"}.get(kind, "feeds")
    return f"{folder}/{name}.html"


class EventView:
    """An event on its page: every attribute is for templates."""

    def __init__(self, event: Event, occurrences: Sequence[Event], catalog: Catalog, first: date | None = None) -> None:
        """Prepare an event for its page.

        Args:
            event: the event.
            occurrences: the occurrences of a series to show.
            catalog: the calendar's language, address and pages.
            first: the first day for which dates of endless series are shown, if not all of them are.
        """
        language, day = catalog.language, days_of(event.when)[0]
        self.page = page_path(event.id)
        self.path = event.path
        self.summary = event.summary
        self.status = STATUSES.get(event.status)
        self.date = TimeView(day.isoformat(), str(day.day))
        self.weekday = dates.weekday(day, language)
        self.month = dates.month_name(day, language)
        self.when = times.full_when(event, language)
        self.since = times.since(event)
        self.until = times.until(event)
        self.venue = None if event.venue is None else venue_view(event.venue, catalog)
        self.online = event.online
        self.online_host = _host(event.online)
        self.description = None if event.description is None else as_html(to_page(event.description, 3))
        self.plain = _shortened(to_plain(event.description or ""))
        self.image = None if event.image is None else quote(image_path(event.image))
        self.organizer = event.organizer
        self.categories = tuple(
            Subject(name, catalog.categories.get(_category_slug(name))) for name in event.categories
        )
        calls = (link for link in event.links if link.rel in _CALLS and event.status in _IN_PLACE)
        self.call = next(calls, None)  # what a reader should do first
        self.links = tuple(link for link in event.links if link is not self.call)
        self.url = event.url
        self.url_host = _host(event.url)
        # Nobody should add an event that does not take place at that time.
        self.add: tuple[Link, ...] = add_links(event) if event.status in _IN_PLACE else ()
        recurrence = event.recurrence
        self.series = None if recurrence is None else series_view(event, recurrence, occurrences, first, language)
        address, image = (
            None if catalog.url is None or path is None else catalog.url + path for path in (self.page, self.image)
        )
        self.json_ld = as_html(event_json_ld(event, address, image))


def row_view(event: Event, language: str) -> RowView:
    """Return an occurrence as a row."""
    first = days_of(event.when)[0]
    return RowView(
        page=page_path(event.id),
        summary=event.summary,
        status=STATUSES.get(event.status),
        date=TimeView(first.isoformat(), str(first.day)),
        weekday=dates.weekday(first, language),
        when=times.row_when(event, language),
        place=_short_place(event),
        since=times.since(event),
        until=times.until(event),
    )


def venue_view(venue: Venue, catalog: Catalog) -> VenueView:
    """Return a place as pages show it."""
    return VenueView(
        name=venue.name,
        address=venue.address.line,
        map=map_link(venue),
        url=venue.url,
        page=None if venue.id is None else catalog.venues.get(venue.id),
    )


def site_head(project: Project, main: Feed) -> SiteHead:
    """Return what every page says about the calendar; `main` is its main feed."""
    calendar, theme = project.calendar, project.theme
    return SiteHead(
        name=calendar.name,
        language=calendar.language,
        is_right_to_left=dates.is_right_to_left(calendar.language),
        url=calendar.url,
        footer=None if theme.footer is None else as_html(to_page(theme.footer, 2)),
        logo=None if theme.logo is None else quote(image_path(theme.logo)),
        organizer=calendar.organizer,
        main=MainFeed(main.path),
    )


def site_view(head: SiteHead, calendar: Calendar, main: FeedView, others: Sequence[FeedView]) -> SiteView:
    """Return the calendar as a whole, with its feeds."""
    by_folder: dict[str, list[FeedView]] = {"feeds": [], "categories": [], "venues": []}
    for feed in others:
        by_folder[feed.page.partition("/")[0]].append(feed)
    return SiteView(
        name=head.name,
        language=head.language,
        is_right_to_left=head.is_right_to_left,
        url=head.url,
        description=None if calendar.description is None else as_html(to_page(calendar.description, 2)),
        summary=_shortened(to_plain(calendar.description or "")),
        footer=head.footer,
        logo=head.logo,
        organizer=head.organizer,
        main=main,
        feeds=tuple(by_folder["feeds"]),
        categories=tuple(by_folder["categories"]),
        venues=tuple(by_folder["venues"]),
    )


def _short_place(event: Event) -> str:
    """Return where an event is, in short: the venue and its town."""
    venue = event.venue
    if venue is None:
        return ""
    town = venue.address.locality
    return venue.name if town is None or town in venue.name else f"{venue.name}, {town}"


def _host(url: str | None) -> str:
    """Return the host of a link, for its label."""
    return urlsplit(url or "").netloc.removeprefix("www.")


def _shortened(text: str) -> str:
    """Return a text in one line, cut at a word, for previews of a page in search engines and messengers."""
    line = " ".join(text.split())
    if len(line) <= _MAX_SUMMARY:
        return line
    return f"{close_embeddings(line[:_MAX_SUMMARY].rpartition(' ')[0] or line[:_MAX_SUMMARY])}…"


def _category_slug(name: str) -> str:
    return f"category/{category_slug(name)}"
