"""calfeed.source.lookalikes: characters that only look like YAML's are named at their position."""

from __future__ import annotations

import unicodedata

import pytest

from calfeed.source.yaml import read_document

SPACES = "\u00a0\u1680\u2003\u2009\u202f\u205f\u3000"
INVISIBLE = "\u00ad\u200b\u200c\u2060\ufeff"


@pytest.mark.parametrize("letter", [*SPACES, *INVISIBLE])
@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("summary: T\nstart:?2027-05-18\nduration: 1h\n", (2, 7)),
        ("summary: T\nvenue:\n  name:?Hall\n", (3, 8)),
        ("- id: a\n  summary: T\n-?id: b\n  summary: U\n", (3, 2)),
        ("categories:\n  -?music\n  -?film\n", (2, 4)),
        ("summary: T\nvenue:\n ? name: Hall\n", (3, 2)),
        ("summary: T\n?start: 2027-05-18\n", (2, 1)),
        ("summary: T\nstart?: 2027-05-18\n", (2, 6)),
    ],
)
def test_spaces_are_named(text: str, at: tuple[int, int], letter: str) -> None:
    """A character that replaces a plain space, or hides next to a key, is named at its position, once."""
    document = read_document("x.yaml", text.replace("?", letter).encode())
    (problem,) = [problem for problem in document.problems if problem.code != "empty-value"]
    assert (problem.code, (problem.mark.line, problem.mark.column)) == ("yaml-syntax", at)
    assert problem.message.startswith(f"U+{ord(letter):04X} (")
    assert problem.message.endswith(") is not white space in YAML")
    assert problem.hint.startswith(("write plain spaces", "delete it"))


@pytest.mark.parametrize("colon", "：﹕∶꞉")
@pytest.mark.parametrize(
    "text", ["summary: T\nstart?2027-05-18\n", "summary?T\nstart?2027-05-18\n", "venue:\n  name? Hall\nsummary: T\n"]
)
def test_colons_are_named(text: str, colon: str) -> None:
    """A lookalike of the colon after a key is named."""
    (problem,) = read_document("x.yaml", text.replace("?", colon).encode()).problems
    assert problem.message == f"U+{ord(colon):04X} ({_name(colon)}) is not a colon in YAML"
    assert problem.hint == "write a colon instead"


@pytest.mark.parametrize("hyphen", "–—−•－")
@pytest.mark.parametrize("text", ["? id: b\n  summary: T\n", "- id: a\n  summary: T\n? id: b\n  summary: U\n"])
def test_hyphens_are_named(text: str, hyphen: str) -> None:
    """A lookalike of the hyphen of an item is named."""
    (problem,) = read_document("x.yaml", text.replace("?", hyphen).encode()).problems
    assert problem.message == f"U+{ord(hyphen):04X} ({_name(hyphen)}) is not a hyphen in YAML"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("summary: Vortrag:\u00a0Die See\n", {"summary": "Vortrag:\u00a0Die See"}),
        ("summary: 講演：海\n", {"summary": "講演：海"}),
        (
            "description: |\n  \u00a0first\n  name:\u00a0x\n  – dash\n",
            {"description": "\u00a0first\nname:\u00a0x\n– dash\n"},
        ),
        ("summary: – the sea –\n", {"summary": "– the sea –"}),
        ('"a\u00a0b": x\n', {"a\u00a0b": "x"}),
        ("café: x\n", {"café": "x"}),
        ("summary: a\n  \u00a0 b\n", {"summary": "a \u00a0 b"}),
    ],
)
def test_texts_may_contain_lookalikes(text: str, value: object) -> None:
    """Lookalikes that separate nothing are ordinary letters of a text."""
    document = read_document("x.yaml", text.encode())
    assert (document.value, document.problems) == (value, ())


def test_a_line_that_only_looks_empty() -> None:
    """A lookalike space alone on a line is named, too: YAML reads it as a key without a colon."""
    (problem,) = read_document("x.yaml", "summary: T\n\u00a0\nstart: 2027-05-18\n".encode()).problems
    assert (problem.mark.line, problem.hint) == (2, "delete it; it may come from copied text")


def test_lookalike_indentation_causes_no_other_problems() -> None:
    """A mapping indented with lookalike spaces is reported line by line, not as unknown or empty keys."""
    document = read_document("x.yaml", "summary: T\nvenue:\n\u00a0 name: H\n\u3000\u3000url: u\nstart: s\n".encode())
    assert [problem.code for problem in document.problems] == ["yaml-syntax"] * 2
    assert document.value == {"summary": "T", "venue": None, "start": "s"}


def _name(letter: str) -> str:
    return unicodedata.name(letter).lower()
