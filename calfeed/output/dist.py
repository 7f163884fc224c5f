"""Write artifacts to disk: all or nothing, only what changed, and without deleting files that calfeed did not write.

A build holds the lock of DIST from reading its sources to writing its manifest. It checks every target and stages every
changed file next to DIST. Then it writes a journal of what to move and delete, and makes the folders before it moves
the first file. It moves the manifest last. Whatever can fail therefore fails while DIST is unchanged, and once there is
a journal, the next build finishes a killed one.

The state folder and DIST may come from a pull request, so their files are trusted no more than the sources: a file is
moved or deleted only if builds make files with its name and a manifest lists the hash of its bytes.

The manifest is synced to disk before it is moved. Nothing else needs to be: if a power cut damages a file, the next
build finds that it differs and writes it again, as long as it can read what was published.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import filelock

from calfeed.artifact import Artifact
from calfeed.diagnostics.problem import UnfinishedError
from calfeed.editions.manifest import MANIFEST
from calfeed.output.changes import Changes, folders_of
from calfeed.output.failures import cannot_write, os_errors_at, refusal
from calfeed.output.staging import Staging
from calfeed.output.state import JOURNAL, STAGING, STATE, state_of
from calfeed.output.view import View, has_hash
from calfeed.stamp import stamp_of

LOCK_TIMEOUT = 30.0
"""How many seconds a build waits for another build of the same DIST."""


class Dist(View):
    """An output folder that one build has locked; created by `open_dist`.

    Attributes:
        finished: the changes of an interrupted build that opening this folder completed.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._staging = Staging(self.state, path.parent / STATE / self.root.name)
        self.finished = self._finish_earlier()

    def write(self, artifacts: Sequence[Artifact], progress: Callable[[int, int], None]) -> Changes:
        """Make DIST contain the artifacts, and return what changed.

        Raises:
            OutputError: DIST cannot be written, or a file that calfeed did not write is in the way; DIST is unchanged.
            UnfinishedError: the operating system failed between the moves; the next build finishes them.
        """
        changes = self.changes(artifacts)
        if changes:
            by_path = {artifact.path: artifact for artifact in artifacts}
            with os_errors_at(self.path):
                self._check_targets(changes)
                with self._undoing(changes):
                    self._staging.stage([by_path[path] for path in changes.written], progress)
                    self._staging.write_journal(changes)
                    # Only after the journal: without it, the next build would refuse the new folders as foreign.
                    self._make_folders(changes, changes.in_the_way)
                self._carry_out(changes)
            self._record_stamps([by_path[path] for path in changes.written])
        return changes

    def _finish_earlier(self) -> Changes:
        """Finish an interrupted build, or discard its files if it had only begun to stage them."""
        journal = self._staging.read_journal()
        changes = Changes()
        if journal is not None and self.root.exists():  # without DIST, the moved files are gone
            changes = self._staging.unfinished(journal, self.manifest, self._may_delete)
        if changes:
            self._check_folders(changes)
            self._make_folders(changes, changes.in_the_way)
            self._carry_out(changes)
        self._staging.delete_journal()
        self._staging.discard()
        if journal is not None:
            self.manifest = self.read_manifest()
        return changes

    def _may_delete(self, path: str) -> bool:
        """Return whether a file is unchanged, or missing with nothing in its place or in place of its folder."""
        try:
            os.lstat(self.target(path))
        except FileNotFoundError:
            return True
        except NotADirectoryError:
            return False
        return has_hash(self.target(path), self.owned[path])

    # -- checking before writing

    def _check_targets(self, changes: Changes) -> None:
        """Refuse to overwrite foreign files, and to follow links out of DIST."""
        owned, vacated = {*self.owned, MANIFEST}, changes.in_the_way
        for path in changes.written:
            try:
                mode = os.lstat(self.target(path)).st_mode
            except OSError:  # the file or its folder does not exist
                continue
            is_ours = self._becomes_empty(path, vacated) if stat.S_ISDIR(mode) else path in owned
            if not is_ours:
                message = "a file that calfeed did not write is in the way"
                raise refusal(self.path / path, "foreign-file", message, "move it elsewhere")
        self._check_folders(changes)

    def _becomes_empty(self, folder: str, deleted: frozenset[str]) -> bool:
        """Return whether a folder contains only files that will be deleted, so that it is deleted with them."""
        inside = {path.relative_to(self.root).as_posix() for path in (self.root / folder).rglob("*")}
        return bool(inside) and inside <= deleted.union(folders_of(deleted))

    def _check_folders(self, changes: Changes) -> None:
        vacated = changes.in_the_way
        for folder in folders_of([*changes.written, *changes.deleted]):
            target = self.root / folder
            if folder in vacated and target.is_file() and not target.is_symlink():
                continue
            if target.is_symlink() or (target.exists() and not target.is_dir()):
                message = "this should be a folder of DIST, but is a link or a file"
                raise refusal(self.path / folder, "foreign-file", message, "move it elsewhere")
            if target.exists() and not os.access(target, os.W_OK | os.X_OK):
                message = "the folder cannot be written"
                raise refusal(self.path / folder, "output-failed", message, "check its permissions")

    # -- writing

    def _make_folders(self, changes: Changes, later: frozenset[str] = frozenset()) -> None:
        """Make the parent folders of written files, except where a file in `later` must be deleted first."""
        for folder in ("", *folders_of(changes.written)):
            if later.isdisjoint({folder, *folders_of([folder])}):
                (self.root / folder).mkdir(parents=True, exist_ok=True)
        if self.root.stat().st_dev != self.state.stat().st_dev:
            message = "the folder is a separate file system, so files cannot be moved into it in one step"
            hint = f"choose a folder within it: -o {(self.path / 'site').as_posix()}"
            raise refusal(self.path, "output-failed", message, hint)

    @contextmanager
    def _undoing(self, changes: Changes) -> Iterator[None]:
        """If the block fails, remove its folders, then the journal, then staging; in this order a kill does no harm."""
        folders = [self.root, *(self.root / folder for folder in folders_of(changes.written))]
        absent = [folder for folder in folders if not folder.exists()]
        with ExitStack() as undo:
            undo.callback(self._staging.discard)
            undo.callback(self._staging.delete_journal)
            for folder in absent:
                undo.callback(_remove_folder, folder)
            yield
            undo.pop_all()

    def _carry_out(self, changes: Changes) -> None:
        """Move and delete what the journal says, the manifest last; completed moves are skipped."""
        vacated = changes.in_the_way
        try:
            if vacated:
                for path in vacated:
                    self._delete(path)
                self._make_folders(changes)
            for path in changes.written:
                if path != MANIFEST:
                    self._staging.move(path, self.target(path))
            for path in changes.deleted:
                if path not in vacated:
                    self._delete(path)
            self._staging.move(MANIFEST, self.target(MANIFEST))
            self._staging.delete_journal()
        except OSError as cause:
            raise UnfinishedError([cannot_write(self.path, cause)]) from cause
        self._staging.discard()

    def _delete(self, path: str) -> None:
        target = Path(self.target(path))
        with suppress(FileNotFoundError, NotADirectoryError):  # already deleted, perhaps replaced
            if not stat.S_ISDIR(os.lstat(target).st_mode):
                target.unlink()
        for folder in target.parents:
            if folder == self.root:
                break
            _remove_folder(folder)

    def _record_stamps(self, written: Iterable[Artifact]) -> None:
        """Record the stamps of the files just written; `files` omits any that have been removed since."""
        for artifact in written:
            self.stamps.pop(artifact.path, None)
            with suppress(OSError):
                status = os.lstat(self.target(artifact.path))
                self.stamps[artifact.path] = stamp_of(artifact.path, status, artifact.sha256)


@contextmanager
def open_dist(path: Path) -> Iterator[Dist]:
    """Yield the output folder, locked, after finishing an interrupted build.

    Raises:
        OutputError: the folder is not calfeed's, cannot be used, or stays locked by another build.
    """
    state = state_of(path)
    with os_errors_at(path):
        _refuse_links(state)
        state.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(state / "lock", timeout=LOCK_TIMEOUT)
        try:
            lock.acquire()
        except filelock.Timeout:
            message = "another build is writing to this folder"
            raise refusal(path, "locked", message, "wait for it to end, or stop it") from None
    try:
        with os_errors_at(path):
            dist = Dist(path)
        yield dist
    finally:
        lock.release()


def _refuse_links(state: Path) -> None:
    """Refuse a state folder that is a link: files elsewhere would be deleted, or moved into DIST."""
    for path in (state.parent, state, state / STAGING, state / JOURNAL):
        if path.is_symlink():
            raise refusal(path, "foreign-file", "this is a link that calfeed did not create", "delete it")


def _remove_folder(path: Path) -> None:
    with suppress(OSError):  # absent or not empty
        path.rmdir()
