"""calfeed.snapshot, calfeed.memory and calfeed.state: what builds remember, and when they believe it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support import LATER, NOW, TALK, run, tree, write_events, write_files

import calfeed
from calfeed.errors import OutputError
from calfeed.pipeline import build
from calfeed.snapshot import Answer, recall
from calfeed.state import read_checked, write_checked

TEMPLATE = "{% extends 'calfeed/event.html' %}"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Build a folder of three events, one of them with warnings, and return it."""
    root = write_events(tmp_path, talk=TALK, tour="summary: Tour\nstart: 2027-06-05 10:00\n", fair=TALK)
    write_files(root, {"_templates/event.html": TEMPLATE, "notes.txt": "not read\n"})
    build(root, tmp_path / "dist", now=NOW)
    return root


def answer(project: Path) -> Answer | None:
    """Return what the last build of the project said, if nothing is to do since."""
    return recall(project, project.parent / "dist", base_url=None, site=True)


def rewrite(path: Path, old: str, new: str) -> None:
    """Change a file so that it has the size it had, and says that it was last modified when it was."""
    found = path.stat()
    text = path.read_text("utf-8")
    assert len(old) == len(new)
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


# -- nothing changed --------------------------------------------------------------------------------------------


def test_nothing_to_do_is_told_at_a_glance(project: Path, tmp_path: Path) -> None:
    """The answer is what the build said: so many events and feeds, and all the warnings at their places."""
    result = build(project, tmp_path / "dist", now=LATER)
    found = answer(project)
    assert found == Answer(3, 1, result.problems)
    assert [problem.code for problem in result.problems] == ["missing-end"]
    assert found.problems[0].mark.text == "start: 2027-06-05 10:00"


def test_files_that_are_not_read_do_not_matter(project: Path, tmp_path: Path) -> None:
    """A change of what is neither source nor output is no reason to build."""
    write_files(tmp_path, {"events/notes.txt": "changed\n", "events/.talk.yaml.swp": "x", "dist/foreign.txt": "x"})
    assert answer(project) is not None


CHANGES: dict[str, Callable[[Path], object]] = {
    "event": lambda root: rewrite(root / "talk.yaml", "Talk", "Walk"),
    "venues": lambda root: rewrite(root / "venues.yaml", "27a", "28a"),
    "calendar": lambda root: rewrite(root / "calendar.yaml", "Test", "Text"),
    "template": lambda root: rewrite(root / "_templates" / "event.html", "'", '"'),
    "new event": lambda root: (root / "new.yaml").write_text(TALK, "utf-8"),
    "new defaults": lambda root: (root / "_defaults.yaml").write_text("busy: true\n", "utf-8"),
    "new template": lambda root: (root / "_templates" / "404.html").write_text("", "utf-8"),
    "new folder under a wrong name": lambda root: (root / "more.yaml").mkdir(),
    "no event": lambda root: (root / "talk.yaml").unlink(),
    "other name": lambda root: (root / "talk.yaml").rename(root / "walk.yaml"),
    "link": lambda root: (root / "link.yaml").symlink_to(root / "talk.yaml"),
    "output": lambda root: rewrite(root.parent / "dist" / "test.ics", "Talk", "Walk"),
    "page": lambda root: rewrite(root.parent / "dist" / "events" / "talk.html", "Talk", "Walk"),
    "no output": lambda root: (root.parent / "dist" / "events" / "talk.ics").unlink(),
    "manifest": lambda root: rewrite(root.parent / "dist" / "calfeed.json", "Talk", "Walk"),
    "journal": lambda root: (root.parent / ".calfeed" / "dist" / "journal.json").write_text("", "utf-8"),
    "staging": lambda root: (root.parent / ".calfeed" / "dist" / "staging").mkdir(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_changed_is_noticed(project: Path, change: str) -> None:
    """No change goes unnoticed, right after a build and with the size and the time of modification of before."""
    assert answer(project) is not None
    CHANGES[change](project)
    assert answer(project) is None


def test_other_questions_have_other_answers(project: Path, tmp_path: Path) -> None:
    """What is asked for is part of the question: the folder as it is named, its address, whether there are pages."""
    out = tmp_path / "dist"
    assert recall(project, out, base_url=None, site=False) is None
    assert recall(project, out, base_url="https://elsewhere.example/", site=True) is None
    assert recall(Path(os.path.relpath(project)), out, base_url=None, site=True) is None
    assert recall(project, tmp_path / "other", base_url=None, site=True) is None


def test_other_code_gives_no_answer(project: Path, tmp_path: Path) -> None:
    """What another calfeed said counts for nothing, were it of the same version."""
    package = Path(calfeed.__file__).parent
    shutil.copytree(package, tmp_path / "code" / "calfeed", ignore=shutil.ignore_patterns("__pycache__"))
    program = (
        "from pathlib import Path; from calfeed.snapshot import recall; "
        f"print(recall(Path({str(project)!r}), Path({str(tmp_path / 'dist')!r}), base_url=None, site=True))"
    )
    command = [sys.executable, "-c", program]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "code")}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=tmp_path)
    assert done.stdout == "None\n"


