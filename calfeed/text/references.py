"""Character references in Markdown (`&#13;`) that stand for what may not stand in a text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from calfeed.text.characters import Unfit, describe, find_unfit, is_embedding, is_unfit

# As Markdown reads them. Of those with a name none stands for a character that is refused.
_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]{1,6})|([0-9]{1,7}));")
# Stand-ins: nobody has a meaning for them, and Markdown passes them through.
_FIRST_STAND_IN, _LAST_STAND_IN = 0xF0000, 0xFFFFD
_CARRIAGE_RETURN = 0x0D  # written as it is, a line break; nobody who wants one writes it as a reference
_LAST_CODE = 0x10FFFF
_WINDOWS = range(0x80, 0xA0)  # what Windows puts where Unicode has controls; HTML takes these references so


def find_unfit_reference(text: str) -> Unfit | None:
    """Return the first reference that brings into a text what may not stand in it, as it is written.

    In code, and behind a backslash, a reference stands for nothing but itself.
    """
    suspects = [match for match in _REFERENCE.finditer(text) if _is_suspect(_code_of(match))]
    if not suspects:
        return None
    decoded, end = [], 0
    for match in _obeyed(text, suspects):
        code = _code_of(match)
        if code == _CARRIAGE_RETURN or is_unfit(code):
            return replace(_describe(code), written=match[0])
        decoded += [text[end : match.start()], chr(code)]
        end = match.end()
    unfit = find_unfit("".join([*decoded, text[end:]]))
    if unfit is None:
        return None
    written = next((match[0] for match in suspects if chr(_code_of(match)) == unfit.written), unfit.written)
    return replace(unfit, written=written)


def _is_suspect(code: int) -> bool:
    return code == _CARRIAGE_RETURN or is_unfit(code) or is_embedding(code)


def _code_of(match: re.Match[str]) -> int:
    return int(match[1], 16) if match[1] else int(match[2])


def _describe(code: int) -> Unfit:
    if code > _LAST_CODE:
        return Unfit("", f"U+{code:X}, which is no character", "delete it")
    unfit = describe(chr(code))
    if code in _WINDOWS and (meant := bytes([code]).decode("cp1252", "replace")) != "\ufffd":
        return replace(unfit, hint=f"write `{meant}` itself, or delete it")
    if code == _CARRIAGE_RETURN:
        return replace(unfit, hint="break the line itself; a backslash at its end keeps the break")
    return unfit


def _obeyed(text: str, suspects: list[re.Match[str]]) -> Iterator[re.Match[str]]:
    """Yield those references that Markdown replaces by what they stand for."""
    from calfeed.text.markdown import to_html  # its parser takes a moment to load, and nearly no text needs this

    letters = set(text)
    stand_ins = [code for code in range(_FIRST_STAND_IN, _LAST_STAND_IN) if chr(code) not in letters]
    pieces, end = [], 0
    for match, code in zip(suspects, stand_ins, strict=False):
        pieces += [text[end : match.start()], f"&#x{code:X};"]
        end = match.end()
    shown = set(to_html("".join([*pieces, text[end:]])))
    yield from (match for match, code in zip(suspects, stand_ins, strict=False) if chr(code) in shown)
    yield from suspects[len(stand_ins) :]  # nobody means so many
