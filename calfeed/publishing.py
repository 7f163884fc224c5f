"""DIST to the place it is published at: only what changed, in an order that is safe, and so that a cut can be mended.

The manifest at the place says what is published there. It is written last, so until then the next build still compares
with what was there before. A journal is written first: it lists every file that is about to be written or deleted, and
goes when all is done. Whatever the manifest says of a file in a journal, the next publish writes it again, or deletes
it. So it does not matter where a publish was cut, nor whether the next one publishes the same files.

There is no lock at such a place. A publish that finds its journal gone or replaced before it writes the manifest knows
that another one was at work, leaves a journal of its own files behind, and fails: the next one writes them again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import NoReturn

from calfeed import history
from calfeed.errors import Mark, OutputError, UnfinishedError, error
from calfeed.fields import MAX_SEQUENCE
from calfeed.ledger import MANIFEST, Manifest
from calfeed.manifest import read_manifest
from calfeed.model import Artifact
from calfeed.output import Changes
from calfeed.revisions import Published, has_passed
from calfeed.targets import PART, Target, TargetError

JOURNAL = ".calfeed-publish.json"
"""Lists, at a place, the files that a publish which did not end may have written or deleted."""
_SHOWN = 5  # how many names a message gives
_BUILD_AGAIN = "run `calfeed build` again; it puts right what was edited, or half written"


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A DIST that is what its manifest says."""

    folder: Path
    manifest: Manifest
    ledger: Artifact
    """The manifest as a file."""
    sizes: Mapping[str, int]

    def artifact(self, path: str) -> Artifact:
        """Return a file of it, the very bytes that the manifest means."""
        return self.ledger if path == MANIFEST else _read_listed(self.folder, path, self.manifest.files[path])


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """What is at the place before anything is done."""

    files: Mapping[str, int]
    ledger: bytes | None = None
    manifest: Manifest = field(default_factory=Manifest)
    doubtful: frozenset[str] = frozenset()
    """Files that a publish which did not end may have written or deleted."""

    @property
    def owned(self) -> frozenset[str]:
        """What calfeed has written there."""
        return self.doubtful.union(self.manifest.files, (PART,))


def read_release(folder: Path) -> Release:
    """Return the DIST in `folder`.

    Raises:
        OutputError: it has no manifest, or is not what its manifest says.
    """
    place = (folder / MANIFEST).as_posix()
    try:
        data = (folder / MANIFEST).read_bytes()
    except OSError as cause:
        hint = "run `calfeed build` first, or name its output folder with -o"
        raise OutputError([error(Mark(path=place), "missing-manifest", "there is no manifest here", hint)]) from cause
    manifest = read_manifest(data, place)
    _check_paths(manifest.files, place)
    sizes = {path: len(_read_listed(folder, path, digest).data) for path, digest in manifest.files.items()}
    return Release(folder=folder, manifest=manifest, ledger=Artifact(MANIFEST, data), sizes=sizes)


def plan(release: Release, target: Target, *, now: datetime, may_change_id: bool = False) -> Changes:
    """Return what publishing would write and delete; nothing is written.

    Args:
        release: what to publish.
        target: where.
        now: the time by which events have passed, which may be gone.
        may_change_id: the calendar has another id on purpose.

    Raises:
        OutputError: this must not be published there.
    """
    return _plan(release, _look(target), target, now, may_change_id=may_change_id)


def publish(
    release: Release,
    target: Target,
    *,
    now: datetime,
    may_change_id: bool = False,
    progress: Callable[[int, int], None],
) -> Changes:
    """Make the place hold the release, and return what was written and deleted.

    Args:
        release: what to publish.
        target: where.
        now: the time by which events have passed, which may be gone.
        may_change_id: the calendar has another id on purpose.
        progress: told how many files are written.

    Raises:
        OutputError: this must not be published there, or the place cannot be read; nothing was changed.
        UnfinishedError: something failed on the way; publishing again mends it.
    """
    found = _look(target)
    changes = _plan(release, found, target, now, may_change_id=may_change_id)
    if not changes and JOURNAL not in found.files:
        return changes
    touched = found.doubtful.union(changes.written, changes.deleted) - {MANIFEST}
    journal = _render_journal(touched, release.ledger.data)
    try:
        target.write(JOURNAL, journal)
        _write_all(
            release, target, _in_order(changes.written, (feed.path for feed in release.manifest.feeds)), progress
        )
        _check_alone(target, journal, touched)
        if MANIFEST in changes.written:
            target.write(MANIFEST, release.ledger.data)
        for path in changes.deleted:
            target.delete(path)
        _check_alone(target, journal, touched)
        target.delete(JOURNAL)
    except TargetError as cause:
        hint = "mend that and publish again; what is missing is written then"
        raise UnfinishedError([error(Mark(path=target.shown), "publish-failed", str(cause), hint)]) from cause
    return changes


