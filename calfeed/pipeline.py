"""Runs the stages in order: a folder of events to artifacts, and artifacts to DIST."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from calfeed.artifact import Artifact
from calfeed.cache.memory import Memory, Printed, read_memory, write_memory
from calfeed.cache.snapshot import Answer, Snapshot, key_of, write_snapshot
from calfeed.diagnostics.problem import Mark, OutputError, Problem, error, sort_problems, warning
from calfeed.editions.edition import Consent, Edition, prepare, without_expired
from calfeed.editions.feed_paths import is_automatic
from calfeed.editions.manifest import MANIFEST, Manifest
from calfeed.editions.manifest_json import render_manifest, same_output
from calfeed.formats.atom import render_changes
from calfeed.formats.ics import RenderedEvent, render_event, render_feed, render_single
from calfeed.formats.limits import MAX_FEED_BYTES, MAX_FEED_EVENTS, MAX_FEED_URL
from calfeed.model import Event, Feed, Project, page_path
from calfeed.output.dist import Changes, Dist, open_dist, view_dist
from calfeed.output.state import clock_of
from calfeed.parallel import Executor
from calfeed.progress import Progress, silent
from calfeed.resolve.load import load
from calfeed.revisions.holders import is_notice
from calfeed.revisions.revise import Revised, Revision
from calfeed.vtimezone.files import place

if TYPE_CHECKING:
    from calfeed.site.pages import Site

_NONE = Consent()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Means:
    """How artifacts are rendered, and whether web pages are among them."""

    site: bool
    memory: Memory = field(default_factory=Memory)
    executor: Executor | None = None
    progress: Progress = silent


@dataclass(frozen=True, kw_only=True, slots=True)
class _Rendered:
    """Every file of DIST, and the problems met.

    Attributes:
        artifacts: the files.
        problems: the problems.
        events: the events in their final form, by id.
        revisions: their revisions, by id.
        frame: a hash of what the pages of events share; empty without a site.
        is_settled: whether the next build is expected to meet the same problems.
    """

    artifacts: tuple[Artifact, ...]
    problems: tuple[Problem, ...]
    events: Mapping[str, RenderedEvent]
    revisions: Mapping[str, Revision]
    frame: str
    is_settled: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildResult:
    """What a build did, or with `check` would do; `files` are the paths of all files in DIST afterwards."""

    project: Project
    files: tuple[str, ...]
    changes: Changes
    is_first: bool
    has_finished_another: bool
    problems: tuple[Problem, ...]


def render(
    project: Project,
    *,
    now: datetime,
    baseline: Manifest | None = None,
    consent: Consent = _NONE,
    site: bool = True,
    executor: Executor | None = None,
) -> tuple[Artifact, ...]:
    """Return every file of DIST, the manifest last.

    Args:
        project: what to publish.
        now: the build's time (aware), for events that are new or changed since the baseline.
        baseline: the last published manifest; None for a first build.
        consent: what may vanish for subscribers.
        site: whether to make web pages.
        executor: may render pages in other processes; the bytes are the same.

    Raises:
        PromiseError: something would vanish without consent.
        SourceError: a feed that `load` did not make would misplace a series.
        OutputError: the baseline does not describe an event that is gone, or the executor broke.
    """
    return _render(project, now, baseline or Manifest(), consent, _Means(site=site, executor=executor)).artifacts


def build(
    path: Path | str,
    out: Path | str,
    *,
    now: datetime,
    base_url: str | None = None,
    baseline: Manifest | None = None,
    consent: Consent = _NONE,
    check: bool = False,
    site: bool = True,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> BuildResult:
    """Build the folder of events `path` into the folder `out`.

    Args:
        path: the folder of events.
        out: DIST; created if missing.
        now: the build's time (aware).
        base_url: where DIST will be published, instead of the calendar's `url`.
        baseline: the manifest of what is published now, instead of the one in DIST.
        consent: what may vanish for subscribers.
        check: write nothing; the result's `changes` list what is out of date.
        site: whether to make web pages.
        progress: called with the progress of each stage.
        executor: may read files and render pages in other processes; the bytes are the same. It is not shut down.

    Raises:
        SourceError: the sources have errors, or one of their templates fails. DIST is not touched.
        PromiseError: something would vanish for subscribers without consent. DIST is not touched.
        OutputError: DIST cannot be used or written; it is unchanged, unless the error is an UnfinishedError.
    """
    report = progress or silent
    source, target = Path(path), Path(out)
    _refuse_nesting(source, target)
    # The sources are read under the lock: a build that had to wait must not write what it read before waiting.
    with nullcontext(view_dist(target)) if check else open_dist(target) as dist:
        # A check must not rely on the results of earlier builds.
        began, memory = (None, Memory()) if check else (_clock(dist), read_memory(dist.state))
        project = load(source, base_url=base_url, progress=report, memory=memory, executor=executor)
        published = baseline or dist.manifest or Manifest()
        means = _Means(site=site, memory=memory, executor=executor, progress=report)
        rendered = _render(project, now, published, consent, means)
        problems = sort_problems([*project.problems, *rendered.problems])
        if check:
            changes = dist.changes(rendered.artifacts, same_manifest=same_output)
        else:
            changes = dist.write(rendered.artifacts, lambda done, total: report("writing", done, total))
        problems = sort_problems([*problems, *(_left_file(target / path) for path in dist.left)])
        if began is not None:
            _remember(dist, began, memory, project, rendered)
            # Don't snapshot builds with a custom baseline or consent; later plain builds must not reuse them.
            is_plain = baseline is None and consent == _NONE
            is_all = len(dist.files) == len(rendered.artifacts) and not dist.left
            # A revision dated after tomorrow will be in the past some day, although no file changes.
            is_timeless = not any(problem.code == "far-revision" for problem in problems)
            if is_plain and is_all and is_timeless and (rendered.is_settled or not changes):
                _take_snapshot(dist, key_of(source, base_url=base_url, site=site), began, project, problems)
    return BuildResult(
        project=project,
        files=tuple(artifact.path for artifact in rendered.artifacts),
        changes=changes,
        is_first=published.is_none,
        has_finished_another=bool(dist.finished),
        problems=problems,
    )


def _left_file(path: Path) -> Problem:
    message = "this file is no longer published, and it is not as calfeed wrote it, so it stays"
    return warning(Mark(path=path.as_posix()), "left-file", message, "delete it, unless you have a use for it")


def _clock(dist: Dist) -> int | None:
    """Return the time by the clock of DIST's file system; None if it is not known."""
    try:
        return clock_of(dist.state)
    except OSError:
        return None


