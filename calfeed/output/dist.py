"""Write artifacts to disk: all or nothing, only what changed, and without deleting files that calfeed did not write.

A build holds the lock of DIST from reading its sources to writing its manifest. It checks every target and stages every
changed file beside DIST. Then it writes a journal of what to move and delete, and makes the folders before it moves the
first file. It moves the manifest last. Whatever can fail therefore fails while DIST is unchanged, and once there is a
journal, the next build finishes a killed one.

Lock, staging and journal live in `.calfeed/<name of DIST>/` beside DIST, on the same file system, so moves are atomic.
Files there and in DIST may come from a pull request, so they are trusted no more than the sources: a file is moved or
deleted only if builds make files with its name and a manifest lists the hash of its bytes.

The manifest is synced to disk before it is moved. Nothing else needs to be: if a power cut damages a file, the next
build finds that it differs and writes it again, as long as it can read what was published.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TypeAlias

import filelock

from calfeed.artifact import Artifact
from calfeed.diagnostics.problem import Mark, OutputError, Problem, UnfinishedError, problem_at
from calfeed.editions.manifest import MANIFEST, Manifest
from calfeed.editions.manifest_json import read_manifest
from calfeed.editions.output_paths import is_output_path
from calfeed.output.journal import Journal, identity_of, read_journal, render_journal
from calfeed.output.state import JOURNAL, STAGING, STATE, state_of
from calfeed.stamp import FileStamp, stamp_of

SameManifest: TypeAlias = "Callable[[bytes, bytes], bool]"

LOCK_TIMEOUT = 30.0
"""How many seconds a build waits for another build of the same DIST."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a build wrote, or would have written: paths relative to DIST, sorted."""

    written: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.written or self.deleted)

    @property
    def in_the_way(self) -> frozenset[str]:
        """The files that must be deleted before anything is moved.

        These are files whose paths become folders, and files in folders whose paths become files.
        """
        if not self.deleted:  # as in a first build, which writes most files
            return frozenset()
        folders, written = {*_folders_of(self.written)}, {*self.written}
        return frozenset(
            path for path in self.deleted if path in folders or not written.isdisjoint(_folders_of([path]))
        )


