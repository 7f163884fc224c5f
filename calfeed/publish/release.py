"""Read a built DIST for publishing, and check that it matches its manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from calfeed.artifact import Artifact
from calfeed.diagnostics.problem import Mark, OutputError, problem_at
from calfeed.editions.manifest import MANIFEST, Manifest
from calfeed.editions.manifest_json import read_manifest
from calfeed.publish.guards import check_paths, forbid

_BUILD_AGAIN = "run `calfeed build` again; it repairs edited and incomplete files"


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A DIST that matches its manifest."""

    folder: Path
    manifest: Manifest
    ledger: Artifact
    """The manifest as a file."""
    sizes: Mapping[str, int]

    def artifact(self, path: str) -> Artifact:
        """Return a file with exactly the bytes that the manifest lists.

        Raises:
            OutputError: the file has changed since.
        """
        return self.ledger if path == MANIFEST else _read_listed(self.folder, path, self.manifest.files[path])


def read_release(folder: Path) -> Release:
    """Return the DIST in `folder`.

    Raises:
        OutputError: it has no manifest, or does not match it.
    """
    place = (folder / MANIFEST).as_posix()
    try:
        data = (folder / MANIFEST).read_bytes()
    except OSError as cause:
        hint = "run `calfeed build` first, or name its output folder with -o"
        raise OutputError(
            [problem_at(Mark(path=place), "missing-manifest", "there is no manifest here", hint)]
        ) from cause
    manifest = read_manifest(data, place)
    check_paths(manifest.files, place)
    sizes = {path: len(_read_listed(folder, path, digest).data) for path, digest in manifest.files.items()}
    return Release(folder=folder, manifest=manifest, ledger=Artifact.of(MANIFEST, data), sizes=sizes)


def _read_listed(folder: Path, path: str, digest: str) -> Artifact:
    """Return a file of DIST, which must match its hash in the manifest."""
    place = (folder / path).as_posix()
    try:
        data = (folder / path).read_bytes()
    except OSError as cause:
        message = f"the manifest lists this file, but it cannot be read: {cause.strerror}"
        raise OutputError([problem_at(Mark(path=place), "changed-output", message, _BUILD_AGAIN)]) from cause
    if hashlib.sha256(data).hexdigest() != digest:
        forbid(place, "changed-output", "the file differs from the one that the manifest lists", _BUILD_AGAIN)
    return Artifact.of(path, data)
