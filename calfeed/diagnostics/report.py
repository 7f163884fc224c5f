"""Problems as text: for people, for programs, and as annotations on a pull request."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence

from calfeed.diagnostics.codes import Severity
from calfeed.diagnostics.problem import Mark, Problem

# What a terminal acts on instead of showing: control characters, line breaks, and marks that change text direction.
_UNSHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
# What a CI runner acts on in a log. GitHub reads `::` at the start of a line, after any white space, and `##[` anywhere
# in it (ActionCommand of actions/runner); Azure Pipelines and TeamCity read `##vso[` and `##teamcity[`.
_COMMAND = re.compile(r"^\s*:(?=:)|#(?=#[A-Za-z]*\[)")
_WORD_JOINER = "\u2060"
"""Invisible and without width; splits a command so that it is not recognised."""
# The same for JSON, where strings can be escaped without a change in meaning, and none begins at the start of a line.
_JSON_COMMAND = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]|#(?=#[A-Za-z]*\\[)")


_MAX_SNIPPET = 1_000


# -- problems ---------------------------------------------------------------------------------------------------


def format_problems(problems: Sequence[Problem]) -> str:
    """Return problems for people: place, message, the line with the place underlined, and what to write instead."""
    return "".join(f"{_format_problem(problem)}\n" for problem in problems)


def format_problems_json(problems: Sequence[Problem]) -> str:
    """Return problems as a JSON list of `{path, line, column, end_column, severity, code, message, hint}`.

    Lines and columns count from 1; `end_column` is the first column after the stretch.
    """
    items = [
        {
            "path": problem.mark.path,
            "line": problem.mark.line,
            "column": problem.mark.column,
            "end_column": problem.mark.end_column,
            "severity": problem.severity.value,
            "code": problem.code,
            "message": problem.message,
            "hint": problem.hint,
        }
        for problem in problems
    ]
    return format_json(items)


def format_problems_github(problems: Sequence[Problem]) -> str:
    """Return problems as workflow commands, which GitHub shows on the lines of a pull request.

    Source: https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    return "".join(f"{_annotation(problem)}\n" for problem in problems)


def summarize(problems: Iterable[Problem]) -> str:
    """Return how many errors and warnings there are, in words."""
    severities = [problem.severity for problem in problems]
    errors, warnings = severities.count(Severity.ERROR), severities.count(Severity.WARNING)
    parts = [plural(errors, "error")] if errors else []
    parts += [plural(warnings, "warning")] if warnings else []
    return " and ".join(parts) or "no problems"


def plural(number: int, noun: str) -> str:
    """Return `1 event`, `2 events`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _format_problem(problem: Problem) -> str:
    mark = problem.mark
    head = f"{mark.path}:{mark.line}:{mark.column}: {problem.severity}: {problem.message} [{problem.code}]"
    lines = [head]
    if mark.text.strip():
        number = str(mark.line)
        gutter = " " * len(number)
        text, before, marked = _snippet(mark)
        lines += [
            f"{gutter} |",
            f"{number} | {text}",
            f"{gutter} | {' ' * width(before)}{'^' * max(width(marked), 1)}",
            f"{gutter} = hint: {problem.hint}",
        ]
    else:
        gutter = " "
        lines.append(f"  = hint: {problem.hint}")
    lines += [f"{gutter} = see also: {other.path}:{other.line}:{other.column}" for other in problem.related]
    return "\n".join(shown(line) for line in lines)


def _snippet(mark: Mark) -> tuple[str, str, str]:
    """Return the line of a mark, the text before the mark, and the marked text; only the part nearby of a long line."""
    begin, end = mark.column - 1, mark.end_column - 1
    left = max(begin - _MAX_SNIPPET // 2, 0) if len(mark.text) > _MAX_SNIPPET else 0
    text = mark.text[left : left + _MAX_SNIPPET].rstrip()
    return text, text[: begin - left], text[begin - left : end - left]


def _annotation(problem: Problem) -> str:
    mark = problem.mark
    place = {
        "file": mark.path,
        "line": str(mark.line),
        "endLine": str(mark.line),
        "col": str(mark.column),
        "endColumn": str(mark.end_column),
        "title": problem.code,
    }
    properties = ",".join(f"{key}={_github(value, ':,')}" for key, value in place.items())
    return f"::{problem.severity} {properties}::{_github(f'{problem.message}; {problem.hint}', '')}"


def _github(text: str, more: str) -> str:
    # Line by line, because GitHub shows each on its own; a path or a message seldom has more than one.
    lines = "\n".join(map(shown, re.split("\r\n?|\n", text)))
    return "".join(f"%{ord(char):02X}" if char in f"%\n{more}" else char for char in lines)


# -- columns and lines -------------------------------------------------------------------------------------------


def format_table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as aligned columns, two spaces apart, measured as terminals show them."""
    widths = [max(width(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [cell + " " * (space - width(cell)) for cell, space in zip(row, widths, strict=True)]
        lines.append(shown("  ".join(cells).rstrip()))
    return "".join(f"{line}\n" for line in lines)


def width(text: str) -> int:
    """Return how many columns a text takes in a terminal: two for wide characters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


# -- untrusted text ----------------------------------------------------------------------------------------------


def shown(line: str) -> str:
    """Return a line that neither a terminal nor a CI log acts on, whoever wrote it.

    Characters that a terminal would act on are replaced one for one, so that underlines stay in place. A word joiner,
    which has no width, breaks up anything that would be a log command.
    """
    plain = _UNSHOWN.sub("\ufffd", line.replace("\t", " ").replace("\n", " "))
    return _COMMAND.sub(rf"\g<0>{_WORD_JOINER}", plain)


def shown_text(text: str) -> str:
    """Return a text of several lines, none of which a terminal or a CI log acts on."""
    return "\n".join(map(shown, text.split("\n")))


def format_json(value: object) -> str:
    """Return a value as multi-line JSON with the same meaning, which neither a terminal nor a CI log acts on."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return _JSON_COMMAND.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n"
