"""Explains the code of a problem: its section of the errors reference, as text for a terminal."""

from __future__ import annotations

import re
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from textwrap import indent

_SECTION = re.compile(r"^### ([a-z0-9-]+)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->\n*")
_FENCE = re.compile(r"^```.*(?:\n|\Z)", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")


def load_sections() -> dict[str, str]:
    """Return the sections of docs/reference/errors.md by code, with indented examples and links as plain text."""
    text = _reference().read_text(encoding="utf-8")
    return {match[1]: _as_text(match[2].strip()) for match in _SECTION.finditer(text)}


def _reference() -> Traversable:
    installed = files("calfeed") / "docs" / "errors.md"
    # A checkout has the reference outside the package; a wheel contains a copy.
    return installed if installed.is_file() else Path(__file__).parents[2] / "docs" / "reference" / "errors.md"


def _as_text(section: str) -> str:
    parts = _FENCE.split(_COMMENT.sub("", section))  # prose and examples alternate
    return "".join(indent(part, "    ") if number % 2 else _LINK.sub(r"\1", part) for number, part in enumerate(parts))
