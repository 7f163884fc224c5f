"""calfeed.source.schema: the JSON Schema for editors agrees with what calfeed reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
import yaml

from calfeed.source.entries import Place, read_entry
from calfeed.source.schema import NESTED, Entry, EventEntry, json_schema
from calfeed.source.yaml import read_document

ROOTS = [Path(__file__).parents[2] / "events", *(Path(__file__).parents[1] / "data" / "ok").glob("*/events")]
KINDS = {"calendar.yaml": "calendar", "venues.yaml": "venues", "_defaults.yaml": "defaults"}
FILES = sorted(path for root in ROOTS for path in root.rglob("*.yaml"))


class _EditorLoader(yaml.SafeLoader):
    """YAML as editors read it: by version 1.2, with numbers but no dates."""


_EditorLoader.yaml_implicit_resolvers = {  # the booleans of 1.1, such as `off`, are texts in 1.2
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":bool"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def as_editor(path: Path) -> Any:
    """Return a file's value as an editor sees it."""
    return yaml.load(path.read_text("utf-8"), Loader=_EditorLoader)  # noqa: S506 - a SafeLoader


@pytest.mark.parametrize("path", FILES, ids=[f"{path.parent.name}/{path.name}" for path in FILES])
def test_editors_accept_what_calfeed_accepts(path: Path) -> None:
    """Every file of the sample and of the golden projects is valid by the JSON Schema of its kind."""
    jsonschema.Draft202012Validator(json_schema(KINDS.get(path.name, "events"))).validate(as_editor(path))


@pytest.mark.parametrize(
    "event",
    [
        pytest.param({"summary": "x"}, id="no start"),
        pytest.param({"summary": "x", "start": "2027-01-01", "colour": "red"}, id="unknown key"),
        pytest.param({"summary": "x", "start": "2027-01-01", "timezone": "Europe/Talinn"}, id="zone"),
        pytest.param({"summary": "x", "start": "2027-01-01", "venue": {"name": "x", "geo": [1]}}, id="geo"),
        pytest.param([{"summary": "x", "start": "2027-01-01"}], id="list without id"),
    ],
)
def test_editors_refuse_what_calfeed_refuses(event: object) -> None:
    """The JSON Schema finds wrong keys, types and zones while one writes."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(json_schema("events")).validate(event)


def test_what_is_sound_is_read_beside_what_is_broken() -> None:
    """One wrong key costs only itself: the others are read, and it is told which is broken."""
    document = read_document("x.yaml", b"summary: Talk\nstart: tomorrow\nend: '20:00'\nvenu: hub\n")
    read = read_entry(EventEntry, document.value, Place(document))
    assert read.entry.summary == "Talk"
    assert read.entry.end is not None
    assert read.entry.start is None
    assert {"start", "venu", "venue"} == set(read.broken)
    assert sorted(problem.code for problem in read.problems) == ["bad-date", "unknown-key"]


def entries_in(annotation: Any) -> Iterator[type[Entry]]:
    """Yield the kinds of mapping that a type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, Entry):
        yield annotation
    for part in get_args(annotation):
        yield from entries_in(part)


def test_every_nested_mapping_is_known() -> None:
    """Wherever a mapping stands in another, its kind is on the list by which unknown keys in it are told."""
    kinds = [kind for kind in Entry.__subclasses__() if kind is not EventEntry] + [EventEntry]
    found = {
        (kind, info.alias or name): inner
        for kind in kinds
        for name, info in kind.model_fields.items()
        for inner in entries_in(info.annotation)
    }
    assert found == NESTED
