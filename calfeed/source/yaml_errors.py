"""Explains why a file is not valid YAML, and what to do about it.

libyaml often notices a mistake below the place where it was made. If the text reveals that place, it is reported there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from calfeed.diagnostics.problem import Mark, Problem, line_mark, problem_at
from calfeed.source.lookalikes import Lookalike, find_lookalike

_NO_SPACE = re.compile(r"\s*(?:- )?([A-Za-z_][\w-]*):(?=[^\s/])")
_NO_COLON = re.compile(r"\s*(?:- )?([A-Za-z_][\w-]*)(?: |$)(?!.*:(?: |$))")
_QUOTED_BEGINNING = re.compile(r"\s*(?:- )?(?:[\w-]+:\s+)?((['\"\[{]).*)")
_INDICATOR = re.compile(r"\s*(?:- )?[\w-]+:\s+([*&!|>%@`?])")
_INNER_COLON = re.compile(r"(\s*(?:- )?[\w-]+):\s+(.*:(?:\s.*|$))")
_CLOSING = {"'": "'", '"': '"', "[": "]", "{": "}"}


@dataclass(frozen=True, slots=True)
class Failure:
    """libyaml's error: its message, where it stopped, and where the construct it was reading began, from 0."""

    problem: str
    context: str
    at: tuple[int, int]
    opened: tuple[int, int] | None


def word_failure(path: str, lines: Sequence[str], failure: Failure) -> Problem:
    """Return the problem of a file that cannot be read as YAML."""
    return (
        _conflict(path, lines)
        or _lookalike(path, lines, failure)
        or _never_closed(path, lines, failure)
        or _at_line(path, lines, failure)
    )


def word_lookalike(mark: Mark, lookalike: Lookalike) -> Problem:
    """Return the problem of the lookalike at `mark`."""
    return _problem(mark, lookalike.message, lookalike.hint)


def _problem(mark: Mark, message: str, hint: str, *related: Mark) -> Problem:
    return problem_at(mark, "yaml-syntax", message, hint, *related)


def _conflict(path: str, lines: Sequence[str]) -> Problem | None:
    for number, line in enumerate(lines, 1):
        if line.startswith(("<<<<<<<", ">>>>>>>")):
            mark = line_mark(path, lines, number, 1)
            return _problem(mark, "there is an unresolved merge conflict here", "resolve the conflict that git left")
    return None


def _lookalike(path: str, lines: Sequence[str], failure: Failure) -> Problem | None:
    """Report a lookalike on the unreadable line, on the last line with text before it, or where the construct began."""
    line = failure.at[0]
    above = next((number for number in range(min(line, len(lines)) - 1, -1, -1) if lines[number].strip()), line)
    for number in dict.fromkeys((line, above, *([failure.opened[0]] if failure.opened else ()))):
        if number < len(lines) and (lookalike := find_lookalike(lines[number])):
            mark = line_mark(path, lines, number + 1, lookalike.at + 1, lookalike.at + 2)
            return word_lookalike(mark, lookalike)
    return None


def _never_closed(path: str, lines: Sequence[str], failure: Failure) -> Problem | None:
    """Report an unclosed quote or bracket where it opens."""
    if failure.opened is None:
        return None
    line, column = failure.opened
    opening = lines[line][column : column + 1] if line < len(lines) else ""
    is_flow = "flow" in failure.context and opening in "[{"
    is_quote = "end of stream" in failure.problem and "quoted" in failure.context and opening in "'\""
    if not opening or not (is_flow or is_quote):
        return None
    closing = _CLOSING[opening]
    mark = line_mark(path, lines, line + 1, column + 1)
    if is_flow and closing in lines[line][column:]:
        return _problem(mark, f"cannot read the list or mapping that `{opening}` opens", _QUOTE_ALL)
    kind = "quote" if is_quote else "bracket"
    return _problem(mark, f"the {kind} {opening} is never closed", f"add the closing {closing}, or {_QUOTE_ALL}")


_QUOTE_ALL = "put the whole value in quotes if it is text"


