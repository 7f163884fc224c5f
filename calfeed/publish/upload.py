"""Publish DIST to its place: only what changed, in a safe order, and so that an interrupted run can be repaired.

The manifest at the place says what is published there. It is written last, so until then the next build still compares
with what was there before. A journal is written first: it lists every file that will be written or deleted, and is
deleted at the end. Whatever the manifest says about a file in a journal, the next publish writes or deletes it again.
So it does not matter where a publish was interrupted, nor whether the next one publishes the same files.

Such a place has no lock, and a killed run looks the same as a slow one. Each run has its own journal and takes over the
journals it finds: it lists their files in its own, then deletes them.

- A run that finds a changed manifest or another new journal after writing its own withdraws: nothing was changed. Of
  two runs that begin together, at least one sees the other.
- A run whose journal is gone has been taken over by a later one. It checks before each file, so it stops at once.
- A run that sees another run's journal at the end also fails.

A run that stops after writing leaves a journal of every file that may be affected. The other run therefore fails,
unless it has already ended, and the next publish writes all these files again.

One gap remains: a run may be writing a single file while another run begins and ends. The first run notices and fails,
but the other has already reported success. Only a place with locks could prevent that.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import NoReturn

from calfeed.diagnostics.problem import Mark, OutputError, Problem, UnfinishedError, list_some, problem_at
from calfeed.editions.manifest import MANIFEST, Manifest
from calfeed.editions.manifest_json import read_manifest
from calfeed.formats import atom
from calfeed.output.changes import Changes
from calfeed.publish.guards import MAX_LISTED, check_calendar, check_paths, check_revisions, file_at, forbid
from calfeed.publish.journal import journal_of, journals_in, part_of, parts_in, read_journal, render_journal
from calfeed.publish.release import Release
from calfeed.publish.target import Target, TargetError

_LAST = frozenset(["index.html", "embed.html", "sitemap.xml", "robots.txt"])
"""The files that link to everything else."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Before:
    """What is at the place before the run changes anything."""

    files: Mapping[str, int]
    ledger: bytes | None = None
    manifest: Manifest = field(default_factory=Manifest)
    doubtful: frozenset[str] = frozenset()
    """Files that unfinished runs may have written or deleted."""

    @property
    def owned(self) -> frozenset[str]:
        """The files that calfeed has written there."""
        return self.doubtful.union(self.manifest.files)

    @property
    def leftovers(self) -> Sequence[str]:
        """The journals and parts of unfinished runs. Journals are deleted first: a run without its journal stops."""
        return (*sorted(journals_in(self.files)), *sorted(parts_in(self.files)))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Run:
    """A publish in progress."""

    release: Release
    target: Target
    token: str
    touched: frozenset[str]
    """The files that this run may write or delete, or that the runs it takes over may have written or deleted."""

    @property
    def journal(self) -> str:
        """The path of the journal that lists these files."""
        return journal_of(self.token)

    def write(self, path: str, data: bytes) -> None:
        """Write a file at the place."""
        self.target.write(path, data, part_of(self.token))


def plan(release: Release, target: Target, *, now: datetime, may_change_id: bool = False) -> Changes:
    """Return what publishing would write and delete; nothing is written.

    Args:
        release: what to publish.
        target: where to publish it.
        now: events that are over in every time zone by this time may be missing.
        may_change_id: whether the calendar's id may differ from the published one.

    Raises:
        OutputError: this must not be published there.
    """
    return _plan(release, _look(target), target, now, may_change_id=may_change_id)


def publish(
    release: Release,
    target: Target,
    *,
    token: str,
    now: datetime,
    may_change_id: bool = False,
    progress: Callable[[int, int], None],
) -> Changes:
    """Publish the release to the place, and return what was written and deleted.

    Args:
        release: what to publish.
        target: where to publish it.
        token: letters and digits that are unique to this run.
        now: events that are over in every time zone by this time may be missing.
        may_change_id: whether the calendar's id may differ from the published one.
        progress: called with the number of files written and the total.

    Raises:
        OutputError: this must not be published there, or the place cannot be read, or another publish is running there;
            nothing was changed.
        UnfinishedError: something failed midway, or another publish was running; publishing again repairs it.
    """
    before = _look(target)
    changes = _plan(release, before, target, now, may_change_id=may_change_id)
    if not changes and not before.leftovers:
        return changes
    touched = before.doubtful.union(changes.written, changes.deleted) - {MANIFEST}
    run = _Run(release=release, target=target, token=token, touched=touched)
    try:
        run.write(run.journal, render_journal(touched))
        _begin(run, before)
        feeds = (feed.path for feed in release.manifest.feeds)
        _write_all(run, _in_order(changes.written, feeds), progress)
        _check_alone(run)
        if MANIFEST in changes.written:
            if target.read(MANIFEST) != before.ledger:
                _stop(run)
            run.write(MANIFEST, release.ledger.data)
        for path in changes.deleted:
            if not target.has(run.journal):
                _stop(run)
            target.delete(path)
        _check_alone(run)
        target.delete(run.journal)
    except TargetError as cause:
        hint = "fix that and publish again, which writes the missing files"
        raise UnfinishedError([problem_at(Mark(path=target.name), "publish-failed", str(cause), hint)]) from cause
    return changes


# -- looking ------------------------------------------------------------------------------------------------------


