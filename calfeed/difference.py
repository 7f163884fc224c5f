"""What a build would change for subscribers: events, feeds, and what the law of zones does to both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from calfeed.changes import Change, compare
from calfeed.content import content_of
from calfeed.edition import ended_series, refusals, vanished_feeds
from calfeed.errors import Problem
from calfeed.law import LawChange, changed_laws
from calfeed.ledger import Manifest
from calfeed.model import Project
from calfeed.revisions import with_endings
from calfeed.zones import TZDB_VERSION


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """What differs from what was published.

    Attributes:
        changes: what happened to events, in the order of their starts; those taken away come last.
        new_feeds: slugs of feeds that were not there.
        missing_feeds: slugs of feeds that were there, and have no alias.
        tzdb_before: the version of the tz database of what was published; None of nothing.
        tzdb_after: the version in use.
        laws: the zones in use whose law is another than it was.
        refusals: why a build is refused that nobody gives consent to.
        notes: what a build would do that may not be meant.
    """

    changes: tuple[Change, ...]
    new_feeds: tuple[str, ...]
    missing_feeds: tuple[str, ...]
    tzdb_before: str | None
    tzdb_after: str
    laws: tuple[LawChange, ...]
    refusals: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes or self.new_feeds or self.missing_feeds or self.refusals)


def diff(project: Project, baseline: Manifest, *, now: datetime | None = None) -> Difference:
    """Return what differs for subscribers between what is published and what the sources say.

    Args:
        project: the sources.
        baseline: what is published.
        now: the time by which an event has passed, so that taking it away cancels nothing; None if none has, and to
            leave out what a build is refused for.

    Raises:
        OutputError: the baseline does not say what an event was that is gone.
    """
    project = replace(project, events=with_endings(project.events, baseline.events, now))
    known = {feed.slug for feed in baseline.feeds}
    laws = tuple(changed_laws(baseline.zones))
    pairs = ((event, content_of(event)) for event in project.events)
    slugs = {slug: None for feed in project.feeds for slug in (feed.slug, *feed.aliases)}
    return Difference(
        changes=compare(pairs, baseline.events, {law.tzid for law in laws}, now),
        new_feeds=tuple(slug for slug in slugs if slug not in known),
        missing_feeds=tuple(feed.slug for feed in vanished_feeds(project, baseline, now)),
        tzdb_before=baseline.tzdb,
        tzdb_after=TZDB_VERSION,
        laws=laws,
        refusals=() if now is None else refusals(project, baseline, now),
        notes=() if now is None else ended_series(project, baseline, now),
    )
