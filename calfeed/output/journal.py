"""The journal of a build: what it will move and delete, so that the next build can finish an interrupted one.

A journal may come from a pull request. It therefore identifies the staged manifest by its inode number and the time of
its last change. The file system sets both, so a pull request cannot supply them.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from calfeed.values.addresses import is_fit_path

Identity: TypeAlias = "tuple[int, int]"
"""The inode number of a file, and when it last changed in any way (ctime)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Journal:
    """What to move and delete; `manifest` identifies the staged manifest, if there is one."""

    written: tuple[str, ...]
    deleted: tuple[str, ...]
    manifest: Identity | None = None


def identity_of(path: str) -> Identity | None:
    """Return the identity of the file at a path; None if nothing is there, or not a regular file.

    Raises:
        OSError: the path cannot be examined.
    """
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    return (status.st_ino, status.st_ctime_ns) if stat.S_ISREG(status.st_mode) else None


def render_journal(written: Sequence[str], deleted: Sequence[str], manifest: Identity | None) -> str:
    """Return a journal as JSON."""
    return json.dumps({"written": written, "deleted": deleted, "manifest": manifest})


def read_journal(data: bytes) -> Journal:
    """Return the journal in `data`.

    Raises:
        ValueError: it is not a valid journal; the message says why.
    """
    try:
        content = json.loads(data)
        manifest = content.get("manifest")
        journal = Journal(
            written=tuple(map(str, content["written"])),
            deleted=tuple(map(str, content["deleted"])),
            manifest=None if manifest is None else (int(manifest[0]), int(manifest[1])),
        )
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as cause:
        raise ValueError("this is not a calfeed journal") from cause
    unfit = next((path for path in (*journal.written, *journal.deleted) if not is_fit_path(path)), None)
    if unfit is not None:
        raise ValueError(f"the journal lists `{unfit}`, which calfeed cannot have written")
    return journal
