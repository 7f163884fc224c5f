"""The folder of events: which files it holds, and their documents. Nothing outside it is ever read."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from calfeed.errors import Mark, Problem, error
from calfeed.source import MAX_BYTES, Document, read_document, too_large

CALENDAR, VENUES, DEFAULTS = "calendar.yaml", "venues.yaml", "_defaults.yaml"
TEMPLATES = "_templates"
_SUFFIXES = (".yaml", ".yml")
MAX_DEPTH = 100
"""How many folders deep events are looked for."""
_NO_TEXT = re.compile("[\ud800-\udfff]")  # how Python holds bytes of a name that are not UTF-8


@dataclass(frozen=True)
class Folder:
    """The files of a folder by what they are for, relative to it and sorted, and problems with their names."""

    root: Path
    has_calendar: bool
    has_venues: bool
    events: tuple[str, ...]
    defaults: tuple[str, ...]
    templates: tuple[str, ...]
    problems: tuple[Problem, ...]


def find_files(root: Path) -> Folder:
    """Return the YAML files below `root`, and the templates in `_templates/`.

    Other names that begin with `.` or `_` are passed over, `_defaults.yaml` is not.
    """
    events: list[str] = []
    defaults: list[str] = []
    problems: list[Problem] = []

    def note(cause: OSError) -> None:
        message = f"the folder cannot be read: {cause.strerror}"
        mark = Mark(path=Path(cause.filename).as_posix())
        problems.append(error(mark, "unreadable-file", message, "check its permissions"))

    for folder, folders, names in os.walk(root, onerror=note):
        here = Path(folder).relative_to(root)
        folders[:] = sorted(name for name in folders if name[0] not in "._")
        problems += _folder_problems(root, here, folders)
        folders[:] = [name for name in folders if not _NO_TEXT.search(name)]
        problems += _too_deep(root, here, folders)
        for name in sorted(names):
            path = here / name
            if path.suffix.lower() not in _SUFFIXES or (name[0] in "._" and path.stem.lower() != "_defaults"):
                continue
            proper = _proper_name(path)
            if _NO_TEXT.search(name):
                problems.append(_no_text(root / path))
            elif proper is not None:
                message = f"this file is only read under the name `{proper}`"
                mark = Mark(path=(root / path).as_posix())
                problems.append(error(mark, "wrong-name", message, f"rename it to `{proper}`"))
            elif name == DEFAULTS:
                defaults.append(path.as_posix())
            elif path.as_posix() not in (CALENDAR, VENUES):
                events.append(path.as_posix())
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


def _templates(root: Path, problems: list[Problem]) -> tuple[str, ...]:
    """Return the templates; `problems` gets what is wrong with their folder."""
    if (root / TEMPLATES).is_symlink():
        problems += _folder_problems(root, Path(), [TEMPLATES])
        return ()
    found = []
    for folder, folders, names in os.walk(root / TEMPLATES):
        here = Path(folder).relative_to(root)
        problems += _too_deep(root, here, folders)
        found += [(here / name).as_posix() for name in names if not name.startswith(".")]
    return tuple(sorted(found))


def read_file(root: Path, relative: str) -> Document:
    """Return the document in a file of the folder; one that cannot or must not be read has a problem and no value."""
    shown = (root / relative).as_posix()
    data = read_data(root, relative)
    return Document(shown, "", None, (data,), None) if isinstance(data, Problem) else read_document(shown, data)


def read_data(root: Path, relative: str) -> bytes | Problem:
    """Return the bytes of a file of the folder, or why it cannot or must not be read."""
    path = root / relative
    mark = Mark(path=path.as_posix())
    if path.is_symlink() and not _is_inside(path, root):
        return error(mark, "outside-folder", "this link leads out of the folder of events", "put the file itself here")
    try:
        if not path.is_file():
            return error(mark, "unreadable-file", "this is no file", "check what it is, or where the link leads")
        size = path.stat().st_size
        return path.read_bytes() if size <= MAX_BYTES else too_large(mark.path, size)
    except OSError as cause:
        message = f"the file cannot be read: {cause.strerror}"
        return error(mark, "unreadable-file", message, "check its permissions, or where the link leads")


def holds_file(root: Path, path: Path) -> bool:
    """Tell whether a path is a file within the folder, links followed."""
    try:
        return path.is_file() and _is_inside(path, root)
    except OSError:  # such as a name longer than the file system allows
        return False


def _is_inside(path: Path, root: Path) -> bool:
    # realpath, unlike Path.resolve, takes a loop of links for what it is: a path that leads nowhere.
    return PurePath(os.path.realpath(path)).is_relative_to(os.path.realpath(root))


def _too_deep(root: Path, here: Path, folders: list[str]) -> list[Problem]:
    """Go no deeper than `MAX_DEPTH`, and report it: walking on would need a call within a call for each folder."""
    if not folders or len(here.parts) < MAX_DEPTH:
        return []
    folders.clear()
    message = f"there are folders more than {MAX_DEPTH} levels deep"
    return [error(Mark(path=(root / here).as_posix()), "too-deep", message, "move them up")]


def _no_text(path: Path) -> Problem:
    mark = Mark(path=_NO_TEXT.sub("\ufffd", path.as_posix()))
    return error(mark, "wrong-name", "the name is not in UTF-8", "rename it")


def _folder_problems(root: Path, here: Path, folders: list[str]) -> list[Problem]:
    """Report folders that look like more than they are: links, which are not followed, and folders named like files."""
    problems = []
    for name in folders:
        path = root / here / name
        mark = Mark(path=path.as_posix())
        if path.is_symlink():
            message = "calfeed does not follow links to folders"
            problems.append(error(mark, "outside-folder", message, "put the folder itself here"))
        elif _NO_TEXT.search(name):
            problems.append(_no_text(path))
        elif name.lower().endswith(_SUFFIXES):
            problems.append(error(mark, "unreadable-file", "this is a folder with the name of a file", "rename it"))
    return problems


def _proper_name(path: PurePath) -> str | None:
    """Return the name a file of ours should have, where it is there in other letters or under another ending."""
    name = PurePosixPath(path.name.lower()).with_suffix(".yaml").name
    is_ours = name == DEFAULTS or (len(path.parts) == 1 and name in (CALENDAR, VENUES))
    return name if is_ours and path.name != name else None
