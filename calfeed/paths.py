"""Where paths really lead: every link on the way is followed."""

from __future__ import annotations

import os
from pathlib import Path, PurePath


def real_path(path: Path | str) -> Path:
    """Return the absolute path without links."""
    # Unlike Path.resolve, realpath treats a loop of links as what it is: a path that leads nowhere.
    return Path(os.path.realpath(path))


def is_within(path: Path | str, folder: Path | str) -> bool:
    """Return whether a path leads to a folder or into it."""
    return PurePath(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))
