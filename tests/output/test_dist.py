"""calfeed.output.dist: all or nothing, only what changed, nothing deleted that is not calfeed's."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import filelock
import pytest
from support.commands import run
from support.projects import DOT, LATER, NOW, TALK, tree, write_events, write_files

import calfeed
from calfeed.artifact import Artifact
from calfeed.diagnostics.problem import OutputError
from calfeed.editions.edition import Consent
from calfeed.editions.manifest import MANIFEST
from calfeed.output import dist
from calfeed.output.dist import open_dist
from calfeed.output.view import view_dist
from calfeed.pipeline import build


def silent(_done: int, _total: int) -> None:
    """Take progress and show nothing."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Write a folder of two events and return it."""
    return write_events(tmp_path, talk=TALK, tour="summary: Tour\nstart: 2027-06-05\nvenue: hub\n")


def codes(failure: pytest.ExceptionInfo[OutputError]) -> list[str]:
    """Return the codes of an error's problems."""
    return [problem.code for problem in failure.value.problems]


def test_second_build_changes_no_byte_and_no_file(project: Path, tmp_path: Path) -> None:
    """A rebuild at another time leaves every file as it is, its time of modification included."""
    out = tmp_path / "dist"
    build(project, out, now=NOW)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    result = build(project, out, now=LATER)
    assert not result.changes
    assert before == {path: path.stat().st_mtime_ns for path in out.rglob("*")}


def test_only_changed_files_are_written(project: Path, tmp_path: Path) -> None:
    """Changing one event writes its file, the feeds that hold it, and the manifest."""
    out = tmp_path / "dist"
    build(project, out, now=NOW, site=False)
    (project / "talk.yaml").write_text(TALK.replace("Talk", "Lecture"), encoding="utf-8")
    changes = build(project, out, now=LATER, site=False).changes
    assert changes.written == ("calfeed.json", "changes.atom", "events/talk.ics", "test.ics")
    assert changes.deleted == ()


@pytest.mark.parametrize("turn", ["file to folder", "folder to file"])
@pytest.mark.parametrize("cut", [None, 0, 1, 2, 3])
def test_a_name_that_changes_its_kind(tmp_path: Path, turn: str, cut: int | None) -> None:
    """A picture whose name becomes that of a folder, or the reverse, is replaced; so it is after a cut at any move."""
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


