"""The folder beside DIST in which builds keep what is not published, and how files were when a build looked at them.

What is kept there to save work is believed only for the very files it speaks of. When a file was last changed, and its
number, are given by the file system; nobody who brings such a folder along, with a pull request say, can know them
beforehand.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

from calfeed.diagnostics.problem import Mark, Problem, Severity

STATE = ".calfeed"
JOURNAL, STAGING = "journal.json", "staging"
UNREADABLE = (OSError, ValueError, LookupError, TypeError, RecursionError)
"""What reading a file of the state may raise that is not there, or not ours."""
Row: TypeAlias = "Sequence[Any]"
"""A value as JSON has it."""
_DRAFT = "draft"  # the only one, so that what a killed build leaves is taken away by the next one
# A file changed twice within one tick of the file system's clock has one time for both. Ticks are 10 ms at most, but
# for file systems that keep whole seconds, or every other.
_TICK, _COARSE_TICK = 20_000_000, 2_500_000_000
_COARSE = 10_000_000
_DIGEST = 32  # bytes of a SHA-256


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was: its path, what the file system said of it, and the hash of its bytes."""

    path: str
    size: int
    modified: int
    changed: int
    number: int
    sha256: str


def state_of(target: Path) -> Path:
    """Return the folder of the state of DIST."""
    # realpath, unlike Path.resolve, takes a loop of links for what it is: a path that leads nowhere.
    root = Path(os.path.realpath(target))
    return root.parent / STATE / root.name


def seen(path: str, found: os.stat_result, digest: str) -> Seen:
    """Return how a file is, by what the file system says of it and the hash of its bytes."""
    return Seen(path, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, digest)


def clock_of(state: Path) -> int:
    """Return what time it is by the clock of the file system, in nanoseconds.

    Raises:
        OSError: no file can be made in the folder of the state.
    """
    probe = state / _DRAFT
    probe.unlink(missing_ok=True)
    with probe.open("xb"):
        now = probe.stat().st_mtime_ns
    probe.unlink()
    return now


def is_as_it_was(root: str, row: Row, since: int, device: int) -> bool:
    """Tell whether a file is the very file it was, and nobody has written to it.

    Args:
        root: the folder its path begins at.
        row: how it was (`row_of`).
        since: the clock of the file system before it was looked at.
        device: the file system whose clock that is.

    Raises:
        UNREADABLE: there is no such file, or the row is none.
    """
    path, size, modified, changed, number, digest = row
    where = os.path.join(root, path)
    found = os.lstat(where)
    is_like = found.st_size == size and found.st_mtime_ns == modified and found.st_ctime_ns == changed
    if not is_like or found.st_ino != number or not stat.S_ISREG(found.st_mode):
        return False
    tick = _COARSE_TICK if modified % _COARSE == changed % _COARSE == 0 else _TICK
    # Another file system has another clock.
    is_settled = max(modified, changed) + tick < since and found.st_dev == device
    return is_settled or sha256(Path(where).read_bytes()).hexdigest() == digest


# -- files of the state -----------------------------------------------------------------------------------------


def write_checked(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file of the state, or none where that fails: it is a help and no more."""
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
        UNREADABLE: it is not there, or not as it was written.
    """
    if path.is_symlink() or not path.is_file():
        raise ValueError(path)
    data = memoryview(path.read_bytes())
    if data[-_DIGEST:] != sha256(data[:-_DIGEST]).digest():
        raise ValueError(path)
    return data[:-_DIGEST]


def row_of(each: Seen) -> Row:
    """Return how a file was, as a row."""
    return each.path, each.size, each.modified, each.changed, each.number, each.sha256


def row_of_problem(problem: Problem) -> Row:
    """Return a problem as a row."""
    marks = [astuple(mark) for mark in (problem.mark, *problem.related)]
    return problem.severity.value, problem.code, problem.message, problem.hint, marks


def problem_of(row: Row) -> Problem:
    """Return the problem of a row."""
    severity, code, message, hint, marks = row
    mark, *related = (
        Mark(path=str(path), line=int(line), column=int(column), end_column=int(end), text=str(text))
        for path, line, column, end, text in marks
    )
    return Problem(
        mark=mark,
        code=str(code),
        message=str(message),
        hint=str(hint),
        severity=Severity(severity),
        related=tuple(related),
    )
