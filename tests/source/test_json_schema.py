"""calfeed.source.json_schema: the JSON Schema for editors agrees with what calfeed reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from calfeed.source.json_schema import json_schema

ROOTS = [Path(__file__).parents[2] / "events", *(Path(__file__).parents[1] / "data" / "ok").glob("*/events")]
KINDS = {"calendar.yaml": "calendar", "venues.yaml": "venues", "_defaults.yaml": "defaults"}
FILES = sorted(path for root in ROOTS for path in root.rglob("*.yaml"))


class _EditorLoader(yaml.SafeLoader):
    """YAML as editors read it: version 1.2, with numbers but without dates."""


_EditorLoader.yaml_implicit_resolvers = {  # the booleans of 1.1, such as `off`, are texts in 1.2
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":bool"))]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def as_editor(path: Path) -> Any:
    """Return the value of a file as an editor sees it."""
    return yaml.load(path.read_text("utf-8"), Loader=_EditorLoader)  # noqa: S506 - a SafeLoader


@pytest.mark.parametrize("path", FILES, ids=[f"{path.parent.name}/{path.name}" for path in FILES])
def test_editors_accept_what_calfeed_accepts(path: Path) -> None:
    """Every file of the sample and the golden projects is valid against the JSON Schema of its kind."""
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
    """The JSON Schema finds wrong keys, types and zones."""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(json_schema("events")).validate(event)
