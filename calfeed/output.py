"""Artifacts to disk: all or nothing, only what changed, and nothing deleted that calfeed did not write.

A build holds the lock of DIST from reading its manifest to writing the new one. Every changed file is staged beside
DIST before the first one is moved into it; a journal then says what is to be moved and deleted, and the manifest is the
last to be moved. So an error leaves DIST as it was, and a build that was killed half-way is finished by the next one.

Lock, staging and journal live in `.calfeed/<name of DIST>/` beside DIST, on the same file system: moves are atomic.
"""

from __future__ import annotations

import hashlib
import json
import operator
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeAlias

import filelock

from calfeed.errors import Mark, OutputError, Problem, error
from calfeed.manifest import MANIFEST, Manifest, read_manifest
from calfeed.model import Artifact

SameManifest: TypeAlias = "Callable[[bytes, bytes], bool]"

LOCK_TIMEOUT = 30.0
"""Seconds a build waits for another one on the same DIST."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a build wrote, or would have written: paths relative to DIST, sorted."""

    written: tuple[str, ...]
    deleted: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.written or self.deleted)


class Dist:
    """An output folder that is open for one build; made by `open_dist` and `view_dist`."""

    def __init__(self, shown: Path) -> None:
        self._shown = shown  # as it was given, for messages
        self._root = shown.resolve()
        self._state = _state(self._root)
        self.manifest = self._read_manifest()

    def changes(self, artifacts: Sequence[Artifact], *, same_manifest: SameManifest = operator.eq) -> Changes:
        """Return what differs between DIST and the artifacts, the manifest among them.

        Args:
            artifacts: everything DIST shall hold.
            same_manifest: tells whether the manifest present and the new one are the same.
        """
        wanted = {artifact.path for artifact in artifacts}
        written = sorted(artifact.path for artifact in artifacts if self._differs(artifact, same_manifest))
        owned = self.manifest.files if self.manifest else {}
        deleted = sorted(path for path in owned if path not in wanted and self._target(path).is_file())
        return Changes(tuple(written), tuple(deleted))

    def write(self, artifacts: Sequence[Artifact], progress: Callable[[int, int], None]) -> Changes:
        """Make DIST hold the artifacts, and return what changed.

        Raises:
            OutputError: DIST cannot be written, or a file that is not calfeed's is in the way. DIST is unchanged,
                unless the operating system failed in the middle of the moves; then the next build finishes them.
        """
        changes = self.changes(artifacts)
        if changes:
            by_path = {artifact.path: artifact for artifact in artifacts}
            self._check_targets(changes.written)
            with _os_errors_at(self._shown):
                self._stage([by_path[path] for path in changes.written], progress)
                self._write_journal(changes)
                self.finish()
        return changes

    def finish(self) -> None:
        """Carry out what the journal says is left to do; without a journal, drop what was staged."""
        journal = self._read_journal()
        if journal is not None:
            self._root.mkdir(parents=True, exist_ok=True)
            for path in journal.deleted:
                self._delete(path)
            # The manifest is moved last: until then the old one stands, and the journal says what is being done.
            for folder in {PurePosixPath(path).parent: None for path in journal.written}:
                (self._root / folder).mkdir(parents=True, exist_ok=True)
            for path in sorted(journal.written, key=lambda path: path == MANIFEST):
                with suppress(FileNotFoundError):  # moved before the build was killed
                    self._staged(path).replace(self._target(path))
            self._journal.unlink()
            self.manifest = self._read_manifest()
        shutil.rmtree(self._state / "staging", ignore_errors=True)

    # -- reading

    def _read_manifest(self) -> Manifest | None:
        path = self._root / MANIFEST
        try:
            data = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            self._refuse_foreign()
            return None
        except OSError as cause:
            raise OutputError([_cannot(self._shown, cause)]) from cause
        return read_manifest(data, (self._shown / MANIFEST).as_posix())

    def _refuse_foreign(self) -> None:
        """Refuse a folder with files in it that no manifest and no journal speaks of."""
        if self._root.exists() and not self._root.is_dir():
            message = "the output folder is a file"
            raise OutputError(
                [error(Mark(path=self._shown.as_posix()), "not-a-folder", message, "choose another with -o")]
            )
        if self._journal.exists() or not self._root.is_dir():
            return
        found = sorted(entry.name for entry in self._root.iterdir())
        if found:
            shown = ", ".join(found[:5]) + (", …" if len(found) > 5 else "")
            message = f"the folder holds files that are not calfeed's: {shown}"
            hint = "choose an empty folder with -o, or empty this one yourself"
            raise OutputError([error(Mark(path=self._shown.as_posix()), "foreign-folder", message, hint)])

    def _differs(self, artifact: Artifact, same_manifest: SameManifest) -> bool:
        target = self._target(artifact.path)
        try:
            present = target.read_bytes()
        except OSError:
            return True
        if artifact.path == MANIFEST:
            return not same_manifest(present, artifact.data)
        return present != artifact.data

    def _check_targets(self, paths: Sequence[str]) -> None:
        """Refuse to overwrite what calfeed did not write, and to follow links out of DIST."""
        owned = self.manifest.files if self.manifest else {}
        problems: list[Problem] = []
        for path in paths:
            if path != MANIFEST and path not in owned and os.path.lexists(self._target(path)):
                message = "a file that is not calfeed's is in the way"
                mark = Mark(path=(self._shown / path).as_posix())
                problems.append(error(mark, "foreign-file", message, "move it elsewhere"))
        parents = {parent for path in paths for parent in PurePosixPath(path).parents}
        for folder in sorted(parents - {PurePosixPath()}):
            target = self._root / folder
            if target.is_symlink() or (target.exists() and not target.is_dir()):
                message = "this is not a folder of DIST but a link or a file"
                mark = Mark(path=(self._shown / folder).as_posix())
                problems.append(error(mark, "foreign-file", message, "move it elsewhere"))
        if problems:
            raise OutputError(problems)

    # -- writing

    def _stage(self, artifacts: Sequence[Artifact], progress: Callable[[int, int], None]) -> None:
        staging = self._state / "staging"
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        for number, artifact in enumerate(artifacts):
            progress(number, len(artifacts))
            self._staged(artifact.path).write_bytes(artifact.data)
        progress(len(artifacts), len(artifacts))

    def _write_journal(self, changes: Changes) -> None:
        # Written under another name first, so that a journal is either whole or not there.
        draft = self._state / "journal.new"
        draft.write_text(json.dumps({"written": changes.written, "deleted": changes.deleted}), encoding="utf-8")
        draft.replace(self._journal)

    def _read_journal(self) -> Changes | None:
        try:
            content = json.loads(self._journal.read_bytes())
        except FileNotFoundError:
            return None
        return Changes(tuple(content["written"]), tuple(content["deleted"]))

    def _delete(self, path: str) -> None:
        target = self._target(path)
        target.unlink(missing_ok=True)
        for folder in target.parents:
            if folder == self._root:
                break
            with suppress(OSError):  # not empty
                folder.rmdir()

    @property
    def _journal(self) -> Path:
        return self._state / "journal.json"

    def _target(self, path: str) -> Path:
        """Return where a file of DIST is; a manifest or journal that names a place outside is refused."""
        relative = PurePosixPath(path)
        if relative.is_absolute() or ".." in relative.parts or "\\" in path:
            message = f"the manifest or the journal lists `{path}`, which is outside the folder"
            raise OutputError([error(Mark(path=self._shown.as_posix()), "bad-manifest", message, "restore a good one")])
        return self._root / relative

    def _staged(self, path: str) -> Path:
        """Return where a file waits; flat, because a hash of the path needs no folders."""
        return self._state / "staging" / hashlib.sha256(path.encode()).hexdigest()[:32]


