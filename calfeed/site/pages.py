"""Builds the site: which pages it has, and what is on each.

Nothing here knows today's date: pages hold all events in order, and the script in the reader's browser finds out what
is over and what is next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import urlsplit

from calfeed.artifact import Artifact
from calfeed.model import Event, Feed, Project, page_path
from calfeed.parallel import Executor, Pending, spread
from calfeed.revisions.revise import Revised
from calfeed.site import series
from calfeed.site.hosting import host_files
from calfeed.site.links import subscribe_links
from calfeed.site.months import PeriodLink, by_year, month_views
from calfeed.site.page import Frame, render_event, render_events
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
"""How many rows the agenda of a page may have. A longer one moves to pages by month, or for a feed by year."""

Known = Callable[[str, str], tuple[int, str] | None]
"""Looks up size and SHA-256 of an event's page rendered before, by the key of its frame and the event's id."""


@dataclass(frozen=True, slots=True)
class MonthAgenda:
    """The rows of an agenda that begin in one month."""

    key: str
    label: str
    page: str
    rows: tuple[RowView, ...]


class Site:
    """The site of an edition. Creating it starts the work of other processes; closing it cancels the rest."""

    def __init__(
        self,
        project: Project,
        feeds: Sequence[Feed],
        revised: Sequence[Revised],
        known: Known,
        executor: Executor | None = None,
        *,
        is_preview: bool = False,
    ) -> None:
        """Start building a site.

        Args:
            project: the calendar, its look, and the pictures.
            feeds: the published feeds, the main one first, including old addresses.
            revised: the published events, including those that only announce a cancellation.
            known: looks up pages of events rendered before.
            executor: may render pages in other processes.
            is_preview: whether pages have places for what `calfeed serve` adds.
        """
        self._project, self._known, self._executor = project, known, executor
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
        head = site_head(project, self._feeds[0])
        self._frame = Frame(
            site=head,
            catalog=self._catalog,
            templates=project.templates,
            stretch=stretch if is_endless else None,
            is_preview=is_preview,
        )
        self._pending: Pending[Artifact] | None = None
        # Event pages by our own templates do not depend on the rest of the site. Those by the calendar's own may.
        begun = None if project.templates else self._begin_event_pages()
        # An occurrence is in several agendas; finding its row by identity is faster than by value.
        self._row_of = {id(one): row_view(one, self._language) for shown in self._shown.values() for one in shown}
        self._views = [self._feed_view(feed, is_main=number == 0) for number, feed in enumerate(self._feeds)]
        rows = ((one, self._row_of[id(one)]) for one in self._in_order(self._shown))
        self._months = month_views(rows, self._language)
        whole = site_view(head, project.calendar, self._views[0], self._views[1:])
        self._frame = replace(self._frame, site=whole, years=by_year(self._months))
        self._event_pages = begun or self._begin_event_pages()
        self._listed: list[tuple[str, str | None]] = []

    def close(self) -> None:
        """Cancel the work that other processes have not begun."""
        if self._pending is not None:
            self._pending.cancel()

    def files(self, progress: Callable[[str, int, int], None]) -> tuple[Artifact, ...]:
        """Return every file of the site.

        Args:
            progress: called with the number of pages rendered.

        Raises:
            SourceError: one of the calendar's own templates fails.
            OutputError: a process that rendered pages was lost.
        """
        pages: list[Artifact] = []
        for page in self._pages():
            progress("pages", len(pages), len(self._events))
            pages.append(page)
        progress("pages", len(self._events), len(self._events))
        codes = tuple(self._codes())
        project = self._project
        return (*pages, *codes, *static_files(project.theme), *host_files(self._listed, project), *project.images)

    def _pages(self) -> Iterator[Artifact]:
        yield from self._overviews()
        for month in self._months:
            yield self._render("month.html", month.link.page, month.link.label, {"month": month})
        for feed, view in zip(self._feeds[1:], self._views[1:], strict=True):
            yield from self._feed_pages(view, self._rows(feed.event_ids))
        for item in self._events.values():
            self._list(page_path(item.event.id), item.revision.last_modified.date().isoformat())
        yield from self._event_pages

    def _begin_event_pages(self) -> Iterator[Artifact]:
        """Start rendering the event pages that are not known, and return all of them."""
        frame = self._frame
        found: dict[str, tuple[int, str] | None] = dict.fromkeys(self._events)
        self.frame_key = ""
        if not frame.templates:  # the calendar's own may render differently each time
            self.frame_key = frame.key
            found = {event_id: self._known(self.frame_key, event_id) for event_id in self._events}
        unknown = [(item.event, self._shown[each]) for each, item in self._events.items() if found[each] is None]
        self._pending = spread(self._executor, render_events, frame, unknown)

        def pages() -> Iterator[Artifact]:
            new = iter(self._pending or (render_event(frame, event, shown) for event, shown in unknown))
            for event_id, page in found.items():
                event, shown = self._events[event_id].event, self._shown[event_id]
                if page is None:
                    yield next(new)
                else:
                    yield Artifact.known(page_path(event_id), *page, partial(render_event, frame, event, shown))

        return pages()

    def _codes(self) -> Iterator[Artifact]:
        """Yield the QR code of every feed that has an address."""
        for view in self._views:
            if view.qr is not None and view.links is not None:
                yield Artifact(view.qr, qr_svg(view.links.webcal))

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
        """Note a page for search engines, and the day it last changed if that is known."""
        if self._url is not None:
            self._listed.append((self._url + ("" if path == "index.html" else path), changed))

    def _in_order(self, ids: Iterable[str]) -> list[Event]:
        """Return the shown occurrences of events, in the order of their starts."""
        return sorted((one for event_id in ids for one in self._shown[event_id]), key=lambda one: one.sort_key)

    def _rows(self, ids: Iterable[str]) -> list[RowView]:
        return [self._row_of[id(one)] for one in self._in_order(ids)]

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
