"""calfeed.cache and calfeed.output.state: what builds remember, and when they use it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import filelock
import pytest
from support.commands import run
from support.projects import CALENDAR, DOT, LATER, NOW, RICH, TALK, tree, write_events, write_files

import calfeed
from calfeed.artifact import Artifact
from calfeed.cache.memory import read_memory
from calfeed.cache.snapshot import Answer, recall
from calfeed.cache.versions import CODE, code_files
from calfeed.diagnostics.problem import OutputError
from calfeed.model import Event
from calfeed.output.state import read_checked, write_checked
from calfeed.pipeline.build import build
from calfeed.pipeline.options import Options
from calfeed.resolve.load import load, load_with
from calfeed.revisions.revise import revise
from calfeed.site.event_pages import RenderedAgain
from calfeed.site.pages import Site

TEMPLATE = "{% extends 'calfeed/event.html' %}"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Build a folder of three events, one of them with warnings, and return it."""
    root = write_events(tmp_path, talk=TALK, tour="summary: Tour\nstart: 2027-06-05 10:00\n", fair=TALK)
    write_files(root, {"_templates/event.html": TEMPLATE, "notes.txt": "not read\n"})
    build(root, tmp_path / "dist", now=NOW)
    return root


def answer(project: Path) -> Answer | None:
    """Return the answer of the last build of the project, if it still holds."""
    recalled = recall(project, project.parent / "dist", base_url=None, site=True)
    return None if recalled is None else recalled.answer


def rewrite(path: Path, old: str, new: str) -> None:
    """Change a file but keep its size and modification time."""
    status = path.stat()
    text = path.read_text("utf-8")
    assert len(old) == len(new)
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


# -- nothing changed --------------------------------------------------------------------------------------------


def test_unchanged_files_give_the_same_answer(project: Path, tmp_path: Path) -> None:
    """The recalled answer has the number of events and feeds, and all warnings at their places."""
    with filelock.FileLock(tmp_path / ".calfeed" / "dist" / "lock"):  # a build that reads anything waits for this
        result = build(project, tmp_path / "dist", now=LATER)
    recalled = answer(project)
    assert recalled == Answer(3, 1, "https://test.example/", result.problems)
    assert (result.events, result.feeds, result.url) == (3, 1, recalled.url)
    assert sorted(result.files) == sorted(tree(tmp_path / "dist"))
    assert not result.changes
    assert [problem.code for problem in result.problems] == ["missing-end"]
    assert recalled.problems[0].mark.text == "start: 2027-06-05 10:00"


def test_files_that_are_not_read_do_not_matter(project: Path, tmp_path: Path) -> None:
    """A change of a file that is neither source nor output causes no build."""
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
    """Every change is noticed, even right after a build and with the same size and modification time."""
    assert answer(project) is not None
    CHANGES[change](project)
    assert answer(project) is None


def test_options_are_part_of_the_key(project: Path, tmp_path: Path) -> None:
    """The name of the folder, the address and whether there are pages are part of the key."""
    out = tmp_path / "dist"
    assert recall(project, out, base_url=None, site=False) is None
    assert recall(project, out, base_url="https://elsewhere.example/", site=True) is None
    assert recall(Path(os.path.relpath(project)), out, base_url=None, site=True) is None
    assert recall(project, tmp_path / "other", base_url=None, site=True) is None


def test_other_code_gives_no_answer(project: Path, tmp_path: Path) -> None:
    """The answer of different code does not count, even if the version is the same."""
    package, copy = Path(calfeed.__file__).parent, tmp_path / "code" / "calfeed"
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns("__pycache__"))
    program = (
        "from pathlib import Path; from calfeed.cache.snapshot import recall; "
        f"print(recall(Path({str(project)!r}), Path({str(tmp_path / 'dist')!r}), base_url=None, site=True))"
    )
    command = [sys.executable, "-c", program]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "code")}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=tmp_path)
    assert done.stdout == "None\n"


def test_every_file_of_the_code_counts() -> None:
    """The fingerprint covers all of calfeed, in every room."""
    package = Path(calfeed.__file__).parent
    stamped = {line.split(" ")[0] for line in code_files(package)}
    assert {
        str(package / "model.py"),
        str(package / "site" / "views.py"),
        str(package / "ci" / "github.yml"),
    } <= stamped
    assert code_files(CODE) == code_files(package)


def test_links_never_count_as_unchanged(project: Path, tmp_path: Path) -> None:
    """A source that is a link never counts as unchanged."""
    (project / "link.yaml").symlink_to("talk.yaml")
    assert build(project, tmp_path / "dist", now=NOW).changes
    assert answer(project) is None


def test_no_snapshot_if_the_next_build_warns_differently(project: Path, tmp_path: Path) -> None:
    """A warning that only the next build has is in its report and all later ones."""
    (project / "talk.yaml").write_text(f"{TALK}sequence: 3\n", encoding="utf-8")
    first = run("build", str(project), "-o", str(tmp_path / "dist"))
    (project / "talk.yaml").write_text(f"{TALK}sequence: 3\nbusy: true\n", encoding="utf-8")
    reports = [run("build", str(project), "-o", str(tmp_path / "dist")).stderr for _ in range(3)]
    assert "stale-revision" not in first.stderr + reports[0]
    assert "stale-revision" in reports[1]
    assert reports[1] == reports[2]


