"""calfeed.source.yaml: values without types, and marks that point at the right characters."""

from __future__ import annotations

import pytest

from calfeed.source.yaml import MAX_DEPTH, Document, Value, read_document


def document(text: str) -> Document:
    """Read a text as a file."""
    return read_document("x.yaml", text.encode())


def value_of(text: str) -> Value:
    """Return the value of a text that must be free of problems."""
    found = document(text)
    assert found.problems == ()
    return found.value


def codes(text: str) -> list[str]:
    """Return the codes of a text's problems."""
    return [problem.code for problem in document(text).problems]


@pytest.mark.parametrize(
    "scalar", ["17:30", "1080", "no", "on", "0123", "3.10", "2017-08-31", "1e3", ".inf", "true", "0x1F"]
)
def test_no_scalar_has_a_type(scalar: str) -> None:
    """Whatever YAML 1.1 would take for a number, a date or a boolean stays the text that was written."""
    assert value_of(f"key: {scalar}\n{scalar}: key\n") == {"key": scalar, scalar: "key"}


@pytest.mark.parametrize("scalar", ["", "~", "null", "Null", "NULL"])
def test_no_value_is_a_problem(scalar: str) -> None:
    """A key without a value is told apart from one that is not there; in quotes it is the word."""
    found = document(f"a: {scalar}\nb: x\n")
    assert [problem.code for problem in found.problems] == ["empty-value"]
    assert found.value == {"a": None, "b": "x"}
    if scalar:
        assert value_of(f'a: "{scalar}"\n') == {"a": scalar}


def test_marks_count_characters() -> None:
    """Columns count characters, not bytes: after an emoji and letters beyond ASCII the mark is still right."""
    found = document('õ😀: "ä 🎉 z"\nnext: value\n')
    mark = found.mark("õ😀")
    assert (mark.line, mark.column, mark.end_column) == (1, 5, 12)
    assert mark.text == 'õ😀: "ä 🎉 z"'
    assert (found.key_mark("next").column, found.mark("next").column) == (1, 7)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_marks_count_lines_of_every_kind(newline: str) -> None:
    """Lines end with LF, CRLF or CR; the text of a mark is just its line."""
    found = document(newline.join(["a: 1", "b:", "  - x", "  - y"]))
    mark = found.mark("b", 1)
    assert (mark.line, mark.column, mark.text) == (4, 5, "  - y")


def test_mark_of_what_is_missing_is_its_parent() -> None:
    """A value that is not there is shown at the mapping it should be in."""
    found = document("a:\n  b: 1\n")
    assert found.mark("a", "c") == found.mark("a")
    assert found.mark("a").line == 2


def test_byte_order_mark_is_no_part_of_the_text() -> None:
    """A BOM is dropped and moves no column."""
    found = read_document("x.yaml", b"\xef\xbb\xbfsummary: x\n")
    assert found.value == {"summary": "x"}
    assert found.key_mark("summary").column == 1


def test_aliases_and_merges() -> None:
    """Aliases stand for what they name; merged keys fill in what is not written, the first mapping winning."""
    text = "- &a {x: 1, y: 2}\n- &b {y: 3, z: 4}\n- <<: [*a, *b]\n  x: 5\n- *a\n"
    assert value_of(text) == [
        {"x": "1", "y": "2"},
        {"y": "3", "z": "4"},
        {"x": "5", "y": "2", "z": "4"},
        {"x": "1", "y": "2"},
    ]
    assert document(text).mark(2, "z").line == 2


def test_growth_by_aliases_is_bounded() -> None:
    """Nine lines that would become a billion values are refused in no time."""
    rows = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    assert codes("\n".join(["a0: &a0 [x]", *rows])) == ["alias-expansion"]


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
    """A description full of links is no nesting."""
    links = "[a](b) " * 200
    assert value_of(f"description: |\n  {links}\n") == {"description": f"{links}\n"}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: 1\na: 2\n", "duplicate-key"),
        ("a: !!int 3\n", "yaml-tag"),
        ("a: !python/object x\n", "yaml-tag"),
        ("? [a]\n: b\n", "bad-key"),
        ("<<: text\n", "bad-merge"),
        ("a: &x [*x]\n", "recursive-alias"),
        ("a: *nobody\n", "yaml-syntax"),
        ("a: 1\n---\nb: 2\n", "yaml-syntax"),
        ("a: Meeting #5\n", "comment-in-text"),
        ("# nothing\n", "empty-file"),
        ("a: b\0c\n", "control-character"),
    ],
)
def test_what_is_refused(text: str, code: str) -> None:
    """Each trap of YAML has a code of its own."""
    assert codes(text) == [code]


def test_a_comment_after_a_text_is_no_trap() -> None:
    """A comment with a space after its # is meant."""
    assert value_of("a: text # comment\nb: c#d\n") == {"a": "text", "b": "c#d"}


def test_bytes_that_are_not_utf8_have_a_place() -> None:
    """A file in Latin-1 is refused at its first letter beyond ASCII."""
    (problem,) = read_document("x.yaml", "a: b\nc: Põhja\n".encode("latin-1")).problems
    assert (problem.code, problem.mark.line, problem.mark.column) == ("not-utf8", 2, 5)
