"""calfeed.output.view: which folders can be DIST, and which of their files are out of date."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.commands import run
from support.problems import codes_of
from support.projects import LATER, NOW, tree

from calfeed.diagnostics.problem import OutputError
from calfeed.editions.manifest import MANIFEST
from calfeed.output.view import view_dist
from calfeed.pipeline.build import build


def test_foreign_folder_is_refused(project: Path, tmp_path: Path) -> None:
    """A folder with files but no manifest is refused, with its files named and advice for a lost manifest."""
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "thesis.docx").write_text("years of work", encoding="utf-8")
    with pytest.raises(OutputError) as failure:
        build(project, tmp_path / "dist", now=NOW)
    assert codes_of(failure) == ["foreign-folder"]
    assert "thesis.docx" in failure.value.problems[0].message
    assert "if this one's manifest was lost, also give --baseline" in failure.value.problems[0].hint
    assert tree(tmp_path / "dist") == {"thesis.docx": b"years of work"}


def test_a_file_as_output_is_refused(project: Path, tmp_path: Path) -> None:
    """A file where DIST should be is refused."""
    (tmp_path / "dist").write_text("I am a file", encoding="utf-8")
    with pytest.raises(OutputError) as failure:
        build(project, tmp_path / "dist", now=NOW)
    assert codes_of(failure) == ["not-a-folder"]


def test_state_folder_is_no_output(project: Path, tmp_path: Path) -> None:
    """The folder of locks and journals cannot be DIST."""
    with pytest.raises(OutputError) as failure:
        build(project, tmp_path / ".calfeed", now=NOW)
    assert codes_of(failure) == ["foreign-folder"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param("{", "bad-manifest", id="no JSON"),
        pytest.param("[]", "bad-manifest", id="no mapping"),
        pytest.param('{"version": 1, "events": [{}], "files": {}}', "bad-manifest", id="event without UID"),
        pytest.param('{"version": 99, "events": [], "feeds": [], "files": {}}', "newer-manifest", id="newer form"),
        pytest.param(
            '{"version": 1, "events": [], "feeds": [], "files": {"../x": {"sha256": ""}}}', "bad-manifest", id="outside"
        ),
    ],
)
def test_manifest_that_cannot_be_trusted_is_refused(project: Path, tmp_path: Path, content: str, code: str) -> None:
    """A broken, newer or hostile manifest stops the build and deletes nothing."""
    out = tmp_path / "dist"
    out.mkdir()
    (out / MANIFEST).write_text(content, encoding="utf-8")
    (tmp_path / "x").write_text("keep me", encoding="utf-8")
    with pytest.raises(OutputError) as failure:
        build(project, out, now=NOW)
    assert codes_of(failure) == [code]
    assert (tmp_path / "x").exists()
    assert tree(out) == {MANIFEST: content.encode()}


def test_check_writes_nothing(project: Path, tmp_path: Path) -> None:
    """`--check` of a missing DIST names every file, writes none, and exits with 1."""
    before = tree(tmp_path)
    result = run("build", str(project), "-o", str(tmp_path / "dist"), "--check")
    assert result.exit_code == 1
    assert "test.ics" in result.stdout
    assert before == tree(tmp_path)


def test_check_ignores_generator_and_tzdb(project: Path, tmp_path: Path) -> None:
    """A manifest is current even if another version of calfeed or of the tz database wrote it."""
    out = tmp_path / "dist"
    build(project, out, now=NOW)
    manifest = json.loads((out / MANIFEST).read_bytes())
    manifest |= {"generator": "calfeed 0.0.1", "tzdb": "1999a"}
    (out / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    assert run("build", str(project), "-o", str(out), "--check", now=LATER).exit_code == 0
    manifest["events"][0]["summary"] = "Other"
    (out / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    assert run("build", str(project), "-o", str(out), "--check", now=LATER).exit_code == 1


def test_edited_file_in_dist_is_repaired(project: Path, tmp_path: Path) -> None:
    """A file of DIST that somebody edited or deleted is out of date, and the next build restores it."""
    out = tmp_path / "dist"
    build(project, out, now=NOW)
    good = tree(out)
    (out / "test.ics").write_bytes(good["test.ics"].replace(b"Talk", b"Walk"))
    (out / "events" / "tour.ics").unlink()
    assert build(project, out, now=LATER, check=True).changes.written == ("events/tour.ics", "test.ics")
    build(project, out, now=LATER)
    assert good == tree(out)


def test_viewing_a_folder_that_is_not_there_makes_nothing(tmp_path: Path) -> None:
    """Viewing DIST creates neither the folder nor its state."""
    assert view_dist(tmp_path / "dist").manifest is None
    assert tree(tmp_path) == {}
    assert list(tmp_path.iterdir()) == []