class Dist:
    """An output folder that is open for one build; created by `open_dist` and `view_dist`."""

    def __init__(self, shown: Path) -> None:
        self._shown = shown  # as given, for messages
        self._root = _real(shown)
        self.state = state_of(shown)
        self._journal = self.state / JOURNAL
        self._staging = self.state / STAGING
        self._seen: dict[str, FileStamp] = {}
        self.manifest = self._read_manifest()
        self.finished = Changes()
        """What an earlier build left undone and opening this folder completed."""
        self.left: tuple[str, ...] = ()
        """Files that are no longer published but stay because they were edited; set by `changes`."""

    def changes(self, artifacts: Sequence[Artifact], *, same_manifest: SameManifest | None = None) -> Changes:
        """Return what differs between DIST and the artifacts, including the manifest.

        Args:
            artifacts: everything that DIST should hold.
            same_manifest: compares the existing manifest with the new one; by default, their bytes are compared.
        """
        wanted = {artifact.path for artifact in artifacts}
        written = sorted(artifact.path for artifact in artifacts if self._differs(artifact, same_manifest))
        dropped = {path: digest for path, digest in self._owned.items() if path not in wanted}
        deleted = sorted(path for path, digest in dropped.items() if _holds(self._target(path), digest))
        self.left = tuple(sorted(path for path in dropped.keys() - set(deleted) if os.path.isfile(self._target(path))))
        return Changes(tuple(written), tuple(deleted))

    def write(self, artifacts: Sequence[Artifact], progress: Callable[[int, int], None]) -> Changes:
        """Make DIST hold the artifacts, and return what changed.

        Raises:
            OutputError: DIST cannot be written, or a file that is not calfeed's is in the way; DIST is unchanged.
            UnfinishedError: the operating system failed between the moves; the next build finishes them.
        """
        changes = self.changes(artifacts)
        if changes:
            by_path = {artifact.path: artifact for artifact in artifacts}
            with _os_errors_at(self._shown):
                self._check_targets(changes)
                with self._undoing(changes):
                    self._stage([by_path[path] for path in changes.written], progress)
                    self._write_journal(changes)
                    # Only after the journal: without it, the next build would refuse the new folders as foreign.
                    self._make_folders(changes, changes.in_the_way)
                self._carry_out(changes)
            self._look_at([by_path[path] for path in changes.written])
        return changes

    def recover(self) -> None:
        """Finish what an earlier build left undone, or discard what it had only begun to stage."""
        journal = self._read_journal()
        changes = Changes() if journal is None else self._undone(journal)
        if changes:
            self._check_folders(changes)
            self._make_folders(changes, changes.in_the_way)
            self._carry_out(changes)
            self.finished = changes
        self._journal.unlink(missing_ok=True)
        self._forget()
        if journal is not None:
            self.manifest = self._read_manifest()

    @property
    def files(self) -> tuple[FileStamp, ...]:
        """The files of DIST as they were last examined or written; set by `changes` and `write`."""
        return tuple(self._seen.values())

    # -- reading

    @property
    def _owned(self) -> Mapping[str, str]:
        """The hashes of the files that calfeed has written, by path."""
        return self.manifest.files if self.manifest else {}

    def _read_manifest(self) -> Manifest | None:
        path = self._root / MANIFEST
        try:
            if path.is_symlink():
                self._refuse(MANIFEST, "foreign-file", "the manifest is a link", "delete it, or restore the manifest")
            data = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            self._refuse_foreign()
            return None
        except OSError as cause:
            raise OutputError([_cannot(self._shown, cause)]) from cause
        manifest = read_manifest(data, (self._shown / MANIFEST).as_posix())
        unfit = next((name for name in manifest.files if not is_output_path(name)), None)
        if unfit is not None:
            message = f"the manifest lists `{unfit}`, which calfeed cannot have written"
            self._refuse(MANIFEST, "bad-manifest", message, "restore the one of the last good build")
        return manifest

    def _refuse_foreign(self) -> None:
        """Refuse a folder that contains files but has neither a manifest nor a journal."""
        if self._root.name == STATE:
            self._refuse("", "foreign-folder", f"`{STATE}` is where builds keep their lock", "choose another with -o")
        if self._root.exists() and not self._root.is_dir():
            self._refuse("", "not-a-folder", "the output folder is a file", "choose another with -o")
        if self._journal.exists() or not self._root.is_dir():
            return
        found = sorted(entry.name for entry in self._root.iterdir())
        if found:
            shown = ", ".join(found[:5]) + (", …" if len(found) > 5 else "")
            message = f"the folder holds files that are not calfeed's: {shown}"
            hint = "choose an empty folder with -o; with --baseline too, if the manifest of this one was lost"
            self._refuse("", "foreign-folder", message, hint)

    def _differs(self, artifact: Artifact, same_manifest: SameManifest | None) -> bool:
        target = self._target(artifact.path)
        try:
            found = os.lstat(target)
            self._seen[artifact.path] = stamp_of(artifact.path, found, artifact.sha256)
            if artifact.path == MANIFEST and same_manifest is not None:
                return not same_manifest(_read(target), artifact.data)
            # Read it only if it can be the same: it may be a link to something endless.
            is_like = stat.S_ISREG(found.st_mode) and found.st_size == artifact.size
            return not is_like or hashlib.sha256(_read(target)).hexdigest() != artifact.sha256
        except OSError:
            return True

    def _read_journal(self) -> Journal | None:
        try:
            data = self._journal.read_bytes()
            # A power cut left it empty, before or after the moves; the manifest is intact either way.
            return read_journal(data) if data else None
        except FileNotFoundError:
            return None
        except ValueError as cause:
            raise self._bad_journal(str(cause)) from cause

    def _undone(self, journal: Journal) -> Changes:
        """Return what a journal still leaves to do: nothing if it was not written here."""
        if not self._root.exists():  # the moved files are gone, so there is nothing to finish
            return Changes()
        waiting = self._staged(MANIFEST)
        listed = self._owned
        moves_manifest = identity_of(waiting) is not None
        if moves_manifest:
            if identity_of(waiting) != journal.manifest:  # the build did not put it here
                return Changes()
            listed = read_manifest(_read(waiting), waiting).files
        # A file that is no longer staged has been moved. The build that follows replaces a damaged one.
        known = [path for path in journal.written if path in listed and is_output_path(path)]
        written = [path for path in known if _holds(self._staged(path), listed[path])]
        # A deleted file may have left behind its empty folder, which must go too.
        deleted = [path for path in journal.deleted if path in self._owned and self._may_delete(path)]
        return Changes((*written, *([MANIFEST] if moves_manifest else [])), tuple(deleted))

    def _may_delete(self, path: str) -> bool:
        """Return whether a file is as it was written, or gone with nothing else in its place or its folder's."""
        try:
            os.lstat(self._target(path))
        except FileNotFoundError:
            return True
        except NotADirectoryError:
            return False
        return _holds(self._target(path), self._owned[path])

    def _bad_journal(self, message: str) -> OutputError:
        mark = Mark(path=(self._shown.parent / STATE / self._root.name / self._journal.name).as_posix())
        hint = "delete it, and look at the output folder: an earlier build was cut off there"
        return OutputError([problem_at(mark, "bad-journal", message, hint)])

    # -- checking before writing

    def _check_targets(self, changes: Changes) -> None:
        """Refuse to overwrite files that calfeed did not write, and to follow links out of DIST."""
        owned, gone = {*self._owned, MANIFEST}, changes.in_the_way
        for path in changes.written:
            try:
                mode = os.lstat(self._target(path)).st_mode
            except OSError:  # the file or its folder does not exist
                continue
            is_fit = self._becomes_empty(path, gone) if stat.S_ISDIR(mode) else path in owned
            if not is_fit:
                self._refuse(path, "foreign-file", "a file that is not calfeed's is in the way", "move it elsewhere")
        self._check_folders(changes)

    def _becomes_empty(self, folder: str, gone: frozenset[str]) -> bool:
        """Return whether a folder holds only files that will be deleted, so that it is deleted with them."""
        found = {path.relative_to(self._root).as_posix() for path in (self._root / folder).rglob("*")}
        return bool(found) and found <= gone.union(_folders_of(gone))

    def _check_folders(self, changes: Changes) -> None:
        gone = changes.in_the_way
        for folder in _folders_of([*changes.written, *changes.deleted]):
            target = self._root / folder
            if folder in gone and target.is_file() and not target.is_symlink():
                continue
            if target.is_symlink() or (target.exists() and not target.is_dir()):
                message = "this is not a folder of DIST but a link or a file"
                self._refuse(folder, "foreign-file", message, "move it elsewhere")
            if target.exists() and not os.access(target, os.W_OK | os.X_OK):
                self._refuse(folder, "output-failed", "the folder cannot be written", "check its permissions")

    def _make_folders(self, changes: Changes, later: frozenset[str] = frozenset()) -> None:
        """Make the parent folders of written files, except where a file in `later` must be deleted first."""
        for folder in ("", *_folders_of(changes.written)):
            if later.isdisjoint({folder, *_folders_of([folder])}):
                (self._root / folder).mkdir(parents=True, exist_ok=True)
        if self._root.stat().st_dev != self.state.stat().st_dev:
            message = "the folder is a file system of its own, so files cannot be moved into it at once"
            hint = f"choose a folder within it: -o {(self._shown / 'site').as_posix()}"
            self._refuse("", "output-failed", message, hint)

    # -- writing

    @contextmanager
    def _undoing(self, changes: Changes) -> Iterator[None]:
        """If the block fails, remove its folders, then the journal, then staging; in this order a kill does no harm."""
        folders = [self._root, *(self._root / folder for folder in _folders_of(changes.written))]
        absent = [folder for folder in folders if not folder.exists()]
        with ExitStack() as undo:
            undo.callback(self._forget)
            undo.callback(self._journal.unlink, missing_ok=True)
            for folder in absent:
                undo.callback(_remove_folder, folder)
            yield
            undo.pop_all()

    def _stage(self, artifacts: Sequence[Artifact], progress: Callable[[int, int], None]) -> None:
        self._forget()
        self._staging.mkdir(parents=True)
        for number, artifact in enumerate(artifacts):
            progress(number, len(artifacts))
            with open(self._staged(artifact.path), "xb") as file:
                file.writelines(artifact.parts)
                if artifact.path == MANIFEST:
                    file.flush()
                    os.fsync(file.fileno())
        progress(len(artifacts), len(artifacts))

    def _write_journal(self, changes: Changes) -> None:
        # Written under a temporary name first, so that a journal is either complete or absent.
        draft = self._staging / "journal"
        content = render_journal(changes.written, changes.deleted, identity_of(self._staged(MANIFEST)))
        draft.write_text(content, encoding="utf-8")
        draft.replace(self._journal)

    def _carry_out(self, changes: Changes) -> None:
        """Move and delete what the journal says, the manifest last; completed moves are skipped."""
        gone = changes.in_the_way
        try:
            if gone:
                for path in gone:
                    self._delete(path)
                self._make_folders(changes)
            for path in changes.written:
                if path != MANIFEST:
                    self._move(path)
            for path in changes.deleted:
                if path not in gone:
                    self._delete(path)
            self._move(MANIFEST)
            self._journal.unlink()
        except OSError as cause:
            raise UnfinishedError([_cannot(self._shown, cause)]) from cause
        self._forget()

    def _move(self, path: str) -> None:
        staged = self._staged(path)
        with suppress(FileNotFoundError):  # already moved
            if stat.S_ISREG(os.lstat(staged).st_mode):
                os.replace(staged, self._target(path))

    def _look_at(self, written: Iterable[Artifact]) -> None:
        """Record the stamps of the files just written; `files` omits any that have been removed since."""
        for artifact in written:
            self._seen.pop(artifact.path, None)
            with suppress(OSError):
                self._seen[artifact.path] = stamp_of(
                    artifact.path, os.lstat(self._target(artifact.path)), artifact.sha256
                )

    def _delete(self, path: str) -> None:
        target = Path(self._target(path))
        with suppress(FileNotFoundError, NotADirectoryError):  # already deleted, perhaps replaced
            if not stat.S_ISDIR(os.lstat(target).st_mode):
                target.unlink()
        for folder in target.parents:
            if folder == self._root:
                break
            _remove_folder(folder)

    def _forget(self) -> None:
        shutil.rmtree(self._staging, ignore_errors=True)

    # Paths of single files are strings: there are many, and pathlib would take longer than the file system.

    def _target(self, path: str) -> str:
        """Return where a file of DIST is; all paths have been checked, so one that leads outside is a bug."""
        if path.startswith("/") or ".." in path.split("/"):
            raise ValueError(path)
        return f"{self._root}/{path}"

    def _staged(self, path: str) -> str:
        """Return where a file is staged: under a hash of its path, which needs no folders."""
        return f"{self._staging}/{hashlib.sha256(path.encode()).hexdigest()[:32]}"

    def _refuse(self, path: str, code: str, message: str, hint: str) -> None:
        raise OutputError([problem_at(Mark(path=(self._shown / path).as_posix()), code, message, hint)])


