"""What the site is made of besides events: pictures and templates in the folder of events, read and looked at."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from calfeed.errors import Mark, Problem, error
from calfeed.fields import is_fit_path
from calfeed.folder import TEMPLATES
from calfeed.model import Artifact, Picture, Template, image_path
from calfeed.reading import Reader
from calfeed.source import Document

# Names of templates end up in the Python that Jinja makes of them; these cannot be anything but a text there.
_TEMPLATE_NAME = re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*")


class Pictures:
    """The pictures that a calendar and its events name, each read once; and problems with them."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._found: dict[str, Artifact] = {}
        self.problems: list[Problem] = []

    @property
    def images(self) -> tuple[Artifact, ...]:
        """The pictures as they are published."""
        return tuple(image for _path, image in sorted(self._found.items()))

    def load(self, picture: Picture) -> None:
        """Read and keep a picture, or note what is wrong with it."""
        relative, mark = picture.path, picture.mark
        if not self._reader.holds(relative):
            hint = f"put the file at {self._reader.shown(relative)}"
            self.problems.append(error(mark, "missing-image", f"there is no image `{picture.name}`", hint))
        elif not is_fit_path(image_path(relative)):
            hint = "rename it, or the folder: a published path has no tab, line break, colon or backslash"
            self.problems.append(error(mark, "bad-path", f"`{relative}` cannot be published under its name", hint))
        elif relative not in self._found:
            data = self._reader.data(relative)
            if isinstance(data, Problem):
                self.problems.append(data)
            else:
                self._found[relative] = Artifact(image_path(relative), data)


def picture_of(name: str, owner: Document, mark: Mark, reader: Reader) -> Picture:
    """Return the picture that a file names.

    Args:
        name: its path relative to the file.
        owner: the file.
        mark: where the name stands there.
        reader: knows the folder of events.
    """
    return Picture(reader.relative((PurePosixPath(owner.path).parent / name).as_posix()), name, mark)


def load_templates(reader: Reader, paths: Iterable[str]) -> tuple[tuple[Template, ...], tuple[Problem, ...]]:
    """Return the templates in files of the folder, and what is wrong with them."""
    found = [_load_template(reader, path) for path in paths]
    templates = tuple(one for one in found if isinstance(one, Template))
    problems = [one for one in found if isinstance(one, Problem)]
    if templates:
        from calfeed.site.engine import template_problems  # takes a moment to load

        problems += template_problems(templates)
    return templates, tuple(problems)


def _load_template(reader: Reader, relative: str) -> Template | Problem:
    path, name = reader.shown(relative), PurePosixPath(relative).relative_to(TEMPLATES).as_posix()
    if not _TEMPLATE_NAME.fullmatch(name):
        message = f"`{name}` is not a name for a template"
        hint = "rename it: names of templates are made of A-Z, a-z, 0-9, _, . and -"
        return error(Mark(path=path), "wrong-name", message, hint)
    data = reader.data(relative)
    if isinstance(data, Problem):
        return data
    try:
        return Template(name=name, text=data.decode(), path=path)
    except UnicodeDecodeError:
        return error(Mark(path=path), "not-utf8", "the template is not in UTF-8", "save it as UTF-8")
