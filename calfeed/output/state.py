"""The folder next to DIST for unpublished state: the lock, staged files and caches."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from calfeed.paths import real_path

STATE = ".calfeed"
JOURNAL, STAGING = "journal.json", "staging"
UNREADABLE = (OSError, ValueError, LookupError, TypeError, RecursionError)
"""The exceptions that reading a missing or foreign state file may raise."""
_DRAFT = "draft"  # a single name, so that the next build removes what a killed one leaves
_DIGEST = 32  # bytes of a SHA-256


def state_of(target: Path) -> Path:
    """Return the state folder of DIST."""
    root = real_path(target)
    return root.parent / STATE / root.name


def clock_of(state: Path) -> int:
    """Return the time by the clock of the file system, in nanoseconds.

    Raises:
        OSError: no file can be created in the state folder.
    """
    probe = state / _DRAFT
    probe.unlink(missing_ok=True)
    with probe.open("xb"):
        now = probe.stat().st_mtime_ns
    probe.unlink()
    return now


# -- state files ------------------------------------------------------------------------------------------------


def write_checked(path: Path, parts: Iterable[bytes]) -> None:
    """Write a state file, or nothing if that fails: builds work without it."""
    digest = sha256()
    draft = path.with_name(_DRAFT)
    with suppress(OSError):
        try:
            draft.unlink(missing_ok=True)
            with draft.open("xb") as file:
                for part in parts:
                    digest.update(part)
                    file.write(part)
                file.write(digest.digest())
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)


def read_checked(path: Path) -> memoryview:
    """Return what `write_checked` wrote.

    Raises:
        UNREADABLE: the file is missing, or not as it was written.
    """
    if path.is_symlink() or not path.is_file():
        raise ValueError(path)
    data = memoryview(path.read_bytes())
    if data[-_DIGEST:] != sha256(data[:-_DIGEST]).digest():
        raise ValueError(path)
    return data[:-_DIGEST]
