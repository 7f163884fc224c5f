"""Read texts and words: lines, Markdown, categories, language tags and booleans.

As in `times`: text in, plain value out. Text that cannot be read raises `InvalidValue` with a code, message and hint.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from calfeed.diagnostics.problem import InvalidValue
from calfeed.text.characters import find_unfit, unify_breaks
from calfeed.text.references import find_unfit_reference

_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(?:-[a-zA-Z0-9]{2,8})*")
_HTML_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9-]*(?:\s[^<>]*)?/?>")
_TRUE, _FALSE = frozenset({"true", "yes", "on"}), frozenset({"false", "no", "off"})


def read_text(text: str) -> str:
    """Return a text of one or more lines, with line feeds as line breaks and surrounding space removed."""
    result = text.strip()
    # A quick check: apart from line feeds, most texts are printable.
    if not result.replace("\n", "").isprintable():
        result = unify_breaks(text).strip()
    if not result.isprintable() and (unfit := find_unfit(result)):
        raise InvalidValue("control-character", f"the text contains {unfit.what}", unfit.hint, unfit.written)
    if not result:
        raise InvalidValue("empty-value", "the text is empty", "write some text, or leave the key out")
    return result


def read_markdown(text: str) -> str:
    """Return a Markdown text; characters written as references are checked like any others."""
    result = read_text(text)
    unfit = find_unfit_reference(result) if "&#" in result else None
    if unfit is not None:
        raise InvalidValue("control-character", f"`{unfit.written}` stands for {unfit.what}", unfit.hint, unfit.written)
    return result


def read_line(text: str) -> str:
    """Return a text of one line; line breaks and runs of space become single spaces."""
    result = read_text(text)
    if result.isprintable() and "  " not in result:
        return result
    return re.sub(r"[ \t\n]+", " ", result)  # other spaces, such as the one in `10 000`, are intended


@lru_cache(maxsize=1024)
def read_category(text: str) -> str:
    """Return a category, in Unicode NFC so that equal categories compare equal."""
    return unicodedata.normalize("NFC", read_line(text))


def find_html(text: str) -> str | None:
    """Return the first HTML tag in a Markdown text, or None; `<https://…>` is a link, not a tag."""
    match = _HTML_TAG.search(text) if "<" in text else None
    return match[0] if match else None


def read_language(text: str) -> str:
    """Return a BCP 47 language tag."""
    if _LANGUAGE.fullmatch(text) is None:
        tag = text.partition(".")[0].replace("_", "-")
        hint = f"write `{tag}`" if _LANGUAGE.fullmatch(tag) else "write a BCP 47 tag: `en`, `et`, `pt-BR`"
        raise InvalidValue("bad-language", f"`{text}` is not a language tag", hint)
    return text


def read_boolean(text: str) -> bool:
    """Return True for true, yes and on, False for false, no and off."""
    word = text.casefold()
    if word not in _TRUE | _FALSE:
        raise InvalidValue("bad-boolean", f"`{text}` is neither true nor false", "write `true` or `false`")
    return word in _TRUE