KILLED = """
import os, sys
from calfeed.pipeline import build
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


def test_what_left_the_sources_is_deleted_with_its_empty_folder(project: Path, tmp_path: Path) -> None:
    """A file that the last manifest lists and nobody wants any more is deleted; foreign files stay."""
    out = tmp_path / "dist"
    calendar = project / "calendar.yaml"
    plain = calendar.read_text("utf-8")
    calendar.write_text(f"{plain}feeds:\n- {{slug: all, name: All}}\n", encoding="utf-8")
    build(project, out, now=NOW, site=False)
    (out / "CNAME").write_text("test.example", encoding="utf-8")
    assert (out / "feeds" / "all.ics").exists()
    calendar.write_text(plain, encoding="utf-8")
    assert build(project, out, now=LATER, site=False, consent=Consent(removals=True)).changes.deleted == (
        "feeds/all.ics",
    )
    assert not (out / "feeds").exists()
    assert (out / "CNAME").read_text("utf-8") == "test.example"


def test_dist_holds_only_listed_files_and_the_manifest(project: Path, tmp_path: Path) -> None:
    """DIST holds the files the manifest lists, with the sizes and hashes it says, and calfeed.json."""
    out = tmp_path / "dist"
    build(project, out, now=NOW)
    listed = json.loads((out / MANIFEST).read_bytes())["files"]
    assert {MANIFEST, *listed} == set(tree(out))
    assert {path: len(data) for path, data in tree(out).items() if path != MANIFEST} == {
        path: item["size"] for path, item in listed.items()
    }


def test_broken_sources_leave_dist_untouched(project: Path, tmp_path: Path) -> None:
    """A build that fails on its sources changes no file."""
    out = tmp_path / "dist"
    build(project, out, now=NOW)
    before = tree(out)
    (project / "talk.yaml").write_text("summary: Talk\nstart: tomorrow\n", encoding="utf-8")
    result = run("build", str(project), "-o", str(out), now=LATER)
    assert result.exit_code == 1
    assert "nothing in" in result.stderr
    assert before == tree(out)


def test_foreign_folder_is_refused(project: Path, tmp_path: Path) -> None:
    """A folder with files and no manifest is refused, its files are named, and what to do about a lost manifest."""
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "thesis.docx").write_text("years of work", encoding="utf-8")
    with pytest.raises(OutputError) as failure:
        build(project, tmp_path / "dist", now=NOW)
    assert codes(failure) == ["foreign-folder"]
    assert "thesis.docx" in failure.value.problems[0].message
    assert "with --baseline too, if the manifest of this one was lost" in failure.value.problems[0].hint
    assert tree(tmp_path / "dist") == {"thesis.docx": b"years of work"}


def test_folder_of_events_is_refused_as_output(project: Path) -> None:
    """The sources cannot be built over, nor a folder that holds them."""
    for out in (project, project.parent):
        with pytest.raises(OutputError) as failure:
            build(project, out, now=NOW)
        assert codes(failure) == ["foreign-folder"]


def test_a_file_as_output_is_refused(project: Path, tmp_path: Path) -> None:
    """A file where DIST should be is refused."""
    (tmp_path / "dist").write_text("I am a file", encoding="utf-8")
    with pytest.raises(OutputError) as failure:
        build(project, tmp_path / "dist", now=NOW)
    assert codes(failure) == ["not-a-folder"]


def test_foreign_file_in_the_way_is_refused(project: Path, tmp_path: Path) -> None:
    """A file that calfeed did not write is not overwritten, and nothing else is written either."""
    out = tmp_path / "dist"
    build(project, out, now=NOW)
    (out / "events" / "new.ics").write_text("mine", encoding="utf-8")
    before = tree(out)
    (project / "new.yaml").write_text(TALK, encoding="utf-8")
    with pytest.raises(OutputError) as failure:
        build(project, out, now=LATER)
    assert codes(failure) == ["foreign-file"]
    assert before == tree(out)


def test_link_in_dist_is_not_followed(project: Path, tmp_path: Path) -> None:
    """A folder of DIST that is a link to elsewhere is refused, and nothing is written there."""
    out, elsewhere = tmp_path / "dist", tmp_path / "elsewhere"
    build(project, out, now=NOW)
    elsewhere.mkdir()
    for path in (out / "events").iterdir():
        path.unlink()
    (out / "events").rmdir()
    (out / "events").symlink_to(elsewhere)
    with pytest.raises(OutputError) as failure:
        build(project, out, now=LATER)
    assert "foreign-file" in codes(failure)
    assert tree(elsewhere) == {}


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
    assert codes(failure) == [code]
    assert (tmp_path / "x").exists()
    assert tree(out) == {MANIFEST: content.encode()}


def test_second_build_at_once_is_refused(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process holds DIST, a build waits for the time it is given and then gives up."""
    monkeypatch.setattr(dist, "LOCK_TIMEOUT", 0.05)
    (tmp_path / ".calfeed" / "dist").mkdir(parents=True)
    with filelock.FileLock(tmp_path / ".calfeed" / "dist" / "lock"), pytest.raises(OutputError) as failure:
        build(project, tmp_path / "dist", now=NOW)
    assert codes(failure) == ["locked"]
    assert not (tmp_path / "dist").exists()


def test_read_only_folder_is_an_error_of_ours(project: Path, tmp_path: Path) -> None:
    """What the operating system refuses becomes a problem with the path, not a traceback."""
    blocked = tmp_path / "blocked"
    blocked.write_text("not a folder", encoding="utf-8")
    with pytest.raises(OutputError) as failure:
        build(project, blocked / "dist", now=NOW)
    assert codes(failure) == ["output-failed"]


def test_killed_build_is_finished_by_the_next(tmp_path: Path) -> None:
    """A build killed between two moves leaves whole files; the next one carries out the rest, manifest and all."""
    out = tmp_path / "dist"
    old = _with_manifest(Artifact("a.ics", b"old a"), Artifact("b.ics", b"old b"))
    new = _with_manifest(Artifact("a.ics", b"new a"), Artifact("c.ics", b"new c"))
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


def test_link_in_dist_is_not_followed_to_delete(project: Path, tmp_path: Path) -> None:
    """Where a folder of DIST became a link to elsewhere, nothing there is deleted."""
    out, elsewhere = tmp_path / "dist", tmp_path / "precious"
    build(project, out, now=NOW)
    (out / "events").rename(elsewhere)
    (out / "events").symlink_to(elsewhere)
    before = tree(elsewhere)
    (project / "talk.yaml").unlink()
    with pytest.raises(OutputError) as failure:
        build(project, out, now=LATER)
    assert codes(failure) == ["foreign-file"]
    assert before == tree(elsewhere)


