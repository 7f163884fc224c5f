"""Turns the nodes of a composed YAML file into plain values, and reports those that cannot be intended.

Values are mappings, lists and text: no scalar is ever read as a number, a date or a boolean. Aliases can expand a file
enormously, so their growth is limited here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

import yaml

from calfeed.diagnostics.problem import Mark, Problem, line_mark, problem_at
from calfeed.source.lookalikes import Lookalike, clean_key, find_lookalike, is_nested, lookalike_in_key
from calfeed.source.yaml_errors import word_lookalike

# None stands for a value that is empty or cannot be used; a problem has already been recorded.
Value: TypeAlias = "str | list[Value] | dict[str, Value] | None"
Path: TypeAlias = "tuple[str | int, ...]"
Part: TypeAlias = "tuple[yaml.Node, yaml.Node]"  # of a mapping: the nodes of a key and its value

MAX_DEPTH = 30
# Aliases may expand a file to this many values, plus this many times its own number of values.
MAX_EXPANSION = (1_000, 10)
PLAIN_TAG = "tag:yaml.org,2002:str"
"""The tag of a node without an explicit tag."""

_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # YAML 1.1 §4.2; libyaml counts lines in this way
_COMMENT_AFTER_TEXT = re.compile(r"[^\s#][ \t]+#\S")
_COMMENT = re.compile(r"[ \t]*(#.*)")
_COMMENT_AT_ONCE = re.compile(r"[ \t]+(#\S.*)")
_NULLS = frozenset(["", "~", "null", "Null", "NULL"])


class NodeReader:
    """Turns a composed tree into values, and collects problems in `problems`."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self._text = text
        self._lines_cache: list[str] | None = None
        self._has_aliases = "*" in text and "&" in text  # an alias without an anchor is a different error
        self._swallows_text = "#" in text and _COMMENT_AFTER_TEXT.search(text) is not None

    @property
    def _lines(self) -> list[str]:
        if self._lines_cache is None:
            self._lines_cache = split_lines(self._text)
        return self._lines_cache

    def read(self, root: yaml.Node) -> Value:
        """Return the value of the whole tree, or None if its aliases expand it too far."""
        if self._has_aliases:
            problem = self._alias_problem(root)
            if problem is not None:
                self.problems.append(problem)
                return None
        return self._value(root)

    def _value(self, node: yaml.Node) -> Value:
        if node.tag is not PLAIN_TAG and node.tag not in (PLAIN_TAG, "!"):
            self._report(node, "yaml-tag", f"the tag `{_short_tag(node.tag)}` is not supported", "delete the tag")
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
                self._report(node, "empty-value", *self._word_no_value(node))
                return None
            if self._swallows_text:
                self._check_comment(node)
        return text

    def _is_misread(self, node: yaml.ScalarNode) -> bool:
        """Report text that was meant as keys or items but has lookalikes as separators; return whether it was."""
        line, column = node.start_mark.line, node.start_mark.column
        if self._lines[line][:column].strip(" -"):  # a key comes before it, so it may be meant as text
            return False
        lookalike = find_lookalike(self._lines[line])
        if lookalike is not None:
            self._report_lookalike(line, lookalike)
        return lookalike is not None

    def _check_key(self, key: yaml.ScalarNode) -> str | None:
        """Return the key without lookalike spaces; None if it was meant to be in the mapping of the key above."""
        name: str = key.value
        if (lookalike := lookalike_in_key(name)) is None:
            return name
        line, column = key.start_mark.line, key.start_mark.column
        self._report_lookalike(line, replace(lookalike, at=column + lookalike.at))
        return None if is_nested(name) else clean_key(name)

    def _is_emptied(self, child: yaml.Node, following: Sequence[Part]) -> bool:
        """Return whether a key has no value only because the next key is indented with lookalike spaces."""
        if not following or not isinstance(child, yaml.ScalarNode) or child.style or child.value:
            return False
        key: object = following[0][0].value
        return isinstance(key, str) and lookalike_in_key(key) is not None and is_nested(key)

    def _report_lookalike(self, line: int, lookalike: Lookalike) -> None:
        mark = line_mark(self.path, self._lines, line + 1, lookalike.at + 1, lookalike.at + 2)
        self.problems.append(word_lookalike(mark, lookalike))

    def _word_no_value(self, node: yaml.ScalarNode) -> tuple[str, str]:
        """Return the message and hint for a key without a value: null, a comment instead of text, or nothing."""
        text: str = node.value
        if text:
            return f"`{text}` means no value in YAML", f'leave the key out, or write "{text}" if you mean the text'
        line = self._lines[node.start_mark.line] if node.start_mark.line < len(self._lines) else ""
        if match := _COMMENT.match(line, node.start_mark.column):
            written = match[1].rstrip()
            return f"`{written}` is a comment in YAML, so there is no value", f'put it in quotes: "{written}"'
        return "there is no value here", "write a value, or leave the key out; quote text that contains `, ` or `: `"

    def _check_comment(self, node: yaml.ScalarNode) -> None:
        line = self._lines[node.end_mark.line]
        if match := _COMMENT_AT_ONCE.match(line, node.end_mark.column):
            mark = line_mark(self.path, self._lines, node.end_mark.line + 1, match.start(1) + 1)
            message = f"`{match[1].rstrip()}` is a comment in YAML, not part of the text before it"
            hint = "put the whole text in quotes, or put a space after the # if you mean a comment"
            self.problems.append(problem_at(mark, "comment-in-text", message, hint))

    def _mapping(self, node: yaml.MappingNode) -> dict[str, Value]:
        result: dict[str, Value] = {}
        keys: dict[str, yaml.Node] = {}
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
            if name in keys:
                related = self._mark(keys[name])
                message = f"`{name}` is already given on line {related.line}"
                hint = "keep one of the two; YAML would silently drop the first"
                self.problems.append(problem_at(self._mark(key), "duplicate-key", message, hint, related))
                continue
            keys[name] = key
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
                    part, "bad-merge", "`<<` needs a mapping", "write `<<: *name` with the anchor of a mapping"
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
        if depths[id(root)] > MAX_DEPTH:  # aliases may exceed the depth checked before
            message = f"the aliases nest values more than {MAX_DEPTH} levels deep"
            return problem_at(self._mark(root), "too-deep", message, "write the values out where they are needed")
        base, factor = MAX_EXPANSION
        if expanded > base + factor * len(sizes):
            message = f"the aliases turn {len(sizes):,} values into {expanded:,}"
            hint = "write the values out, or put values that events share into _defaults.yaml"
            return problem_at(self._mark(root), "alias-expansion", message, hint)
        return None

    def _report(self, node: yaml.Node, code: str, message: str, hint: str) -> None:
        self.problems.append(problem_at(self._mark(node), code, message, hint))

    def _mark(self, node: yaml.Node) -> Mark:
        return node_mark(self.path, self._lines, node)


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    for child in node.value:
        if isinstance(child, tuple):
            yield from child
        else:
            yield child


def node_mark(path: str, lines: list[str], node: yaml.Node) -> Mark:
    """Return the mark of a node on its first line; an empty value is marked at the end of that line's text."""
    start, end = node.start_mark, node.end_mark
    is_one_line = start.line == end.line and end.column > start.column
    end_column = end.column + 1 if is_one_line and isinstance(node, yaml.ScalarNode) else None
    if start.index == end.index and start.line < len(lines):
        column = min(start.column, len(lines[start.line].rstrip()))
        return line_mark(path, lines, start.line + 1, column + 1, column + 2)
    return line_mark(path, lines, start.line + 1, start.column + 1, end_column)


def _short_tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")


def split_lines(text: str) -> list[str]:
    """Return the lines of a text as libyaml counts them."""
    has_only_line_feeds = not any(letter in text for letter in "\r\x85\u2028\u2029")
    return text.split("\n") if has_only_line_feeds else _LINE_BREAK.split(text)