def _at_line(path: str, lines: Sequence[str], failure: Failure) -> Problem:
    line, column = failure.at
    if line >= len(lines) or not lines[line].strip():
        line, column = _last_text(lines, line)
    text = lines[line] if lines else ""
    for number in _suspects(lines, line, failure):
        if match := _NO_SPACE.match(lines[number]):
            mark = line_mark(path, lines, number + 1, match.start(1) + 1, match.end() + 1)
            return _problem(mark, f"a space is missing after `{match[1]}:`", f"write `{match[1]}: …`")
        if "could not find expected ':'" in failure.problem and (match := _NO_COLON.match(lines[number])):
            mark = line_mark(path, lines, number + 1, match.start(1) + 1)
            hint = f"write `{match[1]}: …`, or indent the line if it continues the text above"
            return _problem(mark, f"there is no `:` after `{match[1]}`", hint)
    if "mapping values" in failure.problem and not _INNER_COLON.fullmatch(text.rstrip()):
        column = len(text) - len(text.lstrip())
    message, hint = _word(failure, text, column)
    return _problem(line_mark(path, lines, line + 1, min(column, max(len(text) - 1, 0)) + 1), message, hint)


def _suspects(lines: Sequence[str], line: int, failure: Failure) -> list[int]:
    """Return the lines that may contain the mistake, the most likely first."""
    if "could not find expected ':'" not in failure.problem and "mapping values" not in failure.problem:
        return []
    began = [failure.opened[0]] if failure.opened else []
    above = [number for number in range(line - 1, -1, -1) if lines[number].strip()][:1]
    return [number for number in (*began, line, *above) if number < len(lines)]


def _last_text(lines: Sequence[str], line: int) -> tuple[int, int]:
    """Return the end of the last line with text up to `line`: the best place to report an unexpected end."""
    for number in range(min(line, len(lines) - 1), -1, -1):
        if lines[number].strip():
            return number, len(lines[number].rstrip()) - 1
    return 0, 0


def _word(failure: Failure, line: str, column: int) -> tuple[str, str]:
    """Return the message and hint based on the line or, failing that, on libyaml's message."""
    problem = failure.problem
    character = line[column : column + 1]
    if "\t" in line[: len(line) - len(line.lstrip())] and ("token" in problem or "tab" in problem):
        return "there is a tab in the indentation", "indent with spaces"
    if "another document" in problem:
        return "a second document begins here", "a file can contain only one document; delete the `---`"
    if "duplicate anchor" in problem:
        return "this anchor is defined twice", "rename one of the two"
    if "mapping values" in problem:
        return _word_colon(line)
    if "escape character" in problem:
        return (
            "this `\\` in double quotes begins an escape that YAML does not have",
            "use single quotes, or write `\\\\`",
        )
    if "block sequence entries" in problem:
        return (
            "a list cannot begin on the line of its key",
            "begin it on the next line, or put the value in quotes if it is text",
        )
    if match := _INDICATOR.match(line):
        return f"unquoted text cannot begin with {match[1]} in YAML", _quoted(line, match.start(1))
    if "cannot start any token" in problem:
        return f"unquoted text cannot begin with {character} in YAML", _quoted(line, column)
    if (match := _QUOTED_BEGINNING.match(line)) and _continues(match[1], _CLOSING[match[2]]):
        advice = "write '' for an apostrophe in single quotes, or use double quotes" if match[2] == "'" else _QUOTE_ALL
        return f"the text continues after the closing {_CLOSING[match[2]]}", advice
    if "did not find expected" in problem:
        return "this line does not fit the list or mapping above it", "indent it like its neighbours"
    return "this cannot be read as YAML", "check quotes, brackets and the indentation of this line and the one above"


def _word_colon(line: str) -> tuple[str, str]:
    if match := _INNER_COLON.fullmatch(line.rstrip()):
        return (
            "there is a `: ` in the middle of the text",
            f'put the text in quotes: `{match[1].strip()}: "{match[2]}"`',
        )
    return "this line is indented further than its neighbours", "indent it like the lines above"


def _quoted(line: str, column: int) -> str:
    return f'put the whole text in quotes: "{line[column:].strip()}"'


def _continues(text: str, closing: str) -> bool:
    """Return whether more text follows the closing quote or bracket of a text that begins with one."""
    end = text.find(closing, 1)
    return (
        end > 0 and text[end + 1 :].strip(" ,") not in ("", "]", "}") and not text[end + 1 :].lstrip().startswith("#")
    )
