"""What can go wrong, and where: marks, problems and the exceptions that carry them.

`report` turns problems into text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from calfeed.diagnostics.codes import CODES, Severity

_MAX_CHARACTERS = 1_000
"""The maximum length of a message or hint, in characters: they quote the sources, which may contain any text."""
_MAX_LISTED = 10  # errors in the text of an exception, which ends a traceback


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Mark:
    """A stretch of one line of a source file.

    `line` and `column` count from 1, columns in characters; `end_column` is the first column after the stretch.
    `text` is the whole line, so that a problem can be shown without reading the file again.
    """

    path: str
    line: int = 1
    column: int = 1
    end_column: int = 2
    text: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Something wrong at a place in the sources, and what to write instead."""

    mark: Mark
    code: str
    message: str
    hint: str
    related: tuple[Mark, ...] = ()

    @property
    def severity(self) -> Severity:
        """How bad it is, which depends on the code alone."""
        return CODES[self.code].severity


def line_mark(path: str, lines: Sequence[str], line: int, column: int, end_column: int | None = None) -> Mark:
    """Return a mark within a line, up to `end_column` or else the end of the line."""
    text = lines[line - 1] if line <= len(lines) else ""
    end = len(text.rstrip()) + 1 if end_column is None else end_column
    return Mark(path=path, line=line, column=column, end_column=max(end, column + 1), text=text)


def problem_at(mark: Mark, code: str, message: str, hint: str, *related: Mark) -> Problem:
    """Return the problem at a mark; very long messages and hints are shortened, because they quote the sources."""
    return Problem(mark=mark, code=code, message=_shorten(message), hint=_shorten(hint), related=related)


def has_errors(problems: Iterable[Problem]) -> bool:
    """Return whether any of the problems stops the build."""
    return any(problem.severity is Severity.ERROR for problem in problems)


def list_some(words: Sequence[str], most: int) -> str:
    """Return the first `most` words as a comma-separated list, and how many more there are."""
    more = len(words) - most
    return ", ".join(words[:most]) + (f" and {more:,} more" if more > 0 else "")


def _shorten(text: str) -> str:
    """Return a text, without its middle if it is very long."""
    half = _MAX_CHARACTERS // 2
    return text if len(text) <= _MAX_CHARACTERS else f"{text[:half]} … {text[-half:]}"


def sort_problems(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems by place, without duplicates, errors before warnings at the same place."""
    unique = dict.fromkeys(problems)
    return tuple(sorted(unique, key=lambda p: (p.mark, p.severity, p.code, p.message)))


class InvalidValue(ValueError):  # noqa: N818 - it names what was written, not what went wrong
    """A value in a form that calfeed cannot read; the caller knows where it is."""

    def __init__(self, code: str, message: str, hint: str, part: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.part = part  # the faulty part of a longer value, as written
        self.message = message
        self.hint = hint


class CalfeedError(Exception):
    """The base of everything calfeed raises on purpose: `problems` holds all problems, its text the first errors."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sort_problems(problems)
        errors = [problem for problem in self.problems if problem.severity is Severity.ERROR]
        lines = [f"{problem.mark.path}:{problem.mark.line}: {problem.message}" for problem in errors[:_MAX_LISTED]]
        if len(errors) > _MAX_LISTED:
            lines.append(f"and {len(errors) - _MAX_LISTED} more errors")
        super().__init__("; ".join(lines))

    def __reduce__(self) -> tuple[type[CalfeedError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)  # so that another process can return it


class SourceError(CalfeedError):
    """The sources cannot be turned into a project."""


class OutputError(CalfeedError):
    """DIST cannot be read, locked or written; nothing in it was changed."""


class PromiseError(CalfeedError):
    """The build would break what subscribers rely on, and has no consent to do so."""


class UnfinishedError(OutputError):
    """DIST is half written, because the operating system failed between two moves. The next build finishes the work."""
