"""Builds the site: which pages it has, and what is on each.

Nothing here knows today's date: pages contain all events in order, and the script in the reader's browser determines
what is over and what is next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from urllib.parse import urlsplit

from calfeed.artifact import Artifact
from calfeed.model import Event, Feed, Project, page_path
from calfeed.parallel import Executor
from calfeed.revisions.revise import Revised
from calfeed.site import series
from calfeed.site.event_pages import EventPages, Known
from calfeed.site.hosting import host_files
from calfeed.site.links import subscribe_links
from calfeed.site.months import MonthView, PeriodLink, by_year, month_views
from calfeed.site.page import Frame
from calfeed.site.qr import qr_svg
from calfeed.site.statics import static_files
from calfeed.site.views import (
    FeedView,
    RowView,
    VenueView,
    catalog_of,
    feed_page,
    row_view,
    site_head,
    site_view,
    venue_view,
)
from calfeed.site.words import WORDS
from calfeed.templates import as_html
from calfeed.text.markdown import to_page, to_plain

MAX_ROWS = 250
"""The maximum number of rows in an agenda. A longer one moves to pages by month, or for a feed by year."""


@dataclass(frozen=True, slots=True)
class MonthAgenda:
    """The rows of an agenda that begin in one month."""

    key: str
    label: str
    page: str
    rows: tuple[RowView, ...]


class Site:
    """The site of an edition: what is on its pages."""

    def __init__(
        self, project: Project, feeds: Sequence[Feed], revised: Sequence[Revised], *, is_preview: bool = False
    ) -> None:
        """Describe a site.

        Args:
            project: the calendar, its look, and the pictures.
            feeds: the published feeds, the main one first, including old addresses.
            revised: the published events, including those that only announce a cancellation.
            is_preview: whether pages have placeholders for what `calfeed serve` adds.
        """
        self._project = project
        self._language = project.calendar.language
        self._url = project.calendar.url
        self._feeds = [feed for feed in feeds if feed.moved_to is None]  # an old address needs no page
        self._catalog = catalog_of(project, self._feeds)
        stretch = series.shown_stretch(revised)
        self._cut = series.words_for_stretch(stretch, self._language)
        is_endless = any(item.event.recurrence and item.event.recurrence.is_endless for item in revised)
        self._events = {item.event.id: item for item in revised}
        venues = (item.event.venue for item in revised)
        self._venues = {venue.id: venue for venue in venues if venue is not None}
        self._shown = {item.event.id: series.shown_occurrences(item.event, stretch) for item in revised}
        self._head_frame = Frame(
            site=site_head(project, self._feeds[0]),
            catalog=self._catalog,
            templates=project.templates,
            stretch=stretch if is_endless else None,
            is_preview=is_preview,
        )
        self._listed: list[tuple[str, str | None]] = []

    def start_event_pages(self, known: Known, executor: Executor | None = None) -> EventPages:
        """Start rendering the pages of events.

        Args:
            known: looks up pages of events rendered before.
            executor: may render pages in other processes.
        """
        # With built-in templates, event pages do not depend on the rest of the site; with custom ones they may.
        frame = self._frame if self._project.templates else self._head_frame
        events = [(item.event, self._shown[event_id]) for event_id, item in self._events.items()]
        return EventPages(frame, events, known, executor)

    def files(self, event_pages: EventPages, progress: Callable[[str, int, int], None]) -> tuple[Artifact, ...]:
        """Return every file of the site.

        Args:
            event_pages: the pages of its events.
            progress: called with the number of pages rendered.

        Raises:
            SourceError: a custom template fails.
            OutputError: a process that rendered pages was lost.
        """
        pages: list[Artifact] = []
        for page in self._pages(event_pages):
            progress("pages", len(pages), len(self._events))
            pages.append(page)
        progress("pages", len(self._events), len(self._events))
        codes = tuple(self._codes())
        project = self._project
        return (*pages, *codes, *static_files(project.theme), *host_files(self._listed, project), *project.images)

    # Views of lists are made when they are first needed, while other processes render the pages of events.

    @cached_property
    def _row_of(self) -> Mapping[int, RowView]:
        # An occurrence is in several agendas; finding its row by identity is faster than by value.
        return {
            id(occurrence): row_view(occurrence, self._language)
            for occurrences in self._shown.values()
            for occurrence in occurrences
        }

    @cached_property
    def _views(self) -> Sequence[FeedView]:
        return [self._feed_view(feed, is_main=number == 0) for number, feed in enumerate(self._feeds)]

    @cached_property
    def _months(self) -> Sequence[MonthView]:
        rows = ((occurrence, self._row_of[id(occurrence)]) for occurrence in self._in_order(self._shown))
        return month_views(rows, self._language)

    @cached_property
    def _frame(self) -> Frame:
        whole = site_view(self._head_frame.site, self._project.calendar, self._views[0], self._views[1:])
        return replace(self._head_frame, site=whole, years=by_year(self._months))

    def _pages(self, event_pages: EventPages) -> Iterator[Artifact]:
        yield from self._overviews()
        for month in self._months:
            yield self._render("month.html", month.link.page, month.link.label, {"month": month})
        for feed, view in zip(self._feeds[1:], self._views[1:], strict=True):
            yield from self._feed_pages(view, self._rows(feed.event_ids))
        for item in self._events.values():
            self._list(page_path(item.event.id), item.revision.last_modified.date().isoformat())
        yield from event_pages

    def _codes(self) -> Iterator[Artifact]:
        """Yield the QR code of every feed that has an address."""
        for view in self._views:
            if view.qr is not None and view.links is not None:
                yield Artifact.of(view.qr, qr_svg(view.links.webcal))

    def _overviews(self) -> Iterator[Artifact]:
        """Yield the pages about all events: the landing page, the one to embed, and the 404 page."""
        rows = self._rows(self._feeds[0].event_ids)
        is_large = len(rows) > MAX_ROWS
        values = {"agenda": () if is_large else self._agenda(rows), "is_large": is_large, "feed": self._views[0]}
        name = self._project.calendar.name
        yield self._render("index.html", "index.html", name, values, self._views[0].summary)
        yield self._render("embed.html", "embed.html", name, values, is_listed=False)
        # The 404 page is shown at any address, so its links start at the top of the host, if that is known.
        root = None if self._url is None else urlsplit(self._url).path
        yield self._render("404.html", "404.html", WORDS.missing, {}, root=root, is_listed=False)

    def _feed_pages(self, view: FeedView, rows: Sequence[RowView]) -> Iterator[Artifact]:
        """Yield the page of a feed; if its agenda is long, a page per year and one that links to them."""
        agenda = self._agenda(rows)
        values: Mapping[str, object] = {"feed": view, "agenda": agenda, "periods": (), "year": ""}
        if len(rows) > MAX_ROWS:
            years: dict[str, list[MonthAgenda]] = {}
            for month in agenda:
                years.setdefault(month.key[:4], []).append(month)
            folder = view.page.removesuffix(".html")
            periods = tuple(
                PeriodLink(
                    key=year,
                    page=f"{folder}/{year}.html",
                    label=year,
                    name=year,
                    count=sum(len(month.rows) for month in months),
                )
                for year, months in years.items()
            )
            values = {**values, "agenda": (), "periods": periods}
            for period, months in zip(periods, years.values(), strict=True):
                title, of_year = f"{view.name} {period.key}", {"agenda": tuple(months), "year": period.key}
                yield self._render("feed.html", period.page, title, {**values, **of_year}, view.summary)
        yield self._render("feed.html", view.page, view.name, values, view.summary)

    # -- parts

    def _render(
        self,
        template: str,
        path: str,
        title: str,
        values: Mapping[str, object],
        summary: str = "",
        *,
        root: str | None = None,
        is_listed: bool = True,
    ) -> Artifact:
        if is_listed:
            self._list(path)
        page = self._frame.page(path, title, summary, is_listed=is_listed)
        return self._frame.render(template, page, {**values, "cut": self._cut}, root)

    def _list(self, path: str, changed: str | None = None) -> None:
        """Record a page for search engines, and the day it last changed if that is known."""
        if self._url is not None:
            self._listed.append((self._url + ("" if path == "index.html" else path), changed))

    def _in_order(self, ids: Iterable[str]) -> list[Event]:
        """Return the shown occurrences of events, in the order of their starts."""
        occurrences = (occurrence for event_id in ids for occurrence in self._shown[event_id])
        return sorted(occurrences, key=lambda occurrence: occurrence.sort_key)

    def _rows(self, ids: Iterable[str]) -> list[RowView]:
        return [self._row_of[id(occurrence)] for occurrence in self._in_order(ids)]

    def _agenda(self, rows: Iterable[RowView]) -> tuple[MonthAgenda, ...]:
        links: dict[str, PeriodLink] = {month.link.key: month.link for month in self._months}
        by_month: dict[str, list[RowView]] = {}
        for row in rows:
            by_month.setdefault(row.date.machine[:7], []).append(row)
        return tuple(MonthAgenda(key, links[key].label, links[key].page, tuple(by_month[key])) for key in by_month)

    def _feed_view(self, feed: Feed, *, is_main: bool) -> FeedView:
        calendar = self._project.calendar
        name = feed.name if is_main else feed.name.removeprefix(f"{calendar.name}: ")
        description = feed.description or ""
        return FeedView(
            name=name,
            page="index.html" if is_main else feed_page(feed.slug),
            path=feed.path,
            count=len(feed.event_ids),
            description=as_html(to_page(description, 2)),
            summary=" ".join(to_plain(description).split()),
            links=None if self._url is None else subscribe_links(feed, self._url),
            qr=None if self._url is None else f"qr/{feed.slug}.svg",
            venue=self._venue_of(feed),
        )

    def _venue_of(self, feed: Feed) -> VenueView | None:
        """Return the venue that a feed is about; None for any other feed."""
        kind, _, venue_id = feed.slug.partition("/")
        venue = self._venues.get(venue_id) if kind == "venue" else None
        return None if venue is None else venue_view(venue, self._catalog)
