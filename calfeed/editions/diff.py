"""What a build would change for subscribers: events, feeds, and what the law of zones does to both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from calfeed.diagnostics.problem import Problem
from calfeed.editions.compare import Change, Kind, compare
from calfeed.editions.edition import ended_series, refusals, vanished_feeds
from calfeed.editions.manifest import Manifest
from calfeed.editions.reused import reused_ids
from calfeed.editions.zone_law import LawChange, changed_laws
from calfeed.model import Project
from calfeed.revisions.content import content_of, fingerprint_of
from calfeed.revisions.revise import with_endings
from calfeed.zones.tzdb import TZDB_VERSION


@dataclass(frozen=True, slots=True)
class Rename:
    """An event that left and one that was added with the same content, by their ids: perhaps one event, renamed."""

    before: str
    after: str


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
        renames: the events among the changes that were perhaps only given another id.
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
    renames: tuple[Rename, ...] = ()
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
    pairs = [(event, content_of(event)) for event in project.events]
    slugs = {slug: None for feed in project.feeds for slug in (feed.slug, *feed.aliases)}
    changes = compare(pairs, baseline.events, {law.tzid for law in laws}, now)
    return Difference(
        changes=changes,
        renames=tuple(_renames(project, baseline, changes)),
        new_feeds=tuple(slug for slug in slugs if slug not in known),
        missing_feeds=tuple(feed.slug for feed in vanished_feeds(project, baseline, now)),
        tzdb_before=baseline.tzdb,
        tzdb_after=TZDB_VERSION,
        laws=laws,
        refusals=() if now is None else refusals(project, baseline, now),
        notes=(
            *reused_ids(pairs, baseline, project.calendar.id, now),
            *(() if now is None else ended_series(project, baseline, now)),
        ),
    )


def _renames(project: Project, baseline: Manifest, changes: Sequence[Change]) -> Iterator[Rename]:
    gone = {
        baseline.events[change.uid].fingerprint: baseline.events[change.uid].id
        for change in changes
        if change.kind in (Kind.CANCELLED, Kind.REMOVED) and change.uid in baseline.events
    }
    added = {change.uid for change in changes if change.kind is Kind.ADDED} if gone else set()
    for event in project.events:
        if event.uid in added and (before := gone.get(fingerprint_of(content_of(event)))):
            yield Rename(before, event.id)