@contextmanager
def open_dist(path: Path) -> Iterator[Dist]:
    """Yield the output folder, locked, after finishing what a killed build left undone.

    Raises:
        OutputError: the folder is not calfeed's, cannot be used, or stays locked by another build.
    """
    state = state_of(path)
    with _os_errors_at(path):
        _refuse_links(state)
        state.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(state / "lock", timeout=LOCK_TIMEOUT)
        try:
            lock.acquire()
        except filelock.Timeout:
            message = "another build is writing this folder"
            hint = "wait for it to end, or stop it"
            raise OutputError([problem_at(Mark(path=path.as_posix()), "locked", message, hint)]) from None
    try:
        with _os_errors_at(path):
            dist = Dist(path)
            dist.recover()
        yield dist
    finally:
        lock.release()


def view_dist(path: Path) -> Dist:
    """Return the output folder read-only; nothing is locked, finished or written.

    Raises:
        OutputError: the folder is not calfeed's, or cannot be read.
    """
    with _os_errors_at(path):
        return Dist(path)


def _refuse_links(state: Path) -> None:
    """Refuse a state folder that is a link: files elsewhere would be deleted, or moved into DIST."""
    for path in (state.parent, state, state / STAGING, state / JOURNAL):
        if path.is_symlink():
            mark = Mark(path=path.as_posix())
            raise OutputError([problem_at(mark, "foreign-file", "this is a link, and not calfeed's", "delete it")])


def _folders_of(paths: Iterable[str]) -> list[str]:
    """Return the folders between DIST and these files, each after its parent."""
    homes = {path.rpartition("/")[0] for path in paths} - {""}
    return sorted(
        {each.as_posix() for home in homes for each in (PurePosixPath(home), *PurePosixPath(home).parents)} - {"."}
    )


def _read(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read()


def _holds(path: str, digest: str) -> bool:
    """Return whether a path is a regular file, not a link, with this SHA-256."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode) and hashlib.sha256(_read(path)).hexdigest() == digest
    except OSError:  # the file or its folder does not exist
        return False


def _remove_folder(path: Path) -> None:
    with suppress(OSError):  # absent or not empty
        path.rmdir()


def _real(path: Path) -> Path:
    # Unlike Path.resolve, realpath treats a loop of links as what it is: a path that leads nowhere.
    return Path(os.path.realpath(path))


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
    return problem_at(Mark(path=path.as_posix()), "output-failed", message, hint)