def _look(target: Target) -> _Before:
    try:
        # Read the manifest first: it reveals any other publish that ends from now on.
        ledger = target.read(MANIFEST)
        files = target.files()
        journals = {path: target.read(path) for path in sorted(journals_in(files))}
    except TargetError as cause:
        message = f"the place cannot be read: {cause}"
        hint = "check the address, and that you may list, read and write there"
        raise OutputError([problem_at(Mark(path=target.name), "publish-failed", message, hint)]) from cause
    place = file_at(target.name, MANIFEST)
    manifest = Manifest() if ledger is None else read_manifest(ledger, place)
    check_paths(manifest.files, place)
    doubtful: set[str] = set()
    for path, journal in journals.items():
        if journal is None:
            _withdraw(target)
        doubtful |= read_journal(journal, file_at(target.name, path))
    return _Before(files=files, ledger=ledger, manifest=manifest, doubtful=frozenset(doubtful))


def _plan(release: Release, before: _Before, target: Target, now: datetime, *, may_change_id: bool) -> Changes:
    if before.ledger is not None:
        if not may_change_id:
            check_calendar(release.manifest, before.manifest, target.name)
        check_revisions(release.manifest, before.manifest, target.name, now)
    wanted = release.manifest.files
    written = sorted(path for path in wanted if _differs(path, release, before))
    _check_foreign(written, before, target)
    if before.ledger != release.ledger.data:
        written.append(MANIFEST)
    deleted = sorted(path for path in before.owned if path not in wanted and path in before.files)
    return Changes(tuple(written), tuple(path for path in deleted if path != MANIFEST))


def _differs(path: str, release: Release, before: _Before) -> bool:
    """Return whether a file must be written; the manifest is trusted if the size matches and no journal lists it."""
    is_same = before.manifest.files.get(path) == release.manifest.files[path]
    return not is_same or path in before.doubtful or before.files.get(path) != release.sizes[path]


def _check_foreign(written: Sequence[str], before: _Before, target: Target) -> None:
    """Refuse to overwrite files that calfeed did not publish, or to write where a file and a folder would collide."""
    folders = {parent for path in before.files for parent in PurePosixPath(path).parents}
    taken = {PurePosixPath(path) for path in before.files}
    foreign = [
        path
        for path in written
        if path not in before.owned
        and ({PurePosixPath(path), *PurePosixPath(path).parents} & taken or PurePosixPath(path) in folders)
    ]
    if foreign:
        message = f"files that calfeed did not publish are in the way: {list_some(foreign, MAX_LISTED)}"
        hint = f"move them elsewhere or choose another place; if they are calfeed's, restore their {MANIFEST}"
        forbid(target.name, "foreign-file", message, hint)


# -- doing --------------------------------------------------------------------------------------------------------


def _in_order(paths: Iterable[str], feeds: Iterable[str]) -> Sequence[Sequence[str]]:
    """Group the paths, without the manifest, so that files are written before the lists that link to them."""
    listing = {atom.PATH, *feeds}
    groups: dict[int, list[str]] = {}
    for path in paths:
        if path != MANIFEST:
            groups.setdefault(_rank(path, listing), []).append(path)
    return [group for _, group in sorted(groups.items())]


def _rank(path: str, listing: Container[str]) -> int:
    if path in _LAST:
        return 4
    if path in listing:
        return 1
    if not path.endswith(".html"):
        return 0
    return 2 if path.startswith("events/") else 3


def _begin(run: _Run, before: _Before) -> None:
    """Take over what unfinished runs left; withdraw if another run has begun or ended since the place was read."""
    target = run.target
    rivals = journals_in(target.files()) - journals_in(before.files) - {run.journal}
    if rivals or target.read(MANIFEST) != before.ledger:
        target.delete(run.journal)
        _withdraw(target)
    for path in before.leftovers:
        target.delete(path)


def _write_all(run: _Run, groups: Sequence[Sequence[str]], progress: Callable[[int, int], None]) -> None:
    def write(path: str) -> None:
        data = run.release.artifact(path).data
        if not run.target.has(run.journal):
            _stop(run)
        run.write(path, data)

    total, done = sum(map(len, groups)), 0
    try:
        with ThreadPoolExecutor(run.target.lanes) as pool:
            for group in groups:
                for _ in pool.map(write, group):
                    done += 1
                    progress(done, total)
    except UnfinishedError:
        raise
    except OutputError as cause:  # a build changed DIST at the same time
        raise UnfinishedError(cause.problems) from cause


def _check_alone(run: _Run) -> None:
    """Stop if another publish has run since the journal was written."""
    if journals_in(run.target.files()) != {run.journal}:
        _stop(run)


def _stop(run: _Run) -> NoReturn:
    """Fail because another run interfered: it may have ended, so nothing written since then is certain."""
    run.write(run.journal, render_journal(run.touched.union(run.release.manifest.files)))
    hint = "let one end before the next begins, then publish again: the files of both are written again"
    raise UnfinishedError([_crossed(run.target, "another publish to this place ran at the same time", hint)])


def _withdraw(target: Target) -> NoReturn:
    """Fail before anything was changed."""
    message = "another publish to this place is running, or has just ended"
    raise OutputError([_crossed(target, message, "publish again when it has ended")])


def _crossed(target: Target, message: str, hint: str) -> Problem:
    return problem_at(Mark(path=target.name), "publish-crossed", message, hint)
