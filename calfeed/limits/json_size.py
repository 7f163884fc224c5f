"""Estimate the memory that a JSON text needs before parsing it: `[[],[],…]` needs thirty times its size."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

MAX_TIMES = 10
"""The most memory that parsing a large text may use, as a multiple of its size, including the text itself."""
_FREE = 200_000_000
"""The number of bytes that is always allowed: a calendar of twenty thousand events needs less."""
# The most bytes that CPython uses for a mapping and its first entries, a list and its first items, each further value
# and its slot, and a name and its entry.
_COSTS = {b"{": 200, b"[": 96, b",": 72, b":": 92}
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_BEYOND_LATIN, _BEYOND_BMP = re.compile(rb"[\xc4-\xef]"), re.compile(rb"[\xf0-\xf7]")
_WINDOW = 1_000_000
_HALF = re.compile(rb"\\u[dD]")


def read_json(data: bytes) -> Any:
    """Return the value of a JSON text if it needs at most ten times the size of the text.

    Raises:
        ValueError: it is not JSON, needs more memory, or escapes a lone surrogate, which UTF-8 cannot encode.
        RecursionError: it is nested too deeply.
    """
    if _estimate(data) > _FREE:
        # Punctuation in strings costs nothing. Removing strings takes longer than parsing: do it only if it matters.
        room = len(data) * (MAX_TIMES - 1 - _width(data))
        if _estimate(data) > room and sum(map(_estimate, _without_texts(data))) > max(room, _FREE):
            raise ValueError("too many values")
    content = json.loads(data)
    if _HALF.search(data):
        _check_characters(content)
    return content


def _estimate(data: bytes) -> int:
    return sum(data.count(mark) * cost for mark, cost in _COSTS.items())


def _without_texts(data: bytes) -> Iterator[bytes]:
    """Yield a JSON text without its strings, in pieces to limit the memory that removing them needs."""
    begin, length = 0, _WINDOW
    while begin < len(data):
        window = data[begin : begin + length]
        rest = _STRING.sub(b"", window)
        opened = rest.find(b'"')  # a string that does not end in this window
        if opened == -1:
            yield rest
            begin, length = begin + len(window), _WINDOW
        elif begin + len(window) >= len(data):
            yield rest  # it never ends
            return
        else:
            tail = len(rest) - opened
            is_stuck = tail == len(window)
            yield rest[:opened]
            begin, length = begin + len(window) - tail, length * 2 if is_stuck else _WINDOW


def _width(data: bytes) -> int:
    """Return how many bytes each character takes during parsing: as many as the widest one."""
    if data.isascii():
        return 1
    return 4 if _BEYOND_BMP.search(data) else 2 if _BEYOND_LATIN.search(data) else 1


def _check_characters(content: object) -> None:
    """Check the strings one by one: encoding them all at once would need as much memory again."""
    left = [content]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            left += value
            left += value.values()
        elif isinstance(value, list):
            left += value
        elif isinstance(value, str):
            value.encode()
