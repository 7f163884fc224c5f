"""Reads and checks the pictures and templates in the folder of events."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from calfeed.artifact import Artifact
from calfeed.cache.results import Picture
from calfeed.diagnostics.problem import Mark, Problem, problem_at
from calfeed.model import Template, image_path
from calfeed.pictures.kinds import check_ending, check_size, cleaned
from calfeed.pictures.limits import PictureError
from calfeed.pictures.names import Names, trouble_with_name
from calfeed.source.folder import TEMPLATES
from calfeed.source.reader import Reader
from calfeed.source.yaml import Document

# Template names end up in the Python code that Jinja generates; these characters are safe in a string there.
_TEMPLATE_NAME = re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*")


class Pictures:
    """The pictures that a calendar and its events use, each read once, and their problems."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._images: dict[str, Artifact | PictureError] = {}
        self._names = Names()
        self.problems: list[Problem] = []

    @property
    def images(self) -> tuple[Artifact, ...]:
        """The pictures as published."""
        return tuple(image for _path, image in sorted(self._images.items()) if isinstance(image, Artifact))

    def load(self, picture: Picture, *, is_logo: bool = False) -> None:
        """Read and keep a picture, or record a problem.

        Args:
            picture: the picture.
            is_logo: whether it is the site's logo, which may be an SVG.
        """
        relative, mark = picture.path, picture.mark
        if not self._reader.contains(relative):
            hint = f"put the file at {self._reader.display_path(relative)}"
            self.problems.append(problem_at(mark, "missing-image", f"there is no image `{picture.name}`", hint))
        elif (hint_to_rename := trouble_with_name(image_path(relative))) is not None:
            message = f"`{relative}` cannot be published under this name"
            self.problems.append(problem_at(mark, "bad-path", message, hint_to_rename))
        else:
            self._load_named(picture, is_logo=is_logo)

    def _load_named(self, picture: Picture, *, is_logo: bool) -> None:
        relative, mark = picture.path, picture.mark
        try:
            check_ending(relative, is_logo=is_logo)
            if relative not in self._images:
                image = self._read(relative)
                if image is None:
                    return
                self._images[relative] = image
            image = self._images[relative]
            if isinstance(image, PictureError):
                raise image
        except PictureError as refusal:
            self.problems.append(problem_at(mark, refusal.code, f"`{picture.name}` {refusal.message}", refusal.hint))
            return
        twin = self._names.twin_of(relative)
        if twin is not None:
            message = f"`{relative}` and `{twin}` are the same name on Windows and macOS"
            self.problems.append(problem_at(mark, "twin-images", message, "rename one of the two"))

    def _read(self, relative: str) -> Artifact | PictureError | None:
        """Return a picture as published, or why it is refused; None, with a problem recorded, if it is unreadable."""
        try:
            check_size(self._reader.size(relative))
            data = self._reader.data(relative)
            if isinstance(data, Problem):
                self.problems.append(data)
                return None
            return Artifact.of(image_path(relative), cleaned(relative, data))
        except PictureError as refusal:
            return refusal


def picture_of(name: str, owner: Document, mark: Mark, reader: Reader) -> Picture:
    """Return the picture that a file refers to.

    Args:
        name: the picture's path relative to the file.
        owner: the file.
        mark: where the file refers to it.
        reader: the reader of the folder of events.
    """
    return Picture(reader.relative((PurePosixPath(owner.path).parent / name).as_posix()), name, mark)


def load_templates(reader: Reader, paths: Iterable[str]) -> tuple[tuple[Template, ...], tuple[Problem, ...]]:
    """Return the templates at these paths, and their problems."""
    results = [_load_template(reader, path) for path in paths]
    templates = tuple(result for result in results if isinstance(result, Template))
    problems = [result for result in results if isinstance(result, Problem)]
    if templates:
        from calfeed.templates import template_problems  # slow to import

        problems += template_problems(templates)
    return templates, tuple(problems)


def _load_template(reader: Reader, relative: str) -> Template | Problem:
    path, name = reader.display_path(relative), PurePosixPath(relative).relative_to(TEMPLATES).as_posix()
    if not _TEMPLATE_NAME.fullmatch(name):
        message = f"`{name}` is not a valid template name"
        hint = "rename it using only A-Z, a-z, 0-9, _, . and -"
        return problem_at(Mark(path=path), "wrong-name", message, hint)
    data = reader.data(relative)
    if isinstance(data, Problem):
        return data
    try:
        return Template(name=name, text=data.decode(), path=path)
    except UnicodeDecodeError:
        return problem_at(Mark(path=path), "not-utf8", "the template is not in UTF-8", "save it as UTF-8")
