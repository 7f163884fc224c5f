"""calfeed.values.places: which zones and countries are valid, and the hints for invalid ones."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from support.refusals import check_refusal, refusal_of

from calfeed.values.places import read_country, read_zone

ZONES = {
    "Europe/Talinn": "did you mean `Europe/Tallinn`?",
    "Munich": "did you mean `Europe/Berlin`?",
    "+03:00": "such as `Europe/Tallinn`; an offset belongs in the time: `17:30+03:00`",
    "UTC+3": "an offset belongs in the time: `17:30+03:00`",
    "GMT-5": "an offset belongs in the time: `17:30-05:00`",
    "+0530": "an offset belongs in the time: `17:30+05:30`",
    "CEST": "such as `Europe/Berlin`; abbreviations are not time zones",
    "pst": "such as `America/Los_Angeles`; abbreviations are not time zones",
    "IST": "`Asia/Kolkata`, `Europe/Dublin` or `Asia/Jerusalem`; abbreviations are not time zones",
    "BST": "`Europe/London` or `Asia/Dhaka`; abbreviations are not time zones",
    "XYZ": "such as `Europe/Tallinn`; abbreviations are not time zones",
    "Estonia": "write the country's zone: `Europe/Tallinn`",
    "Germany": "write one of the country's zones: `Europe/Berlin`, `Europe/Busingen`",
    "USA": "and 21 more",
    "Kosovo": "write the country's zone: `Europe/Belgrade`",
    "Korea": "write one of their zones: `Asia/Seoul`, `Asia/Pyongyang`",
    "Bouvet Island": "write the name of a zone in the tz database, such as `Europe/Tallinn`",
    "AoE": "write `Etc/GMT+12`",
    "aoe": "write `Etc/GMT+12`",
    "anywhere on earth": "write `Etc/GMT+12`",
    "Anywhere_on_Earth": "write `Etc/GMT+12`",
    "Moon/Base": "write the name of a zone in the tz database, such as `Europe/Tallinn`",
}


@pytest.mark.parametrize(("text", "hint"), ZONES.items())
def test_wrong_zones_get_a_hint(text: str, hint: str) -> None:
    """The hint for an invalid time zone proposes the zone that was probably meant."""
    check_refusal(read_zone, text, "bad-timezone", hint)


COUNTRIES = {
    "Finnland": "did you mean `Finland`?",
    "Austira": "did you mean `Austria`?",
    "the Phillipines": "did you mean `Philippines`?",
    "Estland": "write its code (`EE`, `EST`) or its English name",
    "Korea": "write `South Korea` or `North Korea`",
    "the Virgin Islands": "write `British Virgin Islands` or `U.S. Virgin Islands`",
    "St. Martin": "write `Saint Martin` or `Sint Maarten`",
    "EU": "write its code (`EE`, `EST`) or its English name",
    "": "write its code",
}


@pytest.mark.parametrize(("text", "hint"), COUNTRIES.items())
def test_wrong_countries_get_a_hint(text: str, hint: str) -> None:
    """The hint for an invalid country proposes the one that was probably meant."""
    check_refusal(read_country, text, "bad-country", hint)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_zone, "Europe/" + "a" * 100_000),
        (read_country, "a" * 100_000),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_long_values_are_refused_quickly(read: Callable[[str], object], text: str) -> None:
    """Reading takes time at most linear in the length of the value."""
    begin = time.perf_counter()
    assert refusal_of(read, text).hint
    assert time.perf_counter() - begin < 1
