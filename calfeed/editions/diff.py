"""Find what a build would change for subscribers: events, feeds, and the effects of zone law changes."""

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
    """The ids of a removed and an added event with the same content, which may be one renamed event."""

    before: str
    after: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """The differences between the sources and what was published.

    Attributes:
        changes: what happened to events, in the order of their starts; removed events come last.
        new_feeds: slugs of feeds that did not exist.
        missing_feeds: slugs of feeds that existed and have no alias.
        tzdb_before: the tz database version of the last publication; None if nothing was published.
        tzdb_after: the version in use.
        laws: the zones in use whose law changed.
        refusals: why a build without consent is refused.
        renames: events among the changes that may only have got a new id.
        notes: effects of a build that may be unintended.
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
    """Return how the sources differ from what is published, as subscribers see it.

    Args:
        project: the sources.
        baseline: what is published.
        now: events that end before this time count as past, so removing them cancels nothing; None to count none as
            past and leave out the refusals.

    Raises:
        OutputError: an event was removed, and its content in the baseline is unreadable.
    """
    project = replace(project, events=with_endings(project.events, baseline.events, now))
    published_slugs = {feed.slug for feed in baseline.feeds}
    laws = tuple(changed_laws(baseline.zones))
    slugs = {slug: None for feed in project.feeds for slug in (feed.slug, *feed.aliases)}
    changes = compare(
        ((event, content_of(event)) for event in project.events), baseline.events, {law.tzid for law in laws}, now
    )
    return Difference(
        changes=changes,
        renames=tuple(_renames(project, baseline, changes)),
        new_feeds=tuple(slug for slug in slugs if slug not in published_slugs),
        missing_feeds=tuple(feed.slug for feed in vanished_feeds(project, baseline, now)),
        tzdb_before=baseline.tzdb,
        tzdb_after=TZDB_VERSION,
        laws=laws,
        refusals=() if now is None else refusals(project, baseline, now),
        notes=(
            *reused_ids(project.events, {change.uid for change in changes}, baseline, project.calendar.id, now),
            *(() if now is None else ended_series(project, baseline, now)),
        ),
    )


def _renames(project: Project, baseline: Manifest, changes: Sequence[Change]) -> Iterator[Rename]:
    removed_ids = {
        baseline.events[change.uid].fingerprint: baseline.events[change.uid].id
        for change in changes
        if change.kind in (Kind.CANCELLED, Kind.REMOVED) and change.uid in baseline.events
    }
    added = {change.uid for change in changes if change.kind is Kind.ADDED} if removed_ids else set()
    for event in project.events:
        if event.uid in added and (before := removed_ids.get(fingerprint_of(content_of(event)))):
            yield Rename(before, event.id)
