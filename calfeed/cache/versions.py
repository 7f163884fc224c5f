"""Fingerprint what every output byte depends on besides the sources: calfeed's own files, its packages, and Python."""

from __future__ import annotations

import os
import sys
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

# Each may be installed in a different folder; everything installed there counts.
_PACKAGES = ("babel", "icalendar", "jinja2", "markdown_it", "pydantic", "pytz", "segno", "tzfpy", "yaml")
_INSTALLED = (".dist-info", ".egg-info")
# Debian's pytz reads the system's zones, which are updated separately.
_SYSTEM_ZONES = Path("/usr/share/zoneinfo/tzdata.zi")
CODE = Path(__file__).parents[1]
"""The folder of calfeed itself, with all its rooms."""


@cache
def fingerprint() -> str:
    """Return a hash that changes whenever any of these change.

    It is quick, because nothing is imported. A package is identified by the name of its metadata folder
    (`pytz-2026.6.dist-info`). A file of calfeed is identified by its size and time, so that changes of its code count.
    """
    zones = _stamp(str(_SYSTEM_ZONES)) if _SYSTEM_ZONES.exists() else ""
    parts = [sys.version, zones, *sorted(_installed()), str(CODE), *sorted(code_files(CODE))]
    return sha256("\n".join(parts).encode(errors="surrogateescape")).hexdigest()


def _installed() -> set[str]:
    specs = [find_spec(name) for name in _PACKAGES]
    homes = {Path(spec.origin).parent.parent for spec in specs if spec is not None and spec.origin is not None}
    return {f"{home}/{name}" for home in homes for name in os.listdir(home) if name.endswith(_INSTALLED)}


def code_files(folder: Path) -> set[str]:
    """Return every file below a folder with its size and time."""
    stamps: set[str] = set()
    for here, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        stamps.update(_stamp(f"{here}/{name}") for name in names)
    return stamps


def _stamp(path: str) -> str:
    status = os.stat(path)
    return f"{path} {status.st_size} {status.st_mtime_ns}"
