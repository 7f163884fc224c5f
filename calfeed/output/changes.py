"""What a build writes and deletes in a published folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True)
class Changes:
    """What was written and deleted, or would have been: paths relative to the folder, sorted."""

    written: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.written or self.deleted)

    @property
    def in_the_way(self) -> frozenset[str]:
        """The files that must be deleted before anything is moved.

        These are files whose paths become folders, and files in folders whose paths become files.
        """
        if not self.deleted:  # as in a first build, which writes most files
            return frozenset()
        folders, written = {*folders_of(self.written)}, {*self.written}
        return frozenset(path for path in self.deleted if path in folders or not written.isdisjoint(folders_of([path])))


def folders_of(paths: Iterable[str]) -> list[str]:
    """Return the folders between the top and these files, each after its parent."""
    parents = {path.rpartition("/")[0] for path in paths} - {""}
    return sorted(
        {folder.as_posix() for path in parents for folder in (PurePosixPath(path), *PurePosixPath(path).parents)}
        - {"."}
    )
