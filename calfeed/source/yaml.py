"""Reads YAML text as plain values with positions; no other room handles YAML.

A file becomes a `Document`: its text, its value and its problems. Marks are looked up by path, and only when a problem
needs one. libyaml composes the nodes; its composer recurses on the C stack, so nesting and size are limited here.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import yaml

from calfeed.diagnostics.problem import Mark, Problem, line_mark, problem_at
from calfeed.source.nodes import MAX_DEPTH, PLAIN_TAG, NodeReader, Part, Value, node_mark, split_lines
from calfeed.source.yaml_errors import Failure, word_failure

MAX_BYTES = 16 * 1024 * 1024
MAX_VALUES = 1_000_000
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DEEP_PREFIX = re.compile(rf"(?m)^(?:[ \t]|[-?:][ \t]){{{MAX_DEPTH}}}")
_Base: Any = yaml.cyaml.CParser if yaml.__with_libyaml__ else yaml.BaseLoader  # type: ignore[attr-defined]


class _Composer(_Base):  # type: ignore[misc]
    """libyaml's composer without implicit types: an untagged node has the plain tag."""

    def resolve(self, kind: type[yaml.Node], value: object, implicit: object) -> str:  # noqa: ARG002
        return PLAIN_TAG

    def descend_resolver(self, current_node: object, current_index: object) -> None: ...

    def ascend_resolver(self) -> None: ...


@dataclass(frozen=True)
class Document:
    """A parsed YAML file: its value, and the position of every part."""

    path: str
    text: str
    value: Value
    problems: tuple[Problem, ...]
    _root: yaml.Node | None = field(repr=False)

    @cached_property
    def _lines(self) -> list[str]:
        return split_lines(self.text)

    @cached_property
    def _parts(self) -> dict[int, dict[str, Part]]:
        """The parts of mappings seen so far, by identity, because one long mapping may contain many problems."""
        return {}

    def mark(self, *path: str | int) -> Mark:
        """Return the mark of the value at `path`, or of its nearest existing parent."""
        node = self._root
        for part in path:
            child = self._child(node, part)
            if child is None:
                break
            node = child[1]
        return self._mark(node)

    def key_mark(self, *path: str | int) -> Mark:
        """Return the mark of the key of the value at `path`, or of the value itself in a list."""
        node = self._root
        for part in path[:-1]:
            child = self._child(node, part)
            if child is None:
                return self._mark(node)
            node = child[1]
        child = self._child(node, path[-1])
        return self._mark(node) if child is None else self._mark(child[0])

    def mark_of_text(self, part: str, begin: Mark) -> Mark:
        """Return the mark of the first occurrence of this text at or after `begin`, or `begin` if there is none."""
        for number in range(begin.line, len(self._lines) + 1):
            column = self._lines[number - 1].find(part, begin.column - 1 if number == begin.line else 0) + 1
            if column:
                return line_mark(self.path, self._lines, number, column, column + len(part))
        return begin

    def _child(self, node: yaml.Node | None, part: str | int) -> Part | None:
        """Return the key and value nodes of a part of a mapping, including merged ones, or of a list item."""
        if isinstance(node, yaml.SequenceNode):
            return (node.value[part],) * 2 if isinstance(part, int) and part < len(node.value) else None
        if not isinstance(node, yaml.MappingNode) or not isinstance(part, str):
            return None
        parts = self._parts.get(id(node))
        if parts is None:
            parts = self._parts[id(node)] = {}
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode):
                    parts.setdefault(key.value, (key, value))
        if part in parts or "<<" not in parts:
            return parts.get(part)
        merged = parts["<<"][1]
        targets = merged.value if isinstance(merged, yaml.SequenceNode) else [merged]
        return next((child for target in targets if (child := self._child(target, part)) is not None), None)

    def _mark(self, node: yaml.Node | None) -> Mark:
        if node is None:
            return line_mark(self.path, self._lines, 1, 1)
        return node_mark(self.path, self._lines, node)


def read_document(path: str, data: bytes) -> Document:
    """Return the document in `data`; its `problems` are the mistakes in its YAML.

    Args:
        path: the name shown in problems.
        data: the file's bytes: UTF-8, with or without BOM.

    A document that cannot be read at all has the value None.
    """
    text, problem = _decode(path, data)
    if problem is None:
        problem = _unreadable(path, text)
    if problem is not None:
        return Document(path, text, None, (problem,), None)
    try:
        root = _Composer(text).get_single_node()
    except yaml.MarkedYAMLError as failure:
        return Document(path, text, None, (word_failure(path, split_lines(text), _failure_of(failure)),), None)
    if root is None:
        mark = line_mark(path, split_lines(text), 1, 1)
        hint = "write something, or delete the file"
        return Document(path, text, None, (problem_at(mark, "empty-file", "the file contains no YAML", hint),), None)
    reader = NodeReader(path, text)
    value = reader.read(root)
    return Document(path, text, value, tuple(reader.problems), root)


