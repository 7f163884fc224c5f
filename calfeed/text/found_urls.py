"""Find where web addresses begin and end in running text, character by character."""

from __future__ import annotations

import re

_BEGIN = re.compile(r"(?<![a-zA-Z0-9])https?://", re.IGNORECASE)
_SCHEME_BEFORE_COLON = re.compile(r"(?<![a-zA-Z0-9])https?\Z", re.IGNORECASE)
# White space, delimiters of addresses in prose, and punctuation of scripts that write no space after it.
_BEYOND = re.compile(r"[\s<>\"`“”„«»‹›、。，；：！？「」『』（）【】《》〈〉]")
_TRAILING = ".,:;!?'\"\\"
_HOST = re.compile(r"https?://[^\W_\[]|https?://\[[0-9a-f:.]+\]", re.IGNORECASE)
_LONGEST_SCHEME = len("https")
_LONGEST = 8_000
"""More than any server accepts. The rest is treated as text: reading on would be slow with many addresses."""


def begin_at_colon(text: str, colon: int) -> int | None:
    """Return the start of the address whose scheme ends at this colon; None if no scheme does."""
    if not text.startswith("://", colon):
        return None
    # One character more than the scheme, because a scheme must begin a word.
    match = _SCHEME_BEFORE_COLON.search(text[max(0, colon - _LONGEST_SCHEME - 1) : colon])
    return None if match is None else colon - len(match[0])


def is_behind_backslash(text: str, position: int) -> bool:
    """Return whether there is a backslash at this position, followed by an address."""
    return text.startswith(("\\h", "\\H"), position) and _BEGIN.match(text, position + 1) is not None


def end_of(text: str, begin: int, limit: int) -> int:
    """Return the end of the address that begins at `begin`, at most `limit`.

    It does not include punctuation of the surrounding sentence, nor a bracket that was opened before the address.
    """
    return trim(text, begin, _end_by_brackets(text, begin, _first_beyond(text, begin, limit)))


def trim(text: str, begin: int, end: int) -> int:
    """Return the end of an address without the punctuation and closing brackets of the surrounding sentence."""
    surplus = text.count(")", begin, end) - text.count("(", begin, end)
    while end > begin:
        if text[end - 1] == ")" and surplus > 0:
            surplus -= 1
        elif text[end - 1] not in _TRAILING:
            break
        end -= 1
    return end


def is_linkable(address: str) -> bool:
    """Return whether an address has a host, and so can be followed."""
    return _HOST.match(address) is not None


def find_addresses(text: str) -> list[tuple[int, int]]:
    """Return the start and end of every address in a text without markup."""
    places: list[tuple[int, int]] = []
    position = 0
    while match := _BEGIN.search(text, position):
        end = end_of(text, match.start(), len(text))
        places.append((match.start(), end))
        position = max(end, match.end())
    return places


def ends_in_address(line: str) -> bool:
    """Return whether a line ends with an address, in angle brackets or not."""
    text = line.rstrip().removesuffix(">")
    places = find_addresses(text)
    return bool(places) and places[-1][1] == len(text)


def _first_beyond(text: str, begin: int, limit: int) -> int:
    last = min(limit, begin + _LONGEST)
    match = _BEYOND.search(text, begin, last)
    return last if match is None else match.start()


def _end_by_brackets(text: str, begin: int, end: int) -> int:
    """Return the position of the first unmatched `]`, usually the end of a link's label; else `end`."""
    if text.find("]", begin, end) < 0:
        return end
    depth = 0
    for position in range(begin, end):
        depth += (text[position] == "[") - (text[position] == "]")
        if depth < 0:
            return position
    return end
