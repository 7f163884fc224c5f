"""Which pages the site has, and what each is made of.

Nothing here knows today's date: pages hold all events in their order, and the script in the reader's browser finds out
what is over and what is next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from calfeed.links import subscribe_links
from calfeed.markdown import to_page, to_plain
from calfeed.model import Artifact, Event, Feed, Project
from calfeed.revisions import Revised
from calfeed.site import series
from calfeed.site.engine import Engine, as_html
from calfeed.site.hosting import CONTENT_POLICY, host_files
from calfeed.site.months import PeriodLink, by_year, month_views
from calfeed.site.qr import qr_svg
from calfeed.site.statics import static_files
from calfeed.site.views import (
    FeedView,
    RowView,
    VenueView,
    catalog_of,
    event_view,
    feed_page,
    row_view,
    site_view,
    venue_view,
)
from calfeed.site.words import APPS, WORDS

MAX_ROWS = 250
"""How many rows the agenda of a page has. A longer one is left to the pages of the months, that of a feed to its years.
"""

# What turns the direction of all that follows: the head of a page has no element that would end it.
_NO_TURNS = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))


@dataclass(frozen=True, slots=True)
class Page:
    """A page: where it is, and what its head says of it. `is_listed` tells whether search engines shall know it."""

    path: str
    title: str
    summary: str
    address: str | None
    is_listed: bool = True


@dataclass(frozen=True, slots=True)
class MonthAgenda:
    """The rows of an agenda that begin in one month."""

    key: str
    label: str
    page: str
    rows: tuple[RowView, ...]


def render_site(project: Project, feeds: Sequence[Feed], revised: Sequence[Revised]) -> tuple[Artifact, ...]:
    """Return every file of the site.

    Args:
        project: the calendar, its look, and the pictures.
        feeds: the feeds that are published, the main one first, old addresses among them.
        revised: the events that are published, those that only tell of a cancellation among them.

    Raises:
        SourceError: a template of the calendar's own fails.
    """
    writer = _Writer(project, feeds, revised)
    pages = tuple(writer.pages())
    codes = tuple(writer.codes())
    return (*pages, *codes, *static_files(project.theme), *host_files(writer.listed, project), *project.images)


class _Writer:
    """One run of `render_site`: what its pages have in common."""

    def __init__(self, project: Project, feeds: Sequence[Feed], revised: Sequence[Revised]) -> None:
        self._project = project
        self._language = project.calendar.language
        self._url = project.calendar.url
        self._feeds = [feed for feed in feeds if feed.moved_to is None]  # an old address needs no page
        self._catalog = catalog_of(project, self._feeds)
        last = series.horizon(revised)
        self._events = {item.event.id: item for item in revised}
        self._shown = {item.event.id: series.shown_occurrences(item.event, last) for item in revised}
        # An occurrence is in several agendas; its identity is enough to find its row, and quicker than its value.
        self._row_of = {id(one): row_view(one, self._language) for shown in self._shown.values() for one in shown}
        self._views = [self._feed_view(feed, is_main=number == 0) for number, feed in enumerate(self._feeds)]
        rows = ((one, self._row_of[id(one)]) for one in self._in_order(self._shown))
        self._months = month_views(rows, self._language)
        self._engine = Engine(project.templates)
        self._common: Mapping[str, object] = {
            "site": site_view(project, self._views[0], self._views[1:]),
            "words": WORDS,
            "apps": APPS,
            "years": by_year(self._months),
            "policy": CONTENT_POLICY,
        }
        self.listed: list[tuple[str, str | None]] = []
        """The pages for search engines: each with its address and the day it last changed, where that is known."""

    def pages(self) -> Iterator[Artifact]:
        """Yield every page."""
        yield from self._overviews()
        for month in self._months:
            page = self._page(month.link.page, month.link.label)
            yield self._render("month.html", page, {"month": month})
        for feed, view in zip(self._feeds[1:], self._views[1:], strict=True):
            yield from self._feed_pages(view, self._rows(feed.event_ids))
        for event_id, item in self._events.items():
            view_of_event = event_view(item.event, self._shown[event_id], self._catalog)
            title = f"{view_of_event.status.word}: {item.event.summary}" if view_of_event.status else item.event.summary
            page = self._page(view_of_event.page, title, view_of_event.plain, item)
            yield self._render("event.html", page, {"event": view_of_event})

    def codes(self) -> Iterator[Artifact]:
        """Yield the QR code of every feed that has an address."""
        for view in self._views:
            if view.qr is not None and view.links is not None:
                yield Artifact(view.qr, qr_svg(view.links.webcal))

    def _overviews(self) -> Iterator[Artifact]:
        """Yield the pages about all events: the landing page, the one to embed, and the one for what is not there."""
        rows = self._rows(self._feeds[0].event_ids)
        is_large = len(rows) > MAX_ROWS
        values = {"agenda": () if is_large else self._agenda(rows), "is_large": is_large, "feed": self._views[0]}
        name = self._project.calendar.name
        yield self._render("index.html", self._page("index.html", name, self._views[0].summary), values)
        yield self._render("embed.html", self._page("embed.html", name, is_listed=False), values)
        # It is shown at any address, so what it links to is told from the top of the host, if that is known.
        root = None if self._url is None else urlsplit(self._url).path
        yield self._render("404.html", self._page("404.html", WORDS.missing, is_listed=False), {}, root)

    def _feed_pages(self, view: FeedView, rows: Sequence[RowView]) -> Iterator[Artifact]:
        """Yield the page of a feed; where its agenda is long, one that leads to its years, and theirs."""
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
                page = self._page(period.page, f"{view.name} {period.key}", view.summary)
                yield self._render("feed.html", page, {**values, "agenda": tuple(months), "year": period.key})
        yield self._render("feed.html", self._page(view.page, view.name, view.summary), values)

    # -- parts

    def _page(
        self, path: str, title: str, summary: str = "", item: Revised | None = None, *, is_listed: bool = True
    ) -> Page:
        shown = "" if path == "index.html" else path
        address = None if self._url is None else self._url + shown
        if is_listed and address is not None:
            changed = None if item is None else item.revision.last_modified.date().isoformat()
            self.listed.append((address, changed))
        summary = summary or WORDS.calendar_of.format(self._project.calendar.name)
        return Page(path, _without_turns(title), _without_turns(summary), address, is_listed)

    def _render(self, template: str, page: Page, values: Mapping[str, object], root: str | None = None) -> Artifact:
        above = "../" * page.path.count("/") if root is None else root
        data = self._engine.render(template, {**self._common, **values, "page": page, "root": above})
        return Artifact(page.path, data)

    def _in_order(self, ids: Iterable[str]) -> list[Event]:
        """Return the occurrences of events that are shown, in the order of their starts."""
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
        """Return the place a feed is about; None for a feed of something else."""
        kind, _, venue_id = feed.slug.partition("/")
        if kind != "venue":
            return None
        events = (self._events[event_id].event for event_id in feed.event_ids)
        venues = (event.venue for event in events)
        venue = next((venue for venue in venues if venue is not None and venue.id == venue_id), None)
        return None if venue is None else venue_view(venue, self._catalog)


def _without_turns(text: str) -> str:
    return text if text.isprintable() else text.translate(_NO_TURNS)  # which looks at every letter
