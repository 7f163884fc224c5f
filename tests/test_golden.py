"""Golden projects: every folder of tests/data/ok is built and compared with its `expected` tree, byte for byte.

The case `site` is built with its web pages, the others without: their pages would add nothing.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from readers import icaljs, pyreader, rfc5545, rules
from readers.reading import Reading
from support.projects import NOW, tree

from calfeed.editions.manifest import MANIFEST
from calfeed.editions.manifest_json import same_output
from calfeed.pipeline.build import build
from calfeed.pipeline.options import Options

CASES = sorted(path for path in (Path(__file__).parent / "data" / "ok").iterdir() if path.is_dir())
case_of = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


def by_uid(readings: list[Reading]) -> list[Reading]:
    """Return readings in an order that does not depend on the reader."""
    return sorted(readings, key=lambda reading: reading.uid)


@case_of
def test_golden_project(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update_golden: bool) -> None:
    """The project builds into exactly the expected files, byte for byte."""
    monkeypatch.chdir(case)
    build("events", tmp_path / "dist", now=NOW, options=Options(site=case.name == "site"))
    built = tree(tmp_path / "dist")
    if update_golden:
        shutil.rmtree(case / "expected", ignore_errors=True)
        shutil.copytree(tmp_path / "dist", case / "expected")
    expected = tree(case / "expected")
    # The manifest names the versions of calfeed and of the tz database, which may differ.
    assert same_output(expected.pop(MANIFEST), built.pop(MANIFEST))
    assert expected == built


@case_of
def test_expected_files_keep_the_rules(case: Path) -> None:
    """The expected files follow all rules for published files."""
    for path in sorted((case / "expected").rglob("*.ics")):
        is_single = path.relative_to(case / "expected").parts[0] == "events"
        assert rules.violations(path.read_bytes(), "single" if is_single else "feed") == []


@pytest.mark.node
@case_of
def test_readers_agree_on_expected_files(case: Path) -> None:
    """Three kinds of readers get the same instants from the expected files."""
    paths = sorted((case / "expected").rglob("*.ics"))
    by_icaljs = icaljs.read(paths)
    for path in paths:
        by_letter = by_uid(rfc5545.read(path))
        assert by_letter == by_uid(by_icaljs[path])
        assert by_letter == by_uid(pyreader.read_tzical(path))
