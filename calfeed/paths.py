"""Real paths, with every link followed."""

from __future__ import annotations

import os
from pathlib import Path, PurePath


def real_path(path: Path | str) -> Path:
    """Return the absolute path without links."""
    # Unlike Path.resolve, realpath does not fail on a loop of links.
    return Path(os.path.realpath(path))


def is_within(path: Path | str, folder: Path | str) -> bool:
    """Return whether a path leads to a folder or into it."""
    return PurePath(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))
