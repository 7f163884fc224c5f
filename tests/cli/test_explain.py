"""calfeed.cli.explain: every code of a problem is explained on the command line."""

from __future__ import annotations

import pytest
from support.commands import run

from calfeed.diagnostics.codes import CODES


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_explained(code: str) -> None:
    """Each code is explained as plain text, without Markdown."""
    result = run("explain", code)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{code} ({CODES[code].severity})\n\n")
    assert len(result.stdout.splitlines()) > 2
    assert not any(mark in result.stdout for mark in ("```", "<!--", "](", "###"))


def test_examples_are_indented() -> None:
    """The example and its report are indented below the explanation."""
    result = run("explain", "missing-end").stdout
    assert "\n    summary: " in result
    assert "[missing-end]\n" in result


def test_unknown_code_is_wrong_usage() -> None:
    """An unknown code is wrong usage, and the error suggests the nearest one."""
    result = run("explain", "missing-ends")
    assert result.exit_code == 2
    assert "did you mean `missing-end`?" in result.stderr


def test_without_a_code_all_are_listed() -> None:
    """`calfeed explain` lists every code with its severity and what is wrong."""
    listed = run("explain")
    assert listed.exit_code == 0
    lines = listed.stdout.splitlines()
    assert len(lines) == len(CODES)
    assert [line.split(maxsplit=2) for line in lines] == [
        [name, str(code.severity), code.sentence] for name, code in CODES.items()
    ]
