"""calfeed.output.staging: an interrupted build leaves whole files, and the next one finishes it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.commands import run
from support.problems import codes_of
from support.projects import DOT, NOW, TALK, tree, write_events, write_files

import calfeed
from calfeed.artifact import Artifact
from calfeed.diagnostics.problem import OutputError
from calfeed.editions.manifest import MANIFEST
from calfeed.output.dist import open_dist
from calfeed.pipeline.build import build


def silent(_done: int, _total: int) -> None:
    """Ignore progress."""


def test_killed_build_is_finished_by_the_next(tmp_path: Path) -> None:
    """A build killed between two moves leaves whole files; the next one makes the remaining changes."""
    out = tmp_path / "dist"
    old = _with_manifest(Artifact.of("a.ics", b"old a"), Artifact.of("b.ics", b"old b"))
    new = _with_manifest(Artifact.of("a.ics", b"new a"), Artifact.of("c.ics", b"new c"))
    with open_dist(out) as dist:
        dist.write(old, silent)
    script = Path(__file__).parents[1].joinpath("support", "killed_build.py")
    environment = {**os.environ, "PYTHONPATH": str(Path(calfeed.__file__).parents[1])}
    done = subprocess.run([sys.executable, str(script), str(out)], env=environment, check=False)
    assert done.returncode == 9
    assert tree(out) != {artifact.path: artifact.data for artifact in old}
    assert tree(out)[MANIFEST] == old[-1].data
    with open_dist(out) as dist:
        assert set(dist.manifest.files if dist.manifest else ()) == {"a.ics", "c.ics"}
    assert tree(out) == {artifact.path: artifact.data for artifact in new}
    assert sorted(path.name for path in (tmp_path / ".calfeed" / "dist").iterdir()) == ["lock"]


KILLED = """
import os, sys
from calfeed.pipeline.build import build
from datetime import datetime, UTC
left = [{cut}]
def die(event, arguments):
    if event in ("os.rename", "os.remove", "os.rmdir", "os.mkdir") and "dist/images" in str(arguments[-2:]):
        if left[0] == 0:
            os._exit(9)
        left[0] -= 1
sys.addaudithook(die)
build(sys.argv[1], sys.argv[2], now=datetime(2026, 11, 23, 12, tzinfo=UTC))
os._exit(9)
"""


@pytest.mark.parametrize("turn", ["file to folder", "folder to file"])
@pytest.mark.parametrize("cut", [None, 0, 1, 2, 3])
def test_a_name_that_changes_its_kind(tmp_path: Path, turn: str, cut: int | None) -> None:
    """A picture whose name becomes a folder's, or the reverse, is replaced, even after an interruption at any move."""
    kinds = {"file to folder": ("pier.gif", "pier.gif/a.gif"), "folder to file": ("pier.gif/a.gif", "pier.gif")}
    before, after = kinds[turn]
    events = write_events(tmp_path, talk=f"{TALK}image: {before}\n")
    write_files(events, {before: DOT})
    out = tmp_path / "dist"
    build(events, out, now=NOW)
    shutil.rmtree(events / "pier.gif") if (events / "pier.gif").is_dir() else (events / "pier.gif").unlink()
    write_files(events, {after: DOT, "talk.yaml": f"{TALK}image: {after}\n"})
    if cut is not None:
        script = KILLED.format(cut=cut)
        done = subprocess.run([sys.executable, "-c", script, str(events), str(out)], check=False)
        assert done.returncode == 9
    build(events, out, now=NOW)
    assert sorted(path.relative_to(out).as_posix() for path in (out / "images").rglob("*.gif") if path.is_file()) == [
        f"images/{after}"
    ]
    assert run("build", str(events), "-o", str(out), "--check").exit_code == 0


@pytest.mark.parametrize("content", ["{", "[]", '{"written": 3, "deleted": []}'])
def test_broken_journal_is_an_error_of_ours(project: Path, tmp_path: Path, content: str) -> None:
    """An unreadable journal stops the build with an error that names it."""
    build(project, tmp_path / "dist", now=NOW)
    (tmp_path / ".calfeed" / "dist" / "journal.json").write_text(content, encoding="utf-8")
    with pytest.raises(OutputError) as failure:
        build(project, tmp_path / "dist", now=NOW)
    assert codes_of(failure) == ["bad-journal"]
    assert failure.value.problems[0].mark.path.endswith(".calfeed/dist/journal.json")


def test_failure_before_the_moves_leaves_nothing(project: Path, tmp_path: Path) -> None:
    """A build that fails while it stages leaves neither folders in DIST nor files next to it."""
    staging = tmp_path / ".calfeed" / "dist" / "staging"
    with open_dist(tmp_path / "dist") as dist:
        staging.parent.mkdir(parents=True, exist_ok=True)
        unwritable = [Artifact.of("events/a.ics", b"a"), Artifact.of("events/\ud800.ics", b"b")]
        with pytest.raises(UnicodeEncodeError):
            dist.write(unwritable, silent)
    assert not (tmp_path / "dist").exists()
    assert not staging.exists()


def _with_manifest(*artifacts: Artifact) -> list[Artifact]:
    files = {artifact.path: {"sha256": artifact.sha256, "size": artifact.size} for artifact in artifacts}
    manifest = {"version": 1, "id": "x", "tzdb": "", "events": [], "feeds": [], "files": files}
    return [*artifacts, Artifact.of(MANIFEST, json.dumps(manifest).encode())]
