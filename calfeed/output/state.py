"""The folder beside DIST in which builds keep what is not published: their lock, what is staged, what they remember."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import astuple
from hashlib import sha256
from pathlib import Path

from calfeed.diagnostics.problem import Mark, Problem, Severity
from calfeed.stamp import Row

STATE = ".calfeed"
JOURNAL, STAGING = "journal.json", "staging"
UNREADABLE = (OSError, ValueError, LookupError, TypeError, RecursionError)
"""What reading a file of the state may raise that is not there, or not ours."""
_DRAFT = "draft"  # the only one, so that what a killed build leaves is taken away by the next one
_DIGEST = 32  # bytes of a SHA-256


def state_of(target: Path) -> Path:
    """Return the folder of the state of DIST."""
    # realpath, unlike Path.resolve, takes a loop of links for what it is: a path that leads nowhere.
    root = Path(os.path.realpath(target))
    return root.parent / STATE / root.name


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