@pytest.mark.parametrize("content", ["{", "[]", '{"written": 3, "deleted": []}'])
def test_broken_journal_is_an_error_of_ours(project: Path, tmp_path: Path, content: str) -> None:
    """What was left to be finished and cannot be read stops the build, and says where it is."""
    build(project, tmp_path / "dist", now=NOW)
    (tmp_path / ".calfeed" / "dist" / "journal.json").write_text(content, encoding="utf-8")
    with pytest.raises(OutputError) as failure:
        build(project, tmp_path / "dist", now=NOW)
    assert codes(failure) == ["bad-journal"]
    assert failure.value.problems[0].mark.path.endswith(".calfeed/dist/journal.json")


def test_failure_before_the_moves_leaves_nothing(project: Path, tmp_path: Path) -> None:
    """A build that fails while it stages leaves neither folders in DIST nor files beside it."""
    staging = tmp_path / ".calfeed" / "dist" / "staging"
    with open_dist(tmp_path / "dist") as dist:
        staging.parent.mkdir(parents=True, exist_ok=True)
        unwritable = [Artifact("events/a.ics", b"a"), Artifact("events/\ud800.ics", b"b")]
        with pytest.raises(UnicodeEncodeError):
            dist.write(unwritable, silent)
    assert not (tmp_path / "dist").exists()
    assert not staging.exists()


def test_folder_in_the_way_is_refused(project: Path, tmp_path: Path) -> None:
    """A file of DIST that became a folder stops the build before anything is written."""
    out = tmp_path / "dist"
    build(project, out, now=NOW)
    (out / "events" / "talk.ics").unlink()
    (out / "events" / "talk.ics").mkdir()
    with pytest.raises(OutputError) as failure:
        build(project, out, now=LATER)
    assert codes(failure) == ["foreign-file"]
    assert not (tmp_path / ".calfeed" / "dist" / "journal.json").exists()


def test_state_folder_is_no_output(project: Path, tmp_path: Path) -> None:
    """The folder of locks and journals cannot be DIST."""
    with pytest.raises(OutputError) as failure:
        build(project, tmp_path / ".calfeed", now=NOW)
    assert codes(failure) == ["foreign-folder"]


def test_errors_come_back_from_another_process(project: Path, tmp_path: Path) -> None:
    """An error of ours can be pickled, with its problems."""
    (tmp_path / "dist").write_text("I am a file", encoding="utf-8")
    with pytest.raises(OutputError) as failure:
        build(project, tmp_path / "dist", now=NOW)
    again = pickle.loads(pickle.dumps(failure.value))  # noqa: S301 - our own
    assert type(again) is OutputError
    assert again.problems == failure.value.problems


def test_check_writes_nothing(project: Path, tmp_path: Path) -> None:
    """`--check` of a DIST that is not there names every file, makes none, and exits with 1."""
    before = tree(tmp_path)
    result = run("build", str(project), "-o", str(tmp_path / "dist"), "--check")
    assert result.exit_code == 1
    assert "test.ics" in result.stdout
    assert before == tree(tmp_path)


def test_check_ignores_generator_and_tzdb(project: Path, tmp_path: Path) -> None:
    """A manifest that another version of calfeed or of the tz database wrote is current if all else is."""
    out = tmp_path / "dist"
    build(project, out, now=NOW)
    manifest = json.loads((out / MANIFEST).read_bytes())
    manifest |= {"generator": "calfeed 0.0.1", "tzdb": "1999a"}
    (out / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    assert run("build", str(project), "-o", str(out), "--check", now=LATER).exit_code == 0
    manifest["events"][0]["summary"] = "Other"
    (out / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    assert run("build", str(project), "-o", str(out), "--check", now=LATER).exit_code == 1


def test_edited_file_in_dist_is_found_and_mended(project: Path, tmp_path: Path) -> None:
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
    """Looking at DIST neither makes the folder nor its state."""
    assert view_dist(tmp_path / "dist").manifest is None
    assert tree(tmp_path) == {}
    assert list(tmp_path.iterdir()) == []


def _with_manifest(*artifacts: Artifact) -> list[Artifact]:
    files = {artifact.path: {"sha256": artifact.sha256, "size": artifact.size} for artifact in artifacts}
    manifest = {"version": 1, "id": "x", "tzdb": "", "events": [], "feeds": [], "files": files}
    return [*artifacts, Artifact(MANIFEST, json.dumps(manifest).encode())]
