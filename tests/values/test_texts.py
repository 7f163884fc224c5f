"""calfeed.values.texts: what is said of a wrong language."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from refusals import check_refusal, refusal_of

from calfeed.values.texts import read_language

LANGUAGES = {
    "en_US": "write `en-US`",
    "de_DE.UTF-8": "write `de-DE`",
    "English": "write a BCP 47 tag: `en`, `et`, `pt-BR`",
}


@pytest.mark.parametrize(("text", "hint"), LANGUAGES.items())
def test_wrong_languages_are_answered(text: str, hint: str) -> None:
    """What is not a language tag is refused with the tag to write instead."""
    check_refusal(read_language, text, "bad-language", hint)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_language, "en_" * 50_000),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_long_values_are_refused_quickly(read: Callable[[str], object], text: str) -> None:
    """No value takes time that grows faster than its length."""
    begin = time.perf_counter()
    assert refusal_of(read, text).hint
    assert time.perf_counter() - begin < 1