# -- a file changed ---------------------------------------------------------------------------------------------

STAMPED = f"{RICH}created: 2020-01-01 10:00\nlast_modified: 2021-01-01 10:00\nsequence: 2\n"


def test_remembered_events_are_complete(tmp_path: Path) -> None:
    """What is remembered of a file equals what reading it gives, in every field; series are read again."""
    days = "summary: Days\nstart: 2027-06-05\nend: 2027-06-07\n"
    weekly = f"{TALK}rrule: {{freq: weekly, count: 3}}\n"
    write_files(tmp_path / "events", {"pier.gif": DOT})
    poster = f"{TALK}image: pier.gif\n"
    several = "".join(f"- id: x{n}\n  summary: X\n  start: 2027-06-0{n + 1} 10:00\n" for n in range(3))
    root = write_events(tmp_path, rich=STAMPED, days=days, weekly=weekly, several=several, poster=poster)
    build(root, tmp_path / "dist", now=NOW)
    first = load(root)
    memory = read_memory(tmp_path / ".calfeed" / "dist")
    second = load_with(memory, root).project
    assert memory.recalled == {"rich.yaml", "days.yaml", "several.yaml", "poster.yaml"}
    assert second == first
    assert second.problems == first.problems
    for one, other in zip(first.events, second.events, strict=True):
        assert [getattr(one, each.name) for each in fields(Event)] == [
            getattr(other, each.name) for each in fields(Event)
        ]


@pytest.mark.parametrize("name", ["venues.yaml", "calendar.yaml", "_defaults.yaml"])
def test_shared_inputs_are_part_of_the_memory_key(project: Path, tmp_path: Path, name: str) -> None:
    """If a file that affects all events changes, all are rebuilt."""
    with (project / name).open("a", encoding="utf-8") as file:
        file.write("# nothing but a comment\nbusy: true\n" if name == "_defaults.yaml" else "# a comment\n")
    memory = read_memory(tmp_path / ".calfeed" / "dist")
    load_with(memory, project)
    assert memory.recalled == set()


def test_only_the_changed_file_is_read(project: Path, tmp_path: Path) -> None:
    """A changed file, even of the same size and right after a build, is the only one that is read again."""
    rewrite(project / "talk.yaml", "Talk", "Walk")
    memory = read_memory(tmp_path / ".calfeed" / "dist")
    reloaded = load_with(memory, project).project
    assert memory.recalled == {"tour.yaml", "fair.yaml"}
    assert sorted(event.summary for event in reloaded.events) == ["Talk", "Tour", "Walk"]


# -- pages of events --------------------------------------------------------------------------------------------


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """Build a folder of two events, without custom templates, and return it."""
    root = write_events(tmp_path, talk=TALK, tour=f"{TALK}categories: [music]\n")
    build(root, tmp_path / "dist", now=NOW)
    return root


def known_pages(source: Path, out: Path) -> set[str]:
    """Return the event pages that a build starting now would know."""
    memory = read_memory(out.parent / ".calfeed" / out.name)
    project = load_with(memory, source).project
    revised, _ = revise(project.events, {}, NOW)
    frame = Site(project, project.feeds, revised).start_event_pages(memory.page).frame_key
    return {event.id for event in project.events if frame and memory.page(frame, event.id)}


def test_pages_of_other_events_are_known(plain: Path, tmp_path: Path) -> None:
    """Editing or adding an event invalidates only its own page."""
    assert known_pages(plain, tmp_path / "dist") == {"talk", "tour"}
    write_files(plain, {"more.yaml": f"{TALK}venue: hub\n"})
    rewrite(plain / "talk.yaml", "Talk", "Walk")
    assert known_pages(plain, tmp_path / "dist") == {"tour"}


@pytest.mark.parametrize(
    "more",
    [
        {"extra.yaml": f"{TALK}categories: [dance]\n"},
        {"calendar.yaml": f"{CALENDAR}theme: {{footer: By us}}\n"},
        {"_templates/event.html": TEMPLATE},
        {"_templates/base.html": "{% extends 'calfeed/base.html' %}"},
    ],
)
def test_pages_are_not_known_in_another_frame(plain: Path, tmp_path: Path, more: dict[str, str]) -> None:
    """A change that may be visible on every page, such as a link, the look or a template, invalidates all."""
    write_files(plain, {"calendar.yaml": CALENDAR.replace("[]", "[category]")})
    build(plain, tmp_path / "dist", now=NOW)
    assert known_pages(plain, tmp_path / "dist") == {"talk", "tour"}
    write_files(plain, more)
    assert known_pages(plain, tmp_path / "dist") == set()