@contextmanager
def open_dist(path: Path) -> Iterator[Dist]:
    """Yield the output folder, locked; what a killed build left undone is done first.

    Raises:
        OutputError: the folder is not calfeed's, cannot be used, or another build does not let go of it.
    """
    state = _state(path.resolve())
    with _os_errors_at(path):
        state.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(state / "lock", timeout=LOCK_TIMEOUT)
        try:
            lock.acquire()
        except filelock.Timeout:
            message = "another build is writing this folder"
            hint = "wait for it to end, or stop it"
            raise OutputError([error(Mark(path=path.as_posix()), "locked", message, hint)]) from None
    try:
        with _os_errors_at(path):
            dist = Dist(path)
            dist.finish()
        yield dist
    finally:
        lock.release()


def view_dist(path: Path) -> Dist:
    """Return the output folder for looking only; nothing is locked, finished or written."""
    return Dist(path)


def _state(root: Path) -> Path:
    return root.parent / ".calfeed" / root.name


@contextmanager
def _os_errors_at(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        raise OutputError([_cannot(path, cause)]) from cause


def _cannot(path: Path, cause: OSError) -> Problem:
    where = f"{cause.filename}: " if cause.filename else ""
    message = f"the output cannot be written: {where}{cause.strerror or cause}"
    hint = "check the permissions and the free space, then build again"
    return error(Mark(path=path.as_posix()), "output-failed", message, hint)
