"""calfeed.output.changes: which files must be deleted before others can be moved."""

from __future__ import annotations

import pytest

from calfeed.output.changes import Changes, folders_of


@pytest.mark.parametrize(
    ("written", "deleted", "in_the_way"),
    [
        pytest.param(["a/b"], ["a"], {"a"}, id="a file becomes a folder"),
        pytest.param(["a"], ["a/b", "a/c/d", "e"], {"a/b", "a/c/d"}, id="a folder becomes a file"),
        pytest.param(["a/b"], ["a/c", "ab"], set(), id="neighbours"),
        pytest.param(["a/b"], [], set(), id="nothing is deleted"),
    ],
)
def test_in_the_way(written: list[str], deleted: list[str], in_the_way: set[str]) -> None:
    """A deleted file is in the way if its path becomes a folder, or a folder above it becomes a file."""
    assert Changes(tuple(written), tuple(deleted)).in_the_way == in_the_way


def test_folders() -> None:
    """Each folder of a path comes after its parent, and once; the top is not among them."""
    assert folders_of(["a/b/c.ics", "a/d.ics", "e.ics"]) == ["a", "a/b"]
