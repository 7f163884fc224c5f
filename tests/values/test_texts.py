"""calfeed.values.texts: which languages are valid, and the hints for invalid ones."""

from __future__ import annotations

import time

import pytest
from support.refusals import check_refusal, refusal_of

from calfeed.values.texts import read_language

LANGUAGES = {
    "en_US": "write `en-US`",
    "de_DE.UTF-8": "write `de-DE`",
    "English": "write a BCP 47 tag: `en`, `et`, `pt-BR`",
}


@pytest.mark.parametrize(("text", "hint"), LANGUAGES.items())
def test_wrong_languages_get_a_hint(text: str, hint: str) -> None:
    """The hint for an invalid language tag proposes the tag to write."""
    check_refusal(read_language, text, "bad-language", hint)


def test_a_long_text_is_refused_quickly() -> None:
    """Reading takes time at most linear in the length of the text."""
    begin = time.perf_counter()
    assert refusal_of(read_language, "en_" * 50_000).hint
    assert time.perf_counter() - begin < 1
