"""Reads files in the folder of events, as documents or bytes, and never anything outside the folder."""

from __future__ import annotations

import os
import stat
from hashlib import sha256
from pathlib import Path, PurePath

from calfeed.diagnostics.problem import Mark, Problem, problem_at
from calfeed.paths import is_within
from calfeed.source.yaml import MAX_BYTES, Document, read_document, too_large
from calfeed.stamp import FileStamp, stamp_of


class Reader:
    """Reads files in the folder `root`; `files` are the stamps of the files read so far.

    Problems name the folder `display_root`, if given.
    """

    def __init__(self, root: Path, display_root: Path | None = None) -> None:
        self._root = root
        self._display_root = display_root or root
        self.files: list[FileStamp] = []

    def document(self, relative: str) -> Document:
        """Return the document in a file; if it cannot or must not be read, the document has a problem and no value."""
        path = self.display_path(relative)
        data = self.data(relative)
        return Document(path, "", None, (data,), None) if isinstance(data, Problem) else read_document(path, data)

    def data(self, relative: str) -> bytes | Problem:
        """Return the bytes of a file, or the reason why it cannot or must not be read."""
        path = os.path.join(self._root, relative)
        mark = Mark(path=self.display_path(relative))
        try:
            status = os.lstat(path)
            if stat.S_ISLNK(status.st_mode):
                if not is_within(path, self._root):
                    message = "this link leads outside the folder of events"
                    return problem_at(mark, "outside-folder", message, "put the file itself here")
                if os.path.isfile(path):
                    status = os.stat(path)
            if not stat.S_ISREG(status.st_mode):
                return problem_at(
                    mark, "unreadable-file", "this is not a file", "check what it is, or where the link leads"
                )
            if status.st_size > MAX_BYTES:
                return too_large(mark.path, status.st_size)
            with open(path, "rb", buffering=0) as file:
                data = file.read()
        except OSError as cause:
            message = f"the file cannot be read: {cause.strerror}"
            return problem_at(mark, "unreadable-file", message, "check its permissions, or where the link leads")
        self.files.append(stamp_of(relative, status, sha256(data).hexdigest()))
        return data

    def size(self, relative: str) -> int:
        """Return the size of a file in bytes, following links; 0 on failure, which reading the file will report."""
        try:
            return os.stat(os.path.join(self._root, relative)).st_size
        except OSError:
            return 0

    def display_path(self, relative: str) -> str:
        """Return the path that problems show for a file."""
        root = self._display_root.as_posix()
        return relative if root == "." else f"{root.rstrip('/')}/{relative}"

    def relative(self, display_path: str) -> str:
        """Return the path of a file relative to the folder; the inverse of `display_path`."""
        return PurePath(display_path).relative_to(self._display_root).as_posix()

    def contains(self, relative: str) -> bool:
        """Return whether a path is a file within the folder, following links."""
        path = self._root / relative
        try:
            return path.is_file() and is_within(path, self._root)
        except OSError:  # for example, a name longer than the file system allows
            return False
