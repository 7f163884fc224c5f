"""Resolves files of events into events, and collects their problems and the ids they take.

Other processes can do most of this. Their results are taken as if the files had been read here, and so are those that
an earlier build remembered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path, PurePosixPath

from calfeed.diagnostics.problem import InvalidValue, Mark, Problem, Severity, error
from calfeed.model import Event, Picture, Resolved
from calfeed.resolve.event import Surroundings, resolve_event
from calfeed.resolve.images import picture_of
from calfeed.series.expand import Effort
from calfeed.series.pieces import pieces_of, shared_uid_problem
from calfeed.source.defaults import Defaults, Inherited
from calfeed.source.entries import Place, Read, read_entry
from calfeed.source.nodes import Value
from calfeed.source.reader import Reader
from calfeed.source.schema import EventEntry
from calfeed.source.yaml import Document
from calfeed.values import ids


@dataclass(frozen=True)
class _Claim:
    """The id and UID that an event claims, whatever else may be wrong with it."""

    id: str
    uid: str
    mark: Mark


class EventFiles:
    """The contents of a folder's event files, each read here or taken from elsewhere, in file order.

    Attributes:
        events: the events that could be resolved.
        resolved: the result for each file that could be read.
    """

    def __init__(self, reader: Reader, defaults: Defaults, around: Surroundings) -> None:
        self._reader = reader
        self._defaults = defaults
        self._around = around
        self._problems: list[Problem] = []
        self._claims: list[_Claim] = []
        self._ids: set[str] = set()
        self._first_free: dict[str, int] = {}
        self._pictures: list[Picture] = []
        self._effort = Effort()
        self.events: list[Event] = []
        self.resolved: list[Resolved] = []

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The problems of all files, including ids and UIDs that are used twice."""
        return (*self._problems, *self._duplicates())

    @property
    def are_all(self) -> bool:
        """Whether every event that has an id could be resolved."""
        return len(self.events) == len(self._claims)

    def read(self, relative: str) -> None:
        """Read a file."""
        self._effort = Effort()  # per file, because each may be read by itself
        problems, pictures = len(self._problems), len(self._pictures)
        document = self._reader.document(relative)
        self._problems += document.problems
        inherited = self._defaults.of(relative)
        found = [self._read_event(*each, inherited) for each in self._split(document, relative)]
        events = tuple(event for event in found if event is not None)
        self.events += events
        last = self._reader.files[-1:]
        if last and last[0].path == relative:  # it could be read
            own = tuple(self._problems[problems:]), tuple(self._pictures[pictures:])
            self.resolved.append(Resolved(last[0], events, *own))

    def take(self, found: Resolved) -> None:
        """Take a result from elsewhere as if its file had been read here."""
        self._reader.files.append(found.file)
        self.resolved.append(found)
        self.events += found.events
        self._problems += found.problems
        self._ids.update(event.id for event in found.events)
        self._claims += (_Claim(event.id, event.uid, event.mark) for event in found.events)

    @property
    def is_sound(self) -> bool:
        """Whether the results are complete: every event is resolved, and no file has an error."""
        return self.are_all and not any(problem.severity is Severity.ERROR for problem in self._problems)

    def _split(self, document: Document, relative: str) -> Iterator[tuple[dict[str, Value], Place, str | None]]:
        """Yield each event of a file: its mapping, its place, and its default id (None in a list)."""
        value = document.value
        if isinstance(value, dict):
            if list(value) == ["events"]:
                hint = "write the list itself, without `events:`"
                self._problems.append(error(document.key_mark("events"), "wrong-type", "a file is its list", hint))
            else:
                yield value, Place(document), PurePosixPath(relative).stem
        elif isinstance(value, list):
            if not value:
                hint = "write an event, or delete the file"
                self._problems.append(error(document.mark(), "empty-file", "the list holds no event", hint))
            for index, item in enumerate(value):
                place = Place(document, (index,))
                if isinstance(item, dict):
                    yield item, place, None
                elif item is not None:
                    message = "an event is expected here, not a text or a list"
                    self._problems.append(error(place.mark(), "wrong-type", message, "write `- summary: …`"))
        elif value is not None:
            message = "an event or a list of events is expected here"
            hint = "write `summary: …` and `start: …`"
            self._problems.append(error(document.mark(), "wrong-type", message, hint))

    def _read_event(
        self, value: dict[str, Value], place: Place, stem: str | None, inherited: Inherited
    ) -> Event | None:
        added = inherited.fill(value)
        if added:
            place = replace(place, defaults={key: inherited.origins[key] for key in added})
        read = read_entry(EventEntry, {**added, **value}, place, broken=inherited.broken - value.keys())
        self._problems += read.problems
        event_id = read.entry.id or self._default_id(stem, read, place)
        event, problems = resolve_event(read, place, event_id or "?", self._around, self._effort)
        self._problems += problems
        if event_id is None:
            return None
        uid = read.entry.uid or f"{event_id}@{self._around.calendar.id}"
        self._ids.add(event_id)
        mark = event.mark if event is not None else place.mark("id" if read.entry.id else "summary")
        self._claims.append(_Claim(event_id, uid, mark))
        return None if event is None else self._with_image(event, place)

    def _default_id(self, stem: str | None, read: Read[EventEntry], place: Place) -> str | None:
        if "id" in read.broken:
            return None
        if stem is None:
            proposal = self._free_id(read.entry.summary or "")
            hint = f"add `id: {proposal}`, and keep it when the summary changes"
            self._problems.append(error(place.mark(), "missing-id", "an event in a list needs an `id`", hint))
            return None
        try:
            return ids.read_id(stem)
        except InvalidValue as refusal:
            message = f"{refusal.message}, and the file's name is the event's id"
            hint = f"rename the file or write `id:`; {refusal.hint}"
            self._problems.append(error(place.mark(), "bad-id", message, hint))
            return None

    def _free_id(self, summary: str) -> str:
        """Propose an id that no event read so far uses; numbers found taken are not tried again."""
        slug = ids.slugify(summary) or "…"
        if slug not in self._ids:
            return slug
        number = next(n for n in count(self._first_free.get(slug, 2)) if f"{slug}-{n}" not in self._ids)
        self._first_free[slug] = number
        return f"{slug}-{number}"

    def _with_image(self, event: Event, place: Place) -> Event:
        if event.image is None:
            return event
        owner = place.defaults.get("image", place.document)
        picture = picture_of(event.image, owner, place.mark("image"), self._reader)
        self._pictures.append(picture)
        return replace(event, image=picture.path)

    def _duplicates(self) -> Iterator[Problem]:
        """Report ids and UIDs that are used twice, at the later place."""
        ids: dict[str, _Claim] = {}
        uids: dict[str, _Claim] = {}
        for claim in self._claims:
            first = ids.setdefault(claim.id, claim)
            if first is not claim:
                message = f"the id `{claim.id}` is already used at {first.mark.path}:{first.mark.line}"
                hint = "give one of the two another `id:`; the one that was published first should keep it"
                yield error(claim.mark, "duplicate-id", message, hint, first.mark)
                continue
            first = uids.setdefault(claim.uid, claim)
            if first is not claim:
                message = f"the UID `{claim.uid}` is already used at {first.mark.path}:{first.mark.line}"
                yield error(claim.mark, "duplicate-uid", message, "every event needs its own `uid:`", first.mark)
        for event in self.events:
            for piece in pieces_of(event):
                if piece.uid != event.uid and piece.uid in uids:
                    yield shared_uid_problem(piece.uid, event, uids[piece.uid].mark)


@dataclass(frozen=True, slots=True)
class Surrounded:
    """The context for reading files of events, in this process or another.

    Attributes:
        root: the absolute path of the folder of events: other processes may have another working directory.
        shown: the folder's path as problems show it.
        defaults: the defaults of its folders.
        around: what events may refer to.
    """

    root: Path
    shown: Path
    defaults: Defaults
    around: Surroundings


def resolve_files(common: Surrounded, paths: Sequence[str]) -> tuple[Resolved | None, ...]:
    """Return the result for each file, read by itself.

    None means that the file must be read along with the others: the hint of an error may depend on their ids.

    Args:
        common: the context for reading them.
        paths: the files, relative to the folder.
    """
    return tuple(_resolve_file(common, path) for path in paths)


def _resolve_file(common: Surrounded, path: str) -> Resolved | None:
    files = EventFiles(Reader(common.root, common.shown), common.defaults, common.around)
    files.read(path)
    return files.resolved[0] if files.resolved and files.is_sound else None
