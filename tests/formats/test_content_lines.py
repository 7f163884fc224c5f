"""calfeed.formats.content_lines: lines of 75 octets that every reader understands."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from calfeed.formats.content_lines import (
    MAX_OCTETS,
    Property,
    component,
    duration_value,
    escape,
    fold,
    offset_value,
    property_line,
)


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=400)
    | st.text(st.sampled_from("\\^aõ€😀"), max_size=400)
)
@example("a" * 60 + "\\" * 36 + "😀" * 20)
def test_folding_is_reversible(line: str) -> None:
    """Unfolding restores the line; each physical line is valid UTF-8 of at most 75 octets."""
    folded = fold(line)
    assert folded.endswith(b"\r\n")
    assert folded.replace(b"\r\n ", b"")[:-2].decode() == line
    for number, part in enumerate(folded[:-2].split(b"\r\n")):
        part.decode()
        assert len(part) <= MAX_OCTETS
        assert number == 0 or part.startswith(b" ")


@pytest.mark.parametrize("length", [74, 75, 76, 149, 150])
def test_lines_are_filled(length: int) -> None:
    """A line is folded only if necessary: 75 octets are one line, 76 are two."""
    assert fold("a" * length).count(b"\r\n") == 1 + max(0, (length - 2) // 74)


def test_escapes_stay_whole() -> None:
    """A fold never comes between a backslash and what it escapes."""
    for start in range(70, 80):
        first, *_ = fold("a" * start + "\\n" + "b" * 80).split(b"\r\n")
        assert not first.endswith(b"\\")


def test_escape() -> None:
    """Backslash, semicolon, comma and line break are escaped, and nothing else."""
    assert escape('a\\N; b, "c": d\ne') == 'a\\\\N\\; b\\, "c": d\\ne'


@pytest.mark.parametrize(
    ("prop", "line"),
    [
        (Property("STATUS", "CONFIRMED"), "STATUS:CONFIRMED"),
        (Property("SUMMARY", ("Tea, and cake",)), "SUMMARY:Tea\\, and cake"),
        (Property("CATEGORIES", ("a,b", "c")), "CATEGORIES:a\\,b,c"),
        (Property("GEO", "1;2"), "GEO:1;2"),
        (Property("DTSTART", "20270518", (("VALUE", "DATE"),)), "DTSTART;VALUE=DATE:20270518"),
        (Property("DTSTART", "20270518T180000", (("TZID", "Asia/Tokyo"),)), "DTSTART;TZID=Asia/Tokyo:20270518T180000"),
        (Property("X", "1", (("X-A", "a:b"), ("X-B", "2"))), 'X;X-A="a:b";X-B=2:1'),
        (Property("X", "1", (("X-TITLE", 'The "Hub"^\r\nHall'),)), "X;X-TITLE=\"The ^'Hub^'^^^nHall\":1"),
    ],
)
def test_property_is_one_line(prop: Property, line: str) -> None:
    """Texts are escaped and joined by commas; other values are unchanged; parameters are quoted if necessary."""
    assert property_line(prop) == f"{line}\r\n".encode()


def test_component_holds_properties_and_components() -> None:
    """A component has its properties first, and then the components inside it."""
    alarm = component("VALARM", [Property("ACTION", "DISPLAY")])
    lines = component("VEVENT", [Property("UID", ("a",))], [alarm]).decode().splitlines()
    assert lines == ["BEGIN:VEVENT", "UID:a", "BEGIN:VALARM", "ACTION:DISPLAY", "END:VALARM", "END:VEVENT"]


@pytest.mark.parametrize(
    ("offset", "value"),
    [
        (timedelta(0), "+0000"),
        (timedelta(hours=5, minutes=45), "+0545"),
        (timedelta(hours=-3, minutes=-30), "-0330"),
        (timedelta(hours=1, minutes=39, seconds=49), "+013949"),
    ],
)
def test_offset_has_seconds_only_where_it_needs_them(offset: timedelta, value: str) -> None:
    """A UTC-OFFSET has a sign, hours and minutes; only old local times also have seconds."""
    assert offset_value(offset) == value


@pytest.mark.parametrize(
    ("duration", "value"),
    [
        (timedelta(hours=12), "PT12H"),
        (timedelta(days=-1), "-P1D"),
        (timedelta(days=-1, minutes=-15), "-P1DT15M"),
        (timedelta(days=7), "P7D"),
        (timedelta(hours=1, seconds=5), "PT1H0M5S"),
        (timedelta(days=1, seconds=5), "P1DT5S"),
        (timedelta(0), "P0D"),
    ],
)
def test_duration_is_signed_days_and_time(duration: timedelta, value: str) -> None:
    """A DURATION has days and then time, each only if not zero, with a minus before both."""
    assert duration_value(duration) == value
