"""Find control characters and direction overrides in input texts, and keep them out of the output."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# C0 and C1 (except tab, CR, LF and NEL), DEL, and what UTF-8 cannot or must not encode. No client shows them; some fail
# on them or end a line there.
_CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff"
# Overrides reverse letters, so readers would see a different text from the one written.
_OVERRIDES = "\u202d\u202e"
_UNFIT = re.compile(f"[{_CONTROLS}{_OVERRIDES}]")
_EMBEDDED = re.compile("[\u202a-\u202c]")
_POP = "\u202c"
_LINE_BREAKS = re.compile("\r\n?|[\x85\u2028\u2029]")
_LINE_BREAKS_AND_UNFIT = re.compile(f"\r\n?|[\x85\u2028\u2029{_CONTROLS}{_OVERRIDES}]")
# JSON allows these unescaped, but old script parsers end a line at some of them.
_UNFIT_IN_JSON = re.compile(f"[\x85\u2028\u2029{_CONTROLS}{_OVERRIDES}]")
# The same characters for the quick check of a whole page: as one byte of UTF-8, as two bytes, and as characters.
_CONTROL_BYTES = bytes(set(range(0x20)) - {0x09, 0x0A} | {0x7F})
_C1_BYTES = re.compile(b"\xc2[\x80-\x9f]")
_OTHERS = ("\u2028", "\u2029", "\u202d", "\u202e", "\ufffe", "\uffff")
_REPLACEMENT = "\ufffd"


@dataclass(frozen=True, slots=True)
class Unfit:
    """A character that is not allowed: how it is written, what it is, and what to do instead."""

    written: str
    what: str
    hint: str


def unify_breaks(text: str) -> str:
    """Return the text with every line break, including those of Unicode, as a line feed."""
    return _LINE_BREAKS.sub("\n", text)


def find_unfit(text: str) -> Unfit | None:
    """Return the first character not allowed in a text whose line breaks are line feeds; None if all are allowed."""
    match = _UNFIT.search(text)
    if match:
        return describe(match[0])
    return _unbalanced(text)


def describe(character: str) -> Unfit:
    """Describe a character that is not allowed in any text."""
    if character in _OVERRIDES:
        what = f"{_name(character)}, which shows readers a different text"
        return Unfit(character, what, "delete it; the letters already set the direction")
    what = f"the control character U+{ord(character):04X}"
    return Unfit(character, what, "delete it; no calendar can show it")


def is_unfit(code: int) -> bool:
    """Return whether the character with this code is not allowed in any text; line breaks are allowed."""
    return code > 0x10FFFF or _UNFIT.match(chr(code)) is not None


def is_embedding(code: int) -> bool:
    """Return whether the character with this code begins or ends a direction embedding."""
    return 0x202A <= code <= 0x202C


def close_embeddings(text: str) -> str:
    """Return a text, which may have been cut off, with its direction embeddings closed."""
    depth = 0
    for match in _EMBEDDED.finditer(text):
        depth = max(0, depth - 1) if match[0] == _POP else depth + 1
    return text + _POP * depth


def harmless(text: str) -> str:
    """Return a text whose only line break is the line feed, and whose only other control character is the tab.

    Sources and manifests are checked where they are read. This is the last defence, where bytes are made: no text can
    end a line of a file, wherever it came from. Characters that are not allowed become U+FFFD.
    """
    return text if text.isprintable() else _LINE_BREAKS_AND_UNFIT.sub(_harmless, text)


def harmless_line(text: str) -> str:
    """Return a text on one line, without control characters except the tab."""
    return text if text.isprintable() else harmless(text).replace("\n", " ")


def harmless_json(text: str) -> str:
    """Return equivalent JSON with every character escaped that could end a line or have an effect."""
    return text if text.isprintable() else _UNFIT_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def encode_harmless(text: str) -> bytes:
    """Return a text, made harmless, as UTF-8; a quick check covers the many texts that are already harmless."""
    data = text.encode()
    is_harmless = (
        len(data.translate(None, _CONTROL_BYTES)) == len(data)
        and not any(letter in text for letter in _OTHERS)
        and not (b"\xc2" in data and _C1_BYTES.search(data))
    )
    return data if is_harmless else harmless(text).encode()


def _harmless(match: re.Match[str]) -> str:
    return _REPLACEMENT if _UNFIT.match(match[0]) else "\n"


def _unbalanced(text: str) -> Unfit | None:
    """Return the first unbalanced mark of a direction embedding."""
    opened: list[str] = []
    for match in _EMBEDDED.finditer(text):
        if match[0] != _POP:
            opened.append(match[0])
        elif not opened:
            what = f"{_name(_POP)}, which has nothing to end"
            return Unfit(_POP, what, "delete it; it is invisible and may come from copied text")
        else:
            opened.pop()
    if not opened:
        return None
    what = f"{_name(opened[0])}, which is never ended"
    return Unfit(
        opened[0], what, f"delete it, or end it with {_name(_POP)}: otherwise everything after it changes direction"
    )


def _name(character: str) -> str:
    return f"U+{ord(character):04X} {unicodedata.name(character)}"
