"""Finds characters, often from copied text, that only look like the white space, colons and hyphens of YAML.

YAML treats them as letters, so it reads the parts that they should separate as one text.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# Spaces of other widths, and characters without width.
_SPACES = "\u00a0\u00ad\u1680\u180e\u2000-\u200d\u202f\u205f\u2060\u3000\ufeff"
_COLONS = "\u2236\ua789\ufe13\ufe55\uff1a"
_HYPHENS = "\u2010-\u2015\u2022\u2212\u30fb\ufe63\uff0d"
_KEY = r"[A-Za-z_][\w-]*"
# At the beginning of a line: indentation, the mark of an item, the colon after a key, the space after that colon.
_INDENTATION = re.compile(rf" *([{_SPACES}])")
_ITEM = re.compile(rf" *(?:-([{_SPACES}])|([{_HYPHENS}])[ {_SPACES}])")
_AFTER_KEY = re.compile(rf" *(?:- +)?{_KEY} *(?:([{_COLONS}])|:([{_SPACES}])|([{_SPACES}]) *:(?: |$))")
_WITHIN_KEY = re.compile(rf"[{_SPACES}]")
_LEADING = re.compile(rf"^[ {_SPACES}]*")


@dataclass(frozen=True, slots=True)
class Lookalike:
    """A character of a line that YAML treats as a letter; `at` counts from 0."""

    at: int
    message: str
    hint: str


def find_lookalike(line: str) -> Lookalike | None:
    """Return the first character in a line that looks like a separator of YAML but is not one, or None."""
    if line.isascii():
        return None
    if match := _INDENTATION.match(line):
        return _describe(line, match.start(1), is_needed=len(_LEADING.findall(line)[0]) > 1)
    match = _ITEM.match(line) or _AFTER_KEY.match(line)
    return _describe(line, match.start(match.lastindex or 0), is_needed=True) if match else None


def lookalike_in_key(key: str) -> Lookalike | None:
    """Return the first lookalike space in a key, or None."""
    match = None if key.isascii() else _WITHIN_KEY.search(key)
    return _describe(key, match.start(), is_needed=is_nested(key)) if match else None


def is_nested(key: str) -> bool:
    """Return whether the spaces before a key indent it as part of a nested mapping."""
    return len(_LEADING.findall(key)[0]) > 1


def clean_key(key: str) -> str:
    """Return the key without lookalike spaces."""
    return _WITHIN_KEY.sub("", key).strip()


def _describe(line: str, at: int, *, is_needed: bool) -> Lookalike:
    """Return a character with its message and hint; `is_needed` if something must replace it."""
    character = line[at]
    kind = "white space"
    if character in _COLONS:
        kind = "a colon"
    elif re.match(f"[{_HYPHENS}]", character):
        kind = "a hyphen"
    message = f"U+{ord(character):04X} ({unicodedata.name(character).lower()}) is not {kind} in YAML"
    if not is_needed:
        return Lookalike(at, message, "delete it; it may come from copied text")
    return Lookalike(at, message, f"write {'plain spaces' if kind == 'white space' else kind} instead")
