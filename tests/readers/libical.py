"""Expanding series with libical, the C library inside GNOME Calendar and KOrganizer: many files in one run.

The program `libical.c` is compiled for each run, which needs a C compiler and libical's headers (Debian: `gcc`,
`libc6-dev`, `libical-dev`).
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from .reading import Expansion, Failure

_SOURCE = Path(__file__).with_suffix(".c")


@cache
def available() -> bool:
    """Return whether the program can be compiled."""
    if shutil.which("gcc") is None:
        return False
    with TemporaryDirectory() as folder:
        return _compile(Path(folder)).returncode == 0


def version() -> str:
    """Return the version of libical's headers from pkg-config, or `unknown`."""
    if shutil.which("pkg-config") is None:
        return "unknown"
    done = subprocess.run(["pkg-config", "--modversion", "libical"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def expand(paths: Sequence[Path], limit: int, *, seconds: int) -> dict[Path, Expansion]:
    """Return the starts in each file, at most `limit` for each series, or how libical failed on it."""
    with TemporaryDirectory() as folder:
        _compile(Path(folder)).check_returncode()
        lines = subprocess.run(
            [f"{folder}/libical", str(limit), str(seconds)],
            input="".join(f"{path}\n" for path in paths),
            capture_output=True,
            encoding="utf-8",
            check=True,
        ).stdout.splitlines()
    return {path: _expansion(line.partition("\t")[2]) for path, line in zip(paths, lines, strict=True)}


def _compile(folder: Path) -> subprocess.CompletedProcess[str]:
    command = ["gcc", "-O1", "-Wall", "-Werror", "-o", str(folder / "libical"), str(_SOURCE), "-lical"]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=False)


def _expansion(text: str) -> Expansion:
    for failure in Failure:
        if text.endswith(failure.value):
            return failure
    return sorted((_moment(start) for start in text.split()), key=str)


def _moment(text: str) -> datetime | date:
    if "T" in text:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a date has no zone