def _remember(dist: Dist, began: int, memory: Memory, project: Project, rendered: _Rendered) -> None:
    """Write the results for each file, for the next build."""
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

    write_memory(dist.state, memory, project.key, rendered.frame, began, project.resolved, printed)


def _take_snapshot(dist: Dist, key: str, began: int, project: Project, problems: tuple[Problem, ...]) -> None:
    """Write which files this build saw and what it reported, for the next build."""
    written_since = _clock(dist)
    if written_since is not None:
        snapshot = Snapshot(
            key=key,
            read_since=began,
            sources=project.sources,
            written_since=written_since,
            files=dist.files,
            answer=Answer(len(project.events), len(project.feeds), problems),
        )
        write_snapshot(dist.state, snapshot)


def _render(project: Project, now: datetime, baseline: Manifest, consent: Consent, means: _Means) -> _Rendered:
    edition = prepare(project, baseline, now, consent)
    trimmed = without_expired(edition, now, consent)
    # changes.atom reports every changed event, so DIST differs: nothing needs to be rendered to find that out.
    if consent.removals or edition.history != baseline.history:
        edition = trimmed
    rendered = _render_edition(project, edition, means)
    # Expired tombstones only go when something else changes: time alone makes nothing out of date.
    if trimmed.events is not edition.events and not _is_published(rendered.artifacts, baseline):
        rendered = _render_edition(project, trimmed, means)
    return rendered


