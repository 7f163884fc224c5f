"""Find character references in Markdown (`&#13;`) to characters that are not allowed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from calfeed.text.characters import Unfit, describe, find_unfit, is_embedding, is_unfit

# As Markdown reads them. No named reference stands for a character that is not allowed.
_REFERENCE = re.compile(r"&#(?:[xX]([0-9a-fA-F]{1,6})|([0-9]{1,7}));")
# Stand-ins: private-use characters without a meaning, which Markdown passes through.
_FIRST_STAND_IN, _LAST_STAND_IN = 0xF0000, 0xFFFFD
_CARRIAGE_RETURN = 0x0D  # a line break if written directly; a reference to it is never intended
_LAST_CODE = 0x10FFFF
_WINDOWS = range(0x80, 0xA0)  # printable in Windows-1252, controls in Unicode; HTML reads them as Windows-1252


def find_unfit_reference(text: str) -> Unfit | None:
    """Return the first reference, as written, to a character that is not allowed.

    In code and after a backslash, a reference stands only for itself.
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
        return Unfit("", f"U+{code:X}, which is not a character", "delete it")
    unfit = describe(chr(code))
    if code in _WINDOWS and (meant := bytes([code]).decode("cp1252", "replace")) != "\ufffd":
        return replace(unfit, hint=f"write `{meant}` itself, or delete it")
    if code == _CARRIAGE_RETURN:
        return replace(unfit, hint="write a line break instead; a backslash before it keeps the break")
    return unfit


def _obeyed(text: str, suspects: list[re.Match[str]]) -> Iterator[re.Match[str]]:
    """Yield the references that Markdown replaces with the characters they stand for."""
    from calfeed.text.markdown import to_html  # its parser is slow to load, and few texts need it

    letters = set(text)
    stand_ins = [code for code in range(_FIRST_STAND_IN, _LAST_STAND_IN) if chr(code) not in letters]
    pieces, end = [], 0
    for match, code in zip(suspects, stand_ins, strict=False):
        pieces += [text[end : match.start()], f"&#x{code:X};"]
        end = match.end()
    rendered = set(to_html("".join([*pieces, text[end:]])))
    yield from (match for match, code in zip(suspects, stand_ins, strict=False) if chr(code) in rendered)
    yield from suspects[len(stand_ins) :]  # nobody writes more suspects than there are stand-ins on purpose
