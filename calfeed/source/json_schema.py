"""Describes the keys of each kind of file as JSON Schema, for editors."""

from __future__ import annotations

from typing import Any

from calfeed.source.schema import CalendarEntry, DefaultsEntry, Entry, EventEntry, VenueEntry
from calfeed.source.types import ZONE_FORMAT
from calfeed.zones.tzdb import zone_names

_KINDS: dict[str, type[Entry]] = {
    "calendar": CalendarEntry,
    "venues": VenueEntry,
    "events": EventEntry,
    "defaults": DefaultsEntry,
}


def json_schema(kind: str) -> dict[str, object]:
    """Return the JSON Schema (draft 2020-12) of `calendar`, `venues`, `events` or `defaults` files."""
    model = _KINDS[kind]
    name = model.__name__
    schema: dict[str, Any] = model.model_json_schema()
    inner = schema.pop("$defs", {})
    definitions: dict[str, object] = {**(inner if isinstance(inner, dict) else {}), name: schema}
    if kind == "defaults":
        for key in DefaultsEntry.unique:
            del schema["properties"][key]
    linked = {key: _for_editors(definition) for key, definition in definitions.items()}
    linked[ZONE_FORMAT] = {"description": "a name of the tz database", "enum": list(zone_names())}
    reference: dict[str, object] = {"$ref": f"#/$defs/{name}"}
    roots: dict[str, dict[str, object]] = {
        "venues": {"type": "object", "additionalProperties": reference},
        "events": {"oneOf": [reference, {"type": "array", "items": {**reference, "required": ["id"]}}]},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"calfeed: {kind}",
        **roots.get(kind, reference),
        "$defs": dict(sorted(linked.items())),
    }


def _for_editors(schema: object) -> object:
    """Point every time zone at the shared list of names, and remove null: keys without a value are left out."""
    if isinstance(schema, list):
        return [_for_editors(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == ZONE_FORMAT:
        return {"$ref": f"#/$defs/{ZONE_FORMAT}"}
    kept = {key: _for_editors(item) for key, item in schema.items() if (key, item) != ("default", None)}
    options = kept.get("anyOf")
    if isinstance(options, list) and {"type": "null"} in options:
        kept["anyOf"] = [option for option in options if option != {"type": "null"}]
    return kept