def _render_edition(project: Project, edition: Edition, means: _Means) -> _Rendered:
    if not means.site:
        return _render_files(project, edition, means, None)
    with closing(_begin_site(project, edition, means)) as site:
        return _render_files(project, edition, means, site)


def _render_files(project: Project, edition: Edition, means: _Means, site: Site | None) -> _Rendered:
    gone = {item.event.id for item in edition.events if item.removed or is_notice(item, edition.copies)}
    placed = place((item.event for item in edition.events), gone, edition.feeds)
    rendered = dict(_render_events(edition.events, placed.pieces, means))
    feeds = [
        render_feed(
            feed, edition.calendar, [rendered[event_id] for event_id in feed.event_ids], placed.plans.get(feed.path)
        )
        for feed in edition.feeds
    ]
    singles = [render_single(each, placed.plans.get(each.path)) for each in rendered.values()]
    artifacts = (*feeds, *singles, render_changes(edition), *(() if site is None else site.files(means.progress)))
    return _Rendered(
        artifacts=(*artifacts, render_manifest(edition, artifacts)),
        problems=(*edition.problems, *_feed_problems(edition, feeds)),
        events=rendered,
        revisions={item.event.id: item.revision for item in edition.events},
        frame="" if site is None else site.frame_key,
        # Some problems of an edition go away once it is published; floors that are then behind cause new ones.
        is_settled=not edition.problems and not any(event.stamp_marks for event in project.events),
    )


def _is_published(artifacts: Sequence[Artifact], baseline: Manifest) -> bool:
    """Return whether the baseline holds exactly these files, apart from the manifest."""
    hashes = {one.path: one.sha256 for one in artifacts if one.path != MANIFEST}
    return hashes == baseline.files


def _begin_site(project: Project, edition: Edition, means: _Means) -> Site:
    from calfeed.site.pages import Site  # templates are slow to import, and not every build has a site

    return Site(project, edition.feeds, edition.events, means.memory.page, means.executor)


def _render_events(
    revised: Sequence[Revised], pieces: Mapping[str, tuple[Event, ...]], means: _Means
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
    """Warn of feeds that clients are known to truncate or refuse."""
    for feed, artifact in zip(edition.feeds, artifacts, strict=True):
        if artifact.size >= MAX_FEED_BYTES or len(feed.event_ids) >= MAX_FEED_EVENTS:
            has_window = feed.path == edition.feeds[0].path or is_automatic(feed)
            trim = "trim it with the `window` of the calendar" if has_window else "trim it with `from` and `to`"
            yield warning(
                feed.mark,
                "large-feed",
                f"{feed.path} has {artifact.size:,} bytes and {len(feed.event_ids):,} events; Google loses events "
                f"of feeds over {MAX_FEED_BYTES:,} bytes, and calendars in browsers grow slow "
                "(ical.js: 2.6 s for 5,000)",
                f"{trim}, or offer smaller feeds under `feeds:`, by `categories` and dates",
            )
        url = f"{edition.calendar.url or ''}{feed.path}"
        if len(url) > MAX_FEED_URL:
            yield _long_url(feed, url)


def _long_url(feed: Feed, url: str) -> Problem:
    message = f"the address {url} has {len(url)} characters"
    hint = f"keep it to {MAX_FEED_URL}: some calendars refuse longer ones; a shorter `slug` or `id` helps"
    return warning(feed.mark, "long-feed-url", message, hint)


def _refuse_nesting(source: Path, target: Path) -> None:
    """Refuse an output folder that is or holds the folder of events: the sources would be foreign files in it."""
    if Path(os.path.realpath(source)).is_relative_to(os.path.realpath(target)):
        message = "the output folder is the folder of events, or holds it"
        raise OutputError([error(Mark(path=target.as_posix()), "foreign-folder", message, "choose another with -o")])
