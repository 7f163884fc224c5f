"""Builds that are killed, starved, crowded or fed noise. Longer versions of some tests are in CONTRIBUTING.md."""

from __future__ import annotations

import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from support.commands import run
from support.inputs import inputs_of, seeds_of
from support.projects import LATER, NOW, TALK, tree, write_events
from support.targets import TARGETS

from calfeed.diagnostics.problem import OutputError
from calfeed.pipeline.build import build

TESTS = Path(__file__).parent
REGRESSIONS = sorted(path for path in (TESTS / "data" / "fuzz").rglob("*") if path.is_file())


def output_of(script: str, *options: str) -> str:
    """Return what a long proof prints when it runs for a short time; it must find nothing."""
    command = [sys.executable, str(TESTS / script), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def number_of(pattern: str, output: str) -> int:
    """Return the number before a pattern in the output."""
    match = re.search(rf"(\d+) {pattern}", output)
    assert match is not None
    return int(match[1])


def test_two_hundred_kills() -> None:
    """After each of 200 kills every file is whole and the manifest is true; the next build repairs everything."""
    output = output_of("kills.py", "--kills", "200", "--seed", "6")
    assert "every promise kept" in output
    assert number_of("killed(?:,|;)", output) >= 200


def test_sixty_edits() -> None:
    """After each of sixty edits, builds with and without a cache print and write the same."""
    output = output_of("edits.py", "--edits", "60", "--seed", "8")
    assert "no difference" in output
    assert number_of("answered from the snapshot", output) >= 3


# -- a disk that is full or missing -----------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Write a folder of thirty events and return it."""
    return write_events(tmp_path, **{f"talk_{n}": TALK.replace("Talk", f"Talk {n}") for n in range(30)})


def build_in_child(project: Path, out: Path, limit: int | None = None) -> int:
    """Build in a separate process that may write files of at most `limit` bytes; return its exit code."""

    def starve() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [sys.executable, "-m", "calfeed", "build", str(project), "-o", str(out)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(int(NOW.timestamp()))}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, preexec_fn=starve)
    assert "Traceback" not in done.stderr
    assert done.returncode == 0 or "[output-failed]" in done.stderr
    return done.returncode


@pytest.mark.parametrize("limit", [0, 500, 5_000, 12_000])
def test_writing_that_fails_changes_nothing(project: Path, tmp_path: Path, limit: int) -> None:
    """If the system refuses to write, at the first file or at the last, DIST stays as it was."""
    out = tmp_path / "dist"
    assert build_in_child(project, out, limit) == 1
    assert not out.exists()
    build(project, out, now=NOW)
    before = tree(out)
    (project / "calendar.yaml").write_text((project / "calendar.yaml").read_text("utf-8") + "color: navy\n", "utf-8")
    (project / "talk-3.yaml").write_text(TALK + "description: Other\n", encoding="utf-8")
    assert build_in_child(project, out, limit) == 1
    assert before == tree(out)
    assert sorted(path.name for path in (tmp_path / ".calfeed" / "dist").iterdir()) == ["lock", "memory", "snapshot"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 4 MB, if that is allowed."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)]
    try:
        done = subprocess.run(mount, capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount")
    if done.returncode:
        pytest.skip("needs the right to mount a file system")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_full_disk_changes_nothing(project: Path, small_disk: Path) -> None:
    """A build on a full disk leaves DIST as it was, and works again once there is room."""
    out = small_disk / "dist"
    build(project, out, now=NOW)
    before = tree(out)
    room = shutil.disk_usage(small_disk).free
    (small_disk / "ballast").write_bytes(b"x" * (room - 8_192))
    for number in range(30):
        (project / f"talk-{number}.yaml").write_text(TALK + "description: Other\n", encoding="utf-8")
    with pytest.raises(OutputError) as failure:
        build(project, out, now=LATER)
    assert [problem.code for problem in failure.value.problems] == ["output-failed"]
    assert "space" in failure.value.problems[0].message
    assert before == tree(out)
    (small_disk / "ballast").unlink()
    build(project, out, now=LATER)
    assert before != tree(out)
    assert sorted(path.name for path in small_disk.iterdir()) == [".calfeed", "dist"]


def test_deleted_folder_is_rebuilt(project: Path, tmp_path: Path) -> None:
    """If DIST is deleted after a build was killed, there is nothing to finish: the next build writes all files."""
    out = tmp_path / "dist"
    build(project, out, now=NOW)
    good = tree(out)
    shutil.rmtree(out)
    state = tmp_path / ".calfeed" / "dist"
    (state / "staging").mkdir()
    (state / "journal.json").write_text('{"written": ["test.ics", "calfeed.json"], "deleted": []}', encoding="utf-8")
    (project / "talk-3.yaml").write_text("summary: broken\n", encoding="utf-8")
    assert run("build", str(project), "-o", str(out)).exit_code == 1
    assert not out.exists()
    (project / "talk-3.yaml").write_text(TALK.replace("Talk", "Talk 3"), encoding="utf-8")
    build(project, out, now=NOW)
    assert good == tree(out)


# -- many at once -----------------------------------------------------------------------------------------------


def test_ten_builds_at_once(project: Path, tmp_path: Path) -> None:
    """Ten builds of one folder into one DIST wait for each other; all succeed, with the same result as one build."""
    out = tmp_path / "dist"
    command = [sys.executable, "-m", "calfeed", "build", str(project), "-o", str(out)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(int(NOW.timestamp()))}
    builds = [subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) for _ in range(10)]
    assert [process.wait() for process in builds] == [0] * 10
    build(project, tmp_path / "alone", now=NOW)
    assert tree(out) == tree(tmp_path / "alone")
    assert sorted(path.name for path in (tmp_path / ".calfeed" / "dist").iterdir()) == ["lock", "memory", "snapshot"]


# -- noise ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", REGRESSIONS, ids=[f"{path.parent.name}-{path.name}" for path in REGRESSIONS])
def test_findings_of_the_fuzzer_stay_fixed(path: Path) -> None:
    """No input that once broke a promise breaks it again."""
    TARGETS[path.parent.name](path.read_bytes())


@pytest.mark.parametrize("target", TARGETS)
def test_a_little_noise(target: str) -> None:
    """A few inputs of the fuzzer break no promise; `tests/fuzz.py` tries as many as you like."""

    @settings(max_examples=40, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(inputs_of(target))
    def attempt(data: bytes) -> None:
        TARGETS[target](data)

    attempt()
    for data in islice(seeds_of(target), 10):
        TARGETS[target](data)
