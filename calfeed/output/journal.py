"""The journal of a build: what it is about to move and delete, for the next one to finish if it is cut off.

A journal may have come with somebody's pull request. So it says which file, by its number and the time of its last
change, is the manifest that waits to be moved. The file system gives both; nobody can send them along.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from calfeed.values.fields import is_fit_path

Identity: TypeAlias = "tuple[int, int]"
"""The number of a file, and when it last changed in any way."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Journal:
    """What is to be moved and deleted; `manifest` is the file that waits to become the manifest, if one does."""

    written: tuple[str, ...]
    deleted: tuple[str, ...]
    manifest: Identity | None = None


def identity_of(path: str) -> Identity | None:
    """Return which file is at a path; None if there is none, or something else.

    Raises:
        OSError: it cannot be looked at.
    """
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    return (found.st_ino, found.st_ctime_ns) if stat.S_ISREG(found.st_mode) else None


def render_journal(written: Sequence[str], deleted: Sequence[str], manifest: Identity | None) -> str:
    """Return a journal as JSON."""
    return json.dumps({"written": written, "deleted": deleted, "manifest": manifest})


def read_journal(data: bytes) -> Journal:
    """Return the journal in `data`.

    Raises:
        ValueError: it is none; the text says why.
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
        raise ValueError("this is no journal of calfeed") from cause
    unfit = next((path for path in (*journal.written, *journal.deleted) if not is_fit_path(path)), None)
    if unfit is not None:
        raise ValueError(f"the journal lists `{unfit}`, which calfeed cannot have written")
    return journal
