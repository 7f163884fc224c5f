"""Reads YAML text as plain values with positions; no other module knows YAML.

A file becomes a `Document`: its text, its value (only mappings, lists and text: no scalar is ever taken for a number,
a date or a boolean) and the problems found. Marks are looked up by path, and only when a problem needs one.

libyaml composes the nodes. Its composer recurses on the C stack and an alias can stand for anything, so nesting,
size and growth by aliases are bounded here.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeAlias

import yaml

from calfeed.diagnostics.problem import Mark, Problem, line_mark, problem_at
from calfeed.source.lookalikes import Lookalike, clean_key, find_lookalike, is_nested, lookalike_in_key
from calfeed.source.yaml_errors import Failure, word_failure, word_lookalike

# None stands for a value that is empty or cannot be used; a problem has already been noted.
Value: TypeAlias = "str | list[Value] | dict[str, Value] | None"
Path: TypeAlias = "tuple[str | int, ...]"
_Part: TypeAlias = "tuple[yaml.Node, yaml.Node]"  # of a mapping: the nodes of a key and its value

MAX_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 30
MAX_VALUES = 1_000_000
# Aliases may expand a file to this many values, plus this many times its own number of values.
MAX_EXPANSION = (1_000, 10)

_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # YAML 1.1 §4.2; libyaml counts lines by it
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_COMMENT_AFTER_TEXT = re.compile(r"[^\s#][ \t]+#\S")
_COMMENT = re.compile(r"[ \t]*(#.*)")
_COMMENT_AT_ONCE = re.compile(r"[ \t]+(#\S.*)")
_DEEP_PREFIX = re.compile(rf"(?m)^(?:[ \t]|[-?:][ \t]){{{MAX_DEPTH}}}")
_NULLS = frozenset(["", "~", "null", "Null", "NULL"])
_PLAIN_TAG = "tag:yaml.org,2002:str"

_Base: Any = yaml.cyaml.CParser if yaml.__with_libyaml__ else yaml.BaseLoader  # type: ignore[attr-defined]


class _Composer(_Base):  # type: ignore[misc]
    """libyaml's composer without implicit types: an untagged node has the plain tag."""

    def resolve(self, kind: type[yaml.Node], value: object, implicit: object) -> str:  # noqa: ARG002
        return _PLAIN_TAG

    def descend_resolver(self, current_node: object, current_index: object) -> None: ...

    def ascend_resolver(self) -> None: ...


@dataclass(frozen=True)
class Document:
    """A YAML file that was read: its value, and the position of every part."""

    path: str
    text: str
    value: Value
    problems: tuple[Problem, ...]
    _root: yaml.Node | None = field(repr=False)

    @cached_property
    def _lines(self) -> list[str]:
        return _split_lines(self.text)

    @cached_property
    def _parts(self) -> dict[int, dict[str, _Part]]:
        """The mappings looked at so far, by identity: one long mapping may contain many problems."""
        return {}

    def mark(self, *path: str | int) -> Mark:
        """Return the mark of the value at `path`, or of its nearest parent that exists."""
        node = self._root
        for part in path:
            found = self._child(node, part)
            if found is None:
                break
            node = found[1]
        return self._mark(node)

    def key_mark(self, *path: str | int) -> Mark:
        """Return the mark of the key that holds the value at `path` (of the value itself in a list)."""
        node = self._root
        for part in path[:-1]:
            found = self._child(node, part)
            if found is None:
                return self._mark(node)
            node = found[1]
        found = self._child(node, path[-1])
        return self._mark(node) if found is None else self._mark(found[0])

    def mark_of_text(self, part: str, begin: Mark) -> Mark:
        """Return the mark of this text where it first appears at or after `begin`, or `begin` if it does not."""
        for number in range(begin.line, len(self._lines) + 1):
            column = self._lines[number - 1].find(part, begin.column - 1 if number == begin.line else 0) + 1
            if column:
                return line_mark(self.path, self._lines, number, column, column + len(part))
        return begin

    def _child(self, node: yaml.Node | None, part: str | int) -> _Part | None:
        """Return the (key, value) nodes of a part of a mapping, merges included, or of an item of a list."""
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
        return next((found for target in targets if (found := self._child(target, part)) is not None), None)

    def _mark(self, node: yaml.Node | None) -> Mark:
        if node is None:
            return line_mark(self.path, self._lines, 1, 1)
        return _node_mark(self.path, self._lines, node)