def test_pages_by_own_templates_are_not_known(project: Path, tmp_path: Path) -> None:
    """A custom template may render differently each time, so no page counts as known."""
    assert known_pages(project, tmp_path / "dist") == set()
    write_files(project, {"_templates/event.html": "{{ event.summary.upper }}"})  # it has an address of the memory
    for _ in range(2):
        build(project, tmp_path / "dist", now=NOW)
        (tmp_path / "dist" / "events" / "talk.html").unlink()


@pytest.mark.parametrize("harm", ["gone", "changed"])
def test_known_pages_missing_in_dist_are_rendered(plain: Path, tmp_path: Path, harm: str) -> None:
    """A known page that is missing or wrong in DIST is rendered again."""
    before = tree(tmp_path / "dist")
    page = tmp_path / "dist" / "events" / "tour.html"
    page.unlink()
    if harm == "changed":
        page.write_bytes(before["events/tour.html"].replace(b"Talk", b"Walk"))
    assert build(plain, tmp_path / "dist", now=LATER).changes.written == ("events/tour.html",)
    assert tree(tmp_path / "dist") == before


def test_a_site_after_a_build_without_one(plain: Path, tmp_path: Path) -> None:
    """A build without a site forgets its pages, and the next one with a site renders the same ones again."""
    before = tree(tmp_path / "dist")
    build(plain, tmp_path / "dist", now=LATER, options=Options(site=False))
    assert not (tmp_path / "dist" / "events" / "tour.html").exists()
    assert read_memory(tmp_path / ".calfeed" / "dist").frame == ""
    build(plain, tmp_path / "dist", now=LATER)
    assert tree(tmp_path / "dist") == before


def test_known_bytes_are_checked() -> None:
    """A page that differs from its remembered hash is refused, not published."""
    page = Artifact.of("a.html", b"a")
    known = replace(page, parts=RenderedAgain(lambda: page, page.sha256))
    assert known == page
    assert known.data == b"a"
    with pytest.raises(ValueError, match=r"a\.html"):
        _ = replace(page, parts=RenderedAgain(lambda: page, "another")).data


# -- what is trusted -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["snapshot", "memory"])
@pytest.mark.parametrize("kind", ["gone", "empty", "noise", "cut", "deep", "link", "endless", "folder"])
def test_unreadable_memory_is_discarded(project: Path, tmp_path: Path, name: str, kind: str) -> None:
    """With any damage to what was remembered, the build reports and writes the same as without it."""
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


def test_a_copied_memory_is_not_used(project: Path, tmp_path: Path) -> None:
    """In a copy of sources, output and memory, even with the same times, nothing remembered is used."""
    shutil.rmtree(tmp_path / "events" / "_templates")
    build(project, tmp_path / "dist", now=NOW)
    assert answer(project) is not None
    other = tmp_path / "moved"
    for name in ("events", "dist", ".calfeed"):
        shutil.copytree(tmp_path / name, other / name)
        shutil.rmtree(tmp_path / name)
        (other / name).rename(tmp_path / name)
    assert answer(project) is None


def test_a_row_of_another_file_is_not_used(plain: Path, tmp_path: Path) -> None:
    """The row of one file is never used for another."""
    state = tmp_path / ".calfeed" / "dist"
    memory = read_memory(state)
    memory.places["tour.yaml"] = memory.places["talk.yaml"]  # type: ignore[index] # a mapping that was read, a dict
    reloaded = load_with(memory, plain).project
    assert memory.recalled == {"talk.yaml"}
    assert {event.id for event in reloaded.events} == {"talk", "tour"}


def test_check_ignores_snapshots(project: Path, tmp_path: Path) -> None:
    """`--check` finds a forged snapshot, because it does not use it."""
    out, state = tmp_path / "dist", tmp_path / ".calfeed" / "dist"
    rewrite(out / "test.ics", "Talk", "Walk")
    content = json.loads(bytes(read_checked(state / "snapshot")))
    status = (out / "test.ics").stat()
    for row in content["files"]:
        if row[0] == "test.ics":
            row[1:5] = status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
    content["written_since"] *= 2
    write_checked(state / "snapshot", [json.dumps(content).encode()])
    assert answer(project) is not None
    assert run("build", str(project), "-o", str(out), "--check").stdout == f"out of date: {out}/test.ics\n"


def test_check_writes_nothing(project: Path, tmp_path: Path) -> None:
    """`--check` writes nothing, not even to the state folder."""
    before = tree(tmp_path / ".calfeed")
    build(project, tmp_path / "dist", now=LATER, check=True)
    (project / "talk.yaml").write_text("broken: [\n", encoding="utf-8")
    assert run("build", str(project), "-o", str(tmp_path / "dist"), "--check").exit_code == 1
    assert before == tree(tmp_path / ".calfeed")


def test_a_failed_build_keeps_the_memory(project: Path, tmp_path: Path) -> None:
    """A failed build keeps the memory, so the next one reuses the results of the other files."""
    before = tree(tmp_path / ".calfeed")
    (tmp_path / "dist" / "test.ics").unlink()
    (tmp_path / "dist" / "test.ics").mkdir()
    with pytest.raises(OutputError):
        build(project, tmp_path / "dist", now=LATER)
    assert before == tree(tmp_path / ".calfeed")
