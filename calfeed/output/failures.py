"""Errors for a DIST that cannot be used: refusals, and errors of the operating system."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from calfeed.diagnostics.problem import Mark, OutputError, Problem, problem_at


def refusal(path: Path, code: str, message: str, hint: str) -> OutputError:
    """Return an error for a path that calfeed refuses to use."""
    return OutputError([problem_at(Mark(path=path.as_posix()), code, message, hint)])


@contextmanager
def os_errors_at(path: Path) -> Iterator[None]:
    """Turn an error of the operating system into one of ours.

    Raises:
        OutputError: the operating system failed.
    """
    try:
        yield
    except OSError as cause:
        raise OutputError([cannot_write(path, cause)]) from cause


def cannot_write(path: Path, cause: OSError) -> Problem:
    """Return an error of the operating system as a problem."""
    where = f"{cause.filename}: " if cause.filename else ""
    message = f"the output cannot be written: {where}{cause.strerror or cause}"
    hint = "check the permissions and the free space, then build again"
    return problem_at(Mark(path=path.as_posix()), "output-failed", message, hint)