def too_large(path: str, size: int) -> Problem:
    """Return the problem of a file larger than `MAX_BYTES`."""
    message = f"the file has {size:,} bytes; the limit is {MAX_BYTES:,}"
    return problem_at(Mark(path=path), "file-too-large", message, "split it into several files")


def dump_mapping(fields: Mapping[str, str]) -> str:
    """Return a YAML mapping of texts that `read_document` reads back unchanged."""
    return yaml.dump(dict(fields), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=2**31)


class _Dumper(yaml.SafeDumper):
    """A dumper that quotes only texts that our reader would not read as text."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


_Dumper.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(?:~|null|Null|NULL|)\Z"), ["~", "n", "N", ""])


def _failure_of(failure: yaml.MarkedYAMLError) -> Failure:
    """Return libyaml's description and positions of a syntax error, without its types."""
    at = failure.problem_mark or failure.context_mark
    opened = failure.context_mark
    return Failure(
        problem=failure.problem or "",
        context=failure.context or "",
        at=(at.line, at.column) if at is not None else (0, 0),
        opened=(opened.line, opened.column) if opened is not None else None,
    )


def _decode(path: str, data: bytes) -> tuple[str, Problem | None]:
    mark = Mark(path=path)
    if len(data) > MAX_BYTES:
        return "", too_large(path, len(data))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "", problem_at(mark, "not-utf8", "the file is UTF-16, not UTF-8", "save it as UTF-8")
    try:
        data = data.removeprefix(codecs.BOM_UTF8)
        return data.decode(), None
    except UnicodeDecodeError as failure:
        lines = split_lines(data[: failure.start].decode())
        rest = data[failure.start :].split(b"\n", 1)[0].decode("latin-1")
        column = len(lines[-1]) + 1
        lines[-1] += rest
        mark = line_mark(path, lines, len(lines), column, column + 1)
        message = f"byte 0x{data[failure.start]:02x} is not UTF-8"
        return "", problem_at(
            mark, "not-utf8", message, "save the file as UTF-8; it looks like Latin-1 or Windows-1252"
        )


def _unreadable(path: str, text: str) -> Problem | None:
    """Return the problem of a text that must not be composed: an invalid character, deep nesting, too many values."""
    # A quick check: apart from line feeds, most texts are printable.
    if not text.replace("\n", "").isprintable() and (match := _UNPRINTABLE.search(text)):
        lines = split_lines(text[: match.start()])
        whole = split_lines(text)
        column = len(lines[-1]) + 1
        mark = line_mark(path, whole, len(lines), column, column + 1)
        message = f"the character U+{ord(match[0]):04X} is not allowed in YAML"
        return problem_at(
            mark, "control-character", message, "delete it; it is invisible and may come from copied text"
        )
    may_be_deep = text.count("[") + text.count("{") > MAX_DEPTH or _DEEP_PREFIX.search(text)
    may_be_many = len(text) > MAX_VALUES // 2 and sum(map(text.count, ":,-?[{")) > MAX_VALUES // 2
    return _too_much(path, text) if may_be_deep or may_be_many else None


def _too_much(path: str, text: str) -> Problem | None:
    """Check nesting and size by the parser's events, which, unlike composing, needs no recursion and little memory."""
    depth = values = 0
    parser = _Composer(text)
    try:
        while parser.check_event():
            event = parser.get_event()
            values += isinstance(event, yaml.NodeEvent)
            if values > MAX_VALUES:
                message = f"the file contains more than {MAX_VALUES:,} values"
                return problem_at(
                    _start_mark(path, text, event), "file-too-large", message, "split it into several files"
                )
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    mark = _start_mark(path, text, event)
                    message = f"this is nested more than {MAX_DEPTH} levels deep"
                    return problem_at(
                        mark, "too-deep", message, "events need three or four levels; check the indentation"
                    )
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.MarkedYAMLError:
        return None  # the composer will meet the same error and report it
    return None


def _start_mark(path: str, text: str, event: yaml.Event) -> Mark:
    at: Any = event.start_mark
    return line_mark(path, split_lines(text), at.line + 1, at.column + 1)
