"""calfeed.source.yaml: files that are not YAML, and marks that point at the right characters."""

from __future__ import annotations

import pytest

from calfeed.source.nodes import MAX_DEPTH
from calfeed.source.yaml import Document, read_document


def document(text: str) -> Document:
    """Return a text read as a file."""
    return read_document("x.yaml", text.encode())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: *nobody\n", "yaml-syntax"),
        ("a: 1\n---\nb: 2\n", "yaml-syntax"),
        ("# nothing\n", "empty-file"),
        ("a: b\0c\n", "control-character"),
    ],
)
def test_unreadable_files(text: str, code: str) -> None:
    """A file that contains no document, or is not YAML, has one problem."""
    assert [problem.code for problem in document(text).problems] == [code]


def test_marks_count_characters() -> None:
    """Columns count characters, not bytes: a mark after emoji and non-ASCII letters is still right."""
    parsed = document('õ😀: "ä 🎉 z"\nnext: value\n')
    mark = parsed.mark("õ😀")
    assert (mark.line, mark.column, mark.end_column) == (1, 5, 12)
    assert mark.text == 'õ😀: "ä 🎉 z"'
    assert (parsed.key_mark("next").column, parsed.mark("next").column) == (1, 7)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_marks_count_lines_of_every_kind(newline: str) -> None:
    """Lines end with LF, CRLF or CR; the text of a mark is only its line."""
    parsed = document(newline.join(["a: 1", "b:", "  - x", "  - y"]))
    mark = parsed.mark("b", 1)
    assert (mark.line, mark.column, mark.text) == (4, 5, "  - y")


def test_mark_of_a_missing_value_is_its_parent() -> None:
    """The mark of a missing value is the mapping that should contain it."""
    parsed = document("a:\n  b: 1\n")
    assert parsed.mark("a", "c") == parsed.mark("a")
    assert parsed.mark("a").line == 2


def test_the_byte_order_mark_is_not_in_the_text() -> None:
    """A BOM is dropped and does not shift columns."""
    parsed = read_document("x.yaml", b"\xef\xbb\xbfsummary: x\n")
    assert parsed.value == {"summary": "x"}
    assert parsed.key_mark("summary").column == 1


@pytest.mark.parametrize(
    "text",
    ["[" * 100_000, "{a: " * 50_000, "- " * 50_000, "? " * 50_000, "\n".join(f"{' ' * n}a:" for n in range(2000))],
    ids=["flow list", "flow mapping", "block list", "keys", "block mapping"],
)
def test_depth_is_bounded_before_composing(text: str) -> None:
    """Nesting that would overflow the stack of libyaml's composer is an error with a place."""
    (problem,) = document(text).problems
    assert problem.code in {"too-deep", "yaml-syntax"}
    assert str(MAX_DEPTH) in problem.message or problem.code == "yaml-syntax"


def test_many_brackets_are_not_deep() -> None:
    """A description full of links does not count as nested."""
    links = "[a](b) " * 200
    assert document(f"description: |\n  {links}\n").value == {"description": f"{links}\n"}


def test_bytes_that_are_not_utf8_have_a_place() -> None:
    """A file in Latin-1 is refused at its first non-ASCII letter."""
    (problem,) = read_document("x.yaml", "a: b\nc: Põhja\n".encode("latin-1")).problems
    assert (problem.code, problem.mark.line, problem.mark.column) == ("not-utf8", 2, 5)
