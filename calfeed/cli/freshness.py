"""Checks whether a DIST to be published is up to date with its sources."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from calfeed.diagnostics.problem import Mark, Problem, SourceError, problem_at
from calfeed.editions.diff import Difference, diff
from calfeed.editions.manifest import MANIFEST
from calfeed.publish.release import Release
from calfeed.resolve.load import load
from calfeed.source.folder import CALENDAR, find_files


def stale_release(release: Release, events: Path, now: datetime) -> Problem | None:
    """Return a warning if DIST is older than its sources and differs from them, else None.

    Only what subscribers see is compared. A folder that is missing, or has a different calendar, is not its source.

    Args:
        release: the release to publish.
        events: the folder it may have been built from.
        now: the time that decides which events have passed.
    """
    if not _is_newer(events, release.folder / MANIFEST):
        return None
    mark = Mark(path=(release.folder / MANIFEST).as_posix())
    folder = events.as_posix()
    try:
        project = load(events)
    except SourceError as cause:
        if all(problem.mark.path != f"{folder}/{CALENDAR}" for problem in cause.problems):
            hint = f"run `calfeed check {folder}`, then `calfeed build`; this publishes the last good build"
            return problem_at(mark, "stale-output", f"{folder} was edited after the build and has errors", hint)
        return None  # perhaps the sources of another calendar
    if project.calendar.id != release.manifest.id:
        return None
    difference = diff(project, release.manifest, now=now)
    if not difference:
        return None
    message = f"{folder} was edited after the build: {_count(difference)}"
    return problem_at(mark, "stale-output", message, "run `calfeed build` first, unless this is intended")


def _is_newer(events: Path, manifest: Path) -> bool:
    """Return whether a source, or a folder of them, was written after the manifest: only then is it compared."""
    with suppress(OSError):
        if not (events / CALENDAR).is_file():
            return False
        built = manifest.stat().st_mtime_ns
        return any(path.stat().st_mtime_ns > built for path in _paths(events))
    return False


def _paths(events: Path) -> Iterator[Path]:
    folder = find_files(events)
    paths = [events / name for name in folder.files]
    yield from paths
    yield from dict.fromkeys([events, *(path.parent for path in paths)])  # a file in them may have been deleted


def _count(difference: Difference) -> str:
    changes, feeds = len(difference.changes), len(difference.new_feeds) + len(difference.missing_feeds)
    parts = [(changes, "event"), (feeds, "feed")]
    return ", ".join(f"{count} {word}{'s differ' if count > 1 else ' differs'}" for count, word in parts if count)