# -- looking ------------------------------------------------------------------------------------------------------


def _look(target: Target) -> _Found:
    try:
        files = target.files()
        ledger = target.read(MANIFEST) if MANIFEST in files else None
        journal = target.read(JOURNAL) if JOURNAL in files else None
    except TargetError as cause:
        message = f"the place cannot be read: {cause}"
        hint = "check the address, and that you may list, read and write there"
        raise OutputError([error(Mark(path=target.shown), "publish-failed", message, hint)]) from cause
    place = _place(target, MANIFEST)
    manifest = Manifest() if ledger is None else read_manifest(ledger, place)
    _check_paths(manifest.files, place)
    doubtful = frozenset() if journal is None else _read_journal(journal, target)
    return _Found(files=files, ledger=ledger, manifest=manifest, doubtful=doubtful)


def _plan(release: Release, found: _Found, target: Target, now: datetime, *, may_change_id: bool) -> Changes:
    if found.ledger is not None:
        _check_calendar(release.manifest, found.manifest, target, may_change_id=may_change_id)
        _check_revisions(release.manifest, found.manifest, target, now)
    wanted = release.manifest.files
    written = sorted(path for path in wanted if _differs(path, release, found))
    _check_foreign(written, found, target)
    if found.ledger != release.ledger.data:
        written.append(MANIFEST)
    deleted = sorted(path for path in found.owned if path not in wanted and path in found.files)
    return Changes(tuple(written), tuple(path for path in deleted if path not in (MANIFEST, JOURNAL)))


def _differs(path: str, release: Release, found: _Found) -> bool:
    """Tell whether a file is to be written: the manifest is believed where the sizes fit and no journal speaks."""
    is_same = found.manifest.files.get(path) == release.manifest.files[path]
    return not is_same or path in found.doubtful or found.files.get(path) != release.sizes[path]


def _check_calendar(ours: Manifest, theirs: Manifest, target: Target, *, may_change_id: bool) -> None:
    if ours.id != theirs.id and not may_change_id:
        message = f"another calendar is published here: `{theirs.id}`, not `{ours.id}`"
        hint = "choose another place; if the calendar has a new id on purpose, give --allow-new-id"
        _refuse(target.shown, "other-calendar", message, hint)


def _check_revisions(ours: Manifest, theirs: Manifest, target: Target, now: datetime) -> None:
    """Refuse what was not built from what is published: it would take back what others have published since."""
    behind = [uid for uid, here in ours.events.items() if uid in theirs.events and _is_behind(here, theirs.events[uid])]
    # What left and is here again goes on from there, or its subscribers would not take it.
    behind += [uid for uid, old in theirs.retired.items() if _sequence_of(uid, ours) < old.sequence]
    ids = {item.id for item in ours.events.values()}
    lost = [uid for uid, there in theirs.events.items() if uid not in ours.events and there.id not in ids]
    gone = [uid for uid in lost if not has_passed(theirs.events[uid], now)]
    if behind or gone:
        what = f"has other revisions of {_some(behind)}" if behind else f"knows nothing of {_some(gone)}"
        message = f"this was not built from what is published here: it {what}"
        hint = f"build again with the published manifest as --baseline ({_place(target, MANIFEST)}), and publish that"
        _refuse(target.shown, "newer-published", message, hint)


def _sequence_of(uid: str, manifest: Manifest) -> int:
    """Return the last number of a UID; of one that a manifest does not know, none is higher."""
    item = manifest.events.get(uid)
    return MAX_SEQUENCE if item is None else item.revision.sequence


def _is_behind(here: Published, there: Published) -> bool:
    if here.revision.sequence != there.revision.sequence:
        return here.revision.sequence < there.revision.sequence
    is_same = here.fingerprint == there.fingerprint or here.content == there.content
    return not is_same or here.revision.last_modified < there.revision.last_modified