def test_links_are_looked_at_each_time(project: Path, tmp_path: Path) -> None:
    """Where a source is a link, a glance does not tell whether what is behind it changed."""
    (project / "link.yaml").symlink_to("talk.yaml")
    assert build(project, tmp_path / "dist", now=NOW).changes
    assert answer(project) is None


def test_warnings_of_the_next_build_are_not_foretold(project: Path, tmp_path: Path) -> None:
    """A warning that only the next build will have, of a floor that is then behind, is in its report and all later."""
    (project / "talk.yaml").write_text(f"{TALK}sequence: 3\n", encoding="utf-8")
    first = run("build", str(project), "-o", str(tmp_path / "dist"))
    (project / "talk.yaml").write_text(f"{TALK}sequence: 3\nbusy: true\n", encoding="utf-8")
    reports = [run("build", str(project), "-o", str(tmp_path / "dist")).stderr for _ in range(3)]
    assert "stale-revision" not in first.stderr + reports[0]
    assert "stale-revision" in reports[1]
    assert reports[1] == reports[2]


# -- what is believed -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["snapshot", "memory"])
@pytest.mark.parametrize("kind", ["gone", "empty", "noise", "cut", "deep", "link", "endless", "folder"])
def test_what_cannot_be_read_is_forgotten(project: Path, tmp_path: Path, name: str, kind: str) -> None:
    """Whatever is found in place of what was remembered, the build says and writes the same, and nothing else."""
    path = tmp_path / ".calfeed" / "dist" / name
    data = path.read_bytes()
    path.unlink()
    if kind in ("empty", "noise", "cut"):
        path.write_bytes({"empty": b"", "noise": b"\xff" * 99, "cut": data[:-9]}[kind])
    elif kind == "deep":
        write_checked(path, [b"[" * 100_000])
    elif kind in ("link", "endless"):
        (tmp_path / "precious").write_bytes(data)
        path.symlink_to(tmp_path / "precious" if kind == "link" else Path("/dev/zero"))
    elif kind == "folder":
        path.mkdir()
    before = tree(tmp_path / "dist")
    assert run("build", str(project), "-o", str(tmp_path / "dist")).exit_code == 0
    assert before == tree(tmp_path / "dist")
    assert kind != "link" or (tmp_path / "precious").read_bytes() == data


def test_what_was_brought_along_is_not_believed(project: Path, tmp_path: Path) -> None:
    """A copy of sources, output and memory, times included, is a copy of other files: nothing of it is believed."""
    shutil.rmtree(tmp_path / "events" / "_templates")
    build(project, tmp_path / "dist", now=NOW)
    assert answer(project) is not None
    other = tmp_path / "moved"
    for name in ("events", "dist", ".calfeed"):
        shutil.copytree(tmp_path / name, other / name)
        shutil.rmtree(tmp_path / name)
        (other / name).rename(tmp_path / name)
    assert answer(project) is None


def test_check_believes_nothing(project: Path, tmp_path: Path) -> None:
    """Where a snapshot lies about DIST, as only somebody on this machine can make it, `--check` tells so."""
    out, state = tmp_path / "dist", tmp_path / ".calfeed" / "dist"
    rewrite(out / "test.ics", "Talk", "Walk")
    content = json.loads(bytes(read_checked(state / "snapshot")))
    found = (out / "test.ics").stat()
    for row in content["files"]:
        if row[0] == "test.ics":
            row[1:5] = found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino
    content["written_since"] *= 2
    write_checked(state / "snapshot", [json.dumps(content).encode()])
    assert answer(project) is not None
    assert run("build", str(project), "-o", str(out), "--check").stdout == f"out of date: {out}/test.ics\n"


def test_nothing_is_remembered_where_nothing_can_be_written(project: Path, tmp_path: Path) -> None:
    """A build that only looks writes nothing down, not even where it remembers."""
    before = tree(tmp_path / ".calfeed")
    build(project, tmp_path / "dist", now=LATER, check=True)
    (project / "talk.yaml").write_text("broken: [\n", encoding="utf-8")
    assert run("build", str(project), "-o", str(tmp_path / "dist"), "--check").exit_code == 1
    assert before == tree(tmp_path / ".calfeed")


def test_a_build_that_fails_leaves_what_was_remembered(project: Path, tmp_path: Path) -> None:
    """After a mistake is mended, what was made of the other files still counts."""
    before = tree(tmp_path / ".calfeed")
    (tmp_path / "dist" / "test.ics").unlink()
    (tmp_path / "dist" / "test.ics").mkdir()
    with pytest.raises(OutputError):
        build(project, tmp_path / "dist", now=LATER)
    assert before == tree(tmp_path / ".calfeed")
