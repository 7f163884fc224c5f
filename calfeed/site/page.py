"""One page: what its head says, the frame it has in common with others, and the page of an event.

A frame and an event are all that the page of an event is made of. So another process can make it, and nobody need make
it again while both are as they were.
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
from calfeed.site.views import Catalog, SiteHead, event_view
from calfeed.site.words import APPS, WORDS
from calfeed.templates import Engine

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """What pages have in common.

    Attributes:
        site: the calendar.
        catalog: which pages there are to lead to.
        templates: the calendar's own.
        years: the months that have a page, by year; None for pages that do not lead to them.
        stretch: the days for which dates of series without an end are shown; None where there are no such series.
    """

    site: SiteHead
    catalog: Catalog
    templates: tuple[Template, ...]
    years: tuple[tuple[str, tuple[PeriodLink, ...]], ...] | None = None
    stretch: Stretch | None = None

    @property
    def key(self) -> str:
        """A hash that is another as soon as anything in the frame is another."""
        return sha256(repr(self).encode(errors="surrogatepass")).hexdigest()

    def page(self, path: str, title: str, summary: str = "", *, is_listed: bool = True) -> Page:
        """Return what is said of a page."""
        address = None if self.site.url is None else self.site.url + ("" if path == "index.html" else path)
        summary = summary or WORDS.calendar_of.format(self.site.name)
        return Page(path, _without_turns(title), _without_turns(summary), address, is_listed)

    def render(self, template: str, page: Page, values: Mapping[str, object], root: str | None = None) -> Artifact:
        """Return a page.

        Args:
            template: its name.
            page: what is said of it.
            values: what it is made of.
            root: the way to the top of the site, if not the one from its path.

        Raises:
            SourceError: a template of the calendar's own fails.
        """
        common: dict[str, object] = {"site": self.site, "words": WORDS, "apps": APPS, "policy": CONTENT_POLICY}
        if self.years is not None:
            common["years"] = self.years
        above = "../" * page.path.count("/") if root is None else root
        data = _engine(self.templates).render(template, {**common, **values, "page": page, "root": above})
        return Artifact(page.path, data)


def render_event(frame: Frame, event: Event, occurrences: Sequence[Event]) -> Artifact:
    """Return the page of an event.

    Args:
        frame: what it has in common with the others.
        event: the event.
        occurrences: those that are shown.

    Raises:
        SourceError: a template of the calendar's own fails.
    """
    view = event_view(event, occurrences, frame.catalog, frame.stretch.first if frame.stretch else None)
    title = f"{view.status.word}: {event.summary}" if view.status else event.summary
    return frame.render("event.html", frame.page(view.page, title, view.plain), {"event": view})


def render_events(frame: Frame, shown: Sequence[tuple[Event, Sequence[Event]]]) -> tuple[Artifact, ...]:
    """Return the pages of events, each given with its occurrences, as `render_event` does."""
    return tuple(render_event(frame, event, occurrences) for event, occurrences in shown)


@lru_cache(maxsize=2)
def _engine(templates: tuple[Template, ...]) -> Engine:
    return Engine(templates)


def _without_turns(text: str) -> str:
    return text if text.isprintable() else text.translate(_NO_TURNS)  # which looks at every letter
