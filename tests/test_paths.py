"""calfeed.paths: where paths lead once all links are followed."""

from __future__ import annotations

from pathlib import Path

import pytest

from calfeed.paths import is_within, real_path


@pytest.mark.parametrize(
    ("path", "is_inside"),
    [("folder", True), ("folder/a/b", True), ("folder/../folder2", False), ("link/b", True), ("folder/out", False)],
)
def test_links_are_followed(tmp_path: Path, path: str, is_inside: bool) -> None:
    """A path is within a folder if it leads there, with or without links, whether or not it exists."""
    (tmp_path / "folder" / "a").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "a")
    (tmp_path / "folder" / "out").symlink_to(tmp_path)
    assert is_within(tmp_path / path, tmp_path / "folder") is is_inside


def test_a_loop_of_links_is_no_error(tmp_path: Path) -> None:
    """Links that lead to each other do not raise an error."""
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert real_path(tmp_path / "a").parent == real_path(tmp_path)
