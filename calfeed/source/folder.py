"""Finds the files in the folder of events, and problems with their names."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from calfeed.diagnostics.problem import Mark, Problem, problem_at

CALENDAR, VENUES, DEFAULTS = "calendar.yaml", "venues.yaml", "_defaults.yaml"
TEMPLATES = "_templates"
_SUFFIXES = ("yaml", "yml")
MAX_DEPTH = 100
"""How many levels of subfolders are searched for events."""
_NO_TEXT = re.compile("[\ud800-\udfff]")  # how Python represents bytes in a name that are not UTF-8


@dataclass(frozen=True)
class Folder:
    """The files of a folder by purpose, with relative paths, sorted, and the problems with their names."""

    root: Path
    has_calendar: bool
    has_venues: bool
    events: tuple[str, ...]
    defaults: tuple[str, ...]
    templates: tuple[str, ...]
    problems: tuple[Problem, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """All files that are read because of their names."""
        present = ((CALENDAR, self.has_calendar), (VENUES, self.has_venues))
        named = tuple(name for name, exists in present if exists)
        return (*named, *self.defaults, *self.events, *self.templates)


def find_files(root: Path) -> Folder:
    """Return the YAML files below `root`, and the templates in `_templates/`.

    Other names that begin with `.` or `_`, except `_defaults.yaml`, are ignored.
    """
    events: list[str] = []
    defaults: list[str] = []
    problems: list[Problem] = []

    def note(cause: OSError) -> None:
        message = f"the folder cannot be read: {cause.strerror}"
        mark = Mark(path=Path(cause.filename).as_posix())
        problems.append(problem_at(mark, "unreadable-file", message, "check its permissions"))

    for folder, folders, names in os.walk(root, onerror=note):
        here = _relative(folder, root)
        folders[:] = sorted(name for name in folders if name[0] not in "._")
        problems += _folder_problems(root, here, folders)
        folders[:] = [name for name in folders if not _NO_TEXT.search(name)]
        problems += _too_deep(root, here, folders)
        for name in sorted(names):
            stem, _, suffix = name.lower().rpartition(".")
            if suffix not in _SUFFIXES or (name[0] in "._" and stem != "_defaults"):
                continue
            path = here + name
            proper = _proper_name(name, f"{stem}.yaml", is_in_root=not here)
            if _NO_TEXT.search(name):
                problems.append(_no_text(root / path))
            elif proper is not None:
                message = f"calfeed reads this file only if it is named `{proper}`"
                mark = Mark(path=(root / path).as_posix())
                problems.append(problem_at(mark, "wrong-name", message, f"rename it to `{proper}`"))
            elif name == DEFAULTS:
                defaults.append(path)
            elif path not in (CALENDAR, VENUES):
                events.append(path)
    templates = _templates(root, problems)
    return Folder(
        root=root,
        has_calendar=os.path.lexists(root / CALENDAR),
        has_venues=os.path.lexists(root / VENUES),
        events=tuple(sorted(events)),
        defaults=tuple(sorted(defaults)),
        templates=templates,
        problems=tuple(problems),
    )


def _relative(folder: str, root: Path) -> str:
    """Return the prefix of names in a folder below `root`: empty for `root` itself, else `path/`."""
    path = Path(folder).relative_to(root).as_posix()
    return "" if path == "." else f"{path}/"


def _templates(root: Path, problems: list[Problem]) -> tuple[str, ...]:
    """Return the paths of the templates, and append problems with their folder to `problems`."""
    if (root / TEMPLATES).is_symlink():
        problems += _folder_problems(root, "", [TEMPLATES])
        return ()
    templates = []
    for folder, folders, names in os.walk(root / TEMPLATES):
        here = _relative(folder, root)
        problems += _too_deep(root, here, folders)
        templates += [here + name for name in names if not name.startswith(".")]
    return tuple(sorted(templates))


def _too_deep(root: Path, here: str, folders: list[str]) -> list[Problem]:
    """Empty `folders` at `MAX_DEPTH` and report it: each further level would need another nested call."""
    if not folders or here.count("/") < MAX_DEPTH:
        return []
    folders.clear()
    message = f"folders are nested more than {MAX_DEPTH} levels deep"
    return [problem_at(Mark(path=(root / here).as_posix()), "too-deep", message, "move them up")]


def _no_text(path: Path) -> Problem:
    mark = Mark(path=_NO_TEXT.sub("\ufffd", path.as_posix()))
    return problem_at(mark, "wrong-name", "the name is not UTF-8", "rename it")


def _folder_problems(root: Path, here: str, folders: list[str]) -> list[Problem]:
    """Report links to folders, which are not followed, and folders with a name that is not UTF-8 or that of a file."""
    problems = []
    for name in folders:
        path = root / here / name
        mark = Mark(path=path.as_posix())
        if path.is_symlink():
            message = "calfeed does not follow links to folders"
            problems.append(problem_at(mark, "outside-folder", message, "put the folder itself here"))
        elif _NO_TEXT.search(name):
            problems.append(_no_text(path))
        elif name.lower().endswith((".yaml", ".yml")):
            problems.append(problem_at(mark, "unreadable-file", "this is a folder named like a file", "rename it"))
    return problems


def _proper_name(name: str, proper: str, *, is_in_root: bool) -> str | None:
    """Return the correct name of a special file if it is written in a different case or with a different suffix."""
    is_special = proper == DEFAULTS or (is_in_root and proper in (CALENDAR, VENUES))
    return proper if is_special and name != proper else None
