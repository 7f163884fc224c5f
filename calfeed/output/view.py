"""A read-only view of DIST: its manifest, and how its files differ from those of a build."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from calfeed.artifact import Artifact
from calfeed.editions.manifest import MANIFEST, Manifest
from calfeed.editions.manifest_json import read_manifest
from calfeed.editions.output_paths import is_output_path
from calfeed.output.changes import Changes
from calfeed.output.failures import os_errors_at, refusal
from calfeed.output.state import JOURNAL, STATE, state_of
from calfeed.paths import real_path
from calfeed.stamp import FileStamp, stamp_of

SameManifest: TypeAlias = "Callable[[bytes, bytes], bool]"

_MAX_LISTED = 5  # names of files in a message


class View:
    """An output folder, and its manifest as it was when the folder was opened.

    Attributes:
        path: the folder as the user wrote it, for messages.
        root: its real path, without links.
        state: the folder next to it for unpublished state of builds.
        manifest: the last published manifest; None for a first build.
        stamps: the files of DIST as they were last examined or written, by path.
        left: files that are no longer published but stay because they were edited; set by `changes`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = real_path(path)
        self.state = state_of(path)
        self.left: tuple[str, ...] = ()
        self.stamps: dict[str, FileStamp] = {}
        self.manifest = self.read_manifest()

    @property
    def files(self) -> tuple[FileStamp, ...]:
        """The files of DIST as they were last examined or written."""
        return tuple(self.stamps.values())

    @property
    def owned(self) -> Mapping[str, str]:
        """The hashes of the files that calfeed has written, by path."""
        return self.manifest.files if self.manifest else {}

    def changes(self, artifacts: Sequence[Artifact], *, same_manifest: SameManifest | None = None) -> Changes:
        """Return what differs between DIST and the artifacts, including the manifest.

        Args:
            artifacts: everything that DIST should contain.
            same_manifest: compares the existing manifest with the new one; by default, their bytes are compared.
        """
        wanted = {artifact.path for artifact in artifacts}
        written = sorted(artifact.path for artifact in artifacts if self._differs(artifact, same_manifest))
        unwanted = {path: digest for path, digest in self.owned.items() if path not in wanted}
        deleted = sorted(path for path, digest in unwanted.items() if has_hash(self.target(path), digest))
        edited = unwanted.keys() - set(deleted)
        self.left = tuple(sorted(path for path in edited if os.path.isfile(self.target(path))))
        return Changes(tuple(written), tuple(deleted))

    # Paths of single files are strings: there are many, and pathlib would take longer than the file system.

    def target(self, path: str) -> str:
        """Return where a file of DIST is; all paths have been checked, so one that leads outside is a bug."""
        if path.startswith("/") or ".." in path.split("/"):
            raise ValueError(path)
        return f"{self.root}/{path}"

    def read_manifest(self) -> Manifest | None:
        """Return the manifest in DIST; None if the folder is empty or missing.

        Raises:
            OutputError: the folder or its manifest is not calfeed's, or cannot be read.
        """
        place = self.path / MANIFEST
        with os_errors_at(self.path):
            try:
                if (self.root / MANIFEST).is_symlink():
                    hint = "delete it, or restore the manifest"
                    raise refusal(place, "foreign-file", "the manifest is a link", hint)
                data = (self.root / MANIFEST).read_bytes()
            except (FileNotFoundError, NotADirectoryError):
                self._refuse_foreign()
                return None
        manifest = read_manifest(data, place.as_posix())
        unfit = next((path for path in manifest.files if not is_output_path(path)), None)
        if unfit is not None:
            message = f"the manifest lists `{unfit}`, which calfeed cannot have written"
            raise refusal(place, "bad-manifest", message, "restore the manifest of the last good build")
        return manifest

    def _refuse_foreign(self) -> None:
        """Refuse a folder that contains files but has neither a manifest nor a journal."""
        if self.root.name == STATE:
            message = f"`{STATE}` is where builds keep their own files"
            raise refusal(self.path, "foreign-folder", message, "choose another with -o")
        if self.root.exists() and not self.root.is_dir():
            raise refusal(self.path, "not-a-folder", "the output folder is a file", "choose another with -o")
        if (self.state / JOURNAL).exists() or not self.root.is_dir():
            return
        names = sorted(entry.name for entry in self.root.iterdir())
        if names:
            some = ", ".join(names[:_MAX_LISTED]) + (", …" if len(names) > _MAX_LISTED else "")
            message = f"the folder contains files that calfeed did not write: {some}"
            hint = "choose an empty folder with -o; if this one's manifest was lost, also give --baseline"
            raise refusal(self.path, "foreign-folder", message, hint)

    def _differs(self, artifact: Artifact, same_manifest: SameManifest | None) -> bool:
        target = self.target(artifact.path)
        try:
            status = os.lstat(target)
            self.stamps[artifact.path] = stamp_of(artifact.path, status, artifact.sha256)
            if artifact.path == MANIFEST and same_manifest is not None:
                return not same_manifest(read_bytes(target), artifact.data)
            # Read it only if it can be the same: it may link to something endless.
            can_be_same = stat.S_ISREG(status.st_mode) and status.st_size == artifact.size
            return not can_be_same or hashlib.sha256(read_bytes(target)).hexdigest() != artifact.sha256
        except OSError:
            return True


def view_dist(path: Path) -> View:
    """Return the output folder read-only; nothing is locked, finished or written.

    Raises:
        OutputError: the folder is not calfeed's, or cannot be read.
    """
    with os_errors_at(path):
        return View(path)


def has_hash(path: str, digest: str) -> bool:
    """Return whether a path is a regular file, not a link, with this SHA-256."""
    try:
        is_file = stat.S_ISREG(os.lstat(path).st_mode)
        return is_file and hashlib.sha256(read_bytes(path)).hexdigest() == digest
    except OSError:  # the file or its folder does not exist
        return False


def read_bytes(path: str) -> bytes:
    """Return the bytes of a file."""
    with open(path, "rb", buffering=0) as file:
        return file.read()
