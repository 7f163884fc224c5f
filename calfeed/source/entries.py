"""Turns mappings into typed entries, and records every problem at its mark.

An entry is always returned. Keys that cannot be read are left out and listed in `broken`, so that later checks run on
the valid keys and no problem is reported twice.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cache
from typing import Generic, TypeVar, cast

import pydantic
from pydantic_core import ErrorDetails

from calfeed.diagnostics.problem import Mark, Problem, problem_at
from calfeed.source.nodes import Path, Value
from calfeed.source.schema import NESTED, SYNONYMS, Entry, EventEntry
from calfeed.source.types import MAPPING_TAG, TEXT_TAG, describe
from calfeed.source.yaml import Document


@dataclass(frozen=True)
class Place:
    """Where a mapping is written; `defaults` maps each key from a _defaults.yaml to that file."""

    document: Document
    path: Path = ()
    defaults: Mapping[str, Document] = field(default_factory=dict)

    def below(self, *keys: str | int) -> Place:
        """Return the place of a mapping within this one."""
        if keys[0] in self.defaults:
            return Place(self.defaults[cast("str", keys[0])], keys)
        return Place(self.document, (*self.path, *keys))

    def mark(self, *keys: str | int) -> Mark:
        """Return the mark of a value below this place; without keys, of the mapping's beginning."""
        if keys and keys[0] in self.defaults:
            return self.defaults[cast("str", keys[0])].mark(*keys)
        return self.document.mark(*self.path, *keys)

    def part_of(self, mark: Mark, part: str) -> Mark:
        """Return the mark of a part of the value at `mark`; the part is as written there."""
        documents = (self.document, *self.defaults.values())
        document = next((candidate for candidate in documents if candidate.path == mark.path), self.document)
        return document.mark_of_text(part, mark)

    def mark_within(self, key: str, part: str) -> Mark:
        """Return the mark of this part of a long text, on the line that contains it."""
        return self.part_of(self.mark(key), part)

    def key_mark(self, *keys: str | int) -> Mark:
        """Return the mark of a key below this place."""
        if keys and keys[0] in self.defaults:
            return self.defaults[cast("str", keys[0])].key_mark(*keys)
        return self.document.key_mark(*self.path, *keys)


_E = TypeVar("_E", bound=Entry)


@dataclass(frozen=True)
class Read(Generic[_E]):
    """An entry with the keys that could be read, the names of those that could not, and the problems that say why."""

    entry: _E
    broken: frozenset[str]
    problems: tuple[Problem, ...]


def read_entry(kind: type[_E], value: Value, place: Place, *, broken: AbstractSet[str] = frozenset()) -> Read[_E]:
    """Return the entry in a value: a mapping with the keys of `kind`.

    Args:
        kind: the kind of mapping expected.
        value: the value as written.
        place: where it is written.
        broken: keys with an unreadable value elsewhere, which do not count as missing.
    """
    if not isinstance(value, dict):
        message = f"a mapping is expected here, not {describe(value)}"
        problem = problem_at(place.mark(), "wrong-type", message, "write `key: value` lines")
        return Read(kind(), frozenset(kind.model_fields), (problem,))
    bad = {*broken, *(key for key in value if value[key] is None), *_misspelt(kind, value)}
    missing = [key for key in kind.required if key not in value and key not in bad]
    problems = [_missing_problem(place, key) for key in missing]
    bad.update(missing)
    try:
        entry = kind.model_validate(value)
    except pydantic.ValidationError as invalid:
        for details in invalid.errors(include_url=False):
            bad.add(str(details["loc"][0]))
            if not _is_reported(kind, details):
                problems.append(_problem(kind, place, details))
        entry = kind.model_validate({key: item for key, item in value.items() if key not in bad})
    return Read(entry, frozenset(bad), tuple(problems))


def _misspelt(kind: type[Entry], value: Mapping[str, object]) -> set[str]:
    """Return the keys that unknown keys probably stand for: unreadable, but not missing."""
    return {near for key in value if key not in _keys(kind) and (near := _nearest_key(kind, key)) is not None}


def _is_reported(kind: type[Entry], details: ErrorDetails) -> bool:
    """Return whether another problem already covers this one: an empty value, or a misspelt key that seems missing."""
    if details["type"] == "missing" and isinstance(details["input"], dict):
        at = _kind_at(kind, details["loc"][:-1])
        return details["loc"][-1] in _misspelt(at, details["input"]) | {
            key for key, item in details["input"].items() if item is None
        }
    return details["input"] is None


