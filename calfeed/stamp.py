"""Record how the file system describes a file, to find out later whether it is unchanged.

Cached results for a file are used only if it is the same file, unchanged. The file system sets its change time and its
number, so the author of a folder of such stamps, in a pull request say, cannot know them beforehand.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

Row: TypeAlias = "Sequence[Any]"
"""A row of JSON values."""
# Two changes of a file within one tick of the file system's clock have the same time. Ticks are 10 ms at most, except
# on file systems that keep whole seconds, or every second one.
_TICK, _COARSE_TICK = 20_000_000, 2_500_000_000
_COARSE = 10_000_000


@dataclass(frozen=True, slots=True)
class FileStamp:
    """The state of a file at one time: its path, its metadata in the file system, and the hash of its bytes."""

    path: str
    size: int
    modified: int
    changed: int
    number: int
    sha256: str


def stamp_of(path: str, status: os.stat_result, digest: str) -> FileStamp:
    """Return the stamp of a file from its metadata and the hash of its bytes."""
    return FileStamp(path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, digest)


def is_unchanged(root: str, row: Row, since: int, device: int) -> bool:
    """Return whether a file is unchanged since its stamp was taken.

    Args:
        root: the folder that its path is relative to.
        row: its stamp (`row_of`).
        since: the file system's clock before the stamp was taken.
        device: the file system with that clock.

    Raises:
        OSError, ValueError, LookupError, TypeError: there is no such file, or the row is not a stamp.
    """
    path, size, modified, changed, number, digest = row
    where = os.path.join(root, path)
    status = os.lstat(where)
    is_like = status.st_size == size and status.st_mtime_ns == modified and status.st_ctime_ns == changed
    if not is_like or status.st_ino != number or not stat.S_ISREG(status.st_mode):
        return False
    tick = _COARSE_TICK if modified % _COARSE == changed % _COARSE == 0 else _TICK
    # Another file system has another clock.
    is_settled = max(modified, changed) + tick < since and status.st_dev == device
    return is_settled or sha256(Path(where).read_bytes()).hexdigest() == digest


def row_of(stamp: FileStamp) -> Row:
    """Return a stamp as a row."""
    return stamp.path, stamp.size, stamp.modified, stamp.changed, stamp.number, stamp.sha256
