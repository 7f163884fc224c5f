"""Renders a project: the edition to publish, and every file of DIST."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from calfeed.artifact import Artifact
from calfeed.cache.memory import Memory, Printed
from calfeed.diagnostics.problem import Problem, problem_at
from calfeed.editions.consent import Consent
from calfeed.editions.edition import Edition, prepare, without_expired
from calfeed.editions.feed_paths import is_automatic
from calfeed.editions.manifest import MANIFEST, Manifest
from calfeed.editions.manifest_json import render_manifest
from calfeed.formats.atom import render_changes
from calfeed.formats.ics import RenderedEvent, render_event, render_feed, render_single
from calfeed.formats.limits import MAX_FEED_BYTES, MAX_FEED_EVENTS, MAX_FEED_URL
from calfeed.model import Event, Feed, Project, page_path
from calfeed.parallel import Executor
from calfeed.pipeline.options import Options
from calfeed.progress import Progress, silent
from calfeed.revisions.holders import is_notice
from calfeed.revisions.revise import Revised, Revision
from calfeed.vtimezone.files import ZonePlanner


@dataclass(frozen=True, kw_only=True, slots=True)
class Means:
    """How artifacts are rendered, whether web pages are among them, and whether those are for a preview."""

    site: bool
    is_preview: bool = False
    memory: Memory = field(default_factory=Memory)
    executor: Executor | None = None
    progress: Progress = silent


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """Every file of DIST, and the problems found.

    Attributes:
        artifacts: the files, the manifest last.
        problems: warnings and notes.
        events: the events in their final form, by id.
        revisions: their revisions, by id.
        frame: a hash of what event pages share; empty without a site.
        is_settled: whether the next build is expected to find the same problems.
    """

    artifacts: tuple[Artifact, ...]
    problems: tuple[Problem, ...]
    events: Mapping[str, RenderedEvent]
    revisions: Mapping[str, Revision]
    frame: str
    is_settled: bool


def render(
    project: Project,
    *,
    now: datetime,
    options: Options = Options(),  # noqa: B008 - it is frozen
    executor: Executor | None = None,
) -> tuple[Artifact, ...]:
    """Return every file of DIST, the manifest last.

    Args:
        project: what to publish.
        now: the build's time (aware), for events that are new or changed since the baseline.
        options: what else affects the bytes; without a baseline, nothing was published before.
        executor: may render pages in other processes; the bytes are the same.

    Raises:
        PromiseError: something would vanish without consent.
        SourceError: a feed that `load` did not make would misplace a series.
        OutputError: the content of a removed event in the baseline is unreadable, or the executor broke.
    """
    means = Means(site=options.site, is_preview=options.preview, executor=executor)
    return render_all(project, ZonePlanner(), now, options.baseline or Manifest(), options.consent, means).artifacts


def printed_events(rendered: Rendered) -> Callable[[str], Printed]:
    """Return a function that looks up the published form of an event by its id."""
    pages = {artifact.path: (artifact.size, artifact.sha256) for artifact in rendered.artifacts}

    def printed(event_id: str) -> Printed:
        event = rendered.events[event_id]
        return Printed(
            revision=_row_of(rendered.revisions[event_id]),
            vevent=event.vevent,
            own_lines=event.own_lines,
            tzids=event.tzids,
            page=pages.get(page_path(event_id)),
        )

    return printed


def render_all(
    project: Project, planner: ZonePlanner, now: datetime, baseline: Manifest, consent: Consent, means: Means
) -> Rendered:
    """Render a project as `render` does, and also return the problems and rendered events.

    Args:
        project: what to publish.
        planner: plans the zones of files; it may already know those of the project.
        now: the build's time.
        baseline: what is published now.
        consent: what may vanish for subscribers.
        means: how to render.
    """
    edition = prepare(project, baseline, now, consent)
    trimmed = without_expired(edition, now, consent)
    # changes.atom reports every changed event, so DIST differs. Nothing needs to be rendered to find that out.
    if consent.removals or edition.history != baseline.history:
        edition = trimmed
    rendered = _render_edition(project, planner, edition, means)
    # Expired tombstones are dropped only when something else changes: time alone makes nothing out of date.
    if trimmed.events is not edition.events and not _is_published(rendered.artifacts, baseline):
        rendered = _render_edition(project, planner, trimmed, means)
    return rendered


def _render_edition(project: Project, planner: ZonePlanner, edition: Edition, means: Means) -> Rendered:
    with _started_site(project, edition, means) as site:
        removed_ids = {item.event.id for item in edition.events if item.removed or is_notice(item, edition.copies)}
        placed = planner.place((item.event for item in edition.events), removed_ids, edition.feeds)
        rendered = dict(_render_events(edition.events, placed.pieces, means))
        feeds = [
            render_feed(
                feed, edition.calendar, [rendered[event_id] for event_id in feed.event_ids], placed.plans.get(feed.path)
            )
            for feed in edition.feeds
        ]
        singles = [render_single(event, placed.plans.get(event.path)) for event in rendered.values()]
        artifacts = (*feeds, *singles, render_changes(edition), *site.files())
        return Rendered(
            artifacts=(*artifacts, render_manifest(edition, artifacts)),
            problems=(*edition.problems, *_feed_problems(edition, feeds)),
            events=rendered,
            revisions={item.event.id: item.revision for item in edition.events},
            frame=site.frame,
            # Some problems of an edition disappear once it is published; floors that are then behind cause new ones.
            is_settled=not edition.problems and not any(event.stamp_marks for event in project.events),
        )


@dataclass(frozen=True, slots=True)
class _StartedSite:
    """A site whose event pages other processes may be rendering: the key of their frame, and how to get all files."""

    frame: str = ""
    files: Callable[[], tuple[Artifact, ...]] = tuple


@contextmanager
def _started_site(project: Project, edition: Edition, means: Means) -> Iterator[_StartedSite]:
    if not means.site:
        yield _StartedSite()
        return
    from calfeed.site.pages import Site  # templates are slow to import, and not every build has a site

    site = Site(project, edition.feeds, edition.events, is_preview=means.is_preview)
    event_pages = site.start_event_pages(means.memory.page, means.executor)
    try:
        yield _StartedSite(event_pages.frame_key, lambda: site.files(event_pages, means.progress))
    finally:
        event_pages.cancel()


def _is_published(artifacts: Sequence[Artifact], baseline: Manifest) -> bool:
    """Return whether the baseline lists exactly these files, apart from the manifest."""
    hashes = {artifact.path: artifact.sha256 for artifact in artifacts if artifact.path != MANIFEST}
    return hashes == baseline.files


def _render_events(
    revised: Sequence[Revised], pieces: Mapping[str, tuple[Event, ...]], means: Means
) -> Iterator[tuple[str, RenderedEvent]]:
    printed, progress = means.memory.printed, means.progress
    for number, item in enumerate(revised):
        progress("rendering", number, len(revised))
        event = item.event
        known = printed.get(event.id)
        if known is not None and known.revision == _row_of(item.revision):
            yield event.id, RenderedEvent(event.id, event.path, known.vevent, known.own_lines, known.tzids)
        else:
            yield event.id, render_event(item, pieces[event.id])
    progress("rendering", len(revised), len(revised))


def _row_of(revision: Revision) -> tuple[int, str, str]:
    return revision.sequence, revision.created.isoformat(), revision.last_modified.isoformat()


def _feed_problems(edition: Edition, artifacts: Sequence[Artifact]) -> Iterator[Problem]:
    """Warn about feeds that clients are known to truncate or refuse."""
    for feed, artifact in zip(edition.feeds, artifacts, strict=True):
        if artifact.size >= MAX_FEED_BYTES or len(feed.event_ids) >= MAX_FEED_EVENTS:
            has_window = feed.path == edition.feeds[0].path or is_automatic(feed)
            trim = "trim it with the `window` of the calendar" if has_window else "trim it with `from` and `to`"
            yield problem_at(
                feed.mark,
                "large-feed",
                f"{feed.path} has {artifact.size:,} bytes and {len(feed.event_ids):,} events; Google loses events "
                f"from feeds over {MAX_FEED_BYTES:,} bytes, and calendars in browsers become slow "
                "(ical.js: 2.6 s for 5,000)",
                f"{trim}, or offer smaller feeds under `feeds:`, filtered by `categories` and dates",
            )
        url = f"{edition.calendar.url or ''}{feed.path}"
        if len(url) > MAX_FEED_URL:
            yield _long_url(feed, url)


def _long_url(feed: Feed, url: str) -> Problem:
    message = f"the address {url} has {len(url)} characters"
    hint = f"use at most {MAX_FEED_URL}: some calendars refuse longer addresses; a shorter `slug` or `id` helps"
    return problem_at(feed.mark, "long-feed-url", message, hint)