def read_document(path: str, data: bytes) -> Document:
    """Return the document in `data`; its `problems` say what is wrong with it as YAML.

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
        return Document(path, text, None, (word_failure(path, _split_lines(text), _failure_of(failure)),), None)
    if root is None:
        mark = line_mark(path, _split_lines(text), 1, 1)
        hint = "write something, or delete the file"
        return Document(path, text, None, (problem_at(mark, "empty-file", "the file holds no YAML", hint),), None)
    reader = _Reader(path, text)
    value = reader.read(root)
    return Document(path, text, value, tuple(reader.problems), root)


def too_large(path: str, size: int) -> Problem:
    """Return the problem of a file with more than `MAX_BYTES` bytes."""
    message = f"the file has {size:,} bytes; at most {MAX_BYTES:,} are read"
    return problem_at(Mark(path=path), "file-too-large", message, "split it into several files")


def dump_mapping(fields: Mapping[str, str]) -> str:
    """Return a YAML mapping of texts that `read_document` reads back unchanged."""
    return yaml.dump(dict(fields), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=2**31)


class _Dumper(yaml.SafeDumper):
    """A dumper that quotes only texts that our reader would not take for text."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012


_Dumper.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(?:~|null|Null|NULL|)\Z"), ["~", "n", "N", ""])


def _failure_of(error: yaml.MarkedYAMLError) -> Failure:
    """Return libyaml's words and positions for a syntax error, without its types."""
    at = error.problem_mark or error.context_mark
    opened = error.context_mark
    return Failure(
        problem=error.problem or "",
        context=error.context or "",
        at=(at.line, at.column) if at is not None else (0, 0),
        opened=(opened.line, opened.column) if opened is not None else None,
    )


def _split_lines(text: str) -> list[str]:
    has_only_line_feeds = not any(letter in text for letter in "\r\x85\u2028\u2029")
    return text.split("\n") if has_only_line_feeds else _LINE_BREAK.split(text)


# -- before composing -------------------------------------------------------------------------------------------


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
        good = data[: failure.start].decode()
        lines = _split_lines(good)
        rest = data[failure.start :].split(b"\n", 1)[0].decode("latin-1")
        column = len(lines[-1]) + 1
        lines[-1] += rest
        mark = line_mark(path, lines, len(lines), column, column + 1)
        message = f"byte 0x{data[failure.start]:02x} is not UTF-8"
        return "", problem_at(
            mark, "not-utf8", message, "save the file as UTF-8; it looks like Latin-1 or Windows-1252"
        )


def _unreadable(path: str, text: str) -> Problem | None:
    """Find what must not reach the composer: characters that YAML does not allow, deep nesting and too many values."""
    # Most texts are printable apart from their line feeds, which is quick to check.
    if not text.replace("\n", "").isprintable() and (match := _UNPRINTABLE.search(text)):
        lines = _split_lines(text[: match.start()])
        whole = _split_lines(text)
        column = len(lines[-1]) + 1
        mark = line_mark(path, whole, len(lines), column, column + 1)
        message = f"the character U+{ord(match[0]):04X} is not allowed in YAML"
        return problem_at(
            mark, "control-character", message, "delete it; it is invisible and may come from a copied text"
        )
    may_be_deep = text.count("[") + text.count("{") > MAX_DEPTH or _DEEP_PREFIX.search(text)
    may_be_many = len(text) > MAX_VALUES // 2 and sum(map(text.count, ":,-?[{")) > MAX_VALUES // 2
    return _too_much(path, text) if may_be_deep or may_be_many else None


def _too_much(path: str, text: str) -> Problem | None:
    """Count nesting and values in the parser's events: unlike the composer, this needs no recursion and no memory."""
    depth = values = 0
    parser = _Composer(text)
    try:
        while parser.check_event():
            event = parser.get_event()
            values += isinstance(event, yaml.NodeEvent)
            if values > MAX_VALUES:
                message = f"the file holds more than {MAX_VALUES:,} values"
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
    return line_mark(path, _split_lines(text), at.line + 1, at.column + 1)


