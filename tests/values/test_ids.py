"""calfeed.values.ids: which ids and property names are valid, and the hints for invalid ones."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from support.refusals import check_refusal, refusal_of

from calfeed.values.ids import read_calendar_id, read_property_name

CALENDAR_IDS = {
    "https://X.org/": "write `x.org`",
    "http://x.org:8080/a/b?c": "write `x.org`",
    "Calendar.Example.org": "write `calendar.example.org`",
    "a@x.org": "write a domain that you will keep",
    "my calendar": "write a domain that you will keep",
    "x" * 101: "write a domain that you will keep",
}


@pytest.mark.parametrize(("text", "hint"), CALENDAR_IDS.items())
def test_wrong_calendar_ids_get_a_hint(text: str, hint: str) -> None:
    """The hint for an invalid calendar id proposes its host, or says what to write."""
    check_refusal(read_calendar_id, text, "bad-id", hint)


PROPERTIES = {
    "PRIORITY": "only `X-` properties are allowed here; standard ones that calfeed writes have their own keys",
    "class": "only `X-` properties are allowed here",
    "STATUS": "write the event's key `status` instead",
    "dtstart": "write the event's key `start` instead",
    "Dress code": "write `X-DRESS-CODE`",
    "X_DRESS": "write `X-DRESS`",
    "X-": "write `X-` followed by a word",
    "夜": "write `X-` followed by a word",
    "X-WR-CALNAME": "leave it out",
}


@pytest.mark.parametrize(("text", "hint"), PROPERTIES.items())
def test_wrong_properties_get_a_hint(text: str, hint: str) -> None:
    """The hint for an invalid extra property proposes the key or the name to write."""
    check_refusal(read_property_name, text, "bad-property", hint)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_calendar_id, "https://" + "a." * 50_000 + "!"),
        (read_property_name, "X" * 100_000 + "!"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_long_values_are_refused_quickly(read: Callable[[str], object], text: str) -> None:
    """Reading takes time at most linear in the length of the value."""
    begin = time.perf_counter()
    assert refusal_of(read, text).hint
    assert time.perf_counter() - begin < 1
