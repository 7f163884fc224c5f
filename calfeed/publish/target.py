"""The places where a calendar is published: what every kind of place can do, and local folders."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Protocol

from calfeed.paths import is_within, real_path
from calfeed.source.folder import CALENDAR

_SCHEME = re.compile(r"[^/\\]{2,}:(?=[/\\]|$)")
"""The beginning of an address that lacks a slash, or of an scp address; a single letter is a Windows drive."""
_EVENTS = "events"
"""The folder of event pages in the site, and of the sources for most people."""


class TargetError(Exception):
    """A place cannot be read or written; the message says why, for people."""


class Target(Protocol):
    """A place to publish files at. Paths are relative to it, with slashes; every method may raise TargetError."""

    @property
    def name(self) -> str:
        """How messages name the place."""

    @property
    def lanes(self) -> int:
        """How many files may be written at the same time."""

    def files(self) -> Mapping[str, int]:
        """Return every file with its size; no files if the place does not exist yet."""

    def read(self, path: str) -> bytes | None:
        """Return a file, or None if it is not there."""

    def has(self, path: str) -> bool:
        """Return whether a file is there."""

    def write(self, path: str, data: bytes, part: str) -> None:
        """Write a file in one step: readers never see half of it.

        If the place cannot replace a file in one step, it is written to `part` first and then moved. Runs at the same
        time need different parts.
        """

    def delete(self, path: str) -> None:
        """Delete a file if it exists."""


class FolderTarget:
    """A local or mounted folder."""

    lanes = 1

    def __init__(self, folder: Path) -> None:
        self.name = folder.as_posix()
        self._root = real_path(folder)

    def files(self) -> Mapping[str, int]:
        """Return every file with its size."""
        with _os_errors():
            if self._root.exists() and not self._root.is_dir():
                raise TargetError("it is a file, not a folder")
            return {path.relative_to(self._root).as_posix(): path.lstat().st_size for path in self._walk()}

    def read(self, path: str) -> bytes | None:
        """Return a file, or None if it is not there."""
        with _os_errors(), suppress(FileNotFoundError, NotADirectoryError):
            return (self._root / path).read_bytes()
        return None

    def has(self, path: str) -> bool:
        """Return whether a file is there."""
        with _os_errors():
            return (self._root / path).exists()

    def write(self, path: str, data: bytes, part: str) -> None:
        """Write a file to `part`, then move it into place."""
        target = self._root / path
        with _os_errors():
            target.parent.mkdir(parents=True, exist_ok=True)
            if not is_within(target.parent, self._root):
                raise TargetError(f"{PurePosixPath(path).parent} is a link that leads elsewhere")
            waiting = self._root / part
            waiting.write_bytes(data)
            waiting.replace(target)

    def delete(self, path: str) -> None:
        """Delete a file and the folders that it leaves empty."""
        target = self._root / path
        with _os_errors():
            target.unlink(missing_ok=True)
            for folder in target.parents:
                if folder == self._root:
                    break
                with suppress(OSError):  # not empty
                    folder.rmdir()

    def _walk(self) -> Iterator[Path]:
        for folder, folders, names in os.walk(self._root, onerror=_raise):
            links = [name for name in folders if Path(folder, name).is_symlink()]
            yield from (Path(folder, name) for name in [*names, *links])


def fault_of_folder(target: str, out: Path) -> str | None:
    """Return why nothing can be published in a folder, or None.

    Args:
        target: the folder, as the user wrote it.
        out: the folder that was built.
    """
    folder = Path(target)
    if _SCHEME.match(target):
        return "it looks like an address; write a folder, or an address with ://"
    if is_within(folder, out):
        return "it is the built folder, or inside it"
    sources = next((place for place in (folder, folder / _EVENTS) if _is_there(place / CALENDAR)), None)
    return None if sources is None else f"it is the folder of events, or contains it: {(sources / CALENDAR).as_posix()}"


def _is_there(path: Path) -> bool:
    with suppress(OSError):  # an unreadable folder is reported later, as a place that cannot be published at
        return path.exists()
    return False


def _raise(cause: OSError) -> None:
    # A place that does not exist yet counts as empty; one that cannot be read does not.
    if not isinstance(cause, FileNotFoundError):
        raise cause


@contextmanager
def _os_errors() -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        where = f"{cause.filename}: " if cause.filename else ""
        raise TargetError(f"{where}{cause.strerror or cause}") from cause
