"""Releases: the wheel is the package and nothing else, the sdist is the repository, and the wheel works."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from support.projects import tree

ROOT = Path(__file__).parents[1]
BUILD = """
import sys
from hatchling import build
print(getattr(build, f"build_{sys.argv[1]}")(sys.argv[2]))
"""


@pytest.fixture(scope="module")
def tracked() -> tuple[str, ...]:
    """Return the paths of the files that git tracks."""
    if not (ROOT / ".git").exists():
        pytest.skip("needs the repository")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return tuple(listed.stdout.decode().rstrip("\0").split("\0"))


def build(tracked: tuple[str, ...], source: Path, out: Path) -> dict[str, Path]:
    """Build sdist and wheel from a copy of the tracked files, and return them."""
    for path in tracked:
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, source / path)
    built = {}
    for kind in ("sdist", "wheel"):
        command = [sys.executable, "-c", BUILD, kind, str(out)]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": "1795780800"}
        done = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        built[kind] = out / done.stdout.splitlines()[-1]
    return built


@pytest.fixture(scope="module")
def released(tracked: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the sdist and the wheel of the tracked files."""
    return build(tracked, tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("out"))


def test_releases_are_reproducible(released: dict[str, Path], tracked: tuple[str, ...], tmp_path: Path) -> None:
    """Rebuilt in another folder from newer files, sdist and wheel have the same bytes."""
    (tmp_path / "out").mkdir()
    again = build(tracked, tmp_path / "source", tmp_path / "out")
    assert {kind: path.read_bytes() for kind, path in again.items()} == {
        kind: path.read_bytes() for kind, path in released.items()
    }


def test_wheel_is_the_package(released: dict[str, Path], tracked: tuple[str, ...]) -> None:
    """The wheel contains every file of the package, the reference of errors, its metadata, and nothing else."""
    with zipfile.ZipFile(released["wheel"]) as wheel:
        names = wheel.namelist()
    info = {name for name in names if name.split("/")[0].endswith(".dist-info")}
    assert {name for name in names if name not in info} == {
        *(path for path in tracked if path.startswith("calfeed/")),
        "calfeed/docs/errors.md",
    }
    assert {name.partition("/")[2] for name in info} == {
        *("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
    }


def test_sdist_is_the_repository(released: dict[str, Path], tracked: tuple[str, ...]) -> None:
    """The sdist contains every file of the repository, including the sample's output, and its metadata."""
    with tarfile.open(released["sdist"]) as sdist:
        names = {member.name.partition("/")[2] for member in sdist if member.isfile()}
    assert names - {"PKG-INFO"} == set(tracked)


def test_wheel_works_alone(released: dict[str, Path], tmp_path: Path) -> None:
    """Installed from the wheel, away from the repository, calfeed does what the README promises."""
    install = ["install", "-q", "--no-deps", "--no-index", "--no-compile", "--target", str(tmp_path / "installed")]
    command = [sys.executable, "-m", "pip", *install, "--root-user-action=ignore", str(released["wheel"])]
    subprocess.run(command, check=True, env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed"), "SOURCE_DATE_EPOCH": "1700000000"}

    def calfeed(*arguments: str) -> str:
        run = [sys.executable, "-W", "error", "-m", "calfeed", *arguments]
        done = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = [sys.executable, "-c", "import calfeed; print(calfeed.__file__)"]
    located = subprocess.run(where, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert Path(located.stdout.strip()).is_relative_to(tmp_path)
    calfeed("build", str(ROOT / "events"), "-o", "dist")
    assert set(tree(tmp_path / "dist")) >= {"calfeed.json", "index.html", "eu2017ee.ics", "events/cor-bureau-177.ics"}
    calfeed("init", "mine")
    calfeed("build", "mine/events", "-o", "public")
    assert "calfeed" in calfeed("--version")
    assert calfeed("explain", "missing-end").startswith("missing-end (warning)\n")
