"""Checks Markdown texts in the sources for joined lines and misleading addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from calfeed.diagnostics.problem import Problem, problem_at
from calfeed.source.entries import Place
from calfeed.text.found_urls import ends_in_address
from calfeed.text.markdown import find_user_name, joined_lines

# A short label and its value, such as `Where: Room 5`. Prose with a colon is longer or starts in lower case.
_KEY = re.compile(r"(?:[-+*] )?[*_]{0,2}([^\W_][^:\n]{0,29}):[*_]{0,2} +\S")
_MAX_KEY_WORDS = 4
_MAX_PROSE = 60
_MAX_QUOTED = 40


def check_markdown(text: str | None, place: Place, key: str) -> Iterator[Problem]:
    """Yield the errors in a Markdown text, and a warning if it renders differently from how its source looks.

    Args:
        text: the value of the key, if any.
        place: the place of the mapping that contains the key.
        key: the key.
    """
    if text:
        yield from _check_addresses(text, place, key)
        yield from _check_lines(text, place, key)


def _check_addresses(text: str, place: Place, key: str) -> Iterator[Problem]:
    address = find_user_name(text)
    if address is not None:
        message = f"an address in the `{key}` contains a user name"
        hint = "delete it and the `@` after it: people would mistake it for the host the link leads to"
        yield problem_at(place.mark_within(key, address), "bad-url", message, hint)


def _check_lines(text: str, place: Place, key: str) -> Iterator[Problem]:
    """Yield a warning if Markdown joins lines that look meant to stand alone.

    It marks the first pair and counts the others.
    """
    pairs = [pair for pair in joined_lines(text) if _stands_alone(*pair)] if _may_be_joined(text) else []
    if pairs:
        first, second = (line if len(line) <= _MAX_QUOTED else f"{line[:_MAX_QUOTED]}…" for line in pairs[0])
        more = f" ({len(pairs) - 1} more like this)" if len(pairs) > 1 else ""
        message = f"`{first}` and `{second}` are shown on one line{more}"
        hint = "end the line with a backslash to keep the break, or put an empty line between the two"
        yield problem_at(place.mark_within(key, pairs[0][0]), "joined-lines", message, hint)


def _may_be_joined(text: str) -> bool:
    """Return whether lines may be joined. This is a quick test: most texts have a single line or no colon."""
    return "\n" in text and (": " in text or "://" in text)


def _stands_alone(line: str, following: str) -> bool:
    if ends_in_address(line):
        return True
    if not _is_keyed(line):
        return False
    is_prose = len(line) > _MAX_PROSE or line[0].islower()
    return not is_prose or _is_keyed(following)


def _is_keyed(line: str) -> bool:
    match = _KEY.match(line)
    return match is not None and len(match[1].split()) <= _MAX_KEY_WORDS