# Keys for which calfeed has no equivalent key, and what to write instead.
_EXPLAINED = {
    "all_day": "write `start` as a date without a time: `2017-08-31`",
    "allday": "write `start` as a date without a time: `2017-08-31`",
    "date": "date and time both go into `start`: `2017-08-31 17:30`",
    "until": "it is part of the rule: `rrule: {freq: weekly, until: 2027-06-30}`",
    "cancelled": "write `status: cancelled`",
    "canceled": "write `status: cancelled`",
    "time": "date and time both go into `start`: `2017-08-31 17:30`",
    "attendees": "calfeed only publishes; it does not invite anyone",
}


@cache
def _keys(kind: type[Entry]) -> tuple[str, ...]:
    return tuple(info.alias or name for name, info in kind.model_fields.items())


def _nearest_key(kind: type[Entry], key: str) -> str | None:
    """Return the key that an unknown key probably stands for."""
    known = _keys(kind)
    folded = key.casefold().replace("-", "_").replace(" ", "_")
    synonyms = [word for word in known if folded in SYNONYMS.get(word, ())]
    near = difflib.get_close_matches(folded, known, n=1, cutoff=0.7)
    return next(iter([*synonyms, *near]), None)


def _missing_problem(place: Place, *path: str | int) -> Problem:
    key = path[-1]
    return problem_at(place.mark(*path[:-1]), "missing-key", f"`{key}` is missing", f"add a line `{key}: …`")


def _problem(kind: type[Entry], place: Place, details: ErrorDetails) -> Problem:
    path = tuple(part for part in details["loc"] if part not in (TEXT_TAG, MAPPING_TAG))
    context = details.get("ctx", {})
    if path[-1] == "[key]":
        mark = place.key_mark(*path[:-1])
    elif details["type"] == "extra_forbidden":
        return _unknown_key_problem(kind, place, path)
    elif details["type"] == "missing":
        if isinstance(path[-1], int):  # a pair with only one number
            hint = "write `[latitude, longitude]`"
            return problem_at(place.mark(*path[:-1]), "bad-geo", "two numbers are expected here", hint)
        return _missing_problem(place, *path)
    else:
        mark = place.mark(*path)
    if details["type"] == "problem":
        if context.get("part"):
            mark = place.part_of(mark, context["part"])
        return problem_at(mark, context["code"], context["message"], context["hint"])
    expected, hint = _EXPECTED.get(details["type"], ("something else", "see the format reference"))
    actual = describe(details["input"])
    return problem_at(mark, "wrong-type", f"{expected} is expected here, not {actual}", hint)


_EXPECTED = {
    "list_type": ("a list", "write `[first, second]`, or one `- item` per line"),
    "tuple_type": ("a pair of numbers", "write `[latitude, longitude]`"),
    "too_long": ("a pair of numbers", "write `[latitude, longitude]`"),
    "dict_type": ("a mapping", "write `key: value` lines, indented below the key"),
    "model_type": ("a mapping", "write `key: value` lines, indented below the key"),
    "model_attributes_type": ("a mapping", "write `key: value` lines, indented below the key"),
}


def _kind_at(kind: type[Entry], path: tuple[str | int, ...]) -> type[Entry]:
    """Return the kind of entry that the mapping at a path should be."""
    at: type[Entry] = EventEntry if issubclass(kind, EventEntry) else kind
    for part in path:
        if isinstance(part, str) and part not in (TEXT_TAG, MAPPING_TAG):
            at = NESTED[at, part]
    return at


def _unknown_key_problem(kind: type[Entry], place: Place, path: Path) -> Problem:
    at = _kind_at(kind, path[:-1])
    key = str(path[-1])
    nearest = _nearest_key(at, key)
    # In an override `date` means the occurrence, in an event its start.
    explained = _EXPLAINED.get(key.casefold()) if at is EventEntry or key.startswith("cancel") else None
    hint = explained or (f"did you mean `{nearest}`?" if nearest else f"the keys are {', '.join(_keys(at))}")
    return problem_at(place.key_mark(*path), "unknown-key", f"`{key}` is not a key calfeed knows", hint)
