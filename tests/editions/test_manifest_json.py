"""calfeed.editions.manifest_json: a build reports any invalid manifest instead of failing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from support.projects import NOW, write_events

from calfeed.diagnostics.problem import OutputError
from calfeed.editions.consent import Consent
from calfeed.editions.edition import prepare
from calfeed.editions.manifest import MANIFEST, Manifest
from calfeed.editions.manifest_json import read_manifest
from calfeed.model import Project
from calfeed.pipeline.options import Options
from calfeed.pipeline.render import render
from calfeed.resolve.load import load

RICH = """\
summary: Everything, but no series
start: 2027-05-18 18:00
end: 2027-05-19 01:30
end_timezone: Europe/Oslo
venue: hub
online: https://meet.example/1
description: Hello
url: https://x.example/
links: [{rel: slides, url: https://x.example/a.pdf, name: Part one}, {url: https://x.example/b}]
categories: [music, talk]
organizer: {name: We, email: we@x.example, url: https://x.example/us}
busy: true
reminders: [1h]
properties: {X-A: b}
"""
SERIES = """\
summary: Weekly
start: 2027-05-18 18:00
duration: 1h
rrule: FREQ=WEEKLY;UNTIL=2027-12-28
rdates: [2027-05-20 10:00]
exdates: [2027-06-01]
overrides: [{recurrence_id: 2027-06-08, summary: Other}]
"""
WRONG = (None, 5, "x", "2027-05-18T18:00:00+03:00", [5], {"a": 1})
SERIES_KEYS = ("ending", "rrule", "rdates", "exdates", "overrides", "skipped", "offsets")
ANY = Consent(removals=True, new_id=True)


def paths_in(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of each value in a JSON value."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from paths_in(item, (*path, key))


def with_value(root: Any, path: tuple[str | int, ...], value: object) -> Any:
    """Return a copy of a JSON value with the value at a path replaced."""
    copy = deepcopy(root)
    parent = copy
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = value
    return copy


def is_readable(manifest: Any, project: Project) -> bool:
    """Return whether a build after a manifest succeeds; it may fail only with an OutputError."""
    try:
        baseline: Manifest = read_manifest(json.dumps(manifest).encode(), MANIFEST)
        prepare(project, baseline, NOW, ANY)
    except OutputError:
        return False
    return True


@pytest.mark.parametrize("text", [RICH, SERIES], ids=["single", "series"])
def test_wrong_values_are_reported(tmp_path: Path, text: str) -> None:
    """With a wrong value in its content, changing or removing an event succeeds or is reported."""
    before = load(write_events(tmp_path / "before", talk=text))
    changed = load(write_events(tmp_path / "changed", talk=f"{text}status: cancelled\n"))
    removed = load(write_events(tmp_path / "removed"))
    manifest = json.loads(
        {file.path: file.data for file in render(before, now=NOW, options=Options(site=False))}[MANIFEST]
    )
    content = manifest["events"][0]["content"]
    of_overrides = (("overrides", 0, key) for key in SERIES_KEYS if "overrides" in content)
    paths = {*paths_in(content), *((key,) for key in SERIES_KEYS), *of_overrides}
    readable = {
        path[0]
        for path in sorted(paths, key=str)
        for value in WRONG
        for project in (changed, removed)
        if is_readable(with_value(manifest, ("events", 0, "content", *path), value), project)
    }
    # Other texts are texts, too, and what is not true is false.
    assert readable.isdisjoint(("start", "end", "timezone", "status", "rrule", "ending"))


def test_unknown_fields_are_kept_in_comparisons(tmp_path: Path) -> None:
    """A field of a later version is reported as removed, not lost silently."""
    project = load(write_events(tmp_path, talk=RICH))
    manifest = json.loads(
        {file.path: file.data for file in render(project, now=NOW, options=Options(site=False))}[MANIFEST]
    )
    later = with_value(manifest, ("events", 0, "content", "speakers"), ["a", "b"])
    later["events"][0]["fingerprint"] = "2:0"
    (entry,) = prepare(project, read_manifest(json.dumps(later).encode(), MANIFEST), NOW, ANY).history
    assert [(field.name, field.before, field.after) for field in entry.change.fields] == [("speakers", "a, b", None)]
