"""calfeed.values.addresses: which e-mail addresses and paths are valid, and the hints for invalid ones."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from support.refusals import check_refusal, refusal_of

from calfeed.values.addresses import read_email, read_relative_path

EMAILS = {
    "friends at x.org": "write `friends@x.org`",
    "friends (at) x.org": "write `friends@x.org`",
    "mailto:friends@x.org": "write `friends@x.org`",
    "Friends <friends@x.org>": "write `friends@x.org`",
    "friends@x": "write it like `events@example.org`",
    "friends@x.": "write it like `events@example.org`",
    "a@b@x.org": "write it like `events@example.org`",
    "a@" + "x" * 250 + ".org": "at most 254",
}


@pytest.mark.parametrize(("text", "hint"), EMAILS.items())
def test_wrong_emails_get_a_hint(text: str, hint: str) -> None:
    """The hint for an invalid e-mail address says what to write instead."""
    check_refusal(read_email, text, "bad-email", hint)


PATHS = {
    "https://x.org/a.jpg": "save it next to the YAML file, and write its name",
    "data:image/png;base64,AAAA": "save it next to the YAML file",
    "images\\a.jpg": "write `images/a.jpg`",
    "..\\a.jpg": "write the name of a file next to the YAML file",
    "../a.jpg": "write the name of a file next to the YAML file",
    "C:\\a.jpg": "write the name of a file next to the YAML file",
    "/a.jpg": "write the name of a file next to the YAML file",
    "x" * 256: "use shorter names: at most 255 bytes each, 1000 in total",
    "õ" * 128: "use shorter names",
    "a/" * 501: "use shorter names",
}


@pytest.mark.parametrize(("text", "hint"), PATHS.items())
def test_wrong_paths_get_a_hint(text: str, hint: str) -> None:
    """A path that leads elsewhere, or that only some systems can read, is refused; the hint says what to write."""
    check_refusal(read_relative_path, text, "bad-path", hint)


def test_ordinary_emails_are_read() -> None:
    """The limit on the length does not affect ordinary addresses."""
    for email in ("events@example.org", "a.b+c@x.y.example.org", "müük@näide.ee", "a@" + "x" * 248 + ".org"):
        assert read_email(email) == email


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_email, "a@" + "." * 100_000),
        (read_email, "a" * 100_000),
        (read_relative_path, "../" * 50_000),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_long_values_are_refused_quickly(read: Callable[[str], object], text: str) -> None:
    """Reading takes time at most linear in the length of the value."""
    begin = time.perf_counter()
    assert refusal_of(read, text).hint
    assert time.perf_counter() - begin < 1
