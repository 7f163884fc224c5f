"""Builds a folder of events into DIST, or quickly finds that there is nothing to do.

That check must take no longer than examining the files, so the modules that read and render are imported after it.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from calfeed.cache.snapshot import Answer, Snapshot, key_of, recall, write_snapshot
from calfeed.diagnostics.problem import Mark, OutputError, Problem, problem_at, sort_problems
from calfeed.output.changes import Changes
from calfeed.output.state import clock_of
from calfeed.paths import is_within
from calfeed.pipeline.options import Options
from calfeed.progress import Progress, silent

if TYPE_CHECKING:
    from calfeed.cache.memory import Memory
    from calfeed.output.view import View
    from calfeed.parallel import Executor
    from calfeed.pipeline.render import Rendered
    from calfeed.resolve.load import Loaded


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildResult:
    """What a build did, or with `check` would do.

    Attributes:
        events: the number of events in the sources.
        feeds: the number of feeds they have.
        url: where DIST will be published, if known.
        files: the paths of all files in DIST afterwards.
        changes: what was written and deleted.
        is_first: whether nothing was published before.
        has_finished_another: whether an earlier build was interrupted and this one finished its work.
        problems: the warnings.
    """

    events: int
    feeds: int
    url: str | None
    files: tuple[str, ...]
    changes: Changes
    is_first: bool
    has_finished_another: bool
    problems: tuple[Problem, ...]


def build(
    path: Path | str,
    out: Path | str,
    *,
    now: datetime,
    base_url: str | None = None,
    options: Options = Options(),  # noqa: B008 - it is frozen
    check: bool = False,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> BuildResult:
    """Build the folder of events `path` into the folder `out`.

    Args:
        path: the folder of events.
        out: DIST; created if missing.
        now: the build's time (aware).
        base_url: where DIST will be published, instead of the calendar's `url`.
        options: what else affects the bytes of DIST.
        check: write nothing; the result's `changes` list what is out of date.
        progress: called with the progress of each stage.
        executor: may read files and render pages in other processes; the bytes are the same. It is not shut down.

    Raises:
        SourceError: the sources have errors, or one of their templates fails. DIST is unchanged.
        PromiseError: something would vanish for subscribers without consent. DIST is unchanged.
        OutputError: DIST cannot be used or written; it is unchanged, unless the error is an UnfinishedError.
    """
    source, target = Path(path), Path(out)
    # Don't snapshot builds with a custom baseline or consent; later plain builds must not reuse them.
    is_plain = options == Options(site=options.site)
    known = recall(source, target, base_url=base_url, site=options.site) if is_plain and not check else None
    if known is not None:
        return BuildResult(
            events=known.answer.events,
            feeds=known.answer.feeds,
            url=known.answer.url,
            files=known.files,
            changes=Changes(),
            is_first=False,
            has_finished_another=False,
            problems=known.answer.problems,
        )
    from calfeed.cache.memory import Memory, read_memory
    from calfeed.editions.manifest import Manifest
    from calfeed.editions.manifest_json import same_output
    from calfeed.output.dist import Dist, open_dist
    from calfeed.output.view import view_dist
    from calfeed.pipeline.render import Means, render_all
    from calfeed.resolve.load import load_with

    report = progress or silent
    _refuse_nesting(source, target)
    # The sources are read under the lock: a build that had to wait must not write what it read before waiting.
    opened: AbstractContextManager[View] = nullcontext(view_dist(target)) if check else open_dist(target)
    with opened as dist:
        # A check must not rely on the results of earlier builds.
        began, memory = (None, Memory()) if check else (_clock(dist), read_memory(dist.state))
        loaded = load_with(memory, source, base_url=base_url, progress=report, executor=executor)
        published = options.baseline or dist.manifest or Manifest()
        means = Means(site=options.site, is_preview=options.preview, memory=memory, executor=executor, progress=report)
        rendered = render_all(loaded.project, loaded.planner, now, published, options.consent, means)
        problems = sort_problems([*loaded.project.problems, *rendered.problems])
        if isinstance(dist, Dist):
            changes = dist.write(rendered.artifacts, lambda done, total: report("writing", done, total))
        else:
            changes = dist.changes(rendered.artifacts, same_manifest=same_output)
        problems = sort_problems([*problems, *(_left_file(target / path) for path in dist.left)])
        project = loaded.project
        answer = Answer(len(project.events), len(project.feeds), project.calendar.url, problems)
        if began is not None:
            _remember(dist, began, memory, loaded, rendered)
            is_complete = len(dist.files) == len(rendered.artifacts) and not dist.left
            # A revision in the future will be in the past some day, although no file changes.
            is_timeless = not any(problem.code == "far-revision" for problem in problems)
            if is_plain and is_complete and is_timeless and (rendered.is_settled or not changes):
                _take_snapshot(dist, key_of(source, base_url=base_url, site=options.site), began, loaded, answer)
    return BuildResult(
        events=answer.events,
        feeds=answer.feeds,
        url=answer.url,
        files=tuple(artifact.path for artifact in rendered.artifacts),
        changes=changes,
        is_first=published.is_none,
        has_finished_another=isinstance(dist, Dist) and bool(dist.finished),
        problems=problems,
    )


def _left_file(path: Path) -> Problem:
    message = "this file is no longer published, but it changed after calfeed wrote it, so it stays"
    return problem_at(Mark(path=path.as_posix()), "left-file", message, "delete it unless you need it")


def _clock(dist: View) -> int | None:
    """Return the time on the clock of DIST's file system; None if unknown."""
    try:
        return clock_of(dist.state)
    except OSError:
        return None


def _remember(dist: View, began: int, memory: Memory, loaded: Loaded, rendered: Rendered) -> None:
    """Record the result of each file, for the next build."""
    from calfeed.cache.memory import write_memory
    from calfeed.pipeline.render import printed_events

    printed = printed_events(rendered)
    write_memory(dist.state, memory, loaded.key, rendered.frame, began, loaded.results, printed)


def _take_snapshot(dist: View, key: str, began: int, loaded: Loaded, answer: Answer) -> None:
    """Record which files this build saw and what it reported, for the next build."""
    written_since = _clock(dist)
    if written_since is not None:
        snapshot = Snapshot(
            key=key,
            read_since=began,
            sources=loaded.stamps,
            written_since=written_since,
            files=dist.files,
            answer=answer,
        )
        write_snapshot(dist.state, snapshot)


def _refuse_nesting(source: Path, target: Path) -> None:
    """Refuse an output folder that is or contains the folder of events: the sources would be foreign files in it."""
    if is_within(source, target):
        message = "the output folder is or contains the folder of events"
        raise OutputError(
            [problem_at(Mark(path=target.as_posix()), "foreign-folder", message, "choose a different folder with -o")]
        )
