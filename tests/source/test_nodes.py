"""calfeed.source.nodes: values without types, and the traps of YAML."""

from __future__ import annotations

import pytest

from calfeed.source.nodes import Value
from calfeed.source.yaml import Document, read_document


def document(text: str) -> Document:
    """Return a text read as a file."""
    return read_document("x.yaml", text.encode())


def value_of(text: str) -> Value:
    """Return the value of a text that must have no problems."""
    parsed = document(text)
    assert parsed.problems == ()
    return parsed.value


def codes(text: str) -> list[str]:
    """Return the codes of a text's problems."""
    return [problem.code for problem in document(text).problems]


@pytest.mark.parametrize(
    "scalar", ["17:30", "1080", "no", "on", "0123", "3.10", "2017-08-31", "1e3", ".inf", "true", "0x1F"]
)
def test_no_scalar_has_a_type(scalar: str) -> None:
    """Values that YAML 1.1 would read as a number, a date or a boolean remain the text as written."""
    assert value_of(f"key: {scalar}\n{scalar}: key\n") == {"key": scalar, scalar: "key"}


@pytest.mark.parametrize("scalar", ["", "~", "null", "Null", "NULL"])
def test_no_value_is_a_problem(scalar: str) -> None:
    """A key without a value differs from a missing key; the same word in quotes is text."""
    parsed = document(f"a: {scalar}\nb: x\n")
    assert [problem.code for problem in parsed.problems] == ["empty-value"]
    assert parsed.value == {"a": None, "b": "x"}
    if scalar:
        assert value_of(f'a: "{scalar}"\n') == {"a": scalar}


def test_aliases_and_merges() -> None:
    """Aliases stand for their anchors; merged keys fill in missing ones, and the first mapping wins."""
    text = "- &a {x: 1, y: 2}\n- &b {y: 3, z: 4}\n- <<: [*a, *b]\n  x: 5\n- *a\n"
    assert value_of(text) == [
        {"x": "1", "y": "2"},
        {"y": "3", "z": "4"},
        {"x": "5", "y": "2", "z": "4"},
        {"x": "1", "y": "2"},
    ]
    assert document(text).mark(2, "z").line == 2


def test_alias_expansion_is_limited() -> None:
    """Nine lines that would expand to a billion values are refused quickly."""
    rows = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    assert codes("\n".join(["a0: &a0 [x]", *rows])) == ["alias-expansion"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: 1\na: 2\n", "duplicate-key"),
        ("a: !!int 3\n", "yaml-tag"),
        ("a: !python/object x\n", "yaml-tag"),
        ("? [a]\n: b\n", "bad-key"),
        ("<<: text\n", "bad-merge"),
        ("a: &x [*x]\n", "recursive-alias"),
        ("a: Meeting #5\n", "comment-in-text"),
    ],
)
def test_what_is_refused(text: str, code: str) -> None:
    """Each trap of YAML has its own code."""
    assert codes(text) == [code]


def test_a_comment_after_a_text_is_not_reported() -> None:
    """A comment with a space after its # is not reported."""
    assert value_of("a: text # comment\nb: c#d\n") == {"a": "text", "b": "c#d"}