# -- nodes to values --------------------------------------------------------------------------------------------


class _Reader:
    """Turns a composed tree into values, and collects problems in `problems`."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self._text = text
        self._lines_cache: list[str] | None = None
        self._has_aliases = "*" in text and "&" in text  # an alias without an anchor is an error of its own
        self._swallows_text = "#" in text and _COMMENT_AFTER_TEXT.search(text) is not None

    @property
    def _lines(self) -> list[str]:
        if self._lines_cache is None:
            self._lines_cache = _split_lines(self._text)
        return self._lines_cache

    def read(self, root: yaml.Node) -> Value:
        if self._has_aliases:
            problem = self._alias_problem(root)
            if problem is not None:
                self.problems.append(problem)
                return None
        return self._value(root)

    def _value(self, node: yaml.Node) -> Value:
        if node.tag is not _PLAIN_TAG and node.tag not in (_PLAIN_TAG, "!"):
            self._report(node, "yaml-tag", f"the tag `{_short_tag(node.tag)}` is not known", "delete the tag")
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node)
        return [self._value(item) for item in node.value]

    def _scalar(self, node: yaml.ScalarNode) -> str | None:
        text: str = node.value
        if not node.style:
            if not text.isascii() and self._is_misread(node):
                return None
            if text in _NULLS:
                self._report(node, "empty-value", *self._words_for_nothing(node))
                return None
            if self._swallows_text:
                self._check_comment(node)
        return text

    def _is_misread(self, node: yaml.ScalarNode) -> bool:
        """Report a text that was meant to be lines of keys or items but has lookalikes for separators."""
        line, column = node.start_mark.line, node.start_mark.column
        if self._lines[line][:column].strip(" -"):  # a key comes before it, so it may well be a text
            return False
        found = find_lookalike(self._lines[line])
        if found is not None:
            self._report_lookalike(line, found)
        return found is not None

    def _check_key(self, key: yaml.ScalarNode) -> str | None:
        """Return the key that was meant, without spaces of another kind that were read as part of it.

        Return None if it was meant to be in the mapping of the key above.
        """
        name: str = key.value
        if (found := lookalike_in_key(name)) is None:
            return name
        line, column = key.start_mark.line, key.start_mark.column
        self._report_lookalike(line, replace(found, at=column + found.at))
        return None if is_nested(name) else clean_key(name)

    def _is_emptied(self, child: yaml.Node, following: Sequence[_Part]) -> bool:
        """Return whether a key has no value only because the next one is indented with lookalikes of spaces."""
        if not following or not isinstance(child, yaml.ScalarNode) or child.style or child.value:
            return False
        key: object = following[0][0].value
        return isinstance(key, str) and lookalike_in_key(key) is not None and is_nested(key)

    def _report_lookalike(self, line: int, found: Lookalike) -> None:
        mark = line_mark(self.path, self._lines, line + 1, found.at + 1, found.at + 2)
        self.problems.append(word_lookalike(mark, found))

    def _words_for_nothing(self, node: yaml.ScalarNode) -> tuple[str, str]:
        """Return message and hint for a key without a value: null, a comment where a text was meant, or nothing."""
        text: str = node.value
        if text:
            return f"`{text}` means no value in YAML", f'leave the key out, or write "{text}" if the text is meant'
        line = self._lines[node.start_mark.line] if node.start_mark.line < len(self._lines) else ""
        if match := _COMMENT.match(line, node.start_mark.column):
            written = match[1].rstrip()
            return f"`{written}` is a comment in YAML, so there is no value", f'put it in quotes: "{written}"'
        return "there is no value here", "write a value, or leave the key out; quote a text that holds `, ` or `: `"

    def _check_comment(self, node: yaml.ScalarNode) -> None:
        line = self._lines[node.end_mark.line]
        if match := _COMMENT_AT_ONCE.match(line, node.end_mark.column):
            mark = line_mark(self.path, self._lines, node.end_mark.line + 1, match.start(1) + 1)
            message = f"`{match[1].rstrip()}` is a comment in YAML, not part of the text before it"
            hint = "put the whole text in quotes, or a space after the # if a comment is meant"
            self.problems.append(problem_at(mark, "comment-in-text", message, hint))

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Value]:
        result: dict[str, Value] = {}
        first: dict[str, yaml.Node] = {}
        merges: list[dict[str, Value]] = []
        for position, (key, child) in enumerate(node.value):
            if not isinstance(key, yaml.ScalarNode):
                self._report(key, "bad-key", "a key must be a plain word", "check the brackets and the indentation")
                continue
            name = key.value
            if not name.isascii() and not key.style:
                name = self._check_key(key)
                if name is None:
                    continue
            if name in first:
                related = self._mark(first[name])
                message = f"`{name}` is already written in line {related.line}"
                hint = "keep one of the two; YAML would silently drop the first"
                self.problems.append(problem_at(self._mark(key), "duplicate-key", message, hint, related))
                continue
            first[name] = key
            if name == "<<" and not key.style:
                merges += self._merged(child)
            elif self._is_emptied(child, node.value[position + 1 : position + 2]):
                result[name] = None
            else:
                result[name] = self._value(child)
        for merged in merges:
            for name, value in merged.items():
                result.setdefault(name, value)
        return result

    def _merged(self, node: yaml.Node) -> Iterator[dict[str, Value]]:
        parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for part in parts:
            if isinstance(part, yaml.MappingNode):
                yield self._mapping(part)
            else:
                self._report(
                    part, "bad-merge", "`<<` takes a mapping", "write `<<: *name` with the anchor of a mapping"
                )

    def _alias_problem(self, root: yaml.Node) -> Problem | None:
        """Refuse aliases that contain themselves or that expand the file beyond `MAX_EXPANSION`."""
        sizes: dict[int, int] = {}
        depths: dict[int, int] = {}
        open_nodes: set[int] = set()
        recursive: list[yaml.Node] = []

        def measure(node: yaml.Node) -> int:
            known = sizes.get(id(node))
            if known is not None:
                return known
            if id(node) in open_nodes:
                recursive.append(node)
                return 1
            total, depth = 1, 0
            if not isinstance(node, yaml.ScalarNode):
                open_nodes.add(id(node))
                for child in _children(node):
                    total += measure(child)
                    depth = max(depth, 1 + depths.get(id(child), 0))
                open_nodes.discard(id(node))
            sizes[id(node)], depths[id(node)] = total, depth
            return total

        expanded = measure(root)
        if recursive:
            hint = "write the values out where they are needed"
            return problem_at(
                self._mark(recursive[0]), "recursive-alias", "this anchor contains an alias to itself", hint
            )
        if depths[id(root)] > MAX_DEPTH:  # aliases may add to the depth checked before
            message = f"the aliases nest values more than {MAX_DEPTH} levels deep"
            return problem_at(self._mark(root), "too-deep", message, "write the values out where they are needed")
        base, factor = MAX_EXPANSION
        if expanded > base + factor * len(sizes):
            message = f"the aliases make {expanded:,} values out of {len(sizes):,}"
            hint = "write the values out, or use _defaults.yaml for what many events share"
            return problem_at(self._mark(root), "alias-expansion", message, hint)
        return None

    def _report(self, node: yaml.Node, code: str, message: str, hint: str) -> None:
        self.problems.append(problem_at(self._mark(node), code, message, hint))

    def _mark(self, node: yaml.Node) -> Mark:
        return _node_mark(self.path, self._lines, node)


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    for child in node.value:
        if isinstance(child, tuple):
            yield from child
        else:
            yield child


def _node_mark(path: str, lines: list[str], node: yaml.Node) -> Mark:
    """Return the mark of a node on its first line; an empty value is marked at the end of that line's text."""
    start, end = node.start_mark, node.end_mark
    one_line = start.line == end.line and end.column > start.column
    end_column = end.column + 1 if one_line and isinstance(node, yaml.ScalarNode) else None
    if start.index == end.index and start.line < len(lines):
        column = min(start.column, len(lines[start.line].rstrip()))
        return line_mark(path, lines, start.line + 1, column + 1, column + 2)
    return line_mark(path, lines, start.line + 1, start.column + 1, end_column)


def _short_tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")
