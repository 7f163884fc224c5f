"""calfeed.formats.content_lines: lines of 75 octets that nobody misreads."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from calfeed.formats.content_lines import MAX_OCTETS, escape, fold


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=400)
    | st.text(st.sampled_from("\\^aõ€😀"), max_size=400)
)
@example("a" * 60 + "\\" * 36 + "😀" * 20)
def test_folding_loses_nothing_and_tears_nothing(line: str) -> None:
    """Unfolded, a line is what it was; each physical line is UTF-8 by itself and at most 75 octets long."""
    folded = fold(line)
    assert folded.endswith(b"\r\n")
    assert folded.replace(b"\r\n ", b"")[:-2].decode() == line
    for number, part in enumerate(folded[:-2].split(b"\r\n")):
        part.decode()
        assert len(part) <= MAX_OCTETS
        assert number == 0 or part.startswith(b" ")


@pytest.mark.parametrize("length", [74, 75, 76, 149, 150])
def test_lines_are_filled(length: int) -> None:
    """A line is folded only where it must be: 75 octets stay whole, 76 make two lines."""
    assert fold("a" * length).count(b"\r\n") == 1 + max(0, (length - 2) // 74)


def test_escapes_stay_whole() -> None:
    """A fold never comes between a backslash and what it escapes."""
    for start in range(70, 80):
        first, *_ = fold("a" * start + "\\n" + "b" * 80).split(b"\r\n")
        assert not first.endswith(b"\\")


def test_escape() -> None:
    """Backslash, semicolon, comma and line break are escaped, and nothing else."""
    assert escape('a\\N; b, "c": d\ne') == 'a\\\\N\\; b\\, "c": d\\ne'
