"""Reads _defaults.yaml: values for the keys that events below its folder leave out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from calfeed.diagnostics.problem import Problem, problem_at
from calfeed.source.entries import Place, read_entry
from calfeed.source.nodes import Value
from calfeed.source.reader import Reader
from calfeed.source.schema import DefaultsEntry
from calfeed.source.yaml import Document

# Two ways to write the same thing: an event or folder that uses one inherits no default for the other.
_ENDS = frozenset({"end", "duration"})


@dataclass(frozen=True)
class Inherited:
    """The defaults that apply to a file: values by key, the origin of each, and keys that cannot be read."""

    values: Mapping[str, Value] = field(default_factory=dict)
    origins: Mapping[str, Document] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()

    def fill(self, written: Mapping[str, Value]) -> dict[str, Value]:
        """Return the defaults for an event that has these keys."""
        settled = written.keys() | (_ENDS if written.keys() & _ENDS else frozenset())
        return {key: value for key, value in self.values.items() if key not in settled}


_NOTHING = Inherited()


@dataclass(frozen=True)
class Defaults:
    """The defaults written in each folder, by its path; the path of the root is `.`."""

    by_folder: Mapping[str, Inherited]
    problems: tuple[Problem, ...]

    def of(self, relative: str) -> Inherited:
        """Return the defaults that apply to a file: the nearest folder wins, key by key."""
        if not self.by_folder:
            return _NOTHING
        values: dict[str, Value] = {}
        origins: dict[str, Document] = {}
        broken: frozenset[str] = frozenset()
        for folder in reversed(PurePosixPath(relative).parents):
            folder_defaults = self.by_folder.get(folder.as_posix())
            if folder_defaults is not None:
                replaced = _ENDS if folder_defaults.values.keys() & _ENDS else frozenset()
                kept = {key: value for key, value in values.items() if key not in replaced}
                values = kept | dict(folder_defaults.values)
                origins |= folder_defaults.origins
                broken |= folder_defaults.broken
        return Inherited(values, origins, broken)


def load_defaults(reader: Reader, paths: Iterable[str]) -> Defaults:
    """Return the defaults in these files."""
    by_folder: dict[str, Inherited] = {}
    problems: list[Problem] = []
    for relative in paths:
        document = reader.document(relative)
        folder_defaults, value_problems = _read(document)
        by_folder[PurePosixPath(relative).parent.as_posix()] = folder_defaults
        problems += [*document.problems, *value_problems]
    return Defaults(by_folder, tuple(problems))


def _read(document: Document) -> tuple[Inherited, list[Problem]]:
    if document.value is None:
        return Inherited(broken=frozenset(DefaultsEntry.model_fields)), []
    read = read_entry(DefaultsEntry, document.value, Place(document))
    problems = list(read.problems)
    values = document.value if isinstance(document.value, dict) else {}
    for key in DefaultsEntry.unique:
        if key in values:
            hint = "write it in the event: it must be unique"
            problems.append(problem_at(document.key_mark(key), "misplaced-key", f"`{key}` cannot be a default", hint))
    sound = {key: value for key, value in values.items() if key not in read.broken.union(DefaultsEntry.unique)}
    return Inherited(sound, dict.fromkeys(sound, document), read.broken), problems
