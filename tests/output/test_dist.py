"""calfeed.output.dist: all or nothing, only what changed, nothing deleted that is not calfeed's."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import filelock
import pytest
from support.commands import run
from support.problems import codes_of
from support.projects import LATER, NOW, TALK, tree

from calfeed.diagnostics.problem import OutputError
from calfeed.editions.consent import Consent
from calfeed.editions.manifest import MANIFEST
from calfeed.output import dist
from calfeed.pipeline.build import build
from calfeed.pipeline.options import Options


def test_second_build_changes_no_byte_and_no_file(project: Path, tmp_path: Path) -> None:
    """A rebuild at another time changes no file, not even its modification time."""
    out = tmp_path / "dist"
    build(project, out, now=NOW)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    result = build(project, out, now=LATER)
    assert not result.changes
    assert before == {path: path.stat().st_mtime_ns for path in out.rglob("*")}


def test_only_changed_files_are_written(project: Path, tmp_path: Path) -> None:
    """Changing one event writes its file, the feeds that hold it, and the manifest."""
    out = tmp_path / "dist"
    build(project, out, now=NOW, options=Options(site=False))
    (project / "talk.yaml").write_text(TALK.replace("Talk", "Lecture"), encoding="utf-8")
    changes = build(project, out, now=LATER, options=Options(site=False)).changes
    assert changes.written == ("calfeed.json", "changes.atom", "events/talk.ics", "test.ics")
    assert changes.deleted == ()


def test_what_left_the_sources_is_deleted_with_its_empty_folder(project: Path, tmp_path: Path) -> None:
    """A file that the last manifest lists but is no longer published is deleted; foreign files stay."""
    out = tmp_path / "dist"
    calendar = project / "calendar.yaml"
    plain = calendar.read_text("utf-8")
    calendar.write_text(f"{plain}feeds:\n- {{slug: all, name: All}}\n", encoding="utf-8")
    build(project, out, now=NOW, options=Options(site=False))
    (out / "CNAME").write_text("test.example", encoding="utf-8")
    assert (out / "feeds" / "all.ics").exists()
    calendar.write_text(plain, encoding="utf-8")
    assert build(
        project, out, now=LATER, options=Options(site=False, consent=Consent(removals=True))
    ).changes.deleted == ("feeds/all.ics",)
    assert not (out / "feeds").exists()
    assert (out / "CNAME").read_text("utf-8") == "test.example"


def test_dist_holds_only_listed_files_and_the_manifest(project: Path, tmp_path: Path) -> None:
    """DIST holds calfeed.json and the files that it lists, with their sizes and hashes."""
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


def test_folder_of_events_is_refused_as_output(project: Path) -> None:
    """Neither the folder of events nor a folder that contains it can be the output folder."""
    for out in (project, project.parent):
        with pytest.raises(OutputError) as failure:
            build(project, out, now=NOW)
        assert codes_of(failure) == ["foreign-folder"]


def test_foreign_file_in_the_way_is_refused(project: Path, tmp_path: Path) -> None:
    """A file that calfeed did not write is not overwritten, and nothing else is written either."""
    out = tmp_path / "dist"
    build(project, out, now=NOW)
    (out / "events" / "new.ics").write_text("mine", encoding="utf-8")
    before = tree(out)
    (project / "new.yaml").write_text(TALK, encoding="utf-8")
    with pytest.raises(OutputError) as failure:
        build(project, out, now=LATER)
    assert codes_of(failure) == ["foreign-file"]
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
    assert "foreign-file" in codes_of(failure)
    assert tree(elsewhere) == {}


def test_second_build_at_once_is_refused(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another process has locked DIST, a build waits for the timeout and then gives up."""
    monkeypatch.setattr(dist, "LOCK_TIMEOUT", 0.05)
    (tmp_path / ".calfeed" / "dist").mkdir(parents=True)
    with filelock.FileLock(tmp_path / ".calfeed" / "dist" / "lock"), pytest.raises(OutputError) as failure:
        build(project, tmp_path / "dist", now=NOW)
    assert codes_of(failure) == ["locked"]
    assert not (tmp_path / "dist").exists()


def test_read_only_folder_is_an_error_of_ours(project: Path, tmp_path: Path) -> None:
    """An error of the operating system becomes a problem with the path, not a traceback."""
    blocked = tmp_path / "blocked"
    blocked.write_text("not a folder", encoding="utf-8")
    with pytest.raises(OutputError) as failure:
        build(project, blocked / "dist", now=NOW)
    assert codes_of(failure) == ["output-failed"]


def test_link_in_dist_is_not_followed_to_delete(project: Path, tmp_path: Path) -> None:
    """If a folder of DIST was replaced by a link to elsewhere, nothing there is deleted."""
    out, elsewhere = tmp_path / "dist", tmp_path / "precious"
    build(project, out, now=NOW)
    (out / "events").rename(elsewhere)
    (out / "events").symlink_to(elsewhere)
    before = tree(elsewhere)
    (project / "talk.yaml").unlink()
    with pytest.raises(OutputError) as failure:
        build(project, out, now=LATER)
    assert codes_of(failure) == ["foreign-file"]
    assert before == tree(elsewhere)


def test_folder_in_the_way_is_refused(project: Path, tmp_path: Path) -> None:
    """A file of DIST that became a folder stops the build before anything is written."""
    out = tmp_path / "dist"
    build(project, out, now=NOW)
    (out / "events" / "talk.ics").unlink()
    (out / "events" / "talk.ics").mkdir()
    with pytest.raises(OutputError) as failure:
        build(project, out, now=LATER)
    assert codes_of(failure) == ["foreign-file"]
    assert not (tmp_path / ".calfeed" / "dist" / "journal.json").exists()


def test_errors_come_back_from_another_process(project: Path, tmp_path: Path) -> None:
    """A CalfeedError can be pickled with its problems."""
    (tmp_path / "dist").write_text("I am a file", encoding="utf-8")
    with pytest.raises(OutputError) as failure:
        build(project, tmp_path / "dist", now=NOW)
    again = pickle.loads(pickle.dumps(failure.value))  # noqa: S301 - our own
    assert type(again) is OutputError
    assert again.problems == failure.value.problems
