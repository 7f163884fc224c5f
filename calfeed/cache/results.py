"""The results of reading single files of events: what other processes send back, and what builds remember."""

from __future__ import annotations

from dataclasses import dataclass

from calfeed.diagnostics.problem import Mark, Problem
from calfeed.model import Event
from calfeed.stamp import FileStamp


@dataclass(frozen=True, slots=True)
class Claim:
    """The id and UID that an event claims, even if the rest of it is invalid."""

    id: str
    uid: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to publish: its path relative to the events' folder, and its name as written."""

    path: str
    name: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class FileResult:
    """What a file of events yields.

    Attributes:
        stamp: the file as it was read; None if it could not be read.
        events: the events that could be resolved.
        claims: the id and UID of every event that has an id, in the order of the file.
        problems: the problems of the file.
        pictures: the pictures that its events name.
    """

    stamp: FileStamp | None
    events: tuple[Event, ...]
    claims: tuple[Claim, ...]
    problems: tuple[Problem, ...]
    pictures: tuple[Picture, ...] = ()

    @property
    def are_all(self) -> bool:
        """Whether every event that has an id could be resolved."""
        return len(self.events) == len(self.claims)
