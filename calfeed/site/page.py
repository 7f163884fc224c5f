"""Renders one page: its head, the frame it shares with others, and the page of an event.

The page of an event depends only on a frame and the event. So another process can render it, and it is rendered again
only if one of the two changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from calfeed.artifact import Artifact
from calfeed.model import Event, Template
from calfeed.site.hosting import CONTENT_POLICY
from calfeed.site.months import PeriodLink
from calfeed.site.series import Stretch
from calfeed.site.views import Catalog, EventView, SiteHead
from calfeed.site.words import APPS, WORDS
from calfeed.templates import Engine

# These change the direction of all text that follows, and no element in the head of a page would end that.
_NO_DIRECTION_MARKS = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)))


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its path, and what its head says. `is_listed` is whether search engines may list it."""

    path: str
    title: str
    summary: str
    address: str | None
    is_listed: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """What pages share.

    Attributes:
        site: the calendar.
        catalog: the pages that can be linked to.
        templates: the custom templates.
        years: the months that have a page, by year; None for pages that do not link to them.
        stretch: the days for which dates of endless series are shown; None if there are no such series.
        is_preview: whether pages have placeholders for what `calfeed serve` adds.
    """

    site: SiteHead
    catalog: Catalog
    templates: tuple[Template, ...]
    years: tuple[tuple[str, tuple[PeriodLink, ...]], ...] | None = None
    stretch: Stretch | None = None
    is_preview: bool = False

    @property
    def key(self) -> str:
        """A hash that changes whenever anything in the frame changes."""
        return sha256(repr(self).encode(errors="surrogatepass")).hexdigest()

    def page(self, path: str, title: str, summary: str = "", *, is_listed: bool = True) -> Page:
        """Return the path and head of a page."""
        address = None if self.site.url is None else self.site.url + ("" if path == "index.html" else path)
        summary = summary or WORDS.calendar_of.format(self.site.name)
        return Page(path, _without_direction_marks(title), _without_direction_marks(summary), address, is_listed)

    def render(self, template: str, page: Page, values: Mapping[str, object], root: str | None = None) -> Artifact:
        """Return a rendered page.

        Args:
            template: the template's name.
            page: its path and head.
            values: the values for the template.
            root: the path to the top of the site, if not derived from the page's own.

        Raises:
            SourceError: a custom template fails.
        """
        common: dict[str, object] = {
            "site": self.site,
            "words": WORDS,
            "apps": APPS,
            "policy": CONTENT_POLICY,
            "is_preview": self.is_preview,
        }
        if self.years is not None:
            common["years"] = self.years
        above = "../" * page.path.count("/") if root is None else root
        data = _engine(self.templates).render(template, {**common, **values, "page": page, "root": above})
        return Artifact.of(page.path, data)


def render_event(frame: Frame, event: Event, occurrences: Sequence[Event]) -> Artifact:
    """Return the page of an event.

    Args:
        frame: what it shares with other pages.
        event: the event.
        occurrences: the occurrences to show.

    Raises:
        SourceError: a custom template fails.
    """
    view = EventView(event, occurrences, frame.catalog, frame.stretch.first if frame.stretch else None)
    title = f"{view.status.word}: {event.summary}" if view.status else event.summary
    return frame.render("event.html", frame.page(view.page, title, view.plain), {"event": view})


def render_events(frame: Frame, events: Sequence[tuple[Event, Sequence[Event]]]) -> tuple[Artifact, ...]:
    """Return the pages of events, each given with its occurrences, as `render_event` does."""
    return tuple(render_event(frame, event, occurrences) for event, occurrences in events)


@lru_cache(maxsize=2)
def _engine(templates: tuple[Template, ...]) -> Engine:
    return Engine(templates)


def _without_direction_marks(text: str) -> str:
    # translate is slow: it looks at every character.
    return text if text.isprintable() else text.translate(_NO_DIRECTION_MARKS)
