"""Stages a build next to DIST: the new files, and the journal of what to move and delete.

Staging and journal live in `.calfeed/<name of DIST>/`, on the same file system as DIST, so moves are atomic. Staged
files are named by a hash of their path, which needs no folders.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from calfeed.artifact import Artifact
from calfeed.editions.manifest import MANIFEST, Manifest
from calfeed.editions.manifest_json import read_manifest
from calfeed.editions.output_paths import is_output_path
from calfeed.output.changes import Changes
from calfeed.output.failures import refusal
from calfeed.output.journal import Journal, identity_of, read_journal, render_journal
from calfeed.output.state import JOURNAL, STAGING
from calfeed.output.view import has_hash, read_bytes


class Staging:
    """The staged files and the journal of one DIST, in its state folder; problems name that folder as `place`."""

    def __init__(self, state: Path, place: Path) -> None:
        self._folder = state / STAGING
        self._journal = state / JOURNAL
        self._place = place / JOURNAL

    def stage(self, artifacts: Sequence[Artifact], progress: Callable[[int, int], None]) -> None:
        """Write files next to DIST, in place of those that were staged before."""
        self.discard()
        self._folder.mkdir(parents=True)
        for number, artifact in enumerate(artifacts):
            progress(number, len(artifacts))
            with open(self._at(artifact.path), "xb") as file:
                file.writelines(artifact.parts)
                if artifact.path == MANIFEST:
                    file.flush()
                    os.fsync(file.fileno())
        progress(len(artifacts), len(artifacts))

    def move(self, path: str, target: str) -> None:
        """Move a staged file into DIST; do nothing if an earlier build has moved it."""
        staged = self._at(path)
        with suppress(FileNotFoundError):
            if stat.S_ISREG(os.lstat(staged).st_mode):
                os.replace(staged, target)

    def discard(self) -> None:
        """Delete all staged files."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def write_journal(self, changes: Changes) -> None:
        """Write what to move and delete."""
        # Written under a temporary name first, so that a journal is either complete or absent.
        draft = self._folder / "journal"
        content = render_journal(changes.written, changes.deleted, identity_of(self._at(MANIFEST)))
        draft.write_text(content, encoding="utf-8")
        draft.replace(self._journal)

    def read_journal(self) -> Journal | None:
        """Return the journal of an interrupted build, or None.

        Raises:
            OutputError: the file is not a journal.
        """
        try:
            data = self._journal.read_bytes()
            # A power cut left it empty, before or after the moves; the manifest is intact either way.
            return read_journal(data) if data else None
        except FileNotFoundError:
            return None
        except ValueError as cause:
            hint = "delete it, and check the output folder: an earlier build was interrupted"
            raise refusal(self._place, "bad-journal", str(cause), hint) from cause

    def delete_journal(self) -> None:
        """Delete the journal if there is one."""
        self._journal.unlink(missing_ok=True)

    def unfinished(self, journal: Journal, manifest: Manifest | None, may_delete: Callable[[str], bool]) -> Changes:
        """Return the changes of a journal that are still to be made; none if it was not written here.

        Args:
            journal: the journal.
            manifest: the manifest in DIST, which lists what may be deleted.
            may_delete: returns whether a file in DIST is as it was written.
        """
        owned = manifest.files if manifest else {}
        listed = owned
        waiting = self._at(MANIFEST)
        moves_manifest = identity_of(waiting) is not None
        if moves_manifest:
            if identity_of(waiting) != journal.manifest:  # the build did not put it here
                return Changes()
            listed = read_manifest(read_bytes(waiting), waiting).files
        # A file that is no longer staged has been moved. The build that follows replaces a damaged one.
        known = [path for path in journal.written if path in listed and is_output_path(path)]
        written = [path for path in known if has_hash(self._at(path), listed[path])]
        # A deleted file may have left behind its empty folder, which must go too.
        deleted = [path for path in journal.deleted if path in owned and may_delete(path)]
        return Changes((*written, *([MANIFEST] if moves_manifest else [])), tuple(deleted))

    def _at(self, path: str) -> str:
        return f"{self._folder}/{hashlib.sha256(path.encode()).hexdigest()[:32]}"