def _check_foreign(written: Sequence[str], found: _Found, target: Target) -> None:
    """Refuse to overwrite what calfeed did not publish, and to put files where there is none of its folders."""
    folders = {parent for path in found.files for parent in PurePosixPath(path).parents}
    taken = {PurePosixPath(path) for path in found.files}
    foreign = [
        path
        for path in written
        if path not in found.owned
        and ({PurePosixPath(path), *PurePosixPath(path).parents} & taken or PurePosixPath(path) in folders)
    ]
    if foreign:
        message = f"files that calfeed did not publish are in the way: {_some(foreign)}"
        hint = f"move them elsewhere or choose another place; if they are calfeed's, put their {MANIFEST} back"
        _refuse(target.shown, "foreign-file", message, hint)


def _check_paths(paths: Iterable[str], place: str) -> None:
    for path in paths:
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or ".." in parts or "\\" in path:
            message = f"`{path}` is listed here, which is outside the folder"
            _refuse(place, "bad-manifest", message, "restore a good one")


# -- doing --------------------------------------------------------------------------------------------------------


def _in_order(paths: Sequence[str], feeds: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Return the paths in groups, but for the manifest: what feeds and index pages link to is there before they are."""
    listing = {history.PATH, *feeds}
    groups: tuple[list[str], ...] = ([], [], [])
    for path in paths:
        if path != MANIFEST:
            groups[2 if PurePosixPath(path).name == "index.html" else int(path in listing)].append(path)
    return tuple(tuple(group) for group in groups)


def _write_all(
    release: Release, target: Target, groups: Sequence[Sequence[str]], progress: Callable[[int, int], None]
) -> None:
    def write(path: str) -> None:
        target.write(path, release.artifact(path).data)

    total, done = sum(map(len, groups)), 0
    try:
        with ThreadPoolExecutor(target.lanes) as pool:
            for group in groups:
                for _ in pool.map(write, group):
                    done += 1
                    progress(done, total)
    except OutputError as cause:  # a build went on at the same time
        raise UnfinishedError(cause.problems) from cause


def _check_alone(target: Target, journal: bytes, touched: Iterable[str]) -> None:
    """Fail if another publish has been at work since the journal was written; the files of both are in doubt then."""
    present = target.read(JOURNAL)
    if present == journal:
        return
    theirs = frozenset() if present is None else _read_journal(present, target)
    target.write(JOURNAL, _render_journal(theirs.union(touched), b""))
    message = "another publish to this place was at work at the same time"
    hint = "let one end before the next begins, then publish again; the files of both are written again"
    raise UnfinishedError([error(Mark(path=target.shown), "publish-crossed", message, hint)])


# -- the journal --------------------------------------------------------------------------------------------------


def _render_journal(paths: Iterable[str], ledger: bytes) -> bytes:
    """Return a journal; the manifest that is to be published tells it from the journal of another publish."""
    content = {"manifest": hashlib.sha256(ledger).hexdigest(), "files": sorted(paths)}
    return f"{json.dumps(content, ensure_ascii=False, indent=1)}\n".encode()


def _read_journal(data: bytes, target: Target) -> frozenset[str]:
    place = _place(target, JOURNAL)
    try:
        content = json.loads(data)
        paths = frozenset(str(path) for path in content["files"])
    except (ValueError, KeyError, TypeError) as cause:
        message = "this is no journal of calfeed"
        hint = "delete it and everything else that calfeed has published here, and publish again"
        raise OutputError([error(Mark(path=place), "bad-journal", message, hint)]) from cause
    _check_paths(paths, place)
    return paths


# -- small things -------------------------------------------------------------------------------------------------


def _read_listed(folder: Path, path: str, digest: str) -> Artifact:
    """Return a file of DIST, which must be what the manifest says."""
    place = (folder / path).as_posix()
    try:
        data = (folder / path).read_bytes()
    except OSError as cause:
        message = f"the manifest lists this file, and it cannot be read: {cause.strerror}"
        raise OutputError([error(Mark(path=place), "changed-output", message, _BUILD_AGAIN)]) from cause
    if hashlib.sha256(data).hexdigest() != digest:
        _refuse(place, "changed-output", "the file is not the one that the manifest lists", _BUILD_AGAIN)
    return Artifact(path, data)


def _place(target: Target, path: str) -> str:
    return f"{target.shown.rstrip('/')}/{path}"


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _refuse(place: str, code: str, message: str, hint: str) -> NoReturn:
    raise OutputError([error(Mark(path=place), code, message, hint)])
